"""The columns of several ledgers of one machine side by side, their differences, and how large those are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray
from athermal.thermodynamics import schema
from athermal.thermodynamics.conduct import RESIDUAL_TOLERANCE
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference

# By how many of its standard errors a measured number may differ and still agree: as for a ledger's residuals.
_STANDARD_ERRORS = 5.0


def side_by_side(tables: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return the numeric columns of several tables (cycle, ...) as one data set (backend, cycle, ...).

    A column or cycle that a table lacks is NaN there; checks (`residual_...`, `tolerance_...`) are left out.
    """
    found: dict[str, xr.DataArray] = {}
    for table in tables.values():
        for name, values in table.data_vars.items():
            if values.dtype.kind == "f" and not schema.checks(str(name)):
                found.setdefault(str(name), values)
    if not found:
        return xr.Dataset()
    longest = max(tables.values(), key=lambda table: table.sizes.get("cycle", 0))
    data: dict[str, Any] = {}
    for name, template in found.items():
        stacked = np.full((len(tables), longest.sizes["cycle"], *template.shape[1:]), np.nan)
        for k, table in enumerate(tables.values()):
            if name in table:
                stacked[k, : table.sizes["cycle"]] = table[name].values
        data[name] = (("backend", *template.dims), stacked, template.attrs)
    return xr.Dataset(data, coords={"backend": list(tables), **longest.coords})


def differences(values: xr.Dataset, reference: str) -> xr.Dataset:
    """Return every column minus that of the reference, which itself is left out; equal infinities do not differ."""
    others = values.sel(backend=[name for name in values["backend"].values if name != reference])

    def minus_reference(column: xr.DataArray) -> FloatArray:
        a, b = column.values, values[column.name].sel(backend=reference).values
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(a == b, 0.0, a - b))

    data = {
        name: (column.dims, minus_reference(column), {**column.attrs, "long_name": f"difference of {column.attrs['long_name']}"})
        for name, column in others.data_vars.items()
    }
    return xr.Dataset(data, coords=others.coords)


def term_sizes(table: xr.Dataset, reference: Reference) -> dict[str, float]:
    """Return by unit how large the terms of the laws are: |W| + sum |Q_j| + sum |dU_i|; sum |dS_i| + sum |Q_j|/T_j."""
    heats = np.abs(table["heat"].values)
    energy = np.abs(table["work"].values) + np.sum(heats, axis=-1) + np.sum(np.abs(table["energy_change"].values), axis=-1)
    entropy = np.sum(np.abs(table["entropy_change"].values), axis=-1) + np.sum(heats / reference.divisors, axis=-1)
    largest = _largest(energy)
    return {"energy": largest, "energy/time": largest / reference.period, "nat": _largest(entropy)}


def scales(table: xr.Dataset, reference: Reference) -> dict[str, float]:
    """Return the size of every column: its largest magnitude in a ledger, but at least that of the terms of its law."""
    terms = term_sizes(table, reference)
    return {
        str(name): max(_largest(np.abs(values.values)), terms.get(values.attrs["units"], 0.0))
        for name, values in table.data_vars.items()
        if values.dtype.kind == "f"
    }


def _largest(values: FloatArray) -> float:
    return float(np.max(values, initial=0.0, where=np.isfinite(values)))


def allowed_differences(
    errors: xr.Dataset, ledgers: Mapping[str, Ledger], reference: str, size: Mapping[str, float]
) -> xr.Dataset:
    """Return by how much each backend may differ from the reference by the errors that the two ledgers state.

    Certified errors count once, standard errors five times; rounding is allowed for by the tolerance of the laws' residuals. NaN
    where neither states an error.
    """
    factors = [_STANDARD_ERRORS if ledgers[name].has_standard_errors else 1.0 for name in errors["backend"].values]
    others = [name for name in errors["backend"].values if name != reference]

    def allowed(column: xr.DataArray) -> xr.DataArray:
        stated = column * xr.DataArray(factors, dims="backend")
        mine, base = stated.sel(backend=others), stated.sel(backend=reference)
        total = mine.fillna(0.0) + base.fillna(0.0) + RESIDUAL_TOLERANCE * size.get(str(column.name), 0.0)
        return total.where(mine.notnull() | base.notnull())

    return xr.Dataset({name: allowed(column) for name, column in errors.data_vars.items()})


@dataclass(frozen=True)
class Extent:
    """How far a column of one backend is from the reference.

    Parameters
    ----------
    difference : float
        The largest |difference| over cycles and parts; NaN if nothing can be compared.
    compared, unknown : int
        How many numbers both have, and how many one of the two has.
    verdict : {"", "within", "beyond"}
        Whether all differences are within the stated errors; "" where none are stated.
    """

    difference: float
    compared: int
    unknown: int
    verdict: str


def extent(values: FloatArray, base: FloatArray, allowed: FloatArray | None) -> Extent:
    """Return how far `values` are from those of the reference.

    Examples
    --------
    >>> extent(np.array([1.5, np.nan]), np.array([1.0, 2.0]), None)
    Extent(difference=0.5, compared=1, unknown=1, verdict='')
    """
    has_value, has_base = ~np.isnan(values), ~np.isnan(base)
    both = has_value & has_base
    a, b = values[both], base[both]
    with np.errstate(invalid="ignore"):
        change = np.where(a == b, 0.0, np.abs(a - b))
    verdict = ""
    if allowed is not None and (judged := ~np.isnan(allowed[both])).any():
        verdict = "within" if np.all(change[judged] <= allowed[both][judged]) else "beyond"
    largest = float(np.max(change)) if len(change) else np.nan
    return Extent(largest, int(np.count_nonzero(both)), int(np.count_nonzero(has_value ^ has_base)), verdict)


def parts_of(column: xr.DataArray) -> Iterator[tuple[str, xr.DataArray]]:
    """Yield a column for each part, reservoir or resource it has, with its name; with "" if it has none."""
    others = [dim for dim in column.dims if dim not in ("backend", "cycle")]
    if not others:
        yield "", column
        return
    for label in column[others[0]].values:
        yield str(label), column.sel({others[0]: label})


def named(column: str, part: str) -> str:
    """Return the name of a column of a part, as "heat[hot bath]"."""
    return f"{column}[{part}]" if part else column
