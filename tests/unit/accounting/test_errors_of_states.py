"""Noise of states, of temperatures and of the unit of energy: the errors are the true scatter, and nothing is found by chance."""

import numpy as np
import pytest
import qutip
import scipy.stats

import athermal as at
from athermal.narrative import Facts, headline
from athermal.thermodynamics.significance import beyond_carnot
from tests.unit.accounting.flat import account

BATHS = {"hot": 2.0, "cold": 1.0}
LEVELS = np.array([0.0, 1.0])
TRUTH = np.array([[0.8, 0.1], [0.1, 0.2]])
NOISE, HEAT_NOISE = 0.01, 0.005


def noisy(random, n, rho=TRUTH, noise=NOISE):
    """Density matrices with independent noise in every real and imaginary part, Hermitian or not."""
    return rho + noise * (random.standard_normal((n, *rho.shape)) + 1j * random.standard_normal((n, *rho.shape)))


def brought(random, how, n):
    """The same state n times, measured anew each time, with what is said of its errors."""
    if how == "elements":
        return {"states": {"q": noisy(random, n)}, "state_errors": {"q": NOISE}}
    if how == "covariance":
        # of an independent noise a + ib in every element the Hermitian part is half of it and its adjoint
        covariance = np.zeros((4, 4))
        for a in range(2):
            for b in range(2):
                covariance[2 * a + b, 2 * a + b] = NOISE**2
        drawn = noisy(random, n)
        return {"states": {"q": 0.5 * (drawn + drawn.conj().swapaxes(1, 2))}, "state_errors": {"q": covariance}}
    if how == "samples":
        # twelve samples around an estimate that is itself off
        return {"states": {"q": [list(noisy(random, 12, one)) for one in noisy(random, n, noise=0.957 * NOISE)]}}
    if how == "counts":
        return {"counts": {"q": random.multinomial(1600, [0.8, 0.2], size=n)}}
    populations = np.array([0.8, 0.2]) + NOISE * random.standard_normal((n, 2))
    return {"populations": {"q": populations}, "population_errors": {"q": NOISE}}


def experiments(efficiencies, states, random):
    """Independent experiments: the cycles 1, 3, 5, ... of one account; those between them belong to nothing."""
    n, truth = len(efficiencies), np.repeat(efficiencies, 2)[:-1]
    heats = {"hot": -1.0 + HEAT_NOISE * random.standard_normal(2 * n - 1)}
    heats["cold"] = 1.0 - truth + HEAT_NOISE * random.standard_normal(2 * n - 1)
    made = account(
        np.arange(2 * n),
        temperatures=BATHS,
        heats=heats,
        heat_errors={"hot": HEAT_NOISE, "cold": HEAT_NOISE},
        per_interval=True,
        hamiltonians={"q": LEVELS},
        **states,
    )
    return at.accounting.above_carnot(made), made


@pytest.mark.parametrize("how", ["elements", "covariance", "samples", "counts", "populations"])
def test_chance_alone_finds_nothing_and_what_is_there_is_found(how):
    # of a hundred experiments at Carnot's efficiency itself, the hardest of all that are not above it, 0.3 % may be called
    # significant: at most three in all but 0.01 % of cases (and one more for what 1000 draws know of a tail)
    n, random = 100, np.random.default_rng(17)
    truth = np.array([0.5] * n + [0.6] * 10)
    found, _ = experiments(truth, brought(random, how, 2 * len(truth)), random)
    significant = found.is_significant[::2]
    assert np.sum(significant[:n]) <= scipy.stats.binom.ppf(1.0 - 1e-4, n, 0.003) + 1
    assert np.all(significant[n:])


