"""What a machine must obey: checked when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.coupling import Displacement, OperatorCoupling, Position, QuadraticForm
from athermal.machine.drive import check_period
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem, Oscillator, TruncatedOscillator
from athermal.machine.settle import check_auto
from athermal.machine.tensor_hamiltonian import check_terms

if TYPE_CHECKING:
    from athermal.machine.counter import Counter
    from athermal.machine.machine import Machine

# How finely checks look at a cycle: per period of the fastest drive, and up to how many of these.
_CHECKS_PER_PERIOD = 33
_MOST_REPEATS = 200


def check_coupling(machine: Machine, coupling: Any) -> None:
    """Raise `MachineError` if a coupling names parts that it must not, or its drives do not fit the period."""
    _check_names_and_drives(machine, coupling)
    among = [part_name for part_name in coupling.between if part_name in machine.reservoir_names]
    if len(among) == 2:
        raise MachineError(
            f"`between` of {coupling.owner} must not name two reservoirs: their interaction energy would belong to no "
            "part of the ledger. Let them meet through a subsystem, or make one of them a subsystem."
        )
    if among and len(coupling.between) == 1:
        what = {Displacement: "displacement", QuadraticForm: "quadratic form"}.get(type(coupling), "term")
        remedy = "FiniteBath" if machine.is_finite else "CoupledBath"
        raise MachineError(
            f"A {what} on reservoir {among[0]!r} is refused: the Hamiltonian of a reservoir must be constant and its own. "
            f"Put static terms into the reservoir ({remedy}), or make the driven mode a subsystem."
        )
    if not among and any(getattr(coupling, key, None) is not None for key in ("site", "weights", "amplitude_frequency")):
        raise MachineError(
            f"`site`, `weights` and `amplitude_frequency` of {coupling.owner} must be left out: neither part is a reservoir."
        )


def check_counter(machine: Machine, counter: Counter) -> None:
    """Raise `MachineError` if a term of a counter names parts that are not there, or its drives do not fit the period.

    A counter is no part of the Hamiltonian: it may watch a reservoir, or two.
    """
    for term in counter.terms:
        try:
            _check_names_and_drives(machine, term)
        except MachineError as error:
            raise MachineError(f"Counter {counter.name!r}: {error}") from None


def _check_names_and_drives(machine: Machine, coupling: Any) -> None:
    for part_name in coupling.between:
        machine.part(part_name)
    for what, drive in coupling.drives:
        check_period(drive, machine.period, what, coupling.owner)


def check_family(machine: Machine) -> None:
    """Raise `MachineError` unless all parts are of one family and the machine is a valid one of that family."""
    finite = [part for part in machine.parts if isinstance(part, (FiniteSubsystem, FiniteReservoir))]
    if finite and len(finite) < len(machine.parts) and not machine.has_continua:
        gaussian = next(part for part in machine.parts if part not in finite)
        kind = "TruncatedOscillator" if isinstance(gaussian, Oscillator) else "TruncatedBath"
        raise MachineError(
            f"The parts of a machine must be all Gaussian or all finite, but {gaussian.name!r} is of the kind "
            f"{type(gaussian).__name__}, {finite[0].name!r} of the kind {type(finite[0]).__name__}. Write {gaussian.name!r} as a "
            f"{kind} with a number of levels."
        )
    if finite:
        for part in machine.subsystems:
            if isinstance(part, FiniteSubsystem):
                for what, drive in part.drives:
                    check_period(drive, machine.period, what, part.owner)
            if isinstance(part, TruncatedOscillator):
                part.check_frequency(machine.period)
        check_terms(machine)
        return
    for coupling in machine.couplings:
        if isinstance(coupling, OperatorCoupling):
            raise MachineError(
                f"{coupling.owner} must be between finite parts, but its parts are oscillators treated as Gaussian. Use "
                "Exchange, Position or a QuadraticForm, or write the machine with TruncatedOscillator and TruncatedBath."
            )
    if machine.counters:
        raise MachineError(f"Counter {machine.counters[0].name!r} is refused: only machines of finite parts have counters.")
    for oscillator in machine.oscillators:
        check_period(oscillator.drive, machine.period, "frequency", f"oscillator {oscillator.name!r}")
        lowest = oscillator.lowest_frequency(machine.period)
        if lowest <= 0.0:
            raise MachineError(
                f"`frequency` of oscillator {oscillator.name!r} must be positive at all times, but reaches {lowest:.6g}."
            )
    if not machine.is_settled:
        check_auto(machine)
        return
    _ = machine.hamiltonian  # assembling it checks that contacts and matrices fit their parts
    _check_bounded(machine)


def check_times(machine: Machine) -> FloatArray:
    """Return times that see every drive at many phases of its own period, and just after each breakpoint."""
    drives = [term.drive for term in machine.hamiltonian.terms]
    repeats = [machine.period / leaf.own_period for drive in drives for leaf in drive.leaves() if leaf.own_period]
    n_times = _CHECKS_PER_PERIOD * min(round(max(repeats, default=1.0)), _MOST_REPEATS)
    times = np.linspace(0.0, machine.period, n_times, endpoint=False)
    return np.unique(np.concatenate([machine.hamiltonian.breakpoints, times]))


def _own_curvature(machine: Machine) -> float:
    """Return the lowest curvature over the cycle of the subsystems without their reservoirs."""
    forms = (machine.hamiltonian.own_form(machine.subsystem_names, float(t))[0] for t in check_times(machine))
    return min(float(np.linalg.eigvalsh(form)[0]) for form in forms)


def _check_bounded(machine: Machine) -> None:
    """Refuse a position-like coupling to a reservoir that leaves the whole unbounded below at some time."""
    reservoirs = set(machine.reservoir_names)
    suspects = [c for c in machine.couplings if isinstance(c, (Position, QuadraticForm)) and set(c.between) & reservoirs]
    if not suspects:
        return
    curvature = machine.lowest_curvature()
    if curvature >= 0.0:
        return
    inside = [c for c in machine.couplings if not set(c.between) & reservoirs and isinstance(c, (Position, QuadraticForm))]
    own = _own_curvature(machine) if inside else 0.0
    if own < 0.0:
        named = " and ".join(coupling.owner for coupling in inside)
        raise MachineError(
            f"The Hamiltonian of a machine with position couplings to reservoirs must be bounded below, but its lowest curvature "
            f"is {curvature:.6g}, and that of its subsystems alone {own:.6g}: {named} takes more than the oscillators' own "
            "potentials hold. Weaken it (down to zero, a free particle, is possible), or couple by Exchange."
        )
    bare = [coupling for coupling in suspects if isinstance(coupling, Position) and coupling.counter_term is False]
    what = f"The Hamiltonian of the machine must be bounded below, but its lowest curvature is {curvature:.6g}: "
    if bare:
        raise MachineError(
            f"{what}{bare[0].owner} is too strong to do without its counter-term. Set `counter_term = true`, or weaken it."
        )
    raise MachineError(
        f"{what}{suspects[0].owner} is too strong (counter-terms do not cover two couplings of one subsystem to the same "
        "reservoir, nor quadratic forms). Weaken it, or add the missing term as a `QuadraticForm` of the subsystem."
    )
