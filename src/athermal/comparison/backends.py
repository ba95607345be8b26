"""Run one machine with several backends and compare their ledgers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from athermal import _validate
from athermal._validate import as_study, suggest
from athermal.backends.base import Backend
from athermal.backends.choice import AnyBackend, as_backend, choose
from athermal.comparison.backend_result import BackendComparison
from athermal.engine import Progress, run
from athermal.engine.progress import telling_cycles
from athermal.engine.single import Steps
from athermal.engine.size import checked_size
from athermal.errors import AthermalWarning, MachineError, RunError, RunInterrupted, StateError, StudyError, StudyInterrupted
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.thermodynamics.ledger import Ledger


def compare_backends(
    machine: Machine,
    backends: Sequence[AnyBackend] | Mapping[str, AnyBackend],
    cycles: int = 1,
    initial: InitialState | None = None,
    *,
    reference: str | None = None,
    samples_per_cycle: int = 1,
    accuracy: float | None = None,
    repeats: int = 1,
    progress: Progress = None,
) -> BackendComparison:
    """Run one machine with several backends and tell how far each is from the first, column by column, and how long it took.

    Parameters
    ----------
    machine : Machine
    backends : sequence or mapping of str to Backend
        At least two. Those of a sequence are named by their `kind`, numbered from the second of a kind on.
    cycles : int
    initial : InitialState, optional
        The machine's own if left out.
    reference : str, optional
        The name of the backend that the others are compared with; the first if left out. It is run first.
    samples_per_cycle, accuracy
        As of `athermal.run`.
    repeats : int
        How often each is run; the shortest time counts. A first run may be slower than later ones.
    progress : callable or bool, optional
        If left out, a bar on a terminal or in a notebook, once it has lasted for a second or two. True: a bar from the start;
        where there is neither, a line on standard error every ten seconds. False: nothing. A function is called as
        progress(finished, total) with the number of sampled instants of all runs.

    Returns
    -------
    BackendComparison
        A backend that refuses the machine or its initial state, or does not finish, is listed there with its message.

    Raises
    ------
    StudyError
        If there are fewer than two backends, or `reference` is none of them.
    MachineError, StateError
        If the reference refuses the machine or its initial state.
    RunError
        If the reference does not finish a single cycle.
    StudyInterrupted
        On Ctrl-C; `.result` holds the comparison of what was finished, or None if the reference has no cycle yet.

    Examples
    --------
    >>> import athermal as at
    >>> machine = at.library.two_oscillator(modes=12)
    >>> found = at.compare_backends(machine, [at.Dense(), at.Star(), at.StateVectors()], cycles=2)
    >>> bool((abs(found.differences.work) < 1e-9).all())
    True
    >>> found.refused["state_vectors"]
    'The state-vector backend holds machines of finite parts, but this one is of oscillators. Use Dense() or Star().'
    """
    if not isinstance(machine, Machine):
        raise MachineError(f"`machine` of a comparison must be a Machine, but is {_validate.shown(machine)}.")
    cycles, samples_per_cycle = checked_size(machine, cycles, samples_per_cycle, "a comparison")
    repeats = _validate.count(repeats, "repeats", "a comparison", most=1000)
    chosen = _named(backends, reference)
    options = {
        "cycles": cycles,
        "initial": initial,
        "samples_per_cycle": samples_per_cycle,
        "accuracy": accuracy,
    }
    work = _Work(next(iter(chosen)))
    try:
        with telling_cycles(progress, samples_per_cycle) as advance:
            for k, (name, backend) in enumerate(chosen.items()):
                for again in range(repeats):
                    told = _part_of(advance, k * repeats + again, len(chosen) * repeats)
                    work.run(name, machine, {**options, "backend": backend, "progress": told})
                    if name in work.refused or name in work.stopped:
                        break
    except KeyboardInterrupt:
        finished = [name for name in work.ledgers if name not in work.stopped]
        for name in chosen:
            if not any(name in held for held in (work.ledgers, work.refused, work.stopped)):
                work.stopped[name] = "not run, because the comparison was interrupted"
        result = work.result() if work.reference in work.ledgers else None
        message = f"The comparison was interrupted: {len(finished)} of {len(chosen)} backends are finished"
        message += "; `.result` of this exception holds them." if result is not None else "."
        raise StudyInterrupted(message, result) from None
    return work.result()


@dataclass
class _Work:
    """What the runs have given so far."""

    reference: str
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    runtimes: dict[str, float] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, name: str, machine: Machine, options: dict[str, Any]) -> None:
        """Run a machine with one backend and keep what came of it."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", AthermalWarning)
            try:
                self._run(name, machine, options)
            finally:
                told = [f"{entry.category.__name__}: {entry.message}" for entry in caught if _is_ours(entry)]
                if told and name not in self.refused:
                    self.warnings[name] = tuple(dict.fromkeys((*self.warnings.get(name, ()), *told)))
        for entry in caught:
            if not _is_ours(entry):
                warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)

    def _run(self, name: str, machine: Machine, options: dict[str, Any]) -> None:
        started = time.perf_counter()
        try:
            if not choose(machine, options["backend"]).follows_modes:  # it has tolerances of its own
                options = options | {"accuracy": None}
            ledger: Ledger | None = run(machine, **options)
        except (MachineError, StateError) as error:
            if name == self.reference:
                raise type(error)(f"The reference of the comparison, {name!r}, cannot be run: {error}") from error
            self.refused[name] = str(error)
            return
        except RunError as error:
            if name == self.reference and error.ledger is None:
                raise
            ledger, self.stopped[name] = error.ledger, str(error)
        except RunInterrupted as error:
            if error.ledger is not None and name not in self.ledgers:
                self._keep(name, error.ledger, time.perf_counter() - started)
                self.stopped[name] = str(error.ledger.status)
            raise
        if ledger is not None:
            self._keep(name, ledger, time.perf_counter() - started)

    def _keep(self, name: str, ledger: Ledger, seconds: float) -> None:
        self.ledgers.setdefault(name, ledger)
        self.runtimes[name] = min(seconds, self.runtimes.get(name, seconds))

    def result(self) -> BackendComparison:
        """Return the comparison of what there is."""
        return BackendComparison(self.reference, self.ledgers, self.runtimes, self.refused, self.stopped, self.warnings)