def test_states_of_unknown_error_establish_nothing():
    random = np.random.default_rng(17)
    states = noisy(random, 40)
    found, made = experiments([0.55] * 20, {"states": {"q": states}, "state_tolerance": 0.1}, random)
    assert np.any(found.is_above)
    assert not np.any(found.is_significant)
    assert not np.any(beyond_carnot(made))
    assert "significance is not established. The states of 'q' have no stated error" in str(made)
    assert "significance is not established" in headline(Facts.of(made))
    assert any("more than a solver" in remark for remark in made.remarks)
    # told to be exact, as those of a solver are, the heats alone decide
    exact, _ = experiments([0.6] * 10, {"states": {"q": [TRUTH] * 20}, "state_errors": 0.0}, random)
    assert np.all(exact.is_significant[::2])
    # energies with errors of their own do not wait for those of the states
    given = {"temperatures": BATHS, "heats": {"hot": [0, -1.0], "cold": [0, 0.4]}, "heat_errors": {"hot": 0.01, "cold": 0.01}}
    own = account([0, 1], states={"q": [TRUTH] * 2}, energies={"q": 0.0}, energy_errors={"q": 0.01}, **given)
    assert own.without_errors == ""
    bare = account([0, 1], entropies=0.0, energies=0.0, temperatures=BATHS, heats=given["heats"])
    assert "significance of efficiencies above Carnot's is not established" in str(bare)


@pytest.mark.parametrize("how", ["elements", "covariance", "populations", "counts"])
def test_errors_of_states_are_the_scatter_of_experiments_made_anew(how):
    # one account of 400 measurements of two states in turn, against the errors that one of them states
    random, n = np.random.default_rng(3), 400
    given = brought(random, how, 2 * n)
    made = account(np.arange(2 * n), temperatures={"b": 1.0}, heats={"b": 0.0}, hamiltonians={"q": LEVELS}, draws=400, **given)
    for column in ("energy_change", "entropy_change", "sigma_total_change", "work"):
        scatter = np.std(made.cycles[column].values[::2], axis=0, ddof=1)
        told = np.sqrt(np.mean(made.errors[column].values[::2] ** 2, axis=0))
        # a standard deviation of 400 scatters by 3.5 %; five times that
        assert np.allclose(told, scatter, rtol=0.177), (column, told, scatter)


def test_noise_shifts_entropies_as_counting_theory_says():
    # Miller and Madow: the entropy of frequencies of N events is low by (d - 1)/2N on average
    counts = np.array([[500, 300, 200]] * 2)
    made = account([0, 1], temperatures={"b": 1.0}, heats={"b": 0.0}, counts=counts, energies=0.0, draws=20000)
    drawn = made.confidence.snapshots.subsystem_entropies[:, :, 0]
    shift = np.mean(drawn, axis=1) - made.instants.subsystem_entropy.values[:, 0]
    # the mean of 20,000 draws of spread 0.02 is known to 1.4e-4; five times that
    assert shift == pytest.approx([-2 / 2000] * 2, abs=7e-4)
    # a pure state cannot be purer: noise raises its entropy, and the remark says so
    pure = account(
        [0, 1], temperatures={"b": 1.0}, heats={"b": 0.0}, states=[np.diag([1.0, 0.0])] * 2, energies=0.0, state_errors=NOISE
    )
    remark = next(line for line in pure.remarks if "Noise shifts" in line)
    assert "+0.0" in remark
    assert pure.errors.entropy_change.item() > 0.01


def test_no_count_is_no_certainty():
    made = account([0, 1], temperatures={"b": 1.0}, heats={"b": 0.0}, counts=[[100, 0]] * 2, hamiltonians=[0.0, 1.0])
    # half an event in 100 and its multinomial error
    p = 0.5 / 101
    assert made.errors.energy_change.item() == pytest.approx(np.sqrt(2 * p * (1 - p) / 100), rel=0.15)


def test_states_are_the_nearest_physical_ones_and_energies_those_that_were_given():
    rho = np.diag([1.03, -0.03])
    made = account(
        [0, 1], temperatures={"b": 1.0}, heats={"b": 0.0}, states=[rho, TRUTH], hamiltonians=LEVELS, state_tolerance=0.1
    )
    assert made.instants.subsystem_energy.values[0, 0] == pytest.approx(-0.03, abs=1e-15)
    assert made.instants.subsystem_entropy.values[0, 0] == pytest.approx(0.0, abs=1e-15)
    joint = account(
        [0, 1],
        temperatures={"b": 1.0},
        heats={"b": 0.0},
        system_states=[qutip.tensor(qutip.Qobj(rho), qutip.Qobj(TRUTH)), qutip.tensor(qutip.Qobj(TRUTH), qutip.Qobj(rho))],
        energies={"a": 0.0, "c": 0.0},
        dimensions={"a": 2, "c": 2},
        state_tolerance=0.1,
    )
    assert np.all(joint.instants.system_correlation.values >= -1e-14)


