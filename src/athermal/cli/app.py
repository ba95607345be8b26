"""The commands for single runs and their help, and the way into all of them."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from athermal._lazy import LazyModule
from athermal.cli import texts
from athermal.cli.arguments import LIMIT_ACCURACY, Accuracy, AsJson, Changes, Cycles, Force, Format, Kind, Source, Table
from athermal.cli.console import UntilClosed, heed_signals, reporting, talking
from athermal.cli.studies import studies
from athermal.errors import FileFormatError

if TYPE_CHECKING:
    from athermal.cli import (
        auditing,
        catalogue,
        columns,
        defining,
        inspection,
        limit,
        pictures,
        results,
        runs,
    )
else:  # what a command does is imported when it is called: --help and --version need none of it
    auditing = LazyModule("athermal.cli.auditing")
    catalogue = LazyModule("athermal.cli.catalogue")
    columns = LazyModule("athermal.cli.columns")
    defining = LazyModule("athermal.cli.defining")
    inspection = LazyModule("athermal.cli.inspection")
    limit = LazyModule("athermal.cli.limit")
    pictures = LazyModule("athermal.cli.pictures")
    results = LazyModule("athermal.cli.results")
    runs = LazyModule("athermal.cli.runs")

app = typer.Typer(
    help="Exact thermodynamics of quantum machines whose parts are correlated.",
    epilog="A machine file is described in `athermal run --help`. Units: hbar = k_B = 1; entropies in nats.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(value: bool) -> None:  # noqa: FBT001  the signature of a typer callback
    if value:
        typer.echo(f"athermal {importlib.metadata.version('athermal')}")
        raise typer.Exit


@app.callback()
def _top(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Stand for the options that come before a command."""


