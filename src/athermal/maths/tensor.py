"""Operators and states on a tensor product of small spaces, and the blocks that operators leave alone.

Flat indices run over the factors in order, the last one fastest, as in `numpy.kron`. A state is held as a factor M of the
density matrix, rho = M M^dag, one column for each pure state of a mixture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix


def strides(dimensions: Sequence[int]) -> IntArray:
    """Return by how much the flat index grows with the index of each factor.

    Examples
    --------
    >>> strides((2, 3, 4))
    array([12,  4,  1])
    """
    sizes = np.asarray(dimensions, dtype=np.intp)
    return np.concatenate([np.cumprod(sizes[:0:-1])[::-1], [1]]).astype(np.intp)


def offsets(positions: Sequence[int], dimensions: Sequence[int]) -> IntArray:
    """Return the flat index of the whole for each flat index of the factors at `positions`, the others at zero."""
    steps = strides(dimensions)
    total = np.zeros(1, dtype=np.intp)
    for position in positions:
        total = (total[:, None] + steps[position] * np.arange(dimensions[position])).ravel()
    return total


def embed(local: Any, positions: Sequence[int], dimensions: Sequence[int]) -> Any:
    """Return an operator of the factors at `positions` as a sparse operator of the whole.

    Parameters
    ----------
    local : sparse or dense (d, d) matrix
        On the factors at `positions`, in that order.
    positions, dimensions : sequence of int

    Examples
    --------
    >>> embed(np.diag([1.0, -1.0]), [1], (2, 2)).diagonal()
    array([ 1., -1.,  1., -1.])
    """
    entries = scipy.sparse.coo_array(local)
    inside = offsets(positions, dimensions)
    outside = offsets([k for k in range(len(dimensions)) if k not in positions], dimensions)
    size = int(np.prod(dimensions))
    rows = (inside[entries.row][:, None] + outside).ravel()
    columns = (inside[entries.col][:, None] + outside).ravel()
    values = np.repeat(entries.data, len(outside))
    return scipy.sparse.csr_array((values, (rows, columns)), shape=(size, size))


def split(factor: ComplexArray, dimensions: Sequence[int], keep: Sequence[int]) -> ComplexArray:
    """Return M with the factors in `keep` as rows and all others, with M's own columns, as columns."""
    shaped = factor.reshape(*dimensions, -1)
    others = [k for k in range(shaped.ndim) if k not in keep]
    size = int(np.prod([dimensions[k] for k in keep]))
    return np.ascontiguousarray(shaped.transpose(*keep, *others).reshape(size, -1))


def reduced(factor: ComplexArray, dimensions: Sequence[int], keep: Sequence[int]) -> ComplexArray:
    """Return the density matrix of the factors in `keep`, Tr_others M M^dag.

    Examples
    --------
    >>> reduced(np.array([[1.0], [0.0], [0.0], [1.0]]) / np.sqrt(2.0), (2, 2), [0]).round(12)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    rows = split(factor, dimensions, keep)
    return np.asarray(rows @ rows.conj().T)


def partial_trace(matrix: Matrix, dimensions: Sequence[int], keep: Sequence[int]) -> Matrix:
    """Return the operator on the factors in `keep`, in that order, with all others traced out; of each of stacked matrices.

    Examples
    --------
    >>> partial_trace(np.kron(np.diag([0.25, 0.75]), np.eye(2)), (2, 2), [0])
    array([[0.5, 0. ],
           [0. , 1.5]])
    """
    traced = [k for k in range(len(dimensions)) if k not in keep]
    if not traced and list(keep) == list(range(len(dimensions))):
        return matrix
    n, lead = len(dimensions), matrix.shape[:-2]
    axes = [*keep, *traced, *(k + n for k in keep), *(k + n for k in traced)]
    kept, rest = (int(np.prod([dimensions[k] for k in group])) for group in (keep, traced))
    shaped = matrix.reshape(-1, *dimensions, *dimensions).transpose(0, *(k + 1 for k in axes))
    return np.asarray(np.einsum("...iaja->...ij", shaped.reshape(*lead, kept, rest, kept, rest)))


def reduced_spectrum(factor: ComplexArray, dimensions: Sequence[int], keep: Sequence[int]) -> FloatArray:
    """Return the eigenvalues of the density matrix of the factors in `keep`, from the smaller side of M.

    The zeros that the smaller side does not show are left out.
    """
    rows = split(factor, dimensions, keep)
    gram = rows @ rows.conj().T if len(rows) <= rows.shape[1] else rows.conj().T @ rows
    return np.asarray(np.linalg.eigvalsh(gram))


def populations(factor: ComplexArray) -> FloatArray:
    """Return the diagonal of M M^dag."""
    return np.asarray(np.einsum("ij,ij->i", factor.real, factor.real) + np.einsum("ij,ij->i", factor.imag, factor.imag))


def sectors(matrices: Iterable[Any], size: int) -> list[IntArray]:
    """Return the smallest sets of basis states that none of the matrices connects.

    Whatever quantity the matrices conserve that is diagonal in this basis (a number of excitations, a parity) shows in
    them, so that all dynamics can be done set by set.

    Examples
    --------
    >>> sectors([np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])], 3)
    [array([0, 1]), array([2])]
    """
    entries = [scipy.sparse.coo_array(matrix) for matrix in matrices]
    present = [entry.data != 0.0 for entry in entries]
    rows = np.concatenate([np.empty(0, dtype=np.intp), *(e.row[p] for e, p in zip(entries, present, strict=True))])
    columns = np.concatenate([np.empty(0, dtype=np.intp), *(e.col[p] for e, p in zip(entries, present, strict=True))])
    graph = scipy.sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(size, size))
    count, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.cumsum(np.bincount(labels, minlength=count))[:-1])
