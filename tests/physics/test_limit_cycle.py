"""The limit cycle of machines with continuous baths: rows 10 to 13 and 16, dense runs before recurrence, and stability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import athermal as at
from tests.physics.test_equilibrium import matsubara
from tests.physics.test_exact_currents import (
    chain_current,
    chain_machine,
    chain_transmission_current,
    occupation,
    transmission_currents,
    weak_current,
)


def damped(frequency, density, temperature, *, period=1.0, strength=1.0):
    bath = at.ContinuumBath("bath", temperature, density, 10, "tan" if np.isinf(density.support[1]) else "legendre")
    subsystem = at.Oscillator("a", frequency, reference_frequency=1.0)
    return at.Machine([subsystem], [bath], [at.Position(("a", "bath"), strength)], period)


def drude(friction, cutoff=10.0):
    return at.densities.Ohmic(friction, cutoff, cutoff_shape="drude")


def entire(friction, cutoff, power=1, convention="J"):
    """J = friction w^power e^-(w/cutoff)^2: smooth everywhere, so that transients die exponentially."""
    return at.densities.FunctionDensity(
        lambda w: friction * w**power * np.exp(-((w / cutoff) ** 2)), 0.0, 6.0 * cutoff, convention
    )


# --- no drive ------------------------------------------------------------------------------------------------------------


def test_row_10_the_published_numbers():
    cycle = at.limit_cycle(damped(1.0, drude(1.0), 0.2))
    x, p = np.diag(cycle.covariance())
    # printed with nine decimals
    assert x == pytest.approx(0.440121070, abs=6e-10)
    assert p == pytest.approx(1.063713532, abs=6e-10)


@pytest.mark.parametrize(
    ("friction", "cutoff", "temperature"),
    [(1.0, 10.0, 0.2), (0.3, 4.0, 1.0), (2.5, 20.0, 0.1), (0.05, 3.0, 5.0), (1e-4, 10.0, 0.5), (30.0, 5.0, 0.3)],
)
def test_row_10_at_other_couplings(friction, cutoff, temperature):
    cycle = at.limit_cycle(damped(1.0, drude(friction, cutoff), temperature))
    # 1e-8 is what was asked for
    np.testing.assert_allclose(np.diag(cycle.covariance()), matsubara(friction, cutoff, temperature), rtol=1e-8)
    assert cycle.covariance()[0, 1] == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(cycle.heat, 0.0, atol=1e-12)  # rounding of what goes to and fro


def test_row_11_first_order_in_the_friction():
    T, cutoff = 0.5, 10.0
    nu = 2.0 * np.pi * T * np.arange(1, 200_001)
    slope = -2.0 * T * float(np.sum(nu * cutoff / (nu + cutoff) / (1.0 + nu**2) ** 2))
    for friction in (1e-2, 1e-3):
        x2 = at.limit_cycle(damped(1.0, drude(friction, cutoff), T), accuracy=1e-11).covariance()[0, 0]
        # the next order is about friction times the first
        assert (x2 - 0.5 / np.tanh(0.5 / T)) / friction == pytest.approx(slope, rel=2.0 * friction)


@pytest.mark.parametrize("damping", ["exchange", "position"])
@pytest.mark.parametrize(
    "density", [entire(0.3, 2.0, 2), at.densities.Ohmic(0.3, 3.0), at.densities.Ohmic(0.2, 4.0, exponent=0.6), drude(0.4, 3.0)]
)
def test_equal_temperatures_and_no_drive_give_no_heat_and_the_gibbs_state(density, damping):
    kind = at.Exchange if damping == "exchange" else at.Position
    modes = 400

    def machine(rule_a, rule_b):
        baths = [at.ContinuumBath(name, 0.8, density, modes, rule) for name, rule in (("left", rule_a), ("right", rule_b))]
        couplings = [kind(("a", "left"), 0.6), kind(("b", "right"), 0.5), at.Exchange(("a", "b"), 0.2)]
        return at.Machine([at.Oscillator("a", 1.3), at.Oscillator("b", 1.0)], baths, couplings, 1.0)

    rule = "tan" if np.isinf(density.support[1]) else "legendre"
    whole = machine(rule, rule)
    cycle = at.limit_cycle(whole)
    np.testing.assert_allclose(cycle.heat, 0.0, atol=1e-12)  # rounding
    assert cycle.work == 0.0
    exact = at.Dense().bind(whole).prepare(at.Gibbs(0.8)).covariance
    rows = np.array([0, 1, len(exact) // 2, len(exact) // 2 + 1])
    # 400 modes of the Gibbs state: Gauss nodes do not like the kink of a power law at zero, w^0.6 least
    rough = isinstance(density, at.densities.Ohmic) and density.exponent < 1.0
    np.testing.assert_allclose(cycle.covariance(), exact[np.ix_(rows, rows)], atol=1e-4 if rough else 1e-6)


# --- currents ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k_h", "k_c", "g", "band", "T_h"), [(0.1, 0.1, 0.05, 0.8, 2.4), (0.12, 0.06, 0.05, 0.8, 3.0), (0.2, 0.2, 0.15, 0.6, 1.5)]
)
def test_row_13_exact_current(k_h, k_c, g, band, T_h):
    cold = at.densities.FlatBand(k_c, 1.0 - band, 1.0 + band)
    machine = at.library.two_oscillator(T_hot=T_h, coupling=g, rate=k_h, half_width=band, density_cold=cold, modes=5)
    cycle = at.limit_cycle(machine)
    quanta, out_of_hot, into_cold = transmission_currents(k_h, k_c, g, band, T_h, 1.0)
    measured = np.array([-cycle.work, -cycle.heat[0], cycle.heat[1]]) / machine.period
    np.testing.assert_allclose(measured, [quanta, out_of_hot, into_cold], rtol=1e-8)  # what was asked for


def test_row_12_weak_coupling_limit():
    deviations = []
    for k in (1e-2, 1e-3):
        machine = at.library.two_oscillator(T_hot=2.4, coupling=0.5 * k, rate=k, half_width=0.8, modes=5)
        cycle = at.limit_cycle(machine)
        exact = weak_current(k, k, 0.5 * k, 2.4, 1.0)
        deviations.append(abs(-cycle.work / machine.period / exact - 1.0))
        assert cycle.efficiency == pytest.approx(0.5, abs=k)  # 1 - w_c/w_h; corrections are of second order
    assert deviations[1] < 0.2 * deviations[0] < 0.02  # falls with the rate


@pytest.mark.parametrize("length", [2, 3, 6])
def test_row_16_chain_through_baths_coupled_at_the_ends(length):
    V, rates, temperatures, band = 0.03, (0.06, 0.04), (2.0, 1.0), 0.4
    machine = chain_machine(length, V, rates, temperatures, band=band, modes=5)
    cycle = at.limit_cycle(machine)
    exact = chain_transmission_current(length, V, rates, temperatures, band) * machine.period
    np.testing.assert_allclose(cycle.heat, [-exact, exact], rtol=1e-8)  # what was asked for
    weak = chain_current(V, *rates, occupation(1.0, 2.0), occupation(1.0, 1.0)) * machine.period
    assert cycle.heat[1] == pytest.approx(weak, rel=0.06)  # of the order of (rate, V)/w
    assert cycle.sigma_total_change > 0.0


# --- driven, against dense runs ------------------------------------------------------------------------------------------


def parametric(modes):
    """Driven frequency, driven position coupling with its counter-term, and a force: one oscillator, two baths."""
    frequency = at.drives.Constant(1.0) + at.drives.Harmonic(0.3, frequency=2.0, phase=0.3)
    baths = [
        at.ContinuumBath("hot", 2.0, entire(0.8, 2.0), modes, "legendre"),
        at.ContinuumBath("cold", 0.5, entire(0.5, 3.0), modes, "legendre"),
    ]
    couplings = [
        at.Position(("a", "hot"), at.drives.Constant(1.0) + at.drives.Harmonic(0.4, frequency=2.0)),
        at.Position(("a", "cold"), 0.7),
        at.Displacement("a", at.drives.Harmonic(0.3, frequency=4.0) + 0.2),
    ]
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], baths, couplings, np.pi)


def two_tones(modes):
    """Exchange and two-mode squeezing of two oscillators, one exchange damping driven: no locked efficiency."""
    baths = [
        at.ContinuumBath("hot", 6.0, entire(0.15, 2.0, 3), modes, "legendre"),
        at.ContinuumBath("cold", 0.5, entire(0.1, 1.5, 3), modes, "legendre"),
    ]
    couplings = [
        at.Position(("a", "hot")),
        at.Exchange(("b", "cold"), at.drives.Constant(1.0) + at.drives.Harmonic(0.2, frequency=1.0)),
        at.Exchange(("a", "b"), at.drives.Rotating(0.2, 1.0)),
        at.TwoModeSqueezing(("a", "b"), at.drives.Rotating(0.03, 3.0)),
    ]
    return at.Machine([at.Oscillator("a", 2.0), at.Oscillator("b", 1.0, law="number")], baths, couplings, 2.0 * np.pi)


@pytest.mark.parametrize(
    ("build", "modes", "cycles", "allowed"),
    [
        (parametric, 260, 17, 1e-9),  # what is left of the transient, e^-0.46 t
        pytest.param(two_tones, 330, 14, 1e-5, marks=pytest.mark.slow),  # as above, e^-0.17 t
    ],
)
def test_late_cycles_of_a_dense_run_are_the_limit_cycle(build, modes, cycles, allowed):
    machine = build(modes)
    cycle = at.limit_cycle(machine)
    ledger = at.run(machine, cycles, backend=at.Dense())  # a RecurrenceWarning would be an error
    last, end = ledger.cycles.isel(cycle=-1), ledger.snapshots.at(-1)
    scale = float(np.max(np.abs(cycle.heat)))
    for found, exact in (
        (float(last.work), cycle.work),
        (last.heat.values, cycle.heat),
        (end.subsystem_energies, cycle.subsystem_energies()),
        (end.subsystem_entropies, cycle.subsystem_entropies()),
        (float(end.system_entropy), cycle.system_entropy()),
        (float(last.mutual_information), cycle.mutual_information()),
        (float(last.system_correlation), cycle.system_correlation()),
    ):
        np.testing.assert_allclose(found, exact, atol=allowed * max(scale, 1.0))
    assert cycle.residual_first_law == pytest.approx(0.0, abs=1e-10)
    assert cycle.sigma_total_change > 0.0


def test_state_at_other_phases_is_that_of_a_dense_run():
    machine = parametric(200)
    cycle = at.limit_cycle(machine)
    backend = at.Dense().bind(machine)
    state = backend.prepare(at.ProductThermal())
    for k in range(11):
        state, _ = backend.advance(state, k * np.pi, (k + 1) * np.pi)
    for phase in (0.4, 2.2):
        later, _ = backend.advance(state, 11 * np.pi, 11 * np.pi + phase)
        rows = [0, machine.n_modes]
        # transients e^-0.46 t in the mean, twice as fast in the covariance
        np.testing.assert_allclose(cycle.covariance(phase), later.covariance[np.ix_(rows, rows)], atol=1e-8)
        np.testing.assert_allclose(cycle.mean(phase), later.mean[rows], atol=1e-6)


def test_the_second_tone_unlocks_the_efficiency():
    tones = [at.limit_cycle(at.library.two_oscillator(T_hot=2.4, squeezing=g2, rate=0.02, coupling=0.02)) for g2 in (0.0, 0.002)]
    assert tones[0].efficiency == pytest.approx(0.5, abs=1e-3)  # 1 - w_c/w_h but for second order in the rate
    assert abs(tones[1].efficiency - 0.5) > 0.01
    for cycle in tones:
        assert cycle.residual_first_law == pytest.approx(0.0, abs=1e-12)  # rounding


@pytest.mark.slow
def test_smooth_strokes():
    """An Otto cycle with quintic ramps, against a dense run."""
    durations, ramps = (1.5,) * 4, 1.5
    frequency = at.drives.Strokes(durations, (1.0, 1.0, 1.6, 1.6), ramps, "quintic")
    hot = at.drives.Strokes(durations, (0.0, 0.0, 0.0, 1.0), ramps, "quintic")
    cold = at.drives.Strokes(durations, (0.0, 1.0, 0.0, 0.0), ramps, "quintic")
    density = entire(1.5, 2.0)
    machine = at.Machine(
        [at.Oscillator("a", frequency, reference_frequency=1.0)],
        [at.ContinuumBath("hot", 3.0, density, 200, "legendre"), at.ContinuumBath("cold", 1.0, density, 200, "legendre")],
        [at.Position(("a", "hot"), hot), at.Position(("a", "cold"), cold)],
        6.0,
    )
    cycle = at.limit_cycle(machine, accuracy=1e-4)
    last = at.run(machine, 10, backend=at.Dense()).cycles.isel(cycle=-1)
    # the tolerance of 1e-4, relative to heats of order one
    np.testing.assert_allclose([float(last.work), *last.heat.values], [cycle.work, *cycle.heat], atol=1e-4)


def test_sudden_strokes_are_refused_where_they_do_not_converge():
    frequency = at.drives.Strokes((1.0, 1.0), (1.0, 1.5))
    with pytest.raises(at.errors.ConvergenceError, match="harmonics of the drive.*`ramps`"):
        at.limit_cycle(damped(frequency, drude(0.3), 1.0, period=2.0), max_harmonics=20)


# --- stability -----------------------------------------------------------------------------------------------------------


def mathieu(eps, friction, cutoff=200.0):
    """w(t)^2 = 1 + eps cos 2t exactly: a static potential and a driven quadratic form."""
    machine = damped(1.0, drude(friction, cutoff), 1.0, period=np.pi)
    pump = at.QuadraticForm(("a",), [[1.0, 0.0], [0.0, 0.0]], at.drives.Harmonic(eps, frequency=2.0))
    return replace(machine, couplings=(*machine.couplings, pump))


def monodromy_rate(eps, friction):
    """Return the largest real Floquet exponent of x'' + friction x' + (1 + eps cos 2t) x = 0 by stepping it."""

    def slope(t, y):
        return [y[1], -friction * y[1] - (1.0 + eps * np.cos(2.0 * t)) * y[0]]

    columns = [solve_ivp(slope, (0.0, np.pi), s, rtol=1e-12, atol=1e-13).y[:, -1] for s in ([1.0, 0.0], [0.0, 1.0])]
    return float(np.max(np.log(np.abs(np.linalg.eigvals(np.array(columns).T)))) / np.pi)


