"""Information measures of Gaussian states: mutual information, relative entropy."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from athermal._types import FloatArray, IntArray
from athermal.maths.gaussian import entropy, excess, log_one_plus_inverse, mode_entropy
from athermal.maths.symplectic import apply_form, mode_indices, symplectic_inverse, williamson

# y = (1 - u^p)/2 grades the nodes towards y = 1/2, where nearly pure modes put a logarithmic singularity. With p = 6 and
# 64 nodes the rule integrates ln(1/2 - y) to 1e-13.
_GRADING = 6
_NODES = 64


def _integration_rule() -> tuple[FloatArray, FloatArray]:
    """Return (1/2 - y, weights) of a rule for integral_0^{1/2} dy."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = 0.5 * (nodes + 1.0)
    gap = 0.5 * u**_GRADING
    return gap, 0.25 * weights * _GRADING * u ** (_GRADING - 1)


def mutual_information(covariance: FloatArray, modes: IntArray) -> float:
    """Return I = S(A) + S(B) - S(AB) between `modes` and all other modes, in nats.

    Examples
    --------
    >>> mutual_information(np.eye(4), np.array([0]))
    0.0
    """
    n_modes = len(covariance) // 2
    rest = np.setdiff1d(np.arange(n_modes), modes)
    rows, others = mode_indices(modes, n_modes), mode_indices(rest, n_modes)
    total = entropy(covariance)
    return entropy(covariance[np.ix_(rows, rows)]) + entropy(covariance[np.ix_(others, others)]) - total


def mutual_information_of_rows(rows: FloatArray, mode_excess: FloatArray, defect: float = 0.0) -> float:
    """Return I between a few modes and all the others from the rows of a symplectic factor, at a cost linear in N.

    For sigma = S diag(nu, nu) S^T with S symplectic,

        I = S(A) - a + integral_0^{1/2} ln det(((sigma + i y Omega)^{-1})_AA) dy,

    where (sigma + i y Omega)^{-1} = S^{-T} (nu + i y Omega)^{-1} S^{-1} needs only the rows A of S^{-T} = -Omega S Omega.
    It follows from S(sigma) = N + integral_0^{1/2} ln det(sigma + i y Omega) dy and the Schur complement.

    Parameters
    ----------
    rows : (2a, 2N) array
        The rows (x's, then p's) of S that belong to the few modes A.
    mode_excess : (N,) array
        nu_k - 1/2.
    defect : float
        How far S is known to be from symplectic.

    Returns
    -------
    float
        In nats.

    Examples
    --------
    >>> mutual_information_of_rows(np.eye(4)[[0, 2]], np.array([0.5, 0.5])) < 1e-12
    True
    """
    n_few, n_modes = len(rows) // 2, rows.shape[1] // 2
    nu = mode_excess + 0.5
    few = entropy((rows * np.concatenate([nu, nu])) @ rows.T, defect)
    # In the amplitudes (x -+ i p)/sqrt2 the middle factor is diagonal, 1/(nu -+ y); conjugating by Omega leaves the
    # determinant alone. Columns are sorted by weight so that the QR factors of the graded matrix keep their digits.
    order = np.argsort(mode_excess)
    amplitude = ((rows[:, :n_modes] + 1j * rows[:, n_modes:]) / np.sqrt(2.0))[:, order]
    columns = np.concatenate([amplitude, amplitude.conj()], axis=1)
    gap, weights = _integration_rule()
    total = few - n_few
    for distance, weight in zip(gap, weights, strict=True):
        near = mode_excess[order] + distance  # nu - y, without cancellation
        far = nu[order] + 0.5 - distance
        graded = columns / np.sqrt(np.concatenate([near, far]))
        (triangle, *_) = scipy.linalg.qr(graded.conj().T, mode="r", pivoting=True)
        total += float(weight) * 2.0 * float(np.sum(np.log(np.abs(np.diag(triangle)))))
    return total


def relative_entropy(
    mean: FloatArray, covariance: FloatArray, reference_mean: FloatArray, reference_covariance: FloatArray
) -> float:
    """Return D(rho || rho') = Tr rho (ln rho - ln rho') of two Gaussian states, in nats.

    With sigma' = S diag(nu, nu) S^T, ln rho' = -(r - m')^T G (r - m')/2 - ln Z', G = S^{-T} diag(e, e) S^{-1},
    e_k = ln((nu_k + 1/2)/(nu_k - 1/2)), ln Z' = sum_k [ln(nu_k + 1/2) + ln(nu_k - 1/2)]/2.

    Returns
    -------
    float
        Infinite if the support of rho is not inside that of rho'.

    References
    ----------
    Seshadreesan, Lami, Wilde, J. Math. Phys. 59, 072204 (2018).

    Examples
    --------
    >>> relative_entropy(np.zeros(2), np.eye(2), np.zeros(2), np.eye(2)) < 1e-14
    True
    """
    nu, transform = williamson(reference_covariance)
    scale = float(np.max(np.abs(np.diag(reference_covariance))))
    n = excess(nu, scale)
    # An excess within the rounding of nu is that of a pure mode: its logarithm would mean nothing.
    n = np.where(n <= 4.0 * np.finfo(float).eps * max(scale, 1.0), 0.0, n)
    inverse = symplectic_inverse(transform)
    offset = inverse @ (mean - reference_mean)
    second = inverse @ covariance @ inverse.T + np.outer(offset, offset)
    half = len(nu)
    # <nu'-number of the reference's normal modes>, in the state.
    number = 0.5 * (np.diag(second)[:half] + np.diag(second)[half:]) - 0.5
    # The state's own occupation beyond the vacuum of a pure reference mode violates the support.
    tolerance = 64.0 * half * np.finfo(float).eps * float(np.max(np.abs(covariance)))
    if np.any((n == 0.0) & (number > tolerance)):
        return float("inf")
    # -Tr rho ln rho' = sum_k [ln(1 + n) + number (ln(1 + n) - ln n)]
    safe = np.where(n > 0.0, n, 1.0)
    cross = np.where(n > 0.0, np.log1p(safe) + number * log_one_plus_inverse(safe), 0.0)
    return float(np.sum(cross)) - entropy(covariance)


def skew_products(factor: FloatArray) -> FloatArray:
    """Return M_k^T Omega M_{N+k} for the column pairs of a (2N, 2N) factor M, shape (N,).

    For M = S diag(nu, nu)^{1/2} with S symplectic this is nu_k exactly; for a slightly non-symplectic S it is the
    symplectic eigenvalue of M M^T to first order, so it tells how far an evolution has changed the entropy of the whole.
    """
    n_modes = factor.shape[1] // 2
    return np.asarray(np.einsum("ik,ik->k", factor[:, :n_modes], apply_form(factor[:, n_modes:])))


def total_entropy(mode_excess: FloatArray) -> float:
    """Return sum_k f(1/2 + excess_k)."""
    return float(np.sum(mode_entropy(mode_excess)))
