"""Markovian master equations of weak coupling: Lindblad and Bloch-Redfield, local and global."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal.backends.base import Backend
from athermal.backends.finite.memory import check_memory
from athermal.backends.open.flow import Flow, Integrator
from athermal.backends.open.solver import OpenSolver, OpenState, dense
from athermal.machine.drive import Drive, Product
from athermal.machine.machine import Machine
from athermal.machine.open_system import Contact, OpenSystem, open_system
from athermal.machine.parts.finite import check_levels
from athermal.maths.superoperator import (
    commutator,
    eigenoperators,
    redfield,
    stacked,
    trace_row,
    weighted,
)
from athermal.maths.tensor import embed
from athermal.thermodynamics.snapshot import Snapshot

Approach = Literal["local", "global"]
APPROACHES = ("local", "global")
# Superoperators of the size of the whole that are held at once, for each bath.
_MATRICES = 6


@dataclass(frozen=True)
class Transitions:
    """What a dissipator is made of: see `redfield`.

    Parameters
    ----------
    operators, half_rates : lists of (n, n) arrays
        X_k and Z_k.
    frequencies : list of float, optional
        The quantum that each X_k takes from the system, where it takes one.
    """

    operators: list[ComplexArray]
    half_rates: list[ComplexArray]
    frequencies: list[float] | None = None

    @property
    def quanta(self) -> ComplexArray | None:
        """The operator of the energy that the bath receives per unit time, sum_k w_k S(w_k) X_k^dag X_k."""
        if self.frequencies is None:
            return None
        terms = zip(self.frequencies, self.operators, self.half_rates, strict=True)
        return np.asarray(sum(2.0 * w * x.conj().T @ z for w, x, z in terms))


class MarkovianSolver(OpenSolver):
    """A master equation drho/dt = -i [H_S(t), rho] + sum_j f_j(t)^2 D_j(t) rho bound to one machine.

    Energies are those of the subsystems, the interaction with the baths being neglected beside them (and with it the
    counter-term, which the Lamb shift cancels to the same order): dQ_j/dt = -Tr(H_S(t) f_j^2 D_j rho), dW/dt = <dH_S/dt>.
    R. Alicki, J. Phys. A 12, L103 (1979).
    """

    def lift(self, density: ComplexArray) -> ComplexArray:
        return stacked(density)

    def new_flow(self) -> Flow:
        """Return the flow of the subsystems alone, with the work done on them."""
        flow = Flow(self.system.dimension**2, self.n_sums)
        for drive, whole in self.terms:
            flow.add(commutator(whole), drive)
        self.add_work(flow)
        return flow

    @cached_property
    def terms(self) -> list[tuple[Drive, Any]]:
        """The drives of H_S and their operators on all subsystems."""
        hamiltonian = self.hamiltonian
        return [(t.drive, embed(t.local, hamiltonian.positions(t.parts), hamiltonian.dimensions)) for t in hamiltonian.terms]

    @cached_property
    def _stack(self) -> ComplexArray:
        return np.array([dense(whole) for _, whole in self.terms])

    def hamiltonian_at(self, time: float) -> ComplexArray:
        """Return H_S(t) as a dense matrix."""
        return np.asarray(np.tensordot(self.hamiltonian.strengths(np.array([time]))[0], self._stack, axes=1))

    def add_dissipator(self, flow: Flow, contact: Contact, dissipator: Any) -> None:
        """Add f^2 D of one contact, and the heat that it takes into its bath."""
        flow.add(dissipator, Product((contact.drive, contact.drive)))
        place = 1 + self.baths.index(contact.bath.name)
        for drive, whole in self.terms:
            flow.add_sum(place, -(dissipator.T @ trace_row(whole)), Product((drive, contact.drive, contact.drive)))

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"memoryless": self.name}


class MasterEquationSolver(MarkovianSolver):
    """Dissipators made from the eigenstates of a Hamiltonian of the moment: each subsystem's own, or that of all together."""

    def __init__(self, system: OpenSystem, options: MasterEquation, name: str) -> None:
        super().__init__(system, options.integrator, name)
        self.options = options
        self._flows: dict[tuple[float, ...], Flow] = {}

    def flow(self, start: float, stop: float) -> Flow:
        middle = 0.5 * (start + stop)
        if not self._is_static(start, stop):
            flow = self.new_flow()
            flow.dynamic = self._dissipation
            return flow
        key = self._strengths(middle)
        if key not in self._flows:
            self._flows[key] = flow = self.new_flow()
            for contact in self.system.contacts:
                dissipator, quanta = self._dissipator(contact, middle)
                self.add_dissipator(flow, contact, scipy.sparse.csr_array(dissipator))
                if quanta is not None:
                    flow.add_sum(self._place_of_quanta(contact), quanta, Product((contact.drive, contact.drive)))
        return self._flows[key]

    @property
    def n_sums(self) -> int:
        return 1 + 3 * len(self.baths)

    def _place_of_quanta(self, contact: Contact) -> int:
        return 1 + 2 * len(self.baths) + self.baths.index(contact.bath.name)

    def _is_static(self, start: float, stop: float) -> bool:
        """Tell whether the Hamiltonians that make the dissipators are constant on a stretch."""
        if self.options.approach == "global":
            return self.hamiltonian.is_constant(start, stop)
        return all(self.system.is_own_constant(contact.subsystem, start, stop) for contact in self.system.contacts)

    def _strengths(self, time: float) -> tuple[float, ...]:
        """Return what tells these Hamiltonians apart."""
        if self.options.approach == "global":
            return tuple(self.hamiltonian.strengths(np.array([time]))[0].tolist())
        return tuple(float(x) for c in self.system.contacts for x in self.system.own(c.subsystem, time).real.ravel())

    def _dissipator(self, contact: Contact, time: float) -> tuple[Any, ComplexArray | None]:
        """Return D of one contact, and the row of the energy of the quanta that its bath receives."""
        if self.options.approach == "global":
            found = self.options.transitions(contact, dense(contact.operator), self.hamiltonian_at(time))
            quanta = found.quanta
            return redfield(found.operators, found.half_rates), None if quanta is None else trace_row(quanta)
        found = self.options.transitions(contact, dense(contact.local), self.system.own(contact.subsystem, time))
        quanta = found.quanta
        x, z = ([self.system.embedded(m, contact.subsystem) for m in group] for group in (found.operators, found.half_rates))
        return redfield(x, z), None if quanta is None else trace_row(self.system.embedded(quanta, contact.subsystem))

    def _dissipation(self, time: float) -> Any:
        """Return sum_j f_j^2 D_j at one time, with the heats that it takes."""
        size, at = self.system.dimension**2, np.array([time])
        energy = trace_row(self.hamiltonian_at(time))
        total = np.zeros((size + self.n_sums,) * 2, dtype=complex)
        for contact in self.system.contacts:
            dissipator, quanta = self._dissipator(contact, time)
            amount = float(contact.drive.value(at)[0]) ** 2
            total[:size, :size] += amount * (dissipator.toarray() if scipy.sparse.issparse(dissipator) else dissipator)
            total[size + 1 + self.baths.index(contact.bath.name), :size] -= amount * (dissipator.T @ energy)
            if quanta is not None:
                total[size + self._place_of_quanta(contact), :size] += amount * quanta
        return total

    def snapshot(self, state: OpenState, time: float) -> Snapshot:
        seen = super().snapshot(state, time)
        if not self.options.has_quanta:
            return seen
        return replace(seen, extras={**seen.extras, "bath_quanta": state.sums[1 + 2 * len(self.baths) :].copy()})


