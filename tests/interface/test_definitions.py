"""The definitions of work and heat as a figure and on the command line."""

import json

import matplotlib.pyplot as plt
import numpy as np
import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app


@pytest.fixture(scope="module")
def ledger():
    stroke = at.drives.Strokes((1.0, 1.0), (1.5, 0.5), ramps=0.2)
    machine = at.Machine(
        [at.Oscillator("a", 1.0 + stroke)],
        [at.Bath("hot", 4.0, (1.4, 1.6), (0.3, 0.3)), at.Bath("cold", 0.5, (0.9,), (0.2,))],
        [at.Position(("a", "hot"), stroke), at.Position(("a", "cold"), 2.0 - stroke)],
        period=2.0,
    )
    return at.run(machine, cycles=2)


@pytest.fixture(scope="module")
def result(ledger, tmp_path_factory):
    return ledger.save(tmp_path_factory.mktemp("results") / "engine.nc")


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_the_figure_shows_the_numbers(ledger):
    found = at.compare_definitions(ledger)
    axes = at.plot.definitions(found, cycle=1)
    data = found.cycles.sel(cycle=1, definition=list(found.names))
    assert [label.get_text().replace("\n", " ") for label in axes[0].get_yticklabels()] == list(found.names)
    assert np.array_equal([bar.get_width() for bar in axes[1].patches], -data.heat.values.T.ravel())
    shown = np.concatenate([line.get_xdata() for line in axes[2].lines if line.get_linestyle() == "None"])
    assert np.allclose(np.sort(shown), np.sort(data.entropy_production.values), rtol=0.0, atol=0.0)
    assert axes[0].get_ylabel() == "cycle 1"
    own = plt.subplots(1, 3)[1]
    assert at.plot.definitions(found, own) is own
    assert own[0].get_ylabel() == "whole run"
    with pytest.raises(at.errors.StudyError, match="must be 1 to 2, but is 3"):
        at.plot.definitions(found, cycle=3)
    plt.close("all")


def test_the_command_prints_tables_and_draws(result, tmp_path):
    ran = invoke("definitions", result, "--out", tmp_path / "figure.png", "--cycle", 2)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.count("bath and interaction") == 3  # two cycles and the whole run
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    tables = invoke("definitions", result, "--out", tmp_path / "tables.nc")
    assert "Tables: " in tables.stdout
    assert (tmp_path / "tables.nc").exists()


def test_the_command_as_json(ledger, result):
    document = json.loads(invoke("definitions", result, "--share", "0.25", "--json").stdout)
    found = at.compare_definitions(ledger, share=0.25)
    shared = document["cycles"]["interaction shared"]
    assert shared["heat"]["hot"] == found.cycles.heat.sel(definition="interaction shared", reservoir="hot").values.tolist()
    assert document["remarks"] == list(found.remarks)
    assert document["share"] == 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["engine.toml"], "is a machine file, not a result"),
        (["nowhere.nc"], "There is no result file"),
        (["RESULT", "--share", "2"], "`share` of a comparison of definitions must be 0 to 1"),
        (["RESULT", "--out", "figure.txt"], "must end in .png"),
    ],
)
def test_wrong_usage(result, arguments, message):
    ran = invoke("definitions", *(result if argument == "RESULT" else argument for argument in arguments))
    assert ran.exit_code == 2
    assert message in ran.output
