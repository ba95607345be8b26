"""Symplectic propagators of quadratic Hamiltonians, and the work they do.

Two routes, independent of each other: the exact propagator of a constant Hamiltonian, and Gauss-Legendre collocation in
the interaction picture of the free reservoirs for a driven one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.linalg

from athermal._types import FloatArray
from athermal.errors import StateError
from athermal.maths.symplectic import apply_form, symplectic_inverse, williamson

# 2 x 24 = order 48 per panel: with the phase advance per panel below, the local error is far under rounding.
_NODES = 24
_PHASE_PER_PANEL = 12.0
# Of the lowest eigenvalue of a form, in units of its largest entry, below which a direction is nearly free.
_FREE = 1e-9


@dataclass(frozen=True)
class QuadraticFunctional:
    """<r^T form r>/2 + linear . <r> + constant, as a function of the state's second moments and mean."""

    form: FloatArray
    linear: FloatArray
    constant: float

    def expectation(self, mean: FloatArray, covariance: FloatArray) -> float:
        """Return its value in the state with this mean and covariance."""
        second = float(np.vdot(self.form, covariance)) + float(mean @ self.form @ mean)
        return 0.5 * second + float(self.linear @ mean) + self.constant

    @classmethod
    def zero(cls, size: int) -> QuadraticFunctional:
        """Return the functional that is zero on every state of `size` quadratures."""
        return cls(np.zeros((size, size)), np.zeros(size), 0.0)

    def pulled_back(self, propagator: FloatArray, shift: FloatArray) -> QuadraticFunctional:
        """Return the functional of the state before r -> propagator r + shift."""
        gradient = self.form @ shift + self.linear
        return QuadraticFunctional(
            propagator.T @ self.form @ propagator,
            propagator.T @ gradient,
            self.constant + 0.5 * float(shift @ self.form @ shift) + float(self.linear @ shift),
        )

    def __add__(self, other: QuadraticFunctional) -> QuadraticFunctional:
        """Return the sum of two functionals."""
        return QuadraticFunctional(self.form + other.form, self.linear + other.linear, self.constant + other.constant)


Works = tuple[QuadraticFunctional | None, ...]
"""The work done on each group of terms; None, or missing at the end, where that is none."""


def added(earlier: Works, later: Works) -> Works:
    """Return the sums of works that are functionals of the same state."""
    pairs = itertools.zip_longest(earlier, later)
    return tuple(two if one is None else one if two is None else one + two for one, two in pairs)


def joined(earlier: Works, later: Works, propagator: FloatArray, shift: FloatArray) -> Works:
    """Return the works of a map r -> propagator r + shift together with those of what follows it."""
    return added(earlier, tuple(None if work is None else work.pulled_back(propagator, shift) for work in later))


def expectations(works: Works, mean: FloatArray, covariance: FloatArray, count: int) -> FloatArray:
    """Return the work done on each of `count` groups."""
    values = [0.0 if work is None else work.expectation(mean, covariance) for work in works]
    return np.array([*values, *[0.0] * (count - len(values))])


class WorkIntegral:
    """integral of <q^T (dV/dt) q / 2 + (dv/dt) . q>, collected from the q's at Gauss nodes, as a functional of the state."""

    def __init__(self, size: int) -> None:
        self._form: FloatArray | None = None
        self._linear = np.zeros(size)
        self._constant = 0.0

    def add(self, rows: FloatArray, slopes: FloatArray, forces: FloatArray) -> None:
        """Add some nodes: the q's as rows and shifts (T, d, size + 1); their slopes (T, d, d), (T, d) times the weights."""
        if not np.any(slopes) and not np.any(forces):
            return
        if self._form is None:
            self._form = np.zeros((len(self._linear), len(self._linear)))
        # The upper triangle, off its diagonal twice, has the same quadratic form and fewer rows.
        upper = np.triu(slopes) + np.triu(slopes, 1)
        moving = np.flatnonzero(np.any(upper != 0.0, axis=(0, 2)))
        if len(moving):
            own, rates = rows[:, moving, :-1], upper[:, moving] @ rows[:, :, :-1]
            self._form += own.reshape(-1, own.shape[2]).T @ rates.reshape(-1, own.shape[2])
        shifts = rows[:, :, -1]
        pull = np.einsum("tde,te->td", slopes, shifts)
        if np.any(push := pull + forces):
            self._linear += np.tensordot(push, rows[:, :, :-1], axes=2)
            self._constant += float(np.vdot(shifts, 0.5 * pull + forces))

    @property
    def functional(self) -> QuadraticFunctional | None:
        """What was collected; None if nothing was driven."""
        if self._form is None:
            return None
        return QuadraticFunctional(0.5 * (self._form + self._form.T), self._linear, self._constant)


