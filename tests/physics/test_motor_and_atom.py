"""The molecular motor and the single-atom engine against formulas, symmetries and each other's truncations."""

import dataclasses
import math

import numpy as np
import pytest

import athermal as at
from athermal.library import molecular_motor, single_atom

FAST = at.DensityMatrix(coherence=False)
# Small and quick: one spin in each bath, the potential in constant steps or a short period.
SMALL = {"hot_spins": (2.55,), "cold_spins": (2.15,)}
BRIEF = {**SMALL, "period": 20.0, "depth": 2.0}


def counts(ledger, name):
    """Return what a counter counts in each cycle."""
    return ledger.counts.sel(counter=name).values


# --- molecular motor: the story ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def charged():
    return at.run(molecular_motor(charged=1), 4, backend=FAST)


def test_a_charged_motor_works_above_carnot_and_then_as_a_thermal_engine(charged):
    assert charged.violations() == []
    assert np.all(charged.work < 0.0)
    assert charged.is_athermal.values.tolist() == [True, False, False, False]
    efficiency, carnot = charged.efficiency.values, charged.carnot_efficiency
    assert efficiency[0] > carnot
    assert np.all((efficiency[1:] > 0.0) & (efficiency[1:] < carnot))
    assert charged.mutual_information_change[0] < 0.0  # correlations with the baths are among what paid
    assert np.all(counts(charged, "turns") > 0.0)
    assert np.all(counts(charged, "work against load") > 0.0)


def test_once_it_is_discharged_a_motor_cannot_be_told_from_one_that_never_was_charged():
    """The charged start becomes the product of thermal states, exactly, after the cycles it was charged for."""
    discharged = at.run(molecular_motor(charged=2, **BRIEF), 3, backend=FAST)
    ordinary = at.run(molecular_motor(**BRIEF), 1, backend=FAST)
    assert float(discharged.sigma_total_change[:2].sum()) < 0.0
    assert float(ordinary.sigma_total_change[0]) > 0.0
    for name in ("work", "heat", "energy_change", "sigma_total_change", "counts"):
        # cycles back and forth multiply rounding by the number of steps
        assert np.allclose(discharged.cycles[name][2], ordinary.cycles[name][0], rtol=0.0, atol=1e-10)


# --- molecular motor: identities and symmetries -----------------------------------------------------------------------------


