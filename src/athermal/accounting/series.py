"""Checks of the columns of numbers that a user brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal._validate import suggest
from athermal.errors import StudyError

# By what fraction of the period an instant may miss the end of a cycle.
_ON_TIME = 1e-6


def instants(values: Any) -> FloatArray:
    """Return times that rise from each to the next, or raise `StudyError` naming the first that does not."""
    times = column(values, "The times", None)
    if len(times) < 2:
        raise StudyError(f"An account needs two instants or more, but there is {len(times)}.")
    steps = np.diff(times)
    if np.any(steps <= 0.0):
        k = int(np.flatnonzero(steps <= 0.0)[0])
        what = "occurs twice" if steps[k] == 0.0 else f"comes after {times[k]:.10g}"
        raise StudyError(
            f"The times must rise from each to the next, but {times[k + 1]:.10g} (number {k + 2}) {what}. Sort them, and keep "
            "one line for each."
        )
    return times


def column(values: Any, what: str, n: int | None) -> FloatArray:
    """Return `n` finite numbers, a single one repeated; or raise `StudyError` saying where there is none."""
    found = _reals(values, what)
    if found.ndim == 0 and n is not None:
        found = np.full(n, float(found))
    if found.ndim != 1 or (n is not None and len(found) != n):
        raise StudyError(f"{what} must be {'a list of' if n is None else n} numbers, but have the shape {found.shape}.")
    if not np.all(np.isfinite(found)):
        missing = [str(k + 1) for k in np.flatnonzero(~np.isfinite(found))]
        raise StudyError(
            f"{what} must be finite, but {len(missing)} of {len(found)} are missing or infinite: number {', '.join(missing[:6])}."
        )
    return found


def _reals(values: Any, what: str) -> FloatArray:
    """Return real numbers as an array, or raise `StudyError`: nothing complex, masked or dated is taken for a number."""
    try:
        found = np.asarray(values)
        if np.ma.is_masked(values):
            problem = f"{np.sum(np.ma.getmaskarray(values))} of {found.size} are masked. Leave those instants out"
        elif found.dtype.kind in "biufO":
            return found.astype(float)
        else:
            problem = f"are of type {found.dtype}{'. Take the real part' if found.dtype.kind == 'c' else ''}"
    except (TypeError, ValueError) as error:
        problem = str(error)
    raise StudyError(f"{what} must be real numbers, but {problem}.")


def amounts(values: Any, what: str, n: int, *, per_interval: bool) -> FloatArray:
    """Return `n` amounts since the start, or raise `StudyError`; a line of a table holds the amount since the line before."""
    if not per_interval:
        return column(values, what, n)
    # the first of as many numbers as instants is of no interval
    given = values[1:] if np.ndim(values) == 1 and len(values) == n else values
    return np.concatenate([[0.0], np.cumsum(column(given, what, n - 1))])


def has_names(values: Any) -> bool:
    """Tell whether columns are given by name: in a dict, or a pandas or xarray data set of named columns."""
    return hasattr(values, "keys") and hasattr(values, "__getitem__")


def spread(values: Any, what: str, n: int, *, is_from_start: bool) -> FloatArray:
    """Return one standard error for each number; a single one holds for all but, where they count from it, the start."""
    found = column(values, what, n)
    if np.any(found < 0.0):
        raise StudyError(f"{what} must be zero or positive, but one is {found.min():g}.")
    if is_from_start and np.ndim(values) == 0:
        found[0] = 0.0
    return found


def named(values: Any, names: Sequence[str], what: str, *, with_all: bool = False) -> dict[Any, Any]:
    """Return what is given by name, or raise `StudyError` if a name is unknown; a tuple of all names is one, if asked for.

    An empty tuple stands for that of all names.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        if len(names) == 1:
            return {names[0]: values}
        raise StudyError(f"`{what}` must be given by name, as in {{{names[0]!r}: ...}}, but is {type(values).__name__}.")
    for name in values:
        if name not in names and not (with_all and name in ((), tuple(names))):
            known = ", ".join(map(repr, names))
            more = f", or all of them in this order as one key {tuple(names)!r}" if with_all and isinstance(name, tuple) else ""
            raise StudyError(f"`{what}` has an entry for {name!r}, but there are {known}{more}.{suggest(str(name), names)}")
    return {tuple(names) if name == () else name: value for name, value in values.items()}


def samples_in_cycle(times: FloatArray, period: float | None, samples_per_cycle: int | None) -> int:
    """Return how many intervals a cycle has: one, as many as asked for, or as many as fill the period."""
    n = len(times) - 1
    if period is None:
        count = 1 if samples_per_cycle is None else samples_per_cycle
        if count > n:
            raise StudyError(f"A cycle of {count} intervals must fit the data, but these have {n}.")
        return count
    if samples_per_cycle is not None:
        raise StudyError("A cycle is given by its `period` or by `samples_per_cycle`, but both are given. Leave one out.")
    n_cycles = int(np.floor((times[-1] - times[0]) / period * (1.0 + 1e-9) + 1e-9))
    if n_cycles < 1:
        raise StudyError(f"A cycle of the period {period:g} must fit the data, but these last {times[-1] - times[0]:g}.")
    ends = times[0] + period * np.arange(1, n_cycles + 1)
    found = np.minimum(np.searchsorted(times, ends - _ON_TIME * period), n)
    off = np.abs(times[found] - ends) > _ON_TIME * period
    if np.any(off):
        k = int(np.flatnonzero(off)[0])
        nearest = times[np.argmin(np.abs(times - ends[k]))]
        raise StudyError(
            f"There must be an instant at the end of every cycle, but none is at t = {ends[k]:.10g}, the end of cycle {k + 1}; "
            f"the nearest is {nearest:.10g}. Add it, or correct the period ({period:.10g})."
        )
    counts = np.diff(np.concatenate([[0], found]))
    if np.any(counts != counts[0]):
        k = int(np.flatnonzero(counts != counts[0])[0])
        raise StudyError(
            f"Every cycle must have the same number of instants, but cycle {k + 1} has {counts[k]} and the first {counts[0]}. "
            "Add the missing ones, or keep the ends of cycles only."
        )
    return int(counts[0])
