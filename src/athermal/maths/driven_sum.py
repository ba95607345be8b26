"""Operators sum_a v_a(t) K_a with sparse K_a, and the half of a Hermitian one that its conjugate completes.

U^dag X U of a Hermitian X = P + P^dag, P its upper triangle, is M + M^dag with M = U^dag P U; where X couples few levels, as of a
qubit, half of the rows of P are zero, and so half of the work is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix

Values = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class DrivenSum:
    """The operator sum_a v_a(t) K_a.

    Parameters
    ----------
    matrices : sequence of (d, d) sparse matrices
        K_a.
    values : callable
        Times (T,) -> v_a, shape (T, terms).
    """

    matrices: tuple[Any, ...]
    values: Values

    @property
    def size(self) -> int:
        """The dimension d."""
        return int(self.matrices[0].shape[0])

    @cached_property
    def _common(self) -> tuple[Any, Matrix]:
        """One sparsity pattern for all matrices, and the entries (terms, nnz) of each in it."""
        pattern = scipy.sparse.csr_array((self.size, self.size))
        for matrix in self.matrices:
            pattern = pattern + abs(matrix).astype(bool).astype(float)
        pattern.sort_indices()
        place = scipy.sparse.csr_array((np.arange(1.0, pattern.nnz + 1.0), pattern.indices, pattern.indptr), shape=pattern.shape)
        kind = np.result_type(float, *(matrix.dtype for matrix in self.matrices))
        data = np.zeros((len(self.matrices), pattern.nnz), dtype=kind)
        for row, matrix in zip(data, self.matrices, strict=True):
            entries = scipy.sparse.coo_array(_canonical(matrix))
            kept = entries.data != 0.0
            if not np.any(kept):  # SciPy indexes with empty arrays into a sparse result
                continue
            where = np.asarray(place[entries.row[kept], entries.col[kept]]).ravel().astype(np.intp) - 1
            row[where] = entries.data[kept]
        return pattern, data

    def at(self, time: float) -> Any:
        """Return the sparse matrix at one time."""
        return self.combine(self.values(np.array([time]))[0])

    def combine(self, amounts: FloatArray) -> Any:
        """Return sum_a amounts_a K_a."""
        pattern, data = self._common
        entries = (amounts @ data).astype(complex)  # products with complex states would convert it each time
        return scipy.sparse.csr_array((entries, pattern.indices, pattern.indptr), shape=pattern.shape)

    def restricted(self, index: IntArray) -> DrivenSum:
        """Return it on a set of basis states that it does not leave."""
        return DrivenSum(tuple(matrix[index][:, index] for matrix in self.matrices), self.values)

    def half(self) -> HalfSum:
        """Return the half of it that its Hermitian conjugate completes."""
        uppers = [upper_half(matrix) for matrix in self.matrices]
        rows = np.unique(np.concatenate([np.flatnonzero(np.diff(upper.indptr)) for upper in uppers]))
        return HalfSum(rows, tuple(upper[rows].astype(complex) for upper in uppers), self.values)


@dataclass(frozen=True)
class HalfSum:
    """Rows, all others zero, of an upper triangle P(t) = sum_a v_a(t) P_a, for the Hermitian operator P + P^dag."""

    rows: IntArray
    matrices: tuple[Any, ...]
    values: Values

    def products(self, times: FloatArray, weights: FloatArray, states: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return M and N of shape (rows * T, n), for states (d, T, n), for which sum_t w_t psi^dag P psi = M^dag N."""
        _, n_times, width = states.shape
        amounts = weights[:, None] * self.values(times)
        total = np.zeros((len(self.rows), n_times, width), dtype=complex)
        for amount, matrix in zip(amounts.T, self.matrices, strict=True):
            total += amount[:, None] * (matrix @ states.reshape(len(states), -1)).reshape(total.shape)
        return states[self.rows].reshape(-1, width), total.reshape(-1, width)


def upper_half(matrix: Any) -> Any:
    """Return P of a sparse Hermitian matrix P + P^dag: what lies above the diagonal, and half of that."""
    upper = scipy.sparse.triu(_canonical(scipy.sparse.csr_array(matrix)), format="csr")
    upper.setdiag(0.5 * upper.diagonal())
    upper.eliminate_zeros()
    return upper


def pulled_back(matrix: Any, unitary: ComplexArray) -> ComplexArray:
    """Return U^dag X U of a sparse Hermitian X and a unitary U."""
    # A multiple of the identity stays what it is: without the diagonal's commonest value fewer rows are left.
    levels, counts = np.unique(np.real(matrix.diagonal()), return_counts=True)
    level = float(levels[np.argmax(counts)])
    upper = upper_half(matrix - level * scipy.sparse.eye_array(matrix.shape[0], format="csr"))
    rows = np.flatnonzero(np.diff(upper.indptr))
    half = unitary[rows].conj().T @ (upper[rows] @ unitary)
    total = half + half.conj().T
    total[np.diag_indices_from(total)] += level
    return np.asarray(total)


def _canonical(matrix: Any) -> Any:
    """Return a sparse matrix that holds each entry once."""
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix
