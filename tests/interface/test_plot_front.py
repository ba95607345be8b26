"""The front of an optimisation of two objectives, as a figure."""

import numpy as np
import pytest

import athermal as at


@pytest.fixture(scope="module")
def optimum():
    method = at.search.Optuna(trials=30, population=10)
    return at.optimise("two_qubit_swap", ["efficiency", "power"], over={"omega_cold": (0.85, 1.5)}, cycles=1, method=method)


def test_front_and_all_points_tried_are_drawn(optimum):
    ax = at.plot.pareto_front(optimum)
    rest, front = (line.get_xydata() for line in ax.lines)
    assert len(rest) + len(front) == np.count_nonzero(optimum.history.status.values == "feasible")
    assert sorted(front[:, 0]) == sorted(optimum.front.power.values)
    # (S19) without correlations to spend: eta = 1 - w_c/w_h with w_h = 2 (VALIDATION.md row 19)
    assert np.allclose(np.sort(front[:, 1]), np.sort(1.0 - optimum.front.omega_cold.values / 2.0), rtol=1e-10)
    assert "power" in ax.get_xlabel()


def test_a_column_that_is_no_objective_is_named(optimum):
    with pytest.raises(
        at.errors.StudyError, match="'work_output' is not an objective of the optimisation. It has efficiency, power"
    ):
        at.plot.pareto_front(optimum, x="work_output")
