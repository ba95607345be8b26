"""A comparison of backends as text."""

from __future__ import annotations

import math

import numpy as np

from athermal.comparison.columns import Extent, named, parts_of
from athermal.comparison.differences import Differences
from athermal.thermodynamics import schema
from athermal.thermodynamics.table import format_table


def text_of(comparison: Differences) -> str:
    """Return the table, what its signs mean, and every refusal, early end and warning."""
    rows = table_rows(comparison)
    lines = [format_table(rows), "", f"{comparison.reference}: largest magnitude. Others: largest difference from it."]
    cells = " ".join(cell for row in rows[1:] for cell in row[1:])
    legend = (
        (" -", "-: unknown, or undefined as an efficiency without work, by both."),
        ("unknown", "unknown: one of the two does not know it."),
        ("?", "?: unknown in some cycles."),
        ("within", "within: all differences are within the errors that the ledgers state."),
        ("beyond", "beyond: a difference is larger than the errors that the ledgers state."),
    )
    lines += [" ".join(text for sign, text in legend if sign in f" {cells}")] if any(s in f" {cells}" for s, _ in legend) else []
    lines += [f"Refused  {name}: {message}" for name, message in comparison.refused.items()]
    lines += [f"Stopped  {name}: {message}" for name, message in comparison.stopped.items()]
    told: dict[str, list[str]] = {}
    for name, messages in comparison.warnings.items():
        for message in messages:
            told.setdefault(message, []).append(name)
    return "\n".join(lines + [f"Warning  {', '.join(names)}: {message}" for message, names in told.items()])


def table_rows(comparison: Differences) -> list[list[str]]:
    """Return a header, one row of text for each column that matters, and the runtimes."""
    others = comparison.others
    rows = [["largest difference", f"{comparison.reference} (reference)", *others]]
    for column in schema.compared(comparison.cycles):
        for part, values in parts_of(comparison.cycles[column]):
            base = np.abs(values.sel(backend=comparison.reference).values)
            size = "-" if np.isnan(base).all() else f"{np.nanmax(base):.4g}"
            cells = [_cell(comparison.extent(name, column, part)) for name in others]
            rows.append([named(column, part), size, *cells])
    rows.append(["runtime (s)", *(f"{comparison.runtimes[name]:.3g}" for name in (comparison.reference, *others))])
    width = max(len(row[0]) for row in rows)
    return [[row[0].ljust(width), *row[1:]] for row in rows]


def _cell(found: Extent) -> str:
    if math.isnan(found.difference):
        return "unknown" if found.unknown else "-"
    text = "0" if found.difference == 0.0 else f"{found.difference:.1e}"
    return " ".join(word for word in (text, "?" if found.unknown else "", found.verdict) if word)
