"""HEOM of a qubit that a bath only dephases, in closed form, for baths of every kind; and a damped mode between qubit and bath.

With lambda sigma_z B the coherence decays by exp(-phi), phi = 2 lambda^2 integral g^2(w) coth(w/2T) (1 - cos wt)/w^2 dw, and each
mode circles its shifted centre, so that the bath takes Q = lambda^2 integral g^2(w) (1 - cos wt)/w dw.
"""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at

STRENGTH = 0.5
PLUS = at.GivenState(np.array([[0.5, -0.5j], [0.5j, 0.5]]), parts=("q",))
PEAK = at.densities.UnderdampedBrownian(0.3, 0.2, 1.0)


def dephased(density, temperature, period):
    bath = at.ContinuumBath("bath", temperature, density)
    contact = at.OperatorCoupling(("q", "bath"), ("sigmaz", "position"), STRENGTH)
    return at.Machine([at.Qubit("q", 0.0)], [bath], [contact], period=period, initial=PLUS)


def closed_form(density, temperature, times):
    """The entropy and the heat, by the trapezoidal rule in ln w."""
    w = np.geomspace(1e-9, 1e6, 200_000)
    squared, turned = density.squared_coupling(w), 1.0 - np.cos(np.multiply.outer(times, w))
    noise = squared / np.tanh(0.5 * w / temperature) if temperature else squared
    phi = np.trapezoid(2.0 * STRENGTH**2 * noise * turned / w, np.log(w))
    p = 0.5 * (1.0 + np.exp(-phi))
    return -p * np.log(p) - (1.0 - p) * np.log(1.0 - p), np.trapezoid(STRENGTH**2 * squared * turned, np.log(w))


@pytest.mark.parametrize(
    ("density", "temperature", "period"),
    [
        (at.densities.Ohmic(2.0 * np.pi * 0.3, 5.0, exponent=3.0), 0.1, 5.0),
        pytest.param(at.densities.Ohmic(0.4, 5.0, exponent=0.5), 0.0, 5.0, marks=pytest.mark.slow),
        (at.densities.Ohmic(0.4, 5.0), 0.0, 5.0),
        (PEAK, 0.3, 5.0),
        (at.densities.Ohmic(0.1, 9.0, exponent=2.0), 0.05, 15.0),
        pytest.param(PEAK + at.densities.Ohmic(0.05, 3.0), 1.0, 5.0, marks=pytest.mark.slow),
    ],
    ids=["super-Ohmic", "sub-Ohmic, vacuum", "vacuum", "peak", "square, cold", "sum"],
)
@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")  # some errors are above 0.01, and are compared here
def test_entropy_and_heat_of_pure_dephasing_are_within_their_errors(density, temperature, period):
    ledger = at.run(dephased(density, temperature, period), 2, backend=at.HEOM(depth=5))
    times = period * np.arange(1.0, 3.0)
    for name, truth in zip(("entropy_change", "heat"), closed_form(density, temperature, times), strict=True):
        off = np.abs(ledger.cumulative[name].values[:, 0] - truth)
        stated = ledger.cumulative_errors[name].values[:, 0]
        assert np.all(off <= stated + 1e-5), name  # of the integrator, and of tails beyond the rule's end
        assert np.all(off < 0.01), name


def test_independent_boson():
    """Q(t) = a wc (wc t)^2/(1 + (wc t)^2) for sum g_k^2 delta(w - w_k) = 2 a w e^{-w/wc} of (1/2) sum g_k (b + b^dag)."""
    density = at.densities.Ohmic(2.0 * np.pi * 1.25, 1.0)
    machine = dephased(density, 1.0, 4.0)
    ledger = at.run(machine, samples_per_cycle=4, backend=at.HEOM(depth=4, exponents=5, check=False))
    heat = ledger.snapshots.reservoir_energies[[1, 2, 4], 0]
    assert heat == pytest.approx([0.625, 1.0, 1.1764706], abs=0.01)  # 1 % of the reorganisation energy, 1.25


@pytest.mark.parametrize("density", [at.densities.UnderdampedBrownian(0.5, 0.1, 1.0), "function"])
def test_a_damped_mode_between_qubit_and_bath(density):
    """Against QuTiP's UnderDampedEnvironment at the same depth, t = 5 and 10, which is not converged; 1 % of a tail is cut."""
    if density == "function":
        density = at.densities.FunctionDensity(lambda w: 0.025 * w / ((1.0 - w * w) ** 2 + 0.01 * w * w), 0.0, 10.0)
    contact = at.OperatorCoupling(("q", "bath"), ("sigmaz", "position"))
    tunnel = at.OperatorCoupling(("q",), ("sigmax",), 0.5)
    up = at.GivenState([[1.0, 0.0], [0.0, 0.0]], parts=("q",))
    machine = at.Machine(
        [at.Qubit("q", 0.5)], [at.ContinuumBath("bath", 1.0, density)], [tunnel, contact], period=10.0, initial=up
    )
    ledger = at.run(machine, samples_per_cycle=2, backend=at.HEOM(depth=7, check=False))
    assert ledger.samples.entropy_change.values[:, 0] == pytest.approx([0.52534, 0.59965], abs=1e-3)
