"""What a figure or a table takes from a sweep: some of its points, one column, one cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray
from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.thermodynamics.significance import gives_work, is_athermal_engine, is_past_recurrence

CUMULATIVE = "cumulative_"
"""What the names of the columns since time zero start with."""

_LABELS = ("subsystem", "reservoir", "resource", "counter", "observable", "pair")


def dataset_of(sweep: Any) -> xr.Dataset:
    """Return the data set of a sweep, or the data set itself."""
    data = getattr(sweep, "dataset", sweep)
    if not isinstance(data, xr.Dataset) or "parameters" not in data.attrs or "status" not in data:
        raise StudyError(f"Expected a Sweep, or its `dataset`, but found {type(sweep).__name__!r}: a ledger has its own figures.")
    if not data.sizes.get("cycle", 0):
        raise StudyError("No point of the sweep has finished a cycle: see the `error` of each point.")
    return data


def parameters_of(data: xr.Dataset) -> list[str]:
    """Return the names of the parameters."""
    return [str(name) for name in np.atleast_1d(data.attrs["parameters"])]


def is_grid(data: xr.Dataset) -> bool:
    """Tell a grid from a sample or a table, whose points are listed one by one."""
    return "point" not in data.dims


def varied(data: xr.Dataset) -> list[str]:
    """Return the parameters that take more than one value."""
    return [name for name in parameters_of(data) if len(np.unique(np.atleast_1d(data[name].values))) > 1]


def fix(data: xr.Dataset, at: Mapping[str, Any] | None) -> xr.Dataset:
    """Return the points at which parameters have the values given, without the dimensions of these parameters.

    Raises
    ------
    StudyError
        If a name is no parameter, or no point has the value.
    """
    for name, value in (at or {}).items():
        if name not in parameters_of(data):
            known = parameters_of(data)
            raise StudyError(f"The sweep has no parameter {name!r}, only {_listed(known)}.{suggest(name, known)}")
        values = np.atleast_1d(data[name].values)
        where = np.flatnonzero(_equals(values, value))
        if not where.size:
            raise StudyError(
                f"No point of the sweep has {name} = {value!r}; its values are {_listed(np.unique(values).tolist())}."
            )
        if not is_grid(data):
            data = data.isel(point=where)
        elif name in data.dims:
            data = data.isel({name: int(where[0])})
    return data


def interval(data: xr.Dataset, column: str) -> tuple[xr.Dataset, str]:
    """Return the columns of the intervals that a column is of, single cycles or all since time zero, by their bare names.

    Returns
    -------
    xarray.Dataset, str
        The columns, `status` among them, and the bare name of the column.
    """
    is_cumulative = column.startswith(CUMULATIVE)
    names = [str(name) for name in data.data_vars]
    chosen = {name: name.removeprefix(CUMULATIVE) for name in names if name.startswith(CUMULATIVE) == is_cumulative}
    if is_cumulative:
        chosen["status"] = "status"
    return data[list(chosen)].rename(chosen), column.removeprefix(CUMULATIVE) if is_cumulative else column


def at_cycle(data: xr.Dataset, cycle: int | None, default: int) -> xr.Dataset:
    """Return the columns at one cycle; `default` is its position where none is named."""
    cycles = data["cycle"].values
    if cycle is None:
        return data.isel(cycle=default)
    if cycle not in cycles:
        raise StudyError(f"The sweep has no cycle {cycle!r}: `cycle` must be from {cycles[0]} to {cycles[-1]}.")
    return data.sel(cycle=cycle)


def column_of(data: xr.Dataset, name: str) -> xr.DataArray:
    """Return a column of numbers; "heat[hot bath]" is that of one reservoir, subsystem or resource.

    Raises
    ------
    StudyError
        If there is no such column, it holds words, or it has labels and none is named.
    """
    bare, _, label = name.partition("[")
    _check_column(data, bare)
    column = data[bare]
    if column.dtype.kind not in "fiub":
        raise StudyError(f"The column {bare!r} holds words, not numbers: draw it with `mode_map`.")
    for dim in (dim for dim in _LABELS if dim in column.dims):
        labels = [str(value) for value in column[dim].values]
        chosen = label.removesuffix("]")
        if chosen not in labels:
            raise StudyError(
                f"The column {bare!r} has one value for each of {_listed(labels)}: name it as '{bare}[{labels[0]}]'."
            )
        return column.sel({dim: chosen}).astype(float)
    return column.astype(float)


@dataclass(frozen=True)
class Points:
    """The points of a sweep at one cycle.

    Attributes
    ----------
    data : xarray.Dataset
        The columns over the parameters, or over `point`.
    name : str
        The bare name of the column asked for.
    when : str
        "cycle 3", "cycles 1-8" since the start, or "each cycle".
    """

    data: xr.Dataset
    name: str
    when: str

    @property
    def is_grid(self) -> bool:
        """Whether the points form a grid."""
        return is_grid(self.data)

    def values(self, name: str) -> FloatArray:
        """Return a column of numbers over the points."""
        return np.asarray(self._over_points(column_of(self.data, name)).values, dtype=float)

    def words(self, name: str) -> Any:
        """Return a column of words over the points."""
        return self._over_points(self.data[name]).values.astype(str)

    def states(self) -> dict[str, Any]:
        """Return which points have "values", gave "work", are an "athermal" engine, "failed" or "unfinished".

        "past" are those past the recurrence time of a finite bath, which are no "athermal" engines: the bath's size shows.
        """
        words = self.words("mode")
        has, failed = words != "", self.words("status") == "failed"
        names = [name for name in ("work", "mode", "is_athermal", "is_past_recurrence") if name in self.data]
        table = self.data[names].map(self._over_points)
        past = is_past_recurrence(table)
        athermal = is_athermal_engine(table) & ~past
        ended = {"failed": ~has & failed, "unfinished": ~has & ~failed}
        return {"values": has, "work": gives_work(table), "athermal": athermal, "past": past, **ended}

    def _over_points(self, column: xr.DataArray) -> xr.DataArray:
        return column.broadcast_like(self.data["work"]).transpose(*self.data["work"].dims)


@dataclass(frozen=True)
class Plane(Points):
    """The points of a sweep over one or two parameters; of a grid, arrays have the shape (y, x) or (x,).

    Attributes
    ----------
    x, y : str
        The parameters, or "cycle"; no `y` if there is one.
    """

    x: str
    y: str | None

    def coordinate(self, name: str) -> Any:
        """Return the values of a parameter: along its axis, or at each point."""
        return np.atleast_1d(self.data[name].values)


def points(sweep: Any, column: str, at: Mapping[str, Any] | None = None, cycle: int | None = None) -> Points:
    """Return the points of a sweep at one cycle: the first if none is named, the last for columns since the start."""
    data = fix(dataset_of(sweep), at)
    _check_column(data, column)
    return Points(*_moment(data, column, cycle))


def plane(
    sweep: Any,
    column: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    cycle: int | None = None,
) -> Plane:
    """Return the points of a sweep over `x` and `y`, the others fixed by `at`, at one cycle.

    `x` and `y` are the first and second parameter that vary, if left out; one of them may be "cycle". The cycle is the first if
    none is named, the last for columns since the start.

    Raises
    ------
    StudyError
        If names or values do not exist, or more parameters vary than are named.
    """
    data = fix(dataset_of(sweep), at)
    x, y = _axes(data, x, y)
    _check_column(data, column)
    if "cycle" in {x, y}:
        chosen, name = interval(data, column)
        when = "each cycle" if name == column else "since the start"
    else:
        chosen, name, when = _moment(data, column, cycle)
    if is_grid(data):
        chosen = chosen.squeeze([dim for dim in parameters_of(data) if dim in chosen.dims and dim not in {x, y}])
        chosen = chosen.transpose(*(dim for dim in (y, x) if dim), ...)
    return Plane(chosen, name, when, x, y)


def _moment(data: xr.Dataset, column: str, cycle: int | None) -> tuple[xr.Dataset, str, str]:
    """Return the columns at one cycle, the bare name of one of them, and the cycle in words."""
    chosen, name = interval(data, column)
    chosen = at_cycle(chosen, cycle, 0 if name == column else -1)
    now, first = int(chosen["cycle"]), int(data["cycle"].values[0])
    return chosen, name, f"cycle {now}" if name == column or now == first else f"cycles {first}\N{EN DASH}{now}"


def _check_column(data: xr.Dataset, column: str) -> None:
    bare = column.partition("[")[0]
    if bare not in data:
        raise StudyError(f"The sweep has no column {bare!r}.{suggest(bare, [str(known) for known in data.data_vars])}")


def _axes(data: xr.Dataset, x: str | None, y: str | None) -> tuple[str, str | None]:
    """Return the parameters of the two axes, those left out being the next that vary."""
    known, changing = parameters_of(data), varied(data)
    allowed = [*known, "cycle"] if is_grid(data) else known
    for axis, name in (("x", x), ("y", y)):
        if name is not None and name not in allowed:
            raise StudyError(f"`{axis}` must be one of {_listed(allowed)}, but is {name!r}.{suggest(name, allowed)}")
        if name not in {None, "cycle"} and is_grid(data) and name not in data.dims:
            raise StudyError(f"`{axis}` is {name!r}, but `at` fixes its value. Leave it out of one of them.")
    if x is not None and x == y:
        raise StudyError(f"`x` and `y` must be two parameters, but both are {x!r}.")
    left = [name for name in changing if name not in {x, y}]
    is_named = x is not None and y is not None
    x = x or (left.pop(0) if left else next(name for name in known if name != y and (name in data.dims or not is_grid(data))))
    y = y or (left.pop(0) if left else None)
    if left and not (is_named and not is_grid(data)):
        raise StudyError(
            f"A map has two axes, here {x} and {y}, but {_listed(left)} {'varies' if len(left) == 1 else 'vary'} too. "
            f"Give a value: at={{{left[0]!r}: {np.unique(data[left[0]].values).tolist()[0]!r}}}."
        )
    return x, y


def _equals(values: Any, value: Any) -> Any:
    """Tell which values are a value, numbers up to rounding."""
    if values.dtype.kind in "fiu" and isinstance(value, (int, float, np.number)):
        return np.isclose(values, float(value), rtol=1e-9, atol=0.0)
    return np.array([entry == value for entry in values.tolist()])


def _listed(names: Any) -> str:
    """Return "'a', 'b' and 2 others"."""
    texts = [repr(name) for name in names]
    return ", ".join(texts) if len(texts) <= 12 else f"{', '.join(texts[:11])} and {len(texts) - 11} others"
