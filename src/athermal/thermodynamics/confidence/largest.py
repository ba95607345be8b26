"""The largest of errors in different units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.snapshot import Reference

if TYPE_CHECKING:
    import xarray as xr

OVER_TEMPERATURE = ("athermality", "athermality_change", "sigma_total", "sigma_total_change", "sigma_change")
"""Heats over temperatures: where T is as good as zero they are as large as 1/T, and known by the heats."""
# Of a bath that does not start at its reference temperature these grow with the number of modes: a continuum has none. Their
# changes are columns of their own.
_EXTENSIVE = ("athermality", "sigma_total")


def largest_by_cycle(errors: xr.Dataset, reference: Reference) -> tuple[FloatArray, list[str]]:
    """Return the largest error of each cycle, in nats or units of the lowest temperature, and the column that has it.

    D_j and Sigma themselves are left out, not so their changes: where a bath starts at another temperature they have no limit.
    """
    scales = {"nat": 1.0, "energy": reference.energy_unit}
    enlarged = reference.cold_enlargement
    names: list[str] = []
    amounts = []
    for name, values in errors.data_vars.items():
        if values.attrs["units"] not in scales or name in _EXTENSIVE:
            continue
        scale = enlarged if name in OVER_TEMPERATURE else scales[values.attrs["units"]]
        table = np.nan_to_num(values.values, nan=0.0) / scale
        labels = [f"[{label}]" for label in values[values.dims[1]].values] if values.ndim > 1 else [""]
        names += [f"{name}{label}" for label in labels]
        amounts.append(table.reshape(len(table), -1))
    together = np.concatenate(amounts, axis=1)
    return np.max(together, axis=1), [names[k] for k in np.argmax(together, axis=1)]


def largest(errors: xr.Dataset, reference: Reference) -> tuple[float, str]:
    """Return the largest error of all cycles, in nats or units of the lowest temperature, and where it is."""
    by_cycle, columns = largest_by_cycle(errors, reference)
    k = int(np.argmax(by_cycle))
    return float(by_cycle[k]), f"{columns[k]} in cycle {k + 1}"
