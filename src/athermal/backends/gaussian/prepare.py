"""Initial states of Gaussian machines, from their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import FloatArray, IntArray
from athermal.backends.gaussian.state import GaussianState
from athermal.backends.preparer import Change, Preparer, Start, thermal_blocks
from athermal.errors import MachineError, StateError
from athermal.machine.correlation import Correlation
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import (
    CorrelatedMarginals,
    Displaced,
    GaussianMoments,
    Gibbs,
    GivenState,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.parts import HarmonicReservoir
from athermal.maths.gaussian import largest_correlation, squeezing, thermal_excess
from athermal.maths.moments import physical_moments
from athermal.maths.symplectic import mode_indices, symplectic_inverse, williamson

NO_DENSITY_MATRIX = (
    "oscillators that are treated as Gaussian have no density matrix here. Use GaussianMoments, or a backend that cuts them to "
    "some levels, DensityMatrix(levels=...)."
)


class DensePreparer(Preparer[GaussianState]):
    """Turns descriptions of initial states into Gaussian states of the whole.

    Parameters
    ----------
    hamiltonian : Hamiltonian
    cycle_backwards : callable
        Takes a state one cycle back in time.
    """

    def __init__(self, hamiltonian: Hamiltonian, cycle_backwards: Callable[[GaussianState], GaussianState]) -> None:
        super().__init__(hamiltonian.machine, "Dense()", cycle_backwards)
        self.hamiltonian = hamiltonian

    def starts(self) -> dict[type[InitialState], Start[GaussianState]]:
        return {
            ProductThermal: self._thermal,
            Gibbs: self._thermal,
            GaussianMoments: lambda initial: given_moments(self.hamiltonian, initial),
        }

    def changes(self) -> dict[type[InitialState], Change[GaussianState]]:
        return {CorrelatedMarginals: self._correlated, Squeezed: self._squeezed, Displaced: self._displaced}

    def reasons(self) -> dict[type[InitialState], str]:
        return {GivenState: NO_DENSITY_MATRIX}

    def _thermal(self, initial: ProductThermal | Gibbs) -> GaussianState:
        hamiltonian = self.hamiltonian
        size = 2 * hamiltonian.n_modes
        mean, factor, excess = np.zeros(size), np.zeros((size, size)), np.zeros(hamiltonian.n_modes)
        for names, temperature in gibbs_blocks(hamiltonian, initial):
            modes = modes_of(hamiltonian, names)
            rows = mode_indices(modes, hamiltonian.n_modes)
            mean[rows], transform, excess[modes] = gibbs_block(hamiltonian, names, temperature)
            factor[np.ix_(rows, rows)] = transform * np.sqrt(np.tile(excess[modes], 2) + 0.5)
        return GaussianState(mean, factor, excess)

    def _squeezed(self, layer: Squeezed, state: GaussianState) -> GaussianState:
        rows = mode_indices(self.hamiltonian.part_modes[layer.part], self.hamiltonian.n_modes)
        factor = state.factor.copy()
        half = len(rows) // 2
        matrix = squeezing(layer.r, layer.phase)
        x, p = state.factor[rows[:half]], state.factor[rows[half:]]
        factor[rows[:half]], factor[rows[half:]] = matrix[0, 0] * x + matrix[0, 1] * p, matrix[1, 0] * x + matrix[1, 1] * p
        mean = state.mean.copy()
        mean[rows] = np.kron(matrix, np.eye(half)) @ state.mean[rows]
        return GaussianState(mean, factor, state.excess, state.defect)

    def _displaced(self, layer: Displaced, state: GaussianState) -> GaussianState:
        return GaussianState(state.mean + displacement(self.hamiltonian, layer), state.factor, state.excess, state.defect)

    def _correlated(self, layer: CorrelatedMarginals, state: GaussianState) -> GaussianState:
        """Add the patterns' off-diagonal blocks to the covariance, as large as the strength says."""
        index, pattern = correlated_modes(self.hamiltonian, layer, state)
        if layer.strength == 0.0 or not np.any(pattern):
            return state
        covariance = state.covariance
        rows = mode_indices(index, self.hamiltonian.n_modes)
        block = np.ix_(rows, rows)
        largest = largest_correlation(covariance[block], pattern[block])
        check_possible(largest, layer)
        correlated = covariance[block] + layer.strength * largest * pattern[block]
        local = GaussianState.from_moments(state.mean[rows], correlated, state.defect)
        factor, above = state.factor.copy(), state.excess.copy()
        # The columns of these modes hold their whole state, since nothing else is correlated with them.
        factor[rows] = 0.0
        factor[:, rows] = 0.0
        factor[block] = local.factor
        above[index] = local.excess
        return GaussianState(state.mean, factor, above, state.defect)


def displacement(hamiltonian: Hamiltonian, initial: Displaced) -> FloatArray:
    """Return by how much the mean moves, shape (2N,)."""
    rows = mode_indices(hamiltonian.part_modes[initial.part], hamiltonian.n_modes)
    move = np.zeros((2 * hamiltonian.n_modes, 1))
    half = len(rows) // 2
    for part, values in ((rows[:half], initial.x), (rows[half:], initial.p)):
        amounts = np.atleast_1d(np.asarray(values, dtype=float))
        if len(amounts) not in (1, half):
            raise MachineError(f"A displaced state of {initial.part!r} must give one number or {half}, but gives {len(amounts)}.")
        move[part, 0] = amounts
    return np.asarray(hamiltonian.from_sites(move)[:, 0])


def modes_of(hamiltonian: Hamiltonian, names: Sequence[str]) -> IntArray:
    """Return the modes of some parts."""
    return np.concatenate([hamiltonian.part_modes[name] for name in names])


def gibbs_blocks(hamiltonian: Hamiltonian, initial: InitialState) -> list[tuple[tuple[str, ...], float]]:
    """Return the parts that a thermal state has in one joint Gibbs state each, and its temperature."""
    return thermal_blocks(hamiltonian.machine, tuple(hamiltonian.part_modes), initial)


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


def given_moments(hamiltonian: Hamiltonian, initial: GaussianMoments) -> GaussianState:
    """Return the Gaussian state of given moments, or raise `StateError` if they are those of none."""
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


def correlated_modes(hamiltonian: Hamiltonian, initial: CorrelatedMarginals, state: GaussianState) -> tuple[IntArray, FloatArray]:
    """Return the modes whose state decides how large the correlations may be, and the sum of the patterns (2N, 2N)."""
    size = 2 * hamiltonian.n_modes
    pattern = np.zeros((size, size))
    touched: set[int] = set()
    for entry in initial.correlations:
        touched.update(map(int, modes_of(hamiltonian, entry.between)))
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
