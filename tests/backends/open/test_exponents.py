"""Sums of exponentials: against closed forms of the correlation function, detailed balance, and QuTiP's own."""

from __future__ import annotations

import itertools
from math import gamma

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.backends.open.correlation import BathCorrelation, View
from athermal.backends.open.exponents import GOAL, MOST, WORST, Expansions, Exponents
from athermal.errors import MachineError

TIMES = np.array([0.05, 0.3, 1.0, 4.0])
FRICTION, CUTOFF = 0.3, 2.0
SEEN = View((0.0, 0.7, 1.0), 1.0, 10.0)
PEAK = at.densities.UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
COMB = at.densities.SumDensity([at.densities.UnderdampedBrownian(0.1, 0.01, float(k)) for k in range(1, 9)])


def correlation(temperature, shape="drude", exponent=1.0, **more):
    density = at.densities.Ohmic(FRICTION, CUTOFF, exponent=exponent, cutoff_shape=shape)
    return BathCorrelation(at.ContinuumBath("bath", temperature, density, **more))


def expansions(temperature, shape="drude", exponent=1.0):
    return Expansions(correlation(temperature, shape, exponent))


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


# --- what is exact -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
@pytest.mark.parametrize(("shape", "exact"), [("drude", drude), ("exponential", exponential)])
def test_the_correlation_function_is_the_closed_form(shape, exact, temperature):
    # the sums' tails are below 1e-11
    assert np.allclose(correlation(temperature, shape).at(TIMES), exact(temperature, TIMES), atol=1e-10)


@pytest.mark.parametrize("exponent", [0.3, 1.0, 2.5, 5.0])
def test_the_vacuum_of_power_laws_in_closed_form(exponent):
    """(friction/pi) wc^2 Gamma(s + 1)/(1 + i wc t)^(s + 1), and its integral, at a temperature that no time shows."""
    bath = correlation(1e-9, "exponential", exponent)
    factor = FRICTION / np.pi * CUTOFF**2 * gamma(exponent + 1.0)
    turned = 1.0 + 1j * CUTOFF * TIMES
    assert np.allclose(bath.at(TIMES), factor * turned ** -(exponent + 1.0), atol=1e-9)
    assert np.allclose(bath.until(TIMES), factor / (1j * CUTOFF * exponent) * (1.0 - turned**-exponent), atol=1e-8)


def test_the_correlation_function_of_a_damped_oscillator_is_qutips():
    environment = qutip.UnderDampedEnvironment(0.4, 0.5, 0.1, 1.0).approximate("matsubara", 400)
    bath = BathCorrelation(at.ContinuumBath("bath", 0.4, PEAK))
    # the tail of 400 terms, each of the third power
    assert np.allclose(bath.at(TIMES), environment.correlation_function(TIMES), atol=1e-6)


# --- how good sums are -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "exact"), [("drude", drude), ("exponential", exponential)])
def test_misfits_fall_and_bound_the_fit(shape, exact):
    """The integral of C(t), from an own quadrature of the closed form."""
    bath = expansions(1.0, shape)
    times = np.concatenate([np.geomspace(1e-6, 0.02, 4000), np.linspace(0.02, 20.0, 4000)[1:]])

    def until(values):
        steps = 0.5 * (values[1:] + values[:-1]) * np.diff(times)
        return np.concatenate([[0.0], np.cumsum(steps)])

    true, misfits = until(exact(1.0, times)), []
    for number in (2, 4, 8):
        found = bath.of(number)
        assert len(found) <= number
        misfits.append(bath.misfit(found))
        off = np.max(np.abs(until(found.at(times)) - true)) / np.max(np.abs(true))
        assert off < 1.05 * misfits[-1] + 1e-3  # another grid of times, and the quadrature of what begins like a logarithm
        assert np.allclose(found.until(times[-1:]), until(found.at(times))[-1], atol=1e-3)
    assert misfits[-1] < 0.2 * misfits[0]
    assert misfits[-1] < 0.01


DENSITIES = {
    "sub-Ohmic": (at.densities.Ohmic(0.1, 5.0, exponent=0.3), 0.1),
    "super-Ohmic": (at.densities.Ohmic(0.1, 5.0, exponent=3.0), 0.1),
    "fifth power": (at.densities.Ohmic(0.1, 5.0, exponent=5.0), 1.0),
    "almost without a counter-term": (at.densities.Ohmic(0.1, 5.0, exponent=1.7, cutoff_shape="drude"), 0.3),
    "hard": (at.densities.Ohmic(0.1, 2.0, cutoff_shape="hard"), 1.0),
    "cold": (at.densities.Ohmic(0.1, 5.0, cutoff_shape="drude"), 0.01),
    "fast": (at.densities.Ohmic(0.1, 1e4), 1.0),
    "narrow": (at.densities.UnderdampedBrownian(0.5, 1e-3, 1.0), 0.1),
    "overdamped": (at.densities.UnderdampedBrownian(0.5, 3.0, 1.0), 0.1),
    "a peak on a slope": (PEAK + at.densities.Ohmic(0.1, 5.0), 1.0),
    "a table": (at.densities.TabulatedDensity([0.0, 0.5, 1.0, 3.0], [0.0, 0.2, 0.1, 0.0]), 0.5),
    "a narrow function": (at.densities.FunctionDensity(lambda w: 0.025 * w / ((1 - w * w) ** 2 + 0.01 * w * w), 0.0, 10.0), 1.0),
}