@dataclass(frozen=True)
class Evolution:
    """The affine symplectic map r -> propagator r + shift of an interval, and the work done by the drives on it."""

    propagator: FloatArray
    shift: FloatArray
    works: Works = ()

    @classmethod
    def identity(cls, size: int) -> Evolution:
        """Return the map of an empty interval."""
        return cls(np.eye(size), np.zeros(size))

    @property
    def work(self) -> QuadraticFunctional:
        """The work on all groups together."""
        done = [work for work in self.works if work is not None]
        return sum(done[1:], start=done[0]) if done else QuadraticFunctional.zero(len(self.shift))

    def then(self, later: Evolution) -> Evolution:
        """Return this map followed by a later one."""
        return Evolution(
            later.propagator @ self.propagator,
            later.propagator @ self.shift + later.shift,
            joined(self.works, later.works, self.propagator, self.shift),
        )


def constant_propagator(hamiltonian: FloatArray, duration: float) -> FloatArray:
    """Return exp(Omega h t) of a constant quadratic Hamiltonian H = r^T h r / 2.

    This is exact in the normal modes, and symplectic to rounding where a general matrix exponential is a hundred times
    less so: those of h itself if it is positive definite; without x-p terms those of L^T h_xx L (oscillating or, for a negative
    eigenvalue, growing) if only the momentum block h_pp = L L^T is. Otherwise it is the matrix exponential.

    Examples
    --------
    >>> np.allclose(constant_propagator(np.eye(2), np.pi / 2), [[0, 1], [-1, 0]])
    True
    """
    half = len(hamiltonian) // 2
    try:
        # a direction that is nearly free has no normal mode that rounding leaves alone
        np.linalg.cholesky(hamiltonian - _FREE * float(np.max(np.abs(hamiltonian))) * np.eye(2 * half))
        frequencies, transform = williamson(hamiltonian)  # h = T w T^T: r = T^-T (normal modes)
    except (StateError, np.linalg.LinAlgError):
        pass
    else:
        return np.asarray(symplectic_inverse(transform).T @ rotate(frequencies, duration, transform.T))
    factor: Any = None
    if not np.any(hamiltonian[:half, half:]):
        try:
            factor = np.asarray(np.linalg.cholesky(hamiltonian[half:, half:]))
        except np.linalg.LinAlgError:
            factor = None
    if factor is None:
        return np.asarray(scipy.linalg.expm(duration * apply_form(hamiltonian)))
    squares, modes = np.linalg.eigh(factor.T @ hamiltonian[:half, :half] @ factor)
    rate = np.sqrt(np.abs(squares))
    angle = rate * duration
    bound = squares > 0.0
    cosine = np.where(bound, np.cos(angle), np.cosh(np.where(bound, 0.0, angle)))
    sine = np.where(bound, np.sin(angle), np.sinh(np.where(bound, 0.0, angle)))
    sine_over = np.where(angle > 0.0, sine / np.where(angle > 0.0, rate, 1.0), duration)
    x_modes = factor @ modes
    p_modes = scipy.linalg.solve_triangular(factor, modes, lower=True, trans=1)
    return np.block(
        [
            [(x_modes * cosine) @ p_modes.T, (x_modes * sine_over) @ x_modes.T],
            [-(p_modes * (squares * sine_over)) @ p_modes.T, (p_modes * cosine) @ x_modes.T],
        ]
    )


