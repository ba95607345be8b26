"""Dissipators of weak coupling at many instants at once, between the eigenstates of a Hamiltonian of the moment.

A dissipator acts on Hermitian matrices as D rho = M + M^dag with M = G(rho) - K rho, K = sum_n X_n^dag Z_n. Bloch-Redfield:
G(rho) = sum_n Z_n rho X_n^dag with Z = (1/2) sum_w S(w) X(w) (H.-P. Breuer and F. Petruccione, Theory of Open Quantum Systems
(2002), section 3.3). Lindblad: the same with the pairs X(w), S(w) X(w)/2 of every w (E. B. Davies, Commun. Math. Phys. 39, 91
(1974)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.secular import Transitions

# Elements below this share of the largest are rounding, and no transitions.
_ROUNDING = 1e-13
# Superoperators up to this size are held in full.
_DENSE = 64

Spectrum = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Eigenbasis:
    """The eigenstates of a Hamiltonian at some instants.

    Parameters
    ----------
    energies : (T, d) array
    vectors : (T, d, d) array or None
        In columns; None if the matrices are diagonal as they stand.
    """

    energies: FloatArray
    vectors: ComplexArray | None

    @classmethod
    def of(cls, hamiltonians: ComplexArray) -> Eigenbasis:
        """Diagonalise.

        Examples
        --------
        >>> Eigenbasis.of(np.array([np.diag([1.0, 0.0])])).vectors is None
        True
        """
        diagonal = np.einsum("tii->ti", hamiltonians)
        off = np.abs(hamiltonians).sum(axis=(1, 2)) - np.abs(diagonal).sum(axis=1)
        if np.all(off == 0.0):
            return cls(np.real(diagonal), None)
        energies, vectors = np.linalg.eigh(hamiltonians)
        return cls(energies, vectors)

    @property
    def frame(self) -> ComplexArray | None:
        """The eigenvectors of the first instant, None if its matrix is diagonal."""
        return None if self.vectors is None else self.vectors[0]

    @property
    def frequencies(self) -> FloatArray:
        """w_ab = E_b - E_a: what |a><b| takes from the energy, shape (T, d, d)."""
        return np.asarray(self.energies[:, None, :] - self.energies[:, :, None])

    def inside(self, operators: ComplexArray) -> ComplexArray:
        """Return V^dag X V."""
        if self.vectors is None:
            return operators
        return np.asarray(self.vectors.conj().transpose(0, 2, 1) @ operators @ self.vectors)

    def outside(self, operators: ComplexArray) -> ComplexArray:
        """Return V X V^dag."""
        if self.vectors is None:
            return operators
        return np.asarray(self.vectors @ operators @ self.vectors.conj().transpose(0, 2, 1))


class Gain(Protocol):
    """G of some instants."""

    def __call__(self, k: int, states: ComplexArray) -> ComplexArray:
        """Return G(rho) at instant k, for states of shape (n, d, d)."""

    def backwards(self, operators: ComplexArray) -> ComplexArray:
        """Return the A with Tr(H G(rho)) = Tr(A rho), for one H at each instant."""


@dataclass(frozen=True)
class Dissipators:
    """What one bath does at some instants.

    Parameters
    ----------
    gain : Gain
    loss : (T, d, d) array
        K.
    quanta : (T, d, d) array or None
        The observable whose mean is the energy that the bath receives per unit time, sum_w w S(w) X(w)^dag X(w).
    """

    gain: Gain
    loss: ComplexArray
    quanta: ComplexArray | None

    def heat(self, hamiltonians: ComplexArray) -> ComplexArray:
        """Return the observable -D^dag(H), whose mean is the energy that leaves per unit time."""
        half = self.gain.backwards(hamiltonians) - hamiltonians @ self.loss
        return np.asarray(-(half + half.conj().transpose(0, 2, 1)))


@dataclass(frozen=True)
class Products:
    """G(rho) = sum_n Z_n rho X_n^dag.

    Parameters
    ----------
    halves : (T, n, d, d) array
        Z_n.
    backs : (T, n, d, d) array
        X_n^dag.
    """

    halves: ComplexArray
    backs: ComplexArray

    def __call__(self, k: int, states: ComplexArray) -> ComplexArray:
        """Return G(rho)."""
        found = self.halves[k, 0] @ states @ self.backs[k, 0]
        for z, x in zip(self.halves[k, 1:], self.backs[k, 1:], strict=True):
            found = found + z @ states @ x
        return np.asarray(found)

    def backwards(self, operators: ComplexArray) -> ComplexArray:
        """Return sum_n X_n^dag H Z_n."""
        return np.asarray(np.sum(self.backs @ operators[:, None] @ self.halves, axis=1))


def redfield(operators: ComplexArray, basis: Eigenbasis, giving: Spectrum, taking: Spectrum) -> Dissipators:
    """Return the dissipators of a bath coupled by L B^dag + h.c.

    Parameters
    ----------
    operators : (T, d, d) array
        L at each instant.
    basis : Eigenbasis
    giving, taking : callable
        The spectra S(w) of L and of L^dag.
    """
    adjoints = operators.conj().transpose(0, 2, 1)
    w, inside = basis.frequencies, basis.inside(operators)
    inside_adjoint = inside.conj().transpose(0, 2, 1)
    least = _ROUNDING * np.max(np.abs(inside), axis=(1, 2), keepdims=True)
    down = basis.outside(_weighted(inside, w, giving, least))
    up = basis.outside(_weighted(inside_adjoint, w, taking, least))
    if np.array_equal(operators, adjoints):
        halves, backs = (down + up)[:, None], adjoints[:, None]
    else:
        halves, backs = np.stack([down, up], axis=1), np.stack([adjoints, operators], axis=1)
    return Dissipators(Products(halves, backs), np.sum(backs @ halves, axis=1), None)


def _weighted(inside: ComplexArray, w: FloatArray, spectrum: Spectrum, least: FloatArray) -> ComplexArray:
    """Return S(w) X(w)/2, of the elements that are more than rounding."""
    rates, present = np.zeros(inside.shape), np.abs(inside) > least
    if np.any(present):
        rates[present] = spectrum(w[present])
    return np.asarray(0.5 * rates * inside)


@dataclass(frozen=True)
class Pairs:
    """G(rho) in the eigenbasis by its elements: value |a><b| rho |b'><a'|, the instants one after another.

    Parameters
    ----------
    basis : Eigenbasis
    size : int
        d.
    maps : tuple of matrices
        G of each instant on matrices stacked by rows, in the eigenbasis.
    """

    basis: Eigenbasis
    size: int
    maps: tuple[Any, ...]

    def __call__(self, k: int, states: ComplexArray) -> ComplexArray:
        """Return G(rho)."""
        v = None if self.basis.vectors is None else self.basis.vectors[k]
        inside = states if v is None else v.conj().T @ states @ v
        columns = inside.ravel() if len(states) == 1 else inside.reshape(len(states), -1).T
        found = (self.maps[k] @ columns).T.reshape(states.shape)
        return np.asarray(found if v is None else v @ found @ v.conj().T)

    def backwards(self, operators: ComplexArray) -> ComplexArray:
        """Return the A with Tr(H G(rho)) = Tr(A rho): Tr(A rho) is sum A_ba rho_ab."""
        flipped = self.basis.inside(operators).transpose(0, 2, 1).reshape(len(operators), -1)
        if len(self.maps) == 1:  # the same at all instants
            rows = np.asarray((self.maps[0].T @ flipped.T).T)
        else:
            rows = np.stack([one.T @ row for one, row in zip(self.maps, flipped, strict=True)])
        return self.basis.outside(rows.reshape(operators.shape).transpose(0, 2, 1))


def lindblad(operators: ComplexArray, basis: Eigenbasis, giving: Spectrum, taking: Spectrum, grouping: float) -> Dissipators:
    """Return the dissipators of independent jumps X(w), those whose frequencies differ by no more than `grouping` together.

    Parameters as for `redfield`.
    """
    inside = basis.inside(operators)
    channels = [
        _jumps(inside, basis.frequencies, giving, grouping),
        _jumps(inside.conj().transpose(0, 2, 1), basis.frequencies, taking, grouping),
    ]
    count, size, _ = operators.shape
    loss, quanta = np.zeros((2, count * size * size), dtype=complex)
    spots, entries = [], []
    for found, rates in channels:
        i, j, group = found.pairs
        values = 0.5 * rates[group] * found.values[i] * found.values[j].conj()
        node, (to_i, to_j) = found.harmonic[i], (found.to[i], found.to[j])
        spots.append(((node * size + to_i) * size + to_j, found.out[i] * size + found.out[j]))
        entries.append(values)
        same = to_i == to_j
        places = ((node * size + found.out[j]) * size + found.out[i])[same]
        _accumulate(loss, places, values[same])
        _accumulate(quanta, places, (2.0 * found.means[group] * values)[same])
    rows, columns = (np.concatenate(parts) for parts in zip(*spots, strict=True))
    whole = scipy.sparse.csr_array((np.concatenate(entries), (rows, columns)), shape=(count * size**2, size**2), dtype=complex)
    if size**2 <= _DENSE:
        maps = tuple(whole.toarray().reshape(count, size**2, size**2))
    else:
        maps = tuple(whole[k * size**2 : (k + 1) * size**2] for k in range(count))
    shape = (count, size, size)
    return Dissipators(Pairs(basis, size, maps), basis.outside(loss.reshape(shape)), basis.outside(quanta.reshape(shape)))


def _jumps(inside: ComplexArray, w: FloatArray, spectrum: Spectrum, grouping: float) -> tuple[Transitions, FloatArray]:
    """Return the elements of operators in groups of one frequency and instant, the instant in place of a harmonic; and rates."""
    sizes = np.abs(inside)
    node, to, out = np.nonzero(sizes > _ROUNDING * np.max(sizes, axis=(1, 2), keepdims=True))
    frequencies = w[node, to, out]
    order = np.lexsort((frequencies, node))
    node, to, out, frequencies = node[order], to[order], out[order], frequencies[order]
    new = np.flatnonzero((np.diff(frequencies) > grouping) | (np.diff(node) > 0)) + 1
    starts = np.unique(np.concatenate([[0], new, [len(order)]])).astype(np.intp)
    found = Transitions(to, out, node, inside[node, to, out], frequencies, starts)
    return found, np.asarray(spectrum(found.means)) if len(order) else np.zeros(0)


def _accumulate(total: ComplexArray, places: IntArray, values: ComplexArray) -> None:
    """Add values at places, which may repeat."""
    total += np.bincount(places, values.real, len(total)) + 1j * np.bincount(places, values.imag, len(total))


def hermitian_basis(size: int) -> ComplexArray:
    """Return d^2 Hermitian matrices that span all: |a><a|, |a><b| + |b><a| and i(|a><b| - |b><a|).

    Examples
    --------
    >>> len(hermitian_basis(3))
    9
    """
    found = np.zeros((size, size, size, size), dtype=complex)
    for a in range(size):
        found[a, a, a, a] = 1.0
        for b in range(a):
            found[a, b, a, b] = found[a, b, b, a] = 1.0
            found[b, a, a, b], found[b, a, b, a] = 1j, -1j
    return found.reshape(size**2, size, size)


def hermitian_coordinates(state: ComplexArray) -> FloatArray:
    """Return the coordinates of Hermitian matrices (..., d, d) in `hermitian_basis`, shape (..., d^2).

    Examples
    --------
    >>> h = np.array([[1.0, 2.0 - 3.0j], [2.0 + 3.0j, 4.0]])
    >>> bool(np.allclose(np.tensordot(hermitian_coordinates(h), hermitian_basis(2), axes=1), h))
    True
    """
    return np.asarray(np.tril(state.real) + np.triu(state.imag.swapaxes(-1, -2), 1)).reshape(*state.shape[:-2], -1)


def from_hermitian_coordinates(coordinates: FloatArray) -> ComplexArray:
    """Return the Hermitian matrix of coordinates in `hermitian_basis`.

    Examples
    --------
    >>> h = np.array([[1.0, 2.0 - 3.0j], [2.0 + 3.0j, 4.0]])
    >>> bool(np.all(from_hermitian_coordinates(hermitian_coordinates(h)) == h))
    True
    """
    size = math.isqrt(len(coordinates))
    held = coordinates.reshape(size, size)
    below = np.tril(held, -1) + 1j * np.triu(held, 1).T
    return np.asarray(below + below.conj().T + np.diag(np.diagonal(held)))


def stacks(parts: Sequence[ComplexArray]) -> ComplexArray:
    """Return observables (T, d, d) as rows that give their means from states stacked by rows, shape (T, parts, d^2)."""
    return np.stack([part.transpose(0, 2, 1).reshape(len(part), -1) for part in parts], axis=1)