@pytest.mark.parametrize("eps", [0.05, 0.4])
def test_parametric_growth_rate(eps):
    """Mathieu: growth eps/4 less the damping; the Drude memory 1/cutoff changes the friction at that order."""
    friction = 0.01
    exponent = at.limit.floquet_exponents(mathieu(eps, friction))[0].real
    assert exponent == pytest.approx(eps / 4.0 - friction / 2.0, rel=eps)  # corrections of relative order eps
    # memory friction: gamma (1 - O(w/wD)), and a mass shifted by friction/wD
    assert exponent == pytest.approx(monodromy_rate(eps, friction), abs=2.0 * friction / 200.0)


def test_an_unstable_machine_has_no_limit_cycle():
    with pytest.raises(
        at.errors.InstabilityError, match=r"parametrically unstable.*Floquet exponent.*per cycle.*Weaken the drive"
    ):
        at.limit_cycle(mathieu(0.1, 0.02))


def test_the_threshold_of_stability():
    """eps = 2 friction at leading order: just below there is a limit cycle, of large variance; just above none."""
    friction = 0.02
    below = at.limit_cycle(mathieu(1.9 * friction, friction))
    assert np.max(np.linalg.eigvalsh(below.covariance())) > 5.0
    assert at.limit.floquet_exponents(mathieu(1.9 * friction, friction))[0].real < 0.0
    with pytest.raises(at.errors.InstabilityError):
        at.limit_cycle(mathieu(2.1 * friction, friction))


