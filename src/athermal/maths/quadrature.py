"""A quadrature rule for a density seen through a window of time: few nodes w_k that stand for integral f(w) e^{iwt} dw."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import roots_jacobi, roots_legendre

from athermal._types import FloatArray
from athermal.errors import ConvergenceError

# Panels narrower than this, relative to their frequency, are not halved again.
_NARROWEST = 1e-13
# Legendre coefficients of the highest degrees that must have died out.
_TAIL = 3
_MOST_PANELS = 2_000
# Points of the band at which the polynomials are checked, at equal distances and so between the nodes, and by how much of the
# allowed error they may be off there: the coefficients left out add up.
_CHECKS = 4096
_SLACK = 16.0
# Panels at singular ends cover this phase: beyond it nodes are spread more evenly.
_END_PHASE = 20.0
# Where the exponents of the ends are read off, relative to the band; distances from zero have no rounding.
_CLOSE = 1e-7
_CLOSE_TO_ZERO = 1e-13
_SNAP = 12.0

Functions = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Panel:
    """A stretch on which f(w)/[(w - low)^left (high - w)^right] is a polynomial of some degree."""

    low: float
    high: float
    left: float
    right: float
    degree: int


def windowed_rule(
    functions: Functions,
    low: float,
    high: float,
    duration: float,
    *,
    fit: float,
    tolerance: float,
    degree: int,
    landmarks: Sequence[float] = (),
    extra: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights that integrate some functions times e^{iwt}, |t| <= duration.

    The band is halved into panels on which the functions are polynomials; algebraic ends, (w - low)^a or (high - w)^b, go into
    the weight of Gauss and Jacobi. On a panel of half-width h the phase z = h x duration makes the integrand a polynomial of
    degree z + x (z/2)^{1/3}, up to Airy's tail Ai(x) ~ tolerance, which Gauss's rule integrates exactly with half as many nodes.
    Where that needs fewer nodes they are spread evenly by xi -> arcsin(alpha xi)/arcsin(alpha): nearly z/pi, the Nyquist rate.

    Parameters
    ----------
    functions : callable
        (K,) -> (q, K); the exponents of the ends are those of the last one.
    low, high, duration : float
    fit : float
        Error of the polynomials, relative to the integral of each function.
    tolerance : float
        Of the rule for e^{iwt}.
    degree : int
        The highest that is tried.
    landmarks : sequence of float
        Peaks and kinks, at which panels begin.
    extra : int
        By how many nodes each panel has more than it needs: so that a rule differs from another on all of them.

    References
    ----------
    Kosloff, Tal-Ezer, J. Comput. Phys. 104, 457 (1993); Hale, Trefethen, SIAM J. Numer. Anal. 46, 930 (2008).

    Examples
    --------
    >>> nodes, weights = windowed_rule(lambda w: np.ones((1, len(w))), 0.0, 1.0, 20.0, fit=1e-12, tolerance=1e-10, degree=20)
    >>> exact = (np.exp(20j) - 1.0) / 20j
    >>> bool(abs(weights @ np.exp(20j * nodes) - exact) < 1e-10)
    True
    """
    nodes, weights = [], []
    for panel in panels(functions, low, high, duration, fit, degree, landmarks):
        middle, half = 0.5 * (panel.low + panel.high), 0.5 * (panel.high - panel.low)
        x, w = _reference_rule(half * duration, tolerance, panel, extra)
        nodes.append(middle + half * x)
        weights.append(half * w)
    return np.concatenate(nodes), np.concatenate(weights)


