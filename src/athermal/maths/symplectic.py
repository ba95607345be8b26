"""Symplectic linear algebra of quadratures r = (x_1..x_N, p_1..p_N), [x_k, p_k] = i.

The symplectic form is Omega = [[0, 1], [-1, 0]], so that dr/dt = Omega h r for H = r^T h r / 2.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.csgraph

from athermal._types import FloatArray, IntArray
from athermal.errors import StateError

# Squaring the skew matrix costs a factor nu_max / nu_min of accuracy and makes the eigenvalue problem four times
# cheaper; it is done only while that factor is a few bits.
_SQUARING_LIMIT = 16.0


def symplectic_form(n_modes: int) -> FloatArray:
    """Return Omega = [[0, 1], [-1, 0]] of `n_modes` modes, shape (2N, 2N).

    Examples
    --------
    >>> symplectic_form(1)
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    zero, one = np.zeros((n_modes, n_modes)), np.eye(n_modes)
    return np.block([[zero, one], [-one, zero]])


def apply_form(rows: FloatArray) -> FloatArray:
    """Return Omega @ rows without forming Omega, for an array of shape (2N, ...)."""
    half = len(rows) // 2
    return np.concatenate([rows[half:], -rows[:half]])


def symplectic_defect(matrix: FloatArray) -> float:
    """Return max |U Omega U^T - Omega|: zero for a symplectic U.

    Examples
    --------
    >>> symplectic_defect(np.eye(4))
    0.0
    """
    product = matrix @ apply_form(matrix.T)
    half = len(matrix) // 2
    index = np.arange(half)
    product[index, index + half] -= 1.0
    product[index + half, index] += 1.0
    return float(np.max(np.abs(product), initial=0.0))


def symplectic_inverse(matrix: FloatArray) -> FloatArray:
    """Return U^-1 = -Omega U^T Omega of a symplectic U."""
    half = len(matrix) // 2
    a, b, c, d = matrix[:half, :half], matrix[:half, half:], matrix[half:, :half], matrix[half:, half:]
    return np.block([[d.T, -b.T], [-c.T, a.T]])


def mode_indices(modes: IntArray, n_modes: int) -> IntArray:
    """Return the rows (x's, then p's) that `modes` occupy among 2N quadratures."""
    return np.concatenate([modes, modes + n_modes])


def symplectic_eigenvalues(covariance: FloatArray) -> FloatArray:
    """Return the symplectic eigenvalues of a positive definite matrix, ascending.

    They are the positive eigenvalues nu_k of i Omega sigma (Williamson 1936), computed as singular values of the
    skew-symmetric L^T Omega L with sigma = L L^T, so that their absolute error is machine precision times the largest.

    Parameters
    ----------
    covariance : (2N, 2N) array
        Symmetric positive definite.

    Raises
    ------
    StateError
        If the matrix is not positive definite.

    Examples
    --------
    >>> symplectic_eigenvalues(np.diag([2.0, 0.5]))
    array([1.])
    """
    skew = _skew(covariance)
    squares = np.linalg.eigvalsh(skew.T @ skew)
    largest = float(np.sqrt(squares[-1]))
    if squares[0] > 0.0 and largest <= _SQUARING_LIMIT * float(np.sqrt(squares[0])):
        values = np.sqrt(squares)
    else:
        values = scipy.linalg.svdvals(skew)[::-1]
    # They come in equal pairs; the mean of a pair is the better estimate.
    return np.asarray(0.5 * (values[::2] + values[1::2]))


def williamson(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (nu, S) with matrix = S diag(nu, nu) S^T, S symplectic, for a positive definite matrix.

    Each group of modes that the matrix does not connect is decomposed on its own, so a product state of many modes
    costs no more than its parts.

    Parameters
    ----------
    matrix : (2N, 2N) array
        Symmetric positive definite.

    Returns
    -------
    nu : (N,) array
        Symplectic eigenvalues; nu[k] belongs to columns k and N + k of S.
    S : (2N, 2N) array
        Symplectic.

    Raises
    ------
    StateError
        If the matrix is not positive definite.

    Examples
    --------
    >>> nu, S = williamson(np.diag([2.0, 0.5]))
    >>> np.allclose(S @ np.diag([nu[0], nu[0]]) @ S.T, np.diag([2.0, 0.5]))
    True
    """
    n_modes = len(matrix) // 2
    linked = np.abs(matrix[:n_modes, :n_modes]) + np.abs(matrix[:n_modes, n_modes:])
    linked = linked + np.abs(matrix[n_modes:, :n_modes]) + np.abs(matrix[n_modes:, n_modes:])
    n_groups, label = scipy.sparse.csgraph.connected_components(scipy.sparse.csr_array(linked), directed=False)
    values = np.empty(n_modes)
    transform = np.zeros_like(matrix)
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(n_groups + 1))
    for group in range(n_groups):
        modes = order[starts[group] : starts[group + 1]]
        rows = mode_indices(modes, n_modes)
        block = matrix[np.ix_(rows, rows)]
        values[modes], transform[np.ix_(rows, rows)] = _williamson_block(block)
    return values, transform


def _williamson_block(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    half = len(matrix) // 2
    if not np.any(matrix[:half, half:]):
        return _williamson_uncoupled(matrix[:half, :half], matrix[half:, half:])
    factor = _cholesky(matrix)
    skew = factor.T @ apply_form(factor)
    # i K is Hermitian with eigenvalues +-nu; K (Re v) = nu Im v and K (Im v) = -nu Re v for each +nu.
    eigenvalues, vectors = np.linalg.eigh(1j * skew)
    nu, positive = eigenvalues[half:], vectors[:, half:]
    rotation = np.sqrt(2.0) * np.concatenate([positive.imag, positive.real], axis=1)
    scale = np.concatenate([nu, nu]) ** -0.5
    return nu, np.asarray(factor @ rotation * scale)


def _williamson_uncoupled(x_block: FloatArray, p_block: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Decompose diag(A_x, A_p): with A_x = X X^T and A_p = P P^T, the nu are the singular values of X^T P = U nu V^T.

    The Jacobi method gives every nu and its vectors to full relative accuracy, where eigenvalues nu^2 would lose the slow
    modes of a bath whose frequencies span many decades (Demmel et al., Linear Algebra Appl. 299, 21 (1999)).
    """
    x_factor, p_factor = _cholesky(x_block), _cholesky(p_block)
    # joba = 2 is LAPACK's "F": relative accuracy also for a graded matrix.
    values, left, right, work, _, info = scipy.linalg.lapack.dgejsv(x_factor.T @ p_factor, joba=2, jobu=0, jobv=0)
    if info != 0:
        raise StateError(f"The normal modes of a matrix of {len(x_block)} modes were not found: LAPACK's dgejsv returned {info}.")
    nu = values[::-1] * (work[0] / work[1])
    s_x, s_p = x_factor @ left[:, ::-1] / np.sqrt(nu), p_factor @ right[:, ::-1] / np.sqrt(nu)
    zero = np.zeros_like(x_block)
    return nu, np.block([[s_x, zero], [zero, s_p]])


def _skew(covariance: FloatArray) -> FloatArray:
    factor = _cholesky(covariance)
    return np.asarray(factor.T @ apply_form(factor))


def _cholesky(matrix: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        lowest = float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[0])
        raise StateError(f"The matrix must be positive definite, but its lowest eigenvalue is {lowest:.6g}.") from None
