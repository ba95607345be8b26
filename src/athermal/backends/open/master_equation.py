"""Markovian master equations of weak coupling: Lindblad and Bloch-Redfield, local and global."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterator
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
from athermal.machine.open_system import Bath, OpenSystem, open_system
from athermal.machine.parts.finite import check_levels
from athermal.maths.superoperator import (
    commutator,
    eigenoperators,
    redfield,
    stacked,
    trace_row,
    weighted,
)
from athermal.thermodynamics.snapshot import Snapshot

Spectrum = Callable[[FloatArray], FloatArray]
Approach = Literal["local", "global"]
APPROACHES = ("local", "global")
# Superoperators of the size of the whole that are held at once, for each bath.
_MATRICES = 6
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Channel:
    """What a bath does to the system in one direction: by the L of its contacts, or by their L^dag. See `redfield`.

    Parameters
    ----------
    operators, half_rates : lists, one entry for each contact, of lists of (d, d) arrays
        X_k and Z_k.
    frequencies : list of float, optional
        The quantum that each X_k takes from the system, where it takes one.
    """

    operators: list[list[ComplexArray]]
    half_rates: list[list[ComplexArray]]
    frequencies: list[float] | None = None

    def quanta(self, a: int, b: int) -> ComplexArray | float:
        """Return the share of two contacts in the energy that the bath receives per unit time, sum_k w_k S(w_k) X_a^dag X_b."""
        terms = zip(self.frequencies or (), self.operators[a], self.half_rates[b], strict=False)
        return sum((2.0 * w * x.conj().T @ z for w, x, z in terms), start=0.0)


class MarkovianSolver(OpenSolver):
    """A master equation drho/dt = -i [H_S(t), rho] + sum_j f_j(t)^2 D_j(t) rho bound to one machine.

    Energies are those of the subsystems, the interaction with the baths being neglected beside them (and with it the
    counter-term, which the Lamb shift cancels to the same order): dQ_j/dt = -Tr(H_S(t) f_j^2 D_j rho), dW/dt = <dH_S/dt>.
    R. Alicki, J. Phys. A 12, L103 (1979).
    """

    has_quanta = True
    """Whether every jump takes a quantum of one energy, which is counted after the other sums."""

    def lift(self, density: ComplexArray) -> ComplexArray:
        return stacked(density)

    @property
    def n_sums(self) -> int:
        return 1 + 3 * len(self.baths)

    def snapshot(self, state: OpenState, time: float) -> Snapshot:
        seen = super().snapshot(state, time)
        if not self.has_quanta:
            return seen
        return replace(seen, extras={**seen.extras, "bath_quanta": state.sums[1 + 2 * len(self.baths) :].copy()})

    def new_flow(self) -> Flow:
        """Return the flow of the subsystems alone, with the work done on them."""
        flow = Flow(self.system.dimension**2, self.n_sums)
        for drive, whole in self.system.terms:
            flow.add(commutator(whole), drive)
        self.add_work(flow)
        return flow

    @cached_property
    def _stack(self) -> ComplexArray:
        return np.array([dense(whole) for _, whole in self.system.terms])

    def hamiltonian_at(self, time: float) -> ComplexArray:
        """Return H_S(t) as a dense matrix."""
        return np.asarray(np.tensordot(self.hamiltonian.strengths(np.array([time]))[0], self._stack, axes=1))

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"memoryless": self.name, "remedy": self.remedy}

    @property
    def remedy(self) -> str:
        """What to do where the second law is broken."""
        return "Use HEOM(), which does not assume weak coupling."


class MasterEquationSolver(MarkovianSolver):
    """Dissipators made from the eigenstates of a Hamiltonian of the moment: each subsystem's own, or that of all together."""

    def __init__(self, system: OpenSystem, options: MasterEquation, name: str) -> None:
        super().__init__(system, options.integrator, name)
        self.options = options
        self.has_quanta = options.has_quanta
        self._flows: dict[tuple[float, ...], Flow] = {}

    @property
    def remedy(self) -> str:
        return super().remedy if self.options.approach == "global" else 'Compare it with approach="global", or use HEOM().'

    def flow(self, start: float, stop: float) -> Flow:
        middle = 0.5 * (start + stop)
        if not self._is_static(start, stop):
            flow = self.new_flow()
            flow.dynamic = self._dissipation
            return flow
        key = self._strengths(middle)
        if key not in self._flows:
            self._flows[key] = flow = self.new_flow()
            for j, bath in enumerate(self.system.baths):
                if not bath.contacts:
                    continue
                operators = [dense(contact.lowering) for contact in bath.contacts]
                for a, b, dissipator, quanta in self._blocks(bath, operators, middle):
                    self._add(flow, j, (bath.contacts[a].drive, bath.contacts[b].drive), dissipator, quanta)
        return self._flows[key]

    def _add(self, flow: Flow, place: int, drives: tuple[Drive, Drive], dissipator: Any, quanta: ComplexArray | None) -> None:
        """Add f_a f_b D_ab of two contacts with a bath, the heat that it takes and the quanta that it counts."""
        flow.add(dissipator, Product(drives))
        for drive, whole in self.system.terms:
            flow.add_sum(1 + place, -(dissipator.T @ trace_row(whole)), Product((drive, *drives)))
        if quanta is not None:
            flow.add_sum(1 + 2 * len(self.baths) + place, quanta, Product(drives))

    def _is_static(self, start: float, stop: float) -> bool:
        """Tell whether the Hamiltonian that makes the dissipators is constant on a stretch."""
        is_global = self.options.approach == "global"
        return (self.hamiltonian.is_constant if is_global else self.system.is_uncoupled_constant)(start, stop)

    def _strengths(self, time: float) -> tuple[float, ...]:
        """Return what tells these Hamiltonians apart."""
        if self.options.approach == "global":
            return tuple(self.hamiltonian.strengths(np.array([time]))[0].tolist())
        return self.system.uncoupled_strengths(time)

    def _blocks(
        self, bath: Bath, operators: list[ComplexArray], time: float
    ) -> Iterator[tuple[int, int, Any, ComplexArray | None]]:
        """Yield, for each two operators L_a and L_b, D_ab and the row of the energy of the quanta that the bath receives.

        D = sum_ab f_a f_b D_ab, D_ab rho = Z_b rho X_a^dag - X_a^dag Z_b rho + h.c.: contacts with one bath share its modes.
        """
        is_global = self.options.approach == "global"
        reference = self.hamiltonian_at(time) if is_global else self.system.uncoupled(time)
        channels = [
            self.options.channel(operators, reference, bath.giving),
            self.options.channel([x.conj().T for x in operators], reference, bath.taking),
        ]
        for a, b in itertools.product(range(len(operators)), repeat=2):
            x = [entry for channel in channels for entry in channel.operators[a]]
            z = [entry for channel in channels for entry in channel.half_rates[b]]
            if not x:
                continue
            dissipator = redfield(x, z) if is_global else redfield(*([_sparse(m) for m in group] for group in (x, z)))
            counted = sum((channel.quanta(a, b) for channel in channels), start=np.zeros_like(reference, dtype=complex))
            yield a, b, dissipator, trace_row(counted) if self.options.has_quanta else None

    def _dissipation(self, time: float) -> Any:
        """Return the dissipators at one time, with the heats that they take."""
        size, at = self.system.dimension**2, np.array([time])
        energy = trace_row(self.hamiltonian_at(time))
        total = np.zeros((size + self.n_sums,) * 2, dtype=complex)
        for j, bath in enumerate(self.system.baths):
            if not bath.contacts:
                continue
            together = np.sum([float(contact.drive.value(at)[0]) * dense(contact.lowering) for contact in bath.contacts], axis=0)
            for _, _, dissipator, quanta in self._blocks(bath, [together], time):
                total[:size, :size] += dissipator.toarray() if scipy.sparse.issparse(dissipator) else dissipator
                total[size + 1 + j, :size] -= dissipator.T @ energy
                if quanta is not None:
                    total[size + 1 + 2 * len(self.baths) + j, :size] += quanta
        return total


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
    def channel(self, operators: list[ComplexArray], reference: ComplexArray, spectrum: Spectrum) -> Channel:
        """Return what makes the dissipator of one channel.

        Parameters
        ----------
        operators : list of (d, d) arrays
            L, or L^dag, of each contact.
        reference : (d, d) array
            The Hamiltonian between whose eigenstates they make transitions.
        spectrum : callable
            The rates at which they lower its energy by w.
        """

    def bind(self, machine: Machine) -> MasterEquationSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = open_system(machine, self.levels, f"{type(self).__name__}()")
        power = 4 if self.approach == "global" else 3
        what = "A master equation of this machine"
        check_memory(
            what,
            system.dimension,
            16.0 * _MATRICES * max(1, len(system.contacts)),
            power,
            self.max_memory,
            "Use fewer levels or parts",
        )
        return MasterEquationSolver(system, self, f"{type(self).__name__}(approach={self.approach!r})")


