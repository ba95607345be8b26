"""States from elsewhere: density matrices, state vectors, QuTiP's objects, or mean and covariance of a Gaussian state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.errors import StateError, StudyError
from athermal.maths import density, gaussian
from athermal.maths.symplectic import mode_indices, symplectic_eigenvalues
from athermal.maths.tensor import partial_trace


@dataclass(frozen=True)
class DensityState:
    """A density matrix that was checked."""

    matrix: ComplexArray
    defect: float
    dims: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """The dimension."""
        return len(self.matrix)

    def entropy(self) -> float:
        """Return S(rho) in nats; eigenvalues below zero, no further than was allowed, count as zero."""
        return density.spectrum_entropy(np.maximum(np.linalg.eigvalsh(self.matrix), 0.0))

    def energy(self, hamiltonian: Matrix) -> float:
        """Return Tr(rho H)."""
        return float(np.real(np.vdot(hamiltonian, self.matrix)))

    def part(self, sizes: Sequence[int], kept: Sequence[int]) -> DensityState:
        """Return the state of some of the factors."""
        return DensityState(partial_trace(self.matrix, sizes, kept), self.defect)


@dataclass(frozen=True)
class GaussianState:
    """Mean and covariance, in the order (x_1..x_N, p_1..p_N), that were checked; vacuum 1/2."""

    mean: FloatArray
    covariance: FloatArray
    defect: float

    @property
    def size(self) -> int:
        """The number of modes."""
        return len(self.mean) // 2

    def entropy(self) -> float:
        """Return sum_k f(nu_k) in nats."""
        return gaussian.entropy(self.covariance, self.defect)

    def energy(self, form: Matrix) -> float:
        """Return <r^T h r>/2 = Tr(h sigma)/2 + <r>^T h <r>/2."""
        h = np.real(form)
        return float(0.5 * np.vdot(h, self.covariance) + 0.5 * self.mean @ h @ self.mean)

    def part(self, sizes: Sequence[int], kept: Sequence[int]) -> GaussianState:
        """Return the state of some of the subsystems, each of so many modes."""
        ends = np.cumsum([0, *sizes])
        modes = np.concatenate([np.arange(ends[k], ends[k + 1]) for k in kept])
        rows: IntArray = mode_indices(modes, self.size)
        return GaussianState(self.mean[rows], self.covariance[np.ix_(rows, rows)], self.defect)


AnyState = DensityState | GaussianState


def read_state(value: Any, what: str, tolerance: float) -> AnyState:
    """Return a state in canonical form, or raise `StateError` saying which state is none, and by how much."""
    if _is_moments(value):
        return _gaussian(value[0], value[1], what, tolerance)
    dims: tuple[int, ...] = ()
    if hasattr(value, "full"):
        if value.type not in ("oper", "ket"):
            raise StateError(f"{what} must be a density matrix or a ket, but is a Qobj of type {value.type!r}.")
        dims = tuple(int(size) for size in value.dims[0]) if isinstance(value.dims[0], list) else ()
        value = value.full()
    matrix = _numbers(value, what)
    if matrix.ndim == 2 and 1 in matrix.shape and matrix.shape != (1, 1):
        matrix = matrix.ravel()
    if matrix.ndim == 1:
        norm = float(np.linalg.norm(matrix))
        if abs(norm - 1.0) > tolerance:
            raise StateError(f"{what} must have norm 1, but its norm is {norm:.12g}, off by {abs(norm - 1.0):.3g}.")
        return DensityState(np.outer(matrix, matrix.conj()), abs(norm - 1.0), dims)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise StateError(f"{what} must be a square matrix or a vector, but has the shape {matrix.shape}.")
    return DensityState(matrix, _defect(matrix, what, tolerance), dims)


def _defect(matrix: ComplexArray, what: str, tolerance: float) -> float:
    """Return by how much a matrix misses being a density matrix, or raise `StateError` if that is too much."""
    remedy = f"That is more than state_tolerance = {tolerance:g}."
    asymmetry = float(np.max(np.abs(matrix - matrix.conj().T)))
    if asymmetry > tolerance:
        raise StateError(f"{what} must be Hermitian, but it and its adjoint differ by {asymmetry:.3g}. {remedy}")
    trace = float(np.real(np.trace(matrix)))
    if abs(trace - 1.0) > tolerance:
        raise StateError(f"{what} must have trace 1, but its trace is {trace:.12g}, off by {abs(trace - 1.0):.3g}. {remedy}")
    lowest = float(np.linalg.eigvalsh(matrix)[0])
    if lowest < -tolerance:
        raise StateError(f"{what} must have no negative eigenvalue, but its lowest is {lowest:.3g}. {remedy}")
    return max(asymmetry, abs(trace - 1.0), -lowest)


def _gaussian(mean: Any, covariance: Any, what: str, tolerance: float) -> GaussianState:
    sigma, centre = np.asarray(_numbers(covariance, what).real), np.asarray(_numbers(mean, what).real)
    if sigma.ndim != 2 or sigma.shape[0] != sigma.shape[1] or len(sigma) % 2 or not len(sigma) or centre.shape != sigma.shape[:1]:
        raise StateError(
            f"{what} must be a mean of 2 N and a covariance of 2 N x 2 N numbers, but these have the shapes {centre.shape} and "
            f"{sigma.shape}."
        )
    asymmetry = float(np.max(np.abs(sigma - sigma.T)))
    if asymmetry > tolerance * max(1.0, float(np.max(np.abs(sigma)))):
        raise StateError(f"{what}: the covariance must be symmetric, but it and its transpose differ by {asymmetry:.3g}.")
    below = 0.5 - float(np.min(_symplectic_eigenvalues(sigma, what)))
    if below > tolerance * max(1.0, float(np.max(np.abs(sigma)))):
        raise StateError(
            f"{what}: the covariance must obey the uncertainty relation sigma + i Omega/2 >= 0, but its smallest symplectic "
            f"eigenvalue is 1/2 - {below:.3g}. (The vacuum is 1/2 here, and the order is x_1..x_N, p_1..p_N.)"
        )
    return GaussianState(centre, sigma, max(below, 0.0))


def _symplectic_eigenvalues(sigma: FloatArray, what: str) -> FloatArray:
    lowest = float(np.linalg.eigvalsh(sigma)[0])
    if lowest <= 0.0:
        raise StateError(f"{what}: a covariance must be positive, but its lowest eigenvalue is {lowest:.3g}.")
    return symplectic_eigenvalues(sigma)


def is_sampled(value: Any) -> bool:
    """Tell whether what stands for one instant is several samples of the state, not one state."""
    if _is_moments(value) or hasattr(value, "full"):
        return False
    if isinstance(value, (list, tuple)) and value and (hasattr(value[0], "full") or _is_moments(value[0])):
        return True
    if isinstance(value, (list, tuple)) and value and all(_depth(one) == 2 for one in value):
        return True
    return _depth(value) == 3


def mean_state(states: Sequence[AnyState]) -> AnyState:
    """Return the mean of samples of one state: of density matrices, or of means and covariances."""
    first = states[0]
    if isinstance(first, GaussianState):
        held = [state for state in states if isinstance(state, GaussianState)]
        mean, sigma = np.mean([s.mean for s in held], axis=0), np.mean([s.covariance for s in held], axis=0)
        return GaussianState(mean, sigma, max(state.defect for state in held))
    matrices = [state.matrix for state in states if isinstance(state, DensityState)]
    return DensityState(np.mean(matrices, axis=0), max(state.defect for state in states), first.dims)


def by_instant(values: Any, what: str, n_instants: int) -> list[Any]:
    """Return a sequence of states, one entry for each instant; stacked moments (means, covariances) are split."""
    if isinstance(values, tuple) and len(values) == 2 and _depth(values[0]) == 2 and _depth(values[1]) == 3:
        if len(values[0]) != len(values[1]):
            raise StudyError(f"{what} must have as many means as covariances, but has {len(values[0])} and {len(values[1])}.")
        values = list(zip(*values, strict=True))
    if hasattr(values, "full") or isinstance(values, str) or not hasattr(values, "__iter__") or _depth(values) == 0:
        remedy = " Give its `states`." if hasattr(values, "states") else ""
        raise StudyError(f"{what} must be a list with one state for each instant, but is a {type(values).__name__}.{remedy}")
    found = list(values)
    if len(found) != n_instants:
        raise StudyError(f"{what} must be a list with one state for each of the {n_instants} instants, but has {len(found)}.")
    return found


def hamiltonian_of_time(value: Any, what: str, times: FloatArray) -> Callable[[int], Matrix]:
    """Return the function that gives a Hamiltonian at an instant: of a constant, a list over instants, or a function of time."""
    if callable(value) and not hasattr(value, "full"):
        return lambda k: _hermitian(value(float(times[k])), f"{what} at t = {times[k]:g}")
    if hasattr(value, "full") or _depth(value) == 2:
        constant = _hermitian(value, what)
        return lambda _k: constant
    is_list = isinstance(value, (list, tuple, np.ndarray)) and _depth(value) != 0
    if is_list and any(isinstance(one, (list, tuple)) and any(map(callable, one)) for one in value):
        raise StudyError(f"{what} must be a function of time, but is QuTiP's list of terms. Give qutip.QobjEvo of that list.")
    found = list(value) if is_list else []
    if len(found) != len(times):
        raise StudyError(
            f"{what} must be a matrix, a function of time, or a list with a matrix for each of the {len(times)} instants, but "
            f"{f'has {len(found)} entries' if is_list else f'is a {type(value).__name__}'}."
        )
    return lambda k: _hermitian(found[k], f"{what} at t = {times[k]:g}")


def _depth(value: Any) -> int:
    """Return the number of axes of an array, or of lists in lists; -1 if they are ragged or hold objects."""
    if hasattr(value, "full") or (isinstance(value, (list, tuple)) and any(hasattr(one, "full") for one in value)):
        return -1
    try:
        return int(np.ndim(value))
    except ValueError:
        return -1


def _hermitian(value: Any, what: str) -> ComplexArray:
    matrix = _numbers(value.full() if hasattr(value, "full") else value, what)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise StudyError(f"{what} must be a square matrix, but has the shape {matrix.shape}.")
    miss = float(np.max(np.abs(matrix - matrix.conj().T)))
    if miss > 1e-9 * float(np.max(np.abs(matrix))):
        raise StudyError(f"{what} must be Hermitian, but it and its adjoint differ by {miss:.3g}.")
    return matrix


def _is_moments(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and _depth(value[0]) == 1 and _depth(value[1]) == 2


def _numbers(value: Any, what: str) -> ComplexArray:
    if np.ma.is_masked(value):
        raise StateError(f"{what} must be known, but {np.sum(np.ma.getmaskarray(value))} of its numbers are masked.")
    try:
        matrix = np.asarray(value, dtype=complex)
    except (TypeError, ValueError) as error:
        raise StateError(f"{what} must be numbers in the form of a matrix, but is {type(value).__name__} ({error}).") from error
    if not np.all(np.isfinite(matrix)):
        raise StateError(f"{what} must hold finite numbers, but holds NaN or infinity.")
    return matrix
