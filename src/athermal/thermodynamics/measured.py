"""Error bars of a ledger whose numbers were measured: linear propagation, and the spread of a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray, IntArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import ALWAYS, Replicates, Snapshot, Uncertainty

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger


@dataclass(frozen=True)
class Intervals:
    """The ends of some intervals of a ledger, and the work in each."""

    start: IntArray
    stop: IntArray
    works: FloatArray


def intervals(ledger: Ledger, which: str) -> Intervals:
    """Return the intervals of `cycles` or `cumulative`."""
    step, n = ledger.samples_per_cycle, ledger.n_cycles
    stop = np.arange(step, step * n + 1, step)
    start = np.zeros_like(stop) if which == "cumulative" else stop - step
    return Intervals(start, stop, sum_between(ledger.works, start, stop))


def bootstrap_columns(ledger: Ledger, which: str) -> xr.Dataset:
    """Return the columns of every draw, flattened: those of the first draw, then of the second, and so on."""
    if ledger.replicates is None:
        return xr.Dataset()
    return ledger.columns_between(*_drawn(ledger.replicates, intervals(ledger, which)))


def drawn_efficiencies(ledger: Ledger, which: str) -> FloatArray:
    """Return the efficiency of every draw, shape (draws, intervals); NaN where no work came out."""
    if ledger.replicates is None:
        return np.empty((0, ledger.n_cycles))
    a, b, works = _drawn(ledger.replicates, intervals(ledger, which))
    return np.where(works < 0.0, laws.efficiency(works, a, b), np.nan).reshape(len(ledger.replicates), -1)


def _drawn(held: Replicates, found: Intervals) -> tuple[Snapshot, Snapshot, FloatArray]:
    """Return the ends of the intervals and the works of every draw, one draw after another."""
    n = len(held)

    def flat(index: IntArray) -> Snapshot:
        return held.snapshots.at((np.tile(index, n), np.repeat(np.arange(n), len(index))))

    return flat(found.start), flat(found.stop), sum_between(held.works, found.start, found.stop).T.ravel()


def bootstrap_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives the standard deviation of a column over the draws (Efron 1979)."""
    table, n = bootstrap_columns(ledger, which), 0 if ledger.replicates is None else len(ledger.replicates)

    def error(name: str) -> FloatArray:
        values = table[name].values.reshape(n, -1, *table[name].shape[1:])
        # what no draw changes is exact, also where it is infinite
        return np.where(
            np.all(values == values[0], axis=0), 0.0, np.std(np.where(np.isinf(values), np.nan, values), axis=0, ddof=1)
        )

    return error


