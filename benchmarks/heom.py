"""What the ledger costs over the bare hierarchy: a driven qubit between two baths, against QuTiP's HEOMSolver.run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at
from athermal.backends.open.flow import Flow

DEPTH, EXPONENTS, PERIODS, REPEATS = 5, 4, 10, 3
INTEGRATOR: dict[str, Any] = {"method": "vern9", "rtol": 1e-8, "atol": 1e-10}
TEMPERATURES, STRENGTHS = {"hot": 2.0, "cold": 1.0}, {"hot": 1.0, "cold": 0.7}


def machine() -> at.Machine:
    """Return a driven qubit between a hot and a cold Drude bath."""
    density = at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude")
    return at.Machine(
        [at.Qubit("qubit", at.drives.Constant(1.0) + at.drives.Harmonic(0.5, frequency=1.0))],
        [at.ContinuumBath(name, temperature, density) for name, temperature in TEMPERATURES.items()],
        [at.OperatorCoupling(("qubit", name), ("sigmax", "position"), strength) for name, strength in STRENGTHS.items()],
        period=2.0 * np.pi,
    )


def backend(*, check: bool = False) -> at.HEOM:
    """Return the backend with the options of all runs."""
    return at.HEOM(DEPTH, EXPONENTS, check=check, **INTEGRATOR)


def bare(exponents: tuple[Any, ...], start: qutip.Qobj) -> tuple[HEOMSolver, qutip.Qobj]:
    """Return QuTiP's solver of the same hierarchy, and the last state of its run, which keeps the state of every period."""
    baths = [
        (found.environment(TEMPERATURES[name]), STRENGTHS[name] * qutip.sigmax())
        for name, found in zip(TEMPERATURES, exponents, strict=True)
    ]
    hamiltonian = qutip.QobjEvo([[0.5 * qutip.sigmaz(), lambda t: 1.0 + 0.5 * np.cos(t)]])
    options = {"progress_bar": "", "nsteps": 1_000_000, **INTEGRATOR}
    solver = HEOMSolver(hamiltonian, baths, DEPTH, options=options)
    return solver, solver.run(start, 2.0 * np.pi * np.arange(PERIODS + 1)).states[-1]


def without_ledger() -> Any:
    """Return the last state of our own hierarchy, with no work, heat or snapshots: what the ledger itself adds to."""
    held = backend().bind(machine())
    solver, vector = held.finest, held.prepare(machine().initial).runs[0].vector
    flow, period = Flow(solver.size, 0), machine().period
    for matrix, drive in solver.generator():
        flow.add(matrix, drive)
    for k in range(PERIODS):
        vector, _ = flow.run(vector, np.zeros(0), k * period, (k + 1) * period, solver.integrator)
    return vector


def best(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return the last result and the least wall time of some repetitions."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = function()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def main() -> None:
    """Print the seconds of the three, and what the ledger costs."""
    solver = backend().bind(machine())
    held = solver.prepare(machine().initial)
    start = qutip.Qobj(solver.finest.density(held.runs[0].vector))
    (qutips, theirs), base = best(lambda: bare(solver.finest.exponents, start))
    ledger, plain = best(lambda: at.run(machine(), PERIODS, backend=backend()))
    _, own = best(without_ledger)
    _, checked = best(lambda: at.run(machine(), PERIODS, backend=backend(check=True)))
    difference = abs(qutip.entropy_vn(theirs) - float(ledger.instants.subsystem_entropy[-1, 0]))
    print(
        f"{PERIODS} periods, depth {DEPTH}, 2 x {EXPONENTS} exponentials, best of {REPEATS}; entropies differ by {difference:.0e}"
    )
    kept, whole = ledger.provenance["hierarchy"]["auxiliary_operators"], len(qutips.ados.labels)
    for what, seconds in (
        (f"bare QuTiP, {whole} auxiliary operators", base),
        (f"our hierarchy without a ledger, {kept}", own),
        ("our ledger", plain),
        ("our ledger, its convergence checked", checked),
    ):
        print(f"  {what:42s} {seconds:7.2f} s, {seconds / base:5.2f} of QuTiP's, {seconds / own:5.2f} of ours", flush=True)


if __name__ == "__main__":
    main()
