"""Memory that is told before it is taken, and caches that keep within theirs."""

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.backends.finite.memory import Held
from athermal.errors import MachineError


def star(spins, bath="sea", *, temperature=1.0):
    return at.Machine(
        [at.Qubit("a", 1.0)],
        [at.SpinBath(bath, temperature, [1.0] * spins), at.SpinBath("other", 0.5, [1.0] * min(spins, 7))],
        [at.Exchange(("a", bath), 0.1), at.Exchange(("a", "other"), 0.1)],
        period=1.0,
    )


@pytest.mark.parametrize("backend", [at.DensityMatrix(), at.StateVectors()])
@pytest.mark.parametrize("spins", [40, 2000])
def test_astronomical_machines(backend, spins):
    with pytest.raises(MachineError, match=r"has dimension \d+(e\d+)? and would need about .* GiB, but `max_memory`"):
        backend.bind(star(spins))


@pytest.mark.parametrize(
    ("spins", "initial", "message"),
    [
        (
            7,
            at.CorrelatedMarginals([at.Correlation(("sea", "other"), "exchange")]),
            "The correlated state of 'sea', 'other' is a matrix of dimension 16384",
        ),
        (
            9,
            at.GivenState(np.eye(2) / 2.0, parts=("a",), start=at.Gibbs(1.0)),
            "The Gibbs state of 'a', 'sea', 'other' is a matrix",
        ),
        (9, at.Gibbs(1.0, parts=("a", "sea", "other")), "The Gibbs state of .* whose preparation would need about .* GiB"),
    ],
)
def test_starts_that_are_larger_than_their_run(spins, initial, message):
    with pytest.raises(MachineError, match=message):
        at.StateVectors(max_memory=8.0).bind(star(spins)).prepare(initial)


def test_a_bath_that_cannot_be_diagonalised():
    matrix = qutip.tensor([qutip.sigmax()] * 15).data_as("csr_matrix")
    found = at.Machine([at.Qubit("a", 1.0)], [at.FiniteBath("bath", 1.0, matrix)], [], period=1.0)
    for backend in (at.StateVectors(), at.DensityMatrix(max_memory=1e9)):
        with pytest.raises(
            MachineError, match="The Hamiltonian of reservoir 'bath' has dimension 32768 and would need about 64 GiB"
        ):
            at.StateVectors().bind(found)
        assert backend.max_memory > 0.0
    diagonal = at.Machine([at.Qubit("a", 1.0)], [at.FiniteBath("bath", 1.0, np.arange(2**14, dtype=float))], [], period=1.0)
    solver = at.StateVectors(samples=2).bind(diagonal)
    assert np.isfinite(float(solver.snapshot(solver.prepare(at.ProductThermal()), 0.0).reservoir_energies[0]))


def test_too_many_levels():
    with pytest.raises(MachineError, match="`levels` of reservoir 'bath' must be at most 1000, but is 1000000000"):
        at.TruncatedBath("bath", 1.0, (1.0,), levels=10**9)
    with pytest.raises(MachineError, match="Use fewer levels, or Dense"):
        at.DensityMatrix(levels=40).bind(at.library.two_oscillator(modes=3))


def test_a_pure_start_of_many_spins_is_a_vector():
    """Sixteen spins and a qubit, entangled: no matrix of the whole is ever made."""
    spins = 15
    found = at.Machine(
        [at.Qubit("a", 1.0)], [at.SpinBath("sea", 1.0, [1.0] * spins)], [at.Exchange(("a", "sea"), 0.1)], period=1.0
    )
    psi = np.zeros(2 ** (spins + 1))
    psi[0] = psi[-1] = np.sqrt(0.5)  # all up and all down
    ledger = at.run(found, 1, at.GivenState(psi), backend=at.StateVectors())
    assert not ledger.confidence.has_errors
    assert float(ledger.instants.mutual_information[0]) == pytest.approx(2.0 * np.log(2.0), abs=1e-12)
    assert ledger.violations() == []
    assert at.GivenState(psi).state.is_vector
    assert at.GivenState(psi) == at.GivenState(qutip.Qobj(psi.reshape(-1, 1)))


def test_held_values():
    made = []

    def make(key):
        made.append(key)
        return np.zeros(10)

    held = Held(lambda value: value.nbytes, 170.0)
    for key in (1, 2, 1, 3, 1, 2):
        held.get(key, lambda key=key: make(key))
    assert made == [1, 2, 3, 2]  # two fit; the one that was asked for longest ago goes


def test_a_run_with_little_room_is_the_same():
    found = star(3)
    strokes = at.drives.Strokes((0.3, 0.3, 0.4), (0.1, 0.3, 0.0))
    found = at.Machine(
        found.subsystems, found.reservoirs, [at.Exchange(("a", "sea"), strokes), at.Exchange(("a", "other"), 0.1)], period=1.0
    )
    wide = at.run(found, 2, samples_per_cycle=3)
    tight = at.run(found, 2, samples_per_cycle=3, backend=at.DensityMatrix(max_memory=8 * 16 * 128**2 / 2**30 * 1.01))
    assert set(tight.cycles) == set(wide.cycles)
    for name, values in wide.cycles.data_vars.items():
        if values.dtype.kind == "f" and not str(name).startswith("residual"):
            # worked out again, which may round otherwise
            assert np.allclose(tight.cycles[name], values, rtol=1e-10, atol=1e-13, equal_nan=True), name
