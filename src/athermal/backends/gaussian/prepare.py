"""Initial states of Gaussian machines, from their descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import FloatArray, IntArray
from athermal.backends.gaussian.state import GaussianState
from athermal.errors import MachineError, StateError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Correlation,
    Displaced,
    GaussianMoments,
    Gibbs,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.parts import HarmonicReservoir
from athermal.maths.gaussian import largest_correlation, squeezing, thermal_excess
from athermal.maths.moments import physical_moments
from athermal.maths.symplectic import mode_indices, symplectic_inverse, williamson

Backwards = Callable[[GaussianState], GaussianState]


def prepare(hamiltonian: Hamiltonian, initial: InitialState, cycle_backwards: Backwards) -> GaussianState:
    """Return the state of the whole that `initial` describes.

    Parameters
    ----------
    hamiltonian : Hamiltonian
    initial : InitialState
    cycle_backwards : callable
        Takes a state one cycle back in time.
    """
    if isinstance(initial, ProductThermal):
        return _product_thermal(hamiltonian, initial)
    if isinstance(initial, Gibbs):
        return _gibbs(hamiltonian, initial)
    if isinstance(initial, GaussianMoments):
        return _given(hamiltonian, initial)
    if not isinstance(initial, (Charged, CorrelatedMarginals, Squeezed, Displaced)):
        raise MachineError(f"The Gaussian backends do not know the initial state {type(initial).__name__}.")
    return changed(hamiltonian, initial, prepare(hamiltonian, initial.start, cycle_backwards), cycle_backwards)


def changed(
    hamiltonian: Hamiltonian,
    initial: Charged | CorrelatedMarginals | Squeezed | Displaced,
    state: GaussianState,
    cycle_backwards: Backwards,
) -> GaussianState:
    """Return what an initial state makes of the state that it starts from."""
    if isinstance(initial, Charged):
        for _ in range(initial.cycles):
            state = cycle_backwards(state)
        return state
    if isinstance(initial, CorrelatedMarginals):
        return _correlated(hamiltonian, initial, state)
    rows = mode_indices(modes_of_part(hamiltonian, initial.part, initial), hamiltonian.n_modes)
    if isinstance(initial, Squeezed):
        factor = state.factor.copy()
        half = len(rows) // 2
        matrix = squeezing(initial.r, initial.phase)
        x, p = state.factor[rows[:half]], state.factor[rows[half:]]
        factor[rows[:half]], factor[rows[half:]] = matrix[0, 0] * x + matrix[0, 1] * p, matrix[1, 0] * x + matrix[1, 1] * p
        mean = state.mean.copy()
        mean[rows] = np.kron(matrix, np.eye(half)) @ state.mean[rows]
        return GaussianState(mean, factor, state.excess, state.defect)
    moved = state.mean + displacement(hamiltonian, initial)
    return GaussianState(moved, state.factor, state.excess, state.defect)


def displacement(hamiltonian: Hamiltonian, initial: Displaced) -> FloatArray:
    """Return by how much the mean moves, shape (2N,)."""
    rows = mode_indices(modes_of_part(hamiltonian, initial.part, initial), hamiltonian.n_modes)
    move = np.zeros((2 * hamiltonian.n_modes, 1))
    half = len(rows) // 2
    for part, values in ((rows[:half], initial.x), (rows[half:], initial.p)):
        amounts = np.atleast_1d(np.asarray(values, dtype=float))
        if len(amounts) not in (1, half):
            raise MachineError(f"A displaced state of {initial.part!r} must give one number or {half}, but gives {len(amounts)}.")
        move[part, 0] = amounts
    return np.asarray(hamiltonian.from_sites(move)[:, 0])


def modes_of_part(hamiltonian: Hamiltonian, name: str, initial: InitialState) -> IntArray:
    """Return the modes of a part that an initial state names."""
    try:
        hamiltonian.machine.part(name)
    except MachineError as error:
        raise MachineError(f"The initial state {type(initial).__name__} names a part that is not there. {error}") from None
    return hamiltonian.part_modes[name]


def _product_thermal(hamiltonian: Hamiltonian, initial: ProductThermal) -> GaussianState:
    size = 2 * hamiltonian.n_modes
    mean, factor, above = np.zeros(size), np.zeros((size, size)), np.zeros(hamiltonian.n_modes)
    for name, temperature in part_temperatures(hamiltonian, initial).items():
        _fill_gibbs(hamiltonian, (name,), hamiltonian.part_modes[name], temperature, mean, factor, above)
    return GaussianState(mean, factor, above)


def part_temperatures(hamiltonian: Hamiltonian, initial: ProductThermal) -> dict[str, float]:
    """Return the temperature of every part of a product of thermal states."""
    machine, temperatures = hamiltonian.machine, {}
    for name in initial.temperatures:
        modes_of_part(hamiltonian, name, initial)
    for name in hamiltonian.part_modes:
        temperatures[name] = initial.temperatures.get(name, machine.start_temperature(name))
    return temperatures


def _gibbs(hamiltonian: Hamiltonian, initial: Gibbs) -> GaussianState:
    names, modes = gibbs_parts(hamiltonian, initial)
    state = _product_thermal(hamiltonian, ProductThermal())
    rows = mode_indices(modes, hamiltonian.n_modes)
    mean, factor, above = state.mean.copy(), state.factor.copy(), state.excess.copy()
    factor[rows], mean[rows] = 0.0, 0.0
    _fill_gibbs(hamiltonian, names, modes, initial.temperature, mean, factor, above)
    return GaussianState(mean, factor, above)


def gibbs_parts(hamiltonian: Hamiltonian, initial: Gibbs) -> tuple[tuple[str, ...], IntArray]:
    """Return the parts that a Gibbs state is of, and their modes."""
    names = tuple(hamiltonian.part_modes) if initial.parts is None else initial.parts
    modes = np.concatenate([modes_of_part(hamiltonian, name, initial) for name in names])
    return names, modes


def _fill_gibbs(
    hamiltonian: Hamiltonian,
    names: tuple[str, ...],
    modes: IntArray,
    temperature: float,
    mean: FloatArray,
    factor: FloatArray,
    above: FloatArray,
) -> None:
    """Put the Gibbs state of some parts' Hamiltonian at time zero into the rows of its modes."""
    rows = mode_indices(modes, hamiltonian.n_modes)
    mean[rows], transform, above[modes] = gibbs_block(hamiltonian, names, temperature)
    factor[np.ix_(rows, rows)] = transform * np.sqrt(np.tile(above[modes], 2) + 0.5)


