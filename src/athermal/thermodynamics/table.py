"""A ledger as rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from athermal._numbers import number, ratio
from athermal._types import FloatArray
from athermal.thermodynamics import modes, schema
from athermal.thermodynamics.column import DIMENSIONS, Column, Heading
from athermal.thermodynamics.labelled import Labelled
from athermal.thermodynamics.snapshot import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr


@dataclass(frozen=True)
class Cells:
    """The cells of a block of columns in one unit, such as all energies: cut at one digit, with one power of ten.

    Parameters
    ----------
    scale : float
        The largest magnitude in the block.
    """

    scale: float

    @classmethod
    def of(cls, *columns: FloatArray) -> Cells:
        """Return the cells of a block that holds these columns."""
        return cls(max((float(np.max(np.abs(c), initial=0.0, where=np.isfinite(c))) for c in columns), default=0.0))

    def cell(self, value: float, error: float | None = None, rounding: float = 0.0) -> str:
        """Return one cell; what is at rounding is 0."""
        return number(float(value), error, scale=self.scale, rounding=rounding, signed=True)


def ledger_rows(ledger: Labelled, *, cumulative: bool = False) -> list[list[str]]:
    """Return a header and one row of text for each cycle."""
    data = ledger.cumulative if cumulative else ledger.cycles
    # Certified errors are far below the digits shown.
    errors = None if not ledger.has_standard_errors else ledger.cumulative_errors if cumulative else ledger.errors
    shown = [column for column in schema.COLUMNS.values() if column.heading is not None and column.name in data]
    blocks = {unit: Cells.of(*(data[c.name].values for c in shown if c.unit == unit)) for unit in ("energy", "nat")}
    roundings = dict(zip(("energy", "nat"), ledger.rounding_of("cumulative" if cumulative else "cycles"), strict=True))
    rows = [["cycle", *(title for column in shown for title in titles(column, ledger.reference, ledger.units))]]
    for n in range(ledger.n_cycles):
        row, error = data.isel(cycle=n), None if errors is None else errors.isel(cycle=n)
        known = {unit: float(values[n]) for unit, values in roundings.items()}
        rows.append([str(n + 1), *(cell for column in shown for cell in _cells(column, row, error, blocks, known))])
    return rows


def titles(column: Column, ref: Reference, units: Mapping[str, str]) -> list[str]:
    """Return what stands above a column of the printed table, for each of its parts."""
    if column.heading is None:
        return []
    unit = f" [{units['energy']}]" if column.unit == "energy" and "energy" in units else ""
    parts = DIMENSIONS[column.dims[0]](ref) if column.dims and not column.heading.is_total else ("",)
    return [f"{column.heading.title.replace('%', part)}{unit}" for part in parts]


def column_of(title: str) -> tuple[Column | None, str]:
    """Return the column that a title of the printed table stands above, and the name of the part in it.

    Examples
    --------
    >>> column, part = column_of("heat from hot bath")
    >>> column.name, part
    ('heat', 'hot bath')
    """
    for column in schema.COLUMNS.values():
        before, has_part, after = ("", "", "") if column.heading is None else column.heading.title.partition("%")
        if not before + after:
            continue
        if title == before and not has_part:
            return column, ""
        if has_part and title.startswith(before) and title.endswith(after):
            return column, title.removeprefix(before).removesuffix(after)
    return None, ""


def is_of_words(title: str) -> bool:
    """Tell whether a column of a printed table holds words, which stand at its left."""
    column, _ = column_of(title)
    return title in ("definition", "second law") or (column is not None and column.holds == "words")


def _cells(
    column: Column, row: xr.Dataset, error: xr.Dataset | None, blocks: Mapping[str, Cells], known: Mapping[str, float]
) -> list[str]:
    """Return the cells of a column in one cycle, one for each of its parts."""
    values = np.atleast_1d(row[column.name].values)
    if column.holds != "numbers":
        return [_mode(row) if column.name == "mode" else str(value) for value in values]
    heading = column.heading or Heading(column.name)
    widths = [None] * values.size
    if error is not None and column.name in error and heading.has_error:
        widths = np.atleast_1d(error[column.name].values).tolist()
    if heading.is_total and values.size != 1:  # the error of the sum is none of a column's
        values, widths = np.array([np.sum(values)]), [None]
    pairs = list(zip(values.tolist(), widths, strict=True))
    if column.unit == "1":
        # only what gives work has an efficiency
        has_one = column.name not in ("efficiency", "efficiency_with_fuel") or row["mode"].item() in modes.WITH_OUTPUT
        return [ratio(value, width) if has_one else "-" for value, width in pairs]
    block = blocks.get(column.unit) or Cells.of(values)
    return [block.cell(heading.sign * value, width, known.get(column.unit, 0.0)) for value, width in pairs]


def _mode(row: xr.Dataset) -> str:
    """Return the mode of a cycle, and what a reader must be warned of."""
    mode = str(row["mode"].item())
    if mode in modes.WITH_OUTPUT:
        mode = modes.kind(mode, is_athermal=bool(row["is_athermal"].item()))
    mode += " (past recurrence)" if row["is_past_recurrence"].item() else ""
    return mode + (" (!)" if row["is_violated"].item() else "")


def format_table(rows: list[list[str]]) -> str:
    """Return rows as aligned text: numbers to the right, words to the left.

    Examples
    --------
    >>> print(format_table([["cycle", "mode"], ["1", "engine"]]))
    cycle  mode
        1  engine
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if is_of_words(title) else cell.rjust(width)
            for cell, width, title in zip(row, widths, rows[0], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
