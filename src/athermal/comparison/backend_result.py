"""The result of a comparison of backends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from athermal import _validate
from athermal.comparison import columns, storage
from athermal.comparison.columns import Extent
from athermal.comparison.table import text_of
from athermal.thermodynamics.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class BackendComparison:
    """One machine, several backends, and how far each is from the reference.

    Parameters
    ----------
    reference : str
    ledgers : mapping of str to Ledger
        Of every backend that finished a cycle, the reference first.
    runtimes : mapping of str to float
        Wall time of the run in seconds, the preparation included; the shortest of several.
    refused : mapping of str to str
        Why a backend cannot hold the machine.
    stopped : mapping of str to str
        Why a backend did not finish; the cycles that it finished are compared, if there are any.
    warnings : mapping of str to tuple of str
        What the runs warned of, where they did.

    Attributes
    ----------
    cycles : xarray.Dataset
        Every numeric column of the ledgers' `cycles` (backend, cycle, ...). NaN where a backend does not know it.
    differences : xarray.Dataset
        The same minus the reference, which itself is left out. NaN where one of the two is: an unknown is no difference of zero.
        The residuals of the laws and their tolerances are in the ledgers.
    errors : xarray.Dataset
        The errors that the ledgers state themselves (`Ledger.errors`); NaN for those that state none, empty if no ledger does.
    largest : xarray.Dataset
        For each backend and column: `difference`, the largest over cycles and parts; `relative`, the same over the size of the
        column: its largest magnitude in the reference, but at least the largest of |W| + sum |Q_j| + sum |dU_i| (energies) or
        sum |dS_i| + sum |Q_j|/T_j (entropies); `compared` and `unknown`, how many numbers both know, and only one of the two;
        `verdict`, whether all differences are "within" the stated errors (certified ones once, standard errors five times) or
        one is "beyond", "" where none are stated.

    Examples
    --------
    >>> import athermal as at
    >>> found = at.compare_backends(at.library.two_oscillator(modes=12), [at.Dense(), at.Star()])
    >>> float(found.largest.difference.sel(backend="star", column="heat")) < 1e-9
    True
    """

    reference: str
    ledgers: Mapping[str, Ledger]
    runtimes: Mapping[str, float]
    refused: Mapping[str, str]
    stopped: Mapping[str, str]
    warnings: Mapping[str, tuple[str, ...]]

    @cached_property
    def cycles(self) -> xr.Dataset:
        return columns.side_by_side({name: ledger.cycles for name, ledger in self.ledgers.items()})

    @cached_property
    def differences(self) -> xr.Dataset:
        return columns.differences(self.cycles, self.reference)

    @cached_property
    def errors(self) -> xr.Dataset:
        found = columns.side_by_side({name: ledger.errors for name, ledger in self.ledgers.items()})
        if not found:
            return found
        # those that state errors may have stopped earlier than others
        return found.reindex(cycle=self.cycles["cycle"].values).assign_coords(time=self.cycles["time"])

    @cached_property
    def scales(self) -> dict[str, float]:
        """The size of every column, which `largest.relative` is relative to."""
        ledger = self.ledgers[self.reference]
        return columns.scales(ledger.cycles, ledger.reference)

    @cached_property
    def largest(self) -> xr.Dataset:
        names = list(map(str, self.cycles.data_vars))
        found = [[self.extent(backend, name) for name in names] for backend in self.others]
        shape, dims = (len(self.others), len(names)), ("backend", "column")
        data = {
            field: np.array([[getattr(entry, field) for entry in row] for row in found], dtype=kind).reshape(shape)
            for field, kind in (("difference", float), ("compared", int), ("unknown", int), ("verdict", str))
        }
        sizes = np.array([self.scales.get(name, np.nan) for name in names])
        with np.errstate(divide="ignore", invalid="ignore"):
            data["relative"] = np.where(data["difference"] == 0.0, 0.0, data["difference"] / sizes)
        units = [self.cycles[name].attrs["units"] for name in names]
        return xr.Dataset(
            {field: (dims, values) for field, values in data.items()},
            coords={"backend": self.others, "column": names, "units": ("column", units)},
        )

    @property
    def others(self) -> list[str]:
        """The backends that are compared with the reference."""
        return [name for name in self.ledgers if name != self.reference]

    @cached_property
    def _allowed(self) -> xr.Dataset:
        if not self.errors:
            return xr.Dataset()
        return columns.allowed_differences(self.errors, self.ledgers, self.reference, self.scales)

    def extent(self, backend: str, column: str, part: str = "") -> Extent:
        """Return how far a column of a backend is from the reference: of one part, reservoir or resource, or of all."""

        def chosen(data: xr.DataArray) -> xr.DataArray:
            return dict(columns.parts_of(data))[part] if part else data

        values = chosen(self.cycles[column])
        allowed = chosen(self._allowed[column]).sel(backend=backend).values if column in self._allowed else None
        return columns.extent(values.sel(backend=backend).values, values.sel(backend=self.reference).values, allowed)

    def __repr__(self) -> str:
        """Return what it is in one line."""
        return f"<BackendComparison: {', '.join(self.ledgers)}; the reference is {self.reference}>"

    def __str__(self) -> str:
        """Return a table with one row for each column, one column for each backend, and what did not go well."""
        return text_of(self)

    def save(self, path: str | Path) -> Path:
        """Write the comparison to a file and return its path; its ending chooses the format.

        A .nc file has the groups /cycles, /differences, /errors and /largest, and as attributes what was refused, stopped or
        warned of, as JSON. A .csv file has a line for each number of each backend, one for its runtime, and one for each backend
        that was refused or finished no cycle, as .xlsx and .parquet files have (``pip install "athermal[export]"``); a .json file
        the columns of every backend; a .tex file the printed table. The ledgers have a `save` of their own.

        Raises
        ------
        FileFormatError
            If the path ends otherwise, or cannot be written to.
        """
        return storage.save(self, _validate.file_path(path))

    def to_dataframe(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each number of each backend, with reference, difference and error."""
        return storage.frame(self)
