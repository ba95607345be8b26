"""Fixed points of linear maps that keep a trace, and how fast they are reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse.linalg

from athermal._types import ComplexArray, FloatArray

Apply = Callable[[ComplexArray], ComplexArray]

# The Krylov vectors that are kept, how well the slowest eigenvalue must be known, and how often the solve may begin anew.
_MOST, _KNOWN, _ROUNDS = 80, 1e-3, 6
# What a Krylov space may leave of a vector before it is exhausted; how often a block is iterated.
_EXHAUSTED, _ITERATIONS = 1e-12, 30


@dataclass(frozen=True)
class Krylov:
    """The space of x, M x, M^2 x, ..., in which M is nearly h.

    Parameters
    ----------
    basis : (N, m) array
    inside : (m, m) array
        h, Hessenberg.
    beyond : float
        What M leads out of the space, from its last vector.
    """

    basis: ComplexArray
    inside: ComplexArray
    beyond: float

    def ritz(self) -> tuple[ComplexArray, FloatArray]:
        """Return the eigenvalues of h, the largest first, and how far each may be from one of M's."""
        values, vectors = np.linalg.eig(self.inside)
        order = np.argsort(-np.abs(values), kind="stable")
        return values[order], self.beyond * np.abs(vectors[-1, order])


def krylov(apply: Apply, start: ComplexArray, most: int = _MOST) -> Krylov:
    """Return a Krylov space in which the largest eigenvalue of M is known as far as it is from one.

    Examples
    --------
    >>> map_ = np.diag([0.9, 0.5, 0.1])
    >>> values, _ = krylov(lambda v: map_ @ v, np.ones(3, dtype=complex)).ritz()
    >>> values.real.round(12)
    array([0.9, 0.5, 0.1])
    """
    basis, most = [start / np.linalg.norm(start)], min(most, len(start))
    inside = np.zeros((most + 1, most), dtype=complex)
    for k in range(most):
        image = apply(basis[k])
        size = float(np.linalg.norm(image))
        for _ in range(2):  # once more, for what rounding leaves
            for j, held in enumerate(basis):
                part = np.vdot(held, image)
                inside[j, k] += part
                image = image - part * held
        left = float(np.linalg.norm(image))
        inside[k + 1, k] = left
        found = Krylov(np.array(basis).T, inside[: k + 1, : k + 1], left)
        values, errors = found.ritz()
        if left <= _EXHAUSTED * max(size, 1e-300) or (k and errors[0] <= _KNOWN * max(abs(1.0 - values[0]), 1e-8)):
            break
        basis.append(image / left)
    return found


def fixed(apply: Apply, start: ComplexArray, space: Krylov, accuracy: float) -> tuple[ComplexArray, float]:
    """Return v with M v = v, reached from a start of the same trace, and by how much M still changes it, relative to itself.

    (1 - M) d = M s - s for the difference d = v - s, by GMRES, with the inverse of 1 - M in the Krylov space as preconditioner:
    outside of it M is small.
    """
    size, basis = len(start), space.basis
    inverse = np.linalg.inv(np.eye(basis.shape[1]) - space.inside) - np.eye(basis.shape[1])
    conditioner = scipy.sparse.linalg.LinearOperator(
        (size, size), matvec=lambda v: v + basis @ (inverse @ (basis.conj().T @ v)), dtype=complex
    )
    operator = scipy.sparse.linalg.LinearOperator((size, size), matvec=lambda v: v - apply(v), dtype=complex)
    vector, best = start, (start, np.inf)
    for _ in range(_ROUNDS):
        residual = apply(vector) - vector
        change = float(np.linalg.norm(residual) / np.linalg.norm(vector))
        if change >= 0.5 * best[1]:  # rounding, or what the map itself is not known to
            return best if best[1] < change else (vector, change)
        best = (vector, change)
        if change <= 0.1 * accuracy:
            break
        step, _ = scipy.sparse.linalg.gmres(
            operator, residual, rtol=max(0.03 * accuracy / change, 1e-12), restart=40, maxiter=3, M=conditioner
        )
        vector = vector + step
    return best


