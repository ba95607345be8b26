"""The density-matrix backend: machines of finite parts, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse

from athermal import _validate
from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.backends.base import Backend, CycleMap, Keeper, Solver, Watch
from athermal.backends.finite.memory import GIB, Held, check_baths, check_memory
from athermal.backends.finite.observe import TELLS, Observer
from athermal.backends.finite.prepare import FinitePreparer
from athermal.backends.finite.state import Cluster, Entangled, FactorState, Pieces, ordered
from athermal.backends.finite.watch import check_state, operators, state_of
from athermal.backends.preparer import correlated_with_renewed
from athermal.errors import MachineError
from athermal.machine.initial import InitialState
from athermal.machine.layout import Layout
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.machine.parts.finite import check_levels
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.density import root_factor
from athermal.maths.driven_sum import DrivenSum, pulled_back
from athermal.maths.tensor import reduced, sectors
from athermal.maths.unitary import Spectrum, driven_map
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import RENEWED, Tells

# Matrices of the size of the whole that are held at once: state, propagator, its work and their products.
_MATRICES = 8
# State vectors of larger machines fit in no memory.
_VECTORS = 2**30
# Below this a cycle takes a fraction of a second on one thread.
_LARGE_DIMENSION = 512


@dataclass(frozen=True)
class DensityMatrix(Backend):
    """The density matrix of the whole, propagated exactly, with every column of the ledger.

    Each constant stretch is diagonalised once; driven ones are a Taylor series in time, carried to double precision. What the
    machine conserves (a number of excitations, a parity, anything diagonal in the product basis) is found and used: all
    dynamics is done block by block.

    Parameters
    ----------
    levels : int, optional
        For a machine of oscillators treated as Gaussian: the levels to which each is cut, instead of `Dense`; for finite
        subsystems between continuous baths: those of each mode of the baths. Its size grows as levels to the number of modes.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated. Propagators of many strokes or sampled instants
        that would take more are worked out again in every cycle.
    coherence : bool
        Whether to split mutual information and correlations into coherence and populations, the most expensive columns.

    Examples
    --------
    >>> DensityMatrix(levels=6).levels
    6
    """

    families: ClassVar[tuple[str, ...]] = ("finite", "harmonic", "open")
    renews: ClassVar[bool] = True
    tells: ClassVar[Tells] = replace(TELLS, extras=TELLS.extras | RENEWED)

    levels: int | None = None
    max_memory: float = 8.0
    coherence: bool = True
    kind: Literal["density_matrix"] = field(default="density_matrix", repr=False)

    def __post_init__(self) -> None:
        owner = self.owner
        if self.levels is not None:
            check_levels(self.levels, owner)
        _validate.positive(self.max_memory, "max_memory", owner)
        if not isinstance(self.coherence, bool):
            raise MachineError(f"`coherence` of {owner} must be true or false, but is {_validate.shown(self.coherence)}.")

    @property
    def owner(self) -> str:
        return "the density-matrix backend"

    def why_not(self, machine: Machine) -> str:
        if why := super().why_not(machine):
            return why
        try:
            machine.family.in_matrices(machine, self.levels)
        except MachineError as error:
            return str(error)
        return ""

    def bind(self, machine: Machine) -> DensityMatrixSolver:
        """Return a solver for this machine, or raise `MachineError` if it is too large."""
        self.refuse_unfit(machine)
        held = machine.family.in_matrices(machine, self.levels)
        check_baths(held.machine, self.max_memory)
        what, remedy = "A density matrix of this machine", "Use fewer or smaller parts"
        if self.levels is not None:
            remedy = f"Use fewer levels, or {machine.family.backends}"
        elif held.dimension <= _VECTORS:
            remedy = "Use StateVectors(), fewer or smaller parts"
        check_memory(what, held.dimension, 16.0 * _MATRICES, 2, self.max_memory, remedy)
        solver = DensityMatrixSolver(held.machine, held.assemble(), self)
        check_memory(what, held.dimension, 16.0 * solver.n_matrices, 2, self.max_memory, remedy)
        return solver


@dataclass(frozen=True)
class Blocks:
    """The map of an interval, sector by sector: U, and the operator of everything that is integrated along it."""

    unitaries: tuple[Matrix, ...]
    integrals: tuple[tuple[Matrix | None, ...], ...]
    defect: float = 0.0
    """By how much the U miss unitarity."""

    def size(self) -> float:
        """Return how many bytes it takes."""
        operators = [*self.unitaries, *(entry for group in self.integrals for entry in group)]
        return float(sum(getattr(entry, "nbytes", 0) for entry in operators))

    def dense(self) -> Blocks:
        """Return the same without sparse matrices, which stand for what is followed by nothing."""

        def full(matrix: Any) -> Any:
            return matrix.toarray() if scipy.sparse.issparse(matrix) else matrix

        return Blocks(tuple(map(full, self.unitaries)), tuple(tuple(map(full, group)) for group in self.integrals), self.defect)

    def then(self, later: Blocks) -> Blocks:
        """Return this map followed by a later one."""
        return Blocks(
            tuple(b @ a for a, b in zip(self.unitaries, later.unitaries, strict=True)),
            tuple(self._pulled(a, b) for a, b in zip(self.integrals, later.integrals, strict=True)),
        )

    def _pulled(self, own: Sequence[Matrix | None], later: Sequence[Any]) -> tuple[Matrix | None, ...]:
        """Return own + U^dag later U."""

        def pulled(later: Any, unitary: Matrix) -> Matrix:
            return pulled_back(later, unitary) if scipy.sparse.issparse(later) else unitary.conj().T @ (later @ unitary)

        return tuple(
            a if b is None else (0.0 if a is None else a) + pulled(b, u)
            for a, b, u in zip(own, later, self.unitaries, strict=True)
        )


class UnitaryCycle(CycleMap[FactorState]):
    """rho -> U rho U^dag, with U of each of the sectors that the dynamics does not connect."""

    def __init__(self, solver: DensityMatrixSolver) -> None:
        super().__init__(solver)
        self.sectors = solver.sectors
        self._unitaries = solver.unitaries

    @cached_property
    def unitaries(self) -> tuple[Matrix, ...]:
        """U, sector by sector."""
        return self._unitaries(0.0, self.period)


class DensityMatrixSolver(Solver[FactorState]):
    """The density-matrix backend bound to one machine."""

    def __init__(self, machine: Machine, hamiltonian: TensorHamiltonian, options: DensityMatrix) -> None:
        self.machine = machine
        self.hamiltonian = hamiltonian
        self.options = options
        self.observer = Observer(self.hamiltonian)
        # What is held beyond a single map stays within the memory that the run may take.
        spare = options.max_memory * GIB - 16.0 * self.n_matrices * float(self.hamiltonian.dimension) ** 2
        self._maps: Held[Blocks] = Held(Blocks.size, 0.5 * spare)
        self._spectra: Held[Spectrum] = Held(Spectrum.size, 0.5 * spare)
        self._sectors: list[IntArray] | None = None

    @property
    def reference(self) -> Reference:
        return reference_of(self.machine, self.hamiltonian)

    @property
    def n_matrices(self) -> int:
        """How many matrices of the size of the whole are held at once; the works on several driven groups take one each."""
        own = self.hamiltonian.terms[: self.hamiltonian.n_terms]
        driven = {
            int(group)
            for term, group in zip(own, np.argmax(self.hamiltonian.groups, axis=0), strict=False)
            if not term.drive.is_always_constant
        }
        return _MATRICES + max(0, len(driven) - 1)

    @property
    def sectors(self) -> list[IntArray]:
        """The sets of basis states that the dynamics does not connect."""
        if self._sectors is None:
            matrices = [*self.hamiltonian.whole.matrices, *(m for c in self.hamiltonian.counters for m in c.matrices)]
            self._sectors = sectors(matrices, self.hamiltonian.dimension)
        return self._sectors

    def prepare(self, initial: InitialState) -> FactorState:
        memory, name = self.options.max_memory, "DensityMatrix()"
        preparer = FinitePreparer(self.machine, self.hamiltonian, memory, name, self._cycle_backwards)
        pieces, fresh = preparer.prepare(initial), None
        if self.machine.renewed_names:
            try:
                fresh = pieces.detached(self.machine.renewed_names)
            except Entangled as found:
                raise correlated_with_renewed(initial, *found.args) from None
        return FactorState.at_start(pieces.factor(), self.hamiltonian.n_integrals, fresh=fresh)

    def renew(self, state: FactorState) -> FactorState:
        if state.fresh is None:
            return state
        names, sizes = self.hamiltonian.names, self.hamiltonian.dimensions
        lasting = tuple(name for name in names if name not in state.fresh.parts)
        left, _ = root_factor(reduced(state.factor, sizes, self.hamiltonian.positions(lasting)))
        whole = np.kron(left, state.fresh.factor)
        return replace(state, factor=ordered(whole, (*lasting, *state.fresh.parts), names, self.hamiltonian))

    def _cycle_backwards(self, pieces: Pieces) -> Pieces:
        later = FactorState.at_start(pieces.factor(), self.hamiltonian.n_integrals)
        before, _ = self.advance(later, self.machine.period, 0.0)
        return Pieces(self.hamiltonian, [Cluster(self.hamiltonian.names, before.factor)])

    def advance(self, state: FactorState, start: float, stop: float) -> tuple[FactorState, float]:
        if stop == start:
            return state, 0.0
        blocks = self._map(min(start, stop), max(start, stop))
        is_forward = stop > start
        factor = np.empty_like(state.factor)
        for index, unitary in zip(self.sectors, blocks.unitaries, strict=True):
            factor[index] = (unitary if is_forward else unitary.conj().T) @ state.factor[index]
        # The operators are those of the earlier state.
        earlier, sign = (state.factor, 1.0) if is_forward else (factor, -1.0)
        added = sign * self._expectations(blocks.integrals, earlier)[:, None]
        defect = max(state.defect, blocks.defect)
        after = replace(state, factor=factor, integrals=state.integrals + added, defect=defect)
        return after, float(np.sum(added[: 1 + len(self.hamiltonian.reservoirs)]))

    def _expectations(self, operators: Sequence[Sequence[Matrix | None]], factor: ComplexArray) -> FloatArray:
        """Return the expectation values of block operators."""
        totals = np.zeros(len(operators))
        for k, index in enumerate(self.sectors):
            present = [(n, block) for n, blocks in enumerate(operators) if (block := blocks[k]) is not None]
            density = np.asarray(factor[index] @ factor[index].conj().T) if present else np.empty(0)
            for n, block in present:
                totals[n] += float(np.real(np.vdot(np.asarray(block), density)))  # Tr(X^dag rho), and X is Hermitian
        return totals

    def snapshot(self, state: FactorState, time: float) -> Snapshot:
        phase = self.hamiltonian.phase_of(time, time)[0]
        return self.observer.snapshot(
            state.factor,
            state.integrals,
            phase,
            with_coherence=self.options.coherence or None,
            renewed=self.machine.renewed_names,
        ).at_time(time)

    def watch(self, observables: Sequence[Observable]) -> Watch[FactorState]:
        read, sizes = operators(self.machine, self.hamiltonian, observables), self.hamiltonian.dimensions
        return lambda state: (np.array([np.sum(each.means(state.factor, sizes)) for each in read]), None)

    def keeper(self, parts: tuple[str, ...]) -> Keeper[FactorState]:
        check_state(self.hamiltonian, parts)
        return lambda state: state_of(self.machine, self.hamiltonian, parts, state.factor)

    @property
    def is_threaded(self) -> bool:
        return self.hamiltonian.dimension > _LARGE_DIMENSION

    def accuracy(self, state: FactorState) -> dict[str, float]:
        return {"unitarity_defect": state.defect}

    def cycle_map(self) -> UnitaryCycle:
        return UnitaryCycle(self)

    # --- the maps of one cycle -----------------------------------------------------------------------------------------

    def unitaries(self, start: float, stop: float) -> tuple[Matrix, ...]:
        """Return U of [start, stop], at most a cycle long, sector by sector."""
        return self._map(start, stop).unitaries

    def _map(self, start: float, stop: float) -> Blocks:
        """Return the map of [start, stop], at most a cycle long; the same phase of every cycle shares it."""
        phase, key = self.hamiltonian.phase_of(start, stop)
        return self._maps.get(key, lambda: self._checked(self._assemble(phase, phase + (stop - start))))

    def _checked(self, blocks: Blocks) -> Blocks:
        """Return a map that knows by how much it misses unitarity."""
        defect = 0.0
        for unitary in blocks.unitaries:
            gram = unitary.conj().T @ unitary
            gram[np.diag_indices_from(gram)] -= 1.0
            defect = max(defect, float(np.max(np.abs(gram), initial=0.0)))
        return replace(blocks, defect=defect)

    def _assemble(self, start: float, stop: float) -> Blocks:
        edges, are_breakpoints = self.hamiltonian.edges(start, stop)
        total: Blocks | None = None
        for k, (low, high) in enumerate(itertools.pairwise(edges)):
            pieces = [self._stretch(low, high)]
            if are_breakpoints[k]:
                pieces.insert(*((0, self._jump(low)) if self.hamiltonian.side == "left" else (1, self._jump(high))))
            for piece in pieces:
                total = piece.dense() if total is None else total.then(piece)
        assert total is not None  # noqa: S101  an interval has at least one stretch
        return total

    def _jump(self, time: float) -> Blocks:
        """Return the map of a breakpoint: nothing moves, and the jumps of <H> are work."""
        nothing = (None,) * len(self.sectors)
        works = [
            nothing
            if jump is None
            else tuple(None if (block := jump[index][:, index]).nnz == 0 else block for index in self.sectors)
            for jump in self.hamiltonian.jumps(time)
        ]
        ones = tuple(scipy.sparse.eye_array(len(index), format="csr") for index in self.sectors)
        return Blocks(ones, (*works, *[nothing] * len(self.hamiltonian.counter_names)))

    def _stretch(self, start: float, stop: float) -> Blocks:
        """Return the map of a stretch without breakpoints."""
        whole, counters = self.hamiltonian.whole, self.hamiltonian.counters
        is_constant = self.hamiltonian.is_constant(start, stop)
        works: list[Matrix | None] = [None] * len(self.hamiltonian.groups)
        integrands: list[DrivenSum | None] = [*self.hamiltonian.slopes(start, stop), *counters]
        middle = np.array([0.5 * (start + stop)])
        amounts = tuple(map(float, whole.values(middle)[0]))
        constant = whole.combine(np.array(amounts)) if is_constant else None
        observables = [counter.at(float(middle[0])) for counter in counters] if is_constant else []
        unitaries: list[Matrix] = []
        integrals: list[list[Matrix | None]] = []
        for k, index in enumerate(self.sectors):
            if is_constant:
                spectrum = self._spectrum(constant, amounts, k, index)
                unitaries.append(spectrum.propagator(stop - start))
                counted = [spectrum.time_integral(o[index][:, index], stop - start) for o in observables]
                integrals.append([*works, *counted])
                continue
            present = [n for n, integrand in enumerate(integrands) if integrand is not None]
            inside = [integrand.restricted(index) for integrand in integrands if integrand is not None]
            unitary, found = driven_map(whole.restricted(index), inside, start, stop)
            unitaries.append(unitary)
            by_integrand = dict(zip(present, found, strict=True))
            integrals.append([by_integrand.get(n) for n in range(len(integrands))])
        return Blocks(tuple(unitaries), tuple(zip(*integrals, strict=True)))

    def _spectrum(self, constant: Any, amounts: tuple[float, ...], k: int, index: IntArray) -> Spectrum:
        """Return the spectrum of a constant Hamiltonian in one sector; the same strengths share it."""
        return self._spectra.get((amounts, k), lambda: Spectrum.of(constant[index][:, index]))


def reference_of(machine: Layout, hamiltonian: TensorHamiltonian) -> Reference:
    """Return the constants of a machine that the laws need."""
    partitions, ground = hamiltonian.log_partitions(machine.temperatures), hamiltonian.ground_energies
    return Reference.of(machine, partitions, ground_energies=ground, counters=hamiltonian.counter_names)
