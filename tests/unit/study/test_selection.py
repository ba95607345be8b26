import numpy as np
import pytest

import athermal as at
from athermal.errors import StudyError
from athermal.study.selection import dataset_of, fix, plane, points
from tests.unit import sweeps

AXES = {"a": [1.0, 2.0, 3.0], "kind": ["x", "y"], "initial.strength": [0.0, 0.1]}


@pytest.fixture(scope="module")
def three():
    return sweeps.synthetic(AXES, lambda a, kind, **rest: a + 10.0 * (kind == "y") + 100.0 * rest["initial.strength"])


@pytest.fixture(scope="module")
def runs():
    return sweeps.grid(at.library.two_oscillator, {"T_hot": [1.5, 2.4], "modes": [6]}, cycles=3)


class Result:
    def __init__(self, dataset):
        self.dataset = dataset


class TestPlane:
    def test_rows_are_y_and_columns_x(self, three):
        chosen = plane(three, "efficiency", "a", "kind", {"initial.strength": 0.1})
        np.testing.assert_array_equal(chosen.values("efficiency"), [[11.0, 12.0, 13.0], [21.0, 22.0, 23.0]])
        chosen = plane(three, "efficiency", "kind", "a", {"initial.strength": 0.1})
        np.testing.assert_array_equal(chosen.values("efficiency"), [[11.0, 21.0], [12.0, 22.0], [13.0, 23.0]])

    def test_axes_left_out_are_the_next_that_vary(self, three):
        assert (plane(three, "efficiency", at={"a": 2.0}).x, plane(three, "efficiency", at={"a": 2.0}).y) == (
            "kind",
            "initial.strength",
        )
        chosen = plane(three, "efficiency", y="a", at={"kind": "x"})
        assert (chosen.x, chosen.y) == ("initial.strength", "a")
        assert plane(three, "efficiency", at={"a": 2.0, "kind": "x"}).y is None

    def test_numbers_match_up_to_rounding(self, three):
        assert plane(three, "efficiency", at={"initial.strength": 0.1 + 1e-17, "kind": "x"}).y is None

    def test_one_value_is_no_axis_unless_named(self, runs):
        assert (plane(runs, "work").x, plane(runs, "work").y) == ("T_hot", None)
        assert plane(runs, "work", x="modes", y="T_hot").values("work").shape == (2, 1)

    def test_takes_a_sweep_or_its_data(self, three):
        assert dataset_of(Result(three)) is three

    def test_points_of_a_list_are_filtered(self, three):
        chosen = plane(sweeps.listed(three), "efficiency", at={"kind": "y", "initial.strength": 0.1})
        assert (chosen.is_grid, chosen.x, chosen.y) == (False, "a", None)
        np.testing.assert_array_equal(chosen.values("efficiency"), [21.0, 22.0, 23.0])


class TestCycles:
    def test_first_cycle_and_all_cycles(self, runs):
        one, every = plane(runs, "work"), plane(runs, "cumulative_work")
        np.testing.assert_array_equal(one.values("work"), runs.work.values[:, 0, 0])
        np.testing.assert_array_equal(every.values("work"), runs.cumulative_work.values[:, 0, 2])
        assert (one.when, every.when) == ("cycle 1", "cycles 1\N{EN DASH}3")
        assert plane(runs, "cumulative_work", cycle=2).when == "cycles 1\N{EN DASH}2"

    def test_cycles_as_an_axis(self, runs):
        chosen = plane(runs, "cumulative_work", x="cycle")
        np.testing.assert_array_equal(chosen.values("work"), runs.cumulative_work.values[:, 0])
        assert (chosen.y, chosen.when) == ("T_hot", "since the start")

    def test_one_reservoir_of_a_column(self, runs):
        chosen = points(runs, "heat[cold bath]", cycle=2)
        np.testing.assert_array_equal(chosen.values("heat[cold bath]"), runs.heat.sel(reservoir="cold bath", cycle=2).values)


class TestErrors:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {},
                "A map has two axes, here a and kind, but 'initial.strength' varies too. Give a value: at={'initial.strength': 0.0}.",
            ),
            ({"x": "b"}, "`x` must be one of 'a', 'kind', 'initial.strength', 'cycle', but is 'b'."),
            ({"x": "a", "y": "a"}, "`x` and `y` must be two parameters, but both are 'a'."),
            ({"x": "a", "at": {"a": 1.0}}, "`x` is 'a', but `at` fixes its value."),
            ({"at": {"A": 1.0}}, "The sweep has no parameter 'A'"),
            ({"at": {"a": 1.5}}, "No point of the sweep has a = 1.5; its values are 1.0, 2.0, 3.0."),
            ({"at": {"a": 1.0}, "cycle": 2}, "The sweep has no cycle 2: `cycle` must be from 1 to 1."),
        ],
    )
    def test_say_what_is_there(self, three, options, message):
        with pytest.raises(StudyError, match=message.replace("[", r"\[").replace("{", r"\{")):
            plane(three, "efficiency", **options)

    @pytest.mark.parametrize(
        ("column", "message"),
        [
            ("eficiency", "no column 'eficiency'. Did you mean 'efficiency'?"),
            ("heat", "has one value for each of 'hot bath', 'cold bath': name it as 'heat.hot bath.'"),
            ("heat[bath]", "has one value for each of 'hot bath', 'cold bath'"),
            ("mode", "holds words, not numbers: draw it with `mode_map`"),
        ],
    )
    def test_columns(self, runs, column, message):
        with pytest.raises(StudyError, match=message):
            plane(runs, column).values(column)

    def test_not_a_sweep(self, runs):
        with pytest.raises(StudyError, match="Expected a Sweep, or its `dataset`, but found 'list'"):
            dataset_of([1, 2])
        with pytest.raises(StudyError, match="No point of the sweep has finished a cycle"):
            dataset_of(runs.isel(cycle=slice(0, 0)))

    def test_a_list_of_points_with_more_parameters_needs_its_axes_named(self, three):
        with pytest.raises(StudyError, match="varies too"):
            plane(sweeps.listed(three), "efficiency")
        assert plane(sweeps.listed(three), "efficiency", "a", "initial.strength").values("efficiency").shape == (12,)

    def test_a_fixed_parameter_leaves_its_dimension(self, three):
        assert "a" not in fix(three, {"a": 3.0}).dims
