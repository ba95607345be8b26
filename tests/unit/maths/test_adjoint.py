"""Derivatives of thermal states and of what bounds correlations, and the two ways through a stretch."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg

from athermal.errors import StateError
from athermal.maths.adjoint import (
    ConstantPassage,
    DrivenPassage,
    gauss_times,
    gibbs_slope,
    largest_correlation_slope,
    thermal_slope,
)
from athermal.maths.gaussian import largest_correlation
from athermal.maths.propagate import DrivenHamiltonian, affine_identity

RNG = np.random.default_rng(5)


def positive(size, low=0.5):
    mix = RNG.normal(size=(size, size)) / np.sqrt(size)
    return mix @ mix.T + low * np.eye(size)


def symmetric(size):
    mix = RNG.normal(size=(size, size))
    return mix + mix.T


@pytest.mark.parametrize(("bandwidth", "span"), [(0.0, 1.0), (3.0, 10.0), (7.0, 100.0), (130.0, 4.0)])
def test_the_rule_integrates_every_wave_up_to_its_bandwidth(bandwidth, span):
    times, weights = gauss_times(2.0, 2.0 + span, bandwidth)
    for frequency in np.linspace(0.0, bandwidth, 4):
        exact = span * np.sinc(0.5 * frequency * span / np.pi) * np.cos(frequency * (2.0 + 0.5 * span))
        assert np.sum(weights * np.cos(frequency * times)) == pytest.approx(exact, abs=1e-13 * span)  # rounding of the phases


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1e4])
def test_gibbs_slope_is_the_derivative_of_the_matrix_function(temperature):
    """coth(M/2T) = (1 + 2/(e^{M/T} - 1)), M = i Omega h, with SciPy's Frechet derivative of the exponential."""
    h, change = positive(6), symmetric(6)
    turn = 1j * np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])
    exponential, slope = scipy.linalg.expm_frechet(turn @ h / temperature, turn @ change / temperature)
    inverse = np.linalg.inv(exponential - np.eye(6))
    expected = np.real(-2.0 * inverse @ slope @ inverse @ turn / 2.0)
    found = gibbs_slope(h, temperature, change)
    # The exponential of SciPy loses digits in e^{w/T} (cold), and so does e^{w/T} - 1 (hot).
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-6 * np.max(np.abs(found)))
    np.testing.assert_allclose(found, found.T, rtol=0.0, atol=1e-13 * np.max(np.abs(found)))


def test_gibbs_slope_of_a_hot_state_is_classical():
    """sigma -> T h^-1, so d sigma = -T h^-1 dh h^-1, with corrections of order (w/T)^2."""
    h, change = positive(4), symmetric(4)
    inverse = np.linalg.inv(h)
    np.testing.assert_allclose(gibbs_slope(h, 1e5, change), -1e5 * inverse @ change @ inverse, rtol=1e-8, atol=1e-8)


def test_gibbs_slope_of_equal_and_of_very_cold_modes_is_finite():
    """Equal frequencies give confluent divided differences; e^{w/T} of a cold mode overflows, its slope does not."""
    slope = gibbs_slope(np.diag([1.0, 1.0, 1.0, 1.0]), 1e-4, np.diag([1.0, 0.0, 0.0, 0.0]))
    # A ground state, <x^2> = sqrt(h_pp/h_xx)/2: d<x^2> = -1/4, d<p^2> = 1/4.
    np.testing.assert_allclose(slope, np.diag([-0.25, 0.0, 0.25, 0.0]), rtol=0.0, atol=1e-15)


@pytest.mark.parametrize("temperature", [0.01, 0.8, 1e3])
def test_thermal_slope_is_the_derivative_of_the_density_matrix(temperature):
    energies = np.array([-1.0, 0.2, 0.2, 1.5])  # two of them equal
    change = symmetric(4) + 1j * np.triu(RNG.normal(size=(4, 4)), 1)
    change = 0.5 * (change + change.conj().T)
    base = np.diag(energies - energies[0])
    exponential, slope = scipy.linalg.expm_frechet(-base / temperature, -change / temperature)
    z = np.trace(exponential)
    expected = slope / z - exponential * np.trace(slope) / z**2
    np.testing.assert_allclose(thermal_slope(energies, temperature, change), expected, rtol=0.0, atol=1e-11 / temperature)


