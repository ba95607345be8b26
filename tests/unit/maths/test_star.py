import numpy as np
import pytest

from athermal.maths.gaussian import entropy, largest_correlation
from athermal.maths.information import mutual_information
from athermal.maths.star import contact_window, slices_of
from athermal.maths.star_information import (
    entropy_change_of_low_rank,
    integration_rule,
    largest_low_rank_correlation,
    mutual_information_of_amplitudes,
)
from unit.random_states import random_symplectic


@pytest.mark.parametrize("n_contacts", [1, 2])
def test_a_window_holds_the_contacts_at_all_its_times(n_contacts):
    rng = np.random.default_rng(1)
    w = np.linspace(0.8, 2.2, 400)
    contacts = rng.normal(size=(400, n_contacts)) + 1j * rng.normal(size=(400, n_contacts))
    contacts /= np.linalg.norm(contacts, axis=0)
    window = contact_window(w, contacts, 7.0)
    assert window.rank <= n_contacts * (7.0 * 1.4 / (2.0 * np.pi) + 20.0)
    for t in (0.0, 0.7, 3.3, 7.0):
        turned = (contacts.T * np.exp(1j * w * t)).reshape(n_contacts, -1)
        seen = window.project(turned)
        # sums of some hundred numbers of order one
        assert np.allclose(window.contact_at(np.array([t]))[0].T, seen, rtol=0.0, atol=1e-13)
        expanded = np.zeros_like(turned)
        window.add_to(expanded, seen)
        assert np.allclose(expanded, turned, rtol=0.0, atol=1e-13)
    gram = window.modes().conj().T @ window.modes()
    assert np.allclose(gram, np.eye(window.rank), rtol=0.0, atol=1e-13)  # rounding


def test_a_bath_of_many_blocks_of_modes():
    w = np.linspace(0.8, 2.2, 9000)
    contact = np.sqrt(np.sin(w))[:, None] / 70.0 + 0j
    window = contact_window(w, contact, 7.0)
    gram = window.modes().conj().T @ window.modes()
    assert np.allclose(gram, np.eye(window.rank), rtol=0.0, atol=1e-13)  # rounding
    turned = contact.T * np.exp(2.5j * w)
    # sums of thousands of numbers
    assert np.allclose(window.project(turned), window.contact_at(np.array([2.5]))[0].T, rtol=0.0, atol=1e-12)


def test_a_small_bath_is_taken_as_it_is():
    window = contact_window(np.array([1.0, 2.0]), np.ones((2, 1)) + 0j, 3.0)
    assert window.basis is None
    assert window.rank == 2


def test_a_bath_without_contacts_has_no_effective_modes():
    window = contact_window(np.array([1.0, 2.0]), np.ones((2, 0)) + 0j, 3.0)
    assert window.rank == 0
    assert window.contact_at(np.array([0.5])).shape == (1, 0, 0)


def test_slices():
    assert slices_of(2, [3, 0, 1]) == [slice(2, 5), slice(5, 5), slice(5, 6)]


@pytest.mark.parametrize("least", [0.0, 1e-12, 1e-4, 0.05, 0.3, 5.0])
def test_the_rule_integrates_the_logarithm_it_is_made_for(least):
    """integral_0^{1/2} ln(nu^2 - y^2) dy = f(nu) - 1, from S(sigma) = N + integral ln det."""
    gap, weights = integration_rule(least)
    found = np.sum(weights * (np.log(least + gap) + np.log(least + 1.0 - gap)))
    f = entropy((0.5 + least) * np.eye(2)) if least else 0.0
    assert found == pytest.approx(f - 1.0, abs=1e-12)  # what the graded rule is known to reach


def complex_rows(rows):
    half = rows.shape[1] // 2
    return rows[:, :half] + 1j * rows[:, half:]


@pytest.mark.parametrize("coldest", [0.0, 1e-9, 0.4])
def test_mutual_information_of_amplitudes(coldest):
    rng = np.random.default_rng(5)
    n = 6
    s = random_symplectic(rng, n)
    above = coldest + np.array([0.0, 0.1, 0.3, 0.6, 1.0, 2.0])
    covariance = (s * np.tile(above + 0.5, 2)) @ s.T
    rows = s[[0, 1, n, n + 1]]
    expected = mutual_information(covariance, np.array([0, 1]))
    # the direct way loses eps times the covariance in nearly pure modes, whose entropy has an infinite slope
    assert mutual_information_of_amplitudes(complex_rows(rows), above) == pytest.approx(expected, abs=1e-10)


