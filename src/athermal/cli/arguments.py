"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def _machines(incomplete: str) -> list[str]:
    """Return the library machines, machine files and folders that what is typed may become."""
    from athermal.library import __all__ as names  # noqa: PLC0415  only where somebody presses the tab key

    head = Path(incomplete).parent if not incomplete.endswith("/") else Path(incomplete)
    found = [entry for entry in names if entry.startswith(incomplete)]
    for entry in sorted(head.glob("*")) if head.is_dir() else []:
        text = str(entry)
        if text.startswith(incomplete.removeprefix("./")) and (entry.is_dir() or entry.suffix in (".toml", ".nc")):
            found.append(f"{text}/" if entry.is_dir() else text)
    return found


Source = Annotated[
    str,
    typer.Argument(metavar="FILE|NAME", help="A machine file, or the name of a library machine.", autocompletion=_machines),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace results that are there already.")]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change the file: machine.T_hot=2, machine.reservoirs.hot.temperature=3, run.tolerance=1e-10. A parameter of a "
        "library machine may stand alone: T_hot=2. May be given several times.",
    ),
]
Cycles = Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")]
Accuracy = Annotated[
    float | None,
    typer.Option("--accuracy", help='Largest error of every column (baths of modes = "auto"), in place of the file\'s.'),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and no table.")]
# Largest relative error of a limit cycle if none is asked for.
LIMIT_ACCURACY = 1e-8


class Kind(StrEnum):
    """The figures that `athermal plot` draws; each is a function of `athermal.plot`."""

    summary = "summary"
    efficiency = "efficiency"
    resources = "resources"
    flows = "flows"
    correlations = "correlations"
    energy_entropy = "energy-entropy"
    ergotropy = "ergotropy"
    heat_map = "heat-map"
    mode_map = "mode-map"
    pareto = "pareto"
    lasting = "lasting"


class Format(StrEnum):
    """What `athermal export` writes."""

    csv = "csv"
    json = "json"
    parquet = "parquet"
    xlsx = "xlsx"
    latex = "latex"


class Table(StrEnum):
    """The tables of a ledger."""

    cycles = "cycles"
    cumulative = "cumulative"
    samples = "samples"
    instants = "instants"


class Search(StrEnum):
    """How `athermal optimise` searches."""

    auto = "auto"
    local = "local"
    whole = "global"
    optuna = "optuna"