@app.command(help=texts.RUN)
@talking
def run(
    *,
    source: Source,
    changes: Changes = None,
    cycles: Cycles = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, help="Instants per cycle to sample the ledger at.")] = None,
    accuracy: Accuracy = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR|FILE",
            help="Write NAME.nc (the ledger) and NAME.png (the picture) into this folder; or one file, by its ending.",
        ),
    ] = None,
    force: Force = False,
    cumulative: Annotated[bool, typer.Option("--cumulative", help="Also print the table accumulated from time zero.")] = False,
    observables: Annotated[
        list[str] | None,
        typer.Option(
            "--observable",
            metavar="NAME=PART.OPERATOR",
            help="Read an observable too, as n=cavity.num or zz=a.sigmaz*b.sigmaz. Repeatable.",
        ),
    ] = None,
    keep_states: Annotated[
        bool, typer.Option("--keep-states", help="Keep the states of the subsystems in the ledger that --out writes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a machine and print its ledger, one row per cycle."""
    settings: dict[str, Any] = {"cycles": cycles, "samples_per_cycle": samples, "accuracy": accuracy}
    settings |= {"observables": observables or None, "keep_states": keep_states or None}
    with reporting(as_json=as_json):
        raise typer.Exit(runs.run(source, changes or [], settings, out, force=force, with_cumulative=cumulative, as_json=as_json))


@app.command(name="list", help=texts.LIST)
def list_machines(
    *,
    name: Annotated[str | None, typer.Argument(help="Show the full description of this one.")] = None,
    of_columns: Annotated[
        bool, typer.Option("--columns", help="The columns of a ledger, and which backend knows them, in place of machines.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the machines of the library with their parameters, or the columns of a ledger."""
    with reporting(as_json=as_json):
        (columns if of_columns else catalogue).show(name, as_json=as_json)


@app.command(help=texts.SHOW)
def show(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|NAME|RESULT", help="A machine file, a library machine, a ledger (.nc), or the folder of a sweep."
        ),
    ],
    changes: Changes = None,
    cumulative: Annotated[
        bool, typer.Option("--cumulative", help="Of a ledger, also the table accumulated from time zero.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a machine without running it, or a finished result again."""
    with reporting(as_json=as_json):
        if results.is_result(source):
            raise typer.Exit(results.show(source, changes or [], with_cumulative=cumulative, as_json=as_json))
        raise typer.Exit(inspection.show(source, changes or [], as_json=as_json))


@app.command(help=texts.EXPORT)
def export(
    *,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A ledger that a run wrote (.nc), or the folder of a sweep.")],
    to: Annotated[Format, typer.Option("--to", help="The format.")],
    table: Annotated[Table, typer.Option("--table", help="Which table of a ledger, for formats that hold one.")] = Table.cycles,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="The file; beside RESULT if left out.")] = None,
    force: Force = False,
) -> None:
    """Write a finished run or sweep as a file for other programs."""
    with reporting():
        raise typer.Exit(results.export(result, to.value, table.value, out, force=force))


@app.command(help=texts.AUDIT)
@talking
def audit(
    *,
    source: Annotated[
        str, typer.Argument(metavar="FILE|NAME", help="A machine file, a library machine, or a ledger that a run wrote (.nc).")
    ],
    changes: Changes = None,
    cycles: Cycles = None,
    accuracy: Accuracy = None,
    as_json: AsJson = False,
) -> None:
    """Run a machine and tell how good the answer is."""
    with reporting(as_json=as_json):
        raise typer.Exit(auditing.show(source, changes or [], {"cycles": cycles, "accuracy": accuracy}, as_json=as_json))


@app.command(name="limit", help=texts.LIMIT)
@talking
def limit_cycle(
    *,
    source: Source,
    changes: Changes = None,
    accuracy: Annotated[
        float, typer.Option("--accuracy", help="Largest relative error of work, heat and covariances.")
    ] = LIMIT_ACCURACY,
    as_json: AsJson = False,
) -> None:
    """Find the limit cycle of a machine with continuous baths."""
    with reporting(as_json=as_json):
        raise typer.Exit(limit.show(source, changes or [], accuracy, as_json=as_json))


@app.command(help=texts.PLOT)
def plot(
    *,
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A ledger that `athermal run --out` wrote (.nc), or the folder of a sweep.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Picture to write; its ending chooses png, pdf or svg. Beside RESULT if left out."
        ),
    ] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", "-k", help="Which figure; summary of a ledger, heat-map of a sweep if left out.")
    ] = None,
    with_limit: Annotated[
        bool, typer.Option("--limit", help="Also draw the limit cycle that late cycles tend to (efficiency, flows).")
    ] = False,
    column: Annotated[str | None, typer.Option("--column", help="Column of a heat-map: efficiency if left out.")] = None,
    x: Annotated[str | None, typer.Option("--x", help="Parameter along x; column of a pareto figure.")] = None,
    y: Annotated[str | None, typer.Option("--y", help="Parameter along y; column of a pareto figure.")] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--at", metavar="KEY=VALUE", help="Value of a parameter that is not drawn. Several times.")
    ] = None,
    cycle: Annotated[int | None, typer.Option("--cycle", min=1, help="Cycle of a map: the first if left out.")] = None,
    style: Annotated[
        str,
        typer.Option("--style", metavar="NAME", help="screen (5.5 or 7.2 in wide), column (3.4 in) or double (7 in), for print."),
    ] = "screen",
) -> None:
    """Draw a figure of a finished run or sweep."""
    choices = {"column": column, "x": x, "y": y, "cycle": cycle}
    with reporting():
        name = None if kind is None else kind.value
        if result.is_dir():
            if with_limit:
                raise FileFormatError(f"--limit goes with the figures of a ledger, but {result} is the folder of a sweep.")
            typer.echo(pictures.draw_sweep(result, name or "heat-map", out, choices, fixed or [], style=style))
        else:
            pictures.check_of_a_sweep(choices, fixed)
            typer.echo(pictures.draw(result, name or "summary", out, with_limit=with_limit, style=style))


@app.command(name="definitions", help=texts.DEFINITIONS)
def compare_definitions(
    *,
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A ledger that `athermal run --out` wrote (.nc).")],
    share: Annotated[
        float, typer.Option("--share", help="What part of the interaction energy is the reservoir's where it is shared.")
    ] = 0.5,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Picture to write: png, pdf or svg; tables: nc, csv, json, xlsx, ..."),
    ] = None,
    force: Force = False,
    cycle: Annotated[int | None, typer.Option("--cycle", min=1, help="Cycle of the picture; the whole run if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one run by every definition of work and heat."""
    with reporting(as_json=as_json):
        raise typer.Exit(defining.show(result, share, out, cycle, force=force, as_json=as_json))


app.add_typer(studies)


def main() -> None:
    """Run the command line."""
    heed_signals()
    sys.stdout = UntilClosed(sys.stdout)
    try:
        app(prog_name="athermal")
    finally:
        sys.stdout.flush()
