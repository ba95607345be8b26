"""`athermal limit`: the limit cycle of a machine with continuous baths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import typer

from athermal.cli.console import warnings_as_lines
from athermal.cli.sources import resolve
from athermal.files import MachineFile
from athermal.limit import LimitCycle
from athermal.limit import limit_cycle as find
from athermal.limit.cycle import occupations
from athermal.thermodynamics.export import plain


def show(source: str, changes: Sequence[str], accuracy: float, *, as_json: bool) -> int:
    """Print the limit cycle of what a command names; return the exit status."""
    plan = resolve(source, changes)
    with warnings_as_lines():
        cycle = find(plan.machine, accuracy=accuracy)
    if as_json:
        typer.echo(json.dumps(plain(describe(plan, cycle), infinite=False), indent=2, allow_nan=False))
        return 0
    if plan.title:
        typer.echo(plan.title)
    typer.echo(str(cycle))
    return 0


def describe(plan: MachineFile, cycle: LimitCycle) -> dict[str, Any]:
    """Return a limit cycle as plain data; complex numbers are pairs [real, imaginary]."""
    subsystems = cycle.machine.subsystem_names
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
        "mutual_information": cycle.mutual_information(),
        "covariance": cycle.covariance().tolist(),
        "mean": cycle.mean().tolist(),
        "occupations": dict(zip(subsystems, occupations(cycle), strict=True)),
        "undamped": dict(zip(subsystems, cycle.undamped.tolist(), strict=True)),
        "exponents": np.stack([cycle.exponents.real, cycle.exponents.imag], axis=1).tolist(),
        "n_harmonics": cycle.n_harmonics,
        "n_nodes": cycle.n_nodes,
        "accuracy": cycle.accuracy,
        "errors": cycle.errors,
    }
