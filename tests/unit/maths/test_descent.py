"""Steps within bounds against the conditions that mark a minimum, descents against known minima."""

import numpy as np
import pytest
from scipy.optimize import nnls, rosen, rosen_der

from athermal.maths.descent import descend, quadratic_step


def how_far_from_minimal(hessian, gradient, rows, slack, step):
    """Return by how much the bounds are missed, and the slope that no active bound balances (Karush, Kuhn, Tucker)."""
    slope = gradient + hessian @ step
    active = rows[rows @ step - slack >= -1e-9]
    left = nnls(active.T, -slope)[1] if len(active) else np.linalg.norm(slope)
    return float(np.max(rows @ step - slack)), float(left)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("softest", [1.0, 1e-6])
def test_a_step_is_the_minimum_within_the_bounds(seed, softest):
    """Neighbouring rows, as those of a series on a grid, some with no slack, and curvatures of six orders of magnitude."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    hessian = turn @ np.diag([softest, 1.0, 30.0]) @ turn.T
    angles = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    rows = np.column_stack([np.ones(48), np.cos(angles), np.sin(angles)])
    rows = np.vstack([rows, -rows])
    slack = np.where(np.arange(96) % 48 == seed, 0.0, rng.uniform(0.1, 1.0, 96))
    gradient = 10.0 ** rng.uniform(-3, 1) * rng.normal(size=3)
    missed, left = how_far_from_minimal(hessian, gradient, rows, slack, quadratic_step(hessian, gradient, rows, slack))
    assert missed <= 1e-12  # rounding, of steps of length one
    assert left <= 1e-9 * np.linalg.norm(gradient)


def test_a_step_within_wide_bounds_is_newtons():
    hessian, gradient = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([0.4, -0.2])
    step = quadratic_step(hessian, gradient, np.eye(2), np.full(2, 1e3))
    np.testing.assert_allclose(step, -np.linalg.solve(hessian, gradient), atol=1e-12)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize(
    ("room", "minimum"),
    [(np.array([4.0, 4.0]), [1.0, 1.0]), (np.array([0.5, 4.0]), [0.5, 0.25]), (np.array([0.5, 0.1]), [0.33176908, 0.1])],
)
def test_a_curved_valley_in_any_unit(scale, room, minimum):
    """Rosenbrock's: y = x^2 where it can be; on y = 1/10 where 400 x^3 - 38 x - 2 = 0."""
    end = descend(lambda x: (scale * rosen(x), scale * rosen_der(x)), np.array([-0.4, 0.1]), np.eye(2), room, 1e-15 * scale)
    np.testing.assert_allclose(end, minimum, atol=1e-6)


def test_it_steps_back_from_where_nothing_is_defined():
    """x - ln x, by way of steps to negative x."""

    def function(x):
        return (float(x[0] - np.log(x[0])), 1.0 - 1.0 / x) if x[0] > 0.0 else (np.inf, np.array([np.nan]))

    met = []
    end = descend(lambda x: (met.append(x[0]), function(x))[1], np.array([3.9]), np.eye(1), np.array([4.0]), 1e-15)
    assert end == pytest.approx(1.0, abs=1e-6)


def test_all_points_are_within_the_bounds():
    rng, seen = np.random.default_rng(4), []
    pull, rows = rng.normal(size=5), rng.normal(size=(9, 5))

    def function(x):
        seen.append(np.max(np.abs(rows @ x)))
        return float(0.1 * pull @ x + np.sum((x - pull) ** 4)), 0.1 * pull + 4.0 * (x - pull) ** 3

    descend(function, np.zeros(5), rows, np.ones(9), 1e-14)
    assert max(seen) <= 1.0 + 1e-12
    assert len(seen) > 3
