"""Finite subsystems between continuous baths."""

from __future__ import annotations

from typing import ClassVar

from athermal.machine.families.finite import check_finite, dimension_of
from athermal.machine.family import Family
from athermal.machine.layout import Layout
from athermal.machine.open_system import OpenSystem


class Open(Family):
    """Finite subsystems between continua, as master equations and hierarchies take them."""

    name: ClassVar[str] = "open"
    words: ClassVar[str] = "finite subsystems between continuous baths"
    backends: ClassVar[str] = "HEOM(), BlochRedfield(), Lindblad() or FloquetMarkov()"
    measure: ClassVar[str] = "dimension"

    def check(self, machine: Layout) -> None:
        check_finite(machine)

    def hamiltonian(self, machine: Layout) -> OpenSystem:
        return OpenSystem(machine)

    def size(self, machine: Layout) -> int:
        return dimension_of(machine)
