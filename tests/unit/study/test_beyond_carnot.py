import numpy as np

import athermal as at
from tests.unit import sweeps


def test_last_cycle_beyond_carnot():
    data = sweeps.synthetic({"a": [0.1, 0.2, 0.3, 0.4]}, 0.3).isel(cycle=[0] * 5).assign_coords(cycle=[1, 2, 3, 4, 5])
    eta = np.array([[0.4, 0.4, 0.4, 0.4, 0.4], [0.6, 0.6, 0.4, 0.6, 0.4], [0.6, 0.6, 0.6, 0.6, 0.6], [0.6, 0.6, 0.6, 0.4, 0.6]])
    work = np.where(np.arange(5) == 4, [[-1.0], [-1.0], [-1.0], [1.0]], -1.0)
    data["cumulative_efficiency"] = (("a", "cycle"), eta)
    data["cumulative_work"] = (("a", "cycle"), work)
    lasts = at.sweeps.cycles_beyond_carnot(data)
    np.testing.assert_array_equal(lasts.values, [0, 4, 5, 3])
    np.testing.assert_array_equal(lasts.is_lower_bound.values, [False, False, True, False])
    assert lasts.dims == ("a",)


def test_failed_points_are_unknown():
    data = sweeps.synthetic({"a": [1, 2]}, 0.6, status=lambda a: np.where(a == 2, "failed", "complete"))
    np.testing.assert_array_equal(at.sweeps.cycles_beyond_carnot(data).values, [1.0, np.nan])


def test_over_several_parameters_and_points_of_a_list():
    axes = {"initial.cycles": [1, 2, 3], "modes": [9, 12]}
    data = sweeps.grid(
        lambda modes: at.library.two_oscillator(modes=modes),
        axes,
        cycles=6,
        initial=lambda **point: at.Charged(point["initial.cycles"]),
    )
    lasts = at.sweeps.cycles_beyond_carnot(data)
    np.testing.assert_array_equal(lasts.transpose("initial.cycles", "modes").values, [[1, 1], [3, 3], [5, 5]])
    np.testing.assert_array_equal(at.sweeps.cycles_beyond_carnot(sweeps.listed(data)).values, np.ravel(lasts.values))
    np.testing.assert_array_equal(at.sweeps.cycles_beyond_carnot(data, at={"modes": 9}).values, [1, 3, 5])
