"""The limit cycle of oscillators between continuous baths: solve and certify."""

from __future__ import annotations

import numpy as np

from athermal._types import FloatArray
from athermal.errors import ConvergenceError, InstabilityError
from athermal.limit.exponents import as_exponents, check_stable, count_growing, raise_undamped
from athermal.limit.forces import forces_of
from athermal.limit.harmonic_cycle import HarmonicCycle
from athermal.limit.mean import at_rest, driven_mean
from athermal.limit.problem import Problem, pose
from athermal.limit.solve import (
    System,
    carried_over,
    difference,
    first_guess,
    integrate_all,
    next_number,
    target,
    truncate,
    with_more_harmonics,
)
from athermal.limit.state import PeriodicState
from athermal.limit.sudden import StrokeSystem, has_exact_strokes
from athermal.limit.sudden_cycle import solve_strokes
from athermal.limit.sudden_mean import sudden_mean
from athermal.machine.machine import Machine
from athermal.maths.kronrod import Integral
from athermal.maths.resonances import Resonance, resonances

# At jumps of the drive what n harmonics leave out falls off as 1/n, and 1.4 times as many show only a quarter of it.
_UNSEEN = 4.0
# A bound state that holds more of a subsystem than this leaves no limit cycle worth the name.
_LARGEST_UNDAMPED = 1e-3


def harmonic_cycle(machine: Machine, accuracy: float, max_harmonics: int, max_nodes: int) -> HarmonicCycle:
    """Return the limit cycle of oscillators between continuous baths; see `limit_cycle`."""
    problem = pose(machine, "a limit cycle")
    if has_exact_strokes(problem):
        return _with_strokes(problem, accuracy, max_nodes)
    strictness = 1.0
    while True:
        cycle, missed = _attempt(problem, accuracy, strictness, max_harmonics, max_nodes)
        if missed <= 1.0:
            return cycle
        strictness *= 1.5 * missed


def _attempt(
    problem: Problem, accuracy: float, strictness: float, max_harmonics: int, max_nodes: int
) -> tuple[HarmonicCycle, float]:
    """Return the limit cycle of one truncation, and how many times its covariances miss the accuracy at jumps of the drive.

    Integrands that agree at each frequency may still differ in sum where harmonics fall off slowly.
    """
    system, zeros = _truncated(problem, accuracy, strictness, max_harmonics)
    check_stable(zeros, system)
    integral = integrate_all(system, zeros, accuracy, max_nodes)
    _check_converged(integral, system, accuracy, max_nodes)
    cycle = _certified(system, zeros, integral, accuracy)
    if not len(problem.jumps):
        return cycle, 0.0
    variance = float(np.max(np.abs(integral.values[system.layout.covariances])))
    return cycle, (cycle.errors["covariance"] / variance - float(np.max(cycle.undamped))) / accuracy


def _with_strokes(problem: Problem, accuracy: float, max_nodes: int) -> HarmonicCycle:
    """Return the limit cycle of a machine that is constant between jumps."""
    system, coarse, zeros, integral, errors = solve_strokes(problem, accuracy, max_nodes)
    _check_converged(integral, system, accuracy, max_nodes)
    forces = forces_of(problem)
    mean = at_rest(problem) if forces is None else sudden_mean(forces, accuracy)
    state = PeriodicState(system, integral, mean)
    return _assembled(state, coarse, zeros, errors, 0, accuracy)


def _check_converged(integral: Integral, system: System | StrokeSystem, accuracy: float, max_nodes: int) -> None:
    if integral.is_converged:
        return
    missed = float(np.max(integral.errors / target(system.layout, accuracy)(integral.values)))
    raise ConvergenceError(
        f"The integral over frequency must converge to `accuracy` = {accuracy:.1e} with at most `max_nodes` = {max_nodes} "
        f"nodes, but still misses it {missed:.1e} times. Ask for a larger `accuracy`, or raise `max_nodes`."
    )


