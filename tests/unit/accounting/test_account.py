"""The ledger of numbers from elsewhere: against full runs, against formulas, and refused."""

import matplotlib as mpl
import numpy as np
import pytest
import qutip
from matplotlib import pyplot as plt

import athermal as at
from athermal.narrative import Facts, headline, sentences
from athermal.thermodynamics.significance import beyond_carnot
from tests.unit.accounting.flat import account

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
    made = account(times, **given)
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
    assert np.all(np.isnan(account(times, **given).system_correlation.values))


def test_one_subsystem_has_no_correlation_in_itself():
    made = account([0.0, 1.0], heats={"hot": [0, -1.0], "cold": [0, 0.6]}, **ENGINE)
    assert made.system_correlation_change.values.tolist() == [0.0]
    assert made.paid_by.item() == "heat[hot]"
    assert made.efficiency.item() == pytest.approx(0.4, abs=1e-15)


def test_states_of_qubits_give_energies_and_entropies():
    rho, h = qutip.rand_dm([2, 3], seed=3), qutip.num(3)
    after = qutip.rand_dm([2, 3], seed=4)
    v = qutip.tensor(qutip.sigmax(), qutip.num(3))
    made = account(
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
    made = account(
        [0.0, 1.0], temperatures={"bath": 1.0}, heats={"bath": [0.0, 0.0]}, states={"a": states}, hamiltonians=w * np.eye(2)
    )
    assert np.allclose(made.instants.subsystem_energy.values[:, 0], w * (nu + 0.5 * 0.3**2), atol=1e-13)
    entropies = n * np.log((n + 1) / n) + np.log(n + 1)
    assert np.allclose(made.instants.subsystem_entropy.values[:, 0], entropies, atol=1e-13)


def test_the_energy_of_an_only_subsystem_follows_from_work():
    made = account(
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
    return account(
        grow,
        heats={"hot": heats[0] * grow, "cold": heats[1] * grow},
        work=None if work is None else work * grow,
        **ENGINE,
        **more,
    )


@pytest.mark.parametrize("way", ["work", "first law", "energy", "by interval"])
def test_linear_errors_are_the_scatter_of_experiments_made_anew(way):
    # two cycles of every way to bring numbers, against 400 experiments drawn here, none of the library's own draws
    random = np.random.default_rng(11)
    hot, cold, energy, entropy = (
        np.array([-1.0, -1.2]),
        np.array([0.45, 0.6]),
        np.array([0.1, 0.3, 0.2]),
        np.array([0.5, 0.4, 0.7]),
    )
    work, per_interval = hot + cold + np.diff(energy), way == "by interval"
    if not per_interval:
        hot, cold, work = (np.concatenate([[0.0], np.cumsum(values)]) for values in (hot, cold, work))
    sizes = {"hot": 2e-3, "cold": 3e-3, "energy": 1e-3, "entropy": 2e-3, "work": 4e-3}

    def made(drawn, **more):
        given = {"energies": {"a": drawn["energy"]}} if way != "energy" else {}
        given |= {"work": drawn["work"]} if way != "first law" else {}
        return account(
            [0, 1, 2],
            temperatures={"hot": 2.0, "cold": 1.0},
            heats={"hot": drawn["hot"], "cold": drawn["cold"]},
            entropies={"a": drawn["entropy"]},
            per_interval=per_interval,
            **given,
            **more,
        )

    exact = {"hot": hot, "cold": cold, "energy": energy, "entropy": entropy, "work": work}
    errors = {"heat_errors": {"hot": sizes["hot"], "cold": sizes["cold"]}, "entropy_errors": {"a": sizes["entropy"]}}
    errors |= {"energy_errors": {"a": sizes["energy"]}} if way != "energy" else {}
    errors |= {"work_error": sizes["work"]} if way != "first law" else {}
    ledger = made(exact, method="linear", **errors)
    assert ledger.confidence.draws is None
    drawn = []
    for _ in range(400):
        noisy = {name: values + sizes[name] * random.standard_normal(len(values)) for name, values in exact.items()}
        for name in () if per_interval else ("hot", "cold", "work"):
            noisy[name][0] = 0.0  # counted from the start, which is exact
        drawn.append(made(noisy, tolerance=1.0))
    for which, told in (("cycles", ledger.errors), ("cumulative", ledger.cumulative_errors)):
        for column in ("work", "heat", "energy_change", "sigma_total_change", "entropic_work", "efficiency", "thermal_share"):
            scatter = np.std([getattr(one, which)[column].values for one in drawn], axis=0, ddof=1)
            # a standard deviation of 400 scatters by 3.5 %; five times that
            assert np.allclose(told[column].values, scatter, rtol=0.177, atol=1e-12), (which, column)


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
        etas.append(account([0, 1], heats={"hot": [0, hot], "cold": [0, cold]}, **ENGINE).efficiency.item())
    made = account([0, 1], heats={"hot": [0, -1.0], "cold": [0, 0.45]}, heat_errors={"hot": sigma, "cold": sigma}, **ENGINE)
    assert made.errors.efficiency.item() == pytest.approx(sigma * np.sqrt(1 + 0.45**2), rel=1e-3)  # second order in sigma
    assert np.std(etas) == pytest.approx(made.errors.efficiency.item(), rel=0.18)  # 400 draws: 3.5 %, five times


def test_intervals_add_up_as_a_random_walk():
    made = account(
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
    made = account(
        [0, 1],
        temperatures={"bath": 1.0},
        heats={"bath": [0, 0.0]},
        work=[0, 0.0],
        states={"q": samples},
        hamiltonians=np.diag([0, 1.0]),
        draws=4000,
        tolerance=1.0,
    )
    assert made.confidence.name == "bootstrap"
    assert made.instants.subsystem_energy.values[:, 0] == pytest.approx(p.mean(axis=1), abs=1e-14)
    expected = np.sqrt(np.sum(np.var(p, axis=1)))
    assert made.errors.energy_change.item() == pytest.approx(expected, rel=0.06)  # 4000 draws: 1.1 %, five times
    with pytest.raises(at.errors.StudyError, match="bootstrap"):
        account(
            [0, 1], temperatures={"bath": 1.0}, heats={"bath": [0, 0.0]}, work=[0, 0.0], states={"q": samples}, method="linear"
        )


@pytest.mark.parametrize("method", ["linear", "bootstrap"])
def test_equal_temperatures_have_error_bars(method):
    made = account(
        [0, 1],
        temperatures={"left": 1.0, "right": 1.0},
        heats={"left": [0, -1.0], "right": [0, 0.4]},
        heat_errors={"left": 0.1, "right": 0.1},
        entropies=0.0,
        energies=0.0,
        method=method,
        draws=4000,
    )
    assert made.carnot_coefficient.item() == np.inf
    assert made.errors.carnot_coefficient.item() == 0.0
    assert made.errors.work.item() == pytest.approx(np.sqrt(0.02), rel=0.056)  # 4000 draws: 1.1 %, five times


def test_above_carnot_is_significant_or_not():
    above = at.accounting.above_carnot(engine(heat_errors={"hot": 0.005, "cold": 0.005}, work_error=0.005))
    assert above.is_significant.all()
    assert "significant" in str(engine(heat_errors={"hot": 0.005, "cold": 0.005}))
    doubtful = at.accounting.above_carnot(engine(heat_errors={"hot": 0.05, "cold": 0.05}, work_error=0.05))
    assert doubtful.is_above.all()
    assert not doubtful.is_significant.any()
    assert "NOT significant" in str(doubtful)
    assert str(at.accounting.above_carnot(engine((-1.0, 0.7), -0.3, work_error=0.01))) == "No cycle is above Carnot."
    normal = at.accounting.above_carnot(engine(heat_errors={"hot": 0.05, "cold": 0.05}, work_error=0.05, method="linear"))
    assert normal.draws == 0
    # of a nearly normal efficiency; 1000 draws know a share to 0.016, and the ratio is bent by error/intake = 0.07
    assert np.allclose(normal.confidence, doubtful.confidence, atol=0.1)
    with pytest.raises(at.errors.StudyError, match="standard errors"):
        at.accounting.above_carnot(engine())
    with pytest.raises(at.errors.StudyError, match="level"):
        at.accounting.above_carnot(engine(work_error=0.1), level=2.0)


def test_words_and_figures_say_beyond_carnot_only_if_it_is_significant():
    # eta = 0.6, 0.53, 0.5 against eta_C = 0.5: by 4.6, one and no standard errors
    numbers = {"heats": {"hot": [0, -1.0, -2.0, -3.0], "cold": [0, 0.4, 0.87, 1.37]}, **ENGINE}
    bare = account([0, 1, 2, 3], **numbers)
    assert beyond_carnot(bare).tolist() == [True, True, False]
    assert headline(Facts.of(bare)).startswith("beyond the Carnot limit in cycles 1")
    made = account([0, 1, 2, 3], heat_errors={"hot": 0.02, "cold": 0.02}, **numbers)
    assert beyond_carnot(made).tolist() == [True, False, False]
    expected = "beyond the Carnot limit in cycle 1; above it in cycle 2, but not significantly (1.0 standard errors)"
    assert headline(Facts.of(made)) == expected
    exact = account([0, 1, 2, 3], heat_errors={"cold": [0, 0, 0, 0.1]}, **numbers)
    assert str(at.accounting.above_carnot(exact)).startswith("Cycle 1: efficiency 0.6 is above Carnot's 0.5, with no error.")
    vague = account([0, 1, 2, 3], heat_errors={"hot": 0.2, "cold": 0.2}, **numbers)
    assert (
        headline(Facts.of(vague)) == "above the Carnot limit in cycles 1-2, but not significantly (0.5 standard errors or less)"
    )
    assert "(0.1 to 0.4 standard errors, cycle by cycle)" in sentences(Facts.of(vague))[0]
    figure = at.plot.summary(vague)
    assert not [text for text in figure.axes[0].texts if "paid by" in text.get_text()]  # nothing is pointed at
    plt.close("all")


def test_the_efficiency_figure_has_error_bars():
    made = engine(heat_errors={"hot": 0.02, "cold": 0.02}, work_error=0.01)
    ax = at.plot.efficiency(made)
    total, each = (container.lines[2][0].get_segments() for container in ax.containers)
    for segments, data, errors in ((each, made.cycles, made.errors), (total, made.cumulative, made.cumulative_errors)):
        eta, error = data.efficiency.values, errors.efficiency.values
        assert np.allclose([segment[:, 1] for segment in segments], np.stack([eta - error, eta + error], axis=1))
    assert not at.plot.efficiency(engine()).containers
    plt.close("all")


def test_noise_is_no_violation_but_a_wrong_number_is():
    assert engine(work=-0.56, work_error=0.01).violations() == []
    assert "Cycle 1: W - (sum Q_j + sum dU_i)" in engine(work=-0.56).violations()[0]


@pytest.mark.parametrize(
    "errors", [{}, {"heat_errors": {"hot": 0.01}}, {"heat_errors": {"hot": 0.01}, "method": "bootstrap", "draws": 50}]
)
def test_ledgers_are_kept(tmp_path, errors):
    made = engine(work=None, **errors)
    for again in (at.load(made.save(tmp_path / "a.nc")), at.Ledger.from_dataset(made.to_dataset())):
        assert again.cycles.equals(made.cycles)
        assert again.errors.equals(made.errors)
        assert again.unchecked == made.unchecked
        assert str(again) == str(made)


@pytest.mark.parametrize("figure", ["summary", "efficiency", "resources", "flows", "correlations", "energy_entropy"])
def test_figures(full, figure):
    times, given = exported(full, with_joint=False, with_work=False)
    made = account(times + 5.0, **given)
    drawn = getattr(at.plot, figure)(made)
    drawn.figure.canvas.draw()
    plt.close("all")


def test_a_vacuum_among_the_reservoirs():
    """At T = 0 heat makes dSigma infinite, with its reason among the remarks; without heat it is that of the others."""
    given = {"temperatures": {"hot": 2.0, "cold": 0.0}, "energies": {"a": 0.0}, "entropies": {"a": 0.0}}
    taken, untouched = (account([0.0, 1.0], heats={"hot": [0.0, -1.0], "cold": [0.0, q]}, **given) for q in (0.25, 0.0))
    assert taken.cycles["sigma_total_change"].item() == np.inf
    assert taken.cycles["efficiency"].item() == pytest.approx(0.75)
    assert taken.cycles["carnot_efficiency"].item() == 1.0
    assert taken.cycles["entropic_work"].item() == pytest.approx(0.25)  # T_min dSigma, what the vacuum took
    assert any(entry.startswith("T = 0 for reservoir 'cold'") for entry in taken.remarks)
    assert untouched.cycles["sigma_total_change"].item() == pytest.approx(-0.5)
    assert "inf" in str(taken)
    with pytest.raises(at.errors.StudyError, match="must be less than 0.5 of it, but is 0.1 of 0"):
        account([0.0, 1.0], heats={"cold": [0.0, 0.1]}, **(given | {"temperatures": {"cold": (0.0, 0.1)}}))
    with pytest.raises(at.errors.AthermalError, match="`temperature` of reservoir 'cold' must be .* but is -1"):
        account([0.0, 1.0], heats={"cold": [0.0, 0.1]}, **(given | {"temperatures": {"cold": -1.0}}))
