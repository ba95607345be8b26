"""`athermal show` and `athermal export` of finished results: ledgers and sweeps."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from athermal.cli import outputs
from athermal.cli.documents import ledger_document
from athermal.cli.runs import print_run
from athermal.cli.sweeping import describe_sweep, sweep_lines
from athermal.errors import FileFormatError
from athermal.study import Sweep, load
from athermal.study.store import is_store
from athermal.study.tables import tables as sweep_tables
from athermal.thermodynamics import netcdf
from athermal.thermodynamics.export import TABLES
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.ledger_tables import tables as ledger_tables

FORMATS = {"csv": ".csv", "json": ".json", "parquet": ".parquet", "xlsx": ".xlsx", "latex": ".tex"}


def is_result(source: str) -> bool:
    """Tell whether an argument names a finished run or the folder of a sweep, not a machine."""
    path = Path(source)
    return path.suffix.lower() in netcdf.ENDINGS or is_store(path)


def _place(path: Path) -> Path:
    """Return where a result is: for the data set of a sweep, the folder of the sweep."""
    return path.parent if path.suffix.lower() in netcdf.ENDINGS and is_store(path.parent) else path


def show(source: str, changes: Sequence[str], *, with_cumulative: bool, as_json: bool) -> int:
    """Print a finished run or sweep as the command that made it did; return the exit status."""
    if changes:
        raise FileFormatError(f"--set changes a machine, but {source} is a finished result. Give the machine file instead.")
    path = _place(Path(source))
    found = load(path)
    if isinstance(found, Sweep):
        typer.echo(json.dumps(describe_sweep(found, {}), indent=2, allow_nan=False) if as_json else "\n".join(sweep_lines(found)))
        return 0
    ledger: Ledger = found
    if as_json:
        head: dict[str, Any] = {"name": path.stem, "title": str(ledger.provenance.get("title", "")), "source": source}
        head |= {"period": ledger.reference.period, "carnot_efficiency": ledger.carnot_efficiency}
        typer.echo(json.dumps(ledger_document(head, ledger), indent=2, allow_nan=False))
    else:
        cycles = int(ledger.provenance.get("cycles", ledger.n_cycles))
        print_run(ledger, {}, cycles=cycles, with_cumulative=with_cumulative)
    return 0


def export(source: Path, to: str, table: str, out: Path | None, *, force: bool) -> int:
    """Write a finished run or sweep as a file for other programs and print its path; return the exit status."""
    if source.suffix == ".toml":
        raise FileFormatError(f"{source} is a machine file, not a result. Run it first: athermal run {source} --out results")
    ending, source = FORMATS[to], _place(source)
    if source.is_dir() and table not in ("cycles", "cumulative"):
        raise FileFormatError(
            f"--table {table} goes with a ledger, but {source} is a sweep, whose table has cycles and cumulative columns."
        )
    result = load(source)
    found = sweep_tables(result) if isinstance(result, Sweep) else ledger_tables(result, table)
    name = source.stem if table == "cycles" or ending not in (".csv", ".parquet", ".tex") else f"{source.stem}_{table}"
    if out is not None and str(out) == "-":
        with tempfile.TemporaryDirectory() as folder:
            _print_file(found.save(Path(folder) / f"{name}{ending}"))
        return 0
    path = out or (source / f"sweep{ending}" if source.is_dir() else source.with_name(f"{name}{ending}"))
    if path.is_dir():
        path /= f"{name}{ending}"
    if path.suffix.lower() != ending:
        raise FileFormatError(
            f"--out of an export to {to} must end in {ending}, but is {path}. Of {', '.join(TABLES)} --to chooses one."
        )
    outputs.prepare([path], force=force)
    typer.echo(str(found.save(path)))
    return 0


def _print_file(path: Path) -> None:
    if path.suffix in (".parquet", ".xlsx"):
        raise FileFormatError(f"--out - goes with text, but {path.suffix} is none. Give a file.")
    typer.echo(path.read_text(encoding="utf-8"), nl=False)
