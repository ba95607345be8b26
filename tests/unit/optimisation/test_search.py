"""Searches on a machine that costs almost nothing, for objectives whose optimum is known."""

import json
import math
import sys

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.optimisation import evaluation
from athermal.study import execution

METHODS = [
    at.search.Local(starts=2, tolerance=1e-3),
    at.search.Global(population=4, generations=3, refine=False),
    at.search.Optuna(trials=25),
]


def machine(T_hot=2.0, T_cold=1.0, modes=1, kind="plain"):
    """One oscillator that touches two baths: a run takes some 20 ms."""
    places = tuple(1.0 + 0.1 * k for k in range(modes))
    return at.Machine(
        subsystems=[at.Oscillator(kind, 1.0)],
        reservoirs=[at.Bath("hot", T_hot, places, (0.1,) * modes), at.Bath("cold", T_cold, (1.0,), (0.1,))],
        couplings=[at.Exchange((kind, "hot")), at.Exchange((kind, "cold"))],
        period=1.0,
    )


def hill(ledger):
    """A hill over the temperatures, 3 high at (2, 1)."""
    hot, cold = ledger.reference.temperatures
    return 3.0 - (hot - 2.0) ** 2 - 2.0 * (cold - 1.0) ** 2


def hot(ledger):
    return float(ledger.reference.temperatures[0])


def search(objective=hill, over=None, **more):
    return at.optimise(machine, objective, over or {"T_hot": (0.5, 4.0), "T_cold": (0.5, 3.0)}, cycles=1, **more)


def test_local_finds_the_top():
    best = search(method=at.search.Local(starts=1))
    # A trust region of 1e-6 of the bounds leaves less than 1e-5 of them; the top is flat.
    assert best.parameters["T_hot"] == pytest.approx(2.0, abs=1e-4)
    assert best.parameters["T_cold"] == pytest.approx(1.0, abs=1e-4)
    assert best.value == pytest.approx(3.0, abs=1e-8)
    assert best.status == "converged"
    assert best.on_bounds == {}
    assert best.machine == machine(**best.parameters)
    assert best.ledger.cycles.equals(best.solutions[0].run.run().cycles)
    assert isinstance(best.initial, at.ProductThermal)
    assert "Highest hill: 3 at T_hot = 2" in str(best)


def test_global_finds_the_top():
    best = search(method=at.search.Global(population=4, generations=2))
    assert best.value == pytest.approx(3.0, abs=1e-8)  # its refinement is a local search to 1e-6 of the bounds


def test_optuna_comes_near():
    best = search(method=at.search.Optuna(trials=40))
    assert best.value > 2.5  # forty points on a hill that is 9 deep
    assert best.n_evaluations == 40


def test_minimise():
    best = search(lambda ledger: -hill(ledger), maximise=False, method=at.search.Local(starts=1))
    assert best.value == pytest.approx(-3.0, abs=1e-8)
    assert str(best).startswith("Lowest objective: -3 ")


def test_the_start_of_a_local_search():
    best = search(method=at.search.Local(starts=1, tolerance=0.1, start={"T_hot": 1.9}))
    assert best.evaluations[0].point == {"T_hot": pytest.approx(1.9), "T_cold": pytest.approx(1.75)}


def test_a_start_may_be_any_real_number():
    best = search(hot, {"T_hot": (1.0, 3.0)}, method=at.search.Local(starts=1, start={"T_hot": np.int64(3)}), max_evaluations=1)
    assert best.parameters == {"T_hot": 3.0}


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (3.0, r"`start` of Local must name parameters, as {\"coupling\": 0.1} does, but is 3.0"),
        ({"T_hot": 9.0}, r"`start\['T_hot'\]` of Local must lie within the bounds \[1.0, 3.0\], but is 9"),
        ({"T_hot": "hot"}, r"`start\['T_hot'\]` of Local must be a real number, but is 'hot'"),
    ],
)
def test_starts_that_cannot_be(start, words):
    with pytest.raises(at.errors.StudyError, match=words):
        search(hot, {"T_hot": (1.0, 3.0)}, method=at.search.Local(start=start))


def test_whole_numbers_are_told_from_numbers():
    method = at.search.Global(population=5, generations=1)
    assert "T_hot took whole numbers only" in str(search(hot, {"T_hot": (1, 3)}, method=method))
    assert "whole numbers" not in str(search(hot, {"T_hot": (1.0, 3)}, method=method, max_evaluations=9))


def test_an_optimum_on_a_bound_says_so():
    best = search(over={"T_hot": (0.5, 1.5)}, method=at.search.Local(starts=1))
    assert best.parameters["T_hot"] == 1.5
    assert best.on_bounds == {"T_hot": "upper"}
    assert "T_hot lies on its upper bound" in str(best)


