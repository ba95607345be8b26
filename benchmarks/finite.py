"""Machines of finite parts, and the same run done with QuTiP's own solver and entropy functions."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

import athermal as at


def spin_machine(spins: int, *, conserving: bool = False) -> at.Machine:
    """Return two qubits with a bath of `spins` spins each, driven by two strokes.

    Unless it is to conserve excitations, every coupling is sigma_x sigma_x with a tilted field on the qubits, so that nothing is
    conserved and all eigenvectors are complex.
    """
    couplings: list[at.Exchange | at.OperatorCoupling]
    strokes = at.drives.Strokes((2.0, 3.0), (0.3, 0.0))
    contact = at.drives.Strokes((2.0, 3.0), (0.0, 1.0))
    if conserving:
        couplings = [at.Exchange(("a", "b"), strokes), at.Exchange(("a", "hot"), contact), at.Exchange(("b", "cold"), contact)]
    else:
        couplings = [
            at.OperatorCoupling(("a", "b"), ("sigmax", "sigmax"), strokes),
            at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), contact),
            at.OperatorCoupling(("b", "cold"), ("sigmax", "sigmax"), contact),
            at.OperatorCoupling(("a",), ("sigmay",), 0.2),
            at.OperatorCoupling(("b",), ("sigmax",), 0.1),
        ]
    return at.Machine(
        subsystems=[at.Qubit("a", 2.0), at.Qubit("b", 1.0)],
        reservoirs=[
            at.SpinBath("hot", 2.0, np.linspace(1.8, 2.2, spins), [0.2] * spins),
            at.SpinBath("cold", 0.8, np.linspace(0.8, 1.2, spins), [0.2] * spins),
        ],
        couplings=couplings,
        period=5.0,
    )


def density_matrix(spins: int, cycles: int, conserving: bool) -> str:  # noqa: FBT001  it travels through a pool
    """Run the machine with the full ledger of every cycle."""
    ledger = at.run(spin_machine(spins, conserving=conserving), cycles)
    worst = float(abs(ledger.residual_first_law).max())
    return f"first law missed by {worst:.0e}; {len(ledger.violations())} violations"


def state_vectors(spins: int, cycles: int, samples: int) -> str:
    """Run the machine with sampled state vectors."""
    ledger = at.run(spin_machine(spins), cycles, backend=at.StateVectors(samples=samples))
    work, error = float(ledger.work[-1]), float(ledger.errors.work[-1])
    return f"work of the last cycle {work:.5f} +- {error:.5f}"


@dataclass(frozen=True)
class Qutip:
    """Seconds of one cycle, of its two strokes and of one ledger row, by QuTiP."""

    solve_seconds: float
    row_seconds: float
    difference: float


def qutip_cycle(spins: int) -> Qutip:
    """Run one cycle of the machine with `qutip.mesolve` on the density matrix and take one ledger row with QuTiP's entropies."""
    import qutip  # noqa: PLC0415  only this case needs it

    machine = spin_machine(spins)
    solver = at.DensityMatrix(max_memory=16.0).bind(machine)
    state = solver.prepare(machine.initial)
    sizes = [2, 2, *[2] * (2 * spins)]
    rho = qutip.Qobj(state.factor @ state.factor.conj().T, dims=[sizes, sizes])
    start = time.perf_counter()
    for begin, end in ((0.0, 2.0), (2.0, 5.0)):
        matrix = solver.hamiltonian.whole.at(0.5 * (begin + end))
        hamiltonian = qutip.Qobj(matrix, dims=[sizes, sizes])
        options = {"atol": 1e-10, "rtol": 1e-8, "nsteps": 100_000, "progress_bar": ""}
        rho = qutip.mesolve(hamiltonian, rho, [begin, end], options=options).states[-1]
    solve = time.perf_counter() - start
    start = time.perf_counter()
    hot, cold = list(range(2, 2 + spins)), list(range(2 + spins, 2 + 2 * spins))
    for keep in ([0], [1], [0, 1], hot, cold, [*hot, *cold]):
        qutip.entropy_vn(rho.ptrace(keep))
    qutip.entropy_vn(rho)
    row = time.perf_counter() - start
    after, _ = solver.advance(state, 0.0, machine.period)
    difference = float(np.max(np.abs(after.factor @ after.factor.conj().T - rho.full())))
    return Qutip(solve, row, difference)
