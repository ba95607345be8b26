"""The fixed point of a cycle of an open machine: that of its map, or the null vector of a generator that does not change."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.conserved import named, of_system
from athermal.errors import ConvergenceError, InstabilityError, MachineError
from athermal.machine.open_system import OpenSystem
from athermal.maths.fixed_points import Inverse, fixed, krylov, reached
from athermal.maths.jumps import from_hermitian_coordinates, hermitian_basis, hermitian_coordinates
from athermal.maths.superoperator import stacked, unstacked

Turn = Callable[[ComplexArray], ComplexArray]

# Up to how many entries of a vector a map is held as a matrix, and a generator is solved as a dense one.
_SMALL, _DENSE = 256, 400
# Below what part of a generator a rate is none; the share of its largest rate that the sparse inverse is shifted by.
_NONE, _SHIFT, _SLOWEST = 1e-13, 1e-9, 6
# How well a multiplier must be known to be told.
_TRUSTED = 0.1
# How many times what is no rate at all a growth must be.
_GROWS = 100.0


def of_matrix(matrix: FloatArray, system: OpenSystem, least: float, name: str) -> tuple[FloatArray, ComplexArray]:
    """Return the fixed point of a map in Hermitian coordinates, of trace one, and the other multipliers, largest first."""
    values = np.linalg.eigvals(matrix).astype(complex)
    still = np.asarray(values - 1.0, dtype=complex)
    found = _only(matrix - np.eye(len(matrix)), still, 1.0 - np.abs(values), system, least, name)
    return found, _others(values, np.abs(values - 1.0), np.abs(values))


def of_generator(generator: FloatArray, system: OpenSystem, turn: Turn, name: str) -> tuple[FloatArray, ComplexArray]:
    """Return the null vector of a generator in Hermitian coordinates, of trace one, and the other multipliers of a period.

    `turn` takes operators out of the frame of these coordinates.
    """
    period = system.machine.period
    scale = float(np.max(np.abs(generator), initial=0.0)) or 1.0
    least = _NONE * len(generator) * scale
    if len(generator) <= _DENSE:
        values = np.linalg.eigvals(generator).astype(complex)
        found = _only(generator, values, -values.real, system, least, name, turn)
        return found, _others(np.exp(values * period), np.abs(values), values.real)
    trace = np.asarray(_trace(system.dimension), dtype=complex)
    vector, multipliers = _slowest(generator, scale, least, trace, system, name)
    return np.real(vector / (trace @ vector)), multipliers


def slowest(generator: Any, trace: ComplexArray, system: OpenSystem, name: str) -> ComplexArray:
    """Return the multipliers of a period of the slowest rates of a sparse generator, that of the fixed point left out."""
    scale = float(np.max(np.abs(generator.data), initial=0.0)) or 1.0
    return _slowest(generator, scale, _NONE * generator.shape[0] * scale, trace, system, name)[1]


def _slowest(
    generator: Any, scale: float, least: float, trace: ComplexArray, system: OpenSystem, name: str
) -> tuple[ComplexArray, ComplexArray]:
    values, vectors, errors = Inverse(scipy.sparse.csc_array(generator), _SHIFT * scale).slowest(_SLOWEST, trace)
    _check_only(values, -values.real, None, system, least, name)
    kept = np.append(False, errors[1:] <= _TRUSTED * np.abs(values[1:]))
    return vectors[:, 0], np.asarray(np.exp(values[kept] * system.machine.period))


def _others(multipliers: ComplexArray, distance: FloatArray, size: FloatArray) -> ComplexArray:
    """Return all multipliers but the one that is one, the largest first."""
    order = np.argsort(-size, kind="stable")
    return np.asarray(multipliers[order[order != int(np.argmin(distance))]])


def _only(
    null: FloatArray,
    values: ComplexArray,
    decays: FloatArray,
    system: OpenSystem,
    least: float,
    name: str,
    turn: Turn = np.asarray,
) -> FloatArray:
    """Return x with A x = 0 and Tr x = 1 of a dense A with these eigenvalues."""
    if np.any(decays < -_GROWS * least) or np.count_nonzero(decays <= least) > 1:
        count = max(1, int(np.count_nonzero(np.abs(values) <= least)))
        dual = [turn(_dual(row)) for row in np.linalg.svd(null)[0][:, -count:].T]
        _check_only(values, decays, dual, system, least, name)
    trace = _trace(system.dimension)
    scale = float(np.max(np.abs(null), initial=0.0)) or 1.0
    start = trace / system.dimension
    found = np.linalg.solve(null / scale + np.outer(start, trace), start)
    return np.asarray(found / (trace @ found))


def _trace(dimension: int) -> FloatArray:
    """Return the row of the trace."""
    return hermitian_coordinates(np.eye(dimension, dtype=complex))


def _dual(row: FloatArray) -> ComplexArray:
    """Return the Hermitian A with Tr(A rho) = row . coordinates of rho."""
    d = math.isqrt(len(row))
    basis = hermitian_basis(d)
    sizes = np.real(np.einsum("kab,kba->k", basis, basis))
    return np.asarray(np.tensordot(row / sizes, basis, axes=1))


def _check_only(
    values: ComplexArray, decays: FloatArray, dual: list[ComplexArray] | None, system: OpenSystem, least: float, name: str
) -> None:
    """Raise an error if more than one combination of states stays as it is, or one grows."""
    if np.any(decays < -_GROWS * least):
        raise InstabilityError(
            f"Machine {system.machine.name!r} has no limit cycle with {name}: a combination of its states grows for ever, which "
            "no quantum system's does. The equation does not hold at this coupling; use Lindblad(), or HEOM()."
        )
    if np.count_nonzero(decays <= least) > 1:
        still = int(np.count_nonzero(np.abs(values) <= least))
        raise several(still, dual, system, name) if still > 1 else oscillating(system, name)


def several(count: int, conserved: list[ComplexArray] | None, system: OpenSystem, name: str) -> MachineError:
    """Return the error of a machine with many fixed points; `conserved` operators are looked for if left out."""
    space = of_system(system) if conserved is None else conserved
    what = named(space, system) if len(space) > 1 else "an operator that is none of the usual ones"
    return MachineError(
        f"The map of one cycle of machine {system.machine.name!r} must have one fixed point for a limit cycle to exist, but with "
        f"{name} has {count if conserved is not None else f'at least {count}'} that are independent: conserved is {what}. Where "
        "it ends depends on where it starts. Let a bath, or a coupling, change what is conserved; or `run` it from a start of "
        "yours."
    )


def oscillating(system: OpenSystem, name: str) -> MachineError:
    """Return the error of a machine in which something is never damped."""
    return MachineError(
        f"Machine {system.machine.name!r} must lose all that it does not do in its limit cycle, but with {name} a coherence or a "
        "population oscillates for ever: a Floquet multiplier other than one has size one. Let a bath damp it, or `run` it from "
        "a start of yours."
    )


def of_carrier(
    carry: Callable[[ComplexArray], ComplexArray],
    lift: Callable[[ComplexArray], ComplexArray],
    system: OpenSystem,
    accuracy: float,
    least: float,
    name: str,
    guess: ComplexArray | None = None,
) -> tuple[ComplexArray, ComplexArray, float]:
    """Return the fixed point of a map by a Krylov space, the multipliers that were found, and how much it still changes."""
    if len(of_system(system)) > 1:
        raise several(2, None, system, name)
    d = system.dimension
    rng = np.random.default_rng(0)
    random = rng.standard_normal((d, d)) + 1j * rng.standard_normal((d, d))
    random = random + random.conj().T
    space = krylov(carry, lift(np.asarray(random - np.trace(random) / d * np.eye(d), dtype=complex)))
    values, errors = space.ritz()
    if np.abs(values[0]) >= 1.0 - least:
        raise several(2, None, system, name) if abs(values[0] - 1.0) <= 2.0 * least else oscillating(system, name)
    start = lift(np.asarray(np.eye(d) / d, dtype=complex)) if guess is None else guess
    vector, change = fixed(carry, start, space, accuracy)
    if change > accuracy:
        raise _unconverged(change, accuracy, name)
    return vector, values[errors <= _TRUSTED * np.abs(values)], change


def _unconverged(change: float, accuracy: float, name: str) -> ConvergenceError:
    return ConvergenceError(
        f"The fixed point of a cycle must change by at most `accuracy` = {accuracy:.1e} in one more, relative to itself, but "
        f"still changes by {change:.1e} with {name}. Lower the `tolerance` of the backend, or ask for a larger `accuracy`."
    )


def of_memory(
    carry: Callable[[ComplexArray], ComplexArray], start: ComplexArray, system: OpenSystem, accuracy: float, name: str
) -> tuple[ComplexArray, ComplexArray]:
    """Return the fixed point of a map that carries more than a density matrix, and the multipliers that were found.

    Only what is left of the start is looked at: much of what such a map carries decays as slowly as the baths forget, but does
    nothing.
    """
    if len(of_system(system)) > 1:
        raise several(2, None, system, name)
    vector, space, change = reached(carry, carry(start), accuracy)
    if change > accuracy:
        raise _unconverged(change, accuracy, name)
    values, errors = space.ritz()
    return vector, values[errors <= _TRUSTED * np.abs(values)]


def coordinates_of(carry: Callable[[ComplexArray], ComplexArray], dimension: int) -> FloatArray:
    """Return the matrix of a map of density matrices in Hermitian coordinates."""
    images = [unstacked(carry(stacked(matrix))) for matrix in hermitian_basis(dimension)]
    return np.asarray(hermitian_coordinates(np.array([0.5 * (image + image.conj().T) for image in images])).T)


def vector_of(coordinates: FloatArray) -> ComplexArray:
    """Return a density matrix in columns."""
    return stacked(from_hermitian_coordinates(coordinates))


def is_small(dimension: int) -> bool:
    """Tell whether the map of density matrices is held as a matrix."""
    return dimension**2 <= _SMALL
