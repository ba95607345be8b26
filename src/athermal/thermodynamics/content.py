"""What a ledger is made of, as named arrays and plain facts: the one form in which all files hold it.

A dataclass is its fields by name, an array the name of a variable; so a field that is added to a snapshot, or a new way of
knowing errors, needs nothing here but its class in the list. Columns are not in it: the laws give them back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from athermal._lazy import xr
from athermal.errors import FileFormatError
from athermal.thermodynamics import confidence
from athermal.thermodynamics.conduct import Conduct, Recurrence
from athermal.thermodynamics.labelled import Labelled
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.states import Kept

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Snapshot,
        Reference,
        Conduct,
        Recurrence,
        Kept,
        confidence.Exact,
        confidence.Certified,
        confidence.Coarser,
        confidence.Jackknife,
        confidence.Bootstrap,
        confidence.Linear,
    )
}


def to_dataset(ledger: Labelled) -> xr.Dataset:
    """Return what a ledger is made of as one flat data set, a few kB for a run of some cycles."""
    arrays: dict[str, Any] = {}
    content = {name: _plain(getattr(ledger, name), name, arrays) for name in _names(ledger) if name != "provenance"}
    data = {name: (tuple(f"{name}_{k}" for k in range(np.ndim(values))), values) for name, values in arrays.items()}
    return xr.Dataset(data, attrs={"content": json.dumps(content), "provenance": json.dumps(ledger.provenance)})


def from_dataset(data: xr.Dataset) -> dict[str, Any]:
    """Return the fields of the ledger that `to_dataset` took apart, or raise `FileFormatError` if a piece is missing."""
    try:
        content = json.loads(data.attrs["content"])
        found = {name: _built(value, data) for name, value in content.items()}
        return found | {"provenance": json.loads(data.attrs["provenance"])}
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"The data lack a part of a ledger ({error}).") from error


def _names(held: Any) -> list[str]:
    return [entry.name for entry in fields(held)]


def _plain(value: Any, name: str, arrays: dict[str, Any]) -> Any:
    """Return a value as plain data, its arrays put aside under names that begin with its own."""
    if type(value).__name__ in _KINDS:
        held = {entry: _plain(getattr(value, entry), f"{name}.{entry}", arrays) for entry in _names(value)}
        return {"kind": type(value).__name__, "fields": held}
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            arrays |= {f"{name}.real": value.real, f"{name}.imaginary": value.imag}
            return {"complex": name}
        arrays[name] = value
        return {"array": name}
    if isinstance(value, Mapping):
        return {"mapping": {key: _plain(entry, f"{name}.{key}", arrays) for key, entry in value.items()}}
    if isinstance(value, (tuple, list)):
        return [_plain(entry, f"{name}.{k}", arrays) for k, entry in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _built(value: Any, data: xr.Dataset) -> Any:
    """Return the value that `_plain` took apart."""
    if isinstance(value, list):
        return tuple(_built(entry, data) for entry in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.asarray(data[value["array"]].values, dtype=float)
    if "complex" in value:
        real, imaginary = (data[f"{value['complex']}.{part}"].values for part in ("real", "imaginary"))
        return np.asarray(real + 1j * imaginary, dtype=complex)
    if "mapping" in value:
        return {key: _built(entry, data) for key, entry in value["mapping"].items()}
    return _KINDS[value["kind"]](**{name: _built(entry, data) for name, entry in value["fields"].items()})
