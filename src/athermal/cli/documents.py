"""The result of a run as one JSON document."""

from __future__ import annotations

from typing import Any

from athermal.files import MachineFile
from athermal.thermodynamics.export import plain
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.ledger_tables import document


def run_document(plan: MachineFile, ledger: Ledger | None) -> dict[str, Any]:
    """Return what a run says as JSON-ready data: NaN (unknown or undefined) is null, infinity "Infinity"."""
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
    found: dict[str, Any] = plain(document(head, ledger))
    return found
