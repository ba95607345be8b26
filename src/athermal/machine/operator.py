"""Operators of finite parts: by the name of a standard one, or by their matrix."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import scipy.sparse
from pydantic_core import core_schema

from athermal import _validate
from athermal._types import Matrix
from athermal._validate import suggest
from athermal.errors import MachineError
from athermal.machine.written import READABLE, Flat, read_matrix, write_matrix

# How far a matrix may be from its adjoint, relative to its largest entry, and still count as Hermitian.
_HERMITIAN = 1e-12
# An operator of more entries than this is not written into results.
_WRITTEN = 50_000
_TRANSITION = re.compile(r"\|(\d+)><(\d+)\|")


class MatrixOperator:
    """An operator given by its matrix, as `as_operator` makes it of a QuTiP operator or an array.

    Two are equal if their matrices are. In results and files it is its rows, [[0, "-1j"], ["1j", 0]], or the amplitudes of a
    state vector, [1, "1j"]. One of more than 16 rows is written as {kind = "matrix", dimension = d, entries = [[row, column, real
    part, imaginary part], ...]}, with is_vector = true for a state vector; one of more than 50,000 entries is not written.

    Parameters
    ----------
    matrix : (d, d) sparse or dense matrix, or (d, 1) for a state vector

    Examples
    --------
    >>> MatrixOperator(np.array([[0.0, 1.0], [0.0, 0.0]])).dimension
    2
    """

    def __init__(self, matrix: Any) -> None:
        entries = scipy.sparse.csr_array(matrix, copy=True)
        entries.sum_duplicates()
        entries.eliminate_zeros()
        entries.sort_indices()
        real = np.iscomplexobj(entries.data) and not np.any(entries.data.imag)
        self.matrix = entries.real if real else entries.astype(np.result_type(entries.dtype, float))

    @property
    def dimension(self) -> int:
        """The dimension d."""
        return int(self.matrix.shape[0])

    @property
    def is_vector(self) -> bool:
        """Whether it is a state vector."""
        return int(self.matrix.shape[1]) == 1 < self.dimension

    @property
    def is_hermitian(self) -> bool:
        """Whether it is its own adjoint up to rounding."""
        return asymmetry(self.matrix) <= _HERMITIAN

    def __eq__(self, other: object) -> bool:
        """Compare entry by entry."""
        if not isinstance(other, MatrixOperator):
            return NotImplemented
        one, two = self.matrix, other.matrix
        same = one.shape == two.shape and np.array_equal(one.indptr, two.indptr) and np.array_equal(one.indices, two.indices)
        return bool(same and np.array_equal(one.data, two.data))

    def __hash__(self) -> int:
        """Return a hash of the entries."""
        places = self.matrix.indices.astype(np.int64).tobytes()
        values = self.matrix.data.astype(complex) + 0.0  # -0 is 0
        return hash((self.matrix.shape, places, values.tobytes()))

    def __repr__(self) -> str:
        """Return its size."""
        return f"MatrixOperator(dimension={self.dimension}, {self.matrix.nnz} entries)"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Tell pydantic how it is read and written."""
        return _schema("refused")


@dataclasses.dataclass(frozen=True)
class _FromFile:
    """What a list of numbers, not of rows, stands for in files."""

    flat: Flat

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return _schema(self.flat)


def _schema(flat: Flat) -> core_schema.CoreSchema:
    """Return how pydantic reads and writes a matrix."""
    entry = core_schema.tuple_positional_schema(
        [core_schema.int_schema(), core_schema.int_schema(), core_schema.float_schema(), core_schema.float_schema()]
    )
    fields = {
        "kind": core_schema.typed_dict_field(core_schema.literal_schema(["matrix"])),
        "dimension": core_schema.typed_dict_field(core_schema.int_schema(ge=1)),
        "is_vector": core_schema.typed_dict_field(core_schema.bool_schema(), required=False),
        "entries": core_schema.typed_dict_field(core_schema.list_schema(entry)),
    }
    table = core_schema.no_info_after_validator_function(
        _from_table, core_schema.typed_dict_schema(fields, extra_behavior="forbid")
    )
    rows = core_schema.no_info_plain_validator_function(lambda value: MatrixOperator(read_matrix(value, flat)))
    return core_schema.json_or_python_schema(
        json_schema=core_schema.tagged_union_schema(
            {"table": table, "rows": rows}, lambda value: "table" if isinstance(value, dict) else "rows"
        ),
        python_schema=core_schema.is_instance_schema(MatrixOperator),
        serialization=core_schema.plain_serializer_function_ser_schema(_written),
    )


def _from_table(table: dict[str, Any]) -> MatrixOperator:
    size = table["dimension"]
    shape = (size, 1 if table.get("is_vector", False) else size)
    for row, column, *_ in table["entries"]:
        if not (0 <= row < shape[0] and 0 <= column < shape[1]):
            raise MachineError(f"`entries` of a matrix of shape {shape} must lie in it, but one is at ({row}, {column}).")
    rows, columns = ([entry[k] for entry in table["entries"]] for k in (0, 1))
    values = np.array([complex(entry[2], entry[3]) for entry in table["entries"]], dtype=complex)
    return MatrixOperator(scipy.sparse.coo_array((values, (rows, columns)), shape=shape))