def gibbs_block(
    hamiltonian: Hamiltonian, names: tuple[str, ...], temperature: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, symplectic factor and nu - 1/2 of the Gibbs state of some parts' Hamiltonian at time zero."""
    form, force = hamiltonian.own_form(names)
    try:
        frequencies, transform = williamson(form)
    except StateError as error:
        raise StateError(
            f"The Gibbs state of {', '.join(map(repr, names))} does not exist: its Hamiltonian at time zero is not "
            f"bounded below. {error} Weaken the couplings, add the counter-term, or start from GaussianMoments."
        ) from None
    # h = T w T^T with T symplectic: the normal modes are r = T^-T r', and sigma = T^-T nu T^-1.
    mean = np.asarray(-np.linalg.solve(form, force) if np.any(force) else np.zeros(len(form)), dtype=np.float64)
    return mean, symplectic_inverse(transform).T, thermal_excess(frequencies, temperature)


def _given(hamiltonian: Hamiltonian, initial: GaussianMoments) -> GaussianState:
    size = 2 * hamiltonian.n_modes
    covariance = np.array(initial.covariance)
    if covariance.shape != (size, size):
        raise StateError(
            f"`covariance` of a state of given moments must have shape {(size, size)} for the {hamiltonian.n_modes} modes of "
            f"the machine, but has {covariance.shape}."
        )
    mean = np.zeros(size) if initial.mean is None else np.array(initial.mean)
    if mean.shape != (size,):
        raise StateError(f"`mean` of a state of given moments must have length {size}, but has {len(mean)}.")
    taken = physical_moments(hamiltonian.from_sites(hamiltonian.from_sites(covariance).T).T, "The given covariance")
    factor = taken.transform * np.sqrt(np.tile(taken.excess, 2) + 0.5)
    return GaussianState(hamiltonian.from_sites(mean[:, None])[:, 0], factor, taken.excess)


def _correlated(hamiltonian: Hamiltonian, initial: CorrelatedMarginals, state: GaussianState) -> GaussianState:
    """Add the patterns' off-diagonal blocks to the covariance, as large as the strength says."""
    index, pattern = correlated_modes(hamiltonian, initial, state)
    if initial.strength == 0.0 or not np.any(pattern):
        return state
    covariance = state.covariance
    rows = mode_indices(index, hamiltonian.n_modes)
    block = np.ix_(rows, rows)
    largest = largest_correlation(covariance[block], pattern[block])
    check_possible(largest, initial)
    correlated = covariance[block] + initial.strength * largest * pattern[block]
    local = GaussianState.from_moments(state.mean[rows], correlated, state.defect)
    factor, above = state.factor.copy(), state.excess.copy()
    # The columns of these modes hold their whole state, since nothing else is correlated with them.
    factor[rows] = 0.0
    factor[:, rows] = 0.0
    factor[block] = local.factor
    above[index] = local.excess
    return GaussianState(state.mean, factor, above, state.defect)


def correlated_modes(hamiltonian: Hamiltonian, initial: CorrelatedMarginals, state: GaussianState) -> tuple[IntArray, FloatArray]:
    """Return the modes whose state decides how large the correlations may be, and the sum of the patterns (2N, 2N)."""
    size = 2 * hamiltonian.n_modes
    pattern = np.zeros((size, size))
    touched: set[int] = set()
    for entry in initial.correlations:
        for name in entry.between:
            touched.update(map(int, modes_of_part(hamiltonian, name, initial)))
        one: Any = correlation_pattern(entry, *directions_of(hamiltonian, entry))
        pattern += one.toarray() if scipy.sparse.issparse(one) else one
    # Everything that is already correlated with the touched modes, or shares columns of the factor, constrains them too.
    linked = (state.covariance != 0.0) | (state.factor != 0.0) | (state.factor.T != 0.0)
    half = hamiltonian.n_modes
    by_mode = linked[:half, :half] | linked[:half, half:] | linked[half:, :half] | linked[half:, half:]
    modes = np.zeros(half, dtype=bool)
    modes[list(touched)] = True
    while True:
        grown = modes | by_mode[modes].any(axis=0)
        if np.array_equal(grown, modes):
            return np.flatnonzero(modes), pattern
        modes = grown


def check_possible(largest: float, initial: CorrelatedMarginals) -> None:
    """Raise `StateError` if no correlation of the patterns is possible."""
    if largest == 0.0:
        names = ", ".join(repr(name) for entry in initial.correlations for name in entry.between)
        raise StateError(
            f"No correlation of this pattern is possible between {names}: one of the parts is in a pure state, or they are "
            "already as correlated as they can be. Raise a temperature, lower the `strength` of `start`, or give modes that are "
            "in their ground states the weight zero (`weights`)."
        )


def directions_of(hamiltonian: Hamiltonian, entry: Correlation) -> tuple[Any, Any]:
    """Return where the amplitudes of both parts of a correlation point, shape (2N, 2 n): the x's of n amplitudes, then the p's.

    A pattern between contacts has n = 1. One between paired modes has one for each pair, as sparse arrays.
    """
    owner = f"The correlation between {entry.between[0]!r} and {entry.between[1]!r}"
    if not entry.is_paired:
        first, second = (amplitude_directions(hamiltonian, name, entry, owner) for name in entry.between)
        return first, second
    modes = [hamiltonian.part_modes[name] for name in entry.between]
    weights = entry.pair_weights([len(own) for own in modes])
    shape, columns = (2 * hamiltonian.n_modes, 2 * len(weights)), np.arange(2 * len(weights))
    first, second = (
        scipy.sparse.csr_array((sizes, (mode_indices(own, hamiltonian.n_modes), columns)), shape=shape)
        for own, sizes in zip(modes, (np.tile(weights, 2), np.ones(len(columns))), strict=True)
    )
    return first, second


def correlation_pattern(entry: Correlation, first: Any, second: Any) -> Any:
    """Return the symmetric pattern of one correlation, from the directions of two amplitudes, or of pairs (`directions_of`)."""
    n = first.shape[1] // 2
    x_a, p_a, x_b, p_b = first[:, :n], first[:, n:], second[:, :n], second[:, n:]
    c, s = np.cos(entry.phase), np.sin(entry.phase)
    if entry.pattern == "two_mode_squeezing":  # <a b> = e^{i phase}: <x x> = -<p p> = cos, <x p> = <p x> = sin
        block = c * (x_a @ x_b.T - p_a @ p_b.T) + s * (x_a @ p_b.T + p_a @ x_b.T)
    else:  # <a b^dag> = e^{i phase}: <x x> = <p p> = cos, <p x> = -<x p> = sin
        block = c * (x_a @ x_b.T + p_a @ p_b.T) + s * (p_a @ x_b.T - x_a @ p_b.T)
    return entry.weight * (block + block.T)


def amplitude_directions(hamiltonian: Hamiltonian, name: str, entry: Correlation, owner: str) -> FloatArray:
    """Return, shape (2N, 2), where the x and p of a part's amplitude point in phase space.

    For a reservoir these are the directions (g_k)/|g| among its sites, so that only the sites in contact become correlated.
    """
    part = hamiltonian.machine.part(name)
    if not isinstance(part, HarmonicReservoir):
        return hamiltonian.amplitude(name, None, None, owner)
    contact = part.contact(entry.site, entry.weights, owner)
    length = float(np.linalg.norm(contact))
    if length == 0.0:
        raise MachineError(f"{owner} must have a contact: the weights of reservoir {name!r} must not all be zero.")
    directions = np.zeros((2 * hamiltonian.n_modes, 2))
    modes = hamiltonian.part_modes[name]
    directions[modes, 0] = directions[modes + hamiltonian.n_modes, 1] = contact / length
    return hamiltonian.from_sites(directions)
