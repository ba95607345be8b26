"""Sweeps in memory: the same runs as one by one, labelled."""

import itertools
import sys
import warnings

import numpy as np
import pytest
import xarray as xr

import athermal as at
from athermal.errors import StoreError, StudyError, StudyInterrupted, VersionWarning
from athermal.study import Sweep
from athermal.study.sweep import duration
from athermal.study.task import seed_of


def engine(T_hot, coupling=0.15):
    return at.library.two_oscillator(T_hot=T_hot, coupling=coupling, modes=6)


def same_engine(T_hot):
    return engine(T_hot)


def noisy(T_hot, seed):
    return engine(T_hot, 0.1 + 0.1 * np.random.default_rng(seed).random())


CORRELATED = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.9)


def test_every_column_is_that_of_the_run_bit_for_bit():
    axes = {"T_hot": [1.5, 2.4], "coupling": [0.1, 0.15, 0.2], "initial.strength": [0.3, 0.9]}
    sweep = at.sweep(engine, axes, cycles=3, initial=CORRELATED, workers=1)
    assert sweep.dataset.sizes == {
        "T_hot": 2, "coupling": 3, "initial.strength": 2, "cycle": 3, "subsystem": 2, "reservoir": 2, "resource": 9, "pair": 1
    }  # fmt: skip
    for T_hot, coupling, strength in itertools.product(*axes.values()):
        start = at.CorrelatedMarginals(CORRELATED.correlations, strength=strength)
        ledger = at.run(engine(T_hot, coupling), cycles=3, initial=start)
        point = sweep.dataset.sel({"T_hot": T_hot, "coupling": coupling, "initial.strength": strength})
        for prefix, columns in (("", ledger.cycles), ("cumulative_", ledger.cumulative)):
            for name, column in columns.data_vars.items():
                assert point[f"{prefix}{name}"].dims == column.dims
                np.testing.assert_array_equal(point[f"{prefix}{name}"].values, column.values)
        np.testing.assert_array_equal(point["temperature"].values, [T_hot, 1.0])
        np.testing.assert_array_equal(point["time"].values, ledger.cycles["time"].values)


@pytest.mark.parametrize("backend", [at.Dense(), at.Star(), at.DensityMatrix(levels=2)])
def test_one_worker_equals_two(backend):
    machine = at.library.three_oscillators if isinstance(backend, at.DensityMatrix) else engine
    warned = pytest.warns(at.errors.TruncationWarning) if isinstance(backend, at.DensityMatrix) else warnings.catch_warnings()
    results = [at.sweep(machine, {"T_hot": [1.5, 2.4, 3.0]}, cycles=2, backend=backend, workers=n) for n in (1, 2)]
    assert results[0].dataset.identical(results[1].dataset)
    with warned:
        ledger = at.run(machine(T_hot=2.4), cycles=2, backend=backend)
    np.testing.assert_array_equal(results[1].dataset.efficiency.sel(T_hot=2.4).values, ledger.efficiency.values)


def test_certified_errors_come_along():
    def continuous(T_hot):
        return at.library.two_oscillator(T_hot=T_hot, modes="auto")

    sweep = at.sweep(continuous, {"T_hot": [1.5, 2.4]}, cycles=2, accuracy=1e-4, workers=1)
    ledger = at.run(at.library.two_oscillator(T_hot=2.4, modes="auto"), cycles=2, accuracy=1e-4)
    np.testing.assert_array_equal(sweep.work_error.values[1], ledger.errors.work.values)
    np.testing.assert_array_equal(sweep.cumulative_efficiency_error.values[1], ledger.cumulative_errors.efficiency.values)


def test_samples_and_tables_have_the_dimension_point():
    sample = at.sweeps.Sample({"T_hot": (1.5, 3.0)}, 4)
    sweep = at.sweep(engine, sample, cycles=1, workers=1)
    assert sweep.work.dims == ("point", "cycle")
    assert list(sweep.T_hot.values) == [point["T_hot"] for point in sample]
    ledger = at.run(engine(sample.point(2)["T_hot"]), cycles=1)
    assert sweep.work.values[2, 0] == ledger.work.values[0]
    assert sweep.ledger(2).cycles.identical(ledger.cycles)


