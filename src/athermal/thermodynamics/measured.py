"""Error bars of a ledger whose numbers were measured: linear propagation, and the spread of a bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray, IntArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import ALWAYS, Reference, Replicates, Snapshot, Uncertainty

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
    return _columns(ledger, *_drawn(ledger.replicates, intervals(ledger, which)))


def _columns(ledger: Ledger, a: Snapshot, b: Snapshot, works: FloatArray) -> xr.Dataset:
    """Return the columns of intervals, with -W/(Q_in + dU_in) for the efficiency also where W > 0: errors cross that line."""
    table = ledger.columns_between(a, b, works, with_words=False)
    return table.assign(efficiency=table["efficiency"].copy(data=laws.output_over_intake(works, a, b, ledger.reference)))


def drawn_efficiencies(ledger: Ledger, which: str) -> FloatArray:
    """Return the efficiency of every draw, shape (draws, intervals); NaN where no work came out."""
    if ledger.replicates is None:
        return np.empty((0, ledger.n_cycles))
    a, b, works = _drawn(ledger.replicates, intervals(ledger, which))
    return np.where(works < 0.0, laws.efficiency(works, a, b, ledger.reference), np.nan).reshape(len(ledger.replicates), -1)


def _drawn(held: Replicates, found: Intervals) -> tuple[Snapshot, Snapshot, FloatArray]:
    """Return the ends of the intervals and the works of every draw, one draw after another."""
    n = len(held)

    def flat(index: IntArray) -> Snapshot:
        return held.snapshots.at((np.tile(index, n), np.repeat(np.arange(n), len(index))))

    return flat(found.start), flat(found.stop), sum_between(held.works, found.start, found.stop).T.ravel()


def standard_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives one standard error of a column: of all numbers, and of the temperatures."""
    of_numbers = (linear_error if ledger.uncertainty is not None else bootstrap_error)(ledger, which)
    of_temperatures = temperature_error(ledger, which)
    if of_temperatures is None:
        return of_numbers
    return lambda name: np.hypot(of_numbers(name), of_temperatures(name))


Amounts = Callable[[FloatArray, Snapshot, Snapshot, Reference], dict[str, FloatArray]]
"""What else may be read off intervals: from the works, the snapshots before and after, and the reference; intervals first."""


def standard_errors(ledger: Ledger, which: str, amounts: Amounts) -> dict[str, FloatArray]:
    """Return one standard error of amounts that are no columns of the ledger: as `standard_error` of those that are."""
    found, ref = intervals(ledger, which), ledger.reference
    ends = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    own = amounts(found.works, *ends, ref)
    if ledger.uncertainty is not None:
        n, starts, stops, works = _shifted(ledger, ledger.uncertainty, which)
        errors = {name: _linear(values, n) for name, values in amounts(works, starts, stops, ref).items()}
    else:
        held = ledger.replicates
        drawn = {} if held is None else amounts(*_works_first(*_drawn(held, found)), ref)
        errors = {name: _spread(values, own[name], 0 if held is None else len(held)) for name, values in drawn.items()}
    squares = {name: values**2 for name, values in errors.items()}
    for up, down in _moved_temperatures(ledger):
        pair = [amounts(found.works, *ends, reference) for reference in (up, down)]
        squares = {name: total + (0.5 * _change(pair[0][name], pair[1][name])) ** 2 for name, total in squares.items()}
    return {name: np.sqrt(total) for name, total in squares.items()}


def _works_first(a: Snapshot, b: Snapshot, works: FloatArray) -> tuple[FloatArray, Snapshot, Snapshot]:
    return works, a, b


def bootstrap_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives the root mean square deviation of a column's draws from its value (Efron 1979).

    That is their standard deviation, where their mean is the value; where noise shifts it, as it does an entropy, the shift
    counts as error too.
    """
    table, n = bootstrap_columns(ledger, which), 0 if ledger.replicates is None else len(ledger.replicates)
    own = getattr(ledger, which)

    return lambda name: _spread(table[name].values, own[name].values, n)


def _spread(values: FloatArray, own: FloatArray, n: int) -> FloatArray:
    """Return the root mean square deviation of n draws, one after another, from the value itself."""
    values = values.reshape(n, -1, *values.shape[1:])
    # what no draw changes is exact, also where it is infinite
    is_same = np.all(values == values[0], axis=0)
    off = np.subtract(values, own, out=np.full(values.shape, np.nan), where=np.isfinite(values))
    return np.where(is_same, 0.0, np.sqrt(np.sum(off**2, axis=0) / (n - 1)))


def temperature_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives sqrt(sum_j (df/dT_j error_j)^2) of a column f; None if temperatures are exact.

    Each derivative times its error is half the change of f between T_j + error_j and T_j - error_j.
    """
    found, references = intervals(ledger, which), _moved_temperatures(ledger)
    if not references:
        return None
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    pairs = [
        [replace(ledger, reference=one).columns_between(a, b, found.works, with_words=False) for one in moved]
        for moved in references
    ]

    def error(name: str) -> FloatArray:
        changes = [_change(up[name].values, down[name].values) for up, down in pairs]
        return np.asarray(np.sqrt(np.sum((0.5 * np.array(changes)) ** 2, axis=0)))

    return error


