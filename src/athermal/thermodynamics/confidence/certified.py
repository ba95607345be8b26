"""Errors of a run whose continuous baths were resolved at two levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray
from athermal.thermodynamics import laws, schema
from athermal.thermodynamics.confidence.base import Amounts, Confidence, change, is_known_to_an_error, labelled, read
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Reference, Snapshot

# Rounding of a difference of two sums over all modes, in units of their size.
_ROUNDING = 4.0 * float(np.finfo(float).eps)
# No column is held to be known better than this share of the error of those that are made of the same amounts.
_SHARE = 0.125
# By how much more errors may be than the change at a single instant.
_FEW = 8.0
_COMMON = {
    "energy": ("work", "heat", "energy_change"),
    "nat": ("entropy_change", "mutual_information_change", "reservoir_correlation_change", "athermality_change"),
}

# What all other columns are made of.
_TERMS = [
    "work",
    "heat",
    "energy_change",
    "entropy_change",
    "mutual_information_change",
    "system_correlation_change",
    "reservoir_correlation_change",
    "athermality_change",
]


@dataclass(frozen=True, eq=False)
class Certified(Confidence):
    """By how much everything changed when continuous baths were refined, plus what the laws' residuals leave open of a column.

    Refinement makes errors smaller many times over, so that the change is that of the coarser run, and bounds the finer one.
    Errors oscillate, and where one happens to pass zero says nothing: a change counts for the interval before and all later ones,
    and no column is held to be known much better than the others that are made of the same amounts. Ratios have the error that
    follows from their numerators and denominators.

    Parameters
    ----------
    snapshots : Snapshot
        Of the coarser run, stacked along time, at the instants of the finer one.
    works : (instants - 1,) array
    log_partitions : (m,) array
        ln Z_j of its own reservoirs.
    """

    name = "certified"
    kind = "certified"

    snapshots: Snapshot
    works: FloatArray
    log_partitions: FloatArray

    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        fine, coarse = read(course, spans, amounts), read(self._coarse(course), spans, amounts)
        return {name: _spread(change(fine[name], coarse[name])) for name in fine}

    def errors(self, course: Course, which: str) -> xr.Dataset:
        fine, coarse = course.columns(which), self._coarse(course).columns(which)
        names = [str(name) for name in fine.data_vars if is_known_to_an_error(str(name))]
        changes = {
            name: _spread(change(fine[name].values, coarse[name].values)) for name in names if schema.made(name).quotient is None
        }
        bounds = _Bounds(fine, changes, _floors(course, fine, which), course.reference)
        return labelled(fine, {name: bounds.of(name) for name in names}, self.kind)

    def certificate(self, error: float, where: str) -> str:
        return (
            f"Certified by refining the continuous baths: no entropy (in nats; D_j and Sigma by their changes) or energy (in "
            f"units of the lowest temperature) is off by more than {error:.1e} ({where})."
        )

    def _coarse(self, course: Course) -> Course:
        reference = replace(course.reference, log_partitions=self.log_partitions)
        return Course(self.snapshots, self.works, reference, course.samples_per_cycle, course.conduct)


@dataclass(frozen=True, eq=False)
class _Bounds:
    """The certified errors of columns: what they changed by, what the laws leave open, and the share of all others of a kind.

    Parameters
    ----------
    fine : Dataset
    changes : mapping of str to array
    floors : mapping of str to array
        By unit, what rounding and the propagators leave open.
    reference : Reference
    """

    fine: xr.Dataset
    changes: Mapping[str, FloatArray]
    floors: Mapping[str, FloatArray]
    reference: Reference

    def of(self, name: str) -> FloatArray:
        """Return the certified error of a column."""
        made = schema.made(name)
        if made.quotient is not None:
            return self._of_ratio(name, *made.quotient)
        found, unit = self.changes[name], self.fine[name].attrs["units"]
        if name.startswith("carnot_") or unit not in ("energy", "nat", "energy/time"):
            return found
        enlarged, open_nats = self.reference.cold_enlargement, self._open("nat")
        extra = open_nats if unit == "nat" else self._open("energy")
        if made.has_entropies_at:
            ref = self.reference
            of_entropies = ref.lowest_temperature if made.has_entropies_at == "lowest" else ref.highest_temperature
            extra = extra + of_entropies * enlarged * open_nats
        if made.is_over_temperature:
            extra = extra * enlarged
        if unit == "energy/time":
            extra = extra / self.reference.period
        return np.asarray(found + extra.reshape(-1, *[1] * (found.ndim - 1)))

    def _open(self, unit: str) -> FloatArray:
        """Return what is left open in a unit: the floor, and a share of the largest change of each cycle."""
        enlarged = self.reference.cold_enlargement
        amounts = [self.changes[name] / (enlarged if schema.made(name).is_over_temperature else 1.0) for name in _COMMON[unit]]
        common = np.max([values.reshape(len(values), -1).max(axis=1, initial=0.0) for values in amounts], axis=0)
        floor = self.floors[unit] / enlarged if unit == "nat" else self.floors[unit]
        return np.asarray(floor + _SHARE * common)

    def _of_ratio(self, name: str, numerator: str, denominators: tuple[str, ...]) -> FloatArray:
        """Return (|error of numerator| + |ratio| |error of denominator|) / (|denominator| - |error of denominator|)."""
        value, best = self.fine[name].values, 1.0
        if name == "coefficient_split":
            best = float(self.fine["carnot_coefficient"].values[0])
            value = best - value  # eps_C x cost / W
        top = self.of(numerator)
        top = best * (np.sum(top, axis=1) if top.ndim > 1 else top)
        below = np.sum([self.of(part) for part in denominators], axis=0)
        size = np.abs(np.sum([self.fine[part].values for part in denominators], axis=0)) - below
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(size > 0.0, (top + np.abs(value) * below) / np.maximum(size, 0.0), np.inf)


def difference(one: Course, other: Course) -> xr.Dataset:
    """Return by how much the terms of the laws differ, cycle by cycle, in two runs of one machine."""
    tables = [course.columns("cycles")[_TERMS] for course in (one, other)]
    return labelled(tables[0], {name: change(*(table[name].values for table in tables)) for name in _TERMS}, "difference as an")


def _spread(changes: FloatArray) -> FloatArray:
    """Return the largest change up to the next interval; that of an unknown is none.

    The error of a cut-off oscillates with a phase of its own: of few instants, all may lie near its zeros.
    """
    changes = changes * (1.0 + _FEW / len(changes) ** 2)
    largest = np.fmax.accumulate(np.nan_to_num(changes, nan=0.0, posinf=np.inf), axis=0)
    return np.concatenate([largest[1:], largest[-1:]])


def _floors(course: Course, table: xr.Dataset, which: str) -> dict[str, FloatArray]:
    """Return what rounding and the propagators leave open, by the unit of a column: residuals, and the refinement of steps."""
    accuracy, step = course.conduct.accuracy, float(course.conduct.accuracy.get("step_error", 0.0))
    snapshots, temperatures = course.snapshots, course.reference.divisors
    # of sums over all modes, and what the defect of a propagator of the whole adds in every cycle (the star backend's maps act
    # on few modes, whose energies are small against the whole)
    cycles = np.arange(1, course.n_cycles + 1) if which == "cumulative" else np.ones(course.n_cycles)
    rounding = _ROUNDING + 0.5 * float(accuracy.get("symplectic_defect", 0.0)) * cycles
    of_reservoirs = laws.reservoir_sizes(snapshots, course.reference)
    whole = float(np.max(np.sum(of_reservoirs, axis=-1))) + float(np.max(np.sum(np.abs(snapshots.subsystem_energies), axis=-1)))
    work, heats = np.abs(table["work"].values), np.abs(table["heat"].values)
    terms = work + heats.sum(axis=1) + np.abs(table["energy_change"].values).sum(axis=1)
    energy = np.abs(table["residual_first_law"].values) + step * terms + rounding * whole
    second = np.abs(table["residual_second_law"].values)
    # unknown where a reservoir's entropy is; the first law's residual then speaks for both
    second = np.where(np.isnan(second), energy / course.reference.energy_unit, second)
    terms = np.abs(table["entropy_change"].values).sum(axis=1) + (heats / temperatures).sum(axis=1)
    whole = float(np.max(np.sum(of_reservoirs / temperatures, axis=-1)))
    return {"energy": energy, "nat": second + step * terms + rounding * whole}
