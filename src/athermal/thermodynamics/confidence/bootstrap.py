"""Errors of numbers that were drawn anew within their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.confidence.base import Amount, Amounts, read, read_each
from athermal.thermodynamics.confidence.measured import Measured
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Bootstrap(Measured):
    """The root mean square deviation of draws from the value (Efron 1979).

    That is their standard deviation, where their mean is the value; where noise shifts it, as it does an entropy, the shift
    counts as error too.

    Parameters
    ----------
    snapshots : Snapshot
        Stacked along (instants, draws).
    works : (instants - 1, draws) array
    """

    name = "bootstrap"

    snapshots: Snapshot
    works: FloatArray

    def of_numbers(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        own, each = read(course, spans, amounts), read_each(course, spans, amounts, self.snapshots, self.works)
        return {name: _deviation(each[name], values) for name, values in own.items()}

    def drawn(self, course: Course, spans: Spans, amount: Amount) -> FloatArray:
        each = read_each(course, spans, lambda w, a, b, ref: {"": amount(w, a, b, ref)}, self.snapshots, self.works)
        return each[""]


def _deviation(values: FloatArray, own: FloatArray) -> FloatArray:
    """Return the root mean square deviation of draws from the value itself."""
    # what no draw changes is exact, also where it is infinite
    is_same = np.all(values == values[0], axis=0)
    off = np.subtract(values, own, out=np.full(values.shape, np.nan), where=np.isfinite(values))
    return np.where(is_same, 0.0, np.sqrt(np.sum(off**2, axis=0) / (len(values) - 1)))
