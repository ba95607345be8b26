"""Linear maps x -> F(x) = sum_i x_i F_i onto Hermitian matrices, by their few entries or in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix

# Rows of the metric that are worked out at once, and entries of the F_i in a frame.
_BLOCK, _CHUNK = 64, 2**21


class Span(Protocol):
    """The linear map x -> F(x) = sum_i x_i F_i onto Hermitian matrices."""

    @property
    def size(self) -> int:
        """The dimension of the matrices."""

    def __len__(self) -> int:
        """Return the number of F_i."""

    def matrix(self, x: FloatArray) -> Matrix:
        """Return F(x)."""

    def adjoint(self, z: Matrix) -> FloatArray:
        """Return Tr(F_i Z) for each i, Z Hermitian."""

    def metric(self, frame: Matrix) -> FloatArray:
        """Return Tr(F_i G F_j G) with G = frame^dag frame, shape (m, m)."""

    def columns_in(self, frame: Matrix) -> FloatArray:
        """Return frame F_i frame^dag as columns of n^2 real numbers, whose inner products are the metric."""


@dataclass(frozen=True)
class EntrySpan:
    """F_i = sum_s (values_is E[rows_is, columns_is] + h.c.), with few entries each, all off the diagonal.

    Parameters
    ----------
    size : int
    rows, columns : (m, k) array of int
    values : (m, k) array

    Examples
    --------
    >>> flip = EntrySpan(2, np.array([[0]]), np.array([[1]]), np.array([[1.0 + 0j]]))
    >>> flip.adjoint(np.array([[1.0, 0.25], [0.25, 1.0]]))
    array([0.5])
    """

    size: int
    rows: IntArray
    columns: IntArray
    values: ComplexArray

    def __len__(self) -> int:
        """Return the number of F_i."""
        return len(self.rows)

    def matrix(self, x: FloatArray) -> Matrix:
        """Return F(x)."""
        half = np.zeros((self.size, self.size), dtype=complex)
        np.add.at(half, (self.rows, self.columns), x[:, None] * self.values)
        return np.asarray(half + half.conj().T)

    def adjoint(self, z: Matrix) -> FloatArray:
        """Return Tr(F_i Z) for each i, Z Hermitian."""
        return np.asarray(2.0 * np.real(np.sum(self.values * z[self.columns, self.rows], axis=1)))

    def metric(self, frame: Matrix) -> FloatArray:
        """Return Tr(F_i G F_j G) = 2 Re sum_st [v_s v_t G_ct_rs G_cs_rt + v_s v_t* G_rt_rs G_cs_ct], G = frame^dag frame."""
        g, count = frame.conj().T @ frame, len(self)
        total = np.zeros((count, count))
        entries = list(zip(self.rows.T, self.columns.T, self.values.T, strict=True))
        for first in range(0, count, _BLOCK):  # by blocks of rows, from the diagonal on
            part = slice(first, first + _BLOCK)
            block = np.zeros((len(self.rows[part]), count - first), dtype=complex)
            for r, c, v in entries:
                left, right = v[part, None] * g[c[part]], g[:, r[part]].T
                for r_other, c_other, v_other in ((r[first:], c[first:], v[first:]) for r, c, v in entries):
                    block += left[:, r_other] * right[:, c_other] * v_other
                    block += left[:, c_other] * right[:, r_other] * v_other.conj()
            total[part, first:] = 2.0 * block.real
        upper = np.triu(total)
        return np.asarray(upper + np.triu(upper, 1).T)

    def columns_in(self, frame: Matrix) -> FloatArray:
        """Return frame F_i frame^dag as columns of n^2 real numbers, whose inner products are the metric."""
        found = np.empty((self.size**2, len(self)))
        for first in range(0, len(self), step := max(1, _CHUNK // self.size**2)):
            part = slice(first, first + step)
            left = np.moveaxis(frame[:, self.rows[part]] * self.values[part], 0, -1)  # (m, k, n): sum_k left_ka right_bk
            right = np.moveaxis(frame[:, self.columns[part]].conj(), 0, 1)  # (m, n, k)
            half = (right @ left).swapaxes(1, 2)
            found[:, part] = _as_real(half + half.conj().swapaxes(1, 2)).T
        return found


@dataclass(frozen=True)
class MatrixSpan:
    """F_i given as full Hermitian matrices.

    Parameters
    ----------
    matrices : (m, n, n) array

    Examples
    --------
    >>> MatrixSpan(np.array([[[0.0, 1.0], [1.0, 0.0]]])).metric(np.eye(2))
    array([[2.]])
    """

    matrices: Matrix

    @property
    def size(self) -> int:
        """The dimension of the matrices."""
        return int(self.matrices.shape[1])

    def __len__(self) -> int:
        """Return the number of F_i."""
        return len(self.matrices)

    def matrix(self, x: FloatArray) -> Matrix:
        """Return F(x)."""
        return np.asarray(np.tensordot(x, self.matrices, axes=1))

    def adjoint(self, z: Matrix) -> FloatArray:
        """Return Tr(F_i Z) for each i, Z Hermitian."""
        return np.real(self.matrices.reshape(len(self), self.size**2) @ z.T.ravel())

    def metric(self, frame: Matrix) -> FloatArray:
        """Return Tr(F_i G F_j G) with G = frame^dag frame, shape (m, m)."""
        columns = self.columns_in(frame)
        return np.asarray(columns.T @ columns)

    def columns_in(self, frame: Matrix) -> FloatArray:
        """Return frame F_i frame^dag as columns of n^2 real numbers, whose inner products are the metric."""
        return _as_real(frame @ self.matrices @ frame.conj().T).T


def _as_real(matrices: Matrix) -> FloatArray:
    """Return Hermitian matrices (m, n, n) as (m, n^2) real numbers with the same inner products."""
    upper = np.triu_indices(matrices.shape[1], 1)
    off = np.sqrt(2.0) * matrices[:, *upper]
    return np.concatenate([np.real(np.diagonal(matrices, axis1=1, axis2=2)), off.real, off.imag], axis=1)
