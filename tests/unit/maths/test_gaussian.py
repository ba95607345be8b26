from decimal import Decimal, getcontext

import numpy as np
import pytest

import athermal as at
from athermal.maths import gaussian
from unit.random_states import entropy_by_definition, omega, random_covariance, random_symmetric, random_symplectic

getcontext().prec = 350  # so that 1 + 1e-300 is not 1


def entropy_in_many_digits(excess):
    n = Decimal(float(excess))
    return (n + 1) * (n + 1).ln() - (n * n.ln() if n else Decimal(0))


OCCUPATIONS = [0.0, 1e-300, 1e-100, 1e-20, 4e-6, 1e-3, 0.3, 0.999, 1.0, 1.001, 7.0, 1e3, 1e6, 1e9, 1e12]


@pytest.mark.parametrize("excess", OCCUPATIONS)
def test_mode_entropy_keeps_its_digits_from_pure_to_hot(excess):
    expected = entropy_in_many_digits(excess)
    found = Decimal(float(gaussian.mode_entropy(np.array([excess]))[0]))
    assert abs(found - expected) <= Decimal("8e-16") * max(expected, Decimal("1e-290"))  # a few roundings


@pytest.mark.parametrize("excess", OCCUPATIONS[1:])
def test_log_one_plus_inverse(excess):
    """f'(nu) = ln((nu + 1/2)/(nu - 1/2)) = ln(1 + 1/n)."""
    n = Decimal(excess)
    expected = (1 + 1 / n).ln()
    found = Decimal(float(gaussian.log_one_plus_inverse(np.array([excess]))[0]))
    assert abs(found / expected - 1) < Decimal("1e-15")  # a few roundings
    assert gaussian.log_one_plus_inverse(np.array([0.0]))[0] == np.inf


def test_a_thousand_nearly_pure_modes():
    """1000 modes at mean occupation 4e-6 have S = 0.0537 in all, where a common library returns 0."""
    total = gaussian.entropy((0.5 + 4e-6) * np.eye(2000))
    assert round(total, 4) == 0.0537
    # nu - 1/2 is known to eps/2 of nu, and dS/dnu = ln(1/n) = 12.4: 1000 x 12.4 x 1.1e-16
    assert total == pytest.approx(1000 * float(entropy_in_many_digits(4e-6)), abs=2e-12)


@pytest.mark.parametrize("seed", range(3))
def test_entropy_of_random_states(seed):
    covariance, _ = random_covariance(np.random.default_rng(seed), [0.2, 0.9, 2.0, 5.0])
    assert gaussian.entropy(covariance) == pytest.approx(
        entropy_by_definition(covariance), rel=1e-11
    )  # a general solver's rounding


def test_entropy_is_invariant_under_symplectic_maps_even_when_nearly_pure():
    excess = np.array([1e-9, 1e-5, 0.1, 30.0])
    covariance, _ = random_covariance(np.random.default_rng(3), excess, strength=0.3)
    expected = float(np.sum(gaussian.mode_entropy(excess)))
    # an error of 1e-14 in nu costs ln(1/1e-9) = 21 times as much
    assert gaussian.entropy(covariance) == pytest.approx(expected, abs=1e-11)


def test_entropy_of_nothing_and_of_a_pure_state():
    assert gaussian.entropy(np.empty((0, 0))) == 0.0
    transform = random_symplectic(np.random.default_rng(4), 3)
    # rounding of nu at a pure mode: n ~ 1e-15, f(n) ~ 36 n
    assert gaussian.entropy(0.5 * transform @ transform.T) < 1e-12


def test_an_unphysical_covariance_is_refused_and_rounding_is_not():
    with pytest.raises(
        at.errors.StateError, match=r"must be at least 1/2, but the smallest is 1/2 - 0\.01: .*uncertainty relation"
    ):
        gaussian.entropy(0.49 * np.eye(2))
    assert gaussian.entropy((0.5 - 1e-15) * np.eye(2)) == 0.0
    with pytest.raises(at.errors.StateError):
        gaussian.entropy((0.5 - 1e-13) * np.eye(2))
    # A covariance known to come from propagators that miss symplecticity by 1e-13 may be that far off, and no further.
    assert gaussian.entropy((0.5 - 1e-13) * np.eye(2), defect=1e-13) == 0.0
    with pytest.raises(at.errors.StateError):
        gaussian.entropy((0.5 - 1e-11) * np.eye(2), defect=1e-13)


def test_excess_of_no_modes_is_empty():
    assert gaussian.excess(np.empty(0), 1.0).shape == (0,)


@pytest.mark.parametrize("ratio", [1e-9, 1e-4, 0.3, 1.0, 5.0, 40.0, 700.0])
def test_thermal_occupation_and_partition_function(ratio):
    u = Decimal(ratio)
    occupation = 1 / (u.exp() - 1)
    found = float(gaussian.thermal_excess(np.array([ratio]), 1.0)[0])
    assert abs(Decimal(found) / occupation - 1) < Decimal("4e-16")  # one rounding of expm1, one of the division
    log_z = -u / 2 - (1 - (-u).exp()).ln()
    found = gaussian.log_partition(np.array([2.0 * ratio]), 2.0)
    assert abs(Decimal(found) - log_z) <= Decimal("4e-16") * max(abs(log_z), 1)  # rounding of the sum of two terms


