"""What each initial state of a machine of finite parts is."""

import numpy as np
import pytest
import qutip
import scipy.linalg

import athermal as at
from athermal.maths.tensor import reduced

WEB = (
    qutip.tensor(qutip.sigmax(), qutip.sigmaz())
    + 0.7 * qutip.tensor(qutip.sigmay(), qutip.qeye(2))
    + 0.2 * qutip.tensor(qutip.sigmaz(), qutip.sigmay())
)
NEAR = {"rtol": 0.0, "atol": 1e-13}  # rounding


def pair(**options):
    """Two qubits, one bath of a spin and one of a matrix that is not diagonal."""
    return at.Machine(
        [at.Qubit("a", at.drives.Strokes((1.0, 2.0), (1.2, 0.8))), at.Qubit("b", 0.7)],
        [at.SpinBath("hot", 2.0, (1.0,)), at.FiniteBath("web", 0.9, WEB)],
        [
            at.Exchange(("a", "hot"), 0.3),
            at.OperatorCoupling(("b", "web"), ("sigmax", qutip.tensor(qutip.sigmaz(), qutip.sigmax())), 0.4),
            at.Exchange(("a", "b"), at.drives.Rotating(0.3, 2.0 * np.pi / 3.0, 0.4)),
        ],
        period=3.0,
        **options,
    )


def prepared(initial, machine=None):
    """Return rho in the user's basis, and the sizes of the parts."""
    machine = pair() if machine is None else machine
    solver = at.DensityMatrix().bind(machine)
    factor = solver.prepare(initial).factor
    rho = factor @ factor.conj().T
    turn = np.eye(1)
    for part in machine.parts:
        own = np.eye(part.dimension)
        if isinstance(part, at.FiniteBath):  # columns: its energy eigenstates in the user's basis
            own = part.adjoint_basis(own)
            own = (own.toarray() if hasattr(own, "toarray") else np.asarray(own)).conj().T
        turn = np.kron(turn, own)
    return turn @ rho @ turn.conj().T, [part.dimension for part in machine.parts]


def part(rho, sizes, *keep):
    return qutip.Qobj(rho, dims=[sizes, sizes]).ptrace(list(keep)).full()


def gibbs(h, temperature):
    weights = scipy.linalg.expm(-np.asarray(h) / temperature)
    return weights / np.trace(weights)


Z = 0.5 * qutip.sigmaz().full()


def test_product_thermal():
    """Reservoirs at their temperature, a at hot's, b at web's; temperatures of your own."""
    rho, _ = prepared(at.ProductThermal())
    parts = [gibbs(1.2 * Z, 2.0), gibbs(0.7 * Z, 0.9), gibbs(Z, 2.0), gibbs(WEB.full(), 0.9)]
    expected = parts[0]
    for other in parts[1:]:
        expected = np.kron(expected, other)
    assert np.allclose(rho, expected, **NEAR)
    rho, sizes = prepared(at.ProductThermal({"a": 0.3, "web": 5.0}))
    assert np.allclose(part(rho, sizes, 0), gibbs(1.2 * Z, 0.3), **NEAR)
    assert np.allclose(part(rho, sizes, 3), gibbs(WEB.full(), 5.0), **NEAR)


def whole_hamiltonian():
    one = qutip.qeye(2)
    a, b, s = (
        qutip.tensor([0.5 * w * qutip.sigmaz() if m == k else one for m in range(5)]) for k, w in enumerate((1.2, 0.7, 1.0))
    )
    web = qutip.tensor(one, one, one, WEB)
    low = qutip.sigmam()
    hop = 0.3 * qutip.tensor(low, one, low.dag(), one, one)
    mix = 0.3 * np.exp(0.4j) * qutip.tensor(low, low.dag(), one, one, one)
    touch = 0.4 * qutip.tensor(one, qutip.sigmax(), one, qutip.sigmaz(), qutip.sigmax())
    return (a + b + s + web + hop + hop.dag() + mix + mix.dag() + touch).full()


def test_gibbs_state_of_the_whole():
    rho, _ = prepared(at.Gibbs(0.6))
    assert np.allclose(rho, gibbs(whole_hamiltonian(), 0.6), **NEAR)


