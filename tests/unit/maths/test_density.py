"""Entropies at their edges, and the closed forms of ergotropy and entanglement."""

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.maths import density

BELL = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2.0)


def bell():
    return np.outer(BELL, BELL)


def werner(p):
    return p * bell() + (1.0 - p) * np.eye(4) / 4.0


def random_density(seed, size, rank=None):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(size, rank or size)) + 1j * rng.normal(size=(size, rank or size))
    rho = m @ m.conj().T
    return rho / np.trace(rho).real


# --- entropies ------------------------------------------------------------------------------------------------------------


def test_pure_states_have_no_entropy():
    assert density.entropy(np.diag([1.0, 0.0, 0.0])) == 0.0
    assert density.entropy(bell()) == pytest.approx(0.0, abs=1e-14)  # an eigenvalue of rounding times its logarithm
    assert density.entropy(np.eye(5) / 5.0) == pytest.approx(np.log(5.0), rel=1e-15)


@pytest.mark.parametrize("p", [1e-3, 1e-8, 1e-12, 1e-15, 1e-100, 1e-300])
def test_entropy_of_a_nearly_pure_qubit(p):
    """p - p ln p to first order: every digit of a population of 1e-12 counts."""
    exact = -p * np.log(p) - (1.0 - p) * np.log1p(-p)
    # 1 - p itself is known to eps, so its term -(1 - p) ln(1 - p) = p to eps
    assert density.spectrum_entropy(np.array([1.0 - p, p])) == pytest.approx(exact, rel=1e-13, abs=2.3e-16)


def test_what_is_no_spectrum():
    assert density.spectrum_entropy(np.array([1.0, -1e-17])) == 0.0
    with pytest.raises(at.errors.StateError, match="must not be negative, but one is -0.1"):
        density.spectrum_entropy(np.array([1.1, -0.1]))


@pytest.mark.parametrize("p", [1e-6, 1e-12, 1e-13])
def test_relative_entropy_to_a_cold_qubit_is_finite(p):
    """D(1/2 || diag(1 - p, p)) = -ln 2 - (ln p + ln(1 - p))/2."""
    cold = np.diag([1.0 - p, p])
    exact = -np.log(2.0) - 0.5 * (np.log(p) + np.log1p(-p))
    assert density.relative_entropy(np.eye(2) / 2.0, cold) == pytest.approx(exact, rel=1e-13)
    # turned into another basis, the small population is known to eps: p to eps/p of itself
    u = np.array([[1.0, 1.0j], [1.0j, 1.0]]) / np.sqrt(2.0)
    assert density.relative_entropy(np.eye(2) / 2.0, u @ cold @ u.conj().T) == pytest.approx(exact, abs=1e-15 / p)


def test_qutip_is_infinite_where_we_are_not():
    """QuTiP's entropy_relative takes populations below its tolerance of 1e-12 for zero."""
    cold = np.diag([1.0 - 1e-13, 1e-13])
    theirs = qutip.entropy_relative(qutip.Qobj(np.eye(2) / 2.0), qutip.Qobj(cold))
    assert np.isinf(theirs)
    assert 13.0 < density.relative_entropy(np.eye(2) / 2.0, cold) < 15.0
    # where both are finite they agree
    one, two = random_density(1, 3), random_density(2, 3)
    theirs = qutip.entropy_relative(qutip.Qobj(one), qutip.Qobj(two))
    assert density.relative_entropy(one, two) == pytest.approx(theirs, abs=1e-12)


def test_relative_entropy_is_infinite_outside_the_support():
    pure, mixed = np.diag([1.0, 0.0]), np.eye(2) / 2.0
    assert density.relative_entropy(mixed, pure) == np.inf
    assert density.relative_entropy(pure, mixed) == pytest.approx(np.log(2.0), rel=1e-15)
    assert density.relative_entropy(pure, pure) == 0.0
    assert density.relative_entropy(np.diag([0.0, 1.0]), pure) == np.inf
    # the support in another basis
    low = random_density(3, 4, rank=2)
    assert density.relative_entropy(random_density(4, 4), low) == np.inf
    assert density.relative_entropy(low, low) == pytest.approx(0.0, abs=1e-13)  # rounding


@pytest.mark.parametrize("temperature", [1.0, 0.05, 1e-3, 1e-6])
def test_relative_entropy_to_a_thermal_state_at_any_temperature(temperature):
    """Where e^{-E/T} underflows the logarithm is still -E/T - ln Z."""
    energies = np.array([-0.5, 0.5])
    found = density.thermal_relative_entropy(np.diag([0.0, 1.0]), energies, temperature)
    assert found == pytest.approx(1.0 / temperature + np.log1p(np.exp(-1.0 / temperature)), rel=1e-14)
    assert density.thermal_relative_entropy(np.diag([1.0, 0.0]), energies, temperature) == pytest.approx(
        np.log1p(np.exp(-1.0 / temperature)),
        abs=1e-15 / temperature,  # rounding of E/T + ln Z
    )


