"""The ledger of a run as a table: fitted to a terminal, or plain aligned text anywhere else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import beyond_carnot
from athermal.thermodynamics.table import column_of, format_table, is_of_words, ledger_rows

_LEGEND = (
    "work out is -W and heat from a reservoir -Q, with hbar = k_B = 1; "
    "dSigma = dI(S,R) + dC(S) + dC(R) + sum of dD, in nats; eta is the efficiency."
)


def print_ledger(ledger: Ledger, console: Console, *, cumulative: bool = False) -> None:
    """Print one row per cycle, in one table if it fits the terminal, else in two or more."""
    rows = ledger_rows(ledger, cumulative=cumulative)
    title = "Accumulated from time zero to the end of each cycle" if cumulative else ""
    if not console.is_terminal:
        typer.echo(f"{title}\n{format_table(rows)}" if title else format_table(rows))
        return
    if title:
        console.print(Text(title, style="bold"))
    is_bold = beyond_carnot(ledger, cumulative=cumulative)
    for columns in layout(rows, console.width):
        console.print()
        console.print(_table(rows, columns, console.width, is_bold))
    console.print()
    # in lab units nothing is set to one
    console.print(Text(_LEGEND.replace(", with hbar = k_B = 1", "") if ledger.units else _LEGEND, style="dim"))


def _is_second(title: str) -> bool:
    """Tell whether a column goes into the second of two tables: entropies and ratios."""
    column, _ = column_of(title)
    return column is not None and column.unit in ("nat", "1")


def layout(rows: list[list[str]], width: int) -> list[list[int]]:
    """Return which columns go into which table, so that none is wider than `width`; each table begins with the cycle.

    Examples
    --------
    >>> layout([["cycle", "work out", "dSigma"], ["1", "+0.5", "+0.1"]], 20)
    [[0, 1, 2]]
    >>> layout([["cycle", "work out", "dSigma"], ["1", "+0.5", "+0.1"]], 15)
    [[0, 1], [0, 2]]
    """
    everything = list(range(len(rows[0])))
    if _total(rows, everything) <= width:
        return [everything]
    second = [k for k in everything[1:] if _is_second(rows[0][k])]
    first = [k for k in everything[1:] if k not in second]
    tables: list[list[int]] = []
    for group in (first, second):
        table = [0]
        for k in group:
            if len(table) > 1 and _total(rows, [*table, k]) > width:
                tables.append(table)
                table = [0]
            table.append(k)
        tables.append(table)
    return tables


def _table(rows: list[list[str]], columns: list[int], width: int, is_bold: Iterable[Any]) -> Table:
    gap = 2 if _total(rows, columns, gap=2) <= width else 1
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 0), collapse_padding=True)
    for place, k in enumerate(columns):
        last = place == len(columns) - 1
        table.add_column(
            Text(_breakable(rows[0][k])),
            justify="left" if is_of_words(rows[0][k]) else "right",
            min_width=_width(rows, k) + (0 if last else gap - 1),
            max_width=_width(rows, k) + (0 if last else gap - 1),
        )
    for row, is_beyond in zip(rows[1:], is_bold, strict=True):
        table.add_row(*(Text(row[k]) for k in columns), style="bold" if is_beyond else "")
    return table


def _total(rows: list[list[str]], columns: list[int], gap: int = 1) -> int:
    return sum(_width(rows, k) for k in columns) + gap * (len(columns) - 1)


def _width(rows: list[list[str]], k: int) -> int:
    """Return the width of a column: cells never break, headers may at their spaces."""
    return max(*(len(row[k]) for row in rows[1:]), *map(len, _breakable(rows[0][k]).split()))


def _breakable(header: str) -> str:
    """Return a header with a place to break after its symbol: "dD[hot bath]" becomes "dD [hot bath]"."""
    return header.replace("dD[", "dD [")
