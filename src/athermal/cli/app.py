"""The commands and their help."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from athermal._lazy import LazyModule
from athermal.cli import texts
from athermal.cli.arguments import LIMIT_TOLERANCE, Accuracy, AsJson, Changes, Force, Format, Kind, Search, Source, Table
from athermal.cli.console import UntilClosed, heed_signals, reporting, talking
from athermal.errors import FileFormatError

if TYPE_CHECKING:
    from athermal.cli import (
        accounting,
        auditing,
        catalogue,
        comparing,
        defining,
        inspection,
        limit,
        optimising,
        pictures,
        results,
        runs,
        sweeping,
    )
else:  # what a command does is imported when it is called: --help and --version need none of it
    accounting = LazyModule("athermal.cli.accounting")
    auditing = LazyModule("athermal.cli.auditing")
    catalogue = LazyModule("athermal.cli.catalogue")
    comparing = LazyModule("athermal.cli.comparing")
    defining = LazyModule("athermal.cli.defining")
    inspection = LazyModule("athermal.cli.inspection")
    limit = LazyModule("athermal.cli.limit")
    optimising = LazyModule("athermal.cli.optimising")
    pictures = LazyModule("athermal.cli.pictures")
    results = LazyModule("athermal.cli.results")
    runs = LazyModule("athermal.cli.runs")
    sweeping = LazyModule("athermal.cli.sweeping")

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
    cycles: Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")] = None,
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
    as_json: AsJson = False,
) -> None:
    """List the machines of the library with their parameters."""
    with reporting(as_json=as_json):
        catalogue.show(name, as_json=as_json)


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
    cycles: Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")] = None,
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
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="Largest relative error of work, heat and covariances.")
    ] = LIMIT_TOLERANCE,
    as_json: AsJson = False,
) -> None:
    """Find the limit cycle of a machine with continuous baths."""
    with reporting(as_json=as_json):
        raise typer.Exit(limit.show(source, changes or [], tolerance, as_json=as_json))


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


@app.command(help=texts.SWEEP)
@talking
def sweep(
    *,
    source: Source,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary", "-v", metavar="KEY=VALUES", help="LOW:HIGH:COUNT, LOW:HIGH:COUNT:log or VALUE,VALUE. Several make a grid."
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, help="Draw so many points, quasi-random, within the ranges --vary KEY=LOW:HIGH."),
    ] = None,
    is_random: Annotated[bool, typer.Option("--random", help="Draw them at random instead.")] = False,
    table: Annotated[
        Path | None, typer.Option("--table", metavar="CSV", help="A file with a line of names and a line for each point.")
    ] = None,
    changes: Changes = None,
    cycles: Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")] = None,
    accuracy: Accuracy = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Folder of the sweep; results/NAME-sweep-HASH if left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-j", min=1, help="Processes; one for each processor if left out.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDRESS", help="Run on the Dask cluster whose scheduler is there.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of samples and of the points.")] = 0,
    max_points: Annotated[
        int | None, typer.Option("--max-points", min=1, help="Refuse more points than this; 100,000 if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a machine at many points of its parameters."""
    points = sweeping.Points(vary or [], sample, is_random, table, seed)
    settings: dict[str, int | float | None] = {"cycles": cycles, "accuracy": accuracy}
    options = {"workers": workers, "scheduler": scheduler, "max_points": max_points}
    with reporting(as_json=as_json):
        raise typer.Exit(sweeping.run(source, changes or [], points, settings, options, out, as_json=as_json))