@pytest.mark.parametrize("solver", ["mesolve", "sesolve", "mcsolve", "brmesolve"])
@pytest.mark.parametrize("tolerance", [{}, {"state_tolerance": 1e-8}, {"state_tolerance": 1e-3}])
def test_states_of_solvers_at_default_tolerances(solver, tolerance):
    # a decaying cavity ends in the vacuum: S = 0; mean values of pure states, S >= 0
    a, times = qutip.destroy(4), np.linspace(0.0, 120.0, 5)
    start, hamiltonian = qutip.basis(4, 2), a.dag() * a
    if solver == "brmesolve":
        run = qutip.brmesolve(hamiltonian, start, times, a_ops=[[a + a.dag(), lambda w: 0.3 * (w > 0)]])
    elif solver == "sesolve":
        run = qutip.sesolve(hamiltonian, start, times)
    else:
        more = {"ntraj": 3, "options": {"progress_bar": False}} if solver == "mcsolve" else {}
        run = getattr(qutip, solver)(hamiltonian, start, times, [np.sqrt(0.3) * a], **more)
    made = account(times, temperatures={"b": 0.1}, heats={"b": 0.0}, states=run.states, hamiltonians=hamiltonian, **tolerance)
    last = made.instants.subsystem_entropy.values[-1, 0]
    assert 0.0 <= last < 1e-5
    assert made.violations() == []


# --- what all numbers share ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["linear", "bootstrap"])
@pytest.mark.parametrize("work", [None, [0, -0.56, -1.2]])
def test_a_common_calibration_changes_no_ratio(method, work):
    given = {"heats": {"hot": [0, -1.0, -2.1], "cold": [0, 0.45, 0.9]}, "entropies": {"q": [0.1, 0.2, 0.1]}}
    energies = [0, -0.01, 0.0]
    made = account(
        [0, 1, 2], temperatures=BATHS, energies=energies, work=work, calibration_error=0.03, method=method, draws=4000, **given
    )
    drawn = {"linear": 1e-3, "bootstrap": 0.056}[method]  # 4000 draws: 1.1 %, five times
    for column in ("work", "heat", "energy_change"):
        assert np.allclose(made.errors[column], 0.03 * np.abs(made.cycles[column].values), rtol=drawn, atol=1e-14), column
    flow = np.sum(made.heat.values / [2.0, 1.0], axis=1)
    assert np.allclose(made.errors.sigma_total_change, 0.03 * np.abs(flow), rtol=drawn)
    assert np.allclose(made.errors.efficiency, 0.0, atol=1e-12)
    assert np.all(at.accounting.above_carnot(made).is_significant)
    assert made.violations() == []


@pytest.mark.parametrize("method", ["linear", "bootstrap"])
def test_errors_of_temperatures(method):
    # dSigma = Q_h/T_h + Q_c/T_c and eta_C = 1 - T_c/T_h
    errors = {"hot": 0.1, "cold": 0.05}
    temperatures = {name: (value, errors[name]) for name, value in BATHS.items()}
    given = {"heats": {"hot": [0, -1.0], "cold": [0, 0.4]}, "entropies": 0.0, "energies": 0.0}
    made = account([0, 1], temperatures=temperatures, method=method, **given)
    assert made.errors.sigma_total_change.item() == pytest.approx(np.hypot(0.1 / 4.0, 0.4 * 0.05), rel=1e-2)
    carnot = np.hypot(0.05 / 2.0, 0.1 / 4.0)
    assert made.errors.carnot_efficiency.item() == pytest.approx(carnot, rel=1e-2)
    assert made.errors.efficiency.item() == 0.0
    found = at.accounting.above_carnot(made)
    assert found.confidence[0] == pytest.approx(scipy.stats.norm.cdf(0.1 / carnot), abs=1e-3)
    both = account([0, 1], temperatures=temperatures, heat_errors={"hot": 0.02, "cold": 0.02}, method=method, **given)
    error = np.hypot(carnot, 0.02 * np.sqrt(1 + 0.4**2))
    assert at.accounting.above_carnot(both).standard_errors[0] == pytest.approx(0.1 / error, rel=0.1)
    # 1000 draws know a share to 0.01, and the ratio is bent by 2 %
    assert at.accounting.above_carnot(both).confidence[0] == pytest.approx(scipy.stats.norm.cdf(0.1 / error), abs=0.03)
    assert "Carnot's 0.500±0.035" in str(both)


