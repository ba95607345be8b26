"""Initial states of the star backend: products over modes and small groups of correlated modes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from athermal._types import FloatArray, IntArray
from athermal.backends.gaussian.prepare import (
    amplitude_directions,
    check_possible,
    correlation_pattern,
    displacement,
    gibbs_block,
    gibbs_parts,
    modes_of_part,
    part_temperatures,
    prepare,
)
from athermal.backends.gaussian.star_state import StarStart, StarState
from athermal.backends.gaussian.state import GaussianState
from athermal.errors import MachineError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Displaced,
    GaussianMoments,
    Gibbs,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.maths.gaussian import largest_correlation, squeezing, thermal_excess
from athermal.maths.symplectic import mode_indices


class StarPreparation:
    """Turns descriptions of initial states into states of the star backend.

    Parameters
    ----------
    hamiltonian : Hamiltonian
    begin : callable
        Makes a state of a start, before anything has happened.
    cycle_backwards : callable
        Takes a state one cycle back in time.
    densify : callable
        Makes the moments of a state of few modes explicit.
    largest : int
        How many modes may be correlated with one another at the start.
    """

    def __init__(
        self,
        hamiltonian: Hamiltonian,
        begin: Callable[[StarStart], StarState],
        cycle_backwards: Callable[[StarState], StarState],
        densify: Callable[[StarState], GaussianState],
        largest: int,
    ) -> None:
        self.hamiltonian = hamiltonian
        self.begin = begin
        self.cycle_backwards = cycle_backwards
        self.densify = densify
        self.largest = largest

    def __call__(self, initial: InitialState) -> StarState:
        """Return the state that `initial` describes, or raise `MachineError` if too many of its modes are correlated."""
        if isinstance(initial, ProductThermal):
            return self.begin(self._thermal(initial))
        if isinstance(initial, Gibbs):
            names, modes = gibbs_parts(self.hamiltonian, initial)
            self._check_size(len(modes), f"The Gibbs state of {', '.join(map(repr, names))}")
            block = gibbs_block(self.hamiltonian, names, initial.temperature)
            return self.begin(self._thermal(ProductThermal()).with_group(modes, *block))
        if isinstance(initial, GaussianMoments):
            self._check_size(self.hamiltonian.n_modes, "A state of given moments")
            return self.begin(_of_moments(prepare(self.hamiltonian, initial, lambda state: state)))
        if not isinstance(initial, (Charged, CorrelatedMarginals, Squeezed, Displaced)):
            raise MachineError(f"The Gaussian backends do not know the initial state {type(initial).__name__}.")
        state = self(initial.start)
        if isinstance(initial, Charged):
            for _ in range(initial.cycles):
                state = self.cycle_backwards(state)
            return state
        if state.history:
            self._check_size(self.hamiltonian.n_modes, f"A {type(initial).__name__} state on top of a charged one")
            state = self.begin(_of_moments(self.densify(state)))
        return self.begin(self._changed(initial, state.start))

    def _changed(self, initial: CorrelatedMarginals | Squeezed | Displaced, start: StarStart) -> StarStart:
        if isinstance(initial, CorrelatedMarginals):
            return self._correlated(initial, start)
        if isinstance(initial, Squeezed):
            modes = modes_of_part(self.hamiltonian, initial.part, initial)
            return start.mapped(modes, squeezing(initial.r, initial.phase))
        move = displacement(self.hamiltonian, initial)
        half = self.hamiltonian.n_modes
        return StarStart(start.mean + move[:half] + 1j * move[half:], start.excess, start.local, start.groups)

    def _thermal(self, initial: ProductThermal) -> StarStart:
        hamiltonian = self.hamiltonian
        start = StarStart.of_modes(np.zeros(hamiltonian.n_modes))
        for name, temperature in part_temperatures(hamiltonian, initial).items():
            modes = hamiltonian.part_modes[name]
            if name in hamiltonian.machine.subsystem_names:
                start = start.with_group(modes, *gibbs_block(hamiltonian, (name,), temperature))
            else:
                start.excess[modes] = thermal_excess(hamiltonian.frequencies[modes], temperature)
        return start

    def _correlated(self, initial: CorrelatedMarginals, start: StarStart) -> StarStart:
        """Add the patterns' off-diagonal blocks to the covariance of the modes that they touch."""
        hamiltonian, pairs = self.hamiltonian, []
        for entry in initial.correlations:
            owner = f"The correlation between {entry.between[0]!r} and {entry.between[1]!r}"
            for name in entry.between:
                modes_of_part(hamiltonian, name, initial)
            pairs.append((entry, *(amplitude_directions(hamiltonian, name, entry, owner) for name in entry.between)))
        touched = np.zeros(hamiltonian.n_modes, dtype=bool)
        for _, first, second in pairs:
            touched |= np.any(np.split(first, 2) + np.split(second, 2), axis=(0, 2))
        for members, _ in start.groups:
            if np.any(touched[members]):
                touched[members] = True
        modes = np.flatnonzero(touched)
        self._check_size(len(modes), "A correlation between the contacts of reservoirs")
        rows = mode_indices(modes, hamiltonian.n_modes)
        pattern = sum((correlation_pattern(entry, a[rows], b[rows]) for entry, a, b in pairs), np.zeros((len(rows), len(rows))))
        if initial.strength == 0.0 or not np.any(pattern):
            return start
        mean, covariance = moments_of(start, modes)
        largest = largest_correlation(covariance, pattern)
        check_possible(largest, initial)
        state = GaussianState.from_moments(mean, covariance + initial.strength * largest * pattern)
        return start.with_group(modes, mean, state.rows(np.arange(len(rows))), state.excess)

    def _check_size(self, size: int, what: str) -> None:
        if size > self.largest:
            raise MachineError(
                f"{what} must correlate at most `block_modes` = {self.largest} modes for the star backend, but correlates {size}. "
                "Use Dense(), or raise `block_modes`."
            )


def moments_of(start: StarStart, modes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of some modes."""
    unit = np.zeros((len(modes), len(start.excess)), dtype=complex)
    unit[np.arange(len(modes)), modes] = 1.0
    mean = start.mean[modes]
    return np.concatenate([mean.real, mean.imag]), start.covariance(np.concatenate([unit, 1j * unit]))


def _of_moments(state: GaussianState) -> StarStart:
    half = len(state.excess)
    blank = StarStart.of_modes(np.zeros(half))
    return blank.with_group(np.arange(half), state.mean, state.rows(np.arange(2 * half)), state.excess)
