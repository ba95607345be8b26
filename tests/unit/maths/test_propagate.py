import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

from athermal.maths import propagate
from athermal.maths.symplectic import symplectic_defect
from unit.random_states import omega, random_covariance, random_positive, random_symmetric


def block(x, p):
    zero = np.zeros_like(x)
    return np.block([[x, zero], [zero, p]])


RNG = np.random.default_rng(0)
CONSTANT_FORMS = {
    "positive, no xp": block(random_positive(RNG, 3), random_positive(RNG, 3)),
    "positive, xp": random_positive(RNG, 6),
    "indefinite": random_symmetric(RNG, 6),
    "inverted potential": block(random_positive(RNG, 3) - 1.0 * np.eye(3), random_positive(RNG, 3)),
    "free particle": block(np.diag([0.0, 1.0, 2.0]), np.eye(3)),
    "free particles": block(np.zeros((3, 3)), random_positive(RNG, 3)),
    "number law at zero": np.zeros((6, 6)),
    "momentum block not positive": block(random_positive(RNG, 3), -random_positive(RNG, 3)),
    "momentum block singular": block(random_positive(RNG, 3), np.diag([1.0, 0.0, 1.0])),
}


@pytest.mark.parametrize("name", CONSTANT_FORMS)
@pytest.mark.parametrize("duration", [0.0, 0.7, 5.0])
def test_constant_propagator_is_the_matrix_exponential(name, duration):
    form = CONSTANT_FORMS[name]
    expected = scipy.linalg.expm(duration * omega(3) @ form)
    found = propagate.constant_propagator(form, duration)
    scale = np.max(np.abs(expected))
    assert np.allclose(found, expected, rtol=0.0, atol=1e-11 * scale)  # rounding of expm over the norm of the exponent
    assert symplectic_defect(found) < 1e-12 * scale**2  # rounding


@pytest.mark.parametrize("duration", [5.0, 500.0])
def test_constant_propagator_with_position_momentum_terms_is_symplectic_to_rounding(duration):
    """A rotated exchange coupling: a general matrix exponential misses by 2e-13 here, which the ledger would notice."""
    c, s = 0.006 * np.cos(0.03), 0.006 * np.sin(0.03)
    form = np.array([[1.634, c, 0.0, s], [c, 0.6, -s, 0.0], [0.0, -s, 1.634, c], [s, 0.0, c, 0.6]])
    assert symplectic_defect(propagate.constant_propagator(form, duration)) < 1e-14  # a few roundings


def test_constant_propagator_of_a_long_time_in_closed_form():
    """A single oscillator after a million radians: cos and sin of the angle, where expm would have lost digits."""
    found = propagate.constant_propagator(2.0 * np.eye(2), 5e5)
    c, s = np.cos(1e6), np.sin(1e6)
    assert np.allclose(found, [[c, s], [-s, c]], rtol=0.0, atol=1e-9)  # 1e6 times the rounding of the frequency


@pytest.mark.parametrize("name", CONSTANT_FORMS)
def test_constant_evolution_with_a_force(name):
    form, force = CONSTANT_FORMS[name], np.array([0.3, -0.2, 0.1, 0.05, 0.4, -0.3])
    generator = np.zeros((7, 7))
    generator[:6, :6], generator[:6, 6] = omega(3) @ form, omega(3) @ force
    expected = scipy.linalg.expm(1.3 * generator)
    evolution = propagate.constant_evolution(form, force, 1.3)
    scale = np.max(np.abs(expected))
    assert np.allclose(evolution.propagator, expected[:6, :6], rtol=0.0, atol=1e-12 * scale)  # rounding of expm
    # solving h d = -f loses the condition of h
    condition = np.linalg.cond(form) if np.linalg.matrix_rank(form) == 6 else 1.0
    assert np.allclose(evolution.shift, expected[:6, 6], rtol=0.0, atol=1e-13 * scale * (1.0 + condition))
    assert evolution.work.expectation(np.ones(6), np.eye(6)) == 0.0


# --- the work functional ------------------------------------------------------------------------------------------------


def random_functional(rng, size):
    return propagate.QuadraticFunctional(random_symmetric(rng, size), rng.normal(size=size), float(rng.normal()))


