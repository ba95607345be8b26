"""Finite subsystems: qubits, qudits, truncated oscillators."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from athermal import _validate
from athermal._types import FloatArray, Matrix
from athermal.errors import MachineError
from athermal.machine.drive import AnyDrive, Constant, Drive, Product, as_drive
from athermal.machine.operator import (
    AnyHamiltonian,
    MatrixOperator,
    Operator,
    as_hamiltonian,
    named_operator,
    oscillator_operators,
    spin_operators,
)
from athermal.machine.parts.oscillator import lowest_value
from athermal.machine.parts.subsystem import Subsystem

_MOST_LEVELS = 1000
# Differences of levels below this part of the largest are rounding.
_ROUNDING = 1e-12


class FiniteSubsystem(Subsystem):
    """A subsystem with finitely many states.

    Examples
    --------
    >>> import athermal as at
    >>> [part.dimension for part in (at.Qubit("q", 1.0), at.Qudit("d", [0.0, 1.0, 2.5]))]
    [2, 3]
    """

    families: ClassVar[tuple[str, ...]] = ("finite", "open")

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The number of basis states."""

    @abstractmethod
    def terms(self) -> tuple[tuple[Drive, Any], ...]:
        """Return the terms of its Hamiltonian: a drive and a sparse matrix each."""

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        return ()

    def transitions(self, times: FloatArray) -> FloatArray:
        """Return the frequencies between its levels; zero if there is no other."""
        terms = [(drive, scipy.sparse.csr_array(matrix).toarray()) for drive, matrix in self.terms()]
        if all(drive.is_always_constant for drive, _ in terms):
            times = times[:1]
        found = [np.zeros(1)]
        for t in times:
            levels = np.linalg.eigvalsh(sum(drive.value(np.array([t]))[0] * matrix for drive, matrix in terms))
            found.append(np.abs(levels[:, None] - levels[None, :]).ravel())
        gaps = np.unique(np.concatenate(found))
        return gaps[gaps > _ROUNDING * gaps[-1]] if gaps[-1] > 0.0 else gaps

    @property
    def lowering(self) -> str | None:
        """The name of its lowering operator, if it has one."""
        return None

    def standard_operators(self) -> dict[str, Matrix]:
        """Return the operators that it knows by name."""
        return {"identity": np.eye(self.dimension)}

    @property
    def truncated_modes(self) -> tuple[int, ...]:
        """The levels to which each of its oscillators is cut; empty if it has none."""
        return ()

    def operator(self, operator: Operator) -> Any:
        """Return the sparse matrix of an operator of this part, or raise `MachineError`."""
        if isinstance(operator, str):
            return named_operator(operator, self.standard_operators(), self.dimension, self.owner)
        return fitting_matrix(operator, self.dimension, self.owner)


def check_dimension(dimension: int, owner: str) -> None:
    """Raise `MachineError` unless a part has two states at least: one of a single state holds neither heat nor entropy."""
    if dimension < 2:
        raise MachineError(f"`hamiltonian` of {owner} must have two states at least, but has {dimension}. Leave the part out.")


def check_levels(levels: Any, owner: str) -> int:
    """Return a number of levels to cut an oscillator to, or raise `MachineError`."""
    number = _validate.count(levels, "levels", owner, least=2)
    if number > _MOST_LEVELS:
        raise MachineError(f"`levels` of {owner} must be at most {_MOST_LEVELS}, but is {number}.")
    return number


def fitting_matrix(operator: MatrixOperator, dimension: int, owner: str) -> Any:
    """Return the matrix of an operator if it has the dimension of its part, or raise `MachineError`."""
    if operator.dimension != dimension:
        raise MachineError(
            f"An operator of {owner} must have dimension {dimension}, but has {operator.dimension}. Check which part it "
            "belongs to, or tensor it with identities."
        )
    return operator.matrix


@dataclass(frozen=True)
class Qubit(FiniteSubsystem):
    """A two-level system: H = w(t) sigma_z / 2.

    Basis state 0 is the excited one, of energy +w/2, as in QuTiP. Standard operators: "sigmax", "sigmay", "sigmaz",
    "sigmap" (raising), "sigmam" (lowering), "identity", and "|j><k|". Another Hamiltonian is made with an `OperatorCoupling`
    on the qubit alone.

    Parameters
    ----------
    name : str
    frequency : float or Drive
        w(t), of any sign.

    Examples
    --------
    >>> Qubit("a", frequency=1.0).dimension
    2
    """

    name: str
    frequency: AnyDrive | float
    kind: Literal["qubit"] = field(default="qubit", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "a qubit")
        object.__setattr__(self, "frequency", as_drive(self.frequency, "frequency", f"qubit {self.name!r}", real=True))

    @property
    def dimension(self) -> int:
        return 2

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        return (("frequency", as_drive(self.frequency, "frequency", self.owner)),)

    def terms(self) -> tuple[tuple[Drive, Any], ...]:
        return ((self.drives[0][1], scipy.sparse.csr_array(np.diag([0.5, -0.5]))),)

    @property
    def lowering(self) -> str:
        return "sigmam"

    def standard_operators(self) -> dict[str, Matrix]:
        return spin_operators()


