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
from athermal.accounting.estimates import Given
from athermal.accounting.numbers import Numbers
from athermal.accounting.readings import Operator, Readings, operators_of, read_joint, read_single
from athermal.errors import StateError, StudyError

# Nats by which rounding may change an entropy.
_SAME = 1e-9
# The relative error up to which a temperature can be reckoned with.
_VAGUE = 0.5
_STATES = (("states", "state", "state_errors"), ("populations", "populations", "population_errors"), ("counts", "counts", ""))


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


def subsystems_of(given: Mapping[str, Any], dimensions: Mapping[str, int] | None) -> tuple[str, ...]:
    """Return the names of the subsystems, in the order in which they are first named."""
    found: list[str] = []
    if dimensions is not None and not isinstance(dimensions, Mapping):
        raise StudyError(f"`dimensions` must be given by name, as in {{'qubit': 2}}, but is {dimensions!r}.")
    named = ("states", "populations", "counts", "entropies", "energies", "hamiltonians")
    for entry in (dimensions, *(given.get(name) for name in named)):
        for key in entry if isinstance(entry, Mapping) else ():
            names = key if isinstance(key, tuple) else (key,)
            found += [_validate.identifier(name, "name", "a subsystem") for name in names if name not in found]
    return tuple(found) or ("system",)


def readings_of(
    given: Mapping[str, Any],
    names: Sequence[str],
    dimensions: Mapping[str, int] | None,
    times: FloatArray,
    tolerance: float,
    scale: float,
) -> Readings:
    """Return energies and entropies of the subsystems from all that tells of them; each may be told once."""
    readings, n = Readings.empty(names, len(times)), len(names)
    hamiltonians = given.get("hamiltonians")
    if hamiltonians is not None and not isinstance(hamiltonians, Mapping):
        hamiltonians = series.named(hamiltonians, names, "hamiltonians")
    operators = operators_of(hamiltonians, names, times)
    _read_states(readings, given, dimensions, operators, times, tolerance)
    for what, first, factor in (("energies", 0, 1.0), ("entropies", n, scale)):
        for name, values in series.named(given.get(what), names, what).items():
            _enter(
                readings,
                first + names.index(name),
                factor * series.column(values, f"The {what} of {name!r}", len(times)),
                what,
                name,
            )
    if "system_entropy" in given:
        column = scale * series.column(given["system_entropy"], "The system_entropy", len(times))
        _enter(readings, 2 * n, column, "system_entropy", "all subsystems together")
    if lacking := [name for i, name in enumerate(names) if np.any(np.isnan(readings.values[:, n + i]))]:
        raise StudyError(
            f"dSigma needs the entropy of every subsystem, but that of {', '.join(map(repr, lacking))} is missing. Give its "
            "`states` or `entropies` (0.0 where it returns to the same state)."
        )
    if n == 1:
        _make_one(readings)
    return readings


def _read_states(
    readings: Readings,
    given: Mapping[str, Any],
    dimensions: Mapping[str, int] | None,
    operators: Mapping[tuple[str, ...], Operator],
    times: FloatArray,
    tolerance: float,
) -> None:
    """Enter all states, populations and counts, of single subsystems and of all together."""
    names, everything = readings.names, "the subsystems together"
    joint = []
    if "system_states" in given:
        errors = given.get("system_state_errors")
        if errors is None and "states" not in given and np.ndim(given.get("state_errors", 0.0)) == 0:
            errors, given = given.get("state_errors"), {name: value for name, value in given.items() if name != "state_errors"}
        joint = [Given(everything, "state", given["system_states"], errors, tolerance, is_joint=True)]
    elif "system_state_errors" in given:
        raise StudyError("`system_state_errors` needs the `system_states` that they belong to, but there are none.")
    for argument, kind, of_errors in _STATES:
        values, errors = series.named(given.get(argument), names, argument, with_all=True), _errors_of(given, of_errors, names)
        for key, entries in values.items():
            if isinstance(key, tuple):
                joint.append(Given(everything, kind, entries, errors.pop(key, None), tolerance, is_joint=True))
            else:
                read_single(readings, key, Given(repr(key), kind, entries, errors.pop(key, None), tolerance), operators, times)
        if errors:
            raise StudyError(
                f"`{of_errors}` of {next(iter(errors))!r} must belong to `{argument}` that are given, but there are none."
            )
    if joint and (readings.sources or len(joint) > 1):
        raise StudyError(
            f"The {joint[0].kind} of the subsystems together (`system_states`) holds those of the subsystems already, but there "
            "are more. Leave one out."
        )
    if joint:
        read_joint(readings, joint[0], dimensions, operators, times)
    elif pair := next((key for key in operators if len(key) > 1), None):
        raise StudyError(
            f"The coupling of {' and '.join(map(repr, pair))} in `hamiltonians` needs `system_states`, but there are none."
        )


