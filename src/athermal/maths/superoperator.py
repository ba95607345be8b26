"""Superoperators as sparse matrices on column-stacked density matrices.

A density matrix rho of dimension d is the vector of its columns, as in QuTiP; rho -> A rho B is the matrix B^T (x) A.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, Matrix


def stacked(density: Matrix) -> ComplexArray:
    """Return a matrix as the vector of its columns.

    Examples
    --------
    >>> stacked(np.array([[1.0, 2.0], [3.0, 4.0]])).real
    array([1., 3., 2., 4.])
    """
    return np.asarray(density, dtype=complex).ravel(order="F")


def unstacked(vector: ComplexArray) -> ComplexArray:
    """Return the matrix of a vector of columns."""
    size = round(np.sqrt(len(vector)))
    return np.asarray(vector).reshape(size, size, order="F")


def trace_row(operator: Any) -> ComplexArray:
    """Return the row l with l . vec(rho) = Tr(A rho)."""
    dense = operator.toarray() if scipy.sparse.issparse(operator) else np.asarray(operator)
    return np.asarray(dense, dtype=complex).ravel(order="C")


def sandwich(left: Any, right: Any) -> Any:
    """Return the superoperator rho -> A rho B."""
    return scipy.sparse.kron(scipy.sparse.csr_array(right).T, scipy.sparse.csr_array(left), format="csr")


def commutator(hamiltonian: Any) -> Any:
    """Return the superoperator rho -> -i [H, rho]."""
    one = scipy.sparse.eye_array(hamiltonian.shape[0], format="csr")
    return -1j * (sandwich(hamiltonian, one) - sandwich(one, hamiltonian))


def dense(matrix: Any) -> ComplexArray:
    """Return a matrix as a dense array."""
    return np.asarray(matrix.toarray() if scipy.sparse.issparse(matrix) else matrix, dtype=complex)
