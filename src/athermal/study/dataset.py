"""From the ledgers of many points to one labelled data set: parameters x cycle x part."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from athermal.study.design import Design, Grid, as_plain
from athermal.study.record import Record
from athermal.study.task import seed_of

# The dimensions of a ledger's columns, beside those of the sweep.
_PARTS = ("subsystem", "reservoir", "resource", "counter")
_TAKEN = {*_PARTS, "cycle", "point", "time", "temperature", "status", "error", "seed", "hash"}


def assemble(design: Design, records: Mapping[int, Record], study: Mapping[str, Any]) -> xr.Dataset:
    """Return every column of the ledgers of a sweep, and what became of each point; see `Sweep`."""
    tables = {point: _columns(record) for point, record in records.items() if record.ledger is not None}
    labels: dict[str, list[Any]] = {
        dim: _union(table[name] for table in tables.values() for name in (f"@{dim}",) if name in table) for dim in _PARTS
    }
    labels = {dim: found for dim, found in labels.items() if found}
    n_cycles = max((len(table["time"][1]) for table in tables.values()), default=0)
    labels["cycle"] = list(range(1, n_cycles + 1))
    shape = design.shape if isinstance(design, Grid) else (len(design),)
    names = parameter_labels(design, {name for table in tables.values() for name in table})
    dims = tuple(names.values()) if isinstance(design, Grid) else ("point",)
    data = dict(_filled(tables, labels, shape, dims)) | _facts(design, records, int(study["seed"]), shape, dims)
    return xr.Dataset(
        data,
        coords={**_coordinates(design, names), **{dim: list(words) for dim, words in labels.items()}},
        attrs={"parameters": list(names.values()), "study": study["fingerprint"]},
    )


def parameter_labels(design: Design, columns: Iterable[str] = ()) -> dict[str, str]:
    """Return how each parameter is called in the data set: by its name, or with "machine." before that of a column."""
    taken = {*columns, *_TAKEN}
    return {name: f"machine.{name}" if name in taken else name for name in design.names}


def _columns(record: Record) -> dict[str, Any]:
    """Return the columns of a ledger as (dimensions, values, attributes), and the labels of its parts as "@part"."""
    ledger = record.ledger
    if ledger is None:
        return {}
    found: dict[str, Any] = {}
    sources = [("", "", ledger.cycles), ("cumulative_", "", ledger.cumulative)]
    if ledger.errors:
        sources += [("", "_error", ledger.errors), ("cumulative_", "_error", ledger.cumulative_errors)]
    for before, after, columns in sources:
        for name, column in columns.variables.items():
            if name in columns.coords:
                if name in _PARTS:
                    found[f"@{name}"] = [str(word) for word in column.values]
                elif name in ("time", "temperature"):
                    found[str(name)] = (column.dims, column.values, column.attrs)
            else:
                found[f"{before}{name}{after}"] = (column.dims, column.values, _told(column.attrs, before, after))
    return found


def _told(attributes: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    words = str(attributes.get("long_name", ""))
    if before:
        words = f"{words}, from time zero on"
    return {**attributes, "long_name": f"error of {words}" if after else words}


def _union(lists: Iterable[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(word for words in lists for word in words))


def _filled(
    tables: Mapping[int, dict[str, Any]], labels: Mapping[str, list[Any]], shape: tuple[int, ...], dims: tuple[str, ...]
) -> Iterable[tuple[str, Any]]:
    """Yield each column over all points; what a point lacks is NaN, "" or False."""
    names = dict.fromkeys(name for table in tables.values() for name in table if not name.startswith("@"))
    for name in names:
        holders = {point: table for point, table in tables.items() if name in table}
        own, values, attributes = next(iter(holders.values()))[name]
        kind = np.asarray(values).dtype.kind
        empty: Any = {"U": "", "b": False}.get(kind, np.nan)
        whole = np.full((int(np.prod(shape)), *(len(labels[dim]) for dim in own)), empty, dtype=object if kind == "U" else None)
        for point, table in holders.items():
            place: Any = (point, *np.ix_(*(_places(table, dim, labels) for dim in own)))
            whole[place] = table[name][1]
        array = whole.reshape(*shape, *whole.shape[1:])
        yield name, ((*dims, *own), array.astype(str) if kind == "U" else array, attributes)


def _places(table: Mapping[str, Any], dim: str, labels: Mapping[str, list[Any]]) -> list[int]:
    """Return where the entries of a point lie along a dimension of the whole."""
    if dim == "cycle":
        return list(range(len(table["time"][1])))
    return [labels[dim].index(word) for word in table[f"@{dim}"]]


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
