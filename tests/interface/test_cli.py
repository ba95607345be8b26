"""The command line, as a user meets it."""

import functools
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.backends.base import Solver
from athermal.cli import app
from athermal.cli.tables import layout
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.table import ledger_rows

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOWCASE = str(EXAMPLES / "two_oscillator.toml")
SMALL = ["--set", "modes=12"]

UNSTABLE = """
[run]
cycles = 60
[machine]
period = 3.141592653589793
[[machine.subsystems]]
name = "swing"
[machine.subsystems.frequency]
kind = "sum"
terms = [{ kind = "constant", constant = 1.0 }, { kind = "harmonic", amplitude = 0.4, frequency = 2.0 }]
[[machine.reservoirs]]
kind = "bath"
name = "air"
temperature = 1.0
mode_frequencies = [1.0]
mode_couplings = [0.01]
[[machine.couplings]]
kind = "exchange"
between = ["swing", "air"]
"""


def invoke(*arguments):
    """Run a command in this process."""
    return CliRunner().invoke(app, list(map(str, arguments)))


def command(*arguments):
    return [sys.executable, "-c", "from athermal.cli import main; main()", *map(str, arguments)]


def call(*arguments, cwd=None):
    """Run a command as a process of its own."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=False, cwd=cwd)


def read_all(terminal):
    """Read a terminal until its other end is closed."""
    seen = b""
    while True:
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            return seen.decode()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return at.run(at.library.two_oscillator(modes=12), cycles=2).save(tmp_path_factory.mktemp("saved") / "engine.nc")


@pytest.fixture
def result(saved, tmp_path):
    """A result file of one's own, to be spoiled."""
    return Path(shutil.copy(saved, tmp_path))


# --- run ----------------------------------------------------------------------------------------------------------


def test_a_run_as_a_process(tmp_path):
    done = call("run", SHOWCASE, "--out", tmp_path / "new" / "results")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout  # plain where there is no terminal
    lines = done.stdout.splitlines()
    header = next(k for k, line in enumerate(lines) if line.startswith("cycle"))
    for title in ("work out", "heat from hot bath", "heat from cold bath", "dU", "dSigma", "eta", "Carnot", "mode", "paid by"):
        assert title in lines[header]
    rows = lines[header + 1 : header + 9]
    assert [row.split()[0] for row in rows] == list("12345678")
    assert "+0.21715" in rows[0]
    assert "0.8238  0.5833  athermal engine  C(S)" in rows[0]
    assert "thermal engine   heat[hot bath]" in rows[1]
    assert "Beyond the Carnot limit in cycle 1" in done.stdout
    folder = tmp_path / "new" / "results"
    assert f"Ledger: {folder / 'two_oscillator.nc'}" in lines
    assert f"Figure: {folder / 'two_oscillator.png'}" in lines
    assert at.load(folder / "two_oscillator.nc").n_cycles == 8
    assert (folder / "two_oscillator.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_is_written_unasked(tmp_path):
    assert call("run", "two_oscillator", *SMALL, "--cycles", 1, cwd=tmp_path).returncode == 0
    assert not list(tmp_path.iterdir())


def test_json_is_one_document(tmp_path):
    done = call("run", "two_oscillator", *SMALL, "--cycles", 12, "--json", "--out", tmp_path)
    assert done.returncode == 0
    document = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    ledger = at.load(document["outputs"]["ledger"])
    assert document["n_cycles"] == 12
    assert document["cycles"]["cycle"] == list(range(1, 13))
    np.testing.assert_allclose(document["cycles"]["work"], ledger.work, rtol=1e-15)
    np.testing.assert_allclose(document["cycles"]["heat"]["hot bath"], ledger.heat.sel(reservoir="hot bath"), rtol=1e-15)
    np.testing.assert_allclose(document["cumulative"]["work"], ledger.cumulative.work, rtol=1e-15)
    assert set(document["cycles"]["work_by_resource"]) == set(ledger.work_by_resource.resource.values)
    assert document["provenance"]["machine"]["name"] == "two_oscillator"
    assert document["status"] == "complete"
    assert document["violations"] == []
    assert "error" not in document
    assert len(document["warnings"]) == 2
    assert all("recurrence time" in sentence for sentence in document["warnings"])
    assert done.stderr.count("Warning: ") == 2


def test_nan_is_null(tmp_path):
    path = tmp_path / "swing.toml"
    path.write_text(UNSTABLE)
    document = json.loads(invoke("run", path, "--cycles", 2, "--json").stdout)
    # One reservoir has no coefficient of performance; the laws say NaN.
    assert document["cycles"]["carnot_coefficient"] == [None, None]
    assert None not in document["cycles"]["work"]


def test_options_change_the_file():
    done = invoke("run", SHOWCASE, "--set", "initial.strength=0", "-s", "T_hot=2", "--cycles", 2, "--samples", 3, "--json")
    document = json.loads(done.stdout)
    assert document["n_cycles"] == 2
    assert document["carnot_efficiency"] == pytest.approx(0.5)
    assert document["provenance"]["initial"]["strength"] == 0.0
    assert "T_hot=2" in document["source"]


def test_the_cumulative_table_is_a_second_one():
    plain = invoke("run", "two_oscillator", *SMALL, "--cycles", 2)
    both = invoke("run", "two_oscillator", *SMALL, "--cycles", 2, "--cumulative")
    assert plain.stdout.count("work out") == 1
    assert both.stdout.count("work out") == 2


@pytest.mark.parametrize("width", [80, 100, 160])
def test_tables_fit_a_terminal(width):
    rows = ledger_rows(at.run(at.library.two_oscillator(modes=12), 2))
    tables = layout(rows, width)
    assert sorted({k for columns in tables for k in columns}) == list(range(len(rows[0])))
    assert all(columns[0] == 0 for columns in tables)
    assert len(tables) == (1 if width == 160 else 2)


def test_a_terminal_sees_progress_and_a_fitted_table():
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "90"}
    with subprocess.Popen(command("run", SHOWCASE), stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        text = read_all(leader)
        assert process.wait(60) == 0
    os.close(leader)
    assert "cycle" in text
    assert "time left" in text
    assert "athermal engine" in text
    assert "Nothing was written" in text


# --- runs that do not end well ------------------------------------------------------------------------------------


def test_a_recurrence_warning_is_one_clean_line():
    done = call("run", "two_oscillator", *SMALL, "--cycles", 12)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("Warning: The run lasts 75.3982, longer than the recurrence time 57.5959") for line in lines)