def test_points_of_unlike_machines_are_laid_side_by_side():
    def either(kind):
        return at.library.two_qubit_swap() if kind == "swap" else at.library.otto(modes=3)

    sweep = at.sweep(either, [{"kind": "swap", "run.cycles": 3}, {"kind": "otto", "run.cycles": 1}], workers=1)
    data = sweep.dataset
    assert set(data.subsystem.values) == {"hot", "cold", "working"}
    swap = at.run(at.library.two_qubit_swap(), cycles=3)
    np.testing.assert_array_equal(data.energy_change.sel(point=0, subsystem=["hot", "cold"]), swap.energy_change)
    assert np.all(np.isnan(data.energy_change.sel(point=0, subsystem="working")))
    assert np.isnan(data.work.values[1, 1])
    assert list(data["mode"].values[1, 1:]) == ["", ""]


def test_seeds_are_of_the_point_and_given_to_functions_that_take_one():
    sweep = at.sweep(noisy, {"T_hot": [1.5, 2.0, 2.5]}, cycles=1, workers=2, seed=4)
    seeds = [seed_of(4, k) for k in range(3)]
    assert list(sweep.seed.values) == seeds
    assert len(set(seeds)) == 3
    expected = [at.run(noisy(T, seed), cycles=1).work.values[0] for T, seed in zip([1.5, 2.0, 2.5], seeds, strict=True)]
    assert list(sweep.work.values[:, 0]) == expected
    assert not at.sweep(noisy, {"T_hot": [1.5]}, cycles=1, workers=1, seed=5).work.identical(sweep.work[:1])


def test_hash_tells_runs_apart_and_knows_equals():
    axes = {"T_hot": [1.5, 2.0]}
    one, same = (at.sweep(machine, axes, cycles=2, workers=1) for machine in (engine, same_engine))
    other = at.sweep(engine, axes, cycles=3, workers=1)
    hashes = [list(sweep.dataset["hash"].values) for sweep in (one, same, other)]
    assert hashes[0] == hashes[1]
    assert len({*hashes[0], *hashes[2]}) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_failed_points_are_recorded_and_the_rest_is_run(workers):
    sweep = at.sweep(engine, {"T_hot": [1.5, -1.0, 2.0], "coupling": [0.1, 0.2]}, cycles=1, workers=workers)
    assert sweep.status.values.tolist() == [["complete"] * 2, ["failed"] * 2, ["complete"] * 2]
    assert np.array_equal(np.isnan(sweep.work.values[..., 0]), sweep.status.values == "failed")
    assert [failure.parameters for failure in sweep.failures] == [
        {"T_hot": -1.0, "coupling": 0.1},
        {"T_hot": -1.0, "coupling": 0.2},
    ]
    message = "MachineError: `temperature` of reservoir 'hot bath' must be zero or positive, but is -1.0."
    assert sweep.error.values[1, 0].startswith(message)
    assert str(sweep).startswith(f"4 of 6 points of T_hot, coupling are complete.\n2 failed:\n  2 x {message}")
    assert str(sweep).endswith(" (point 2)")
    with pytest.raises(StudyError, match="Point 2 has no ledger: `temperature`"):
        sweep.ledger(2)


