"""Superoperators as sparse matrices on column-stacked density matrices, and dissipators of weak coupling.

A density matrix rho of dimension d is the vector of its columns, as in QuTiP; rho -> A rho B is the matrix B^T (x) A.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    present = np.abs(inside) > _ROUNDING * np.max(np.abs(inside), initial=0.0)
    rates = np.zeros(inside.shape)
    rates[present] = spectrum((energies[None, :] - energies[:, None])[present])
    return np.asarray(vectors @ (0.5 * rates * inside) @ vectors.conj().T)


def eigenoperators(operators: Sequence[Matrix], hamiltonian: Matrix, grouping: float) -> list[tuple[float, list[ComplexArray]]]:
    """Return the pairs (w, X_a(w)): the parts of each X_a that lower the energy by w.

    Frequencies closer than `grouping` to their neighbours are taken as one, the same for all operators.

    Examples
    --------
    >>> ((w, (part,)),) = eigenoperators([np.array([[0.0, 1.0], [0.0, 0.0]])], np.diag([0.0, 2.0]), 1e-9)
    >>> w, part.real.tolist()
    (2.0, [[0.0, 1.0], [0.0, 0.0]])
    """
    energies, vectors = np.linalg.eigh(hamiltonian)
    inside = np.array([vectors.conj().T @ operator @ vectors for operator in operators])
    largest = np.max(np.abs(inside), axis=0)
    rows, columns = np.nonzero(largest > _ROUNDING * np.max(largest, initial=0.0))
    frequencies = energies[columns] - energies[rows]
    order = np.argsort(frequencies, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(frequencies[order]) > grouping) + 1) if len(order) else []
    found = []
    for group in groups:
        part = np.zeros_like(inside, dtype=complex)
        part[:, rows[group], columns[group]] = inside[:, rows[group], columns[group]]
        found.append((float(np.mean(frequencies[group])), list(vectors @ part @ vectors.conj().T)))
    return found


def redfield(operators: Sequence[Any], half_rates: Sequence[Any]) -> Any:
    """Return the dissipator sum_n Z_n rho X_n^dag - X_n^dag Z_n rho + h.c., sparse if the operators are.

    With Z = (1/2) sum_w S(w) X(w) it is Redfield's without Lamb shift (H.-P. Breuer and F. Petruccione, Theory of Open Quantum
    Systems (2002), section 3.3); with pairs X(w), Z(w) = S(w) X(w)/2 it is that of Gorini, Kossakowski, Sudarshan and Lindblad
    (1976).

    Parameters
    ----------
    operators, half_rates : sequences of (d, d) matrices
        X_n and Z_n.

    Examples
    --------
    >>> lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    >>> unstacked(redfield([lower], [0.5 * lower]) @ stacked(np.diag([0.0, 1.0]))).real
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    if not len(operators):
        raise ValueError("A dissipator needs at least one operator.")
    if scipy.sparse.issparse(operators[0]):
        return sum((_redfield(x, z) for x, z in zip(operators, half_rates, strict=True)), start=0.0)
    x, z = np.asarray(operators, dtype=complex), np.asarray(half_rates, dtype=complex)
    size = x.shape[1]
    # (B^T (x) A)[(b, a), (d, c)] = conj(X)_bd Z_ac for Z rho X^dag, conj(Z)_bd X_ac for its adjoint
    flat_x, flat_z = x.reshape(len(x), -1), z.reshape(len(z), -1)
    jumps = flat_x.conj().T @ flat_z
    jumps = (jumps + flat_z.conj().T @ flat_x).reshape(size, size, size, size)
    total = np.ascontiguousarray(jumps.transpose(0, 2, 1, 3)).reshape(size**2, size**2)
    loss, one = np.einsum("nba,nbc->ac", x.conj(), z), np.eye(size)
    return total - np.kron(one, loss) - np.kron(loss.conj(), one)


def _redfield(x: Any, z: Any) -> Any:
    one, back = scipy.sparse.eye_array(x.shape[0], format="csr"), x.conj().T
    return sandwich(z, back) - sandwich(back @ z, one) + sandwich(x, z.conj().T) - sandwich(one, z.conj().T @ x)
