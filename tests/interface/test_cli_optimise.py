"""`athermal optimise`, as a user meets it."""

import csv
import json
import math
import re

import pytest
import xarray as xr
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app
from athermal.cli import optimising as command

MACHINE = """
title = "Two baths"
[run]
cycles = 1
[machine]
period = 1.0
[[machine.subsystems]]
name = "atom"
frequency = 1.0
[[machine.reservoirs]]
kind = "bath"
name = "hot"
temperature = 2.0
mode_frequencies = [1.0]
mode_couplings = [0.1]
[[machine.couplings]]
kind = "exchange"
between = ["atom", "hot"]
strength = 1.0
"""
TEMPERATURE = "machine.reservoirs.hot.temperature"


def invoke(*arguments):
    return CliRunner().invoke(app, ["optimise", *map(str, arguments)])


def read(path):
    return list(csv.DictReader(path.read_text().splitlines()))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "baths.toml"
    path.write_text(MACHINE)
    return path


def test_an_optimum_is_printed_and_kept(source, tmp_path):
    done = invoke(source, "--over", f"{TEMPERATURE}=1.0:3.0", "--objective", "athermality[hot]", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Highest athermality[hot]: ")
    assert "local searches converged" in done.stdout
    ledger = at.load(tmp_path / "out" / "baths_best.nc")
    with xr.open_dataset(tmp_path / "out" / "baths_history.nc", engine="h5netcdf") as history:
        assert float(history["best"][-1]) == float(ledger.athermality.sel(reservoir="hot")[-1])
        rows = read(tmp_path / "out" / "baths_history.csv")
        assert len(rows) == history.sizes["evaluation"]
    assert set(rows[0]) >= {TEMPERATURE, "athermality[hot]", "status", "best"}


def test_json_is_one_document(source):
    done = invoke(
        source, "--over", f"{TEMPERATURE}=1.0:3.0", "--minimise", "heat[hot]", "--subject-to", "heat[hot]>=-5", "--json",
        "--last-cycle", "--max-evaluations", 5, "--seed", 2, "--set", "run.cycles=2",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert (document["status"], document["n_evaluations"], document["seed"]) == ("stopped", 5, 2)
    assert document["objectives"] == ["last_cycle_heat[hot]"]
    assert document["maximise"] == [False]
    assert document["subject_to"] == ["last_cycle_heat[hot] >= -5"]
    (solution,) = document["solutions"]
    assert 1.0 <= solution["parameters"][TEMPERATURE] <= 3.0
    assert document["subject"]["tables"]["run"]["cycles"] == 2


def test_a_front(source, tmp_path):
    done = invoke(
        source, "--over", f"{TEMPERATURE}=1.0:3.0", "--objective", "heat[hot]", "--minimise", "sigma_total",
        "--max-evaluations", 12, "--out", tmp_path,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Pareto front of heat[hot] high, sigma_total low")
    rows = read(tmp_path / "baths_front.csv")
    assert set(rows[0]) == {"solution", TEMPERATURE, "heat[hot]", "sigma_total"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say what to vary: --over"),
        (["--over", "T_hot"], "--over must be written"),
        (["--over", "T_hot=1:2:3"], "--over must be written"),
        (["--over", "T_hot=1.0,2.0"], "write them as bounds, 1.0:2.0"),
        (["--over", "T_hot=2.0:1.0"], "must go up"),
        (["--over", "T_hot=1.0:2.0", "--over", "T_hot=1.0:2.0"], "more than once"),
        (["--over", "T_hat=1.0:2.0"], "Did you mean 'T_hot'"),
        (["--over", "T_hot=1.0:2.0", "--objective", "eficiency"], "Did you mean 'efficiency'"),
        (["--over", "T_hot=1.0:2.0", "--subject-to", "work=1"], "must be written"),
        (["--over", "T_hot=1.0:2.0", "--subject-to", "work>=1", "--subject-to", "work>=2"], "more than once"),
        (["--over", "T_hot=1.0:2.0", "--subject-to", "work>=low"], "must be a real number"),
        (["--over", "modes=10:20", "--method", "local"], "Local\\(\\) cannot vary 'modes'"),
    ],
)
def test_wrong_usage(arguments, words):
    done = invoke("otto", *arguments)
    assert done.exit_code == 2
    assert re.search(words, done.stderr)


def test_an_unknown_machine():
    done = invoke("oto", "--over", "T_hot=1.0:2.0")
    assert done.exit_code == 2
    assert "Did you mean 'otto'" in done.stderr


def test_nothing_satisfies_the_constraints(source):
    done = invoke(
        source, "--over", f"{TEMPERATURE}=1.0:3.0", "--objective", "work", "--subject-to", "work>=9", "--method", "local"
    )
    assert done.exit_code == 2
    assert "misses work >= 9 by " in done.stderr


def test_ctrl_c_prints_and_keeps_the_best_so_far(source, tmp_path, monkeypatch):
    ordinary, count = command.Objective.value, [0]

    def impatient(self, ledger):
        count[0] += 1
        if count[0] == 4:
            raise KeyboardInterrupt
        return ordinary(self, ledger)

    monkeypatch.setattr(command.Objective, "value", impatient)
    done = invoke(source, "--over", f"{TEMPERATURE}=1.0:3.0", "--objective", "heat[hot]", "--out", tmp_path)
    assert done.exit_code == 130
    assert "Interrupted after 3 points" in done.stderr
    assert done.stdout.startswith("Highest heat[hot]: ")
    assert math.isfinite(float(at.load(tmp_path / "baths_best.nc").heat[-1, 0]))