def test_what_was_finished_of_an_unstable_run_is_kept():
    def unstable(squeezing):
        return at.Machine(
            [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)],
            [at.Bath("hot", 2.0, [1.0], [0.01]), at.Bath("cold", 1.0, [1.0], [0.01])],
            [at.Exchange(("a", "hot")), at.Exchange(("b", "cold")),
             at.TwoModeSqueezing(("a", "b"), at.drives.Rotating(squeezing, frequency=2.0))],
            period=2 * np.pi,
        )  # fmt: skip

    sweep = at.sweep(unstable, {"squeezing": [0.01, 0.6]}, cycles=8, workers=1)
    assert list(sweep.status.values) == ["complete", "incomplete"]
    with pytest.raises(at.errors.InstabilityError) as raised:
        at.run(unstable(0.6), cycles=8)
    finished = raised.value.ledger.n_cycles
    assert 0 < finished < 8
    np.testing.assert_array_equal(sweep.work.values[1, :finished], raised.value.ledger.work.values)
    assert np.all(np.isnan(sweep.work.values[1, finished:]))
    assert "1 stopped before their last cycle" in str(sweep)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_programming_error_stops_the_sweep(workers, tmp_path):
    def wrong(T_hot):
        if T_hot == 2.0:
            raise KeyError("no such thing")
        return engine(T_hot)

    store = tmp_path / "store"
    with pytest.raises(KeyError, match="no such thing") as raised:
        at.sweep(wrong, {"T_hot": [1.5, 1.7, 2.0, 2.5, 2.6, 2.7, 2.8, 2.9]}, cycles=1, workers=workers, store=store)
    assert raised.value.__notes__ == ["This happened at point 2 (T_hot = 2.0)."]
    kept = at.load(store)
    assert 2 not in kept.records
    assert not kept.is_complete
    assert kept.n_missing == 8 - len(kept.records)


def test_warnings_are_kept_with_the_point():
    sweep = at.sweep(engine, {"T_hot": [1.5, 2.0]}, cycles=12, workers=1)
    assert "2 gave warnings:" in str(sweep)
    assert "RecurrenceWarning: The run lasts" in str(sweep)
    assert all("RecurrenceWarning" in record.warnings[0] for record in sweep.records.values())


def test_progress_counts_every_point():
    seen = []
    at.sweep(engine, {"T_hot": [1.5, 2.0, 2.5]}, cycles=1, workers=1, progress=lambda *counts: seen.append(counts))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_interrupt_keeps_what_is_finished(tmp_path):
    def stop(finished, total):
        if finished == 2:
            raise KeyboardInterrupt

    axes = {"T_hot": [1.5, 2.0, 2.5]}
    with pytest.raises(StudyInterrupted, match="2 of 3 points are finished; `.result` holds them") as raised:
        at.sweep(engine, axes, cycles=1, workers=1, progress=stop)
    partial = raised.value.result
    assert isinstance(partial, Sweep)
    assert list(partial.status.values) == ["complete", "complete", "missing"]
    assert "1 have not been run." in str(partial)
    with pytest.raises(StudyInterrupted, match="the same command goes on from there"):
        at.sweep(engine, axes, cycles=1, workers=1, progress=stop, store=tmp_path / "s")
    whole = at.sweep(engine, axes, cycles=1, workers=1, store=tmp_path / "s")
    assert whole.dataset.identical(at.sweep(engine, axes, cycles=1, workers=1).dataset)


def test_store_is_taken_up_and_opened_again(tmp_path):
    calls = []

    def counted(T_hot):
        calls.append(T_hot)
        return engine(T_hot)

    axes = {"T_hot": [1.5, 2.0]}
    first = at.sweep(counted, axes, cycles=1, workers=1, store=tmp_path / "s")
    ran = len(calls)
    again = at.sweep(counted, axes, cycles=1, workers=1, store=tmp_path / "s")
    assert len(calls) == ran + 2  # one look at the first point, one to see that it still makes the same machine
    assert first.dataset.identical(again.dataset)
    assert first.dataset.identical(at.load(tmp_path / "s").dataset)
    assert at.load(tmp_path / "s").study["subject"]["name"] == "counted"


def test_store_of_another_sweep_says_in_what_they_differ(tmp_path):
    store = tmp_path / "s"
    at.sweep("two_qubit_swap", {"T_hot": [1.5, 2.0]}, cycles=1, workers=1, store=store)
    cases = [
        (
            ("two_qubit_swap", {"T_hot": [1.5, 2.5]}),
            {"cycles": 1},
            "T_hot \\(2 values, 1.5 to 2.0\\), not T_hot \\(2 values, 1.5 to 2.5\\)",
        ),
        (("two_qubit_swap", {"T_hot": [1.5, 2.0]}), {"cycles": 2}, "its run.cycles is 1, not 2"),
        (("two_qubit_swap", {"T_hot": [1.5, 2.0]}), {"cycles": 1, "seed": 3}, "its seed is 0, not 3"),
        (("otto", {"T_hot": [1.5, 2.0]}), {"cycles": 1}, 'its name is "two_qubit_swap", not "otto"'),
    ]
    for arguments, settings, message in cases:
        with pytest.raises(StoreError, match=f"holds another sweep: .*{message}"):
            at.sweep(*arguments, workers=1, store=store, **settings)


