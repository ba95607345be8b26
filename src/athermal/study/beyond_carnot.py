"""For how many cycles a charge lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import xarray as xr

from athermal.study.selection import dataset_of, fix, interval
from athermal.thermodynamics.significance import is_beyond, is_past_recurrence


def cycles_beyond_carnot(sweep: Any, *, at: Mapping[str, Any] | None = None) -> xr.DataArray:
    """Return for how many cycles the efficiency since the start stays above Carnot's: how long the charge lasts.

    The last n at which W(0, n tau) < 0 and eta(0, n tau) = -W/(Q_in + dU_in) > eta_C = 1 - T_min/T_max (S15), zero if there
    is none; where ledgers have errors, eta beyond them. Cycles past the recurrence time of a finite bath do not count.
    eta > eta_C needs dsigma < 0 (S19), and a finite stock of correlations can be spent only once.

    Parameters
    ----------
    sweep : Sweep or its dataset
    at : mapping, optional
        Parameters to fix at one of their values.

    Returns
    -------
    xarray.DataArray
        Over the parameters, or over the points of a sample. NaN where a run has no cycle. The coordinate `is_lower_bound` is true
        where the last cycle of the run that counts is still above Carnot: the charge may last longer.

    Raises
    ------
    StudyError
        If `at` names what is not in the sweep.

    Examples
    --------
    >>> from athermal.study.beyond_carnot import cycles_beyond_carnot
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=6, initial=at.Charged(2))
    >>> data = ledger.cumulative.rename({name: f"cumulative_{name}" for name in ledger.cumulative.data_vars})
    >>> data = data.expand_dims(modes=[12]).assign(status=("modes", ["complete"])).assign_attrs(parameters=["modes"])
    >>> cycles_beyond_carnot(data).values  # charged for m cycles, it lasts 2 m - 1
    array([3.])
    """
    data, _ = interval(fix(dataset_of(sweep), at), "cumulative_efficiency")
    mode = data["mode"].astype(str)
    above = data["work"].copy(data=is_beyond(data))
    is_known = mode != ""
    lasts = data["cycle"].where(above, 0).max("cycle").astype(float).where(is_known.any("cycle"))
    finished = data["cycle"].where(is_known & ~data["work"].copy(data=is_past_recurrence(data)), 0).max("cycle")
    lasts = lasts.assign_coords(is_lower_bound=(lasts > 0) & (lasts == finished)).rename("cycles_beyond_carnot")
    lasts.attrs = {"long_name": "cycles for which the efficiency since the start is above Carnot's", "units": "cycles"}
    return lasts.drop_vars("cycle", errors="ignore")
