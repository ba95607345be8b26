"""`athermal audit`: how good a run is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from athermal.cli.console import telling_cycles, warnings_as_lines
from athermal.cli.sources import resolve
from athermal.engine import Audit, audit
from athermal.engine.certified import DEFAULT_ACCURACY
from athermal.errors import FileFormatError
from athermal.files import MachineFile, machine_file_of
from athermal.thermodynamics.export import plain
from athermal.thermodynamics.ledger import load


def show(source: str, changes: Sequence[str], settings: dict[str, int | float | None], *, as_json: bool) -> int:
    """Audit what a command names and print it; return the exit status."""
    plan = _plan(source, changes)
    plan = dataclasses.replace(plan, **{key: value for key, value in settings.items() if value is not None})  # type: ignore[arg-type]
    accuracy = DEFAULT_ACCURACY if plan.accuracy is None else plan.accuracy
    with warnings_as_lines(), telling_cycles(1) as progress:
        found = audit(plan.machine, plan.cycles, plan.initial, backend=plan.backend, accuracy=accuracy, progress=progress)
    if as_json:
        typer.echo(json.dumps(plain(describe(plan, found), infinite=False), indent=2, allow_nan=False))
    else:
        typer.echo("\n".join([*([plan.title] if plan.title else []), str(found)]))
    return 0


def _plan(source: str, changes: Sequence[str]) -> MachineFile:
    if not source.endswith(".nc"):
        return resolve(source, changes)
    if changes:
        raise FileFormatError("--set changes a machine file, and cannot change a finished run. Give the machine file instead.")
    return machine_file_of(load(Path(source)), Path(source).stem, source)


def describe(plan: MachineFile, found: Audit) -> dict[str, Any]:
    """Return an audit as plain data."""
    facts = {entry.name: getattr(found, entry.name) for entry in dataclasses.fields(found) if entry.name != "ledger"}
    baths = [dataclasses.asdict(bath) for bath in found.baths]
    return {"name": plan.name, "source": plan.source, "cycles": found.ledger.n_cycles} | facts | {"baths": baths}
