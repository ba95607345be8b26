"""Oscillators and harmonic baths, treated as Gaussian."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from athermal.errors import MachineError
from athermal.machine.coupling import OperatorCoupling, Position, QuadraticForm
from athermal.machine.drive import check_period
from athermal.machine.family import Family, InMatrices
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.layout import Layout
from athermal.machine.settle import check_auto, to_be_chosen
from athermal.machine.truncation import truncate


class Harmonic(Family):
    """Oscillators between harmonic baths, with quadratic couplings."""

    name: ClassVar[str] = "harmonic"
    words: ClassVar[str] = "oscillators"
    backends: ClassVar[str] = "Dense() or Star()"
    measure: ClassVar[str] = "n_modes"

    def check(self, machine: Layout) -> None:
        for coupling in machine.couplings:
            if isinstance(coupling, OperatorCoupling):
                raise MachineError(
                    f"{coupling.owner} must be between finite parts, but its parts are oscillators treated as Gaussian. Use "
                    "Exchange, Position or a QuadraticForm, or write the machine with TruncatedOscillator and TruncatedBath."
                )
        if machine.counters:
            raise MachineError(f"Counter {machine.counters[0].name!r} is refused: only machines of finite parts have counters.")
        for oscillator in machine.oscillators:
            check_period(oscillator.drive, machine.period, "frequency", oscillator.owner)
            lowest = oscillator.lowest_frequency(machine.period)
            if lowest <= 0.0:
                raise MachineError(f"`frequency` of {oscillator.owner} must be positive at all times, but reaches {lowest:.6g}.")
        if to_be_chosen(machine):
            check_auto(machine)
            return
        _check_bounded(machine, Hamiltonian.of(machine))  # assembling it checks that contacts and matrices fit their parts

    def hamiltonian(self, machine: Layout) -> Hamiltonian:
        return Hamiltonian(machine)

    def size(self, machine: Layout) -> int:
        return len(machine.oscillators) + sum(bath.n_modes for bath in machine.harmonic_baths)

    def lowest_curvature(self, machine: Layout) -> float:
        return Hamiltonian.of(machine).lowest_curvature()

    def in_matrices(self, machine: Layout, levels: int | None) -> InMatrices:
        if levels is None:
            raise MachineError(
                "The oscillators of this machine have infinitely many states. Use the backend Dense(), which treats them "
                "exactly, or say how many levels to keep: DensityMatrix(levels=...)."
            )
        return InMatrices(machine, levels ** self.size(machine), lambda: truncate(machine, levels))


def _own_curvature(hamiltonian: Hamiltonian) -> float:
    """Return the lowest curvature over the cycle of the subsystems without their reservoirs."""
    forms = (hamiltonian.own_form(hamiltonian.subsystems, float(t))[0] for t in hamiltonian.looks)
    return min(float(np.linalg.eigvalsh(form)[0]) for form in forms)


def _check_bounded(machine: Layout, hamiltonian: Hamiltonian) -> None:
    """Refuse a position-like coupling to a reservoir that leaves the whole unbounded below at some time."""
    reservoirs = set(machine.reservoir_names)
    suspects = [c for c in machine.couplings if isinstance(c, (Position, QuadraticForm)) and set(c.between) & reservoirs]
    if not suspects:
        return
    curvature = hamiltonian.lowest_curvature()
    if curvature >= 0.0:
        return
    inside = [c for c in machine.couplings if not set(c.between) & reservoirs and isinstance(c, (Position, QuadraticForm))]
    own = _own_curvature(hamiltonian) if inside else 0.0
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
