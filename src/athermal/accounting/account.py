"""From subsystem states, heats and temperatures to a ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from athermal import _validate
from athermal.accounting import series
from athermal.accounting import units as unit_table
from athermal.accounting.data import NUMBERS, Measured, Propagation, StandardErrors, States
from athermal.accounting.facts import asked, conduct_of, confidence_of, sign_remedy
from athermal.accounting.inputs import numbers_of, readings_of, subsystems_of, temperatures_of
from athermal.accounting.tables import is_table, read_table
from athermal.engine.single import versions
from athermal.errors import StudyError
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference

_Noun = TypeVar("_Noun", Measured, StandardErrors, States)


def account(
    source: Any,
    temperatures: Mapping[str, Any],
    *,
    states: States | None = None,
    period: float | None = None,
    samples_per_cycle: int | None = None,
    propagation: Propagation | None = None,
) -> Ledger:
    """Return the ledger of an experiment, or of another solver's run, from its states and heats.

    The second law (S10) read from the left, sum_i dS_i + sum_j Q_j/T_j = dSigma, needs no state of a reservoir (M. Aguilar,
    E. Lutz, Science Advances 11, eadw8462 (2025)): dSigma, dsigma, the mode, the split of the work and the efficiency are
    exact. I(S,R), C(R) of two reservoirs or more, and D_j cannot be known from such numbers, and are NaN. C(S) is known where
    the joint state of the subsystems, or its entropy, is. Of one subsystem it is zero.

    Parameters
    ----------
    source : Measured, or a table
        Heats, work, energies and entropies; a table alone (a file, a dict, a data frame, a data set) does as `Measured(table)`.
    temperatures : mapping
        T_j of every reservoir by name, or a pair (T_j, its standard error). Zero for a vacuum: dSigma is then infinite, with its
        reason, where it takes heat.
    states : States, optional
        Of the subsystems, whose energies and entropies then follow.
    period : float, optional
        Length of a cycle; every interval is a cycle if both this and the next are left out.
    samples_per_cycle : int, optional
        Intervals in a cycle.
    propagation : Propagation, optional
        How errors propagate; `Propagation()` if left out.

    Returns
    -------
    Ledger
        As from `run`, with `provenance["source"] == "account"`. `ledger.unchecked` tells which laws check nothing, and why.

    Raises
    ------
    StudyError
        If numbers or options are missing, not finite, out of range, or do not fit together.
    StateError
        If a state or an entropy is none, with where and by how much.
    FileFormatError
        If a table cannot be read.

    Examples
    --------
    >>> import athermal as at
    >>> from athermal.accounting import Measured, States
    >>> measured = Measured([0.0, 1.0], heats={"hot": [0.0, -1.0], "cold": [0.0, 0.6]}, work=[0.0, -0.4])
    >>> states = States({"qubit": [np.diag([0.7, 0.3])] * 2}, hamiltonians={"qubit": np.diag([0.0, 1.0])})
    >>> ledger = at.account(measured, {"hot": 2.0, "cold": 1.0}, states=states)
    >>> print(ledger.mode.item(), round(ledger.efficiency.item(), 3), round(ledger.sigma_total_change.item(), 3))
    engine 0.4 0.1
    >>> ledger.mutual_information_change.item()
    nan
    """
    states, propagation = States() if states is None else states, Propagation() if propagation is None else propagation
    for name, value, kind in (("states", states, States), ("propagation", propagation, Propagation)):
        if not isinstance(value, kind):
            raise StudyError(f"`{name}` of an account must be {kind.__name__}(...), but is {_validate.shown(value)}.")
    with _validate.as_study():
        if period is not None:
            _validate.positive(period, "period", "an account")
        if samples_per_cycle is not None:
            _validate.count(samples_per_cycle, "samples_per_cycle", "an account")
        return _ledger(_gathered(source, states), temperatures, (period, samples_per_cycle), propagation)


@dataclass(frozen=True)
class _Gathered:
    """All that was given, in a table and beside it, with its units; `table` is the path of the table, if there is one."""

    measured: Measured
    states: States
    units: dict[str, str]
    table: str | None

    @property
    def inputs(self) -> list[str]:
        """What was given, in words."""
        data, errors, states = self.measured, self.measured.errors, self.states
        found = ["times", *(name for name in NUMBERS if getattr(data, name) is not None)]
        found += [f"errors of {name}" for name in NUMBERS if getattr(errors, name) is not None]
        found += [name for name in ("states", "populations", "counts", "hamiltonians") if getattr(states, name) is not None]
        return sorted(found + ["errors of states"] * (states.errors is not None))


def _gathered(source: Any, states: States) -> _Gathered:
    if not isinstance(source, Measured):
        if not isinstance(source, Ledger) and not is_table(source):
            raise StudyError(
                f"`source` of an account must be a table or Measured(times, heats=...), but is {_validate.shown(source)}."
            )
        source = Measured(source)
    units = unit_table.known(source.units or {})
    measured, states = _with_dicts(replace(source, errors=_with_dicts(source.errors))), _with_dicts(states)
    if not is_table(source.source):
        return _Gathered(measured, states, unit_table.checked(units), None)
    table = read_table(source.source, units)
    measured = replace(
        measured, source=table.times, errors=_joined(measured.errors, table.errors), **_added(measured, table.numbers)
    )
    path = str(source.source) if isinstance(source.source, (str, Path)) else None
    return _Gathered(measured, _joined(states, table.states), unit_table.checked(units | table.units), path)


def _with_dicts(noun: _Noun) -> _Noun:
    """Return data whose columns by name are dicts: a pandas or xarray data set of named columns does as one does."""
    values = {entry.name: getattr(noun, entry.name) for entry in fields(noun) if entry.name != "source"}
    named: dict[str, Any] = {name: {key: v[key] for key in v} for name, v in values.items() if series.has_names(v)}
    return replace(noun, **named)


def _joined(noun: _Noun, more: Mapping[str, Any]) -> _Noun:
    return replace(noun, **_added(noun, more))


def _added(noun: Measured | StandardErrors | States, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with what a table holds of them, or raise `StudyError` if something is given twice."""
    found = {}
    for name, value in more.items():
        own = getattr(noun, name)
        is_apart = isinstance(own, Mapping) and isinstance(value, Mapping) and not set(own) & set(value)
        if own is not None and not is_apart:
            raise StudyError(f"`{name}` must be given once, but is in the table and beside it.")
        found[name] = {**value, **own} if is_apart else value
    return found


