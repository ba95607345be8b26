"""Operators of finite parts: by the name of a standard one, or by their matrix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.sparse
from pydantic import ConfigDict

from athermal._types import Matrix
from athermal._validate import suggest
from athermal.errors import MachineError

# How far a matrix may be from its adjoint, relative to its largest entry, and still count as Hermitian.
_HERMITIAN = 1e-12
_TRANSITION = re.compile(r"\|(\d+)><(\d+)\|")


@dataclass(frozen=True)
class MatrixOperator:
    """An operator given by its matrix; `as_operator` makes one of a QuTiP operator or an array.

    Parameters
    ----------
    dimension : int
    entries : sequence of (row, column, real part, imaginary part)
        The entries that are not zero.

    Examples
    --------
    >>> MatrixOperator(2, ((0, 1, 1.0, 0.0),)).matrix.toarray().real
    array([[0., 1.],
           [0., 0.]])
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    dimension: int
    entries: tuple[tuple[int, int, float, float], ...]
    kind: Literal["matrix"] = field(default="matrix", repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.dimension, int) or self.dimension < 1:
            raise MachineError(f"`dimension` of an operator must be a whole number of at least 1, but is {self.dimension!r}.")
        for row, column, real, imaginary in self.entries:
            if not (0 <= row < self.dimension and 0 <= column < self.dimension):
                raise MachineError(f"`entries` of an operator of dimension {self.dimension} reach to ({row}, {column}).")
            if not np.isfinite(real + imaginary):
                raise MachineError(f"`entries` of an operator must be finite, but ({row}, {column}) is {real} + {imaginary}i.")

    @cached_property
    def matrix(self) -> Any:
        """The sparse matrix, real if it can be."""
        rows = [entry[0] for entry in self.entries]
        columns = [entry[1] for entry in self.entries]
        values = np.array([complex(entry[2], entry[3]) for entry in self.entries], dtype=complex)
        shape = (self.dimension, self.dimension)
        return scipy.sparse.csr_array((values if np.any(values.imag) else values.real, (rows, columns)), shape=shape)

    @property
    def is_hermitian(self) -> bool:
        """Whether it is its own adjoint up to rounding."""
        return asymmetry(self.matrix) <= _HERMITIAN


Operator = str | MatrixOperator
if TYPE_CHECKING:
    AnyOperator = Any
    AnyMatrix = Any
else:  # what a file may hold
    AnyOperator = str | MatrixOperator
    AnyMatrix = MatrixOperator | tuple[float, ...]


def as_operator(value: Any, what: str, owner: str) -> Operator:
    """Return a name as it is, and a QuTiP operator or a square matrix as a `MatrixOperator`, or raise `MachineError`.

    Examples
    --------
    >>> as_operator(np.diag([0.0, 1.0]), "operator", "an example").dimension
    2
    """
    if isinstance(value, (str, MatrixOperator)):
        return value
    if hasattr(value, "full") and hasattr(value, "isoper"):  # a QuTiP Qobj
        if not value.isoper:
            raise MachineError(f"`{what}` of {owner} must be an operator, but is a Qobj of type {value.type!r}.")
        value = value.full()
    if scipy.sparse.issparse(value):
        matrix = scipy.sparse.coo_array(value)
    else:
        try:
            array = np.asarray(value, dtype=complex)
        except (TypeError, ValueError):
            array = np.empty(0)
        if array.ndim != 2:
            raise MachineError(
                f"`{what}` of {owner} must be a QuTiP operator, a square matrix or the name of a standard operator, but "
                f"is {value!r}."
            )
        matrix = scipy.sparse.coo_array(array)
    if matrix.shape[0] != matrix.shape[1]:
        raise MachineError(f"`{what}` of {owner} must be a square matrix, but has the shape {matrix.shape}.")
    entries = zip(matrix.row.tolist(), matrix.col.tolist(), np.asarray(matrix.data, dtype=complex).tolist(), strict=True)
    return MatrixOperator(int(matrix.shape[0]), tuple((i, j, x.real, x.imag) for i, j, x in entries if x != 0.0))


