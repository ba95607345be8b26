"""What a family of machines is: the parts that share one formalism, and the Hamiltonian that they make together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.terms import AnyTerm


class AnyHamiltonian(Protocol):
    """What the Hamiltonians of all families answer; `terms.DrivenTerms` has all of it that follows from the terms."""

    @property
    def terms(self) -> Sequence[AnyTerm]:
        """f_a(t) K_a, each with the parts it acts on, its drive, and its owners."""

    @property
    def shares(self) -> FloatArray:
        """What fraction of each term's energy belongs to each subsystem, shape (subsystems, terms)."""

    @property
    def size(self) -> int:
        """How large it is: a number of modes, or a dimension."""

    @property
    def ground_energies(self) -> FloatArray | None:
        """The lowest energy of every reservoir; None if their spectra are not known."""

    def edges(self, start: float, stop: float) -> tuple[list[float], list[bool]]:
        """Return start, the breakpoints inside, and stop, and for each but the first whether it is a breakpoint."""

    def log_partitions(self, temperatures: FloatArray) -> FloatArray:
        """Return ln Z_j of every reservoir; NaN if their spectra are not known."""


@dataclass(frozen=True)
class InMatrices:
    """A machine as matrices can hold it.

    Parameters
    ----------
    machine : Machine
        Whose parts the factors of the tensor product are.
    dimension : int
        Of the whole.
    assemble : callable
        Returns its `TensorHamiltonian`, which may take much memory.
    """

    machine: Any
    dimension: int
    assemble: Callable[[], Any]


class Family(ABC):
    """A family of machines. Each is one object in the list of `machine.families`; parts name those that they may be of."""

    name: ClassVar[str]
    words: ClassVar[str]
    """What its machines are made of, as in "a machine of finite parts"."""
    backends: ClassVar[str]
    """What to run them with, in the words of a remedy."""
    measure: ClassVar[str]
    """What `size` counts: "n_modes" or "dimension"."""

    @abstractmethod
    def check(self, machine: Any) -> None:
        """Raise `MachineError` unless a machine of parts of this family is a valid one."""

    @abstractmethod
    def hamiltonian(self, machine: Any) -> AnyHamiltonian:
        """Return the Hamiltonian of a machine, assembled."""

    @abstractmethod
    def size(self, machine: Any) -> int:
        """Return how large a machine is, without assembling it."""

    def lowest_curvature(self, machine: Any) -> float | None:
        """Return the lowest curvature of the Hamiltonian over the cycle; None where it is bounded by the kind of its parts."""
        return None

    def in_matrices(self, machine: Any, levels: int | None) -> InMatrices:
        """Return a machine in matrices, infinitely many states cut to some levels, or raise `MachineError` if there are none.

        Parameters
        ----------
        machine : Machine
        levels : int or None
            To which every oscillator and mode that has infinitely many states is cut; None if nothing is to be cut.
        """
        raise MachineError(f"A machine of {self.words} has no form in matrices. Use {self.backends}.")

    def __repr__(self) -> str:
        """Return its name."""
        return f"<family {self.name}>"
