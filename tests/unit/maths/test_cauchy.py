"""Cauchy transforms: closed forms against quadrature, the series against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from athermal.maths import cauchy

POINTS = np.array([0.3, 0.7, 1.9, 2.5, 5.0, -1.0])


def by_quadrature(density, low, high, w):
    """Return PV integral G/(w - w') dw' - i pi G(w) by QUADPACK's Cauchy weight."""
    principal = -quad(density, low, high, weight="cauchy", wvar=w, epsabs=1e-12, epsrel=1e-12, limit=400)[0]
    return principal - 1j * np.pi * (density(w) if low < w < high else 0.0)


@pytest.mark.parametrize(
    ("density", "low", "high", "closed"),
    [
        (lambda w: 0.4, 0.2, 2.2, lambda z: cauchy.flat(z, 0.4, 0.2, 2.2)),
        (lambda w: 1.3 * w, 0.0, 2.0, lambda z: cauchy.linear(z, 1.3, 0.0, 2.0)),
        (lambda w: 0.7 * w / (1 + (w / 3) ** 2), 0.2, 4.0, lambda z: cauchy.drude(z, 0.7, 3.0, 0.2, 4.0)),
        (lambda w: 0.7 * 0.4 * (w / 0.4) * np.exp(-w / 0.4), 0.0, 30.0, lambda z: cauchy.exponential(z, 0.7, 0.4, 1)),
        (lambda w: 0.7 * 0.4 * (w / 0.4) ** 3 * np.exp(-w / 0.4), 0.0, 30.0, lambda z: cauchy.exponential(z, 0.7, 0.4, 3)),
    ],
)
def test_closed_forms(density, low, high, closed):
    exact = np.array([by_quadrature(density, low, high, w) for w in POINTS])
    np.testing.assert_allclose(closed(POINTS + 0j), exact, atol=1e-9)  # QUADPACK's estimate
    series = cauchy.PiecewiseDensity(lambda w: np.array([density(x) for x in w]), low, high)
    for z in (POINTS + 0j, POINTS + 0.3j, POINTS - 0.3j):
        np.testing.assert_allclose(series.transform(z), closed(z), atol=1e-12)  # sixteen orders a panel, 1e-14 each


def test_drude_without_an_end_is_the_limit_of_a_far_end():
    z = POINTS + 0j
    far = cauchy.drude(z, 0.7, 3.0, 0.0, 1e9)
    np.testing.assert_allclose(cauchy.drude(z, 0.7, 3.0, 0.0, np.inf), far, atol=1e-7)  # what is beyond 1e9


@pytest.mark.parametrize("power", [0.3, 0.5, 0.9, 1.2, 1.5, 1.8])
@pytest.mark.parametrize("z", [-0.01, -1.0, -30.0])
def test_other_powers_with_a_drude_cutoff(power, z):
    """The mass of a super-Ohmic tail reaches many decades: in x = e^u it is plain quadrature."""

    def slice_of(start):
        return quad(lambda u: 2.1 * np.exp((power - 1) * u) / (1 + np.exp(-2 * u)) / (z / 3 - np.exp(u)), start, start + 8)[0]

    exact = sum(slice_of(start) for start in range(-80, 240, 8))
    found = complex(cauchy.power_drude(np.array([z + 0j]), 0.7, 3.0, power)[0])
    assert found == pytest.approx(exact, rel=1e-10)  # of the quadrature


@pytest.mark.parametrize("power", [0.5, 1.5])
def test_the_rate_of_a_power_law_with_a_drude_cutoff(power):
    w = np.array([0.2, 3.0, 40.0])
    exact = -np.pi * 0.7 * 3.0 * (w / 3.0) ** power / (1.0 + (w / 3.0) ** 2)
    np.testing.assert_allclose(cauchy.power_drude(w + 0j, 0.7, 3.0, power).imag, exact, rtol=1e-13)  # rounding


def test_softness_at_zero_frequency():
    zero = np.zeros(1, dtype=complex)
    # integral of slope/(1 + (w/D)^2) is slope D pi/2; of slope (w/D)^(s-1) e^(-w/D), slope D Gamma(s)
    assert cauchy.drude(zero, 0.7, 3.0, 0.0, np.inf)[0] == pytest.approx(-0.7 * 3.0 * np.pi / 2.0, rel=1e-14)
    assert cauchy.exponential(zero, 0.7, 3.0, 3)[0] == pytest.approx(-0.7 * 3.0 * 2.0, rel=1e-14)
    assert cauchy.linear(zero, 0.7, 0.0, 3.0)[0] == pytest.approx(-0.7 * 3.0, rel=1e-14)


def test_exponential_is_smooth_across_the_switch_to_its_asymptotic_series():
    z = np.array([39.999, 40.001, -39.999, -40.001]) + 0j
    values = cauchy.exponential(z, 1.0, 1.0, 2)
    # neighbours differ by their distance times the slope, 2e-3 times 2/40^2
    np.testing.assert_allclose(values[[0, 2]], values[[1, 3]], rtol=1e-4)


def test_a_square_root_edge():
    half = cauchy.PiecewiseDensity(lambda w: np.sqrt(w * (2.0 - w)), 0.0, 2.0)
    z = np.array([1.5, 3.0, 2.0001]) + 0j
    exact = np.pi * (z - 1.0 - np.array([1j * np.sqrt(0.75), np.sqrt(3.0), np.sqrt(1.0001**2 - 1.0)]))
    np.testing.assert_allclose(half.transform(z), exact, atol=1e-11)  # rounding of 2 - w at the edge


@pytest.mark.parametrize(
    "edge", [lambda w: 0.3 + 0.0 * w, lambda w: np.sqrt(w * (2.0 - w)), lambda w: w**0.5 * np.exp(-((2 * w) ** 2))]
)
def test_the_table_of_the_real_axis_is_the_sum_that_it_stands_for(edge):
    series = cauchy.PiecewiseDensity(edge, 0.0, 2.0)
    w = np.concatenate([np.random.default_rng(4).uniform(-12.0, 14.0, 600), [1e-9, 1e-4, 1.9999, 2.0001, 1e3]])
    one_by_one = np.array([complex(series.transform(np.array([x + 0j]))[0]) for x in w])
    np.testing.assert_allclose(series.transform(w + 0j), one_by_one, atol=1e-11)  # logarithmic edges lose some digits


def test_the_table_does_not_slow_down_far_away():
    """Far out S -> mass/w."""
    series = cauchy.PiecewiseDensity(lambda w: np.exp(-(w**2)), 0.0, 6.0)
    far = np.geomspace(1e5, 1e9, 300)
    np.testing.assert_allclose(series.transform(far + 0j).real * far, 0.5 * np.sqrt(np.pi), rtol=1e-4)  # next order 1/w


@pytest.mark.parametrize("power", [0.05, 0.5])
def test_moments_of_distant_panels_give_what_their_sum_gives(power):
    """Panels over hundreds of octaves, at frequencies over as many: on the axis, above and below it, and at the edge itself."""
    density = cauchy.PiecewiseDensity(lambda w: w**power * np.exp(-w), 0.0, 40.0)
    sizes = np.logspace(-20.0, 3.0, 60)
    z = np.concatenate([[0.0], sizes, -sizes, sizes * np.exp(0.3j), sizes * np.exp(-2.0j)])
    whole = slice(0, len(density.edges) - 1)
    assert density.transform(z) == pytest.approx(density._transform(z, whole), rel=1e-13)
    assert density.transform(np.empty(0, complex)).shape == (0,)
