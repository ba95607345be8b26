"""Unitary evolution and time integrals, against closed forms and a general ODE solver."""

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.sparse

import athermal as at
from athermal.maths.driven_sum import DrivenSum, pulled_back
from athermal.maths.unitary import Spectrum, constant_states, driven_map, driven_states, taylor_steps


def hermitian(seed, size):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return 0.5 * (m + m.conj().T)


def driven(drives, *matrices):
    def values(times):
        return np.stack([np.broadcast_to(np.asarray(f(times), dtype=float), times.shape) for f in drives], axis=-1)

    return DrivenSum(tuple(scipy.sparse.csr_array(m) for m in matrices), values)


def test_spectrum_of_a_constant_hamiltonian():
    h, x = hermitian(0, 5), hermitian(1, 5)
    spectrum = Spectrum.of(scipy.sparse.csr_array(h))
    assert np.allclose(spectrum.propagator(1.7), scipy.linalg.expm(-1.7j * h), rtol=0.0, atol=1e-13)  # rounding
    nodes, weights = np.polynomial.legendre.leggauss(60)
    expected = 0.0
    for t, w in zip(0.85 * (nodes + 1.0), 0.85 * weights, strict=True):
        u = scipy.linalg.expm(-1j * h * t)
        expected = expected + w * u.conj().T @ x @ u
    assert np.allclose(spectrum.time_integral(scipy.sparse.csr_array(x), 1.7), expected, rtol=0.0, atol=1e-13)


def test_time_integral_between_degenerate_levels():
    spectrum = Spectrum.of(scipy.sparse.csr_array(np.diag([1.0, 1.0, 3.0])))
    x = np.ones((3, 3))
    found = spectrum.time_integral(scipy.sparse.csr_array(x), 0.5)
    # integral of e^{i (E_m - E_n) s}
    turn = (np.exp(1j * 0.5 * -2.0) - 1.0) / (-2.0j)
    order = np.argsort(spectrum.energies, kind="stable")
    assert order.tolist() == [0, 1, 2]
    assert np.allclose(
        found, [[0.5, 0.5, turn], [0.5, 0.5, turn], [turn.conjugate(), turn.conjugate(), 0.5]], rtol=0.0, atol=1e-15
    )


def test_a_rotating_field_on_resonance():
    """H = w sz/2 + g (sx cos wt + sy sin wt): in the rotating frame a turn about x by 2 g t."""
    w, g, t = 3.0, 0.7, 4.1
    sx, sy, sz = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1.0, -1.0])
    h = driven((lambda s: 0.5 * w + 0.0 * s, lambda s: g * np.cos(w * s), lambda s: g * np.sin(w * s)), sz, sx, sy)
    u, _ = driven_map(h, (), 0.0, t)
    expected = scipy.linalg.expm(-0.5j * w * t * sz) @ scipy.linalg.expm(-1j * g * t * sx)
    assert np.allclose(u, expected, rtol=0.0, atol=1e-13)  # rounding over a few steps