def test_thermal_states_at_zero_temperature_limits():
    energies = np.array([2.0, 1.0, 1.0])
    assert density.thermal_populations(energies, 1e-5).tolist() == [0.0, 0.5, 0.5]
    assert density.log_partition(energies, 1e-5) == pytest.approx(-1e5 + np.log(2.0), rel=1e-15)
    assert density.log_partition(energies, 1e9) == pytest.approx(np.log(3.0), abs=1e-8)


# --- ergotropy ------------------------------------------------------------------------------------------------------------


def test_ergotropy():
    h = np.diag([0.0, 1.0, 2.5])
    thermal = np.diag(density.thermal_populations(np.diag(h), 0.7))
    assert density.ergotropy(thermal, h) == pytest.approx(0.0, abs=1e-15)  # passive
    assert density.ergotropy(np.diag([0.0, 0.0, 1.0]), h) == pytest.approx(2.5, rel=1e-15)
    assert density.ergotropy(np.diag([0.2, 0.5, 0.3]), h) == pytest.approx(
        1.25 - (0.3 + 0.5 * 0.2 * 5.0 / 1.0 - 0.3 + 0.3), abs=0.06
    )
    # a coherent superposition of one qubit: all its energy above the ground state
    plus = np.full((2, 2), 0.5) + 0.0j
    assert density.ergotropy(plus, np.diag([0.0, 1.0])) == pytest.approx(0.5, rel=1e-14)
    sy = np.array([[0.0, -1.0j], [1.0j, 0.0]])
    along_y = 0.5 * (np.eye(2) + 0.6 * sy)
    assert density.ergotropy(along_y, sy) == pytest.approx(1.2, rel=1e-14)  # from +0.6 to -0.6
    assert density.ergotropy(along_y, -sy) == pytest.approx(0.0, abs=1e-15)


# --- entanglement ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.0, 0.2, 1.0 / 3.0, 0.5, 0.9, 1.0])
def test_werner_states(p):
    """Concurrence max(0, (3p - 1)/2), negativity max(0, (3p - 1)/4)."""
    assert density.concurrence(werner(p)) == pytest.approx(max(0.0, 1.5 * p - 0.5), abs=1e-14)
    assert density.negativity(werner(p), (2, 2)) == pytest.approx(max(0.0, 0.75 * p - 0.25), abs=1e-14)


def test_concurrence_of_products_and_of_pure_states():
    product = np.kron(random_density(0, 2, 1), random_density(1, 2, 1))
    assert density.concurrence(product) == pytest.approx(0.0, abs=1e-7)  # the square root of rounding, for a pure state
    for seed in range(5):
        psi = np.random.default_rng(seed).normal(size=(4, 2)) @ [1.0, 1.0j]
        psi /= np.linalg.norm(psi)
        exact = 2.0 * abs(psi[0] * psi[3] - psi[1] * psi[2])
        assert density.concurrence(np.outer(psi, psi.conj())) == pytest.approx(exact, abs=1e-7)
        mixed = random_density(seed, 4, 2)
        theirs = qutip.concurrence(qutip.Qobj(mixed, dims=[[2, 2], [2, 2]]))
        assert density.concurrence(mixed) == pytest.approx(theirs, abs=1e-7)  # theirs: square roots of rounding


def test_negativity_of_unequal_parts():
    """A maximally entangled pair of a qubit within a qutrit: 1/2; a product: 0."""
    psi = np.zeros(6)
    psi[0] = psi[5] = np.sqrt(0.5)
    assert density.negativity(np.outer(psi, psi), (2, 3)) == pytest.approx(0.5, rel=1e-14)
    assert density.negativity(np.kron(random_density(0, 2), random_density(1, 3)), (2, 3)) == 0.0


def test_factor_of_a_state():
    rho = random_density(5, 6, rank=3)
    factor, weights = density.root_factor(rho)
    assert factor.shape == (6, 3)
    assert np.allclose(factor @ factor.conj().T, rho, rtol=0.0, atol=1e-15)
    assert np.allclose(factor.conj().T @ factor, np.diag(weights), rtol=0.0, atol=1e-15)


def test_largest_pattern():
    assert density.largest_pattern(np.array([[0.0, 1.0j], [-1.0j, 0.0]])) == pytest.approx(1.0, rel=1e-15)
    assert density.largest_pattern(np.zeros((2, 2))) == np.inf
