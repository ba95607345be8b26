"""Parts with finitely many states."""

from __future__ import annotations

import math
from typing import ClassVar

from athermal.errors import MachineError
from athermal.machine.drive import check_period
from athermal.machine.family import Family, InMatrices
from athermal.machine.layout import Layout
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem, TruncatedOscillator
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.machine.tensor_terms import assemble, check_terms


class Finite(Family):
    """Finite subsystems and finite reservoirs."""

    name: ClassVar[str] = "finite"
    words: ClassVar[str] = "finite parts"
    backends: ClassVar[str] = "DensityMatrix() or StateVectors()"
    measure: ClassVar[str] = "dimension"

    def check(self, machine: Layout) -> None:
        check_finite(machine)

    def hamiltonian(self, machine: Layout) -> TensorHamiltonian:
        return assemble(machine)

    def size(self, machine: Layout) -> int:
        return dimension_of(machine)

    def in_matrices(self, machine: Layout, levels: int | None) -> InMatrices:
        if levels is not None:
            raise MachineError("`levels` of the backend must be left out: the parts of this machine are finite.")
        return InMatrices(machine, dimension_of(machine), lambda: TensorHamiltonian.of(machine))


def check_finite(machine: Layout) -> None:
    """Raise `MachineError` if a drive of a finite subsystem or a term does not fit; at no cost in the size of the whole."""
    for part in machine.subsystems:
        for what, drive in part.drives:
            check_period(drive, machine.period, what, part.owner)
        if isinstance(part, TruncatedOscillator):
            part.check_frequency(machine.period)
    check_terms(machine)


def dimension_of(machine: Layout) -> int:
    """Return the dimension of the finite parts together."""
    return math.prod(part.dimension for part in machine.parts if isinstance(part, (FiniteSubsystem, FiniteReservoir)))