def test_a_machine_that_changed_behind_the_function_is_noticed(tmp_path):
    hidden = {"modes": 3}  # what may change is no part of the fingerprint

    def sly(T_hot):
        return at.library.two_oscillator(T_hot=T_hot, modes=hidden["modes"])

    at.sweep(sly, {"T_hot": [1.5, 2.0]}, cycles=1, workers=1, store=tmp_path / "s")
    hidden["modes"] = 4
    with pytest.raises(StoreError, match="was begun with another machine: point 0 \\(T_hot = 1.5\\)"):
        at.sweep(sly, {"T_hot": [1.5, 2.0]}, cycles=1, workers=1, store=tmp_path / "s")


def test_other_versions_are_told(tmp_path):
    store = tmp_path / "s"
    at.sweep("two_qubit_swap", {"T_hot": [1.5]}, cycles=1, workers=1, store=store)
    text = (store / "study.json").read_text()
    (store / "study.json").write_text(text.replace(f'"numpy": "{np.__version__}"', '"numpy": "1.0"'))
    with pytest.warns(VersionWarning, match="was begun with numpy 1.0; its further points are run with numpy"):
        at.sweep("two_qubit_swap", {"T_hot": [1.5]}, cycles=1, workers=1, store=store)


def test_parameters_called_as_columns_get_a_longer_name():
    def machine(temperature):
        return engine(temperature)

    sweep = at.sweep(machine, {"temperature": [1.5, 2.0]}, cycles=1, workers=1)
    assert sweep.work.dims == ("machine.temperature", "cycle")
    assert sweep.temperature.dims == ("machine.temperature", "reservoir")


