"""The forms that a free drive may have.

Every form is linear: f(t) = sum_k p_k phi_k(t), plus what is fixed, with functions phi_k that do not depend on the parameters.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal._validate import as_study
from athermal.errors import StudyError
from athermal.machine.drive import Constant, Drive, Harmonic, Side, Strokes, Sum, breakpoints_within

# Points in a period of the highest harmonic at which a series is held within its bounds. A trigonometric polynomial of degree n
# exceeds its largest value on m equally spaced points by 1/cos(pi n/m) at most (H. Ehlich, K. Zeller, Math. Z. 86, 41 (1964)).
_POINTS = 48
# By how much of half the range a series stays further inside, so that rounding does not take it out.
_INSIDE = 1e-9
# How well a drive must agree with its Fourier series to be one, relative to its largest value.
_IS_SERIES = 1e-10

Bounds = tuple[float, float]


def _checked_bounds(bounds: Any, owner: str) -> Bounds:
    with as_study():
        low, high = _validate.reals(bounds, "bounds", owner, length=2)
    if not low < high:
        raise StudyError(
            f"`bounds` of {owner} must be (lowest, highest) with the lowest first, but are ({low:.6g}, {high:.6g}). Swap them."
        )
    return low, high


def _positions(values: Any, what: str, owner: str) -> tuple[int, ...]:
    """Return positions of strokes, at least one, none of them twice, or raise `StudyError`."""
    is_list = isinstance(values, Iterable) and not isinstance(values, (str, bytes))
    found = tuple(values) if is_list else ()
    is_good = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k >= 0 for k in found)
    if not found or not is_good or len(set(found)) != len(found):
        raise StudyError(f"`{what}` of {owner} must list different positions of strokes, from 0, but holds {values!r}.")
    return tuple(int(k) for k in found)


@dataclass(frozen=True)
class StrokeValues:
    """The values of a drive of strokes are free; durations and ramps stay as they are.

    f(t) = sum_k values_k phi_k(t), with phi_k one on stroke k and rising and falling with its ramps. f stays between its values,
    so within the bounds.

    Parameters
    ----------
    bounds : (float, float)
        The lowest and the highest value of every free stroke.
    strokes : sequence of int, optional
        The positions, from 0, of the strokes that are free; the others keep their values. All if left out.
    tied : sequence of sequence of int, optional
        Groups of strokes that keep one common value, by their positions (the two ends of a stroke that does not move, say).

    Examples
    --------
    >>> StrokeValues(bounds=(0.5, 2.0)).bounds
    (0.5, 2.0)
    """

    bounds: Bounds
    strokes: tuple[int, ...] | None = None
    tied: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        owner = "a drive of free stroke values"
        object.__setattr__(self, "bounds", _checked_bounds(self.bounds, owner))
        if self.strokes is not None:
            object.__setattr__(self, "strokes", _positions(self.strokes, "strokes", owner))
        ties = self.tied if isinstance(self.tied, Iterable) else (self.tied,)
        object.__setattr__(self, "tied", tuple(_positions(group, "tied", owner) for group in ties))


@dataclass(frozen=True)
class FourierSeries:
    """The whole drive is free, as a Fourier series of some harmonics of the machine's period.

    f(t) = a_0 + sum_{k=1}^n [a_k cos(k w t) + b_k sin(k w t)], w = 2 pi/period, with parameters (a_0, a_1, b_1, a_2, b_2, ...).

    Parameters
    ----------
    harmonics : int
        n.
    bounds : (float, float)
        low <= f(t) <= high at all times. It is required, with the margin that makes it hold in between, at 48 n points of a
        period; that margin gives away 0.2 percent of half the range.

    Examples
    --------
    >>> FourierSeries(harmonics=2, bounds=(0.0, 0.3)).harmonics
    2
    """

    harmonics: int
    bounds: Bounds

    def __post_init__(self) -> None:
        owner = "a Fourier series"
        with as_study():
            object.__setattr__(self, "harmonics", _validate.count(self.harmonics, "harmonics", owner))
        object.__setattr__(self, "bounds", _checked_bounds(self.bounds, owner))


class Form(ABC):
    """A parametrisation bound to the drive that it replaces."""

    bounds: Bounds
    n_parameters: int
    labels: tuple[str, ...]

    @abstractmethod
    def drive(self, parameters: FloatArray) -> Drive:
        """Return f."""

    @abstractmethod
    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        """Return phi_k(t), shape (times, parameters)."""

    @property
    @abstractmethod
    def own(self) -> FloatArray | None:
        """The parameters of the drive that is there, None if it is none of this form."""

    @abstractmethod
    def random(self, generator: np.random.Generator) -> FloatArray:
        """Return parameters of a random drive within the bounds."""

    @property
    @abstractmethod
    def middle(self) -> FloatArray:
        """The parameters of the constant drive in the middle of the bounds."""

    @cached_property
    def limits(self) -> FloatArray:
        """The matrix A of the bounded values A p: the parameters themselves."""
        return np.eye(self.n_parameters)

    @property
    def room(self) -> float:
        """How far from the middle of the bounds, in half ranges, the bounded values may be."""
        return 1.0

    def knots(self, period: float) -> tuple[float, ...]:
        """Return the times in [0, period) at which some phi_k is not smooth."""
        return ()

    @property
    def bandwidth(self) -> float:
        """The highest frequency in the phi_k between their knots."""
        return 0.0

    def excess(self, parameters: FloatArray) -> float:
        """Return by how much of half their range the bounded values miss their room; zero or less within."""
        low, high = self.bounds
        return float(np.max(np.abs(self.limits @ parameters - 0.5 * (low + high)))) / (0.5 * (high - low)) - self.room


class StrokeForm(Form):
    """The values of some strokes, tied ones as one parameter."""

    def __init__(self, strokes: Strokes, free: StrokeValues, owner: str) -> None:
        self.strokes, self.bounds = strokes, free.bounds
        count = len(strokes.values)
        for k in (*(free.strokes or ()), *(k for tie in free.tied for k in tie)):
            if k >= count:
                raise StudyError(
                    f"{owner[0].upper() + owner[1:]} has {count} strokes, at positions from 0, but one at {k} is to be free."
                )
        group = list(range(count))
        for tie in free.tied:
            for k in tie:
                group[k] = group[tie[0]]
        leaders = {group[k] for k in (range(count) if free.strokes is None else free.strokes)}
        self.kept = sorted(leaders)
        self.share = np.array([[float(group[k] == leader) for leader in self.kept] for k in range(count)])
        self.fixed = np.where(self.share.any(axis=1), 0.0, strokes.values)
        self.n_parameters = len(self.kept)
        self.labels = tuple(f"stroke {k + 1}" for k in self.kept)

    def drive(self, parameters: FloatArray) -> Drive:
        return replace(self.strokes, values=tuple(map(float, self.fixed + self.share @ parameters)))

    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        return np.asarray(self.strokes.weights(times, side) @ self.share)

    @property
    def own(self) -> FloatArray | None:
        values = np.array(self.strokes.values)
        return values[self.kept] if np.array_equal(self.fixed + self.share @ values[self.kept], values) else None

    def random(self, generator: np.random.Generator) -> FloatArray:
        return np.asarray(generator.uniform(*self.bounds, size=self.n_parameters))

    @property
    def middle(self) -> FloatArray:
        return np.full(self.n_parameters, 0.5 * sum(self.bounds))

    def knots(self, period: float) -> tuple[float, ...]:
        repeats = round(period / float(self.strokes.own_period or period))
        return tuple(knot + k * period / repeats for k in range(repeats) for knot in self.strokes.knots)


class SeriesForm(Form):
    """The coefficients (a_0, a_1, b_1, ...) of a Fourier series."""

    def __init__(self, before: Drive, free: FourierSeries, period: float) -> None:
        self.before, self.bounds, self.period, self.harmonics = before, free.bounds, period, free.harmonics
        self.n_parameters = 2 * free.harmonics + 1
        self.labels = ("a0", *(f"{letter}{k}" for k in range(1, free.harmonics + 1) for letter in "ab"))

    def drive(self, parameters: FloatArray) -> Drive:
        base = 2.0 * np.pi / self.period
        terms: list[Drive] = [Constant(float(parameters[0]))]
        for k, (a, b) in enumerate(parameters[1:].reshape(-1, 2), start=1):  # a cos + b sin = |a - ib| cos(k w t + arg(a - ib))
            terms.append(Harmonic(float(np.hypot(a, b)), k * base, float(np.arctan2(-b, a))))
        return Sum(tuple(terms))

    def weights(self, times: FloatArray, side: Side = "right") -> FloatArray:
        angle = np.asarray(times)[:, None] * (2.0 * np.pi / self.period * np.arange(1, self.harmonics + 1))
        waves = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(times), -1)
        return np.asarray(np.concatenate([np.ones((len(times), 1)), waves], axis=1), dtype=np.float64)

    @cached_property
    def _grid(self) -> FloatArray:
        count = _POINTS * self.harmonics
        return np.linspace(0.0, self.period, count, endpoint=False, dtype=np.float64)

    @cached_property
    def own(self) -> FloatArray | None:
        if self.before.is_complex or breakpoints_within(self.before, self.period):
            return None
        values = np.asarray(self.before.value(self._grid), dtype=float)
        table = self.weights(self._grid)
        parameters = table.T @ values * (2.0 / len(values))
        parameters[0] *= 0.5
        finer = self._grid + 0.37 * self._grid[1]
        missed = np.max(np.abs(self.weights(finer) @ parameters - self.before.value(finer)))
        return parameters if missed <= _IS_SERIES * float(np.max(np.abs(values))) else None

    def random(self, generator: np.random.Generator) -> FloatArray:
        parameters = generator.normal(size=self.n_parameters)
        parameters[0] = 0.0
        parameters[1:] /= np.repeat(np.arange(1.0, self.harmonics + 1.0), 2)  # smoother than noise
        half = 0.5 * (self.bounds[1] - self.bounds[0]) * self.room
        size = float(np.max(np.abs(self.limits @ parameters)))
        parameters *= generator.uniform(0.2, 0.9) * half / size
        room = half - float(np.max(np.abs(self.limits @ parameters)))
        parameters[0] = 0.5 * sum(self.bounds) + generator.uniform(-1.0, 1.0) * room
        return parameters

    @property
    def middle(self) -> FloatArray:
        return np.concatenate([[0.5 * sum(self.bounds)], np.zeros(2 * self.harmonics)])

    @cached_property
    def limits(self) -> FloatArray:
        return self.weights(self._grid)

    @property
    def room(self) -> float:
        return float(np.cos(np.pi / _POINTS)) * (1.0 - _INSIDE)

    @property
    def bandwidth(self) -> float:
        return 2.0 * np.pi / self.period * self.harmonics
