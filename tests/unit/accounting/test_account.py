"""The ledger of numbers from elsewhere: against full runs, against formulas, and refused."""

import json

import h5py
import matplotlib as mpl
import numpy as np
import pytest
import qutip
import xarray as xr
from matplotlib import pyplot as plt
from scipy import constants
from typer.testing import CliRunner

import athermal as at
from athermal.cli.app import app
from athermal.thermodynamics import compact

mpl.use("Agg")
TOTALS = (
    "work",
    "heat",
    "energy_change",
    "entropy_change",
    "free_energy_change",
    "sigma_total_change",
    "entropic_work",
    "sigma_change",
    "heat_intake",
    "energy_intake",
    "efficiency",
    "gamma",
    "thermal_efficiency",
    "thermal_share",
    "entropic_share",
    "coefficient_of_performance",
    "refrigeration_cost",
)
FUEL = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)
ENGINE = {"entropies": {"atom": 0.0}, "energies": {"atom": 0.0}, "temperatures": {"hot": 2.0, "cold": 1.0}}


def exported(run, *, with_work=True, with_joint=True):
    """The numbers of a full run that an observer of the subsystems and of the heats has."""
    seen, ref = run.instants, run.reference
    heats = seen.reservoir_energy.values - seen.reservoir_energy.values[0]
    given = {
        "temperatures": dict(zip(ref.reservoirs, ref.temperatures, strict=True)),
        "heats": {name: heats[:, j] for j, name in enumerate(ref.reservoirs)},
        "energies": {name: seen.subsystem_energy.values[:, i] for i, name in enumerate(ref.subsystems)},
        "entropies": {name: seen.subsystem_entropy.values[:, i] for i, name in enumerate(ref.subsystems)},
        "samples_per_cycle": run.samples_per_cycle,
    }
    if with_work:
        given["work"] = np.concatenate([[0.0], np.cumsum(run.works)])
    if with_joint:
        given["system_entropy"] = seen.system_entropy.values
    return seen.time.values, given


@pytest.fixture(scope="module")
def full():
    machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=8)
    return at.run(machine, cycles=3, initial=FUEL, samples_per_cycle=4)


@pytest.mark.parametrize("with_work", [True, False])
@pytest.mark.parametrize("name", ["oscillators", "spins", "heat_reversal"])
def test_the_totals_of_a_full_run_come_back(full, name, with_work):
    run = full
    if name == "spins":
        run = at.run(at.library.spin_star(spins=2), cycles=3, initial=at.Charged(1))
    elif name == "heat_reversal":
        run = at.run(at.library.heat_reversal(), cycles=2)
    times, given = exported(run, with_work=with_work)
    made = at.account(times, **given)
    for column in TOTALS:
        for which in ("cycles", "cumulative"):
            a, b = getattr(made, which)[column].values, getattr(run, which)[column].values
            # both are differences of the same energies and entropies
            assert np.allclose(a, b, rtol=1e-10, atol=1e-10, equal_nan=True), (which, column)
    assert made.mode.values.tolist() == run.mode.values.tolist()
    assert made.is_athermal.values.tolist() == run.is_athermal.values.tolist()
    assert np.allclose(made.system_correlation_change.values, run.system_correlation_change.values, atol=1e-10)
    n_reservoirs = len(run.reference.reservoirs)
    for column in ("mutual_information", "athermality", "sigma_total", *(["reservoir_correlation"] if n_reservoirs > 1 else [])):
        assert np.all(np.isnan(made.cycles[column].values)), column
    assert made.violations() == []
    assert ("first_law" in made.unchecked) is not with_work
    assert np.all(np.isnan(made.residual_first_law.values)) != with_work


def test_marginals_alone_leave_the_correlation_of_the_system_unknown(full):
    times, given = exported(full, with_joint=False)
    assert np.all(np.isnan(at.account(times, **given).system_correlation.values))


def test_one_subsystem_has_no_correlation_in_itself():
    made = at.account([0.0, 1.0], heats={"hot": [0, -1.0], "cold": [0, 0.6]}, **ENGINE)
    assert made.system_correlation_change.values.tolist() == [0.0]
    assert made.paid_by.item() == "heat[hot]"
    assert made.efficiency.item() == pytest.approx(0.4, abs=1e-15)