@pytest.mark.parametrize("method", [at.search.Global(population=5, generations=5), at.search.Optuna(trials=30)])
def test_whole_numbers_and_choices(method):
    def objective(ledger):
        held = ledger.provenance["machine"]
        modes = len(held["reservoirs"][0]["mode_frequencies"])
        return -((modes - 3) ** 2) + (held["subsystems"][0]["name"] == "round")

    best = search(objective, {"modes": (1, 6), "kind": ["plain", "round", "square"]}, method=method)
    assert best.parameters == {"modes": 3, "kind": "round"}
    assert type(best.parameters["modes"]) is int
    assert best.n_evaluations <= 18  # each of the combinations is run once
    assert best.history["kind"].dtype.kind == "U"


def test_local_refuses_what_has_no_slope():
    with pytest.raises(at.errors.StudyError, match="cannot vary 'modes', 'kind': .* Use method=Global"):
        search(over={"modes": (1, 6), "kind": ["plain", "round"]}, method=at.search.Local())


def test_the_method_that_is_chosen():
    few = {"max_evaluations": 3}
    assert isinstance(search(**few).method, at.search.Local)
    assert isinstance(search(over={"modes": (1, 4)}, **few).method, at.search.Global)
    assert isinstance(search([hill, hot], **few).method, at.search.Optuna)


@pytest.mark.parametrize("method", [at.search.Local(starts=1), at.search.Global(population=4, generations=3)])
def test_a_constraint_that_binds(method):
    best = search(subject_to={hot: (None, 1.5)}, method=method)
    # On the line T_hot = 1.5 the hill is 3 - 0.25 high at T_cold = 1; the bound is met to 1e-8 of it.
    assert best.value == pytest.approx(2.75, abs=1e-6)
    assert best.constraints["hot"] <= 1.5 * (1.0 + 1e-8)
    assert {"hill", "hot", "T_hot", "T_cold", "status", "best"} <= set(best.history)


def test_optuna_obeys_constraints():
    best = search(subject_to={hot: (None, 1.5)}, method=at.search.Optuna(trials=30))
    assert best.constraints["hot"] <= 1.5
    states = best.history["status"].values
    assert np.all((states == "feasible") == (best.history["hot"].values <= 1.5))
    # `best` counts feasible points only.
    assert best.history["best"].values[-1] == np.max(best.history["hill"].values[states == "feasible"])


@pytest.mark.parametrize("method", METHODS)
def test_constraints_that_nothing_satisfies(method):
    with pytest.raises(at.errors.StudyError) as caught:
        search(subject_to={hot: (9.0, None), "work_output": (None, 5.0)}, method=method)
    message = str(caught.value)
    assert "satisfies the constraints. The nearest is T_hot = " in message
    assert "misses hot >= 9 by " in message
    assert "work_output = " not in message
    assert ("Global() looks further" in message) == isinstance(method, at.search.Local)


@pytest.mark.parametrize("method", METHODS)
def test_an_objective_that_is_undefined_everywhere(method):
    with pytest.raises(
        at.errors.StudyError, match=r"objective: undefined at every one of \d+ points tried. The first, at T_hot = .*NaN"
    ):
        search(lambda _: math.nan, method=method)


def test_a_search_without_hope_is_given_up(monkeypatch):
    monkeypatch.setattr(evaluation, "HOPELESS", 12)
    with pytest.raises(at.errors.StudyError, match="every one of 12 points"):
        search(lambda _: math.nan, {"T_hot": (1.0, 2.0)}, method=at.search.Optuna(trials=10_000))


@pytest.mark.parametrize("method", METHODS)
def test_points_that_cannot_be_are_recorded_and_never_results(method):
    def partly(ledger):
        return hill(ledger) if hot(ledger) < 2.5 else math.inf

    best = search(partly, {"T_hot": (-1.0, 4.0), "T_cold": (0.5, 3.0)}, method=method)
    assert 0.0 < best.parameters["T_hot"] < 2.5
    assert best.value > 1.0
    status, error = best.history["status"].values, best.history["error"].values
    values, temperatures = best.history["partly"].values, best.history["T_hot"].values
    assert np.all((status == "failed") == (temperatures <= 0.0))
    assert np.all((status == "undefined") == (temperatures >= 2.5))
    assert np.any(status == "undefined")
    assert all("`temperature` of " in text for text in error[status == "failed"])
    assert all("partly of this run is undefined" in text for text in error[status == "undefined"])
    assert np.all(np.isfinite(values[status == "feasible"]))
    assert np.all(np.isnan(values[status == "failed"]))


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_search(method):
    first, again, other = (search(method=method, seed=seed, max_evaluations=12) for seed in (3, 3, 4))
    assert first.history.identical(again.history)
    assert not first.history["T_hot"].equals(other.history["T_hot"])


