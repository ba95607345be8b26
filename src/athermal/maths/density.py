"""Density matrices: entropies, relative entropy, thermal states, ergotropy, entanglement."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from athermal._types import FloatArray, IntArray, Matrix
from athermal.errors import StateError

# Rounding of the eigenvalues of a d x d density matrix, in units of d eps; what is below it may be zero.
_ROUNDING = 16.0 * float(np.finfo(float).eps)

# Levels that differ by less, in units of the largest energy, are one.
_SAME_LEVEL = 1e-9


def spectrum_entropy(populations: FloatArray) -> float:
    """Return S = -sum_k p_k ln p_k in nats, with 0 ln 0 = 0.

    Values below zero by no more than the rounding of an eigenvalue solver count as zero.

    Raises
    ------
    StateError
        If a population is negative beyond rounding.

    Examples
    --------
    >>> round(spectrum_entropy(np.array([0.5, 0.5, 0.0])), 12)
    0.69314718056
    """
    p = np.asarray(populations, dtype=float)
    lowest = float(np.min(p, initial=0.0))
    if lowest < -max(len(p), 8) * _ROUNDING * max(1.0, float(np.max(p, initial=0.0))):
        raise StateError(f"The populations of a state must not be negative, but one is {lowest:.3g}.")
    present = p[p > 0.0]
    return float(-np.sum(present * np.log(present))) + 0.0


def entropy(density: Matrix) -> float:
    """Return the von Neumann entropy S = -Tr rho ln rho in nats.

    Parameters
    ----------
    density : (d, d) array

    Raises
    ------
    StateError
        If an eigenvalue is negative beyond rounding.

    Examples
    --------
    >>> round(entropy(np.diag([1.0 - 1e-12, 1e-12])), 16)
    2.8631e-11
    """
    return spectrum_entropy(np.asarray(np.linalg.eigvalsh(density), dtype=float))


def relative_entropy(density: Matrix, other: Matrix) -> float:
    """Return D(rho || sigma) = Tr rho (ln rho - ln sigma) in nats; infinite if rho reaches where sigma does not.

    A diagonal sigma is taken as it is, however small its populations. Of any other, eigenvalues below 16 d eps of the largest are
    taken for zero: no eigenvalue solver can tell them apart. Against a thermal state use `thermal_relative_entropy`, which knows
    ln sigma.

    References
    ----------
    H. Umegaki, Kodai Math. Sem. Rep. 14, 59 (1962).

    Examples
    --------
    >>> relative_entropy(np.diag([0.5, 0.5]), np.diag([1.0, 0.0]))
    inf
    >>> round(relative_entropy(np.diag([0.5, 0.5]), np.diag([1.0 - 1e-12, 1e-12])), 9)
    13.122363377
    """
    rounding = len(other) * _ROUNDING
    if np.array_equal(other, np.diag(np.diagonal(other))):
        values, weights = np.real(np.diagonal(other)), np.real(np.diagonal(density))
        inside = values > 0.0
    else:
        values, vectors = np.linalg.eigh(other)
        weights = np.real(np.einsum("ik,ij,jk->k", vectors.conj(), density, vectors))
        inside = values > rounding * float(values[-1])
    if float(np.max(weights[~inside], initial=0.0)) > rounding:
        return float("inf")
    return float(-np.sum(weights[inside] * np.log(values[inside])) - entropy(density))


def thermal_populations(energies: FloatArray, temperature: float) -> FloatArray:
    """Return p_k = e^{-E_k/T}/Z; at T = 0 the ground level's states alike.

    Examples
    --------
    >>> thermal_populations(np.array([0.0, 1.0]), 1e-3)
    array([1., 0.])
    """
    if temperature == 0.0:
        ground = is_ground(energies)
        return np.asarray(ground / np.count_nonzero(ground))
    weights = np.exp(-(energies - np.min(energies)) / temperature)
    return np.asarray(weights / np.sum(weights))


def is_ground(energies: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell which levels are the lowest, up to rounding, as in `eigenspaces`.

    Examples
    --------
    >>> is_ground(np.array([1.0, -1.0, -1.0]))
    array([False,  True,  True])
    """
    size = max(float(np.max(np.abs(energies), initial=0.0)), np.finfo(float).tiny)
    return np.asarray(energies - np.min(energies) <= _SAME_LEVEL * size)


def log_partition(energies: FloatArray, temperature: float) -> float:
    """Return ln Z = ln sum_k e^{-E_k/T}, also where Z itself would overflow; at T = 0 the limit of ln Z + E_0/T.

    Examples
    --------
    >>> round(log_partition(np.array([-0.5, 0.5]), 1e-3), 9)
    500.0
    """
    if temperature == 0.0:
        return float(np.log(np.count_nonzero(is_ground(energies))))
    lowest = float(np.min(energies))
    return float(-lowest / temperature + np.log(np.sum(np.exp(-(energies - lowest) / temperature))))