def test_an_unstable_machine_says_when_and_keeps_the_finished_cycles(tmp_path):
    (tmp_path / "swing.toml").write_text(UNSTABLE)
    done = call("run", "swing.toml", "--out", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "parametrically unstable: at t = " in done.stderr
    ledger = at.load(tmp_path / "out" / "swing.nc")
    assert 1 < ledger.n_cycles < 60
    assert f"stopped in cycle {ledger.n_cycles + 1} of 60" in done.stderr
    assert ledger.status.startswith(f"stopped after {ledger.n_cycles} of 60 cycles")
    assert f"Not finished: these are {ledger.n_cycles} of 60 cycles." in done.stdout


def test_an_unstable_machine_in_json(tmp_path):
    path = tmp_path / "swing.toml"
    path.write_text(UNSTABLE)
    done = invoke("run", path, "--json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["error"]["type"] == "InstabilityError"
    assert document["n_cycles"] == len(document["cycles"]["work"]) > 1


def test_a_run_that_finishes_no_cycle(monkeypatch):
    def fail(*_arguments, **_options):
        raise at.errors.ConvergenceError("The propagator must converge.")

    monkeypatch.setattr("athermal.files.machine_file.run", fail)
    done = invoke("run", "two_oscillator", *SMALL, "--cycles", 1)
    assert done.exit_code == 1
    assert done.stderr == "Error: No cycle of 1 was finished. The propagator must converge.\n"
    assert done.stdout == ""


def test_ctrl_c_keeps_the_finished_cycles(tmp_path):
    arguments = command("run", "two_oscillator", "--set", "modes=30", "--cycles", 100_000, "--out", tmp_path)
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    leader, follower = pty.openpty()
    # A shell starts background jobs with SIGINT ignored, and children inherit it: the run must get a terminal's default.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    streams = {"stdout": subprocess.PIPE, "stderr": follower, "text": True}
    with subprocess.Popen(arguments, env=environment, preexec_fn=heed, **streams) as process:  # noqa: PLW1509 - no threads here
        os.close(follower)
        seen = b""
        while not re.search(rb"cycle [1-9]\d*/100000", seen):  # the progress bar says that the first one is finished
            seen += os.read(leader, 65536)
        process.send_signal(signal.SIGINT)
        stderr = read_all(leader)
        stdout = process.communicate(timeout=60)[0]
    os.close(leader)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "Interrupted. The run stopped in cycle" in stderr
    ledger = at.load(tmp_path / "two_oscillator.nc")
    assert 0 < ledger.n_cycles < 100_000
    assert ledger.status == f"interrupted after {ledger.n_cycles} of 100000 cycles"
    assert f"Not finished: these are {ledger.n_cycles} of 100000 cycles." in stdout


def test_missed_laws_are_shown_and_fail(monkeypatch):
    monkeypatch.setattr(Solver, "conduct", lambda _: Conduct(residual_tolerance=0.0))
    monkeypatch.setattr("athermal.thermodynamics.course.ROUNDING", 0.0)
    done = invoke("run", "two_oscillator", *SMALL, "--cycles", 2)
    assert done.exit_code == 1
    assert "VIOLATED  Cycle 1" in done.stdout
    assert "Warning: " in done.stderr
    assert "Error: The laws are missed by more than their tolerance" in done.stderr
    assert "MISSED" in done.stdout


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "two_oscilator"], "Did you mean 'two_oscillator'?"),
        (["run", "nothing_like_it"], "neither a file nor a machine of the library"),
        (["run", EXAMPLES / "two_osc.toml"], "Did you mean 'two_oscillator.toml'?"),
        (["run", "no/such/folder/engine.toml"], "the folder no/such/folder does not exist"),
        (["run", EXAMPLES], "is a folder, not a machine file. Machine files there: charged.toml"),
        (["run", SHOWCASE, "--set", "T_hott=2"], "Did you mean 'T_hot'?"),
        (["run", SHOWCASE, "--set", "initial.strenght=0"], "Did you mean 'strength'?"),
        (["run", SHOWCASE, "--set", "T_hot=-1"], "`temperature` of reservoir 'hot bath' must be zero or positive, but is -1.0."),
        (["run", SHOWCASE, "--set", "T_hot"], "must be written key=value"),
        (["run", SHOWCASE, "--set", "initial.strength=1.5"], "must be at most 1"),
        (["run", SHOWCASE, "--set", "initial.correlations.0.between=['hot', 'cool']"], "no part 'cool'"),
        (["run", SHOWCASE, "--cycles", "0"], "--cycles"),
        (["run", SHOWCASE, "--frobnicate"], "--frobnicate"),
        (["run"], "Missing argument"),
        (["show", "two_oscilator"], "Did you mean 'two_oscillator'?"),
        (["list", "otoo"], "Did you mean 'otto'?"),
        (["plot", "none.nc"], "There is no result file none.nc."),
        (["plot", SHOWCASE], "is a machine file, not a result"),
    ],
)
def test_bad_input_is_one_message_and_status_2(arguments, said):
    done = invoke(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_a_wrong_file_as_a_process(tmp_path):
    (tmp_path / "engine.toml").write_text("[machine]\nperiod == 3\n")
    done = call("run", "engine.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: engine.toml is not valid TOML")
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_input_in_json_is_still_one_document():
    done = invoke("run", SHOWCASE, "--set", "T_hot=-1", "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["type"] == "MachineError"
    assert done.stderr.startswith("Error: ")


def test_an_impossible_folder_is_found_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    start = time.monotonic()
    done = invoke("run", "two_oscillator", *SMALL, "--cycles", 1_000_000, "--out", tmp_path / "file" / "results")
    assert done.exit_code == 2
    assert "Results cannot be written" in done.stderr
    assert time.monotonic() - start < 20.0


def test_an_unphysical_start_is_refused(tmp_path):
    path = tmp_path / "engine.toml"
    covariance = (0.4 * np.eye(4)).tolist()  # below the vacuum's 1/2
    path.write_text(UNSTABLE + f'\n[initial]\nkind = "gaussian_moments"\ncovariance = {covariance}')
    done = invoke("run", path, "--cycles", 1)
    assert done.exit_code == 2
    assert "not that of a quantum state" in done.stderr
    shown = invoke("show", path)
    assert shown.exit_code == 2
    assert "physical: NO" in shown.stdout


# --- list and show ------------------------------------------------------------------------------------------------


def test_list_names_machines_and_parameters():
    done = invoke("list")
    assert done.exit_code == 0
    for word in ("two_oscillator", "otto", "three_oscillators", "T_hot = 1.5", "contact_time = 100"):
        assert word in done.stdout
    assert "Kosloff" in invoke("list", "otto").stdout
    assert json.loads(invoke("list", "--json").stdout)["two_oscillator"]["parameters"]["modes"] == 100


def test_show_tells_what_a_machine_is():
    done = invoke("show", EXAMPLES / "own_machine.toml")
    assert done.exit_code == 0
    for words in (
        "period 24, 81 modes in all, 4 cycles, 4 samples each",
        "oscillator, frequency strokes 1, 2 lasting 12, 12, quintic ramps of 3, 3 (law 'potential')",
        "star bath, T = 0.5, 15 modes, 0.58 to 1.42",
        "recurrence time 104.72 (4.36 cycles): beyond the run",
        "atom -- flywheel: exchange, strength 0.03 exp(i 0.261799 t)",
        "flywheel: force 0.02 + 0.05 cos(0.261799 t) on x, 0 on p",
        "squeezed(part = flywheel",
        "physical: yes",
        "Carnot efficiency 0.8333",
        "bounded below: yes",
    ):
        assert words in done.stdout


def test_show_says_when_a_run_passes_the_recurrence():
    assert "the run of 30 cycles PASSES it" in invoke("show", "two_oscillator", *SMALL, "--set", "run.cycles=30").stdout


def test_show_in_json():
    document = json.loads(invoke("show", SHOWCASE, "--json").stdout)
    assert document["n_modes"] == 26
    assert document["reservoirs"]["hot bath"]["recurrence_time"] == pytest.approx(2 * np.pi * 11 / 1.2)
    assert document["initial"]["is_physical"] is True
    assert document["is_bounded_below"] is True
    # One mode stands for nothing but itself: an infinite time is null.
    three = json.loads(invoke("show", "three_oscillators", "--json").stdout)
    assert three["reservoirs"]["hot bath"]["recurrence_time"] is None


# --- plot, help, version ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["summary", "efficiency", "resources", "flows", "correlations", "energy-entropy"])
def test_plot_draws_every_kind(result, tmp_path, kind):
    out = tmp_path / "picture.svg"
    done = invoke("plot", result, "--kind", kind, "--out", out)
    assert done.exit_code == 0
    assert done.stdout.strip() == str(out)
    assert b"<svg" in out.read_bytes()


def test_plot_names_its_picture(result):
    assert invoke("plot", result).exit_code == 0
    assert result.with_suffix(".png").exists()
    assert invoke("plot", result, "--kind", "flows").exit_code == 0
    assert result.with_name("engine_flows.png").exists()


def test_pictures_that_cannot_be_written(result, tmp_path):
    for out in (tmp_path / "picture.xyz", tmp_path / "none" / "picture.png"):
        done = invoke("plot", result, "--out", out)
        assert done.exit_code == 2
        assert "The picture" in done.stderr


def test_a_truncated_result(result):
    content = result.read_bytes()
    result.write_bytes(content[: len(content) // 2])
    done = call("plot", result)
    assert done.returncode == 2
    assert "truncated" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_result_of_another_version(result):
    with h5py.File(result, "a") as file:
        file.attrs["format_version"] = 99
    done = invoke("plot", result)
    assert done.exit_code == 2
    assert "version 99" in done.stderr


def test_help_and_version():
    for name in ("run", "list", "show", "plot"):
        done = invoke(name, "--help")
        assert done.exit_code == 0
        assert f"\n    athermal {name} " in done.stdout  # examples keep their lines
    assert "[[machine.couplings]]" in invoke("run", "--help").stdout
    assert invoke("--version").stdout.startswith("athermal ")
    assert all(name in invoke("--help").stdout for name in ("run", "list", "show", "plot"))


def test_help_does_not_wait_for_matplotlib():
    code = "import sys; from athermal.cli import app; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
