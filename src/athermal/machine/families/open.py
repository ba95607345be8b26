"""Finite subsystems between continuous baths."""

from __future__ import annotations

from typing import ClassVar

from athermal.errors import MachineError
from athermal.machine.families.finite import check_finite, dimension_of
from athermal.machine.family import Family, InMatrices
from athermal.machine.layout import Layout
from athermal.machine.open_system import OpenSystem, with_truncated_baths
from athermal.machine.tensor_hamiltonian import TensorHamiltonian


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

    def in_matrices(self, machine: Layout, levels: int | None) -> InMatrices:
        if levels is None:
            raise MachineError(
                "The baths of this machine are continua, whose modes have infinitely many states. Say how many levels to keep of "
                "each: DensityMatrix(levels=...), or use HEOM(), BlochRedfield() or Lindblad()."
            )
        cut = with_truncated_baths(machine, levels)
        return InMatrices(cut, dimension_of(cut), lambda: TensorHamiltonian.of(cut))
