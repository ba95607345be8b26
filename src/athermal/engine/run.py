"""Run a machine: choose its modes if they are left to the run, then prepare, advance and account for each cycle."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from athermal import _validate
from athermal.backends.choice import AnyBackend, choose
from athermal.engine.certified import DEFAULT_ACCURACY, Plan, certify, checked_accuracy
from athermal.engine.progress import Progress, telling_cycles
from athermal.engine.single import single_run, span_of
from athermal.engine.size import checked_size
from athermal.engine.watching import Wanted
from athermal.errors import MachineError, RecurrenceWarning, ResidualWarning, TruncationWarning
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.thermodynamics.ledger import Ledger

# Population of the highest level that is kept of an oscillator above which a run warns.
_TOP_LEVEL = 1e-3


def run(
    machine: Machine,
    cycles: int = 1,
    initial: InitialState | None = None,
    *,
    backend: AnyBackend | None = None,
    samples_per_cycle: int = 1,
    accuracy: float | None = None,
    progress: Progress = None,
    observables: Mapping[str, Any] | None = None,
    keep_states: Any = False,
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
        parts, `HEOM()` for finite subsystems between continuous baths. "auto" chooses between dense and star by the size of the
        machine and the length of the run; the ledger's provenance says which (`backend`) and why (`backend_choice`). Machines
        of oscillators with modes="auto" are run with "auto" if left out.
    samples_per_cycle : int
        Equally spaced instants per cycle at which the ledger is sampled, the end of the cycle included. Each keeps a
        propagator of its own, two matrices of the size of the covariance.
    accuracy : float, optional
        For machines with baths of modes="auto": the largest error of every column that is an entropy, in nats, or an energy, in
        units of the lowest temperature (D_j and Sigma by their changes). 1e-6 if left out. `ledger.errors` holds the certified
        errors.
    progress : callable or bool, optional
        If left out, a bar on a terminal or in a notebook, once the run has lasted for a while. True: a bar from the start;
        where there is neither, a line on standard error every ten seconds. False: nothing. A function is called as
        progress(finished, total) with the number of sampled instants, the preparation included as one; with modes="auto" those of
        all refinements are counted.
    observables : mapping, optional
        Named observables whose means become the column `observables` at every sampled instant: an `Observable`, text such as
        "cavity.num" or "a.sigmaz*b.sigmaz", a pair (part, operator), or an operator of all subsystems together. `ledger.NAME`,
        or `ledger.instants.observables.sel(observable=NAME)`. Of reservoirs where the backend follows them.
    keep_states : bool or sequence, optional
        True keeps the joint state of all subsystems at every sampled instant; a list those of parts, or in tuples of parts
        together. `ledger.states`, `ledger.state(part)`.

    Returns
    -------
    Ledger

    Raises
    ------
    MachineError, StateError
        If the machine or its initial state cannot exist.
    InstabilityError, ConvergenceError
        If the run cannot be finished, or its accuracy not be met; `.ledger` holds the finished cycles.
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
        raise MachineError(f"`machine` of a run must be a Machine, but is {_validate.shown(machine)}.")
    cycles, samples_per_cycle = checked_size(machine, cycles, samples_per_cycle, "a run")
    initial = machine.initial if initial is None else initial
    if not isinstance(initial, InitialState):
        raise MachineError(
            f"`initial` of a run must be an initial state such as ProductThermal(), but is {_validate.shown(initial)}."
        )
    wanted = Wanted.of(observables, keep_states, machine)
    choice = choose(machine, backend, cycles=cycles, initial=initial)
    if choice.follows_modes:
        _warn_of_recurrence(machine, cycles, initial)
    if not choice.must_settle:
        if accuracy is not None:
            why = (
                'no reservoir has modes = "auto"; given modes are taken as they are.'
                if choice.follows_modes
                else "the backend has tolerances of its own."
            )
            raise MachineError(f"`accuracy` of a run must be left out, but is {_validate.shown(accuracy)}: {why}")
        with telling_cycles(progress, samples_per_cycle) as told:
            ledger = single_run(machine, cycles, initial, backend, samples_per_cycle, told, wanted)
    else:
        accuracy = checked_accuracy(DEFAULT_ACCURACY if accuracy is None else accuracy)
        with telling_cycles(progress, samples_per_cycle) as told:
            ledger, *_ = certify(Plan(machine, cycles, initial, backend, samples_per_cycle, told, wanted=wanted), accuracy)
    warn_of(ledger)
    return ledger


def warn_of(ledger: Ledger) -> None:
    """Warn of a cut that shows, and of laws that are missed."""
    _warn_of_truncation(ledger)
    if violations := ledger.violations():
        warnings.warn(
            f"The laws are missed by more than their tolerance. {violations[0]} {_more(len(violations) - 1)}See "
            "`ledger.violations()`.",
            ResidualWarning,
            stacklevel=3,
        )


def _more(count: int) -> str:
    return f"And {count} more. " if count else ""


def _warn_of_recurrence(machine: Machine, cycles: int, initial: InitialState) -> None:
    """Warn of every bath whose size shows in the run, or in the charging before it."""
    span, lasts, charged = span_of(machine, cycles, initial), cycles * machine.period, span_of(machine, 0, initial)
    for name in machine.reservoir_names:
        limit = machine.recurrence_time(name)
        if span > limit:
            first = int(limit // machine.period) + 1
            early = min(cycles, math.ceil((charged - limit) / machine.period)) if charged > limit else 0
            where = [f"in cycles 1 to {early}" if early > 1 else "in cycle 1"] if early else []
            where += [f"from cycle {first} on"] if lasts > limit else []
            charging = " with its charging" if span > lasts else ""
            warnings.warn(
                f"The run lasts {span:.6g}{charging}, longer than the recurrence time {limit:.6g} "
                f"of reservoir {name!r}: {' and '.join(where)} its finite size shows. Use more modes, or read these cycles "
                "(`is_past_recurrence`) as those of a finite bath.",
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
            stacklevel=4,
        )