def test_expectation_is_the_mean_of_the_form_over_samples_of_the_state():
    """<r^T K r>/2 + k.<r> + c with <r r^T> = sigma + m m^T, in index notation."""
    rng = np.random.default_rng(1)
    functional, mean = random_functional(rng, 4), rng.normal(size=4)
    covariance, _ = random_covariance(rng, [0.2, 1.0])
    by_hand = functional.constant
    for k in range(4):
        by_hand += functional.linear[k] * mean[k]
        for j in range(4):
            by_hand += 0.5 * functional.form[k, j] * (covariance[k, j] + mean[k] * mean[j])
    assert functional.expectation(mean, covariance) == pytest.approx(by_hand, rel=1e-13)  # rounding


def test_pulling_back_and_mapping_the_state_agree():
    rng = np.random.default_rng(2)
    functional, mean = random_functional(rng, 4), rng.normal(size=4)
    covariance, transform = random_covariance(rng, [0.2, 1.0])
    shift = rng.normal(size=4)
    back = functional.pulled_back(transform, shift).expectation(mean, covariance)
    forth = functional.expectation(transform @ mean + shift, transform @ covariance @ transform.T)
    assert back == pytest.approx(forth, rel=1e-13)  # rounding
    total = functional + functional
    assert total.expectation(mean, covariance) == pytest.approx(2 * functional.expectation(mean, covariance), rel=1e-14)


# --- driven -------------------------------------------------------------------------------------------------------------