class MasterEquation(Backend):
    """Base of the master equations whose dissipators follow a Hamiltonian of the moment."""

    takes_continua: ClassVar[bool] = True
    has_quanta: ClassVar[bool] = False
    """Whether every jump takes a quantum of one energy."""
    approach: Approach
    levels: int | None
    method: str
    rtol: float
    atol: float
    max_memory: float

    @property
    def integrator(self) -> Integrator:
        """How it is integrated."""
        return Integrator(self.method, self.rtol, self.atol)

    @property
    def owner(self) -> str:
        """What error messages call it."""
        return f"the {type(self).__name__} backend"

    def check(self) -> None:
        """Raise `MachineError` for an option that it cannot have."""
        _validate.choice(self.approach, "approach", self.owner, APPROACHES)
        if self.levels is not None:
            check_levels(self.levels, self.owner)
        self.integrator.check(self.owner)
        _validate.positive(self.max_memory, "max_memory", self.owner)

    @abstractmethod
    def transitions(self, contact: Contact, operator: ComplexArray, reference: ComplexArray) -> Transitions:
        """Return what makes the dissipator of one contact at f = 1.

        Parameters
        ----------
        contact : Contact
        operator, reference : (n, n) arrays
            X or L, and the Hamiltonian between whose eigenstates it makes transitions.
        """

    def bind(self, machine: Machine) -> MasterEquationSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = open_system(machine, self.levels, f"{type(self).__name__}()")
        power = 4 if self.approach == "global" else 3
        what = "A master equation of this machine"
        check_memory(
            what, system.dimension, 16.0 * _MATRICES * len(system.contacts), power, self.max_memory, "Use fewer levels or parts"
        )
        return MasterEquationSolver(system, self, f"{type(self).__name__}(approach={self.approach!r})")


