"""Superoperators as sparse matrices on column-stacked density matrices, and dissipators of weak coupling.

A density matrix rho of dimension d is the vector of its columns, as in QuTiP; rho -> A rho B is the matrix B^T (x) A.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, Matrix

# Matrix elements below this share of the largest are rounding, and no transitions.
_ROUNDING = 1e-14


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


def weighted(operator: Matrix, hamiltonian: Matrix, spectrum: Callable[[FloatArray], FloatArray]) -> ComplexArray:
    """Return (1/2) sum_w S(w) X(w), where X(w) is the part of X that lowers the energy by w.

    Examples
    --------
    >>> lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> weighted(lower, np.diag([0.0, 2.0]), lambda w: w**2).real
    array([[0., 2.],
           [0., 0.]])
    """
    energies, vectors = np.linalg.eigh(hamiltonian)
    inside = vectors.conj().T @ operator @ vectors
    rates = spectrum(energies[None, :] - energies[:, None])
    return np.asarray(vectors @ (0.5 * rates * inside) @ vectors.conj().T)


def eigenoperators(operator: Matrix, hamiltonian: Matrix, grouping: float) -> list[tuple[float, ComplexArray]]:
    """Return the pairs (w, X(w)): the parts of X that lower the energy by w, frequencies closer than `grouping` taken as one."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    inside = vectors.conj().T @ operator @ vectors
    rows, columns = np.nonzero(np.abs(inside) > _ROUNDING * np.max(np.abs(inside), initial=0.0))
    frequencies = energies[columns] - energies[rows]
    order = np.argsort(frequencies, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(frequencies[order]) > grouping) + 1) if len(order) else []
    found = []
    for group in groups:
        part = np.zeros_like(inside, dtype=complex)
        part[rows[group], columns[group]] = inside[rows[group], columns[group]]
        found.append((float(np.mean(frequencies[group])), vectors @ part @ vectors.conj().T))
    return found


def redfield(operator: Any, half_rates: Any) -> Any:
    """Return the Redfield dissipator Z rho X^dag - X^dag Z rho + h.c. with Z = (1/2) sum_w S(w) X(w), without Lamb shift.

    H.-P. Breuer and F. Petruccione, The Theory of Open Quantum Systems (2002), section 3.3.
    """
    x, z = scipy.sparse.csr_array(operator), scipy.sparse.csr_array(half_rates)
    one = scipy.sparse.eye_array(x.shape[0], format="csr")
    back = x.conj().T
    return sandwich(z, back) - sandwich(back @ z, one) + sandwich(x, z.conj().T) - sandwich(one, z.conj().T @ x)


def lindblad(operator: Any) -> Any:
    """Return the dissipator X rho X^dag - {X^dag X, rho}/2 (Gorini, Kossakowski, Sudarshan 1976; Lindblad 1976)."""
    return redfield(operator, 0.5 * scipy.sparse.csr_array(operator))
