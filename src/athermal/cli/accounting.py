"""`athermal account`: the ledger of a table of numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from athermal.accounting import account
from athermal.cli.console import UNFINISHED, say, stdout_console
from athermal.cli.documents import ledger_document
from athermal.cli.runs import keep, prepare_folder, print_summary
from athermal.cli.tables import print_ledger
from athermal.errors import StudyError


def run(table: Path, temperatures: str, units: str | None, options: dict[str, Any], out: Path | None, *, as_json: bool) -> int:
    """Account for a table, print and save the ledger, and return the exit status."""
    reservoirs = {name: _number(text, name) for name, text in _pairs(temperatures, "--temperatures", "hot=1.5,cold=1.0").items()}
    in_units = _pairs(units, "--units", "energy=GHz,temperature=mK") if units else None
    if out is not None:
        prepare_folder(out)
    ledger = account(table, temperatures=reservoirs, units=in_units, **options)
    outputs = keep(ledger, out, table.stem) if out is not None else {}
    missed = ledger.violations()
    if as_json:
        head = {"name": table.stem, "source": str(table), "period": ledger.reference.period}
        document = ledger_document(head | {"carnot_efficiency": ledger.carnot_efficiency, "unchecked": ledger.unchecked}, ledger)
        typer.echo(json.dumps(document | {"outputs": outputs}, indent=2, allow_nan=False))
    else:
        console = stdout_console()
        print_ledger(ledger, console)
        typer.echo()
        print_summary(ledger, console)
        for what, path in outputs.items():
            typer.echo(f"{what.capitalize()}: {path}")
    if missed:
        say(f"The data miss the laws by more than their tolerance, {len(missed)} times. {missed[0]}", "Error")
    return UNFINISHED if missed else 0


def _pairs(text: str, option: str, example: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in text.split(","):
        name, sign, value = (piece.strip() for piece in entry.partition("="))
        if not (name and sign and value):
            raise StudyError(f"{option} must be of the form {example}, but has {entry!r}.")
        if name in found:
            raise StudyError(f"{option} must name {name!r} once, but does so twice.")
        found[name] = value
    return found


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise StudyError(f"The temperature of {name!r} must be a number, but is {text!r}.") from None
