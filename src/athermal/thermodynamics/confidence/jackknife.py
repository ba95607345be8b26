"""Errors of a run whose state was sampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.confidence.base import Amounts, Confidence, read_each
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Jackknife(Confidence):
    """One standard error, sqrt((n - 1)/n sum_k (x_k - mean x)^2), x_k with sample k left out (Quenouille, Tukey 1958).

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along (instants, n), each time with one of the n samples of the state left out.
    works : (instants - 1, n) array
    """

    name = "jackknife"
    kind = "standard"
    is_statistical = True

    snapshots: Snapshot
    works: FloatArray

    @property
    def n_samples(self) -> int:
        """The number of samples."""
        return int(self.works.shape[1])

    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        each = read_each(course, spans, amounts, self.snapshots, self.works)
        with np.errstate(invalid="ignore"):  # that of what is infinite is unknown
            return {name: np.sqrt((self.n_samples - 1) * np.var(values, axis=0)) for name, values in each.items()}
