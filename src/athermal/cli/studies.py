"""The commands that make studies: many runs, several backends, numbers of other people; and their help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from athermal._lazy import LazyModule
from athermal.cli import texts
from athermal.cli.arguments import Accuracy, AsJson, Changes, Cycles, Force, Search, Source
from athermal.cli.console import reporting, talking

if TYPE_CHECKING:
    from athermal.cli import accounting, comparing, optimising, sweeping
else:  # what a command does is imported when it is called: --help and --version need none of it
    accounting = LazyModule("athermal.cli.accounting")
    comparing = LazyModule("athermal.cli.comparing")
    optimising = LazyModule("athermal.cli.optimising")
    sweeping = LazyModule("athermal.cli.sweeping")

studies = typer.Typer(rich_markup_mode=None)

# What a table of numbers needs beside it.
Temperatures = Annotated[
    str, typer.Option("--temperatures", "-t", metavar="NAME=T,...", help="Of every reservoir; T or T±ERROR.")
]
Period = Annotated[float | None, typer.Option("--period", help="Length of a cycle; every interval is one if left out.")]
SamplesPerCycle = Annotated[
    int | None, typer.Option("--samples-per-cycle", min=1, help="Intervals in a cycle, in place of its length.")
]
Dimensions = Annotated[
    str | None, typer.Option("--dimensions", metavar="NAME=N,...", help="Of each subsystem in system_state, in its order.")
]
PerInterval = Annotated[
    bool, typer.Option("--per-interval", help="Heats and work are amounts since the line before, not since the start.")
]
Units = Annotated[str | None, typer.Option("--units", metavar="KIND=UNIT,...", help="Of energy, temperature, entropy, time.")]
Levels = Annotated[
    str | None,
    typer.Option("--levels", metavar="NAME=E0:E1:...,...", help="Energies of the levels of populations and counts."),
]
StateErrors = Annotated[
    str | None,
    typer.Option("--state-errors", metavar="E | NAME=E,...", help="Standard error of each element of states; 0: exact."),
]
PopulationErrors = Annotated[
    str | None, typer.Option("--population-errors", metavar="E | NAME=E,...", help="Standard error of each population.")
]
CalibrationError = Annotated[
    float, typer.Option("--calibration-error", help="Relative error of the one unit of all heats, the work and energies.")
]
HeatSign = Annotated[str, typer.Option("--heat-sign", help='Which way heats are positive: "into reservoirs" or "into machine".')]
Memoryless = Annotated[
    bool, typer.Option("--memoryless", help="The data are of baths without memory: dSigma < 0 breaks the second law.")
]


@studies.command(help=texts.SWEEP)
@talking
def sweep(
    *,
    source: Source,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over", metavar="KEY=VALUES", help="LOW:HIGH:COUNT, LOW:HIGH:COUNT:log or VALUE,VALUE. Several make a grid."
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, help="Draw so many points, quasi-random, within the ranges --over KEY=LOW:HIGH."),
    ] = None,
    is_random: Annotated[bool, typer.Option("--random", help="Draw them at random instead.")] = False,
    table: Annotated[
        Path | None, typer.Option("--table", metavar="CSV", help="A file with a line of names and a line for each point.")
    ] = None,
    changes: Changes = None,
    cycles: Cycles = None,
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
    points = sweeping.Points(over or [], sample, is_random, table, seed)
    settings: dict[str, int | float | None] = {"cycles": cycles, "accuracy": accuracy}
    options = {"workers": workers, "scheduler": scheduler, "max_points": max_points}
    with reporting(as_json=as_json):
        raise typer.Exit(sweeping.run(source, changes or [], points, settings, options, out, as_json=as_json))


@studies.command(help=texts.RERUN)
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


@studies.command(help=texts.OPTIMISE)
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
    cycles: Cycles = None,
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


@studies.command(name="account", help=texts.ACCOUNT)
@talking
def account_table(
    *,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Numbers at two or more instants: .csv, .npz, .h5, .nc, ...")],
    temperatures: Temperatures,
    period: Period = None,
    samples_per_cycle: SamplesPerCycle = None,
    dimensions: Dimensions = None,
    per_interval: PerInterval = False,
    units: Units = None,
    levels: Levels = None,
    state_errors: StateErrors = None,
    population_errors: PopulationErrors = None,
    calibration_error: CalibrationError = 0.0,
    heat_sign: HeatSign = "into reservoirs",
    memoryless: Memoryless = False,
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


@studies.command(help=texts.COMPARE)
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
    cycles: Cycles = None,
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
