"""What finite machines do not take, said clearly; and what they take that others do not."""

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.errors import MachineError, StateError


def truncated(*couplings, **more):
    return at.Machine(
        [at.TruncatedOscillator("t", 1.0, 3)],
        [at.TruncatedBath("b", 0.12, (1.0, 1.2), (0.2, 0.1), 3)],
        couplings,
        period=2.0,
        **more,
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.Qudit("q", []), "must have at least one state, but is empty|must be a QuTiP operator"),
        (lambda: at.Qudit("q", np.zeros((0, 0))), "must have at least one state, but is empty"),
        (lambda: at.Qudit("q", [[1, 2], [3]]), "must be a QuTiP operator, a square matrix or a list of energies"),
        (lambda: at.Qudit("q", ["a"]), "must be a real number"),
        (lambda: at.GivenState([["a"]]), "`state` of a given state must be a QuTiP state, a matrix or a vector"),
        (lambda: at.GivenState([[1, 2], [3]]), "`state` of a given state must be a QuTiP state, a matrix or a vector"),
        (
            lambda: at.GivenState(qutip.to_super(qutip.sigmax())),
            "must be a density matrix or a ket, but is a Qobj of type 'super'",
        ),
        (lambda: at.GivenState(np.eye(2), parts=3), "`parts` of a given state must list the names of different parts, but is 3"),
        (lambda: at.GivenState(np.array([np.nan, 1.0])), "must be finite"),
        (lambda: at.OperatorCoupling(None, ("sigmax",)), "`between` of an Operator coupling must name the parts it couples"),
        (lambda: at.OperatorCoupling((1,), ("sigmax",)), "`between` of an Operator coupling must name the parts it couples"),
        (
            lambda: at.OperatorCoupling(("a",), ("sigmax",), plus_conjugate="no"),
            "`plus_conjugate` .* must be true or false, but is 'no'",
        ),
        (lambda: at.OperatorCoupling(("a", "b"), {"sigmax", "sigmay"}), "one operator for each of its 2 parts, but holds 1"),
        (
            lambda: at.OperatorCoupling(("a",), ("sigmax",), at.drives.Rotating(1.0, 1.0)),
            "operator couplings with `plus_conjugate`",
        ),
        (lambda: at.DensityMatrix(coherence="x"), "`coherence` .* must be true or false, but is 'x'"),
        (
            lambda: at.TruncatedOscillator("t", at.drives.Harmonic(2.0, 1.0) + 0.5, 4),
            "must be positive at all times, but reaches -1.5",
        ),
        (lambda: truncated(at.Exchange(("t", "b"), amplitude_frequency=3.0)), "`amplitude_frequency` .* must be left out"),
        (lambda: truncated(at.Position(("t", "b"), counter_term=True, site=4)), "`site` .* must be below the 2 sites"),
        (
            lambda: truncated(counters=[at.Counter("n", [at.OperatorCoupling(("x",), ("num",))])]),
            "Counter 'n': The machine has no part 'x'",
        ),
        (
            lambda: truncated(counters=[at.Counter("n", [at.OperatorCoupling(("t",), ("nun",))])]),
            "Counter 'n': There is no standard operator 'nun'.*Did you mean 'num'",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(MachineError, match=message):
        make()


def test_a_bare_matrix_is_one_operator():
    for given in (np.diag([1.0, -1.0]), qutip.sigmaz(), "sigmaz"):
        assert len(at.OperatorCoupling("a", given).operators) == 1


def test_a_vector_must_have_norm_one():
    solver = at.DensityMatrix().bind(truncated())
    with pytest.raises(StateError, match="state vector must have norm 1, but its norm is 1.414"):
        solver.prepare(at.GivenState(np.array([1.0, 1.0, 0.0]), parts=("t",)))


@pytest.mark.parametrize("contact", [{"site": 1}, {"weights": (0.3, -0.4)}, {}])
def test_the_counter_term_of_any_contact(contact):
    """s^2 x^2 sum_k g_k^2/(2 w_k), with the g_k of the contact."""
    g = {"site": (0.0, 1.0), "weights": (0.3, -0.4)}.get(next(iter(contact), ""), (0.2, 0.1))
    with_term = truncated(at.Position(("t", "b"), 0.5, **contact)).hamiltonian.whole.at(0.0)
    without = truncated(at.Position(("t", "b"), 0.5, counter_term=False, **contact)).hamiltonian.whole.at(0.0)
    x = qutip.position(6).full()
    expected = np.kron(0.25 * (x @ x)[:3, :3] * 0.5 * (g[0] ** 2 + g[1] ** 2 / 1.2), np.eye(9))
    assert np.allclose((with_term - without).toarray(), expected, atol=1e-15)


def test_counters_may_watch_reservoirs():
    """The quanta of a bath that nothing touches: n tau each cycle."""
    watched = truncated(counters=[at.Counter("n", [at.OperatorCoupling(("b",), ("num",), site=0)])])
    ledger = at.run(watched, 2)
    p = np.exp(-np.arange(3) / 0.12)
    expected = 2.0 * np.sum(np.arange(3) * p) / np.sum(p)
    assert np.allclose(ledger.counts[:, 0], expected, rtol=1e-13)


def test_displaced_sites_of_a_ring_cut_to_levels():
    """The displacement is that of the sites, as for the Gaussian backend."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0)], [at.Ring("ring", 0.15, 3, 1.1, 0.2)], [at.Exchange(("a", "ring"), 0.2, site=1)], period=2.0
    )
    start = at.Displaced("ring", x=(0.2, 0.0, -0.1), p=(0.0, 0.1, 0.0))
    exact, cut = at.run(machine, 1, start), at.run(machine, 1, start, backend=at.DensityMatrix(levels=6))
    assert np.allclose(
        cut.instants.reservoir_energy, exact.instants.reservoir_energy, rtol=0.0, atol=1e-4
    )  # levels of six quanta
    assert np.allclose(cut.heat, exact.heat, rtol=0.0, atol=1e-5)
    with pytest.raises(MachineError, match="must give one number or 3, but gives 2"):
        at.run(machine, 1, at.Displaced("ring", x=(0.2, 0.0)), backend=at.DensityMatrix(levels=3))
    with pytest.raises(MachineError, match="patterns in their covariance.*Run Dense"):
        at.run(machine, 1, at.CorrelatedMarginals([at.Correlation(("a", "ring"), site=0)]), backend=at.DensityMatrix(levels=3))


def test_drawn_eigenstates_that_are_all_alike():
    cold = at.Machine([at.Qubit("a", 1.0)], [at.SpinBath("b", 0.08, [1.0] * 5)], [at.Exchange(("a", "b"), 0.1)], period=1.0)
    with pytest.raises(MachineError, match="must not all be the same"):
        at.run(cold, 1, backend=at.StateVectors(samples=4, sampling="eigenstates"))