def test_states_of_qubits_give_energies_and_entropies():
    rho, h = qutip.rand_dm([2, 3], seed=3), qutip.num(3)
    after = qutip.rand_dm([2, 3], seed=4)
    v = qutip.tensor(qutip.sigmax(), qutip.num(3))
    made = at.account(
        [0.0, 1.0],
        temperatures={"bath": 1.0},
        heats={"bath": [0.0, 0.2]},
        system_states=[rho, after],
        hamiltonians={"a": qutip.sigmaz(), "b": [h, 2.0 * h], ("a", "b"): lambda t: (1.0 + t) * v},
    )
    seen = made.instants
    for k, (state, size) in enumerate(((rho, 1.0), (after, 2.0))):
        parts = state.ptrace(0), state.ptrace(1)
        shared = 0.5 * size * qutip.expect(v, state)
        energies = qutip.expect(qutip.sigmaz(), parts[0]) + shared, size * qutip.expect(h, parts[1]) + shared
        assert np.allclose(seen.subsystem_energy.values[k], energies, atol=1e-12)  # rounding
        assert np.allclose(seen.subsystem_entropy.values[k], [qutip.entropy_vn(p) for p in parts], atol=1e-12)
        assert seen.system_entropy.values[k] == pytest.approx(qutip.entropy_vn(state), abs=1e-12)


def test_gaussian_states_give_energies_and_entropies():
    # a thermal oscillator of frequency w at T: U = (w/2) coth(w/2T), S = n ln((n+1)/n) + ln(n+1)
    w, temperatures = 1.3, np.array([0.7, 2.1])
    nu = 0.5 / np.tanh(0.5 * w / temperatures)
    n = nu - 0.5
    states = [(np.array([0.3, 0.0]), value * np.eye(2)) for value in nu]
    made = at.account(
        [0.0, 1.0], temperatures={"bath": 1.0}, heats={"bath": [0.0, 0.0]}, states={"a": states}, hamiltonians=w * np.eye(2)
    )
    assert np.allclose(made.instants.subsystem_energy.values[:, 0], w * (nu + 0.5 * 0.3**2), atol=1e-13)
    entropies = n * np.log((n + 1) / n) + np.log(n + 1)
    assert np.allclose(made.instants.subsystem_entropy.values[:, 0], entropies, atol=1e-13)


def test_the_energy_of_an_only_subsystem_follows_from_work():
    made = at.account(
        [0.0, 1.0],
        temperatures={"bath": 1.0},
        heats={"bath": [0.0, 0.5]},
        work=[0.0, 0.75],
        states={"a": [np.diag([1, 0]), np.eye(2) / 2]},
    )
    assert made.energy_change.values.tolist() == [[0.25]]
    assert made.sigma_total_change.item() == pytest.approx(np.log(2) + 0.5, abs=1e-14)


# --- errors ------------------------------------------------------------------------------------------------------------------


def engine(heats=(-1.0, 0.45), work=-0.55, **more):
    k = 4
    grow = np.arange(k, dtype=float)
    return at.account(
        grow,
        heats={"hot": heats[0] * grow, "cold": heats[1] * grow},
        work=None if work is None else work * grow,
        **ENGINE,
        **more,
    )


@pytest.mark.parametrize("work", [-0.55, None])
@pytest.mark.parametrize("per_cumulative", ["errors", "cumulative_errors"])
def test_linear_and_bootstrap_errors_agree_where_they_are_small(work, per_cumulative):
    errors = {"heat_errors": {"hot": 1e-3, "cold": 2e-3}, "energy_errors": {"atom": 5e-4}, "entropy_errors": {"atom": 1e-3}}
    errors |= {"work_error": 1e-3} if work else {}
    linear = getattr(engine(work=work, method="linear", **errors), per_cumulative)
    drawn = getattr(engine(work=work, method="bootstrap", draws=4000, seed=1, **errors), per_cumulative)
    for column in ("work", "heat", "entropy_change", "sigma_total_change", "entropic_work", "efficiency", "thermal_share"):
        # a standard deviation of 4000 draws scatters by 1.1 %; five times that
        assert np.allclose(linear[column].values, drawn[column].values, rtol=0.056, atol=1e-12), column


def test_error_bars_are_the_true_scatter():
    # eta = 1 + Q_c/Q_h with independent Gaussian errors, against experiments drawn anew
    random, sigma = np.random.default_rng(5), 0.02
    etas = []
    for _ in range(400):
        hot, cold = -1.0 + sigma * random.standard_normal(), 0.45 + sigma * random.standard_normal()
        etas.append(at.account([0, 1], heats={"hot": [0, hot], "cold": [0, cold]}, **ENGINE).efficiency.item())
    made = at.account([0, 1], heats={"hot": [0, -1.0], "cold": [0, 0.45]}, heat_errors={"hot": sigma, "cold": sigma}, **ENGINE)
    assert made.errors.efficiency.item() == pytest.approx(sigma * np.sqrt(1 + 0.45**2), rel=1e-3)  # second order in sigma
    assert np.std(etas) == pytest.approx(made.errors.efficiency.item(), rel=0.18)  # 400 draws: 3.5 %, five times


