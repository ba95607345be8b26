"""A sweep as tables for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from athermal.study.design import Grid
from athermal.study.outcomes import Outcomes
from athermal.thermodynamics import latex
from athermal.thermodynamics.export import Tables, about_columns, columns_by_name, frame_of

if TYPE_CHECKING:
    import pandas as pd


def frame(sweep: Outcomes) -> pd.DataFrame:
    """Return a sweep as one table; see `Sweep.to_dataframe`."""
    data = sweep.dataset
    index = list(data.attrs["parameters"]) if isinstance(sweep.design, Grid) else ["point"]
    return frame_of(data, [*index, "cycle"] if data.sizes.get("cycle", 0) else index)


def tables(sweep: Outcomes) -> Tables:
    """Return what a sweep can be written as."""

    def sheets() -> dict[str, pd.DataFrame]:
        whole = frame(sweep)
        return {"sweep": whole, "columns": about_columns(whole)}

    return Tables(
        "The sweep", lambda: frame(sweep), sheets, lambda: document(sweep), lambda: tabular(sweep), lambda: sweep.dataset
    )


def tabular(sweep: Outcomes, columns: Sequence[str] | None = None, *, digits: int = 5) -> str:
    """Return a sweep as a LaTeX tabular; see `Sweep.to_latex`."""
    whole = frame(sweep)
    return latex.table(whole, _shown(whole) if columns is None else columns, digits=digits)


def _shown(whole: pd.DataFrame) -> list[str]:
    """Return the columns of a table that a page has room for."""
    wanted = (*whole.columns[: list(whole.columns).index("cycle") + 1], "work_output", "efficiency", "mode", "status")
    return [name for name in wanted if name in whole.columns and name != "time"]


def document(sweep: Outcomes) -> dict[str, Any]:
    """Return a sweep as plain data: every point with its parameters, its status and the columns of its ledger."""
    points = []
    units: dict[str, str] = {}
    for k, record in sorted(sweep.records.items()):
        point: dict[str, Any] = {"point": k, "parameters": sweep.design.point(k), "status": record.status}
        point |= {"error": f"{record.error_type}: {record.error}"} if record.error else {}
        point |= {"seed": record.seed, "hash": record.content_hash, "warnings": list(record.warnings)}
        if (ledger := record.ledger) is not None:
            point |= {"carnot_efficiency": ledger.carnot_efficiency, "n_cycles": ledger.n_cycles}
            point |= {"cycles": columns_by_name(ledger.cycles), "cumulative": columns_by_name(ledger.cumulative)}
            if ledger.errors:
                point |= {"errors": columns_by_name(ledger.errors)}
            units |= {str(name): data.attrs["units"] for name, data in ledger.cycles.data_vars.items() if data.attrs["units"]}
        points.append(point)
    return {"parameters": list(sweep.design.names), "points": points, "units": units, "study": sweep.study}
