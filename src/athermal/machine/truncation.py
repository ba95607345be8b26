"""Machines of oscillators with every oscillator cut to a few levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from athermal.machine.hamiltonian import Hamiltonian, Term
from athermal.machine.layout import Layout
from athermal.machine.operator import oscillator_operators
from athermal.machine.tensor_hamiltonian import TensorHamiltonian, TensorTerm
from athermal.maths.symplectic import mode_indices
from athermal.maths.tensor import embed


def truncate(machine: Layout, levels: int) -> TensorHamiltonian:
    """Return the Hamiltonian of a machine of oscillators with each cut to its lowest levels.

    The modes are those of the machine's Hamiltonian: each subsystem at its reference frequency, the normal modes of each
    reservoir. Products of two quadratures of one mode are cut after they are multiplied.
    """
    hamiltonian = Hamiltonian.of(machine)
    n_modes = {name: len(modes) for name, modes in hamiltonian.part_modes.items()}
    number = np.arange(levels) + 0.5
    energies: dict[str, Any] = {}
    for name in machine.reservoir_names:
        total = np.zeros(1)
        for frequency in hamiltonian.frequencies[hamiltonian.part_modes[name]]:
            total = (total[:, None] + frequency * number).ravel()
        energies[name] = total
    return TensorHamiltonian(
        {name: levels ** n_modes[name] for name in machine.subsystem_names},
        energies,
        [truncated_term(hamiltonian, term, levels) for term in hamiltonian.terms],
        {},
        machine.period,
        {name: (levels,) * count for name, count in n_modes.items()},
        (hamiltonian, levels),
        hamiltonian.side,
    )


def truncated_term(hamiltonian: Hamiltonian, term: Term, levels: int) -> TensorTerm:
    """Return r^T h r/2 + force . r, restricted to the modes of the term's parts, in the number basis."""
    modes = np.concatenate([hamiltonian.part_modes[name] for name in term.parts])
    local = term.vectors[mode_indices(modes, hamiltonian.n_modes)]
    form, force = local @ term.core @ local.T, local @ term.force
    count, sizes = len(modes), (levels,) * len(modes)
    known = oscillator_operators(levels)
    singles = (known["position"], known["momentum"])
    squares = {(0, 0): known["position_squared"], (1, 1): known["momentum_squared"], (0, 1): known["position_momentum"]}
    total = scipy.sparse.csr_array((levels**count, levels**count))
    for i in range(2 * count):
        (kind, k) = divmod(i, count)
        if force[i] != 0.0:
            total = total + force[i] * embed(singles[kind], [k], sizes)
        for j in range(i, 2 * count):
            (other, m) = divmod(j, count)
            amount = form[i, j] * (0.5 if i == j else 1.0)
            if amount == 0.0:
                continue
            if k == m:
                total = total + amount * embed(squares[kind, other], [k], sizes)
            else:
                product = scipy.sparse.kron(scipy.sparse.csr_array(singles[kind]), scipy.sparse.csr_array(singles[other]))
                total = total + amount * embed(product, [k, m], sizes)
    return TensorTerm(term.parts, term.drive, total, term.share)
