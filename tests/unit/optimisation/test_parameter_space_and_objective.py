"""What may be varied, optimised and constrained, and what is said of everything else."""

import math

import pytest

import athermal as at
from athermal.optimisation.objective import as_constraints, as_measures
from athermal.optimisation.parameter_space import Choice, Interval, Whole, as_space


@pytest.fixture(scope="module")
def ledger():
    return at.run(at.library.two_oscillator(T_hot=2.4, modes=8), cycles=3)


def test_kinds_of_parameters():
    space = as_space({"a": (0.5, 2), "b": [1, 4], "c": ["x", "y"], "d": [True, False], "e": (1, 2, 5)})
    kinds = [type(parameter) for parameter in space.parameters.values()]
    assert kinds == [Interval, Whole, Choice, Choice, Choice]
    assert space.discrete == ("b", "c", "d", "e")
    assert space.point((1.0, 2.4, 1.0, 0.0, 2.0)) == {"a": 2.0, "b": 2, "c": "y", "d": True, "e": 5}


def test_every_value_has_an_equal_share_of_the_unit_cube():
    space = as_space({"b": (1, 4)})
    values = [space.point(space.spread([(k + 0.5) / 40.0]))["b"] for k in range(40)]
    assert [values.count(k) for k in (1, 2, 3, 4)] == [10, 10, 10, 10]
    assert space.point(space.spread([1.0]))["b"] == 4


def test_on_bounds():
    space = as_space({"a": (0.0, 2.0), "b": (1, 4)})
    assert space.on_bounds({"a": 0.001, "b": 4}) == {"a": "lower", "b": "upper"}
    assert space.on_bounds({"a": 1.0, "b": 2}) == {}
    assert space.on_bounds({"a": 2.0, "b": 1}) == {"a": "upper", "b": "lower"}


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({}, "must be a table of bounds"),
        (None, "must be a table of bounds"),
        ({"a": 1.0}, "two bounds \\(low, high\\) or a list of choices, but is 1.0"),
        ({"a": (2.0, 1.0)}, "The bounds of 'a' must go up, but are 2.0 and 1.0. Swap them: \\(1.0, 2.0\\)"),
        ({"a": (1.0, 1.0)}, "must go up, but are 1.0 and 1.0. What does not vary"),
        ({"a": (1.0, math.inf)}, "must be finite"),
        ({"a": ["x"]}, "at least two choices"),
        ({"a": ["x", "x", "y"]}, "must differ"),
        ({"a": "xy"}, "list of choices"),
    ],
)
def test_bounds_that_cannot_be(over, words):
    with pytest.raises(at.errors.StudyError, match=words):
        as_space(over)


def test_over_the_run_and_of_the_last_cycle(ledger):
    whole, last = at.search.Objective("efficiency"), at.search.Objective("efficiency", of="last cycle")
    assert whole.value(ledger) == float(ledger.cumulative.efficiency[-1])
    assert last.value(ledger) == float(ledger.efficiency[-1])
    assert (whole.label, last.label) == ("efficiency", "last_cycle_efficiency")
    assert at.search.Objective("work_by_resource[C(S)]").value(ledger) == float(
        ledger.cumulative.work_by_resource.sel(resource="C(S)")[-1]
    )


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("eficiency", "no column 'eficiency'. Did you mean 'efficiency'?"),
        ("mode", "holds words"),
        ("zzz", "Objectives are its columns, or functions of it"),
    ],
)
def test_columns_that_are_not_there(column, words):
    with pytest.raises(at.errors.StudyError, match=words):
        at.search.Objective(column)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("heat", "a value for each reservoir. Say which: heat\\[hot bath\\], heat\\[cold bath\\]"),
        ("heat[hot bth]", "no part 'hot bth'. Did you mean 'hot bath'?"),
        ("work[hot bath]", "It is one number"),
        ("concurrence", "this machine has no column 'concurrence'"),
    ],
)
def test_columns_that_this_machine_has_not(ledger, column, words):
    with pytest.raises(at.errors.StudyError, match=words):
        at.search.Objective(column).value(ledger)


def test_objectives_that_cannot_be(ledger):
    with pytest.raises(at.errors.StudyError, match="'whole run', 'last cycle'"):
        at.search.Objective("work", of="first cycle")
    with pytest.raises(at.errors.StudyError, match="given more than once"):
        as_measures(["work", "work"], "objective")
    with pytest.raises(at.errors.StudyError, match="must be a column of the ledger"):
        as_measures([1.0], "objective")
    (measure,) = as_measures([lambda _: [1.0, 2.0]], "objective")
    with pytest.raises(at.errors.StudyError, match="must return one number, but returned \\[1.0, 2.0\\]"):
        measure.value(ledger)


def test_constraints():
    above, between = as_constraints({"work_output": (0.1, None), "efficiency": (0.2, 0.4)})
    assert above.missed(0.04) == pytest.approx(0.06)
    assert above.violation(0.04) == pytest.approx(0.6)
    assert above.missed(0.1 - 1e-10) == 0.0  # within the stated 1e-8 of the bound
    assert above.missed(0.1 - 1e-8) > 0.0
    assert above.missed(math.nan) == math.inf
    assert between.margins(0.3) == pytest.approx([0.25, 0.25])
    assert str(between) == "0.2 <= efficiency <= 0.4"


@pytest.mark.parametrize(
    ("subject_to", "words"),
    [
        (["work"], "must be a table such as"),
        ({"work": 0.1}, "Write \\(0.1, None\\) for at least that much"),
        ({"work": (None, None)}, "at least one end"),
        ({"work": (2.0, 1.0)}, "must go up"),
        ({"work": (math.nan, 1.0)}, "must be finite"),
        ({"wrok": (1.0, 2.0)}, "Did you mean 'work'"),
    ],
)
def test_constraints_that_cannot_be(subject_to, words):
    with pytest.raises(at.errors.StudyError, match=words):
        as_constraints(subject_to)
