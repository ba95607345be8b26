"""The table of columns, and all that reads it: a column that is added there is everywhere."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli.app import app
from athermal.cli.columns import page
from athermal.plot.symbols import column_label
from athermal.thermodynamics import schema
from athermal.thermodynamics.column import Column, Heading

DOCS = Path(__file__).parents[2] / "docs"


def invoke(*arguments):
    return CliRunner().invoke(app, ["list", "--columns", *arguments])


@pytest.fixture
def gain(monkeypatch):
    """Return a column of each reservoir that is in the table for one test."""
    column = Column(
        "gain",
        "twice the heat that reservoir j took",
        "energy",
        ("reservoir",),
        over=lambda interval: 2.0 * (interval.b.reservoir_energies - interval.a.reservoir_energies),
        symbol="G_{%}",
        word="gain",
        heading=Heading("gain of %"),
    )
    monkeypatch.setitem(schema.COLUMNS, "gain", column)
    return column


@pytest.fixture
def ledger(gain):
    return at.run(at.library.two_oscillator(modes=4), 2)


def test_an_added_column_is_in_the_ledger(ledger):
    assert np.array_equal(ledger.gain.values, 2.0 * ledger.heat.values)
    assert ledger.gain.dims == ("cycle", "reservoir")
    assert ledger.gain.attrs == {"long_name": "twice the heat that reservoir j took", "units": "energy"}
    assert np.array_equal(ledger.cumulative.gain.values, 2.0 * ledger.cumulative.heat.values)
    assert "gain" in ledger.samples
    assert "gain" in dir(ledger)
    with pytest.raises(AttributeError, match="Did you mean 'gain'"):
        _ = ledger.gian


def test_an_added_column_is_saved_and_exported(ledger, tmp_path):
    assert at.load(ledger.save(tmp_path / "run.nc")).gain.identical(ledger.gain)
    frame = ledger.to_dataframe()
    assert np.array_equal(frame["gain[hot bath]"], ledger.gain.sel(reservoir="hot bath"))
    assert frame.attrs["long_names"]["gain[cold bath]"] == "twice the heat that reservoir j took"
    document = json.loads(ledger.save(tmp_path / "run.json").read_text())
    assert document["cycles"]["gain"]["hot bath"] == ledger.gain.values[:, 0].tolist()
    assert document["units"]["gain"] == "energy"


def test_what_a_backend_tells_in_an_added_column_is_saved_too(monkeypatch, tmp_path):
    """A state function at instants, at the end of cycles and as a change; one entry, and the values in the snapshots."""
    told = Column(
        "glow", "how much it glows", "nat", over=lambda i: i.b.extras["glow"], at=lambda s, _: s.extras["glow"], extra="glow"
    )
    monkeypatch.setitem(schema.COLUMNS, "glow", told)
    dark = at.run(at.library.two_oscillator(modes=4), 2)
    assert "glow" not in dark.cycles
    glow = np.array([0.5, 0.25, 0.125])
    ledger = replace(dark, snapshots=replace(dark.snapshots, extras={**dark.snapshots.extras, "glow": glow}))
    again = at.load(ledger.save(tmp_path / "run.nc"))
    assert again.glow.values.tolist() == [0.25, 0.125]
    assert again.instants.glow.values.tolist() == glow.tolist()
    assert again.glow.attrs["long_name"] == "how much it glows at the end"


def test_an_added_column_is_printed_and_labelled(ledger):
    assert "gain of hot bath" in str(ledger)
    assert r"$G_{\mathrm{hot~bath}}$" in ledger.to_latex()
    assert r"$G_{\mathrm{hot~bath}}$" in ledger.to_latex(["gain[hot bath]"])
    assert column_label("gain[hot bath]") == "gain $G$, hot bath"


def test_an_added_column_is_listed(gain):
    assert re.search(r"^gain +\++ +energy +twice the heat", invoke().stdout, re.MULTILINE)
    assert "| `gain` | $G_{j}$ | energy | reservoir | cycles | twice the heat that reservoir j took |" in page()


def test_an_added_column_is_an_objective_and_of_sweeps_and_limit_cycles(gain):
    found = at.sweep(at.library.two_oscillator, over={"modes": [3, 4]}, cycles=1, workers=1)
    assert np.array_equal(found.dataset["gain"].values, 2.0 * found.dataset["heat"].values)
    cycle = at.limit_cycle(at.library.two_oscillator(omega_hot=1.0), accuracy=1e-4)
    assert cycle.gain["hot bath"] == 2.0 * cycle.heat["hot bath"]


def test_columns_are_listed():
    done = invoke()
    assert done.exit_code == 0
    assert all(name in done.stdout for name in schema.COLUMNS)
    one = invoke("mutual_information").stdout
    assert "known: Dense, Star, DensityMatrix" in one
    assert "unknown (NaN): HEOM" in one
    assert "Did you mean 'efficiency'?" in invoke("eficiency").output


def test_columns_in_json():
    found = json.loads(invoke("--json").stdout)
    assert list(found) == list(schema.COLUMNS)
    assert found["heat"]["of_each"] == ["reservoir"]
    assert found["bath_quanta"]["known"]["Lindblad"] == "yes"
    assert found["bath_quanta"]["known"]["Dense"] == "-"


def test_the_page_is_what_the_code_gives():
    assert (DOCS / "columns.md").read_text() == page(), "run `make columns`"
