"""How far several backends are from one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from athermal.comparison import columns
from athermal.comparison.columns import Extent
from athermal.thermodynamics.ledger import Ledger


@dataclass(frozen=True, eq=False)
class Differences:
    """One machine, several backends, and how far each is from the reference: fields as in `BackendComparison`."""

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
