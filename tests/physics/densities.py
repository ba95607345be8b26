"""Density matrices in plain NumPy and SciPy, and random machines of finite parts, for the checks of the identities."""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
from scipy.special import xlogy

import athermal as at


def state_of(solver, state):
    """Return rho of the whole, parts in the machine's order (spins of a bath site by site: their product basis)."""
    return state.factor @ state.factor.conj().T


def reduce(rho, sizes, keep):
    """Return the partial trace that leaves the parts at the places `keep`, which rise."""
    n = len(sizes)
    shaped = rho.reshape(*sizes, *sizes)
    letters = list(range(n)) + [n + k if k in keep else k for k in range(n)]
    out = [*keep, *(n + k for k in keep)]
    size = math.prod(sizes[k] for k in keep)
    return np.einsum(shaped, letters, out).reshape(size, size)


def entropy(rho):
    values = np.linalg.eigvalsh(rho)
    return float(-np.sum(xlogy(values, np.maximum(values, 0.0))))


def log(matrix):
    values, vectors = scipy.linalg.eigh(matrix)
    return (vectors * np.log(values)) @ vectors.conj().T


def relative_entropy(rho, log_sigma):
    """Return Tr rho (ln rho - ln sigma) from ln sigma."""
    return -entropy(rho) - float(np.real(np.trace(rho @ log_sigma)))


def log_thermal(hamiltonian, temperature):
    """Return ln(e^{-H/T}/Z) for a diagonal or full H."""
    energies = scipy.linalg.eigvalsh(hamiltonian)
    return -hamiltonian / temperature - np.log(np.sum(np.exp(-energies / temperature))) * np.eye(len(hamiltonian))


def thermal(hamiltonian, temperature):
    weights = scipy.linalg.expm(-hamiltonian / temperature)
    return weights / np.trace(weights)


def spins(frequencies):
    """Return sum_k w_k sigma_z^k / 2 as a matrix."""
    total = np.zeros((1, 1))
    for w in frequencies:
        total = np.kron(total, np.eye(2)) + np.kron(np.eye(len(total)), np.diag([0.5 * w, -0.5 * w]))
    return total


def hermitian(rng, size, scale=1.0):
    m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return scale * 0.5 * (m + m.conj().T) / np.sqrt(size)


def drive(rng, size, period):
    base = 2.0 * np.pi / period
    kind = rng.integers(4)
    if kind == 0:
        return at.drives.Harmonic(size, base * int(rng.integers(1, 4)), float(rng.uniform(0, 6)))
    if kind == 1:
        return at.drives.Strokes((0.4 * period, 0.6 * period), tuple(rng.uniform(-size, size, 2)))
    if kind == 2:
        return at.drives.Strokes((0.3 * period, 0.7 * period), tuple(rng.uniform(-size, size, 2)), ramps=0.1 * period)
    return at.drives.Constant(size) * at.drives.Strokes((0.5 * period, 0.5 * period), (1.0, 0.3))


def random_machine(seed, *, temperatures=(1.4, 0.5), strokes_only=False):
    """Return a qubit and a qutrit between two spin baths: every coupling random, Hermitian, driven."""
    rng = np.random.default_rng(seed)
    period = 4.0

    def random_drive(size):
        if strokes_only:
            return at.drives.Strokes((1.5, 2.5), tuple(rng.uniform(-size, size, 2)))
        return drive(rng, size, period)

    baths = [
        at.SpinBath(name, temperature, tuple(rng.uniform(0.5, 2.0, 2)), tuple(rng.uniform(0.2, 0.5, 2)))
        for name, temperature in zip(("hot", "cold"), temperatures, strict=True)
    ]
    return at.Machine(
        [at.Qubit("a", 1.0 + random_drive(0.4)), at.Qudit("b", hermitian(rng, 3))],
        baths,
        [
            at.OperatorCoupling(("a", "hot"), (hermitian(rng, 2), "sigmax"), random_drive(1.0)),
            at.OperatorCoupling(("b", "cold"), (hermitian(rng, 3), hermitian(rng, 4)), 0.4),
            at.OperatorCoupling(("b", "hot"), (hermitian(rng, 3), "sigmaz"), random_drive(0.5), site=1),
            at.OperatorCoupling(("a", "b"), (hermitian(rng, 2), hermitian(rng, 3)), random_drive(0.5), share=(0.3, 0.7)),
            at.OperatorCoupling("b", (hermitian(rng, 3),), random_drive(0.4)),
        ],
        period,
    )


def random_state(seed, machine):
    """Return a random correlated state of full rank."""
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(machine.dimension, 7)) + 1j * rng.normal(size=(machine.dimension, 7))
    rho = m @ m.conj().T
    return at.GivenState(0.7 * rho / np.trace(rho).real + 0.3 * np.eye(machine.dimension) / machine.dimension)
