"""The points of a sweep: a grid, a random or quasi-random sample, or a table."""

from __future__ import annotations

import csv
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal._validate import as_study
from athermal.errors import StudyError
from athermal.machine.spec import to_spec

Point = dict[str, Any]
"""The values of the parameters at one point, by name."""


class Design(ABC):
    """The points of a sweep, in order."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The varied parameters."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of points."""

    @abstractmethod
    def point(self, index: int) -> Point:
        """Return the parameters of the point at a position."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return the design as plain data."""

    def __iter__(self) -> Iterator[Point]:
        """Go through the points."""
        return (self.point(k) for k in range(len(self)))


@dataclass(frozen=True, eq=False)
class Grid(Design):
    """Every combination of the values given, the last parameter varying fastest.

    Parameters
    ----------
    axes : mapping of str to sequence
        The values of each parameter: numbers, words, or anything that a machine file can hold.

    Examples
    --------
    >>> grid = Grid({"T_hot": [1.5, 2.0], "modes": [10, 20]})
    >>> len(grid), grid.point(2)
    (4, {'T_hot': 2.0, 'modes': 10})
    """

    axes: dict[str, tuple[Any, ...]]
    kind: Literal["grid"] = field(default="grid", repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.axes, Mapping) or not self.axes:
            raise StudyError(f'The parameters of a grid must be a table such as {{"T_hot": [1.5, 2.0]}}, but are {self.axes!r}.')
        checked = {checked_name(name): _axis(name, values) for name, values in self.axes.items()}
        object.__setattr__(self, "axes", checked)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of each parameter."""
        return tuple(len(values) for values in self.axes.values())

    def __len__(self) -> int:
        return math.prod(self.shape)

    def point(self, index: int) -> Point:
        places = np.unravel_index(index, self.shape)
        return {name: values[int(k)] for (name, values), k in zip(self.axes.items(), places, strict=True)}

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, "axes": {name: [as_plain(v, name) for v in values] for name, values in self.axes.items()}}


class _Listed(Design):
    """Points that are listed one by one."""

    @property
    @abstractmethod
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        """The values of the parameters at each point."""

    def __len__(self) -> int:
        return len(self.rows)

    def point(self, index: int) -> Point:
        return dict(zip(self.names, self.rows[index], strict=True))

    def describe(self) -> dict[str, Any]:
        rows = [[as_plain(value, name) for name, value in zip(self.names, row, strict=True)] for row in self.rows]
        return {"kind": "table", "names": list(self.names), "rows": rows}


@dataclass(frozen=True, eq=False)
class Sample(_Listed):
    """Points drawn within ranges: quasi-random (a scrambled Sobol sequence, which covers evenly) or random (uniform).

    Parameters
    ----------
    ranges : mapping of str to (low, high)
        The range of each parameter; of two whole numbers, only whole numbers within it are drawn.
    points : int
    method : {"quasi_random", "random"}
    seed : int

    References
    ----------
    A. B. Owen, "Scrambling Sobol' and Niederreiter-Xing points", J. Complexity 14, 466 (1998).

    Examples
    --------
    >>> sample = Sample({"T_hot": (1.5, 3.0), "modes": (10, 20)}, points=8)
    >>> len(sample), 1.5 <= sample.point(0)["T_hot"] <= 3.0, type(sample.point(0)["modes"]).__name__
    (8, True, 'int')
    """

    ranges: dict[str, tuple[float, float]]
    points: int
    method: Literal["quasi_random", "random"] = "quasi_random"
    seed: int = 0

    def __post_init__(self) -> None:
        owner = "a sample"
        if not isinstance(self.ranges, Mapping) or not self.ranges:
            raise StudyError(f'`ranges` of {owner} must be a table such as {{"T_hot": (1.5, 3.0)}}, but is {self.ranges!r}.')
        with as_study():
            _validate.count(self.points, "points", owner)
            _validate.count(self.seed, "seed", owner, least=0)
            _validate.choice(self.method, "method", owner, ("quasi_random", "random"))
            ranges = {checked_name(name): _range(name, pair) for name, pair in self.ranges.items()}
        object.__setattr__(self, "ranges", ranges)

    def __len__(self) -> int:
        return self.points

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.ranges)

    @cached_property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        rng, width = np.random.default_rng(self.seed), len(self.ranges)
        if self.method == "random":
            unit = rng.random((self.points, width))
        else:
            from scipy.stats import qmc  # noqa: PLC0415  takes a quarter of a second to import, and only a sample needs it

            # a Sobol sequence is balanced in powers of two; a first part of it is still even
            unit = qmc.Sobol(width, rng=rng).random_base2(math.ceil(math.log2(max(self.points, 1))))[: self.points]
        return tuple(tuple(_within(pair, float(u)) for pair, u in zip(self.ranges.values(), row, strict=True)) for row in unit)


@dataclass(frozen=True, eq=False)
class Table(_Listed):
    """Points one by one.

    Parameters
    ----------
    entries : sequence of mappings
        The parameters of each point; all points have the same ones.

    Examples
    --------
    >>> Table([{"T_hot": 1.5, "modes": 10}, {"T_hot": 3.0, "modes": 40}]).point(1)
    {'T_hot': 3.0, 'modes': 40}
    """

    entries: Sequence[Mapping[str, Any]]

    def __post_init__(self) -> None:
        entries = list(self.entries)
        if not entries:
            raise StudyError("The table of points of a sweep must hold at least one point, but is empty.")
        if not entries[0]:
            raise StudyError("The points of a sweep must have at least one parameter, but the first has none.")
        for name in entries[0]:
            checked_name(name)
        for k, entry in enumerate(entries):
            if list(entry) != list(entries[0]) and set(entry) != set(entries[0]):
                raise StudyError(
                    f"All points of a sweep must have the same parameters, but point 0 has {', '.join(entries[0])} and point {k} "
                    f"has {', '.join(entry) or 'none'}."
                )
        object.__setattr__(self, "entries", tuple(dict(entry) for entry in entries))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.entries[0])

    @cached_property
    def rows(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(tuple(_value(entry[name]) for name in self.names) for entry in self.entries)


def as_design(over: Any) -> Design:
    """Return the points that a caller means: a design, a grid as a mapping, a table as a sequence of mappings or a data frame.

    Examples
    --------
    >>> len(as_design({"T_hot": [1.5, 2.0]})), len(as_design([{"T_hot": 1.5}]))
    (2, 1)
    """
    if isinstance(over, Design):
        return over
    if isinstance(over, Mapping):
        return Grid(dict(over))
    if hasattr(over, "to_dict") and hasattr(over, "columns"):  # a pandas data frame
        return Table(over.to_dict(orient="records"))
    if isinstance(over, Sequence) and not isinstance(over, str) and all(isinstance(entry, Mapping) for entry in over):
        return Table(over)
    raise StudyError(
        'The points of a sweep must be a grid such as {"T_hot": [1.5, 2.0]}, a list of points such as [{"T_hot": 1.5}], a '
        f"data frame, or a Sample, but are {over!r}."
    )


def read_table(path: Path) -> Table:
    """Return the points of a CSV file whose first line names the parameters.

    Raises
    ------
    StudyError
        If it cannot be read, or a line is short or long.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # a spreadsheet may begin it with a mark
            lines = [line for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(
            f"The table of points {path} cannot be read: {reason}. Give a text file of comma-separated values."
        ) from error
    if len(lines) < 2:
        raise StudyError(f"The table of points {path} must have a line of names and at least one line of values.")
    names = [name.strip() for name in lines[0]]
    for k, line in enumerate(lines[1:], start=2):
        if len(line) != len(names):
            raise StudyError(f"Line {k} of {path} has {len(line)} values, but there are {len(names)} names: {', '.join(names)}.")
    return Table([dict(zip(names, map(read_value, line), strict=True)) for line in lines[1:]])


def read_value(text: str) -> Any:
    """Return a value written as text: a whole number, a number, true or false, or a word.

    Examples
    --------
    >>> read_value("12"), read_value("1e-3"), read_value("true"), read_value("position")
    (12, 0.001, True, 'position')
    """
    text = text.strip()
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def spaced(low: Any, high: Any, count: int, *, is_logarithmic: bool = False) -> list[Any]:
    """Return equally spaced values, ends included; whole numbers if both ends and the steps between are.

    Examples
    --------
    >>> spaced(10, 40, 4), spaced(1.0, 2.0, 3)
    ([10, 20, 30, 40], [1.0, 1.5, 2.0])
    """
    if count == 1 or low == high:
        return [low] * count
    if is_logarithmic:
        return [float(x) for x in np.geomspace(low, high, count)]
    if isinstance(low, int) and isinstance(high, int) and (high - low) % (count - 1) == 0:
        return list(range(low, high + (1 if high >= low else -1), (high - low) // (count - 1) or 1))[:count]
    return [float(x) for x in np.linspace(low, high, count)]


def checked_name(name: Any) -> str:
    """Return the name of a parameter, or raise `StudyError` if a data set on disk could not have it."""
    if not isinstance(name, str) or not name.strip() or "/" in name:
        raise StudyError(
            f"The name of a parameter must be a word without '/', but is {name!r}. Parts of a machine may "
            "be named by position: machine.reservoirs.0.temperature."
        )
    return name


def _axis(name: Any, values: Any) -> tuple[Any, ...]:
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__iter__"):
        raise StudyError(f"The values of {name!r} must be a list, but are {values!r}. Write [{values!r}] for a single one.")
    if isinstance(values, (set, frozenset)):
        raise StudyError(f"The values of {name!r} must be a list, but are a set, which has no order. Write sorted(...).")
    entries = tuple(_value(value) for value in (np.asarray(values) if hasattr(values, "__array__") else values))
    if not entries:
        raise StudyError(f"The values of {name!r} must hold at least one, but are empty: the sweep would have no point.")
    written: dict[str, Any] = {}
    for value in entries:
        is_whole = isinstance(value, float) and value.is_integer()
        text = (
            value
            if isinstance(value, str)
            else json.dumps(int(value) if is_whole else as_plain(value, str(name)), sort_keys=True)
        )
        if text in written:
            raise StudyError(f"The values of {name!r} must differ, but {value!r} is given more than once.")
        written[text] = value
    return entries


def _range(name: Any, pair: Any) -> tuple[Any, Any]:
    if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
        raise StudyError(f"The range of {name!r} must be two numbers (low, high), but is {pair!r}.")
    low, high = (_value(value) for value in pair)
    for value in (low, high):
        _validate.real(value, f"ranges[{name!r}]", "a sample")
    if not low < high:
        raise StudyError(f"The range of {name!r} must go up, but is {low!r} to {high!r}.")
    return low, high


def _within(pair: tuple[Any, Any], unit: float) -> Any:
    low, high = pair
    if isinstance(low, int) and isinstance(high, int):
        return min(low + int(unit * (high - low + 1)), high)
    return low + unit * (high - low)


def _value(value: Any) -> Any:
    """Return a value as Python's own kind of number."""
    return value.item() if isinstance(value, np.generic) else value


def as_plain(value: Any, name: str) -> Any:
    """Return a value of a parameter as JSON-ready data."""
    if isinstance(value, float) and not math.isfinite(value):
        raise StudyError(f"The values of {name!r} must be finite, but one is {value}. Leave it out.")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [as_plain(entry, name) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): as_plain(entry, name) for key, entry in value.items()}
    data = to_spec(value) if hasattr(type(value), "__dataclass_fields__") else None
    if data is None:
        raise StudyError(
            f"The values of {name!r} must be numbers, words, or what a machine file can hold, but one is {value!r}. Number the "
            "choices, and let a machine function choose by the number."
        )
    return data


def design_of(data: Mapping[str, Any]) -> Design:
    """Return the points that `Design.describe` told of."""
    if data["kind"] == "grid":
        return Grid(dict(data["axes"]))
    return Table([dict(zip(data["names"], row, strict=True)) for row in data["rows"]])