@pytest.mark.parametrize("method", ["linear", "bootstrap"])
def test_ledgers_with_every_error_are_kept(tmp_path, method):
    made = account(
        [0, 1],
        temperatures={"hot": (2.0, 0.1), "cold": 1.0},
        heats={"hot": [0, -1.0], "cold": [0, 0.4]},
        entropies=0.0,
        energies=0.0,
        calibration_error=0.02,
        method=method,
        draws=50,
        units={"energy": "zJ", "temperature": "K", "time": "us"},
    )
    for again in (at.load(made.save(tmp_path / "a.nc")), at.Ledger.from_dataset(made.to_dataset())):
        assert again.errors.equals(made.errors)
        assert str(again) == str(made)
        assert again.work.attrs["units"] == "zJ"
        assert again.power.attrs["units"] == "zJ/us"


# --- units and signs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("s", [1e-21, 1e9])
def test_an_account_decides_in_joule_as_in_units_of_one(s):
    def made(scale, **more):
        return account(
            [0, 1, 2],
            temperatures={"hot": (2.0 * scale, 0.02 * scale), "cold": 1.0 * scale},
            heats={"hot": np.array([0, -1.0, -2.0]) * scale, "cold": np.array([0, 0.45, 0.8]) * scale},
            work=np.array([0, -0.55, -1.2]) * scale,
            heat_errors={"hot": 0.01 * scale},
            work_error=0.01 * scale,
            states=[TRUTH, np.diag([0.79, 0.21]), TRUTH],
            state_errors=NOISE,
            hamiltonians=LEVELS * scale,
            draws=200,
            **more,
        )

    one, other = made(1.0), made(s)
    for name, values in one.cycles.data_vars.items():
        size = {"energy": s, "energy/time": s}.get(values.attrs["units"], 1.0)
        if values.dtype.kind == "f" and not str(name).startswith(("residual", "tolerance")):
            a, b = other.cycles[name].values / size, values.values
            assert np.allclose(a, b, rtol=1e-12, atol=1e-13, equal_nan=True), name
            assert np.allclose(other.errors[name].values / size, one.errors[name].values, rtol=1e-9, atol=1e-13, equal_nan=True)
        elif values.dtype.kind in "UOb":
            assert values.values.tolist() == other.cycles[name].values.tolist()
    assert at.accounting.above_carnot(one).sentences() == at.accounting.above_carnot(other).sentences()
    assert one.violations() == other.violations() == []


def test_units_are_carried_into_columns_tables_and_figures():
    made = account(
        [0, 1],
        temperatures={"hot": 144.9, "cold": 72.4},
        heats={"hot": [0, -1.0], "cold": [0, 0.45]},
        heat_errors={"hot": 0.0123},
        entropies=0.0,
        energies=0.0,
        units={"energy": "zJ", "temperature": "K"},
    )
    assert made.heat.attrs["units"] == made.instants.free_energy.attrs["units"] == made.errors.work.attrs["units"] == "zJ"
    assert made.cycles.temperature.attrs["units"] == "zJ"
    assert "work out [zJ]" in str(made)
    assert "+0.550±0.012" in str(made)
    figure = at.plot.flows(made).figure
    assert any("zJ" in axes.get_ylabel() for axes in figure.axes)


