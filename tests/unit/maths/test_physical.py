"""The nearest state, and what is taken for one."""

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.maths.density import entropy
from athermal.maths.physical import STATE_TOLERANCE, nearest_state, on_simplex, physical_state, physical_vector


def noisy(seed, size, noise):
    rng = np.random.default_rng(seed)
    off = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    off = 0.5 * noise * (off + off.conj().T)
    return qutip.rand_dm(size, rank=1 + seed % size, seed=seed).full() + off - np.trace(off).real / size * np.eye(size)


@pytest.mark.parametrize("size", [2, 3, 7])
@pytest.mark.parametrize("noise", [1e-3, 0.3])
def test_the_nearest_state_is_the_projection_on_the_convex_set_of_states(size, noise):
    # P is nearest to M among the states if and only if Tr[(M - P)(sigma - P)] <= 0 for every pure state sigma
    for seed in range(5):
        matrix = noisy(seed, size, noise)
        near = nearest_state(matrix)
        assert np.linalg.eigvalsh(near)[0] > -1e-15
        assert np.trace(near).real == pytest.approx(1.0, abs=1e-14)
        away = matrix - near
        largest = np.linalg.eigvalsh(away)[-1]  # of <psi| M - P |psi> over all psi
        assert largest - np.real(np.vdot(near, away)) < 1e-13
        assert np.allclose(nearest_state(near), near, atol=1e-14)
        turn = qutip.rand_unitary(size, seed=seed).full()
        assert np.allclose(nearest_state(turn @ matrix @ turn.conj().T), turn @ near @ turn.conj().T, atol=1e-13)


def test_the_published_example_of_four_populations():
    # Smolin, Gambetta, Smith, Phys. Rev. Lett. 108, 070502 (2012), figure 1: 3/5, 1/2, 7/20, 1/10, -11/20 -> 9/20, 7/20, 1/5, 0, 0
    assert np.allclose(on_simplex(np.array([0.6, 0.5, 0.35, 0.1, -0.55])), [0.45, 0.35, 0.2, 0.0, 0.0], atol=1e-15)


def test_what_is_physical_stays_as_it_is():
    for seed in range(4):
        rho = qutip.rand_dm(4, rank=1 + seed, seed=seed).full()
        rho = 0.5 * (rho + rho.conj().T)
        rho /= np.trace(rho).real
        taken = physical_state(rho, "It")
        assert np.array_equal(taken.matrix, rho)
        assert not taken.is_mended
        assert taken.said("It") == ""


@pytest.mark.parametrize("miss", [1e-9, 8e-8, 0.9 * STATE_TOLERANCE])
def test_what_misses_by_a_solvers_error_is_taken_and_told(miss):
    for matrix in (np.diag([1.0 + miss, -miss]), np.diag([1.0 + miss, 0.0]), np.array([[1.0, miss], [0.0, 0.0]])):
        taken = physical_state(matrix, "It")
        assert taken.miss == pytest.approx(miss, rel=1e-6)
        assert f"by {miss:.2g}" in taken.said("It")
        assert entropy(taken.matrix) < 2.0 * miss
    taken = physical_vector(np.array([0.6, 0.8j]) * (1.0 + miss), "It")
    assert np.linalg.norm(taken.matrix) == pytest.approx(1.0, abs=1e-15)
    assert "norm" in taken.said("It")


@pytest.mark.parametrize(
    ("matrix", "remedy"),
    [
        (np.diag([0.6, 0.6]), "Divide it by its trace."),
        (np.diag([1.01, -0.01]), "nearest_state"),
        (np.array([[0.5, 0.1], [0.0, 0.5]]), "nearest_state"),
        (np.array([[1.0, 1.0], [1.0, -1.0]]), "without a positive trace"),
        (-np.eye(2) / 2, "without a positive trace"),
        (np.diag([3.0, -2.0]), "No state is near"),
        (np.array([[1.0, 5.0], [0.0, 0.0]]), "No state is near"),
        (np.zeros((2, 2)), "without a positive trace"),
    ],
)
def test_the_remedy_of_what_is_refused_works(matrix, remedy):
    with pytest.raises(at.errors.StateError, match=remedy) as caught:
        physical_state(matrix, "The given state")
    said = str(caught.value)
    if "Divide it by its trace." in said:
        physical_state(matrix / np.trace(matrix), "It")
    elif "nearest_state(state)" in said:
        physical_state(at.states.nearest_state(matrix), "It")
        assert isinstance(at.states.nearest_state(qutip.Qobj(matrix)), qutip.Qobj)
    else:
        assert "Give a density matrix" in said


@pytest.mark.parametrize("state", ["x", None, np.eye(2)[0], [[1.0, np.nan], [0.0, 0.0]], np.diag([1.0, -1.0]), []])
def test_no_state_is_near_to_nonsense(state):
    with pytest.raises(at.errors.StateError, match="The state must"):
        at.states.nearest_state(state)
