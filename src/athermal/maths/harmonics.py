"""Harmonic balance of a few modes with memory: the Floquet-Langevin problem in frequency space.

In amplitudes y = (a_1.., a_1^dag..) with y = sum_m y_m e^{-i(z + m nu)t}, nu = 2 pi/period, and for each bath its contact
amplitude c = (sum_k g_k b_k, h.c.), H = y^dag h(t) y/2 + sum_j y^dag C_j(t) c_j + baths gives

    [Z (z + m nu) - h - sum_j C_j chi_j(z + m nu) C_j^dag] y = f + sum_j C_j c_j^in,   Z = diag(1, -1),

where products with h and C are convolutions over m, chi = diag(S(w), S(-w*)*) and S is the Cauchy transform of the
bath's density.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from athermal._types import ComplexArray, FloatArray, IntArray

Response = Callable[[ComplexArray], ComplexArray]

# A coefficient below this fraction of the largest couples nothing: what is left of a zero after rounding.
_NOTHING = 1e-14
_NODES_PER_PANEL = 32
# Couplings to a bath that fill less than this of C C^dag are multiplied as sparse matrices.
_SPARSE = 0.05
_PHASE_PER_PANEL = 12.0
# Of the terms of a matrix, and of what a bath answers, relative to each of them.
ROUNDING, ANSWER_ROUNDING = 2.0 * float(np.finfo(float).eps), 32.0 * float(np.finfo(float).eps)


def amplitudes(n_modes: int) -> ComplexArray:
    """Return the unitary U of r = U y, r = (x.., p..), y = (a.., a^dag..)."""
    one = np.eye(n_modes)
    return np.asarray(np.block([[one, one], [-1j * one, 1j * one]]) / np.sqrt(2.0))


def fourier_rule(period: float, breakpoints: Sequence[float], n_harmonics: int) -> tuple[FloatArray, FloatArray]:
    """Return times and weights (adding up to one) that resolve Fourier integrals of functions smooth between breakpoints.

    Examples
    --------
    >>> times, weights = fourier_rule(1.0, (0.5,), 4)
    >>> round(float(weights @ (times >= 0.5)), 14)
    0.5
    """
    if not breakpoints:
        n_times = 256 + 8 * n_harmonics
        return period * np.arange(n_times) / n_times, np.full(n_times, 1.0 / n_times)
    edges = [*breakpoints, breakpoints[0] + period]
    x, w = np.polynomial.legendre.leggauss(_NODES_PER_PANEL)
    times, weights = [], []
    for low, high in itertools.pairwise(edges):
        n_panels = 2 + int(np.ceil(2.0 * np.pi * n_harmonics * (high - low) / period / _PHASE_PER_PANEL))
        half = 0.5 * (high - low) / n_panels
        middles = low + half * (2.0 * np.arange(n_panels) + 1.0)
        times.append((middles[:, None] + half * x).ravel())
        weights.append(np.tile(half * w / period, n_panels))
    return np.concatenate(times) % period, np.concatenate(weights)


def fourier_coefficients(values: FloatArray, times: FloatArray, weights: FloatArray, period: float, n: int) -> ComplexArray:
    """Return f_l of f(t) = sum_l f_l e^{-i l nu t} for l = -n..n, from samples along the first axis."""
    phases = np.exp(2j * np.pi * np.outer(np.arange(-n, n + 1), times / period)) * weights
    return np.asarray(np.tensordot(phases, values, axes=1))


def toeplitz(coefficients: ComplexArray, n: int) -> ComplexArray:
    """Return the matrix of a convolution on harmonics -n..n from coefficients (2L + 1, p, q), zero beyond L."""
    reach = len(coefficients) // 2
    _, p, q = coefficients.shape
    size = 2 * n + 1
    result = np.zeros((size, p, size, q), dtype=complex)
    for row in range(size):
        for column in range(max(0, row - reach), min(size, row + reach + 1)):
            result[row, :, column, :] = coefficients[row - column + reach]
    return result.reshape(size * p, size * q)


@dataclass(frozen=True)
class Drives:
    """Fourier coefficients along the first axis, l = -L..L, in amplitudes: h, C of each bath, and their time derivatives."""

    form: ComplexArray
    contacts: tuple[ComplexArray, ...]
    form_rate: ComplexArray
    contact_rates: tuple[ComplexArray, ...]


@dataclass(frozen=True)
class Sector:
    """The harmonics that one source reaches: rows into (m, amplitude), and for each bath into (m, +-).

    `memories` holds, for each bath whose coupling is sparse, the map from diag chi to C chi C^dag.
    """

    rows: IntArray
    columns: tuple[IntArray, ...]
    memories: tuple[sp.csr_array | None, ...]


@dataclass(frozen=True)
class Flow:
    """What one source does at each frequency: amplitudes (K, rows), contact amplitudes, work and heats per unit time."""

    y: ComplexArray
    contacts: tuple[ComplexArray, ...]
    work: FloatArray
    heats: FloatArray
    gross: FloatArray


class HarmonicBalance:
    """The truncated problem on harmonics -n..n."""

    def __init__(self, drives: Drives, responses: Sequence[Response], period: float, n: int) -> None:
        self.drives, self.responses, self.n, self.nu = drives, tuple(responses), n, 2.0 * np.pi / period
        self.n_modes = drives.form.shape[1] // 2
        self.harmonics = np.arange(-n, n + 1)
        self.row_harmonic = np.repeat(self.harmonics, 2 * self.n_modes)
        self.sign = np.tile(np.repeat([1.0, -1.0], self.n_modes), 2 * n + 1)
        self.form = _clean(toeplitz(drives.form, n))
        self.contacts = [_clean(toeplitz(c, n)) for c in drives.contacts]
        self.column_harmonic = np.repeat(self.harmonics, 2)

    @cached_property
    def form_rate(self) -> ComplexArray:
        """The convolution with dh/dt."""
        return toeplitz(self.drives.form_rate, self.n)

    @cached_property
    def contact_rates(self) -> list[ComplexArray]:
        """The convolutions with dC_j/dt."""
        return [toeplitz(c, self.n) for c in self.drives.contact_rates]

    # --- the whole matrix, at any complex frequency ----------------------------------------------------------------

    def susceptibility(self, bath: int, z: ComplexArray, columns: IntArray) -> ComplexArray:
        """Return diag chi (..., columns) at frequencies z (...)."""
        plus = (columns % 2) == 0
        w = np.asarray(z)[..., None] + self.nu * self.column_harmonic[columns]
        mirrored = -w.real + 1j * np.where(w.imag == 0.0, 0.0, w.imag)
        values = self.responses[bath](np.where(plus, w.real + 1j * np.where(w.imag == 0.0, 0.0, w.imag), mirrored))
        return np.where(plus, values, values.conj())

    def matrix(self, z: ComplexArray) -> ComplexArray:
        """Return D(z), shape (..., d, d)."""
        return self._matrix(z, self._whole)

    @cached_property
    def _whole(self) -> Sector:
        return self._sector(np.arange(len(self.sign)), tuple(np.arange(len(self.column_harmonic)) for _ in self.contacts))

    def _sector(self, rows: IntArray, columns: tuple[IntArray, ...]) -> Sector:
        pairs = zip(self.contacts, columns, strict=True)
        return Sector(rows, columns, tuple(_memory_map(contact[np.ix_(rows, chosen)]) for contact, chosen in pairs))

    def _matrix(self, z: ComplexArray, sector: Sector) -> ComplexArray:
        rows = sector.rows
        z = np.asarray(z, dtype=complex)
        result = np.broadcast_to(-self.form[np.ix_(rows, rows)], (*z.shape, len(rows), len(rows))).copy()
        diagonal = np.arange(len(rows))
        result[..., diagonal, diagonal] += self.sign[rows] * (z[..., None] + self.nu * self.row_harmonic[rows])
        for j, columns in enumerate(sector.columns):
            if not len(columns):
                continue
            memory = sector.memories[j]
            if memory is not None:
                chi = self.susceptibility(j, z, columns).reshape(-1, len(columns))
                result -= (chi @ memory).reshape(result.shape)
            else:
                contact = self.contacts[j][np.ix_(rows, columns)]
                chi = self.susceptibility(j, z, columns)
                result -= (contact * chi[..., None, :]) @ contact.conj().T
        return result

    # --- one source ------------------------------------------------------------------------------------------------

    def source_column(self) -> int:
        """The column (m = 0, +) of a bath, where its incoming quanta enter."""
        return 2 * self.n

    @cached_property
    def _links(self) -> sp.csr_array:
        blocks = [np.abs(self.form) > 0.0, *(np.abs(c) > 0.0 for c in self.contacts)]
        joined = sp.csr_array(np.concatenate([b.astype(float) for b in blocks], axis=1))
        top = sp.hstack([joined])
        bottom = sp.csr_array((top.shape[1] - top.shape[0], top.shape[1]))
        return sp.csr_array(sp.vstack([top, bottom]))

    def sector(self, bath: int) -> Sector:
        """Return all that the incoming quanta of a bath reach."""
        _, labels = sp.csgraph.connected_components(self._links, directed=False)
        size, width = len(self.sign), len(self.column_harmonic)
        label = labels[size + bath * width + self.source_column()]
        columns = tuple(
            np.flatnonzero(labels[size + j * width : size + (j + 1) * width] == label) for j in range(len(self.contacts))
        )
        return self._sector(np.flatnonzero(labels[:size] == label), columns)

    def is_closed(self, sector: Sector) -> bool:
        """Tell whether a sector does not reach the last harmonics that are kept: nothing was cut off."""
        ends = [self.row_harmonic[sector.rows], *(self.column_harmonic[c] for c in sector.columns)]
        return all(np.all(np.abs(m) <= self.n - self.significant_reach) for m in ends if len(m))

    @cached_property
    def significant_reach(self) -> int:
        """The highest harmonic of any drive."""
        return max(significant_harmonic(c) for c in (self.drives.form, *self.drives.contacts))

    def respond(self, bath: int, w: FloatArray, amplitude: FloatArray, sector: Sector) -> Flow:
        """Solve for incoming quanta of a bath at real frequencies w, of amplitude sqrt(G(w))."""
        rows = sector.rows
        matrix = self._matrix(w.astype(complex), sector)
        source = self.contacts[bath][rows, self.source_column()]
        y = np.linalg.solve(matrix, np.broadcast_to(source[:, None], (len(w), len(rows), 1)))[..., 0] * amplitude[:, None]
        form_rate = self.form_rate[np.ix_(rows, rows)]
        work = 0.5 * np.einsum("ka,ka->k", y.conj(), y @ form_rate.T).real
        contacts, quanta = [], []
        for j, columns in enumerate(sector.columns):
            felt = y @ self.contacts[j][np.ix_(rows, columns)].conj()
            chi = self.susceptibility(j, w.astype(complex), columns)
            c = chi * felt
            if j == bath:
                c[:, columns == self.source_column()] += amplitude[:, None]
            contacts.append(c)
            quanta.append((felt.real**2 + felt.imag**2) * chi.imag)
            work += np.einsum("ka,ka->k", y.conj(), c @ self.contact_rates[j][np.ix_(rows, columns)].T).real
        heats, gross = self._heats(bath, w, sector, quanta)
        return Flow(np.asarray(y, dtype=complex), tuple(contacts), work, heats, gross)

    def rounding(self, w: FloatArray, y: ComplexArray, sector: Sector) -> float:
        """Return by how much rounding may change solutions y (K, rows) at frequencies w, relative to them."""
        rows, z = sector.rows, w.astype(complex)
        sizes = np.abs(w[:, None] + self.nu * self.row_harmonic[rows]) * np.abs(y) + np.abs(y) @ np.abs(
            self.form[np.ix_(rows, rows)]
        )
        for j, columns in enumerate(sector.columns):
            contact = np.abs(self.contacts[j][np.ix_(rows, columns)])
            sizes += ANSWER_ROUNDING / ROUNDING * (np.abs(self.susceptibility(j, z, columns)) * (np.abs(y) @ contact)) @ contact.T
        turned = np.exp(2j * np.pi * np.random.default_rng(0).random(sizes.shape))
        change = np.linalg.solve(self._matrix(z, sector), (ROUNDING * sizes * turned)[..., None])[..., 0]
        return float(np.max(np.linalg.norm(change, axis=1) / np.linalg.norm(y, axis=1)))

    def _heats(self, bath: int, w: FloatArray, sector: Sector, quanta: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return the heat into each bath, and all energy that goes to and fro, from |felt|^2 Im chi of each column.

        Quanta that come in at w go out at w + m nu: -(w + m nu) |felt|^2 Im chi into each bath. What the source loses,
        -w Im(felt_0^* amplitude), is by y^dag D y = y^dag f the sum of all, w |felt|^2 Im chi: written so, nothing cancels where
        nearly all that comes in goes out again.
        """
        shifts = [self.nu * self.column_harmonic[columns] for columns in sector.columns]
        taken = w * np.sum([np.sum(q, axis=1) for q in quanta], axis=0)
        given = [-w * np.sum(q, axis=1) - q @ shift for q, shift in zip(quanta, shifts, strict=True)]
        heats = list(given)
        elsewhere = [w * np.sum(q, axis=1) for j, q in enumerate(quanta) if j != bath]
        heats[bath] = -(quanta[bath] @ shifts[bath]) + np.sum(elsewhere, axis=0)
        return np.stack(heats, axis=1), np.asarray(np.sum(np.abs(given), axis=0) + np.abs(taken))


