import numpy as np
import pytest
import scipy.linalg

from athermal.maths import gaussian, information
from athermal.maths.symplectic import mode_indices
from unit.random_states import random_covariance, random_symplectic


def split_entropies(covariance, few):
    n_modes = len(covariance) // 2
    rest = np.setdiff1d(np.arange(n_modes), few)
    blocks = [covariance[np.ix_(rows, rows)] for rows in (mode_indices(few, n_modes), mode_indices(rest, n_modes))]
    return [gaussian.entropy(block) for block in blocks]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "excess",
    [
        [0.3, 0.8, 1.5, 2.0, 4.0],
        [1e4, 2e4, 3e3, 1e4, 1e5],  # hot
        [1e-8, 1e-6, 1e-10, 1e-7, 1e-9],  # nearly pure
        [1e-9, 0.5, 1e3, 1e-3, 20.0],  # all at once
        [0.0, 0.0, 0.0, 0.0, 0.0],  # pure
    ],
)
def test_mutual_information_of_rows_is_the_difference_of_entropies(seed, excess):
    covariance, transform = random_covariance(np.random.default_rng(seed), excess, strength=0.25)
    few = np.array([0, 3])
    s_few, s_rest = split_entropies(covariance, few)
    direct = s_few + s_rest - float(np.sum(gaussian.mode_entropy(np.array(excess))))
    found = information.mutual_information_of_rows(transform[mode_indices(few, 5)], np.array(excess))
    # The direct way loses eps x (largest nu) x slope; the quadrature is good to 1e-12.
    allowed = 1e-11 + 2e-15 * max(excess) * 20
    assert found == pytest.approx(direct, abs=allowed)
    assert found > 1e-3


def test_mutual_information_of_a_two_mode_squeezed_vacuum():
    """I = 2 f(cosh(2r)/2) for the pure state of <ab> = sinh(2r)/2."""
    r = 0.8
    c, s = np.cosh(r), np.sinh(r)
    x = np.array([[c, s], [s, c]])
    transform = scipy.linalg.block_diag(x, np.linalg.inv(x))
    expected = 2.0 * float(gaussian.mode_entropy(np.array([s * s]))[0])
    found = information.mutual_information_of_rows(transform[[0, 2]], np.zeros(2))
    assert found == pytest.approx(expected, abs=1e-12)  # of the quadrature, at its logarithmic end point
    assert information.mutual_information(0.5 * transform @ transform.T, np.array([0])) == pytest.approx(expected, abs=1e-12)


def test_mutual_information_of_a_product_is_zero():
    rng = np.random.default_rng(1)
    one, two = random_symplectic(rng, 1), random_symplectic(rng, 2)
    transform = np.zeros((6, 6))
    for modes, block in (([0], one), ([1, 2], two)):
        rows = mode_indices(np.array(modes), 3)
        transform[np.ix_(rows, rows)] = block
    assert abs(information.mutual_information_of_rows(transform[[0, 3]], np.array([1e-7, 0.4, 2.0]))) < 1e-12  # of the quadrature


# --- relative entropy ---------------------------------------------------------------------------------------------------

SIZE = 120


def fock_state(n, r, angle, alpha):
    """Return the density matrix D(alpha) S(r) rho_n S^dag D^dag of one mode, and its mean and covariance."""
    a = np.diag(np.sqrt(np.arange(1.0, SIZE)), 1)
    x, p = (a + a.T) / np.sqrt(2.0), (a - a.T) / (1j * np.sqrt(2.0))
    number = np.arange(SIZE)
    rho = np.diag(n**number / (1.0 + n) ** (number + 1)).astype(complex)
    rho /= np.trace(rho)
    squeeze = scipy.linalg.expm(0.5 * r * (np.exp(1j * angle) * a @ a - np.exp(-1j * angle) * a.T @ a.T))
    displace = scipy.linalg.expm(alpha * a.T - np.conj(alpha) * a)
    u = displace @ squeeze
    rho = u @ rho @ u.conj().T
    mean = np.array([np.trace(rho @ x).real, np.trace(rho @ p).real])
    second = [[np.trace(rho @ (q @ k + k @ q)).real / 2 for k in (x, p)] for q in (x, p)]
    return rho, mean, np.array(second) - np.outer(mean, mean)


