"""The sentences about a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from athermal._numbers import ratio
from athermal.thermodynamics.significance import gives_work, is_athermal_engine, is_beyond, is_past_recurrence


def highlights(cycles: xr.Dataset, whole: xr.Dataset, parameters: Callable[[int], Mapping[str, Any]]) -> list[str]:
    """Return where a machine does best, and where it beats Carnot, before any of its baths recurs.

    Parameters
    ----------
    cycles, whole : xarray.Dataset
        The columns of single cycles, and those of all since the start, over the points and `cycle`; `point` numbers the points.
    parameters : function
        From the number of a point to its parameters.
    """
    points = cycles["point"]
    n = points.size
    lines = []
    for table, span in ((cycles, "in one cycle"), (whole.isel(cycle=[-1]), "over the whole run")):
        if place := _best(table):
            eta, carnot = (ratio(float(table[name].isel(place))) for name in ("efficiency", "carnot_efficiency"))
            point = int(points.isel({dim: k for dim, k in place.items() if dim != "cycle"}))
            cycle = f" in cycle {int(table['cycle'].isel(cycle=place['cycle']))}" if table is cycles else ""
            where = ", ".join(f"{key} = {_short(value)}" for key, value in parameters(point).items())
            lines.append(f"Highest efficiency {span}: {eta} (Carnot {carnot}){cycle} at point {point}: {where}.")
    if not np.any(gives_work(cycles)):
        return [*lines, f"No work comes out at any of {n} points."]
    past = is_past_recurrence(cycles)
    masks = is_athermal_engine(cycles) & ~past, is_beyond(cycles), past
    athermal, beyond, late = (int(np.sum(np.any(mask, axis=cycles["work"].dims.index("cycle")))) for mask in masks)
    lines.append(f"An athermal engine in some cycle at {athermal} of {n} points, beyond Carnot at {beyond}.")
    if late:
        lines.append(
            f"At {late} of {n} points the run goes past the recurrence time of a finite bath; these cycles "
            "(`is_past_recurrence`) are left out here. Use more modes, or fewer cycles."
        )
    return lines


def _best(table: xr.Dataset) -> dict[Any, int]:
    """Return where the efficiency is highest; nowhere if no work comes out."""
    eta = table["efficiency"]
    engines = eta.where(eta.copy(data=gives_work(table) & ~is_past_recurrence(table)))
    return {} if np.all(np.isnan(engines.values)) else {dim: int(k) for dim, k in engines.argmax(...).items()}


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