def jump_operators(contact: Contact, operator: ComplexArray) -> list[tuple[ComplexArray, Any]]:
    """Return the operators through which a contact acts, each with the rates at which it lowers the energy by w.

    A position contact has X itself; an exchange L B^dag + h.c. has L, which gives quanta to the bath, and L^dag, which takes
    them. At frequency zero, where the modes are on one side only, half of each.
    """
    if not contact.is_exchange:
        return [(operator, contact.spectrum)]

    def giving(w: FloatArray) -> FloatArray:
        return np.asarray(contact.spectrum(w) * np.heaviside(w, 0.5))

    def taking(w: FloatArray) -> FloatArray:
        return np.asarray(contact.spectrum(w) * np.heaviside(-w, 0.5))

    return [(operator, giving), (operator.conj().T, taking)]


@dataclass(frozen=True)
class Lindblad(MasterEquation):
    """The master equation of weak coupling in Lindblad form: independent jumps between eigenstates, completely positive.

    drho/dt = -i [H_S, rho] + sum_j sum_w S_j(w) (X_j(w) rho X_j(w)^dag - {X_j(w)^dag X_j(w), rho}/2), with X_j(w) the part of the
    contact's operator that lowers the energy by w, and S_j(w) = 2 J_j(w) (n_j(w) + 1) (position) or kappa_j(w) (n_j(w) + 1)
    (exchange). E. B. Davies, Commun. Math. Phys. 39, 91 (1974). Lamb shifts and counter-terms, which cancel to this order, are
    left out.

    Beside the heat, which is the energy that leaves the subsystems, the column `bath_quanta` has the energy of the quanta that
    each bath receives, w for each jump X(w). Of global jumps they are the same; of local ones they differ by what the couplings
    between the subsystems take, and only the quanta keep the second law (F. Barra, Sci. Rep. 5, 14873 (2015); G. De Chiara et
    al., New J. Phys. 20, 113024 (2018)).

    Parameters
    ----------
    approach : {"global", "local"}
        Whose eigenstates: of H_S(t), all subsystems together, for couplings between them that are strong against the rates; or of
        each subsystem's own H_i(t) as its part gives it, for weak ones. The local form can break the second law
        (A. Levy and R. Kosloff, EPL 107, 20004 (2014)): the ledger says so.
    levels : int, optional
        For oscillators treated as Gaussian: the levels to which each is cut.
    grouping : float
        Transitions whose frequencies differ by no more count as one.
    method : str
        QuTiP's integrator: "vern9", "vern7", "adams", "dop853", "lsoda", or "bdf" for stiff equations.
    rtol, atol : float
        Its relative and absolute tolerance.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated.

    Examples
    --------
    >>> Lindblad(approach="local").approach
    'local'
    """

    approach: Approach = "global"
    levels: int | None = None
    grouping: float = 1e-9
    method: str = "vern9"
    rtol: float = 1e-9
    atol: float = 1e-11
    max_memory: float = 8.0
    has_quanta: ClassVar[bool] = True
    kind: Literal["lindblad"] = field(default="lindblad", repr=False)

    def __post_init__(self) -> None:
        self.check()
        _validate.not_negative(self.grouping, "grouping", self.owner)

    def transitions(self, contact: Contact, operator: ComplexArray, reference: ComplexArray) -> Transitions:
        parts, halves, frequencies = [], [], []
        for jump, spectrum in jump_operators(contact, operator):
            found = eigenoperators(jump, reference, self.grouping)
            rates = spectrum(np.array([frequency for frequency, _ in found]))
            parts += [part for _, part in found]
            frequencies += [frequency for frequency, _ in found]
            halves += [0.5 * rate * part for rate, (_, part) in zip(rates, found, strict=True)]
        return Transitions(parts, halves, frequencies)


@dataclass(frozen=True)
class BlochRedfield(MasterEquation):
    """The Bloch-Redfield equation: weak coupling without the secular approximation.

    drho/dt = -i [H_S, rho] + sum_j (Z_j rho X_j - X_j Z_j rho + h.c.), Z_j = (1/2) sum_w S_j(w) X_j(w). A. G. Redfield, IBM J.
    Res. Dev. 1, 19 (1957). The same as QuTiP's `brmesolve` without secular cut-off. It is not completely positive: a state
    with negative populations has unknown entropies, and the ledger says so.

    Parameters
    ----------
    approach, levels, method, rtol, atol, max_memory
        As in `Lindblad`.

    Examples
    --------
    >>> BlochRedfield().approach
    'global'
    """

    approach: Approach = "global"
    levels: int | None = None
    method: str = "vern9"
    rtol: float = 1e-9
    atol: float = 1e-11
    max_memory: float = 8.0
    kind: Literal["bloch_redfield"] = field(default="bloch_redfield", repr=False)

    def __post_init__(self) -> None:
        self.check()

    def transitions(self, contact: Contact, operator: ComplexArray, reference: ComplexArray) -> Transitions:
        jumps = jump_operators(contact, operator)
        return Transitions([jump for jump, _ in jumps], [weighted(jump, reference, spectrum) for jump, spectrum in jumps])