def _errors_of(given: Mapping[str, Any], what: str, names: Sequence[str]) -> dict[Any, Any]:
    """Return the errors of states by name; a single number holds for all."""
    errors = given.get(what)
    if errors is not None and not isinstance(errors, Mapping) and np.ndim(errors) == 0:
        belong = given.get(what.replace("_errors", "s"))
        return dict.fromkeys(belong if isinstance(belong, Mapping) else names, errors)
    return series.named(errors, names, what, with_all=True)


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


def numbers_of(
    given: Mapping[str, Any],
    times: FloatArray,
    reservoirs: Sequence[str],
    readings: Readings,
    scale: float,
    *,
    per_interval: bool,
    heat_sign: float,
    calibration_error: float,
) -> Numbers:
    """Return all numbers and their errors, in one form; raise `StudyError` if some are missing or do not fit."""
    k, names, n = len(times), readings.names, len(readings.names)
    _check_reservoirs(given, reservoirs)
    heats = series.named(given["heats"], reservoirs, "heats")
    flows = heat_sign * _amounts({name: heats[name] for name in reservoirs}, "The heats of", k, per_interval=per_interval)
    errors = series.named(given.get("heat_errors"), reservoirs, "heat_errors")
    read, each = _spreads([errors.get(name, 0.0) for name in reservoirs], "The heat_errors", k, per_interval=per_interval)
    works = None
    if "work" in given:
        works = np.diff(_amounts({"": given["work"]}, "The work", k, per_interval=per_interval)[:, 0])
    elif "work_error" in given:
        raise StudyError("`work_error` needs the `work` that it belongs to, but there is none.")
    work_read, work_each = _spreads([given.get("work_error", 0.0)], "The work_error", k, per_interval=per_interval)
    spreads = _value_errors(given, readings, k, scale)
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
    shared = np.array([name in series.named(given.get("energies"), names, "energies") for name in names])
    calibration = calibration_error * np.concatenate([[1.0], shared | np.array([name in lacking for name in names])])
    return Numbers(times, flows, works, readings.values, *errors_of_numbers, readings.sources, calibration)


def _value_errors(given: Mapping[str, Any], readings: Readings, k: int, scale: float) -> FloatArray:
    """Return the errors of energies and entropies, shape (instants, 2 n + 1); raise `StudyError` for those of no given number."""
    names, n = readings.names, len(readings.names)
    errors = [
        (first + names.index(name), factor, f"The {what} of {name!r}", values)
        for what, first, factor in (("energy_errors", 0, 1.0), ("entropy_errors", n, scale))
        for name, values in series.named(given.get(what), names, what).items()
    ]
    if "system_entropy_error" in given:
        errors.append((2 * n if n > 1 else 1, scale, "The system_entropy_error", given["system_entropy_error"]))
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


def _check_reservoirs(given: Mapping[str, Any], reservoirs: Sequence[str]) -> None:
    """Raise `StudyError` unless heats and temperatures are of the same reservoirs."""
    heats = given.get("heats", {})
    names = list(heats) if isinstance(heats, Mapping) else list(reservoirs)
    if extra := [name for name in names if name not in reservoirs]:
        raise StudyError(
            f"There are heats of reservoir {extra[0]!r}, but no temperature of it. Give temperatures={{{extra[0]!r}: ...}} too."
            f"{_validate.suggest(extra[0], reservoirs)}"
        )
    if lacking := [name for name in reservoirs if name not in names]:
        raise StudyError(f"There is a temperature of reservoir {lacking[0]!r}, but no heats of it. Give them, or leave it out.")


def _amounts(columns: Mapping[str, Any], what: str, k: int, *, per_interval: bool) -> FloatArray:
    """Return amounts since the start, shape (instants, columns)."""
    found = []
    for name, values in columns.items():
        label = f"{what} {name!r}" if name else what
        if not per_interval:
            found.append(series.column(values, label, k))
            continue
        # a line of a table holds the amount since the line before, so the first is of no interval
        given = values[1:] if np.ndim(values) == 1 and len(values) == k else values
        found.append(np.concatenate([[0.0], np.cumsum(series.column(given, label, k - 1))]))
    return np.stack(found, axis=-1)


def _spreads(columns: Sequence[Any], what: str, k: int, *, per_interval: bool) -> tuple[FloatArray, FloatArray]:
    """Return the errors of readings at instants, and those of amounts of intervals; one of the two is zero."""
    m = len(columns)
    if not per_interval:
        read = [series.spread(values, what, k, is_from_start=True) for values in columns]
        return np.stack(read, axis=-1), np.zeros((k - 1, m))
    cut = [values[1:] if np.ndim(values) == 1 and len(values) == k else values for values in columns]
    return np.zeros((k, m)), np.stack([series.spread(values, what, k - 1, is_from_start=False) for values in cut], axis=-1)
