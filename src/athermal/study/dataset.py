"""From the ledgers of many points to one labelled data set: parameters x cycle x part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from athermal.study.design import Design, Grid, as_plain
from athermal.study.record import Record
from athermal.study.task import seed_of
from athermal.thermodynamics.column import DIMENSIONS
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import beyond_carnot

_TAKEN = {*DIMENSIONS, "cycle", "point", "time", "temperature", "status", "error", "seed", "hash"}


def assemble(design: Design, records: Mapping[int, Record], study: Mapping[str, Any]) -> xr.Dataset:
    """Return every column of the ledgers of a sweep, and what became of each point; see `Sweep`."""
    labels = _labels(records.values())
    shape = design.shape if isinstance(design, Grid) else (len(design),)
    columns = _filled(records, labels, len(design))
    names = parameter_labels(design, columns)
    dims = tuple(names.values()) if isinstance(design, Grid) else ("point",)
    data: dict[str, Any] = {
        name: ((*dims, *own), values.reshape(*shape, *values.shape[1:]), attributes)
        for name, (own, values, attributes) in columns.items()
    }
    return xr.Dataset(
        data | _facts(design, records, int(study["seed"]), shape, dims),
        coords={**_coordinates(design, names), **labels},
        attrs={"parameters": list(names.values()), "study": study["fingerprint"]},
    )


def parameter_labels(design: Design, columns: Iterable[str] = ()) -> dict[str, str]:
    """Return how each parameter is called in the data set: by its name, or with "machine." before that of a column."""
    taken = {*columns, *_TAKEN}
    return {name: f"machine.{name}" if name in taken else name for name in design.names}


def _labels(records: Iterable[Record]) -> dict[str, list[Any]]:
    """Return the labels of all parts that any point has, and the cycles of the longest run."""
    found: dict[str, dict[str, None]] = {dim: {} for dim in DIMENSIONS}
    n_cycles = 0
    for ledger in (record.ledger for record in records):
        if ledger is not None:
            n_cycles = max(n_cycles, ledger.n_cycles)
            for dim in found.keys() & set(ledger.cycles.coords):
                found[dim] |= dict.fromkeys(map(str, ledger.cycles[dim].values))
    return {dim: list(words) for dim, words in found.items() if words} | {"cycle": list(range(1, n_cycles + 1))}


Column = tuple[tuple[str, ...], Any, dict[str, Any]]
"""Dimensions, values and attributes."""


def _filled(records: Mapping[int, Record], labels: Mapping[str, list[Any]], n_points: int) -> dict[str, Column]:
    """Return each column over all points; what a point lacks is NaN, "" or False."""
    whole: dict[str, Column] = {}
    for point, record in sorted(records.items()):
        if (ledger := record.ledger) is None:
            continue
        places = _places(ledger, labels)
        for name, (dims, values, attributes) in _columns(ledger):
            if name not in whole:
                kind = values.dtype.kind
                empty: Any = {"U": "", "b": False}.get(kind, np.nan)
                sizes = (n_points, *(len(labels[dim]) for dim in dims))
                whole[name] = dims, np.full(sizes, empty, dtype=object if kind == "U" else None), attributes
            place: Any = (point, *np.ix_(*(places[dim] for dim in dims)))
            whole[name][1][place] = values
    return {
        name: (dims, values.astype(str) if values.dtype == object else values, attributes)
        for name, (dims, values, attributes) in whole.items()
    }


def _columns(ledger: Ledger) -> Iterator[tuple[str, Column]]:
    """Yield the columns of a ledger, those from time zero on and the errors included."""
    sources = [("", "", _judged(ledger, ledger.cycles)), ("cumulative_", "", _judged(ledger, ledger.cumulative, cumulative=True))]
    if ledger.errors:
        sources += [("", "_error", ledger.errors), ("cumulative_", "_error", ledger.cumulative_errors)]
    for before, after, columns in sources:
        for name, column in columns.variables.items():
            if name not in columns.coords:
                yield f"{before}{name}{after}", (_names(column.dims), column.values, _told(column.attrs, before, after))
            elif name in ("time", "temperature") and not before + after:
                yield str(name), (_names(column.dims), column.values, column.attrs)


def _judged(ledger: Ledger, table: xr.Dataset, *, cumulative: bool = False) -> xr.Dataset:
    """Return columns with whether the efficiency is above Carnot's, which only the whole ledger with its errors can tell."""
    told = {"long_name": "gave work at an efficiency above Carnot's, beyond its error", "units": ""}
    return table.assign(is_beyond_carnot=("cycle", beyond_carnot(ledger, cumulative=cumulative), told))


def _names(dims: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(dim) for dim in dims)


def _told(attributes: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    words = str(attributes.get("long_name", ""))
    if before:
        words = f"{words}, from time zero on"
    return {**attributes, "long_name": f"error of {words}" if after else words}


def _places(ledger: Ledger, labels: Mapping[str, list[Any]]) -> dict[str, list[int]]:
    """Return where the entries of a point lie along each dimension of the whole."""
    own = ledger.cycles.coords
    return {dim: [words.index(word) for word in own[dim].values] for dim, words in labels.items() if dim in own}


def _facts(
    design: Design, records: Mapping[int, Record], seed: int, shape: tuple[int, ...], dims: tuple[str, ...]
) -> dict[str, Any]:
    points = range(len(design))
    held = [records.get(point) for point in points]
    facts: dict[str, tuple[Any, str]] = {
        "status": ([record.status if record else "missing" for record in held], "what became of the point"),
        "error": ([f"{r.error_type}: {r.error}" if r and r.error else "" for r in held], "why it was not completed"),
        "hash": ([record.content_hash if record else "" for record in held], "SHA-256 of what was run"),
        "seed": ([seed_of(seed, point) for point in points], "seed of the point"),
    }
    facts |= {} if dims == ("point",) else {"point": (list(points), "position in the sweep")}
    return {name: (dims, np.array(values).reshape(shape), {"long_name": words}) for name, (values, words) in facts.items()}


def _coordinates(design: Design, names: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(design, Grid):
        return {names[name]: labelled(values, name) for name, values in design.axes.items()}
    columns: dict[str, Any] = {"point": np.arange(len(design))}
    points = list(design)
    return columns | {names[name]: ("point", labelled([point[name] for point in points], name)) for name in design.names}


def labelled(values: Sequence[Any], name: str) -> Any:
    """Return the values of a parameter as a coordinate: numbers or words as they are, all else as it is written."""
    plain = [as_plain(value, name) for value in values]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in plain):
        return np.array(plain)
    return np.array([value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in plain])
