"""How what happens on a way depends on the Hamiltonian along it: adjoint derivatives of Gaussian evolutions.

With the affine coordinates s = (r, 1) of H = r^T h r / 2 + f . r, second moments S = <s s^T> move by s -> U(t) s. For an
energy J = tr(Lambda S) of the last state, a change of h and f by ds(t) (K, k), with K = P K' P^T and k = P k', changes J by

    dJ = integral c(t) ds(t) dt,    c(t) = 2 [tr(K' D(t)) + k' . v(t)],
    D(t) = q(t) B q_r(t)^T,  v(t) = e^T B q_r(t)^T,  B = (S_0 Lambda_0)_{.,r} Omega,

where q(t) = P^T U(t) are the coupled quadratures (q_r without the shift), S_0 and Lambda_0 = U^T Lambda U belong to the start
and e picks the last row. Cycles that repeat the same way add their S_0 Lambda_0: one matrix B holds them all, and a gradient in
any number of parameters costs one pass along the nodes of one cycle.

References
----------
L. S. Pontryagin et al., The Mathematical Theory of Optimal Processes (1962); N. Khaneja et al., J. Magn. Reson. 172, 296 (2005).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.special

from athermal._types import FloatArray, Matrix
from athermal.errors import StateError
from athermal.maths.density import thermal_populations
from athermal.maths.propagate import Stage, rotate
from athermal.maths.symplectic import apply_form, symplectic_form, symplectic_inverse, williamson

# Gauss-Legendre of n nodes integrates e^{i a x} on [-1, 1] to (e a / 4 n)^2n: 64 nodes for a = 65 to 1e-20.
_MOST_NODES, _PHASE_PER_RULE = 64, 130.0
# What a driven stretch may keep of its way; beyond, it is gone again.
_KEPT_BYTES = 2**28


def gauss_times(start: float, stop: float, bandwidth: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights that integrate every function on [start, stop] with frequencies up to `bandwidth` to rounding.

    Examples
    --------
    >>> times, weights = gauss_times(0.0, 100.0, 7.0)
    >>> bool(abs(np.sum(weights * np.cos(7.0 * times)) - np.sin(700.0) / 7.0) < 1e-12)
    True
    """
    phase = bandwidth * (stop - start)
    panels = max(1, int(np.ceil(phase / _PHASE_PER_RULE)))
    count = min(_MOST_NODES, 16 + 8 * int(np.ceil(phase / panels / 16.0)))
    nodes, weights = _rule(count)
    width = (stop - start) / panels
    times = start + width * (np.arange(panels)[:, None] + 0.5 * (nodes + 1.0))
    return times.ravel(), np.tile(0.5 * width * weights, panels)


