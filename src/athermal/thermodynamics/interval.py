"""Intervals between snapshots: all that a column is worked out from."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import BoolArray, FloatArray, Matrix
from athermal.thermodynamics import laws, modes, payers
from athermal.thermodynamics.snapshot import Reference, Snapshot

STANDARD_ERRORS = 5.0
"""By how many standard errors measured numbers may miss a law."""


@dataclass(frozen=True, eq=False)
class Interval:
    """One interval, or (stacked) many: the snapshots at both ends, the work in between, and how well energies are known.

    Parameters
    ----------
    a, b : Snapshot
        Before and after.
    work : (...) array
        W, that of the drives and the chemical work.
    reference : Reference
    rounding : (...) array
        Energies up to this are rounding.
    known : (...) array
        The same of energies that an integrator carries: terms that cancel over a cycle are known no better.
    noise : (...) array
        What the first law may be missed by for the errors of measured numbers.
    tolerance : float
        What fraction of a law's own terms its residual may be.
    entropy_tolerance : (...) array
        By how much the two sides of the second law may differ.
    unchecked : set of str
        The laws that completed the numbers, and so check nothing.
    breaks_second_law : (...) array
        Where dS(rho_S) + sum_j Q_j/T_j < 0 although the baths have no memory that could pay.
    is_past_recurrence : (...) array
        Where the size of a finite bath shows.
    """

    a: Snapshot
    b: Snapshot
    work: FloatArray
    reference: Reference
    rounding: FloatArray
    known: FloatArray
    noise: FloatArray
    tolerance: float
    entropy_tolerance: FloatArray
    unchecked: AbstractSet[str]
    breaks_second_law: BoolArray
    is_past_recurrence: BoolArray

    def constant(self, value: float) -> FloatArray:
        """Return a number of the machine once for each interval."""
        return np.full(np.shape(self.work), value)

    def over(self, divisor: FloatArray, ratio: FloatArray) -> FloatArray:
        """Return a ratio, undefined where the energy that it divides by is rounding."""
        return np.where(np.abs(divisor) > self.rounding, ratio, np.nan)

    @property
    def heat_intake(self) -> FloatArray:
        """Q_in: what gamma and eta_th divide by."""
        return laws.heat_intake(self.a, self.b, self.reference)

    @property
    def work_given(self) -> FloatArray:
        """W where work comes out, and zero elsewhere: what an efficiency needs."""
        return np.minimum(self.work, 0.0)

    @property
    def work_that_cools(self) -> FloatArray:
        """What a coefficient of performance needs: the smaller of W and -Q_c where both are positive, and zero elsewhere."""
        cold = np.sum(laws.heat(self.a, self.b, self.reference)[..., laws.coldest(self.reference.temperatures)], axis=-1)
        return np.where((self.work > 0.0) & (cold < 0.0), np.minimum(self.work, -cold), 0.0)

    # --- words -------------------------------------------------------------------------------------------------------

    @cached_property
    def mode(self) -> Matrix:
        """The mode of operation of each."""
        rows = zip(self.work, laws.heat(self.a, self.b, self.reference), self.rounding, strict=True)
        return np.array([modes.mode(float(w), q, self.reference.temperatures, float(e)) for w, q, e in rows], dtype=str)

    @cached_property
    def is_athermal(self) -> BoolArray:
        """Where dsigma < 0."""
        entropic = laws.entropic_work(self.a, self.b, self.reference)
        pairs = zip(entropic, self.rounding, strict=True)
        return np.array([modes.is_athermal(float(x), float(e)) for x, e in pairs], dtype=bool)

    @property
    def paid_by(self) -> Matrix:
        """What paid for each."""
        entropic = laws.entropic_work(self.a, self.b, self.reference)
        terms = laws.work_by_resource(self.a, self.b, self.reference)
        return payers.paid_by(self.work, entropic, terms, self.rounding, self.mode, self.reference)

    # --- the laws checked ----------------------------------------------------------------------------------------------

    @cached_property
    def residuals(self) -> dict[str, FloatArray]:
        """By how much each law is missed; unknown for one that is not checked."""
        a, b, ref, work = self.a, self.b, self.reference, self.work
        eta, split = laws.output_over_intake(work, a, b, ref), laws.efficiency_split(a, b, ref)
        missed = {
            "first_law": work - laws.first_law(a, b, ref),
            "second_law": laws.second_law_residual(a, b, ref),
            "work_split": work - laws.work_split(a, b, ref),
            "efficiency": np.where(np.isnan(split), 0.0, eta - split),
        }
        return {name: self.constant(np.nan) if name in self.unchecked else value for name, value in missed.items()}

    @cached_property
    def tolerances(self) -> dict[str, FloatArray]:
        """By how much each law may be missed."""
        a, b, ref = self.a, self.b, self.reference
        energies = np.sum(np.abs(laws.heat(a, b, ref)), -1) + np.sum(np.abs(laws.energy_change(a, b)), -1)
        energy = self.tolerance * (np.abs(self.work) + energies) + self.known + STANDARD_ERRORS * self.noise
        split = energy + ref.lowest_temperature * self.entropy_tolerance
        intake, eta = self.heat_intake, laws.output_over_intake(self.work, a, b, ref)
        with np.errstate(divide="ignore", invalid="ignore"):
            # eta divides by the intake, so a small intake magnifies what the energies are known to.
            ratio = np.where(intake > 0.0, split / np.where(intake > 0.0, intake, 1.0) * (1.0 + np.abs(eta)), np.inf)
        return {"first_law": energy, "second_law": self.entropy_tolerance, "work_split": split, "efficiency": ratio}

    @property
    def is_violated(self) -> BoolArray:
        """Where a residual is above its tolerance, or the second law of baths without memory is broken."""
        violated = self.breaks_second_law
        for name, value in self.residuals.items():
            if name in self.unchecked:
                continue
            # A NaN residual is a violation, not a pass, unless the state was none and its entropies are unknown.
            missed = ~(np.abs(value) <= self.tolerances[name])
            violated = violated | (missed & ~(np.isnan(self.entropy_tolerance) & (name != "first_law")))
        return np.asarray(violated)
