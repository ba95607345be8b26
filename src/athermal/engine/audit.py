"""How good a run is: what its finite baths, cut-offs and steps did to each column."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.backends.choice import AnyBackend, Choice, choose
from athermal.engine.audit_result import VISIBLE, Audit, BathAudit, CounterTerm, FiniteSize
from athermal.engine.certified import DEFAULT_ACCURACY, Plan, Resolved, certify, checked_accuracy
from athermal.engine.progress import Progress, telling_cycles
from athermal.engine.single import span_of
from athermal.engine.size import checked_size
from athermal.errors import ConvergenceError, MachineError
from athermal.machine.continuum import continuum
from athermal.machine.coupling import Position
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.parts import ContinuumBath, HarmonicReservoir
from athermal.machine.settle import Settled
from athermal.thermodynamics.confidence.certified import difference
from athermal.thermodynamics.confidence.largest import largest, largest_by_cycle
from athermal.thermodynamics.ledger import Ledger


def audit(
    machine: Machine,
    cycles: int = 1,
    initial: InitialState | None = None,
    *,
    backend: AnyBackend | None = None,
    accuracy: float = DEFAULT_ACCURACY,
    progress: Progress = None,
) -> Audit:
    """Run a machine and tell how good the answer is, and why.

    Baths with modes="auto" are run at a third resolution if they have a cut-off, which tells its effect from that of the number
    of modes.
    A `ContinuumBath` with a number of modes is compared with the continuum that it stands for, run with modes="auto" at
    `accuracy`: that tells from which cycle on its finite size shows. Other baths stand for nothing but themselves.

    Parameters
    ----------
    machine, cycles, initial, backend, progress
        As for `run`.
    accuracy : float
        Of the continua.

    Returns
    -------
    Audit

    Raises
    ------
    MachineError, StateError, InstabilityError, ConvergenceError
        As `run` does.

    Examples
    --------
    >>> import athermal as at
    >>> found = at.audit(at.library.two_oscillator(modes=12), cycles=6)  # as few modes as this show at once
    >>> found.baths[0].finite_size.first_cycle
    1
    """
    if not isinstance(machine, Machine):
        raise MachineError(f"`machine` of an audit must be a Machine, but is {_validate.shown(machine)}.")
    cycles, _ = checked_size(machine, cycles, 1, "an audit")
    accuracy = checked_accuracy(accuracy, "an audit")
    initial = machine.initial if initial is None else initial
    if not isinstance(initial, InitialState):
        raise MachineError(
            f"`initial` of an audit must be an initial state such as ProductThermal(), but is {_validate.shown(initial)}."
        )
    choice = choose(machine, backend, cycles=cycles, initial=initial, owner="an audit")
    if not choice.follows_modes:
        raise MachineError(
            f"`backend` of an audit must follow the modes of the baths, but {type(choice.backend).__name__} takes continua as "
            "they are: it has no discretisation to audit. What it knows of its accuracy is in `ledger.accuracy`, of HEOM also in "
            "`ledger.errors`."
        )
    with telling_cycles(progress, 1) as told:
        return _audited(Plan(machine, cycles, initial, backend, 1, told), accuracy, choice)


def _audited(plan: Plan, accuracy: float, choice: Choice) -> Audit:
    machine, cycles = plan.machine, plan.cycles
    cut_off = number = None
    chosen: tuple[Settled, ...] = ()
    if not choice.must_settle:
        run_machine, ledger = machine, plan.run(machine)
    else:
        ledger, fine, coarse = certify(plan, accuracy)
        run_machine, chosen = fine.machine, fine.facts
        cut_off, number = _split(plan, fine, coarse)
    sizes = _finite_sizes(plan, ledger, accuracy, choice)
    baths = tuple(_bath(machine, run_machine, k, chosen, sizes) for k in range(len(machine.reservoirs)))
    names = ("first_law", "second_law", "work_split", "efficiency")
    used = [np.abs(ledger.cycles[f"residual_{n}"].values) / ledger.cycles[f"tolerance_{n}"].values for n in names]
    return Audit(
        ledger,
        machine.period,
        span_of(machine, cycles, plan.initial),
        baths,
        cut_off,
        number,
        ledger.accuracy.get("step_error"),
        float(np.max(used)),
        _least_certain(ledger),
    )


def _split(plan: Plan, fine: Resolved, coarse: Resolved) -> tuple[tuple[float, str] | None, tuple[float, str]]:
    """Return the effects of cut-offs and of the number of modes, from a third run with the modes of one, the cut of the other."""
    if not any(fact.tail for fact in fine.facts):
        return None, _effect(fine.ledger, coarse.ledger)
    middle = plan.run_at(replace(fine.resolution, tail=coarse.resolution.tail))
    return _effect(fine.ledger, middle.ledger), _effect(middle.ledger, coarse.ledger)


def _effect(one: Ledger, other: Ledger) -> tuple[float, str]:
    return largest(difference(one, other), one.reference)


def _finite_sizes(plan: Plan, ledger: Ledger, accuracy: float, choice: Choice) -> dict[str, FiniteSize | str]:
    """Return for each bath of explicit modes that stands for a continuum where it departs from it, or why nobody knows."""
    machine = plan.machine
    explicit = [b for b in machine.reservoirs if isinstance(b, ContinuumBath) and not b.is_auto]
    if not explicit:
        return {}
    open_ended = {b.name: replace(b, modes="auto", rule="equal") for b in explicit}
    try:
        continuous = replace(machine, reservoirs=tuple(open_ended.get(b.name, b) for b in machine.reservoirs))
        limit, fine, _ = certify(replace(plan, machine=continuous), accuracy)
    except (ConvergenceError, MachineError) as error:
        return {bath.name: str(error) for bath in explicit}
    if len(explicit) == 1 and not choice.must_settle:
        return {explicit[0].name: _departure(ledger, limit)}
    sizes: dict[str, FiniteSize | str] = {}
    for bath in explicit:
        parts = tuple(bath if part.name == bath.name else part for part in fine.machine.reservoirs)
        sizes[bath.name] = _departure(plan.run(replace(fine.machine, reservoirs=parts)), limit)
    return sizes


def _departure(ledger: Ledger, limit: Ledger) -> FiniteSize:
    by_cycle, columns = largest_by_cycle(difference(ledger, limit), ledger.reference)
    visible = np.flatnonzero(by_cycle > VISIBLE)
    k = int(visible[0]) if len(visible) else int(np.argmax(by_cycle))
    before = float(np.max(by_cycle[:k], initial=0.0))
    return FiniteSize(k + 1 if len(visible) else None, columns[k], float(by_cycle[k]), before)


def _bath(given: Machine, run: Machine, k: int, chosen: tuple[Settled, ...], sizes: dict[str, FiniteSize | str]) -> BathAudit:
    bath, explicit = given.reservoirs[k], run.reservoirs[k]
    kind = type(bath).__name__
    if not isinstance(bath, HarmonicReservoir) or not isinstance(explicit, HarmonicReservoir):
        return BathAudit(bath.name, kind, None, None, None, False, 0.0, math.inf)  # noqa: FBT003  fields in order
    is_auto = isinstance(bath, ContinuumBath) and bath.is_auto
    fact = next((fact for fact in chosen if fact.name == bath.name), None)
    w = explicit.frequencies
    size = sizes.get(bath.name)
    return BathAudit(
        bath.name,
        kind,
        explicit.n_modes,
        float(w.min()) if fact is None else fact.low,
        float(w.max()) if fact is None else fact.high,
        is_auto,
        0.0 if fact is None else fact.tail,
        run.recurrence_time(bath.name),
        _counter_terms(given, bath, explicit),
        None if isinstance(size, str) else size,
        size if isinstance(size, str) else "",
    )


def _counter_terms(machine: Machine, bath: HarmonicReservoir, explicit: HarmonicReservoir) -> tuple[CounterTerm, ...]:
    found = []
    for coupling in machine.couplings:
        if isinstance(coupling, Position) and bath.name in coupling.between and coupling.uses_counter_term(has_reservoir=True):
            weights = explicit.contact(coupling.site, coupling.weights, coupling.owner)
            rows = explicit.to_normal_modes(np.concatenate([weights, np.zeros_like(weights)])[:, None])
            half: FloatArray = np.sum(rows.reshape(2, -1) ** 2, axis=0)
            exact = None
            if isinstance(bath, ContinuumBath):
                exact = _exact_counter_term(bath)
            subsystem = next(name for name in coupling.between if name != bath.name)
            found.append(CounterTerm(subsystem, float(np.sum(half / (2.0 * explicit.frequencies))), exact))
    return tuple(found)


def _exact_counter_term(bath: ContinuumBath) -> float | None:
    try:
        return 0.5 * continuum(bath).softness
    except MachineError:  # integral J/w dw diverges
        return None


def _least_certain(ledger: Ledger) -> tuple[str, float] | None:
    if not ledger.confidence.has_errors:
        return None
    error, where = ledger.largest_error
    return where, error