def test_gibbs_state_of_some_parts():
    rho, sizes = prepared(at.Gibbs(0.6, ("hot", "a")))
    low = qutip.sigmam()
    h = 1.2 * qutip.tensor(0.5 * qutip.sigmaz(), qutip.qeye(2)) + qutip.tensor(qutip.qeye(2), 0.5 * qutip.sigmaz())
    h += 0.3 * (qutip.tensor(low, low.dag()) + qutip.tensor(low.dag(), low))
    joint, rest = gibbs(h.full(), 0.6), part(rho, sizes, 1, 3)
    assert np.allclose(part(rho, sizes, 0, 2), joint, **NEAR)
    assert np.allclose(rest, np.kron(gibbs(0.7 * Z, 0.9), gibbs(WEB.full(), 0.9)), **NEAR)


def random_density(seed, size):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    rho = m @ m.conj().T
    return rho / np.trace(rho).real


def test_given_states_are_in_the_users_basis_and_order():
    given = random_density(0, 32)
    assert np.allclose(prepared(at.GivenState(given))[0], given, **NEAR)
    some = random_density(1, 8)
    rho, sizes = prepared(at.GivenState(some, ("web", "a")))
    swapped = qutip.Qobj(some, dims=[[4, 2], [4, 2]]).permute([1, 0]).full()
    assert np.allclose(part(rho, sizes, 0, 3), swapped, **NEAR)
    ket = qutip.tensor(qutip.basis(2, 0), qutip.basis(2, 1)).full().ravel()
    rho, sizes = prepared(at.GivenState(ket, ("a", "b")))
    assert np.allclose(part(rho, sizes, 0, 1), np.outer(ket, ket), **NEAR)


@pytest.mark.parametrize(
    ("initial", "error", "message"),
    [
        (at.GivenState(np.eye(3) / 3.0, ("a",)), at.errors.StateError, r"dimension 2 of its parts \('a' 2\), but has 3"),
        (at.GivenState(np.eye(2), ("a",)), at.errors.StateError, "must have trace 1, but its trace is 2"),
        (at.GivenState(np.diag([1.5, -0.5]), ("a",)), at.errors.StateError, "no negative eigenvalue, but its lowest is -0.5"),
        (at.GivenState([[0.5, 0.2], [0.0, 0.5]], ("a",)), at.errors.StateError, "must be Hermitian"),
        (
            at.GivenState(np.eye(2) / 2.0, ("aa",)),
            at.errors.MachineError,
            "names a part that is not there.*'aa'.*Did you mean 'a'",
        ),
        (at.GivenState(np.eye(2) / 2.0, ("a",), at.Gibbs(1.0)), at.errors.StateError, "must replace parts that are uncorrelated"),
        (at.GaussianMoments(np.eye(4)), at.errors.MachineError, "is Gaussian, but this machine is run with density matrices"),
        (at.Squeezed("a", 0.3), at.errors.MachineError, "must name a part of truncated oscillators, but 'a' is none"),
        (
            at.CorrelatedMarginals([at.Correlation(("a", "web"))]),
            at.errors.MachineError,
            "with a lowering operator, but 'web' has none",
        ),
        (at.ProductThermal({"hott": 1.0}), at.errors.MachineError, "Did you mean 'hot'"),
    ],
)
def test_what_is_refused(initial, error, message):
    with pytest.raises(error, match=message):
        prepared(initial)


# --- correlated marginals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("pattern", ["exchange", "two_mode_squeezing"])
def test_correlated_qubits(pattern, phase):
    """<A B^dag> or <A B> is strength x sqrt(p p') e^{i phase}, p and p' the populations that the pattern connects."""
    rho, sizes = prepared(at.CorrelatedMarginals([at.Correlation(("a", "b"), pattern, phase)], 0.6))
    product, _ = prepared(at.ProductThermal())
    f_a, f_b = 1.0 / (np.exp(1.2 / 2.0) + 1.0), 1.0 / (np.exp(0.7 / 0.9) + 1.0)
    low = qutip.sigmam().full()
    both = part(rho, sizes, 0, 1)
    amplitude = np.trace(both @ np.kron(low, low.T if pattern == "exchange" else low))
    largest = np.sqrt(f_a * (1.0 - f_a) * f_b * (1.0 - f_b))  # sqrt(p01 p10) = sqrt(p00 p11)
    assert amplitude == pytest.approx(0.6 * largest * np.exp(1j * phase), abs=1e-14)
    other = np.trace(both @ np.kron(low, low if pattern == "exchange" else low.T))
    assert abs(other) < 1e-15
    for k in range(4):
        assert np.allclose(part(rho, sizes, k), part(product, sizes, k), **NEAR)


