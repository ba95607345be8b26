import numpy as np
import pytest

import athermal as at
from athermal.maths import symplectic
from unit.random_states import eigenvalues_by_definition, omega, random_covariance, random_positive, random_symplectic


@pytest.mark.parametrize("n_modes", [1, 2, 5])
def test_form_is_omega_and_apply_form_multiplies_by_it(n_modes):
    assert np.array_equal(symplectic.symplectic_form(n_modes), omega(n_modes))
    rows = np.random.default_rng(0).normal(size=(2 * n_modes, 3))
    assert np.array_equal(symplectic.apply_form(rows), omega(n_modes) @ rows)  # a permutation with signs: exact
    assert np.array_equal(symplectic.apply_form(rows[:, 0]), omega(n_modes) @ rows[:, 0])


def test_defect_is_the_largest_entry_of_u_omega_ut_minus_omega():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(6, 6))
    by_hand = np.max(np.abs(matrix @ omega(3) @ matrix.T - omega(3)))
    assert symplectic.symplectic_defect(matrix) == pytest.approx(by_hand, rel=1e-14)  # the same sums, in another order
    assert symplectic.symplectic_defect(random_symplectic(rng, 3)) < 1e-13  # rounding of expm


def test_inverse_of_a_symplectic_matrix():
    matrix = random_symplectic(np.random.default_rng(2), 4)
    assert np.allclose(symplectic.symplectic_inverse(matrix) @ matrix, np.eye(8), rtol=0.0, atol=1e-13)  # rounding of expm


def test_mode_indices_are_the_xs_then_the_ps():
    assert symplectic.mode_indices(np.array([0, 2]), 3).tolist() == [0, 2, 3, 5]


@pytest.mark.parametrize("seed", range(4))
def test_eigenvalues_are_those_of_i_omega_sigma(seed):
    rng = np.random.default_rng(seed)
    covariance, _ = random_covariance(rng, rng.uniform(0.1, 3.0, size=5))
    expected = eigenvalues_by_definition(covariance)
    assert np.allclose(symplectic.symplectic_eigenvalues(covariance), expected, rtol=1e-11)  # rounding of a general solver


@pytest.mark.parametrize("largest", [2.0, 7.0, 1e3, 1e6])
def test_eigenvalues_of_a_constructed_state_over_a_wide_range(largest):
    """Both routes, with the squared matrix and without, know the spectrum that went in."""
    excess = np.geomspace(1e-7, largest, 6)
    covariance, _ = random_covariance(np.random.default_rng(3), excess, strength=0.2)
    found = symplectic.symplectic_eigenvalues(covariance) - 0.5
    # Absolute error: some eps times the largest eigenvalue and the conditioning of S.
    assert np.allclose(np.sort(found), excess, rtol=0.0, atol=200 * np.finfo(float).eps * max(largest, 1.0) * 10)


@pytest.mark.parametrize("function", [symplectic.symplectic_eigenvalues, symplectic.williamson])
@pytest.mark.parametrize("matrix", [np.diag([1.0, -2.0]), np.array([[-1.0, 0.1], [0.1, 1.0]]), np.zeros((2, 2))])
def test_a_matrix_that_is_not_positive_is_refused(function, matrix):
    with pytest.raises(at.errors.StateError, match="must be positive definite, but its lowest eigenvalue is"):
        function(matrix)


def check_williamson(matrix, rtol=1e-11):
    nu, transform = symplectic.williamson(matrix)
    rebuilt = transform @ np.diag(np.concatenate([nu, nu])) @ transform.T
    scale = np.max(np.abs(matrix))
    assert np.all(nu > 0.0)
    assert np.allclose(rebuilt, matrix, rtol=0.0, atol=rtol * scale)
    assert symplectic.symplectic_defect(transform) < rtol * np.max(np.abs(transform)) ** 2
    return nu, transform


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_modes", [1, 2, 6])
def test_williamson_of_a_random_matrix(seed, n_modes):
    matrix = random_positive(np.random.default_rng(seed), 2 * n_modes)
    nu, _ = check_williamson(matrix)
    assert np.allclose(np.sort(nu), eigenvalues_by_definition(matrix), rtol=1e-10)  # rounding of a general solver


@pytest.mark.parametrize("seed", range(3))
def test_williamson_without_position_momentum_terms(seed):
    rng = np.random.default_rng(seed)
    x, p = random_positive(rng, 5), random_positive(rng, 5)
    matrix = np.block([[x, np.zeros((5, 5))], [np.zeros((5, 5)), p]])
    nu, transform = check_williamson(matrix)
    # The nu^2 are the eigenvalues of A_x A_p.
    assert np.allclose(np.sort(nu) ** 2, np.sort(np.linalg.eigvals(x @ p).real), rtol=1e-10)  # rounding of a general solver
    assert not np.any(transform[:5, 5:])
    assert not np.any(transform[5:, :5])


@pytest.mark.parametrize("mixed", [True, False])
def test_williamson_of_degenerate_modes(mixed):
    """All nu equal: any eigenvector is as good as another, and S must still be symplectic."""
    rng = np.random.default_rng(5)
    transform = random_symplectic(rng, 4) if mixed else local_squeezing(rng, 4)
    matrix = 0.7 * transform @ transform.T
    nu, _ = check_williamson(0.5 * (matrix + matrix.T))
    assert np.allclose(nu, 0.7, rtol=1e-12)  # rounding


def local_squeezing(rng, n_modes):
    x = random_positive(rng, n_modes)
    return np.block([[x, np.zeros_like(x)], [np.zeros_like(x), np.linalg.inv(x)]])


def test_williamson_keeps_groups_apart_that_the_matrix_does_not_connect():
    rng = np.random.default_rng(6)
    matrix = np.zeros((10, 10))
    for modes in ([0, 3], [1], [2, 4]):
        rows = symplectic.mode_indices(np.array(modes), 5)
        matrix[np.ix_(rows, rows)] = random_positive(rng, len(rows))
    _, transform = check_williamson(matrix)
    for k, l in ((0, 1), (0, 2), (3, 4), (1, 2)):
        block = transform[np.ix_([k, k + 5], [l, l + 5])]
        assert not np.any(block)


def test_williamson_links_modes_through_any_quadrature():
    """x_0 p_1 alone connects the modes 0 and 1."""
    matrix = np.eye(4)
    matrix[0, 3] = matrix[3, 0] = 0.3
    nu, _ = check_williamson(matrix)
    assert np.allclose(np.sort(nu), eigenvalues_by_definition(matrix), rtol=1e-12)  # rounding


def test_williamson_knows_slow_modes_beside_fast_ones():
    """A bath that spans twelve decades: the slowest normal mode keeps its digits."""
    frequencies = np.geomspace(1e-8, 1e4, 13)
    x = np.diag(frequencies)
    index = np.arange(12)
    # a chain whose sites attract each other weakly, so that the lowest frequencies follow from second-order perturbation theory
    x[index, index + 1] = x[index + 1, index] = 1e-6 * np.sqrt(frequencies[:-1] * frequencies[1:])
    matrix = np.block([[x, np.zeros_like(x)], [np.zeros_like(x), np.diag(frequencies)]])
    nu, _ = symplectic.williamson(matrix)
    assert np.allclose(np.sort(nu), frequencies, rtol=1e-11)  # second order: (1e-6)^2, of the frequencies themselves