def _is_ours(entry: warnings.WarningMessage) -> bool:
    return issubclass(entry.category, AthermalWarning)


def _named(backends: Any, reference: str | None) -> dict[str, Backend]:
    """Return the backends by name, the reference first."""
    if isinstance(backends, Mapping):
        named = {name: _checked(name, backend) for name, backend in backends.items()}
    elif isinstance(backends, Sequence) and not isinstance(backends, str):
        named = {}
        for backend in backends:
            checked = _checked("one", backend)
            kind = str(getattr(checked, "kind", type(checked).__name__))
            number = 1 + sum(_kind_of(name) == kind for name in named)
            named[kind if number == 1 else f"{kind} {number}"] = checked
    else:
        raise StudyError(
            f"`backends` of a comparison must be a list or a mapping of backends, but is {_validate.shown(backends)}."
        )
    if len(named) < 2:
        raise StudyError(f"`backends` of a comparison must hold at least two, but holds {len(named)}.")
    first = next(iter(named)) if reference is None else reference
    if first not in named:
        raise StudyError(
            f"`reference` of a comparison must be one of {', '.join(named)}, but is {first!r}.{suggest(str(first), named)}"
        )
    return {first: named[first], **named}


def _checked(name: Any, backend: Any) -> Backend:
    """Return a backend as an object, or raise `StudyError` if it or its name cannot be."""
    with as_study():
        found = as_backend(backend, "a comparison")
    if found is None or not isinstance(name, str):
        raise StudyError(
            f"`backends` of a comparison must hold backends such as Dense() by names, but has {name!r}: {backend!r}."
        )
    return found


def _kind_of(name: str) -> str:
    """Return the kind that a numbered name stands for."""
    return name.partition(" ")[0]


def _part_of(advance: Steps, k: int, runs: int) -> Steps:
    """Return the progress of one run as that of all; the first call of a run stands for its preparation."""

    def tell(finished: int, total: int) -> None:
        advance(k * (total - 1) + finished, runs * (total - 1) + 1)

    return tell