class Driven:
    """H(t) of a two-mode system and a three-mode bath with a smooth drive, and its reference by a general ODE solver."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.frequencies = np.array([0.0, 0.0, 0.8, 1.3, 2.1])
        self.basis = np.linalg.qr(rng.normal(size=(10, 5)))[0]
        self.k_0, self.k_1, self.k_2 = (0.3 * random_symmetric(rng, 5) for _ in range(3))
        self.f_0, self.f_1 = 0.4 * rng.normal(size=(2, 5))
        self.k_0 = self.k_0 + np.eye(5)

    def coupling(self, t):
        c, s = np.cos(1.7 * t)[:, None, None], np.sin(0.9 * t)[:, None, None]
        return self.k_0 + c * self.k_1 + s**2 * self.k_2, self.f_0 + s[:, :, 0] * self.f_1

    def slope(self, t):
        c, s = np.cos(0.9 * t)[:, None, None], np.sin(0.9 * t)[:, None, None]
        form = -1.7 * np.sin(1.7 * t)[:, None, None] * self.k_1 + 2 * 0.9 * s * c * self.k_2
        return form, 0.9 * c[:, :, 0] * self.f_1

    def maths(self):
        return propagate.DrivenHamiltonian(self.frequencies, self.basis, self.coupling, self.slope)

    def dense(self, t):
        form, force = self.coupling(np.array([t]))
        dform, dforce = self.slope(np.array([t]))
        p = self.basis
        return (p @ form[0] @ p.T + np.diag(np.tile(self.frequencies, 2)), p @ force[0], p @ dform[0] @ p.T, p @ dforce[0])

    def reference(self, mean, covariance, start, stop):
        """Return mean, covariance and work at `stop` from one general ODE of all three."""

        def rate(t, y):
            m, sigma = y[:10], y[10:110].reshape(10, 10)
            h, f, dh, df = self.dense(t)
            generator = omega(5) @ h
            flow = generator @ sigma
            power = 0.5 * np.sum(dh * (sigma + np.outer(m, m))) + df @ m
            return np.concatenate([omega(5) @ (h @ m + f), (flow + flow.T).ravel(), [power]])

        y = np.concatenate([mean, covariance.ravel(), [0.0]])
        solution = scipy.integrate.solve_ivp(rate, (start, stop), y, method="DOP853", rtol=1e-12, atol=1e-13)
        end = solution.y[:, -1]
        return end[:10], end[10:110].reshape(10, 10), end[110]


@pytest.mark.parametrize("seed", range(2))
def test_driven_evolution_against_a_general_ode_solver(seed):
    driven, rng = Driven(seed), np.random.default_rng(seed + 10)
    covariance, _ = random_covariance(rng, [0.1, 0.5, 1.0, 2.0, 0.0], strength=0.2)
    mean = rng.normal(size=10)
    start, stop = 0.3, 4.1
    maths = driven.maths()
    evolution = maths.evolve(start, stop, maths.panels(start, stop))
    expected_mean, expected_covariance, expected_work = driven.reference(mean, covariance, start, stop)
    scale = np.max(np.abs(expected_covariance))
    # tolerance of the ODE solver, accumulated over some hundred steps
    assert np.allclose(evolution.propagator @ mean + evolution.shift, expected_mean, rtol=0.0, atol=1e-9 * scale)
    found = evolution.propagator @ covariance @ evolution.propagator.T
    assert np.allclose(found, expected_covariance, rtol=0.0, atol=1e-9 * scale)
    assert evolution.work.expectation(mean, covariance) == pytest.approx(expected_work, abs=1e-9 * scale)


def test_driven_evolution_is_symplectic_whatever_the_step():
    """Gauss-Legendre collocation keeps quadratic invariants even where it does not resolve the motion."""
    maths = Driven(0).maths()
    for panels in (1, 7):
        evolution = maths.evolve(0.0, 40.0, panels)
        assert symplectic_defect(evolution.propagator) < 1e-10 * np.max(np.abs(evolution.propagator)) ** 2  # rounding


def test_driven_evolution_converges_at_once():
    """Order 48: at the default panels the map is converged to rounding; at half as many it may not be."""
    maths = Driven(1).maths()
    panels = maths.panels(0.0, 6.0)
    one, two = maths.evolve(0.0, 6.0, panels), maths.evolve(0.0, 6.0, 2 * panels)
    scale = np.max(np.abs(two.propagator))
    assert np.allclose(one.propagator, two.propagator, rtol=0.0, atol=1e-12 * scale)  # rounding of a few panels
    assert np.allclose(one.work.form, two.work.form, rtol=0.0, atol=1e-11 * scale**2)


def test_collocation_has_the_order_of_gauss_legendre():
    """With s nodes the error of a step h falls as h^(2s): seen with two nodes, whose order is 4."""
    nodes, matrix, weights = propagate.gauss_legendre_tableau(2)

    def solve(steps):
        h, y, t = 2.0 / steps, 1.0, 0.0
        for _ in range(steps):
            f = np.cos(t + h * nodes)  # dy/dt = cos(t) y
            stages = np.linalg.solve(np.eye(2) - h * matrix * f, np.full(2, y))
            y, t = y + h * weights @ (f * stages), t + h
        return abs(y - np.exp(np.sin(2.0)))

    order = np.log2(solve(20) / solve(40))
    assert order == pytest.approx(4.0, abs=0.1)  # the next order of h


@pytest.mark.parametrize("n_nodes", [1, 2, 5, 24])
def test_tableau_meets_the_conditions_of_collocation(n_nodes):
    nodes, matrix, weights = propagate.gauss_legendre_tableau(n_nodes)
    for k in range(1, n_nodes + 1):
        assert np.allclose(matrix @ nodes ** (k - 1), nodes**k / k, rtol=0.0, atol=1e-14)  # C(s), to rounding
    for k in range(1, 2 * n_nodes + 1):
        assert weights @ nodes ** (k - 1) == pytest.approx(1.0 / k, abs=1e-14)  # B(2s), to rounding
    invariant = weights[:, None] * matrix + (weights[:, None] * matrix).T - np.outer(weights, weights)
    assert np.max(np.abs(invariant)) < 1e-15  # Hairer, Lubich, Wanner (2006), theorem IV.2.2: symplectic


def test_one_evolution_then_another():
    driven, rng = Driven(0), np.random.default_rng(20)
    maths = driven.maths()
    covariance, _ = random_covariance(rng, [0.1, 0.5, 1.0, 2.0, 0.0], strength=0.2)
    mean = rng.normal(size=10)
    first, second, whole = (maths.evolve(a, b, 3) for a, b in ((0.0, 1.0), (1.0, 2.5), (0.0, 2.5)))
    joined = first.then(second)
    scale = np.max(np.abs(whole.propagator)) ** 2
    assert np.allclose(joined.propagator, whole.propagator, rtol=0.0, atol=1e-12 * scale)  # both converged to rounding
    assert np.allclose(joined.shift, whole.shift, rtol=0.0, atol=1e-12 * scale)
    works = joined.work.expectation(mean, covariance), whole.work.expectation(mean, covariance)
    assert works[0] == pytest.approx(works[1], abs=1e-12 * scale)
    middle_mean = first.propagator @ mean + first.shift
    middle = first.propagator @ covariance @ first.propagator.T
    stepwise = first.work.expectation(mean, covariance) + second.work.expectation(middle_mean, middle)
    assert stepwise == pytest.approx(works[1], abs=1e-12 * scale)


def test_identity_changes_nothing():
    evolution = Driven(0).maths().evolve(0.0, 1.0, 2)
    for joined in (propagate.Evolution.identity(10).then(evolution), evolution.then(propagate.Evolution.identity(10))):
        assert np.array_equal(joined.propagator, evolution.propagator)
        assert np.allclose(joined.work.form, evolution.work.form, rtol=0.0, atol=1e-15)  # products with ones and zeros
        assert np.array_equal(joined.shift, evolution.shift)
