"""Comparisons of backends as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal.comparison.columns import parts_of
from athermal.errors import FileFormatError
from athermal.thermodynamics import netcdf

if TYPE_CHECKING:
    from athermal.comparison.backend_result import BackendComparison

_HEADER = ("backend", "status", "column", "part", "unit", "cycle", "value", "reference", "difference", "error")


def save(comparison: BackendComparison, path: Path) -> Path:
    """Write a comparison; an existing file is replaced only when the new one is complete."""
    if path.suffix == ".nc":
        return netcdf.write(_tree(comparison), path, "The comparison")
    if path.suffix != ".csv":
        raise FileFormatError(f"The file of a comparison must end in .nc or .csv, but is {path}.")
    partial = path.with_name(path.name + ".part")
    try:
        _write_csv(comparison, partial)
        partial.replace(path)
    except OSError as error:
        raise FileFormatError(
            f"The comparison could not be written to {path}: {error}. Choose a folder that exists and can be written to."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def _tree(comparison: BackendComparison) -> xr.DataTree:
    groups = {"/cycles": comparison.cycles, "/differences": comparison.differences, "/largest": comparison.largest}
    if comparison.errors:
        groups["/errors"] = comparison.errors
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "format": "athermal comparison of backends",
        "reference": comparison.reference,
        **{name: json.dumps(dict(getattr(comparison, name))) for name in ("runtimes", "refused", "stopped", "warnings")},
        "provenance": json.dumps({name: ledger.provenance for name, ledger in comparison.ledgers.items()}),
    }
    return tree


def _write_csv(comparison: BackendComparison, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(_HEADER)
        writer.writerows(_lines(comparison))


def _lines(comparison: BackendComparison) -> Iterator[tuple[Any, ...]]:
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


def _numbers(comparison: BackendComparison, name: str, status: str) -> Iterator[tuple[Any, ...]]:
    for column, data in comparison.cycles.data_vars.items():
        stated = dict(parts_of(comparison.errors[column])) if column in comparison.errors else {}
        for part, values in parts_of(data):
            mine, base = (values.sel(backend=which).values for which in (name, comparison.reference))
            with np.errstate(invalid="ignore"):
                change = np.where(mine == base, 0.0, mine - base)
            errors = stated[part].sel(backend=name).values if part in stated else np.full_like(mine, np.nan)
            for row in zip(data["cycle"].values, mine, base, change, errors, strict=True):
                yield name, status, column, part, data.attrs["units"], *(entry.item() for entry in row)