def test_data_set_is_one_file(tmp_path):
    sweep = at.sweep(engine, {"T_hot": [1.5, -1.0], "initial": [at.ProductThermal(), at.Charged(1)]}, cycles=2, workers=1)
    path = sweep.save(tmp_path / "sweep.nc")
    again = xr.load_dataset(path, engine="h5netcdf")
    assert again.drop_attrs().equals(sweep.dataset.drop_attrs())
    assert again.work.attrs == sweep.work.attrs
    with pytest.raises(at.errors.FileFormatError, match="could not be written"):
        sweep.save(tmp_path / "none" / "sweep.nc")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: at.sweep(engine, {"T_hott": [1.0]}), "'engine' has no parameter 'T_hott'. Did you mean 'T_hot'"),
        (lambda: at.sweep("otto", {"T_hott": [1.0]}), "There is no key 'T_hott' to set. Did you mean 'T_hot'"),
        (lambda: at.sweep("otto", {"machine.T_hott": [1.0]}), "Unknown key 'T_hott'.*Did you mean 'T_hot'"),
        (lambda: at.sweep("otto", {"T_hot": [-1.0, -2.0]}), "None of the points of the sweep can be run. The first says: .*positive"),
        (lambda: at.sweep("otto", {"T_hot": np.linspace(1, 2, 300), "T_cold": np.linspace(0.1, 1, 400)}, cycles=1),
         "has 120,000 points, more than `max_points` = 100,000. One takes .* s, so all would take about .* on . workers"),
        (lambda: at.sweep("two_qubit_swap", {"T_hot": [1, 2, 3]}, cycles=1, max_points=2), "has 3 points, more than"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused(call, message):
    with pytest.raises(StudyError, match=message):
        call()


def test_columns_and_points_that_are_not_there_are_named():
    sweep = at.sweep("two_qubit_swap", {"T_hot": [1.5]}, cycles=1, workers=1)
    with pytest.raises(AttributeError, match="no column 'efficency'. Did you mean 'efficiency'"):
        _ = sweep.efficency
    with pytest.raises(StudyError, match="`point` of a sweep must be 0 to 0, but is 1"):
        sweep.ledger(1)


def test_durations_in_words():
    assert [duration(x) for x in (0.5, 89.0, 95.0, 3700.0, 1e5, 2e6)] == ["0.5 s", "89 s", "1.6 min", "1 h", "28 h", "23 days"]


def test_impossible_points_at_the_start_do_not_stop_a_long_sweep(monkeypatch):
    monkeypatch.setattr(sys.modules["athermal.study.sweep"], "_LOOKED_AT", 4)
    sweep = at.sweep("two_qubit_swap", {"T_hot": [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 1.5, 2.0]}, cycles=1, workers=1)
    assert sweep.status.values.tolist() == ["failed"] * 6 + ["complete"] * 2


def test_a_programming_error_says_at_which_point():
    with pytest.raises(ZeroDivisionError) as caught:
        at.sweep(lambda a: 1 / a, {"a": [0, 1]}, cycles=1, workers=1)
    assert caught.value.__notes__ == ["This happened at point 0 (a = 0)."]


def test_a_huge_sample_is_refused_before_it_is_drawn():
    with pytest.raises(at.errors.StudyError, match="1,000,000,000,000 points, more than `max_points`"):
        at.sweep("two_qubit_swap", at.sweeps.Sample({"T_hot": (1.5, 3.0)}, 10**12), cycles=1, workers=1)


@pytest.mark.parametrize("arguments", [{"workers": 0}, {"seed": -1}, {"max_points": 0}])
def test_what_a_sweep_cannot_do_is_a_study_error(arguments):
    with pytest.raises(at.errors.StudyError, match=f"`{next(iter(arguments))}` of a sweep must be a whole number"):
        at.sweep("two_qubit_swap", {"T_hot": [1.5]}, cycles=1, **arguments)


def test_the_name_of_a_machine_may_be_nearly_right():
    with pytest.raises(at.errors.FileFormatError, match="Did you mean 'two_oscillator'"):
        at.sweep("two_osilator", {"T_hot": [1.5]})


def test_a_machine_that_can_no_longer_be_made_is_another(tmp_path):
    bounds = {"least": 0.0}

    def machine(T_hot):
        return at.library.two_qubit_swap(T_hot=T_hot - bounds["least"])

    at.sweep(machine, {"T_hot": [1.5, 2.0]}, cycles=1, workers=1, store=tmp_path / "store")
    bounds["least"] = 1.8
    with pytest.raises(at.errors.StoreError, match="was begun with another machine"):
        at.sweep(machine, {"T_hot": [1.5, 2.0]}, cycles=1, workers=1, store=tmp_path / "store")


def test_observables_and_states_of_every_point():
    """In memory of a function and of a file's tables: the column and the states are those of `run`."""
    watched = {"n": "hot.num", "x": at.Observable("cold", "position")}
    options = {"cycles": 1, "observables": watched, "keep_states": [("hot", "cold")]}
    for subject, name in ((engine, "T_hot"), (at.library.two_oscillator(modes=4), "machine.reservoirs.hot bath.temperature")):
        sweep = at.sweep(subject, {name: [1.5, 2.4]}, workers=1, **options)
        for k, T in enumerate((1.5, 2.4)):
            if subject is engine:
                ledger = at.run(engine(T), **options)
                assert np.array_equal(sweep.ledger(k).instants.observables.values, ledger.instants.observables.values)
                found = sweep.observables.sel({name: T, "observable": "n", "cycle": 1}).item()
                assert found == ledger.n.sel(cycle=1).item()
            assert sweep.ledger(k).state(("hot", "cold"), cycle=1)["covariance"].shape == (4, 4)
    with pytest.raises(StudyError, match="Observable 'm': The machine has no part 'warm'"):
        at.sweep(engine, {"T_hot": [1.5]}, workers=1, cycles=1, observables={"m": "warm.num"})
    with pytest.raises(StudyError, match="`observables` must be a mapping"):
        at.sweep(engine, {"T_hot": [1.5]}, workers=1, cycles=1, observables=3)
    with pytest.raises(StudyError, match="'warm'"):
        at.sweep(engine, {"T_hot": [1.5]}, workers=1, cycles=1, keep_states=["warm"])
