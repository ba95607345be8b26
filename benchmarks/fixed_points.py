"""The time to a fixed point against waiting for it, and against QuTiP's steady states; seconds of processor time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at

LEFT = 1e-6
"""What waiting may leave of the start."""


def driven_qubit() -> at.Machine:
    """Return a driven qubit between two Drude baths."""
    density = at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude")
    return at.Machine(
        [at.Qubit("qubit", at.drives.Constant(1.0) + at.drives.Harmonic(0.5, frequency=1.0))],
        [at.ContinuumBath("hot", 2.0, density), at.ContinuumBath("cold", 1.0, density)],
        [at.OperatorCoupling(("qubit", name), ("sigmax", "position")) for name in ("hot", "cold")],
        period=2.0 * np.pi,
    )


def two_qubits() -> at.Machine:
    """Return the heat current of Kato and Tanimura."""
    density = at.densities.Ohmic(friction=0.05, cutoff=2.0, cutoff_shape="drude")
    return at.Machine(
        [at.Qubit("one", 1.0), at.Qubit("two", 1.0)],
        [at.ContinuumBath("hot", 2.02, density), at.ContinuumBath("cold", 1.98, density)],
        [
            at.Exchange(("one", "two"), 0.1),
            at.OperatorCoupling(("one", "hot"), ("sigmax", "position")),
            at.OperatorCoupling(("two", "cold"), ("sigmax", "position")),
        ],
        period=50.0,
    )


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and its seconds of processor time."""
    start = time.process_time()
    return function(), time.process_time() - start


def compare(name: str, machine: at.Machine, backend: Any) -> None:
    """Print the time to the fixed point, and that of the run that leaves little of its start."""
    at.limit_cycle(machine, backend)  # what is imported and fitted once
    cycle, found = timed(lambda: at.limit_cycle(machine, backend))
    periods = 1 + int(np.ceil(np.log(LEFT) / np.log(abs(cycle.multipliers[0]))))
    waited, seconds = timed(lambda: at.run(machine, periods, backend=backend))
    apart = float(np.max(np.abs(waited.heat.values[-1] - cycle.heat)))
    print(f"  {name:44s} {found:7.2f} s   {periods:4d} periods {seconds:7.2f} s   heats differ by {apart:.0e}", flush=True)


def steady_state_of_qutip(depth: int, exponents: int) -> None:
    """Print the time of QuTiP's own steady state of the same hierarchy."""
    machine, backend = two_qubits(), at.HEOM(depth, exponents, check=False)
    solver = backend.bind(machine).finest
    baths = zip(solver.exponents, machine.temperatures, solver.system.contacts, strict=True)
    dims = [[2, 2], [2, 2]]
    contacts = [(held.environment(float(t)), qutip.Qobj(c.operator.toarray(), dims=dims)) for held, t, c in baths]
    hamiltonian = qutip.Qobj(solver.hamiltonian.own(solver.hamiltonian.subsystems).toarray(), dims=dims)
    _, theirs = timed(lambda: HEOMSolver(hamiltonian, contacts, depth).steady_state())
    _, ours = timed(lambda: at.limit_cycle(machine, backend))
    print(
        f"  steady state, depth {depth}, 2 x {exponents} exponentials: {ours:.2f} s with its ledger, QuTiP's {theirs:.2f} s",
        flush=True,
    )


def main() -> None:
    """Print all."""
    compare("driven qubit, Lindblad", driven_qubit(), at.Lindblad())
    compare("driven qubit, Floquet-Markov", driven_qubit(), at.FloquetMarkov())
    compare("driven qubit, HEOM of depth 4", driven_qubit(), at.HEOM(depth=4, check=False))
    compare("two qubits, HEOM of depth 4", two_qubits(), at.HEOM(depth=4, exponents=3, check=False))
    compare("two qubits, HEOM of depth 5, checked", two_qubits(), at.HEOM(depth=5, exponents=3))
    steady_state_of_qutip(4, 3)


if __name__ == "__main__":
    main()
