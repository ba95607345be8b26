"""A limit cycle as a small table of text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from athermal.thermodynamics import modes

if TYPE_CHECKING:
    from athermal.limit.limit_cycle import LimitCycle

_MOST_EXPONENTS = 3


def report(cycle: LimitCycle) -> str:
    """Return what a limit cycle does, per period: energies, efficiency, state at phase zero, and how exact it is."""
    rows = [*_energies(cycle), *_performance(cycle), *_state(cycle), *_relaxation(cycle)]
    width = max(len(name) for name, _ in rows)
    title = f"Limit cycle of {cycle.machine.name!r}, period {cycle.machine.period:.6g}: {cycle.mode}"
    lines = [title, *(f"  {name:<{width}}  {value}" for name, value in rows)]
    if float(np.max(cycle.undamped)) > cycle.tolerance:
        k = int(np.argmax(cycle.undamped))
        lines.append(
            f"  {cycle.undamped[k]:.1e} of subsystem {cycle.machine.subsystem_names[k]!r} sits in bound states outside the bands "
            "and never relaxes: covariances are known to that, work and heat are not affected"
        )
    return "\n".join(lines)


def occupations(cycle: LimitCycle) -> list[float]:
    """Return <a^dag a> of each subsystem at phase zero, means included."""
    covariance, mean, n = cycle.covariance(), cycle.mean(), len(cycle.machine.subsystem_names)
    second = np.diag(covariance) + mean**2
    return [float(value) for value in 0.5 * (second[:n] + second[n:] - 1.0)]


def _energies(cycle: LimitCycle) -> list[tuple[str, str]]:
    heat_error = cycle.errors["heat"]
    named = zip(cycle.machine.reservoir_names, cycle.heat, strict=True)
    return [
        ("work done by the drive, W", _with_error(cycle.work, cycle.errors["work"])),
        *((f"heat into {name}, Q", _with_error(float(heat), heat_error)) for name, heat in named),
    ]


def _performance(cycle: LimitCycle) -> list[tuple[str, str]]:
    rows = []
    if cycle.work < 0.0 and cycle.mode not in modes.WITHOUT_WORK and not math.isnan(cycle.efficiency):
        rows.append(("efficiency", f"{cycle.efficiency:.6g}  (Carnot {cycle.carnot_efficiency:.6g})"))
    elif cycle.mode == "refrigerator":
        rows.append(
            (
                "coefficient of performance",
                f"{cycle.coefficient_of_performance:.6g}  (Carnot {cycle.carnot_coefficient:.6g})",
            )
        )
    else:
        rows.append(("efficiency", f"-  (Carnot {cycle.carnot_efficiency:.6g})"))
    return [*rows, ("entropy production, dSigma", f"{cycle.sigma_total_change:.9g} nats")]


def _state(cycle: LimitCycle) -> list[tuple[str, str]]:
    n = len(cycle.machine.subsystem_names)
    diagonal = np.diag(cycle.covariance())
    rows = [("correlations with the reservoirs, I(S,R)", f"{cycle.mutual_information():.9g} nats")]
    for k, (name, occupation) in enumerate(zip(cycle.machine.subsystem_names, occupations(cycle), strict=True)):
        rows.append((f"{name} at phase 0", f"<n> {occupation:.6g}, var x {diagonal[k]:.6g}, var p {diagonal[n + k]:.6g}"))
    return rows


def _relaxation(cycle: LimitCycle) -> list[tuple[str, str]]:
    slowest = ", ".join(_complex(value) for value in cycle.exponents[:_MOST_EXPONENTS]) or "none found"
    more = f", ... ({len(cycle.exponents)})" if len(cycle.exponents) > _MOST_EXPONENTS else ""
    harmonics = f"{cycle.n_harmonics} harmonics, " if cycle.n_harmonics else ""
    errors = f"error of covariances {cycle.errors['covariance']:.1e}"
    return [
        ("slowest Floquet exponents", slowest + more),
        ("exactness", f"{harmonics}{cycle.n_nodes} frequencies, {errors}"),
    ]


def _with_error(value: float, error: float) -> str:
    return f"{value:.9g}  (error {error:.1e})"


def _complex(value: complex) -> str:
    """Return a number without the imaginary part that rounding leaves.

    Examples
    --------
    >>> _complex(-0.25 + 1e-17j), _complex(-0.25 - 2j)
    ('-0.25', '-0.25-2i')
    """
    if abs(value.imag) < 1e-9 * abs(value):
        return f"{value.real:.6g}"
    return f"{value.real:.6g}{value.imag:+.6g}i"
