"""Continuous baths: what they answer, against formulas."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at
from athermal.machine.continuum import continuum


@pytest.mark.parametrize("exponent", [0.4, 0.9995, 1.0, 1.2, 1.5, 1.9])
def test_softness_of_power_laws_with_a_drude_cutoff(exponent):
    """(2/pi) friction cutoff times the integral of y^(s - 1)/(1 + y^2), (pi/2)/sin(pi s/2), however far the tail reaches."""
    density = at.densities.Ohmic(0.3, 4.0, exponent=exponent, cutoff_shape="drude")
    bath = continuum(at.ContinuumBath("bath", 1.0, density, 5, "tan"))
    exact = 0.3 * 4.0 / np.sin(0.5 * np.pi * exponent)
    assert bath.softness == pytest.approx(exact, rel=1e-9)  # 1e-16/(exponent - 1) is lost near one


def test_a_band_that_starts_above_zero_loses_what_lies_below():
    density = at.densities.Ohmic(0.3, 4.0, exponent=1.5, cutoff_shape="drude")
    whole, upper = (continuum(at.ContinuumBath("bath", 1.0, density, 5, "tan", low=low)).softness for low in (None, 1.0))
    y, weights = np.polynomial.legendre.leggauss(40)
    root = 0.25 * (1.0 + y)  # w = cutoff root^2 up to 1, a quarter of the cut-off
    lost = (2.0 / np.pi) * 0.3 * 4.0 * float(np.sum(0.25 * weights * 2.0 * root**2 / (1.0 + root**4)))
    # the series below the band drops panels of 1e-14 of its mass, which the softness weighs by 1/w
    assert whole - upper == pytest.approx(lost, rel=1e-7)
