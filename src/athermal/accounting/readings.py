"""What states tell about subsystems: energies, entropies, and how far they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray, Matrix
from athermal._validate import suggest
from athermal.accounting import noise
from athermal.accounting.estimates import Given
from athermal.accounting.given_states import hamiltonian_of_time
from athermal.accounting.states import AnyState, DensityState, GaussianState
from athermal.errors import StudyError

Operator = Callable[[int], Matrix]
Rows = Callable[[np.random.Generator, int], FloatArray]
"""Rows of numbers drawn within the errors of a state: of a generator and how many."""

# Numbers of states that are drawn at once.
_CHUNK = 2**21


@dataclass(frozen=True)
class Source:
    """States of one subsystem, or of all together: what they tell, and how well.

    Parameters
    ----------
    of : str
        Whose states they are, in words.
    columns : (2 n + 1,) array
        Which numbers of a row they tell.
    draws : list of functions
        That draw such rows at each instant; None where the state is exact, or its error unknown.
    is_known : bool
        Whether anything was said of their errors, if only that there are none.
    """

    of: str
    columns: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    draws: list[Rows | None]
    is_known: bool

    @property
    def has_errors(self) -> bool:
        """Whether any of the states has an error."""
        return any(draw is not None for draw in self.draws)


@dataclass
class Readings:
    """Numbers of the subsystems at every instant: NaN where nothing tells them.

    Parameters
    ----------
    names : tuple of str
        The n subsystems.
    values : (instants, 2 n + 1) array
        U_1 .. U_n, S_1 .. S_n, S(rho_S).
    sources : list of Source
        The states that they are from.
    defect : float
        By how much the worst state misses being one.
    """

    names: tuple[str, ...]
    values: FloatArray
    sources: list[Source] = field(default_factory=list)
    defect: float = 0.0

    @classmethod
    def empty(cls, names: Sequence[str], n_instants: int) -> Readings:
        """Return readings of which nothing is known yet."""
        return cls(tuple(names), np.full((n_instants, 2 * len(names) + 1), np.nan))

    def take(self, given: Given, times: FloatArray, observe: Callable[[AnyState, int], FloatArray]) -> None:
        """Enter what a source of states tells; `observe(state, k)` is the row that a state at instant k gives."""
        estimates, is_known = given.estimates(times)
        draws: list[Rows | None] = []
        columns = np.zeros(self.values.shape[1], dtype=bool)
        for k, estimate in enumerate(estimates):
            self.defect = max(self.defect, estimate.state.defect)
            row = observe(estimate.state, k)
            columns = ~np.isnan(row)
            self.values[k] = np.where(columns, row, self.values[k])
            size = max(_CHUNK // estimate.state.size**2, 1)
            draws.append(None if estimate.draw is None else _drawn(estimate.draw, observe, k, size))
        self.sources.append(Source(given.of, columns, draws, is_known))


def _drawn(draw: noise.Draw, observe: Callable[[AnyState, int], FloatArray], k: int, most: int) -> Rows:
    def rows(random: np.random.Generator, n: int) -> FloatArray:
        return np.concatenate([observe(draw(random, min(most, n - start)), k) for start in range(0, n, most)])

    return rows


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
    readings: Readings, name: str, given: Given, operators: Mapping[tuple[str, ...], Operator], times: FloatArray
) -> None:
    """Enter the states of one subsystem."""
    i, n = readings.names.index(name), len(readings.names)
    if not np.all(np.isnan(readings.values[:, n + i])):
        raise StudyError(f"The {given.kind} of {name!r} must be given once, but {name!r} has states already. Leave one out.")

    def observe(state: AnyState, k: int) -> FloatArray:
        entropy = state.entropy()
        row = np.full((*entropy.shape, 2 * n + 1), np.nan)
        if (name,) in operators:
            row[..., i] = _energy(state, operators[name,](k), f"The Hamiltonian of {name!r}")
        row[..., n + i] = entropy
        if n == 1:
            row[..., -1] = entropy
        return row

    readings.take(given, times, observe)


def read_joint(
    readings: Readings,
    given: Given,
    dimensions: Mapping[str, int] | None,
    operators: Mapping[tuple[str, ...], Operator],
    times: FloatArray,
) -> None:
    """Enter the states of all subsystems together: their marginals follow."""
    names = readings.names
    n, single = len(names), [operators.get((name,)) for name in names]

    def observe(state: AnyState, k: int) -> FloatArray:
        sizes = _sizes(state, names, dimensions)
        parts = [state.part(sizes, [i]) for i in range(n)]
        whole = state.entropy()
        energies = np.full((*whole.shape, n), np.nan)
        for i, operator in enumerate(single):
            if operator is not None:
                energies[..., i] = _energy(parts[i], operator(k), f"The Hamiltonian of {names[i]!r}")
        for pair, operator in operators.items():
            if len(pair) == 2:
                both = [names.index(name) for name in pair]
                of = f"The Hamiltonian of {' and '.join(map(repr, pair))}"
                energies[..., both] += 0.5 * _energy(state.part(sizes, both), operator(k), of)[..., None]
        return np.concatenate([energies, np.stack([*(part.entropy() for part in parts), whole], axis=-1)], axis=-1)

    readings.take(given, times, observe)


def _sizes(state: AnyState, names: Sequence[str], dimensions: Mapping[str, int] | None) -> list[int]:
    """Return the dimension, or the number of modes, of each subsystem in a joint state."""
    word = "dimension" if not isinstance(state, GaussianState) else "number of modes"
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
    total = int(np.prod(sizes)) if not isinstance(state, GaussianState) else sum(sizes)
    if total != state.size:
        raise StudyError(f"`dimensions` must fit the joint state, whose {word} is {state.size}, but make {total}.")
    return sizes


def _energy(state: AnyState, hamiltonian: Matrix, what: str) -> FloatArray:
    expected = state.size if not isinstance(state, GaussianState) else 2 * state.size
    if len(hamiltonian) != expected:
        raise StudyError(
            f"{what} must be {expected} x {expected} as the state is, but is {len(hamiltonian)} x {len(hamiltonian)}."
        )
    return state.energy(hamiltonian)
