"""What every backend for continuous baths can hold."""

from __future__ import annotations

from typing import ClassVar

from athermal.backends.base import Backend
from athermal.machine.machine import Machine
from athermal.machine.open_system import OpenSystem, why_not_open, with_levels


class OpenBackend(Backend):
    """A backend that takes continua as they are: finite subsystems, or oscillators cut to some levels."""

    families: ClassVar[tuple[str, ...]] = ("open", "finite", "harmonic")
    takes_continua: ClassVar[bool] = True
    can_run_backwards: ClassVar[bool] = False
    levels: int | None

    def why_not(self, machine: Machine) -> str:
        return super().why_not(machine) or why_not_open(machine, self.levels, f"{type(self).__name__}()")

    def system(self, machine: Machine) -> OpenSystem:
        """Return the open system that a machine is to this backend, or raise `MachineError` if it cannot hold it."""
        self.refuse_unfit(machine)
        return OpenSystem(with_levels(machine, self.levels))