def random_low_rank(rng, n):
    vectors = rng.normal(size=(2 * n, 3)) / n
    core = rng.normal(size=(3, 3))
    return vectors, 0.1 * (core + core.T)


def test_mutual_information_with_a_low_rank_term():
    rng = np.random.default_rng(6)
    n = 7
    s = random_symplectic(rng, n)
    above = 0.6 + rng.random(n)
    vectors, core = random_low_rank(rng, n)
    inside = np.diag(np.tile(above + 0.5, 2)) + vectors @ core @ vectors.T
    covariance = s @ inside @ s.T
    expected = mutual_information(covariance, np.array([0, 1]))
    rows = complex_rows(s[[0, 1, n, n + 1]])
    found = mutual_information_of_amplitudes(rows, above, shared=(complex_rows(vectors.T), core))
    assert found == pytest.approx(expected, abs=1e-11)  # sums of logarithms


def test_entropy_change_of_low_rank():
    rng = np.random.default_rng(7)
    n = 8
    above = 0.5 + rng.random(n)
    vectors, core = random_low_rank(rng, n)
    before = np.diag(np.tile(above + 0.5, 2))
    expected = entropy(before + vectors @ core @ vectors.T) - entropy(before)
    assert entropy_change_of_low_rank(above, vectors, core, 0.1) == pytest.approx(expected, abs=1e-12)  # sums of logarithms


@pytest.mark.parametrize("seed", range(4))
def test_largest_low_rank_correlation(seed):
    rng = np.random.default_rng(seed)
    n = 6
    above = 0.1 + rng.random(n)
    vectors, core = random_low_rank(rng, n)
    expected = largest_correlation(np.diag(np.tile(above + 0.5, 2)), vectors @ core @ vectors.T)
    found = largest_low_rank_correlation(above, complex_rows(vectors.T), core)
    assert found == pytest.approx(expected, rel=1e-11)  # eigenvalues, and squares of vectors


def test_a_pure_mode_has_no_room_for_correlations():
    assert largest_low_rank_correlation(np.array([0.0, 1.0]), np.ones((2, 2), complex), np.eye(2)) == 0.0


@pytest.mark.parametrize("above", [1e-30, 1e-16])
def test_a_mode_that_is_pure_within_rounding_has_none_either(above):
    """As in `largest_correlation`, whose eigenvalues cannot tell it from a pure one."""
    vectors = np.array([[1.0, 0.0], [1.0j, 0.0], [0.0, 1.0], [0.0, 1.0j]])
    exchange = np.kron(np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2))
    assert largest_low_rank_correlation(np.array([above, 1.0]), vectors, exchange) == 0.0


def test_the_same_contact_twice_takes_no_more_effective_modes():
    """Position and momentum of one contact differ by a factor i; at this size rounding must not tell them apart."""
    w = np.linspace(1.4, 2.6, 30_000)
    contact = np.full((len(w), 1), 1.0 / np.sqrt(len(w)), dtype=complex)
    one, two = contact_window(w, contact, 6.3), contact_window(w, np.concatenate([contact, 1j * contact], axis=1), 6.3)
    assert two.rank == one.rank < 20


def test_a_wide_band_takes_no_more_than_bandwidth_times_time():
    """180 x 2 pi / 2 pi directions and a logarithmic tail (Landau, Pollak, Slepian: of some 40 at 1e-14)."""
    w = (np.arange(2000) + 0.5) * 0.09
    contact = np.sqrt(w * np.exp(-w / 10.0))[:, None] / 300.0 + 0j
    assert contact_window(w, contact, 2.0 * np.pi).rank <= 220


def test_the_two_mode_squeezed_vacuum():
    """I = 2 f(cosh(2r)/2) of a pure state, whose Gram matrices are singular at y = 1/2."""
    r = 0.8
    rows = np.zeros((2, 2), complex)
    rows[0], rows[1] = [np.cosh(r), np.sinh(r)], [1j * np.cosh(r), -1j * np.sinh(r)]
    expected = 2.0 * entropy(0.5 * np.cosh(2.0 * r) * np.eye(2))
    # the graded rule
    assert mutual_information_of_amplitudes(rows, np.zeros(2)) == pytest.approx(expected, abs=1e-12)
