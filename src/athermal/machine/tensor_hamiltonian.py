"""The Hamiltonian of a machine of finite parts: sparse operators on the tensor product of its parts.

H(t) = sum_j H_j + sum_a f_a(t) K_a with real drives f_a; the factors of the product are the subsystems and then the
reservoirs, in the machine's order, each reservoir in the eigenbasis of its H_j.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.sparse

from athermal._types import FloatArray
from athermal.machine.drive import Drive, Side
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.terms import DrivenTerms
from athermal.maths.density import log_partition
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.tensor import embed

# Matrices of small sets of parts that are kept for other cycles.
_MOST_KEPT = 64


@dataclass(frozen=True)
class TensorTerm:
    """f(t) K, with K a sparse matrix on the tensor product of `parts`."""

    parts: tuple[str, ...]
    drive: Drive
    local: Any
    share: tuple[float, ...]


class TensorHamiltonian(DrivenTerms[TensorTerm]):
    """An assembled Hamiltonian of finite parts; matrices of the whole are made when they are asked for.

    Parameters
    ----------
    subsystems, reservoirs : mapping of str to int, mapping of str to (d,) array
        The dimension of each subsystem; the energies of each reservoir in its basis.
    terms : sequence of TensorTerm
    counters : mapping of str to sequence of TensorTerm
    period : float
    truncated : mapping of str to sequence of int
        The levels to which the oscillators of a part are cut.
    cut_from : (Hamiltonian, int), optional
        If it was made of oscillators: theirs, and the levels to which each is cut.
    """

    words: ClassVar[str] = "the Hamiltonian of finite parts in matrices"

    def __init__(
        self,
        subsystems: dict[str, int],
        reservoirs: dict[str, FloatArray],
        terms: Sequence[TensorTerm],
        counters: Mapping[str, Sequence[TensorTerm]],
        period: float,
        truncated: dict[str, tuple[int, ...]],
        cut_from: tuple[Hamiltonian, int] | None = None,
        side: Side = "right",
    ) -> None:
        every = [*terms, *(term for group in counters.values() for term in group)]
        super().__init__(every, tuple(subsystems), tuple(reservoirs), period, side)
        self.n_terms = len(terms)
        self.reservoir_energies = reservoirs
        self.names = (*subsystems, *reservoirs)
        self.dimensions = (*subsystems.values(), *(len(energies) for energies in reservoirs.values()))
        self.counter_names = tuple(counters)
        self._counter_terms = [list(group) for group in counters.values()]
        self.truncated = truncated
        self.cut_from = cut_from
        self._made: dict[Any, Any] = {}

    @property
    def n_integrals(self) -> int:
        """How many amounts are integrated: the works on the subsystems and on the couplings to each reservoir, the counters."""
        return 1 + len(self.reservoirs) + len(self.counter_names)

    @property
    def dimension(self) -> int:
        """The dimension of the whole."""
        return math.prod(self.dimensions)

    @property
    def size(self) -> int:
        """The dimension of the whole."""
        return self.dimension

    @property
    def ground_energies(self) -> FloatArray:
        """The lowest energy of every reservoir."""
        return np.array([float(np.min(energies)) for energies in self.reservoir_energies.values()])

    def log_partitions(self, temperatures: FloatArray) -> FloatArray:
        """Return ln Z_j of every reservoir."""
        baths = zip(self.reservoir_energies.values(), temperatures, strict=True)
        return np.array([log_partition(energies, float(temperature)) for energies, temperature in baths])

    def positions(self, names: Sequence[str]) -> list[int]:
        """Return the places of parts in the tensor product."""
        return [self.names.index(name) for name in names]

    def sizes(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the dimensions of parts."""
        return tuple(self.dimensions[k] for k in self.positions(names))

    # --- matrices of the whole -----------------------------------------------------------------------------------------

    @cached_property
    def static(self) -> Any:
        """sum_j H_j, diagonal."""
        return self.diagonal(tuple(self.reservoir_energies))

    def diagonal(self, names: Sequence[str], within: Sequence[str] | None = None) -> Any:
        """Return the sum of the H_j of some reservoirs as a sparse matrix on `within` (all parts if left out)."""
        within = self.names if within is None else within
        sizes = self.sizes(within)
        total = np.zeros(sizes)
        for name in names:
            shape = [1] * len(sizes)
            shape[list(within).index(name)] = -1
            total = total + self.reservoir_energies[name].reshape(shape)
        return scipy.sparse.diags_array(total.ravel(), format="csr")

    @cached_property
    def _alike(self) -> list[tuple[Drive, int, list[TensorTerm]]]:
        """The terms of H with one drive and one of `groups` each, taken together."""
        found: dict[tuple[Drive, int], list[TensorTerm]] = {}
        for term, group in zip(self.terms[: self.n_terms], np.argmax(self.groups, axis=0), strict=False):
            found.setdefault((term.drive, int(group)), []).append(term)
        return [(drive, group, terms) for (drive, group), terms in found.items()]

    @cached_property
    def _matrices(self) -> tuple[Any, ...]:
        return tuple(self._sum(terms) for _, _, terms in self._alike)

    def _sum(
        self, terms: Sequence[TensorTerm], amounts: Sequence[float] | None = None, within: Sequence[str] | None = None
    ) -> Any:
        """Return the sum of terms (times amounts) as a sparse matrix on `within` (all parts if left out)."""
        within = self.names if within is None else within
        sizes = self.sizes(within)
        total = scipy.sparse.csr_array((math.prod(sizes), math.prod(sizes)))
        for amount, term in zip([1.0] * len(terms) if amounts is None else amounts, terms, strict=True):
            if amount != 0.0:
                total = total + amount * self._embedded(term, tuple(within))
        return total

    def _embedded(self, term: TensorTerm, within: tuple[str, ...]) -> Any:
        """Return a term's operator as a sparse matrix on some parts; that of the same parts as it is."""
        if within == term.parts:
            return term.local
        return embed(term.local, [within.index(name) for name in term.parts], self.sizes(within))

    @cached_property
    def whole(self) -> DrivenSum:
        """H(t), reservoirs included."""
        return DrivenSum((self.static, *self._matrices), self._amounts)

    def slopes(self, start: float, stop: float) -> tuple[DrivenSum | None, ...]:
        """Return dH/dt on a stretch without breakpoints, by `groups`; None where nothing is driven."""
        moving: list[list[int]] = [[] for _ in self.groups]
        for k, (drive, group, _) in enumerate(self._alike):
            if not drive.is_constant(start, stop):
                moving[group].append(k)
        return tuple(self._slope(terms) if terms else None for terms in moving)

    def _slope(self, moving: Sequence[int]) -> DrivenSum:
        drives = [self._alike[k][0] for k in moving]

        def rates(times: FloatArray) -> FloatArray:
            return np.stack([np.asarray(drive.derivative(times), dtype=float) for drive in drives], axis=-1)

        return DrivenSum(tuple(self._matrices[k] for k in moving), rates)

    @cached_property
    def counters(self) -> tuple[DrivenSum, ...]:
        """The observable of each counter."""
        return tuple(_counter_sum(group, self._sum) for group in self._counter_terms)

    def jumps(self, time: float) -> tuple[Any, ...]:
        """Return H just after a breakpoint minus H just before it, by `groups`, as sparse matrices; None where it is zero."""
        at = np.array([time % self.period])
        found: list[Any] = [None] * len(self.groups)
        for (drive, group, _), matrix in zip(self._alike, self._matrices, strict=True):
            amount = float(np.real(drive.value(at)[0] - drive.value(at, "left")[0]))
            if amount != 0.0:
                found[group] = amount * matrix if found[group] is None else found[group] + amount * matrix
        return tuple(found)

    def _amounts(self, times: FloatArray) -> FloatArray:
        columns = [np.ones(len(times)), *(np.asarray(drive.value(times), dtype=float) for drive, _, _ in self._alike)]
        return np.stack(columns, axis=-1)

    # --- matrices of some parts ---------------------------------------------------------------------------------------

    def own(self, names: Sequence[str], time: float = 0.0, side: Side = "right") -> Any:
        """Return all terms that act within some parts, reservoirs' own included, as a sparse matrix on these parts."""
        inside = [term for term in self.terms[: self.n_terms] if set(term.parts) <= set(names)]
        amounts = tuple(float(np.real(term.drive.value(np.array([time]), side)[0])) for term in inside)
        reservoirs = [name for name in names if name in self.reservoir_energies]
        return self._once(
            ("own", tuple(names), amounts), lambda: self._sum(inside, amounts, names) + self.diagonal(reservoirs, names)
        )

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what is made of some strengths of the drives, kept for the instants of other cycles that see the same."""
        if key not in self._made:
            if len(self._made) >= _MOST_KEPT:
                self._made.clear()
            self._made[key] = make()
        return self._made[key]

    def subsystem_energy_terms(self, index: int, time: float) -> dict[tuple[str, ...], Any]:
        """Return U_i at one time: the sum of its terms with its shares, by the parts they act on."""
        return self._by_parts(self.shares[index] * self.strengths(np.array([time]), self.side)[0])

    def energy_terms(self, time: float) -> tuple[dict[tuple[str, ...], Any], list[dict[tuple[str, ...], Any]]]:
        """Return all H_ij at one time by the parts (i, j) they act on, and for each subsystem the rest of U_i."""
        amounts, is_coupling = self.strengths(np.array([time]), self.side)[0], self.groups[0] == 0.0

        def made() -> Any:
            rest = [self._by_parts(np.where(is_coupling, 0.0, share * amounts)) for share in self.shares]
            return self._by_parts(np.where(is_coupling, amounts, 0.0)), rest

        found: tuple[dict[tuple[str, ...], Any], list[dict[tuple[str, ...], Any]]] = self._once(
            ("energy", amounts.tobytes()), made
        )
        return found

    def _by_parts(self, amounts: FloatArray) -> dict[tuple[str, ...], Any]:
        found: dict[tuple[str, ...], Any] = {}
        for amount, term in zip(amounts[: self.n_terms], self.terms[: self.n_terms], strict=True):
            if amount != 0.0:
                found[term.parts] = amount * term.local + found.get(term.parts, 0.0 * term.local)
        return found


def _counter_sum(terms: Sequence[TensorTerm], assemble: Any) -> DrivenSum:
    matrices = tuple(assemble([term]) for term in terms)

    def values(times: FloatArray) -> FloatArray:
        return np.stack([np.asarray(term.drive.value(times), dtype=float) for term in terms], axis=-1)

    return DrivenSum(matrices, values)