def _memory_map(contact: ComplexArray) -> sp.csr_array | None:
    """Return the sparse map (columns, rows^2) of chi to C diag(chi) C^dag, or None if C is not sparse."""
    size, width = contact.shape
    filled = np.count_nonzero(contact, axis=0)
    if float(np.sum(filled**2)) > _SPARSE * width * size**2:
        return None
    entries, where, columns = [], [], []
    for k in range(width):
        rows = np.flatnonzero(contact[:, k])
        entries.append(np.outer(contact[rows, k], contact[rows, k].conj()).ravel())
        where.append((rows[:, None] * size + rows).ravel())
        columns.append(np.full(len(rows) ** 2, k))
    data, places = (np.concatenate(entries), (np.concatenate(columns), np.concatenate(where))) if width else ([], ([], []))
    return sp.csr_array((data, places), shape=(width, size * size), dtype=complex)


def significant_harmonic(coefficients: ComplexArray, fraction: float = 1e-14) -> int:
    """Return the highest |l| whose coefficient is more than a fraction of the largest."""
    sizes = np.max(np.abs(coefficients), axis=tuple(range(1, coefficients.ndim)))
    largest = float(np.max(sizes, initial=0.0))
    orders = np.abs(np.arange(len(sizes)) - len(sizes) // 2)
    return int(np.max(orders[sizes > fraction * largest], initial=0)) if largest else 0


def _clean(matrix: ComplexArray) -> ComplexArray:
    """Return the matrix without what is zero but for rounding, so that sectors come apart."""
    largest = float(np.max(np.abs(matrix), initial=0.0))
    return np.where(np.abs(matrix) > _NOTHING * largest, matrix, 0.0)
