"""The course of a run without labels: its snapshots and works, and what of them is rounding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from athermal._types import BoolArray, FloatArray, IntArray
from athermal.thermodynamics import datasets, laws
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.interval import Interval
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Snapshot

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Spans:
    """Between which instants of a course some intervals lie.

    Intervals follow one another, or all begin at the start.

    Parameters
    ----------
    start, stop : (intervals,) arrays of int
    """

    start: IntArray
    stop: IntArray

    def sums(self, values: FloatArray) -> FloatArray:
        """Return what was given from instant to instant, along the first axis, summed over each interval."""
        if not np.any(self.start):
            return np.asarray(np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])[self.stop])
        # no differences of running sums: one NaN must not reach the intervals after it
        return np.asarray(np.add.reduceat(values[: self.stop[-1]], self.start, axis=0))

    def ends(self, snapshots: Snapshot) -> tuple[Snapshot, Snapshot]:
        """Return the snapshots before and after each interval."""
        return snapshots.between(self.start, self.stop)


@dataclass(frozen=True, eq=False)
class Course:
    """What happened in a run, and how it is to be read.

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along time: the start and every sampled instant.
    works : (instants - 1,) array
        Work W done on the machine between consecutive instants, that of drives and the chemical work -sum_j mu_j dN_j.
    reference : Reference
    samples_per_cycle : int
    conduct : Conduct
    """

    snapshots: Snapshot
    works: FloatArray
    reference: Reference
    samples_per_cycle: int = 1
    conduct: Conduct = field(default_factory=Conduct)

    @property
    def n_cycles(self) -> int:
        """The number of finished cycles."""
        return len(self.works) // self.samples_per_cycle

    def spans(self, which: str) -> Spans:
        """Return the intervals of a table.

        "cycles" follow one another, as do "steps" from instant to instant; "cumulative" and "samples" lead from the start to the
        end of each cycle, and to each sampled instant; "instants" to each, the start included.
        """
        step, steps = self.samples_per_cycle, len(self.works)
        stop = {
            "cycles": np.arange(step, step * self.n_cycles + 1, step),
            "cumulative": np.arange(step, step * self.n_cycles + 1, step),
            "steps": np.arange(1, steps + 1),
            "samples": np.arange(1, steps + 1),
            "instants": np.arange(steps + 1),
        }[which]
        width = {"cycles": step, "steps": 1}
        return Spans(stop - width[which] if which in width else np.zeros_like(stop), stop)

    # --- what is rounding, and what a law may be missed by -----------------------------------------------------------------

    @property
    def rounding(self) -> float:
        """To what fraction of the energies of the whole a difference is known: rounding, or the propagators' unitarity defect."""
        return max(ROUNDING, 4.0 * self.conduct.accuracy.get("unitarity_defect", 0.0))

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
        return np.asarray(self.conduct.residual_tolerance * terms + nats)

    def breaks_second_law(self, a: Snapshot, b: Snapshot) -> BoolArray:
        """Tell where dS(rho_S) + sum_j Q_j/T_j < 0 over intervals; with a reservoir at T = 0, where it has given heat.

        Also where only some of an interval's strokes break it.
        """
        ref = self.reference
        if not np.any(ref.is_cold):
            hidden = laws.second_law_deficit(a, b) > 0.0
            return np.asarray(hidden | (laws.entropy_production(a, b, ref) < -self.entropy_tolerance(a, b)))
        return np.asarray(laws.entropy_flow(a, b, ref, 0.0) < -self.conduct.residual_tolerance * laws.energy_size(b, ref))

    def against(self, reference: Reference) -> Course:
        """Return the same, read with other constants of the machine."""
        return Course(self.snapshots, self.works, reference, self.samples_per_cycle, self.conduct)

    # --- columns -----------------------------------------------------------------------------------------------------------

    def interval(self, a: Snapshot, b: Snapshot, works: FloatArray, noise: FloatArray | None = None) -> Interval:
        """Return what columns are worked out from, between any snapshots of this machine, stacked.

        `noise` is what the first law may be missed by for the errors of measured numbers; None of computed ones.
        """
        rounding = self.energy_rounding(a, b)
        # terms that cancel over a cycle are known no better than the energies that an integrator carries
        known = np.maximum(rounding, self.reference.energy_rounding * self._energy_sizes(a, b))
        # of numbers with errors `violations` judges that
        is_judged = bool(self.conduct.memoryless) and noise is None
        return Interval(
            a,
            b,
            works,
            self.reference,
            rounding,
            known,
            np.zeros(len(works)) if noise is None else noise,
            self.conduct.residual_tolerance,
            self.entropy_tolerance(a, b),
            frozenset(self.conduct.unchecked),
            self.breaks_second_law(a, b) & is_judged,
            self.conduct.recurrence.is_past(a.time, b.time),
        )

    def columns_between(self, a: Snapshot, b: Snapshot, works: FloatArray, *, with_words: bool = True) -> xr.Dataset:
        """Return the columns of intervals between any snapshots of this machine, those before and those after stacked.

        Columns of words, the mode and who paid, take longer than all others together where intervals are many.
        """
        interval, labels = self.interval(a, b, works), np.arange(1, len(works) + 1)
        return datasets.between(interval, "cycle", labels, self.conduct.units, with_words=with_words)

    def columns(self, which: str) -> xr.Dataset:
        """Return the columns of "cycles" or "cumulative" that are numbers."""
        found = self.spans(which)
        return self.columns_between(*found.ends(self.snapshots), found.sums(self.works), with_words=False)