@pytest.mark.parametrize("load", [-2, 1, 3])
def test_each_turn_does_the_work_of_the_load_on_every_bond(load):
    ledger = at.run(molecular_motor(load=load, hot_bonds=(0, 2), **BRIEF), 3, backend=FAST)
    assert ledger.violations() == []
    force = 2.0 * math.pi * load / 20.0
    # the same integral with another factor: rounding
    assert np.allclose(counts(ledger, "work against load"), 3 * force * counts(ledger, "turns"), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("particles", [1, 2])
def test_the_work_is_that_of_the_potential_less_that_against_the_load(particles):
    """Without contacts nothing else is driven: W = integral sum_n dV_n/dt P_n dt - load, two integrals of their own."""
    motor = molecular_motor(load=2, hot_coupling=0.0, cold_coupling=0.0, particles=particles, **BRIEF)
    w = 2.0 * math.pi / 20.0
    slopes = [
        # d/dt of -depth cos(2 pi (n + 1/2)/3 - w t) = -depth w sin(2 pi (n + 1/2)/3 - w t), as a cosine
        at.OperatorCoupling(
            (name,), (f"|{n}><{n}|",), at.drives.Harmonic(2.0 * w, w, -0.5 * math.pi - 2.0 * math.pi * (n + 0.5) / 3)
        )
        for name in motor.subsystem_names
        for n in range(3)
    ]
    motor = dataclasses.replace(motor, counters=(*motor.counters, at.Counter("potential", slopes)))
    ledger = at.run(motor, 2, backend=FAST)
    expected = counts(ledger, "potential") - counts(ledger, "work against load")
    assert np.max(np.abs(ledger.work.values)) > 0.1
    assert np.allclose(ledger.work, expected, rtol=0.0, atol=1e-11)  # Gauss rules in time, to double precision


def test_the_currents_tell_where_the_particle_goes():
    """Continuity, bath-assisted hops included: the occupation of a site changes by what comes in less what goes out."""
    motor = molecular_motor(load=1, hot_bonds=(0, 1, 2), cold_bonds=(0, 2), **BRIEF)
    bonds = [[t for t in motor.counters[1].terms if t.operators[0] == f"|{(n + 1) % 3}><{n}|"] for n in range(3)]
    motor = dataclasses.replace(motor, counters=[at.Counter(f"bond {n}", terms) for n, terms in enumerate(bonds)])
    start = at.ProductThermal({"particle": 0.5})
    ledger, solver = at.run(motor, 1, start, backend=FAST), FAST.bind(motor)
    first = solver.prepare(start)
    last, _ = solver.advance(first, 0.0, motor.period)
    before, after = (np.sum(np.abs(state.factor.reshape(3, -1)) ** 2, axis=1) for state in (first, last))
    passed = ledger.counts.values[0] / (2.0 * math.pi / 20.0)  # the counters are currents times the force
    assert np.max(np.abs(after - before)) > 0.01
    assert np.allclose(after - before, np.roll(passed, 1) - passed, rtol=0.0, atol=1e-12)  # rounding


def test_the_mirrored_motor_turns_the_other_way_at_the_same_cost():
    forth, back = (at.run(molecular_motor(direction=d, **BRIEF), 2, backend=FAST) for d in (1, -1))
    near = {"rtol": 0.0, "atol": 1e-11}  # rounding
    assert np.max(np.abs(counts(forth, "turns"))) > 0.01
    assert np.allclose(counts(back, "turns"), -counts(forth, "turns"), **near)
    assert np.allclose(counts(back, "work against load"), counts(forth, "work against load"), **near)
    for name in ("work", "heat", "energy_change", "sigma_total_change"):
        assert np.allclose(back.cycles[name], forth.cycles[name], **near)


@pytest.mark.parametrize("load", [-1, 0, 2])
def test_a_load_on_a_bare_ring_moves_the_particle_back_and_forth(load):
    """Bloch's oscillation: the current of each momentum k is proportional to sin(k + Ft), and vanishes on average."""
    bare = {**BRIEF, "depth": 0.0, "hot_coupling": 0.0, "cold_coupling": 0.0}
    ledger = at.run(molecular_motor(load=load, **bare), 2, at.ProductThermal({"particle": 0.5}), backend=FAST)
    for values in (counts(ledger, "turns"), ledger.work, ledger.energy_change):
        assert np.allclose(values, 0.0, rtol=0.0, atol=1e-12)  # rounding


def test_equilibrium_does_not_turn():
    """The Gibbs state of a motor at rest, its contact on, is real and stationary: no current anywhere."""
    motor = molecular_motor(2.0, 2.0, load=0, potential="flashing", cold_contact=(0.0, 1.0), **BRIEF)
    still = [
        dataclasses.replace(c, strength=float(np.real(c.drive.value(np.array([0.0]))[0]))) for c in motor.couplings
    ]  # as it is at the start, for ever
    ledger = at.run(dataclasses.replace(motor, couplings=still, initial=at.Gibbs(2.0)), 2, backend=FAST)
    assert ledger.instants.mutual_information[0] > 1e-4
    for values in (counts(ledger, "turns"), ledger.work, ledger.heat, ledger.energy_change):
        assert np.allclose(values, 0.0, rtol=0.0, atol=1e-12)  # rounding


@pytest.mark.parametrize("sites", [3, 4])
def test_a_deep_slow_well_takes_a_cold_particle_around(sites):
    """At each hand-over the particle takes the bond, or the way around the other sites, which lie a gap D higher.

    The amplitudes are J and J (J/D)^(L - 2), and the way around is L - 1 bonds long in the other direction: of the particle
    the part x = r/(1 + r), r = (J/D)^(L - 2), goes there, and a cycle of L hand-overs makes 1 - L x turns.
    """
    depth, hopping, period = 8.0, 0.6, 400.0
    motor = molecular_motor(
        T_hot=0.02, T_cold=0.02, sites=sites, load=0, depth=depth, hopping=hopping, period=period,
        hot_coupling=0.0, cold_coupling=0.0, hot_spins=(1.0,), cold_spins=(1.0,),
    )  # fmt: skip
    ledger = at.run(motor, 1, backend=FAST)
    well = -depth * np.cos(2.0 * math.pi * (np.arange(sites) + 0.5) / sites)  # at the hand-over at time zero
    ratio = (hopping / (np.max(well) - np.min(well))) ** (sites - 2)
    # The potential starts to move in the middle of a hand-over: amplitudes of about its slope over twice the gap squared,
    # 2 pi/400 sqrt(3) 8/(2 1.2^2) = 0.08, beat with the well's own, and their squares take up energy.
    assert counts(ledger, "turns")[0] == pytest.approx(1.0 - sites * ratio / (1.0 + ratio), abs=0.03)
    assert ledger.work.item() == pytest.approx(0.0, abs=0.02)


# --- molecular motor: the other variants ------------------------------------------------------------------------------------


def test_many_steps_are_the_smooth_potential():
    """The start is prepared at the first step's middle value, half a step late: twice the steps, half the difference."""
    smooth = at.run(molecular_motor(load=0, **BRIEF), 1, backend=FAST)
    errors = [
        abs(at.run(molecular_motor(load=0, steps=steps, **BRIEF), 1, backend=FAST).work.item() - smooth.work.item())
        for steps in (150, 300)
    ]
    assert errors[1] < 0.01 * abs(smooth.work.item()) + 0.005
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)  # the next order in the step, 20/300 = 0.07 of a time unit


