"""Observables and states of machines of finite parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.backends.finite.memory import GIB
from athermal.errors import MachineError
from athermal.machine.layout import Layout
from athermal.machine.observable import Observable, finite_operator
from athermal.machine.operator import asymmetry
from athermal.machine.parts import FiniteReservoir
from athermal.machine.quadratures import truncated_operator
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.tensor import reduced, split
from athermal.thermodynamics.states import Kept

_HERMITIAN = 1e-12
_LARGEST_STATE = 4096


@dataclass(frozen=True)
class Operator:
    """An observable as a matrix on the parts at some positions."""

    positions: tuple[int, ...]
    local: Any

    def means(self, factor: ComplexArray, sizes: Sequence[int]) -> FloatArray:
        """Return <O> in each column of a factor of the density matrix; their sum is that of the state."""
        columns = factor.shape[1]
        rows = split(factor, sizes, self.positions)
        each = np.real(np.einsum("ij,ij->j", rows.conj(), self.local @ rows))
        return np.asarray(each.reshape(-1, columns).sum(axis=0))

    def mean(self, rho: ComplexArray) -> float:
        """Return <O> from the density matrix of its parts."""
        return float(np.real(self.local.multiply(rho.T).sum()))


def operators(machine: Layout, hamiltonian: TensorHamiltonian, observables: Sequence[Observable]) -> list[Operator]:
    """Return observables as matrices, or raise `MachineError` for one that does not fit or is not Hermitian."""
    found = []
    for observable in observables:
        if hamiltonian.cut_from is None:
            parts, local = finite_operator(observable, machine)
        else:
            parts, local = truncated_operator(observable, *hamiltonian.cut_from)
        if asymmetry(local) > _HERMITIAN:
            raise MachineError(
                f"An observable of {', '.join(map(repr, parts))} must be Hermitian, but it and its adjoint differ by "
                f'{asymmetry(local):.3g} of its largest entry. Read A + A^dag and i (A - A^dag) apart, as "position" and '
                '"momentum" are, or keep the state.'
            )
        found.append(Operator(tuple(hamiltonian.positions(parts)), scipy.sparse.csr_array(local)))
    return found


def check_state(hamiltonian: TensorHamiltonian, parts: tuple[str, ...]) -> tuple[int, ...]:
    """Return the dimensions of some parts, or raise `MachineError` if a density matrix of them is too large to be kept."""
    sizes = tuple(hamiltonian.sizes(parts))
    dimension = int(np.prod(sizes))
    if dimension > _LARGEST_STATE:
        raise MachineError(
            f"The state of {', '.join(map(repr, parts))} must have at most {_LARGEST_STATE} dimensions to be kept, but has "
            f"{dimension} ({16.0 * dimension**2 / GIB:.3g} GiB at each instant). Keep smaller parts, or read observables."
        )
    return sizes


def state_of(machine: Layout, hamiltonian: TensorHamiltonian, parts: tuple[str, ...], factor: ComplexArray) -> Kept:
    """Return the normalised density matrix of some parts in the user's basis, reservoirs turned back from their energy basis."""
    sizes = check_state(hamiltonian, parts)
    rho = reduced(factor, hamiltonian.dimensions, hamiltonian.positions(parts))
    rho = rho / np.real(np.trace(rho))
    for k, name in enumerate(parts):
        part = machine.part(name)
        if isinstance(part, FiniteReservoir):
            vectors = part.adjoint_basis(scipy.sparse.eye_array(sizes[k], format="csr")).conj().T
            before, after = (scipy.sparse.eye_array(int(np.prod(group))) for group in (sizes[:k], sizes[k + 1 :]))
            whole = scipy.sparse.csr_array(scipy.sparse.kron(scipy.sparse.kron(before, vectors), after))
            rho = whole @ (whole @ rho.conj().T).conj().T
    return Kept(parts, sizes, np.asarray(rho, dtype=complex))
