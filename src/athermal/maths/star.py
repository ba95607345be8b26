"""A star of free modes seen through a window of time: the few effective modes that its contacts reach.

Quadratures of a mode are written as one complex number: the row (a_x, a_p) of a linear functional a_x x + a_p p is
a_x + i a_p. The free rotation multiplies rows by e^{i w t}, and the symplectic form multiplies vectors by -i. During a
window of length T a contact a sees only the complex span of a e^{i w t}, 0 <= t <= T, whose numerical dimension is about
bandwidth x T / 2 pi plus a constant, whatever the number of modes. An orthonormal basis Theta of it spans a symplectic
subspace: its columns are effective modes, and the map of the window is the free rotation after

    r -> r + Omega E (G E^T r + h),      E = (Theta, i Theta) in real quadratures,

with a small matrix G.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from athermal._types import ComplexArray, FloatArray

# e^{i z x} on [-1, 1] is a polynomial in x up to rounding once its degree exceeds z by some 30 (Bessel functions).
_BEYOND = 32
# Directions whose singular value is below this, relative to the largest, are rounding: that of sums over thousands of modes.
_RANK_TOLERANCE = 1e-14
_CHUNK = 4096

Columns = TypeVar("Columns", FloatArray, ComplexArray)


@dataclass(frozen=True)
class Window:
    """The effective modes of one bath in a window of time, and the contacts as they see them.

    Parameters
    ----------
    basis : (n, rho) array or None
        R, orthonormal, of Theta = diag(turn) R; real where the contacts are (up to a phase), since the functions
        a cos[(w - centre) s] and a sin[(w - centre) s], s counted from the middle of the window, span the same. None for the
        identity (all modes).
    turn : (n,) complex array
        e^{i (w - centre) T/2}.
    times, values : (m,) and (m, rho, d) complex arrays
        Theta^dag a e^{i (w - centre) t} at interpolation nodes, for the d contacts a.
    frequencies : (n,) array
        w.
    contacts : (n, d) complex array
    centre : float
    """

    basis: FloatArray | ComplexArray | None
    turn: ComplexArray
    times: FloatArray
    values: ComplexArray
    frequencies: FloatArray
    contacts: ComplexArray
    centre: float

    @property
    def rank(self) -> int:
        """The number of effective modes."""
        return len(self.frequencies) if self.basis is None else self.basis.shape[1]

    def contact_at(self, times: FloatArray) -> ComplexArray:
        """Return Theta^dag a e^{i w t}, shape (T, rho, d)."""
        if self.basis is None:
            return np.asarray(np.exp(1j * np.multiply.outer(times, self.frequencies))[:, :, None] * self.contacts)
        weights = _interpolation(self.times, times)
        slow = np.tensordot(weights, self.values, axes=1)
        return np.asarray(slow * np.exp(1j * self.centre * times)[:, None, None])

    def project(self, rows: ComplexArray) -> ComplexArray:
        """Return Theta^dag a for rows a, shape (k, rho)."""
        if self.basis is None:
            return rows
        result = np.zeros((len(rows), self.rank), dtype=complex)
        for part in chunks(len(self.basis)):
            result += _times(rows[:, part] * self.turn[part].conj(), self.basis[part].conj())
        return result

    def add_to(self, rows: ComplexArray, coefficients: ComplexArray) -> None:
        """Add sum_e c_e Theta_e to rows of shape (k, n), in place."""
        if self.basis is None:
            rows += coefficients
            return
        for part in chunks(len(self.basis)):
            rows[:, part] += _times(coefficients, self.basis[part].T) * self.turn[part]

    def modes(self) -> ComplexArray:
        """Return Theta, shape (n, rho)."""
        if self.basis is None:
            return np.eye(len(self.frequencies), dtype=complex)
        return np.asarray(self.turn[:, None] * self.basis)

    def energy_form(self) -> ComplexArray:
        """Return Theta^dag w Theta, the energy within the effective modes."""
        if self.basis is None:
            return np.diag(self.frequencies).astype(complex)
        return np.asarray(self.basis.conj().T @ (self.frequencies[:, None] * self.basis), dtype=complex)


def contact_window(frequencies: FloatArray, contacts: ComplexArray, duration: float) -> Window:
    """Return the effective modes that the contacts of a bath of free modes reach within a time.

    The span of a e^{i w t}, sampled at Chebyshev nodes and orthonormalised by QR and SVD. It holds the time derivative, which
    carries the energy that flows, too.

    Parameters
    ----------
    frequencies : (n,) array
    contacts : (n, d) complex array
    duration : float

    Examples
    --------
    >>> window = contact_window(np.linspace(1.0, 2.0, 500), np.ones((500, 1)) + 0j, 6.0)
    >>> window.rank < 30
    True
    """
    low, high = float(np.min(frequencies)), float(np.max(frequencies))
    centre, half_width = 0.5 * (low + high), 0.5 * (high - low)
    n_samples = int(np.ceil(0.5 * half_width * duration * 1.1)) + _BEYOND
    independent = _directions(contacts)
    n_modes, n_contacts = independent.shape
    slow = frequencies - centre
    turn = np.exp(0.5j * slow * duration)
    if n_contacts == 0:
        nothing = np.empty((n_modes, 0))
        return Window(nothing, turn, np.zeros(1), np.empty((1, 0, 0), complex), frequencies, contacts, centre)
    if n_modes <= n_samples * n_contacts:
        return Window(None, turn, np.empty(0), np.empty((0, n_modes, 0), complex), frequencies, contacts, centre)
    moments = 0.5 * duration * np.cos(np.pi * (np.arange(n_samples) + 0.5) / n_samples)[::-1]  # from the middle
    phases = np.exp(1j * np.multiply.outer(slow, moments))
    late = phases[:, n_samples // 2 :]
    kinds = (phases,) if np.iscomplexobj(independent) else (late.real, late.imag)
    basis = _orthonormal(np.concatenate([kind * column[:, None] for column in independent.T for kind in kinds], axis=1))
    seen = np.stack([_times((phases * column[:, None]).T, basis.conj()) for column in contacts.T], axis=2)
    return Window(basis, turn, 0.5 * duration + moments, seen, frequencies, contacts, centre)


def _directions(contacts: ComplexArray) -> FloatArray | ComplexArray:
    """Return an orthonormal basis of the complex span of contacts, a real one if each is real up to a phase."""
    scaled: ComplexArray = contacts / np.maximum(np.linalg.norm(contacts, axis=0), np.finfo(float).tiny)
    largest = scaled[np.argmax(np.abs(scaled), axis=0), np.arange(scaled.shape[1])]
    turned: ComplexArray = scaled * np.exp(-1j * np.angle(largest))
    if np.max(np.abs(turned.imag), initial=0.0) <= _RANK_TOLERANCE:
        real: FloatArray = np.ascontiguousarray(turned.real)
        return _orthonormal(real)
    return _orthonormal(scaled)


def _times(rows: ComplexArray, matrix: FloatArray | ComplexArray) -> ComplexArray:
    """Return rows @ matrix, at half the cost if the matrix is real."""
    if np.iscomplexobj(matrix):
        return np.asarray(rows @ matrix)
    result = np.empty((len(rows), matrix.shape[1]), dtype=complex)
    result.real, result.imag = rows.real @ matrix, rows.imag @ matrix
    return result


def _orthonormal(columns: Columns) -> Columns:
    """Return an orthonormal basis of the numerical column space, by QR of blocks of rows and then of their triangles."""
    blocks = [columns[part] for part in chunks(len(columns))]
    factors = [np.linalg.qr(block) for block in blocks]
    q, triangle = np.linalg.qr(np.concatenate([factor.R for factor in factors]))
    left, values, _ = np.linalg.svd(triangle)
    rank = int(np.sum(values > _RANK_TOLERANCE * np.max(values, initial=0.0)))
    turns = np.split(q @ left[:, :rank], np.cumsum([len(factor.R) for factor in factors])[:-1])
    return np.concatenate([factor.Q @ turn for factor, turn in zip(factors, turns, strict=True)])


def chunks(size: int) -> list[slice]:
    """Return slices that cover a range, each small enough for its columns to stay in the processor's cache."""
    return [slice(first, min(first + _CHUNK, size)) for first in range(0, size, _CHUNK)]