def _written(operator: MatrixOperator) -> list[Any] | dict[str, Any]:
    if operator.matrix.nnz > _WRITTEN:
        raise ValueError(f"An operator of {operator.matrix.nnz} entries is not written.")
    if operator.dimension <= READABLE:
        return write_matrix(operator.matrix.toarray())
    entries = scipy.sparse.coo_array(operator.matrix)
    values = np.asarray(entries.data, dtype=complex).tolist()
    listed = zip(entries.row.tolist(), entries.col.tolist(), values, strict=True)
    table = {"kind": "matrix", "dimension": operator.dimension, "entries": [[i, j, x.real, x.imag] for i, j, x in listed]}
    return table | {"is_vector": True} if operator.is_vector else table


Operator = str | MatrixOperator
if TYPE_CHECKING:
    AnyOperator = Any
    AnyHamiltonian = Any
    AnyState = Any
else:  # what a file may hold
    AnyOperator = str | MatrixOperator
    AnyHamiltonian = Annotated[MatrixOperator, _FromFile("energies")]
    AnyState = Annotated[MatrixOperator, _FromFile("vector")]


def is_qobj(value: Any) -> bool:
    """Tell whether a value is an object of QuTiP, without importing it."""
    return hasattr(value, "full") and hasattr(value, "isoper")


def as_operator(value: Any, what: str, owner: str) -> Operator:
    """Return a name as it is, and a QuTiP operator or a square matrix as a `MatrixOperator`, or raise `MachineError`.

    Examples
    --------
    >>> as_operator(np.diag([0.0, 1.0]), "operator", "an example").dimension
    2
    """
    if isinstance(value, (str, MatrixOperator)):
        return value
    if is_qobj(value):
        if not value.isoper:
            raise MachineError(f"`{what}` of {owner} must be an operator, but is a Qobj of type {value.type!r}.")
        value = value.full()
    if scipy.sparse.issparse(value):
        matrix = scipy.sparse.coo_array(value)
    else:
        try:
            array = np.asarray(value, dtype=complex)
        except (TypeError, ValueError, OverflowError):
            array = np.empty(0)
        if array.ndim != 2:
            raise MachineError(
                f"`{what}` of {owner} must be a QuTiP operator, a square matrix or the name of a standard operator, but "
                f"is {_validate.shown(value)}."
            )
        matrix = scipy.sparse.coo_array(array)
    if matrix.shape[0] != matrix.shape[1]:
        raise MachineError(f"`{what}` of {owner} must be a square matrix, but has the shape {matrix.shape}.")
    if not matrix.shape[0]:
        raise MachineError(f"`{what}` of {owner} must have at least one state, but is empty.")
    if not np.all(np.isfinite(matrix.data)):
        raise MachineError(f"`{what}` of {owner} must be finite, but holds {matrix.data[~np.isfinite(matrix.data)][0]}.")
    return MatrixOperator(matrix)


def as_hamiltonian(value: Any, what: str, owner: str) -> MatrixOperator:
    """Return a Hermitian operator, or a diagonal one from a list of energies, or raise `MachineError`."""
    is_list = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1
    if is_list and len(value) and not any(isinstance(entry, Iterable) and not isinstance(entry, str) for entry in value):
        return MatrixOperator(np.diag(_validate.reals(value, what, owner)))
    try:
        operator = as_operator(value, what, owner)
    except MachineError as error:
        raise MachineError(str(error).replace(" or the name of a standard operator", " or a list of energies")) from None
    if isinstance(operator, str):
        raise MachineError(
            f"`{what}` of {owner} must be a QuTiP operator, a matrix or a list of energies, but is {_validate.shown(value)}."
        )
    if not operator.is_hermitian:
        raise MachineError(
            f"`{what}` of {owner} must be Hermitian, but it and its adjoint differ by {asymmetry(operator.matrix):.3g} of its "
            "largest entry. Add the missing adjoint terms."
        )
    return operator


def as_state(state: Any, owner: str) -> MatrixOperator:
    """Return a density matrix, or a state vector as one column."""
    if is_qobj(state):
        if not (state.isket or state.isoper):
            raise MachineError(f"`state` of {owner} must be a density matrix or a ket, but is a Qobj of type {state.type!r}.")
        state = state.full()
    if not isinstance(state, (str, MatrixOperator)) and not scipy.sparse.issparse(state):
        try:
            array = np.asarray(state, dtype=complex)
        except (TypeError, ValueError, OverflowError):
            raise MachineError(
                f"`state` of {owner} must be a QuTiP state, a matrix or a vector, but is {_validate.shown(state)}."
            ) from None
        is_vector = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
        if is_vector and array.size > 1:
            if not np.all(np.isfinite(array)):
                raise MachineError(f"`state` of {owner} must be finite, but holds {array[~np.isfinite(array)][0]}.")
            return MatrixOperator(array.reshape(-1, 1))
        state = array
    operator = as_operator(state, "state", owner)
    if isinstance(operator, str):
        raise MachineError(f"`state` of {owner} must be a QuTiP state or a matrix, but is {_validate.shown(operator)}.")
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
            f"'|j><k|' for basis states j and k; other operators are given as matrices ([[0, 1], [1, 0]]) or, in Python, as "
            "QuTiP operators."
        )
    row, column = int(transition[1]), int(transition[2])
    if max(row, column) >= dimension:
        raise MachineError(
            f"The operator {name!r} must name two of the {dimension} basis states of {owner}, 0 to {dimension - 1}."
        )
    return scipy.sparse.csr_array(([1.0], ([row], [column])), shape=(dimension, dimension))
