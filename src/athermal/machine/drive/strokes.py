"""Constant stretches joined by quenches or ramps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray, IntArray
from athermal.errors import MachineError
from athermal.machine.drive.base import Drive, Side, Values, place_in_period


@dataclass(frozen=True)
class Strokes(Drive):
    """Constant stretches joined by sudden quenches or smooth ramps.

    Stroke k lasts durations[k]. In its first ramps[k] units of time the drive goes from the value of the stroke before
    (the last stroke, for the first) to values[k]; from then on it is constant. A ramp of zero is a sudden quench.

    Parameters
    ----------
    durations : sequence of float
        Positive; their sum is the period.
    values : sequence of float
        One for each stroke.
    ramps : float or sequence of float
        Ramp times, each at most its stroke's duration.
    shape : {"cosine", "quintic", "linear"}
        Form of the ramps: (1 - cos pi u)/2, 10 u^3 - 15 u^4 + 6 u^5 or u.

    Examples
    --------
    >>> Strokes(durations=(1.0, 2.0), values=(0.0, 1.0)).value(np.array([0.5, 1.0, 2.0]))
    array([0., 1., 1.])
    >>> Strokes((1.0, 2.0), (0.0, 1.0), ramps=0.5).value(np.array([1.25]))
    array([0.5])
    """

    durations: tuple[float, ...]
    values: tuple[float, ...]
    ramps: float | tuple[float, ...] = 0.0
    shape: Literal["cosine", "quintic", "linear"] = "cosine"
    kind: Literal["strokes"] = field(default="strokes", repr=False)

    def __post_init__(self) -> None:
        owner = "a drive of strokes"
        durations = _validate.reals(self.durations, "durations", owner)
        if not durations:
            raise MachineError(f"`durations` of {owner} must hold at least one stroke, but is empty.")
        for k, duration in enumerate(durations):
            _validate.positive(duration, f"durations[{k}]", owner)
        is_one = isinstance(self.ramps, (int, float, np.integer, np.floating))
        ramps = (self.ramps,) * len(durations) if is_one else self.ramps
        ramps = _validate.reals(ramps, "ramps", owner, length=len(durations))
        for k, (ramp, duration) in enumerate(zip(ramps, durations, strict=True)):
            _validate.not_negative(ramp, f"ramps[{k}]", owner)
            if ramp > duration:
                raise MachineError(f"`ramps[{k}]` of {owner} must not exceed its stroke's {duration}, but is {ramp}.")
        object.__setattr__(self, "durations", durations)
        object.__setattr__(self, "values", _validate.reals(self.values, "values", owner, length=len(durations)))
        object.__setattr__(self, "ramps", ramps)
        _validate.choice(self.shape, "shape", owner, ("cosine", "quintic", "linear"))

    @cached_property
    def _starts(self) -> FloatArray:
        return np.concatenate([[0.0], np.cumsum(self.durations)])

    @property
    def _ramp_times(self) -> FloatArray:
        return np.asarray(self.ramps, dtype=float)

    @property
    def own_period(self) -> float | None:
        return float(self._starts[-1])

    @property
    def is_always_constant(self) -> bool:
        return len(set(self.values)) == 1

    def breakpoints(self) -> tuple[float, ...]:
        before = np.roll(self.values, 1)
        moving = before != np.asarray(self.values)
        starts = self._starts[:-1][moving]
        ends = (starts + self._ramp_times[moving])[self._ramp_times[moving] > 0.0]
        return tuple(sorted({float(t) for t in np.concatenate([starts, ends % self._starts[-1]])}))

    def _locate(self, times: FloatArray, side: Side) -> tuple[IntArray, FloatArray]:
        """Return the stroke that each time belongs to and the progress of its ramp, in [0, 1]."""
        ramp_ends = self._starts[:-1] + self._ramp_times
        phase, stroke = place_in_period(times, float(self._starts[-1]), self._starts, side, ramp_ends)
        ramp = self._ramp_times[stroke]
        elapsed = phase - self._starts[stroke]
        progress = np.where(elapsed < ramp, elapsed / np.where(ramp > 0.0, ramp, 1.0), 1.0)
        return stroke, progress

    @property
    def knots(self) -> tuple[float, ...]:
        """The times in [0, period) at which a stroke begins or a ramp ends, whether or not the value changes there."""
        ends = (self._starts[:-1] + self._ramp_times)[self._ramp_times > 0.0] % self._starts[-1]
        return tuple(sorted({float(t) for t in np.concatenate([self._starts[:-1], ends])}))

    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        """Return how much of each stroke's value is in the drive, shape (times, strokes): f(t) = sum_k weights_k(t) values_k."""
        stroke, progress = self._locate(times, side)
        rise = _ramp(self.shape, progress)
        table, row = np.zeros((len(stroke), len(self.values))), np.arange(len(stroke))
        np.add.at(table, (row, stroke), rise)
        np.add.at(table, (row, stroke - 1), 1.0 - rise)
        return table

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        stroke, progress = self._locate(times, side)
        values = np.asarray(self.values)
        before = values[stroke - 1]
        return np.asarray(before + (values[stroke] - before) * _ramp(self.shape, progress))

    def derivative(self, times: FloatArray) -> Values:
        stroke, progress = self._locate(times, "right")
        values = np.asarray(self.values)
        ramp = self._ramp_times[stroke]
        rate = (values[stroke] - values[stroke - 1]) / np.where(ramp > 0.0, ramp, 1.0)
        return np.asarray(np.where(progress < 1.0, rate * _ramp_slope(self.shape, progress), 0.0))

    def is_constant(self, start: float, stop: float) -> bool:
        stroke, progress = self._locate(np.array([0.5 * (start + stop)]), "right")
        k = int(stroke[0])
        return bool(progress[0] >= 1.0) or self.values[k] == self.values[k - 1]


def _ramp(shape: str, u: FloatArray) -> FloatArray:
    if shape == "linear":
        return u
    if shape == "quintic":
        return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))
    return np.asarray(0.5 * (1.0 - np.cos(np.pi * u)))


def _ramp_slope(shape: str, u: FloatArray) -> FloatArray:
    if shape == "linear":
        return np.ones_like(u)
    if shape == "quintic":
        return np.asarray(30.0 * u**2 * (1.0 - u) ** 2)
    return np.asarray(0.5 * np.pi * np.sin(np.pi * u))