def _interpolation(nodes: FloatArray, times: FloatArray) -> FloatArray:
    """Return the matrix (T, m) that interpolates from Chebyshev nodes of the first kind, by the barycentric formula."""
    n = len(nodes)
    weights = (-1.0) ** np.arange(n) * np.sin(np.pi * (np.arange(n) + 0.5) / n)
    gap = times[:, None] - nodes
    exact = gap == 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = weights / gap
        matrix = terms / np.sum(terms, axis=1, keepdims=True)
    hit = exact.any(axis=1)
    matrix[hit] = exact[hit]
    return np.asarray(matrix)


@dataclass(frozen=True)
class StarMap:
    """r -> F [r + Omega E (G E^T r + h)] with block-diagonal E: the map of a window, as it acts on rows.

    Parameters
    ----------
    windows : sequence of Window
        One for each bath, in order.
    n_system : int
        Modes before the baths', each an effective mode of its own.
    phases : (N,) complex array
        e^{i w T}.
    gradient, kick : (2n, 2n) and (2n,) arrays
        G and h, in the quadratures (x's, then p's) of the n effective modes.
    """

    windows: tuple[Window, ...]
    n_system: int
    phases: ComplexArray
    gradient: FloatArray
    kick: FloatArray

    def after(self, rows: ComplexArray, offsets: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """Return the rows, over the quadratures before, of functionals of those after the window."""
        turned = rows * self.phases
        seen = _apply_form_right(_real(self.project(turned)))
        self._add_to(turned, _complex(seen @ self.gradient))
        return turned, offsets + seen @ self.kick

    def before(self, rows: ComplexArray, offsets: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """Return the rows, over the quadratures after, of functionals of those before the window."""
        seen = _apply_form_right(_real(self.project(rows)))
        # (1 + Omega E G E^T)^-1 = 1 - Omega E (1 + G Omega)^-1 G E^T
        size = len(self.gradient)
        inner = np.eye(size) + _apply_form_right(self.gradient)
        back = np.linalg.solve(inner.T, seen.T).T
        result = rows.copy()
        self._add_to(result, -_complex(back @ self.gradient))
        result *= self.phases.conj()
        return result, offsets - back @ self.kick

    def project(self, rows: ComplexArray) -> ComplexArray:
        """Return rows within the effective modes, shape (k, n)."""
        parts = [rows[:, : self.n_system]]
        parts += [w.project(rows[:, part]) for w, part in zip(self.windows, self._parts(), strict=True)]
        return np.concatenate(parts, axis=1)

    def _add_to(self, rows: ComplexArray, coefficients: ComplexArray) -> None:
        rows[:, : self.n_system] += coefficients[:, : self.n_system]
        for window, part, own in zip(self.windows, self._parts(), self.effective(), strict=True):
            window.add_to(rows[:, part], coefficients[:, own])

    def own_rows(self) -> ComplexArray:
        """Return the quadratures of all effective modes as rows, shape (2n, N)."""
        size = len(self.gradient) // 2
        unit = np.eye(size, dtype=complex)
        rows = np.zeros((2 * size, len(self.phases)), dtype=complex)
        self._add_to(rows, np.concatenate([unit, 1j * unit]))
        return rows

    def effective(self) -> list[slice]:
        """Return where each bath's effective modes are."""
        return slices_of(self.n_system, [window.rank for window in self.windows])

    def _parts(self) -> list[slice]:
        return slices_of(self.n_system, [len(window.frequencies) for window in self.windows])


def slices_of(first: int, sizes: Sequence[int]) -> list[slice]:
    """Return consecutive slices of some sizes, from `first` on."""
    edges = np.cumsum([first, *sizes])
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _real(rows: ComplexArray) -> FloatArray:
    """Return (a_x's, a_p's) of complex rows."""
    return np.concatenate([rows.real, rows.imag], axis=1)


def _complex(rows: FloatArray) -> ComplexArray:
    half = rows.shape[1] // 2
    return np.asarray(rows[:, :half] + 1j * rows[:, half:])


def _apply_form_right(rows: FloatArray) -> FloatArray:
    """Return rows @ Omega."""
    half = rows.shape[1] // 2
    return np.concatenate([-rows[:, half:], rows[:, :half]], axis=1)
