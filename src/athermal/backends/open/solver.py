"""What backends for continuous baths share: the subsystems' state, the heat that has gone into each bath, and the work."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.backends.base import CycleMap, FixedPoint, Keeper, Solver, Watch
from athermal.backends.finite.observe import OF_SYSTEM, Observer
from athermal.backends.finite.watch import operators
from athermal.backends.open.fixed_point import of_carrier
from athermal.backends.open.flow import Carrier, Flow, Slope
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.starts import OpenPreparer
from athermal.errors import MachineError
from athermal.machine.initial import GivenState, InitialState
from athermal.machine.observable import Observable
from athermal.machine.open_system import OpenSystem
from athermal.maths.density import entropy
from athermal.maths.superoperator import trace_row, unstacked
from athermal.maths.tensor import partial_trace
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Snapshot
from athermal.thermodynamics.states import Kept
from athermal.thermodynamics.tells import BATHS_UNSEEN

# A state whose lowest eigenvalue is below this is none: its entropies are unknown.
_LOWEST = -1e-6
# To what part of the energies heats are known, in units of the integrator's relative tolerance.
_KNOWN = 10.0
_UNSEEN = (
    "The baths' own states are not followed: their entropies, I(S,R), C(R) and D_j are unknown. dSigma follows from the states "
    "of the subsystems and the heats (S10)."
)


TELLS = replace(BATHS_UNSEEN, extras=OF_SYSTEM)
"""What solvers that follow the subsystems only tell."""


@dataclass(frozen=True)
class OpenState:
    """What a backend for continuous baths follows.

    Parameters
    ----------
    vector : (N,) array
        The state in the backend's own form.
    sums : (1 + 2 m + ...,) array
        Since time zero: the work W, the heat Q_j into each bath, the work of switching each contact, and what else the backend
        adds up.
    deficit : float
        Since time zero: by how much strokes fall short of the second law, where the baths have no memory.
    lowest_eigenvalue : float
        The lowest of the density matrix at the ends of all stretches since the start, or zero.
    """

    vector: ComplexArray
    sums: FloatArray
    deficit: float = 0.0
    lowest_eigenvalue: float = 0.0


class LinearCycle(CycleMap[OpenState]):
    """v -> matrix v of what the backend follows: the density matrix in columns, and whatever it remembers of the baths."""

    def __init__(self, solver: OpenSolver) -> None:
        super().__init__(solver)
        self._solver = solver

    def carry(self, vector: ComplexArray) -> ComplexArray:
        """Return what a vector at the start of a cycle becomes, be it a state or not."""
        solver = self._solver
        edges, _ = solver.hamiltonian_edges(0.0, self.period)
        for low, high in itertools.pairwise(edges):
            vector, _ = solver.flow(low, high).run(vector, np.zeros(solver.n_sums), low, high, solver.integrator)
        return vector

    @cached_property
    def matrix(self) -> ComplexArray:
        """The map, column by column: as many runs of a cycle as the vector has entries."""
        start = self._solver.lift(np.eye(self._solver.system.dimension, dtype=complex))
        return np.stack([self.carry(column) for column in np.eye(len(start), dtype=complex)], axis=1)

    def fixed_point(self, accuracy: float = 1e-8) -> FixedPoint[OpenState]:
        solver = self._solver
        vector, multipliers = solver.settled(accuracy)
        change = float(np.linalg.norm(self.carry(vector) - vector) / np.linalg.norm(vector))
        state = solver.seen(OpenState(vector, np.zeros(solver.n_sums)))
        rho = solver.density(vector)
        start = GivenState(0.5 * (rho + rho.conj().T), parts=solver.machine.subsystem_names)
        return FixedPoint(state, start, multipliers, change)


class OpenSolver(Solver[OpenState]):
    """A backend for continuous baths bound to one machine: a linear flow between the breakpoints of the drives."""

    least_eigenvalue = _LOWEST

    def __init__(self, system: OpenSystem, integrator: Integrator, name: str) -> None:
        self.system = system
        self.machine = system.machine
        self.hamiltonian = system.hamiltonian
        self.integrator = integrator
        self.name = name
        self.observer = Observer(self.hamiltonian)
        self.baths = self.machine.reservoir_names

    # --- what each backend says ----------------------------------------------------------------------------------------

    @abstractmethod
    def lift(self, density: ComplexArray) -> ComplexArray:
        """Return the backend's own form of a state of the subsystems without correlations with the baths."""

    def density(self, vector: ComplexArray) -> ComplexArray:
        """Return the density matrix of the subsystems."""
        return unstacked(vector[: self.system.dimension**2])

    @abstractmethod
    def flow(self, start: float, stop: float) -> Carrier:
        """Return the flow of a stretch without breakpoints; sums as in `OpenState`."""

    @property
    def n_sums(self) -> int:
        """How many sums there are."""
        return 1 + 2 * len(self.baths)

    def interaction_energies(self, vector: ComplexArray, time: float) -> FloatArray:
        """Return the interaction energy of each contact; zero where the backend neglects it."""
        return np.zeros(len(self.system.contacts))

    def jump_of_contacts(self, vector: ComplexArray, time: float) -> FloatArray:
        """Return by how much the interaction energy with each bath jumps at a breakpoint."""
        return np.zeros(len(self.baths))

    # --- the interface of a solver -------------------------------------------------------------------------------------

    @property
    def reference(self) -> Reference:
        return Reference.of(self.machine, energy_rounding=max(ROUNDING, _KNOWN * self.integrator.tolerance))

    def prepare(self, initial: InitialState) -> OpenState:
        factor = OpenPreparer(self.machine, self.hamiltonian, self.name).prepare(initial).factor()
        return OpenState(self.lift(factor @ factor.conj().T), np.zeros(self.n_sums))

    def advance(self, state: OpenState, start: float, stop: float) -> tuple[OpenState, float]:
        if stop < start:
            raise MachineError(f"{self.name} cannot be run backwards in time.")
        before = state.sums[0]
        edges, are_breakpoints = self.hamiltonian_edges(start, stop)
        has_strokes = bool(self.system.breakpoints)
        for k, (low, high) in enumerate(itertools.pairwise(edges)):
            for begin, end in itertools.pairwise(self.marks(low, high) if has_strokes else (low, high)):
                vector, sums = self.flow(begin, end).run(state.vector, state.sums, begin, end, self.integrator)
                after = replace(state, vector=vector, sums=sums)
                state = self.judged(state, after) if has_strokes else after
            if are_breakpoints[k]:
                state = self._jump(state, high)
        return self.seen(state), float(state.sums[0] - before)

    def seen(self, state: OpenState) -> OpenState:
        """Return a state that knows of a negative eigenvalue."""
        rho = self.density(state.vector)
        lowest = float(np.linalg.eigvalsh(0.5 * (rho + rho.conj().T))[0])
        return replace(state, lowest_eigenvalue=min(state.lowest_eigenvalue, lowest))

    def hamiltonian_edges(self, start: float, stop: float) -> tuple[list[float], list[bool]]:
        """Return start, the breakpoints of all drives inside, and stop, and for each but the first whether it is a breakpoint."""
        return self.system.edges(start, stop)

    def _jump(self, state: OpenState, time: float) -> OpenState:
        """Nothing moves at a breakpoint, and the jump of <H> is work."""
        m, sums = len(self.baths), state.sums.copy()
        switched = self.jump_of_contacts(state.vector, time)
        (jump,) = self.hamiltonian.jumps(time)
        own = 0.0 if jump is None else np.real(trace_row(jump) @ state.vector[: self.system.dimension**2])
        sums[0] += own + np.sum(switched)
        sums[1 + m : 1 + 2 * m] += switched
        return replace(state, sums=sums)

    def marks(self, start: float, stop: float) -> Sequence[float]:
        """Return the ends of a stretch, and the times in it at which it is judged."""
        return start, stop

    def judged(self, before: OpenState, after: OpenState) -> OpenState:
        """Return the state after a part of a stroke with what a backend finds wrong with it."""
        return after

    def snapshot(self, state: OpenState, time: float) -> Snapshot:
        phase, m = time % self.machine.period, len(self.baths)
        rho = self.density(state.vector)
        known, is_state = self._checked(0.5 * (rho + rho.conj().T))
        n = len(self.machine.subsystems)
        entropies, joint = np.full(n, np.nan), np.nan
        if is_state:
            entropies, joint = self.observer.subsystem_entropies(known), entropy(known)
        extras = self.observer.system_extras(known, phase) if is_state else self._unknown_extras()
        if self.hamiltonian.truncated:
            extras["top_level_population"] = np.asarray(self.observer.highest_level(np.real(np.diagonal(rho))))
        energies = self._energies(rho, phase)
        interaction = self.interaction_energies(state.vector, phase)
        for contact, energy in zip(self.system.contacts, interaction, strict=True):
            energies[self.machine.subsystem_names.index(contact.subsystem)] += energy
        others, total = (np.nan, np.nan) if m else (0.0, joint)  # a closed machine is the whole
        return Snapshot(
            np.asarray(time),
            energies,
            state.sums[1 : 1 + m].copy(),
            entropies,
            np.full(m, np.nan),
            np.asarray(joint),
            np.asarray(others),
            np.asarray(total),
            extras,
        )

    def watch(self, observables: Sequence[Observable]) -> Watch[OpenState]:
        for observable in observables:
            self._check_followed(observable.parts, "An observable")
        read = operators(self.machine, self.hamiltonian, observables)
        sizes = self.hamiltonian.dimensions

        def means(state: OpenState) -> tuple[FloatArray, FloatArray | None]:
            rho = self.density(state.vector)
            return np.array([each.mean(partial_trace(rho, sizes, each.positions)) for each in read]), None

        return means

    def keeper(self, parts: tuple[str, ...]) -> Keeper[OpenState]:
        self._check_followed(parts, "A state that is kept")
        sizes, positions = tuple(self.hamiltonian.sizes(parts)), self.hamiltonian.positions(parts)
        every = self.hamiltonian.dimensions
        return lambda state: Kept(parts, sizes, partial_trace(self.density(state.vector), every, positions))

    def _check_followed(self, parts: Sequence[str], what: str) -> None:
        if hit := sorted(set(parts) & set(self.baths)):
            raise MachineError(
                f"{what} of {self.name} must be of subsystems, but is of reservoir {hit[0]!r}: the states of the baths are not "
                "followed. Leave it out, or use a backend that follows every mode, such as Dense() or DensityMatrix(levels=...)."
            )

    def _checked(self, rho: ComplexArray) -> tuple[ComplexArray, bool]:
        """Return the state without the negative populations that the integrator leaves, and whether it is one at all."""
        values, vectors = np.linalg.eigh(rho)
        positive = np.maximum(values, 0.0)
        return (vectors * (positive / np.sum(positive))) @ vectors.conj().T, bool(values[0] >= self.least_eigenvalue)

    def _unknown_extras(self) -> dict[str, FloatArray]:
        """Return NaN for each of the columns that need a state."""
        size = self.system.dimension
        seen = self.observer.system_extras(np.asarray(np.eye(size) / size, dtype=complex), 0.0)
        return {name: np.full(np.shape(values), np.nan) for name, values in seen.items()}

    def _energies(self, rho: ComplexArray, time: float) -> FloatArray:
        """Return <H_i + its shares of H_ik>."""
        total = np.zeros(len(self.machine.subsystems))
        for i in range(len(total)):
            for parts, local in self.hamiltonian.subsystem_energy_terms(i, time).items():
                own = partial_trace(rho, self.hamiltonian.dimensions, self.hamiltonian.positions(parts))
                total[i] += float(np.real(np.sum(local.multiply(own.T))))
        return total

    def accuracy(self, state: OpenState) -> dict[str, float]:
        return {"tolerance": self.integrator.tolerance, "lowest_eigenvalue": state.lowest_eigenvalue}

    def cycle_map(self) -> LinearCycle:
        return LinearCycle(self)

    def conduct(self) -> Conduct:
        taken = {"second_law": "dSigma was taken from it, as the baths' states are unknown."} if self.baths else {}
        tolerance = min(max(1e-9, 100.0 * self.integrator.tolerance), 1e-4)
        return Conduct(residual_tolerance=tolerance, energy_scale=self.system.energy_scale, unchecked=taken)

    def remarks(self, state: OpenState) -> tuple[str, ...]:
        usual = (_UNSEEN,) if self.baths else ()
        if state.lowest_eigenvalue >= self.least_eigenvalue:
            return usual
        return (
            *usual,
            (
                f"The density matrix of {self.name} had a negative eigenvalue, down to {state.lowest_eigenvalue:.2g}: it was no "
                "state there, and its entropies are unknown."
            ),
        )

    # --- the fixed point of a cycle ------------------------------------------------------------------------------------

    @property
    def is_still(self) -> bool:
        """Whether nothing is driven."""
        return not self.system.breakpoints and self.system.is_constant(0.0, self.machine.period)

    def settled(self, accuracy: float, guess: ComplexArray | None = None) -> tuple[ComplexArray, ComplexArray]:
        """Return what a cycle leaves as it is, of trace one, and the Floquet multipliers that were found, largest first."""
        least = self.integrator.tolerance
        vector, multipliers, _ = of_carrier(self.cycle_map().carry, self.lift, self.system, accuracy, least, self.name, guess)
        return vector / np.trace(self.density(vector)), multipliers

    # --- what flows are made of ----------------------------------------------------------------------------------------

    def add_work(self, flow: Flow) -> None:
        """Add <dH_S/dt> to the work."""
        for drive, whole in self.system.inside:
            if not drive.is_always_constant:
                flow.add_sum(0, trace_row(whole), Slope(drive))
