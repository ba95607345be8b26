"""Tables of measured or simulated numbers: CSV, NPZ, HDF5, netCDF, or columns in memory."""

from __future__ import annotations

import csv
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from athermal._types import Matrix
from athermal._validate import suggest
from athermal.accounting import units as unit_table
from athermal.errors import FileFormatError, StudyError

_COLUMN = re.compile(r"^(?P<kind>[a-z_]+?)(\[(?P<name>[^\]]+)\])?(?P<error>_error)?(\s*\((?P<unit>[^)]*)\))?$")
# What a column holds: the kind of its unit, and whether it belongs to a named part.
_KINDS = {
    "time": ("time", False),
    "work": ("energy", False),
    "heat": ("energy", True),
    "energy": ("energy", True),
    "entropy": ("entropy", True),
    "system_entropy": ("entropy", False),
    "state": ("", True),
    "system_state": ("", False),
    "hamiltonian": ("energy", True),
}
_GRAMMAR = (
    "time, work, heat[RESERVOIR], energy[SUBSYSTEM], entropy[SUBSYSTEM], system_entropy, each but time also with _error at its "
    "end; in NPZ and HDF5 files also state[SUBSYSTEM], system_state and hamiltonian[SUBSYSTEM]"
)


@dataclass
class Table:
    """Columns in the form of the arguments of `account`, and the units that they are in."""

    arguments: dict[str, Any] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)


def is_table(source: Any) -> bool:
    """Tell whether the first argument of `account` is a table, not the times."""
    return isinstance(source, (str, Path)) or (hasattr(source, "keys") and hasattr(source, "__getitem__"))


def read_table(source: Any, units: Mapping[str, str]) -> Table:
    """Return a table's columns, energies in one unit and entropies in nats, or raise an error naming file and column."""
    where = f"{source}" if isinstance(source, (str, Path)) else "The table"
    columns = _read_file(Path(source)) if isinstance(source, (str, Path)) else {str(key): (source[key], "") for key in source}
    parsed = [_parsed(name, values, unit, where) for name, (values, unit) in columns.items()]
    if not any(kind == "time" for kind, *_ in parsed):
        raise FileFormatError(f"{where} must have the column time, but has {', '.join(columns)}. Columns are {_GRAMMAR}.")
    table = Table()
    factors = {kind: _common(parsed, kind, units, table, where) for kind in ("energy", "entropy", "time")}
    for kind, name, is_error, values, unit, title in parsed:
        family = _KINDS[kind][0]
        scale = factors[family](unit, title) if family else 1.0
        if kind not in ("state", "system_state", "hamiltonian"):
            entry: Any = scale * _as_numbers(values, title, where)
        else:
            entry = values if scale == 1.0 else scale * np.asarray(values)
        key = _ARGUMENTS[kind, is_error]
        if name is None:
            table.arguments[key] = entry
        else:
            table.arguments.setdefault(key, {})[name] = entry
    return table


_ARGUMENTS = {
    ("time", False): "times",
    ("work", False): "work",
    ("heat", False): "heats",
    ("energy", False): "energies",
    ("entropy", False): "entropies",
    ("system_entropy", False): "system_entropy",
    ("state", False): "states",
    ("system_state", False): "system_states",
    ("hamiltonian", False): "hamiltonians",
    ("work", True): "work_error",
    ("heat", True): "heat_errors",
    ("energy", True): "energy_errors",
    ("entropy", True): "entropy_errors",
    ("system_entropy", True): "system_entropy_error",
}


def _parsed(title: str, values: Any, unit: str, where: str) -> tuple[str, str | None, bool, Any, str, str]:
    found = _COLUMN.match(title.strip())
    kind = found["kind"] if found else ""
    if found is None or kind not in _KINDS or (kind, bool(found["error"])) not in _ARGUMENTS:
        word = re.split(r"[\[( ]", title.strip())[0].removesuffix("_error")
        raise FileFormatError(
            f"{where} has a column {title!r}, which is none that is known.{suggest(word, _KINDS)} Columns are {_GRAMMAR}."
        )
    if _KINDS[kind][1] != (found["name"] is not None):
        rule = f"name its part, as in {kind}[NAME]" if _KINDS[kind][1] else "name no part"
        raise FileFormatError(f"The column {title!r} of {where} must {rule}.")
    return kind, found["name"], bool(found["error"]), values, found["unit"] or unit, title


