"""Fourier integrals of real functions at any time, from Legendre series on panels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.maths.legendre import DEGREE, series_rule

# Phases up to which a rule of twice as many nodes as the series has terms is exact to rounding.
_SLOW = 12.0


class FourierIntegral:
    """integral f(w) e^{iwt} dw over panels on which f is a polynomial: of few nodes, and no more of them at late times.

    On a panel of half-width h about m it is h e^{imt} sum_k 2 i^k c_k j_k(h t), with the spherical Bessel functions j_k and the
    Legendre coefficients c_k of f; at small h t a rule of Gauss and Legendre does as well.

    Parameters
    ----------
    function : callable
        Real array -> real array, or (q, n) array of several functions.
    edges : (n + 1,) array

    Examples
    --------
    >>> found = FourierIntegral(lambda w: w, np.linspace(0.0, 1.0, 3))(np.array([0.0, 50.0]))
    >>> exact = [0.5, (np.exp(50j) * (1.0 - 50j) - 1.0) / 2500.0]
    >>> bool(np.allclose(found, exact, atol=1e-14))
    True
    """

    def __init__(self, function: Callable[[FloatArray], FloatArray], edges: FloatArray) -> None:
        nodes, to_series = series_rule()
        self._middle, self._half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
        values = np.atleast_2d(function((self._middle[:, None] + self._half[:, None] * nodes).ravel()))
        self._series = values.reshape(len(values), -1, DEGREE) @ to_series.T
        fine, weights = np.polynomial.legendre.leggauss(2 * DEGREE)
        table = np.polynomial.legendre.legvander(fine, DEGREE - 1)
        self._points = self._middle[:, None] + self._half[:, None] * fine
        self._masses = self._half[:, None] * weights * (self._series @ table.T)

    def __call__(self, times: FloatArray) -> ComplexArray:
        """Return the integral, or one row for each of several functions."""
        times = np.asarray(times, dtype=float)
        total = np.zeros((len(self._series), len(times)), dtype=complex)
        for k, half in enumerate(self._half):
            slow = half * np.abs(times) <= _SLOW
            total[:, slow] += self._masses[:, k] @ np.exp(1j * self._points[k][:, None] * times[slow])
            late = times[~slow]
            if len(late):
                total[:, ~slow] += half * np.exp(1j * self._middle[k] * late) * (self._series[:, k] @ _bessel(half * late))
        return total[0] if len(total) == 1 else total


def _bessel(phase: FloatArray) -> ComplexArray:
    """Return 2 i^k j_k for all degrees, by upward recurrence, as phases are large."""
    before, here = np.sin(phase) / phase, np.sin(phase) / phase**2 - np.cos(phase) / phase
    found = np.empty((DEGREE, len(phase)), dtype=complex)
    factor = 2.0 + 0.0j
    for k in range(DEGREE):
        found[k] = factor * before
        factor *= 1j
        before, here = here, (2 * k + 3) / phase * here - before
    return found
