"""Initial states of the star backend: products over modes and small groups of correlated modes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph

from athermal._types import FloatArray, IntArray
from athermal.backends.gaussian.prepare import (
    NO_DENSITY_MATRIX,
    check_possible,
    correlation_pattern,
    directions_of,
    displacement,
    gibbs_block,
    gibbs_blocks,
    given_moments,
    modes_of,
)
from athermal.backends.gaussian.star_state import StarStart, StarState
from athermal.backends.gaussian.state import GaussianState
from athermal.backends.preparer import Change, Preparer, Start
from athermal.errors import MachineError
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
from athermal.maths.gaussian import largest_correlation, squeezing, thermal_excess
from athermal.maths.star_information import largest_low_rank_correlation
from athermal.maths.symplectic import mode_indices

Pair = tuple[Correlation, Any, Any]


class StarPreparer(Preparer[StarState]):
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
        super().__init__(hamiltonian.machine, "Star()", cycle_backwards)
        self.hamiltonian = hamiltonian
        self.begin = begin
        self.densify = densify
        self.largest = largest

    def starts(self) -> dict[type[InitialState], Start[StarState]]:
        return {ProductThermal: self._thermal, Gibbs: self._thermal, GaussianMoments: self._given}

    def changes(self) -> dict[type[InitialState], Change[StarState]]:
        def on(formula: Callable[[Any, StarStart], StarStart]) -> Change[StarState]:
            return lambda layer, state: self.begin(formula(layer, self._start_of(state, layer)))

        return {CorrelatedMarginals: on(self._correlated), Squeezed: on(self._squeezed), Displaced: on(self._displaced)}

    def reasons(self) -> dict[type[InitialState], str]:
        return {GivenState: NO_DENSITY_MATRIX}

    def _start_of(self, state: StarState, layer: InitialState) -> StarStart:
        """Return the start that a layer changes; that of a state with a past is made anew from its moments."""
        if not state.history:
            return state.start
        self._check_size(self.hamiltonian.n_modes, f"A {type(layer).__name__} state on top of a charged one")
        return _of_moments(self.densify(state))

    def _thermal(self, initial: ProductThermal | Gibbs) -> StarState:
        hamiltonian = self.hamiltonian
        start = StarStart.of_modes(np.zeros(hamiltonian.n_modes))
        for names, temperature in gibbs_blocks(hamiltonian, initial):
            modes = modes_of(hamiltonian, names)
            if len(names) == 1 and names[0] in hamiltonian.machine.reservoir_names:  # its modes are its normal modes
                start.excess[modes] = thermal_excess(hamiltonian.frequencies[modes], temperature)
                continue
            if len(names) > 1:
                self._check_size(len(modes), f"The Gibbs state of {', '.join(map(repr, names))}")
            start = start.with_group(modes, *gibbs_block(hamiltonian, names, temperature))
        return self.begin(start)

    def _given(self, initial: GaussianMoments) -> StarState:
        self._check_size(self.hamiltonian.n_modes, "A state of given moments")
        return self.begin(_of_moments(given_moments(self.hamiltonian, initial)))

    def _squeezed(self, layer: Squeezed, start: StarStart) -> StarStart:
        return start.mapped(self.hamiltonian.part_modes[layer.part], squeezing(layer.r, layer.phase))

    def _displaced(self, layer: Displaced, start: StarStart) -> StarStart:
        move = displacement(self.hamiltonian, layer)
        half = self.hamiltonian.n_modes
        return start.moved(move[:half] + 1j * move[half:])

    def _correlated(self, initial: CorrelatedMarginals, start: StarStart) -> StarStart:
        """Add the patterns' off-diagonal blocks to the covariance of the modes that they touch."""
        hamiltonian, pairs = self.hamiltonian, list[Pair]()
        for entry in initial.correlations:
            pairs.append((entry, *directions_of(hamiltonian, entry)))
        if any(entry.is_paired for entry in initial.correlations):
            return self._pairwise(initial, start, pairs)
        touched = np.zeros(hamiltonian.n_modes, dtype=bool)
        for _, first, second in pairs:
            touched |= np.any(np.split(first, 2) + np.split(second, 2), axis=(0, 2))
        for members, _ in start.groups:
            if np.any(touched[members]):
                touched[members] = True
        modes = np.flatnonzero(touched)
        if initial.strength == 0.0 or all(entry.weight == 0.0 for entry, _, _ in pairs):
            return start
        if len(modes) > self.largest:
            return self._widely_correlated(initial, start, pairs)
        if start.shared is not None:
            self._check_size(hamiltonian.n_modes, "Correlations on top of those between the contacts of large reservoirs")
        rows = mode_indices(modes, hamiltonian.n_modes)
        pattern = sum((correlation_pattern(entry, a[rows], b[rows]) for entry, a, b in pairs), np.zeros((len(rows), len(rows))))
        mean, covariance = moments_of(start, modes)
        largest = largest_correlation(covariance, pattern)
        check_possible(largest, initial)
        state = GaussianState.from_moments(mean, covariance + initial.strength * largest * pattern)
        return start.with_group(modes, mean, state.rows(np.arange(len(rows))), state.excess)

    def _pairwise(self, initial: CorrelatedMarginals, start: StarStart, pairs: list[Pair]) -> StarStart:
        """Correlate modes in many small groups, found as the blocks of the pattern and of what is correlated already."""
        half = self.hamiltonian.n_modes
        if start.shared is not None:
            self._check_size(half, "Correlations on top of those between the contacts of large reservoirs")
        contacts = [column for entry, *both in pairs if not entry.is_paired for column in both]
        widest = max((int(np.count_nonzero(np.any(column, axis=1))) // 2 for column in contacts), default=0)
        self._check_size(widest, "Paired modes with correlations of a contact beside them")
        sparse = [scipy.sparse.csr_array(column) for _, *both in pairs for column in both]
        pattern: Any = sum(
            (correlation_pattern(entry, sparse[2 * k], sparse[2 * k + 1]) for k, (entry, _, _) in enumerate(pairs)),
            scipy.sparse.csr_array((2 * half, 2 * half)),
        )
        pattern.eliminate_zeros()
        if initial.strength == 0.0 or not pattern.nnz:
            return start
        held = [(members, np.full(len(members), members[0])) for members, _ in start.groups]
        ends = pattern.tocoo()
        a = np.concatenate([ends.row % half, *(members for members, _ in held)])
        b = np.concatenate([ends.col % half, *(firsts for _, firsts in held)])
        linked = scipy.sparse.csr_array((np.ones(len(a)), (a, b)), shape=(half, half))
        count, label = scipy.sparse.csgraph.connected_components(linked, directed=False)
        is_touched = np.bincount(label[ends.row % half], minlength=count) > 0
        groups = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
        blocks = [modes for modes, kept in zip(groups, is_touched, strict=True) if kept]
        self._check_size(max(map(len, blocks)), "A group of paired modes")
        rows = [mode_indices(modes, half) for modes in blocks]
        moments = [moments_of(start, modes) for modes in blocks]
        patterns = [pattern[own][:, own].toarray() for own in rows]
        largest = min(largest_correlation(own, one) for (_, own), one in zip(moments, patterns, strict=True))
        check_possible(largest, initial)
        states = [
            GaussianState.from_moments(mean, own + initial.strength * largest * one)
            for (mean, own), one in zip(moments, patterns, strict=True)
        ]
        joint = [(state.mean, state.rows(np.arange(len(state.mean))), state.excess) for state in states]
        return start.with_groups([(modes, *own) for modes, own in zip(blocks, joint, strict=True)])

    def _widely_correlated(self, initial: CorrelatedMarginals, start: StarStart, pairs: list[Pair]) -> StarStart:
        """Correlate directions among many modes: few rows V and a small core J, sigma + V^T J V."""
        if start.shared is not None:
            self._check_size(self.hamiltonian.n_modes, "Correlations on top of those between the contacts of large reservoirs")
        half = self.hamiltonian.n_modes
        columns = [direction for _, *directions in pairs for direction in directions]
        vectors = np.concatenate([(column[:half] + 1j * column[half:]).T for column in columns])
        core = np.zeros((len(vectors), len(vectors)))
        for k, (entry, _, _) in enumerate(pairs):
            own = slice(4 * k, 4 * k + 4)
            core[own, own] = correlation_pattern(entry, np.eye(4)[:, :2], np.eye(4)[:, 2:])
        correlated = replace(start, shared=(vectors, core))
        whitened = correlated.whitened_shared
        if whitened is None:
            return start
        largest = largest_low_rank_correlation(start.excess, *whitened)
        check_possible(largest, initial)
        return replace(start, shared=(vectors, initial.strength * largest * core))

    def _check_size(self, size: int, what: str) -> None:
        if size > self.largest:
            raise MachineError(
                f"{what} must correlate at most `block_modes` = {self.largest} modes for the star backend, but has {size}. "
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
