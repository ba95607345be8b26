"""The labelled ledger of a run: every quantity of the laws, per cycle, cumulative and at every sampled instant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal import _validate
from athermal._lazy import xr
from athermal._types import BoolArray, FloatArray, IntArray, Matrix
from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.thermodynamics import datasets, errors, laws, ledger_tables, measured, schema, significance, storage, violations
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.interval import Interval
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Refinement, Replicates, Snapshot, Uncertainty
from athermal.thermodynamics.states import Kept, States
from athermal.thermodynamics.table import format_table, ledger_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


@dataclass(frozen=True, eq=False)
class Ledger:
    """The complete account of a run.

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along time: the start and every sampled instant.
    works : (instants - 1,) array
        Work W done on the machine between consecutive instants, that of drives and the chemical work -sum_j mu_j dN_j.
    reference : Reference
    samples_per_cycle : int
    provenance : dict
        What made it, for people and for running it again: machine, initial state, backend, versions.
    replicates : Replicates, optional
        Of a run whose state was sampled, or of measured numbers: draws within their errors.
    refinement : Refinement, optional
        Of a run whose baths have modes="auto".
    uncertainty : Uncertainty, optional
        Of measured numbers: their standard errors.
    kept_states : tuple of Kept
        The states of parts that a run was asked to keep; see `states`.
    conduct : Conduct
        How it went, and how its numbers are to be read.

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

    snapshots: Snapshot
    works: FloatArray
    reference: Reference
    samples_per_cycle: int = 1
    provenance: dict[str, Any] = field(default_factory=dict)
    replicates: Replicates | None = None
    refinement: Refinement | None = None
    uncertainty: Uncertainty | None = None
    kept_states: tuple[Kept, ...] = ()
    conduct: Conduct = field(default_factory=Conduct)

    @property
    def n_cycles(self) -> int:
        """The number of finished cycles."""
        return len(self.works) // self.samples_per_cycle

    @property
    def carnot_efficiency(self) -> float:
        """eta_C = 1 - T_min/T_max."""
        return laws.carnot_efficiency(self.reference)

    @property
    def status(self) -> str:
        """How the run ended: "complete", or what stopped it."""
        return self.conduct.status

    @property
    def accuracy(self) -> dict[str, float]:
        """What the backend knows of its own errors: max |U Omega U^T - Omega|, the difference of the last refinements."""
        return dict(self.conduct.accuracy)

    @property
    def unchecked(self) -> dict[str, str]:
        """The laws that were used to complete the numbers, and so check nothing: their residuals are unknown. Each with why."""
        return dict(self.conduct.unchecked)

    @property
    def without_errors(self) -> str:
        """What has no error beside numbers that do, so that significance is not established; "" if nothing."""
        names = self.conduct.without_errors
        if not names:
            return ""
        return (
            f"The states of {' and '.join(names)} have no stated error, though other numbers do. Give their `errors` (0.0 if "
            "they are exact), samples, or counts."
        )

    @property
    def questions(self) -> list[str]:
        """What looks wrong about numbers that were brought, such as a sign."""
        return list(self.conduct.questions)

    @property
    def remarks(self) -> list[str]:
        """What a reader must know: what is unknown and what would tell it, what was mended."""
        return list(self.conduct.remarks)

    @property
    def units(self) -> dict[str, str]:
        """The units of energies and times, where they were given."""
        return dict(self.conduct.units)

    @property
    def memoryless(self) -> str:
        """The solver whose baths remember nothing, so that no correlation with them can pay; "" for all others."""
        return self.conduct.memoryless

    @property
    def has_standard_errors(self) -> bool:
        """Whether `errors` are statistical: of a sampled state, or of measured numbers."""
        return (self.replicates is not None and self.replicates.is_statistical) or self.uncertainty is not None

    @property
    def tolerance(self) -> float:
        """What fraction of a law's own terms its residual may be."""
        return self.conduct.residual_tolerance

    @property
    def rounding(self) -> float:
        """To what fraction of the energies of the whole a difference is known: rounding, or the propagators' unitarity defect."""
        return max(ROUNDING, 4.0 * self.accuracy.get("unitarity_defect", 0.0))

    @cached_property
    def cycles(self) -> xr.Dataset:
        return self._account(measured.intervals(self, "cycles"), "cycle", np.arange(1, self.n_cycles + 1))

    @cached_property
    def cumulative(self) -> xr.Dataset:
        return self._account(measured.intervals(self, "cumulative"), "cycle", np.arange(1, self.n_cycles + 1))

    @cached_property
    def errors(self) -> xr.Dataset:
        return errors.of(self, "cycles")

    @cached_property
    def cumulative_errors(self) -> xr.Dataset:
        return errors.of(self, "cumulative")

    def sibling(self, snapshots: Snapshot, works: FloatArray, log_partitions: FloatArray | None = None) -> Ledger:
        """Return a bare ledger of the same machine over other snapshots (and other discrete baths, if they have other ln Z_j)."""
        reference = self.reference if log_partitions is None else replace(self.reference, log_partitions=log_partitions)
        return Ledger(snapshots, works, reference, self.samples_per_cycle)

    @cached_property
    def samples(self) -> xr.Dataset:
        ends = np.arange(1, len(self.works) + 1)
        return self._account(measured.Intervals(np.zeros_like(ends), ends, np.cumsum(self.works)), "instant", ends)

    @cached_property
    def instants(self) -> xr.Dataset:
        return datasets.instants(self.snapshots, self.reference, self.units)

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

    @property
    def recurrence_times(self) -> dict[str, float]:
        """Until when each finite bath stands for a continuous one; not those that stand for nothing but themselves."""
        return dict(self.conduct.recurrence.times)

    def past_recurrence(self, a: Snapshot, b: Snapshot) -> BoolArray:
        """Tell which intervals end after the recurrence time of a finite bath, or come so long before the end of a charge."""
        return self.conduct.recurrence.is_past(a.time, b.time)

    def rounding_of(self, which: str) -> tuple[FloatArray, FloatArray]:
        """Return up to which size energies, and entropies in nats, are rounding in each row of `cycles` or `cumulative`."""
        found = measured.intervals(self, which)
        a, b = self.snapshots.at(found.start), self.snapshots.at(found.stop)
        return self.energy_rounding(a, b), self.entropy_rounding(a, b)

    def energy_rounding(self, a: Snapshot, b: Snapshot) -> FloatArray:
        """Return up to which size an energy of intervals is rounding: relative to the energies of the whole at both ends.

        Where they vanish by symmetry, relative to the scale that the backend knows of.
        """
        return np.asarray(np.maximum(self.rounding * self._energy_sizes(a, b), self.conduct.energy_error))

    def _energy_sizes(self, a: Snapshot, b: Snapshot) -> FloatArray:
        sizes = [laws.energy_size(s, self.reference) for s in (a, b)]
        return np.asarray(np.maximum(np.maximum(*sizes), self.conduct.energy_scale))

    def entropy_rounding(self, a: Snapshot, b: Snapshot) -> FloatArray:
        """Return up to which size a change of an entropy is rounding: relative to the entropies of the whole at both ends."""
        ref = self.reference
        sizes = [
            np.nansum(np.abs(s.subsystem_entropies), -1) + np.nansum(laws.reservoir_sizes(s, ref) / ref.divisors, -1)
            for s in (a, b)
        ]
        return np.asarray(self.rounding * (1.0 + np.maximum(*sizes)))  # those of pure states are known to rounding only

    def entropy_tolerance(self, a: Snapshot, b: Snapshot) -> FloatArray:
        """Return by how much the two sides of the second law may differ over intervals."""
        ref = self.reference
        entropies = np.sum(np.abs(b.subsystem_entropies), -1) + np.sum(laws.reservoir_sizes(b, ref) / ref.divisors, -1)
        nats = ROUNDING * (1.0 + np.where(np.isnan(entropies), 0.0, entropies))  # pure states have entropies at rounding
        terms = np.sum(np.abs(laws.entropy_change(a, b)), -1) + np.sum(np.abs(laws.heat(a, b, ref)) / ref.divisors, -1)
        return np.asarray(self.tolerance * terms + nats)

    def breaks_second_law(self, a: Snapshot, b: Snapshot) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Tell where dS(rho_S) + sum_j Q_j/T_j < 0 over intervals; with a reservoir at T = 0, where it has given heat.

        Also where only some of an interval's strokes break it.
        """
        ref = self.reference
        if not np.any(ref.is_cold):
            hidden = laws.second_law_deficit(a, b) > 0.0
            return np.asarray(hidden | (laws.entropy_production(a, b, ref) < -self.entropy_tolerance(a, b)))
        return np.asarray(laws.entropy_flow(a, b, ref, 0.0) < -self.tolerance * laws.energy_size(b, ref))

    def __repr__(self) -> str:
        """Return what it is in one line."""
        parts = f"subsystems {list(self.reference.subsystems)}, reservoirs {list(self.reference.reservoirs)}"
        return f"<Ledger: {self.n_cycles} cycles of {parts}, {self.status}>"

    def __str__(self) -> str:
        """Return a table with one row per cycle."""
        lines = [format_table(ledger_rows(self)), *(f"VIOLATED  {sentence}" for sentence in self.violations())]
        lines += [sentence] if (sentence := errors.certificate(self)) else []
        lines += significance.sentences(self) + self.questions
        if self.status != "complete":
            lines.append(f"Status: {self.status}")
        return "\n".join(lines)

    def save(self, path: str | Path) -> Path:
        """Write the ledger to a file and return its path; its ending chooses the format.

        A netCDF file (.nc) is complete: provenance included, with the groups /instants (from which `athermal.load` rebuilds the
        ledger), /cycles and /cumulative. For other programs: .csv and .parquet hold `to_dataframe()`, .tex `to_latex()`, .xlsx
        every table on a sheet of its own and .json all of `cycles` and `cumulative`. Numbers keep every bit, but those of .tex;
        what is unknown is nan (null in .json). Parquet and Excel need ``pip install "athermal[export]"``.

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

    def columns_between(self, a: Snapshot, b: Snapshot, works: FloatArray, *, with_words: bool = True) -> xr.Dataset:
        """Return the columns of intervals between any snapshots of this machine, those before and those after stacked.

        Columns of words, the mode and who paid, take longer than all others together where intervals are many.
        """
        interval, labels = self.interval(a, b, works), np.arange(1, len(works) + 1)
        return datasets.between(interval, "cycle", labels, self.units, with_words=with_words)

    def interval(self, a: Snapshot, b: Snapshot, works: FloatArray, noise: FloatArray | None = None) -> Interval:
        """Return what columns are worked out from, between any snapshots of this machine, stacked.

        `noise` is what the first law may be missed by for the errors of measured numbers.
        """
        rounding = self.energy_rounding(a, b)
        # terms that cancel over a cycle are known no better than the energies that an integrator carries
        known = np.maximum(rounding, self.reference.energy_rounding * self._energy_sizes(a, b))
        # of numbers with errors `violations` judges that
        is_judged = bool(self.memoryless) and not self.has_standard_errors
        return Interval(
            a,
            b,
            works,
            self.reference,
            rounding,
            known,
            np.zeros(len(works)) if noise is None else noise,
            self.tolerance,
            self.entropy_tolerance(a, b),
            frozenset(self.unchecked),
            self.breaks_second_law(a, b) & is_judged,
            self.past_recurrence(a, b),
        )

    def _interval(self, found: measured.Intervals) -> Interval:
        a, b = self.snapshots.at(found.start), self.snapshots.at(found.stop)
        return self.interval(a, b, found.works, measured.first_law_noise(self, found))

    def _account(self, found: measured.Intervals, dim: str, labels: IntArray) -> xr.Dataset:
        return datasets.between(self._interval(found), dim, labels, self.units)

    def residuals(self) -> dict[str, Matrix]:
        """Return by how much each cycle misses the laws, and by how much it may: these columns of `cycles`, as plain arrays."""
        return datasets.residuals(self._interval(measured.intervals(self, "cycles")))


def load(path: str | Path) -> Ledger:
    """Read a ledger that `Ledger.save` wrote.

    Raises
    ------
    FileFormatError
        If the file is missing, truncated, not a ledger, or of another format version.
    """
    return Ledger(*storage.load(_validate.file_path(path)))
