"""`athermal show`: a machine without running it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import typer

from athermal.backends.choice import Choice, choose
from athermal.cli.console import BAD_INPUT, say
from athermal.cli.sources import resolve
from athermal.engine.certified import DEFAULT_ACCURACY
from athermal.errors import MachineError, StateError
from athermal.files import MachineFile
from athermal.machine.initial import AnyInitialState
from athermal.machine.machine import Machine
from athermal.machine.parts import ContinuumBath
from athermal.machine.settle import Resolution, settled
from athermal.machine.spec import to_spec
from athermal.narrative.machine import coupling_phrase, initial_phrase, part_phrase
from athermal.thermodynamics.export import plain


def show(source: str, changes: Sequence[str], *, as_json: bool) -> int:
    """Print what a machine is and whether it is valid; return the exit status."""
    plan = resolve(source, changes)
    facts = describe(plan)
    if as_json:
        typer.echo(json.dumps(plain(facts, infinite=False), indent=2, allow_nan=False))
    else:
        typer.echo("\n".join(_lines(plan, facts)))
    if problem := facts["backend_problem"] or facts["initial"]["problem"]:
        say(problem, "Error")
        return BAD_INPUT
    return 0


def describe(plan: MachineFile) -> dict[str, Any]:
    """Return the facts about a machine as plain data."""
    machine, span = plan.machine, plan.cycles * plan.machine.period
    choice = choose(machine, plan.backend, cycles=plan.cycles, initial=plan.initial)
    explicit = _explicit(plan, span, choice)
    curvature = explicit.lowest_curvature()
    # some backends take continua as they are, whatever their number of modes
    is_whole = not choice.follows_modes
    recurrences = {name: math.inf if is_whole else machine.recurrence_time(name) for name in machine.reservoir_names}
    unfit, problem = _problems_of(plan, explicit)
    return {
        "name": plan.name,
        "title": plan.title,
        "source": plan.source,
        "period": machine.period,
        explicit.family.measure: explicit.family.size(explicit),
        "run": {"cycles": plan.cycles, "samples_per_cycle": plan.samples_per_cycle, "backend": to_spec(plan.backend)},
        "subsystems": {part.name: part_phrase(part) for part in machine.subsystems},
        "reservoirs": {
            part.name: {
                "description": part_phrase(part),
                "temperature": part.temperature,
                **held.extent(),
                "is_auto": isinstance(part, ContinuumBath) and part.is_auto,
                "is_renewed": part.renewed,
                "recurrence_time": recurrences[part.name],
                "recurrence_cycles": recurrences[part.name] / machine.period,
                "is_continuous": is_whole or (isinstance(part, ContinuumBath) and part.is_auto),
                "is_run_within_recurrence": span <= recurrences[part.name],
            }
            for part, held in zip(machine.reservoirs, explicit.reservoirs, strict=True)
        },
        "backend_problem": unfit,
        "couplings": [coupling_phrase(coupling) for coupling in machine.couplings],
        "counters": [counter.name for counter in machine.counters],
        "initial": {
            "description": initial_phrase(plan.initial),
            "is_physical": None if unfit else not problem,
            "problem": problem,
        },
        "carnot_efficiency": machine.carnot_efficiency,
        "lowest_curvature": curvature,
        "is_bounded_below": curvature is None or curvature >= 0.0,
        "machine": to_spec(machine),
        "initial_state": to_spec(plan.initial, AnyInitialState),
    }


def _explicit(plan: MachineFile, span: float, choice: Choice) -> Machine:
    """Return the machine with the modes that a run would begin with."""
    if not choice.must_settle:
        return plan.machine
    accuracy = DEFAULT_ACCURACY if plan.accuracy is None else plan.accuracy
    return settled(plan.machine, span, Resolution.for_accuracy(accuracy))[0]


def _problems_of(plan: MachineFile, machine: Machine) -> tuple[str, str]:
    """Return why the backend cannot hold the machine, and why the initial state cannot be; "" if nothing is wrong."""
    initial, _ = plan.initial.uncharged()  # running it backwards keeps a state physical, and would take the time of a run
    try:
        solver = plan.backend.bind(machine)
    except MachineError as error:
        return str(error), ""
    try:
        solver.prepare(initial)
    except (MachineError, StateError) as error:
        return "", str(error)
    return "", ""


def _lines(plan: MachineFile, facts: dict[str, Any]) -> list[str]:
    width = max(map(len, [*facts["subsystems"], *facts["reservoirs"]]))
    samples = f", {plan.samples_per_cycle} samples each" if plan.samples_per_cycle > 1 else ""
    size = f"dimension {facts['dimension']}" if "dimension" in facts else f"{facts['n_modes']} modes in all"
    lines = [
        facts["title"] or facts["name"],
        *([f"  {facts['source']}"] if facts["source"] != (facts["title"] or facts["name"]) else []),
        f"  period {facts['period']:.6g}, {size}, {plan.cycles} cycles{samples}",
        "",
        "Subsystems",
        *(f"  {name:<{width}}  {phrase}" for name, phrase in facts["subsystems"].items()),
        "",
        "Reservoirs",
    ]
    for name, entry in facts["reservoirs"].items():
        lines.append(f"  {name:<{width}}  {entry['description']}")
        lines.append(f"  {'':<{width}}  {_recurrence(entry, plan.cycles)}")
        if "n_modes" in entry and entry["is_auto"]:
            modes = f"{entry['n_modes']} modes to begin with, {entry['lowest_frequency']:.4g} to {entry['highest_frequency']:.4g}"
            lines.append(f"  {'':<{width}}  {modes}; refined until certified")
    if not facts["reservoirs"]:
        lines.append("  none: the machine is closed, W = sum of dU")
    carnot = f"{facts['carnot_efficiency']:.4f}" if facts["reservoirs"] else "none, without reservoirs"
    bounded = "yes" if facts["is_bounded_below"] else "NO"
    lowest = facts["lowest_curvature"]
    curvature = ", its parts are finite" if lowest is None else f" (lowest curvature over the cycle {lowest:.6g})"
    initial = facts["initial"]
    return [
        *lines,
        "",
        "Couplings",
        *(f"  {phrase}" for phrase in facts["couplings"] or ["none"]),
        *([f"  counted beside the ledger: {', '.join(facts['counters'])}"] if facts["counters"] else []),
        "",
        "Initial state",
        f"  {initial['description']}",
        f"  physical: {'not checked' if initial['is_physical'] is None else 'yes' if initial['is_physical'] else 'NO'}",
        "",
        "Validity",
        f"  Carnot efficiency {carnot}",
        f"  Hamiltonian bounded below: {bounded}{curvature}",
    ]


def _recurrence(entry: dict[str, Any], cycles: int) -> str:
    if entry["is_continuous"]:
        return "recurrence time: beyond any run"
    if entry["is_renewed"]:
        return "renewed: fresh units at the start of every cycle"
    if math.isinf(entry["recurrence_time"]):
        return "recurrence time: none, it stands for nothing but itself"
    reached = "beyond the run" if entry["is_run_within_recurrence"] else f"the run of {cycles} cycles PASSES it"
    return f"recurrence time {entry['recurrence_time']:.6g} ({entry['recurrence_cycles']:.3g} cycles): {reached}"
