"""The most work, and the highest efficiency, over a set of correlated starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.maths.semidefinite import Optimum, Programme, minimise
from athermal.optimisation.space import CorrelationSpace

# Shares of the accuracy: by how much the trial efficiency exceeds the best found, and the gap of a single problem.
_STEP, _GAP = 0.5, 0.125
_MAX_ROUNDS = 50
# A gap in the work is never asked to be smaller than this share of what counts as no energy.
_ROUNDING = 1.0 / 64.0


@dataclass(frozen=True)
class Extreme:
    """A point, its value, the bound on all values, and how large the gap between them may be."""

    point: FloatArray
    value: float
    bound: float
    allowed: float


Note = Callable[[Extreme | None], None]
"""Told after every step what the search has by then, None if that is no result."""


def efficiency_of(space: CorrelationSpace, x: FloatArray) -> float:
    """Return -W/(Q_in + dU_in) of a point; NaN if nothing is taken in beyond rounding."""
    changes = space.changes(x)
    intake = -float(np.sum(np.minimum(changes, 0.0)))
    return -float(np.sum(changes)) / intake if intake > space.resolution else float("nan")


def best_work(space: CorrelationSpace, least: float | None, accuracy: float, note: Note) -> Extreme:
    """Return the most work output, -W = -sum of all energy changes.

    Raises
    ------
    StudyError
        If it is not as much as `least`.
    """
    offset, cost = float(np.sum(space.offsets)), space.slopes.sum(axis=0)
    start = np.zeros(len(cost))
    if not np.any(cost):  # correlations do nothing
        extreme = Extreme(start, -offset, -offset, 0.0)
    else:

        def allowed(value: float) -> float:
            return accuracy * max(abs(offset + value), abs(value)) + _ROUNDING * space.resolution

        def extreme_of(point: FloatArray, value: float, bound: float) -> Extreme:
            return Extreme(point, -offset - value, -offset - bound, allowed(value))

        def is_enough(point: FloatArray, value: float, bound: float) -> bool:
            note(extreme_of(point, value, bound) if least is None or -offset - value >= least else None)
            return value - bound <= allowed(value)

        best = minimise(Programme.unconstrained(space.span, cost, space.reach), start, is_enough)
        extreme = extreme_of(best.point, best.value, best.bound)
    if least is not None and extreme.value < least:
        raise StudyError(
            f"`work_output_at_least` of the best correlations must be within reach, but is {least:.10g}: no correlations with "
            f"these marginals give more than {extreme.bound:.10g}. Lower it, or allow correlations among more parts."
        )
    return extreme


def best_efficiency(space: CorrelationSpace, least: float | None, accuracy: float, note: Note) -> Extreme:
    """Return the highest efficiency, by Dinkelbach's method from below and a certified bound from above.

    For a trial efficiency c the problem is max -W - c (Q_in + dU_in), with one variable s_k >= 0, s_k >= -q_k for each energy
    change q_k. If its certified maximum is not positive, no state is more efficient than c; if it is, the optimum has an
    efficiency above the best found before. W <= 0 is at most the intake, so that no efficiency exceeds 1.

    Raises
    ------
    StudyError
        If no correlations make the machine do work, or not as much as `least`.
    """

    def note_work(now: Extreme | None) -> None:
        note(_so_far(space, now.point, accuracy) if now is not None and now.value > space.resolution else None)

    most = best_work(space, least, accuracy, note_work)
    if most.value <= space.resolution:
        raise StudyError(
            "The best efficiency needs correlations that make the machine do work, but there are none: with these marginals its "
            f"work output is at most {most.bound:.10g}. Allow correlations among more parts, or change the machine."
        )
    point, value, step = most.point, efficiency_of(space, most.point), _STEP * accuracy
    for _ in range(_MAX_ROUNDS):
        trial = value * (1.0 + step)
        if trial >= 1.0:
            return Extreme(point, value, max(1.0, value), accuracy)
        best, is_bound = _at_rate(space, trial, least, most, accuracy, note)
        x = best.point[: len(space.span)]
        found = efficiency_of(space, x)
        if found > value:
            point, value = x, found
        if is_bound:
            return Extreme(point, value, max(trial, value), accuracy * value)
        if not found > trial / (1.0 + 0.5 * step):  # neither better nor certainly the best: rounding
            step *= 10.0
    return Extreme(point, value, 1.0, accuracy * value)


def _at_rate(
    space: CorrelationSpace,
    rate: float,
    least: float | None,
    most: Extreme,
    accuracy: float,
    note: Note,
) -> tuple[Optimum, bool]:
    """Return the optimum of W + rate (Q_in + dU_in), and whether it is certainly not negative: a bound on all efficiencies."""
    count, parts = space.slopes.shape[1], len(space.slopes)
    unit = max(float(np.max(np.abs(space.slopes))), float(np.max(np.abs(space.offsets))))
    offsets, slopes = space.offsets / unit, space.slopes / unit
    work, offset = slopes.sum(axis=0), float(np.sum(offsets))
    rows = np.zeros((2 * parts, count + parts))
    rows[:parts, count:] = rows[parts:, count:] = -np.eye(parts)
    rows[parts:, :count] = -slopes
    limits = np.concatenate([np.zeros(parts), offsets])
    x = np.zeros(count)
    if least is not None:
        rows = np.concatenate([rows, np.concatenate([work, np.zeros(parts)])[None, :]])
        limits = np.append(limits, -least / unit - offset)
        x = most.point * _inside(-offset, most.value / unit, least / unit)
    reach = np.concatenate([space.reach, np.abs(offsets) + np.abs(slopes) @ space.reach])
    programme = Programme(space.span, np.concatenate([work, np.full(parts, rate)]), rows, limits, reach)
    start = np.concatenate([x, np.maximum(-(offsets + slopes @ x), 0.0) + 1.0])

    def is_enough(z: FloatArray, value: float, bound: float) -> bool:
        note(_so_far(space, z[:count], accuracy))
        return offset + bound >= 0.0 or value - bound <= _GAP * accuracy * abs(offset + float(work @ z[:count]))

    best = minimise(programme, start, is_enough)
    return best, offset + best.bound >= 0.0


def _so_far(space: CorrelationSpace, x: FloatArray, accuracy: float) -> Extreme | None:
    """Return an efficiency with the only bound that holds before the search is finished, the first law's."""
    value = efficiency_of(space, x)
    return Extreme(x, value, max(1.0, value), accuracy * value) if value > 0.0 else None


def _inside(none: float, most: float, least: float) -> float:
    """Return the fraction of the best correlations for work whose work output is well above `least`.

    Raises
    ------
    StudyError
        If only the best themselves do as much.
    """
    if none > least:
        return 0.0
    fraction = 0.5 * ((least - none) / (most - none) + 1.0)
    if not none + fraction * (most - none) > least:
        raise StudyError(
            "`work_output_at_least` of the best correlations must leave a choice, but only the correlations with the most work "
            'output reach it. Lower it, or take objective="work_output".'
        )
    return fraction
