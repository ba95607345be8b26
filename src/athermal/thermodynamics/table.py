"""A ledger as rows of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from athermal._numbers import number
from athermal._types import FloatArray
from athermal.thermodynamics import modes

if TYPE_CHECKING:
    import xarray as xr

    from athermal.thermodynamics.ledger import Ledger


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


def ledger_rows(ledger: Ledger, *, cumulative: bool = False) -> list[list[str]]:
    """Return a header and one row of text for each cycle."""
    data = ledger.cumulative if cumulative else ledger.cycles
    reservoirs, counters, observables = ledger.reference.reservoirs, ledger.reference.counters, ledger.reference.observables
    unit = f" [{ledger.units['energy']}]" if "energy" in ledger.units else ""
    header = [
        "cycle",
        f"work out{unit}",
        *(f"heat from {name}{unit}" for name in reservoirs),
        f"dU{unit}",
        "dSigma",
        "dI(S,R)",
        "dC(S)",
        "dC(R)",
    ]
    header += [*(f"dD[{name}]" for name in reservoirs), *counters, *observables, "eta", "Carnot", "mode", "paid by"]
    # Certified errors are far below the digits shown.
    errors = None if not ledger.has_standard_errors else ledger.cumulative_errors if cumulative else ledger.errors
    blocks = {"energy": Cells.of(*(data[name].values for name in _ENERGIES)), "nat": Cells.of(*(data[n].values for n in _NATS))}
    energy_rounding, nat_rounding = ledger.rounding_of("cumulative" if cumulative else "cycles")
    # of several subsystems the error of the sum is none of a column's
    alone = len(ledger.reference.subsystems) == 1
    rows = [header]
    for n in range(ledger.n_cycles):
        row = data.isel(cycle=n)
        error = None if errors is None else errors.isel(cycle=n)
        roundings = {"energy": energy_rounding[n], "nat": nat_rounding[n]}

        def cells(
            name: str,
            block: str,
            sign: float = 1.0,
            values: xr.Dataset = row,
            spread: xr.Dataset | None = error,
            known: dict[str, float] = roundings,
        ) -> list[str]:
            amounts = np.atleast_1d(values[name].values)
            widths = [None] * amounts.size if spread is None else np.atleast_1d(spread[name].values).tolist()
            pairs = zip(amounts.tolist(), widths, strict=True)
            return [blocks[block].cell(sign * value, width, known[block]) for value, width in pairs]

        total = blocks["energy"].cell(float(row["energy_change"].sum()), None, energy_rounding[n])
        changes = ("sigma_total", "mutual_information", "system_correlation", "reservoir_correlation", "athermality")
        rows.append(
            [
                str(n + 1),
                *cells("work_output", "energy"),
                *cells("heat", "energy", -1.0),
                *(cells("energy_change", "energy") if alone else [total]),
                *(cell for name in changes for cell in cells(f"{name}_change", "nat")),
                *(_counts(row, error) if counters else []),
                *(_counts(row, error, "observables") if observables else []),
                *_performance(row, error),
                str(row["paid_by"].item()),
            ]
        )
    return rows


_ENERGIES = ("work", "heat", "energy_change")
_NATS = (
    "sigma_total_change",
    "mutual_information_change",
    "system_correlation_change",
    "reservoir_correlation_change",
    "athermality_change",
)


def _counts(row: xr.Dataset, error: xr.Dataset | None, name: str = "counts") -> list[str]:
    values = row[name].values
    widths = [None] * values.size if error is None else error[name].values.tolist()
    return [Cells.of(values).cell(value, width) for value, width in zip(values.tolist(), widths, strict=True)]


def _performance(row: xr.Dataset, error: xr.Dataset | None) -> list[str]:
    """Return the cells of efficiency, Carnot's, and mode; only what gives work has an efficiency."""
    mode, eta = str(row["mode"].item()), "-"
    if mode in modes.WITH_OUTPUT:
        mode = modes.kind(mode, is_athermal=bool(row["is_athermal"].item()))
        eta = ratio(row["efficiency"].item(), None if error is None else error["efficiency"].item())
    mode += " (past recurrence)" if row["is_past_recurrence"].item() else ""
    return [eta, ratio(row["carnot_efficiency"].item()), mode + (" (!)" if row["is_violated"].item() else "")]


def ratio(value: float, error: float | None = None) -> str:
    """Return a dimensionless ratio of the size of one as a cell: four decimals, or as many as its error tells."""
    return number(value, error) if error is not None or not np.isfinite(value) else f"{value:.4f}"


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
