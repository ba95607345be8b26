"""The hierarchy of a machine bound to it, with the coarser ones beside it that tell how far it has converged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.backends.base import CycleMap, FixedPoint, Keeper, Solver, Watch
from athermal.backends.open.hierarchy import HierarchySolver
from athermal.backends.open.hierarchy_state import HierarchyState, Signature
from athermal.backends.open.minimal_dissipation import Maps, MinimalDissipation
from athermal.backends.open.solver import OpenState
from athermal.errors import MachineError
from athermal.machine.initial import GivenState, InitialState
from athermal.machine.observable import Observable
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.confidence import Coarser, Confidence
from athermal.thermodynamics.snapshot import Reference, Snapshot


@dataclass(frozen=True)
class HEOMState:
    """The states of all hierarchies of a run, the finest first, and the dynamical map of the finest if that is followed."""

    runs: tuple[OpenState, ...]
    maps: Maps | None = None


class HEOMCycle(CycleMap[HEOMState]):
    """The map of one cycle of the hierarchies of a run."""

    def __init__(self, solver: HEOMSolver) -> None:
        super().__init__(solver)
        self._solver = solver

    def fixed_point(self, accuracy: float = 1e-8) -> FixedPoint[HEOMState]:
        solver, finest = self._solver, self._solver.finest
        if solver.dissipation is not None:
            raise MachineError(
                "`minimal_dissipation` of the HEOM backend must be left out for a limit cycle: it needs a start without "
                "correlations with the baths, and the fixed point has them."
            )
        vector, multipliers = finest.settled(accuracy)
        vectors = [vector]
        for run in solver.runs[1:]:
            is_alike = run.exponents is finest.exponents and run.system.dimension == finest.system.dimension
            guess = run.taken_over(vector, finest.ladder.labels) if is_alike else None
            vectors.append(run.settled(accuracy, guess, with_multipliers=False)[0])
        change = float(np.linalg.norm(finest.cycle_map().carry(vector) - vector) / np.linalg.norm(vector))
        held = zip(solver.runs, vectors, strict=True)
        state = HEOMState(tuple(run.seen(OpenState(each, np.zeros(run.n_sums))) for run, each in held))
        return FixedPoint(state, solver.kept(state), multipliers, change)


class HEOMSolver(Solver[HEOMState]):
    """The hierarchy of a machine, and the coarser ones that its convergence is checked with, side by side.

    Parameters
    ----------
    runs : sequence of HierarchySolver
        The finest first.
    cutoffs : sequence of str
        The option that each of the others has coarser; named again, twice coarser.
    factors : sequence of float
        By how much more than these change columns may be off.
    misfits : mapping of str to float
        Of each bath's exponentials.
    with_maps : bool
        Whether to follow the dynamical map, for its minimal dissipation.
    """

    def __init__(
        self,
        runs: list[HierarchySolver],
        cutoffs: list[str],
        factors: list[float],
        misfits: dict[str, float],
        *,
        with_maps: bool = False,
    ) -> None:
        self.runs = tuple(runs)
        self.dissipation = MinimalDissipation(self.finest) if with_maps else None
        self.cutoffs, self.factors = tuple(cutoffs), tuple(factors)
        self.misfits = misfits

    @property
    def finest(self) -> HierarchySolver:
        """The hierarchy that makes the ledger."""
        return self.runs[0]

    @property
    def reference(self) -> Reference:
        return self.finest.reference

    @property
    def signature(self) -> Signature:
        """What tells states of these hierarchies from those of others."""
        baths = self.finest.baths
        return {
            "dimensions": dict(zip(self.finest.hamiltonian.names, self.finest.hamiltonian.dimensions, strict=True)),
            "baths": baths,
            "depths": tuple(run.depth for run in self.runs),
            "numbers of exponentials": tuple(tuple(map(len, run.exponents)) for run in self.runs),
            "exponentials": tuple(tuple(held.rounded() for held in run.exponents) for run in self.runs),
        }

    def prepare(self, initial: InitialState) -> HEOMState:
        if isinstance(initial, HierarchyState):
            initial.check(self.signature)
            nothing = np.zeros(self.finest.n_sums)
            held = zip(self.runs, initial.vectors, initial.labels, strict=True)
            runs = tuple(run.seen(OpenState(run.taken_over(vector, labels), nothing)) for run, vector, labels in held)
        else:
            runs = tuple(self._prepared(run, initial) for run in self.runs)
        if self.dissipation is None:
            return HEOMState(runs)
        if np.any(runs[0].vector[self.finest.system.dimension**2 :]):
            raise MachineError(
                "`minimal_dissipation` of the HEOM backend needs a start without correlations with the baths, or there is no "
                f"dynamical map, but the initial state {type(initial).__name__} has them. Leave it out."
            )
        return HEOMState(runs, self.dissipation.start(self.finest.density(runs[0].vector)))

    def _prepared(self, run: HierarchySolver, initial: InitialState) -> OpenState:
        """Return the start of one hierarchy; a given state is cut for one with fewer levels."""
        is_given = any(isinstance(layer, GivenState) for layer in initial.layers())
        if not is_given or run.system.dimension == self.finest.system.dimension:
            return run.prepare(initial)
        rho = self.finest.density(self.finest.prepare(initial).vector)
        shape, fewer = self.finest.hamiltonian.dimensions, run.hamiltonian.dimensions
        kept = np.ravel_multi_index(np.indices(fewer).reshape(len(fewer), -1), shape)
        cut = rho[np.ix_(kept, kept)]
        return OpenState(run.lift(cut / np.trace(cut)), np.zeros(run.n_sums))

    def advance(self, state: HEOMState, start: float, stop: float) -> tuple[HEOMState, float]:
        found = [run.advance(held, start, stop) for run, held in zip(self.runs, state.runs, strict=True)]
        maps = state.maps
        if self.dissipation is not None and maps is not None:
            edges, are_breakpoints = self.finest.hamiltonian_edges(start, stop)
            for (low, high), is_breakpoint in zip(itertools.pairwise(edges), are_breakpoints, strict=True):
                maps = self.dissipation.advance(maps, low, high)
                maps = self.dissipation.after_breakpoint(maps, high) if is_breakpoint else maps
        return HEOMState(tuple(held for held, _ in found), maps), found[0][1]

    def cycle_map(self) -> HEOMCycle:
        return HEOMCycle(self)

    def kept(self, state: HEOMState) -> HierarchyState:
        """Return a state to start other runs from."""
        vectors, labels = tuple(held.vector for held in state.runs), tuple(run.ladder.labels for run in self.runs)
        return HierarchyState(vectors, labels, self.signature)

    def snapshot(self, state: HEOMState, time: float) -> Snapshot:
        found, maps = self.finest.snapshot(state.runs[0], time), state.maps
        return found if maps is None else with_minimal_dissipation(found, maps.energy, maps.heat)

    def watch(self, observables: Sequence[Observable]) -> Watch[HEOMState]:
        finest, coarser = self.finest.watch(observables), [_watch(run, observables) for run in self.runs[1:]]

        def means(state: HEOMState) -> tuple[FloatArray, FloatArray | None]:
            others = [read(held)[0] for read, held in zip(coarser, state.runs[1:], strict=True)]
            return finest(state.runs[0])[0], np.array(others) if others else None

        return means

    def keeper(self, parts: tuple[str, ...]) -> Keeper[HEOMState]:
        keep = self.finest.keeper(parts)
        return lambda state: keep(state.runs[0])

    def replicates(self, state: HEOMState, time: float) -> tuple[Snapshot, FloatArray] | None:
        if not self.cutoffs:
            return None
        coarser = list(zip(self.runs, state.runs, strict=True))[1:]
        seen = [run.snapshot(held, time) for run, held in coarser]
        if self.dissipation is not None:  # of the finest only: its error is not known
            seen = [with_minimal_dissipation(snapshot, np.nan, np.nan) for snapshot in seen]
        return Snapshot.stack(seen), np.array([held.sums[0] for _, held in coarser])

    def confidence(self, snapshots: Snapshot, works: FloatArray) -> Confidence:
        return Coarser(snapshots, works, self.cutoffs, self.factors)

    def accuracy(self, state: HEOMState) -> dict[str, float]:
        found = self.finest.accuracy(state.runs[0]) | {"misfit": max(self.misfits.values())}
        return found if state.maps is None else found | {"minimal_dissipation_quadrature": state.maps.error}

    def conduct(self) -> Conduct:
        return self.finest.conduct()

    def facts(self) -> dict[str, Any]:
        run = self.finest
        hierarchy = {
            "depth": run.depth,
            "exponents": dict(zip(run.baths, map(len, run.exponents), strict=True)),
            "misfits": self.misfits,
            "auxiliary_operators": len(run.ladder.decay),
        }
        return run.facts() | {"hierarchy": hierarchy}

    def remarks(self, state: HEOMState) -> tuple[str, ...]:
        return self.finest.remarks(state.runs[0])


def with_minimal_dissipation(snapshot: Snapshot, energy: float, heat: float) -> Snapshot:
    """Return a snapshot with the minimal-dissipation energy, and heat since the start."""
    more = {"minimal_dissipation_energy": np.asarray(energy), "minimal_dissipation_heat": np.asarray(heat)}
    return replace(snapshot, extras=dict(snapshot.extras) | more)


def _watch(run: HierarchySolver, observables: Sequence[Observable]) -> Watch[OpenState]:
    """Return what reads observables off a coarser hierarchy; NaN of all if one is a matrix that does not fit fewer levels."""
    try:
        return run.watch(observables)
    except MachineError:
        return lambda _state: (np.full(len(observables), np.nan), None)
