"""The result of a run as one JSON document."""

from __future__ import annotations

import math
from typing import Any

import xarray as xr

from athermal.files import MachineFile
from athermal.thermodynamics.ledger import Ledger


def run_document(plan: MachineFile, ledger: Ledger | None) -> dict[str, Any]:
    """Return what a run says as JSON-ready data. NaN (unknown or undefined) and infinity are null.

    "cycles" and "cumulative" hold one list per quantity with an entry for each cycle; what belongs to a part or resource is
    a table of such lists by name.
    """
    head: dict[str, Any] = {
        "name": plan.name,
        "title": plan.title,
        "source": plan.source,
        "period": plan.machine.period,
        "carnot_efficiency": plan.machine.carnot_efficiency,
    }
    if ledger is None:
        return {**head, "n_cycles": 0, "cycles": {}, "cumulative": {}}
    return ledger_document(head, ledger)


def ledger_document(head: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
    """Return what a ledger says as JSON-ready data, after the entries of a head of its own."""
    units = {str(name): data.attrs["units"] for name, data in ledger.cycles.data_vars.items()}
    document: dict[str, Any] = plain(
        {
            **head,
            "status": ledger.status,
            "n_cycles": ledger.n_cycles,
            "cycles": columns(ledger.cycles),
            "cumulative": columns(ledger.cumulative),
            **(
                {"errors": columns(ledger.errors), "cumulative_errors": columns(ledger.cumulative_errors)}
                if ledger.errors
                else {}
            ),
            "units": {name: unit for name, unit in units.items() if unit},
            "violations": ledger.violations(),
            "provenance": ledger.provenance,
        }
    )
    return document


def columns(data: xr.Dataset) -> dict[str, Any]:
    """Return the variables of a data set as lists over its cycles, by part or resource where they have one."""
    found: dict[str, Any] = {"cycle": data["cycle"].values.tolist(), "time": data["time"].values.tolist()}
    for name, values in data.data_vars.items():
        others = [dim for dim in values.dims if dim != "cycle"]
        if others:
            labels = values[others[0]].values
            found[str(name)] = {str(label): values.sel({others[0]: label}).values.tolist() for label in labels}
        else:
            found[str(name)] = values.values.tolist()
    return found


def plain(value: Any) -> Any:
    """Return data with every NaN and infinity, for which JSON has no word, as None.

    Examples
    --------
    >>> plain({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
