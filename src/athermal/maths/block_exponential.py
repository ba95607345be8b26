"""Exponentials of a sparse generator by the blocks that it does not mix."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from athermal._types import ComplexArray
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
