"""The dense Gaussian backend: mean and covariance of all modes, exactly."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray, IntArray
from athermal.backends.base import Backend, CycleMap, Keeper, Solver, Watch
from athermal.backends.gaussian import watch as watching
from athermal.backends.gaussian.prepare import DensePreparer, modes_of
from athermal.backends.gaussian.shared import (
    TELLS,
    check_growth,
    energies_of,
    extras_of,
    jumps_of,
    reference_of,
    relative_difference,
    resources_of,
    works_apart,
)
from athermal.backends.gaussian.state import GaussianState
from athermal.backends.preparer import UNCORRELATED, correlated_with_renewed
from athermal.errors import ConvergenceError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.maths.gaussian import entropy, mode_entropy
from athermal.maths.information import mutual_information_of_rows, skew_products
from athermal.maths.propagate import DrivenHamiltonian, Evolution, constant_evolution, expectations, joined
from athermal.maths.symplectic import mode_indices, symplectic_defect, symplectic_inverse
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import RENEWED, Tells

# Below this a cycle takes a fraction of a second on one thread.
_MANY_MODES = 256


@dataclass(frozen=True)
class Dense(Backend):
    """The mean and covariance of every mode, propagated exactly.

    Constant stretches of the cycle use the exact propagator; driven ones Gauss-Legendre collocation of order 48, refined
    until two refinements agree to `tolerance`, symplectic to rounding. The propagators of one cycle are computed once.

    Parameters
    ----------
    tolerance : float
        Largest relative difference between two refinements of a driven stretch (or the rounding of its panels, if larger).
    max_panels : int
        Panels of a driven stretch, each about two periods of the fastest mode, beyond which it is refused as too stiff.
    max_growth : float
        How far the covariance may grow beyond its start before the run is stopped as unstable: at 1e8 double precision
        leaves the ledger eight digits.

    Examples
    --------
    >>> Dense(tolerance=1e-10).tolerance
    1e-10
    """

    families: ClassVar[tuple[str, ...]] = ("harmonic",)
    takes_chosen_modes: ClassVar[bool] = True
    renews: ClassVar[bool] = True
    tells: ClassVar[Tells] = replace(TELLS, extras=TELLS.extras | RENEWED)

    tolerance: float = 1e-12
    max_panels: int = 4_000
    max_growth: float = 1e8
    kind: Literal["dense"] = field(default="dense", repr=False)

    def __post_init__(self) -> None:
        owner = self.owner
        _validate.fraction(self.tolerance, "tolerance", owner)
        _validate.count(self.max_panels, "max_panels", owner)
        _validate.positive(self.max_growth, "max_growth", owner)

    @property
    def owner(self) -> str:
        return "the dense backend"

    def bind(self, machine: Machine) -> DenseSolver:
        """Return a solver for this machine, or raise `MachineError` if its parts are finite."""
        self.refuse_unfit(machine)
        return DenseSolver(machine, self)


class AffineCycle(CycleMap[GaussianState]):
    """r -> matrix r + shift of all quadratures, in internal coordinates."""

    def __init__(self, solver: DenseSolver) -> None:
        super().__init__(solver)
        evolution = solver.evolution(0.0, self.period)
        self.matrix, self.shift = evolution.propagator, evolution.shift


class DenseSolver(Solver[GaussianState]):
    """The dense backend bound to one machine."""

    def __init__(self, machine: Machine, options: Dense) -> None:
        self.machine = machine
        self.options = options
        self.hamiltonian = Hamiltonian.of(machine)
        self._evolutions: dict[tuple[float, float], Evolution] = {}
        self._defects: dict[tuple[float, float], float] = {}
        self._step_error = 0.0

    @property
    def reference(self) -> Reference:
        return reference_of(self.hamiltonian)

    def prepare(self, initial: InitialState) -> GaussianState:
        charged_from: list[float] = []

        def cycle_backwards(later: GaussianState) -> GaussianState:
            charged_from.append(later.spread)
            before, _ = self.advance(later, self.machine.period, 0.0)
            self._check_growth(before, later, charged_from[0], "going backwards to charge it")
            return before

        state = DensePreparer(self.hamiltonian, cycle_backwards).prepare(initial)
        fresh = self._fresh(state, initial) if len(self.renewed_modes) else None
        return replace(state, switching=np.zeros(len(self.machine.reservoirs)), initial_spread=state.spread, fresh=fresh)

    @cached_property
    def renewed_modes(self) -> IntArray:
        """The modes of renewed reservoirs."""
        names = self.machine.renewed_names
        return modes_of(self.hamiltonian, names) if names else np.empty(0, dtype=np.intp)

    def _fresh(self, state: GaussianState, initial: InitialState) -> GaussianState:
        """Return the state of the renewed reservoirs together, or raise `StateError` if it is correlated with what lasts."""
        n, covariance, modes = self.hamiltonian.n_modes, state.covariance, self.renewed_modes
        sizes = np.sqrt(np.diag(covariance))
        lasting = np.setdiff1d(np.arange(n), modes)
        rows, others = mode_indices(modes, n), mode_indices(lasting, n)
        linked = np.abs(covariance[np.ix_(rows, others)]) / np.outer(sizes[rows], sizes[others])
        i, k = np.unravel_index(np.argmax(linked), linked.shape)
        if linked[i, k] > UNCORRELATED:
            owners = {int(mode): name for name, own in self.hamiltonian.part_modes.items() for mode in own}
            raise correlated_with_renewed(initial, owners[int(rows[i]) % n], owners[int(others[k]) % n])
        return state.marginal(rows)

    def renew(self, state: GaussianState) -> GaussianState:
        return state.renewed(self.renewed_modes)

    def advance(self, state: GaussianState, start: float, stop: float) -> tuple[GaussianState, float]:
        if stop == start:
            return state, 0.0
        if stop < start:
            later, defect = self._evolution(stop, start)
            inverse = symplectic_inverse(later.propagator)
            before = state.mapped(inverse, -inverse @ later.shift, defect)
            works = -self._works(later, before)
            return before.worked(works[1:]), float(np.sum(works))
        evolution, defect = self._evolution(start, stop)
        works = self._works(evolution, state)
        after = state.mapped(evolution.propagator, evolution.shift, defect).worked(works[1:])
        if state.initial_spread is not None:
            self._check_growth(after, state, state.initial_spread, f"at t = {stop:.6g}")
        return after, float(np.sum(works))

    def _works(self, evolution: Evolution, state: GaussianState) -> FloatArray:
        """Return the work on the subsystems' own terms, and on the couplings to each reservoir."""
        return expectations(evolution.works, state.mean, state.covariance, 1 + len(self.machine.reservoirs))

    def snapshot(self, state: GaussianState, time: float) -> Snapshot:
        hamiltonian, n_modes = self.hamiltonian, self.hamiltonian.n_modes
        covariance, phase = state.covariance, hamiltonian.phase_of(time, time)[0]
        touched = hamiltonian.basis.T @ state.factor
        means = hamiltonian.basis.T @ state.mean
        second = touched @ touched.T + np.outer(means, means)
        forms, forces = hamiltonian.subsystem_coupling(phase)
        subsystem_energies = energies_of(forms, forces, means, second)
        extras = extras_of(hamiltonian, phase, means, second, state.switching)
        own_rows = mode_indices(np.arange(len(self.machine.subsystems)), n_modes)
        extras |= resources_of(hamiltonian, phase, state.mean[own_rows], covariance[np.ix_(own_rows, own_rows)])
        diagonal = np.diag(covariance) + state.mean**2
        quanta = 0.5 * hamiltonian.frequencies * (diagonal[:n_modes] + diagonal[n_modes:])
        reservoir_modes = [hamiltonian.part_modes[name] for name in self.machine.reservoir_names]
        system = np.arange(len(self.machine.subsystems))
        system_rows = mode_indices(system, n_modes)
        if len(self.renewed_modes):
            extras["renewed_entropy"] = np.asarray(_block_entropy(covariance, self.renewed_modes, state.defect))
        reservoir_entropies = [_block_entropy(covariance, modes, state.defect) for modes in reservoir_modes]
        total = _total_entropy(state)
        system_entropy = _block_entropy(covariance, system, state.defect)
        if len(reservoir_modes) == 1:
            reservoirs_entropy = reservoir_entropies[0]
        elif len(
            self.renewed_modes
        ):  # looked at twice in each of many cycles: of few modes the spectrum takes a tenth of the time
            every = np.concatenate(reservoir_modes)
            reservoirs_entropy = _block_entropy(covariance, every, state.defect)
        else:
            shared = mutual_information_of_rows(state.rows(system_rows), state.excess, state.defect)
            reservoirs_entropy = shared - system_entropy + total
        return Snapshot(
            np.asarray(time),
            subsystem_energies,
            np.array([np.sum(quanta[modes]) for modes in reservoir_modes]),
            np.array([_block_entropy(covariance, system[[k]], state.defect) for k in system]),
            np.array(reservoir_entropies),
            np.asarray(system_entropy),
            np.asarray(reservoirs_entropy),
            np.asarray(total),
            extras,
        )

    def watch(self, observables: Sequence[Observable]) -> Watch[GaussianState]:
        return watching.watch(self.hamiltonian, observables, _moments)

    def keeper(self, parts: tuple[str, ...]) -> Keeper[GaussianState]:
        return watching.keeper(self.hamiltonian, parts, _moments)

    @property
    def is_threaded(self) -> bool:
        return self.hamiltonian.n_modes > _MANY_MODES

    def accuracy(self, state: GaussianState) -> dict[str, float]:
        return {"symplectic_defect": max(self._defects.values(), default=0.0), "step_error": self._step_error}

    def cycle_map(self) -> AffineCycle:
        return AffineCycle(self)

    # --- the propagators of one cycle ------------------------------------------------------------------------------

    def evolution(self, start: float, stop: float) -> Evolution:
        """Return the map of [start, stop], at most a cycle long, with the works on the way."""
        return self._evolution(start, stop)[0]

    def _evolution(self, start: float, stop: float) -> tuple[Evolution, float]:
        """Return the map of [start, stop], at most a cycle long, and by how much it misses symplecticity.

        The same phase of every cycle shares it.
        """
        phase, key = self.hamiltonian.phase_of(start, stop)
        if key not in self._evolutions:
            self._evolutions[key] = evolution = self._assemble(phase, phase + (stop - start))
            self._defects[key] = symplectic_defect(evolution.propagator)
        return self._evolutions[key], self._defects[key]

    def _assemble(self, start: float, stop: float) -> Evolution:
        edges, are_breakpoints = self.hamiltonian.edges(start, stop)
        total, is_before = Evolution.identity(2 * self.hamiltonian.n_modes), self.hamiltonian.side == "left"
        for k, (low, high) in enumerate(itertools.pairwise(edges)):
            if are_breakpoints[k] and is_before:
                total = self._jumped(total, low)
            piece = self._stretch(low, high)
            total = total.then(piece) if k or is_before else piece
            if are_breakpoints[k] and not is_before:
                total = self._jumped(total, high)
        return total

    def _jumped(self, total: Evolution, time: float) -> Evolution:
        """Return a map followed by a breakpoint: nothing moves, and the jumps of <H> are work."""
        jumps, basis = jumps_of(self.hamiltonian, time), self.hamiltonian.basis
        return replace(total, works=joined(total.works, jumps, basis.T @ total.propagator, basis.T @ total.shift))

    def _stretch(self, start: float, stop: float) -> Evolution:
        """Return the map of a stretch without breakpoints."""
        hamiltonian = self.hamiltonian
        if hamiltonian.is_constant(start, stop):
            middle = 0.5 * (start + stop)
            return constant_evolution(hamiltonian.form(middle), hamiltonian.force(middle), stop - start)
        driven = DrivenHamiltonian(hamiltonian.frequencies, hamiltonian.basis, hamiltonian.coupling, hamiltonian.slopes)
        slopes = hamiltonian.slope(np.linspace(start, stop, 65)[1:-1])
        work_scale = (stop - start) * max(float(np.max(np.abs(slope), initial=0.0)) for slope in slopes)
        panels = driven.panels(start, stop)
        self._check_panels(panels, start, stop)
        coarse = driven.evolve(start, stop, panels)
        while True:
            panels += (panels + 1) // 2
            fine = driven.evolve(start, stop, panels)
            error = _difference(coarse, fine, work_scale)
            # Every panel rounds: no tolerance can be met below that.
            if error <= max(self.options.tolerance, panels * float(np.finfo(float).eps)):
                self._step_error = max(self._step_error, error)
                return fine
            if panels > 2 * self.options.max_panels or not np.isfinite(error):
                raise ConvergenceError(
                    f"The propagator of the stretch from t = {start:.6g} to {stop:.6g} must converge to `tolerance` = "
                    f"{self.options.tolerance:.1e}, but two refinements ({panels} panels) still differ by {error:.1e}. Loosen "
                    "the tolerance, or check that the drives are smooth between their breakpoints."
                )
            coarse = fine

    def _check_panels(self, panels: int, start: float, stop: float) -> None:
        if panels > self.options.max_panels:
            highest = float(np.max(self.hamiltonian.frequencies))
            raise ConvergenceError(
                f"The driven stretch from t = {start:.6g} to {stop:.6g} must be resolved in at most `max_panels` = "
                f"{self.options.max_panels} panels, but the fastest bath mode, of frequency {highest:.6g}, asks for {panels}. "
                "Cut the spectral density with `high` at some tens of the highest frequency that matters, or raise `max_panels`."
            )

    def _check_growth(self, new: GaussianState, old: GaussianState, reference: float, when: str) -> None:
        check_growth(self.machine, self.options.max_growth, (new.spread, old.spread, reference), when)


def _difference(coarse: Evolution, fine: Evolution, work_scale: float) -> float:
    """Return the largest difference of two refinements, relative to the size of what it is a difference of.

    Shifts are measured against the vacuum at least, work against what the drive moves to and fro.
    """
    pairs = ((coarse.propagator, fine.propagator, 1.0), (coarse.shift, fine.shift, 1.0))
    return relative_difference((*pairs, *works_apart(coarse.works, fine.works, work_scale)))


def _moments(state: GaussianState, _name: object, rows: Any) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of some functionals."""
    factor = rows @ state.factor
    return np.asarray(rows @ state.mean), np.asarray(factor @ factor.T)


def _block_entropy(covariance: FloatArray, modes: IntArray, defect: float) -> float:
    rows = mode_indices(modes, len(covariance) // 2)
    return entropy(covariance[np.ix_(rows, rows)], defect)


def _total_entropy(state: GaussianState) -> float:
    """Return the entropy of the whole from the state itself, to first order in how far its factor is from symplectic."""
    drift = skew_products(state.factor) - (state.excess + 0.5)
    return float(np.sum(mode_entropy(state.excess + drift)))
