"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

Source = Annotated[str, typer.Argument(metavar="FILE|NAME", help="A machine file, or the name of a library machine.")]
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
Accuracy = Annotated[
    float | None,
    typer.Option("--accuracy", help='Largest error of every column (baths of modes = "auto"), in place of the file\'s.'),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and no table.")]
# Largest relative error of a limit cycle if none is asked for.
LIMIT_TOLERANCE = 1e-8


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


class Search(StrEnum):
    """How `athermal optimise` searches."""

    auto = "auto"
    local = "local"
    whole = "global"
    optuna = "optuna"
