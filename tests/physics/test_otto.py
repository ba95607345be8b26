"""Otto engines: rows 14 and 15, the ring engine of row 17 and the three oscillators of row 18."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import athermal as at

TAU = 0.3  # T_cold/T_hot
T_HOT = 1e4  # far above every frequency: the classical limit, to which quantum corrections are of order (w/T)^2


def ideal_cycle(ratio, law, stroke_time=0.0, squeezing=0.0):
    """Run one cycle of an Otto engine with perfect thermalisation and return its ledger.

    Each contact is a full swap with a resonant mode: the oscillator leaves with that mode's thermal (or squeezed) state. It
    starts as its cold mode is, so the cycle is closed: the first swap, with the cold mode, changes nothing, and the last state
    is given back to it in the next cycle. To close it within one, the ledger runs to the end of the second cold contact.
    """
    contact_time = 2.0 * math.pi / ratio  # any time: the strength makes it a full swap
    machine = at.library.otto(
        1.0,
        ratio,
        T_HOT,
        TAU * T_HOT,
        hot_bath=at.Bath("hot bath", T_HOT, (1.0,)),
        cold_bath=at.Bath("cold bath", TAU * T_HOT, (ratio,)),
        contact="exchange",
        contact_strength=0.5 * math.pi / contact_time,
        contact_time=contact_time,
        switching_time=0.0,
        stroke_time=stroke_time,
        law=law,
        hot_squeezing=squeezing,
    )
    return at.run(machine, cycles=1)


def closed_efficiency(ratio, law, stroke_time=0.0, squeezing=0.0):
    """Return work output and efficiency of the closed cycle.

    The one-cycle run ends before the cold contact, which does no work (the swap is resonant, nothing is driven): what the
    oscillator has gained, dU, is what that contact would pass on to the cold bath. So the closed cycle has the run's W and
    Q_hot.
    """
    first = ideal_cycle(ratio, law, stroke_time, squeezing).cycles.isel(cycle=0)
    output, heat = float(first.work_output), -float(first.heat.sel(reservoir="hot bath"))
    return output, output / heat


def at_maximum_work(law, squeezing=0.0):
    best = minimize_scalar(
        lambda ratio: -closed_efficiency(ratio, law, squeezing=squeezing)[0],
        bounds=(0.2, 0.99),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return closed_efficiency(best.x, law, squeezing=squeezing)[1], best.x


def test_row_14_sudden_strokes_at_maximum_work():
    """Rezek, Kosloff, New J. Phys. 8, 83 (2006); Kosloff, Rezek, Entropy 19, 136 (2017)."""
    efficiency, ratio = at_maximum_work("potential")
    # The optimum is flat and found to 1e-6 of the ratio; quantum corrections are of order (w/T)^2 = 1e-8.
    assert efficiency == pytest.approx((1.0 - math.sqrt(TAU)) / (2.0 + math.sqrt(TAU)), abs=1e-5)
    assert efficiency == pytest.approx(0.177523, abs=1e-5)
    assert ratio == pytest.approx(TAU**0.25, abs=1e-3)


def test_row_14_frictionless_strokes_at_maximum_work():
    """The Curzon-Ahlborn value: Abah et al., Phys. Rev. Lett. 109, 203006 (2012)."""
    efficiency, ratio = at_maximum_work("number")  # no stroke, however fast, squeezes the oscillator
    assert efficiency == pytest.approx(1.0 - math.sqrt(TAU), abs=1e-5)  # as above
    assert efficiency == pytest.approx(0.452277, abs=1e-5)
    assert ratio == pytest.approx(math.sqrt(TAU), abs=1e-3)


def test_row_14_slow_strokes_are_frictionless():
    """Slow ramps of the trap reach the same point."""
    ratio = math.sqrt(TAU)
    slow = closed_efficiency(ratio, "potential", stroke_time=16.0 * math.pi / ratio)
    # Ramps of eight periods and more, with continuous slope: a thermal state feels what they squeeze in second order.
    np.testing.assert_allclose(slow, closed_efficiency(ratio, "number"), rtol=1e-4)


@pytest.mark.parametrize("squeezing", [0.2, 0.4])
def test_row_15_squeezed_hot_bath(squeezing):
    """Rossnagel et al., Phys. Rev. Lett. 112, 030602 (2014): the oscillator leaves the bath with cosh(2r) times the energy."""
    effective = TAU / (1.0 + 2.0 * math.sinh(squeezing) ** 2)
    efficiency, ratio = at_maximum_work("number", squeezing)
    assert efficiency == pytest.approx(1.0 - math.sqrt(effective), abs=1e-5)  # as without squeezing
    assert ratio == pytest.approx(math.sqrt(effective), abs=1e-3)


def test_row_15_the_excess_is_booked_as_athermality_of_the_bath():
    """With a strongly squeezed bath the engine beats Carnot, and the ledger says that D of the hot bath paid."""
    squeezing = 1.0
    ratio = math.sqrt(TAU / math.cosh(2.0 * squeezing))
    ledger = ideal_cycle(ratio, "number", squeezing=squeezing)
    _, efficiency = closed_efficiency(ratio, "number", squeezing=squeezing)
    assert efficiency > 1.0 - TAU
    first = ledger.cycles.isel(cycle=0)
    assert bool(first.is_athermal)
    assert str(first.paid_by.item()) == "D[hot bath]"
    assert float(first.athermality_change.sel(reservoir="hot bath")) < 0.0
    # A thermal mode squeezed by r at high temperature: D = cosh 2r - 1 nats, from E/T + ln Z - S with S unchanged.
    before = float(ledger.instants.athermality.sel(reservoir="hot bath")[0])
    assert before == pytest.approx(math.cosh(2.0 * squeezing) - 1.0, rel=1e-7)  # (w/T)^2 corrections


def ring_outputs(sites, cycles):
    return at.run(at.library.otto(modes=sites), cycles=cycles).work_output.values


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # what happens then is the point
@pytest.mark.parametrize("sites", [60, 100])
def test_row_17_work_collapses_when_the_excitation_has_gone_round_the_ring(sites):
    """Pozas-Kerstjens, Brown, Hovhannisyan, New J. Phys. 20, 043034 (2018), on smaller rings.

    The group velocity of w_k = sqrt(w (w + 2 a cos k)) is about a, so the excitation returns after sites/a.
    """
    last = int(sites / 0.1 / 200.0)  # whole cycles of length 200 before the return
    output = ring_outputs(sites, last + 3)
    plateau = output[:last]
    assert np.all(plateau > 0.0)
    assert np.ptp(plateau) < 0.05 * np.mean(plateau)  # a plateau: within five percent
    assert np.min(output[last : last + 3]) < 0.75 * np.mean(plateau)  # a collapse: by far more


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")
def test_row_17_full_size():
    """Plateau for about 15 cycles, collapse, revival near cycle 32."""
    output = ring_outputs(300, 40)
    plateau = np.mean(output[:15])
    assert np.ptp(output[:15]) < 0.05 * plateau
    assert np.all(output[17:30] < 0.4 * plateau)
    revival = int(np.argmax(output[24:])) + 25  # cycles count from 1
    assert 31 <= revival <= 33
    assert output[revival - 1] > 1.5 * np.min(output[17:30])


def test_row_18_three_oscillators_work_for_tens_of_cycles_among_correlations():
    """Reid, Pigeon, Antezza, De Chiara, EPL 120, 60006 (2017), qualitatively."""
    swap = 0.05
    ledger = at.run(at.library.three_oscillators(swap_angle=swap), cycles=120)
    working = np.cumprod(ledger.work_output.values > 0.0).sum()
    assert 20 <= working < 120  # it lives for tens of cycles, and not for ever
    # What a full exchange of the two baths' excitations would give bounds the work: (w_h - w_c)(n_h - n_c).
    n_hot, n_cold = 1.0 / math.expm1(2.0 / 10.0), 1.0 / math.expm1(1.0 / 1.0)
    total = float(ledger.cumulative.work_output.max())
    assert 0.5 * (n_hot - n_cold) < total <= (n_hot - n_cold) * (1.0 + 1e-12)  # more than half of it is had
    # Work comes with correlations: over the working life both grow together from nothing.
    correlation = ledger.mutual_information.values + ledger.reservoir_correlation.values
    strongest = int(np.argmax(ledger.work_output.values))
    assert correlation[strongest] > 0.1
    assert correlation[strongest] > 5.0 * correlation[0]
