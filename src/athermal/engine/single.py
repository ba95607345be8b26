"""One run of a machine whose modes are known: prepare, then advance and account for each cycle."""

from __future__ import annotations

import importlib.metadata
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.backends.base import Solver
from athermal.backends.choice import AnyBackend, Choice, choose
from athermal.engine.threads import blas_threads
from athermal.engine.watching import Wanted, Watcher
from athermal.errors import (
    ConvergenceError,
    RunError,
    RunInterrupted,
    StateError,
    TruncationWarning,
)
from athermal.machine.initial import AnyInitialState, InitialState
from athermal.machine.machine import Machine
from athermal.machine.spec import to_spec
from athermal.thermodynamics import laws, renewal
from athermal.thermodynamics.conduct import Conduct, Recurrence
from athermal.thermodynamics.confidence import CONVERGED, Coarser, Confidence, Exact
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference, Snapshot

Steps = Callable[[int, int], None]


def single_run(
    machine: Machine,
    cycles: int,
    initial: InitialState,
    backend: AnyBackend | None,
    samples_per_cycle: int,
    progress: Steps | None,
    wanted: Wanted | None = None,
) -> Ledger:
    """Run a machine whose baths all have explicit modes, and return its ledger; see `run`."""
    choice = choose(machine, backend, cycles=cycles, initial=initial)
    with blas_threads(1):
        solver = choice.backend.bind(machine)
    return bound_run(solver, machine, cycles, initial, choice, samples_per_cycle, progress, wanted)


def bound_run(
    solver: Solver[Any],
    machine: Machine,
    cycles: int,
    initial: InitialState,
    choice: Choice,
    samples_per_cycle: int,
    progress: Steps | None,
    wanted: Wanted | None = None,
    state: Any = None,
) -> Ledger:
    """Return the ledger of a run with a solver that is bound already, from a state of its own if one is given."""
    wanted = wanted or Wanted()
    with blas_threads(None if solver.is_threaded else 1) as threads:
        provenance = _provenance(machine, initial, choice, cycles)
        provenance |= {"blas_threads": threads} | solver.facts() | wanted.facts()
        conduct = solver.conduct()
        if choice.follows_modes:
            conduct = replace(conduct, recurrence=recurrence_of(machine, initial))
        watcher = Watcher(wanted, solver, cycles * samples_per_cycle + 1)
        run = _Run(solver, cycles, samples_per_cycle, provenance, conduct, state)
        record = _advance(run, machine, initial, progress, watcher)
        ledger = run.ledger(record, "complete")
    _warn_of_convergence(ledger)
    _warn_of_no_state(ledger)
    return ledger


def _warn_of_convergence(ledger: Ledger) -> None:
    if isinstance(ledger.confidence, Coarser):
        error, where = ledger.largest_error
        change, name = max((change, name) for name, change in ledger.confidence.by_cutoff(ledger).items())
        if not error <= CONVERGED:
            warnings.warn(
                f"The run is not converged: with `{name}` of the backend one coarser, a column changes so that it may be off by "
                f"{change:.2g} (in nats or units of the lowest temperature); by all that is left out by {error:.2g} ({where}). "
                f"Raise `{name}`, or read the columns by their errors (`ledger.errors`).",
                TruncationWarning,
                stacklevel=4,
            )


def _warn_of_no_state(ledger: Ledger) -> None:
    lowest, unknown = ledger.accuracy.get("lowest_eigenvalue", 0.0), np.isnan(ledger.snapshots.system_entropy)
    if lowest < 0.0 and np.any(unknown):
        warnings.warn(
            f"The density matrix of the subsystems had a negative eigenvalue, down to {lowest:.2g}, first at t = "
            f"{float(ledger.snapshots.time[unknown][0]):.6g}: it was no state there, and its entropies are unknown. Of HEOM "
            "raise `depth` or `exponents`; a master equation does not hold at this coupling.",
            TruncationWarning,
            stacklevel=4,
        )


