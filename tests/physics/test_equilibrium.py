"""Equilibrium of a damped oscillator: rows 10 and 11."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import digamma

import athermal as at


def variances(friction, cutoff, temperature, modes):
    """Return <x^2>, <p^2> of an oscillator of frequency 1 in the Gibbs state of the whole, bath and counter-term included."""
    density = at.densities.Ohmic(friction, cutoff, cutoff_shape="drude")
    machine = at.Machine(
        subsystems=[at.Oscillator("a", 1.0)],
        reservoirs=[at.ContinuumBath("bath", temperature, density, modes, rule="tan")],
        couplings=[at.Position(("a", "bath"))],
        period=1.0,
    )
    covariance = at.Dense().bind(machine).prepare(at.Gibbs(temperature)).covariance
    return covariance[0, 0], covariance[modes + 1, modes + 1]


def matsubara(friction, cutoff, temperature):
    """Return <x^2>, <p^2> in closed form: the Matsubara sums over the poles of the damped oscillator.

    <x^2> = T sum_n 1/(1 + v_n^2 + |v_n| g(|v_n|)), <p^2> = T sum_n (1 + |v_n| g)/(1 + v_n^2 + |v_n| g), v_n = 2 pi n T,
    g(z) = friction wD/(z + wD) (Grabert, Weiss, Talkner, Z. Phys. B 55, 87 (1984)); a rational sum is one of digamma functions.
    """
    # (z^2 + 1)(z + wD) + friction wD z, whose negative roots are the rates of the damped oscillator
    roots = np.roots([1.0, cutoff, 1.0 + friction * cutoff, cutoff])
    step = 2.0 * np.pi * temperature

    def tail(numerator):  # sum_{n >= 1} numerator(v_n) / prod (v_n - roots), for a numerator two degrees lower
        total = 0.0
        for k, root in enumerate(roots):
            residue = numerator(root) / np.prod([root - other for j, other in enumerate(roots) if j != k])
            total += residue * -digamma(1.0 - root / step) / step
        return np.real(total)

    x = temperature * (1.0 + 2.0 * tail(lambda z: z + cutoff))
    p = temperature * (1.0 + 2.0 * tail(lambda z: z + cutoff + friction * cutoff * z))
    return x, p


def test_the_closed_form_is_the_published_number():
    x, p = matsubara(1.0, 10.0, 0.2)
    assert x == pytest.approx(0.440121070, abs=5e-10)  # printed with nine decimals
    assert p == pytest.approx(1.063713532, abs=5e-10)


def test_row_10_caldeira_leggett_equilibrium():
    """Grabert, Weiss, Talkner, Z. Phys. B 55, 87 (1984): strong coupling, low temperature."""
    x, p = variances(1.0, 10.0, 0.2, modes=300)
    # Gauss nodes in the angle of the tangent grid converge faster than any power: only rounding of stiff modes is left.
    assert x == pytest.approx(0.440121070, abs=2e-9)
    assert p == pytest.approx(1.063713532, abs=2e-9)


@pytest.mark.parametrize(("friction", "cutoff", "temperature"), [(0.3, 4.0, 1.0), (2.5, 20.0, 0.1), (0.05, 3.0, 5.0)])
def test_row_10_at_other_couplings(friction, cutoff, temperature):
    exact = matsubara(friction, cutoff, temperature)
    np.testing.assert_allclose(variances(friction, cutoff, temperature, modes=300), exact, rtol=1e-8)  # as above


def test_row_10_converges_with_the_number_of_modes():
    exact = np.array(matsubara(1.0, 10.0, 0.2))
    errors = [np.max(np.abs(np.array(variances(1.0, 10.0, 0.2, modes)) - exact)) for modes in (10, 20, 40)]
    assert errors[1] < errors[0] / 4.0  # at least as a second-order rule would
    assert errors[2] < errors[1] / 4.0


def test_row_11_weak_coupling_is_the_free_oscillator():
    """<x^2> -> coth(w/2T)/2 with a deviation of first order in the friction."""
    temperature, free = 0.5, 0.5 / np.tanh(1.0)
    deviation = [variances(friction, 10.0, temperature, 300)[0] - free for friction in (1e-2, 1e-3, 1e-4)]
    assert abs(deviation[2]) < 1e-4
    # ten times weaker friction, ten times smaller deviation, up to the next order (friction itself)
    assert deviation[0] / deviation[1] == pytest.approx(10.0, rel=2e-2)
    assert deviation[1] / deviation[2] == pytest.approx(10.0, rel=2e-3)