def test_slope_of_the_largest_two_mode_squeezing_is_that_of_its_closed_form():
    """c = sqrt((nu_a + nu_b)^2 - (1 + |nu_a - nu_b|)^2)/2 of two thermal modes, with respect to nu_a."""
    nu_a, nu_b = 1.4, 0.8
    pattern = np.zeros((4, 4))
    pattern[0, 1] = pattern[1, 0] = 1.0
    pattern[2, 3] = pattern[3, 2] = -1.0
    covariance = np.diag([nu_a, nu_b, nu_a, nu_b])
    c = largest_correlation(covariance, pattern)
    found = np.vdot(largest_correlation_slope(covariance, pattern), np.diag([1.0, 0.0, 1.0, 0.0]))
    expected = ((nu_a + nu_b) - (1.0 + nu_a - nu_b)) / (4.0 * c)
    assert found == pytest.approx(expected, rel=1e-10)  # rounding, amplified by the nearly singular matrix


def test_a_pattern_without_a_largest_size_is_refused():
    with pytest.raises(StateError, match="largest size"):
        largest_correlation_slope(np.eye(2), np.zeros((2, 2)))


@pytest.mark.parametrize("with_force", [False, True])
def test_both_ways_through_a_constant_stretch_agree(with_force):
    """Normal modes and collocation are independent of one another."""
    frequencies = np.array([0.0, 0.9, 1.4])
    v, force = np.zeros((4, 4)), np.zeros(4)
    basis = np.zeros((6, 4))
    for k, row in enumerate((0, 3, 1, 4)):
        basis[row, k] = 1.0
    v[:2, :2], v[0, 2], v[2, 0], v[1, 3], v[3, 1] = np.diag([1.1, 0.8]), 0.2, 0.2, -0.1, -0.1
    if with_force:
        force = np.array([0.3, -0.2, 0.1, 0.0])
    form = basis @ v @ basis.T + np.diag(np.tile(frequencies, 2))
    way = np.eye(6, 7)
    way[:, -1] = RNG.normal(size=6)
    constant = ConstantPassage.along((form, basis @ force), basis, way, (1.0, 9.0), 2.0)

    def still(times):
        return np.tile(v, (len(times), 1, 1)), np.tile(force, (len(times), 1))

    driven = DrivenHamiltonian(frequencies, basis, still, lambda t: (0.0 * still(t)[0], 0.0 * still(t)[1]))
    other = DrivenPassage.through(lambda: driven.stages(1.0, 9.0, 6, way))
    np.testing.assert_allclose(constant.end, other.end, rtol=0.0, atol=1e-13 * np.max(np.abs(other.end)))  # rounding
    product = RNG.normal(size=(7, 7))
    for frequency in (0.0, 2.0):
        sums = []
        for passage in (constant, other, replace(other, kept=None)):
            d, force_response = passage.response(product)
            weight = passage.weights * np.cos(frequency * passage.times)
            sums.append((np.einsum("t,tde->de", weight, d), weight @ force_response))
        for a, b, again in zip(*sums, strict=True):
            np.testing.assert_array_equal(again, b)  # the same panels, gone through once more
            np.testing.assert_allclose(a, b, rtol=0.0, atol=1e-12 * np.max(np.abs(b)))  # rounding of both


def test_stages_start_from_any_map():
    way = affine_identity(2)
    way[:, -1] = (0.4, -0.3)
    turn = DrivenHamiltonian(
        np.array([0.0]), np.eye(2), lambda t: (np.tile(np.eye(2), (len(t), 1, 1)), np.zeros((len(t), 2))), None
    )
    last = list(turn.stages(0.0, 0.5 * np.pi, 2, way))[-1]
    np.testing.assert_allclose(last.end, [[0.0, 1.0, -0.3], [-1.0, 0.0, -0.4]], rtol=0.0, atol=1e-14)  # a quarter turn
