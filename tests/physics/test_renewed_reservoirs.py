"""Machines whose reservoirs are renewed: published digits, an evolution by hand, a second method, and the bound that fuel sets."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app
from athermal.testing.transformed import renamed, reordered, rescaled, side_by_side

STROKES = at.drives.Strokes


def qubits(
    T=(0.8, 0.4), w=(1.0, 0.75), g=(0.7, 0.5), swap=0.8, *, detuning=0.0, renewed=(True, True), initial=None, always_on=False
):
    """Two qubits, each between its stream; detuned or lasting contacts do work."""
    heat = 1.0 if always_on else STROKES((1.0, 1.0), (1.0, 0.0))
    return at.Machine(
        [at.Qubit("a", w[0]), at.Qubit("b", w[1])],
        [
            at.SpinBath("hot", T[0], (w[0] + detuning,), renewed=renewed[0]),
            at.SpinBath("cold", T[1], (w[1],), renewed=renewed[1]),
        ],
        [
            at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), at.drives.Product((at.drives.Constant(g[0]), heat)))
            if not always_on
            else at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), g[0]),
            at.Exchange(("b", "cold"), STROKES((1.0, 1.0), (g[1], 0.0))),
            at.Exchange(("a", "b"), STROKES((1.0, 1.0), (0.0, swap))),
        ],
        period=2.0,
        initial=at.ProductThermal() if initial is None else initial,
    )


def oscillators(initial=None, T=(0.25, 0.15)):
    """Two oscillators, each between a stream of one mode."""

    def contact(between, strength, first):
        return at.Exchange(between, STROKES((1.0, 1.0), (strength, 0.0) if first else (0.0, strength)))

    return at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 0.8)],
        [at.Bath("hot", T[0], (1.0,), renewed=True), at.Bath("cold", T[1], (0.8,), renewed=True)],
        [contact(("a", "hot"), 0.5, True), contact(("b", "cold"), 0.4, True), contact(("a", "b"), 0.7, False)],
        period=2.0,
        initial=at.ProductThermal() if initial is None else initial,
    )


def correlated(strength=0.9, pattern="exchange"):
    return at.CorrelatedMarginals([at.Correlation(("hot", "cold"), pattern=pattern)], strength=strength)


def check_laws(ledger):
    assert ledger.violations() == []
    for table in (ledger.cycles, ledger.cumulative, ledger.samples):
        assert not table.is_violated.any()
        for law, terms in (("first_law", "heat"), ("second_law", "entropy_change"), ("work_split", "heat")):
            size = 1e-3 + abs(table[terms]).sum() / len(table.work)
            assert float(abs(table[f"residual_{law}"]).max() / size) < 1e-10  # rounding of some hundred steps
    each, total = ledger.cycles, ledger.cumulative
    for name in ("work", "heat", "energy_change", "entropy_change", "sigma_total_change", "fuel", "fuel_used"):
        np.testing.assert_allclose(each[name].cumsum("cycle"), total[name], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(each.mutual_information - each.mutual_information_change, 0.0, atol=1e-12)  # fresh at each start


def test_the_two_stroke_engine_of_a_quantum_processor():
    """arXiv:2203.13773, exact evolution, heats into the baths in the first four cycles."""
    heat = at.run(at.library.two_stroke(), 4).heat
    given_cold, given_hot = [-0.051318, -0.015788, 0.004990, 0.012580], [-0.114601, -0.067790, -0.049776, -0.037705]
    np.testing.assert_allclose(heat.sel(reservoir="cold stream"), given_cold, atol=5e-7)  # six digits given
    np.testing.assert_allclose(heat.sel(reservoir="hot stream"), given_hot, atol=5e-7)


@pytest.mark.parametrize("parts", ["qubits", "oscillators"])
def test_correlated_streams_beat_carnot_for_ever(parts):
    """Its closed form; and where I(S,R) stays zero eta = eta_C + fuel used/Q_in."""
    f = [1.0 / (np.exp(w) + (1.0 if parts == "qubits" else -1.0)) for w in (2.0 / 2.0, 0.8 / 1.0)]
    most = np.sqrt(f[0] * f[1] * ((1 - f[0]) * (1 - f[1]) if parts == "qubits" else 1.0))
    for strength, angle in ((1.0, 0.25 * np.pi), (0.6, 0.3)):
        ledger = at.run(at.library.correlated_stream(parts=parts, strength=strength, work_angle=angle), 30)
        work = 1.2 * (np.sin(angle) ** 2 * (f[0] - f[1]) + np.sin(2 * angle) * strength * most)
        np.testing.assert_allclose(ledger.work_output, work, rtol=1e-10)
        np.testing.assert_allclose(ledger.efficiency, 0.6, rtol=1e-10)
        later = ledger.cycles.isel(cycle=slice(1, None))
        np.testing.assert_allclose(later.efficiency, 0.5 + later.fuel_used / later.heat_intake, rtol=1e-9)
        assert bool((ledger.efficiency_with_fuel < 0.5).all())
        check_laws(ledger)
    without = at.run(at.library.correlated_stream(parts=parts, strength=0.0), 3)
    assert bool((without.work > 0.0).all())  # w_c/w_h < T_c/T_h


@pytest.mark.parametrize("always_on", [False, True])
def test_cycles_by_hand(always_on):
    """Matrices by `numpy.kron`, a partial trace between cycles; work by the jumps of <H> as the fresh units see them."""
    x, z, up = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0]), np.array([[0, 1], [0, 0]])

    def on(**operators):
        out = np.ones((1, 1))
        for name in ("a", "b", "hot", "cold"):
            out = np.kron(out, operators.get(name, np.eye(2)))
        return out

    def exchange(one, other):
        return on(**{one: up, other: up.T}) + on(**{one: up.T, other: up})

    own = 0.5 * (on(a=z) + 0.75 * on(b=z))
    baths = [0.5 * 1.3 * on(hot=z), 0.5 * 0.75 * on(cold=z)]
    contacts = 0.7 * on(a=x, hot=x) + 0.5 * exchange("b", "cold")
    first = own + sum(baths) + contacts
    second = own + sum(baths) + 0.8 * exchange("a", "b") + (0.7 * on(a=x, hot=x) if always_on else 0.0)
    f = [1.0 / (1.0 + np.exp(w / T)) for w, T in ((1.3, 0.8), (0.75, 0.4))]
    fresh = np.diag([f[0] * f[1], f[0] * (1 - f[1]), (1 - f[0]) * f[1], (1 - f[0]) * (1 - f[1])]).astype(complex)
    fresh[1, 2] = fresh[2, 1] = 0.08  # a coherence between the streams
    start = [np.diag([p, 1 - p]) for p in (1.0 / (1.0 + np.exp(1.0 / 0.8)), 1.0 / (1.0 + np.exp(0.75 / 0.4)))]
    system = np.kron(*start)
    heats, works = [], []
    for _ in range(5):
        rho = np.kron(system, fresh)
        before, work = rho, np.trace(rho @ (first - second)).real
        rho = (step := scipy.linalg.expm(-1j * first)) @ rho @ step.conj().T
        work += np.trace(rho @ (second - first)).real
        rho = (step := scipy.linalg.expm(-1j * second)) @ rho @ step.conj().T
        heats.append([np.trace((rho - before) @ bath).real for bath in baths])
        works.append(work)
        system = np.trace(rho.reshape(4, 4, 4, 4), axis1=1, axis2=3)
    machine = qubits(detuning=0.3, always_on=always_on, initial=at.GivenState(fresh, parts=("hot", "cold")))
    ledger = at.run(machine, 5, samples_per_cycle=2)
    np.testing.assert_allclose(ledger.heat, heats, atol=1e-13)
    np.testing.assert_allclose(ledger.work, works, atol=1e-13)
    entropy = -np.sum((p := np.linalg.eigvalsh(fresh)) * np.log(p))
    fuel = 0.4 * (sum(-(q * np.log(q) + (1 - q) * np.log(1 - q)) for q in f) - entropy)
    np.testing.assert_allclose(ledger.fuel, fuel, rtol=1e-12)
    check_laws(ledger)


def test_gaussian_and_truncated_agree():
    exact, cut = at.run(oscillators(), 6), at.run(oscillators(), 6, backend=at.DensityMatrix(levels=6))
    assert float(cut.top_level_population.max()) < 1e-8  # which bounds what the cut changes
    for name in ("work", "heat", "sigma_total_change", "mutual_information", "fuel_used"):
        np.testing.assert_allclose(exact.cycles[name], cut.cycles[name], atol=1e-7)


@pytest.mark.parametrize("initial", [None, correlated(), at.Squeezed("hot", 0.4), at.Displaced("cold", x=0.7)])
def test_laws_of_gaussian_streams(initial):
    ledger = at.run(oscillators(initial), 8, samples_per_cycle=2)
    check_laws(ledger)
    assert (initial is None) == (float(abs(ledger.fuel).max()) < 1e-12)


@settings(max_examples=15, deadline=None)
@given(
    g=st.tuples(st.floats(0.05, 1.5), st.floats(0.05, 1.5)),
    swap=st.floats(0.05, 1.5),
    T=st.tuples(st.floats(0.3, 3.0), st.floats(0.3, 3.0)),
    w=st.tuples(st.floats(0.3, 2.0), st.floats(0.3, 2.0)),
    detuning=st.sampled_from([0.0, 0.2]),
    strength=st.sampled_from([0.0, 0.4, 1.0]),
)
def test_the_fuel_bounds_the_efficiency(g, swap, T, w, detuning, strength):
    """In a limit cycle eta <= eta_C + fuel used/Q_in, so that thermal units never do better than Carnot."""
    ledger = at.run(qubits(T, w, g, swap, detuning=detuning, initial=correlated(strength)), 60)
    check_laws(ledger)
    c, lowest = ledger.cycles, min(T)
    factors = 1.0 - lowest / ledger.reference.temperatures
    stored = c.free_energy_change.sum("subsystem") + lowest * c.system_correlation_change
    best = -(c.heat * factors).sum("reservoir") + c.fuel_used - stored
    assert bool((-c.work <= best + 1e-12).all())  # I(S,R) grows from zero in every cycle
    last = c.isel(cycle=-1)
    if abs(float(stored[-1])) < 1e-9 and abs(float(last.energy_change.sum())) < 1e-9 and float(last.work) < -1e-6:
        bound = float(last.carnot_efficiency + last.fuel_used / last.heat_intake)
        assert float(last.efficiency) <= bound + 1e-6
        assert strength > 0.0 or float(last.efficiency) <= float(last.carnot_efficiency) + 1e-6


def test_one_lasts_and_one_is_renewed():
    machine = qubits(renewed=(False, True), detuning=0.2)
    ledger = at.run(machine, 6, samples_per_cycle=3)
    assert ledger.violations() == []
    assert float(abs(ledger.cumulative.residual_second_law).max()) < 1e-12
    start = ledger.mutual_information - ledger.mutual_information_change
    assert float(start[3]) > 1e-3  # what the lasting one has kept


@pytest.mark.parametrize("machine", [qubits(initial=correlated()), oscillators(correlated())], ids=["finite", "harmonic"])
def test_invariances(machine):
    plain = at.run(machine, 4)
    for s in (1e-9, 1e9):
        scaled = at.run(rescaled(machine, s), 4)
        np.testing.assert_allclose(scaled.fuel_used / s, plain.fuel_used, rtol=1e-9)
        np.testing.assert_allclose(scaled.efficiency, plain.efficiency, rtol=1e-8)
    other = at.run(reordered(machine), 4)
    np.testing.assert_allclose(other.heat.sel(reservoir="hot"), plain.heat.sel(reservoir="hot"), atol=1e-12)
    np.testing.assert_allclose(other.fuel_used, plain.fuel_used, atol=1e-12)


def test_strangers_add_up():
    one = qubits()
    two = renamed(qubits(T=(0.6, 0.4)), {name: f"{name}2" for name in ("a", "b", "hot", "cold")})
    both, apart = at.run(side_by_side(one, two), 3), [at.run(machine, 3) for machine in (one, two)]
    np.testing.assert_allclose(both.work, apart[0].work + apart[1].work, atol=1e-12)
    np.testing.assert_allclose(both.sigma_total_change, apart[0].sigma_total_change + apart[1].sigma_total_change, atol=1e-12)


def test_a_run_is_saved_with_the_starts_of_its_cycles(tmp_path):
    ledger = at.run(qubits(initial=correlated()), 3, samples_per_cycle=2)
    again = at.load(ledger.save(tmp_path / "forever.nc"))
    assert again.cycles.equals(ledger.cycles)
    assert again.cumulative.equals(ledger.cumulative)
    assert str(again) == str(ledger)
    assert "bring fuel in every cycle" in str(ledger)


def test_no_recurrence():
    shown = CliRunner().invoke(app, ["show", "correlated_stream"])
    assert shown.output.count("renewed: fresh units at the start of every cycle") == 2
    machine = at.library.two_oscillator(modes=5)
    assert np.isfinite(machine.recurrence_time("hot bath"))
    bath = machine.reservoirs[0]
    few = at.Bath(bath.name, bath.temperature, tuple(bath.frequencies), tuple(bath.own_weights), renewed=True)
    again = dataclasses.replace(machine, reservoirs=(few, *machine.reservoirs[1:]))
    assert np.isinf(again.recurrence_time(bath.name))


@pytest.mark.parametrize(
    ("machine", "initial", "message"),
    [
        (oscillators(), at.Charged(2), "cannot be charged"),
        (qubits(), at.Charged(2), "cannot be charged"),
        (oscillators(), at.Gibbs(1.0, parts=("a", "hot")), "'hot' with 'a'"),
        (oscillators(), at.GaussianMoments(0.7 * np.eye(8) + 0.01), "must not correlate a renewed reservoir"),
        (qubits(), at.CorrelatedMarginals([at.Correlation(("a", "hot"))]), "'hot' with 'a'"),
        (qubits(), at.GivenState(np.diag([0.5, 0.0, 0.0, 0.5]), parts=("b", "cold")), "'cold' with 'b'"),
    ],
)
def test_correlations_that_would_be_cut_are_refused(machine, initial, message):
    with pytest.raises(at.errors.AthermalError, match=message):
        at.run(machine, 2, initial)


def test_a_given_product_is_none():
    product = np.kron(np.diag([0.2, 0.8]), np.diag([0.4, 0.6]))
    ledger = at.run(qubits(), 3, at.GivenState(product, parts=("b", "cold")))
    check_laws(ledger)


def test_refusals():
    with pytest.raises(at.errors.MachineError, match="a continuum has no units"):
        at.ContinuumBath("hot", 1.0, at.densities.FlatBand(rate=0.2, low=1.4, high=2.6), modes=4, renewed=True)
    with pytest.raises(at.errors.MachineError, match="`renewed` of reservoir 'hot' must be true or false, but is 1"):
        at.Bath("hot", 1.0, (1.0,), renewed=1)
    for machine, backend in ((qubits(), at.StateVectors()), (oscillators(), at.Star())):
        with pytest.raises(at.errors.MachineError, match="renews no reservoirs"):
            at.run(machine, 1, backend=backend)
    with pytest.raises(at.errors.StudyError, match="need reservoirs that last"):
        at.best_correlations(qubits(), cycles=2)


def _in_turn(part, bath, contact, kind=at.SpinBath):
    """A part in sudden contact with a bath and a cold one in turn, both renewed."""
    hot, cold = (at.drives.Strokes((1.0, 1.0), values) for values in ((0.4, 0.0), (0.0, 1.0)))
    other = kind("cold", 0.5, (1.0,), (0.2,), renewed=True)
    return at.Machine([part], [bath, other], [contact(hot), at.Exchange((part.name, "cold"), cold)], 2.0)


XX = np.kron([[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
KINDS = {
    "ring": (at.Ring("hot", 2.0, 3, 1.1, 0.1, renewed=True), None),
    "chain": (at.Chain("hot", 2.0, 3, 1.1, 0.1, renewed=True), None),
    "coupled": (at.parts.CoupledBath("hot", 2.0, 1.1 * np.eye(4), (0.2, 0.1), renewed=True), None),
    "truncated": (at.TruncatedBath("hot", 2.0, (1.0, 1.2), (0.3, 0.3), levels=3, renewed=True), "position"),
    "finite": (
        at.FiniteBath("hot", 2.0, XX + np.diag([1.0, 1.0, -1.0, -1.0]), renewed=True),
        np.kron([[0, 1], [1, 0]], np.eye(2)),
    ),
}


@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_reservoir(kind):
    """All laws, each cycle with fresh thermal units: no fuel, and no engine beyond Carnot; it settles."""
    bath, operator = KINDS[kind]
    if operator is None:
        part, cold = at.Oscillator("a", 1.0), at.Bath
        machine = _in_turn(part, bath, lambda drive: at.Exchange(("a", "hot"), drive, site=0), cold)
    else:
        machine = _in_turn(at.Qubit("a", 1.0), bath, lambda drive: at.OperatorCoupling(("a", "hot"), ("sigmax", operator), drive))
    ledger = at.run(machine, 40)
    assert ledger.violations() == []
    # rounding of entropies of a few nats, forty times
    assert np.all(np.abs(ledger.cumulative.residual_second_law) < 1e-11)
    assert np.all(np.abs(ledger.fuel) < 1e-12)
    assert np.all(ledger.sigma_total_change > 0.0)
    assert ledger.heat.values[-1] == pytest.approx(ledger.heat.values[-2], rel=1e-2)  # e^-40k of the slowest contact