def constant_evolution(hamiltonian: FloatArray, force: FloatArray, duration: float) -> Evolution:
    """Return the map of a stretch on which H = r^T h r / 2 + force . r is constant; it does no work.

    With a force the map is the exponential of the affine generator [[Omega h, Omega force], [0, 0]].
    """
    size = len(hamiltonian)
    propagator = constant_propagator(hamiltonian, duration)
    shift: FloatArray = np.zeros(size)
    if np.any(force):
        # shift = integral_0^t exp(Omega h s) Omega force ds, solved where h has an inverse, exponentiated where not.
        displacement, _, rank, _ = np.linalg.lstsq(hamiltonian, -force, rcond=None)
        if rank == size:
            shift = np.asarray(displacement - propagator @ displacement, dtype=np.float64)
        else:
            generator = np.zeros((size + 1, size + 1))
            generator[:size, :size] = apply_form(hamiltonian)
            generator[:size, size] = apply_form(force)
            shift = scipy.linalg.expm(duration * generator)[:size, size]
    return Evolution(propagator, shift)


def add_works(
    works: list[WorkIntegral], size: int, rows: FloatArray, weights: FloatArray, slopes: tuple[FloatArray, FloatArray]
) -> None:
    """Add the nodes of a panel to the work on each group, in place; the slopes are (..., T, d, d) and (..., T, d)."""
    n_times, d = len(weights), rows.shape[1]
    forms, forces = slopes[0].reshape(-1, n_times, d, d), slopes[1].reshape(-1, n_times, d)
    works.extend(WorkIntegral(size) for _ in range(len(forms) - len(works)))
    for work, form, force in zip(works, forms, forces, strict=True):
        work.add(rows, weights[:, None, None] * form, weights[:, None] * force)


@dataclass(frozen=True)
class Stage:
    """What is known of one panel of a driven stretch.

    Parameters
    ----------
    times, weights : (m,) array
        The Gauss nodes and their weights.
    rows : (m, d, 2N + 1) array
        P^T U(t) and P^T shift(t): the coupled quadratures there, as functions of those from which the map counts.
    end : (2N, 2N + 1) array
        The map to the end of the panel, propagator and shift.
    """

    times: FloatArray
    weights: FloatArray
    rows: FloatArray
    end: FloatArray


def affine_identity(size: int) -> FloatArray:
    """Return the map that changes nothing, propagator and shift, shape (2N, 2N + 1)."""
    return np.eye(size, size + 1)


