"""The Hamiltonian of a machine of finite parts: sparse operators on the tensor product of its parts.

H(t) = sum_j H_j + sum_a f_a(t) K_a with real drives f_a; the factors of the product are the subsystems and then the
reservoirs, in the machine's order, each reservoir in the eigenbasis of its H_j.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.sparse

from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.coupling import Coupling, Exchange, OperatorCoupling, Position, TwoModeSqueezing
from athermal.machine.drive import Component, Constant, Drive, Product
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.layout import Layout
from athermal.machine.operator import asymmetry
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem, HarmonicReservoir
from athermal.machine.terms import DrivenTerms
from athermal.maths.density import log_partition
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.tensor import embed

_HERMITIAN = 1e-12


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
    ) -> None:
        every = [*terms, *(term for group in counters.values() for term in group)]
        super().__init__(every, tuple(subsystems), tuple(reservoirs), period)
        self.n_terms = len(terms)
        self.reservoir_energies = reservoirs
        self.names = (*subsystems, *reservoirs)
        self.dimensions = (*subsystems.values(), *(len(energies) for energies in reservoirs.values()))
        self.counter_names = tuple(counters)
        self._counter_terms = [list(group) for group in counters.values()]
        self.truncated = truncated
        self.cut_from = cut_from

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

    def own(self, names: Sequence[str], time: float = 0.0) -> Any:
        """Return all terms that act within some parts, reservoirs' own included, as a sparse matrix on these parts."""
        inside = [term for term in self.terms[: self.n_terms] if set(term.parts) <= set(names)]
        amounts = [float(np.real(term.drive.value(np.array([time]))[0])) for term in inside]
        reservoirs = [name for name in names if name in self.reservoir_energies]
        return self._sum(inside, amounts, names) + self.diagonal(reservoirs, names)

    def subsystem_energy_terms(self, index: int, time: float) -> dict[tuple[str, ...], Any]:
        """Return U_i at one time: the sum of its terms with its shares, by the parts they act on."""
        return self._by_parts(self.shares[index] * self.strengths(np.array([time]))[0])

    def energy_terms(self, time: float) -> tuple[dict[tuple[str, ...], Any], list[dict[tuple[str, ...], Any]]]:
        """Return all H_ij at one time by the parts (i, j) they act on, and for each subsystem the rest of U_i."""
        amounts, is_coupling = self.strengths(np.array([time]))[0], self.groups[0] == 0.0
        rest = [self._by_parts(np.where(is_coupling, 0.0, share * amounts)) for share in self.shares]
        return self._by_parts(np.where(is_coupling, amounts, 0.0)), rest

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


def assemble(machine: Layout) -> TensorHamiltonian:
    """Return the Hamiltonian of a machine of finite parts."""
    terms = own_terms(machine)
    for coupling in machine.couplings:
        terms.extend(coupling_terms(machine, coupling))
    counters = {counter.name: [t for c in counter.terms for t in coupling_terms(machine, c)] for counter in machine.counters}
    finite = [part for part in machine.parts if isinstance(part, (FiniteSubsystem, FiniteReservoir))]
    return TensorHamiltonian(
        {part.name: part.dimension for part in finite if isinstance(part, FiniteSubsystem)},
        {part.name: part.energies for part in finite if isinstance(part, FiniteReservoir)},
        terms,
        counters,
        machine.period,
        {part.name: part.truncated_modes for part in finite if part.truncated_modes},
    )


def own_terms(machine: Layout) -> list[TensorTerm]:
    """Return the H_i of the finite subsystems, as their parts give them."""
    finite = [part for part in machine.subsystems if isinstance(part, FiniteSubsystem)]
    return [TensorTerm((part.name,), drive, local, (1.0,)) for part in finite for drive, local in part.terms()]


def coupling_terms(machine: Layout, coupling: Coupling) -> tuple[TensorTerm, ...]:
    """Return the terms of a coupling between finite parts."""
    parts = coupling.between
    reservoirs = set(machine.reservoir_names)
    share: tuple[float, ...] = coupling.share if len(parts) == 2 else (1.0,)
    if reservoirs & set(parts):
        share = tuple(0.0 if name in reservoirs else 1.0 for name in parts)
    names, plus_conjugate = operators_of(machine, coupling)
    matrices = [_operator(machine, name, operator, coupling) for name, operator in zip(parts, names, strict=True)]
    product = matrices[0] if len(matrices) == 1 else scipy.sparse.kron(*matrices, format="csr")
    if not plus_conjugate:
        terms = [TensorTerm(parts, coupling.drive, product, share)]
    else:  # s X + h.c. = Re s (X + X^dag) + Im s i (X - X^dag)
        adjoint = product.conj().T.tocsr()
        drive = coupling.drive
        real = Component(drive, "real") if drive.is_complex else drive
        terms = [TensorTerm(parts, real, product + adjoint, share)]
        if drive.is_complex:
            terms.append(TensorTerm(parts, Component(drive, "imaginary"), 1j * (product - adjoint), share))
    if isinstance(coupling, Position):
        terms.extend(_counter_term(machine, coupling))
    return tuple(terms)


