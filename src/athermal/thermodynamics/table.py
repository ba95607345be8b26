"""A ledger as rows of text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from athermal.thermodynamics import laws

if TYPE_CHECKING:
    import xarray as xr

    from athermal.thermodynamics.ledger import Ledger


def ledger_rows(ledger: Ledger, *, cumulative: bool = False) -> list[list[str]]:
    """Return a header and one row of text for each cycle."""
    data = ledger.cumulative if cumulative else ledger.cycles
    reservoirs = ledger.reference.reservoirs
    header = ["cycle", "work out", *(f"heat from {name}" for name in reservoirs), "dU", "dSigma", "dI(S,R)", "dC(S)", "dC(R)"]
    header += [*(f"dD[{name}]" for name in reservoirs), *ledger.reference.counters, "eta", "Carnot", "mode", "paid by"]
    # Certified errors are far below the digits shown.
    errors = None if not ledger.has_standard_errors else ledger.cumulative_errors if cumulative else ledger.errors
    rows = [header]
    for n in range(ledger.n_cycles):
        row = data.isel(cycle=n)
        error = None if errors is None else errors.isel(cycle=n)

        def cell(name: str, values: xr.Dataset = row, spread: xr.Dataset | None = error) -> str:
            return number(values[name].item(), None if spread is None else spread[name].item())

        def cells(name: str, sign: float = 1.0, values: xr.Dataset = row, spread: xr.Dataset | None = error) -> list[str]:
            widths = [None] * values[name].size if spread is None else spread[name].values.tolist()
            return [number(sign * value, width) for value, width in zip(values[name].values.tolist(), widths, strict=True)]

        mode = str(row["mode"].item())
        if row["work"].item() < 0.0 and mode not in laws.WITHOUT_WORK:
            mode = f"{'athermal' if row['is_athermal'].item() else 'thermal'} {mode}"
            eta = f"{row['efficiency'].item():.4f}" + ("" if error is None else f"±{error['efficiency'].item():.1g}")
        else:
            eta = "-"
        rows.append(
            [
                str(n + 1),
                cell("work_output"),
                *cells("heat", -1.0),
                number(float(row["energy_change"].sum())),
                *(
                    cell(f"{name}_change")
                    for name in ("sigma_total", "mutual_information", "system_correlation", "reservoir_correlation")
                ),
                *cells("athermality_change"),
                *(cells("counts") if ledger.reference.counters else []),
                eta,
                f"{row['carnot_efficiency'].item():.4f}",
                mode + (" (!)" if row["is_violated"].item() else ""),
                str(row["paid_by"].item()),
            ]
        )
    return rows


def format_table(rows: list[list[str]]) -> str:
    """Return rows as aligned text: numbers to the right, words to the left.

    Examples
    --------
    >>> print(format_table([["cycle", "mode"], ["1", "engine"]]))
    cycle  mode
        1  engine
    """
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    words = {"mode", "paid by", "definition", "second law"}
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if title in words else cell.rjust(width)
            for cell, width, title in zip(row, widths, rows[0], strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: float, error: float | None = None) -> str:
    """Return a number as a cell of a table, with its standard error if it has one."""
    if math.isnan(value):
        return "unknown"
    if error is not None:
        return f"{value:+.5f}±{error:.1g}"
    text = f"{value:+.5f}" if abs(value) < 1e4 else f"{value:+.4e}"
    return "0" if abs(value) < 5e-13 else text if abs(value) >= 5e-6 else f"{value:+.0e}"
