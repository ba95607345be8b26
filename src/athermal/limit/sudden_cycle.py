"""Solve a machine with sudden strokes: refine panels until the integrand has settled, then integrate over Floquet frequency."""

from __future__ import annotations

import numpy as np

from athermal._types import FloatArray
from athermal.errors import ConvergenceError
from athermal.limit.exponents import check_stable
from athermal.limit.problem import Problem
from athermal.limit.solve import System, target
from athermal.limit.sudden import LEVELS, StrokeSystem, coarse_zeros, located, stroke_system, zone_segments
from athermal.maths.kronrod import Integral, integrate
from athermal.maths.resonances import Resonance


def solve_strokes(
    problem: Problem, accuracy: float, max_nodes: int
) -> tuple[StrokeSystem, System, list[Resonance], Integral, FloatArray]:
    """Return the panels, the harmonic balance to start from, the resonances, the integral and the estimated errors.

    Raises
    ------
    InstabilityError, ConvergenceError
        See `limit_cycle`.
    """
    coarse, guesses = coarse_zeros(problem)
    system = stroke_system(problem, 0)
    zeros = located(system, coarse, guesses)
    check_stable(zeros, system)
    change = np.full(system.layout.commutators.stop, np.inf)
    for level in range(1, len(LEVELS)):
        finer = stroke_system(problem, level)
        change = _change(system, finer, zeros)
        system = finer
        if np.max(change) <= accuracy:
            break
    else:
        raise ConvergenceError(
            f"The limit cycle must converge to `accuracy` = {accuracy:.1e}, but with polynomials of order {LEVELS[-1][0]} on "
            f"each panel of a stroke still changes by {np.max(change):.1e}. Ask for an `accuracy` of {2.0 * np.max(change):.0e}."
        )
    integral = integrate(system.integrand, zone_segments(system, zeros), 1, target(system.layout, 0.3 * accuracy), max_nodes)
    sizes = np.abs(integral.values)
    for part in _kinds(system):
        sizes[part] = np.max(sizes[part], initial=0.0)
    return system, coarse, zeros, integral, integral.errors + change * sizes


def _kinds(system: StrokeSystem) -> tuple[slice, ...]:
    layout = system.layout
    return slice(0, layout.gross), slice(layout.gross, layout.gross + 1), layout.covariances, layout.commutators


def _change(coarse: StrokeSystem, fine: StrokeSystem, zeros: list[Resonance]) -> FloatArray:
    """Return the relative change of each integrand between two systems, over its kind, near resonances and elsewhere."""
    nu = coarse.balance.nu
    points = np.array([0.137, -0.291, 0.446, *(zero.frequency.real / nu for zero in zeros[:2])]) + 1e-3
    v = nu * (points - np.round(points))
    a, b = coarse.integrand(0, v)[0], fine.integrand(0, v)[0]
    result = np.zeros(b.shape[1])
    for part in _kinds(fine):
        size = float(np.max(np.abs(b[:, part]), initial=0.0))
        result[part] = float(np.max(np.abs(a[:, part] - b[:, part]), initial=0.0)) / size if size else 0.0
    # the gross energy only sets a scale
    result[fine.layout.gross] = 0.0
    return result