def _truncated(problem: Problem, accuracy: float, strictness: float, max_harmonics: int) -> tuple[System, list[Resonance]]:
    """Return the smallest truncation tried whose integrand agrees with the next one's."""
    n = min(first_guess(problem), max_harmonics)
    system = truncate(problem, n)
    zeros = resonances(system.balance)
    change, enough = np.inf, (1.0 / _UNSEEN if len(problem.jumps) else 0.1) * accuracy / strictness
    while n and not system.is_closed:
        check_stable(zeros, system)
        n = next_number(n)
        if n > max_harmonics:
            raise _too_sharp(problem, accuracy, max_harmonics, system.balance.n, change)
        finer = truncate(problem, n)
        change = difference(system, finer, zeros)
        if change <= enough and not finer.is_closed:
            break  # the finer one will certify this one
        system, zeros = finer, carried_over(zeros, finer)
    return system, sorted(zeros, key=lambda zero: -zero.frequency.imag)


def _too_sharp(problem: Problem, accuracy: float, max_harmonics: int, reached: int, change: float) -> ConvergenceError:
    """Return the error of a drive that needs more harmonics than are allowed."""
    found = f"with {reached} of them still changes by {change:.1e}"
    remedy = "Ask for a larger `accuracy`, or raise `max_harmonics`."
    if len(problem.jumps):
        left = _UNSEEN * change
        found += f" (about {left:.1e} is missing: at a sudden stroke the error falls only as one over the number of harmonics)"
        remedy = (
            "Give sudden strokes smooth `ramps` (shape 'quintic' converges fastest), ask for an `accuracy` of "
            f"{2.0 * left:.0e}, or follow the machine in time: `run` takes strokes exactly."
        )
    return ConvergenceError(
        f"The limit cycle must converge to `accuracy` = {accuracy:.1e} with at most `max_harmonics` = {max_harmonics} "
        f"harmonics of the drive, but {found}. {remedy}"
    )


def _certified(system: System, zeros: list[Resonance], integral: Integral, accuracy: float) -> HarmonicCycle:
    problem = system.problem
    forces = forces_of(problem)
    mean = at_rest(problem) if forces is None else driven_mean(forces, accuracy)
    state = PeriodicState(system, integral, mean)
    errors = integral.errors + system.rounding(integral)
    if system.balance.n and not system.is_closed:
        finer = truncate(problem, next_number(system.balance.n))
        unseen = _UNSEEN if len(problem.jumps) else 1.0
        errors += unseen * np.abs(with_more_harmonics(system, finer, integral))
    return _assembled(state, system, zeros, errors, system.balance.n, accuracy)


def _assembled(
    state: PeriodicState, balanced: System, zeros: list[Resonance], errors: FloatArray, n_harmonics: int, accuracy: float
) -> HarmonicCycle:
    """Return the limit cycle of a state; `balanced` is the harmonic balance that counts what grows."""
    system, integral, layout = state.system, state.integral, state.system.layout
    period = system.problem.machine.period
    _check_complete(state, balanced, float(np.max(errors[layout.commutators])))
    variance = float(np.max(np.abs(integral.values[layout.covariances])))
    undamped = float(np.max(state.undamped))
    mean = state.mean_motion
    achieved = {
        "work": period * (float(errors[layout.work]) + mean.errors.work),
        "heat": period * (float(np.max(errors[layout.heats])) + mean.errors.heats),
        "covariance": float(np.max(errors[layout.covariances])) + (undamped * variance if undamped > accuracy else 0.0),
        "mean": mean.errors.mean,
    }
    return HarmonicCycle(system.problem.machine, as_exponents(zeros, system), achieved, accuracy, state, n_harmonics)


def _check_complete(state: PeriodicState, system: System, unseen: float) -> None:
    """Refuse a machine whose commutators do not come from the baths' quanta alone: part of it grows, or is never damped."""
    k = int(np.argmax(state.undamped))
    if state.undamped[k] <= _LARGEST_UNDAMPED + unseen:
        return
    growing, _ = count_growing(system)
    if growing > 0.3:
        raise InstabilityError(
            f"The machine is unstable, and has no limit cycle: about {growing:.0f} of its Floquet exponents must have a negative "
            "real part, but grow. Weaken the drive or the couplings; `floquet_exponents` and a run tell more."
        )
    what = f"a fraction {state.undamped[k]:.3g} of it oscillates for ever at a frequency outside the bands"
    raise_undamped(system.problem.machine.subsystem_names[k], what)