def _sparse(matrix: ComplexArray) -> Any:
    """Return a matrix without its rounding."""
    return scipy.sparse.csr_array(np.where(np.abs(matrix) > _ROUNDING * np.max(np.abs(matrix), initial=0.0), matrix, 0.0))


@dataclass(frozen=True)
class Lindblad(MasterEquation):
    """The master equation of weak coupling in Lindblad form: independent jumps between eigenstates, completely positive.

    drho/dt = -i [H_S, rho] + sum_j sum_w S_j(w) (X_j(w) rho X_j(w)^dag - {X_j(w)^dag X_j(w), rho}/2), with X_j(w) the part of
    sum_a f_a X_a, of all contacts with bath j, that lowers the energy by w, and S_j(w) = 2 J_j(w) (n_j(w) + 1) (position) or
    kappa_j(w) (n_j(w) + 1) (exchange). E. B. Davies, Commun. Math. Phys. 39, 91 (1974). Lamb shifts and counter-terms, which
    cancel to this order, are left out.

    Beside the heat, which is the energy that leaves the subsystems, the column `bath_quanta` has the energy of the quanta that
    each bath receives, w for each jump X(w). Of global jumps they are the same; of local ones they differ by what the couplings
    between the subsystems take, and only the quanta keep the second law (F. Barra, Sci. Rep. 5, 14873 (2015); G. De Chiara et
    al., New J. Phys. 20, 113024 (2018)).

    Parameters
    ----------
    approach : {"global", "local"}
        Whose eigenstates: of H_S(t), all subsystems together, for couplings between them that are strong against the rates; or
        of each subsystem's own H_i(t), as its part and constant terms on it give it (driven forces on it left out), for weak
        ones. The local form can break the second law (A. Levy and R. Kosloff, EPL 107, 20004 (2014)): the ledger says so.
    levels : int, optional
        For oscillators treated as Gaussian: the levels to which each is cut.
    grouping : float
        Transitions whose frequencies differ by no more count as one.
    method : str
        The integrator: QuTiP's "vern9", "vern7", "tsit5", "dop853", "adams", or "bdf" for stiff equations; SciPy's "lsoda".
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

    def channel(self, operators: list[ComplexArray], reference: ComplexArray, spectrum: Spectrum) -> Channel:
        found = eigenoperators(operators, reference, self.grouping)
        frequencies = [frequency for frequency, _ in found]
        rates = spectrum(np.array(frequencies))
        parts = [[entries[a] for _, entries in found] for a in range(len(operators))]
        halves = [[0.5 * rate * part for rate, part in zip(rates, own, strict=True)] for own in parts]
        return Channel(parts, halves, frequencies)


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

    def channel(self, operators: list[ComplexArray], reference: ComplexArray, spectrum: Spectrum) -> Channel:
        return Channel([[x] for x in operators], [[weighted(x, reference, spectrum)] for x in operators])