def test_intervals_add_up_as_a_random_walk():
    made = at.account(
        [0, 1, 2, 3],
        heats={"hot": [-1.0] * 3, "cold": [0.45] * 3},
        heat_errors={"hot": 0.1, "cold": 0.0},
        per_interval=True,
        **ENGINE,
    )
    assert np.allclose(made.errors.heat.values[:, 0], 0.1, atol=1e-14)
    assert np.allclose(made.cumulative_errors.heat.values[:, 0], 0.1 * np.sqrt([1, 2, 3]), atol=1e-14)


def test_the_mean_and_scatter_of_sampled_states():
    random = np.random.default_rng(2)
    p = 0.3 + 0.01 * random.standard_normal((2, 500))
    samples = np.zeros((2, 500, 2, 2))
    samples[..., 0, 0], samples[..., 1, 1] = 1 - p, p
    made = at.account(
        [0, 1],
        temperatures={"bath": 1.0},
        heats={"bath": [0, 0.0]},
        work=[0, 0.0],
        states={"q": samples},
        hamiltonians=np.diag([0, 1.0]),
        draws=4000,
        tolerance=1.0,
    )
    assert made.provenance["errors"] == "bootstrap"
    assert made.instants.subsystem_energy.values[:, 0] == pytest.approx(p.mean(axis=1), abs=1e-14)
    expected = np.sqrt(np.sum(np.var(p, axis=1)))
    assert made.errors.energy_change.item() == pytest.approx(expected, rel=0.06)  # 4000 draws: 1.1 %, five times
    with pytest.raises(at.StudyError, match="bootstrap"):
        at.account(
            [0, 1], temperatures={"bath": 1.0}, heats={"bath": [0, 0.0]}, work=[0, 0.0], states={"q": samples}, method="linear"
        )


def test_above_carnot_is_significant_or_not():
    above = at.above_carnot(engine(heat_errors={"hot": 0.005, "cold": 0.005}, work_error=0.005))
    assert above.is_significant.all()
    assert "significant" in str(engine(heat_errors={"hot": 0.005, "cold": 0.005}))
    doubtful = at.above_carnot(engine(heat_errors={"hot": 0.05, "cold": 0.05}, work_error=0.05))
    assert doubtful.is_above.all()
    assert not doubtful.is_significant.any()
    assert "NOT significant" in str(doubtful)
    assert str(at.above_carnot(engine((-1.0, 0.7), -0.3, work_error=0.01))) == "No cycle is above Carnot."
    with pytest.raises(at.StudyError, match="standard errors"):
        at.above_carnot(engine())
    with pytest.raises(at.StudyError, match="level"):
        at.above_carnot(engine(work_error=0.1), level=2.0)


def test_noise_is_no_violation_but_a_wrong_number_is():
    assert engine(work=-0.56, work_error=0.01).violations() == []
    assert "Cycle 1: W - (sum Q_j + sum dU_i)" in engine(work=-0.56).violations()[0]


@pytest.mark.parametrize(
    "errors", [{}, {"heat_errors": {"hot": 0.01}}, {"heat_errors": {"hot": 0.01}, "method": "bootstrap", "draws": 50}]
)
def test_ledgers_are_kept(tmp_path, errors):
    made = engine(work=None, **errors)
    for again in (at.load(made.save(tmp_path / "a.nc")), compact.from_dataset(compact.to_dataset(made))):
        assert again.cycles.equals(made.cycles)
        assert again.errors.equals(made.errors)
        assert again.unchecked == made.unchecked
        assert str(again) == str(made)


@pytest.mark.parametrize("figure", ["summary", "efficiency", "resources", "flows", "correlations", "energy_entropy"])
def test_figures(full, figure):
    times, given = exported(full, with_joint=False, with_work=False)
    made = at.account(times + 5.0, **given)
    drawn = getattr(at.plot, figure)(made)
    drawn.figure.canvas.draw()
    plt.close("all")


# --- tables ------------------------------------------------------------------------------------------------------------------

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
    made = at.account(write(tmp_path / f"a.{ending}"), temperatures=BATHS)
    assert made.cycles.equals(at.account(COLUMNS, temperatures=BATHS).cycles)
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
    made = at.account(columns, temperatures={"hot": 20.0, "cold": 10.0}, units={"temperature": "K"})
    assert made.work.item() == pytest.approx(-0.55)
    assert made.reference.temperatures == pytest.approx(np.array([20.0, 10.0]) * constants.k / mev)
    assert made.entropy_change.item() == pytest.approx(np.log(2))
    with pytest.raises(at.StudyError, match="do(es)? not"):
        at.account(columns, temperatures=BATHS)
    with pytest.raises(at.StudyError, match=r"has none"):
        at.account({**columns, "work": [0, -0.55]}, temperatures=BATHS, units={"temperature": "K"})
    with pytest.raises(at.StudyError, match="unit of time"):
        at.account({"time": [0, 1.0], "heat[hot] (ns)": [0, 1.0]}, temperatures={"hot": 1.0})


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
    assert document["cycles"]["efficiency"] == pytest.approx([0.55, 0.55])
    wrong = CliRunner().invoke(app, ["account", str(path), "--temperatures", "hot=2.0"])
    assert wrong.exit_code == 2
    assert "no temperature" in wrong.output
    refused = CliRunner().invoke(app, ["audit", str(out / "data.nc")])
    assert refused.exit_code == 2
    assert "knows no machine" in refused.output
    missed = write(tmp_path / "off.csv", COLUMNS | {"work": [0, -0.9, -1.8]})
    assert CliRunner().invoke(app, ["account", str(missed), "--temperatures", "hot=2,cold=1"]).exit_code == 1


