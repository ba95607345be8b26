"""A ledger as tables for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from athermal._validate import as_study, choice
from athermal.thermodynamics import latex, storage, violations
from athermal.thermodynamics.export import Tables, about_columns, columns_by_name, frame_of
from athermal.thermodynamics.labelled import Labelled
from athermal.thermodynamics.table import ledger_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


NAMES = ("cycles", "cumulative", "samples", "instants")
"""The tables of a ledger."""


def frame(ledger: Labelled, table: str = "cycles") -> pd.DataFrame:
    """Return one table of a ledger; see `Ledger.to_dataframe`."""
    with as_study():
        choice(table, "table", "a ledger", NAMES)
    errors = {"cycles": ledger.errors, "cumulative": ledger.cumulative_errors}.get(table)
    index = "cycle" if table in ("cycles", "cumulative") else "instant"
    return frame_of(getattr(ledger, table), [index], errors)


def tables(ledger: Labelled, table: str = "cycles") -> Tables:
    """Return what a ledger can be written as; `table` is that of formats with room for one."""

    def sheets() -> dict[str, pd.DataFrame]:
        import pandas as pd  # noqa: PLC0415  takes time to import, and few need it

        found = {name: frame(ledger, name) for name in NAMES if name != "samples" or ledger.samples_per_cycle > 1}
        about: dict[str, Any] = {"status": ledger.status, "confidence": ledger.confidence.name}
        about |= {name: value for name, value in ledger.provenance.items() if isinstance(value, (str, int, float))}
        found["columns"] = about_columns(found["cycles"])
        found["run"] = pd.DataFrame(list(about.items()), columns=["entry", "value"])
        return found

    return Tables(
        "The ledger",
        frame=lambda: frame(ledger, table),
        sheets=sheets,
        document=lambda: document({}, ledger),
        text=lambda: text(ledger, None, table, 5),
        netcdf=lambda: storage.tree_of(ledger),
    )


def text(ledger: Labelled, columns: Sequence[str] | None, table: str, digits: int) -> str:
    """Return a ledger as a LaTeX tabular; see `Ledger.to_latex`."""
    if columns is None and table in ("cycles", "cumulative"):
        return latex.printed(ledger_rows(ledger, cumulative=table == "cumulative"))
    return latex.table(frame(ledger, table), columns, digits=digits)


def document(head: dict[str, Any], ledger: Labelled) -> dict[str, Any]:
    """Return what a ledger says as plain data, after the entries of a head of its own.

    "cycles" and "cumulative" hold one list per quantity with an entry for each cycle; what belongs to a part or resource is
    a table of such lists by name.
    """
    about = {
        key: {str(name): data.attrs.get(key, "") for name, data in ledger.cycles.data_vars.items()}
        for key in ("units", "long_name")
    }
    found = {
        **head,
        "status": ledger.status,
        "n_cycles": ledger.n_cycles,
        "cycles": columns_by_name(ledger.cycles),
        "cumulative": columns_by_name(ledger.cumulative),
    }
    if ledger.errors:
        found |= {"errors": columns_by_name(ledger.errors), "cumulative_errors": columns_by_name(ledger.cumulative_errors)}
    return found | {
        "units": {name: unit for name, unit in about["units"].items() if unit},
        "long_names": {name: text for name, text in about["long_name"].items() if text},
        "violations": violations.of(ledger),
        "confidence": ledger.confidence.name,
        "conduct": ledger.conduct.plain(),
        "provenance": ledger.provenance,
    }
