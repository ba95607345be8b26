"""The state-vector backend: machines of finite parts too large for a density matrix."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import ComplexArray, FloatArray, Matrix
from athermal.backends.base import Backend, Keeper, Solver, Watch
from athermal.backends.finite.density_matrix import reference_of
from athermal.backends.finite.memory import check_baths, check_memory
from athermal.backends.finite.observe import TELLS, Observer
from athermal.backends.finite.prepare import FinitePreparer
from athermal.backends.finite.state import FactorState
from athermal.backends.finite.watch import check_state, operators, state_of
from athermal.errors import MachineError
from athermal.machine.initial import Charged, Gibbs, InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.density import entropy
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.tensor import populations
from athermal.maths.unitary import constant_states, driven_states, taylor_steps
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import Tells

Linear = tuple[FloatArray, FloatArray, FloatArray, ComplexArray]

# Vectors of the size of the whole that a step needs beside the columns themselves.
_SPARE_COLUMNS = 40
# Bytes of an entry of a sparse matrix: value, column, and as much again while matrices are added.
_ENTRY_BYTES = 56.0
# Gibbs states of parts up to this dimension are diagonalised, of a larger whole sampled.
_LARGEST_GIBBS = 2048
_LARGEST_COHERENCE = 4096


@dataclass(frozen=True)
class StateVectors(Backend):
    """State vectors of the whole, for up to about twenty qubits in all.

    A pure start, or a mixture of at most `max_columns` pure states (a mixed system with baths in pure states), is followed
    exactly and has every column of the ledger. Any other start, above all thermal baths, is an average over `samples` random
    pure states, and `ledger.errors` holds the statistical error of every column (jackknife). What needs the entropy of a
    reservoir is then unknown (NaN): I(S,R), C(R), D_j. Energies, heat, work, the states of the subsystems, dSigma and the
    efficiency are known.

    Parameters
    ----------
    samples : int
        How many pure states are averaged, at least 2.
    sampling : {"random", "eigenstates"}
        "random": rho^{1/2} times a Gaussian random vector, whose error falls with the dimension. "eigenstates": eigenstates of
        rho drawn with their populations; where a few of them hold nearly all the population, the draws hardly differ and the
        error bars are too small.
    seed : int
    max_columns : int
        The largest rank of a start that is followed exactly.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated.

    References
    ----------
    S. Goldstein et al., Phys. Rev. Lett. 96, 050403 (2006); C. Bartsch, J. Gemmer, Phys. Rev. Lett. 102, 110403 (2009).

    Examples
    --------
    >>> StateVectors(samples=8, seed=1).samples
    8
    """

    families: ClassVar[tuple[str, ...]] = ("finite",)
    tells: ClassVar[Tells] = replace(
        TELLS,
        doubtful={"reservoir_entropies", "reservoirs_entropy", "mutual_information_coherence", "reservoir_correlation_coherence"},
    )

    samples: int = 16
    sampling: Literal["random", "eigenstates"] = "random"
    seed: int = 0
    max_columns: int = 16
    max_memory: float = 16.0
    kind: Literal["state_vectors"] = field(default="state_vectors", repr=False)

    def __post_init__(self) -> None:
        owner = self.owner
        _validate.count(self.samples, "samples", owner, least=2)
        _validate.choice(self.sampling, "sampling", owner, ("random", "eigenstates"))
        _validate.count(self.seed, "seed", owner, least=0)
        _validate.count(self.max_columns, "max_columns", owner, least=1)
        _validate.positive(self.max_memory, "max_memory", owner)

    @property
    def owner(self) -> str:
        return "the state-vector backend"

    def bind(self, machine: Machine) -> StateVectorsSolver:
        """Return a solver for this machine, or raise `MachineError` if it is too large."""
        self.refuse_unfit(machine)
        check_baths(machine, self.max_memory)
        what, remedy = "A state vector of this machine", "Use fewer samples, fewer or smaller parts"
        vectors = 16.0 * (2 * max(self.samples, self.max_columns) + _SPARE_COLUMNS)
        check_memory(what, machine.dimension, vectors, 1, self.max_memory, remedy)
        terms = TensorHamiltonian.of(machine).terms
        entries = 1 + sum(term.local.nnz / term.local.shape[0] for term in terms)  # in a row of the matrices
        check_memory(what, machine.dimension, vectors + _ENTRY_BYTES * entries, 1, self.max_memory, remedy)
        return StateVectorsSolver(machine, self)


@dataclass(frozen=True)
class Columns(FactorState):
    """The columns of a mixture, or a sample of them.

    Parameters
    ----------
    is_sampled : bool
    total_entropy : float
        Of the whole; NaN where a sample does not tell it.
    """

    is_sampled: bool = False
    total_entropy: float = float("nan")
    seen: dict[float, Linear] = field(default_factory=dict, init=False, repr=False)
    """What was read off the columns, by the phase of the cycle."""


class VectorPreparer(FinitePreparer):
    """Turns descriptions of initial states into clusters, which columns are drawn from; those are charged afterwards."""

    def reasons(self) -> dict[type[InitialState], str]:
        inside = "inside another state it must be made from a density matrix. Put Charged outermost, or use DensityMatrix()."
        return super().reasons() | {Charged: inside}


class StateVectorsSolver(Solver[Columns]):
    """The state-vector backend bound to one machine."""

    def __init__(self, machine: Machine, options: StateVectors) -> None:
        self.machine = machine
        self.options = options
        self.hamiltonian = TensorHamiltonian.of(machine)
        self.observer = Observer(self.hamiltonian)

    @property
    def reference(self) -> Reference:
        return reference_of(self.machine, self.hamiltonian)

    # --- the start -----------------------------------------------------------------------------------------------------

    def prepare(self, initial: InitialState) -> Columns:
        start, charged = initial.uncharged()
        state = self._at_start(start)
        for _ in range(charged):
            state, _ = self.advance(state, self.machine.period, 0.0)
        return replace(state, integrals=np.zeros_like(state.integrals))

    def _at_start(self, start: InitialState) -> Columns:
        """Return the columns of a start: exact if they are few, else sampled, of norm one altogether."""

        def columns(factor: ComplexArray, entropy: float, *, is_sampled: bool) -> Columns:
            integrals = np.zeros((self.hamiltonian.n_integrals, factor.shape[1]))
            return Columns(factor, integrals, is_sampled=is_sampled, total_entropy=entropy)

        random, count = np.random.default_rng(self.options.seed), self.options.samples
        if isinstance(start, Gibbs) and start.parts is None and self.hamiltonian.dimension > _LARGEST_GIBBS:
            return columns(self._sampled_gibbs(start.temperature, random, count), float("nan"), is_sampled=True)
        pieces = VectorPreparer(self.machine, self.hamiltonian, self.options.max_memory, "StateVectors()").prepare(start)
        if pieces.rank <= self.options.max_columns:
            return columns(pieces.factor(), pieces.entropy, is_sampled=False)
        draw = pieces.random_columns if self.options.sampling == "random" else pieces.drawn_columns
        drawn = draw(count, random)
        if self.options.sampling == "eigenstates" and np.all(drawn == drawn[:, :1]):
            raise MachineError(
                f"The {count} eigenstates drawn must not all be the same, but are: their average has no error bar. Use more "
                "samples, or sampling = 'random'."
            )
        return columns(np.asarray(drawn / np.sqrt(np.sum(populations(drawn)))), pieces.entropy, is_sampled=True)

    def _sampled_gibbs(self, temperature: float, random: np.random.Generator, count: int) -> ComplexArray:
        """Return e^{-H/2T} times random vectors."""
        if self.options.sampling != "random":
            raise MachineError(
                "`sampling` of the state-vector backend must be 'random' for a Gibbs state of the whole: its "
                "eigenstates are not known."
            )
        if temperature == 0.0:
            raise MachineError(
                f"`temperature` of a Gibbs state of {self.hamiltonian.dimension} states, beyond {_LARGEST_GIBBS}, must be above "
                "zero: its columns are those of e^(-H/2T), and a ground state is not searched for. Give a temperature below the "
                "lowest gap."
            )
        size = (self.hamiltonian.dimension, count)
        columns = random.standard_normal(size) + 1j * random.standard_normal(size)
        at_start = self.hamiltonian.whole.at(0.0)
        frozen = DrivenSum((at_start,), lambda times: np.ones((len(times), 1)))
        # e^{-H/2T} must stay within the range of floating point: no segment may change a norm by more than e^{+-100}.
        segments = 1 + int(float(abs(at_start).sum(axis=1).max()) / (200.0 * temperature))
        for _ in range(segments):
            steps = taylor_steps(frozen, columns, 0.0, 0.5 / (temperature * segments), factor=-1.0)
            for _, _, _, end in steps:
                columns = end
            columns = columns / np.sqrt(np.sum(populations(columns)))
        return np.asarray(columns)

    # --- evolution -----------------------------------------------------------------------------------------------------

    def advance(self, state: Columns, start: float, stop: float) -> tuple[Columns, float]:
        if stop == start:
            return state, 0.0
        low, high = min(start, stop), max(start, stop)
        phase, _ = self.hamiltonian.phase_of(low, high)
        edges, are_breakpoints = self.hamiltonian.edges(phase, phase + high - low)
        stretches = list(zip(itertools.pairwise(edges), are_breakpoints, strict=True))
        factor, added = state.factor, np.zeros_like(state.integrals)
        norm = float(np.sum(populations(factor)))
        for (begin, end), is_breakpoint in stretches if stop > start else reversed(stretches):
            if stop > start:
                factor, integrals = self._stretch(factor, begin, end)
                added += integrals
                if is_breakpoint:
                    added[: self._n_works] += self._jumps(factor, end)
            else:
                if is_breakpoint:
                    added[: self._n_works] -= self._jumps(factor, end)
                factor, integrals = self._stretch(factor, end, begin)
                added += integrals
        defect = max(state.defect, abs(float(np.sum(populations(factor))) - norm))
        later = replace(state, factor=factor, integrals=state.integrals + added, defect=defect)
        return later, float(np.sum(added[: self._n_works]))

    @property
    def _n_works(self) -> int:
        return len(self.hamiltonian.groups)

    def _jumps(self, factor: ComplexArray, time: float) -> FloatArray:
        """Return the works of a breakpoint in each column."""
        works = np.zeros((self._n_works, factor.shape[1]))
        for work, jump in zip(works, self.hamiltonian.jumps(time), strict=True):
            if jump is not None:
                work[:] = np.real(np.einsum("ij,ij->j", factor.conj(), jump @ factor))
        return works

    def _stretch(self, factor: ComplexArray, start: float, stop: float) -> tuple[ComplexArray, FloatArray]:
        """Return the columns after a stretch without breakpoints (backwards if stop < start), and what the integrals gain."""
        whole, counters = self.hamiltonian.whole, self.hamiltonian.counters
        added = np.zeros((self.hamiltonian.n_integrals, factor.shape[1]))
        if self.hamiltonian.is_constant(min(start, stop), max(start, stop)):
            if not counters:
                return constant_states(whole.at(0.5 * (start + stop)), factor, stop - start), added
            factor, added[self._n_works :] = driven_states(whole, counters, factor, start, stop)
            return factor, added
        integrands = [*self.hamiltonian.slopes(min(start, stop), max(start, stop)), *counters]
        present = [n for n, integrand in enumerate(integrands) if integrand is not None]
        given = [integrand for integrand in integrands if integrand is not None]
        factor, added[present] = driven_states(whole, given, factor, start, stop)
        return factor, added

    # --- what there is to see ------------------------------------------------------------------------------------------

    def snapshot(self, state: Columns, time: float) -> Snapshot:
        phase = time % self.machine.period
        if state.is_sampled:
            everything = np.ones(state.factor.shape[1], dtype=bool)
            return self._averaged(self._linear(state, phase), everything, state, phase).at_time(time)
        with_coherence = self.hamiltonian.dimension <= _LARGEST_COHERENCE
        return self.observer.snapshot(state.factor, state.integrals, phase, with_coherence=with_coherence).at_time(time)

    def replicates(self, state: Columns, time: float) -> tuple[Snapshot, FloatArray] | None:
        if not state.is_sampled:
            return None
        phase, n = time % self.machine.period, state.factor.shape[1]
        linear = self._linear(state, phase)
        kept = [np.arange(n) != k for k in range(n)]
        snapshots = [self._averaged(linear, left, state, phase).at_time(time) for left in kept]
        weights = np.sum(state.factor.real**2 + state.factor.imag**2, axis=0)
        totals = np.sum(state.integrals[: self._n_works], axis=0)
        works = np.array([np.sum(totals[left]) / np.sum(weights[left]) for left in kept])
        return Snapshot.stack(snapshots), works

    def watch(self, observables: Sequence[Observable]) -> Watch[Columns]:
        read, sizes = operators(self.machine, self.hamiltonian, observables), self.hamiltonian.dimensions

        def means(state: Columns) -> tuple[FloatArray, FloatArray | None]:
            each = np.array([operator.means(state.factor, sizes) for operator in read]).reshape(len(read), -1)
            weights = np.sum(state.factor.real**2 + state.factor.imag**2, axis=0)
            found = np.sum(each, axis=1) / np.sum(weights)
            if not state.is_sampled:
                return found, None
            left_out = (np.sum(each, axis=1, keepdims=True) - each) / (np.sum(weights) - weights)
            return found, left_out.T

        return means

    def keeper(self, parts: tuple[str, ...]) -> Keeper[Columns]:
        check_state(self.hamiltonian, parts)
        return lambda state: state_of(self.machine, self.hamiltonian, parts, state.factor)

    def _linear(self, state: Columns, phase: float) -> Linear:
        """Return U_i, V_j, E_j and the density matrix of the subsystems in each column; the state holds them."""
        if phase in state.seen:
            return state.seen[phase]
        densities = np.array([self.observer.system_density(state.factor[:, [k]]) for k in range(state.factor.shape[1])])
        energies = self.observer.energies(state.factor, phase)
        linear = *energies, self.observer.reservoir_energies(state.factor), densities
        state.seen[phase] = linear
        return linear

    def _averaged(self, linear: Linear, left: Matrix, state: Columns, phase: float) -> Snapshot:
        """Return the snapshot of the mixture of some of the columns."""
        energies, interactions, heats, densities = linear
        rho = np.sum(densities[left], axis=0)
        weight = float(np.real(np.trace(rho)))
        rho = rho / weight
        unknown, n_reservoirs = float("nan"), len(self.observer.reservoirs)
        entropies = self.observer.subsystem_entropies(rho)
        extras = {"interaction_energy": np.sum(interactions[:, left], axis=1) / weight}
        extras |= self.observer.integrated(np.sum(state.integrals[:, left], axis=1) / weight)
        extras |= self.observer.system_extras(rho, phase) | self.observer.system_coherence(rho, phase)
        if self.hamiltonian.truncated:
            extras["top_level_population"] = np.asarray(self.observer.top_level_population(state.factor[:, left]) / weight)
        joint = entropy(rho)  # of a closed machine it is that of the whole
        others, total = (unknown, state.total_entropy) if n_reservoirs else (0.0, joint)
        return Snapshot(
            np.asarray(phase),
            np.sum(energies[:, left], axis=1) / weight,
            np.sum(heats[:, left], axis=1) / weight,
            entropies,
            np.full(n_reservoirs, unknown),
            np.asarray(joint),
            np.asarray(others),
            np.asarray(total),
            extras,
        )

    def accuracy(self, state: Columns) -> dict[str, float]:
        return {"norm_defect": state.defect}
