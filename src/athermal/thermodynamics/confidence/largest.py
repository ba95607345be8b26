"""The largest of errors in different units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics import schema
from athermal.thermodynamics.snapshot import Reference

if TYPE_CHECKING:
    import xarray as xr


def largest_by_cycle(errors: xr.Dataset, reference: Reference) -> tuple[FloatArray, list[str]]:
    """Return the largest error of each cycle, in nats or units of the lowest temperature, and the column that has it.

    D_j and Sigma themselves are left out, not so their changes: where a bath starts at another temperature they have no limit.
    """
    scales = {"nat": 1.0, "energy": reference.energy_unit}
    enlarged = reference.cold_enlargement
    names: list[str] = []
    amounts = []
    for name, values in errors.data_vars.items():
        made = schema.made(str(name))
        if values.attrs["units"] not in scales or made.is_extensive:
            continue
        scale = enlarged if made.is_over_temperature else scales[values.attrs["units"]]
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