@dataclass(frozen=True)
class Qudit(FiniteSubsystem):
    """Any system with finitely many states, by its Hamiltonian; driven terms are added as an `OperatorCoupling` on it alone.

    Standard operators: "identity" and "|j><k|" for basis states j and k.

    Parameters
    ----------
    name : str
    hamiltonian : Qobj, matrix or sequence of float
        Hermitian and constant; a sequence lists the energies of the basis states.

    Raises
    ------
    MachineError
        If the Hamiltonian is not Hermitian.

    Examples
    --------
    >>> Qudit("maser", hamiltonian=[0.0, 1.0, 2.5]).dimension
    3
    """

    name: str
    hamiltonian: AnyHamiltonian
    kind: Literal["qudit"] = field(default="qudit", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "a qudit")
        object.__setattr__(self, "hamiltonian", as_hamiltonian(self.hamiltonian, "hamiltonian", f"qudit {self.name!r}"))
        check_dimension(self.dimension, f"qudit {self.name!r}")

    @property
    def dimension(self) -> int:
        return int(self.hamiltonian.dimension)

    def terms(self) -> tuple[tuple[Drive, Any], ...]:
        return ((Constant(1.0), self.hamiltonian.matrix),)


@dataclass(frozen=True)
class TruncatedOscillator(FiniteSubsystem):
    """An oscillator cut to its lowest levels, for machines that are not quadratic.

    Standard operators: "destroy", "create", "num", "position" (x = (a + a^dag)/sqrt 2), "momentum", "position_squared",
    "momentum_squared", "identity", and "|j><k|" for numbers j and k. The ledger's column `top_level_population` shows whether
    the cut matters.

    Parameters
    ----------
    name : str
    frequency : float or Drive
        w(t) > 0.
    levels : int
        States kept: 0 to levels - 1 quanta.
    law : {"potential", "number"}
        How a driven frequency enters, as for `Oscillator`: w0 p^2/2 + (w(t)^2/w0) x^2/2, or w(t) (a^dag a + 1/2).
    reference_frequency : float, optional
        w0; the frequency at time zero if left out.

    Examples
    --------
    >>> TruncatedOscillator("trap", frequency=1.0, levels=8).dimension
    8
    """

    name: str
    frequency: AnyDrive | float
    levels: int
    law: Literal["potential", "number"] = "potential"
    reference_frequency: float | None = None
    kind: Literal["truncated_oscillator"] = field(default="truncated_oscillator", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "a truncated oscillator")
        owner = f"truncated oscillator {self.name!r}"
        if not isinstance(self.frequency, Drive):
            _validate.positive(self.frequency, "frequency", owner)
        object.__setattr__(self, "frequency", as_drive(self.frequency, "frequency", owner, real=True))
        object.__setattr__(self, "levels", check_levels(self.levels, owner))
        _validate.choice(self.law, "law", owner, ("potential", "number"))
        if self.reference_frequency is not None:
            reference = _validate.positive(self.reference_frequency, "reference_frequency", owner)
            object.__setattr__(self, "reference_frequency", reference)
        self.check_frequency(max((leaf.own_period or 0.0 for leaf in self.drives[0][1].leaves()), default=0.0))

    def check_frequency(self, period: float) -> None:
        """Raise `MachineError` unless the frequency is positive throughout a period."""
        lowest = lowest_value(self.drives[0][1], period)
        if lowest <= 0.0:
            raise MachineError(f"`frequency` of {self.owner} must be positive at all times, but reaches {lowest:.6g}.")

    @property
    def reference(self) -> float:
        """w0, the frequency whose quanta are counted."""
        if self.reference_frequency is not None:
            return self.reference_frequency
        return float(self.drives[0][1].value(np.array([0.0]))[0])

    @property
    def dimension(self) -> int:
        return self.levels

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        return (("frequency", as_drive(self.frequency, "frequency", self.owner)),)

    def terms(self) -> tuple[tuple[Drive, Any], ...]:
        known = {name: scipy.sparse.csr_array(operator) for name, operator in self.standard_operators().items()}
        drive, reference = self.drives[0][1], self.reference
        if self.law == "number" or drive == Constant(reference):
            return ((drive, known["num"] + 0.5 * known["identity"]),)
        return (
            (Product((drive, drive, Constant(1.0 / reference))), 0.5 * known["position_squared"]),
            (Constant(reference), 0.5 * known["momentum_squared"]),
        )

    @property
    def lowering(self) -> str:
        return "destroy"

    def standard_operators(self) -> dict[str, Matrix]:
        return oscillator_operators(self.levels)

    @property
    def truncated_modes(self) -> tuple[int, ...]:
        return (self.levels,)