@dataclass
class _Record:
    """What a run has seen so far."""

    watcher: Watcher
    snapshots: list[Snapshot] = field(default_factory=list)
    works: list[float] = field(default_factory=list)
    replicates: list[tuple[Snapshot, FloatArray]] = field(default_factory=list)
    mended: tuple[str, ...] = ()
    state: Any = None
    fuel: list[FloatArray] | None = None
    """What fresh units have brought since the start, in the run and in each of its replicates; None where none are renewed."""

    def renew(self, state: Any, snapshot: Snapshot, replicate: tuple[Snapshot, FloatArray] | None) -> None:
        """Keep what was seen when reservoirs were renewed at the instant kept last."""
        snapshot, replicate = self._seen(state, snapshot, replicate)
        self.snapshots[-1] = replace(self.snapshots[-1], renewed=snapshot)
        if replicate is not None:
            before, totals = self.replicates[-1]
            self.replicates[-1] = replace(before, renewed=replicate[0]), totals

    def deliver(self, reference: Reference) -> None:
        """Add up what the units bring with which a cycle begins."""
        if self.fuel is not None:
            starts = [self.snapshots[-1], *(before for before, _ in self.replicates[-1:])]
            for k, before in enumerate(starts):
                self.fuel[k] = self.fuel[k] + renewal.fuel(before.renewed or before, reference)

    def _seen(
        self, state: Any, snapshot: Snapshot, replicate: tuple[Snapshot, FloatArray] | None
    ) -> tuple[Snapshot, tuple[Snapshot, FloatArray] | None]:
        """Return what was seen with the observables and the fuel among its columns."""
        snapshot, replicate = self.watcher.observed(state, snapshot, replicate)
        if self.fuel is None:
            return snapshot, replicate
        if replicate is not None:
            replicate = _with_fuel(replicate[0], self.fuel[1]), replicate[1]
        return _with_fuel(snapshot, self.fuel[0]), replicate

    def add(self, state: Any, snapshot: Snapshot, replicate: tuple[Snapshot, FloatArray] | None) -> None:
        """Keep what was seen at one instant."""
        snapshot, replicate = self._seen(state, snapshot, replicate)
        self.watcher.keep(state)
        self.snapshots.append(snapshot)
        self.state = state
        if replicate is not None:
            self.replicates.append(replicate)


def _with_fuel(snapshot: Snapshot, delivered: FloatArray) -> Snapshot:
    fuel = np.broadcast_to(delivered, np.shape(snapshot.time)) + 0.0
    return replace(snapshot, extras={**snapshot.extras, "fuel_delivered": fuel})


@dataclass(frozen=True)
class _Run:
    """What a run has been asked for, and what makes its ledger."""

    solver: Solver[Any]
    cycles: int
    samples: int
    provenance: dict[str, Any]
    conduct: Conduct
    prepared: Any = None

    def ledger(self, record: _Record, status: str) -> Ledger:
        """Return the ledger of what a run has seen."""
        solver, state = self.solver, record.state
        remarks = (*solver.remarks(state), *record.mended, *solver.reference.remarks_on_vacuum())
        conduct = replace(self.conduct, status=status, accuracy=solver.accuracy(state), remarks=remarks)
        reference = replace(solver.reference, observables=record.watcher.names)
        confidence: Confidence = Exact()
        if record.replicates:
            copies, totals = zip(*record.replicates, strict=True)
            stacked = Snapshot.stack(copies)
            confidence = solver.confidence(stacked, _total_works(np.diff(np.array(totals), axis=0), stacked, reference))
        states = record.watcher.stacked(len(record.snapshots))
        snapshots = Snapshot.stack(record.snapshots)
        works = _total_works(np.array(record.works), snapshots, reference)
        return Ledger(snapshots, works, reference, self.samples, conduct, confidence, self.provenance, states)

    def finished(self, record: _Record, status: str) -> Ledger | None:
        """Return the ledger of the whole cycles that were finished, or None if there were none."""
        kept = max(0, min(len(record.works), len(record.snapshots) - 1)) // self.samples * self.samples
        seen = record.snapshots[: kept + 1], record.works[:kept], record.replicates[: kept + 1]
        return self.ledger(_Record(record.watcher, *seen, record.mended, record.state), status) if kept else None

    def how_far(self, record: _Record) -> str:
        """Return how many of the cycles are finished."""
        return f"after {len(record.works) // self.samples} of {self.cycles} cycles"