# --- refusals ----------------------------------------------------------------------------------------------------------------

HEATS = {"heats": {"hot": [0, -1.0], "cold": [0, 0.6]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": [0.0, 0.0]}, "occurs twice"),
        ({"source": [1.0, 0.0]}, "comes after"),
        ({"source": [0.0]}, "two instants"),
        ({"source": [0.0, np.nan]}, "missing or infinite: number 2"),
        ({"heats": {"hot": [0, 1.0], "cold": [0, 1], "lab": [0, 1]}}, "'lab', but no temperature"),
        ({"heats": {"hot": [0, 1.0]}}, "no heats of it"),
        ({"heats": {"hot": [0, 1.0, 2.0], "cold": [0, 1]}}, "2 numbers"),
        ({"temperatures": {"hot": -1.0, "cold": 1.0}}, "positive"),
        ({"entropies": None}, "entropy of every subsystem"),
        ({"energies": None}, "energy of 'atom' is missing"),
        ({"work_error": 0.1}, "needs the `work`"),
        ({"heat_errors": {"hto": 0.1}}, "Did you mean 'hot'"),
        ({"heat_errors": {"hot": -0.1}}, "zero or positive"),
        ({"period": 0.7}, "nearest is"),
        ({"period": 3.0}, "must fit the data"),
        ({"period": 1.0, "samples_per_cycle": 1}, "Leave one out"),
        ({"method": "magic"}, "magic"),
        ({"states": {"atom": [np.eye(2) / 2] * 2}}, "given once"),
        ({"units": {"energy": "GHz"}}, "unit of temperature|that of temperature"),
        ({"units": {"energy": "GHzz", "temperature": "K"}}, "Did you mean 'GHz'"),
        ({"heat_errors": {"hot": 0.1}, "draws": 10**9}, "Ask for"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"source": [0.0, 1.0], **HEATS, **ENGINE} | change
    with pytest.raises(at.StudyError, match=message):
        at.account(given.pop("source"), **given)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (np.diag([0.7, 0.4]), r"'q' at t = 1 must have trace 1, but its trace is 1.1, off by 0.1"),
        (np.diag([1.2, -0.2]), "lowest is -0.2"),
        (np.array([[0.5, 0.3], [0.0, 0.5]]), "Hermitian.*0.3"),
        (np.array([1.0, 1.0]), "norm 1"),
        (np.full((2, 2), np.nan), "NaN"),
        (np.ones((2, 3)), "square"),
        ((np.zeros(2), 0.4 * np.eye(2)), "1/2 - 0.1"),
        ((np.zeros(2), -np.eye(2)), "positive"),
        ((np.zeros(3), np.eye(2)), "shapes"),
    ],
)
def test_states_that_are_none_are_named(state, message):
    good = (np.zeros(2), np.eye(2)) if isinstance(state, tuple) else np.eye(2) / 2
    with pytest.raises(at.StateError, match=message):
        at.account([0, 1], temperatures={"b": 1.0}, heats={"b": [0, 0.0]}, work=[0, 0.0], states={"q": [good, state]})


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
    ],
)
def test_tables_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(at.FileFormatError, match=message):
        at.account(path, temperatures={"hot": 1.0})


def test_files_that_are_not_there_or_something_else(tmp_path, monkeypatch):
    with pytest.raises(at.FileFormatError, match="no table"):
        at.account(tmp_path / "none.csv", temperatures=BATHS)
    with pytest.raises(at.FileFormatError, match="ends in"):
        at.account(tmp_path / "a.doc", temperatures=BATHS)
    (tmp_path / "a.npz").write_text("no archive")
    with pytest.raises(at.FileFormatError, match="damaged"):
        at.account(tmp_path / "a.npz", temperatures=BATHS)
    path = write(tmp_path / "a.h5")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(at.FileFormatError, match="pip install h5py"):
        at.account(path, temperatures=BATHS)
