"""`athermal compare` and its figure."""

import csv
import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app
from athermal.cli.comparing import read_backends

SMALL = ["compare", "two_oscillator", "--set", "modes=2", "--cycles", "2"]


def invoke(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_a_table_a_file_and_a_figure(tmp_path):
    ran = invoke(*SMALL, "--backends", "dense,star,density_matrix:levels=2,coherence=false,state_vectors", "--out", tmp_path)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[0].split()[-3:] == ["(reference)", "star", "density_matrix"]
    assert "Refused  state_vectors:" in ran.stdout
    with (tmp_path / "two_oscillator_backends.csv").open(newline="") as stream:
        kinds = {line["backend"] for line in csv.DictReader(stream)}
    assert kinds == {"dense", "star", "density_matrix", "state_vectors"}
    assert (tmp_path / "two_oscillator_backends.nc").is_file()
    assert (tmp_path / "two_oscillator_backends.png").stat().st_size > 10_000


def test_the_json_document_has_what_the_table_has():
    ran = invoke(*SMALL, "--backends", "dense,density_matrix:levels=2", "--reference", "density_matrix", "--json")
    document = json.loads(ran.stdout)
    assert document["reference"] == "density_matrix"
    assert set(document["runtimes"]) == {"dense", "density_matrix"}
    heat = np.array([document["differences"]["dense"]["heat"][name] for name in ("hot bath", "cold bath")])
    assert document["largest"]["dense"]["heat"]["difference"] == np.max(np.abs(heat))
    assert document["largest"]["dense"]["ergotropy"]["difference"] is None


def test_backends_as_they_are_written():
    found = read_backends("dense, density_matrix:levels=3,coherence=false,density_matrix:levels=4, star:tolerance=1e-10")
    assert found == {
        "dense": at.Dense(),
        "density_matrix:levels=3,coherence=false": at.DensityMatrix(levels=3, coherence=False),
        "density_matrix:levels=4": at.DensityMatrix(levels=4),
        "star": at.Star(tolerance=1e-10),
    }


@pytest.mark.parametrize(
    ("backends", "words"),
    [
        ("dense,sta", "Unknown kind 'sta' in --backends. Did you mean 'star'?"),
        ("dense,star:tol=1", "star of --backends: Unknown key 'tol'"),
        ("dense,star:max_panels=0", "star of --backends: `max_panels`"),
        ("levels=3,dense", "--backends must be written KIND,KIND:OPTION=VALUE"),
        ("dense,,star", "--backends must be written KIND,KIND:OPTION=VALUE"),
        ("dense,dense", "--backends must name 'dense' once"),
        ("dense", "must hold at least two"),
        ("state_vectors,dense", "The reference of the comparison, 'state_vectors', cannot be run"),
    ],
)
def test_errors_name_what_is_wrong(backends, words):
    ran = invoke(*SMALL, "--backends", backends)
    assert ran.exit_code == 2
    assert words in ran.stderr


def test_the_figure_shows_relative_differences_and_names_the_unknown():
    machine = at.library.two_oscillator(modes=12)
    found = at.compare_backends(machine, [at.Dense(), at.Star(max_rank=0, entropy_modes=0, block_modes=1), "auto"])
    ax = at.plot.backends(found)
    drawn = {line.get_label(): line.get_xdata() for line in ax.lines}
    star = found.largest.relative.sel(backend="star", column=["work", "heat"]).values
    (label,) = (name for name in drawn if name.startswith("star ("))
    assert set(star[star > 0.0]) <= set(drawn[label])
    assert any(name.startswith("unknown of star: $C(R)$") for name in drawn)
    assert "no difference" in drawn  # "auto" is dense
    plt.close("all")


@pytest.mark.parametrize("ending", [".json", ".tex", ".xlsx", ".parquet"])
def test_a_comparison_is_written_in_every_format(tmp_path, ending):
    found = at.compare_backends(at.library.two_oscillator(modes=6), [at.Dense(), at.Star()])
    path = found.save(tmp_path / f"both{ending}")
    if ending == ".json":
        held = json.loads(path.read_text())
        assert held["cycles"]["star"]["work"] == found.cycles.work.sel(backend="star").values.tolist()
    elif ending == ".tex":
        assert r"\toprule" in path.read_text()
    else:
        table = (pd.read_excel if ending == ".xlsx" else pd.read_parquet)(path)
        row = table[(table.backend == "star") & (table.column == "work")]
        assert row.value.tolist() == found.cycles.work.sel(backend="star").values.tolist()
    with pytest.raises(at.errors.FileFormatError, match=r"must end in \.nc, .* but is"):
        found.save(tmp_path / "both.txt")


def test_a_saved_comparison_is_run_again(tmp_path):
    machine = at.library.two_oscillator(modes=6)
    path = at.compare_backends(machine, [at.Dense(), at.Star()], 2, samples_per_cycle=2).save(tmp_path / "both.nc")
    done = invoke("rerun", path)
    assert (done.exit_code, "Identical to the last bit." in done.stdout) == (0, True)
    found = at.compare_definitions(at.run(machine, 2))
    table = found.to_dataframe()
    heats = found.cycles.heat.sel(reservoir="hot bath").transpose("cycle", "definition").values.ravel()
    assert np.array_equal(table["heat[hot bath]"], heats, equal_nan=True)
    assert found.save(tmp_path / "d.csv").read_text().startswith("cycle,definition,time,")
    assert r"\toprule" in found.save(tmp_path / "d.tex").read_text()
