"""A Cauchy transform on the real axis as a table: Legendre series within reach of the support, moments beyond."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.maths.legendre import DEGREE, refine, series_rule

# Beyond this many half widths from the middle of the support, moments are exact to rounding: 4^-28 is 1e-17.
_REACH = 4.0
_N_MOMENTS = 28
_CHUNK = 50_000


class RealAxisTable:
    """Re S(w) = PV integral G(w')/(w - w') dw' at real frequencies.

    Parameters
    ----------
    transform : callable
        Complex array -> S, used at real frequencies while the table is made.
    points, masses : (K,) array
        A quadrature rule of G, for its moments.
    low, high : float
        The support.
    """

    def __init__(
        self, transform: Callable[[ComplexArray], ComplexArray], points: FloatArray, masses: FloatArray, low: float, high: float
    ) -> None:
        self._middle, self._half = 0.5 * (low + high), 0.5 * (high - low)
        ends = [self._middle - _REACH * self._half, low, high, self._middle + _REACH * self._half]
        nodes, to_series = series_rule()

        def real_part(w: FloatArray) -> FloatArray:
            return np.asarray(transform(w.astype(complex)).real)

        pieces = [refine(real_part, a, b, nodes, to_series) for a, b in itertools.pairwise(ends)]
        self._edges = np.unique(np.concatenate(pieces))
        self._centres, self._widths = 0.5 * (self._edges[1:] + self._edges[:-1]), 0.5 * np.diff(self._edges)
        values = real_part((self._centres[:, None] + self._widths[:, None] * nodes).ravel()).reshape(-1, DEGREE)
        self._series = (values @ to_series.T).T
        scaled = (points - self._middle) / self._half
        self._moments = np.array([masses @ scaled**k for k in range(_N_MOMENTS)])

    def __call__(self, w: FloatArray) -> FloatArray:
        """Return Re S at any real frequencies."""
        x = ((w - self._middle) / self._half).ravel()
        result, is_far = np.empty(len(x)), np.abs(x) >= _REACH
        inverse = 1.0 / x[is_far]
        result[is_far] = inverse / self._half * np.polynomial.polynomial.polyval(inverse, self._moments)
        near = np.flatnonzero(~is_far)
        for part in np.array_split(near, max(1, len(near) // _CHUNK)):
            result[part] = self._near(w.ravel()[part])
        return result.reshape(w.shape)

    def _near(self, w: FloatArray) -> FloatArray:
        panel = np.clip(np.searchsorted(self._edges, w, side="right") - 1, 0, len(self._widths) - 1)
        x = (w - self._centres[panel]) / self._widths[panel]
        return np.asarray(np.polynomial.legendre.legval(x, self._series[:, panel], tensor=False))
