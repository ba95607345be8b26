"""Random symplectic matrices and covariances, built from matrix exponentials alone."""

import numpy as np
import scipy.linalg


def omega(n_modes):
    """Write Omega = [[0, 1], [-1, 0]] by hand."""
    form = np.zeros((2 * n_modes, 2 * n_modes))
    for k in range(n_modes):
        form[k, n_modes + k], form[n_modes + k, k] = 1.0, -1.0
    return form


def random_symmetric(rng, size):
    matrix = rng.normal(size=(size, size))
    return 0.5 * (matrix + matrix.T)


def random_positive(rng, size, *, lowest=0.3):
    matrix = rng.normal(size=(size, size))
    return matrix @ matrix.T / size + lowest * np.eye(size)


def random_symplectic(rng, n_modes, strength=0.4):
    """exp(Omega h) of a symmetric h is symplectic."""
    return scipy.linalg.expm(strength * omega(n_modes) @ random_symmetric(rng, 2 * n_modes))


def random_covariance(rng, excess, strength=0.4):
    """Return S diag(nu, nu) S^T with nu = 1/2 + excess, and S."""
    nu = 0.5 + np.asarray(excess, dtype=float)
    transform = random_symplectic(rng, len(nu), strength)
    covariance = transform @ np.diag(np.concatenate([nu, nu])) @ transform.T
    return 0.5 * (covariance + covariance.T), transform


def eigenvalues_by_definition(covariance):
    """Return the positive eigenvalues of i Omega sigma, from a general eigenvalue solver."""
    n_modes = len(covariance) // 2
    values = np.linalg.eigvals(1j * omega(n_modes) @ covariance).real
    return np.sort(values[values > 0.0])


def entropy_by_definition(covariance):
    """Return sum f(nu), f(nu) = (nu + 1/2) ln(nu + 1/2) - (nu - 1/2) ln(nu - 1/2), for states well away from pure."""
    nu = eigenvalues_by_definition(covariance)
    return float(np.sum((nu + 0.5) * np.log(nu + 0.5) - (nu - 0.5) * np.log(nu - 0.5)))
