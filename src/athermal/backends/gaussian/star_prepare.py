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
    check_possible,
    correlation_pattern,
    directions_of,
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
    Correlation,
    Displaced,
    GaussianMoments,
    Gibbs,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.maths.gaussian import largest_correlation, squeezing, thermal_excess
from athermal.maths.star_information import largest_low_rank_correlation
from athermal.maths.symplectic import mode_indices

Pair = tuple[Correlation, Any, Any]


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
        return start.moved(move[:half] + 1j * move[half:])

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
        hamiltonian, pairs = self.hamiltonian, list[Pair]()
        for entry in initial.correlations:
            for name in entry.between:
                modes_of_part(hamiltonian, name, initial)
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