def _total_works(drive_works: FloatArray, snapshots: Snapshot, reference: Reference) -> FloatArray:
    """Return the work between consecutive instants: what drives did, and the chemical work of particles that moved."""
    steps = np.arange(len(drive_works) + 1)
    return laws.total_work(drive_works, *snapshots.between(steps[:-1], steps[1:]), reference)


def _advance(run: _Run, machine: Machine, initial: InitialState, progress: Steps | None, watcher: Watcher) -> _Record:
    """Prepare, then advance and look; an error holds the ledger of the cycles that were finished."""
    record = _Record(watcher)
    try:
        _steps(run, machine, initial, progress, record)
    except StateError as error:
        if not record.works:
            raise
        status = f"stopped {run.how_far(record)}"
        ledger = run.finished(record, status)
        raise ConvergenceError(f"The state has outgrown double precision, and the run was {status}. {error}", ledger) from error
    except RunError as error:
        error.ledger = run.finished(record, f"stopped {run.how_far(record)}: {error}")
        raise
    except (np.linalg.LinAlgError, FloatingPointError, OverflowError) as error:
        status = f"stopped {run.how_far(record)}"
        raise ConvergenceError(
            f"Numbers of this machine leave the range of double precision, and the run was {status} ({error}). Give energies and "
            "temperatures that are less far apart.",
            run.finished(record, status),
        ) from error
    except KeyboardInterrupt:
        status = f"interrupted {run.how_far(record)}"
        ledger = run.finished(record, status)
        raise RunInterrupted(f"The run was {status}; `.ledger` of this exception holds them.", ledger) from None
    return record


def _steps(run: _Run, machine: Machine, initial: InitialState, progress: Steps | None, record: _Record) -> None:
    """Prepare, then advance and look at every sampled instant."""
    solver, samples, steps = run.solver, run.samples, run.cycles * run.samples
    if run.prepared is None:
        state = solver.prepare(initial)
        record.mended = initial.remarks()
    else:
        state = run.prepared
    if machine.renewed_names:
        record.fuel = [np.zeros(()), np.zeros(())]
    record.add(state, solver.snapshot(state, 0.0), solver.replicates(state, 0.0))
    for k in range(steps):
        if machine.renewed_names and k % samples == 0:
            if k:
                state = solver.renew(state)
                time = machine.period * (k / samples)
                record.renew(state, solver.snapshot(state, time), solver.replicates(state, time))
            record.deliver(solver.reference)
        if progress is not None:
            progress(k + 1, steps + 1)
        stop = machine.period * (k + 1) / samples
        state, work = solver.advance(state, machine.period * k / samples, stop)
        seen = solver.snapshot(state, stop), solver.replicates(state, stop)
        record.works.append(work)
        record.add(state, *seen)
    if progress is not None:
        progress(steps + 1, steps + 1)


def _provenance(machine: Machine, initial: InitialState, choice: Choice, cycles: int) -> dict[str, Any]:
    """Return what is needed to run again. What holds a function or a huge matrix has no plain form: its entry is null."""
    return {
        "machine": to_spec(machine),
        "initial": to_spec(initial, AnyInitialState),
        "backend": to_spec(choice.backend),
        **({"backend_choice": choice.why} if choice.why else {}),
        "cycles": cycles,
        "versions": dict(versions()),
    }


@cache
def versions() -> dict[str, str]:
    """Return the versions of what the numbers came from."""
    packages = ("athermal", "numpy", "scipy", "xarray")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}


def recurrence_of(machine: Machine, initial: InitialState) -> Recurrence:
    """Return until when finite baths stand for continuous ones, and for how long the start was charged, if one is finite."""
    times = {name: machine.recurrence_time(name) for name in machine.reservoir_names}
    times = {name: limit for name, limit in times.items() if np.isfinite(limit)}
    return Recurrence(times, span_of(machine, 0, initial)) if times else Recurrence()


def span_of(machine: Machine, cycles: int, initial: InitialState) -> float:
    """Return for how long the baths of a run must stand for continua: the longest time from the start, or back to it."""
    return max(cycles, initial.charged_cycles) * machine.period