def test_exponents_of_the_drude_oscillator_are_roots_of_its_cubic():
    friction, cutoff = 0.7, 4.0
    roots = np.roots([1.0, cutoff, 1.0 + friction * cutoff, cutoff])  # (z^2 + 1)(z + wD) + friction wD z
    oscillating = sorted((r for r in roots if abs(r.imag) > 1e-9), key=lambda r: r.imag)
    found = sorted(at.limit.floquet_exponents(damped(1.0, drude(friction, cutoff), 1.0)), key=lambda r: r.imag)
    np.testing.assert_allclose(found, oscillating, atol=1e-10)  # the iteration stops at 1e-12


def test_a_frequency_outside_the_band_is_a_bound_state():
    machine = damped(3.0, at.densities.FlatBand(0.1, 0.5, 1.5, "J"), 1.0)
    with pytest.raises(at.errors.ConvergenceError, match="subsystem 'a'.*bound state.*Widen the bands"):
        at.limit_cycle(replace(machine, subsystems=(at.Oscillator("a", 3.0),)))


def test_a_strong_coupling_to_a_narrow_band_is_a_bound_state():
    machine = damped(1.0, at.densities.FlatBand(1.0, 0.8, 1.2), 1.0)
    with pytest.raises(at.errors.ConvergenceError, match="bound state"):
        at.limit_cycle(replace(machine, couplings=(at.Exchange(("a", "bath")),)))


