"""Which subsystems a bath can damp at all."""

from __future__ import annotations

from collections.abc import Sequence

from athermal.errors import MachineError
from athermal.machine.machine import Machine


def check_joined(machine: Machine) -> None:
    """Refuse subsystems that no chain of couplings joins to a bath."""
    joined: set[str] = set(machine.reservoir_names)
    links: Sequence[set[str]] = [set(coupling.between) for coupling in machine.couplings if len(coupling.between) == 2]
    while True:
        more = set().union(*(link for link in links if link & joined)) - joined if links else set()
        if not more:
            break
        joined |= more
    if free := [name for name in machine.subsystem_names if name not in joined]:
        raise MachineError(
            f"Subsystem {free[0]!r} must be joined to a reservoir by couplings to have a limit cycle, but nothing damps it: it "
            "keeps its initial state for ever. Couple it, or leave it out."
        )
