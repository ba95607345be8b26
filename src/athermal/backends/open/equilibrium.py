"""The stationary state of a hierarchy that is not driven: the equilibrium of subsystems and baths coupled at any strength."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from athermal._types import ComplexArray
from athermal.backends.open.conserved import commutant
from athermal.errors import ConvergenceError, MachineError
from athermal.maths.superoperator import stacked, trace_row

# The size up to which a sparse factorisation is tried where the iteration fails.
_DIRECT = 20_000
# How well M v = 0 must hold, relative to the size of M v's own terms.
_STATIONARY = 1e-9
# Vectors that an iteration keeps before it begins anew, and the bytes that they may take; and how often it begins.
_RESTART, _BYTES, _ROUNDS = 300, 2e9, 12
# What stands for the rate of relaxation of populations, in units of the slowest decay of the baths.
_POPULATIONS = 0.1


def stationary(generator: Any, decay: ComplexArray, hamiltonian: ComplexArray) -> ComplexArray:
    """Return the vector v with M v = 0 and Tr rho = 1 of a hierarchy that is not driven.

    As Tr M = 0, it solves (M + u Tr) v = u for any u of trace one: by GMRES, preconditioned with what the auxiliary operators do
    on their own, -decay Phi - i [H, Phi]; by factorisation where that fails.

    Parameters
    ----------
    generator : (N, N) sparse matrix
        M, on the auxiliary operators one after another, the density matrix first.
    decay : (n,) array
        Their decay rates, the first zero.
    hamiltonian : (d, d) array
        Of the subsystems, with N = n d^2.

    Raises
    ------
    ConvergenceError
        If neither finds it.
    """
    dimension = len(hamiltonian)
    # in units of the fastest rate, so that M and u Tr are alike
    unit = max(float(np.max(np.abs(decay))), float(np.max(np.abs(hamiltonian))))
    generator, decay, hamiltonian = generator / unit, decay / unit, hamiltonian / unit
    size, block = generator.shape[0], dimension**2
    trace, start = np.zeros(size, dtype=complex), np.zeros(size, dtype=complex)
    trace[:block] = trace_row(np.eye(dimension))
    start[:block] = stacked(np.eye(dimension) / dimension)
    shifted = scipy.sparse.linalg.LinearOperator(
        (size, size), matvec=lambda v: generator @ v + (trace @ v) * start, dtype=complex
    )
    restart = max(20, min(_RESTART, int(_BYTES / (16.0 * size))))
    found, _ = scipy.sparse.linalg.gmres(
        shifted, start, x0=start, rtol=1e-13, restart=restart, maxiter=_ROUNDS, M=_alone(decay, hamiltonian)
    )
    if _misses(generator, found) > _STATIONARY and size <= _DIRECT:
        rows = scipy.sparse.csr_array(start[:, None]) @ scipy.sparse.csr_array(trace[None, :])
        found = scipy.sparse.linalg.spsolve(scipy.sparse.csc_array(generator + rows), start)
    if (missed := _misses(generator, found)) > _STATIONARY:
        raise ConvergenceError(
            f"The stationary state of the coupled whole must not move, but after {restart * _ROUNDS} iterations M v is still "
            f"{missed:.1e} of its terms. Start from a product and let it relax with `state_after`, or lower `depth`."
        )
    return np.asarray(found / (trace @ found))


def check_unique(operators: Sequence[ComplexArray], name: str) -> None:
    """Raise `MachineError` if something besides the identity commutes with H and all contacts' operators.

    It would be conserved, and the stationary state not be unique.
    """
    if len(commutant(operators)) > 1:
        raise MachineError(
            f"The Gibbs state of the whole must be the only stationary state for {name}, but something commutes with the "
            "Hamiltonian and with all contacts at time zero, and is conserved: a contact that is off, that only dephases, or a "
            "symmetry. Break it, or start from a Gibbs state of the subsystems (`parts`)."
        )


def _misses(generator: Any, vector: ComplexArray) -> float:
    """Return |M v| in units of |M| |v|."""
    return float(np.linalg.norm(generator @ vector) / max(float(np.linalg.norm(abs(generator) @ np.abs(vector))), 1e-300))


def _alone(decay: ComplexArray, hamiltonian: ComplexArray) -> Any:
    """Return the inverse of Phi -> -decay Phi - i [H, Phi] for every auxiliary operator."""
    n, dimension = len(decay), len(hamiltonian)
    energies, vectors = np.linalg.eigh(hamiltonian)
    # blocks are stacked by columns: as arrays they are transposed
    rates = -decay[:, None, None] - 1j * (energies[None, None, :] - energies[None, :, None])
    slowest = float(np.min(decay.real[1:], initial=1.0))
    rates = np.where(np.abs(rates) < _POPULATIONS * slowest, -_POPULATIONS * slowest, rates)

    def inverse(vector: ComplexArray) -> ComplexArray:
        turned = vectors.T @ vector.reshape(n, dimension, dimension) @ vectors.conj()
        return np.asarray((vectors.conj() @ (turned / rates) @ vectors.T).ravel())

    return scipy.sparse.linalg.LinearOperator((n * dimension**2,) * 2, matvec=inverse, dtype=complex)
