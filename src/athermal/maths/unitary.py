"""Unitary evolution under H(t) = sum_a v_a(t) K_a with sparse K_a, and time integrals of expectation values along it.

Constant stretches are exact in the eigenbasis of H. Driven ones use the Taylor series of the solution in time, step by step:
with the drives of a step written as polynomials, v_a(t0 + s h) = sum_k phi_ak s^k, the coefficients of
psi(t0 + s h) = sum_n c_n s^n obey

    c_{n+1} = -i h/(n+1) sum_a K_a sum_k phi_ak c_{n-k},

which needs products with sparse matrices only and is carried until the terms vanish in double precision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.special

from athermal._types import ComplexArray, FloatArray, Matrix
from athermal.errors import ConvergenceError
from athermal.maths.driven_sum import DrivenSum

# Half the spread of H times the step: terms of the series then grow to about ten, which costs one digit of sixteen.
_STEP = 4.0
# The drives of a step as polynomials: nodes, and how small their last coefficients must be; or, where shorter steps do not shrink
# them, may be as the drive's own rounding. Those of what is only integrated need not be as exact as those of H, and rates of
# change, which are among them, are rounded more.
_DRIVE_NODES = 16
_DRIVE, _INTEGRAND = (1e-14, 1e-11), (1e-12, 1e-9)
_DRIVE_ROUNDING = 2e-15
# A series ends with so many terms in a row below `_NEGLIGIBLE` of its first; with a drive t^k only every k-th may count.
_NEGLIGIBLE, _QUIET = 1e-17, 4
_TYPICAL_ORDER, _MAX_ORDER = 48, 200
_MAX_STEPS = 1_000_000
# Gauss nodes of a step: expectation values turn by up to 2 * _STEP radians in it.
_NODES = 14
# Memory for the coefficients of one batch of columns.
_BATCH_BYTES = 2**28
# Memory for the states of one piece of nodes.
_PIECE_BYTES = 2**24


@dataclass(frozen=True)
class Spectrum:
    """Energies and eigenvectors of a constant Hamiltonian."""

    energies: FloatArray
    vectors: Matrix

    @classmethod
    def of(cls, hamiltonian: Any) -> Spectrum:
        """Diagonalise a sparse Hamiltonian; a real one stays real, a diagonal one is its own spectrum."""
        entries = scipy.sparse.coo_array(hamiltonian)
        if not np.any(entries.data[entries.row != entries.col]):
            diagonal = np.real(hamiltonian.diagonal())
            order = np.argsort(diagonal, kind="stable")
            return cls(diagonal[order], np.eye(len(diagonal))[:, order])
        dense = hamiltonian.toarray()
        if not np.any(dense.imag):
            dense = np.ascontiguousarray(dense.real)
        return cls(*scipy.linalg.eigh(dense, driver="evd", check_finite=False, overwrite_a=True))

    def size(self) -> float:
        """Return how many bytes it takes."""
        return float(self.energies.nbytes + self.vectors.nbytes)

    def propagator(self, duration: float) -> ComplexArray:
        """Return exp(-i H t)."""
        phases = np.exp(-1j * self.energies * duration)
        return np.asarray((self.vectors * phases) @ self.vectors.conj().T)

    def time_integral(self, operator: Any, duration: float) -> ComplexArray:
        """Return integral_0^t e^{iHs} O e^{-iHs} ds, exactly: O_mn (e^{i(E_m - E_n)t} - 1)/(i(E_m - E_n)) in the eigenbasis."""
        inside = self.vectors.conj().T @ (operator @ self.vectors)
        half = 0.5 * duration * (self.energies[:, None] - self.energies)
        weight = duration * np.sinc(half / np.pi) * np.exp(1j * half)
        return np.asarray(self.vectors @ (weight * inside) @ self.vectors.conj().T)


def driven_map(
    hamiltonian: DrivenSum, integrands: Sequence[DrivenSum], start: float, stop: float
) -> tuple[ComplexArray, list[ComplexArray]]:
    """Return U of [start, stop], and integral U(t)^dag X(t) U(t) dt for each Hermitian integrand X.

    Examples
    --------
    >>> flip = scipy.sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> U, _ = driven_map(DrivenSum((flip,), lambda t: np.cos(t)[:, None]), (), 0.0, np.pi / 2)
    >>> bool(abs(U[0, 0] - np.cos(1.0)) < 1e-14)
    True
    """
    unitary = np.eye(hamiltonian.size, dtype=complex)
    halves = [integrand.half() for integrand in integrands]
    integrals = [np.zeros_like(unitary) for _ in integrands]
    for times, weights, states, end in taylor_steps(hamiltonian, unitary, start, stop, integrands):
        for nodes, inside in _by_nodes(states) if halves else ():
            for k, half in enumerate(halves):
                left, right = half.products(times[nodes], weights[nodes], inside)
                integrals[k] += left.conj().T @ right
        unitary = end
    return unitary, [total + total.conj().T for total in integrals]


def _by_nodes(states: ComplexArray) -> Iterator[tuple[slice, ComplexArray]]:
    """Yield some of the T nodes at a time, and the states (T, d, n) there as (d, T, n), in pieces of limited memory."""
    step = max(1, int(_PIECE_BYTES // (16 * states[0].size)))
    for first in range(0, len(states), step):
        nodes = slice(first, first + step)
        yield nodes, np.ascontiguousarray(states[nodes].transpose(1, 0, 2))


def driven_states(
    hamiltonian: DrivenSum, integrands: Sequence[DrivenSum], states: ComplexArray, start: float, stop: float
) -> tuple[ComplexArray, FloatArray]:
    """Return the states (d, n) at `stop`, and integral <X> dt of each Hermitian integrand in each state (integrands, n)."""
    width = max(1, int(_BATCH_BYTES // (16 * _NODES * len(states))))
    halves, batches, sums = [integrand.half() for integrand in integrands], [], []
    for first in range(0, states.shape[1], width):
        batch = np.asarray(states[:, first : first + width], dtype=complex)
        total = np.zeros((len(integrands), batch.shape[1]))
        for times, weights, inside, end in taylor_steps(hamiltonian, batch, start, stop, integrands):
            for nodes, states_there in _by_nodes(inside) if halves else ():
                for k, half in enumerate(halves):
                    left, right = half.products(times[nodes], weights[nodes], states_there)
                    total[k] += 2.0 * np.real(np.einsum("ij,ij->j", left.conj(), right))
            batch = end
        batches.append(batch)
        sums.append(total)
    return np.concatenate(batches, axis=1), np.concatenate(sums, axis=1)


def constant_states(hamiltonian: Any, states: ComplexArray, duration: float) -> ComplexArray:
    """Return exp(-iHt) states of a constant sparse Hamiltonian, by the Chebyshev expansion of the exponential.

    References
    ----------
    H. Tal-Ezer, R. Kosloff, J. Chem. Phys. 81, 3967 (1984).

    Examples
    --------
    >>> flip = scipy.sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]]))
    >>> bool(abs(constant_states(flip, np.array([[1.0], [0.0]]), 0.3)[0, 0] - np.cos(0.3)) < 1e-15)
    True
    """
    middle, half_spread = _spectral_bounds(DrivenSum((hamiltonian,), lambda times: np.ones((len(times), 1))), 0.0, duration)
    phase = max(half_spread * abs(duration), np.finfo(float).tiny)
    orders = np.arange(int(phase + 12.0 * phase ** (1.0 / 3.0)) + 24)
    weights = scipy.special.jv(orders, phase) * (-1j * np.sign(duration)) ** orders
    weights[1:] *= 2.0
    scaled = (hamiltonian - middle * scipy.sparse.eye_array(len(states), format="csr")).astype(complex) / max(half_spread, 1e-300)
    before, now = np.asarray(states, dtype=complex), scaled @ states
    total = weights[0] * before + weights[1] * now
    for weight in weights[2:]:
        before, now = now, 2.0 * (scaled @ now) - before
        total += weight * now
    return np.asarray(np.exp(-1j * middle * duration) * total)


Step = tuple[FloatArray, FloatArray, ComplexArray, ComplexArray]


def taylor_steps(
    hamiltonian: DrivenSum,
    states: ComplexArray,
    start: float,
    stop: float,
    integrands: Sequence[DrivenSum] = (),
    *,
    factor: complex = -1j,
) -> Iterator[Step]:
    """Yield, for each step, Gauss times and weights, the states there, and the states at its end.

    Solves d psi/dt = factor H(t) psi; factor -1/2 with a constant H is e^{-Ht/2}. The steps are short enough for the drives of
    the integrands too; without integrands there are no states at Gauss times.
    """
    middle, half_spread = _spectral_bounds(hamiltonian, start, stop)
    count = max(1, int(np.ceil(half_spread * abs(factor) * abs(stop - start) / _STEP)))
    amounts = _polynomial_drives(hamiltonian, start, stop, count)
    # Powers of opposite signs cancel in H, but not in the terms of the series.
    while _growth(hamiltonian, amounts) * abs(factor) * abs(stop - start) / len(amounts) > _STEP:
        amounts = _polynomial_drives(hamiltonian, start, stop, 2 * len(amounts))
    finest = max([len(amounts), *(len(_polynomial_drives(x, start, stop, len(amounts), _INTEGRAND)) for x in integrands)])
    if finest > len(amounts):
        amounts = _polynomial_drives(hamiltonian, start, stop, finest)
    count = len(amounts)
    duration = (stop - start) / count
    centre = scipy.sparse.diags_array(np.full(hamiltonian.size, middle), format="csr")
    nodes, weights = _gauss_rule()
    held: FloatArray | None = None
    static: Any = None
    width = max(1, int(_BATCH_BYTES // (16 * _TYPICAL_ORDER * len(states))))
    for step, polynomials in enumerate(amounts):
        constants = np.array([p[0] if len(p) == 1 else 0.0 for p in polynomials])
        if held is None or not np.array_equal(constants, held):
            held, static = constants, hamiltonian.combine(constants) - centre
        moving = [(p, k) for p, k in zip(polynomials, hamiltonian.matrices, strict=True) if len(p) > 1]
        turn = factor * duration * middle
        inside = np.empty((len(nodes) if integrands else 0, *states.shape), dtype=complex)
        end = np.empty(states.shape, dtype=complex)
        powers = np.exp(turn * nodes)[:, None] * nodes[:, None] ** np.arange(_MAX_ORDER + 1)
        for first in range(0, states.shape[1], width):
            batch = slice(first, first + width)
            series = _series(static, moving, states[:, batch], factor * duration)
            if integrands:
                inside[:, :, batch] = np.tensordot(powers[:, : len(series)], series, axes=1)
            end[:, batch] = np.exp(turn) * np.sum(series, axis=0)
        states = end
        yield start + duration * (step + nodes), duration * weights, inside, states


def _series(static: Any, moving: Sequence[tuple[FloatArray, Any]], states: ComplexArray, rate: complex) -> ComplexArray:
    """Return the Taylor coefficients c_n of a step, from c_0 = states until they no longer count."""
    reach = max((len(polynomial) for polynomial, _ in moving), default=1)
    drives = np.zeros((len(moving), reach))
    for row, (polynomial, _) in zip(drives, moving, strict=True):
        row[: len(polynomial)] = polynomial
    terms = np.empty((_TYPICAL_ORDER, *states.shape), dtype=complex)
    terms[0] = states
    size, quiet = float(np.max(np.abs(states), initial=0.0)), 0
    for n in range(_MAX_ORDER):
        if n + 1 == len(terms):
            terms = np.concatenate([terms, np.empty_like(terms)])
        total = static @ terms[n]
        if moving:
            window = terms[max(0, n + 1 - reach) : n + 1][::-1]
            mixed = np.tensordot(drives[:, : len(window)], window, axes=1)
            for state, (_, matrix) in zip(mixed, moving, strict=True):
                total += matrix @ state
        terms[n + 1] = rate / (n + 1) * total
        quiet = quiet + 1 if float(np.max(np.abs(terms[n + 1]), initial=0.0)) <= _NEGLIGIBLE * size else 0
        if quiet == max(_QUIET, reach):
            return terms[: n + 2]
    raise ConvergenceError(
        f"The Taylor series of a step must end within {_MAX_ORDER} terms, but does not. Check that no drive is infinite."
    )


def _growth(hamiltonian: DrivenSum, amounts: Sequence[Sequence[FloatArray]]) -> float:
    """Return the largest sum_a |K_a| sum_{k>0} |phi_ak|/(k+1) of a step: what moving drives add to the growth of the terms."""
    norms = [float(np.max(abs(matrix).sum(axis=1), initial=0.0)) for matrix in hamiltonian.matrices]
    return max(
        sum(norm * float(np.sum(np.abs(p[1:]) / np.arange(2.0, len(p) + 1.0))) for norm, p in zip(norms, step, strict=True))
        for step in amounts
    )


def _spectral_bounds(hamiltonian: DrivenSum, start: float, stop: float) -> tuple[float, float]:
    """Return the middle of the spectrum of H(t) over a stretch and half its spread, by Gershgorin's circles."""
    largest = np.max(np.abs(hamiltonian.values(np.linspace(start, stop, 65)[1:-1])), axis=0)
    middle = hamiltonian.values(np.array([0.5 * (start + stop)]))[0]
    diagonal = np.real(hamiltonian.combine(middle).diagonal())
    reach = np.zeros(hamiltonian.size)
    for amount, centre, matrix in zip(largest, middle, hamiltonian.matrices, strict=True):
        rows = np.asarray(abs(matrix).sum(axis=1)).ravel()
        own = np.abs(matrix.diagonal())
        reach += amount * (rows - own) + (amount - abs(centre)) * own
    low, high = float(np.min(diagonal - reach)), float(np.max(diagonal + reach))
    return 0.5 * (low + high), 0.5 * (high - low)


