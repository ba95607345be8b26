"""Currents through driven pairs and chains of oscillators: rows 12, 13 and 16."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

import athermal as at


def bose(frequency, temperature):
    return 1.0 / np.expm1(frequency / temperature)


def steady(ledger, first, last):
    """Return work and heats per unit time in the quasi-stationary window of cycles first..last."""
    window = ledger.cycles.isel(cycle=slice(first, last))
    period = ledger.reference.period
    return float(window.work.mean()) / period, window.heat.mean("cycle").values / period


def pair(T_hot, coupling, rate, half_width, modes):
    return at.library.two_oscillator(
        2.0, 1.0, T_hot, 1.0, modes=modes, coupling=coupling, rate=rate, half_width=half_width, rule="legendre"
    )


@pytest.mark.parametrize("T_hot", [1.5, 2.4, 4.0])
def test_row_12_weak_coupling_current_and_efficiency(T_hot):
    """Kosloff, J. Chem. Phys. 80, 1625 (1984); Kosloff, Levy, Annu. Rev. Phys. Chem. 65, 365 (2014)."""
    rate, coupling = 0.04, 0.02
    ledger = at.run(pair(T_hot, coupling, rate, 0.5, 120), cycles=60)
    # From 45 cycles on transients e^{-rate t} are below 1e-4; the bath recurs at 2 pi/dw, some 76 cycles.
    work, (hot, cold) = steady(ledger, 45, 60)
    quanta = 4.0 * coupling**2 * rate * rate * (bose(2.0, T_hot) - bose(1.0, 1.0))
    quanta /= 2.0 * rate * (4.0 * coupling**2 + rate * rate)
    # Corrections are of relative order of the rate over the band (where the occupations change), 4 to 8 percent at most;
    # the difference n_h - n_c magnifies them when it is small, so compare with the larger occupation's own current.
    size = abs(quanta) * (bose(2.0, T_hot) + bose(1.0, 1.0)) / abs(bose(2.0, T_hot) - bose(1.0, 1.0))
    assert -hot / 2.0 == pytest.approx(quanta, abs=rate * size)
    assert cold / 1.0 == pytest.approx(quanta, abs=rate * size)
    # An engine iff n_h > n_c, with efficiency 1 - w_c/w_h at leading order in the rate.
    assert (work < 0.0) == (bose(2.0, T_hot) > bose(1.0, 1.0))
    if work < 0.0:
        assert work / hot == pytest.approx(0.5, abs=rate)


def test_row_12_efficiency_tends_to_one_minus_the_frequency_ratio():
    """The exact efficiency of row 13 tends to 1 - w_c/w_h.

    Its transmission is even in e, so what is left is int e^2 T (n_h - n_c)' de, of second order in the rate for a wide band
    (of first order at most, with the band's edges).
    """
    gaps = []
    for rate in (0.02, 0.2):
        current, weighted = exact_currents(4.0, 0.5 * rate, rate, 0.6)
        gaps.append(abs(current / weighted - 0.5))
    assert gaps[0] < 0.02**2
    assert gaps[1] / gaps[0] > 10.0


def transmission(energy, coupling, rate, half_width):
    shift = rate / (2.0 * np.pi) * np.log(abs((half_width + energy) / (half_width - energy)))
    level = energy - shift + 0.5j * rate
    return (rate * coupling) ** 2 / abs(level * level - coupling**2) ** 2


def exact_currents(T_hot, coupling, rate, half_width):
    """Return the current of quanta from hot to cold, and the heat that the hot bath gives, each per unit time."""

    def flow(energy):
        occupation = bose(2.0 + energy, T_hot) - bose(1.0 + energy, 1.0)
        return transmission(energy, coupling, rate, half_width) * occupation / (2.0 * np.pi)

    limits = {"limit": 400, "epsabs": 1e-14, "epsrel": 1e-12, "points": [0.0]}
    current = quad(flow, -half_width, half_width, **limits)[0]
    return current, quad(lambda e: (2.0 + e) * flow(e), -half_width, half_width, **limits)[0]


@pytest.mark.parametrize(("T_hot", "coupling", "rate"), [(2.4, 0.15, 0.2), (4.0, 0.1, 0.2), (1.5, 0.1, 0.15)])
def test_row_13_exact_current_through_equal_flat_bands(T_hot, coupling, rate):
    """Landauer formula in the frame in which the drive is constant, with the exact self-energy of a flat band of half-width B.

    The rotating frame turns the drive into a constant coupling of equal levels; quanta leave the hot bath at 2 + e and
    arrive at 1 + e, so Q_h = -int (2 + e) T (n_h - n_c) de/2pi, Q_c = int (1 + e) ..., and W is the difference, one
    period's phase w_h - w_c = 1 per quantum.
    """
    half_width = 0.6
    ledger = at.run(pair(T_hot, coupling, rate, half_width, 120), cycles=60)
    current, weighted = exact_currents(T_hot, coupling, rate, half_width)
    exact = np.array([-current, -weighted, weighted - current])
    found = [np.array([work, *heats]) for work, heats in (steady(ledger, 15, 30), steady(ledger, 45, 60))]
    early, late = (np.max(np.abs(values - exact)) / abs(current) for values in found)
    # The hard edges of the band leave transients that fall hardly faster than 1/t, beside e^{-rate t}: a thousandth after
    # fifty cycles, and still falling.
    assert late < 1e-3
    assert late < 0.7 * early


@pytest.mark.parametrize("length", [2, 3, 5])
def test_row_16_heat_through_a_chain_of_any_length(length):
    """Asadian, Manzano, Tiersch, Briegel, Phys. Rev. E 87, 012109 (2013)."""
    frequency, hopping, rate_1, rate_2, T_1, T_2, half_width, modes = 2.0, 0.05, 0.05, 0.08, 3.0, 1.0, 0.8, 150
    names = [f"site {k}" for k in range(length)]
    band = {"low": frequency - half_width, "high": frequency + half_width}
    machine = at.Machine(
        subsystems=[at.Oscillator(name, frequency) for name in names],
        reservoirs=[
            at.ContinuumBath("first", T_1, at.densities.FlatBand(rate_1, **band), modes, rule="legendre"),
            at.ContinuumBath("last", T_2, at.densities.FlatBand(rate_2, **band), modes, rule="legendre"),
        ],
        couplings=[
            at.Exchange((names[0], "first")),
            at.Exchange((names[-1], "last")),
            *(at.Exchange((a, b), hopping) for a, b in itertools.pairwise(names)),
        ],
        period=20.0,
    )
    ledger = at.run(machine, cycles=18)
    work, (first, last) = steady(ledger, 12, 18)
    quanta = 4.0 * hopping**2 * rate_1 * rate_2 * (bose(frequency, T_1) - bose(frequency, T_2))
    quanta /= (rate_1 + rate_2) * (4.0 * hopping**2 + rate_1 * rate_2)
    assert work == 0.0  # nothing is driven
    # The formula holds to first order in rate/band and rate/frequency, here some 5 percent.
    assert -first / frequency == pytest.approx(quanta, rel=0.05)
    assert last / frequency == pytest.approx(quanta, rel=0.05)
