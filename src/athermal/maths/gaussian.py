"""Gaussian states of bosons: entropy, thermal and Gibbs states, physicality, largest correlations.

Covariance sigma = <{r, r}>/2 - <r><r>, vacuum 1/2. A covariance is physical iff sigma + i Omega / 2 >= 0.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray
from athermal.errors import StateError
from athermal.maths.symplectic import symplectic_eigenvalues, symplectic_form


def mode_entropy(excess: FloatArray) -> FloatArray:
    """Return the entropy f(nu) of a mode with symplectic eigenvalue nu = 1/2 + excess.

    f(nu) = (nu + 1/2) ln(nu + 1/2) - (nu - 1/2) ln(nu - 1/2), written as ln(1 + n) + n ln(1 + 1/n) with n = excess,
    which loses no digits for a nearly pure or for a hot mode (`log_one_plus_inverse`).

    Examples
    --------
    >>> float(mode_entropy(np.array([0.0]))[0])
    0.0
    """
    n = np.asarray(excess, dtype=float)
    occupied = n > 0.0
    safe = np.where(occupied, n, 1.0)
    return np.asarray(np.where(occupied, np.log1p(safe) + safe * log_one_plus_inverse(safe), 0.0))


def log_one_plus_inverse(n: FloatArray) -> FloatArray:
    """Return ln(1 + 1/n) for n >= 0, infinite at zero.

    For a hot mode ln(1 + n) - ln n would cancel; for a nearly pure one 1/n could overflow.
    """
    hot = n >= 1.0
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(hot, np.log1p(1.0 / np.where(hot, n, 1.0)), np.log1p(n) - np.log(n)))


def excess(values: FloatArray, scale: float, defect: float = 0.0) -> FloatArray:
    """Return nu - 1/2 of computed symplectic eigenvalues, or raise `StateError` if one is unphysical.

    A value below 1/2 by no more than the rounding of its computation (some `N eps` times the scale of the covariance)
    is a pure mode, and its excess is zero; a value further below is an unphysical state. `defect` is by how much the
    propagators that made the covariance are known to miss U Omega U^T = Omega.
    """
    allowance = max(len(values), 8) * (8.0 * np.finfo(float).eps + defect) * max(scale, 1.0)
    below = 0.5 - float(np.min(values, initial=np.inf))
    if below > allowance:
        raise StateError(
            f"A symplectic eigenvalue must be at least 1/2, but the smallest is 1/2 - {below:.3g}: "
            "the covariance violates the uncertainty relation sigma + i Omega/2 >= 0."
        )
    return np.asarray(np.maximum(values - 0.5, 0.0))


def entropy(covariance: FloatArray, defect: float = 0.0) -> float:
    """Return the von Neumann entropy S = sum_k f(nu_k) of a Gaussian state, in nats.

    Parameters
    ----------
    covariance : (2N, 2N) array
    defect : float
        How far the propagators that made it are known to be from symplectic.

    Raises
    ------
    StateError
        If the covariance is not that of a quantum state.

    References
    ----------
    Holevo, Sohma, Hirota, Phys. Rev. A 59, 1820 (1999).

    Examples
    --------
    >>> round(entropy(np.eye(2)), 6)
    0.954771
    """
    if len(covariance) == 0:
        return 0.0
    values = symplectic_eigenvalues(covariance)
    scale = float(np.max(np.abs(np.diag(covariance))))
    return float(np.sum(mode_entropy(excess(values, scale, defect))))


def thermal_excess(frequency: FloatArray, temperature: float) -> FloatArray:
    """Return the mean occupation n = 1/(e^{w/T} - 1) = nu - 1/2 of a thermal mode; none at T = 0."""
    if temperature == 0.0:
        return np.zeros(np.shape(frequency))
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / np.expm1(np.asarray(frequency, dtype=float) / temperature))


def log_partition(frequencies: FloatArray, temperature: float) -> float:
    """Return ln Z = sum_k [-w_k/2T - ln(1 - e^{-w_k/T})] of harmonic modes; at T = 0 the limit of ln Z + E_0/T, zero.

    Examples
    --------
    >>> round(log_partition(np.array([1.0]), 1.0), 6)
    -0.041325
    """
    if temperature == 0.0:
        return 0.0
    ratio = np.asarray(frequencies, dtype=float) / temperature
    # ln(1 - e^-u), without cancellation for a hot mode (u << 1) or a cold one.
    hot = ratio < np.log(2.0)
    depletion = np.where(hot, np.log(-np.expm1(-np.where(hot, ratio, 1.0))), np.log1p(-np.exp(-np.where(hot, 1.0, ratio))))
    return float(np.sum(-0.5 * ratio - depletion))


def logarithmic_negativity(covariance: FloatArray, first: int) -> float:
    """Return E_N = sum_k max(0, -ln 2 nu_k) in nats, nu_k the symplectic eigenvalues of the partially transposed covariance.

    Of one mode against any number it is zero iff the state is separable.

    Parameters
    ----------
    covariance : (2N, 2N) array
    first : int
        How many of the modes, the first ones, are on the side that is not transposed.

    References
    ----------
    G. Vidal, R. F. Werner, Phys. Rev. A 65, 032314 (2002); G. Adesso, A. Serafini, F. Illuminati, Phys. Rev. A 70, 022318 (2004).

    Examples
    --------
    >>> c, s = 0.5 * np.cosh(1.0), 0.5 * np.sinh(1.0)  # two-mode squeezed vacuum, r = 1/2: E_N = 2 r
    >>> x, p = np.array([[c, s], [s, c]]), np.array([[c, -s], [-s, c]])
    >>> round(logarithmic_negativity(np.block([[x, np.zeros((2, 2))], [np.zeros((2, 2)), p]]), 1), 12)
    1.0
    """
    half = len(covariance) // 2
    sign = np.ones(2 * half)
    sign[half + first :] = -1.0
    values = 2.0 * symplectic_eigenvalues(sign[:, None] * covariance * sign)
    rounding = 64.0 * half * float(np.finfo(float).eps) * max(1.0, float(np.max(np.diag(covariance))))
    return float(-np.sum(np.log(values[values < 1.0 - rounding]))) + 0.0


def gaussian_ergotropy(mean: FloatArray, covariance: FloatArray, form: FloatArray, force: FloatArray) -> float:
    """Return the largest work that Gaussian unitaries can draw from a state; NaN if H = r^T h r/2 + f . r has no least energy.

    <H> - sum_k w_k nu_k - min H, with the frequencies w_k of h falling and the symplectic eigenvalues nu_k rising: the energy of
    displacement and of squeezing, and what modes of higher frequency hold more of than those of lower. Of one mode it is the
    ergotropy: the state nearest in energy with the same spectrum is the thermal one of the same nu.

    References
    ----------
    A. E. Allahverdyan, R. Balian, T. M. Nieuwenhuizen, Europhys. Lett. 67, 565 (2004); E. G. Brown, N. Friis, M. Huber, New J.
    Phys. 18, 113028 (2016).

    Examples
    --------
    >>> round(gaussian_ergotropy(np.array([2.0, 0.0]), 0.5 * np.eye(2), np.eye(2), np.zeros(2)), 12)
    2.0
    """
    try:
        frequencies = symplectic_eigenvalues(form)
    except StateError:
        return float("nan")
    moved = mean + np.linalg.solve(form, force)
    energy = 0.5 * float(np.vdot(form, covariance)) + 0.5 * float(moved @ form @ moved)
    least = float(np.sort(frequencies)[::-1] @ np.sort(symplectic_eigenvalues(covariance)))
    return energy - least


def is_physical(covariance: FloatArray) -> bool:
    """Tell whether sigma + i Omega/2 >= 0 up to rounding.

    Examples
    --------
    >>> is_physical(np.eye(2)), is_physical(0.4 * np.eye(2))
    (True, False)
    """
    try:
        entropy(covariance)
    except StateError:
        return False
    return True


def squeezing(r: float, angle: float = 0.0) -> FloatArray:
    """Return the symplectic matrix of one-mode squeezing: x shrinks by e^-r, p grows by e^r at `angle` = 0.

    Examples
    --------
    >>> squeezing(0.0)
    array([[1., 0.],
           [0., 1.]])
    """
    c, s = np.cos(0.5 * angle), np.sin(0.5 * angle)
    rotation = np.array([[c, -s], [s, c]])
    return np.asarray(rotation @ np.diag([np.exp(-r), np.exp(r)]) @ rotation.T)


def largest_correlation(covariance: FloatArray, pattern: FloatArray) -> float:
    """Return the largest c for which sigma + c X is a quantum state.

    With P = sigma + i Omega/2 >= 0 and an off-diagonal pattern X, sigma + c X + i Omega/2 >= 0 iff
    1 + c P^{-1/2} X P^{-1/2} >= 0, so c = -1 / lambda_min(P^{-1/2} X P^{-1/2}). For two modes with symplectic
    eigenvalues nu_a, nu_b this is sqrt((nu_a + nu_b)^2 - (1 + |nu_a - nu_b|)^2)/2 for a two-mode-squeezing pattern and
    sqrt((nu_a - 1/2)(nu_b - 1/2)) for an exchange pattern.

    Parameters
    ----------
    covariance : (2N, 2N) array
        A physical covariance.
    pattern : (2N, 2N) array
        Symmetric, zero on the blocks that must keep their marginals.

    Returns
    -------
    float
        Zero if a part that the pattern touches is pure.

    Examples
    --------
    >>> sigma = 0.75 * np.eye(4)
    >>> exchange = np.kron(np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> round(largest_correlation(sigma, exchange), 12)
    0.25
    """
    positive: ComplexArray = covariance + 0.5j * symplectic_form(len(covariance) // 2)
    values, vectors = np.linalg.eigh(positive)
    rounding = len(values) * np.finfo(float).eps * float(values[-1])
    kept = values > rounding
    # A direction in the kernel of P has no room at all: X must not touch it.
    kernel = vectors[:, ~kept]
    if kernel.size and float(np.max(np.abs(pattern @ kernel))) > np.sqrt(np.finfo(float).eps):
        return 0.0
    root = vectors[:, kept] / np.sqrt(values[kept])
    lowest = float(scipy.linalg.eigvalsh(root.conj().T @ pattern @ root)[0])
    return -1.0 / lowest if lowest < 0.0 else float("inf")
