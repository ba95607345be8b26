"""States from elsewhere, read: density matrices, state vectors, QuTiP's objects, moments of Gaussian states, populations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from athermal._types import ComplexArray, FloatArray, Matrix
from athermal.accounting.states import AnyState, DensityState, GaussianState, PopulationState
from athermal.errors import StateError, StudyError
from athermal.maths.physical import allowed, physical_state, physical_vector
from athermal.maths.symplectic import symplectic_eigenvalues

_NOISE = "It may miss by {most:.2g}. If it is noise, give its size (`errors` of States), or raise their `tolerance`."


def read_state(value: Any, what: str, tolerance: float) -> AnyState:
    """Return a state that misses being one by no more than a tolerance, or raise `StateError` with how much, and what helps."""
    if is_moments(value):
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
        taken = physical_vector(matrix, what, tolerance)
        return DensityState(np.outer(taken.matrix, taken.matrix.conj()), taken.miss, dims)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise StateError(f"{what} must be a square matrix or a vector, but has the shape {matrix.shape}.")
    taken = physical_state(matrix, what, tolerance, _NOISE.format(most=allowed(len(matrix), tolerance)))
    return DensityState(taken.given, taken.miss, dims)


def read_populations(value: Any, what: str, tolerance: float, *, is_joint: bool) -> PopulationState:
    """Return populations that miss being some by no more than a tolerance, or raise `StateError` with what helps."""
    numbers = np.real(_numbers(value, what))
    if numbers.ndim != 1 or not len(numbers):
        raise StateError(f"{what} must be a list of numbers, one for each level, but has the shape {numbers.shape}.")
    total, lowest, most = float(np.sum(numbers)), float(np.min(numbers)), allowed(len(numbers), tolerance)
    if abs(total - 1.0) > most:
        remedy = "Divide them by their sum." if total > 0.0 and lowest >= -most * total else "Give probabilities."
        raise StateError(f"{what} must add up to 1, but add up to {total:.12g}. {remedy}")
    if lowest < -most:
        remedy = _NOISE.format(most=most)
        raise StateError(f"{what} must not be negative, but one is {lowest:.3g}. {remedy}")
    return PopulationState(numbers / total, max(abs(total - 1.0), -lowest, 0.0), is_joint)


def read_counts(value: Any, what: str) -> FloatArray:
    """Return how often each level was found, or raise `StateError` unless these are whole numbers of at least one event."""
    numbers = _numbers(value, what)
    counts = np.real(numbers)
    if counts.ndim != 1 or len(counts) < 2:
        raise StateError(f"{what} must be a list of whole numbers, one for each level, but has the shape {counts.shape}.")
    if np.any(np.imag(numbers)) or np.any(counts < 0.0) or np.any(counts != np.round(counts)):
        wrong = counts[(counts < 0.0) | (counts != np.round(counts)) | (np.imag(numbers) != 0.0)][0]
        raise StateError(f"{what} must be whole numbers of events, but one is {wrong:g}. Give frequencies as `populations`.")
    if not np.any(counts):
        raise StateError(f"{what} must hold at least one event, but are all zero. Leave that instant out.")
    return counts


def dimension_of(value: Any) -> int:
    """Return the dimension of a state, or its number of levels or modes, before it is read."""
    if is_moments(value):
        return len(value[0]) // 2
    try:
        shape = value.shape if hasattr(value, "full") else np.shape(value)
    except ValueError:  # ragged, which reading it will tell
        shape = ()
    return max((int(size) for size in shape), default=1) or 1


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
    below = 0.5 - float(np.min(_symplectic_eigenvalues(0.5 * (sigma + sigma.T), what)))
    if below > tolerance * max(1.0, float(np.max(np.abs(sigma)))):
        raise StateError(
            f"{what}: the covariance must obey the uncertainty relation sigma + i Omega/2 >= 0, but its smallest symplectic "
            f"eigenvalue is 1/2 - {below:.3g}. (The vacuum is 1/2 here, and the order is x_1..x_N, p_1..p_N.)"
        )
    return GaussianState(centre, 0.5 * (sigma + sigma.T), max(below, 0.0))


def _symplectic_eigenvalues(sigma: FloatArray, what: str) -> FloatArray:
    lowest = float(np.linalg.eigvalsh(sigma)[0])
    if lowest <= 0.0:
        raise StateError(f"{what}: a covariance must be positive, but its lowest eigenvalue is {lowest:.3g}.")
    return symplectic_eigenvalues(sigma)


def is_sampled(value: Any) -> bool:
    """Tell whether what stands for one instant is several samples of the state, not one state."""
    if is_moments(value) or hasattr(value, "full"):
        return False
    if isinstance(value, (list, tuple)) and value and (hasattr(value[0], "full") or is_moments(value[0])):
        return True
    if isinstance(value, (list, tuple)) and value and all(_depth(one) == 2 for one in value):
        return True
    return _depth(value) == 3


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
    if hasattr(value, "full") or _depth(value) == 2 or (_depth(value) == 1 and len(value) > 1):
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
    if matrix.ndim == 1 and matrix.size > 1:
        matrix = np.diag(matrix)  # energies of levels
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise StudyError(f"{what} must be a square matrix, but has the shape {matrix.shape}.")
    miss = float(np.max(np.abs(matrix - matrix.conj().T)))
    if miss > 1e-9 * float(np.max(np.abs(matrix))):
        raise StudyError(f"{what} must be Hermitian, but it and its adjoint differ by {miss:.3g}.")
    return matrix


def is_moments(value: Any) -> bool:
    """Tell whether a state is a pair of mean and covariance."""
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
