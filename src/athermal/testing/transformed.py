"""One machine in other words: in other units, its parts listed in another order, under other names, beside a stranger."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import athermal as at
from athermal.machine.drive import Drive, as_drive
from athermal.machine.operator import MatrixOperator

# --- other units: energies, temperatures and rates times `s`, times over `s` ------------------------------------------------


def rescaled(machine: at.Machine, s: float) -> at.Machine:
    """Return the machine with energies, temperatures and rates times `s`, and times over `s`."""
    return dataclasses.replace(
        machine,
        subsystems=[_part(part, s) for part in machine.subsystems],
        reservoirs=[_part(part, s) for part in machine.reservoirs],
        couplings=[_coupling(coupling, machine, s) for coupling in machine.couplings],
        period=machine.period / s,
        initial=rescaled_start(machine.initial, s),
        counters=[
            dataclasses.replace(counter, terms=[_coupling(term, machine, s) for term in counter.terms])
            for counter in machine.counters
        ],
    )


def rescaled_start(initial: at.states.InitialState, s: float) -> at.states.InitialState:
    """Return the initial state with its temperatures times `s`; quadratures, states and strengths have no unit."""
    changes: dict[str, Any] = {}
    if isinstance(initial, at.ProductThermal):
        changes["temperatures"] = {name: temperature * s for name, temperature in initial.temperatures.items()}
    if isinstance(initial, at.Gibbs):
        changes["temperature"] = initial.temperature * s
    if initial.start is not None:
        changes["start"] = rescaled_start(initial.start, s)
    return dataclasses.replace(initial, **changes)


# Fields of parts and densities that are energies, rates or temperatures; all others have no unit.
_ENERGIES = (
    "temperature",
    "chemical_potential",
    "frequency",
    "mode_frequencies",
    "spin_frequencies",
    "hopping",
    "form",
    "hamiltonian",
)
_ENERGIES += ("reference_frequency", "low", "high", "rate", "cutoff")


def _part(part: Any, s: float) -> Any:
    changes: dict[str, Any] = {}
    for entry in dataclasses.fields(part):
        value = getattr(part, entry.name)
        if isinstance(value, Drive):
            changes[entry.name] = rescaled_drive(value, s, s)
        elif dataclasses.is_dataclass(value) and not isinstance(value, MatrixOperator):
            changes[entry.name] = _part(value, s)
        elif entry.name in _ENERGIES and value is not None:
            changes[entry.name] = _times(value, s)
        elif entry.name == "function":
            changes[entry.name] = lambda w, density=value: s * density(w / s)
    return dataclasses.replace(part, **changes)


def _times(value: Any, s: float) -> Any:
    if isinstance(value, MatrixOperator):
        return s * value.matrix
    return tuple(_times(entry, s) for entry in value) if isinstance(value, tuple) else s * value


def _coupling(coupling: Any, machine: at.Machine, s: float) -> Any:
    if isinstance(coupling, at.Displacement):
        forces = {name: rescaled_drive(getattr(coupling, name), s, s) for name in ("x_force", "p_force")}
        return dataclasses.replace(coupling, **forces)
    # The modes of a spectral density have couplings with a unit of their own; all other contacts are numbers.
    has_unit = any(isinstance(machine.part(name), at.ContinuumBath) for name in coupling.between)
    is_own = getattr(coupling, "site", None) is None and getattr(coupling, "weights", None) is None
    changes = {"strength": rescaled_drive(coupling.drive, s, 1.0 if has_unit and is_own else s)}
    if getattr(coupling, "amplitude_frequency", None) is not None:
        changes["amplitude_frequency"] = coupling.amplitude_frequency * s
    return dataclasses.replace(coupling, **changes)


def rescaled_drive(drive: Drive | float, s: float, factor: float) -> Drive:
    """Return the drive `s` times as fast, its values times `factor`."""
    drive = as_drive(drive, "drive", "a test", real=False)
    if isinstance(drive, at.drives.Sum):
        return at.drives.Sum(tuple(rescaled_drive(term, s, factor) for term in drive.terms))
    if isinstance(drive, at.drives.Product):
        first, *others = drive.factors
        return at.drives.Product((rescaled_drive(first, s, factor), *(rescaled_drive(other, s, 1.0) for other in others)))
    if isinstance(drive, at.drives.Strokes):
        ramps = tuple(ramp / s for ramp in drive.ramps)
        times = tuple(duration / s for duration in drive.durations)
        return dataclasses.replace(drive, durations=times, values=tuple(factor * value for value in drive.values), ramps=ramps)
    if isinstance(drive, at.drives.Function):
        changes: dict[str, Any] = {"function": _faster(drive.function, s, factor), "period": drive.period / s}
        if drive.slope is not None:
            changes["slope"] = _faster(drive.slope, s, factor * s)
        return dataclasses.replace(drive, jumps=tuple(time / s for time in drive.jumps), **changes)
    if isinstance(drive, (at.drives.Harmonic, at.drives.Rotating)):
        return dataclasses.replace(drive, amplitude=drive.amplitude * factor, frequency=drive.frequency * s)
    return at.drives.Constant(drive.constant * factor)


def _faster(function: Callable[[float], float], s: float, factor: float) -> Callable[[float], float]:
    return lambda time: factor * function(time * s)


# --- another order, other names ------------------------------------------------------------------------------------------------


def reordered(machine: at.Machine) -> at.Machine:
    """Return the machine with subsystems, reservoirs and couplings listed backwards."""
    return dataclasses.replace(
        machine,
        subsystems=machine.subsystems[::-1],
        reservoirs=machine.reservoirs[::-1],
        couplings=machine.couplings[::-1],
        counters=machine.counters[::-1],
    )


def renamed(machine: at.Machine, names: Mapping[str, str]) -> at.Machine:
    """Return the machine with its parts under other names; its start must not name them."""
    return dataclasses.replace(
        machine,
        subsystems=[dataclasses.replace(part, name=names[part.name]) for part in machine.subsystems],
        reservoirs=[dataclasses.replace(part, name=names[part.name]) for part in machine.reservoirs],
        couplings=[_of(coupling, names) for coupling in machine.couplings],
        counters=[
            dataclasses.replace(counter, terms=[_of(term, names) for term in counter.terms]) for counter in machine.counters
        ],
    )


def _of(coupling: Any, names: Mapping[str, str]) -> Any:
    if isinstance(coupling, at.Displacement):
        return dataclasses.replace(coupling, on=names[coupling.on])
    return dataclasses.replace(coupling, between=tuple(names[name] for name in coupling.between))


# --- beside a stranger, and without contact -----------------------------------------------------------------------------------


def side_by_side(one: at.Machine, two: at.Machine) -> at.Machine:
    """Return two machines of one period and one kind of start as one, without any contact; all names must differ."""
    return at.Machine(
        (*one.subsystems, *two.subsystems),
        (*one.reservoirs, *two.reservoirs),
        (*one.couplings, *two.couplings),
        one.period,
        one.initial,
    )


def without_contacts(machine: at.Machine) -> at.Machine:
    """Return the machine with the strength of every coupling to a reservoir at zero."""
    reservoirs = set(machine.reservoir_names)
    return dataclasses.replace(
        machine,
        couplings=[
            dataclasses.replace(coupling, strength=0.0) if reservoirs & set(coupling.between) else coupling
            for coupling in machine.couplings
        ],
    )
