"""Entropies of many-mode Gaussian states from a few rows or a low-rank change, at a cost linear in the number of modes."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray
from athermal.errors import StateError
from athermal.maths.gaussian import entropy
from athermal.maths.information import _integration_rule

# Beyond this many nodes the graded rule is cheaper than the plain one.
_PLAIN_LIMIT = 40
_DIGITS = 40.0  # ln of 1e17
_CHUNK = 1 << 21
# Over the last 1e-10 before y = 1/2, ln det may stand for its value there: the integral then misses some 1e-10.
_WEIGHTLESS = 1e-10

LowRankTerm = tuple[ComplexArray, FloatArray]


def integration_rule(least_excess: float) -> tuple[FloatArray, FloatArray]:
    """Return (1/2 - y, weights) for integral_0^{1/2} ln det(sigma + i y Omega) dy, when no nu is below 1/2 + least_excess.

    The integrand is even in y and analytic up to y = +-nu_min, so that the Gauss rule on [-1/2, 1/2] with 2n nodes converges
    as rho^{-4n}, rho = 2 nu_min + (4 nu_min^2 - 1)^{1/2}; near a pure state a graded rule takes over.
    """
    twice = 1.0 + 2.0 * least_excess
    rho = twice + np.sqrt(twice**2 - 1.0)
    n = int(np.ceil(_DIGITS / (4.0 * np.log(rho)))) + 2 if rho > 1.0 + 1e-6 else _PLAIN_LIMIT + 1
    if n > _PLAIN_LIMIT:
        return _integration_rule()
    nodes, weights = np.polynomial.legendre.leggauss(2 * n)
    return 0.5 - 0.5 * nodes[n:], 0.5 * weights[n:]


def mutual_information_of_amplitudes(
    amplitudes: ComplexArray, mode_excess: FloatArray, defect: float = 0.0, shared: LowRankTerm | None = None
) -> float:
    """Return I between a few modes and all others; as `mutual_information_of_rows`, with sums over modes in place of QR.

    The rows are written a_x + i a_p. ln det of the small Gram matrices loses eps nu_max / (1/2 - y) digits, which the weights
    of the graded rule make up for; where even the Cholesky factor is lost, the QR factors of the graded rows take over, or with
    a low-rank term the value at the node before: so close to y = 1/2 it weighs next to nothing.

    Parameters
    ----------
    amplitudes : (2a, N) complex array
        Rows of S.
    mode_excess : (N,) array
    defect : float
    shared : (vectors, core), optional
        W as rows (m, N), and J, if sigma = S [diag(nu, nu) + W^T J W] S^T.

    Examples
    --------
    >>> rows = np.array([[1.0, 0.0], [1.0j, 0.0]])
    >>> mutual_information_of_amplitudes(rows, np.array([0.5, 0.5])) < 1e-12
    True
    """
    n_rows = len(amplitudes)
    few = (amplitudes * (mode_excess + 0.5)) @ amplitudes.conj().T
    stacked, least = amplitudes, float(np.min(mode_excess))
    if shared is not None:
        vectors, core = shared
        overlap = (amplitudes @ vectors.conj().T).real
        few = few + overlap @ core @ overlap.T
        # The rows of S^-T are those of S between two forms Omega, -i in this writing.
        stacked, least = np.concatenate([amplitudes, -1j * vectors]), 0.0
    gaps, weights = integration_rule(least)
    total = entropy(np.ascontiguousarray(few.real), defect) - n_rows // 2
    products, value = resolvent_products(stacked, mode_excess, gaps), 0.0
    for k in np.argsort(-gaps):
        matrix, gap = products[k], float(gaps[k])
        own = matrix[:n_rows, :n_rows]
        if shared is not None:
            across, among = matrix[:n_rows, n_rows:], matrix[n_rows:, n_rows:]
            reduced = core @ np.linalg.solve(np.eye(len(core)) + among @ core, across.conj().T)
            own = own - across @ reduced
        try:
            factor = np.linalg.cholesky(own)
        except np.linalg.LinAlgError:
            if shared is None:
                value = _graded_log_determinant(amplitudes, mode_excess, gap)
            elif gap > _WEIGHTLESS:
                raise StateError(
                    f"The correlations of a state must satisfy sigma + i Omega/2 >= 0, but at y = 1/2 - {gap:.1e} it is not "
                    "positive among the subsystems: the covariance has lost its digits."
                ) from None
        else:
            value = 2.0 * float(np.sum(np.log(np.diag(factor).real)))
        total += float(weights[k]) * value
    return total


def resolvent_products(amplitudes: ComplexArray, mode_excess: FloatArray, gaps: FloatArray) -> ComplexArray:
    """Return a_k^T (nu + i y Omega)^{-1} a_l of rows a, or its conjugate, at y = 1/2 - gap, shape (gaps, k, l)."""
    n_rows, n_modes = amplitudes.shape
    near, far = np.zeros((len(gaps), n_rows**2), complex), np.zeros((len(gaps), n_rows**2), complex)
    step = max(1, _CHUNK // len(gaps))
    for first in range(0, n_modes, step):
        part = amplitudes[:, first : first + step]
        products = (part[:, None] * part.conj()[None]).reshape(n_rows**2, -1).T
        own = mode_excess[first : first + step]
        near += (1.0 / (own + gaps[:, None])) @ products
        far += (1.0 / (own + 1.0 - gaps[:, None])) @ products.conj()
    return np.asarray((0.5 * (near + far)).reshape(-1, n_rows, n_rows))


def largest_low_rank_correlation(mode_excess: FloatArray, vectors: ComplexArray, core: FloatArray) -> float:
    """Return the largest c for which diag(nu, nu) + c W^T J W is a quantum state; cf. `largest_correlation`.

    With P = nu + i Omega/2 it is -1/lambda_min of J W P^{-1} W^T, zero if W touches a mode that is pure within rounding.

    Examples
    --------
    >>> vectors = np.array([[1.0, 0.0], [1.0j, 0.0], [0.0, 1.0], [0.0, 1.0j]])
    >>> exchange = np.kron(np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2))
    >>> round(largest_low_rank_correlation(np.array([0.25, 0.25]), vectors, exchange), 12)
    0.25
    """
    touched = np.any(vectors != 0.0, axis=0)
    if np.any(mode_excess[touched] <= 0.0):
        return 0.0
    # The eigenvalues of P are nu - 1/2 and nu + 1/2. Where the smaller is rounding the mode is as good as pure.
    highest = float(np.max(mode_excess[touched], initial=0.0)) + 1.0
    pure = touched & (mode_excess <= 2 * np.sum(touched) * np.finfo(float).eps * highest)
    columns = np.concatenate([vectors[:, pure], vectors[:, pure].conj()], axis=1)
    reach = float(np.max(np.abs((core @ columns).T @ vectors), initial=0.0))
    if reach > np.sqrt(np.finfo(float).eps):
        return 0.0
    inside = resolvent_products(vectors[:, touched], mode_excess[touched], np.zeros(1))[0]
    # The eigenvalues of J G are those of the Hermitian L^dag J L, G = L L^dag.
    values, turn = np.linalg.eigh(inside)
    root = turn * np.sqrt(np.maximum(values, 0.0))
    lowest = float(np.linalg.eigvalsh(root.conj().T @ core @ root)[0])
    return -1.0 / lowest if lowest < 0.0 else float("inf")


def entropy_change_of_low_rank(excess: FloatArray, vectors: FloatArray, core: FloatArray, least_excess: float) -> float:
    """Return S(diag(nu, nu) + W J W^T) - S(diag(nu, nu)) by the matrix determinant lemma.

    S' - S = integral_0^{1/2} ln det(1 + J W^T (nu + i y Omega)^{-1} W) dy.

    Parameters
    ----------
    excess : (n,) array
        nu_k - 1/2.
    vectors : (2n, m) array
        W.
    core : (m, m) array
        J, symmetric.
    least_excess : float
        A bound from below for nu - 1/2 of the changed state too.

    Examples
    --------
    >>> change = entropy_change_of_low_rank(np.array([0.5]), np.eye(2), 0.25 * np.eye(2), 0.5)
    >>> from athermal.maths.gaussian import mode_entropy
    >>> abs(change - float(mode_entropy(np.array(0.75)) - mode_entropy(np.array(0.5)))) < 1e-13
    True
    """
    half = len(excess)
    x, p = vectors[:half], vectors[half:]
    total, value, size = 0.0, 0.0, vectors.shape[1]
    gaps, weights = integration_rule(least_excess)
    for gap, weight in sorted(zip(gaps.tolist(), weights.tolist(), strict=True), reverse=True):
        y, nu = 0.5 - gap, excess + 0.5
        inverse = 1.0 / ((excess + gap) * (excess + 1.0 - gap))  # 1/(nu^2 - y^2)
        even, odd = nu * inverse, y * inverse
        symmetric = (x * even[:, None]).T @ x + (p * even[:, None]).T @ p
        mixed = (x * odd[:, None]).T @ p
        response = symmetric - 1j * (mixed - mixed.T)
        logarithm = float(np.linalg.slogdet(np.eye(size) + core @ response)[1])
        if np.isfinite(logarithm):
            value = logarithm
        elif gap > _WEIGHTLESS:
            raise StateError(
                f"The entropy of a bath follows from ln det(sigma + i y Omega), but at y = 1/2 - {gap:.1e} the determinant "
                "vanishes: nearly pure modes have lost their digits."
            )
        total += weight * value
    return total


def _graded_log_determinant(amplitudes: ComplexArray, mode_excess: FloatArray, gap: float) -> float:
    """Return ln det of A (nu + i y Omega)^{-1} A^T from pivoted QR of its graded factor; cf. `mutual_information_of_rows`."""
    order = np.argsort(mode_excess)
    sorted_rows, above = amplitudes[:, order] / np.sqrt(2.0), mode_excess[order]
    columns = np.concatenate([sorted_rows / np.sqrt(above + gap), sorted_rows.conj() / np.sqrt(above + 1.0 - gap)], axis=1)
    (triangle, *_) = scipy.linalg.qr(columns.conj().T, mode="r", pivoting=True)
    return 2.0 * float(np.sum(np.log(np.abs(np.diag(triangle)))))