def test_the_number_of_workers_does_not_change_the_result():
    alone, together = (
        search(method=at.search.Global(population=5, generations=1, refine=False, workers=workers), max_evaluations=12)
        for workers in (1, 2)
    )
    assert alone.history.drop_attrs().identical(together.history.drop_attrs())


@pytest.mark.parametrize("subject_to", [None, {hot: (1.0, None)}])
def test_a_generation_is_run_side_by_side(monkeypatch, subject_to):
    together = []

    def run(self, work, tasks):
        together.append(len(tasks))
        return ordinary(self, work, tasks)

    ordinary = execution.Here.run
    monkeypatch.setattr(execution.Here, "run", run)
    search(method=at.search.Global(population=4, generations=1, refine=False), subject_to=subject_to)
    # Two generations of 4 points for each of two parameters; SciPy may look at one of the first by itself.
    assert [count for count in together if count] in ([8, 8], [1, 7, 8])


def test_most_evaluations_and_progress():
    told = []
    best = search(max_evaluations=7, progress=lambda *numbers: told.append(numbers))
    assert (best.status, best.n_evaluations) == ("stopped", 7)
    assert [finished for finished, _ in told] == [1, 2, 3, 4, 5, 6, 7]
    assert {total for _, total in told} == {7}
    assert "max_evaluations` = 7" in str(best)


def test_ctrl_c_keeps_the_best_so_far():
    seen = []

    def impatient(ledger):
        seen.append(hill(ledger))
        if len(seen) == 6:
            raise KeyboardInterrupt
        return seen[-1]

    with pytest.raises(at.errors.StudyInterrupted, match=r"5 points were run; `.result` holds the best of them") as caught:
        search(impatient)
    best = caught.value.result
    assert best.status == "interrupted"
    assert best.value == max(seen[:5])
    assert best.ledger.n_cycles == 1


def test_ctrl_c_before_anything_is_found():
    def at_once(_):
        raise KeyboardInterrupt

    with pytest.raises(at.errors.StudyInterrupted, match="0 points were run; none of them is a result") as caught:
        search(at_once)
    assert caught.value.result is None


def test_programming_errors_are_raised_with_their_point():
    with pytest.raises(AttributeError, match="Did you mean 'efficiency'") as caught:
        search(lambda ledger: ledger.eficiency)
    assert "point 0 (T_hot = 2.25, T_cold = 1.75)" in caught.value.__notes__[0]

    def broken(T_hot):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        at.optimise(broken, "efficiency", {"T_hot": (1.0, 2.0)})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [TypeError("so"), ValueError("so"), at.errors.StudyError("so"), RuntimeError("so")])
def test_no_method_changes_an_error(method, error):
    def objective(_):
        raise error

    with pytest.raises(type(error), match="^so") as caught:
        search(objective, method=method)
    assert caught.value is error


def test_an_error_of_athermal_in_an_objective_is_recorded():
    def objective(ledger):
        if hot(ledger) < 2.0:
            raise at.errors.ConvergenceError("It did not converge.")
        return hot(ledger)

    best = search(objective, {"T_hot": (1.0, 3.0)}, method=at.search.Global(population=6, generations=1))
    failed = best.history["status"].values == "failed"
    assert np.all(failed == (best.history["T_hot"].values < 2.0))
    assert set(best.history["error"].values[failed]) == {"ConvergenceError: It did not converge."}


