"""Dissipators of weak coupling in the secular approximation, from transitions between Floquet modes (or eigenstates).

An operator is given by its elements x |a><b|, each with the frequency w by which it lowers the energy: X = sum_w X(w), and
D = sum_w S(w) (X(w) rho X(w)^dag - {X(w)^dag X(w), rho}/2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.superoperator import sandwich, trace_row

# Elements below this share of the largest are rounding, and no transitions.
_ROUNDING = 1e-13
# How many transitions, the fastest, are compared with each other.
_COMPARED = 400


@dataclass(frozen=True)
class Transitions:
    """The elements of one operator, in groups of one frequency each.

    Parameters
    ----------
    to, out : (n,) arrays of int
        a and b of the elements x |a><b|.
    harmonic : (n,) array of int
        k: the drive gives k quanta of its frequency to the operator.
    values : (n,) array
        x.
    frequencies : (n,) array
        w = eps_b - eps_a - k Omega.
    starts : (g + 1,) array of int
        Where each group starts, and n.
    """

    to: IntArray
    out: IntArray
    harmonic: IntArray
    values: ComplexArray
    frequencies: FloatArray
    starts: IntArray

    @classmethod
    def of(cls, components: ComplexArray, energies: FloatArray, frequency: float, grouping: float) -> Transitions:
        """Return the transitions of an operator from its Fourier components X_k (2 K + 1, d, d), k from -K to K.

        Frequencies that follow each other within `grouping` make one group.

        Examples
        --------
        >>> found = Transitions.of(np.array([[[0.0, 1.0], [1.0, 0.0]]]), np.array([0.0, 2.0]), 1.0, 1e-9)
        >>> found.frequencies, found.starts
        (array([-2.,  2.]), array([0, 1, 2]))
        """
        harmonic, to, out = np.nonzero(np.abs(components) > _ROUNDING * np.max(np.abs(components), initial=0.0))
        values = components[harmonic, to, out]
        harmonic = harmonic - len(components) // 2
        frequencies = energies[out] - energies[to] - frequency * harmonic
        order = np.argsort(frequencies, kind="stable")
        new = np.flatnonzero(np.diff(frequencies[order]) > grouping) + 1
        starts = np.unique(np.concatenate([[0], new, [len(order)]])).astype(np.intp)
        return cls(to[order], out[order], harmonic[order], values[order], frequencies[order], starts)

    @cached_property
    def means(self) -> FloatArray:
        """The mean frequency of each group."""
        return np.add.reduceat(self.frequencies, self.starts[:-1]) / np.diff(self.starts) if len(self.values) else np.zeros(0)

    @cached_property
    def weights(self) -> FloatArray:
        """The sum of |x|^2 of each group."""
        return np.add.reduceat(np.abs(self.values) ** 2, self.starts[:-1]) if len(self.values) else np.zeros(0)

    @cached_property
    def pairs(self) -> tuple[IntArray, IntArray, IntArray]:
        """All pairs of elements of one group, and the group."""
        sizes = np.diff(self.starts)
        first, second, group = [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)], [np.empty(0, dtype=np.intp)]
        for size in np.unique(sizes):
            of_size = np.flatnonzero(sizes == size)
            i, j = np.indices((size, size)).reshape(2, -1)
            first.append((self.starts[of_size][:, None] + i).ravel())
            second.append((self.starts[of_size][:, None] + j).ravel())
            group.append(np.repeat(of_size, size**2))
        return np.concatenate(first), np.concatenate(second), np.concatenate(group)

    def outflow(self, amounts: FloatArray, size: int) -> Any:
        """Return sum_g amount_g X_g^dag X_g as a sparse matrix."""
        i, j, group = self.pairs
        same = self.to[i] == self.to[j]
        i, j, group = i[same], j[same], group[same]
        entries = amounts[group] * self.values[i].conj() * self.values[j]
        return scipy.sparse.csr_array((entries, (self.out[i], self.out[j])), shape=(size, size))

    def dissipator(self, rates: FloatArray, size: int) -> Any:
        """Return sum_g S_g (X_g rho X_g^dag - {X_g^dag X_g, rho}/2) as a superoperator on column-stacked matrices."""
        i, j, group = self.pairs
        entries = rates[group] * self.values[i] * self.values[j].conj()
        places = (self.to[i] + size * self.to[j], self.out[i] + size * self.out[j])
        inflow = scipy.sparse.csr_array((entries, places), shape=(size**2, size**2))
        half = 0.5 * self.outflow(rates, size)
        one = scipy.sparse.eye_array(size, format="csr")
        return inflow - sandwich(half, one) - sandwich(one, half)

    def neglected(self, rates: FloatArray) -> float:
        """Return the largest sqrt(gamma_g gamma_g')/|w_g - w_g'|: what the secular approximation takes to be small."""
        fast = np.argsort(rates * self.weights)[::-1][:_COMPARED]
        gamma, w = (rates * self.weights)[fast], self.means[fast]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.sqrt(np.outer(gamma, gamma)) / np.abs(w[:, None] - w)
        np.fill_diagonal(ratio, 0.0)
        return float(np.max(ratio, initial=0.0))


@dataclass(frozen=True)
class Jumps:
    """Transitions with the rate of each group: what one contact does.

    Parameters
    ----------
    transitions : Transitions
    rates : (g,) array
        S at the mean frequency of each group.
    """

    transitions: Transitions
    rates: FloatArray

    @classmethod
    def of(cls, transitions: Transitions, spectrum: Callable[[FloatArray], FloatArray]) -> Jumps:
        """Take the rates from a spectrum."""
        return cls(transitions, np.asarray(spectrum(transitions.means)))

    def dissipator(self, size: int) -> Any:
        """Return the superoperator."""
        return self.transitions.dissipator(self.rates, size)

    def quanta(self, size: int) -> ComplexArray:
        """Return the row l with l . vec(rho) = sum_g S_g w_g Tr X_g^dag X_g rho: the energy given per unit time."""
        return trace_row(self.transitions.outflow(self.rates * self.transitions.means, size))

    def fastest(self, size: int) -> float:
        """Return the largest rate at which a mode is left."""
        return float(np.max(np.real(self.transitions.outflow(self.rates, size).diagonal()), initial=0.0))


def frame_shift(every: Sequence[Transitions], size: int) -> tuple[FloatArray, float]:
    """Return the smallest changes of the energies that make the frequencies of each group equal, and by how much they fail to.

    In the frame that turns with the changed energies the dissipators are constant.
    """
    rows: list[Any] = []
    excess: list[FloatArray] = []
    for found in every:
        first = np.repeat(found.starts[:-1], np.diff(found.starts))
        count = np.arange(len(first))
        spots = np.concatenate([found.out, found.to, found.out[first], found.to[first]])
        signs = np.repeat([1.0, -1.0, -1.0, 1.0], len(first))
        rows.append(scipy.sparse.csr_array((signs, (np.tile(count, 4), spots)), shape=(len(first), size)))
        excess.append(found.frequencies[first] - found.frequencies)
    matrix, wanted = scipy.sparse.vstack(rows, format="csr"), np.concatenate(excess)
    shift = np.linalg.pinv((matrix.T @ matrix).toarray(), rcond=1e-10, hermitian=True) @ (matrix.T @ wanted)
    return shift, float(np.max(np.abs(matrix @ shift - wanted), initial=0.0))