def linear_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives sqrt(sum_k (df/dx_k error_k)^2) of a column f of the independent numbers x_k.

    Each derivative times its error is half the change of f between x_k + error_k and x_k - error_k.
    """
    found, errors = intervals(ledger, which), ledger.uncertainty
    if errors is None:
        return None
    shifts = _shifts(errors, found)
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    moved = [shift.applied(a, b, found.works, sign) for shift in shifts for sign in (1.0, -1.0)]
    starts, stops = _joined([before for before, _, _ in moved]), _joined([after for _, after, _ in moved])
    table = ledger.columns_between(starts, stops, np.concatenate([entry[2] for entry in moved]))

    def error(name: str) -> FloatArray:
        values = table[name].values
        both = values.reshape(len(shifts), 2, -1, *values.shape[1:])
        is_same = both[:, 0] == both[:, 1]  # an infinite one too, as eps_C of equal temperatures
        change = np.subtract(both[:, 0], both[:, 1], out=np.zeros_like(both[:, 0]), where=~is_same)
        return np.asarray(np.sqrt(np.sum((0.5 * change) ** 2, axis=0)))

    return error


@dataclass(frozen=True)
class _Shift:
    """By how much one number of every interval may be off, and what moves with it."""

    error: FloatArray
    work: float = 0.0
    start: tuple[tuple[str, int], ...] = ()
    stop: tuple[tuple[str, int, float], ...] = ()

    def applied(self, a: Snapshot, b: Snapshot, works: FloatArray, sign: float) -> tuple[Snapshot, Snapshot, FloatArray]:
        """Return an interval, its ends and its work, that is off by `sign` standard errors."""
        off = sign * self.error
        before = _moved(a, tuple((name, k, 1.0) for name, k in self.start), off)
        return before, _moved(b, self.stop, off), works + self.work * off


def _moved(snapshot: Snapshot, moves: tuple[tuple[str, int, float], ...], off: FloatArray) -> Snapshot:
    found: dict[str, Any] = {}
    for name, column, factor in moves:
        values = np.array(getattr(snapshot, name))
        (values[:, column] if values.ndim > 1 else values)[...] += factor * off
        found[name] = values
    return replace(snapshot, **found)


def _shifts(errors: Uncertainty, found: Intervals) -> list[_Shift]:
    """Return everything that may be off in an interval.

    Energies enter the laws by their changes only, and move the end; entropies move both ends, for C(S) is a column of its own.
    """
    a, b = errors.snapshots.at(found.start), errors.snapshots.at(found.stop)
    heats = np.sqrt(_heat_variance(errors, found))
    energies = np.hypot(a.subsystem_energies, b.subsystem_energies)
    n, derived = energies.shape[1], errors.from_first_law
    # What follows from the first law moves with what it follows from.
    to_work = 1.0 if derived == "work" else 0.0
    to_energy = (("subsystem_energies", 0, -1.0),) if derived == "energy" else ()
    with_work = (("subsystem_energies", 0, 1.0),) if derived == "energy" else ()
    shifts = [] if derived == "work" else [_Shift(np.sqrt(_work_variance(errors, found)), 1.0, stop=with_work)]
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


def _heat_variance(errors: Uncertainty, found: Intervals) -> FloatArray:
    read = errors.snapshots.reservoir_energies
    return np.asarray(read[found.start] ** 2 + read[found.stop] ** 2 + sum_between(errors.heats**2, found.start, found.stop))


def _work_variance(errors: Uncertainty, found: Intervals) -> FloatArray:
    read = errors.work_readings
    return np.asarray(read[found.start] ** 2 + read[found.stop] ** 2 + sum_between(errors.works**2, found.start, found.stop))


def first_law_noise(ledger: Ledger, found: Intervals) -> FloatArray:
    """Return one standard error of W - (sum_j Q_j + sum_i dU_i) of measured numbers; zero of computed ones."""
    errors, held = ledger.uncertainty, ledger.replicates
    if errors is not None:
        energies = errors.snapshots.subsystem_energies
        squares = np.sum(energies[found.start] ** 2 + energies[found.stop] ** 2, axis=-1)
        return np.asarray(np.sqrt(_work_variance(errors, found) + np.sum(_heat_variance(errors, found), axis=-1) + squares))
    if held is not None and held.kind == "bootstrap":
        ends = held.snapshots.at(found.start), held.snapshots.at(found.stop)
        misses = sum_between(held.works, found.start, found.stop) - laws.first_law(*ends)
        return np.asarray(np.std(misses, axis=1, ddof=1))
    return np.zeros(len(found.works))


def correlation_noise(ledger: Ledger) -> FloatArray:
    """Return one standard error of C(S) at each instant, of measured entropies; zero of computed ones."""
    errors, held = ledger.uncertainty, ledger.replicates
    if errors is not None and len(ledger.reference.subsystems) > 1:
        s = errors.snapshots
        return np.asarray(np.sqrt(np.sum(s.subsystem_entropies**2, axis=-1) + s.system_entropy**2))
    if held is not None and held.kind == "bootstrap":
        return np.asarray(np.std(laws.system_correlation(held.snapshots), axis=1, ddof=1))
    return np.zeros(len(ledger.snapshots.time))


def sum_between(values: FloatArray, start: IntArray, stop: IntArray) -> FloatArray:
    """Return the sums along the first axis over intervals that follow one another, or that all begin at the start."""
    if not np.any(start):
        return np.asarray(np.cumsum(values, axis=0)[stop - 1])
    # no differences of running sums: one NaN must not reach the intervals after it
    return np.asarray(np.add.reduceat(values[: stop[-1]], start, axis=0))


def _joined(snapshots: list[Snapshot]) -> Snapshot:
    """Return stacked snapshots one after another."""
    stacked = Snapshot.stack(snapshots)

    def flat(values: FloatArray) -> FloatArray:
        return values.reshape(-1, *values.shape[2:])

    fields = {name: flat(getattr(stacked, name)) for name in ALWAYS}
    return Snapshot(**fields, extras={name: flat(values) for name, values in stacked.extras.items()})
