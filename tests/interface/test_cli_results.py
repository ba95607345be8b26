"""What commands leave behind: nothing replaced unasked, results shown and exported again, silence, logs, signals and closed pipes."""

import csv
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app
from athermal.cli.console import UntilClosed
from athermal.engine import progress

FILE = """
title = "A small engine"
[run]
cycles = 2
[machine]
library = "two_oscillator"
modes = 6
"""


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder in which one run has been made, and what it printed."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "engine.toml").write_text(FILE)
    done = invoke("run", folder / "engine.toml", "--out", folder / "results")
    assert done.exit_code == 0
    return folder, done


# --- nothing is replaced unasked ----------------------------------------------------------------------------------


def test_a_result_is_replaced_only_by_force(made, tmp_path):
    folder, _ = made
    (tmp_path / "engine.nc").write_text("mine")
    for out in (tmp_path, tmp_path / "engine.nc"):
        done = invoke("run", folder / "engine.toml", "--out", out)
        assert done.exit_code == 2
        assert f"{tmp_path / 'engine.nc'} exists already" in done.stderr
        assert (tmp_path / "engine.nc").read_text() == "mine"
    assert invoke("run", folder / "engine.toml", "--out", tmp_path / "engine.nc", "--force").exit_code == 0
    assert at.load(tmp_path / "engine.nc").n_cycles == 2


def test_other_commands_ask_too(tmp_path):
    for name in ("two_oscillator_backends.csv", "two_qubit_swap_history.csv", "data.nc"):
        (tmp_path / name).write_text("mine")
    data = tmp_path / "table" / "data.csv"
    data.parent.mkdir()
    data.write_text("time,heat[hot],heat[cold],energy[a],entropy[a]\n0,0,0,0,0\n1,-1,0.6,0,0\n")
    for arguments in (
        ("compare", "two_oscillator", "-s", "modes=4", "--cycles", 1, "--backends", "dense,star"),
        ("optimise", "two_qubit_swap", "--over", "omega_cold=0.85:1.5", "--objective", "work_output", "--cycles", 1),
        ("account", data, "--temperatures", "hot=2,cold=1"),
    ):
        done = invoke(*arguments, "--out", tmp_path)
        assert done.exit_code == 2
        assert "exists already and would be replaced" in done.stderr


@pytest.mark.parametrize("ending", [".json", ".nc", ".pdf"])
def test_out_may_name_a_file(made, tmp_path, ending):
    folder, _ = made
    path = tmp_path / "new" / f"x{ending}"
    assert invoke("run", folder / "engine.toml", "--out", path).exit_code == 0
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == [path.name]
    start = {".json": b"{", ".nc": b"\x89HDF", ".pdf": b"%PDF"}[ending]
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["x.txt", "x.xls"])
def test_files_of_no_known_format_are_refused(made, tmp_path, name):
    done = invoke("run", made[0] / "engine.toml", "--out", tmp_path / name)
    assert done.exit_code == 2
    assert "make it first" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_folder_of_a_sweep_is_no_file(tmp_path):
    done = invoke("sweep", "two_qubit_swap", "--over", "T_hot=1.5,3", "--out", tmp_path / "x.csv")
    assert done.exit_code == 2
    assert "athermal export FOLDER --to csv" in done.stderr


# --- shown and exported again -------------------------------------------------------------------------------------


def test_a_finished_run_is_shown_as_it_was_printed(made):
    folder, done = made
    again = invoke("show", folder / "results" / "engine.nc")
    assert again.exit_code == 0
    printed = [line for line in done.stdout.splitlines() if not line.startswith(("Ledger: ", "Figure: "))]
    assert again.stdout.splitlines() == printed
    assert printed[0] == "A small engine"
    document = json.loads(invoke("show", folder / "results" / "engine.nc", "--json").stdout)
    assert document["cycles"]["work"] == at.load(folder / "results" / "engine.nc").work.values.tolist()
    refused = invoke("show", folder / "results" / "engine.nc", "--set", "T_hot=2")
    assert (refused.exit_code, "--set changes a machine" in refused.stderr) == (2, True)


