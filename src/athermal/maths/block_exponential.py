"""Exponentials of a sparse generator by the blocks that it does not mix."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.tensor import sectors

Blocks = list[ComplexArray]


class BlockExponential:
    """e^{Lt} of a constant sparse generator L.

    Parameters
    ----------
    generator : (n, n) sparse matrix

    Examples
    --------
    >>> decay = BlockExponential(scipy.sparse.csr_array(np.array([[-1.0, 0.0, 2.0], [0.0, -3.0, 0.0], [1.0, 0.0, -2.0]])))
    >>> rows = decay.rows(np.array([[1.0, 0.0, 1.0]]), decay.at(0.7))
    >>> rows.real.round(12)  # columns add up to zero: the first and last stay
    array([[1., 0., 1.]])
    """

    def __init__(self, generator: Any) -> None:
        by_size: dict[int, list[Any]] = {}
        for sector in sectors([generator], generator.shape[0]):
            by_size.setdefault(len(sector), []).append(sector)
        self.indices = [np.array(group) for group in by_size.values()]
        self._blocks = [
            np.stack([np.asarray(generator[index][:, index].toarray(), dtype=complex) for index in group])
            for group in self.indices
        ]

    def at(self, duration: float) -> Blocks:
        """Return the blocks of e^{Lt}, those of one size stacked."""
        return [scipy.linalg.expm(duration * blocks) for blocks in self._blocks]

    def columns(self, exponential: Blocks, vector: ComplexArray) -> ComplexArray:
        """Return e^{Lt} v."""
        result = np.zeros_like(vector, dtype=complex)
        for index, block in zip(self.indices, exponential, strict=True):
            result[index] = np.einsum("nij,nj->ni", block, vector[index])
        return result

    def rows(self, rows: ComplexArray, exponential: Blocks) -> ComplexArray:
        """Return l e^{Lt} for each of the rows l."""
        result = np.zeros_like(rows, dtype=complex)
        for index, block in zip(self.indices, exponential, strict=True):
            result[:, index] = np.einsum("sni,nij->snj", rows[:, index], block)
        return result


class AugmentedExponential:
    """e^{Lt} of a constant generator by the blocks that it does not mix, and the integrals of rows l over its course.

    Parameters
    ----------
    generator : (n, n) real array
    rows : (s, n) real array
        In the unit of L.
    duration : float

    Examples
    --------
    >>> found = AugmentedExponential(np.array([[-2.0]]), np.array([[1.0]]), 1.0)
    >>> state, (total,) = found(np.array([3.0]))
    >>> bool(abs(total - 3.0 * (1.0 - np.exp(-2.0)) / 2.0) < 1e-15)
    True
    """

    def __init__(self, generator: FloatArray, rows: FloatArray, duration: float) -> None:
        n_rows = len(rows)
        self._pieces: list[tuple[IntArray, FloatArray, FloatArray | None]] = []
        for sector in sectors([generator], len(generator)):
            block, below = generator[np.ix_(sector, sector)], rows[:, sector]
            if not np.any(below):
                self._pieces.append((sector, scipy.linalg.expm(duration * block), None))
                continue
            whole = np.zeros((len(block) + n_rows,) * 2)
            whole[: len(block), : len(block)], whole[len(block) :, : len(block)] = block, below
            found = scipy.linalg.expm(duration * whole)[:, : len(block)]
            self._pieces.append((sector, found[: len(block)], found[len(block) :]))
        self._n_rows = n_rows

    def __call__(self, vector: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return e^{Lt} v and the integrals of l e^{Ls} v."""
        state, total = np.zeros(len(vector)), np.zeros(self._n_rows)
        for sector, block, below in self._pieces:
            state[sector] = block @ vector[sector]
            if below is not None:
                total += below @ vector[sector]
        return state, total

    def size(self) -> float:
        """Return how many bytes it takes."""
        return float(sum(block.nbytes for _, block, _ in self._pieces))