@lru_cache(maxsize=16)
def _rule(count: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = scipy.special.roots_legendre(count)
    return np.asarray(nodes), np.asarray(weights)


class Passage(ABC):
    """The coupled quadratures at quadrature nodes along a stretch of the way.

    Attributes
    ----------
    times, weights : (T,) array
        The nodes, and the weights of their quadrature.
    end : (2N, 2N + 1) array
        The map from the start of the way to the end of the stretch, propagator and shift.
    """

    times: FloatArray
    weights: FloatArray
    end: FloatArray

    @abstractmethod
    def response(self, product: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return D(t), shape (T, d, d), and v(t), shape (T, d), of the product S_0 Lambda_0 (2N + 1, 2N + 1)."""


@dataclass(frozen=True)
class ConstantPassage(Passage):
    """A stretch on which the Hamiltonian is constant and positive: exact in its normal modes, wherever its nodes are.

    Parameters
    ----------
    times, weights, end
        See `Passage`.
    angles : (T, N) array
        How far each normal mode has turned since the start of the stretch.
    contact : (d, 2N) array
        The coupled quadratures as functions of the normal modes.
    entry : (2N, 2N + 1) array
        The normal modes there, counted from the equilibrium position, as functions of the start of the way.
    rest : (d,) array
        The coupled quadratures of the equilibrium position.
    """

    times: FloatArray
    weights: FloatArray
    end: FloatArray
    angles: FloatArray
    contact: FloatArray
    entry: FloatArray
    rest: FloatArray

    @classmethod
    def along(
        cls,
        hamiltonian: tuple[FloatArray, FloatArray],
        basis: FloatArray,
        start: FloatArray,
        span: tuple[float, float],
        extra: float,
    ) -> ConstantPassage:
        """Return the passage under h and f, both constant, from the map `start` on; `StateError` unless h is positive.

        `extra` is the bandwidth of what c(t) is to be integrated against.
        """
        form, force = hamiltonian
        frequencies, transform = williamson(form)  # h = T w T^T: the normal modes are T^T r
        back = symplectic_inverse(transform).T
        rest = -np.linalg.solve(form, force) if np.any(force) else np.zeros(len(form))
        moved = start.copy()
        moved[:, -1] -= rest
        entry = transform.T @ moved
        end = back @ rotate(frequencies, span[1] - span[0], entry)
        end[:, -1] += rest
        times, weights = gauss_times(*span, 2.0 * float(np.max(frequencies)) + extra)
        angles = np.outer(times - span[0], frequencies)
        return cls(times, weights, end, angles, basis.T @ back, entry, basis.T @ rest)

    def response(self, product: FloatArray) -> tuple[FloatArray, FloatArray]:
        turned = apply_form(self.entry[:, :-1].T)  # Omega q_r^T = Omega entry_r^T (contact R(t))^T
        inner, last = self.entry @ (product[:, :-1] @ turned), product[-1, :-1] @ turned
        x, p = np.split(self.contact, 2, axis=1)
        parts: list[tuple[FloatArray, FloatArray]] = []
        for first in range(0, len(self.times), _MOST_NODES):
            angle = self.angles[first : first + _MOST_NODES, None, :]
            cosine, sine = np.cos(angle), np.sin(angle)
            rows = np.concatenate([x * cosine - p * sine, x * sine + p * cosine], axis=2)
            v = rows @ last
            parts.append((_quadratic(rows, inner, rows) + self.rest[:, None] * v[:, None, :], v))
        return np.concatenate([d for d, _ in parts]), np.concatenate([v for _, v in parts])


@dataclass(frozen=True)
class DrivenPassage(Passage):
    """A stretch solved by collocation.

    Parameters
    ----------
    times, weights, end
        See `Passage`.
    again : callable
        Returns its panels, once more.
    kept : tuple of (m, d, 2N + 1) array or None
        The coupled quadratures at the nodes of every panel, unless they take too much memory.
    """

    times: FloatArray
    weights: FloatArray
    end: FloatArray
    again: Callable[[], Iterable[Stage]]
    kept: tuple[FloatArray, ...] | None

    @classmethod
    def through(cls, again: Callable[[], Iterable[Stage]]) -> DrivenPassage:
        """Return the passage through some panels, at least one."""
        times, weights, kept, used = [], [], [], 0
        end = np.empty((0, 0))
        for stage in again():
            times.append(stage.times)
            weights.append(stage.weights)
            used += stage.rows.nbytes
            if used <= _KEPT_BYTES:
                kept.append(stage.rows)
            end = stage.end
        rows = tuple(kept) if used <= _KEPT_BYTES else None
        return cls(np.concatenate(times), np.concatenate(weights), end, again, rows)

    def response(self, product: FloatArray) -> tuple[FloatArray, FloatArray]:
        turned = -apply_form(product[:, :-1].T).T  # (S_0 Lambda_0)_r Omega
        d, v = [], []
        for rows in (stage.rows for stage in self.again()) if self.kept is None else self.kept:
            d.append(_quadratic(rows, turned, rows[:, :, :-1]))
            v.append(rows[:, :, :-1] @ turned[-1])
        return np.concatenate(d), np.concatenate(v)


def _quadratic(left: FloatArray, matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return left(t) matrix right(t)^T for every node."""
    count, d, size = left.shape
    return (left.reshape(count * d, size) @ matrix).reshape(count, d, -1) @ right.transpose(0, 2, 1)


def gibbs_slope(form: FloatArray, temperature: float, change: FloatArray) -> FloatArray:
    """Return by how much the covariance coth(i Omega h/2T) i Omega/2 of a Gibbs state changes with h, to first order.

    The derivative of a matrix function is the matrix of divided differences in the eigenbasis (Daleckii and Krein), here that of
    i Omega h, whose eigenvalues are +-w_k.

    Parameters
    ----------
    form, change : (2n, 2n) array
        h > 0, and dh.
    temperature : float

    References
    ----------
    N. J. Higham, Functions of Matrices (SIAM 2008), theorem 3.11.

    Examples
    --------
    >>> slope = gibbs_slope(np.eye(2), 0.5, np.eye(2))  # of coth(w)/2: -1/(2 sinh^2 w)
    >>> bool(abs(slope[0, 0] + 0.5 / np.sinh(1.0) ** 2) < 1e-15)
    True
    """
    frequencies, transform = williamson(form)
    back = symplectic_inverse(transform).T
    half = len(frequencies)
    identity = np.eye(half)
    vectors = np.block([[identity, identity], [-1j * identity, 1j * identity]]) / np.sqrt(2.0)  # of i Omega diag(w, w): w, -w
    turn = 1j * symplectic_form(half)
    inside = vectors.conj().T @ (turn @ (back.T @ change @ back)) @ vectors
    same, opposite = _divided_differences(frequencies, temperature)
    differences = np.block([[same, opposite], [opposite, same]])
    inner = vectors @ (differences * inside) @ vectors.conj().T @ turn
    return np.asarray(0.5 * back @ np.real(inner) @ back.T)


def _divided_differences(frequencies: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """Return those of coth(z/2T) between w_j and w_k, and between w_j and -w_k, without cancellation or overflow."""
    if temperature == 0.0:  # the cotangent is one
        return np.zeros((len(frequencies),) * 2), 2.0 / (frequencies[:, None] + frequencies)
    a = 0.5 * frequencies / temperature
    gap = np.abs(a[:, None] - a)
    lower = np.minimum(a[:, None], a)
    rise = np.where(gap > 0.0, -np.expm1(-2.0 * gap) / np.where(gap > 0.0, gap, 1.0), 2.0)
    weight = -np.expm1(-2.0 * a)
    same = -np.exp(-2.0 * lower) * rise / (temperature * weight[:, None] * weight)
    cotangent = 1.0 / np.tanh(a)
    return same, (cotangent[:, None] + cotangent) / (frequencies[:, None] + frequencies)


def largest_correlation_slope(covariance: FloatArray, pattern: FloatArray) -> FloatArray:
    """Return the symmetric L with dc = tr(L dsigma), c the largest for which sigma + c X is a quantum state.

    At c a vector w has (sigma + c X + i Omega/2) w = 0, so that dc = -w^dag dsigma w / w^dag X w. Where several w do, which
    happens by symmetry, their mean is taken.

    Parameters
    ----------
    covariance, pattern : (2n, 2n) array
        sigma and X, as in `largest_correlation`.
    """
    positive = covariance + 0.5j * symplectic_form(len(covariance) // 2)
    values, vectors = np.linalg.eigh(positive)
    kept = values > len(values) * np.finfo(float).eps * float(values[-1])
    root = vectors[:, kept] / np.sqrt(values[kept])
    gains, inner = np.linalg.eigh(root.conj().T @ pattern @ root)
    if gains[0] >= 0.0:
        raise StateError("The pattern must have a largest size, but has none: no multiple of it is unphysical.")
    weak = inner[:, gains <= gains[0] * (1.0 - 1e-9)]
    directions = root @ weak  # w^dag X w = gains[0]
    return np.asarray(-np.real(directions @ directions.conj().T) / (gains[0] * weak.shape[1]))


def thermal_slope(energies: FloatArray, temperature: float, change: Matrix) -> Matrix:
    """Return by how much exp(-H/T)/Z changes with H, to first order, all in the eigenbasis of H.

    d rho_jk = -dH_jk (p_j - p_k)/(E_k - E_j), on the diagonal -dH_jj p_j/T, and a multiple of rho that keeps the trace. At T = 0
    of the ground state, whose level must not be degenerate if dH splits it.

    Parameters
    ----------
    energies : (d,) array
    temperature : float
    change : (d, d) array
        dH in the eigenbasis of H.

    Examples
    --------
    >>> thermal_slope(np.array([0.0, 0.0]), 1.0, np.diag([1.0, -1.0])).diagonal()
    array([-0.5,  0.5])
    """
    populations = thermal_populations(energies, temperature)
    larger = np.maximum(populations[:, None], populations)
    if temperature == 0.0:
        apart = np.abs(energies[:, None] - energies)
        is_apart = populations[:, None] != populations
        return np.where(is_apart, -change * larger / np.where(is_apart, apart, 1.0), 0.0)
    gap = (energies[:, None] - energies) / temperature
    size = np.abs(gap)
    rise = np.where(size > 0.0, -np.expm1(-size) / np.where(size > 0.0, size, 1.0), 1.0)
    slope = -change * (larger * rise / temperature)
    slope[np.diag_indices_from(slope)] -= np.trace(slope) * populations
    return slope
