"""Stated errors of limit cycles against truths, over exponents, cut-offs, frictions and temperatures.

With F the memory force of H = w0 (x^2 + p^2)/2 + x X + counter-term, mu(v) = (2/pi) int J v^2/(w (w^2 + v^2)) dw, Matsubara's sums are
<x^2> = T sum_n w0/(w0^2 + v_n^2 + w0 mu(v_n)), <p^2> = T sum_n (w0 + mu)/(...): no number of ours enters (Grabert, Weiss,
Talkner, Z. Phys. B 55, 87 (1984)); with a Drude cut-off they are digamma functions.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma

import athermal as at
from athermal.machine.continuum import continuum
from tests.physics.test_equilibrium import matsubara


def damped(density, *temperatures):
    baths = [at.ContinuumBath(f"b{k}", T, density, "auto") for k, T in enumerate(temperatures)]
    return at.Machine([at.Oscillator("a", 1.0)], baths, [at.Position(("a", bath.name)) for bath in baths], 1.0)


# --- Drude ---------------------------------------------------------------------------------------------------------------

FEW = list(itertools.product((1e-5, 0.3, 4.0, 30.0), (0.3, 100.0, 1e4), (1e-4, 1.0)))
MANY = list(
    itertools.product((1e-6, 1e-3, 0.1, 1.0, 2.0, 3.0, 8.0, 100.0), (0.1, 1.0, 10.0, 1e3, 1e5), (1e-6, 1e-3, 0.1, 10.0, 1e3))
)


@pytest.mark.parametrize("grid", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def test_drude_at_any_friction_cut_off_and_temperature(grid):
    for friction, cutoff, temperature in grid:
        cycle = at.limit_cycle(damped(at.densities.Ohmic(friction, cutoff, cutoff_shape="drude"), temperature))
        exact = np.array(matsubara(friction, cutoff, temperature))
        off = np.max(np.abs(np.diag(cycle.covariance()) - exact))
        # rounding of the digamma functions
        assert off <= cycle.errors["covariance"] + 1e-15 * np.max(exact) * (1.0 + friction * cutoff), (
            friction,
            cutoff,
            temperature,
        )
        # what was asked for, and rounding: of the counter-term, and beside the damping of a narrow resonance
        rounding = 1e-12 * friction * cutoff + 1e-14 * (1.0 + cutoff**-2) / friction
        assert cycle.errors["covariance"] <= (1e-8 + rounding) * np.max(exact)


# --- powers --------------------------------------------------------------------------------------------------------------


def memory(density, lowest, highest):
    """Return mu(v), by quadrature in ln w."""

    def mu(v):
        def slope(u):
            w = np.exp(u)
            return float(density(np.array([w]))[0]) * v**2 / (w**2 + v**2)

        a, b = np.log(lowest), np.log(highest)
        marks = np.unique(np.clip([a, np.log(v) - 3.0, np.log(v), np.log(v) + 3.0, b - 5.0, b], a, b))
        return (
            2.0 / np.pi * sum(quad(slope, c, d, epsabs=1e-14, epsrel=1e-11, limit=200)[0] for c, d in itertools.pairwise(marks))
        )

    return mu


def moments(density, temperature, lowest, highest, n_terms=40):
    """Return <x^2>, <p^2> of w0 = 1: terms up to n, then the integral from n + 1/2 and Euler and Maclaurin's first correction."""
    mu, step = memory(density, lowest, highest), 2.0 * np.pi * temperature

    def both(v):
        m = mu(v)
        return np.array([1.0, 1.0 + m]) / (1.0 + v**2 + m)

    start = step * (n_terms + 0.5)
    tail = [
        2.0 / step * quad(lambda u, k=k: both(np.exp(u))[k] * np.exp(u), np.log(start), np.log(start) + 40.0)[0] for k in (0, 1)
    ]
    bend = (both(1.001 * start) - both(0.999 * start)) / (0.002 * start) * step / 12.0
    return temperature * (1.0 + 2.0 * sum(both(step * n) for n in range(1, n_terms + 1)) + tail + bend)


POWERS = [(0.3, "exponential", 0.05, 3.0, 0.5), (0.1, "drude", 0.05, 3.0, 0.5), (1.6, "exponential", 0.3, 30.0, 0.2)]
MORE = [
    *itertools.product((0.1, 0.2, 0.5, 0.8, 1.0, 1.4, 2.0, 3.0), ("exponential",), (0.02, 0.6), (2.0, 20.0), (0.2, 2.0)),
    *itertools.product((0.1, 0.5, 1.4, 1.8), ("drude",), (0.02, 2.0), (2.0, 20.0), (0.2, 2.0)),
]


