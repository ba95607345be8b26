"""`athermal limit`: the limit cycle of a machine with continuous baths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import typer

from athermal.cli.arguments import LIMIT_ACCURACY
from athermal.cli.console import warnings_as_lines
from athermal.cli.sources import resolve
from athermal.files import MachineFile
from athermal.limit import LimitCycle
from athermal.limit import limit_cycle as find
from athermal.thermodynamics.export import plain


def show(source: str, changes: Sequence[str], accuracy: float, *, as_json: bool) -> int:
    """Print the limit cycle of what a command names; return the exit status."""
    plan = resolve(source, changes)
    with warnings_as_lines():
        cycle = of_plan(plan, accuracy)
    if as_json:
        typer.echo(json.dumps(plain(describe(plan, cycle), infinite=False), indent=2, allow_nan=False))
        return 0
    if plan.title:
        typer.echo(plan.title)
    typer.echo(str(cycle))
    return 0


def of_plan(plan: MachineFile, accuracy: float = LIMIT_ACCURACY) -> LimitCycle:
    """Return the limit cycle of what a machine file says, by its backend if that takes continuous baths as they are.

    A backend that follows modes is for runs only; observables and states are kept as in a run where a backend finds the cycle.
    """
    if not plan.backend.takes_continua:
        return find(plan.machine, accuracy=accuracy)
    kept: dict[str, Any] = {"observables": plan.observables, "keep_states": plan.keep_states}
    return find(plan.machine, plan.backend, accuracy=accuracy, samples_per_cycle=plan.samples_per_cycle, **kept)


def describe(plan: MachineFile, cycle: LimitCycle) -> dict[str, Any]:
    """Return a limit cycle as plain data; complex numbers are pairs [real, imaginary]."""
    return {
        "name": plan.name,
        "title": plan.title,
        "source": plan.source,
        "period": cycle.machine.period,
        "mode": cycle.mode,
        "work": cycle.work,
        "heat": dict(zip(cycle.machine.reservoir_names, cycle.heat.tolist(), strict=True)),
        "efficiency": cycle.efficiency,
        "coefficient_of_performance": cycle.coefficient_of_performance,
        "carnot_efficiency": cycle.carnot_efficiency,
        "entropy_production": cycle.sigma_total_change,
        "exponents": np.stack([cycle.exponents.real, cycle.exponents.imag], axis=1).tolist(),
        "accuracy": cycle.accuracy,
        "errors": cycle.errors,
        **cycle.details(),
    }
