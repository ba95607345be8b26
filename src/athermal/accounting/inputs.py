"""From the arguments of an account to its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy.special

from athermal import _validate
from athermal._types import FloatArray
from athermal.accounting import series
from athermal.accounting import units as unit_table
from athermal.accounting.data import Measured, StandardErrors, States
from athermal.accounting.estimates import Given
from athermal.accounting.numbers import Numbers
from athermal.accounting.readings import Operator, Readings, operators_of, read_joint, read_single
from athermal.errors import StateError, StudyError

# Nats by which rounding may change an entropy.
_SAME = 1e-9
# The relative error up to which a temperature can be reckoned with.
_VAGUE = 0.5
# What is told of states, and by which field.
_KINDS = {"state": "states", "populations": "populations", "counts": "counts"}


def temperatures_of(temperatures: Mapping[str, Any], units: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Return T_j and its standard error by name, in the unit of the energies; zero is a vacuum."""
    if not isinstance(temperatures, Mapping) or not temperatures:
        raise StudyError(
            f"`temperatures` must name at least one reservoir, as in {{'hot': 2.0, 'cold': 1.0}}, but is {temperatures!r}."
        )
    scale, found = unit_table.temperature_factor(units), {}
    for name, given in temperatures.items():
        owner = f"reservoir {name!r}"
        pair = tuple(given) if isinstance(given, (tuple, list, np.ndarray)) and np.ndim(given) == 1 else (given, 0.0)
        if len(pair) != 2:
            raise StudyError(f"`temperature` of {owner} must be a number, or a pair (value, error), but is {given!r}.")
        value = _validate.not_negative(_plain(pair[0]), "temperature", owner)
        error = _validate.not_negative(_plain(pair[1]), "error of the temperature", owner)
        if error > _VAGUE * value:
            raise StudyError(
                f"The error of the temperature of {owner} must be less than {_VAGUE:g} of it, but is {error:g} of {value:g}: "
                "nothing follows from a temperature that is not known."
            )
        found[_validate.identifier(name, "name", "a reservoir")] = (scale * value, scale * error)
    return found


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def subsystems_of(measured: Measured, states: States) -> tuple[str, ...]:
    """Return the names of the subsystems, in the order in which they are first named."""
    found: list[str] = []
    of_states = (states.dimensions, states.states, states.populations, states.counts)
    for entry in (*of_states, measured.entropies, measured.energies, states.hamiltonians):
        for key in entry if isinstance(entry, Mapping) else ():
            names = key if isinstance(key, tuple) else (key,)
            found += [_validate.identifier(name, "name", "a subsystem") for name in names if name not in found]
    return tuple(found) or ("system",)


def readings_of(measured: Measured, states: States, names: Sequence[str], times: FloatArray, scale: float) -> Readings:
    """Return energies and entropies of the subsystems from all that tells of them; each may be told once."""
    readings, n = Readings.empty(names, len(times)), len(names)
    hamiltonians = states.hamiltonians
    if hamiltonians is not None and not isinstance(hamiltonians, Mapping):
        hamiltonians = series.named(hamiltonians, names, "hamiltonians")
    _read_states(readings, states, operators_of(hamiltonians, names, times), times)
    for what, first, factor in (("energies", 0, 1.0), ("entropies", n, scale)):
        for name, values in series.named(getattr(measured, what), names, what).items():
            column = factor * series.column(values, f"The {what} of {name!r}", len(times))
            _enter(readings, first + names.index(name), column, what, name)
    if measured.system_entropy is not None:
        column = scale * series.column(measured.system_entropy, "The system_entropy", len(times))
        _enter(readings, 2 * n, column, "system_entropy", "all subsystems together")
    if lacking := [name for i, name in enumerate(names) if np.any(np.isnan(readings.values[:, n + i]))]:
        raise StudyError(
            f"dSigma needs the entropy of every subsystem, but that of {', '.join(map(repr, lacking))} is missing. Give its "
            "`states` or `entropies` (0.0 where it returns to the same state)."
        )
    if n == 1:
        _make_one(readings)
    return readings


