"""Ledgers for other programs: every number comes back to the last bit, unknown and infinite ones are said, names survive."""

import csv
import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest

import athermal as at
from athermal.thermodynamics.export import plain


@pytest.fixture(scope="module")
def ledger():
    return at.run(at.library.two_oscillator(modes=6, squeezing=0.1), 3, samples_per_cycle=2)


def same(column, expected):
    """Tell whether two columns hold the same bits, NaN in the same places."""
    return np.array_equal(np.asarray(column, dtype=float), np.asarray(expected, dtype=float), equal_nan=True)


def read_csv(path):
    """Read a table as Python reads numbers: correctly rounded, which pandas before 3.1 does only when told to."""
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    return pd.DataFrame({name: [cell(row[k]) for row in rows] for k, name in enumerate(head)})


def cell(text):
    """Return the truth value, the number or else the text that a cell holds."""
    if text in {"True", "False"}:
        return text == "True"
    try:
        return float(text)
    except ValueError:
        return text


READERS = {
    ".csv": read_csv,
    ".parquet": pd.read_parquet,
    ".xlsx": lambda path: pd.read_excel(path, sheet_name="cycles"),
}


@pytest.mark.parametrize("ending", READERS)
def test_numbers_come_back_to_the_last_bit(ledger, tmp_path, ending):
    back = READERS[ending](ledger.save(tmp_path / f"engine{ending}"))
    assert list(back.columns) == list(ledger.to_dataframe().columns)
    for name, values in ledger.cycles.data_vars.items():
        if values.dtype.kind != "f":
            continue
        for label in values[values.dims[1]].values if values.ndim > 1 else [None]:
            title, part = (f"{name}[{label}]", values.sel({values.dims[1]: label})) if label else (name, values)
            assert same(back[title], part), title
    assert back["mode"].tolist() == ledger.mode.values.tolist()
    assert back["is_athermal"].tolist() == ledger.is_athermal.values.tolist()


def test_json_holds_all_tables_units_and_provenance(ledger, tmp_path):
    held = json.loads(ledger.save(tmp_path / "engine.json").read_text())
    for name in ("cycles", "cumulative"):
        for reservoir, values in held[name]["heat"].items():
            assert same(values, getattr(ledger, name).heat.sel(reservoir=reservoir))
    assert held["cycles"]["coefficient_of_performance"].count(None) == np.isnan(ledger.coefficient_of_performance).sum()
    assert held["units"]["work"] == "energy"
    assert held["long_names"]["heat"] == "heat Q_j absorbed by reservoir j"
    assert held["provenance"]["machine"]["name"] == "two_oscillator"


def test_what_is_not_finite_is_said(ledger, tmp_path):
    held = ledger.snapshots
    unknown = {
        name: np.full_like(getattr(held, name), np.nan) for name in ("reservoir_entropies", "reservoirs_entropy", "total_entropy")
    }
    ledger = dataclasses.replace(ledger, snapshots=dataclasses.replace(held, **unknown))
    assert ledger.save(tmp_path / "a.csv").read_text().splitlines()[1].count("nan") > 3
    assert json.loads(ledger.save(tmp_path / "a.json").read_text())["cycles"]["mutual_information"] == [None] * 3
    assert "unknown" in ledger.to_latex(["mutual_information"])
    assert plain([math.inf, -math.inf, math.nan]) == ["Infinity", "-Infinity", None]


def test_every_table_of_a_ledger(ledger, tmp_path):
    sheets = pd.read_excel(ledger.save(tmp_path / "engine.xlsx"), sheet_name=None)
    assert set(sheets) == {"cycles", "cumulative", "samples", "instants", "columns", "run"}
    assert same(sheets["instants"]["reservoir_energy[hot bath]"], ledger.instants.reservoir_energy.sel(reservoir="hot bath"))
    assert same(ledger.to_dataframe("samples")["work"], ledger.samples.work)
    about = sheets["columns"].set_index("column")
    assert about.loc["heat[hot bath]", "unit"] == "energy"
    assert about.loc["heat[hot bath]", "long name"] == "heat Q_j absorbed by reservoir j"


