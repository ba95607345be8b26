"""Run a machine: prepare, then advance and account for each cycle."""

from __future__ import annotations

import importlib.metadata
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.backends.auto import Auto, default_backend
from athermal.backends.base import Backend, Solver
from athermal.errors import (
    ConvergenceError,
    MachineError,
    RecurrenceWarning,
    ResidualWarning,
    RunError,
    RunInterrupted,
    StateError,
    TruncationWarning,
)
from athermal.machine.initial import AnyInitialState, Charged, CorrelatedMarginals, Displaced, InitialState, Squeezed
from athermal.machine.machine import Machine
from athermal.machine.spec import to_spec
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Replicates, Snapshot

Progress = Callable[[int, int], None]

# Population of the highest level that is kept of an oscillator above which a run warns.
_TOP_LEVEL = 1e-3


def run(
    machine: Machine,
    cycles: int = 1,
    initial: InitialState | None = None,
    *,
    backend: Backend | Literal["auto"] | None = None,
    samples_per_cycle: int = 1,
    progress: Progress | None = None,
) -> Ledger:
    """Run a machine for some cycles and return its ledger.

    Parameters
    ----------
    machine : Machine
    cycles : int
        How many periods.
    initial : InitialState, optional
        The machine's own if left out.
    backend : Backend or "auto", optional
        If left out, `Dense()` for oscillators treated as Gaussian (`Star()` beyond 2000 modes), `DensityMatrix()` for finite
        parts. "auto" chooses between dense and star by the size of the machine and the length of the run; the ledger's
        provenance says which (`backend`) and why (`backend_choice`).
    samples_per_cycle : int
        Equally spaced instants per cycle at which the ledger is sampled, the end of the cycle included. Each keeps a
        propagator of its own, two matrices of the size of the covariance.
    progress : callable, optional
        Called as progress(finished, total) with the number of sampled instants, the preparation included as one.

    Returns
    -------
    Ledger

    Raises
    ------
    MachineError, StateError
        If the machine or its initial state cannot exist.
    InstabilityError, ConvergenceError
        If the run cannot be finished; `.ledger` holds the finished cycles.
    RunInterrupted
        On Ctrl-C; `.ledger` holds the finished cycles.

    Warns
    -----
    RecurrenceWarning
        If the run is longer than a bath's recurrence time.
    TruncationWarning
        If an oscillator was cut to too few levels.
    ResidualWarning
        If a law is missed by more than its tolerance.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=3)
    >>> ledger.n_cycles
    3
    """
    if not isinstance(machine, Machine):
        raise MachineError(f"`machine` of a run must be a Machine, but is {machine!r}.")
    cycles = _validate.count(cycles, "cycles", "a run")
    samples_per_cycle = _validate.count(samples_per_cycle, "samples_per_cycle", "a run")
    initial = machine.initial if initial is None else initial
    if not isinstance(initial, InitialState):
        raise MachineError(f"`initial` of a run must be an initial state such as ProductThermal(), but is {initial!r}.")
    chosen, why = _chosen_backend(backend, machine, cycles, initial)
    solver = chosen.bind(machine)
    _warn_of_recurrence(machine, cycles, initial)
    provenance = _provenance(machine, initial, chosen, cycles) | ({"backend_choice": why} if why else {})
    record = _advance(solver, machine, initial, cycles, samples_per_cycle, provenance, progress)
    ledger = _ledger(solver, record, samples_per_cycle, provenance, "complete")
    _warn_of_truncation(ledger)
    if violations := ledger.violations():
        warnings.warn(
            f"{len(violations)} residuals of the laws are above their tolerance. {violations[0]} See `ledger.violations()`.",
            ResidualWarning,
            stacklevel=2,
        )
    return ledger


def _chosen_backend(backend: Any, machine: Machine, cycles: int, initial: InitialState) -> tuple[Backend, str]:
    """Return the backend to use, and why if the choice was left to the software."""
    if backend is None:
        return default_backend(machine), ""
    if isinstance(backend, str) and backend == "auto":
        backend = Auto()
    if isinstance(backend, Auto):
        return backend.choose(machine, cycles, initial)
    if not isinstance(backend, Backend):
        raise MachineError(f'`backend` of a run must be a backend such as Dense(), or "auto", but is {backend!r}.')
    return backend, ""


@dataclass
class _Record:
    """What a run has seen so far."""

    snapshots: list[Snapshot] = field(default_factory=list)
    works: list[float] = field(default_factory=list)
    replicates: list[tuple[Snapshot, FloatArray]] = field(default_factory=list)

    def add(self, snapshot: Snapshot, replicate: tuple[Snapshot, FloatArray] | None) -> None:
        """Keep what was seen at one instant."""
        self.snapshots.append(snapshot)
        if replicate is not None:
            self.replicates.append(replicate)


