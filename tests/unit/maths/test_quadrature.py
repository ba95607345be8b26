import math

import numpy as np
import pytest
from scipy.special import gamma, gammainc, jv, roots_jacobi

from athermal.maths.quadrature import panels, windowed_rule


def rule(function, low, high, duration, tolerance=1e-11, fit=1e-12):
    return windowed_rule(lambda w: function(w)[None], low, high, duration, fit=fit, tolerance=tolerance, degree=32)


def test_a_polynomial_is_one_panel_of_its_degree():
    (panel,) = panels(lambda w: (w**5 - w)[None], 1.0, 3.0, 7.0, 1e-11, 24)
    assert (panel.low, panel.high, panel.left, panel.right, panel.degree) == (1.0, 3.0, 0.0, 0.0, 5)


@pytest.mark.parametrize("duration", [1.0, 30.0, 400.0])
def test_an_analytic_density_in_a_window_of_time(duration):
    """int_0^2 e^{-w} e^{iwt} dw = (1 - e^{2(it - 1)})/(1 - it)."""
    nodes, weights = rule(lambda w: np.exp(-w), 0.0, 2.0, duration)
    times = np.linspace(0.0, duration, 57)
    exact = (1.0 - np.exp(2.0 * (1j * times - 1.0))) / (1.0 - 1j * times)
    found = np.exp(1j * np.multiply.outer(times, nodes)) @ (weights * np.exp(-nodes))
    # the tolerance is that of the worst time, and of all of the integral
    assert np.max(np.abs(found - exact)) < 1e-10


@pytest.mark.parametrize("power", [-0.5, -0.37, 0.3, 0.5, 1.7, 2.2])
def test_powers_at_the_origin(power):
    """int_0^3 w^a e^{-w} dw = Gamma(a + 1) P(a + 1, 3), and the same of e^{-2w}, whatever the power."""
    nodes, weights = rule(lambda w: w**power * np.exp(-w), 0.0, 3.0, 10.0)
    for speed in (1.0, 2.0):
        exact = gamma(power + 1.0) * gammainc(power + 1.0, 3.0 * speed) / speed ** (power + 1.0)
        found = float(weights @ (nodes**power * np.exp(-speed * nodes)))
        assert found == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("duration", [2.0, 60.0, 300.0])
def test_both_ends_singular(duration):
    """int sqrt(1 - x^2) e^{ixt} dx = pi J_1(t)/t."""

    def semicircle(w):
        return np.sqrt(np.maximum(1.0 - (w - 2.0) ** 2, 0.0))

    nodes, weights = rule(semicircle, 1.0, 3.0, duration)
    times = np.linspace(0.3, duration, 40)
    found = np.exp(1j * np.multiply.outer(times, nodes - 2.0)) @ (weights * semicircle(nodes))
    assert np.max(np.abs(found - math.pi * jv(1, times) / times)) < 1e-10


def test_long_windows_need_nearly_the_nyquist_count():
    """z/pi nodes for a phase z = half-width x time; Gauss alone needs z/2, half as many again."""
    nodes, _ = rule(lambda w: 1.0 + w, 0.0, 2.0, 3000.0, tolerance=1e-8)
    nyquist = 3000.0 / math.pi
    assert nyquist < len(nodes) < 1.2 * nyquist


def test_a_narrow_peak_is_found_between_the_nodes():
    """A Gaussian peak of width 1/500 of the band has no feet that a few nodes could see."""
    width, centre = 0.004, 1.2345

    def peak(w):
        return 1e-3 + np.exp(-0.5 * ((w - centre) / width) ** 2)

    nodes, weights = rule(peak, 0.0, 2.0, 10.0)
    exact = 2e-3 + width * math.sqrt(2.0 * math.pi)
    assert float(weights @ peak(nodes)) == pytest.approx(exact, rel=1e-10)


def test_jumps_are_halved_down_to_and_end():
    """A jump has no polynomial: halving ends where the panel's share is negligible."""
    found = panels(lambda w: np.where(w < 1.1, 1.0, 2.0)[None], 0.0, 2.0, 1.0, 1e-9, 16)
    assert len(found) < 100
    assert min(panel.high - panel.low for panel in found) < 1e-7
    assert [p.high for p in found[:-1]] == [p.low for p in found[1:]]


def test_the_exponent_is_that_of_the_thermal_noise():
    """G = w^0.4 and G coth(w/2T) = 2 T w^-0.6 + ...: one Jacobi weight serves both, w^0.4 = w^-0.6 w."""

    def both(w):
        return np.stack([w**0.4, w**0.4 / np.tanh(w)])

    found = panels(both, 0.0, 1.0, 5.0, 1e-11, 24)
    assert found[0].left == pytest.approx(-0.6, abs=1e-9)
    nodes, weights = windowed_rule(both, 0.0, 1.0, 5.0, fit=1e-12, tolerance=1e-11, degree=24)
    # 60 nodes of Gauss-Jacobi on the whole band
    x, w = roots_jacobi(60, 0.0, -0.6)
    grid = 0.5 * (1.0 + x)
    exact = 0.5**0.4 * float(w @ (grid / np.tanh(grid)))
    assert float(weights @ both(nodes)[1]) == pytest.approx(exact, rel=1e-11)
    assert float(weights @ both(nodes)[0]) == pytest.approx(1.0 / 1.4, rel=1e-11)
