"""The points of a sweep."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import qmc

import athermal as at
from athermal.errors import StudyError
from athermal.study.design import as_design, design_of, read_table, read_value, spaced


def test_grid_runs_through_every_combination_last_parameter_fastest():
    grid = at.Grid({"a": [1, 2], "b": np.array([0.5, 0.25, 0.125]), "c": ["x"]})
    assert list(grid) == [{"a": a, "b": b, "c": "x"} for a in (1, 2) for b in (0.5, 0.25, 0.125)]
    assert grid.shape == (2, 3, 1)
    assert [type(grid.point(0)[name]) for name in "abc"] == [int, float, str]


def test_quasi_random_sample_covers_more_evenly_than_a_random_one():
    ranges = {"a": (0.0, 1.0), "b": (0.0, 1.0)}
    even, random = (at.sweeps.Sample(ranges, 64, method) for method in ("quasi_random", "random"))
    rows = [np.array([list(point.values()) for point in sample]) for sample in (even, random)]
    assert qmc.discrepancy(rows[0]) < 0.3 * qmc.discrepancy(rows[1])
    for values in rows:
        assert values.shape == (64, 2)
        assert np.all((values >= 0.0) & (values < 1.0))


@pytest.mark.parametrize("method", ["quasi_random", "random"])
def test_sample_is_reproduced_by_its_seed_and_keeps_whole_numbers(method):
    first, again, other = (at.sweeps.Sample({"a": (-1.0, 3.0), "n": (2, 4)}, 50, method, seed) for seed in (1, 1, 2))
    assert list(first) == list(again) != list(other)
    counts = [point["n"] for point in first]
    assert set(counts) == {2, 3, 4}
    assert all(isinstance(count, int) for count in counts)
    # each of three whole numbers is as likely: 50/3 each; five standard deviations
    assert all(abs(counts.count(n) - 50 / 3) < 5 * np.sqrt(50 * 2 / 9) for n in (2, 3, 4))


def test_table_from_dicts_data_frame_and_csv_agree(tmp_path):
    entries = [{"T_hot": 1.5, "damping": "exchange", "modes": 3}, {"T_hot": 2.0, "damping": "position", "modes": 4}]
    path = tmp_path / "points.csv"
    pd.DataFrame(entries).to_csv(path, index=False)
    for design in (as_design(entries), as_design(pd.DataFrame(entries)), read_table(path)):
        assert list(design) == entries
        assert type(design.point(1)["modes"]) is int


@pytest.mark.parametrize(
    "design",
    [at.Grid({"a": [1, 2.5], "b": ["x", "y"]}), at.sweeps.Sample({"a": (0.0, 1.0)}, 3), at.sweeps.Table([{"a": 1}, {"a": 2}])],
)
def test_plain_form_gives_the_points_back(design):
    assert list(design_of(design.describe())) == list(design)


def test_spaced_values_hit_both_ends():
    assert spaced(1.1, 3.0, 40)[0] == 1.1
    assert spaced(1.1, 3.0, 40)[-1] == 3.0
    assert spaced(40, 10, 4) == [40, 30, 20, 10]
    assert spaced(1, 2, 3) == [1.0, 1.5, 2.0]
    assert spaced(5, 9, 1) == [5]
    assert np.allclose(spaced(0.01, 1.0, 3, is_logarithmic=True), [0.01, 0.1, 1.0], rtol=1e-15)


def test_labelled_values_are_taken_as_numbers():
    for values in (xr.DataArray([1.5, 2.0]), pd.Series([1.5, 2.0]), np.array([1.5, 2.0])):
        points = list(at.Grid({"a": values}))
        assert points == [{"a": 1.5}, {"a": 2.0}]
        assert type(points[0]["a"]) is float


def test_csv_of_a_spreadsheet_may_begin_with_a_mark(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes("a,b\r\n1,2\r\n".encode("utf-8-sig"))
    assert list(read_table(path)) == [{"a": 1, "b": 2}]


def test_values_as_text():
    assert [read_value(text) for text in ("3", " 3.5", "-1e-3", "false", "exchange")] == [3, 3.5, -1e-3, False, "exchange"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.Grid({}), "must be a table such as"),
        (lambda: at.Grid({"T_hot": []}), "The values of 'T_hot' must hold at least one, but are empty"),
        (lambda: at.Grid({"T_hot": 1.5}), "must be a list, but are 1.5. Write \\[1.5\\]"),
        (lambda: at.Grid({"T_hot": "abc"}), "must be a list"),
        (lambda: at.Grid({"T_hot": [1.5, 1.5]}), "must differ, but 1.5 is given more than once"),
        (lambda: at.Grid({"T_hot": [2, 2.0]}), "must differ, but 2.0 is given more than once"),
        (lambda: at.Grid({"choice": [None, "null"]}), "must differ"),  # they would have one label
        (lambda: at.Grid({"T_hot": {1.5, 2.0}}), "are a set, which has no order"),
        (lambda: at.Grid({"machine.reservoirs.a/b.temperature": [1.5]}), "without '/', but is 'machine.reservoirs.a/b"),
        (lambda: at.sweeps.Table([{1: 2.0}]), "The name of a parameter must be a word"),
        (lambda: at.sweeps.Sample({"": (1.0, 2.0)}, 3), "The name of a parameter must be a word"),
        (lambda: at.sweeps.Sample({"a": (1.0, np.inf)}, 3), "must be finite"),
        (lambda: at.Grid({"a": spaced(2, 2, 3)}), "must differ, but 2 is given more than once"),
        (lambda: at.sweeps.Table([]), "must hold at least one point, but is empty"),
        (lambda: at.sweeps.Table([{}]), "must have at least one parameter"),
        (lambda: at.sweeps.Table([{"a": 1}, {"b": 1}]), "point 0 has a and point 1 has b"),
        (lambda: at.sweeps.Sample({}, 3), "`ranges` of a sample"),
        (lambda: at.sweeps.Sample({"a": (2.0, 1.0)}, 3), "must go up, but is 2.0 to 1.0"),
        (lambda: at.sweeps.Sample({"a": 3.0}, 3), "must be two numbers"),
        (lambda: as_design(3), "The points of a sweep must be a grid"),
        (lambda: at.Grid({"a": [lambda: 0]}).describe(), "must be numbers, words, or what a machine file can hold"),
    ],
)
def test_what_is_no_design_is_refused(make, message):
    with pytest.raises(StudyError, match=message):
        make()


@pytest.mark.parametrize(("points", "method"), [(0, "random"), (3, "sobol")])
def test_bad_samples_are_refused(points, method):
    with pytest.raises(StudyError, match="of a sample must be"):
        at.sweeps.Sample({"a": (0.0, 1.0)}, points, method)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a,b\n1,2\n3\n", "Line 3 of .* has 1 values, but there are 2 names"), ("a,b\n", "at least one line of values")],
)
def test_bad_csv_is_refused(tmp_path, text, message):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_table(path)
    with pytest.raises(StudyError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