def _moved_temperatures(ledger: Ledger) -> list[tuple[Reference, Reference]]:
    """Return the reference with each temperature higher, and lower, by its error; none if temperatures are exact."""
    ref = ledger.reference
    if ref.temperature_errors is None:
        return []
    found = []
    for j in np.flatnonzero(ref.temperature_errors):
        off = ref.temperature_errors * (np.arange(len(ref.temperatures)) == j)
        found.append((replace(ref, temperatures=ref.temperatures + off), replace(ref, temperatures=ref.temperatures - off)))
    return found


def _change(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return a difference, none between what is the same: an infinite one too, as eps_C of equal temperatures."""
    return np.subtract(one, other, out=np.zeros(np.shape(one)), where=~(one == other))


def linear_error(ledger: Ledger, which: str) -> Any:
    """Return the function that gives sqrt(sum_k (df/dx_k error_k)^2) of a column f of the independent numbers x_k.

    Each derivative times its error is half the change of f between x_k + error_k and x_k - error_k.
    """
    if ledger.uncertainty is None:
        return None
    n, starts, stops, works = _shifted(ledger, ledger.uncertainty, which)
    table = _columns(ledger, starts, stops, works)
    return lambda name: _linear(table[name].values, n)


def _shifted(ledger: Ledger, errors: Uncertainty, which: str) -> tuple[int, Snapshot, Snapshot, FloatArray]:
    """Return of how many numbers, and all intervals with each of them higher, and lower, by its error, one after another."""
    found = intervals(ledger, which)
    shifts = _shifts(errors, found) + _calibration(ledger, errors, found)
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    moved = [shift.applied(a, b, found.works, sign) for shift in shifts for sign in (1.0, -1.0)]
    starts, stops = _joined([before for before, _, _ in moved]), _joined([after for _, after, _ in moved])
    return len(shifts), starts, stops, np.concatenate([entry[2] for entry in moved])


def _linear(values: FloatArray, n: int) -> FloatArray:
    """Return the error of an amount that was read off `_shifted` intervals: the root of the sum of half changes squared."""
    both = values.reshape(n, 2, -1, *values.shape[1:])
    return np.asarray(np.sqrt(np.sum((0.5 * _change(both[:, 0], both[:, 1])) ** 2, axis=0)))


@dataclass(frozen=True)
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


def _calibration(ledger: Ledger, errors: Uncertainty, found: Intervals) -> list[_Shift]:
    """Return what moves if the one unit of all heats and works is off: all of them, each by its own share."""
    if errors.calibration is None or not np.any(errors.calibration):
        return []
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    heats, energies = laws.heat(a, b, ledger.reference), laws.energy_change(a, b)
    common = float(errors.calibration[0])
    shares = errors.calibration[1:] / common
    # a work that follows from the first law has the error of what it follows from
    works = np.sum(heats, axis=-1) + energies @ shares if errors.from_first_law == "work" else found.works
    moves = [("reservoir_energies", j, heats[:, j]) for j in range(heats.shape[1])]
    moves += [("subsystem_energies", i, shares[i] * energies[:, i]) for i in range(len(shares))]
    return [_Shift(np.full(len(works), common), works, stop=tuple(moves))]


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
        if errors.calibration is not None:  # what shares no calibration is missed by that of the others
            change = laws.energy_change(ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop))
            squares = squares + np.sum((errors.calibration[0] - errors.calibration[1:]) * change, axis=-1) ** 2
        return np.asarray(np.sqrt(_work_variance(errors, found) + np.sum(_heat_variance(errors, found), axis=-1) + squares))
    if held is not None and held.kind == "bootstrap":
        ends = held.snapshots.at(found.start), held.snapshots.at(found.stop)
        misses = sum_between(held.works, found.start, found.stop) - laws.first_law(*ends, ledger.reference)
        return np.asarray(np.std(misses, axis=1, ddof=1))
    return np.zeros(len(found.works))


def production_noise(ledger: Ledger) -> FloatArray:
    """Return one standard error of dS(rho_S) + sum_j Q_j/T_j between instants, of measured numbers; zero of computed ones."""
    errors, held, ref = ledger.uncertainty, ledger.replicates, ledger.reference
    ends = np.arange(1, len(ledger.works) + 1)
    found = Intervals(ends - 1, ends, ledger.works)
    a, b = ledger.snapshots.at(found.start), ledger.snapshots.at(found.stop)
    if errors is not None:
        entropies = errors.snapshots.system_entropy
        squares = entropies[1:] ** 2 + entropies[:-1] ** 2
        of_heats = np.sum(_heat_variance(errors, found) / ref.divisors**2, axis=-1)
        scale = 0.0 if errors.calibration is None else float(errors.calibration[0])
        common = scale * np.sum(laws.heat(a, b, ref) / ref.divisors, axis=-1)
        squares = squares + of_heats + common**2
    elif held is not None and held.kind == "bootstrap":
        drawn = [held.snapshots.at(slice(None, -1)), held.snapshots.at(slice(1, None))]
        squares = np.var(laws.entropy_production(drawn[0], drawn[1], ref), axis=1, ddof=1)
    else:
        return np.zeros(len(ends))
    if ref.temperature_errors is not None:
        squares = squares + np.sum((laws.heat(a, b, ref) / ref.divisors**2 * ref.temperature_errors) ** 2, axis=-1)
    return np.asarray(np.sqrt(squares))


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