def log_matrix(rho):
    values, vectors = np.linalg.eigh(rho)
    return (vectors * np.log(np.maximum(values, 1e-300))) @ vectors.conj().T


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0.4, 0.0, 0.0, 0.0), (0.9, 0.0, 0.0, 0.0)),
        ((0.4, 0.2, 0.5, 0.1 + 0.2j), (0.9, 0.0, 0.0, 0.0)),
        ((0.3, 0.1, 0.3, 0.0), (0.5, -0.15, 1.0, 0.3j)),
    ],
)
def test_relative_entropy_against_density_matrices(first, second):
    (rho, mean, covariance), (reference, reference_mean, reference_covariance) = fock_state(*first), fock_state(*second)
    # The reference's logarithm is exact only on low Fock states: ln rho' = -G(x, p)/2 - ln Z is what the truncation distorts
    # at the top, where rho has no weight.
    expected = np.trace(rho @ (log_matrix(rho) - log_matrix(reference))).real
    found = information.relative_entropy(mean, covariance, reference_mean, reference_covariance)
    assert found == pytest.approx(expected, abs=1e-7)  # truncation at 120 quanta


def test_relative_entropy_of_two_thermal_states_in_closed_form():
    """D = sum over Fock states p ln(p/q) for occupations m, n."""
    m, n = 0.7, 2.0
    closed = m * np.log(m * (1 + n) / (n * (1 + m))) + np.log((1 + n) / (1 + m))
    zero = np.zeros(2)
    found = information.relative_entropy(zero, (m + 0.5) * np.eye(2), zero, (n + 0.5) * np.eye(2))
    assert found == pytest.approx(closed, rel=1e-14)  # rounding


def test_relative_entropy_is_zero_only_for_equal_states_and_invariant():
    rng = np.random.default_rng(7)
    covariance, _ = random_covariance(rng, [0.3, 1.0, 0.01])
    other, _ = random_covariance(rng, [0.5, 0.7, 0.2])
    mean, shift = rng.normal(size=6), rng.normal(size=6)
    assert abs(information.relative_entropy(mean, covariance, mean, covariance)) < 1e-12  # rounding
    value = information.relative_entropy(mean, covariance, shift, other)
    assert value > 0.1
    u = random_symplectic(rng, 3)
    turned = information.relative_entropy(u @ mean, u @ covariance @ u.T, u @ shift, u @ other @ u.T)
    assert turned == pytest.approx(value, rel=1e-11)  # conditioning of u


def test_relative_entropy_to_a_pure_reference():
    """Infinite if the support is violated, zero for the same pure state, finite for a pure state against a mixed one."""
    zero, vacuum = np.zeros(2), 0.5 * np.eye(2)
    assert information.relative_entropy(zero, 0.6 * np.eye(2), zero, vacuum) == np.inf
    assert information.relative_entropy(np.array([0.1, 0.0]), vacuum, zero, vacuum) == np.inf
    assert abs(information.relative_entropy(zero, vacuum, zero, vacuum)) < 1e-14  # f of one rounding of nu
    n = 0.25
    assert information.relative_entropy(zero, vacuum, zero, (0.5 + n) * np.eye(2)) == pytest.approx(np.log1p(n), rel=1e-14)
    # One pure mode of two is enough.
    both = np.diag([0.5, 1.0, 0.5, 1.0])
    assert information.relative_entropy(np.zeros(4), np.diag([0.7, 1.0, 0.7, 1.0]), np.zeros(4), both) == np.inf
    assert information.relative_entropy(np.zeros(4), both, np.zeros(4), both) < 1e-14


def test_skew_products_are_symplectic_eigenvalues_to_first_order():
    rng = np.random.default_rng(8)
    excess = np.array([0.2, 1.0, 3.0])
    _, transform = random_covariance(rng, excess)
    nu = excess + 0.5
    factor = transform * np.sqrt(np.concatenate([nu, nu]))
    assert np.allclose(information.skew_products(factor), nu, rtol=1e-13)  # rounding of expm
    small = 1e-5 * rng.normal(size=(6, 6))
    disturbed = factor + small @ factor
    exact = np.linalg.eigvals(
        1j * np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]]) @ disturbed @ disturbed.T
    )
    exact = np.sort(exact.real[exact.real > 0.0])
    first_order = np.abs(information.skew_products(disturbed) - exact)
    assert np.max(first_order) < 1e-8  # second order in 1e-5, with the couplings of S
    assert np.max(np.abs(exact - nu)) > 1e-6


def test_total_entropy_sums_the_modes():
    assert information.total_entropy(np.array([0.0, 1.0])) == pytest.approx(2 * np.log(2), rel=1e-15)  # f(3/2) = 2 ln 2