def test_full_strength_is_the_edge():
    start = at.ProductThermal({"a": 0.8})
    correlations = [at.Correlation(("a", "hot"), "exchange", 0.3, site=0), at.Correlation(("b", "a"), weight=0.5)]
    edge, _ = prepared(at.CorrelatedMarginals(correlations, 1.0, start))
    near, _ = prepared(at.CorrelatedMarginals(correlations, 0.9, start))
    product, sizes = prepared(start)
    assert np.linalg.eigvalsh(edge)[0] == pytest.approx(0.0, abs=1e-15)
    assert np.linalg.eigvalsh(near)[0] > 1e-5
    assert np.allclose(near - product, 0.9 * (edge - product), **NEAR)  # linear in the strength
    assert np.linalg.eigvalsh(product + 1.01 * (edge - product))[0] < -1e-6
    for k in range(4):
        assert np.allclose(part(edge, sizes, k), part(product, sizes, k), **NEAR)
    none, _ = prepared(at.CorrelatedMarginals(correlations, 0.0, start))
    assert np.allclose(none, product, rtol=0.0, atol=1e-16)


def test_charged_is_the_way_back():
    machine = pair()
    solver = at.DensityMatrix().bind(machine)
    state = solver.prepare(at.Charged(2, at.ProductThermal({"a": 0.3})))
    for k in range(2):
        state, _ = solver.advance(state, 3.0 * k, 3.0 * (k + 1))
    expected = solver.prepare(at.ProductThermal({"a": 0.3})).factor
    assert np.allclose(state.factor @ state.factor.conj().T, expected @ expected.conj().T, **NEAR)


# --- truncated oscillators ------------------------------------------------------------------------------------------------


def test_squeezed_and_displaced_against_gaussian_moments():
    """x shrinks by e^-r, p grows by e^r, after which the mean is moved; twenty levels hold this to 1e-8."""
    machine = at.Machine([at.TruncatedOscillator("t", 1.0, 24)], [at.SpinBath("s", 0.3, (1.0,))], [], 1.0)
    rho, sizes = prepared(at.Displaced("t", 0.5, -0.3, start=at.Squeezed("t", 0.3)), machine)
    gaussian = at.Machine([at.Oscillator("t", 1.0)], [at.Bath("s", 0.3, (1.0,))], [], 1.0)
    state = at.Dense().bind(gaussian).prepare(at.Displaced("t", 0.5, -0.3, start=at.Squeezed("t", 0.3)))
    own = part(rho, sizes, 0)
    a = qutip.destroy(24).full()
    x, p = (a + a.T) / np.sqrt(2.0), (a - a.T) / (1j * np.sqrt(2.0))
    mean = [np.trace(own @ operator).real for operator in (x, p)]
    assert np.allclose(mean, [0.5, -0.3], rtol=0.0, atol=1e-8)  # the population of the levels that are cut
    assert np.allclose(mean, state.mean[[0, 2]], rtol=0.0, atol=1e-8)
    second = [np.trace(own @ o @ o).real - m**2 for o, m in zip((x, p), mean, strict=True)]
    assert np.allclose(second, np.diag(state.covariance)[[0, 2]], rtol=0.0, atol=1e-7)


def test_reduced_of_a_factor_is_the_partial_trace():
    factor = at.DensityMatrix().bind(pair()).prepare(at.Gibbs(0.6)).factor
    full = qutip.Qobj(factor @ factor.conj().T, dims=[[2, 2, 2, 4]] * 2)
    assert np.allclose(reduced(factor, (2, 2, 2, 4), [0, 3]), full.ptrace([0, 3]).full(), **NEAR)
