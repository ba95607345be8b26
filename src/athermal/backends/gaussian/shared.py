"""What the Gaussian backends have in common."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from athermal._types import FloatArray
from athermal.errors import InstabilityError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.machine import Machine
from athermal.maths.gaussian import gaussian_ergotropy, logarithmic_negativity
from athermal.maths.propagate import QuadraticFunctional, Works
from athermal.thermodynamics.snapshot import Reference
from athermal.thermodynamics.tells import Tells


def reference_of(hamiltonian: Hamiltonian) -> Reference:
    """Return the constants of a machine of oscillators that the laws need."""
    machine, ground = hamiltonian.machine, hamiltonian.ground_energies
    return Reference.of(machine, hamiltonian.log_partitions(machine.temperatures), ground_energies=ground)


TELLS = Tells(
    extras={
        "observables",
        "interaction_energy",
        "switching_work",
        "subsystem_ergotropy",
        "gaussian_ergotropy",
        "logarithmic_negativity",
    }
)
"""What solvers of moments tell."""


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
    curvature = Hamiltonian.of(machine).lowest_curvature()
    if curvature == 0.0:
        cause = "spreads without bound along a free direction (lowest curvature 0)"
        remedy = "Run fewer cycles, or raise `max_growth`."
    elif curvature > 0.0:
        cause, remedy = "is parametrically unstable", "Weaken the drive, or move it away from resonance."
    else:
        cause = f"is unstable, its Hamiltonian not bounded below (lowest curvature {curvature:.6g})"
        remedy = "Weaken the couplings, or add counter-terms."
    raise InstabilityError(
        f"The machine {cause}: {when} the largest variance must stay below {max_growth:.0e} times its start, but "
        f"is {new / reference:.3g} times, growing {new / old:.3g} times in the last step. {remedy}"
    )


def energies_of(forms: FloatArray, forces: FloatArray, means: FloatArray, second: FloatArray) -> FloatArray:
    """Return <q^T form q>/2 + force . <q> for each of some forms, from the means and second moments of the q's."""
    return np.asarray(0.5 * np.einsum("ide,de->i", forms, second) + forces @ means)


def extras_of(
    hamiltonian: Hamiltonian, time: float, means: FloatArray, second: FloatArray, switching: FloatArray
) -> dict[str, FloatArray]:
    """Return the further columns: V_j, and the work done by driving the coupling to each reservoir."""
    interactions = energies_of(*hamiltonian.interactions(time % hamiltonian.period), means, second)
    return {"interaction_energy": interactions, "switching_work": switching + np.zeros_like(interactions)}


def resources_of(hamiltonian: Hamiltonian, time: float, mean: FloatArray, covariance: FloatArray) -> dict[str, FloatArray]:
    """Return ergotropies and entanglement of the subsystems, from their moments (x's, then p's)."""
    names, phase = hamiltonian.machine.subsystem_names, time % hamiltonian.period
    n = len(names)
    form, force = hamiltonian.own_form(names, phase, hamiltonian.side)
    each = []
    for k, name in enumerate(names):
        rows = [k, n + k]
        each.append(
            gaussian_ergotropy(
                mean[rows], covariance[np.ix_(rows, rows)], *hamiltonian.own_form((name,), phase, hamiltonian.side)
            )
        )
    found = {"subsystem_ergotropy": np.array(each)}
    found["gaussian_ergotropy"] = np.asarray(gaussian_ergotropy(mean, covariance, form, force))
    pairs = [[a, b, n + a, n + b] for a, b in itertools.combinations(range(n), 2)]
    if pairs:
        found["logarithmic_negativity"] = np.array([logarithmic_negativity(covariance[np.ix_(r, r)], 1) for r in pairs])
    return found


def jumps_of(hamiltonian: Hamiltonian, time: float) -> Works:
    """Return the jump of <H> at a breakpoint, the work of a sudden quench, by groups as functionals of the q's."""
    return tuple(
        QuadraticFunctional(form, force, 0.0) if np.any(form) or np.any(force) else None
        for form, force in zip(*hamiltonian.jumps(time), strict=True)
    )


def works_apart(coarse: Works, fine: Works, scale: float) -> list[tuple[FloatArray, FloatArray, float]]:
    """Return what two refinements say of the works, against the size of what the drives move to and fro."""
    pairs: list[tuple[FloatArray, FloatArray, float]] = []
    for one, other in zip(coarse, fine, strict=True):
        if one is not None and other is not None:
            pairs += [(one.form, other.form, scale), (one.linear, other.linear, scale)]
    return pairs


def relative_difference(pairs: Iterable[tuple[FloatArray, FloatArray, float]]) -> float:
    """Return the largest difference of pairs of arrays, each relative to the size of the second, or to a floor if larger."""
    errors = ((float(np.max(np.abs(a - b))), max(float(np.max(np.abs(b))), floor)) for a, b, floor in pairs)
    # Without a floor (a drive multiplied by zero does no work) equal means equal.
    return max(error / size if size else error for error, size in errors)