def test_a_flashing_potential_that_is_no_mirror_image_of_itself_turns_the_ring():
    flashing = {**BRIEF, "potential": "flashing", "load": 0, "hot_bonds": (0, 1, 2), "cold_bonds": (0, 1, 2)}
    ledgers = [at.run(molecular_motor(direction=d, **flashing), 4, backend=FAST) for d in (1, -1)]
    for ledger in ledgers:
        assert ledger.violations() == []
    forth, back = (counts(ledger, "turns") for ledger in ledgers)
    assert np.max(np.abs(forth)) > 0.01
    assert np.allclose(back, -forth, rtol=0.0, atol=1e-11)  # rounding


def test_two_repelling_particles_share_everything_alike():
    motor = molecular_motor(particles=2, repulsion=3.0, load=0, steps=100, charged=1, **BRIEF)
    ledger = at.run(motor, 2, backend=FAST)
    assert ledger.violations() == []
    assert np.max(np.abs(ledger.system_correlation)) > 0.01
    for name in ("energy_change", "entropy_change"):
        one, two = (ledger.cycles[name].sel(subsystem=f"particle {k}").values for k in (1, 2))
        assert np.allclose(one, two, rtol=0.0, atol=1e-10)  # the exchange of the particles is a symmetry: rounding


# --- single atom ------------------------------------------------------------------------------------------------------------

COLUMNS = ("work", "heat", "energy_change", "entropy_change", "subsystem_ergotropy", "sigma_total_change", "efficiency")


def test_the_flywheel_gains_ordered_energy_and_the_cut_does_not_matter():
    shorter = {"cold_spins": (3.3, 3.5)}
    ledger = at.run(single_atom(**shorter), 4, backend=FAST)
    larger = at.run(single_atom(atom_levels=5, flywheel_levels=12, **shorter), 4, backend=FAST)
    assert ledger.violations() == []
    assert larger.violations() == []
    for name in COLUMNS:
        # the docstring's promise; what the cut leaves out is of the order of the population of the highest levels, below 1e-4
        assert np.allclose(ledger.cycles[name], larger.cycles[name], rtol=0.0, atol=1e-3, equal_nan=name == "efficiency")
    for run in (ledger, larger):
        assert float(run.top_level_population.max()) < 1e-4
    assert float(larger.top_level_population.max()) < 0.1 * float(ledger.top_level_population.max())
    flywheel = larger.cycles.sel(subsystem="flywheel")
    assert np.all(np.diff(flywheel.subsystem_ergotropy, prepend=0.0) > 0.0)
    gained = float(flywheel.energy_change.sum())
    assert float(flywheel.subsystem_ergotropy[-1]) < gained  # the rest is heat
    assert gained > float(larger.work.sum())  # more than the switching of the contacts has paid for


def test_without_pressure_the_flywheel_rests():
    ledger = at.run(single_atom(coupling=0.0, cold_spins=(3.5,), flywheel_levels=6), 2, backend=FAST)
    for name in ("energy_change", "entropy_change", "subsystem_ergotropy"):
        assert np.allclose(ledger.cycles[name].sel(subsystem="flywheel"), 0.0, rtol=0.0, atol=1e-12)  # rounding


def test_the_number_of_quanta_is_conserved():
    """The contacts exchange, the pressure counts: equal spins and atom then change energy by quanta that add up to zero."""
    ledger = at.run(single_atom(hot_spins=(4.0,), cold_spins=(4.0,), flywheel_levels=8), 2, backend=FAST)
    free = ledger.instants.reservoir_energy.sum("reservoir").values / 4.0
    machine = single_atom(hot_spins=(4.0,), cold_spins=(4.0,), flywheel_levels=8)
    solver = FAST.bind(machine)
    state = solver.prepare(machine.initial)
    totals: list[float] = []
    for k in range(3):
        quanta = np.einsum("n,nr->", np.arange(4.0), np.abs(state.factor.reshape(4, -1)) ** 2)
        totals.append(quanta + free[k])
        state, _ = solver.advance(state, k * machine.period, (k + 1) * machine.period)
    assert np.allclose(totals, totals[0], rtol=0.0, atol=1e-12)  # rounding
