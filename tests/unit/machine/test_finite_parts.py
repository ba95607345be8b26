"""Finite subsystems and reservoirs, and the machines that are refused."""

import tracemalloc

import numpy as np
import pytest
import qutip

import athermal as at

QUBIT = at.Qubit("a", 1.0)
SPINS = at.SpinBath("hot", 2.0, (1.0, 0.7), (0.2, 0.3))


def machine(couplings=(), subsystems=(QUBIT,), reservoirs=(SPINS,), **options):
    return at.Machine(subsystems, reservoirs, couplings, 1.0, **options)


def test_dimensions_and_energies():
    assert machine(subsystems=(QUBIT, at.Qudit("b", [0.0, 1.0, 2.0]))).dimension == 24
    assert np.allclose(SPINS.energies, [0.85, 0.15, -0.15, -0.85], rtol=1e-15)
    bath = at.TruncatedBath("cold", 0.5, (1.0, 2.0), levels=2)
    assert np.allclose(bath.energies, [1.5, 3.5, 2.5, 4.5], rtol=1e-15)
    assert at.TruncatedBath("cold", 0.5, (1.0, 2.0), (0.3, 0.4)).softness(None, None, "a test") == pytest.approx(
        0.09 + 0.08, rel=1e-15
    )
    web = at.FiniteBath("web", 1.0, qutip.tensor(qutip.sigmax(), qutip.sigmay()))
    assert np.allclose(web.energies, [-1.0, -1.0, 1.0, 1.0], rtol=1e-14)


def test_a_bath_of_forty_spins_allocates_nothing():
    tracemalloc.start()
    try:
        big = machine(
            [at.Exchange(("a", "many"), 0.1), at.OperatorCoupling(("a", "many"), ("sigmax", "sigmaz"), 0.1)],
            reservoirs=(at.SpinBath("many", 1.0, np.linspace(0.8, 1.2, 40), (0.1,) * 40),),
        )
        assert big.dimension == 2**41
        with pytest.raises(
            at.errors.MachineError, match=r"dimension 2199023255552 and would need about [0-9.e+]+ GiB, but `max_memory`"
        ):
            at.DensityMatrix().bind(big)
        with pytest.raises(at.errors.MachineError, match="would need about"):
            at.run(big)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2e7  # bytes: a state of the whole would take 3.5e13


def test_memory_is_estimated_before_it_is_used():
    """16 bytes a complex number, a few matrices of the whole."""
    with pytest.raises(at.errors.MachineError, match="dimension 8 .* but `max_memory` of the backend is 1e-06 GiB"):
        at.DensityMatrix(max_memory=1e-6).bind(machine())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmap", "sigmam"))]),
            "must be Hermitian, but 'sigmap' of 'a'.*plus_conjugate",
        ),
        (
            lambda: machine([at.OperatorCoupling(("a", "hot"), (np.eye(3), "sigmax"))]),
            "operator of Qubit 'a' must have dimension 2, but has 3",
        ),
        (
            lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmax", np.eye(2)))]),
            "operator of reservoir 'hot' must have dimension 4, but has 2",
        ),
        (
            lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmx", "sigmax"))]),
            "no standard operator 'sigmx' of Qubit 'a'.*Did you mean 'sigmax'",
        ),
        (lambda: machine([at.OperatorCoupling(("a", "hott"), ("sigmax", "sigmax"))]), "no part 'hott'.*Did you mean 'hot'"),
        (lambda: machine([at.OperatorCoupling("a", "|0><2|", 1.0, True)]), r"'\|0><2\|' must name two of the 2 basis states"),
        (lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), site=2)]), "must be below the 2 sites"),
        (lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), weights=(1.0,))]), "`weights` .* 2"),
        (
            lambda: machine([at.OperatorCoupling(("a", "hot"), ("sigmax", np.eye(4)), site=0)]),
            "`site` and `weights` .* must be left out",
        ),
        (lambda: machine([at.OperatorCoupling("hot", "sigmax")]), "A term on reservoir 'hot' is refused.*FiniteBath"),
        (lambda: machine([at.OperatorCoupling("a", "sigmax", at.drives.Harmonic(1.0, 1.0))]), "period"),
        (
            lambda: machine([at.Exchange(("a", "b"))], (QUBIT, at.Qudit("b", [0.0, 1.0]))),
            "between parts with a lowering operator, but 'b' has none",
        ),
        (lambda: machine([at.Position(("a", "hot"), counter_term=False)]), "no standard operator 'position'"),
        (lambda: machine([at.QuadraticForm("a", [[1.0, 0.0], [0.0, 1.0]])]), "treated as Gaussian, but its parts are finite"),
        (
            lambda: machine(subsystems=(at.Oscillator("a", 1.0),)),
            "must be of one family, but 'a' is of the kind Oscillator.*TruncatedOscillator",
        ),
        (
            lambda: machine(reservoirs=(at.Bath("b", 1.0, (1.0,)),)),
            "must be of one family, but 'b' is of the kind Bath.*TruncatedBath",
        ),
        (
            lambda: at.Machine(
                [at.Oscillator("a", 1.0)], [at.Bath("b", 1.0, (1.0,))], [at.OperatorCoupling(("a", "b"), ("num", "num"))], 1.0
            ),
            "must be between finite parts, but its parts are oscillators treated as Gaussian",
        ),
        (
            lambda: at.Machine(
                [at.Oscillator("a", 1.0)],
                [at.Bath("b", 1.0, (1.0,))],
                [],
                1.0,
                counters=[at.Counter("n", [at.OperatorCoupling("a", "num")])],
            ),
            "Counter 'n' is refused|must be between finite parts",
        ),
        (lambda: at.Counter("n", []), "`terms` of counter 'n' must hold at least one OperatorCoupling"),
        (lambda: at.Qudit("q", [[0.0, 1.0], [0.0, 0.0]]), "`hamiltonian` of qudit 'q' must be Hermitian"),
        (lambda: at.FiniteBath("q", 1.0, [[0.0, 1.0], [0.0, 0.0]]), "`hamiltonian` of reservoir 'q' must be Hermitian"),
        (lambda: at.SpinBath("q", 1.0, ()), "must hold at least one spin"),
        (lambda: at.SpinBath("q", -1.0, (1.0,)), "`temperature` of reservoir 'q' must be zero or positive, but is -1.0"),
        (lambda: at.TruncatedBath("q", 1.0, (-1.0,)), r"mode_frequencies\[0\]. of reservoir 'q' must be positive"),
        (lambda: at.TruncatedOscillator("q", 1.0, 1), "`levels` of truncated oscillator 'q' must"),
        (lambda: at.TruncatedOscillator("q", -1.0, 3), "`frequency` of truncated oscillator 'q' must be positive"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_the_wrong_backend_for_the_family():
    gaussian = at.Machine([at.Oscillator("a", 1.0)], [at.Bath("b", 1.0, (1.0,))], [], 1.0)
    with pytest.raises(at.errors.MachineError, match="infinitely many states.*DensityMatrix"):
        at.DensityMatrix().bind(gaussian)
    with pytest.raises(at.errors.MachineError, match="`levels` .* must be left out"):
        at.DensityMatrix(levels=3).bind(machine())
    with pytest.raises(at.errors.MachineError):
        at.Dense().bind(machine())
