"""States from other solvers as a start: what misses by a solver's error is taken, and said; what is no state is refused with a remedy."""

import numpy as np
import pytest
import qutip

import athermal as at

CLOSED = at.Machine([at.Qubit("q", 1.0)], [at.SpinBath("bath", 1.0, [1.0])], [at.Exchange(("q", "bath"), 0.1)], period=1.0)
OPEN = at.Machine(
    [at.Qubit("q", 1.0)],
    [at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.1, 3.0))],
    [at.OperatorCoupling(("q", "bath"), ("sigmax", "position"))],
    period=1.0,
)


@pytest.mark.parametrize("miss", [0.0, 1e-9, 1e-7, 1e-6])
@pytest.mark.parametrize("make", ["eigenvalue", "trace", "adjoint", "ket"])
@pytest.mark.parametrize(
    ("machine", "backend"), [(CLOSED, None), (CLOSED, at.StateVectors(max_columns=8)), (OPEN, at.Lindblad())]
)
def test_errors_of_solvers_are_mended_and_said(machine, backend, make, miss):
    state = {
        "eigenvalue": np.diag([1.0 + miss, -miss]),
        "trace": np.diag([0.3, 0.7]) * (1.0 + miss),
        "adjoint": np.array([[0.3, 0.1 + miss], [0.1, 0.7]]),
        "ket": np.array([0.6, 0.8]) * (1.0 + miss),
    }[make]
    ledger = at.run(machine, 1, at.GivenState(state, parts=("q",)), backend=backend, keep_states=True)
    assert ledger.violations() == []
    assert ledger.state("q", cycle=0).tr() == pytest.approx(1.0, abs=1e-14)
    said = [remark for remark in ledger.remarks if remark.startswith("The given state")]
    assert len(said) == (miss > 0.0)


@pytest.mark.parametrize(
    ("state", "message", "remedy"),
    [
        (
            np.diag([0.3, 0.7]) * 2.0,
            "must have trace 1, but its trace is 2. Divide it by its trace",
            lambda rho: rho / np.trace(rho),
        ),
        (
            np.array([3.0, 4.0]),
            "must have norm 1, but its norm is 5. Divide it by its norm",
            lambda psi: psi / np.linalg.norm(psi),
        ),
        (np.diag([1.01, -0.01]), r"no negative eigenvalue.*give athermal.states.nearest_state\(state\)", at.states.nearest_state),
        (qutip.sigmax() + qutip.sigmaz(), "its trace is 0. A matrix without a positive trace is an observable", None),
    ],
)
def test_what_is_no_state_is_refused_with_a_remedy_that_works(state, message, remedy):
    with pytest.raises(at.errors.StateError, match=message):
        at.run(CLOSED, 1, at.GivenState(state, parts=("q",)))
    if remedy is not None:
        assert at.run(CLOSED, 1, at.GivenState(remedy(state), parts=("q",))).violations() == []


@pytest.mark.parametrize("miss", [0.0, 1e-9, 1e-7])
@pytest.mark.parametrize("backend", [at.Dense(), at.Star()])
def test_covariances_with_a_solvers_error(backend, miss):
    machine = at.library.two_oscillator(modes=3)
    covariance = (0.5 - miss) * np.eye(2 * machine.n_modes)
    covariance[0, 1] += miss
    ledger = at.run(machine, 1, at.GaussianMoments(covariance), backend=backend)
    assert ledger.violations() == []
    assert ledger.instants.total_entropy[0] == pytest.approx(0.0, abs=1e-12)
    assert any("missed being that of a quantum state" in remark for remark in ledger.remarks) == (miss > 0.0)