def reached(apply: Apply, start: ComplexArray, accuracy: float) -> tuple[ComplexArray, Krylov, float]:
    """Return v with M v = v, reached from a start of the same trace, the space it was found in, and its relative change.

    The least |v - M v| of all v = s + (combination of the M^k (M s - s)), by as few applications of M as that takes. Only what
    differs from the fixed point at the start is in the space.

    Examples
    --------
    >>> map_ = np.array([[0.9, 0.2], [0.1, 0.8]])
    >>> vector, space, change = reached(lambda v: map_ @ v, np.array([1.0, 0.0], dtype=complex), 1e-10)
    >>> vector.real.round(12), space.ritz()[0].real.round(12), change < 1e-10
    (array([0.66666667, 0.33333333]), array([0.7]), True)
    """
    vector = start
    for _ in range(_ROUNDS):
        residual = apply(vector) - vector
        size, whole = float(np.linalg.norm(residual)), float(np.linalg.norm(vector))
        basis, columns = [residual / max(size, 1e-300)], np.zeros((_MOST + 1, _MOST), dtype=complex)
        left = size
        for k in range(_MOST):
            image = apply(basis[k])
            for _ in range(2):  # once more, for what rounding leaves
                for j, held in enumerate(basis):
                    part = np.vdot(held, image)
                    columns[j, k] += part
                    image = image - part * held
            columns[k + 1, k] = beyond = float(np.linalg.norm(image))
            system = np.eye(k + 2, k + 1) - columns[: k + 2, : k + 1]
            target = size * np.eye(k + 2, 1)[:, 0]
            found = np.linalg.lstsq(system, target, rcond=None)[0]
            left = float(np.linalg.norm(target - system @ found))
            if left <= 0.1 * accuracy * whole or beyond <= _EXHAUSTED:
                break
            basis.append(image / beyond)
        space = Krylov(np.array(basis[: k + 1]).T, columns[: k + 1, : k + 1], beyond)
        vector = vector + space.basis @ found
        if left <= 0.3 * accuracy * whole:
            break
    return vector, space, left / whole


@dataclass(frozen=True)
class Inverse:
    """(M - s)^-1 of a large sparse matrix by its factors."""

    matrix: scipy.sparse.csc_array
    shift: float

    def slowest(self, count: int, trace: ComplexArray, seed: int = 0) -> tuple[ComplexArray, ComplexArray, FloatArray]:
        """Return the eigenvalues of M nearest to zero, their vectors as columns, and how far each may be from one of M's.

        By inverse iteration of a block of vectors, which sees a null space of as many dimensions as it has vectors.
        """
        size = self.matrix.shape[0]
        factors = scipy.sparse.linalg.splu(
            scipy.sparse.csc_array(self.matrix - self.shift * scipy.sparse.eye_array(size, format="csc"))
        )
        rng, count = np.random.default_rng(seed), min(count, size)
        block = np.asarray(rng.standard_normal((size, count)), dtype=self.matrix.dtype)
        block[:, 0] = trace.real
        values, errors = np.zeros(count, dtype=complex), np.full(count, np.inf)
        for _ in range(_ITERATIONS):
            block, _ = np.linalg.qr(factors.solve(block))
            image = self.matrix @ block
            values, turned = scipy.linalg.eig(block.conj().T @ image)
            order = np.argsort(np.abs(values), kind="stable")
            values, turned = values[order], turned[:, order]
            vectors = block @ turned
            errors = np.linalg.norm(self.matrix @ vectors - vectors * values, axis=0) / np.linalg.norm(vectors, axis=0)
            if np.all(errors[:2] <= _KNOWN * np.abs(values[:2])) or errors[0] == 0.0:
                break
        return values, vectors, errors
