"""Labelled data as tables for other programs: data frames, CSV, JSON, Parquet, Excel and LaTeX."""

from __future__ import annotations

import contextlib
import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._lazy import xr
from athermal.errors import FileFormatError
from athermal.thermodynamics import netcdf

if TYPE_CHECKING:
    import pandas as pd

TABLES = (".csv", ".json", ".parquet", ".xlsx", ".tex")
"""How the name of a file may end that other programs read."""

ENDINGS = (*netcdf.ENDINGS, *TABLES)
"""How the name of a result file may end."""

_PACKAGES = {".parquet": "pyarrow", ".xlsx": "openpyxl"}
_MOST_ROWS = 1_048_575  # of a sheet, below its header


@dataclass(frozen=True)
class Tables:
    """What a result can be written as; each form is made only when it is asked for.

    Parameters
    ----------
    what : str
        What it is, for messages: "The ledger".
    frame : callable
        Makes the one table of .csv, .parquet and .tex files.
    sheets : callable
        Makes the tables of an .xlsx file, by name.
    document : callable
        Makes the content of a .json file.
    text : callable
        Makes the content of a .tex file.
    netcdf : callable, optional
        Makes the data set or tree of a netCDF file.
    """

    what: str
    frame: Callable[[], pd.DataFrame]
    sheets: Callable[[], Mapping[str, pd.DataFrame]]
    document: Callable[[], Any]
    text: Callable[[], str]
    netcdf: Callable[[], xr.Dataset | xr.DataTree] | None = None

    def save(self, path: Path) -> Path:
        """Write the file that the ending of its name asks for; an old file is replaced only when the new one is complete.

        Raises
        ------
        FileFormatError
            If the ending is none that is known, the file cannot be written, or what writes it is not installed.
        """
        ending = path.suffix.lower()
        known = [entry for entry in ENDINGS if self.netcdf is not None or entry not in netcdf.ENDINGS]
        if ending not in known:
            raise FileFormatError(
                f"The file of {self.what[0].lower()}{self.what[1:]} must end in {', '.join(known)}, but is {path}."
            )
        if ending in netcdf.ENDINGS and self.netcdf is not None:
            return netcdf.write(self.netcdf(), path, self.what)
        if ending in _PACKAGES:
            _require(_PACKAGES[ending], path)
        partial = path.with_name(f"{path.stem}.part{path.suffix}")
        try:
            self._write(partial, ending)
            partial.replace(path)
        except OSError as error:
            raise FileFormatError(
                f"{self.what} could not be written to {path}: {error}. Choose a folder that exists and can be written to."
            ) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        return path

    def _write(self, path: Path, ending: str) -> None:
        if ending == ".csv":
            # Floats are written such that they are read back to the last bit.
            self.frame().to_csv(path, index=False, na_rep="nan", lineterminator="\n")
        elif ending == ".json":
            path.write_text(json.dumps(plain(self.document()), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        elif ending == ".parquet":
            self.frame().to_parquet(path, engine="pyarrow", index=False)
        elif ending == ".tex":
            path.write_text(self.text(), encoding="utf-8")
        else:
            _write_sheets(self.sheets(), path, self.what)


def _require(package: str, path: Path) -> None:
    try:
        importlib.import_module(package)
    except ImportError:
        raise FileFormatError(
            f'{path} cannot be written without the package {package}: pip install "athermal[export]". '
            "Without it there are .nc, .csv, .json and .tex."
        ) from None


def _write_sheets(sheets: Mapping[str, pd.DataFrame], path: Path, what: str) -> None:
    import pandas as pd  # noqa: PLC0415  takes time to import, and few need it

    longest = max(len(sheet) for sheet in sheets.values())
    if longest > _MOST_ROWS:
        raise FileFormatError(f"{what} has {longest:,} rows, more than the {_MOST_ROWS:,} of a sheet. Write .csv or .parquet.")
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, sheet in sheets.items():
            sheet.to_excel(book, sheet_name=name, index=False, na_rep="nan", inf_rep="inf")
            for row in book.sheets[name].iter_rows():
                for cell in row:
                    if cell.data_type == "f":  # a name may begin with "=", and is no formula
                        cell.data_type = "s"
                    elif isinstance(cell.value, float):  # which would be written to 16 digits, one too few
                        cell.value, cell.data_type = repr(cell.value), "n"


def frame_of(data: xr.Dataset, index: Sequence[str], errors: xr.Dataset | None = None) -> pd.DataFrame:
    """Return a data set as a table with a row for each combination of the index, and a column for each part: heat[hot].

    Parameters
    ----------
    data : xarray.Dataset
    index : sequence of str
        The dimensions that count the rows; they come first, as columns, with the other coordinates along them.
    errors : xarray.Dataset, optional
        The error of some of the variables, given a column of its own beside each: work_error, heat[hot]_error.

    Returns
    -------
    pandas.DataFrame
        Its `attrs` hold the "units" and "long_names" of the columns.

    Examples
    --------
    >>> heat = xr.DataArray([[1.0, -1.0]], dims=("cycle", "reservoir"), coords={"cycle": [1], "reservoir": ["hot", "cold"]})
    >>> frame_of(xr.Dataset({"heat": heat}), ["cycle"]).to_dict("list")
    {'cycle': [1], 'heat[hot]': [1.0], 'heat[cold]': [-1.0]}
    """
    import pandas as pd  # noqa: PLC0415  as above

    shape = tuple(data.sizes[dim] for dim in index)
    columns: dict[str, Any] = {}
    attributes: dict[str, Mapping[str, Any]] = {}

    def add(name: str, values: xr.DataArray, about: Mapping[str, Any]) -> None:
        missing = [dim for dim in index if dim not in values.dims]
        whole = values.expand_dims({dim: data.sizes[dim] for dim in missing}).transpose(*index)
        columns[name] = np.broadcast_to(whole.values, shape).reshape(-1)
        attributes[name] = about

    for dim in index:
        own = data[dim] if dim in data.coords else xr.DataArray(np.arange(data.sizes[dim]), dims=dim)
        add(dim, xr.DataArray(own.values, dims=own.dims), own.attrs)
    for name, coordinate in data.coords.items():
        if name not in index and set(coordinate.dims) <= set(index):
            add(str(name), xr.DataArray(coordinate.values, dims=coordinate.dims), coordinate.attrs)
    for name, values in data.data_vars.items():
        spread = None if errors is None or name not in errors else errors[name]
        for label, part in parts_of(values, index):
            title = f"{name}[{label}]" if label else str(name)
            add(title, part, values.attrs)
            if spread is not None:
                add(f"{title}_error", dict(parts_of(spread, index))[label], {"units": values.attrs.get("units", "")})
    frame = pd.DataFrame(columns)
    frame.attrs = {
        "units": {name: str(about["units"]) for name, about in attributes.items() if about.get("units")},
        "long_names": {name: str(about["long_name"]) for name, about in attributes.items() if about.get("long_name")},
    }
    return frame


def parts_of(values: xr.DataArray, index: Sequence[str]) -> list[tuple[str, xr.DataArray]]:
    """Return a variable part by part, with the label of each; "" if it has no parts."""
    others = [str(dim) for dim in values.dims if dim not in index]
    if not others:
        return [("", xr.DataArray(values.values, dims=values.dims))]
    pairs = [("", values)]
    for dim in others:
        labels = values[dim].values if dim in values.coords else range(values.sizes[dim])
        pairs = [
            (f"{head},{label}" if head else str(label), part.isel({dim: k}))
            for head, part in pairs
            for k, label in enumerate(labels)
        ]
    return [(label, xr.DataArray(part.values, dims=part.dims)) for label, part in pairs]


def about_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table of what the columns of a table are: name, unit and long name of each."""
    import pandas as pd  # noqa: PLC0415  as above

    held = [(name, *(frame.attrs.get(key, {}).get(name, "") for key in ("units", "long_names"))) for name in frame.columns]
    return pd.DataFrame(held, columns=["column", "unit", "long name"])


def columns_by_name(data: xr.Dataset, index: str = "cycle") -> dict[str, Any]:
    """Return the variables of a data set as lists over its cycles, by part or resource where they have one."""
    found: dict[str, Any] = {index: data[index].values.tolist(), "time": data["time"].values.tolist()}
    for name, values in data.data_vars.items():
        parts = {label: part.values.tolist() for label, part in parts_of(values, [index])}
        found[str(name)] = parts if list(parts) != [""] else parts[""]
    return found


def plain(value: Any, *, infinite: bool = True) -> Any:
    """Return data for JSON, which has no word for them, with NaN (unknown or undefined) as None, infinity as "Infinity" or None.

    Examples
    --------
    >>> plain({"a": [1.0, float("nan"), float("-inf")]})
    {'a': [1.0, None, '-Infinity']}
    """
    if isinstance(value, dict):
        return {key: plain(entry, infinite=infinite) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry, infinite=infinite) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) or not infinite else "Infinity" if value > 0.0 else "-Infinity"
    return value