@app.command(help=texts.RERUN)
@talking
def rerun(
    *,
    store: Annotated[Path, typer.Argument(metavar="STORE", help="The folder of a sweep, or a ledger that a run wrote (.nc).")],
    point: Annotated[
        str | None, typer.Option("--point", "-p", metavar="ID", help="The point: its number, or the first digits of its hash.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a point of a sweep again and compare."""
    with reporting(as_json=as_json):
        raise typer.Exit(sweeping.run_again(store, point, as_json=as_json))


@app.command(help=texts.OPTIMISE)
@talking
def optimise(
    *,
    source: Source,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY=BOUNDS", help="LOW:HIGH, or VALUE,VALUE for choices. May be repeated."),
    ] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option("--objective", metavar="COLUMN", help="To be large; efficiency if left out. May be repeated."),
    ] = None,
    minimise: Annotated[
        list[str] | None, typer.Option("--minimise", metavar="COLUMN", help="To be small. May be repeated.")
    ] = None,
    subject_to: Annotated[
        list[str] | None,
        typer.Option("--subject-to", metavar="RULE", help='"COLUMN>=NUMBER" or "COLUMN<=NUMBER". May be repeated.'),
    ] = None,
    of_last_cycle: Annotated[
        bool, typer.Option("--last-cycle", help="Take all columns from the last cycle, not from the whole run.")
    ] = False,
    method: Annotated[Search, typer.Option("--method", help="How to search.")] = Search.auto,
    changes: Changes = None,
    cycles: Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")] = None,
    accuracy: Accuracy = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the search.")] = 0,
    max_evaluations: Annotated[int | None, typer.Option("--max-evaluations", min=1, help="Run at most so many points.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write NAME_best.nc (its ledger) and NAME_history.nc and .csv there."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Search for the parameters at which a machine does best."""
    settings = {"cycles": cycles, "accuracy": accuracy}
    request = optimising.Request(
        over or [],
        objective or [],
        minimise or [],
        subject_to or [],
        of_last_cycle,
        method.value,
        seed,
        max_evaluations,
        settings,
    )
    with reporting(as_json=as_json):
        raise typer.Exit(optimising.run(source, changes or [], request, out, force=force, as_json=as_json))


@app.command(name="account", help=texts.ACCOUNT)
@talking
def account_table(
    *,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Numbers at two or more instants: .csv, .npz, .h5, .nc, ...")],
    temperatures: Annotated[
        str, typer.Option("--temperatures", "-t", metavar="NAME=T,...", help="Of every reservoir; T or T±ERROR.")
    ],
    period: Annotated[
        float | None, typer.Option("--period", help="Length of a cycle; every interval is one if left out.")
    ] = None,
    samples_per_cycle: Annotated[
        int | None, typer.Option("--samples-per-cycle", min=1, help="Intervals in a cycle, in place of its length.")
    ] = None,
    dimensions: Annotated[
        str | None, typer.Option("--dimensions", metavar="NAME=N,...", help="Of each subsystem in system_state, in its order.")
    ] = None,
    per_interval: Annotated[
        bool, typer.Option("--per-interval", help="Heats and work are amounts since the line before, not since the start.")
    ] = False,
    units: Annotated[
        str | None, typer.Option("--units", metavar="KIND=UNIT,...", help="Of energy, temperature, entropy, time.")
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option("--levels", metavar="NAME=E0:E1:...,...", help="Energies of the levels of populations and counts."),
    ] = None,
    state_errors: Annotated[
        str | None,
        typer.Option("--state-errors", metavar="E | NAME=E,...", help="Standard error of each element of states; 0: exact."),
    ] = None,
    population_errors: Annotated[
        str | None, typer.Option("--population-errors", metavar="E | NAME=E,...", help="Standard error of each population.")
    ] = None,
    calibration_error: Annotated[
        float, typer.Option("--calibration-error", help="Relative error of the one unit of all heats, the work and energies.")
    ] = 0.0,
    heat_sign: Annotated[
        str, typer.Option("--heat-sign", help='Which way heats are positive: "into reservoirs" or "into machine".')
    ] = "into reservoirs",
    memoryless: Annotated[
        bool, typer.Option("--memoryless", help="The data are of baths without memory: dSigma < 0 breaks the second law.")
    ] = False,
    method: Annotated[str, typer.Option("--method", help="How errors propagate: auto, linear or bootstrap.")] = "auto",
    draws: Annotated[int, typer.Option("--draws", min=2, help="Of the bootstrap.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    tolerance: Annotated[float, typer.Option("--tolerance", help="What fraction the first law may be missed by.")] = 1e-6,
    state_tolerance: Annotated[
        float, typer.Option("--state-tolerance", help="By how much the elements of a state may be off.")
    ] = 1e-6,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR|FILE", help="Write NAME.nc and NAME.png into this folder; or one file, by its ending."
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make the ledger of a table of numbers."""
    options = {
        "period": period,
        "samples_per_cycle": samples_per_cycle,
        "per_interval": per_interval,
        "method": method,
        "draws": draws,
        "seed": seed,
        "tolerance": tolerance,
        "state_tolerance": state_tolerance,
        "calibration_error": calibration_error,
        "heat_sign": heat_sign,
        "memoryless": memoryless,
    }
    with reporting(as_json=as_json):
        named = accounting.Named(temperatures, units, dimensions, levels, state_errors, population_errors)
        raise typer.Exit(accounting.run(table, named, options, out, force=force, as_json=as_json))


@app.command(help=texts.COMPARE)
@talking
def compare(
    *,
    source: Source,
    backends: Annotated[
        str,
        typer.Option(
            "--backends", "-b", metavar="KIND,...", help="dense,star,density_matrix:levels=4; the first is the reference."
        ),
    ],
    reference: Annotated[str | None, typer.Option("--reference", help="Another backend to be the reference.")] = None,
    changes: Changes = None,
    cycles: Annotated[int | None, typer.Option("--cycles", "-n", min=1, help="Periods to run, in place of the file's.")] = None,
    accuracy: Accuracy = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Run each so often; the shortest time counts.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write NAME_backends.nc, .csv and .png into this folder."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Run a machine with several backends and print how far they are apart."""
    settings: dict[str, int | float | None] = {"cycles": cycles, "accuracy": accuracy}
    options = {"reference": reference, "repeats": repeats}
    with reporting(as_json=as_json):
        raise typer.Exit(comparing.run(source, changes or [], backends, settings, options, out, force=force, as_json=as_json))


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


def main() -> None:
    """Run the command line."""
    heed_signals()
    sys.stdout = UntilClosed(sys.stdout)
    try:
        app(prog_name="athermal")
    finally:
        sys.stdout.flush()
