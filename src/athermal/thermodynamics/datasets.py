"""The data sets of a ledger: every column of the schema, worked out and labelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from athermal._lazy import xr
from athermal._types import IntArray, Matrix
from athermal.thermodynamics import schema
from athermal.thermodynamics.column import DIMENSIONS, Column, in_units
from athermal.thermodynamics.interval import Interval
from athermal.thermodynamics.snapshot import Reference, Snapshot


def instants(snapshots: Snapshot, ref: Reference, units: Mapping[str, str]) -> xr.Dataset:
    """Return the energies and entropies themselves at each sampled instant, the start included."""
    found = [column for column in schema.of_instants().values() if column.is_told(snapshots)]
    data = {
        column.name: (("instant", *column.dims), column.at(snapshots, ref), column.attributes(units, is_interval=False))
        for column in found
        if column.at is not None
    }
    coords: dict[str, Any] = {"instant": np.arange(len(snapshots.time)), "time": ("instant", snapshots.time)}
    coords |= _labels(found, ref, units) | {"log_partition": (("reservoir",), ref.log_partitions)}
    if ref.ground_energies is not None:
        coords["ground_energy"] = (("reservoir",), ref.ground_energies)
    return xr.Dataset(data, coords=coords)


def between(interval: Interval, dim: str, labels: IntArray, units: Mapping[str, str], *, with_words: bool = True) -> xr.Dataset:
    """Return the columns of stacked intervals along the dimension `dim`."""
    columns = [column for column in schema.of_intervals().values() if column.is_told(interval.b)]
    if not with_words:
        columns = [column for column in columns if column.holds == "numbers"]
    data = {
        column.name: ((dim, *column.dims), column.over(interval), column.attributes(units))
        for column in columns
        if column.over is not None
    }
    coords = {dim: labels, "time": (dim, interval.b.time), **_labels(columns, interval.reference, units)}
    return xr.Dataset(data, coords=coords)


def _labels(columns: Iterable[Column], ref: Reference, units: Mapping[str, str]) -> dict[str, Any]:
    """Return the labels of the dimensions that columns have, and the temperatures and potentials of the reservoirs."""
    used = dict.fromkeys(("subsystem", "reservoir", *(dim for column in columns for dim in column.dims)))
    coords: dict[str, Any] = {dim: list(DIMENSIONS[dim](ref)) for dim in used}
    energy = {"units": in_units("energy", units)}
    coords["temperature"] = (("reservoir",), ref.temperatures, energy)
    if np.any(ref.chemical_potentials):
        coords["chemical_potential"] = (("reservoir",), ref.chemical_potentials, energy)
    if ref.temperature_errors is not None:
        coords["temperature_error"] = (("reservoir",), ref.temperature_errors)
    return coords


def residuals(interval: Interval) -> dict[str, Matrix]:
    """Return by how much intervals miss the laws, by how much they may, and whether one is violated, by the names of columns."""
    missed = {f"residual_{law}": values for law, values in interval.residuals.items()}
    allowed = {f"tolerance_{law}": values for law, values in interval.tolerances.items()}
    return {**missed, **allowed, "is_violated": interval.is_violated}
