"""Operators of finite parts: by name, by matrix, by QuTiP, and what is refused."""

import numpy as np
import pytest
import qutip
import scipy.sparse

import athermal as at
from athermal.machine.operator import as_hamiltonian, as_operator, oscillator_operators, spin_operators


def test_qutip_and_arrays_and_sparse_matrices_are_the_same():
    matrix = np.array([[0.0, 1.0 - 2.0j], [0.5, 0.0]])
    forms = [
        as_operator(form, "operator", "x")
        for form in (matrix, qutip.Qobj(matrix), scipy.sparse.csr_array(matrix), matrix.tolist())
    ]
    assert all(form == forms[0] for form in forms)
    assert np.array_equal(forms[0].matrix.toarray(), matrix)
    assert not forms[0].is_hermitian
    assert as_operator(qutip.sigmay(), "operator", "x").is_hermitian
    assert hash(forms[0]) == hash(forms[1])


def test_spin_operators_are_qutips():
    known = spin_operators()
    for name in ("sigmax", "sigmay", "sigmaz", "sigmap", "sigmam"):
        assert np.array_equal(known[name], getattr(qutip, name)().full()), name


def test_oscillator_operators_have_their_exact_matrix_elements():
    """x^2 cut after squaring: <n|x^2|n> = n + 1/2 also in the highest level."""
    known = oscillator_operators(4)
    n = np.arange(4)
    assert np.allclose(np.diag(known["position_squared"]), n + 0.5, rtol=1e-15)
    assert np.allclose(np.diag(known["momentum_squared"]), n + 0.5, rtol=1e-15)
    assert np.allclose(np.diag(known["position_squared"], 2), 0.5 * np.sqrt((n[:2] + 1.0) * (n[:2] + 2.0)), rtol=1e-15)
    assert np.array_equal(known["destroy"], qutip.destroy(4).full().real)
    x, p = known["position"], known["momentum"]
    assert np.allclose((x @ p - p @ x)[:3, :3], 1j * np.eye(3), rtol=0.0, atol=1e-15)
    assert np.allclose(known["position_momentum"], known["position_momentum"].conj().T, rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.ones((2, 3)), r"`operator` of x must be a square matrix, but has the shape \(2, 3\)"),
        (qutip.basis(2, 0), "must be an operator, but is a Qobj of type 'ket'"),
        (3.0, "must be a QuTiP operator, a square matrix or the name"),
        ([[np.inf]], "must be finite"),
    ],
)
def test_what_is_no_operator(value, message):
    with pytest.raises(at.errors.MachineError, match=message):
        as_operator(value, "operator", "x")


def test_what_is_no_hamiltonian():
    with pytest.raises(at.errors.MachineError, match="`hamiltonian` of x must be Hermitian, .* differ by 1 of its largest entry"):
        as_hamiltonian(np.array([[0.0, 1.0], [0.0, 0.0]]), "hamiltonian", "x")
    with pytest.raises(at.errors.MachineError, match="a matrix or a list of energies, but is 'sigmax'"):
        as_hamiltonian("sigmax", "hamiltonian", "x")
    # rounding is not asymmetry
    noisy = np.array([[1.0, 0.5], [0.5 + 1e-15, 2.0]])
    assert as_hamiltonian(noisy, "hamiltonian", "x").dimension == 2
    assert np.array_equal(as_hamiltonian([0.0, 1.5], "hamiltonian", "x").matrix.toarray(), np.diag([0.0, 1.5]))