SLOW = ("almost without a counter-term", "hard", "fast", "a table", "a peak on a slope")


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.slow if case in SLOW else ()) for case in DENSITIES])
def test_default_numbers_meet_what_the_system_sees(case):
    """S and J at the Bohr frequencies, zero among them, and the reorganisation energy, from the density itself."""
    density, temperature = DENSITIES[case]
    bath = Expansions(BathCorrelation(at.ContinuumBath("bath", temperature, density), SEEN))
    found = bath.of(bath.number(None))
    assert bath.misfit(found) <= 2.0 * GOAL
    w = np.array([1e-9, 0.7, 1.0]) if density.support == (0.0, np.inf) and "sub" not in case else np.array([0.7, 1.0])
    odd = 0.5 * np.pi * density.squared_coupling(w)
    even = odd / np.tanh(0.5 * w / temperature)
    felt = 0.1 + np.abs(even)  # 1/(strength^2 period)
    assert np.all(np.abs(found.spectrum(w) - [even, odd]) < 0.25 * 2.0 * GOAL * felt)
    # J(0+) = 0 makes detailed balance at zero
    assert np.all(np.abs(spectrum(found, w) - even - odd) < GOAL * felt)


def test_a_peak_is_two_exponentials():
    """e^{-(gamma/2 +- i v) t}, v^2 = w0^2 - gamma^2/4, however narrow; what is thermal is small at this temperature."""
    peak = at.densities.UnderdampedBrownian(0.5, 1e-4, 1.0)
    bath = Expansions(BathCorrelation(at.ContinuumBath("bath", 1.0, peak), SEEN))
    assert bath.number(None) == 2
    rates = bath.of(2).rates
    assert np.allclose(np.sort(rates.imag), [-1.0, 1.0], atol=1e-4)
    assert np.allclose(rates.real, 0.5e-4, rtol=0.01)


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.slow if case in SLOW else ()) for case in DENSITIES])
def test_more_exponentials_are_never_worse(case):
    density, temperature = DENSITIES[case]
    bath = Expansions(BathCorrelation(at.ContinuumBath("bath", temperature, density), SEEN))
    found = [bath.of(number) for number in range(1, MOST + 1)]
    misfits = [bath.misfit(each) for each in found]
    assert all(two <= one for one, two in itertools.pairwise(misfits[3:]))
    least = bath.number(None)
    assert misfits[-1] < 0.3 * misfits[least - 1]
    for each in found:  # none cancels another
        assert (
            np.max(np.abs([each.real, each.imaginary]))
            <= 100.0 * np.abs(bath.correlation.at(np.array([1e-2 / density.scale])))[0]
        )
    # what an expansion is compared with is another one, and worse
    for number in range(least, MOST + 1):
        assert len(bath.coarser(number)) < len(bath.of(number))
        assert bath.misfit(bath.coarser(number)) > misfits[number - 1]


@pytest.mark.parametrize(
    ("density", "temperature", "period"),
    [
        (at.densities.Ohmic(0.1, 9.0, exponent=2.0), 0.05, 15.0),
        (at.densities.Ohmic(0.1, 3.0, exponent=2.57), 0.2, 7.0),
        (at.densities.Ohmic(0.1, 5.0, exponent=0.6), 0.2, 15.0),
        (at.densities.Ohmic(0.05, 9.0), 0.05, 15.0),
        (at.densities.Ohmic(0.3, 1.0, exponent=2.9), 0.0, 3.0),
    ],
)
def test_doubts_bound_the_loss_of_coherence_and_the_heat_of_dephasing(density, temperature, period):
    """In closed form: 2 integral g^2 coth(w/2T) (1 - cos wt)/w^2 dw, and integral g^2 (1 - cos wt)/w dw, by quadrature."""
    bath = Expansions(BathCorrelation(at.ContinuumBath("bath", temperature, density), View((0.0,), 0.5, period)))
    number = bath.number(None)
    fine, coarse = bath.of(number), bath.coarser(number)
    times, w = period * np.arange(1.0, 4.0), np.geomspace(1e-8, 1e3, 20_000)
    squared, turned = density.squared_coupling(w), 1.0 - np.cos(np.multiply.outer(times, w))
    noise = squared / np.tanh(0.5 * w / temperature) if temperature else squared
    truth = np.trapezoid(np.stack([2.0 * noise / w * turned, squared * turned]), np.log(w))

    def columns(found):
        v, t = found.rates, times[:, None]
        done = -np.expm1(-v * t) / v
        return np.stack([4.0 * np.real((t - done) / v @ found.real), -2.0 * np.real(done @ found.imaginary)])

    changes = bath.doubt(fine, coarse) * np.maximum.accumulate(np.abs(columns(fine) - columns(coarse)), axis=1)
    off = np.abs(columns(fine) - truth)[:, :2]
    assert np.all(off <= changes[:, 1:] + 1e-6)  # as a ledger's errors look one cycle ahead; the quadrature
    # and they are of use
    assert np.all(changes[:, 1:] <= 0.05 * np.max(np.abs(truth), axis=1)[:, None])


