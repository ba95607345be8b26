"""Where tables come from: CSV, NPZ, HDF5 and netCDF files, data frames, data sets, and columns in memory."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from athermal import _validate
from athermal.errors import FileFormatError
from athermal.thermodynamics import netcdf

Columns = dict[str, tuple[Any, str]]
"""Values and unit ("" if it has none) of each column by its title."""


def columns_of(source: Any) -> Columns:
    """Return the columns of a table, or raise `FileFormatError` saying what is wrong with it."""
    if isinstance(source, (str, Path)):
        return _read_file(_validate.file_path(source))
    if hasattr(source, "data_vars"):
        return _data_set(source, "`source`")
    if hasattr(source, "iloc"):
        return _data_frame(source)
    return {str(key): (source[key], "") for key in source}


def _data_frame(frame: Any) -> Columns:
    """Return the columns of a pandas data frame; an index named `time` is one, and ("heat", "hot") stands for heat[hot]."""
    titles = [_title(*title) if isinstance(title, tuple) else str(title) for title in frame.columns]
    entries = [(title, frame.iloc[:, k].to_numpy()) for k, title in enumerate(titles)]
    entries += [("time", frame.index.to_numpy())] if frame.index.name == "time" else []
    return _once(entries, "`source`")


def _data_set(data: Any, where: str) -> Columns:
    """Return the columns of an xarray data set; a dimension of names, as in heat(time, reservoir), is one column for each."""
    labels = {dim: [str(name) for name in data[dim].values] for dim in data.dims if _is_words(data, dim)}
    entries, units = [], {}
    for name in map(str, data.variables):
        if name in labels:
            continue
        entry, unit = data[name], _text(data[name].attrs.get("units", ""))
        named = [dim for dim in entry.dims if dim in labels]
        if len(named) > 1:
            raise FileFormatError(f"{name!r} of {where} must have one dimension of names, but has {', '.join(map(repr, named))}.")
        parts = [(_title(name, label), entry.isel({named[0]: k})) for k, label in enumerate(labels[named[0]])] if named else []
        for title, values in parts or [(name, entry)]:
            entries.append((title, (values.transpose("time", ...) if "time" in values.dims else values).values))
            units[title] = unit
    return {title: (values, units[title]) for title, (values, _) in _once(entries, where).items()}


def _is_words(data: Any, dim: Any) -> bool:
    return dim in data.coords and data[dim].dtype.kind in "UO"


def _title(kind: str, name: str = "", *more: Any) -> str:
    """Return heat[hot] of ("heat", "hot"), and heat[hot]_error of ("heat_error", "hot") or ("heat", "hot", "error").

    A number is a level: ("population", "atom", 0) is population[atom][0].
    """
    bare = kind.removesuffix("_error")
    error = "_error" if bare != kind or "error" in more else ""
    level = "".join(f"[{entry}]" for entry in more if str(entry).isdigit())
    return f"{bare}[{name}]{level}{error}" if name else kind


def _once(entries: list[tuple[str, Any]], where: str) -> Columns:
    titles = [title for title, _ in entries]
    if repeated := [title for k, title in enumerate(titles) if title in titles[:k]]:
        raise FileFormatError(f"{where} must have each column once, but has {repeated[0]!r} twice.")
    return {title: (values, "") for title, values in entries}


def _read_file(path: Path) -> Columns:
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


def _csv(path: Path) -> Columns:
    lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) < 2:
        raise FileFormatError(f"{path} must have a line of names and a line for each instant, but has {len(lines)} lines.")
    separator = max(",;\t", key=lines[0].count)
    head, *rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    if matrices := [name for name in head if name.startswith(("state", "system_state", "hamiltonian"))]:
        raise FileFormatError(
            f"{path} must hold one number in each entry, but {matrices[0]!r} is of matrices. Bring them as a .npz or .h5 file, "
            "or energies and entropies in their place."
        )
    for k, row in enumerate(rows):
        if len(row) != len(head):
            raise FileFormatError(f"Line {k + 1} of the data in {path} must have {len(head)} entries, but has {len(row)}.")
    return _once([(name, [row[k] for row in rows]) for k, name in enumerate(head)], str(path))


def _npz(path: Path) -> Columns:
    with np.load(path, allow_pickle=False) as held:
        return {name: (held[name], "") for name in held.files}


def _hdf5(path: Path) -> Columns:
    h5py = _package("h5py", path)
    netcdf.check(path, "Make it anew")
    with h5py.File(path) as held:
        if groups := [name for name, entry in held.items() if not hasattr(entry, "shape")]:
            raise FileFormatError(f"{path} must hold its columns as data sets at the top, but has the group {groups[0]!r}.")
        return {name: (entry[()], _text(entry.attrs.get("units", ""))) for name, entry in held.items()}


def _netcdf(path: Path) -> Columns:
    xarray = _package("xarray", path)
    _package("h5netcdf", path)
    netcdf.check(path, "Make it anew")
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as data:
        if "format" in data.attrs and data.attrs["format"] == "athermal ledger":
            raise FileFormatError(f"{path} is a ledger already. Read it with athermal.load, or draw it with `athermal plot`.")
        return _data_set(data, str(path))


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