def test_heats_of_the_other_sign():
    heats = {"hot": np.array([0, -1.0, -2.0, -3.0]), "cold": np.array([0, 0.7, 1.4, 2.1])}
    given = {"temperatures": BATHS, "entropies": 0.0, "energies": 0.0}
    right = account([0, 1, 2, 3], heats=heats, **given)
    turned = {name: -values for name, values in heats.items()}
    assert account([0, 1, 2, 3], heats=turned, heat_sign="into machine", **given).cycles.equals(right.cycles)
    assert right.questions == []
    # dSigma < 0 in every cycle alike: a question; of data without memory: a broken law; a single cycle may live on a store
    asked = account([0, 1, 2, 3], heats=turned, **given)
    assert "does not fade" in asked.questions[0]
    assert "heat_sign='into machine'" in str(asked)
    assert asked.violations() == []
    broken = account([0, 1, 2, 3], heats=turned, memoryless=True, **given).violations()
    assert "heat_sign='into machine'" in broken[0]
    assert account([0, 1], heats={name: values[:2] for name, values in turned.items()}, **given).questions == []
    fading = {"hot": np.array([0, 1.0, 1.4, 1.5]), "cold": np.array([0, -0.7, -0.98, -1.05])}
    assert account([0, 1, 2, 3], heats=fading, **given).questions == []
    # the first law tells at once
    missed = account([0, 1], heats={name: values[:2] for name, values in turned.items()}, work=[0, -0.3], **given)
    assert "holds with the heats or the work turned" in missed.questions[0]
    given["energies"] = [0, 0.1]
    both = {name: values[:2] for name, values in heats.items()}
    assert account([0, 1], heats=both, work=[0, -0.2], **given).questions == []
    assert "holds with the work turned" in account([0, 1], heats=both, work=[0, 0.2], **given).questions[0]
    assert "holds with the heats turned" in account([0, 1], heats=both, work=[0, 0.4], **given).questions[0]
    # noise is no broken law
    given["energies"] = 0.0
    noisy_heats = {"hot": [0, 0.01, 0.0, 0.02], "cold": [0, -0.02, 0.0, -0.01]}
    errors = {"heat_errors": {"hot": 0.02, "cold": 0.02}}
    for method in ("linear", "bootstrap"):
        calm = account([0, 1, 2, 3], heats=noisy_heats, memoryless=True, method=method, **errors, **given)
        assert calm.violations() == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state_errors": {"q": -0.1}}, "zero or positive"),
        ({"state_errors": {"q": np.ones((3, 3))}}, "2 x 2 standard errors.*shape"),
        ({"state_errors": {"q": "small"}}, "small"),
        ({"state_errors": {"q": np.diag([1.0, 0, 0, -1.0])}}, "negative eigenvalue"),
        ({"state_errors": {"r": 0.1}}, "there are 'q'"),
        ({"state_errors": {"q": 0.1}, "method": "linear"}, "bootstrap"),
        (
            {"states": None, "counts": {"q": [[1, 2]] * 2}, "state_errors": {"q": 0.1}},
            "of 'q' must belong to `states` or `populations`",
        ),
        ({"states": None, "entropies": 0.0, "state_errors": 0.1}, "must belong to `states` or `populations`"),
        ({"temperatures": {"b": (1.0, 0.1, 0.2)}}, "pair"),
        ({"temperatures": {"b": (1.0, -0.1)}}, "zero or positive"),
        ({"temperatures": {"b": (1.0, 0.9)}}, "less than 0.5"),
        ({"calibration_error": 2.0}, "relative"),
        ({"heat_sign": "out"}, "into machine"),
        ({"states": None, "populations": {"q": [[0.5, 0.6]] * 2}}, "Divide them by their sum"),
        ({"states": None, "populations": {"q": [[1.1, -0.1]] * 2}}, "`errors` of States"),
        ({"states": None, "populations": {"q": [0.5, 0.5]}}, "list of numbers, one for each level"),
        ({"states": None, "counts": {"q": [[1, 2.5]] * 2}}, "whole numbers of events.*populations"),
        ({"states": None, "counts": {"q": [[0, 0]] * 2}}, "all zero"),
        ({"counts": {"q": [[1, 2]] * 2}}, "given once|more"),
        ({"states": {"q": [qutip.sigmaz(), qutip.sigmaz()]}}, "observable"),
        ({"states": {"q": [[qutip.sigmaz()] * 3] * 2}}, "observable"),
        ({"states": {"q": [qutip.sigmaz()] * 2}, "state_tolerance": 10.0}, "observable"),
        ({"states": {"q": [np.diag([1.2, -0.2])] * 2}, "state_errors": 0.01}, "lowest is -0.2"),
        ({"memoryless": "yes"}, "True or False"),
        ({"states": {"q": [np.diag([1.01, -0.01])] * 2}}, "nearest_state.*`errors` of States.*`tolerance`"),
    ],
)
def test_what_is_no_error_and_no_population(change, message):
    given = {"temperatures": {"b": 1.0}, "heats": {"b": [0, 0.0]}, "states": {"q": [TRUTH] * 2}, "hamiltonians": LEVELS} | change
    with pytest.raises(at.errors.AthermalError, match=message):
        account([0, 1], **given)
