"""The star Gaussian backend: long runs and large baths at a cost linear in the number of modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.backends.base import Backend, Keeper, Solver, Watch
from athermal.backends.gaussian import watch as watching
from athermal.backends.gaussian.shared import TELLS, check_growth, energies_of, extras_of, reference_of, resources_of
from athermal.backends.gaussian.star_entropy import block_entropy, changed, low_rank_entropy
from athermal.backends.gaussian.star_prepare import StarPreparer
from athermal.backends.gaussian.star_segment import Segment, SegmentBuilder
from athermal.backends.gaussian.star_state import History, Key, LowRank, Rows, StarStart, StarState, appended
from athermal.backends.gaussian.state import GaussianState
from athermal.errors import MachineError, StateError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.maths.gaussian import entropy
from athermal.maths.propagate import expectations
from athermal.maths.star_information import mutual_information_of_amplitudes
from athermal.maths.symplectic import symplectic_form
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import Tells

# Lost symplecticity beyond this is worth a remark: the ledger's own tolerance.
_LOSS = 1e-9


@dataclass(frozen=True)
class Star(Backend):
    """Exact dynamics of few oscillators between baths of free modes, without the covariance of the whole.

    During a stretch of the cycle the contacts of a bath reach only about bandwidth x duration/2 pi of its modes, orthonormal
    combinations that are found once; among them the map is computed by Gauss-Legendre collocation of order 48, symplectic
    to rounding, and on all others it is the free rotation. Energies, work and heats then follow from the second moments of
    the reached modes, carried as rows over the initial quadratures, and the mutual information from

        I(S,R) = S(S) - s + integral_0^{1/2} ln det [((sigma + i y Omega)^{-1})_SS] dy,

    whose integrand needs only the system's rows. One cycle costs O(modes x reached modes). The entropies of single
    reservoirs, of which C(R) and D_j are made, follow from the low-rank change of their covariance by the matrix determinant
    lemma while its rank is at most `max_rank` and half the modes of the bath, and then from the covariance of the bath if it
    has at most `entropy_modes` modes; else they are NaN, and `ledger.remarks` says so.

    Parameters
    ----------
    tolerance : float
        Largest relative difference between two refinements of a stretch (or the rounding of its panels, if larger).
    max_panels : int
        Panels of a stretch, each about two periods of the fastest mode, beyond which it is refused as too stiff.
    max_growth : float
        How far the variances of the subsystems may grow beyond the largest of the start before the run is stopped as unstable.
    max_rank : int
        Largest number of complex directions in which a bath has changed up to which its entropy follows from them; each
        snapshot then costs O(modes x max_rank^2). 0 for never.
    entropy_modes : int
        Largest bath whose covariance is formed for its entropy once it has changed in too many directions: some seconds a
        snapshot at 1000 modes, eight times as much at twice as many.
    block_modes : int
        How many modes may be correlated with one another at the start, and in how small a bath the covariance is formed
        from the start.

    References
    ----------
    Hairer, Lubich, Wanner, Geometric Numerical Integration (Springer 2006), theorem IV.2.2.

    Examples
    --------
    >>> Star(max_rank=0).max_rank
    0
    """

    families: ClassVar[tuple[str, ...]] = ("harmonic",)
    takes_chosen_modes: ClassVar[bool] = True
    tells: ClassVar[Tells] = replace(TELLS, doubtful={"reservoir_entropies"})

    tolerance: float = 1e-12
    max_panels: int = 4_000
    max_growth: float = 1e8
    max_rank: int = 400
    entropy_modes: int = 1000
    block_modes: int = 128
    kind: Literal["star"] = field(default="star", repr=False)

    def __post_init__(self) -> None:
        owner = self.owner
        _validate.fraction(self.tolerance, "tolerance", owner)
        _validate.count(self.max_panels, "max_panels", owner)
        _validate.positive(self.max_growth, "max_growth", owner)
        _validate.count(self.max_rank, "max_rank", owner, least=0)
        _validate.count(self.entropy_modes, "entropy_modes", owner, least=0)
        _validate.count(self.block_modes, "block_modes", owner, least=0)

    @property
    def owner(self) -> str:
        return "the star backend"

    def bind(self, machine: Machine) -> StarSolver:
        """Return a solver for this machine, or raise `MachineError` if its parts are finite."""
        self.refuse_unfit(machine)
        return StarSolver(machine, self)


class StarSolver(Solver[StarState]):
    """The star backend bound to one machine."""

    def __init__(self, machine: Machine, options: Star) -> None:
        self.machine = machine
        self.options = options
        self.hamiltonian = Hamiltonian.of(machine)
        self.builder = SegmentBuilder(self.hamiltonian, options.tolerance, options.max_panels)
        self._segments: dict[Key, Segment] = {}
        self._phases: dict[Key, float] = {}

    @property
    def reference(self) -> Reference:
        return reference_of(self.hamiltonian)

    def prepare(self, initial: InitialState) -> StarState:
        charged_from: list[float] = []

        def cycle_backwards(later: StarState) -> StarState:
            charged_from.append(self._spread(later))
            before, _ = self.advance(later, self.machine.period, 0.0)
            reference = max(charged_from[0], later.start.spread)
            self._check_growth(self._spread(before), charged_from[-1], reference, "going backwards to charge it")
            return before

        preparer = StarPreparer(self.hamiltonian, self._begin, cycle_backwards, self._densified, self.options.block_modes)
        state = preparer.prepare(initial)
        spread = max(self._spread(state), state.start.spread)
        begun = replace(state, switching=np.zeros_like(state.switching), initial_spread=spread, unresolved={})
        return self._seen(begun, 0.0)

    def advance(self, state: StarState, start: float, stop: float) -> tuple[StarState, float]:
        if stop == start:
            return state, 0.0
        low, high = min(start, stop), max(start, stop)
        key = self._segment_key(low, high)
        segment = self._segments[key]
        forward = stop > start
        later = replace(
            state,
            history=appended(state.history, key, 1 if forward else -1),
            elapsed=state.elapsed + stop - start,
            defect=state.defect + segment.symplectic_defect,
        )
        early = state if forward else later
        rows, offsets = self._rows(early, ("segment", key), segment.map.own_rows)
        mean, covariance = state.start.means(rows) + offsets, state.start.covariance(rows)
        works = expectations(segment.works, mean, covariance, 1 + len(segment.heats))
        heats = np.array([heat.expectation(mean, covariance) for heat in segment.heats])
        sign = 1.0 if forward else -1.0
        changes = self._changes(state, segment, rows, early.elapsed, sign)
        switching = state.switching + sign * works[1:]
        later = replace(later, energies=state.energies + sign * heats, changes=changes, switching=switching)
        later = self._seen(later, stop)
        if forward and state.initial_spread is not None:
            spread = self._spread(later)
            if spread > self.options.max_growth * state.initial_spread:
                self._check_growth(spread, self._spread(state), state.initial_spread, f"at t = {stop:.6g}")
        return later, sign * float(np.sum(works))

    def snapshot(self, state: StarState, time: float) -> Snapshot:
        rows, offsets = self._contact_rows(state)
        covariance, means = state.start.covariance(rows), state.start.means(rows) + offsets
        forms, forces = self.hamiltonian.subsystem_coupling(time % self.machine.period)
        second = covariance + np.outer(means, means)
        s = self.builder.n_system
        system = covariance[: 2 * s, : 2 * s]
        system_entropy = entropy(system, state.defect)
        try:
            total = state.start.total_entropy
            amplitudes = state.start.factored(rows[: 2 * s])
            shared = mutual_information_of_amplitudes(amplitudes, state.start.excess, state.defect, state.start.whitened_shared)
            reservoirs_entropy = shared - system_entropy + total
            if len(self.builder.bath_modes) == 1:
                reservoir_entropies = [reservoirs_entropy]
            else:
                reservoir_entropies = [self._reservoir_entropy(state, j) for j in range(len(self.builder.bath_modes))]
        except StateError as error:
            raise StateError(f"{error} Use Dense().") from None
        return Snapshot(
            np.asarray(time),
            energies_of(forms, forces, means, second),
            state.energies,
            np.array([entropy(system[np.ix_([k, s + k], [k, s + k])], state.defect) for k in range(s)]),
            np.array(reservoir_entropies),
            np.asarray(system_entropy),
            np.asarray(reservoirs_entropy),
            np.asarray(total),
            extras_of(self.hamiltonian, time, means, second, state.switching)
            | resources_of(self.hamiltonian, time, means[: 2 * s], system),
        )

    def watch(self, observables: Sequence[Observable]) -> Watch[StarState]:
        return watching.watch(self.hamiltonian, observables, self._moments)

    def keeper(self, parts: tuple[str, ...]) -> Keeper[StarState]:
        return watching.keeper(self.hamiltonian, parts, self._moments)

    def _moments(self, state: StarState, name: object, functionals: Any) -> tuple[FloatArray, FloatArray]:
        """Return mean and covariance of some functionals."""
        most = max(self.options.entropy_modes, self.options.block_modes) + self.builder.n_system
        if functionals.shape[0] > 2 * most:
            raise MachineError(
                f"An observable or a kept state must be of at most {most} modes for the star backend (`entropy_modes` and the "
                f"subsystems), but is of {functionals.shape[0] // 2}. Name a `site`, raise `entropy_modes`, or use Dense()."
            )

        def made() -> ComplexArray:
            x, p = np.split(functionals.toarray(), 2, axis=1)
            return np.asarray(x + 1j * p)

        rows, offsets = self._rows(state, ("watched", name), made)
        return state.start.means(rows) + offsets, state.start.covariance(rows)

    def accuracy(self, state: StarState) -> dict[str, float]:
        segments = self._segments.values()
        return {
            "effective_defect": max((segment.symplectic_defect for segment in segments), default=0.0),
            "step_error": max((segment.step_error for segment in segments), default=0.0),
            "accumulated_defect": state.lost,
        }

    def remarks(self, state: StarState) -> tuple[str, ...]:
        options, found = self.options, []
        for name, time in state.unresolved.items():
            n = len(self.hamiltonian.part_modes[name])
            found.append(
                f"D of {name!r} and C(R) are unknown from t = {time:.6g} on: the bath has then changed in more than "
                f"{min(options.max_rank, n // 2)} directions (`max_rank`, or half its modes) and has {n} modes, more than "
                f"`entropy_modes` = {options.entropy_modes}. Use Dense(), or raise `max_rank` or `entropy_modes`; I(S,R), the "
                "energies and the totals are known throughout."
            )
        if state.lost > _LOSS:
            found.append(
                f"Over the run the map of the subsystems has come to miss symplecticity by {state.lost:.1e}: entropies are "
                "known to about that. Use Dense() to check them, or fewer cycles."
            )
        return tuple(found)

    # --- rows over the initial quadratures ---------------------------------------------------------------------------

    def _segment_key(self, start: float, stop: float) -> Key:
        """Return the key of the map of [start, stop], at most a cycle long; the same phase of every cycle shares it."""
        phase, key = self.hamiltonian.phase_of(start, stop)
        if key not in self._segments:
            self._segments[key] = self.builder.build(phase, phase + (stop - start))
            self._phases[key] = phase
        return key

    def _whole_cycle(self, key: Key) -> Segment:
        """Return a map that may only have come about by folding others."""
        if key not in self._segments:
            phase = next(start for (place, _), start in self._phases.items() if place == key[0])
            self._segments[key] = self.builder.build(phase, phase + self.machine.period)
            self._phases[key] = phase
        return self._segments[key]

    def _rows(self, state: StarState, name: object, make: Callable[[], ComplexArray]) -> Rows:
        """Return functionals of the present quadratures as rows over those of the start.

        Maps that repeat are applied from the side of the start: those of cycle n + 1 are those of cycle n before one more
        first cycle.
        """
        history = state.history
        base, steps = None, history
        # Kept for each phase of the cycle: whole cycles more or less lead from one to the next.
        place = name, _split(history)[1]
        if place in state.carried:
            known, rows = state.carried[place]
            remaining = _remaining(known, history)
            if remaining is not None:
                base, steps = rows, remaining
        if base is None:
            made = make()
            base = made, np.zeros(len(made))
        for key, times in reversed(steps):
            star_map = self._whole_cycle(key).map
            for _ in range(abs(times)):
                base = star_map.after(*base) if times > 0 else star_map.before(*base)
        state.carried[place] = (history, base)
        return base

    def _contact_rows(self, state: StarState) -> Rows:
        return self._rows(state, "contacts", lambda: self.builder.contact_rows)

    def _spread(self, state: StarState) -> float:
        """Return the largest variance of the subsystems."""
        rows, _ = self._contact_rows(state)
        return float(np.max(np.diag(state.start.covariance(rows[: 2 * self.builder.n_system]))))

    # --- states --------------------------------------------------------------------------------------------------------

    def _begin(self, start: StarStart) -> StarState:
        moments = start.second_moments()
        energies = [0.5 * float(self.hamiltonian.frequencies[modes] @ moments[modes]) for modes in self.builder.bath_modes]
        changes: list[LowRank | None] = []
        for modes in self.builder.bath_modes:
            several, large = len(self.builder.bath_modes) > 1, len(modes) > self.options.block_modes
            followed = several and large and self.options.max_rank > 0
            empty = LowRank(np.empty((len(modes), 0), complex), np.empty((0, self.hamiltonian.n_modes), complex))
            changes.append(empty if followed else None)
        return StarState(start, (), np.array(energies), 0.0, tuple(changes), np.zeros(len(energies)))

    def _densified(self, state: StarState) -> GaussianState:
        """Return the moments of all modes."""
        n = self.hamiltonian.n_modes
        unit = np.eye(n, dtype=complex)
        rows, offsets = self._rows(state, "all", lambda: np.concatenate([unit, 1j * unit]))
        covariance = state.start.covariance(rows)
        return GaussianState.from_moments(state.start.means(rows) + offsets, covariance, state.defect)

    def _changes(
        self, state: StarState, segment: Segment, rows: ComplexArray, elapsed: float, sign: float
    ) -> tuple[LowRank | None, ...]:
        results: list[LowRank | None] = []
        for j, (change, own) in enumerate(zip(state.changes, segment.map.effective(), strict=True)):
            modes = self.builder.bath_modes[j]
            if change is None:
                results.append(None)
                continue
            phases = np.exp(1j * self.hamiltonian.frequencies[modes] * elapsed)
            limit = min(self.options.max_rank, len(modes) // 2)
            results.append(changed(change, segment.map, j, own, rows, sign * phases, limit))
        return tuple(results)

    def _seen(self, state: StarState, time: float) -> StarState:
        """Return a state that knows what a run has come to miss, and since when."""
        rows, _ = self._contact_rows(state)
        lost = max(state.lost, _defect_of_rows(rows[: 2 * self.builder.n_system]))
        unresolved = {}
        if len(self.builder.bath_modes) > 1:
            each = zip(self.machine.reservoir_names, state.changes, self.builder.bath_modes, strict=True)
            unresolved = {name: time for name, change, modes in each if change is None and not self._can_be_formed(modes)}
        return replace(state, lost=lost, unresolved=unresolved | state.unresolved)

    def _can_be_formed(self, modes: IntArray) -> bool:
        """Tell whether the covariance of a bath is formed for its entropy."""
        return len(modes) <= max(self.options.block_modes, self.options.entropy_modes)

    def _reservoir_entropy(self, state: StarState, j: int) -> float:
        modes, change = self.builder.bath_modes[j], state.changes[j]
        if change is not None:
            return low_rank_entropy(state.start, modes, change)
        if self._can_be_formed(modes):
            unit = np.zeros((len(modes), self.hamiltonian.n_modes), dtype=complex)
            unit[np.arange(len(modes)), modes] = 1.0
            rows, _ = self._rows(state, ("bath", j), lambda: np.concatenate([unit, 1j * unit]))
            return block_entropy(state.start, rows, state.defect)
        return float("nan")

    def _check_growth(self, new: float, old: float, reference: float, when: str) -> None:
        check_growth(self.machine, self.options.max_growth, (new, old, reference), when)


def _defect_of_rows(rows: ComplexArray) -> float:
    """Return max |R Omega R^T - Omega| of the rows of some quadratures (x's, then p's)."""
    half = len(rows) // 2
    return float(np.max(np.abs((rows.conj() @ rows.T).imag - symplectic_form(half)), initial=0.0))


def _remaining(known: History, wanted: History) -> History | None:
    """Return the whole cycles that lead from one history to another, or None if there is no short way."""
    if known == wanted:
        return ()
    first, rest = _split(known)
    wanted_first, wanted_rest = _split(wanted)
    keys = {entry[0] for entry in (first, wanted_first) if entry is not None}
    if rest != wanted_rest or len(keys) != 1:
        return None
    there, here = (entry[1] if entry is not None else 0 for entry in (wanted_first, first))
    if abs(there - here) >= abs(there) + len(rest):
        return None
    return ((keys.pop(), there - here),)


def _split(history: History) -> tuple[tuple[Key, int] | None, History]:
    if history and history[0][0][1] == 1.0:
        return history[0], history[1:]
    return None, history
