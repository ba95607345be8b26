"""Error bars of a ledger whose numbers were measured: linear propagation, and the spread of a bootstrap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray, IntArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import ALWAYS, Snapshot, Uncertainty

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
    return Intervals(start, stop, _sum_between(ledger.works, start, stop))


def bootstrap_columns(ledger: Ledger, which: str) -> xr.Dataset:
    """Return the columns of every draw, flattened: those of the first draw, then of the second, and so on."""
    held = ledger.replicates
    if held is None:
        return xr.Dataset()
    found, n = intervals(ledger, which), len(held)
    works = _sum_between(held.works, found.start, found.stop)

    def flat(index: IntArray) -> Snapshot:
        return held.snapshots.at((np.tile(index, n), np.repeat(np.arange(n), len(index))))

    return ledger.columns_between(flat(found.start), flat(found.stop), works.T.ravel())


def bootstrap_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives the standard deviation of a column over the draws (Efron 1979)."""
    table, n = bootstrap_columns(ledger, which), 0 if ledger.replicates is None else len(ledger.replicates)
    return lambda name: np.std(table[name].values.reshape(n, -1, *table[name].shape[1:]), axis=0, ddof=1)


def linear_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives sqrt(sum_k (df/dx_k error_k)^2) of a column f of the independent numbers x_k.

    Each derivative times its error is half the change of f between x_k + error_k and x_k - error_k.
    """
    found, errors = intervals(ledger, which), ledger.uncertainty
    if errors is None:
        return None
    shifts = _shifts(ledger, errors, found)
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    moved = [shift.applied(a, b, found.works, sign) for shift in shifts for sign in (1.0, -1.0)]
    joined = [_joined([entry[side] for entry in moved]) for side in (0, 1)]
    table = ledger.columns_between(joined[0], joined[1], np.concatenate([entry[2] for entry in moved]))

    def error(name: str) -> FloatArray:
        values = table[name].values
        both = values.reshape(len(shifts), 2, -1, *values.shape[1:])
        return np.asarray(np.sqrt(np.sum((0.5 * (both[:, 0] - both[:, 1])) ** 2, axis=0)))

    return error


@dataclass(frozen=True)
class _Shift:
    """By how much one number of every interval may be off: the fields of the snapshots that it moves, or the work."""

    error: FloatArray
    fields: tuple[str, ...] = ()
    column: int = 0
    is_end: bool = True

    def applied(self, a: Snapshot, b: Snapshot, works: FloatArray, sign: float) -> tuple[Snapshot, Snapshot, FloatArray]:
        if not self.fields:
            return a, b, works + sign * self.error
        moved: dict[str, FloatArray] = {}
        for name in self.fields:
            values = np.array(getattr(b if self.is_end else a, name))
            (values[:, self.column] if values.ndim > 1 else values)[...] += sign * self.error
            moved[name] = values
        return (a, replace(b, **moved), works) if self.is_end else (replace(a, **moved), b, works)


def _shifts(ledger: Ledger, errors: Uncertainty, found: Intervals) -> list[_Shift]:
    """Return everything that may be off in an interval.

    Energies enter the laws by their changes only, and move the end; entropies move both ends, for C(S) is a column of its own.
    """
    a, b = errors.snapshots.at(found.start), errors.snapshots.at(found.stop)
    shifts = [_Shift(np.sqrt(_sum_between(errors.works**2, found.start, found.stop)))]
    heats = np.sqrt(_heat_variance(errors, found.start, found.stop))
    energies = np.hypot(a.subsystem_energies, b.subsystem_energies)
    shifts += [_Shift(heats[:, j], ("reservoir_energies",), j) for j in range(heats.shape[1])]
    shifts += [_Shift(energies[:, i], ("subsystem_energies",), i) for i in range(energies.shape[1])]
    is_single = energies.shape[1] == 1
    entropies = ("subsystem_entropies", "system_entropy") if is_single else ("subsystem_entropies",)
    for side, is_end in ((a, False), (b, True)):
        shifts += [_Shift(side.subsystem_entropies[:, i], entropies, i, is_end) for i in range(energies.shape[1])]
        if not is_single:
            shifts.append(_Shift(side.system_entropy, ("system_entropy",), 0, is_end))
    return shifts


def _heat_variance(errors: Uncertainty, start: IntArray, stop: IntArray) -> FloatArray:
    a, b = errors.snapshots.at(start), errors.snapshots.at(stop)
    return np.asarray(
        a.reservoir_energies**2 + b.reservoir_energies**2 + _sum_between(errors.heats**2, start, stop), dtype=float
    )


def first_law_noise(ledger: Ledger, start: IntArray, stop: IntArray) -> FloatArray:
    """Return one standard error of W - (sum_j Q_j + sum_i dU_i) of measured numbers; zero of computed ones."""
    errors, held = ledger.uncertainty, ledger.replicates
    if errors is not None:
        a, b = errors.snapshots.at(start), errors.snapshots.at(stop)
        variance = _sum_between(errors.works**2, start, stop) + np.sum(_heat_variance(errors, start, stop), axis=-1)
        return np.asarray(np.sqrt(variance + np.sum(a.subsystem_energies**2 + b.subsystem_energies**2, axis=-1)))
    if held is not None and held.kind == "bootstrap":
        misses = _sum_between(held.works, start, stop) - laws.first_law(held.snapshots.at(start), held.snapshots.at(stop))
        return np.asarray(np.std(misses, axis=1, ddof=1))
    return np.zeros(len(start))


def correlation_noise(ledger: Ledger) -> FloatArray:
    """Return one standard error of C(S) at each instant, of measured entropies; zero of computed ones."""
    errors, held = ledger.uncertainty, ledger.replicates
    if errors is not None and len(ledger.reference.subsystems) > 1:
        s = errors.snapshots
        return np.asarray(np.sqrt(np.sum(s.subsystem_entropies**2, axis=-1) + s.system_entropy**2))
    if held is not None and held.kind == "bootstrap":
        return np.asarray(np.std(laws.system_correlation(held.snapshots), axis=1, ddof=1))
    return np.zeros(len(ledger.snapshots.time))


def _sum_between(values: FloatArray, start: IntArray, stop: IntArray) -> FloatArray:
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
