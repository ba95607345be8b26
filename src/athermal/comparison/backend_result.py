"""The result of a comparison of backends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from athermal import _validate
from athermal.comparison import storage
from athermal.comparison.differences import Differences
from athermal.comparison.table import text_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class BackendComparison(Differences):
    """One machine, several backends, and how far each is from the reference.

    Parameters
    ----------
    reference : str
    ledgers : mapping of str to Ledger
        Of every backend that finished a cycle, the reference first.
    runtimes : mapping of str to float
        Wall time of the run in seconds, the preparation included; the shortest of several.
    refused : mapping of str to str
        Why a backend cannot hold the machine.
    stopped : mapping of str to str
        Why a backend did not finish; the cycles that it finished are compared, if there are any.
    warnings : mapping of str to tuple of str
        What the runs warned of, where they did.

    Attributes
    ----------
    cycles : xarray.Dataset
        Every numeric column of the ledgers' `cycles` (backend, cycle, ...). NaN where a backend does not know it.
    differences : xarray.Dataset
        The same minus the reference, which itself is left out. NaN where one of the two is: an unknown is no difference of zero.
        The residuals of the laws and their tolerances are in the ledgers.
    errors : xarray.Dataset
        The errors that the ledgers state themselves (`Ledger.errors`); NaN for those that state none, empty if no ledger does.
    largest : xarray.Dataset
        For each backend and column: `difference`, the largest over cycles and parts; `relative`, the same over the size of the
        column: its largest magnitude in the reference, but at least the largest of |W| + sum |Q_j| + sum |dU_i| (energies) or
        sum |dS_i| + sum |Q_j|/T_j (entropies); `compared` and `unknown`, how many numbers both know, and only one of the two;
        `verdict`, whether all differences are "within" the stated errors (certified ones once, standard errors five times) or
        one is "beyond", "" where none are stated.

    Examples
    --------
    >>> import athermal as at
    >>> found = at.compare_backends(at.library.two_oscillator(modes=12), [at.Dense(), at.Star()])
    >>> float(found.largest.difference.sel(backend="star", column="heat")) < 1e-9
    True
    """

    def __repr__(self) -> str:
        """Return what it is in one line."""
        return f"<BackendComparison: {', '.join(self.ledgers)}; the reference is {self.reference}>"

    def __str__(self) -> str:
        """Return a table with one row for each column, one column for each backend, and what did not go well."""
        return text_of(self)

    def save(self, path: str | Path) -> Path:
        """Write the comparison to a file and return its path; its ending chooses the format.

        A .nc file has the groups /cycles, /differences, /errors and /largest, and as attributes what was refused, stopped or
        warned of, as JSON. A .csv file has a line for each number of each backend, one for its runtime, and one for each backend
        that was refused or finished no cycle, as .xlsx and .parquet files have (``pip install "athermal[export]"``); a .json file
        the columns of every backend; a .tex file the printed table. The ledgers have a `save` of their own.

        Raises
        ------
        FileFormatError
            If the path ends otherwise, or cannot be written to.
        """
        return storage.save(self, _validate.file_path(path))

    def to_dataframe(self) -> pd.DataFrame:
        """Return a pandas data frame with a row for each number of each backend, with reference, difference and error."""
        return storage.frame(self)