def panels(
    functions: Functions, low: float, high: float, duration: float, fit: float, degree: int, landmarks: Sequence[float] = ()
) -> list[Panel]:
    """Return panels, halved until the last Legendre coefficients are negligible, or the panel's share of every integral is.

    The polynomials are checked at some thousand points more: peaks narrower than that are seen only if their feet are.

    Examples
    --------
    >>> panels(lambda w: (1.0 + w**3)[None], 0.0, 4.0, 1.0, 1e-10, 20)
    [Panel(low=0.0, high=4.0, left=0.0, right=0.0, degree=3)]
    """
    x, weights = np.polynomial.legendre.leggauss(degree)
    to_series = (np.arange(degree)[:, None] + 0.5) * np.polynomial.legendre.legvander(x, degree - 1).T * weights
    left, right = _end_exponent(functions, low, high), _end_exponent(functions, high, low)
    pending, done = _first_panels(low, high, duration, left, right, landmarks), list[Panel]()
    total: FloatArray | None = None
    while len(pending):
        middle, half = pending.mean(axis=1), 0.5 * np.diff(pending, axis=1)[:, 0]
        w = middle[:, None] + half[:, None] * x
        values = functions(w.ravel())
        values = values.reshape(len(values), len(pending), degree)
        masses = np.abs(values) @ weights * half
        total = masses.sum(axis=1) if total is None else np.maximum(total, masses.sum(axis=1))
        allowed = fit * np.maximum(total, 1e-300)[:, None]
        lefts, rights = np.where(pending[:, 0] == low, left, 0.0), np.where(pending[:, 1] == high, right, 0.0)
        values = values * (1.0 + x) ** -lefts[:, None] * (1.0 - x) ** -rights[:, None]
        series = values @ to_series.T
        seen = np.any(np.abs(series) * half[:, None] > allowed[:, :, None], axis=0)
        degrees = np.max(np.where(seen, np.arange(degree), 0), axis=1)
        good = (degrees < degree - _TAIL) | np.all(masses <= allowed, axis=0) | (half <= _NARROWEST * np.abs(middle))
        for k in np.flatnonzero(good & (half > _NARROWEST * np.abs(middle))):
            missed = _missed(functions, pending[k], lefts[k], rights[k], series[:, k], high - low)
            good[k] = bool(np.all(missed <= _SLACK * allowed[:, 0]))
        if len(done) + len(pending) > _MOST_PANELS:
            raise ConvergenceError(
                f"A function must be resolved by at most {_MOST_PANELS} panels, but near w = {middle[-1]:.6g} still is not: it "
                "has too much structure. Smooth it."
            )
        chosen = np.flatnonzero(good)
        for k in chosen:
            (a, b), exponents = pending[k].tolist(), (float(lefts[k]), float(rights[k]))
            done.append(Panel(a, b, *exponents, int(degrees[k])))
        rest, centre = pending[~good], middle[~good]
        pending = np.concatenate([np.stack([rest[:, 0], centre], 1), np.stack([centre, rest[:, 1]], 1)])
    return sorted(done, key=lambda panel: panel.low)


def _missed(functions: Functions, panel: FloatArray, left: float, right: float, series: FloatArray, band: float) -> FloatArray:
    """Return the integral of |f - its polynomial| over a panel, from points at equal distances."""
    low, high = panel
    n = max(8, math.ceil(_CHECKS * (high - low) / band))
    x = (2.0 * np.arange(n) + 1.0) / n - 1.0
    weight = (1.0 + x) ** left * (1.0 - x) ** right
    off = functions(0.5 * (low + high) + 0.5 * (high - low) * x) - weight * np.polynomial.legendre.legval(x, series.T)
    return np.asarray(np.mean(np.abs(off), axis=1) * (high - low))


def _first_panels(low: float, high: float, duration: float, left: float, right: float, landmarks: Sequence[float]) -> FloatArray:
    """Return panels between the landmarks, and short ones at singular ends."""
    short = min(0.25 * (high - low), 2.0 * _END_PHASE / max(duration, 1e-300))
    inner = {*([low + short] if left else []), *([high - short] if right else []), *landmarks}
    edges = [low, *sorted(mark for mark in inner if low < mark < high), high]
    return np.stack([edges[:-1], edges[1:]], axis=1)


def _end_exponent(functions: Functions, end: float, other: float) -> float:
    """Return a of f ~ |w - end|^a if that is singular and integrable, else zero."""
    distances = (other - end) * (_CLOSE if end else _CLOSE_TO_ZERO) * np.array([1.0, 0.1])
    near, nearer = functions(end + distances)[-1]
    if near <= 0.0 or nearer <= 0.0:
        return 0.0
    exponent = math.log10(near / nearer)
    snapped = round(exponent * _SNAP) / _SNAP
    exponent = snapped if abs(exponent - snapped) < 1e-4 else exponent
    is_smooth = exponent >= 0.0 and abs(exponent - round(exponent)) < 1e-4
    return 0.0 if is_smooth or exponent <= -1.0 or exponent > 3.0 else exponent


def _reference_rule(phase: float, tolerance: float, panel: Panel, extra: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [-1, 1] for the functions of a panel times e^{izx}, |z| <= phase."""
    digits = math.log(1.0 / tolerance)
    airy = (1.5 * digits) ** (2.0 / 3.0)
    # The coefficients of a panel's polynomial fall off: its last ones meet a phase that needs no more than a few.
    more = max(panel.degree / 4.0, 0.5 * panel.degree - 0.25 * phase) + extra
    plain = math.ceil(0.5 * (phase + airy * (max(phase, 2.0) / 2.0) ** (1.0 / 3.0)) + more)
    if panel.left or panel.right:
        x, w = roots_jacobi(plain, panel.right, panel.left)
        return np.asarray(x), np.asarray(w * (1.0 - x) ** -panel.right * (1.0 + x) ** -panel.left)
    # z/pi, and what the map falls short of even spacing (measured from 1e-5 to 1e-12).
    even = math.ceil(phase / math.pi + 0.5 * math.sqrt(digits * phase) + 0.35 * digits + more)
    if plain <= even:
        x, w = roots_legendre(plain)
        return np.asarray(x), np.asarray(w)
    xi, w = roots_legendre(even)
    stretch = tolerance ** (-1.0 / even)
    alpha = 2.0 / (stretch + 1.0 / stretch)
    full = math.asin(alpha)
    return np.arcsin(alpha * xi) / full, w * alpha / np.sqrt(1.0 - (alpha * xi) ** 2) / full
