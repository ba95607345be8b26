"""Comparisons of backends as files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal.comparison.columns import parts_of
from athermal.comparison.differences import Differences
from athermal.comparison.table import table_rows
from athermal.thermodynamics import latex, netcdf
from athermal.thermodynamics.export import Tables, columns_by_name

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "athermal comparison of backends"
_HEADER = ("backend", "status", "column", "part", "unit", "cycle", "value", "reference", "difference", "error")


def save(comparison: Differences, path: Path) -> Path:
    """Write a comparison; an existing file is replaced only when the new one is complete."""
    return Tables(
        "The comparison",
        frame=lambda: frame(comparison),
        sheets=lambda: {"comparison": frame(comparison)},
        document=lambda: document(comparison),
        text=lambda: latex.printed(table_rows(comparison)),
        netcdf=lambda: _tree(comparison),
    ).save(path)


def comparison_tree(path: Path) -> xr.DataTree | None:
    """Return what the file of a comparison holds, None if it is none of one."""
    tree, _ = netcdf.read(path)
    return tree if tree.attrs.get("format") == FORMAT else None


def frame(comparison: Differences) -> pd.DataFrame:
    """Return a row for each number of each backend; see `BackendComparison.to_dataframe`."""
    import pandas as pd  # noqa: PLC0415  takes time to import, and few need it

    found = pd.DataFrame(list(_lines(comparison)), columns=list(_HEADER))
    for name in ("value", "reference", "difference", "error"):
        found[name] = pd.to_numeric(found[name], errors="coerce").astype(float)
    found["cycle"] = pd.to_numeric(found["cycle"], errors="coerce").astype("Int64")
    return found


def document(comparison: Differences) -> dict[str, Any]:
    """Return a comparison as plain data: the columns of every backend, and what did not go well."""
    facts = {name: dict(getattr(comparison, name)) for name in ("runtimes", "refused", "stopped")}
    told = {name: list(messages) for name, messages in comparison.warnings.items()}
    by_backend = {name: columns_by_name(comparison.cycles.sel(backend=name)) for name in comparison.ledgers}
    return {"reference": comparison.reference, **facts, "warnings": told, "cycles": by_backend}


def _tree(comparison: Differences) -> xr.DataTree:
    groups = {"/cycles": comparison.cycles, "/differences": comparison.differences, "/largest": comparison.largest}
    if comparison.errors:
        groups["/errors"] = comparison.errors
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "format": FORMAT,
        "reference": comparison.reference,
        "samples_per_cycle": comparison.ledgers[comparison.reference].samples_per_cycle,
        **{name: json.dumps(dict(getattr(comparison, name))) for name in ("runtimes", "refused", "stopped", "warnings")},
        "provenance": json.dumps({name: ledger.provenance for name, ledger in comparison.ledgers.items()}),
    }
    return tree


def _lines(comparison: Differences) -> Iterator[tuple[Any, ...]]:
    """Yield a line for each number. Floats are written such that they are read back to the last bit."""
    for name in comparison.ledgers:
        status = "stopped" if name in comparison.stopped else "complete"
        yield from _numbers(comparison, name, status)
        seconds, base = comparison.runtimes[name], comparison.runtimes[comparison.reference]
        yield name, status, "runtime", "", "s", "", seconds, base, seconds - base, ""
    for name, message in comparison.refused.items():
        yield name, f"refused: {message}", *[""] * (len(_HEADER) - 2)
    for name, message in comparison.stopped.items():
        if name not in comparison.ledgers:
            yield name, f"stopped: {message}", *[""] * (len(_HEADER) - 2)


def _numbers(comparison: Differences, name: str, status: str) -> Iterator[tuple[Any, ...]]:
    for column, data in comparison.cycles.data_vars.items():
        stated = dict(parts_of(comparison.errors[column])) if column in comparison.errors else {}
        for part, values in parts_of(data):
            mine, base = (values.sel(backend=which).values for which in (name, comparison.reference))
            with np.errstate(invalid="ignore"):
                change = np.where(mine == base, 0.0, mine - base)
            errors = stated[part].sel(backend=name).values if part in stated else np.full_like(mine, np.nan)
            for row in zip(data["cycle"].values, mine, base, change, errors, strict=True):
                yield name, status, column, part, data.attrs["units"], *(entry.item() for entry in row)
