"""Operators and states on tensor products, against QuTiP."""

import numpy as np
import qutip
import scipy.sparse

from athermal.maths import tensor

SIZES = (2, 3, 4)


def random_matrix(seed, size):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))


def test_embed_one_factor_is_the_kronecker_product():
    local = random_matrix(0, 3)
    expected = np.kron(np.kron(np.eye(2), local), np.eye(4))
    assert np.array_equal(tensor.embed(local, [1], SIZES).toarray(), expected)
    assert np.array_equal(tensor.embed(scipy.sparse.csr_array(local), [1], SIZES).toarray(), expected)


def test_embed_two_factors_in_any_order():
    one, two = random_matrix(0, 4), random_matrix(1, 2)
    expected = np.kron(np.kron(two, np.eye(3)), one)
    assert np.allclose(tensor.embed(np.kron(one, two), [2, 0], SIZES).toarray(), expected, rtol=1e-15, atol=0.0)
    assert np.allclose(tensor.embed(np.kron(two, one), [0, 2], SIZES).toarray(), expected, rtol=1e-15, atol=0.0)


def test_reduced_states():
    m = random_matrix(2, 24)[:, :5]
    rho = qutip.Qobj(m @ m.conj().T, dims=[list(SIZES)] * 2)
    for keep in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]):
        expected = rho.ptrace(keep).full()
        assert np.allclose(tensor.reduced(m, SIZES, keep), expected, rtol=0.0, atol=1e-12)  # rounding of sums of 24 squares
        spectrum = tensor.reduced_spectrum(m, SIZES, keep)
        largest = np.linalg.eigvalsh(expected)[-min(len(spectrum), 5) :]
        assert np.allclose(spectrum[-len(largest) :], largest, rtol=0.0, atol=1e-12)
    assert np.allclose(tensor.populations(m), np.diag(rho.full()).real, rtol=1e-14)


def test_sectors_find_the_number_of_excitations():
    """Exchange conserves it: sectors of 1, 3, 3, 1 states; with a pair term only its parity is left: 4 and 4."""
    lower = np.array([[0.0, 0.0], [1.0, 0.0]])

    def pair(a, b, k, l):
        return tensor.embed(np.kron(a, b), [k, l], (2, 2, 2))

    hop = [pair(lower, lower.T, k, l) + pair(lower.T, lower, k, l) for k, l in ((0, 1), (1, 2))]
    number = tensor.embed(np.diag([1.0, 0.0]), [0], (2, 2, 2))
    found = tensor.sectors([*hop, number], 8)
    excitations = np.array([3 - k.bit_count() for k in range(8)])
    assert sorted(len(sector) for sector in found) == [1, 1, 3, 3]
    assert all(len(set(excitations[sector])) == 1 for sector in found)
    assert np.array_equal(np.sort(np.concatenate(found)), np.arange(8))
    pairs = pair(lower, lower, 0, 1) + pair(lower.T, lower.T, 0, 1)
    assert sorted(len(sector) for sector in tensor.sectors([*hop, pairs], 8)) == [4, 4]
    # a stored zero connects nothing
    zero = scipy.sparse.csr_array(([0.0], ([0], [7])), shape=(8, 8))
    assert len(tensor.sectors([*hop, zero], 8)) == 4
    assert len(tensor.sectors([], 3)) == 3
