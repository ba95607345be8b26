"""Sums of exponentials: against closed forms of the correlation function, detailed balance, and QuTiP's own."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at
from athermal.backends.open.exponents import GOAL, MOST, WORST, BathCorrelation
from athermal.errors import MachineError

TIMES = np.array([0.05, 0.3, 1.0, 4.0])
FRICTION, CUTOFF = 0.3, 2.0


def correlation(temperature, shape="drude", exponent=1.0, **more):
    density = at.Ohmic(FRICTION, CUTOFF, exponent=exponent, cutoff_shape=shape)
    return BathCorrelation(at.ContinuumBath("bath", temperature, density, **more))


def drude(temperature, times):
    """The Matsubara sum: U. Weiss, Quantum Dissipative Systems, with J = friction w wD^2/(w^2 + wD^2)."""
    strength = 0.5 * FRICTION * CUTOFF**2
    v = 2.0 * np.pi * temperature * np.arange(1, 20_001)
    thermal = np.array([np.sum(v / (v**2 - CUTOFF**2) * np.exp(-v * t)) for t in times])
    real = strength * np.exp(-CUTOFF * times) / np.tan(0.5 * CUTOFF / temperature) + 4.0 * strength * temperature / CUTOFF * (
        CUTOFF * thermal
    )
    return real - 1j * strength * np.exp(-CUTOFF * times)


def exponential(temperature, times):
    """Ohmic with e^{-w/wc}: (friction/pi) [1/s^2 + 2 sum_k Re 1/(s + k/T)^2], s = 1/wc + it, the sum's tail by its integral."""
    s, n = 1.0 / CUTOFF + 1j * times, 4_000
    rungs = np.arange(1, n + 1)[:, None] / temperature
    thermal = np.sum(1.0 / (s + rungs) ** 2, axis=0) + temperature / (s + (n + 0.5) / temperature)
    return FRICTION / np.pi * (s**-2 + 2.0 * thermal.real)


def spectrum(found, w):
    """S(w), the Fourier transform of C."""
    return 2.0 * np.real(np.sum((found.real + 1j * found.imaginary) / (found.rates - 1j * w[:, None]), axis=1))


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(("shape", "exact"), [("drude", drude), ("exponential", exponential)])
def test_the_correlation_function_is_the_closed_form(shape, exact, temperature):
    # the quadrature of the exponential cut-off ends at e^{-40}, the sums' tails are below 1e-11
    assert np.allclose(correlation(temperature, shape).at(TIMES), exact(temperature, TIMES), atol=1e-9)


@pytest.mark.parametrize(("shape", "exact"), [("drude", drude), ("exponential", exponential)])
def test_misfits_fall_and_bound_the_fit(shape, exact):
    bath = correlation(1.0, shape)
    times = np.linspace(0.02, 40.0, 800)
    true = exact(1.0, times)
    misfits = []
    for number in (2, 4, 6, 8):
        found = bath.expansion(number)
        assert len(found) <= number
        misfits.append(bath.misfit(found))
        off = np.trapezoid(np.abs(found.at(times) - true), times) / np.trapezoid(np.abs(true), times)
        assert off < 1.05 * misfits[-1]  # another grid of times, and another end
    assert np.all(np.diff(misfits) < 0.0)
    assert misfits[-1] < 0.01


@pytest.mark.parametrize(("shape", "exponent"), [("drude", 1.0), ("exponential", 1.0), ("exponential", 3.0)])
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_detailed_balance(shape, exponent, temperature):
    """S(-w) = e^{-w/T} S(w), which the fit does not impose: to its misfit, in units of the largest S."""
    bath = correlation(temperature, shape, exponent)
    found = bath.expansion(bath.number(None))
    w = np.linspace(0.1, CUTOFF, 30)
    up, down = spectrum(found, w), spectrum(found, -w)
    assert np.allclose(down, np.exp(-w / temperature) * up, atol=2.0 * bath.misfit(found) * np.max(up))
    exact = bath.symmetric_spectrum(w)
    # S(w) + S(-w) = 2 S_sym(w)
    assert np.allclose(0.5 * (up + down), exact, atol=bath.misfit(found) * np.max(exact))
    assert np.allclose(found.symmetric_spectrum(w), 0.5 * (up + down), rtol=1e-12)


@pytest.mark.parametrize("shape", ["drude", "exponential"])
def test_qutips_environment_is_the_same_sum(shape):
    bath = correlation(0.7, shape)
    found = bath.expansion(5)
    environment = found.environment(0.7)
    assert np.allclose(environment.correlation_function(TIMES), found.at(TIMES), atol=1e-13)  # the same sum
    w = np.linspace(-3.0, 3.0, 13)
    assert np.allclose(environment.power_spectrum(w), spectrum(found, w), atol=1e-12)


def test_numbers_are_what_the_temperature_needs():
    numbers = [correlation(temperature).number(None) for temperature in (3.0, 0.5, 0.1)]
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[-1] <= MOST
    for number, temperature in zip(numbers, (3.0, 0.5, 0.1), strict=True):
        bath = correlation(temperature)
        assert bath.misfit(bath.expansion(number)) <= GOAL
        assert number == 2 or bath.misfit(bath.expansion(number - 1)) > GOAL
    with pytest.raises(
        MachineError, match=r"`exponents` of the HEOM backend must be at least (\d+) for reservoir 'bath'.*is 2"
    ) as e:
        correlation(0.1).number(2)
    least = int(str(e.value).split("at least ")[1].split()[0])
    bath = correlation(0.1)
    assert bath.misfit(bath.expansion(least)) <= WORST < bath.misfit(bath.expansion(least - 1))


def test_sharp_edges_are_refused():
    with pytest.raises(MachineError, match="Sharp edges of its spectral density"):
        correlation(0.5, "hard").number(None)