def test_what_a_little_of_a_bound_state_does():
    """exp(-band/rate) of an oscillator sits outside its band: said in `undamped`, and the row 13 current does not see it."""
    cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    assert 1e-6 < np.max(cycle.undamped) < 1e-4
    assert cycle.errors["covariance"] > 1e-6
    assert "bound states" in str(cycle)


def test_an_unstable_machine_tells_its_exponent():
    exponent = at.limit.floquet_exponents(mathieu(0.1, 0.02))[0].real
    with pytest.raises(at.errors.InstabilityError, match=f"{exponent:.6g}"):
        at.limit_cycle(mathieu(0.1, 0.02))


@pytest.mark.parametrize(("friction", "cutoff"), [(1.9, 20.0), (2.2, 20.0), (5.0, 50.0), (30.0, 5.0)])
def test_overdamped_exponents_are_roots_of_the_cubic(friction, cutoff):
    """Purely relaxing poles: those slower than the bath's memory are all found."""
    roots = np.roots([1.0, cutoff, 1.0 + friction * cutoff, cutoff])  # (z^2 + 1)(z + wD) + friction wD z
    slow = np.sort_complex(roots[np.argsort(-roots.real)][:2])
    found = np.sort_complex(at.limit.floquet_exponents(damped(1.0, drude(friction, cutoff), 1.0)))
    for root in slow[np.abs(slow.imag) < 1e-9]:
        assert np.min(np.abs(found - root)) < 1e-9  # the iteration stops at 1e-12 of the form, up to (friction x cutoff)
    assert found.real.max() == pytest.approx(roots.real.max(), abs=1e-9)