def _read_states(readings: Readings, states: States, operators: Mapping[tuple[str, ...], Operator], times: FloatArray) -> None:
    """Enter all states, populations and counts, of single subsystems and of all together."""
    names = readings.names
    entries = [
        (kind, key, values)
        for kind, field in _KINDS.items()
        for key, values in series.named(getattr(states, field), names, field, with_all=True).items()
    ]
    errors = _errors_of(states, names, [key for kind, key, _ in entries if kind != "counts"])
    joint: list[Given] = []
    for kind, key, values in entries:
        is_joint, error = isinstance(key, tuple), None if kind == "counts" else errors.pop(key, None)
        of = "the subsystems together" if is_joint else repr(key)
        given = Given(of, kind, values, error, states.tolerance, is_joint=is_joint)
        if is_joint:
            joint.append(given)
        else:
            read_single(readings, key, given, operators, times)
    if errors:
        whose = next(iter(errors))
        raise StudyError(
            f"`errors` of {whose!r} must belong to `states` or `populations` that are given, but there are none of it."
        )
    if joint and (readings.sources or len(joint) > 1):
        raise StudyError(
            f"The {joint[0].kind} of the subsystems together holds those of the subsystems already, but there are more. "
            "Leave one out."
        )
    if joint:
        read_joint(readings, joint[0], states.dimensions, operators, times)
    elif pair := next((key for key in operators if len(key) > 1), None):
        raise StudyError(
            f"The coupling of {' and '.join(map(repr, pair))} in `hamiltonians` needs the states of the subsystems together, as "
            f"in states={{{tuple(names)!r}: ...}}, but there are none."
        )


def _errors_of(states: States, names: Sequence[str], keys: Sequence[Any]) -> dict[Any, Any]:
    """Return the errors of states by the keys of these; a single number holds for all."""
    errors = states.errors
    if errors is None or isinstance(errors, Mapping):
        return series.named(errors, names, "errors", with_all=True)
    if not keys:
        raise StudyError("`errors` must belong to `states` or `populations` that are given, but there are none.")
    if np.ndim(errors) == 0 or len(keys) == 1:
        return dict.fromkeys(keys, errors)
    return series.named(errors, names, "errors", with_all=True)


def _make_one(readings: Readings) -> None:
    """Give the whole of one subsystem its entropy, or raise `StudyError` if it has another."""
    own, whole = readings.values[:, 1], readings.values[:, 2]
    off = float(np.max(np.abs(np.where(np.isnan(whole), 0.0, whole - own))))
    # two states that are so near have entropies that are this near, up to the logarithm of the dimension
    if off > _SAME + 10.0 * float(scipy.special.entr(readings.defect)):
        raise StudyError(
            f"The system_entropy of one subsystem must be its own entropy, but they differ by {off:.3g}. Leave one of them out."
        )
    readings.values[:, 2] = own


def _enter(readings: Readings, index: int, column: FloatArray, what: str, name: str) -> None:
    if not np.all(np.isnan(readings.values[:, index])):
        raise StudyError(f"The {what} of {name!r} must be given once, but also follow from its states. Leave one out.")
    readings.values[:, index] = column


def numbers_of(measured: Measured, times: FloatArray, reservoirs: Sequence[str], readings: Readings, scale: float) -> Numbers:
    """Return all numbers and their errors, in one form; raise `StudyError` if some are missing or do not fit."""
    k, names, n, stated = len(times), readings.names, len(readings.names), measured.errors
    per_interval, sign = measured.per_interval, -1.0 if measured.heat_sign == "into machine" else 1.0
    _check_reservoirs(measured.heats, reservoirs)
    heats = series.named(measured.heats, reservoirs, "heats")
    columns = [series.amounts(heats[name], f"The heats of {name!r}", k, per_interval=per_interval) for name in reservoirs]
    flows = sign * np.stack(columns, axis=-1)
    errors = series.named(stated.heats, reservoirs, "errors of heats")
    read, each = _spreads([errors.get(name, 0.0) for name in reservoirs], "The errors of heats", k, per_interval=per_interval)
    works = None
    if measured.work is not None:
        works = np.diff(series.amounts(measured.work, "The work", k, per_interval=per_interval))
    elif stated.work is not None:
        raise StudyError("The error of the work needs the `work` that it belongs to, but there is none.")
    error = 0.0 if stated.work is None else stated.work
    work_read, work_each = _spreads([error], "The error of the work", k, per_interval=per_interval)
    spreads = _value_errors(stated, readings, k, scale)
    _check_entropies(readings, spreads, times)
    lacking = [name for i, name in enumerate(names) if np.any(np.isnan(readings.values[:, i]))]
    if lacking and (works is None or n > 1):
        raise StudyError(
            f"The energy of {', '.join(map(repr, lacking))} is missing, and does not follow from the first law"
            f"{' without the work' if works is None else ' where there are several subsystems'}. Give `hamiltonians` with "
            "the states, or `energies` (0.0 where it returns to the same state)."
        )
    errors_of_numbers = read, each, work_read[:, 0], work_each[:, 0], spreads
    # what is read in the unit of the heats shares their calibration, what follows from a Hamiltonian does not
    shared = np.array([name in series.named(measured.energies, names, "energies") for name in names])
    calibration = stated.calibration * np.concatenate([[1.0], shared | np.array([name in lacking for name in names])])
    return Numbers(times, flows, works, readings.values, *errors_of_numbers, readings.sources, calibration)