def _advance(
    solver: Solver[Any],
    machine: Machine,
    initial: InitialState,
    cycles: int,
    samples: int,
    provenance: dict[str, Any],
    progress: Progress | None,
) -> _Record:
    record = _Record()
    total = cycles * samples + 1
    try:
        state = solver.prepare(initial)
        record.add(solver.snapshot(state, 0.0), solver.replicates(state, 0.0))
        for k in range(cycles * samples):
            if progress is not None:
                progress(k + 1, total)
            stop = machine.period * (k + 1) / samples
            state, work = solver.advance(state, machine.period * k / samples, stop)
            seen = solver.snapshot(state, stop), solver.replicates(state, stop)
            record.works.append(work)
            record.add(*seen)
        if progress is not None:
            progress(total, total)
    except StateError as error:
        if not record.works:
            raise
        status = f"stopped after {len(record.works) // samples} of {cycles} cycles"
        ledger = _finished(solver, record, samples, provenance, status)
        raise ConvergenceError(f"The state has outgrown double precision, and the run was {status}. {error}", ledger) from error
    except RunError as error:
        status = f"stopped after {len(record.works) // samples} of {cycles} cycles: {error}"
        error.ledger = _finished(solver, record, samples, provenance, status)
        raise
    except KeyboardInterrupt:
        status = f"interrupted after {len(record.works) // samples} of {cycles} cycles"
        ledger = _finished(solver, record, samples, provenance, status)
        raise RunInterrupted(f"The run was {status}; `.ledger` of this exception holds them.", ledger) from None
    return record


def _finished(solver: Solver[Any], record: _Record, samples: int, provenance: dict[str, Any], status: str) -> Ledger | None:
    """Return the ledger of the whole cycles that were finished, or None if there were none."""
    kept = max(0, min(len(record.works), len(record.snapshots) - 1)) // samples * samples
    finished = _Record(record.snapshots[: kept + 1], record.works[:kept], record.replicates[: kept + 1])
    return _ledger(solver, finished, samples, provenance, status) if kept else None


def _ledger(solver: Solver[Any], record: _Record, samples: int, provenance: dict[str, Any], status: str) -> Ledger:
    facts = {**provenance, "status": status, "accuracy": solver.accuracy()}
    if remarks := solver.remarks():
        facts["remarks"] = list(remarks)
    replicates = None
    if record.replicates:
        snapshots, totals = zip(*record.replicates, strict=True)
        replicates = Replicates(Snapshot.stack(snapshots), np.diff(np.array(totals), axis=0))
    return Ledger(Snapshot.stack(record.snapshots), np.array(record.works), solver.reference, samples, facts, replicates)


def _provenance(machine: Machine, initial: InitialState, backend: Backend, cycles: int) -> dict[str, Any]:
    """Return what is needed to run again. What holds a function or a huge matrix has no plain form: its entry is null."""
    return {
        "machine": to_spec(machine),
        "initial": to_spec(initial, AnyInitialState),
        "backend": to_spec(backend),
        "cycles": cycles,
        "versions": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in ("athermal", "numpy", "scipy", "xarray")},
        },
    }


def _warn_of_recurrence(machine: Machine, cycles: int, initial: InitialState) -> None:
    charging, start = 0, initial
    while isinstance(start, (Charged, CorrelatedMarginals, Squeezed, Displaced)):
        charging += start.cycles if isinstance(start, Charged) else 0
        start = start.start
    span = max(cycles, charging) * machine.period
    for name in machine.reservoir_names:
        limit = machine.recurrence_time(name)
        if span > limit:
            warnings.warn(
                f"The run lasts {span:.6g}, longer than the recurrence time {limit:.6g} of reservoir {name!r}: from cycle "
                f"{int(limit // machine.period) + 1} on its finite size shows. Use more modes, or read the late cycles as those "
                "of a finite bath.",
                RecurrenceWarning,
                stacklevel=3,
            )


def _warn_of_truncation(ledger: Ledger) -> None:
    highest = float(np.max(ledger.snapshots.extras.get("top_level_population", np.zeros(1))))
    if highest > _TOP_LEVEL:
        warnings.warn(
            f"The highest level kept of an oscillator holds up to {highest:.2g} of its population: the cut changes the results. "
            "Raise `levels` until the column `top_level_population` is negligible.",
            TruncationWarning,
            stacklevel=3,
        )