def late_cycle_machine(modes):
    """Position and exchange damping, a driven frequency and a rotating coupling, damped enough to be over in a few cycles."""
    hot, cold = entire(0.8, 2.0), entire(0.8, 1.5, 1, "kappa")
    return at.Machine(
        [
            at.Oscillator("a", at.drives.Constant(2.0) + at.drives.Harmonic(0.2, frequency=1.0), reference_frequency=2.0),
            at.Oscillator("b", 1.0),
        ],
        [at.ContinuumBath("hot", 4.0, hot, modes, "legendre"), at.ContinuumBath("cold", 0.5, cold, modes, "legendre")],
        [at.Position(("a", "hot")), at.Exchange(("b", "cold")), at.Exchange(("a", "b"), at.drives.Rotating(0.3, 1.0))],
        2.0 * np.pi,
    )


@pytest.mark.slow
def test_late_cycles_of_a_long_star_run_are_the_limit_cycle():
    machine, cycles = late_cycle_machine(1500), 5
    cycle = at.limit_cycle(machine)
    ledger = at.run(machine, cycles, backend=at.Star())  # long before recurrence: a warning would be an error
    last, end = ledger.cycles.isel(cycle=-1), ledger.snapshots.at(-1)
    # covariances relax as e^(2 Re lambda t), here from the start of the last cycle on
    transient = float(np.exp(2.0 * cycle.exponents[0].real * (cycles - 1) * machine.period))
    assert transient < 1e-3
    for found, exact in (
        (float(last.work), cycle.work),
        (last.heat.values, cycle.heat),
        (end.subsystem_energies, cycle.subsystem_energies()),
        (end.subsystem_entropies, cycle.subsystem_entropies()),
        (float(last.mutual_information), cycle.mutual_information()),
    ):
        np.testing.assert_allclose(found, exact, atol=3.0 * transient)  # energies at the start are of order one


