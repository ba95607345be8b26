"""Explicit Runge-Kutta methods for linear equations dy/dt = L(t) y, whose right-hand side is prepared for many instants at once.

The instants of all stages of a step are known before it is taken, and so are those of the steps after it if they are equally
long: whatever makes L(t) is worked out for all of them in one call. No step goes beyond the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.integrate

from athermal._types import ComplexArray, FloatArray
from athermal.errors import ConvergenceError

Slope = Callable[[int, ComplexArray], ComplexArray]
Slopes = Callable[[FloatArray], Slope]
"""From n instants to a function of k < n and y, which returns L(t_k) y."""
# Steps that are prepared together.
_TOGETHER = 8
# Of a stretch, what one step may take at most, so that no feature is stepped over; and the first step, in units of |y|/|dy/dt|.
_LARGEST, _FIRST = 1.0 / 16.0, 0.05
# How step sizes follow errors.
_SAFETY, _SHRINK, _GROW = 0.9, 0.2, 5.0


@dataclass(frozen=True)
class Tableau:
    """An embedded Runge-Kutta method.

    Parameters
    ----------
    a : (s, s) array
    b, c : (s,) arrays
    errors : tuple of (s,) arrays
        Weights of the error: one, or those of orders five and three of "dop853".
    order : int
        Of the error of a step.
    """

    a: FloatArray
    b: FloatArray
    c: FloatArray
    errors: tuple[FloatArray, ...]
    order: int

    @classmethod
    def dop853(cls) -> Tableau:
        """Return the method of order 8 of E. Hairer, S. P. Norsett and G. Wanner, Solving Ordinary Differential Equations I.

        Examples
        --------
        >>> float(round(sum(Tableau.dop853().b), 12))
        1.0
        """
        method = scipy.integrate.DOP853
        stages = method.n_stages
        errors = (np.asarray(method.E5)[:stages], np.asarray(method.E3)[:stages])
        return cls(np.asarray(method.A)[:stages, :stages], np.asarray(method.B), np.asarray(method.C)[:stages], errors, 8)

    def error(self, stages: ComplexArray, scale: FloatArray, step: float) -> float:
        """Return the error of a step in units of what is allowed."""
        sizes = [float(np.linalg.norm((weights @ stages) / scale)) for weights in self.errors]
        root = step / math.sqrt(stages.shape[1])
        if len(sizes) == 1:
            return root * sizes[0]
        fine, coarse = sizes
        return root * fine**2 / math.sqrt(fine**2 + 0.01 * coarse**2) if fine else 0.0


@dataclass(frozen=True)
class Tolerance:
    """What a step may be off by.

    Parameters
    ----------
    relative : float
    absolute : float or array
        Of each component.
    max_steps : int
    """

    relative: float
    absolute: float | FloatArray
    max_steps: int


def integrate(
    slopes: Slopes, state: ComplexArray, start: float, stop: float, tableau: Tableau, tolerance: Tolerance
) -> ComplexArray:
    """Return the state at the end.

    Raises
    ------
    ConvergenceError
        If steps become too short or too many, with why.

    Examples
    --------
    >>> turning = lambda times: lambda k, y: 1j * y
    >>> tolerance = Tolerance(1e-10, 1e-12, 1000)
    >>> found = integrate(turning, np.array([1.0 + 0.0j]), 0.0, np.pi, Tableau.dop853(), tolerance)
    >>> bool(abs(found[0] + 1.0) < 1e-9)
    True
    """
    y, shape = state.ravel(), state.shape
    absolute = np.broadcast_to(tolerance.absolute, shape).ravel()
    time, longest, together, taken = start, _LARGEST * (stop - start), 1, 0
    step = _first_step(slopes, y.reshape(shape), start, longest)
    with np.errstate(over="ignore", invalid="ignore"):
        while time < stop:
            left = math.ceil((stop - time) / step * (1.0 - 1e-9))
            step, count = (stop - time) / left if left <= 2 * _TOGETHER else step, min(together, left)
            instants = time + step * (np.arange(count)[:, None] + tableau.c)
            slope, worst = slopes(np.minimum(instants.ravel(), stop)), 0.0
            for k in range(count):
                y_next, stages = _step(slope, k * len(tableau.c), y, shape, step, tableau)
                scale = absolute + tolerance.relative * np.maximum(np.abs(y), np.abs(y_next))
                error = tableau.error(stages, scale, step)
                if not error <= 1.0:
                    break
                y, worst, taken = y_next, max(worst, error), taken + 1
                time = stop if count == left and k == count - 1 else time + step
            if not worst <= 1.0 or not error <= 1.0:
                shrink = _SAFETY * error ** (-1.0 / tableau.order) if math.isfinite(error) else _SHRINK
                step, together, taken = step * max(_SHRINK, shrink), 1, taken + 1
                if step <= 4.0 * np.finfo(float).eps * max(abs(time), abs(stop)):
                    raise ConvergenceError("its steps become too short: the equations are unstable, or very stiff.")
            else:
                grow = _SAFETY * worst ** (-1.0 / tableau.order) if worst else _GROW
                step, together = min(longest, step * min(_GROW, max(_SHRINK, grow))), min(2 * together, _TOGETHER)
            if taken > tolerance.max_steps:
                raise ConvergenceError(f"{tolerance.max_steps} steps do not suffice.")
    return y.reshape(shape)


def _first_step(slopes: Slopes, state: ComplexArray, start: float, longest: float) -> float:
    size, rate = float(np.linalg.norm(state)), float(np.linalg.norm(slopes(np.array([start]))(0, state)))
    return min(longest, _FIRST * size / rate) if rate > 0.0 else longest


def _step(
    slope: Slope, first: int, y: ComplexArray, shape: tuple[int, ...], step: float, tableau: Tableau
) -> tuple[ComplexArray, ComplexArray]:
    """Return the state after a step, and the stages."""
    stages = np.empty((len(tableau.c), len(y)), dtype=y.dtype)
    stages[0] = slope(first, y.reshape(shape)).ravel()
    weights = step * tableau.a
    for i in range(1, len(tableau.c)):
        inside = weights[i, :i] @ stages[:i]
        inside += y
        stages[i] = slope(first + i, inside.reshape(shape)).ravel()
    return y + step * (tableau.b @ stages), stages
