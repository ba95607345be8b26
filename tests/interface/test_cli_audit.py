"""Continuous baths on the command line: `athermal audit`, `--accuracy`, `show` and the asymptote in figures."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "continuum.toml")
SHORT = ["--cycles", "2", "--accuracy", "1e-4"]


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    ran = invoke("run", EXAMPLE, *SHORT, "--out", folder)
    assert ran.exit_code == 0, ran.output
    return folder / "continuum.nc", ran.output


def test_a_run_says_what_it_certifies_and_what_it_chose(result):
    _, text = result
    assert "Certified by refining the continuous baths" in text
    assert "Modes chosen: hot bath " in text


def test_the_json_of_a_run_holds_the_errors():
    document = json.loads(invoke("run", EXAMPLE, *SHORT, "--json").stdout)
    assert len(document["errors"]["work"]) == 2
    assert all(0.0 < error <= 1e-4 for error in document["errors"]["work"])  # T_min = 1
    assert set(document["cumulative_errors"]["heat"]) == {"hot bath", "cold bath"}


def test_an_audit_of_a_file_says_everything_in_words():
    text = invoke("audit", EXAMPLE, *SHORT).stdout
    for words in (
        "chosen for this run",
        "Recurrence time:",
        "of integral J(w)/w dw lies beyond",
        "Cut-off of the continua: at most",
        "Number of modes: at most",
        "Steps:",
        "Laws: the largest residual is",
        "Least certain column:",
    ):
        assert words in text


def test_an_audit_of_a_saved_ledger_runs_it_again(result):
    path, _ = result
    document = json.loads(invoke("audit", path, "--json").stdout)
    assert document["cycles"] == 2
    saved = at.load(path)
    assert [bath["modes"] for bath in document["baths"]] == [entry["modes"] for entry in saved.provenance["continuum"]]


def test_an_audit_tells_where_few_modes_show():
    text = invoke("audit", "two_oscillator", "--set", "modes=60", "--set", "rule=midpoint", "--cycles", "12").stdout
    # 60 midpoints in a band of 1.2 recur at 2 pi 60/1.2 = 314, 50 cycles: later than the run
    assert "Recurrence time: 314.159 (50 cycles), beyond the run." in text
    assert "Finite size: shows in no cycle" in text
    text = invoke("audit", "two_oscillator", "--set", "modes=6", "--set", "rule=midpoint", "--cycles", "8").stdout
    assert "PASSED by the run" in text
    assert "Finite size: shows from cycle" in text


def test_a_position_coupling_shows_its_counter_term(tmp_path):
    path = tmp_path / "particle.toml"
    path.write_text(
        """
        [run]
        cycles = 1
        accuracy = 1e-5
        [machine]
        period = 2.0
        [[machine.subsystems]]
        name = "particle"
        frequency = 1.0
        [[machine.reservoirs]]
        kind = "continuum_bath"
        name = "air"
        temperature = 1.0
        modes = "auto"
        spectral_density = { kind = "ohmic", friction = 0.3, cutoff = 4.0, cutoff_shape = "hard" }
        [[machine.couplings]]
        kind = "position"
        between = ["particle", "air"]
        """
    )
    document = json.loads(invoke("audit", path, "--json").stdout)
    (term,) = document["baths"][0]["counter_terms"]
    exact = 0.3 * 4.0 / math.pi  # (1/pi) integral J/w dw
    assert term["of_continuum"] == pytest.approx(exact, rel=1e-12)
    assert term["of_modes"] == pytest.approx(exact, rel=1e-5)


def test_show_tells_how_many_modes_a_run_begins_with():
    text = invoke("show", EXAMPLE).stdout
    assert "as many modes as a run needs" in text
    assert "modes to begin with" in text
    assert "recurrence time: beyond any run" in text
    assert json.loads(invoke("show", EXAMPLE, "--json").stdout)["machine"]["reservoirs"][0]["modes"] == "auto"


def test_the_limit_cycle_in_figures(result, tmp_path):
    path, _ = result
    for kind in ("efficiency", "flows"):
        out = tmp_path / f"{kind}.png"
        assert invoke("plot", path, "--kind", kind, "--limit", "--out", out).exit_code == 0
        assert out.stat().st_size > 10_000
    refused = invoke("plot", path, "--limit")
    assert refused.exit_code == 2
    assert "--limit goes with --kind efficiency or flows" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "two_oscillator", "--accuracy", "1e-6"], "`accuracy` of a run must be left out"),
        (["run", EXAMPLE, "--accuracy", "1e-14"], "`accuracy` of a run must be at least 1e-11"),
        (["run", EXAMPLE, "--set", "run.accuracy=0"], "`accuracy` of the [run] table must be positive"),
        (
            ["run", EXAMPLE, "--set", "run.tolerance=1e-9"],
            '`tolerance` of the [run] table must be left out for a machine with modes = "auto"',
        ),
        (["run", EXAMPLE, "--set", "machine.reservoirs.hot bath.modes=many"], "modes"),
        (["run", EXAMPLE, "--set", 'machine.reservoirs.hot bath.rule="tan"'], "`rule` of reservoir"),
        (["run", "otto", "--set", "modes=auto"], "`modes` of an Otto engine with ring baths must be a whole number"),
        (["audit", "no.nc"], "There is no result file"),
    ],
)
def test_errors_name_what_is_wrong(arguments, words):
    ran = invoke(*arguments)
    assert ran.exit_code == 2
    assert words in ran.stderr


def test_a_finished_run_cannot_be_changed(result):
    path, _ = result
    ran = invoke("audit", path, "--set", "cycles=3")
    assert ran.exit_code == 2
    assert "Give the machine file instead" in ran.stderr