def _polynomial_drives(
    hamiltonian: DrivenSum, start: float, stop: float, count: int, resolved: tuple[float, float] = _DRIVE
) -> list[list[FloatArray]]:
    """Return, for each of at least `count` equal steps, each drive's coefficients in the powers of s in [0, 1].

    The last coefficients are below the first of `resolved`; or below the second, where shorter steps do not make them smaller.
    """
    to_chebyshev, to_powers, points = _interpolation()
    scale = np.max(np.abs(hamiltonian.values(np.linspace(start, stop, 65)[1:-1])), axis=0)
    before = np.full(len(hamiltonian.matrices), np.inf)
    while True:
        duration = (stop - start) / count
        places = start + duration * (np.arange(count)[:, None] + points)
        sampled = hamiltonian.values(places.ravel()).reshape(count, _DRIVE_NODES, -1)
        chebyshev = np.einsum("kq,cqa->cka", to_chebyshev, sampled)
        tail = np.max(np.abs(chebyshev[:, -3:]), axis=(0, 1), initial=0.0)
        is_noise = (tail <= resolved[1] * scale) & (tail > 0.1 * before)
        if np.all((tail <= resolved[0] * scale) | is_noise):
            break
        before = tail
        count *= 2
        if count > _MAX_STEPS:
            raise ConvergenceError(
                f"The drives of the stretch from t = {start:.6g} to {stop:.6g} must be smooth enough for {_MAX_STEPS} steps, "
                "but are not. Check that they are smooth between their breakpoints."
            )
    chebyshev[np.abs(chebyshev) <= np.maximum(_DRIVE_ROUNDING * scale, np.where(is_noise, 2.0 * tail, 0.0))] = 0.0
    chebyshev[:, 1:] *= np.ptp(sampled, axis=1)[:, None] > 0.0
    powers = np.einsum("pk,cka->cap", to_powers, chebyshev)
    constant = np.all(chebyshev[:, 1:] == 0.0, axis=1)
    return [
        [powers[c, a, :1] if constant[c, a] else np.trim_zeros(powers[c, a], "b") for a in range(len(hamiltonian.matrices))]
        for c in range(count)
    ]


@lru_cache(maxsize=1)
def _interpolation() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (values at nodes -> Chebyshev coefficients), (those -> powers of s), and the nodes, all on [0, 1]."""
    n = _DRIVE_NODES
    angles = np.pi * (np.arange(n) + 0.5) / n
    to_chebyshev = 2.0 / n * np.cos(np.outer(np.arange(n), angles))
    to_chebyshev[0] *= 0.5
    # T_{k+1} = 2 (2s - 1) T_k - T_{k-1} in whole numbers: floating point would lose the large coefficients.
    shifted = np.zeros((n, n), dtype=object)
    shifted[0, 0], shifted[0, 1], shifted[1, 1] = 1, -1, 2
    for k in range(1, n - 1):
        shifted[:, k + 1] = -2 * shifted[:, k] - shifted[:, k - 1]
        shifted[1:, k + 1] += 4 * shifted[:-1, k]
    to_powers = shifted.astype(float)
    return to_chebyshev, to_powers, 0.5 * (np.cos(angles) + 1.0)


@lru_cache(maxsize=1)
def _gauss_rule() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (nodes + 1.0), 0.5 * weights
