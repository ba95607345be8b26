import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.drive import check_period

# --- two oscillators --------------------------------------------------------------------------------------------------------


def test_two_oscillators_are_the_machine_of_their_equation():
    machine = at.library.two_oscillator(3.0, 1.0, 2.0, 0.5, modes=5, coupling=0.1, squeezing=0.02, rate=0.3, half_width=0.4)
    by_hand = at.Machine(
        [at.Oscillator("hot", 3.0), at.Oscillator("cold", 1.0)],
        [
            at.ContinuumBath("hot bath", 2.0, at.densities.FlatBand(0.3, 2.6, 3.4), 5),
            at.ContinuumBath("cold bath", 0.5, at.densities.FlatBand(0.3, 0.6, 1.4), 5),
        ],
        [
            at.Exchange(("hot", "hot bath")),
            at.Exchange(("cold", "cold bath")),
            at.Exchange(("hot", "cold"), at.drives.Rotating(0.1, 2.0)),
            at.TwoModeSqueezing(("hot", "cold"), at.drives.Rotating(0.02, 4.0)),
        ],
        period=math.pi,
        name="two_oscillator",
    )
    assert machine == by_hand


def test_two_oscillators_with_position_damping():
    machine = at.library.two_oscillator(
        modes=5,
        damping="position",
        density_hot=at.densities.Ohmic(0.1, 5.0),
        density_cold=at.densities.FlatBand(0.1, 0.5, 1.5),
        high=20.0,
        rule="legendre",
    )
    assert machine.couplings[0] == at.Position(("hot", "hot bath"), counter_term=True)
    assert machine.reservoirs[0].high == 20.0
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        at.library.two_oscillator(
            modes=20, damping="position", density_hot=at.densities.Ohmic(1.5, 5.0), high=50.0, rule="legendre", counter_term=False
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"T_hot": -1.0}, "`temperature` of reservoir 'hot bath' must be zero or positive, but is -1.0"),
        ({"omega_cold": 0.0}, "`omega_cold` of a two-oscillator engine must be positive, but is 0.0"),
        ({"omega_cold": 1.3, "squeezing": 0.1}, "must repeat a whole number of times in the machine's period"),
        ({"modes": 0}, "`modes` of reservoir 'hot bath'"),
        ({"density_hot": at.densities.Ohmic(0.1, 5.0), "rule": "legendre"}, "Reservoir 'hot bath': `high` .* must be finite"),
    ],
)
def test_two_oscillators_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.two_oscillator(**{"modes": 5, **arguments})


@pytest.mark.parametrize(("omega_hot", "omega_cold"), [(2.0, 2.0), (1.0, 2.0)])
def test_two_oscillators_at_equal_or_inverted_frequencies_are_machines(omega_hot, omega_cold):
    machine = at.library.two_oscillator(omega_hot, omega_cold, modes=5)
    assert machine.period > 0.0
    for coupling in machine.couplings:
        check_period(coupling.drive, machine.period, "strength", coupling.owner)


# --- Otto -----------------------------------------------------------------------------------------------------------------------


def values(machine, times):
    """Return w(t) and the two contacts at the given times."""
    times = np.asarray(times)
    return [machine.subsystems[0].drive.value(times), *(coupling.drive.value(times) for coupling in machine.couplings)]


def test_otto_with_sudden_everything():
    machine = at.library.otto(modes=4, contact_time=10.0, switching_time=0.0)
    assert machine.period == 20.0
    assert [c.between[1] for c in machine.couplings] == ["cold bath", "hot bath"]
    w, cold, hot = values(machine, [1.0, 9.0, 11.0, 19.0])
    assert w.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert cold.tolist() == [0.1, 0.1, 0.0, 0.0]
    assert hot.tolist() == [0.0, 0.0, 0.1, 0.1]


def test_otto_with_smooth_everything():
    """Contact 10 with switching 2, strokes of 3: contacts rise and fall inside their own stroke, w moves between them."""
    machine = at.library.otto(modes=4, contact_time=10.0, switching_time=2.0, stroke_time=3.0, contact_strength=0.2)
    assert machine.period == 26.0
    w, cold, hot = values(machine, [0.0, 1.0, 5.0, 9.0, 10.0, 11.5, 13.0, 14.0, 18.0, 22.0, 23.0, 24.5])
    near = {"rtol": 0.0, "atol": 1e-14}  # rounding of cosines
    assert np.allclose(w, [1, 1, 1, 1, 1, 1.5, 2, 2, 2, 2, 2, 1.5], **near)
    assert np.allclose(cold, [0, 0.1, 0.2, 0.1, 0, 0, 0, 0, 0, 0, 0, 0], **near)
    assert np.allclose(hot, [0, 0, 0, 0, 0, 0, 0, 0.1, 0.2, 0.1, 0, 0], **near)