def test_unknown_parameters():
    with pytest.raises(at.errors.StudyError, match="no parameter 'T_hott'. Did you mean 'T_hot'?"):
        search(over={"T_hott": (1.0, 2.0)})
    with pytest.raises(at.errors.StudyError, match="no key 'T_hott' to set. Did you mean 'T_hot'?"):
        at.optimise("otto", "work", {"T_hott": (1.0, 2.0)})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"objective": []}, "must hold at least one"),
        ({"maximise": [True, False]}, "one of them for each objective"),
        ({"seed": -1}, "`seed` of an optimisation must be a whole number of at least 0"),
        ({"max_evaluations": 0}, "`max_evaluations` of an optimisation must be a whole number of at least 1"),
        ({"method": "local"}, "must be Local\\(\\), Global\\(\\) or Optuna\\(\\), but is 'local'"),
        ({"objective": [hill, hot], "method": at.search.Local()}, "Local\\(\\) searches for the best of one objective.*Optuna"),
        ({"objective": [hill, hot], "method": at.search.Global()}, "Global\\(\\) searches for the best of one objective.*Optuna"),
        ({"method": at.search.Local(start={"T_hat": 1.0})}, "'T_hat', which is not varied. Did you mean 'T_hot'"),
        ({"method": at.search.Local(start={"T_hot": 9.0})}, "must lie within the bounds"),
    ],
)
def test_what_cannot_be_asked(more, words):
    with pytest.raises(at.errors.StudyError, match=words):
        search(**more)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: at.search.Local(starts=0), "`starts` of Local"),
        (lambda: at.search.Local(tolerance=0.5), "`tolerance` of Local must be at most 0.2"),
        (lambda: at.search.Global(population=0), "`population` of Global"),
        (lambda: at.search.Global(tolerance=-1.0), "`tolerance` of Global must be positive"),
        (lambda: at.search.Optuna(trials=0), "`trials` of Optuna"),
        (lambda: at.search.Optuna(sampler="tp"), "Did you mean 'tpe'"),
    ],
)
def test_options_that_cannot_be(make, words):
    with pytest.raises(at.errors.StudyError, match=words):
        make()


def test_without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(at.errors.StudyError, match=r'needs Optuna: pip install "athermal\[optuna\]"'):
        search([hill, hot])


@pytest.mark.parametrize("objectives", [[hill, hot], [hill, hot, lambda ledger: -hot(ledger)]])
def test_a_front_is_what_nothing_tried_beats(objectives):
    best = search(objectives, method=at.search.Optuna(trials=40, population=10))
    tried = np.array([entry.values for entry in best.evaluations])
    found = np.array([list(entry.values.values()) for entry in best.solutions])
    dominated = [np.any(np.all(tried >= row, axis=1) & np.any(tried > row, axis=1)) for row in tried]
    expected = np.unique(tried[~np.array(dominated)], axis=0)
    np.testing.assert_array_equal(np.unique(found, axis=0), expected)
    assert len(found) == len(expected)
    assert list(best.front["hill"].values) == sorted(best.front["hill"].values, reverse=True)
    assert best.value == best.front["hill"].values[0]
    assert all(hill(entry.ledger) == entry.values["hill"] for entry in best.solutions)
    assert str(best).startswith("Pareto front of hill high, hot high")


def test_a_front_leaves_out_what_cannot_be():
    def partly(ledger):
        return hill(ledger) if hot(ledger) < 2.5 else math.nan

    best = search([partly, hot], {"T_hot": (-1.0, 4.0)}, subject_to={hot: (0.5, None)}, method=at.search.Optuna(trials=25))
    inside = best.front["T_hot"].values
    assert np.all((inside >= 0.5) & (inside < 2.5))


def test_a_warning_belongs_to_its_point():
    best = search("heat[cold]", {"modes": (2, 3)}, method=at.search.Global(population=5, generations=1, workers=1))
    assert best.warnings == ()
    # Two modes 0.1 apart recur after 2 pi/0.1 = 62.8; pytest would turn a warning that leaks into an error.
    late = at.optimise(machine, "heat[cold]", {"modes": (2, 3)}, cycles=70, method=at.search.Global(population=5, generations=1))
    assert "RecurrenceWarning" in late.warnings[0]
    assert "The run warned: RecurrenceWarning" in str(late)


def test_the_history_is_a_file(tmp_path):
    best = search(max_evaluations=4, subject_to={"work_output": (None, 1.0)})
    best.history.to_netcdf(tmp_path / "history.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "history.nc", engine="h5netcdf") as back:
        np.testing.assert_array_equal(back["hill"], best.history["hill"])
        asked = json.loads(back.attrs["search"])
    assert asked["over"] == {"T_hot": [0.5, 4.0], "T_cold": [0.5, 3.0]}
    assert asked["subject_to"] == ["work_output <= 1"]
    assert asked["method"] == "Local(starts=3, tolerance=1e-06, start=None)"


def test_a_machine_and_its_parts_and_names_that_are_taken():
    best = at.optimise(
        machine(), hot, {"machine.reservoirs.hot.temperature": (1.0, 2.0)}, cycles=1, method=at.search.Local(starts=1)
    )
    assert best.parameters == {"machine.reservoirs.hot.temperature": 2.0}

    def named(work, seed):
        assert seed == 5
        return machine(T_hot=work)

    best = at.optimise(named, "work", {"work": (1.0, 2.0)}, cycles=1, max_evaluations=3, seed=5)
    assert {"work", "machine.work"} <= set(best.history)
