"""Cauchy transforms of densities, S(z) = integral G(w)/(z - w) dw: what a continuous bath answers at frequency z.

On the real axis, approached from above, Re S is the Hilbert transform of G (a level shift) and Im S = -pi G (half a rate).
All functions take complex arrays: a real frequency is z = w + 0j with a positive zero. Below the axis they return the first
sheet; the continuation through the support, S(z) - 2 pi i G(z), is left to the caller, who knows G there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
from scipy.special import exp1, gamma

from athermal._types import ComplexArray, FloatArray
from athermal.maths.legendre import DEGREE as _DEGREE
from athermal.maths.legendre import NARROWEST, refine, series_rule
from athermal.maths.tabulated import RealAxisTable

# Bernstein ellipse within which Legendre functions are summed; outside, a rule of twice as many nodes is exact to 1e-15.
_NEAR = 1.75
_ASYMPTOTIC = 40.0
# Panels this many times nearer to the lower end than z, or farther, are summed by moments: 4^-28 is 1e-17.
_APART, _TERMS = 4.0, 28
# Numbers of one array at most.
_AT_ONCE = 400_000
# A table is made when more real frequencies than this are asked for at once.
_FEW = 200


def flat(z: ComplexArray, value: float, low: float, high: float) -> ComplexArray:
    """Return the transform of a constant on [low, high]: value ln[(z - low)/(z - high)].

    Examples
    --------
    >>> complex(np.round(flat(np.array([1.5 + 0j]), 1.0, 1.0, 2.0), 6)[0])
    -3.141593j
    """
    return np.asarray(value * (_log(z - low) - _log(z - high)))


def linear(z: ComplexArray, slope: float, low: float, high: float) -> ComplexArray:
    """Return the transform of slope w on [low, high]."""
    logs = np.where(z == 0.0, 0.0, z) * flat(np.where(z == 0.0, 1j * high, z), 1.0, low, high)
    return np.asarray(slope * (low - high + logs))


def drude(z: ComplexArray, slope: float, cutoff: float, low: float, high: float) -> ComplexArray:
    """Return the transform of slope w/(1 + (w/cutoff)^2) on [low, high]; `high` may be infinite.

    By partial fractions, w/[(w^2 + D^2)(z - w)] = A [1/(z - w) + (w - D^2/z)/(w^2 + D^2)] with A = z/(z^2 + D^2).
    """
    pole = 1.0 / (z * z + cutoff**2)
    safe: ComplexArray = np.where(z == 0.0, 1j, z).astype(complex)
    if math.isinf(high):
        ends = _log(safe - low) - math.log(math.hypot(low, cutoff)) - 1j * math.pi * np.where(np.signbit(z.imag), -1.0, 1.0)
        angle = 0.5 * math.pi
    else:
        ends = _log(safe - low) - _log(safe - high) + math.log(math.hypot(high, cutoff) / math.hypot(low, cutoff))
        angle = math.atan(high / cutoff)
    angle -= math.atan(low / cutoff)
    return np.asarray(slope * cutoff**2 * pole * (z * ends - cutoff * angle))


def brownian(z: ComplexArray, strength: float, width: float, resonance: float, low: float, high: float) -> ComplexArray:
    """Return the transform of strength width w/[(w^2 - resonance^2)^2 + width^2 w^2] on [low, high]; `high` may be infinite.

    It is strength/(2 i v) times the difference of w/(w^2 + D^2) for D = width/2 -+ i v, v^2 = resonance^2 - width^2/4 not zero.
    """
    half = 0.5 * width
    own = complex(np.emath.sqrt((resonance - half) * (resonance + half)))
    one, two = (_lorentz(z, half + sign * 1j * own, low, high) for sign in (-1.0, 1.0))
    return np.asarray(strength / (2j * own) * (one - two))


def _lorentz(z: ComplexArray, pole: complex, low: float, high: float) -> ComplexArray:
    """Return the transform of w/(w^2 + D^2) for a complex D with a positive real part, as in `drude`."""
    safe: ComplexArray = np.where(z == 0.0, 1j, z).astype(complex)
    start = 0.5 * np.log(complex(low * low + pole * pole))
    if math.isinf(high):
        ends = _log(safe - low) - start - 1j * math.pi * np.where(np.signbit(z.imag), -1.0, 1.0)
        angle: complex = 0.5 * math.pi
    else:
        ends = _log(safe - low) - _log(safe - high) + 0.5 * np.log(complex(high * high + pole * pole)) - start
        angle = complex(np.arctan(high / pole))
    angle -= complex(np.arctan(low / pole))
    return np.asarray((z * ends - pole * angle) / (z * z + pole * pole))


def power_drude(z: ComplexArray, slope: float, cutoff: float, power: float) -> ComplexArray:
    """Return the transform of slope cutoff (w/cutoff)^power/(1 + (w/cutoff)^2) on [0, infinity), for 0 < power < 2, not 1.

    With y = z/cutoff, 1/[(1 + x^2)(y - x)] = [1/(y - x) + (x + y)/(1 + x^2)]/(1 + y^2), and the three integrals with x^s are
    Mellin transforms, pi (-y)^s/sin(pi s), -(pi/2)/sin(pi s/2) and (pi/2) y/cos(pi s/2), continued in s from -1 < s < 0.
    """
    y = np.asarray(z / cutoff)
    edge = np.where(y == 0.0, 0.0, np.exp(power * _log(-y)))
    rest = y / math.cos(0.5 * math.pi * power) - 1.0 / math.sin(0.5 * math.pi * power)
    return np.asarray(slope * cutoff * math.pi * (edge / math.sin(math.pi * power) + 0.5 * rest) / (1.0 + y * y))


def exponential(z: ComplexArray, slope: float, cutoff: float, power: int) -> ComplexArray:
    """Return the transform of slope cutoff (w/cutoff)^power e^(-w/cutoff) on [0, infinity), for a whole power >= 1.

    With y = z/cutoff, I_0 = -e^-y E_1(-y) and I_s = y I_(s-1) - Gamma(s); far out sum_k Gamma(s + 1 + k)/y^(k+1).
    """
    y = np.asarray(z / cutoff, dtype=complex)
    is_far = np.abs(y) > _ASYMPTOTIC
    result = np.empty(y.shape, dtype=complex)
    result[~is_far], result[is_far] = _exponential_near(y[~is_far], power), _exponential_far(y[is_far], power)
    return np.asarray(slope * cutoff * result)


def _exponential_near(y: ComplexArray, power: int) -> ComplexArray:
    near = np.where(y == 0.0, 1j, y)
    result = -np.exp(-near) * exp1(-near)
    for s in range(1, power + 1):
        result = near * result - gamma(s)
    return np.asarray(np.where(y == 0.0, -gamma(power), result))


def _exponential_far(y: ComplexArray, power: int) -> ComplexArray:
    # terms fall up to the (|y| - power)th, and those that are left out are below rounding
    nearest = float(np.min(np.abs(y), initial=np.inf))
    n_terms = 36 if nearest < 200.0 else 12
    total = np.zeros_like(y)
    for k in reversed(range(n_terms)):
        total = (total + gamma(power + 1 + k)) / y
    # the series sees no rate: it is pi G on the axis, below rounding of the sum but not of itself
    on_axis = (y.imag == 0.0) & (y.real > 0.0)
    total[on_axis] -= 1j * math.pi * y[on_axis] ** power * np.exp(-y[on_axis])
    return total


def _log(z: ComplexArray) -> ComplexArray:
    """Return the principal logarithm, a large finite number at zero (an integrable edge that a node may hit)."""
    return np.asarray(np.log(np.where(z == 0.0, 1e-300, z)))


class PiecewiseDensity:
    """Any density as Legendre series on panels, refined until they agree with it, and its Cauchy transform.

    Parameters
    ----------
    function : callable
        Real array -> real array.
    low, high : float
        Finite ends of the support; algebraic ends are resolved by refinement towards them.
    landmarks : sequence of float
        Its peaks and kinks.

    Examples
    --------
    >>> half = PiecewiseDensity(lambda w: np.sqrt(w * (2.0 - w)), 0.0, 2.0)  # semicircle: S(z) = pi (z - 1) beyond any z inside
    >>> complex(np.round(half.transform(np.array([1.5 + 0j])), 8)[0])
    (1.57079633-2.72069905j)
    """

    def __init__(
        self, function: Callable[[FloatArray], FloatArray], low: float, high: float, landmarks: Iterable[float] = ()
    ) -> None:
        self.function, self.low, self.high = function, low, high
        nodes, to_series = series_rule()
        edges = refine(function, low, high, nodes, to_series, landmarks)
        self.edges = edges
        self._middle, self._half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        values = function((self._middle[:, None] + self._half[:, None] * nodes).ravel()).reshape(-1, _DEGREE)
        self._series = values @ to_series.T
        if low == 0.0 and abs(float(function(NARROWEST * high * np.ones(1))[0])) < 0.5 * abs(float(values[0, 0])):
            # a density that vanishes at zero leaves integral G/w, which no value there, however small, would
            self._series[0, -1] -= (-1.0) ** (_DEGREE - 1) * float(self._series[0] @ (-1.0) ** np.arange(_DEGREE))
        fine, fine_weights = np.polynomial.legendre.leggauss(2 * _DEGREE)
        table = np.polynomial.legendre.legvander(fine, _DEGREE - 1)
        self._points = self._middle[:, None] + self._half[:, None] * fine
        self._masses = self._half[:, None] * fine_weights * (self._series @ table.T)
        self._distances = edges - low
        self._inner, self._outer, self._narrow_from = self._moments()

    def _moments(self) -> tuple[FloatArray, FloatArray, int]:
        """Return what the panels below and above each edge e add up to, seen from far above and far below it, (edges, terms).

        With u = (w - low)/e: integral G u^j dw of the panels below, integral G u^(-j - 1) dw/e of those above; and the first
        panel from which on all are narrow compared with their distance from `low`, so that the rule of a panel gives the latter.
        """
        n, powers, e = len(self._half), np.arange(_TERMS), self._distances
        away = self._points - self.low
        inner, outer = np.zeros((n + 1, _TERMS)), np.zeros((n + 1, _TERMS))
        for k in range(n):
            own = self._masses[k] @ (away[k, :, None] / e[k + 1]) ** powers
            inner[k + 1] = inner[k] * (e[k] / e[k + 1]) ** powers + own
        wide = np.flatnonzero(e[1:] > _APART * e[:-1])
        narrow_from = int(wide[-1]) + 1 if len(wide) else 0
        for k in reversed(range(max(narrow_from, 1), n)):
            own = (self._masses[k] / away[k]) @ (e[k] / away[k, :, None]) ** powers
            outer[k] = outer[k + 1] * (e[k] / e[k + 1]) ** powers + own
        return inner, outer, narrow_from

    def density(self, z: ComplexArray) -> ComplexArray:
        """Return G at complex z from the series of the panel that z lies below, zero outside the support."""
        panel = np.clip(np.searchsorted(self.edges, z.real, side="right") - 1, 0, len(self._half) - 1)
        x = (z - self._middle[panel]) / self._half[panel]
        values = np.polynomial.legendre.legval(x.ravel(), self._series[panel].reshape(-1, _DEGREE).T, tensor=False)
        inside = (z.real >= self.low) & (z.real <= self.high)
        return np.where(inside, values.reshape(z.shape), 0.0)

    def transform(self, z: ComplexArray) -> ComplexArray:
        """Return the Cauchy transform on the first sheet."""
        if np.size(z) > _FEW and not np.any(np.imag(z)):
            return self._on_the_axis(np.real(z).ravel()).reshape(np.shape(z))
        return self._summed(z)

    @cached_property
    def _table(self) -> RealAxisTable:
        return RealAxisTable(self._summed, self._points.ravel(), self._masses.ravel(), self.low, self.high)

    def _on_the_axis(self, w: FloatArray) -> ComplexArray:
        inside = (w > self.low) & (w < self.high)
        rate = np.zeros(len(w))
        rate[inside] = self.function(w[inside])
        return np.asarray(self._table(w) - 1j * math.pi * rate)

    def _summed(self, z: ComplexArray) -> ComplexArray:
        """Return the transform at any z: panels about as far from `low` as z one by one, all others by their moments.

        A density that needs panels over many decades, such as w^s with a small s, costs no more than another.
        """
        flat_z = np.asarray(z, dtype=complex).ravel()
        result, away = np.empty(len(flat_z), dtype=complex), np.abs(flat_z - self.low)
        first = np.searchsorted(self._distances[1:], away / _APART, side="right")
        last = np.searchsorted(self._distances[:-1], _APART * away, side="left")
        last = np.where(last >= max(self._narrow_from, 1), last, len(self._half))
        waiting = [np.argsort(away)] if len(away) else []
        while waiting:
            part = waiting.pop()
            low, high = int(np.min(first[part], initial=len(self._half))), int(np.max(last[part], initial=0))
            if len(part) > 1 and len(part) * max(high - low, 1) * self._points.shape[1] > _AT_ONCE:
                waiting += np.array_split(part, 2)
            else:
                result[part] = self._far(flat_z[part], low, high) + self._transform(flat_z[part], slice(low, high))
        return result.reshape(np.shape(z))

    def _far(self, z: ComplexArray, low: int, high: int) -> ComplexArray:
        """Return what the panels below `low` and from `high` on add to the transform."""
        total = np.zeros(len(z), dtype=complex)
        if low > 0:
            total += np.polynomial.polynomial.polyval(self._distances[low] / (z - self.low), self._inner[low]) / (z - self.low)
        if high < len(self._half):
            total -= np.polynomial.polynomial.polyval((z - self.low) / self._distances[high], self._outer[high])
        return total

    def _transform(self, z: ComplexArray, chosen: slice) -> ComplexArray:
        """Return the transform of the chosen panels."""
        middle, half, points = self._middle[chosen], self._half[chosen], self._points[chosen]
        edges, series = self.edges[chosen.start : chosen.stop + 1], self._series[chosen]
        x = (z[:, None] - middle) / half
        root = np.sqrt(x - 1.0) * np.sqrt(x + 1.0)
        ellipse = np.maximum(np.abs(x + root), np.abs(x - root))
        is_near = ellipse < _NEAR
        rows, panels = np.nonzero(is_near)
        source = z.real if not np.any(z.imag) else z
        inverse = source[:, None, None] - points
        inverse[rows, panels] = np.inf
        np.divide(1.0, inverse, out=inverse)
        total = (inverse.reshape(len(z), -1) @ self._masses[chosen].ravel()).astype(complex)
        near = x[rows, panels]
        # 2 Q_k(x) by upward recurrence, whose error grows only as fast as the series falls
        before = _log(z[rows] - edges[panels]) - _log(z[rows] - edges[panels + 1])
        here = near * before - 2.0
        part = series[panels, 0] * before + series[panels, 1] * here
        for k in range(1, _DEGREE - 1):
            before, here = here, ((2 * k + 1) * near * here - k * before) / (k + 1)
            part = part + series[panels, k + 1] * here
        np.add.at(total, rows, part)
        return np.asarray(total)
