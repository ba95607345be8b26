"""`athermal list --columns`, and the page of the documentation: every column of a ledger, and which backend knows it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from typing import Any

import typer

from athermal._validate import suggest
from athermal.backends import named
from athermal.cli.console import stdout_console
from athermal.errors import FileFormatError
from athermal.limit import LimitCycle
from athermal.thermodynamics import schema
from athermal.thermodynamics.column import Column
from athermal.thermodynamics.knowledge import ABSENT, KNOWN, PARTLY, UNKNOWN, columns_of

_MARKS = {KNOWN: "+", PARTLY: "~", UNKNOWN: "?", ABSENT: "."}
_LEGEND = {
    KNOWN: "known",
    PARTLY: "some of its parts, or in some runs",
    UNKNOWN: "unknown (NaN)",
    ABSENT: "no such column",
}
# Signs in a line, of a terminal and elsewhere.
_NARROWEST, _WIDEST = 100, 200
_INDEX = {"subsystem": "i", "reservoir": "j"}
_NOTE = (
    "A column that a backend knows may still be undefined (NaN), as an efficiency without work, and one of qubits, cut levels or "
    "counters exists where the machine has them. Numbers that are brought to `account` fill what the data tell."
)


def knowledge(*, with_others: bool = True) -> dict[str, dict[str, str]]:
    """Return what every backend, those of other packages with them or not, and a limit cycle know of every column."""
    found = [named.backend_class(kind, "the list of columns") for kind in named.kinds() if kind != "auto"]
    own = [backend for backend in found if backend.__module__.startswith("athermal.")]
    others = [backend for backend in found if backend not in own] if with_others else []
    declared = {backend.__name__: backend.tells for backend in (*own, *others)} | {"limit_cycle": LimitCycle.tells}
    return {name: columns_of(tells) for name, tells in declared.items()}


def show(name: str | None, *, as_json: bool) -> None:
    """Print every column of a ledger, or one in full."""
    if name is not None and name not in schema.COLUMNS:
        raise FileFormatError(f"A ledger has no column {name!r}.{suggest(name, list(schema.COLUMNS))}")
    known = knowledge()
    chosen = schema.COLUMNS if name is None else {name: schema.COLUMNS[name]}
    if as_json:
        typer.echo(json.dumps({entry: _as_data(column, known) for entry, column in chosen.items()}, indent=2))
    elif name is not None:
        typer.echo(_in_full(schema.COLUMNS[name], known))
    else:
        _print_all(known)


def _print_all(known: dict[str, dict[str, str]]) -> None:
    names, units = (max(map(len, words)) for words in (schema.COLUMNS, (column.unit for column in schema.COLUMNS.values())))
    console = stdout_console()
    width = max(console.width, _NARROWEST) if console.is_terminal else _WIDEST
    typer.echo(f"{'column':<{names}}  {'known'.ljust(len(known))}  {'unit':<{units}}  what it is")
    for name, column in schema.COLUMNS.items():
        marks = "".join(_MARKS[columns[name]] for columns in known.values())
        head = f"{name:<{names}}  {marks}  {column.unit:<{units}}  "
        said = column.meaning(is_interval=column.is_of_intervals)
        typer.echo(textwrap.fill(f"{head}{said}", width, subsequent_indent=" " * len(head), break_on_hyphens=False))
    typer.echo(
        f"\nKnown to, in this order: {', '.join(known)}; {', '.join(f'{_MARKS[k]} {text}' for k, text in _LEGEND.items())}."
    )
    typer.echo("One in full: athermal list --columns NAME.")


def _in_full(column: Column, known: dict[str, dict[str, str]]) -> str:
    found = _as_data(column, known)
    lines = [column.name, "", f"{found['meaning']}.", ""]
    lines += [f"unit      {column.unit or '(none)'}"]
    lines += [f"of each   {', '.join(column.dims)}"] if column.dims else []
    lines += [f"symbol    {found['symbol']}"] if column.symbol else []
    lines += [f"tables    {', '.join(found['tables'])}"]
    lines += [f"where     {column.where}"] if column.where else []
    for level, text in _LEGEND.items():
        names = [name for name, columns in known.items() if columns[column.name] == level]
        lines += [f"{text}: {', '.join(names)}"] if names else []
    return "\n".join(lines)


def _as_data(column: Column, known: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "meaning": column.meaning(is_interval=column.is_of_intervals),
        "unit": column.unit,
        "of_each": list(column.dims),
        "symbol": _symbol(column),
        "tables": _tables(column),
        "where": column.where,
        "known": {name: columns[column.name] for name, columns in known.items()},
    }


def _tables(column: Column) -> list[str]:
    found = ["cycles", "cumulative", "samples"] if column.is_of_intervals else []
    return found + (["instants"] if column.is_of_instants else [])


def _symbol(column: Column) -> str:
    return column.symbol.replace("%", _INDEX.get(column.dims[0], "k") if column.dims else "")


# --- the page of the documentation ----------------------------------------------------------------------------------------


def page() -> str:
    """Return docs/columns.md."""
    known = knowledge(with_others=False)
    told = {name: [columns[name] for columns in known.values()] for name in schema.COLUMNS}
    everywhere = [name for name, levels in told.items() if set(levels) == {KNOWN}]
    nowhere = [name for name, levels in told.items() if set(levels) == {ABSENT}]
    # a change is known where its column is, if not said otherwise
    plain = [name for name in told if told.get(name.removesuffix("_change")) == told[name] and name.endswith("_change")]
    matrix = [[f"`{name}`", *levels] for name, levels in told.items() if name not in (*everywhere, *nowhere, *plain)]
    parts = (
        "# Columns",
        _wrapped(
            "Every column of a ledger, made from the code as `athermal list --columns` is; `athermal list --columns NAME` tells "
            "one in full. What stands in `cycles` stands in `cumulative` and `samples` too, from time zero on; `instants` has "
            "what is told of an instant. Energies and times are in the units of the machine, hbar = k_B = 1, or those of the "
            "lab where they were given."
        ),
        "## What they are",
        _markdown(["column", "symbol", "unit", "of each", "table", "what it is"], map(_row, schema.COLUMNS.values())),
        "## Which backend knows which",
        _wrapped(f"Every backend, and a limit cycle, knows {_listed(everywhere)}."),
        _wrapped(f"No backend of this version has {_listed(nowhere)}.") if nowhere else "",
        "Of the others, and of the change of each, `..._change`:",
        _markdown(["column", *known], matrix),
        _wrapped(f"{'; '.join(f'{level}: {text}' for level, text in _LEGEND.items())}. {_NOTE}"),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 150, break_long_words=False, break_on_hyphens=False)


def _row(column: Column) -> list[str]:
    where = f"; {column.where}" if column.where and column.is_of_instants else ""
    return [
        f"`{column.name}`",
        f"${_symbol(column)}$" if column.symbol else "",
        column.unit,
        ", ".join(column.dims),
        ", ".join(name for name in _tables(column) if name in ("cycles", "instants")),
        column.meaning(is_interval=column.is_of_intervals) + where,
    ]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _markdown(header: list[str], rows: Iterable[list[str]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *escaped))