def test_otto_baths():
    rings = at.library.otto(modes=7, hopping=0.05)
    assert rings.reservoirs == (at.Ring("hot bath", 4.0, 7, 2.0, 0.05), at.Ring("cold bath", 0.5, 7, 1.0, 0.05))
    assert all(c.site == 0 and c.counter_term is False for c in rings.couplings)
    stars = at.library.otto(modes=7, baths="star", rate=0.2, half_width=0.3)
    assert stars.reservoirs[0] == at.ContinuumBath("hot bath", 4.0, at.densities.FlatBand(0.2, 1.7, 2.3), 7, "midpoint")
    assert all(isinstance(c, at.Exchange) for c in stars.couplings)
    own = at.library.otto(modes=7, cold_bath=at.Chain("ice", 0.1, 5, 1.0, 0.1), site=4)
    assert own.reservoir_names == ("hot bath", "ice")
    assert own.couplings[0].site == 4
    assert own.couplings[1].site == 0
    squeezed = at.library.otto(modes=7, hot_squeezing=0.4)
    assert squeezed.initial == at.Squeezed("hot bath", 0.4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"baths": "pond"}, "`baths` of an Otto engine must be 'ring' or 'star', but is 'pond'"),
        ({"contact": "touch"}, "`contact` of an Otto engine must be one of 'position', 'exchange', but is 'touch'"),
        ({"contact_time": 0.0}, "`contact_time` of an Otto engine must be positive"),
        ({"switching_time": -1.0}, "`switching_time` of an Otto engine must be zero or positive"),
        ({"switching_time": 60.0}, "`switching_time` of an Otto engine must be at most half its contact time 100.0, but is 60.0"),
        ({"stroke_time": -1.0}, "`stroke_time` of an Otto engine must be zero or positive"),
        ({"omega_hot": -2.0}, "`frequency` of reservoir .hot bath. must be positive, but is -2.0"),
        ({"T_cold": -2.0}, "`temperature` of reservoir 'cold bath' must be zero or positive, but is -2.0"),
        ({"contact_strength": 1.5}, "must be bounded below"),
    ],
)
def test_otto_engines_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.otto(modes=4, **arguments)


def test_otto_with_a_contact_of_no_strength_does_nothing_but_compress():
    """The adiabatic law keeps the number: over a cycle no work at all."""
    ledger = at.run(at.library.otto(modes=4, contact_strength=0.0, contact_time=10.0, switching_time=2.0, stroke_time=1.0))
    assert abs(ledger.work.item()) < 1e-13  # rounding
    assert np.max(np.abs(ledger.heat.values)) < 1e-13


# --- three oscillators --------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")
def test_the_swap_angle_is_the_fraction_that_moves():
    """One resonant contact for the time T at g = angle/T swaps sin^2(angle) of the excitations: a beam splitter."""
    angle, w_h, w_c = 0.4, 2.0, 1.0
    machine = at.library.three_oscillators(w_h, w_c, 10.0, 1.0, swap_angle=angle)
    ledger = at.run(machine, samples_per_cycle=2)
    n = [1.0 / np.expm1(w_c / 1.0), 1.0 / np.expm1(w_h / 10.0)]
    # the working oscillator starts with the cold bath's occupation, takes from the hot one in the second stroke
    moved = np.sin(angle) ** 2 * (n[1] - n[0])
    assert ledger.heat.sel(reservoir="hot bath").item() == pytest.approx(-w_h * moved, rel=1e-12)  # rounding
    assert ledger.heat.sel(reservoir="cold bath").item() == pytest.approx(0.0, abs=1e-12)
    # work of the two quenches: n_c (w_h - w_c) in, (n_c + moved)(w_h - w_c) out
    assert ledger.work.item() == pytest.approx(-moved * (w_h - w_c), rel=1e-12)


@pytest.mark.parametrize("damping", ["exchange", "position"])
def test_both_kinds_of_damping_have_the_rate_they_are_given(damping):
    """The energy of a weakly damped oscillator decays as e^{-rate t} towards its bath's."""
    rate = 0.02
    machine = at.library.two_oscillator(modes=100, coupling=0.0, rate=rate, damping=damping)
    ledger = at.run(machine, cycles=8, initial=at.ProductThermal({"hot": 30.0}))
    energy = ledger.instants.subsystem_energy.sel(subsystem="hot").values
    rest = 1.0 / np.expm1(2.0 / 1.5) * 2.0 + 1.0
    decay = -np.log((energy[-1] - rest) / (energy[2] - rest)) / (6.0 * machine.period)
    # corrections of first order in the rate over the half-width 0.6 of the band, and the dressing of the energy
    assert decay == pytest.approx(rate, rel=0.08)


def test_an_ohmic_density_needs_nothing_else():
    machine = at.library.two_oscillator(
        density_hot=at.densities.Ohmic(0.05, 3.0), density_cold=at.densities.FlatBand(0.1, 0.0, 2.0), modes=40
    )
    assert float(np.max(machine.reservoirs[0].frequencies)) < 60.0


def test_squeezing_is_not_dropped_for_a_given_start():
    with pytest.raises(
        at.errors.MachineError, match="`hot_squeezing` of an Otto engine must be zero when an initial state is given"
    ):
        at.library.otto(modes=4, hot_squeezing=0.5, initial=at.ProductThermal())
