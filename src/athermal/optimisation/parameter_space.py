"""What an optimisation may vary: numbers within bounds, whole numbers within bounds, and choices."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal import _validate
from athermal._validate import as_study
from athermal.errors import StudyError
from athermal.study.design import Point, as_plain

Coordinates = tuple[float, ...]
"""A point as numbers, one for each parameter: what the methods move."""

_OWNER = "an optimisation"
# How near to a bound, in units of the range, an optimum is said to lie on it.
_ON_BOUND = 1e-3


class Parameter(ABC):
    """One varied parameter; a method moves its coordinate between `first` and `last`."""

    is_discrete = True
    first: float
    last: float

    @abstractmethod
    def value(self, coordinate: float) -> Any:
        """Return the value of the parameter at a coordinate."""

    @abstractmethod
    def bound(self, value: Any) -> str:
        """Return "lower" or "upper" if a value lies on a bound, else ""."""

    @abstractmethod
    def describe(self) -> list[Any]:
        """Return the parameter as plain data."""


@dataclass(frozen=True)
class Interval(Parameter):
    """A number between two bounds; its coordinate runs from 0 to 1."""

    low: float
    high: float
    is_discrete = False
    first = 0.0
    last = 1.0

    def value(self, coordinate: float) -> float:
        if coordinate >= 1.0:
            return self.high
        return min(max(self.low + coordinate * (self.high - self.low), self.low), self.high)

    def bound(self, value: Any) -> str:
        near = _ON_BOUND * (self.high - self.low)
        return "lower" if value - self.low <= near else "upper" if self.high - value <= near else ""

    def describe(self) -> list[Any]:
        return [self.low, self.high]


@dataclass(frozen=True)
class Whole(Parameter):
    """A whole number between two bounds, both included; it is its own coordinate."""

    low: int
    high: int

    @property
    def first(self) -> float:  # type: ignore[override]
        """The lowest coordinate."""
        return float(self.low)

    @property
    def last(self) -> float:  # type: ignore[override]
        """The highest coordinate."""
        return float(self.high)

    def value(self, coordinate: float) -> int:
        return min(max(round(coordinate), self.low), self.high)

    def bound(self, value: Any) -> str:
        return "lower" if value == self.low else "upper" if value == self.high else ""

    def describe(self) -> list[Any]:
        return [self.low, self.high]


@dataclass(frozen=True)
class Choice(Parameter):
    """One of several values; its coordinate is its position."""

    values: tuple[Any, ...]
    first = 0.0

    @property
    def last(self) -> float:  # type: ignore[override]
        """The highest coordinate."""
        return float(len(self.values) - 1)

    def value(self, coordinate: float) -> Any:
        return self.values[min(max(round(coordinate), 0), len(self.values) - 1)]

    def bound(self, value: Any) -> str:
        return ""

    def describe(self) -> list[Any]:
        return [as_plain(value, "a choice") for value in self.values]


@dataclass(frozen=True)
class Space:
    """All varied parameters, by name.

    Examples
    --------
    >>> space = as_space({"coupling": (0.0, 0.5), "modes": (10, 20), "baths": ["ring", "star"]})
    >>> space.point((0.5, 12.0, 1.0))
    {'coupling': 0.25, 'modes': 12, 'baths': 'star'}
    """

    parameters: Mapping[str, Parameter]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(self.parameters)

    @property
    def discrete(self) -> tuple[str, ...]:
        """The names of the whole numbers and choices."""
        return tuple(name for name, parameter in self.parameters.items() if parameter.is_discrete)

    def point(self, coordinates: Coordinates) -> Point:
        """Return the parameters at a point."""
        return {name: p.value(x) for (name, p), x in zip(self.parameters.items(), coordinates, strict=True)}

    def spread(self, unit: Any) -> Coordinates:
        """Return the coordinates of a point of the unit cube; each discrete value has an equal share of it."""
        return tuple(
            min(p.first + float(int(u * (p.last - p.first + 1.0))), p.last) if p.is_discrete else float(u)
            for p, u in zip(self.parameters.values(), unit, strict=True)
        )

    def on_bounds(self, point: Point) -> dict[str, str]:
        """Return which parameters of a point lie on which bound."""
        found = {name: parameter.bound(point[name]) for name, parameter in self.parameters.items()}
        return {name: side for name, side in found.items() if side}

    def describe(self) -> dict[str, Any]:
        """Return the space as plain data."""
        return {name: parameter.describe() for name, parameter in self.parameters.items()}


def as_space(over: Any) -> Space:
    """Return what a caller wants to vary, or raise `StudyError`.

    Examples
    --------
    >>> as_space({"coupling": (0.0, 0.5)}).names
    ('coupling',)
    """
    if not isinstance(over, Mapping) or not over:
        raise StudyError(f'`over` of {_OWNER} must be a table of bounds such as {{"coupling": (0.01, 0.5)}}, but is {over!r}.')
    return Space({str(name): _parameter(str(name), values) for name, values in over.items()})


def _parameter(name: str, values: Any) -> Parameter:
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise StudyError(
            f"`over[{name!r}]` of {_OWNER} must be two bounds (low, high) or a list of choices, but is {values!r}. A parameter "
            "that does not vary belongs to the machine."
        )
    entries = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    if len(entries) == 2 and all(isinstance(entry, (int, float)) and not isinstance(entry, bool) for entry in entries):
        return _bounds(name, *entries)
    if len(entries) < 2:
        raise StudyError(f"`over[{name!r}]` of {_OWNER} must hold two bounds or at least two choices, but is {values!r}.")
    written = [json.dumps(as_plain(entry, name), sort_keys=True) for entry in entries]
    for text in written:
        if written.count(text) > 1:
            raise StudyError(f"The choices of {name!r} must differ, but {text} is given more than once.")
    return Choice(entries)


def _bounds(name: str, low: float, high: float) -> Parameter:
    with as_study():
        for value in (low, high):
            _validate.real(value, f"over[{name!r}]", _OWNER)
    if not low < high:
        remedy = f" Swap them: ({high!r}, {low!r})." if high < low else " What does not vary belongs to the machine."
        raise StudyError(f"The bounds of {name!r} must go up, but are {low!r} and {high!r}.{remedy}")
    return Whole(low, high) if isinstance(low, int) and isinstance(high, int) else Interval(float(low), float(high))
