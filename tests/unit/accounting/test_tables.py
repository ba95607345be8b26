"""Tables of every kind, in files and in memory: read alike, and refused by name."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import constants
from typer.testing import CliRunner

import athermal as at
from athermal.cli.app import app
from tests.unit.accounting.flat import account

COLUMNS = {
    "time": [0.0, 1.0, 2.0],
    "heat[hot]": [0.0, -1.0, -2.0],
    "heat[cold]": [0.0, 0.45, 0.9],
    "heat[hot]_error": [0.0, 0.01, 0.01],
    "work": [0.0, -0.55, -1.1],
    "energy[atom]": [0.0, 0.0, 0.0],
    "entropy[atom]": [0.1, 0.1, 0.1],
}
BATHS = {"hot": 2.0, "cold": 1.0}


def write(path, columns=COLUMNS):
    if path.suffix == ".csv":
        path.write_text(
            "# made by hand\n"
            + "\n".join(",".join(map(str, row)) for row in [list(columns), *zip(*columns.values(), strict=True)])
        )
    elif path.suffix == ".npz":
        np.savez(path, **columns)
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as held:
            for name, values in columns.items():
                held[name] = values
    else:
        xr.Dataset({name: ("line", values) for name, values in columns.items()}).to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.parametrize("ending", ["csv", "npz", "h5", "nc"])
def test_tables_of_every_kind_say_the_same(tmp_path, ending):
    made = account(write(tmp_path / f"a.{ending}"), temperatures=BATHS)
    assert made.cycles.equals(account(COLUMNS, temperatures=BATHS).cycles)
    assert made.efficiency.values == pytest.approx([0.55, 0.55])
    assert made.errors.heat.values[:, 0] == pytest.approx([0.01, 0.01 * np.sqrt(2)])


def test_units_of_columns_are_brought_together():
    mev = 1e-3 * constants.e
    columns = {
        "time (ns)": [0, 1.0],
        "heat[hot] (meV)": [0, -1.0],
        "heat[cold] (ueV)": [0, 450.0],
        "energy[a] (meV)": [0, 0.0],
        "entropy[a] (bit)": [0, 1.0],
    }
    made = account(columns, temperatures={"hot": 20.0, "cold": 10.0}, units={"temperature": "K"})
    assert made.work.item() == pytest.approx(-0.55)
    assert made.reference.temperatures == pytest.approx(np.array([20.0, 10.0]) * constants.k / mev)
    assert made.entropy_change.item() == pytest.approx(np.log(2))
    with pytest.raises(at.errors.StudyError, match="do(es)? not"):
        account(columns, temperatures=BATHS)
    with pytest.raises(at.errors.StudyError, match=r"has none"):
        account({**columns, "work": [0, -0.55]}, temperatures=BATHS, units={"temperature": "K"})
    with pytest.raises(at.errors.StudyError, match="unit of time"):
        account({"time": [0, 1.0], "heat[hot] (ns)": [0, 1.0]}, temperatures={"hot": 1.0})


def test_entropies_beside_a_table_have_the_unit_of_the_call():
    columns = {"time": [0, 1.0], "heat[hot]": [0, -1.0], "heat[cold]": [0, 0.45], "energy[a]": [0, 0.0]}
    beside = account(columns, temperatures=BATHS, entropies={"a": [0, 1.0]}, units={"entropy": "bit"})
    within = account(columns | {"entropy[a]": [0, 1.0]}, temperatures=BATHS, units={"entropy": "bit"})
    named = account(columns | {"entropy[a] (bit)": [0, 1.0]}, temperatures=BATHS)
    assert beside.entropy_change.item() == within.entropy_change.item() == named.entropy_change.item() == pytest.approx(np.log(2))
    with pytest.raises(at.errors.StudyError, match="is in bit, and 'system_entropy' has none"):
        account(columns | {"entropy[a] (bit)": [0, 1.0], "system_entropy": [0, 1.0]}, temperatures=BATHS)
    with pytest.raises(at.errors.StudyError, match=r"unit of 'heat\[hot\] \(parsec\)'"):
        account({"time": [0, 1.0], "heat[hot] (parsec)": [0, 1.0]}, temperatures=BATHS)


def wide_data_set():
    """COLUMNS, with reservoirs and subsystems as dimensions."""
    heats = np.transpose([COLUMNS["heat[hot]"], COLUMNS["heat[cold]"]])
    errors = np.transpose([COLUMNS["heat[hot]_error"], [0.0, 0.0, 0.0]])
    return xr.Dataset(
        {
            "heat": (("time", "reservoir"), heats),
            "heat_error": (("reservoir", "time"), errors.T),
            "work": ("time", COLUMNS["work"]),
            "energy": (("time", "subsystem"), [[0.0]] * 3),
            "entropy": (("time", "subsystem"), [[0.1]] * 3),
        },
        coords={"time": COLUMNS["time"], "reservoir": ["hot", "cold"], "subsystem": ["atom"]},
    )


def test_data_frames_and_data_sets_say_the_same_as_columns(tmp_path):
    expected = account(COLUMNS, temperatures=BATHS)
    frame, data = pd.DataFrame(COLUMNS), wide_data_set()
    titles = [("heat", "hot"), ("heat", "cold"), ("heat", "hot", "error"), ("work",), ("energy", "atom"), ("entropy", "atom")]
    levels = frame.set_index("time")
    levels.columns = pd.MultiIndex.from_tuples([(*title, "", "")[:3] for title in titles])
    data.to_netcdf(tmp_path / "wide.nc", engine="h5netcdf")
    for table in (frame, frame.set_index("time"), levels, data, tmp_path / "wide.nc"):
        made = account(table, temperatures=BATHS)
        assert made.cycles.equals(expected.cycles)
        assert made.errors.heat.equals(expected.errors.heat)
    with pytest.raises(at.errors.FileFormatError, match=r"'heat\[hot\]' twice"):
        account(pd.concat([frame, frame[["heat[hot]"]]], axis=1), temperatures=BATHS)
    data["heat"].attrs["units"] = "meV"
    with pytest.raises(at.errors.StudyError, match="do not match"):
        account(data, temperatures=BATHS)
    both = data.assign(heat=(("reservoir", "subsystem"), [[0.0], [0.0]]))
    with pytest.raises(at.errors.FileFormatError, match="one dimension of names"):
        account(both, temperatures=BATHS)


@pytest.mark.parametrize("ending", ["npz", "h5"])
def test_states_in_files_are_those_in_memory(tmp_path, ending):
    random, times = np.random.default_rng(3), [0.0, 1.0, 2.0]

    def states(size, *lead):
        root = random.standard_normal((*lead, size, size)) + 1j * random.standard_normal((*lead, size, size))
        rho = root @ np.conj(np.swapaxes(root, -1, -2))
        return rho / np.trace(rho, axis1=-2, axis2=-1)[..., None, None]

    kets = np.linalg.qr(random.standard_normal((3, 3)))[0]
    hamiltonian = states(2, 3)
    single = {"q": states(2, 3), "r": kets}
    heats, qutrit = [0.0, 0.1, 0.3], np.diag([0.0, 1.0, 2.0])
    columns = {"time": times, "heat[b]": heats, "hamiltonian[q]": hamiltonian, "hamiltonian[r]": qutrit}
    numbers = {"temperatures": {"b": 1.0}, "heats": {"b": heats}, "hamiltonians": {"q": hamiltonian, "r": qutrit}}
    joint, sampled = states(6, 3), {"q": states(2, 3, 4), "r": kets}
    sizes = {"q": 2, "r": 3}
    for more, given in (
        ({f"state[{name}]": value for name, value in single.items()}, {"states": single}),
        ({f"state[{name}]": value for name, value in sampled.items()}, {"states": sampled, "draws": 20}),
        ({"system_state": joint}, {"system_states": joint, "dimensions": sizes}),
    ):
        expected = account(times, **numbers, **given)
        options = {name: value for name, value in given.items() if name in ("draws", "dimensions")}
        made = account(write(tmp_path / f"a.{ending}", columns | more), temperatures={"b": 1.0}, **options)
        assert made.cycles.equals(expected.cycles)
        assert made.errors.equals(expected.errors)
    path = str(write(tmp_path / f"a.{ending}", columns | {"system_state": joint}))
    shown = CliRunner().invoke(app, ["account", path, "-t", "b=1.0", "--dimensions", "q=2,r=3", "--json"])
    assert json.loads(shown.stdout)["cycles"]["system_correlation_change"] == made.system_correlation_change.values.tolist()
    assert "dimensions" in CliRunner().invoke(app, ["account", path, "-t", "b=1.0"]).output


COUNTS = [[800, 200], [790, 210], [810, 190]]


def test_populations_and_counts_in_tables(tmp_path):
    rest = {name: values for name, values in COLUMNS.items() if not name.endswith("[atom]")}
    levels = {"atom": [0.0, 0.1]}
    frequencies, errors = np.array(COUNTS) / 1000, [[0.01, 0.02]] * 3
    for kind, argument, values, more in (
        ("counts", "counts", COUNTS, {}),
        ("population", "populations", frequencies, {"population_errors": {"atom": errors}}),
    ):
        expected = account(rest, temperatures=BATHS, hamiltonians=levels, draws=50, **{argument: {"atom": values}}, **more)
        columns = {f"{kind}[atom][{k}]": np.array(values)[:, k] for k in range(2)}
        columns |= {f"{kind}[atom][{k}]_error": np.array(errors)[:, k] for k in range(2)} if more else {}
        frame = pd.DataFrame(rest | columns)
        wide = xr.Dataset(
            {name: ("time", column) for name, column in rest.items() if name != "time"}
            | {kind: (("subsystem", "time", "level"), np.array([values]))}
            | ({f"{kind}_error": (("time", "level", "subsystem"), np.array(errors)[..., None])} if more else {}),
            coords={"time": rest["time"], "subsystem": ["atom"]},
        )
        whole = rest | {f"{kind}[atom]": np.array(values)} | ({f"{kind}[atom]_error": np.array(errors)} if more else {})
        for table in (write(tmp_path / "a.csv", rest | columns), frame, wide, whole, write(tmp_path / "a.npz", whole)):
            made = account(table, temperatures=BATHS, hamiltonians=levels, draws=50)
            assert made.cycles.equals(expected.cycles)
            assert made.errors.equals(expected.errors)
    with pytest.raises(at.errors.FileFormatError, match="lacks level 0"):
        account(rest | {"population[atom][1]": [0.2] * 3}, temperatures=BATHS)
    with pytest.raises(at.errors.FileFormatError, match="must name no level"):
        account(rest | {"energy[atom][1]": [0.2] * 3}, temperatures=BATHS)


def test_errors_of_states_in_tables(tmp_path):
    rest = {name: values for name, values in COLUMNS.items() if not name.endswith("[atom]")}
    states, levels = np.array([np.diag(row) / 1000 for row in COUNTS]), {"atom": [0.0, 0.1]}
    given = {"temperatures": BATHS, "hamiltonians": levels, "draws": 50}
    expected = account(rest, states={"atom": states}, state_errors={"atom": 0.01}, **given)
    path = write(tmp_path / "a.npz", rest | {"state[atom]": states, "state[atom]_error": np.array(0.01)})
    assert account(path, **given).errors.equals(expected.errors)


def test_errors_and_signs_on_the_command_line(tmp_path):
    columns = {name: values for name, values in COLUMNS.items() if not name.endswith("[atom]") and name != "work"}
    columns |= {f"counts[atom][{k}]": np.array(COUNTS)[:, k] for k in range(2)}
    expected = account(
        columns,
        temperatures={"hot": (2.0, 0.05), "cold": (1.0, 0.01)},
        hamiltonians={"atom": [0.0, 0.1]},
        calibration_error=0.02,
        draws=50,
    )
    turned = columns | {name: -np.array(values) for name, values in columns.items() if name in ("heat[hot]", "heat[cold]")}
    command = ["account", str(write(tmp_path / "a.csv", turned)), "-t", "hot=2.0±0.05,cold=1.0+-0.01", "--levels", "atom=0:0.1"]
    command += ["--calibration-error", "0.02", "--draws", "50", "--heat-sign", "into machine", "--json"]
    document = json.loads(CliRunner().invoke(app, command).stdout)
    assert document["cycles"]["heat"]["cold"] == pytest.approx(expected.heat.values[:, 1].tolist())
    assert document["above_carnot"]["standard_errors"] == pytest.approx(
        at.accounting.above_carnot(expected).standard_errors.tolist()
    )
    for wrong, message in (("hot=2±x,cold=1", "error of the temperature of 'hot'"), ("hot=2±-1,cold=1", "zero or positive")):
        refused = CliRunner().invoke(app, ["account", str(tmp_path / "a.csv"), "-t", wrong])
        assert refused.exit_code == 2
        assert message in refused.output


def test_groups_of_hdf5_files_are_not_passed_over(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as held:
        held["time"] = [0.0, 1.0]
        held["heats/hot"] = [0.0, 1.0]
    with pytest.raises(at.errors.FileFormatError, match="the group 'heats'"):
        account(tmp_path / "a.h5", temperatures=BATHS)


def test_the_command_line(tmp_path):
    path, out = write(tmp_path / "data.csv"), tmp_path / "out"
    command = ["account", str(path), "--temperatures", "hot=2.0,cold=1.0"]
    shown = CliRunner().invoke(app, [*command, "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "significant" in shown.output
    assert (out / "data.nc").is_file()
    assert (out / "data.png").is_file()
    document = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert document["cycles"]["mutual_information"] == [None, None]
    assert document["above_carnot"]["is_significant"] == [True, True]
    assert document["cycles"]["efficiency"] == pytest.approx([0.55, 0.55])
    wrong = CliRunner().invoke(app, ["account", str(path), "--temperatures", "hot=2.0"])
    assert wrong.exit_code == 2
    assert "no temperature" in wrong.output
    refused = CliRunner().invoke(app, ["audit", str(out / "data.nc")])
    assert refused.exit_code == 2
    assert "knows no machine" in refused.output
    missed = write(tmp_path / "off.csv", COLUMNS | {"work": [0, -0.9, -1.8]})
    assert CliRunner().invoke(app, ["account", str(missed), "--temperatures", "hot=2,cold=1"]).exit_code == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,heat[hot]\n0,0\n1,\n", "none in line 2"),
        ("time,heat[hot]\n0,0\n1,x\n", "must hold numbers"),
        ("time,heat[hot],heat[hot]\n0,0,0\n", "twice"),
        ("time,heat[hot]\n0,0,1\n1,0\n", "2 entries, but has 3"),
        ("heat[hot]\n0\n1\n", "column time"),
        ("time,heats[hot]\n0,0\n1,1\n", "Did you mean 'heat'"),
        ("time,heat\n0,0\n1,1\n", r"heat\[NAME\]"),
        ("time\n", "a line for each instant"),
        ("time;heat[hot]\n0;0\n1;0,5\n", "decimal point, but holds '0,5'"),
        ("time,state[q]\n0,0\n1,1\n", "is of matrices"),
        ("time,temperature[hot]\n0,1\n1,1\n", "temperatures are constants"),
        ("time,heat[hot],heat[hot] (J)\n0,0,0\n1,1,1\n", "are the same one"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(at.errors.FileFormatError, match=message):
        account(path, temperatures={"hot": 1.0})


def test_files_that_are_not_there_or_something_else(tmp_path, monkeypatch):
    with pytest.raises(at.errors.FileFormatError, match="no table"):
        account(tmp_path / "none.csv", temperatures=BATHS)
    with pytest.raises(at.errors.FileFormatError, match="ends in"):
        account(tmp_path / "a.doc", temperatures=BATHS)
    (tmp_path / "a.npz").write_text("no archive")
    with pytest.raises(at.errors.FileFormatError, match="damaged"):
        account(tmp_path / "a.npz", temperatures=BATHS)
    path = write(tmp_path / "a.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(at.errors.FileFormatError, match="pip install h5py"):
        account(path, temperatures=BATHS)
