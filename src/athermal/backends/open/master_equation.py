"""Markovian master equations of weak coupling: Lindblad and Bloch-Redfield, local and global."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import scipy.special

from athermal import _validate
from athermal._types import ComplexArray
from athermal.backends.finite.memory import GIB, Held, check_memory
from athermal.backends.open.backend import OpenBackend
from athermal.backends.open.carriers import Carried, Driven, Exact, Map, Sparse
from athermal.backends.open.fixed_point import coordinates_of, is_small, of_generator, of_matrix, vector_of
from athermal.backends.open.flow import Carrier
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.solver import TELLS, OpenSolver, OpenState
from athermal.backends.open.weak_coupling import Dissipation, WeakCoupling
from athermal.machine.machine import Machine
from athermal.machine.open_system import OpenSystem
from athermal.machine.parts.finite import check_levels
from athermal.maths.jumps import lindblad, redfield
from athermal.maths.superoperator import stacked, unstacked
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.snapshot import Snapshot
from athermal.thermodynamics.tells import Tells

Approach = Literal["local", "global"]
APPROACHES = ("local", "global")
# A state whose lowest eigenvalue is below this is none; and what rounding leaves of an entropy.
_LOWEST, _NATS = -1e-6, 1e-11
# Parts of a stroke without drives in which the second law is checked; and what an equation of weak coupling neglects anyway.
_PARTS, _NEGLECTED = 4, 1e-2
# Instants at which operators are held at once, and how many of them for each contact.
_INSTANTS, _MATRICES = 130, 12
# Up to which dimension a stretch without drives is one exponential, and parts of it are worth looking at; up to which a driven
# one is held as a linear map; and up to which it is one of sparse matrices, if only dissipators are constant.
_LARGEST_EXACT, _LARGEST_PART, _LARGEST_MAP, _LARGEST_SPARSE = 32, 14, 4, 32


def entropy_if_state(matrix: ComplexArray) -> float:
    """Return the entropy of a density matrix, NaN if it is none."""
    values = np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T))
    return float(np.sum(scipy.special.entr(np.maximum(values, 0.0)))) if values[0] >= _LOWEST else float("nan")


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
        more = {"second_law_deficit": np.asarray(state.deficit)}
        if self.has_quanta:
            more["bath_quanta"] = state.sums[1 + 2 * len(self.baths) :].copy()
        return replace(seen, extras={**seen.extras, **more})

    def conduct(self) -> Conduct:
        return replace(super().conduct(), memoryless=self.name, remedy=self.remedy)

    def settled(self, accuracy: float, guess: ComplexArray | None = None) -> tuple[ComplexArray, ComplexArray]:
        if not is_small(self.system.dimension):
            return super().settled(accuracy, guess)
        whole = coordinates_of(self.carrying(), self.system.dimension)
        found, multipliers = of_matrix(whole, self.system, self.integrator.tolerance, self.name)
        return vector_of(found), multipliers

    def carrying(self) -> Callable[[ComplexArray], ComplexArray]:
        """Return the map of a cycle for as many density matrices as the vector has entries."""
        return self.cycle_map().carry

    @property
    def remedy(self) -> str:
        """What to do where the second law is broken."""
        return "Use HEOM(), which does not assume weak coupling."


class MasterEquationSolver(MarkovianSolver):
    """Dissipators made from the eigenstates of a Hamiltonian of the moment: each subsystem's own, or that of all together.

    A stretch on which nothing is driven is one exponential, and of a small system so is any other one linear map, the same in
    every cycle; else its equation is integrated.
    """

    def __init__(self, system: OpenSystem, options: MasterEquation, name: str) -> None:
        super().__init__(system, options.integrator, name)
        self.options = options
        self.has_quanta = options.has_quanta
        dissipation = options.dissipation(system.energy_scale)
        self.equation = WeakCoupling(system, options.approach == "global", dissipation, self.n_sums)
        self._carriers: Held[Carried] = Held(lambda carrier: carrier.size(), options.max_memory * GIB)

    @property
    def remedy(self) -> str:
        return super().remedy if self.options.approach == "global" else 'Compare it with approach="global", or use HEOM().'

    def judged(self, before: OpenState, after: OpenState) -> OpenState:
        """Without memory dS(rho_S) + sum_j Q_j/T_j < 0 is impossible in any part of a stroke, though others may outweigh it."""
        if not self._leaves_couplings_out:
            return after
        ref, places = self.reference, slice(1, 1 + len(self.baths))
        if np.any(ref.is_cold):
            return after
        one, two = (entropy_if_state(unstacked(state.vector)) for state in (before, after))
        heats = (after.sums - before.sums)[places] / ref.divisors
        produced = two - one + float(np.sum(heats))
        allowed = _NEGLECTED * (abs(two - one) + float(np.sum(np.abs(heats)))) + _NATS
        return replace(after, deficit=after.deficit - produced) if produced < -allowed else after

    def settled(self, accuracy: float, guess: ComplexArray | None = None) -> tuple[ComplexArray, ComplexArray]:
        """Return the null vector of the generator where nothing is driven."""
        if not self.is_still:
            return super().settled(accuracy, guess)
        stretch = self.equation.on(0.0, self.machine.period)
        whole = stretch.generator()[: stretch.size**2]
        found, multipliers = of_generator(whole, self.system, stretch.out_of_frame, self.name)
        return stacked(stretch.out_of_frame(unstacked(vector_of(found)))), multipliers

    @cached_property
    def _leaves_couplings_out(self) -> bool:
        """Whether the jumps are those of parts whose couplings they do not know."""
        return self.options.approach == "local" and any(len(term.parts) > 1 for term in self.hamiltonian.terms)

    def carrying(self) -> Callable[[ComplexArray], ComplexArray]:
        """Return the map of a cycle, of linear maps of its stretches: all density matrices are carried through one at once."""
        edges, _ = self.hamiltonian_edges(0.0, self.machine.period)
        parts = []
        for low, high in itertools.pairwise(edges):
            carrier = self.flow(low, high)
            is_map = isinstance(carrier, (Exact, Map))
            parts.append((carrier if is_map else Map(self.equation.on(low, high), self.integrator), low, high))

        def carry(vector: ComplexArray) -> ComplexArray:
            for carrier, low, high in parts:
                vector, _ = carrier.run(vector, np.zeros(self.n_sums), low, high, self.integrator)
            return vector

        return carry

    def marks(self, start: float, stop: float) -> Sequence[float]:
        if not self._leaves_couplings_out:
            return start, stop
        is_cheap = self.system.is_constant(start, stop) and self.system.dimension <= _LARGEST_PART
        return np.linspace(start, stop, _PARTS + 1).tolist() if is_cheap else (start, stop)

    def flow(self, start: float, stop: float) -> Carrier:
        drives, size = self.system, self.system.dimension
        phase, key = drives.phase_of(start, stop)
        if drives.is_constant(start, stop) and size <= _LARGEST_EXACT:
            amounts = tuple(drives.strengths(np.array([0.5 * (start + stop)]))[0].tolist())
            return self._carriers.get((amounts, key[1]), lambda: Exact(self.equation.on(start, stop)))
        end = phase + stop - start
        if size <= _LARGEST_MAP:
            return self._carriers.get(key, lambda: Map(self.equation.on(phase, end), self.integrator))
        kind = Sparse if size <= _LARGEST_SPARSE and self.equation.is_static(phase, end) else Driven
        return self._carriers.get(key, lambda: kind(self.equation.on(phase, end)))


class MasterEquation(OpenBackend):
    """Base of the master equations whose dissipators follow a Hamiltonian of the moment."""

    tells: ClassVar[Tells] = replace(TELLS, extras=TELLS.extras | {"second_law_deficit"})
    has_quanta: ClassVar[bool] = False
    """Whether every jump takes a quantum of one energy."""
    approach: Approach
    method: str
    tolerance: float
    max_memory: float

    @property
    def integrator(self) -> Integrator:
        """How it is integrated."""
        return Integrator(self.method, self.tolerance)

    def check(self) -> None:
        """Raise `MachineError` for an option that it cannot have."""
        _validate.choice(self.approach, "approach", self.owner, APPROACHES)
        if self.levels is not None:
            check_levels(self.levels, self.owner)
        self.integrator.check(self.owner)
        _validate.positive(self.max_memory, "max_memory", self.owner)

    @abstractmethod
    def dissipation(self, energy_scale: float) -> Dissipation:
        """Return how dissipators are made."""

    def bind(self, machine: Machine) -> MasterEquationSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = self.system(machine)
        what = "A master equation of this machine"
        check_memory(
            what,
            system.dimension,
            16.0 * _INSTANTS * _MATRICES * max(1, len(system.contacts)),
            2,
            self.max_memory,
            "Use fewer levels or parts",
        )
        return MasterEquationSolver(system, self, f"{type(self).__name__}(approach={self.approach!r})")


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
        ones. The local form can break the second law (A. Levy and R. Kosloff, EPL 107, 20004 (2014)): the ledger says so, also
        where it does by more than a percent in parts of strokes that outweigh each other over a cycle.
    levels : int, optional
        For oscillators treated as Gaussian: the levels to which each is cut.
    grouping : float
        Transitions whose frequencies differ by no more count as one, in units of the widest spread of the levels of H_S over the
        period.
    method : str
        How driven stretches are integrated: by one of the Runge-Kutta methods "dop853", "vern9", "vern7", "tsit5", or a multistep
        method, "adams", "lsoda", or "bdf" for stiff equations. Where nothing is driven the solution is exact up to dimension 32.
    tolerance : float
        By how much a step may be off, relative to a component, or to a hundredth of one if larger; energies are measured by that
        spread.
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
    method: str = "dop853"
    tolerance: float = 1e-9
    max_memory: float = 8.0
    tells: ClassVar[Tells] = replace(TELLS, extras=TELLS.extras | {"second_law_deficit", "bath_quanta"})
    has_quanta: ClassVar[bool] = True
    kind: Literal["lindblad"] = field(default="lindblad", repr=False)

    def __post_init__(self) -> None:
        self.check()
        _validate.not_negative(self.grouping, "grouping", self.owner)

    def dissipation(self, energy_scale: float) -> Dissipation:
        grouping = self.grouping * energy_scale
        return lambda operators, basis, bath: lindblad(operators, basis, bath.giving, bath.taking, grouping)


@dataclass(frozen=True)
class BlochRedfield(MasterEquation):
    """The Bloch-Redfield equation: weak coupling without the secular approximation.

    drho/dt = -i [H_S, rho] + sum_j (Z_j rho X_j - X_j Z_j rho + h.c.), Z_j = (1/2) sum_w S_j(w) X_j(w). A. G. Redfield, IBM J.
    Res. Dev. 1, 19 (1957). The same as QuTiP's `brmesolve` without secular cut-off. It is not completely positive: a state
    with negative populations has unknown entropies, and the ledger says so.

    Parameters
    ----------
    approach, levels, method, tolerance, max_memory
        As in `Lindblad`.

    Examples
    --------
    >>> BlochRedfield().approach
    'global'
    """

    approach: Approach = "global"
    levels: int | None = None
    method: str = "dop853"
    tolerance: float = 1e-9
    max_memory: float = 8.0
    kind: Literal["bloch_redfield"] = field(default="bloch_redfield", repr=False)

    def __post_init__(self) -> None:
        self.check()

    def dissipation(self, energy_scale: float) -> Dissipation:
        return lambda operators, basis, bath: redfield(operators, basis, bath.giving, bath.taking)
