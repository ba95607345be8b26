"""What states tell about subsystems: energies, entropies, and how far samples of the states scatter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray, Matrix
from athermal._validate import suggest
from athermal.accounting.states import (
    AnyState,
    DensityState,
    by_instant,
    hamiltonian_of_time,
    is_sampled,
    mean_state,
    read_state,
)
from athermal.errors import StateError, StudyError

Operator = Callable[[int], Matrix]


@dataclass
class Readings:
    """Numbers of the subsystems at every instant: NaN where nothing tells them.

    Parameters
    ----------
    names : tuple of str
        The n subsystems.
    values : (instants, 2 n + 1) array
        U_1 .. U_n, S_1 .. S_n, S(rho_S).
    samples : list of lists of (samples, 2 n + 1) arrays
        Of each source of sampled states, at every instant; NaN where the source does not tell.
    defect : float
        By how much the worst state misses being one.
    """

    names: tuple[str, ...]
    values: FloatArray
    samples: list[list[FloatArray]] = field(default_factory=list)
    defect: float = 0.0

    @classmethod
    def empty(cls, names: Sequence[str], n_instants: int) -> Readings:
        """Return readings of which nothing is known yet."""
        return cls(tuple(names), np.full((n_instants, 2 * len(names) + 1), np.nan))

    def take(self, states: list[Any], what: str, times: FloatArray, tolerance: float, observe: Any) -> None:
        """Enter what a source of states tells; `observe(state, k)` is the row that a state at instant k gives."""
        sampled = [is_sampled(entry) for entry in states]
        if any(sampled) and not all(sampled):
            raise StateError(
                f"{what} must be samples at every instant or at none, but are single at t = {times[sampled.index(False)]:g}."
            )
        rows: list[FloatArray] = []
        first: AnyState | None = None
        for k, entry in enumerate(states):
            label = f"{what} at t = {times[k]:g}"
            each = _samples(entry, label, tolerance) if sampled[k] else [read_state(entry, label, tolerance)]
            first = first or each[0]
            for state in each:
                _check_alike(state, first, label)
            if sampled[k]:
                rows.append(np.array([observe(state, k) for state in each]))
            self.defect = max(self.defect, *(state.defect for state in each))
            row = observe(mean_state(each) if sampled[k] else each[0], k)
            self.values[k] = np.where(np.isnan(row), self.values[k], row)
        if rows:
            self.samples.append(rows)


def _samples(entry: Any, label: str, tolerance: float) -> list[AnyState]:
    if len(entry) < 2:
        raise StateError(f"{label} must be one state or at least two samples of it, but is one sample.")
    return [read_state(one, f"{label}, sample {k + 1}", tolerance) for k, one in enumerate(entry)]


def _check_alike(state: AnyState, first: AnyState, label: str) -> None:
    """Raise `StateError` if a state is of another space than the first of its subsystem."""
    if type(state) is not type(first) or state.size != first.size:
        raise StateError(f"{label} must be a {_space(first)} as the first is, but is a {_space(state)}.")


def _space(state: AnyState) -> str:
    if isinstance(state, DensityState):
        return f"density matrix of dimension {state.size}"
    return f"Gaussian state of {state.size} mode{'s' if state.size > 1 else ''}"


def operators_of(
    hamiltonians: Mapping[Any, Any] | None, names: Sequence[str], times: FloatArray
) -> dict[tuple[str, ...], Operator]:
    """Return the Hamiltonians by the subsystems that they act on: one, or two that share its energy."""
    found: dict[tuple[str, ...], Operator] = {}
    for key, value in (hamiltonians or {}).items():
        parts = key if isinstance(key, tuple) else (key,)
        for name in parts:
            if name not in names:
                raise StudyError(
                    f"`hamiltonians` has an entry for {name!r}, but the subsystems are {', '.join(map(repr, names))}."
                    f"{suggest(str(name), names)}"
                )
        if len(parts) not in (1, 2) or len(set(parts)) != len(parts):
            raise StudyError(f"A key of `hamiltonians` must name one subsystem, or two that are coupled, but is {key!r}.")
        found[parts] = hamiltonian_of_time(value, f"The Hamiltonian of {' and '.join(map(repr, parts))}", times)
    return found


def read_single(
    readings: Readings, name: str, states: Any, operators: Mapping[tuple[str, ...], Operator], times: FloatArray, tolerance: float
) -> None:
    """Enter the states of one subsystem."""
    i, n, what = readings.names.index(name), len(readings.names), f"The state of {name!r}"

    def observe(state: AnyState, k: int) -> FloatArray:
        row = np.full(2 * n + 1, np.nan)
        if (name,) in operators:
            row[i] = _energy(state, operators[name,](k), f"The Hamiltonian of {name!r}")
        row[n + i] = state.entropy()
        if n == 1:
            row[-1] = row[n]
        return row

    readings.take(by_instant(states, what, len(times)), what, times, tolerance, observe)


def read_joint(
    readings: Readings,
    states: Any,
    dimensions: Mapping[str, int] | None,
    operators: Mapping[tuple[str, ...], Operator],
    times: FloatArray,
    tolerance: float,
) -> None:
    """Enter the states of all subsystems together: their marginals follow."""
    names, what = readings.names, "The state of the subsystems together"
    n, single = len(names), [operators.get((name,)) for name in names]

    def observe(state: AnyState, k: int) -> FloatArray:
        sizes = _sizes(state, names, dimensions)
        parts = [state.part(sizes, [i]) for i in range(n)]
        energies = np.full(n, np.nan)
        for i, operator in enumerate(single):
            if operator is not None:
                energies[i] = _energy(parts[i], operator(k), f"The Hamiltonian of {names[i]!r}")
        for pair, operator in operators.items():
            if len(pair) == 2:
                both = [names.index(name) for name in pair]
                of = f"The Hamiltonian of {' and '.join(map(repr, pair))}"
                energies[both] += 0.5 * _energy(state.part(sizes, both), operator(k), of)
        return np.array([*energies, *(part.entropy() for part in parts), state.entropy()])

    readings.take(by_instant(states, what, len(times)), what, times, tolerance, observe)


def _sizes(state: AnyState, names: Sequence[str], dimensions: Mapping[str, int] | None) -> list[int]:
    """Return the dimension, or the number of modes, of each subsystem in a joint state."""
    word = "dimension" if isinstance(state, DensityState) else "number of modes"
    if dimensions is not None:
        if lacking := [name for name in names if name not in dimensions]:
            raise StudyError(f"`dimensions` must tell the {word} of each subsystem, but not of {lacking[0]!r}.")
        sizes = [_validate.count(dimensions[name], word, f"subsystem {name!r}") for name in names]
    elif isinstance(state, DensityState) and len(state.dims) == len(names):
        sizes = list(state.dims)
    elif len(names) == 1:
        sizes = [state.size]
    else:
        raise StudyError(f"`dimensions` must tell the {word} of each subsystem, as in {{{names[0]!r}: 2, ...}}, but is missing.")
    total = int(np.prod(sizes)) if isinstance(state, DensityState) else sum(sizes)
    if total != state.size:
        raise StudyError(f"`dimensions` must fit the joint state, whose {word} is {state.size}, but make {total}.")
    return sizes


def _energy(state: AnyState, hamiltonian: Matrix, what: str) -> float:
    expected = state.size if isinstance(state, DensityState) else 2 * state.size
    if len(hamiltonian) != expected:
        raise StudyError(
            f"{what} must be {expected} x {expected} as the state is, but is {len(hamiltonian)} x {len(hamiltonian)}."
        )
    return state.energy(hamiltonian)