@pytest.mark.parametrize("grid", [POWERS, pytest.param(MORE, marks=pytest.mark.slow)], ids=["few", "many"])
def test_powers_from_deeply_sub_ohmic_to_super_ohmic(grid):
    for exponent, shape, friction, cutoff, temperature in grid:
        density = at.densities.Ohmic(friction, cutoff, exponent, shape)
        highest = 60.0 * cutoff if shape == "exponential" else cutoff * 1e-13 ** (1.0 / (exponent - 2.0))
        exact = moments(density, temperature, 1e-2 * cutoff * 1e-15 ** (1.0 / exponent), highest)
        cycle = at.limit_cycle(damped(density, temperature))
        off = np.max(np.abs(np.diag(cycle.covariance()) - exact))
        # the quadratures of the truth
        assert off <= cycle.errors["covariance"] + 2e-9 * np.max(exact), (exponent, shape, friction, cutoff, temperature)
        assert cycle.errors["covariance"] <= 1e-8 * np.max(exact)


@pytest.mark.parametrize("exponent", [0.05, 0.1, 0.3, 0.7, 1.0, 2.5])
def test_softness_in_closed_form(exponent):
    """Integral G/w dw = (2/pi) friction cutoff Gamma(s), and 1/s with a hard end."""
    for shape, mass in (("exponential", gamma(exponent)), ("hard", 1.0 / exponent)):
        bath = continuum(at.ContinuumBath("b", 1.0, at.densities.Ohmic(0.05, 3.0, exponent, shape), "auto"))
        # panels of sixteen orders towards zero
        assert bath.softness == pytest.approx(2.0 / np.pi * 0.15 * mass, rel=1e-10)


# --- currents ------------------------------------------------------------------------------------------------------------


def current(densities, temperatures, highest):
    """Return the heat from the first bath into the second per unit time, int w T(w) (n_1 - n_2) dw/2 pi, T = 4 J_1 J_2 |chi|^2.

    1/chi = 1 - w^2 + sum_j M_j, M = -(2/pi) w^2 PV int J/(w' (w'^2 - w^2)) dw' - i J(w).
    """

    def answer(density, w):
        def plain(u):
            other = np.exp(u)
            return float(density(np.array([other]))[0]) / (other**2 - w**2)

        def near(other):
            return float(density(np.array([other]))[0]) / (other * (other + w))

        ends = [
            (np.log(w) - 200.0, np.log(w) - 20.0),
            (np.log(w) - 20.0, np.log(0.5 * w)),
            (np.log(1.5 * w), np.log(1e3 * highest)),
        ]
        total = sum(quad(plain, a, b, epsabs=1e-13, epsrel=1e-10, limit=200)[0] for a, b in ends)
        total += quad(near, 0.5 * w, 1.5 * w, weight="cauchy", wvar=w, epsabs=1e-13, epsrel=1e-10)[0]
        return -2.0 / np.pi * w**2 * total - 1j * float(density(np.array([w]))[0])

    def slope(u):
        w = np.exp(u)
        m = [answer(density, w) for density in densities]
        occupied = [1.0 / np.expm1(w / T) for T in temperatures]
        transmitted = 4.0 * m[0].imag * m[1].imag / abs(1.0 - w**2 + sum(m)) ** 2
        return w * w * transmitted * (occupied[0] - occupied[1]) / (2.0 * np.pi)

    marks = [np.log(1e-9), np.log(0.05), np.log(0.7), 0.0, np.log(1.5), np.log(highest)]
    return sum(quad(slope, a, b, epsrel=1e-8, limit=60)[0] for a, b in itertools.pairwise(marks))


@pytest.mark.parametrize(
    ("exponents", "friction"),
    [
        ((0.3, 0.3), 0.05),
        pytest.param((0.5, 1.5), 0.3, marks=pytest.mark.slow),
        pytest.param((1.0, 3.0), 0.2, marks=pytest.mark.slow),
    ],
)
def test_heat_between_two_baths(exponents, friction):
    densities = [at.densities.Ohmic(friction, 3.0, s) for s in exponents]
    baths = [at.ContinuumBath(n, T, d, "auto") for n, T, d in zip("hc", (2.0, 0.5), densities, strict=True)]
    machine = at.Machine([at.Oscillator("a", 1.0)], baths, [at.Position(("a", "h")), at.Position(("a", "c"))], 1.0)
    cycle = at.limit_cycle(machine)
    exact = current(densities, (2.0, 0.5), 60.0)
    np.testing.assert_allclose(cycle.heat, [-exact, exact], atol=cycle.errors["heat"] + 1e-7 * exact)  # of the quadratures
    assert cycle.errors["heat"] <= 1e-8 * exact
