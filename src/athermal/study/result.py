"""The result of a sweep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from athermal import _validate
from athermal.study import tables
from athermal.study.outcomes import Outcomes

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[-+]?\d[\d.e+-]*")


@dataclass(frozen=True, eq=False)
class Sweep(Outcomes):
    """The points of a sweep and what came of them.

    Parameters
    ----------
    design : Design
    records : mapping of int to Record
        The finished points, by their position.
    study : dict
        What the sweep is, as plain data.
    path : Path or None
        The folder that holds it.

    Attributes
    ----------
    dataset : xarray.Dataset
        Every column of the ledgers, parameters x cycle x ...: `work`, `efficiency`, ...; from time zero on, `cumulative_work`,
        ...; and of each point `status`, `error`, `seed` and `hash`. A grid has its parameters as dimensions, other designs the
        dimension `point`. What is not there is NaN, "" or False, and `status` says why.
    failures : list of Failure

    Examples
    --------
    >>> import athermal as at
    >>> sweep = at.sweep(at.library.two_qubit_swap, {"T_hot": [1.5, 3.0]}, cycles=2)
    >>> sweep.efficiency.dims
    ('T_hot', 'cycle')
    """

    def save(self, path: str | Path) -> Path:
        """Write the sweep to one file and return its path; its ending chooses the format.

        A .nc file holds the data set. For other programs: .csv, .parquet and .xlsx hold `to_dataframe()`, .tex `to_latex()`,
        and .json every point with its parameters and the columns of its ledger.

        Raises
        ------
        FileFormatError
            If the path has another ending, or cannot be written to.
        """
        return tables.tables(self).save(_validate.file_path(path))

    def to_dataframe(self) -> pd.DataFrame:
        """Return the sweep as a pandas data frame: a row for each cycle of each point, what belongs to a part as heat[hot].

        Examples
        --------
        >>> import athermal as at
        >>> sweep = at.sweep(at.library.two_qubit_swap, {"T_hot": [1.5, 3.0]}, cycles=2, workers=1)
        >>> sweep.to_dataframe()[["T_hot", "cycle"]].values.tolist()
        [[1.5, 1.0], [1.5, 2.0], [3.0, 1.0], [3.0, 2.0]]
        """
        return tables.frame(self)

    def to_latex(self, columns: Sequence[str] | None = None, *, digits: int = 5) -> str:
        """Return a table as a LaTeX tabular, with symbols and the rules of the package booktabs.

        Parameters
        ----------
        columns : sequence of str, optional
            Names of `to_dataframe()`. If left out, parameters, cycle, work output, efficiency, mode and status.
        digits : int
            Significant digits of the largest number of each column.
        """
        return tables.tabular(self, columns, digits=digits)

    def __repr__(self) -> str:
        """Return what it is in one line."""
        return f"<Sweep: {len(self.records)} of {len(self.design)} points of {', '.join(self.design.names)}>"

    def __str__(self) -> str:
        """Return a summary: how many points, how many failed and why, what was warned of."""
        counts = Counter(str(record.status) for record in self.records.values())
        lines = [f"{counts['complete']} of {len(self.design)} points of {', '.join(self.design.names)} are complete."]
        if self.n_missing:
            lines.append(f"{self.n_missing} have not been run.")
        for status, words in (("failed", "failed"), ("incomplete", "stopped before their last cycle")):
            if counts[status]:
                lines.append(f"{counts[status]} {words}:")
                lines += _grouped(
                    [(k, f"{r.error_type}: {r.error}") for k, r in sorted(self.records.items()) if r.status == status]
                )
        told = [(k, text) for k, record in sorted(self.records.items()) for text in record.warnings]
        if told:
            lines.append(f"{len({k for k, _ in told})} gave warnings:")
            lines += _grouped(told)
        return "\n".join(lines)


def _grouped(entries: list[tuple[int, str]]) -> list[str]:
    """Return one line for each kind of message, alike but for its numbers: how often, and the first."""
    kinds: dict[str, list[tuple[int, str]]] = {}
    for k, text in entries:
        kinds.setdefault(_NUMBER.sub("#", text), []).append((k, text))
    return [f"  {len(found)} x {found[0][1]} (point {found[0][0]})" for found in kinds.values()]
