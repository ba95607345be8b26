"""How long a run may be: what nobody could hold is refused before it begins."""

from __future__ import annotations

from typing import Any

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.machine import Machine

# A ledger of more instants is a slip of the keyboard: several GB. What an instant takes with all columns, what each part adds,
# and what the smallest machine needs for one, in seconds.
_MOST_INSTANTS = 2_000_000
_BYTES, _BYTES_OF_PART, _FASTEST = 2_000, 600, 1e-4


def checked_size(machine: Machine, cycles: Any, samples_per_cycle: Any, owner: str) -> tuple[int, int]:
    """Return cycles and samples per cycle as whole numbers, or raise `MachineError` with what so long a run would take."""
    cycles = _validate.count(cycles, "cycles", owner, most=10**15)
    samples_per_cycle = _validate.count(samples_per_cycle, "samples_per_cycle", owner, most=10**15)
    instants = cycles * samples_per_cycle
    if instants > _MOST_INSTANTS:
        parts = len(machine.subsystems) + len(machine.reservoirs)
        gigabytes = instants * (_BYTES + parts * _BYTES_OF_PART) / 1e9
        hours = instants * _FASTEST / 3600.0
        raise MachineError(
            f"`cycles` x `samples_per_cycle` of {owner} must be at most {_MOST_INSTANTS}, but is {instants}: its ledger would "
            f"take some {gigabytes:.2g} GB of memory, and the run {hours:.2g} hours at the least. Run fewer cycles; what a "
            "machine settles to is found by athermal.limit_cycle, or seen in a shorter run that starts near it."
        )
    return cycles, samples_per_cycle
