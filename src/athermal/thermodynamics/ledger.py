"""The labelled ledger of a run: every quantity of the laws, per cycle, cumulative and at every sampled instant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal import _validate
from athermal._lazy import xr
from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.thermodynamics import content, fuel, ledger_tables, schema, significance, storage, violations
from athermal.thermodynamics.labelled import Labelled
from athermal.thermodynamics.states import Kept, States
from athermal.thermodynamics.table import format_table, ledger_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True, eq=False)
class Ledger(Labelled):
    """The complete account of a run.

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along time: the start and every sampled instant.
    works : (instants - 1,) array
        Work W done on the machine between consecutive instants, that of drives and the chemical work -sum_j mu_j dN_j.
    reference : Reference
    samples_per_cycle : int
    conduct : Conduct
        How it went, and how its numbers are to be read.
    confidence : Confidence
        How well its numbers are known: `Exact`, `Certified` (baths of modes="auto"), `Jackknife` (a state that was sampled),
        `Coarser` (cut-offs made coarser), `Linear` or `Bootstrap` (measured numbers).
    provenance : dict
        What made it, for people and for running it again: machine, initial state, backend, versions.
    kept_states : tuple of Kept
        The states of parts that a run was asked to keep; see `states`.

    Attributes
    ----------
    cycles : xarray.Dataset
        Every quantity per cycle (dimension `cycle`, counted from 1). `ledger.efficiency` is `ledger.cycles.efficiency`.
    cumulative : xarray.Dataset
        The same from time zero to the end of each cycle.
    samples : xarray.Dataset
        The same from time zero to each sampled instant (dimension `instant`, coordinate `time`).
    instants : xarray.Dataset
        Energies and entropies themselves at each sampled instant, the start included.
    errors, cumulative_errors : xarray.Dataset
        The error of every column of `cycles` and `cumulative`: certified, of a run whose baths have modes="auto" (its change
        under refinement of the baths, and what the residuals leave open); its changes under coarsening, of a run with a check of
        convergence; one standard error, of a run whose state was sampled or of measured numbers; empty otherwise.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
    >>> ledger.efficiency.dims
    ('cycle',)
    """

    kept_states: tuple[Kept, ...] = ()

    def __getattr__(self, name: str) -> xr.DataArray:
        """Return a column of `cycles`."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.cycles:
            return self.cycles[name]
        if name in self.reference.observables:
            return self.cycles["observables"].sel(observable=name)
        columns = schema.of_intervals()
        if name in columns:
            where = f": {columns[name].where}" if columns[name].where else ""
            raise AttributeError(f"This ledger has no column {name!r}, which not every run has{where}.")
        raise AttributeError(f"A ledger has no column {name!r}.{suggest(name, list(columns))}")

    def __dir__(self) -> list[str]:
        """List the columns beside the ordinary attributes."""
        return sorted({*super().__dir__(), *schema.of_intervals(), *self.reference.observables})

    @property
    def states(self) -> States:
        """The states that the run kept, by part or by several parts: `ledger.states["q"]`, `ledger.states["q", "r"]`."""
        return States(self.kept_states, self.snapshots.time)

    def state(self, parts: str | tuple[str, ...], *, cycle: int | None = None, instant: int | None = None) -> Any:
        """Return the state of a part, or of several together, as a QuTiP object.

        Parameters
        ----------
        parts : str or tuple of str
        cycle : int, optional
            At the end of which cycle, 0 for the start; the last one if left out.
        instant : int, optional
            At which sampled instant, 0 for the start, instead.

        Returns
        -------
        Qobj or Dataset
            The density matrix; of oscillators treated as Gaussian their `mean` and `covariance`.

        Raises
        ------
        StudyError
            If it was not kept, or there is no such cycle or instant.

        Examples
        --------
        >>> import athermal as at
        >>> ledger = at.run(at.library.two_qubit_swap(), 2, keep_states=True)
        >>> ledger.state("hot", cycle=1).tr()
        1.0
        """
        kept, n = self.states.find(parts), len(self.snapshots.time)
        given = cycle if instant is None else instant
        step, most = (self.samples_per_cycle, self.n_cycles) if instant is None else (1, n - 1)
        what = "cycle" if instant is None else "instant"
        if cycle is not None and instant is not None:
            raise StudyError("A state must be asked for by `cycle` or by `instant`, not both.")
        if given is not None and (isinstance(given, bool) or not isinstance(given, (int, np.integer)) or not 0 <= given <= most):
            raise StudyError(f"`{what}` of a state must be 0 (the start) to {most}, but is {given!r}.")
        index = n - 1 if given is None else int(given) * step
        if kept.density is None:
            labelled: Any = kept.labelled(self.snapshots.time)
            return labelled.isel(instant=index)
        import qutip  # noqa: PLC0415  it takes longer to import than all the rest

        sizes = list(kept.sizes)
        return qutip.Qobj(kept.density[index], dims=[sizes, sizes])

    def violations(self) -> list[str]:
        """Return one sentence for each law that a cycle misses by more than its tolerance, and each impossible entropy."""
        return violations.of(self)

    def __repr__(self) -> str:
        """Return what it is in one line."""
        parts = f"subsystems {list(self.reference.subsystems)}, reservoirs {list(self.reference.reservoirs)}"
        return f"<Ledger: {self.n_cycles} cycles of {parts}, {self.status}>"

    def __str__(self) -> str:
        """Return a table with one row per cycle."""
        lines = [format_table(ledger_rows(self)), *(f"VIOLATED  {sentence}" for sentence in self.violations())]
        lines += [sentence] if (sentence := self.certificate) else []
        lines += fuel.sentences(self) + significance.sentences(self) + self.questions
        if self.status != "complete":
            lines.append(f"Status: {self.status}")
        return "\n".join(lines)

    def save(self, path: str | Path) -> Path:
        """Write the ledger to a file and return its path; its ending chooses the format.

        A netCDF file (.nc) is complete: provenance included, with the groups /content (from which `athermal.load` rebuilds the
        ledger), /instants, /cycles and /cumulative. For other programs: .csv and .parquet hold `to_dataframe()`, .tex
        `to_latex()`, .xlsx every table on a sheet of its own and .json all of `cycles` and `cumulative`. Numbers keep every bit,
        but those of .tex; what is unknown is nan (null in .json). Parquet and Excel need ``pip install "athermal[export]"``.

        Raises
        ------
        FileFormatError
            If the path has another ending, or cannot be written to.

        Examples
        --------
        >>> import athermal as at
        >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
        >>> [ledger.save(f"engine{ending}").name for ending in (".nc", ".csv")]
        ['engine.nc', 'engine.csv']
        """
        return ledger_tables.tables(self).save(_validate.file_path(path))

    def to_dataframe(self, table: str = "cycles") -> pd.DataFrame:
        """Return a table of the ledger as a pandas data frame: a row for each cycle, a column for each quantity of each part.

        Parameters
        ----------
        table : {"cycles", "cumulative", "samples", "instants"}
            As the data set of this name.

        Returns
        -------
        pandas.DataFrame
            What belongs to a part is named heat[hot]; where the ledger knows errors, they stand beside, as work_error and
            heat[hot]_error. Its `attrs` hold the "units" and "long_names" of the columns.

        Examples
        --------
        >>> import athermal as at
        >>> table = at.run(at.library.two_oscillator(modes=12), cycles=2).to_dataframe()
        >>> table["heat[hot bath]"].shape, table.attrs["units"]["heat[hot bath]"]
        ((2,), 'energy')
        """
        return ledger_tables.frame(self, table)

    def to_latex(self, columns: Sequence[str] | None = None, *, table: str = "cycles", digits: int = 5) -> str:
        r"""Return a table of the ledger as a LaTeX tabular, with symbols and the rules of the package booktabs.

        Parameters
        ----------
        columns : sequence of str, optional
            Names of `to_dataframe(table)`. If left out, what `print(ledger)` shows, with its digits.
        table : {"cycles", "cumulative", "samples", "instants"}
        digits : int
            Significant digits of the largest number of each column; those of standard errors are set by the errors.

        Examples
        --------
        >>> import athermal as at
        >>> print(at.run(at.library.two_oscillator(modes=12), cycles=1).to_latex(["cycle", "work", "heat[hot bath]"], digits=3))
        \begin{tabular}{rrr}
        \toprule
        cycle & $W$ & $Q_{\mathrm{hot~bath}}$ \\
        \midrule
        1 & $0.146$ & $0.0908$ \\
        \bottomrule
        \end{tabular}
        <BLANKLINE>
        """
        return ledger_tables.text(self, columns, table, digits)

    def to_dataset(self) -> xr.Dataset:
        """Return what the ledger is made of as one flat data set, columns left out: what files hold.

        Examples
        --------
        >>> import athermal as at
        >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
        >>> bool(at.Ledger.from_dataset(ledger.to_dataset()).work.equals(ledger.work))
        True
        """
        return content.to_dataset(self)

    @classmethod
    def from_dataset(cls, data: xr.Dataset) -> Ledger:
        """Return the ledger that `to_dataset` took apart, or raise `FileFormatError` if a piece is missing."""
        return cls(**content.from_dataset(data))


def load(path: str | Path) -> Ledger:
    """Read a ledger that `Ledger.save` wrote.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, not a ledger, or of another format version.
    """
    return Ledger(**storage.load(_validate.file_path(path)))
