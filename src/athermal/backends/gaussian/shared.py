"""What the Gaussian backends have in common."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from athermal._types import FloatArray
from athermal.errors import InstabilityError
from athermal.machine.machine import Machine
from athermal.maths.gaussian import log_partition
from athermal.thermodynamics.snapshot import Reference


def reference_of(machine: Machine) -> Reference:
    """Return the constants of a machine of oscillators that the laws need."""
    partitions = [log_partition(bath.frequencies, bath.temperature) for bath in machine.harmonic_baths]
    return Reference(machine.subsystem_names, machine.reservoir_names, machine.temperatures, np.array(partitions), machine.period)


def check_growth(machine: Machine, max_growth: float, spreads: tuple[float, float, float], when: str) -> None:
    """Raise `InstabilityError` if a step has taken the largest variance beyond `max_growth` times the reference.

    Parameters
    ----------
    machine : Machine
    max_growth : float
    spreads : (float, float, float)
        The largest variance after the step, before it, and of the reference.
    when : str
    """
    new, old, reference = spreads
    if new <= max_growth * reference:
        return
    curvature = machine.lowest_curvature()
    if curvature > 0.0:
        cause, remedy = "is parametrically unstable", "Weaken the drive, or move it away from resonance."
    else:
        cause = f"is unstable, its Hamiltonian not bounded below (lowest curvature {curvature:.6g})"
        remedy = "Weaken the couplings, or add counter-terms."
    raise InstabilityError(
        f"The machine {cause}: {when} the largest variance must stay below {max_growth:.0e} times its start, but "
        f"is {new / reference:.3g} times, growing {new / old:.3g} times in the last step. {remedy}"
    )


def relative_difference(pairs: Iterable[tuple[FloatArray, FloatArray, float]]) -> float:
    """Return the largest difference of pairs of arrays, each relative to the size of the second, or to a floor if larger."""
    errors = ((float(np.max(np.abs(a - b))), max(float(np.max(np.abs(b))), floor)) for a, b, floor in pairs)
    # Without a floor (a drive multiplied by zero does no work) equal means equal.
    return max(error / size if size else error for error, size in errors)