def thermal_relative_entropy(density: Matrix, energies: FloatArray, temperature: float) -> float:
    """Return D(rho || e^{-H/T}/Z) = -S(rho) + <H>/T + ln Z, with rho in the eigenbasis of H; finite at any T > 0.

    Examples
    --------
    >>> thermal_relative_entropy(np.diag([0.0, 1.0]), np.array([0.0, 1.0]), 0.01)
    100.0
    """
    mean = float(np.real(np.diagonal(density)) @ energies)
    return -entropy(density) + mean / temperature + log_partition(energies, temperature)


def ergotropy(density: Matrix, hamiltonian: Matrix) -> float:
    """Return the largest work that a unitary can draw from rho: <H> - sum_k r_k e_k, r falling and e rising.

    References
    ----------
    A. E. Allahverdyan, R. Balian, T. M. Nieuwenhuizen, Europhys. Lett. 67, 565 (2004).

    Examples
    --------
    >>> ergotropy(np.diag([0.25, 0.75]), np.diag([0.0, 1.0]))
    0.5
    """
    falling = np.linalg.eigvalsh(density)[::-1]
    rising = np.linalg.eigvalsh(hamiltonian)
    return float(np.real(np.vdot(hamiltonian, density)) - falling @ rising)


def eigenspaces(energies: FloatArray) -> IntArray:
    """Return a label for each level, equal for levels of one energy up to rounding; energies in rising order.

    Examples
    --------
    >>> eigenspaces(np.array([0.0, 1.0, 1.0, 2.0]))
    array([0, 1, 1, 2])
    """
    size = max(float(np.max(np.abs(energies), initial=0.0)), np.finfo(float).tiny)
    return np.concatenate([[0], np.cumsum(np.diff(energies) > _SAME_LEVEL * size)]).astype(np.intp)


def concurrence(density: Matrix) -> float:
    """Return the concurrence of two qubits, from 0 (no entanglement) to 1.

    References
    ----------
    W. K. Wootters, Phys. Rev. Lett. 80, 2245 (1998).

    Examples
    --------
    >>> bell = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2.0)
    >>> round(concurrence(np.outer(bell, bell)), 12)
    1.0
    """
    flip = np.fliplr(np.diag([-1.0, 1.0, 1.0, -1.0]))
    # With rho = A A^dag Wootters' numbers are the singular values of A^T (sy x sy) A: no square roots of rounding.
    values, vectors = np.linalg.eigh(density)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    numbers = np.linalg.svd(root.T @ flip @ root, compute_uv=False)
    return max(0.0, float(numbers[0] - np.sum(numbers[1:])))


def negativity(density: Matrix, dimensions: tuple[int, int]) -> float:
    """Return the negativity: minus the sum of the negative eigenvalues of the partial transpose.

    References
    ----------
    G. Vidal, R. F. Werner, Phys. Rev. A 65, 032314 (2002).

    Examples
    --------
    >>> bell = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2.0)
    >>> round(negativity(np.outer(bell, bell), (2, 2)), 12)
    0.5
    """
    a, b = dimensions
    transposed = density.reshape(a, b, a, b).transpose(0, 3, 2, 1).reshape(a * b, a * b)
    values = np.linalg.eigvalsh(transposed)
    return float(-np.sum(values[values < 0.0])) + 0.0


def root_factor(density: Matrix) -> tuple[Matrix, FloatArray]:
    """Return M with rho = M M^dag and orthogonal columns, and their weights; eigenvalues at rounding are left out."""
    values, vectors = np.linalg.eigh(density)
    kept = values > len(values) * float(np.finfo(float).eps) * 0.25 * max(float(values[-1]), 0.0)
    return np.asarray(vectors[:, kept] * np.sqrt(values[kept])), np.asarray(values[kept])


def largest_pattern(pattern: Matrix) -> float:
    """Return the largest c for which 1 + c Y >= 0: -1/lambda_min(Y).

    With rho^{1/2} (1 + c Y) rho^{1/2} this is the largest correlation of the pattern rho^{1/2} Y rho^{1/2}.

    Examples
    --------
    >>> round(largest_pattern(np.array([[0.0, 2.0], [2.0, 0.0]])), 12)
    0.5
    """
    lowest = float(scipy.linalg.eigvalsh(pattern, subset_by_index=[0, 0])[0])
    return -1.0 / lowest if lowest < 0.0 else float("inf")
