"""Functions as Legendre series on panels, refined until the series have converged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from athermal._types import FloatArray

DEGREE = 16
_TAIL = 1e-14
_MOST_PANELS = 4_000
# Of the support: a panel that touches zero is halved down to this, where powers of w above 1/20 have fallen to rounding.
NARROWEST = 1e-280


def series_rule() -> tuple[FloatArray, FloatArray]:
    """Return the nodes of one panel, and the matrix from values there to coefficients."""
    nodes, weights = np.polynomial.legendre.leggauss(DEGREE)
    orders = np.arange(DEGREE)
    return nodes, (orders[:, None] + 0.5) * weights * np.polynomial.legendre.legvander(nodes, DEGREE - 1).T


def refine(
    function: Callable[[FloatArray], FloatArray],
    low: float,
    high: float,
    nodes: FloatArray,
    to_series: FloatArray,
    landmarks: Iterable[float] = (),
) -> FloatArray:
    """Return panel edges on which the Legendre series of a function has converged, or where what is left is at rounding.

    What is left counts by its share of integral |f/w| dw: a Cauchy transform at zero sees that, and near zero a power law has
    mass in f/w long after f itself has none. Landmarks are the first edges: peaks and kinks that nodes between them would miss.
    """
    done: list[tuple[float, float]] = []
    ends = np.array([low, *sorted({mark for mark in landmarks if low < mark < high}), high])
    pending = np.stack([ends[:-1], ends[1:]], axis=1)
    highest, scale = 0.0, 0.0
    while len(pending):
        middle, half = pending.mean(axis=1), 0.5 * np.diff(pending, axis=1)[:, 0]
        values = function((middle[:, None] + half[:, None] * nodes).ravel()).reshape(-1, DEGREE)
        highest = max(highest, float(np.max(np.abs(values))))
        share = half / np.maximum(np.abs(middle), half)
        scale = max(scale, float(np.sum(np.abs(values) @ np.abs(to_series[0]) * share)))
        tail = np.max(np.abs(values @ to_series.T)[:, -3:], axis=1)
        size = np.max(np.abs(values), axis=1)
        good = (tail <= 10.0 * _TAIL * highest) | (size * share <= _TAIL * scale)
        good |= tail * share <= 0.1 * _TAIL * scale
        # of where the panel lies, not of the whole support, which may reach many decades further
        good |= half < np.maximum(1e-13 * np.abs(middle), NARROWEST * (high - low))
        if len(done) + len(pending) > _MOST_PANELS:
            good[:] = True
        done.extend(map(tuple, pending[good]))
        rest, middle = pending[~good], middle[~good]
        pending = np.concatenate([np.stack([rest[:, 0], middle], 1), np.stack([middle, rest[:, 1]], 1)])
    return np.unique(np.array(done))