@pytest.mark.parametrize("case", ["cold", "super-Ohmic", "fifth power"])
def test_sums_scale_with_the_unit(case):
    density, temperature = DENSITIES[case]
    one = Expansions(BathCorrelation(at.ContinuumBath("bath", temperature, density), SEEN))
    number = one.number(None)
    for scale in (1e-9, 3e5):
        larger = at.densities.Ohmic(density.friction, scale * density.cutoff, density.exponent, density.cutoff_shape)
        seen = View(tuple(scale * w for w in SEEN.frequencies), 1.0, SEEN.period / scale)
        two = Expansions(BathCorrelation(at.ContinuumBath("bath", scale * temperature, larger), seen))
        assert two.number(None) == number
        found = two.of(number)
        back = Exponents(found.rates / scale, found.real / scale**2, found.imaginary / scale**2)
        assert max(one.misfits(one.of(number), back).values()) < 1e-6  # rounding, through a search


@pytest.mark.parametrize(("shape", "exponent"), [("drude", 1.0), ("exponential", 1.0), ("exponential", 3.0)])
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_detailed_balance(shape, exponent, temperature):
    """S(-w) = e^{-w/T} S(w), which the fit does not impose: to its misfit, in units of the largest S."""
    bath = expansions(temperature, shape, exponent)
    found = bath.of(bath.number(None))
    w = np.linspace(0.1, CUTOFF, 30)
    up, down = spectrum(found, w), spectrum(found, -w)
    assert np.allclose(down, np.exp(-w / temperature) * up, atol=2.0 * bath.misfit(found) * np.max(up))
    (even, odd), largest = bath.correlation.spectrum(w), np.max(bath.correlation.spectrum(bath.correlation.grid))
    assert np.allclose(0.5 * (up + down), even, atol=bath.misfit(found) * largest)
    assert np.allclose(0.5 * (up - down), odd, atol=bath.misfit(found) * largest)
    assert np.allclose(found.spectrum(w), [0.5 * (up + down), 0.5 * (up - down)], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", ["drude", "exponential"])
def test_qutips_environment_is_the_same_sum(shape):
    found = expansions(0.7, shape).of(5)
    environment = found.environment(0.7)
    assert np.allclose(environment.correlation_function(TIMES), found.at(TIMES), atol=1e-13)  # the same sum
    w = np.linspace(-3.0, 3.0, 13)
    assert np.allclose(environment.power_spectrum(w), spectrum(found, w), atol=1e-12)


def test_numbers_are_what_the_temperature_needs():
    numbers = [expansions(temperature).number(None) for temperature in (3.0, 0.5, 0.1)]
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[-1] <= MOST
    for number, temperature in zip(numbers, (3.0, 0.5, 0.1), strict=True):
        bath = expansions(temperature)
        assert bath.misfit(bath.of(number)) <= GOAL
        assert number == 2 or bath.misfit(bath.of(number - 1)) > GOAL
    with pytest.raises(
        MachineError, match=r"`exponents` of the HEOM backend must be at least (\d+) for reservoir 'bath'.*is 2"
    ) as e:
        expansions(0.1).number(2)
    least = int(str(e.value).split("at least ")[1].split()[0])
    bath = expansions(0.1)
    assert bath.misfit(bath.of(least)) <= WORST < bath.misfit(bath.of(least - 1))


def test_what_is_no_sum_is_refused_with_the_reason():
    with pytest.raises(
        MachineError, match=r"misses S\(w\) by .* lasts .* with structure in between. Take a density with fewer peaks"
    ):
        Expansions(BathCorrelation(at.ContinuumBath("bath", 1.0, COMB), SEEN)).number(None)