def ode(h, integrands, start, stop):
    """Return U and the integrals of U^dag X U by DOP853."""
    d = h.size

    def rate(t, y):
        u = y[: d * d].reshape(d, d)
        return np.concatenate([(-1j * (h.at(t) @ u)).ravel(), *((u.conj().T @ (x.at(t) @ u)).ravel() for x in integrands)])

    y = np.concatenate([np.eye(d).ravel(), np.zeros(len(integrands) * d * d)]).astype(complex)
    y = scipy.integrate.solve_ivp(rate, (start, stop), y, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    parts = y.reshape(-1, d, d)
    return parts[0], list(parts[1:])


@pytest.mark.parametrize(
    "drive",
    [
        lambda t: np.exp(np.sin(2.0 * t)),
        lambda t: 1.0 / (1.0 + 0.9 * np.cos(3.0 * t) ** 2),
        lambda t: (1.0 - t / 2.0) ** 3 * (6.0 * t * t + 3.0),  # powers of large coefficients that cancel
        lambda t: 5.0 * np.sin(9.0 * t),
    ],
)
def test_driven_map_and_integrals(drive):
    h = driven((lambda t: 1.0 + 0.0 * t, drive), hermitian(0, 4), hermitian(1, 4))
    x = driven((np.cos,), hermitian(2, 4))
    u, (integral,) = driven_map(h, (x,), 0.3, 1.9)
    expected, (expected_integral,) = ode(h, (x,), 0.3, 1.9)
    assert np.allclose(u.conj().T @ u, np.eye(4), rtol=0.0, atol=1e-13)  # to rounding, unlike the ODE solver
    assert np.allclose(u, expected, rtol=0.0, atol=1e-10)  # the ODE solver
    assert np.allclose(integral, expected_integral, rtol=0.0, atol=1e-10)
    states = np.linalg.qr(hermitian(3, 4))[0][:, :2]
    end, sums = driven_states(h, (x,), states, 0.3, 1.9)
    assert np.allclose(end, u @ states, rtol=0.0, atol=1e-13)
    assert np.allclose(sums[0], np.diag(states.conj().T @ integral @ states).real, rtol=0.0, atol=1e-13)


def test_a_quintic_ramp_of_a_strong_term_in_one_step():
    """The powers of a quintic add up to 19 times its height: the step must be shorter than the spectrum alone would ask."""
    ramp = at.drives.Strokes((0.5, 0.5), (4.0, 10.0), ramps=0.5, shape="quintic")
    h = driven((lambda t: 0.5 + 0.0 * t, ramp.value), hermitian(0, 3), hermitian(1, 3))
    u, _ = driven_map(h, (), 0.0, 0.5)
    assert np.allclose(u, ode(h, (), 1e-14, 0.5 - 1e-14)[0], rtol=0.0, atol=1e-10)
    assert np.allclose(u.conj().T @ u, np.eye(3), rtol=0.0, atol=1e-13)


def test_a_drive_that_is_rounded_does_not_ask_for_ever_shorter_steps():
    """A function of 13 digits, as `Function` makes them: its last digits are noise at any step."""
    rng = np.random.default_rng(0)
    calls = []

    def noisy(t):
        calls.append(len(t))
        return np.exp(np.sin(t)) * (1.0 + 3e-14 * rng.standard_normal(len(t)))

    h = driven((lambda t: 1.0 + 0.0 * t, noisy), hermitian(0, 3), hermitian(1, 3))
    u, _ = driven_map(h, (), 0.0, 2.0)
    assert sum(calls) < 5000
    clean = driven((lambda t: 1.0 + 0.0 * t, lambda t: np.exp(np.sin(t))), hermitian(0, 3), hermitian(1, 3))
    assert np.allclose(u, driven_map(clean, (), 0.0, 2.0)[0], rtol=0.0, atol=1e-12)  # the noise itself


def test_a_drive_that_is_not_smooth_is_refused():
    h = driven((lambda t: 1.0 + 0.0 * t, lambda t: np.where(t > 0.3, 1.0, 0.0)), hermitian(0, 2), hermitian(1, 2))
    with pytest.raises(at.errors.ConvergenceError, match="must be smooth enough"):
        driven_map(h, (), 0.0, 1.0)


@pytest.mark.parametrize("power", [4, 6, 10, 15])
@pytest.mark.parametrize("size", [0.3, 5.0])
def test_drives_whose_series_skip_terms(power, size):
    """H = A t^k sigma_x alone: only every (k + 1)-th term of the series is there. U_00 = cos(A/(k + 1))."""
    flip = scipy.sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    for start, stop in ((0.0, 1.0), (1.0, 0.0)):
        u, _ = driven_map(DrivenSum((flip,), lambda t: size * t[:, None] ** power), [], start, stop)
        assert u[0, 0] == pytest.approx(np.cos(size / (power + 1)), abs=1e-13)


def test_backwards_is_as_exact_as_forwards():
    """A drive of large powers that cancel, T_6(2t - 1)."""
    x, z = (scipy.sparse.csr_array(np.array(m)) for m in ([[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, -1.0]]))
    h = DrivenSum((x, z), lambda t: np.stack([np.ones_like(t), np.cos(6.0 * np.arccos(2.0 * t - 1.0))], axis=-1))
    there, _ = driven_map(h, [], 0.0, 1.0)
    back, _ = driven_map(h, [], 1.0, 0.0)
    assert np.allclose(back @ there, np.eye(2), atol=1e-14)


@pytest.mark.parametrize("waves", [5.0, 50.0])
def test_integrands_that_are_faster_than_the_dynamics(waves):
    """integral of cos(w t) <sigma_z>, <sigma_z> = cos(2 t) under sigma_x."""
    flip, z = (scipy.sparse.csr_array(np.array(m)) for m in ([[0.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, -1.0]]))
    w = 2.0 * np.pi * waves
    still = DrivenSum((flip,), lambda t: np.ones((len(t), 1)))
    fast = DrivenSum((z,), lambda t: np.cos(w * t)[:, None])
    expected = 0.5 * (np.sin(w + 2.0) / (w + 2.0) + np.sin(w - 2.0) / (w - 2.0))
    _, (found,) = driven_map(still, [fast], 0.0, 1.0)
    assert found[0, 0] == pytest.approx(expected, abs=1e-14)
    _, sums = driven_states(still, [fast], np.array([[1.0], [0.0]]), 0.0, 1.0)
    assert sums[0, 0] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("duration", [0.7, 40.0, -3.0])
def test_chebyshev_expansion_of_the_exponential(duration):
    rng = np.random.default_rng(4)
    a = rng.normal(size=(12, 12)) + 1j * rng.normal(size=(12, 12))
    h = scipy.sparse.csr_array(0.5 * (a + a.conj().T))
    states = np.eye(12, dtype=complex)[:, :3]
    expected = scipy.linalg.expm(-1j * duration * h.toarray()) @ states
    # phases are known to the rounding of energies of some ten, times t
    assert np.allclose(constant_states(h, states, duration), expected, rtol=0.0, atol=1e-14 * (1.0 + 10.0 * abs(duration)))


def test_imaginary_time():
    h = np.array([[1.0, 0.3j], [-0.3j, -0.5]])
    states = np.eye(2, dtype=complex)
    still = DrivenSum((scipy.sparse.csr_array(h),), lambda t: np.ones((len(t), 1)))
    for _, _, _, end in taylor_steps(still, states, 0.0, 2.6, factor=-1.0):
        states = end
    assert np.allclose(states, scipy.linalg.expm(-2.6 * h), rtol=1e-13)


def test_an_operator_pulled_back_through_a_unitary():
    x, diagonal = hermitian(4, 6), np.diag([2.0, 2.0, 2.0, -1.0, 2.0, 0.5])
    u = np.linalg.qr(hermitian(5, 6))[0]
    for matrix in (x, diagonal, x + diagonal, np.zeros((6, 6))):
        found = pulled_back(scipy.sparse.csr_array(matrix), u)
        assert np.allclose(found, u.conj().T @ matrix @ u, rtol=0.0, atol=1e-14)  # rounding