def test_errors_stand_beside_their_columns():
    data = {"time": [0.0, 1.0, 2.0], "heat[hot]": [0.0, -1.0, -2.0], "heat[cold]": [0.0, 0.6, 1.2]}
    data |= {
        "heat[hot]_error": [0.0, 0.1, 0.1],
        "heat[cold]_error": [0.0, 0.1, 0.1],
        "entropy[atom]": np.zeros(3),
        "energy[atom]": np.zeros(3),
    }
    ledger = at.account(data, temperatures={"hot": 2.0, "cold": 1.0})
    table = ledger.to_dataframe()
    assert same(table["heat[hot]_error"], ledger.errors.heat.sel(reservoir="hot"))
    assert list(table.columns).index("heat[hot]_error") == list(table.columns).index("heat[hot]") + 1
    assert r" \pm " in ledger.to_latex(["work"])
    assert r" \pm " in ledger.to_latex()


def test_the_printed_table_is_the_latex_one(ledger):
    text = ledger.to_latex()
    printed = str(ledger).splitlines()[1].split()
    first = text.splitlines()[4]
    assert first.startswith(f"${printed[0]}$ & ${printed[1]}$ & ${printed[2]}$")
    for rule in (r"\begin{tabular}{", r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}", r"$\eta_{\mathrm{C}}$"):
        assert rule in text
    counts = {line.count(" & ") for line in text.splitlines() if line.endswith(r"\\")}
    assert len(counts) == 1


def test_names_are_no_latex_and_no_formulas(tmp_path):
    machine = at.Machine(
        [at.Oscillator("=A1 & 50%", 1.0)],
        [at.Bath("hot_1", 1.0, [1.0], [0.1])],
        [at.Exchange(("=A1 & 50%", "hot_1"))],
        1.0,
    )
    ledger = at.run(machine, 1)
    assert r"$Q_{\mathrm{hot\_1}}$ & $\Delta U_{\mathrm{=A1~\&~50\%}}$" in ledger.to_latex(
        ["heat[hot_1]", "energy_change[=A1 & 50%]"]
    )
    assert pd.read_excel(ledger.save(tmp_path / "a.xlsx")).columns.tolist() == list(ledger.to_dataframe().columns)


@pytest.mark.parametrize("name", ["engine.doc", "engine", "engine.csv.gz", "engine.nc.bak"])
def test_formats_that_do_not_exist_are_refused(ledger, tmp_path, name):
    with pytest.raises(at.errors.FileFormatError, match=r"must end in \.nc, .*\.csv, \.json, \.parquet, \.xlsx, \.tex, but is"):
        ledger.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("package", "ending"), [("pyarrow", ".parquet"), ("openpyxl", ".xlsx")])
def test_a_missing_package_is_named_with_its_extra(ledger, tmp_path, monkeypatch, package, ending):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(at.errors.FileFormatError, match=rf'without the package {package}: pip install "athermal\[export\]"'):
        ledger.save(tmp_path / f"engine{ending}")


def test_wrong_tables_and_columns(ledger, tmp_path):
    with pytest.raises(at.errors.StudyError, match="`table` of a ledger must be one of 'cycles', .* Did you mean 'cycles'?"):
        ledger.to_dataframe("cycle")
    with pytest.raises(at.errors.StudyError, match="no column 'wrok' in the table. Did you mean 'work'?"):
        ledger.to_latex(["wrok"])
    with pytest.raises(at.errors.FileFormatError, match="could not be written to .*Choose a folder that exists"):
        ledger.save(tmp_path / "none" / "engine.csv")


@pytest.mark.parametrize("ending", [".csv", ".json", ".parquet", ".xlsx", ".nc"])
def test_sweeps_are_tables_too(tmp_path, ending):
    sweep = at.sweep("two_qubit_swap", {"T_hot": [1.5, 3.0, -1.0]}, cycles=2, workers=1)
    path = sweep.save(tmp_path / f"sweep{ending}")
    if ending == ".json":
        points = json.loads(path.read_text())["points"]
        assert same(points[1]["cycles"]["work"], sweep.ledger(1).work)
        assert points[2]["status"] == "failed"
        assert "but is -1.0" in points[2]["error"]
    elif ending != ".nc":
        back = pd.read_excel(path) if ending == ".xlsx" else READERS[ending](path)
        assert same(back["heat[hot bath]"][back.T_hot > 0], np.ravel(sweep.heat.sel(reservoir="hot bath").values[:2]))
        assert back["status"].tolist() == ["complete"] * 4 + ["failed"] * 2
    assert "failed" in sweep.to_latex()
