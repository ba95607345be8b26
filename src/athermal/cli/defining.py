"""`athermal definitions`: one run by every definition of work and heat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
import xarray as xr

from athermal.cli import outputs
from athermal.cli.pictures import save_definitions
from athermal.comparison import DefinitionComparison, compare_definitions
from athermal.errors import FileFormatError
from athermal.thermodynamics.export import ENDINGS, columns_by_name, plain
from athermal.thermodynamics.ledger import load


def show(result: Path, share: float, out: Path | None, cycle: int | None, *, force: bool, as_json: bool) -> int:
    """Compare the definitions on a saved ledger, print the tables and write what was asked for; return the exit status."""
    if result.suffix == ".toml":
        raise FileFormatError(f"{result} is a machine file, not a result. Run it first: athermal run {result} --out results")
    found = compare_definitions(load(result), share=share)
    written, is_table = None, False
    if out is not None:
        is_table = out.suffix.lower() in ENDINGS
        outputs.prepare([out] if is_table else [], force=force)
        written = found.save(out) if is_table else save_definitions(found, out, cycle)
    if as_json:
        typer.echo(json.dumps(plain(describe(result, found)), indent=2, allow_nan=False))
        return 0
    typer.echo(str(found))
    if written is not None:
        typer.echo(f"\n{'Tables' if is_table else 'Picture'}: {written}")
    return 0


def describe(result: Path, found: DefinitionComparison) -> dict[str, Any]:
    """Return a comparison as plain data: by definition, a list with an entry for each cycle of every column."""

    def by_definition(data: xr.Dataset) -> dict[str, Any]:
        return {name: columns_by_name(data.sel(definition=name)) for name in found.names}

    tables = {"cycles": by_definition(found.cycles), "cumulative": by_definition(found.cumulative)}
    if found.errors:
        tables |= {"errors": by_definition(found.errors), "cumulative_errors": by_definition(found.cumulative_errors)}
    return {"source": str(result), "share": found.share, **tables, "remarks": list(found.remarks)}
