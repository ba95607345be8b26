"""The points that no other point beats in every objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from athermal._types import FloatArray


def pareto_points(values: Any, maximise: bool | Sequence[bool] = True) -> NDArray[np.bool_]:  # noqa: FBT001, FBT002
    """Return which points are not dominated by any other.

    A point dominates another if it is at least as good in every objective and better in one; equal points do not dominate
    each other. A point with NaN in it is never on the front and dominates nothing. No tolerance is applied. For two
    objectives the cost is n log n, for more n times the size of the front.

    Parameters
    ----------
    values : (n, k) array
        One row for each point, one column for each objective.
    maximise : bool or sequence of k bool
        Whether more is better, for all objectives or for each.

    Returns
    -------
    (n,) bool array

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    H. T. Kung, F. Luccio, F. P. Preparata, J. ACM 22, 469 (1975).

    Examples
    --------
    >>> pareto_points([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0], [3.0, np.nan]])
    array([ True,  True, False, False])
    >>> pareto_points([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0]], maximise=[False, True])
    array([ True, False, False])
    """
    points = np.asarray(values, dtype=float)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"`values` must have the shape (points, objectives), but has {points.shape}.")
    signs = np.where(np.asarray(maximise, dtype=bool), 1.0, -1.0)
    if signs.shape not in {(), (points.shape[1],)}:
        raise ValueError(
            f"`maximise` must have one entry for each of {points.shape[1]} objectives, but has the shape {signs.shape}."
        )
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    found = np.zeros(len(points), dtype=bool)
    if known.size:
        better, where = np.unique(signs * points[known], axis=0, return_inverse=True)
        # Rows ascend by the first objective, then the second, ...: nothing dominates a row but rows after it.
        front = _of_two(better) if better.shape[1] == 2 else _of_many(better)
        found[known] = front[np.ravel(where)]
    return found


def _of_two(rows: FloatArray) -> NDArray[np.bool_]:
    """Tell which of the sorted distinct rows have a larger second entry than every row after them."""
    after = np.maximum.accumulate(rows[::-1, 1])[::-1]
    return np.append(rows[:-1, 1] > after[1:], [True])


def _of_many(rows: FloatArray) -> NDArray[np.bool_]:
    """Tell the same for any number of objectives, by comparison with the front found so far, from the last row on."""
    front = np.zeros(len(rows), dtype=bool)
    kept = np.empty((0, rows.shape[1]))
    for k in range(len(rows) - 1, -1, -1):
        if not np.any(np.all(kept >= rows[k], axis=1)):
            front[k] = True
            kept = np.vstack([kept, rows[k]])
    return front