def test_occupation_of_a_frozen_mode_is_zero_without_a_warning():
    assert gaussian.thermal_excess(np.array([1.0]), 1e-6)[0] == 0.0
    assert gaussian.log_partition(np.array([1.0]), 1e-6) == -5e5


def test_entropy_energy_and_partition_function_fit_together():
    """S = E/T + ln Z for a thermal state."""
    w, temperature = np.array([0.3, 1.0, 4.0]), 0.8
    n = gaussian.thermal_excess(w, temperature)
    energy = float(np.sum(w * (n + 0.5)))
    entropy = float(np.sum(gaussian.mode_entropy(n)))
    assert entropy == pytest.approx(energy / temperature + gaussian.log_partition(w, temperature), rel=1e-14)  # rounding


def test_is_physical():
    covariance, _ = random_covariance(np.random.default_rng(5), [0.0, 0.5])
    assert gaussian.is_physical(covariance)
    assert not gaussian.is_physical(0.9 * covariance)
    assert not gaussian.is_physical(-covariance)


@pytest.mark.parametrize("angle", [0.0, 0.7, np.pi])
def test_squeezing_shrinks_one_quadrature(angle):
    matrix = gaussian.squeezing(0.6, angle)
    assert np.linalg.det(matrix) == pytest.approx(1.0, rel=1e-14)  # rounding
    direction = np.array([np.cos(angle / 2), np.sin(angle / 2)])
    assert np.allclose(matrix @ direction, np.exp(-0.6) * direction, rtol=1e-14)  # rounding


# --- largest correlation ----------------------------------------------------------------------------------------------


def patterns(phase=0.0):
    """Return the <a b> and <a b^dag> patterns in (x_a, x_b, p_a, p_b), from <x_a x_b> = Re <a b> + Re <a b^dag> and so on."""
    c, s = np.cos(phase), np.sin(phase)
    squeezed, exchanged = np.zeros((4, 4)), np.zeros((4, 4))
    squeezed[0, 1], squeezed[2, 3], squeezed[0, 3], squeezed[2, 1] = c, -c, s, s
    exchanged[0, 1], exchanged[2, 3], exchanged[2, 1], exchanged[0, 3] = c, c, s, -s
    return squeezed + squeezed.T, exchanged + exchanged.T


@pytest.mark.parametrize("phase", [0.0, 1.1])
@pytest.mark.parametrize(("nu_a", "nu_b"), [(0.9, 0.9), (0.6, 2.5), (40.0, 0.51)])
def test_largest_correlation_of_two_modes_in_closed_form(nu_a, nu_b, phase):
    covariance = np.diag([nu_a, nu_b, nu_a, nu_b])
    squeezed, exchanged = patterns(phase)
    # Both: the smallest symplectic eigenvalue of the two-mode covariance reaches 1/2.
    closed = np.sqrt((nu_a + nu_b) ** 2 - (1.0 + abs(nu_a - nu_b)) ** 2) / 2.0
    assert gaussian.largest_correlation(covariance, squeezed) == pytest.approx(closed, rel=1e-12)  # conditioning of P^-1/2
    closed = np.sqrt((nu_a - 0.5) * (nu_b - 0.5))
    assert gaussian.largest_correlation(covariance, exchanged) == pytest.approx(closed, rel=1e-12)


def test_largest_correlation_of_the_showcase():
    """docs/validation.md, two-oscillator engine: w = 2, T = 2.4 and w = 1, T = 1 leave room for |<ab>| = 1.014551766."""
    nu = [0.5 / np.tanh(2.0 / 4.8), 0.5 / np.tanh(0.5)]
    covariance = np.diag([*nu, *nu])
    assert gaussian.largest_correlation(covariance, patterns(np.pi / 2)[0]) == pytest.approx(1.014551766, abs=5e-10)  # its digits


@pytest.mark.parametrize("seed", range(5))
def test_largest_correlation_against_bisection(seed):
    rng = np.random.default_rng(seed)
    covariance, _ = random_covariance(rng, rng.uniform(0.05, 2.0, size=3), strength=0.2)
    pattern = random_symmetric(rng, 6)
    largest = gaussian.largest_correlation(covariance, pattern)

    def is_state(c):
        return np.linalg.eigvalsh(covariance + c * pattern + 0.5j * omega(3))[0] >= 0.0

    low, high = 0.0, 10.0
    assert not is_state(high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if is_state(middle) else (low, middle)
    assert largest == pytest.approx(low, rel=1e-10)  # rounding of the eigenvalue at the edge, over its slope


def test_a_pure_mode_leaves_no_room_and_a_pattern_that_adds_noise_has_no_limit():
    covariance = np.diag([0.5, 2.0, 0.5, 2.0])
    assert gaussian.largest_correlation(covariance, patterns()[0]) == 0.0
    assert gaussian.largest_correlation(np.diag([1.0, 2.0, 1.0, 2.0]), np.eye(4)) == np.inf
