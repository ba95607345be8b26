"""Rows 28 and 33: engines at the contact of a static oscillator, and quasistatic work at strong coupling."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at
from tests.physics.test_equilibrium import matsubara


def driven_contact(cold, frequency):
    """Cavaliere et al., arXiv:2205.01650: the contact with the cold bath goes as cos(Om t)."""
    baths = [at.ContinuumBath("hot", 1.0, at.densities.Ohmic(0.02, 20.0), "auto"), at.ContinuumBath("cold", 0.3, cold, "auto")]
    couplings = [at.Position(("o", "hot")), at.Position(("o", "cold"), at.drives.Harmonic(1.0, frequency))]
    return at.Machine([at.Oscillator("o", 1.0)], baths, couplings, 2.0 * np.pi / frequency)


def lorentzian(d, g, centre):
    return at.densities.FunctionDensity(lambda w: d * g * w / ((w * w - centre**2) ** 2 + (g * w) ** 2), 0.0, 60.0)


def test_row_28_a_lorentzian_cold_bath_is_an_engine():
    cycle = at.limit_cycle(driven_contact(lorentzian(0.01, 0.05, 0.6), 0.4), accuracy=1e-7)
    # printed with six decimals; the density is cut at 60, where 1e-9 of integral J/w is left
    assert cycle.work == pytest.approx(-0.028342, abs=1e-6)
    assert cycle.efficiency == pytest.approx(0.386518, abs=1e-6)
    assert cycle.mode == "engine"


def test_row_28_an_ohmic_one_never_is():
    for frequency in (0.4, 1.6):
        cycle = at.limit_cycle(driven_contact(at.densities.Ohmic(0.02, 20.0), frequency), accuracy=1e-4)
        assert cycle.work > cycle.errors["work"]


def test_row_33_quasistatic_work_at_strong_coupling():
    """Allahverdyan, Nieuwenhuizen, PRL 85, 1799 (2000): W = int <x^2> w0 dw0 of the Gibbs state at each frequency of the trap.

    Q_S = dU_S - W, by the oscillator's own energy, is above T dS_S: alone it does not obey Clausius.
    """
    friction, cutoff, temperature = 1.0, 10.0, 0.2
    density = at.densities.Ohmic(friction, cutoff, cutoff_shape="drude")

    def state(w):
        """H_S = p^2/2 + w^2 x^2/2 of unit mass: the static potential of an oscillator of reference frequency one."""
        bath = at.ContinuumBath("bath", temperature, density, "auto")
        oscillator = at.Oscillator("o", w, reference_frequency=1.0)
        return at.limit_cycle(at.Machine([oscillator], [bath], [at.Position(("o", "bath"))], 1.0), accuracy=1e-10)

    x, weights = np.polynomial.legendre.leggauss(8)
    w = 1.5 + 0.5 * x
    work = 0.5 * float(np.sum(weights * w * [state(float(v)).covariance()[0, 0] for v in w]))
    energies, entropies = [], []
    for v in (1.0, 2.0):
        cycle = state(v)
        squares = np.diag(cycle.covariance())
        energies.append(0.5 * (squares[1] + v**2 * squares[0]))
        entropies.append(cycle.system_entropy())
    np.testing.assert_allclose(np.diag(state(1.0).covariance()), matsubara(friction, cutoff, temperature), rtol=1e-9)
    change = energies[1] - energies[0]
    assert work == pytest.approx(0.4422312956, abs=2e-10)  # printed with ten decimals
    assert change == pytest.approx(0.41425871, abs=1e-8)
    assert change - work == pytest.approx(-0.02797259, abs=1e-8)
    assert temperature * (entropies[1] - entropies[0]) == pytest.approx(-0.05183360, abs=1e-8)
