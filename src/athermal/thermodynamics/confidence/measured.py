"""Errors of numbers that were measured."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.confidence.base import Amount, Amounts, Confidence, change
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Reference


class Measured(Confidence):
    """One standard error of what follows from measured numbers, and from temperatures that were measured too.

    The error of a function f is sqrt(e^2 + sum_j (df/dT_j error_j)^2), e that of the numbers. Each derivative times its error is
    half the change of f between T_j + error_j and T_j - error_j.
    """

    kind = "standard"
    is_statistical = True

    @abstractmethod
    def of_numbers(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        """Return one standard error of amounts, temperatures taken as exact."""

    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        squares = {name: values**2 for name, values in self.of_numbers(course, spans, amounts).items()}
        work, ends = spans.sums(course.works), spans.ends(course.snapshots)
        for moved in _moved_temperatures(course.reference):
            up, down = (amounts(work, *ends, reference) for reference in moved)
            squares = {name: total + (0.5 * change(up[name], down[name])) ** 2 for name, total in squares.items()}
        return {name: np.sqrt(total) for name, total in squares.items()}

    def noise(self, course: Course, spans: Spans, law: Amount) -> FloatArray | None:
        return self.spread(course, spans, lambda work, a, b, ref: {"": law(work, a, b, ref)})[""]


def _moved_temperatures(ref: Reference) -> list[tuple[Reference, Reference]]:
    """Return the reference with each temperature higher, and lower, by its error; none if temperatures are exact."""
    if ref.temperature_errors is None:
        return []
    found = []
    for j in np.flatnonzero(ref.temperature_errors):
        off = ref.temperature_errors * (np.arange(len(ref.temperatures)) == j)
        found.append((replace(ref, temperatures=ref.temperatures + off), replace(ref, temperatures=ref.temperatures - off)))
    return found