@pytest.mark.parametrize(("to", "ending"), [("csv", ".csv"), ("latex", ".tex")])
def test_export_of_a_ledger(made, to, ending):
    result = made[0] / "results" / "engine.nc"
    done = invoke("export", result, "--to", to)
    assert (done.exit_code, done.stdout.strip()) == (0, str(result.with_suffix(ending)))
    assert invoke("export", result, "--to", to).exit_code == 2  # it is there


def test_export_to_standard_output_and_of_other_tables(made):
    result = made[0] / "results" / "engine.nc"
    table = csv.DictReader(io.StringIO(invoke("export", result, "--to", "csv", "--table", "cumulative", "--out", "-").stdout))
    assert [float(row["work"]) for row in table] == at.load(result).cumulative.work.values.tolist()
    assert invoke("export", result, "--to", "xlsx", "--out", "-").exit_code == 2
    wrong = invoke("export", result, "--to", "csv", "--out", made[0] / "x.json")
    assert (wrong.exit_code, "must end in .csv" in wrong.stderr) == (2, True)
    assert invoke("export", made[0] / "engine.toml", "--to", "csv").exit_code == 2


def test_sweeps_are_shown_exported_and_told_in_numbers(tmp_path):
    command = ("sweep", "two_qubit_swap", "--over", "T_hot=1.5,3", "--cycles", 1, "--out", tmp_path / "swaps", "-j", 1)
    done = invoke(*command, "--json")
    assert "2 points of T_hot. They are kept in" in done.stderr
    document = json.loads(done.stdout)
    sweep = at.load(tmp_path / "swaps")
    assert [point["parameters"] for point in document["results"]] == [{"T_hot": 1.5}, {"T_hot": 3.0}]
    assert document["results"][1]["cycles"]["work"] == sweep.ledger(1).work.values.tolist()
    assert document["units"]["work"] == "energy"
    again = invoke(*command)
    assert "2 points of T_hot, 2 of them finished and none left. They are in" in again.stderr
    assert invoke("show", tmp_path / "swaps").stdout == again.stdout.replace(f"Data set: {tmp_path / 'swaps' / 'sweep.nc'}\n", "")
    assert invoke("export", tmp_path / "swaps", "--to", "csv").exit_code == 0
    table = csv.DictReader((tmp_path / "swaps" / "sweep.csv").read_text().splitlines())
    assert [float(row["work"]) for row in table] == sweep.work.values.ravel().tolist()
    (tmp_path / "swaps" / "points" / "000001.nc").unlink()
    assert "2 points of T_hot, 1 of them finished and 1 left." in invoke(*command).stderr


# --- how loud a command is ----------------------------------------------------------------------------------------


def test_quiet_and_log(made, tmp_path):
    log = tmp_path / "log.txt"
    arguments = ("run", made[0] / "engine.toml", "--cycles", 12, "--log", log)
    loud, quiet = invoke(*arguments), invoke(*arguments, "--quiet")
    assert loud.stderr.count("Warning: The run lasts") == quiet.stderr.count("Warning: The run lasts") == 2
    lines = log.read_text().splitlines()
    assert sum("Warning: The run lasts" in line for line in lines) == 4
    assert sum("Exit status 0 after " in line for line in lines) == 2
    assert invoke("sweep", "two_qubit_swap", "--over", "T_hot=1.5", "--out", tmp_path / "s", "-n", 1, "-q").stderr == ""
    refused = invoke(*arguments[:-1], tmp_path / "none" / "log.txt")
    assert (refused.exit_code, "The log " in refused.stderr) == (2, True)


