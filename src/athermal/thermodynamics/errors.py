"""How well the columns of a ledger are known: by sampling, or by resolving continuous baths more finely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger
    from athermal.thermodynamics.snapshot import Reference

# Rounding of a sum of a few terms, in units of their size.
_ROUNDING = 16.0 * float(np.finfo(float).eps)

# What all other columns are made of.
_TERMS = [
    "work",
    "heat",
    "energy_change",
    "entropy_change",
    "mutual_information_change",
    "system_correlation_change",
    "reservoir_correlation_change",
    "athermality_change",
]


def jackknife(ledger: Ledger, which: str) -> xr.Dataset:
    """Return sqrt((n - 1)/n sum_k (x_k - mean x)^2) of every column, x_k with sample k left out (Quenouille, Tukey 1958)."""
    held = ledger.replicates
    if held is None:
        return xr.Dataset()
    n = len(held)
    tables = [getattr(ledger.sibling(held.snapshots.at((slice(None), k)), held.works[:, k]), which) for k in range(n)]
    return _errors(
        getattr(ledger, which), lambda name: np.sqrt((n - 1) * np.var([t[name].values for t in tables], axis=0)), "standard"
    )


def certified(ledger: Ledger, which: str) -> xr.Dataset:
    """Return by how much every column changed when its continuous baths were refined, plus what the laws' residuals leave open.

    Refinement makes errors smaller many times over, so that the change is that of the coarser run, and bounds the finer one.
    """
    held = ledger.refinement
    if held is None:
        return xr.Dataset()
    fine, coarse = getattr(ledger, which), getattr(ledger.sibling(held.snapshots, held.works, held.log_partitions), which)
    floors = _floors(ledger, fine)

    def error(name: str) -> FloatArray:
        values, units = fine[name].values, fine[name].attrs["units"]
        change = _change(fine[name], coarse[name])
        if name.startswith("carnot_") or units not in floors:
            return change
        floor = floors[units].reshape(-1, *[1] * (values.ndim - 1))
        return change + (floor * (1.0 + np.abs(values)) if units == "1" else floor)

    return _errors(fine, error, "certified")


def difference(one: Ledger, other: Ledger) -> xr.Dataset:
    """Return by how much the terms of the laws differ, cycle by cycle, in two ledgers of one machine."""
    return _errors(one.cycles[_TERMS], lambda name: _change(one.cycles[name], other.cycles[name]), "difference as an")


def _change(a: xr.DataArray, b: xr.DataArray) -> FloatArray:
    # inf in both is no difference
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(a.values == b.values, 0.0, np.abs(a.values - b.values)))


def _floors(ledger: Ledger, table: xr.Dataset) -> dict[str, FloatArray]:
    """Return what rounding and the propagators leave open, by the unit of a column: residuals, and the refinement of steps."""
    step = _ROUNDING + float(ledger.accuracy.get("step_error", 0.0))
    temperatures = ledger.reference.temperatures
    work, heats = np.abs(table["work"].values), np.abs(table["heat"].values)
    terms = work + heats.sum(axis=1) + np.abs(table["energy_change"].values).sum(axis=1)
    energy = np.abs(table["residual_first_law"].values) + step * terms
    second = np.abs(table["residual_second_law"].values)
    # unknown where a reservoir's entropy is; the first law's residual then speaks for both
    second = np.where(np.isnan(second), energy / float(np.min(temperatures)), second)
    nats = second + step * (np.abs(table["entropy_change"].values).sum(axis=1) + (heats / temperatures).sum(axis=1))
    intake = table["heat_intake"].values + table["energy_intake"].values
    denominators = np.minimum(np.where(work > 0.0, work, np.inf), np.where(intake > 0.0, intake, np.inf))
    power = np.abs(table["power"].values)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(work > 0.0, power / work, 0.0)
        return {"energy": energy, "nat": nats, "1": energy / denominators, "energy/time": energy * inverse}


def _errors(table: xr.Dataset, error: Any, kind: str) -> xr.Dataset:
    columns = {
        name: (
            values.dims,
            error(name),
            {"long_name": f"{kind} error of {values.attrs['long_name']}", "units": values.attrs["units"]},
        )
        for name, values in table.data_vars.items()
        if values.dtype.kind == "f" and not str(name).startswith(("residual_", "tolerance_"))
    }
    return xr.Dataset(columns, coords=table.coords)


def largest_by_cycle(errors: xr.Dataset, reference: Reference) -> tuple[FloatArray, list[str]]:
    """Return the largest error of each cycle, in nats or units of the lowest temperature, and the column that has it."""
    scales = {"nat": 1.0, "energy": float(np.min(reference.temperatures))}
    names: list[str] = []
    amounts = []
    for name, values in errors.data_vars.items():
        if values.attrs["units"] not in scales:
            continue
        table = np.nan_to_num(values.values, nan=0.0) / scales[values.attrs["units"]]
        labels = [f"[{label}]" for label in values[values.dims[1]].values] if values.ndim > 1 else [""]
        names += [f"{name}{label}" for label in labels]
        amounts.append(table.reshape(len(table), -1))
    together = np.concatenate(amounts, axis=1)
    return np.max(together, axis=1), [names[k] for k in np.argmax(together, axis=1)]


def worst(ledger: Ledger) -> tuple[float, str]:
    """Return the largest error of a ledger, in nats or units of the lowest temperature, and where it is."""
    found = []
    for errors, since in ((ledger.errors, ""), (ledger.cumulative_errors, ", since the start")):
        by_cycle, columns = largest_by_cycle(errors, ledger.reference)
        k = int(np.argmax(by_cycle))
        found.append((float(by_cycle[k]), f"{columns[k]} in cycle {k + 1}{since}"))
    return max(found)


def certificate(ledger: Ledger) -> str:
    """Return a sentence on the certified errors of a run, "" if it has none."""
    if ledger.refinement is None:
        return ""
    error, where = worst(ledger)
    return (
        f"Certified by refining the continuous baths: no entropy (in nats) or energy (in units of the lowest temperature) is off "
        f"by more than {error:.1e} ({where})."
    )