def _common(parsed: list[Any], family: str, units: Mapping[str, str], table: Table, where: str) -> Any:
    """Return the function that gives by what a column of a unit is multiplied; note the unit that all then have."""
    own = [(title, unit) for kind, _, _, _, unit, title in parsed if _KINDS[kind][0] == family]
    common = units.get(family) or next((unit for _, unit in own if unit), "")
    if common and family in ("energy", "time"):
        table.units[family] = common
    into = 1.0 if family == "entropy" else unit_table.factor(family, common, family) if common else 1.0

    def scale(unit: str, title: str) -> float:
        unit = unit or units.get(family, "")
        if not unit and common and family != "entropy":
            named = next(other for other, its in own if its)
            raise StudyError(
                f"Units of {where} do not match: {named!r} is in {common}, and {title!r} has none. Give every column its unit, "
                f"or none and one for all (units={{{family!r}: {common!r}}})."
            )
        return unit_table.factor(family, unit, repr(title)) / into if unit else 1.0

    return scale


def _as_numbers(values: Any, title: str, where: str) -> Matrix:
    if isinstance(values, list):
        missing = [k + 1 for k, text in enumerate(values) if not str(text).strip()]
        if missing:
            raise FileFormatError(
                f"{where} must have a number in every line, but the column {title!r} has none in line {missing[0]} of the data"
                f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}."
            )
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"The column {title!r} of {where} must hold numbers, but {error}.") from error


# --- files ---------------------------------------------------------------------------------------------------------------------


def _read_file(path: Path) -> dict[str, tuple[Any, str]]:
    """Return the columns of a file and their units."""
    readers = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".npz": _npz, ".h5": _hdf5, ".hdf5": _hdf5, ".nc": _netcdf}
    if path.suffix.lower() not in readers:
        raise FileFormatError(f"The table {path} must be a {', '.join(readers)} file, but ends in {path.suffix!r}.")
    if not path.is_file():
        raise FileFormatError(f"There is no table {path}.")
    try:
        return readers[path.suffix.lower()](path)
    except FileFormatError:
        raise
    except Exception as error:
        raise FileFormatError(
            f"{path} cannot be read as {path.suffix[1:]}: it is damaged or something else ({type(error).__name__}: {error})."
        ) from error


def _csv(path: Path) -> dict[str, tuple[Any, str]]:
    lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise FileFormatError(f"{path} must have a line of names and a line for each instant, but has {len(lines)} lines.")
    separator = max(",;\t", key=lines[0].count)
    head, *rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    if repeated := [name for k, name in enumerate(head) if name in head[:k]]:
        raise FileFormatError(f"{path} must have each column once, but has {repeated[0]!r} twice.")
    for k, row in enumerate(rows):
        if len(row) != len(head):
            raise FileFormatError(f"Line {k + 1} of the data in {path} must have {len(head)} entries, but has {len(row)}.")
    return {name: ([row[k] for row in rows], "") for k, name in enumerate(head)}


def _npz(path: Path) -> dict[str, tuple[Any, str]]:
    with np.load(path, allow_pickle=False) as held:
        return {name: (held[name], "") for name in held.files}


def _hdf5(path: Path) -> dict[str, tuple[Any, str]]:
    h5py = _package("h5py", path)
    with h5py.File(path) as held:
        found = {name: entry for name, entry in held.items() if hasattr(entry, "shape")}
        return {name: (entry[()], _text(entry.attrs.get("units", ""))) for name, entry in found.items()}


def _netcdf(path: Path) -> dict[str, tuple[Any, str]]:
    xarray = _package("xarray", path)
    _package("h5netcdf", path)
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as data:
        if "format" in data.attrs and data.attrs["format"] == "athermal ledger":
            raise FileFormatError(f"{path} is a ledger already. Read it with athermal.load, or draw it with `athermal plot`.")
        return {str(name): (entry.values, _text(entry.attrs.get("units", ""))) for name, entry in data.variables.items()}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _package(name: str, path: Path) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise FileFormatError(
            f"Reading {path} needs the package {name}, which is not installed. Install it with `pip install {name}`, or "
            "bring the numbers as a .csv or .npz file."
        ) from error