def operators_of(machine: Layout, coupling: Coupling) -> tuple[tuple[Any, ...], bool]:
    """Return the operator of each part in a coupling, and whether its Hermitian conjugate is added."""
    if isinstance(coupling, OperatorCoupling):
        return coupling.operators, coupling.plus_conjugate
    if isinstance(coupling, Position):
        return ("position", "position"), False
    if not isinstance(coupling, (Exchange, TwoModeSqueezing)):
        raise MachineError(
            f"{coupling.owner} must be between oscillators treated as Gaussian, but its parts are finite. Write it as an "
            "OperatorCoupling."
        )
    if coupling.amplitude_frequency is not None:
        raise MachineError(
            f"`amplitude_frequency` of {coupling.owner} must be left out: finite parts have one lowering operator. Write the "
            "coupling as an OperatorCoupling."
        )
    lowering = [getattr(machine.part(name), "lowering", "destroy") for name in coupling.between]  # a continuum has oscillators
    for name, operator in zip(coupling.between, lowering, strict=True):
        if operator is None:
            raise MachineError(
                f"{coupling.owner} must be between parts with a lowering operator, but {name!r} has none. Write it as an "
                "OperatorCoupling with operators of your own."
            )
    raised = {"sigmam": "sigmap", "destroy": "create"}
    second = raised[str(lowering[1])] if isinstance(coupling, Exchange) else str(lowering[1])
    return (str(lowering[0]), second), True


def _operator(machine: Layout, name: str, operator: Any, coupling: Any) -> Any:
    part = machine.part(name)
    if isinstance(part, FiniteReservoir):
        if operator == "identity":  # once, not once for each site
            return scipy.sparse.eye_array(part.dimension, format="csr")
        return part.operator(operator, coupling.site, coupling.weights, coupling.owner)
    return part.operator(operator)  # type: ignore[union-attr]


def _counter_term(machine: Layout, coupling: Position) -> list[TensorTerm]:
    """Return s^2 x^2 sum_k g_k^2/(2 w_k) of a position coupling to a bath of truncated oscillators."""
    reservoir = next((r for r in machine.reservoirs if r.name in coupling.between), None)
    softness = _softness(machine, coupling)
    if reservoir is None or softness is None:
        return []
    subsystem = next(name for name in coupling.between if name != reservoir.name)
    factors = [
        _operator(machine, name, "position_squared" if name == subsystem else "identity", coupling) for name in coupling.between
    ]
    drive = Product((coupling.drive, coupling.drive, Constant(0.5 * softness)))
    share = tuple(1.0 if name == subsystem else 0.0 for name in coupling.between)
    return [TensorTerm(coupling.between, drive, scipy.sparse.kron(*factors, format="csr"), share)]


def _softness(machine: Layout, coupling: Position) -> float | None:
    """Return sum_k g_k^2/w_k of the counter-term, None if there is none, or raise `MachineError` if it cannot be had."""
    reservoir = next((r for r in machine.reservoirs if r.name in coupling.between), None)
    if not coupling.uses_counter_term(has_reservoir=reservoir is not None):
        return None
    softness = None
    if isinstance(reservoir, HarmonicReservoir):
        return 0.0  # of a continuum: an integral over its spectral density
    if isinstance(reservoir, FiniteReservoir):
        softness = reservoir.softness(coupling.site, coupling.weights, coupling.owner)
    if softness is None:
        raise MachineError(
            f"`counter_term` of {coupling.owner} must be false, unless it is to a bath of truncated oscillators. Add the term "
            "as an OperatorCoupling of the subsystem, if it is wanted."
        )
    return softness


def check_terms(machine: Layout) -> None:
    """Raise `MachineError` if an operator does not fit its part, or a term is not Hermitian; at no cost in the bath's size."""
    for coupling in machine.couplings:
        _check_term(machine, coupling)
        if isinstance(coupling, Position):
            _softness(machine, coupling)
    for counter in machine.counters:
        for term in counter.terms:
            try:
                _check_term(machine, term)
            except MachineError as error:
                raise MachineError(f"Counter {counter.name!r}: {error}") from None


def _check_term(machine: Layout, coupling: Coupling) -> None:
    names, plus_conjugate = operators_of(machine, coupling)
    for name, operator in zip(coupling.between, names, strict=True):
        part = machine.part(name)
        if isinstance(part, HarmonicReservoir):
            _check_contact(coupling, part, operator, plus_conjugate=plus_conjugate)
            continue
        if isinstance(part, FiniteReservoir):
            local = part.local_operator(operator, coupling.site, coupling.weights, coupling.owner)  # type: ignore[attr-defined]
        else:
            local = part.operator(operator)  # type: ignore[union-attr]
        if not plus_conjugate and (defect := asymmetry(local)) > _HERMITIAN:
            what = repr(operator) if isinstance(operator, str) else "the operator"
            raise MachineError(
                f"{coupling.owner} must be Hermitian, but {what} of {name!r} and its adjoint differ by {defect:.3g} of its "
                "largest entry. Set `plus_conjugate = true` to add the Hermitian conjugate of the term."
            )


def _check_contact(coupling: Any, bath: HarmonicReservoir, operator: Any, *, plus_conjugate: bool) -> None:
    """Raise `MachineError` if a coupling of finite subsystems to a continuous bath is not of a kind that a continuum has."""
    if getattr(coupling, "site", None) is not None or getattr(coupling, "weights", None) is not None:
        raise MachineError(
            f"`site` and `weights` of {coupling.owner} must be left out: reservoir {bath.name!r} is a continuum, which couples "
            "as its spectral density says."
        )
    allowed = ("destroy", "create") if plus_conjugate else ("position",)
    if operator not in allowed:
        raise MachineError(
            f"The operator of reservoir {bath.name!r} in {coupling.owner} must be {' or '.join(map(repr, allowed))}"
            f"{' (as `plus_conjugate` is true)' if plus_conjugate else ''}, but is {operator!r}: a continuum couples by "
            "sum_k g_k x_k ('position'), or by sum_k g_k b_k and its adjoint ('destroy', 'create' with `plus_conjugate`)."
        )
    if coupling.drive.is_complex:
        raise MachineError(
            f"`strength` of {coupling.owner} must be real, but turns in the complex plane: that shifts the frequencies of a "
            "continuum. Drive it with a real function, and put the rotation into the subsystems."
        )