def _ledger(
    data: _Gathered, temperatures: Mapping[str, Any], cycle: tuple[float | None, int | None], propagation: Propagation
) -> Ledger:
    measured, scale = data.measured, unit_table.factor("entropy", data.units.get("entropy", "nat"))
    references = temperatures_of(temperatures, data.units)
    times = series.instants(measured.source)
    step = series.samples_in_cycle(times, *cycle)
    readings = readings_of(measured, data.states, subsystems_of(measured, data.states), times, scale)
    numbers = numbers_of(measured, times, tuple(references), readings, scale)
    n_cycles = (len(times) - 1) // step
    values, errors = np.array(list(references.values())).T
    reference = Reference(
        readings.names,
        tuple(references),
        values,
        np.full(len(references), np.nan),
        float(times[n_cycles * step] - times[0]) / n_cycles,
        temperature_errors=errors if np.any(errors) else None,
    )
    confidence, how = confidence_of(numbers, reference, propagation)
    provenance = {"source": "account", "versions": dict(versions()), "table": data.table, "inputs": data.inputs} | how
    conduct = Conduct(
        residual_tolerance=measured.tolerance,
        units=data.units,
        without_errors=tuple(numbers.without_errors) if confidence.has_errors else (),
    )
    if measured.memoryless:
        conduct = replace(conduct, memoryless="these data", remedy=sign_remedy(measured.heat_sign))
    conduct = conduct_of(numbers, readings, (step, len(times) - 1), conduct)
    made = Ledger(*numbers.central(), reference, step, conduct, confidence, provenance)
    return asked(made, readings, measured.heat_sign)