@dataclass(frozen=True)
class DrivenHamiltonian:
    """H(t) = sum_k w_k (x_k^2 + p_k^2)/2 + q^T V(t) q / 2 + v(t) . q with few coupled quadratures q = P^T r.

    Parameters
    ----------
    frequencies : (N,) array
        Free frequencies w_k; zero for a mode whose whole Hamiltonian is in V.
    basis : (2N, d) array
        P, with orthonormal columns.
    coupling : callable
        t -> (V, v) of shapes (T, d, d) and (T, d), for an array of T times.
    slope : callable
        t -> (dV/dt, dv/dt); with a leading axis by groups of terms, whose works are told apart.
    """

    frequencies: FloatArray
    basis: FloatArray
    coupling: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    slope: Callable[[FloatArray], tuple[FloatArray, FloatArray]]

    def panels(self, start: float, stop: float) -> int:
        """Return the number of panels that resolves the fastest phase of the interval."""
        middle = np.linspace(start, stop, 9)[1:-1]
        strength = float(np.max(np.abs(self.coupling(middle)[0]), initial=0.0))
        phase = (2.0 * float(np.max(self.frequencies, initial=0.0)) + strength) * (stop - start)
        return max(1, int(np.ceil(phase / _PHASE_PER_PANEL)))

    def evolve(self, start: float, stop: float, panels: int) -> Evolution:
        """Return the map and the work of [start, stop] by collocation on equal panels.

        Each panel solves dz/dt = F(-t) Omega P [V(t) P^T F(t) z + v(t)] for z = F(-t) r at the 24 Gauss-Legendre nodes,
        F the free rotation. Gauss-Legendre collocation preserves quadratic invariants, so the map is symplectic to
        rounding whatever the step; its error falls faster than any power of the step for smooth drives. Work is the
        Gauss quadrature of <dH/dt> at the same nodes.

        References
        ----------
        Hairer, Lubich, Wanner, Geometric Numerical Integration (Springer 2006), theorem IV.2.2.
        """
        size = len(self.basis)
        state = affine_identity(size)
        works: list[WorkIntegral] = []
        for stage in self.stages(start, stop, panels, state):
            add_works(works, size, stage.rows, stage.weights, self.slope(stage.times))
            state = stage.end
        return Evolution(state[:, :-1], state[:, -1], tuple(work.functional for work in works))

    def stages(self, start: float, stop: float, panels: int, state: FloatArray) -> Iterator[Stage]:
        """Yield, for each panel, what the coupled quadratures are at its nodes and the map at its end; see `evolve`.

        `state` is the map (2N, 2N + 1), propagator and shift, that leads to `start`.
        """
        size = len(self.basis)
        duration = (stop - start) / panels
        nodes, matrix, weights = gauss_legendre_tableau(_NODES)
        rows, columns = self._node_factors(nodes * duration)
        n_rows = _NODES * self.basis.shape[1]
        flat_rows = rows.reshape(n_rows, size)
        flat_columns = columns.reshape(size, n_rows)
        # (m, d, l, e): duration a_ml P^T F(s_m - s_l) Omega P
        kernel = (flat_rows @ flat_columns).reshape(_NODES, -1, _NODES, self.basis.shape[1])
        kernel = kernel * (duration * matrix)[:, None, :, None]
        for panel in range(panels):
            times = start + duration * (panel + nodes)
            v, f = self.coupling(times)
            response = np.einsum("mdle,lef->mdlf", kernel, v).reshape(n_rows, n_rows)
            known = flat_rows @ state
            known[:, -1] += np.einsum("mdle,le->md", kernel, f).reshape(n_rows)
            q = np.linalg.solve(np.eye(n_rows) - response, known).reshape(_NODES, -1, size + 1)
            gradient = np.einsum("mde,mex->mdx", v, q)
            gradient[:, :, -1] += f
            step = (duration * weights)[:, None, None]
            state = state + flat_columns @ (step * gradient).reshape(n_rows, size + 1)
            state = rotate(self.frequencies, duration, state)
            yield Stage(times, duration * weights, q, state)

    def _node_factors(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return P^T F(t), shape (m, d, 2N), and F(-t) Omega P, shape (2N, m, d)."""
        half = len(self.frequencies)
        x, p = self.basis[:half].T, self.basis[half:].T
        angle = times[:, None, None] * self.frequencies
        cosine, sine = np.cos(angle), np.sin(angle)
        rows = np.concatenate([x * cosine - p * sine, x * sine + p * cosine], axis=2)
        # F(-t) Omega P = Omega (P^T F(t))^T, since F is orthogonal and symplectic.
        columns = apply_form(np.moveaxis(rows, 2, 0))
        return rows, columns


def rotate(frequencies: FloatArray, duration: float, array: FloatArray) -> FloatArray:
    """Return F(t) @ array: x -> x cos wt + p sin wt, p -> p cos wt - x sin wt."""
    half = len(frequencies)
    cosine, sine = np.cos(frequencies * duration)[:, None], np.sin(frequencies * duration)[:, None]
    x, p = array[:half], array[half:]
    return np.concatenate([x * cosine + p * sine, p * cosine - x * sine])


@lru_cache(maxsize=8)
def gauss_legendre_tableau(n_nodes: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (c, A, b) of the Gauss-Legendre collocation method on [0, 1].

    A_ml = integral_0^{c_m} l_l(s) ds, through the Legendre expansion of the Lagrange polynomials l_l.

    Examples
    --------
    >>> c, A, b = gauss_legendre_tableau(1)
    >>> float(c[0]), float(A[0, 0]), float(b[0])
    (0.5, 0.5, 1.0)
    """
    x, w = np.polynomial.legendre.leggauss(n_nodes)
    values = np.polynomial.legendre.legvander(x, n_nodes)
    degree = np.arange(1, n_nodes)
    integrals = np.empty((n_nodes, n_nodes))
    integrals[:, 0] = x + 1.0
    integrals[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * degree + 1)
    lagrange = values[:, :n_nodes] * (2 * np.arange(n_nodes) + 1) / 2 * w[:, None]
    return 0.5 * (x + 1.0), 0.5 * integrals @ lagrange.T, 0.5 * w
