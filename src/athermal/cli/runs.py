"""`athermal run`: run a machine, print its ledger, keep it."""

from __future__ import annotations

import dataclasses
import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from athermal.cli import outputs, pictures
from athermal.cli.console import UNFINISHED, interrupted, say, stdout_console, telling_cycles, warnings_as_lines
from athermal.cli.documents import run_document
from athermal.cli.sources import resolve
from athermal.cli.tables import print_ledger
from athermal.errors import MachineError, RunError, RunInterrupted
from athermal.files import MachineFile
from athermal.narrative import summary
from athermal.thermodynamics.ledger import Ledger


@dataclass
class _Outcome:
    """How a run ended; `message` says why it did not go well."""

    ledger: Ledger | None
    status: int = 0
    message: str = ""
    kind: str = ""
    warnings: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)


def run(
    source: str,
    changes: Sequence[str],
    settings: dict[str, Any],
    out: Path | None,
    *,
    force: bool,
    with_cumulative: bool,
    as_json: bool,
) -> int:
    """Run what a command names, print and save the result, and return the exit status."""
    plan = resolve(source, changes)
    settings = {key: value for key, value in settings.items() if value is not None}
    if "observables" in settings:
        named = [_named(text) for text in settings["observables"]]
        names = [name for name, _ in named]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise MachineError(
                f"--observable names {repeated[0]!r} {names.count(repeated[0])} times. Give each a name of its own."
            )
        settings["observables"] = plan.observables | dict(named)
    plan = dataclasses.replace(plan, **settings)
    files = {} if out is None else outputs.ledger_files(out, plan.name)
    outputs.prepare(files.values(), force=force)
    outcome = _execute(plan)
    if outcome.ledger is not None:
        outcome.outputs = keep(outcome.ledger, files)
    if as_json:
        typer.echo(json.dumps(_document(plan, outcome), indent=2, allow_nan=False))
    elif outcome.ledger is not None:
        print_run(outcome.ledger, outcome.outputs, cycles=plan.cycles, with_cumulative=with_cumulative)
        if not files and sys.stdout.isatty():
            say("Nothing was written; --out DIR keeps the ledger and the picture.")
    if outcome.message:
        say(outcome.message, "Error")
    return outcome.status


def _named(text: str) -> tuple[str, str]:
    """Return the name and the observable of "n=cavity.num"."""
    name, equals, observable = text.partition("=")
    if not (name.strip() and equals and observable.strip()):
        raise MachineError(f"--observable must be written NAME=PART.OPERATOR, as n=cavity.num, but is {text!r}.")
    return name.strip(), observable.strip()


def _execute(plan: MachineFile) -> _Outcome:
    """Run a machine; what was finished of a run that fails or is interrupted is kept."""
    with warnings_as_lines() as collected:
        try:
            with telling_cycles(plan.samples_per_cycle) as progress:
                outcome = _Outcome(plan.run(progress=progress))
        except RunError as error:
            outcome = _Outcome(error.ledger, UNFINISHED, f"{_kept(error.ledger, plan)} {error}", type(error).__name__)
        except RunInterrupted as error:
            outcome = _Outcome(error.ledger, interrupted(), f"Interrupted. {_kept(error.ledger, plan)}", "RunInterrupted")
    if outcome.ledger is not None and not outcome.status and (missed := outcome.ledger.violations()):
        message = f"The laws are missed by more than their tolerance; do not trust these numbers. {' '.join(missed[:3])}"
        outcome = _Outcome(outcome.ledger, UNFINISHED, message, "ResidualViolation")
    outcome.warnings = collected
    return outcome


def _kept(ledger: Ledger | None, plan: MachineFile) -> str:
    finished = ledger.n_cycles if ledger is not None else 0
    if finished == plan.cycles:
        return f"All cycles ({plan.cycles}) were run."
    if not finished:
        return f"No cycle of {plan.cycles} was finished."
    return f"The run stopped in cycle {finished + 1} of {plan.cycles}; the results are those of the finished ones."


def keep(ledger: Ledger, files: Mapping[str, Path]) -> dict[str, str]:
    """Write a ledger and its picture, and return their paths."""
    kept = {}
    if "ledger" in files:  # first: a picture that fails must not cost the run
        kept["ledger"] = str(ledger.save(files["ledger"]))
    if "figure" in files:
        kept["figure"] = str(pictures.save_figure(ledger, "summary", files["figure"]))
    return kept


def _document(plan: MachineFile, outcome: _Outcome) -> dict[str, Any]:
    document = run_document(plan, outcome.ledger)
    document |= {"warnings": outcome.warnings, "outputs": outcome.outputs}
    if outcome.message:
        document["error"] = {"type": outcome.kind, "message": outcome.message}
    return document


def _fitted(line: str, console: Console) -> str:
    """Return a line of prose broken between words for a terminal, unbroken for anything else."""
    return textwrap.fill(line, console.width, subsequent_indent="    ") if console.is_terminal else line


def print_summary(ledger: Ledger, console: Console) -> None:
    """Print in words what a ledger shows, and every violation of a law."""
    for line in [*summary(ledger), *(f"VIOLATED  {sentence}" for sentence in ledger.violations())]:
        typer.echo(_fitted(line, console))


def print_run(ledger: Ledger, files: Mapping[str, str], *, cycles: int, with_cumulative: bool) -> None:
    """Print a ledger as a table and in words, and where it was written; `cycles` are those that were asked for."""
    console = stdout_console()
    if title := str(ledger.provenance.get("title", "")):
        console.print(Text(title, style="bold"), soft_wrap=True)
    print_ledger(ledger, console)
    if with_cumulative:
        typer.echo()
        print_ledger(ledger, console, cumulative=True)
    typer.echo()
    if ledger.n_cycles < cycles:
        typer.echo(f"Not finished: these are {ledger.n_cycles} of {cycles} cycles.")
    print_summary(ledger, console)
    for what, path in files.items():
        typer.echo(f"{what.capitalize()}: {path}")
