"""Errors of a run that was made again with each of its method's cut-offs coarser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.confidence.base import Amounts, Confidence, change, columns, labelled, read, read_each
from athermal.thermodynamics.confidence.largest import largest
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Snapshot

# The largest ratio of successive changes whose series is summed.
_SLOWEST = 0.8
CONVERGED = 1e-2
"""The error, in nats or units of the lowest temperature, above which a run with a check of convergence is not converged."""


@dataclass(frozen=True, eq=False)
class Coarser(Confidence):
    """Sum_k f_k |x_k - x|, x_k with the k-th cut-off coarser.

    Where a cut-off is also twice coarser, changes of a ratio r from one to the next go on as a geometric series, whose rest is
    r/(1 - r) times the last change. Changes pass near zero at times, which says nothing: one counts for the interval before and
    all later ones too.

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along (instants, n), each time with one cut-off coarser.
    works : (instants - 1, n) array
    cutoffs : tuple of str
        Which, as the option of the backend is called; twice if it is also twice coarser.
    factors : tuple of float
        The f_k that the backend tells; 1 for all others.
    """

    name = "coarser"
    kind = "convergence"

    snapshots: Snapshot
    works: FloatArray
    cutoffs: tuple[str, ...]
    factors: tuple[float, ...] = ()

    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        own, each = read(course, spans, amounts), read_each(course, spans, amounts, self.snapshots, self.works)
        first = [self.cutoffs.index(cutoff) for cutoff in dict.fromkeys(self.cutoffs)]
        return {name: _spread([self._term(k, own[name], each[name]) for k in first]) for name in own}

    def by_cutoff(self, course: Course) -> dict[str, float]:
        """Return the largest change, in a cycle or since the start, if each of the cut-offs is coarser."""
        found = dict.fromkeys(self.cutoffs, 0.0)
        for which in ("cycles", "cumulative"):
            table, spans = course.columns(which), course.spans(which)
            amounts = columns(course, table)
            own, each = read(course, spans, amounts), read_each(course, spans, amounts, self.snapshots, self.works)
            for cutoff in found:
                k = self.cutoffs.index(cutoff)
                spread = {name: _spread([self._term(k, own[name], each[name])]) for name in own}
                found[cutoff] = max(found[cutoff], largest(labelled(table, spread, self.kind), course.reference)[0])
        return found

    def certificate(self, error: float, where: str) -> str:
        cutoffs, changes = (
            " and ".join(dict.fromkeys(self.cutoffs)),
            "entropy (in nats; D_j and Sigma by their changes) or energy (in",
        )
        if not error <= CONVERGED:
            return (
                f"Not converged in {cutoffs}: some {changes} units of the lowest temperature) may be off by {error:.1e} "
                f"({where}), as its changes say if each is made coarser."
            )
        return (
            f"Converged in {cutoffs}: no {changes} units of the lowest temperature) is off by more than {error:.1e} ({where}), "
            "as its changes say if each is made coarser."
        )

    def _term(self, k: int, own: FloatArray, each: FloatArray) -> FloatArray:
        """Return f_k |x_k - x|."""
        off, factor = change(each[k], own), self.factors[k] if k < len(self.factors) else 1.0
        if self.cutoffs[k] in self.cutoffs[k + 1 :]:
            twice = self.cutoffs.index(self.cutoffs[k], k + 1)
            before = float(np.nanmax(change(each[twice], each[k]), initial=0.0))
            ratio = min(float(np.nanmax(off, initial=0.0)) / before, _SLOWEST) if before > 0.0 else 0.0
            factor = max(factor, ratio / (1.0 - ratio))
        return np.asarray(factor * off)


def _spread(terms: list[FloatArray]) -> FloatArray:
    """Return the largest of the sums up to the next interval."""
    changes = np.fmax.accumulate(np.sum(terms, axis=0), axis=0)
    return np.concatenate([changes[1:], changes[-1:]])
