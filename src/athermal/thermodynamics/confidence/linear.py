"""Errors of measured numbers, propagated linearly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.confidence.base import Amount, Amounts, change, joined
from athermal.thermodynamics.confidence.bootstrap import Bootstrap
from athermal.thermodynamics.confidence.measured import Measured
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Linear(Measured):
    """Sqrt(sum_k (df/dx_k error_k)^2) of a function f of independent numbers x_k.

    Each derivative times its error is half the change of f between x_k + error_k and x_k - error_k.

    Parameters
    ----------
    snapshots : Snapshot
        One standard error of what is read at an instant, stacked along time; `reservoir_energies` are those of heats counted from
        the start.
    work_readings : (instants,) array
        Of the work counted from the start.
    works : (instants - 1,) array
        Of work that is measured interval by interval.
    heats : (instants - 1, m) array
        Of heats that are measured interval by interval.
    from_first_law : {"", "work", "energy"}
        What was not measured but follows from the other numbers by W = sum_j Q_j + sum_i dU_i, and so has their errors.
    calibration : (1 + n,) array
        The relative error that all heats and works share, and then for each subsystem the same if its energy shares it, or zero.
    draws : Bootstrap, optional
        Of the same numbers, for probabilities.
    """

    name = "linear"

    snapshots: Snapshot
    work_readings: FloatArray
    works: FloatArray
    heats: FloatArray
    from_first_law: str
    calibration: FloatArray
    draws: Bootstrap | None = None

    def of_numbers(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        """Each number of every interval is moved up and down by its error."""
        (a, b), works = spans.ends(course.snapshots), spans.sums(course.works)
        shifts = self._shifts(spans) + self._calibration(laws.heat(a, b, course.reference), laws.energy_change(a, b), works)
        moved = [shift.applied(a, b, works, sign) for shift in shifts for sign in (1.0, -1.0)]
        starts, stops = joined([before for before, _, _ in moved]), joined([after for _, after, _ in moved])
        found = amounts(np.concatenate([entry[2] for entry in moved]), starts, stops, course.reference)
        errors = {}
        for name, values in found.items():
            both = values.reshape(len(shifts), 2, -1, *values.shape[1:])
            errors[name] = np.sqrt(np.sum((0.5 * change(both[:, 0], both[:, 1])) ** 2, axis=0))
        return errors

    def noise(self, course: Course, spans: Spans, law: Amount) -> FloatArray | None:
        """As of works that obey the first law: a common scale of all numbers must not excuse by how much they miss it."""
        a, b = course.spans("steps").ends(course.snapshots)
        return super().noise(replace(course, works=laws.first_law(a, b, course.reference)), spans, law)

    def drawn(self, course: Course, spans: Spans, amount: Amount) -> FloatArray | None:
        return None if self.draws is None else self.draws.drawn(course, spans, amount)

    def _shifts(self, spans: Spans) -> list[_Shift]:
        """Return everything that may be off in an interval.

        Energies enter the laws by their changes only, and move the end; entropies move both ends, for C(S) is a column of its
        own.
        """
        a, b = spans.ends(self.snapshots)
        heats = np.sqrt(a.reservoir_energies**2 + b.reservoir_energies**2 + spans.sums(self.heats**2))
        read = self.work_readings
        works = np.sqrt(read[spans.start] ** 2 + read[spans.stop] ** 2 + spans.sums(self.works**2))
        energies = np.hypot(a.subsystem_energies, b.subsystem_energies)
        n, derived = energies.shape[1], self.from_first_law
        # What follows from the first law moves with what it follows from.
        to_work = 1.0 if derived == "work" else 0.0
        to_energy = (("subsystem_energies", 0, -1.0),) if derived == "energy" else ()
        with_work = (("subsystem_energies", 0, 1.0),) if derived == "energy" else ()
        shifts = [] if derived == "work" else [_Shift(works, 1.0, stop=with_work)]
        shifts += [_Shift(heats[:, j], to_work, stop=(("reservoir_energies", j, 1.0), *to_energy)) for j in range(heats.shape[1])]
        if derived != "energy":
            shifts += [_Shift(energies[:, i], to_work, stop=(("subsystem_energies", i, 1.0),)) for i in range(n)]
        names = ("subsystem_entropies", "system_entropy") if n == 1 else ("subsystem_entropies",)
        for i in range(n):
            shifts.append(_Shift(a.subsystem_entropies[:, i], start=tuple((name, i) for name in names)))
            shifts.append(_Shift(b.subsystem_entropies[:, i], stop=tuple((name, i, 1.0) for name in names)))
        if n > 1:
            shifts.append(_Shift(a.system_entropy, start=(("system_entropy", 0),)))
            shifts.append(_Shift(b.system_entropy, stop=(("system_entropy", 0, 1.0),)))
        return shifts

    def _calibration(self, heats: FloatArray, energies: FloatArray, works: FloatArray) -> list[_Shift]:
        """Return what moves if the one unit of all heats and works is off: all of them, each by its own share."""
        if not np.any(self.calibration):
            return []
        common = float(self.calibration[0])
        shares = self.calibration[1:] / common
        # a work that follows from the first law has the error of what it follows from
        works = np.sum(heats, axis=-1) + energies @ shares if self.from_first_law == "work" else works
        moves = [("reservoir_energies", j, heats[:, j]) for j in range(heats.shape[1])]
        moves += [("subsystem_energies", i, shares[i] * energies[:, i]) for i in range(len(shares))]
        return [_Shift(np.full(len(works), common), works, stop=tuple(moves))]


@dataclass(frozen=True, eq=False)
class _Shift:
    """By how much one number of every interval may be off, and what moves with it."""

    error: FloatArray
    work: float | FloatArray = 0.0
    start: tuple[tuple[str, int], ...] = ()
    stop: tuple[tuple[str, int, float | FloatArray], ...] = ()

    def applied(self, a: Snapshot, b: Snapshot, works: FloatArray, sign: float) -> tuple[Snapshot, Snapshot, FloatArray]:
        """Return an interval, its ends and its work, that is off by `sign` standard errors."""
        off = sign * self.error
        before = _moved(a, tuple((name, k, 1.0) for name, k in self.start), off)
        return before, _moved(b, self.stop, off), works + self.work * off


def _moved(snapshot: Snapshot, moves: tuple[tuple[str, int, float | FloatArray], ...], off: FloatArray) -> Snapshot:
    found: dict[str, Any] = {}
    for name, column, factor in moves:
        values = found.get(name, np.array(getattr(snapshot, name)))
        (values[:, column] if values.ndim > 1 else values)[...] += factor * off
        found[name] = values
    return replace(snapshot, **found)
