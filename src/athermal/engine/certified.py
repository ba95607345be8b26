"""Runs of continuous baths: as many modes as an accuracy asks for, confirmed by refining them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.backends.choice import AnyBackend, choose
from athermal.engine.single import Steps, recurrence_of, single_run, span_of
from athermal.engine.watching import Wanted
from athermal.errors import ConvergenceError, MachineError, RunError, RunInterrupted
from athermal.machine.initial import AnyInitialState, InitialState
from athermal.machine.machine import Machine
from athermal.machine.settle import Resolution, Settled, settled, to_be_chosen
from athermal.machine.spec import to_spec
from athermal.thermodynamics.confidence import Certified
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Snapshot

DEFAULT_ACCURACY = 1e-6
_SMALLEST_ACCURACY, _LARGEST_ACCURACY = 1e-11, 0.1
# How much better than the coarser of two runs the finer one is meant to be: their difference is then the coarser's error.
CUT_FACTOR = 4.0
_MOST_REFINEMENTS = 6


def checked_accuracy(accuracy: Any, owner: str = "a run") -> float:
    """Return an accuracy that double precision can meet, or raise `MachineError`."""
    value = _validate.positive(accuracy, "accuracy", owner)
    if value > _LARGEST_ACCURACY:
        raise MachineError(f"`accuracy` of {owner} must be at most {_LARGEST_ACCURACY}, but is {value}. Leave it out for 1e-6.")
    if value < _SMALLEST_ACCURACY:
        raise MachineError(
            f"`accuracy` of {owner} must be at least {_SMALLEST_ACCURACY:.0e}, the limit of double precision, but is {value}."
        )
    return value


@dataclass
class Plan:
    """What is run again and again at different resolutions."""

    machine: Machine
    cycles: int
    initial: InitialState
    backend: AnyBackend | None
    samples_per_cycle: int
    progress: Steps | None
    done: int = 0
    wanted: Wanted | None = None

    def run_at(self, resolution: Resolution) -> Resolved:
        """Run the machine with its continuous baths at one resolution."""
        try:
            explicit, facts = settled(self.machine, span_of(self.machine, self.cycles, self.initial), resolution)
        except KeyboardInterrupt:
            raise RunInterrupted("The run was interrupted while its modes were chosen.", None) from None
        try:
            ledger = self.run(explicit)
        except (RunError, RunInterrupted) as error:
            if error.ledger is not None:
                error.ledger = self._of_the_given(error.ledger, facts)
            raise
        return Resolved(resolution, explicit, facts, self._of_the_given(ledger, facts))

    def _of_the_given(self, ledger: Ledger, facts: tuple[Settled, ...]) -> Ledger:
        """Return a ledger that tells what was run: the machine as it was given, and what became of its continuous baths."""
        told = {
            "machine": to_spec(self.machine),
            "initial": to_spec(self.initial, AnyInitialState),
            "continuum": [
                {"reservoir": fact.name, "modes": fact.n_modes, "low": fact.low, "high": fact.high, "beyond": fact.tail}
                for fact in facts
            ],
        }
        conduct = replace(ledger.conduct, recurrence=recurrence_of(self.machine, self.initial))
        return replace(ledger, provenance=ledger.provenance | told, conduct=conduct)

    def run(self, machine: Machine) -> Ledger:
        """Run a machine with explicit modes for as long."""
        total = self.cycles * self.samples_per_cycle + 1
        before, whole = self.done * total, (self.done + 2 - self.done % 2) * total
        progress = self.progress
        told = None if progress is None else lambda step, _: progress(before + step, whole)
        self.done += 1
        backend = "auto" if self.backend is None else self.backend
        return single_run(machine, self.cycles, self.initial, backend, self.samples_per_cycle, told, self.wanted)


@dataclass(frozen=True)
class Resolved:
    """A run at one resolution."""

    resolution: Resolution
    machine: Machine
    facts: tuple[Settled, ...]
    ledger: Ledger


def certify(plan: Plan, accuracy: float) -> tuple[Ledger, Resolved, Resolved]:
    """Run a machine with baths of modes="auto" at two resolutions, refining until they agree to an accuracy.

    Returns
    -------
    Ledger, Resolved, Resolved
        The finer ledger with its certified errors; the finer and the coarser run.
    """
    _check_certifiable(plan)
    coarse = plan.run_at(Resolution.for_accuracy(accuracy))
    resolution, ledger, reached, remedy = coarse.resolution, None, "", ""
    for k in range(_MOST_REFINEMENTS):
        resolution = resolution.finer_modes().finer_cut(CUT_FACTOR)
        try:
            fine = plan.run_at(resolution)
        except RunInterrupted as interruption:
            kept = with_status(coarse.ledger, "interrupted before it was certified")
            raise RunInterrupted(
                f"The run was interrupted while its baths were refined; `.ledger` of this exception holds all {kept.n_cycles} "
                "cycles, which are not certified.",
                kept,
            ) from interruption
        except ConvergenceError as obstacle:
            if ledger is None:
                raise
            remedy = str(obstacle)
            break
        ledger = compared(fine, coarse, accuracy)
        error, where = ledger.largest_error
        if error <= accuracy:
            return ledger, fine, coarse
        reached = f"that of {where} is {error:.1e} after {k + 1} refinements"
        coarse = fine
        # What lies beyond the cut-off acts in proportion: this much less of it, and the next difference will do.
        resolution = resolution.finer_cut(max(1.0, error / accuracy))
    raise ConvergenceError(
        f"The error of every column must be at most `accuracy` = {accuracy:.1e} (nats; energies in units of the lowest "
        f"temperature), but {reached}. {remedy or 'Ask for less accuracy, or smooth the spectral density.'}",
        None if ledger is None else with_status(ledger, f"the accuracy of {accuracy:.1e} was not met"),
    )


def with_status(ledger: Ledger, status: str) -> Ledger:
    """Return a ledger that says how its run ended."""
    return replace(ledger, conduct=replace(ledger.conduct, status=status))


def _check_certifiable(plan: Plan) -> None:
    """Raise `MachineError` for what names single modes of a bath whose modes are yet to be chosen, or cuts oscillators."""
    choose(plan.machine, plan.backend)
    names = to_be_chosen(plan.machine)
    for layer in reversed(plan.initial.layers()):
        if what := layer.pinned_to(names):
            raise MachineError(
                f'{what} must not depend on the modes of a bath with modes="auto", which are chosen when it is run. Give it a '
                "number of modes."
            )


def compared(fine: Resolved, coarse: Resolved, accuracy: float) -> Ledger:
    """Return the finer ledger of two with the errors that the coarser certifies."""
    held = Certified(_from_the_ground(coarse.ledger, fine.ledger), coarse.ledger.works, coarse.ledger.reference.log_partitions)
    provenance = fine.ledger.provenance | {"accuracy_asked": accuracy}
    return replace(fine.ledger, provenance=provenance, confidence=held)


def _from_the_ground(ledger: Ledger, other: Ledger) -> Snapshot:
    """Return the snapshots of a ledger, energies of vacua counted from the ground level of another's."""
    own, new = ledger.reference.ground_energies, other.reference.ground_energies
    if own is None or new is None:
        return ledger.snapshots
    shift = np.where(ledger.reference.is_cold, new - own, 0.0)
    return _shifted(ledger.snapshots, shift)


def _shifted(snapshots: Snapshot, shift: FloatArray) -> Snapshot:
    renewed = None if snapshots.renewed is None else _shifted(snapshots.renewed, shift)
    return replace(snapshots, reservoir_energies=snapshots.reservoir_energies + shift, renewed=renewed)
