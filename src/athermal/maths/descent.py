"""Minima of smooth functions within linear bounds, by steps that never leave them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.linalg import cho_solve, cholesky, qr, solve_triangular
from scipy.optimize import nnls

from athermal._types import FloatArray

# A step must give this part of the gain that the slope promises (Armijo), and is shortened to no less than a tenth at a time.
_GAIN, _SHORTEST, _LONGEST = 1e-4, 0.1, 0.5
# The curvature along a step is kept above this part of the model's, so that the model stays positive (Powell).
_LEAST_CURVATURE = 0.2
# The least curvature of the model, as part of the gradient: it would step a million units far.
_LEAST = 1e-6

Function = Callable[[FloatArray], tuple[float, FloatArray]]


def quadratic_step(hessian: FloatArray, gradient: FloatArray, rows: FloatArray, slack: FloatArray) -> FloatArray:
    """Return the step d that minimises gradient . d + d . hessian d/2 where rows d <= slack.

    With hessian = L L^T and y = L^T d + L^{-1} gradient it is the y of least norm within bounds, which non-negative least squares
    finds, and with it exactly which bounds hold the step back.

    Parameters
    ----------
    hessian : (n, n) array
        Positive definite.
    gradient : (n,) array
    rows : (m, n) array
    slack : (m,) array
        Not negative: d = 0 is allowed.

    References
    ----------
    C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", ch. 23 (Prentice-Hall, 1974).

    Examples
    --------
    >>> quadratic_step(np.eye(2), np.array([-1.0, -1.0]), np.array([[1.0, 0.0]]), np.array([0.25]))
    array([0.25, 1.  ])
    """
    lower = cholesky(hessian, lower=True)
    free = solve_triangular(lower, gradient, lower=True)
    scale = float(np.linalg.norm(free))
    if scale == 0.0:
        return np.zeros(len(gradient))
    reach, free = solve_triangular(lower, rows.T, lower=True), free / scale
    beyond = -(slack / scale + free @ reach)
    target = np.append(np.zeros(len(gradient)), 1.0)
    system = np.vstack([-reach, beyond])
    held, _ = nnls(system, target, maxiter=10 * system.shape[1])
    holding = held > 0.0
    return _step_along(hessian, gradient, rows[holding], slack[holding])


def _step_along(hessian: FloatArray, gradient: FloatArray, rows: FloatArray, slack: FloatArray) -> FloatArray:
    """Return the step that minimises the model where rows d = slack, rows independent: on the bounds whatever the curvature."""
    n, held = len(gradient), len(rows)
    if not held:
        return np.asarray(-cho_solve((cholesky(hessian, lower=True), True), gradient))
    frame, triangle = qr(rows.T)
    onto, along = frame[:, :held], frame[:, held:]
    step = onto @ solve_triangular(triangle[:held], slack, trans="T")
    if held < n:
        inner = cholesky(along.T @ hessian @ along, lower=True)
        step = step - along @ cho_solve((inner, True), along.T @ (gradient + hessian @ step))
    return np.asarray(step)


def descend(function: Function, start: FloatArray, rows: FloatArray, room: FloatArray, enough: float) -> FloatArray:
    """Go downhill from `start` within |rows x| <= room until the model promises a gain of less than `enough`.

    Sequential quadratic programming with the bounds themselves, not penalties, and a curvature learnt from the gradients (BFGS,
    damped): all points are within the bounds, up to rounding. The function may end the descent by an exception of its own; where
    it is not defined it returns infinity, and the step is shortened.

    Parameters
    ----------
    function : callable
        Returns the value and its gradient.
    start : (n,) array
        Within the bounds.
    rows : (m, n) array
    room : (m,) array
    enough : float

    References
    ----------
    M. J. D. Powell, in: Numerical Analysis, Lecture Notes in Mathematics 630, 144 (Springer, 1978); J. Nocedal, S. J. Wright,
    "Numerical Optimization", ch. 18 (Springer, 2006).

    Examples
    --------
    >>> bowl = lambda x: (float(np.sum((x - 2.0) ** 2)), 2.0 * (x - 2.0))
    >>> descend(bowl, np.zeros(2), np.array([[1.0, 0.0]]), np.array([1.0]), enough=1e-12).round(6)
    array([1., 2.])
    """
    both, limits = np.vstack([rows, -rows]), np.append(room, room)
    point = start
    value, gradient = function(point)
    hessian, fresh = _first_model(gradient), True
    while True:
        least = _LEAST * float(np.linalg.norm(gradient)) * np.eye(len(point))
        step = quadratic_step(hessian + least, gradient, both, np.maximum(limits - both @ point, 0.0))
        found = _shortened(function, point, value, float(gradient @ step), step, enough)
        if found is None and fresh:
            return point
        if found is None:  # the model may be to blame: begin again with what is known for certain
            hessian, fresh = _first_model(gradient), True
            continue
        moved, value, slope = found
        hessian = _learnt(hessian, moved - point, slope - gradient, fresh=fresh)
        point, gradient, fresh = moved, slope, False


def _first_model(gradient: FloatArray) -> FloatArray:
    """Return a curvature that makes a step of length one."""
    return np.asarray(np.eye(len(gradient)) * max(float(np.linalg.norm(gradient)), np.finfo(float).tiny))


def _shortened(
    function: Function, point: FloatArray, value: float, slope: float, step: FloatArray, enough: float
) -> tuple[FloatArray, float, FloatArray] | None:
    """Return a point along the step where the value is as much lower as it should be, with value and gradient; or None."""
    part = 1.0
    while -part * slope > enough:
        moved = point + part * step
        there, gradient = function(moved)
        if there <= value + _GAIN * part * slope:
            return moved, there, gradient
        best = -0.5 * slope * part / (there - value - slope * part)  # of the parabola through what is known
        part *= min(max(best, _SHORTEST), _LONGEST) if math.isfinite(there) else _SHORTEST
    return None


def _learnt(hessian: FloatArray, step: FloatArray, change: FloatArray, *, fresh: bool) -> FloatArray:
    """Return the model after a step along which the gradient changed (BFGS, damped)."""
    curvature = float(step @ change)
    if fresh and curvature > 0.0:  # the scale of the first model was a guess
        hessian = np.eye(len(step)) * (float(change @ change) / curvature)
    pulled = hessian @ step
    modelled = float(step @ pulled)
    if curvature < _LEAST_CURVATURE * modelled:
        share = (1.0 - _LEAST_CURVATURE) * modelled / (modelled - curvature)
        change = share * change + (1.0 - share) * pulled
    return np.asarray(hessian - np.outer(pulled, pulled) / modelled + np.outer(change, change) / float(step @ change))