def super_ohmic(modes):
    """A Drude tail of exponent 1.4 that reaches many decades, and a sub-Ohmic one."""
    hot = at.densities.Ohmic(0.1, 3.0, exponent=1.4, cutoff_shape="drude")
    cold = at.densities.Ohmic(0.1, 3.0, exponent=0.5, cutoff_shape="drude")
    baths = [at.ContinuumBath("hot", 2.0, hot, modes, "tan"), at.ContinuumBath("cold", 2.0, cold, modes, "tan")]
    drive = at.drives.Constant(0.5) + at.drives.Harmonic(0.2, frequency=2.0)
    return at.Machine(
        [at.Oscillator("a", 1.0)], baths, [at.Exchange(("a", "hot"), drive), at.Exchange(("a", "cold"), 0.5)], np.pi
    )


def test_slow_tails_do_not_spoil_the_heats():
    """Nearly all quanta of a high frequency come back: their heats must not be a difference of large numbers."""
    cycle = at.limit_cycle(super_ohmic(10))
    assert cycle.residual_first_law == pytest.approx(0.0, abs=2.0 * (cycle.errors["work"] + cycle.errors["heat"]))
    assert cycle.errors["heat"] < 1e-8 * np.max(np.abs(cycle.heat)) + 1e-12
    assert cycle.work > 0.0  # equal temperatures: only a heater is allowed


def test_errors_of_sudden_strokes_bound_what_more_harmonics_change():
    machine = damped(at.drives.Strokes((1.5, 1.5), (1.0, 1.3)), drude(0.5, 5.0), 2.0, period=3.0)
    coarse, fine = at.limit_cycle(machine, accuracy=0.1), at.limit_cycle(machine, accuracy=0.004)
    assert fine.n_harmonics > coarse.n_harmonics
    # at the jumps, where harmonics add up most slowly, and between them
    for phase in (0.0, 0.7, 1.5):
        change = np.max(np.abs(fine.covariance(phase) - coarse.covariance(phase)))
        assert change < coarse.errors["covariance"] + fine.errors["covariance"]
    assert abs(fine.work - coarse.work) < coarse.errors["work"]


def test_a_driven_bound_state_has_exponents_without_damping():
    frequency = at.drives.Constant(0.868) + at.drives.Harmonic(0.1, frequency=1.58, phase=2.4)
    machine = damped(frequency, at.densities.FlatBand(0.3, 0.814, 1.643), 0.8, period=2.0 * np.pi / 1.58, strength=0.8)
    assert at.limit.floquet_exponents(machine)[0].real == pytest.approx(0.0, abs=1e-9)  # the band starts above the frequency
    with pytest.raises(at.errors.ConvergenceError, match="bound state"):
        at.limit_cycle(machine)