def test_lines_of_progress_where_there_is_no_terminal(made, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_BETWEEN_LINES", 0.0)
    assert "cycle 1/2, 0 s" in invoke("run", made[0] / "engine.toml").stderr
    assert invoke("run", made[0] / "engine.toml", "-q").stderr == ""
    assert (
        "point 2/2"
        in invoke("sweep", "two_qubit_swap", "--over", "T_hot=1.5,3", "-j", 1, "-n", 1, "--out", tmp_path / "s").stderr
    )
    invoke("run", made[0] / "engine.toml", "-q", "--log", tmp_path / "log.txt")
    assert "cycle 2/2" in (tmp_path / "log.txt").read_text()


def test_warnings_of_a_rerun_are_lines(made, tmp_path):
    assert invoke("run", made[0] / "engine.toml", "--cycles", 12, "--out", tmp_path / "engine.nc").exit_code == 0
    done = invoke("rerun", tmp_path / "engine.nc")
    assert done.exit_code == 0
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["Warning", "Warning"]


# --- signals and pipes --------------------------------------------------------------------------------------------


def test_sigterm_keeps_what_ctrl_c_keeps(tmp_path):
    code = "from athermal.engine import progress; progress._BETWEEN_LINES = 0.0; from athermal.cli import main; main()"
    command = [sys.executable, "-c", code, "run", "two_oscillator", "--set", "modes=6", "--cycles", "1000000"]
    command += ["--out", str(tmp_path / "a.nc"), "--log", str(tmp_path / "log.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while "cycle 9/" not in (line := process.stderr.readline()):
            assert line, process.poll()
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143, stderr
    assert "Interrupted. The run stopped in cycle" in stderr
    ledger = at.load(tmp_path / "a.nc")
    assert ledger.status == f"interrupted after {ledger.n_cycles} of 1000000 cycles"
    assert "Exit status 143" in (tmp_path / "log.txt").read_text()
    with pytest.warns(at.errors.RecurrenceWarning):
        assert at.rerun(tmp_path / "a.nc").is_identical  # of the cycles that were finished


def test_a_reader_that_has_seen_enough_is_no_failure():
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        output = UntilClosed(stream)
        assert output.write("one line\n") == 9
        output.flush()
        output.write("another\n")
        output.flush()
        assert not output.isatty()


def test_a_broken_pipe_as_a_process():
    command = [sys.executable, "-c", "from athermal.cli import main; main()", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_shells_can_complete_commands_and_machines(monkeypatch):
    assert "--show-completion" in invoke("--help").stdout
    from athermal.cli.arguments import _machines  # noqa: PLC0415

    assert "two_oscillator" in _machines("two_o")
    assert _machines("examples/two_osc") in ([], ["examples/two_oscillator.toml"])


def test_what_is_no_machine_and_no_result_is_told_apart(tmp_path):
    wrong = {
        ("run", ""): "must not be empty",
        ("sweep", "two_oscillator", "--over", "T_hot=1:2:1000000000"): "at most 1,000,000",
        ("run", "two_qubit_swap", "-n", "1", "--observable", "work=hot.sigmaz"): "that of a column",
        ("run", "two_qubit_swap", "-n", "1", "--observable", "z=hot.sigmaz", "--observable", "z=hot.sigmax"): "2 times",
    }
    (tmp_path / "table.csv").write_text("cycle,work" + ",x" * 500 + "\n1,2\n")
    wrong["show", str(tmp_path / "table.csv")] = "for other programs"
    for arguments, words in wrong.items():
        result = CliRunner().invoke(app, list(arguments))
        assert (result.exit_code, words in result.output, len(result.output) < 600) == (2, True, True), result.output


@pytest.mark.filterwarnings("ignore:overflow")
def test_numbers_beyond_double_precision_are_an_error_not_a_traceback():
    result = CliRunner().invoke(app, ["run", "otto", "--set", "T_hot=1e308", "--set", "modes=6", "-n", "1"])
    assert (result.exit_code, "double precision" in result.output) == (1, True), result.output
