"""`athermal sweep` and `athermal rerun`, as a user meets them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app

SHOWCASE = str(Path(__file__).parents[2] / "examples" / "two_oscillator.toml")
SWAPS = ["sweep", "two_qubit_swap", "--cycles", "2", "--workers", "1"]


def athermal(*arguments):
    return CliRunner().invoke(app, [str(word) for word in arguments])


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_grid_over_a_file_is_kept_summarised_and_labelled():
    done = athermal("sweep", SHOWCASE, "--over", "initial.strength=0:0.99:3", "--over", "T_hot=2.4,3", "--set", "modes=12",
                    "--cycles", 3, "--workers", 1, "--out", "showcase")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert done.stderr.startswith("6 points of initial.strength x T_hot. They are kept in showcase as they come;")
    assert "6 of 6 points of initial.strength, T_hot are complete." in done.stdout
    # VALIDATION.md, showcase: the first cycle has eta = 0.824 (Carnot 0.5833)
    assert (
        "Highest efficiency in one cycle: 0.8238 (Carnot 0.5833) in cycle 1 at point 4: initial.strength = 0.99, T_hot = 2.4"
        in done.stdout
    )
    data = xr.load_dataset("showcase/sweep.nc", engine="h5netcdf")
    assert data.efficiency.dims == ("initial.strength", "T_hot", "cycle")
    assert np.round(data.efficiency.sel({"initial.strength": 0.99, "T_hot": 2.4}).values, 3).tolist() == [0.824, 0.116, 0.399]


def test_same_command_runs_nothing_again_and_another_gets_its_own_folder():
    first = athermal(*SWAPS, "--over", "T_hot=1.5,2")
    folders = list(Path("results").iterdir())
    times = [path.stat().st_mtime_ns for path in sorted((folders[0] / "points").iterdir())]
    again = athermal(*SWAPS, "--over", "T_hot=1.5,2")
    assert first.stdout == again.stdout
    assert [path.stat().st_mtime_ns for path in sorted((folders[0] / "points").iterdir())] == times
    athermal(*SWAPS, "--over", "T_hot=1.5,2.5")
    assert len(list(Path("results").iterdir())) == 2


def test_long_sweeps_say_how_long_before_they_start(monkeypatch):
    monkeypatch.setattr("athermal.cli.sweeping._LONG", 6)
    done = athermal(*SWAPS, "--over", "T_hot=1.1:3:3:log", "--over", "swap_angle=0.5,1", "--cycles", 1)
    assert "6 points of T_hot x swap_angle, one in about " in done.stderr
    assert " on one worker. They are kept in results" in done.stderr
    data = at.load(next(Path("results").iterdir())).dataset
    assert np.allclose(data.T_hot, np.geomspace(1.1, 3.0, 3), rtol=1e-15)


def test_samples_and_tables():
    done = athermal(*SWAPS, "--over", "T_hot=1.5:3", "--over", "swap_angle=0:1.5", "--sample", 4, "--seed", 3, "--out", "sample")
    assert done.exit_code == 0, done.stderr
    assert list(at.load("sample").design) == list(at.sweeps.Sample({"T_hot": (1.5, 3), "swap_angle": (0, 1.5)}, 4, seed=3))
    athermal(*SWAPS, "--over", "T_hot=1.5:3", "--sample", 4, "--random", "--out", "random")
    assert list(at.load("random").design) == list(at.sweeps.Sample({"T_hot": (1.5, 3)}, 4, "random"))
    Path("points.csv").write_text("T_hot,swap_angle\n2,0.5\n3,1.5\n")
    athermal(*SWAPS, "--table", "points.csv", "--out", "table")
    assert list(at.load("table").design) == [{"T_hot": 2, "swap_angle": 0.5}, {"T_hot": 3, "swap_angle": 1.5}]


def test_failures_are_in_the_summary_and_in_json():
    done = athermal(*SWAPS, "--over", "T_hot=1.5,-1", "--out", "s")
    assert done.exit_code == 0
    assert "1 failed:\n  1 x MachineError: two_qubit_swap with T_hot=-1: " in done.stdout
    document = json.loads(athermal(*SWAPS, "--over", "T_hot=1.5,-1", "--out", "s", "--json").stdout)
    assert (document["points"], document["complete"], document["missing"]) == (2, 1, 0)
    assert document["failures"][0]["parameters"] == {"T_hot": -1}
    assert "must be zero or positive" in document["failures"][0]["error"]


def test_rerun_from_the_command_line():
    athermal(*SWAPS, "--over", "T_hot=1.5,2", "--out", "s")
    done = athermal("rerun", "s", "--point", 1)
    assert (done.exit_code, done.stdout) == (0, "Point 1 (T_hot = 2)\nIdentical to the last bit.\n")
    document = json.loads(athermal("rerun", "s", "--point", 0, "--json").stdout)
    assert document["is_identical"]
    assert document["differences"] == {}
    athermal("run", "two_qubit_swap", "--cycles", 2, "--out", "r")
    assert "Identical" in athermal("rerun", "r/two_qubit_swap.nc").stdout
    missing = athermal("rerun", "s", "--point", 7)
    assert missing.exit_code == 2
    assert "`point` must be 0 to 1" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--over", "T_hott=1:2:3"], 2, "There is no key 'T_hott' to set. Did you mean 'T_hot'?"),
        (["--over", "T_hot=1:2"], 2, "Two numbers make a range, which goes with --sample N."),
        (["--over", "T_hot=1:2:0"], 2, "COUNT must be a whole number of at least 1"),
        (["--over", "T_hot=1:b:3"], 2, "LOW and HIGH must be numbers"),
        (["--over", "T_hot=-1:1:3:log"], 2, "LOW and HIGH must be positive"),
        (["--over", "T_hot"], 2, "--over must be written NAME=LOW:HIGH:COUNT"),
        (["--over", "T_hot=1:2:2", "--over", "T_hot=1:2:3"], 2, "--over T_hot is given more than once"),
        (["--over", "T_hot=1:2:3", "--sample", "4"], 2, "of a sample must be a range LOW:HIGH"),
        (["--over", "T_hot=1:2:3", "--random"], 2, "--random goes with --sample N"),
        (["--table", "none.csv"], 2, "The table of points none.csv cannot be read"),
        (["--table", "none.csv", "--over", "T_hot=1:2:3"], 2, "--table holds the points"),
        ([], 2, "Say what to vary"),
        (["--over", "T_hot=-2:-1:3"], 2, "None of the points of the sweep can be run"),
        (
            ["--over", "T_hot=1:2:1000", "--over", "T_cold=0.1:0.9:1000"],
            2,
            "The sweep has 1,000,000 points, more than `max_points`",
        ),
        (
            ["--over", "T_hot=1:2:3", "--out", "/dev/null"],
            1,
            "The folder /dev/null of a sweep must be one that can be written to",
        ),
        (["--over", "T_hot=1:2", "--sample", "1000000000000"], 2, "The sweep has 1,000,000,000,000 points"),
        (["--over", "T_hot=2:2:3"], 2, "must differ, but 2 is given more than once"),
    ],
)
def test_nonsense_gets_one_clear_line(arguments, status, message):
    done = athermal(*SWAPS, *arguments)
    assert done.exit_code == status
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert not Path("results").exists() or status == 0


def test_a_folder_of_another_sweep_is_not_touched():
    athermal(*SWAPS, "--over", "T_hot=1.5,2", "--out", "s")
    done = athermal(*SWAPS, "--over", "T_hot=1.5,3", "--out", "s")
    assert done.exit_code == 1
    assert "The folder s holds another sweep" in done.stderr
    assert at.load("s").is_complete


def test_command_in_a_process_of_its_own_uses_both_cores():
    command = str(Path(sys.executable).with_name("athermal"))
    done = subprocess.run(
        [command, "sweep", "two_qubit_swap", "--over", "T_hot=1.5:3:4", "--cycles", "1", "--workers", "2", "--out", "s"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 of 4 points" in done.stdout


def test_figures_of_a_sweep():
    athermal(*SWAPS, "--over", "T_hot=1.5,2,3", "--over", "swap_angle=0.5,1", "--out", "s")
    for kind, name in (("heat-map", "heat_map"), ("mode-map", "mode_map"), ("pareto", "pareto"), ("lasting", "lasting")):
        done = athermal("plot", "s", "--kind", kind, *(["--at", "swap_angle=1"] if kind == "lasting" else []))
        assert (done.exit_code, done.stdout.strip()) == (0, f"s/{name}.png"), done.stderr
        assert Path(f"s/{name}.png").read_bytes()[:4] == b"\x89PNG"
    done = athermal(
        "plot", "s", "--column", "heat[hot bath]", "--x", "swap_angle", "--y", "T_hot", "--cycle", 2, "--out", "h.svg"
    )
    assert (done.exit_code, done.stdout.strip()) == (0, "h.svg"), done.stderr
    assert "</svg>" in Path("h.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s", "--kind", "flows"], "s is a sweep; its figures are heat-map, mode-map, pareto, lasting, not flows"),
        (["s", "--kind", "lasting", "--x", "T_hot"], "--x does not go with --kind lasting"),
        (["s", "--column", "nothing"], "nothing"),
        (["s", "--limit"], "--limit goes with the figures of a ledger, but s is the folder of a sweep"),
        (["s", "--at", "T_hot"], "--at must be written KEY=VALUE, as in T_hot=2, but is 'T_hot'"),
        (["s", "--kind", "heat-map", "--cycle", "9"], "9"),
        (["r/two_qubit_swap.nc", "--kind", "heat-map"], "The figure heat-map is of a sweep; RESULT must then be its folder"),
        (["r/two_qubit_swap.nc", "--column", "work"], "--column goes with the figures of a sweep"),
    ],
)
def test_figures_that_cannot_be_drawn(arguments, message):
    athermal(*SWAPS, "--over", "T_hot=1.5,2,3", "--out", "s")
    athermal("run", "two_qubit_swap", "--cycles", 2, "--out", "r")
    done = athermal("plot", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