def as_hamiltonian(value: Any, what: str, owner: str) -> MatrixOperator:
    """Return a Hermitian operator, or a diagonal one from a list of energies, or raise `MachineError`."""
    if not isinstance(value, str) and isinstance(value, Iterable) and not hasattr(value, "full") and np.ndim(value) == 1:  # type: ignore[arg-type]
        energies = [float(energy) for energy in value]
        return MatrixOperator(len(energies), tuple((k, k, e, 0.0) for k, e in enumerate(energies) if e != 0.0))
    operator = as_operator(value, what, owner)
    if isinstance(operator, str):
        raise MachineError(f"`{what}` of {owner} must be a QuTiP operator, a matrix or a list of energies, but is {value!r}.")
    if not operator.is_hermitian:
        raise MachineError(
            f"`{what}` of {owner} must be Hermitian, but it and its adjoint differ by {asymmetry(operator.matrix):.3g} of its "
            "largest entry. Add the missing adjoint terms."
        )
    return operator


def asymmetry(matrix: Any) -> float:
    """Return the largest entry of A - A^dag relative to that of A."""
    largest = float(abs(matrix).max()) if matrix.nnz else 0.0
    return float(abs(matrix - matrix.conj().T).max()) / largest if largest else 0.0


def spin_operators() -> dict[str, Matrix]:
    """Return the standard operators of a qubit by QuTiP's names; basis state 0 is up, the excited state of w sigma_z/2."""
    up = np.array([[0.0, 1.0], [0.0, 0.0]])
    return {
        "identity": np.eye(2),
        "sigmax": up + up.T,
        "sigmay": -1j * up + 1j * up.T,
        "sigmaz": np.diag([1.0, -1.0]),
        "sigmap": up,
        "sigmam": up.T,
    }


def oscillator_operators(levels: int) -> dict[str, Matrix]:
    """Return the standard operators of an oscillator cut to its lowest levels, each with its exact matrix elements.

    x = (a + a^dag)/sqrt 2 and p = (a - a^dag)/(i sqrt 2). The squares are cut after squaring, not before.
    """
    lower = np.diag(np.sqrt(np.arange(1.0, levels + 2)), 1)
    x, p = (lower + lower.T) / np.sqrt(2.0), -1j * (lower - lower.T) / np.sqrt(2.0)
    operators = {
        "identity": np.eye(levels + 2),
        "destroy": lower,
        "create": lower.T,
        "num": np.diag(np.arange(levels + 2.0)),
        "position": x,
        "momentum": p,
        "position_squared": x @ x,
        "momentum_squared": np.real(p @ p),
        "position_momentum": np.asarray(x @ p + p @ x) / 2.0,
    }
    return {name: np.asarray(operator[:levels, :levels]) for name, operator in operators.items()}


def named_operator(name: str, known: dict[str, Matrix], dimension: int, owner: str) -> Any:
    """Return the sparse matrix of a standard operator, or of |j><k| for any two basis states."""
    if name in known:
        return scipy.sparse.csr_array(known[name])
    transition = _TRANSITION.fullmatch(name.replace(" ", ""))
    if transition is None:
        names = ", ".join(repr(entry) for entry in known)
        raise MachineError(
            f"There is no standard operator {name!r} of {owner}.{suggest(name, known)} It has {names}{' and ' if known else ''}"
            f"'|j><k|' for basis states j and k; other operators are given as QuTiP operators or matrices, from Python."
        )
    row, column = int(transition[1]), int(transition[2])
    if max(row, column) >= dimension:
        raise MachineError(
            f"The operator {name!r} must name two of the {dimension} basis states of {owner}, 0 to {dimension - 1}."
        )
    return scipy.sparse.csr_array(([1.0], ([row], [column])), shape=(dimension, dimension))