def _value_errors(stated: StandardErrors, readings: Readings, k: int, scale: float) -> FloatArray:
    """Return the errors of energies and entropies, shape (instants, 2 n + 1); raise `StudyError` for those of no given number."""
    names, n = readings.names, len(readings.names)
    errors = [
        (first + names.index(name), factor, f"The errors of the {what} of {name!r}", values)
        for what, first, factor in (("energies", 0, 1.0), ("entropies", n, scale))
        for name, values in series.named(getattr(stated, what), names, f"errors of {what}").items()
    ]
    if stated.system_entropy is not None:
        errors.append((2 * n if n > 1 else 1, scale, "The errors of the system_entropy", stated.system_entropy))
    sampled = np.zeros(2 * n + 1, dtype=bool)
    for source in readings.sources:
        sampled |= source.columns & source.is_known
    spreads = np.zeros((k, 2 * n + 1))
    for index, factor, label, values in errors:
        if sampled[index]:
            raise StudyError(
                f"{label} must be left out: the errors of the states tell them (their scatter, if they are samples)."
            )
        if np.any(np.isnan(readings.values[:, index])):
            raise StudyError(f"{label} must belong to numbers that are given, but there are none.")
        spreads[:, index] = factor * series.spread(values, label, k, is_from_start=False)
    if n == 1:
        spreads[:, -1] = spreads[:, 1]
    return spreads


def _check_entropies(readings: Readings, spreads: FloatArray, times: FloatArray) -> None:
    """Raise `StateError` for an entropy below zero by more than five standard errors."""
    n = len(readings.names)
    low = readings.values[:, n:] + 5.0 * spreads[:, n:] < -_SAME
    if np.any(low):
        k, i = np.argwhere(low)[0]
        whose = repr(readings.names[i]) if i < n else "all subsystems together"
        raise StateError(
            f"The entropy of {whose} must be zero or positive, but is {readings.values[k, n + i]:.6g} at t = {times[k]:g}. Give "
            "S(rho) itself, not its change."
        )


def _check_reservoirs(heats: Any, reservoirs: Sequence[str]) -> None:
    """Raise `StudyError` unless heats and temperatures are of the same reservoirs."""
    names = list(heats or ()) if heats is None or isinstance(heats, Mapping) else list(reservoirs)
    if extra := [name for name in names if name not in reservoirs]:
        raise StudyError(
            f"There are heats of reservoir {extra[0]!r}, but no temperature of it. Give temperatures={{{extra[0]!r}: ...}} too."
            f"{_validate.suggest(extra[0], reservoirs)}"
        )
    if lacking := [name for name in reservoirs if name not in names]:
        raise StudyError(f"There is a temperature of reservoir {lacking[0]!r}, but no heats of it. Give them, or leave it out.")


def _spreads(columns: Sequence[Any], what: str, k: int, *, per_interval: bool) -> tuple[FloatArray, FloatArray]:
    """Return the errors of readings at instants, and those of amounts of intervals; one of the two is zero."""
    m = len(columns)
    if not per_interval:
        read = [series.spread(values, what, k, is_from_start=True) for values in columns]
        return np.stack(read, axis=-1), np.zeros((k - 1, m))
    cut = [values[1:] if np.ndim(values) == 1 and len(values) == k else values for values in columns]
    return np.zeros((k, m)), np.stack([series.spread(values, what, k - 1, is_from_start=False) for values in cut], axis=-1)
