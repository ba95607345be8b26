"""A course with labels: its data sets, how well they are known, and what is told of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray, IntArray, Matrix
from athermal.thermodynamics import datasets, laws
from athermal.thermodynamics.confidence import Amounts, Confidence, Exact
from athermal.thermodynamics.confidence.largest import largest
from athermal.thermodynamics.course import Course
from athermal.thermodynamics.interval import Interval


@dataclass(frozen=True, eq=False)
class Labelled(Course):
    """All numbers of a ledger: what happened, how well it is known, and where it is from. See `Ledger`."""

    confidence: Confidence = field(default_factory=Exact)
    provenance: dict[str, Any] = field(default_factory=dict)

    # --- data sets -----------------------------------------------------------------------------------------------------

    @cached_property
    def cycles(self) -> xr.Dataset:
        return self._account("cycles", "cycle", np.arange(1, self.n_cycles + 1))

    @cached_property
    def cumulative(self) -> xr.Dataset:
        return self._account("cumulative", "cycle", np.arange(1, self.n_cycles + 1))

    @cached_property
    def samples(self) -> xr.Dataset:
        return self._account("samples", "instant", np.arange(1, len(self.works) + 1))

    @cached_property
    def instants(self) -> xr.Dataset:
        return datasets.instants(self.snapshots, self.reference, self.units)

    @cached_property
    def errors(self) -> xr.Dataset:
        return self.confidence.errors(self, "cycles")

    @cached_property
    def cumulative_errors(self) -> xr.Dataset:
        return self.confidence.errors(self, "cumulative")

    def residuals(self) -> dict[str, Matrix]:
        """Return by how much each cycle misses the laws, and by how much it may: these columns of `cycles`, as plain arrays."""
        return datasets.residuals(self._intervals("cycles"))

    def rounding_of(self, which: str) -> tuple[FloatArray, FloatArray]:
        """Return up to which size energies, and entropies in nats, are rounding in each row of `cycles` or `cumulative`."""
        a, b = self.spans(which).ends(self.snapshots)
        return self.energy_rounding(a, b), self.entropy_rounding(a, b)

    def _intervals(self, which: str) -> Interval:
        spans = self.spans(which)
        noise = self.confidence.noise(self, spans, lambda work, a, b, ref: work - laws.first_law(a, b, ref))
        return self.interval(*spans.ends(self.snapshots), spans.sums(self.works), noise)

    def _account(self, which: str, dim: str, labels: IntArray) -> xr.Dataset:
        return datasets.between(self._intervals(which), dim, labels, self.units)

    # --- how well they are known -----------------------------------------------------------------------------------------

    def spread(self, amounts: Amounts, which: str = "cycles") -> dict[str, FloatArray]:
        """Return the error of anything that is read off the ledger: one standard error or a bound, zero where none is known.

        Parameters
        ----------
        amounts : callable
            Given the works W of intervals, the stacked snapshots before and after them, and the reference, it returns arrays by
            name, intervals first.
        which : str
            "cycles", "cumulative", "steps" from instant to instant, "samples" from the start to each, or "instants", the start
            included.

        Examples
        --------
        >>> import athermal as at
        >>> ledger = at.run(at.library.two_qubit_swap(), 2, backend=at.StateVectors(samples=50, max_columns=1))
        >>> found = ledger.spread(lambda work, a, b, ref: {"in units of the period": work * ref.period})
        >>> bool(np.allclose(found["in units of the period"], ledger.errors.work * ledger.reference.period))
        True
        """
        return self.confidence.spread(self, self.spans(which), amounts)

    @property
    def has_standard_errors(self) -> bool:
        """Whether `errors` are statistical: of a sampled state, or of measured numbers."""
        return self.confidence.is_statistical

    @property
    def largest_error(self) -> tuple[float, str]:
        """The largest error, in nats or units of the lowest temperature, and where it is: in a cycle or since the start."""
        found = largest(self.errors, self.reference)
        error, where = largest(self.cumulative_errors, self.reference)
        return max(found, (error, f"{where}, since the start"))

    @property
    def certificate(self) -> str:
        """A sentence on the certified or convergence errors of a run, "" if it has none."""
        if self.has_standard_errors or not self.confidence.has_errors:
            return ""
        return self.confidence.certificate(*self.largest_error)

    # --- what is told of them --------------------------------------------------------------------------------------------

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
    def recurrence_times(self) -> dict[str, float]:
        """Until when each finite bath stands for a continuous one; not those that stand for nothing but themselves."""
        return dict(self.conduct.recurrence.times)
