"""Machines whose drives are varied, and central differences of their runs."""

import numpy as np

import athermal as at
from athermal.thermodynamics import laws

STEP = 1e-3  # of a rule of order four: its error is of order 1e-12, its rounding of order 1e-16/1e-3


def outcome(machine, cycles, initial, objective):
    """Run a machine and return an objective as the ledger has it: W there is the integral of <dH/dt>, not the first law."""
    backend = at.DensityMatrix(coherence=False) if machine.family.name == "finite" else at.Dense()
    ledger = at.run(machine, cycles, initial, backend=backend)
    work = float(np.sum(ledger.works))
    if objective == "efficiency":
        ends = ledger.snapshots.at(0), ledger.snapshots.at(cycles)
        return float(laws.output_over_intake(np.array(work), *ends, ledger.reference))
    return -work if objective == "work_output" else -work / (cycles * machine.period)


def difference(function, point, direction, step=STEP):
    """Return the derivative along a direction by central differences of order four."""
    near, far = (function(point + k * step * direction) - function(point - k * step * direction) for k in (1, 2))
    return (8.0 * near - far) / (12.0 * step)


def bath(name, temperature):
    return at.Bath(name, temperature, (0.8, 1.1, 1.9), (0.2, 0.15, 0.3))


def oscillators(ramps=0.0, forces=()):
    """Return two oscillators of strokes, one on a position coupling with its counter-term."""
    return at.Machine(
        [at.Oscillator("a", at.drives.Strokes((3.0, 4.0), (1.0, 2.0), ramps=ramps)), at.Oscillator("b", 1.2)],
        [bath("hot", 3.0), bath("cold", 0.5)],
        [
            at.Position(("a", "hot"), at.drives.Strokes((3.0, 4.0), (0.0, 0.5), ramps=ramps)),
            at.Exchange(("b", "cold"), 0.4),
            at.Exchange(
                ("a", "b"), at.drives.Strokes((2.0, 5.0), (0.1, 0.3), ramps=1.0) * at.drives.Rotating(1.0, 2.0 * np.pi / 7.0)
            ),
            at.Exchange(("b", "hot"), 0.1),
            *forces,
        ],
        7.0,
    )


def qubits():
    """Return a qubit of strokes, a qutrit and two spin baths."""
    return at.Machine(
        [at.Qubit("a", at.drives.Strokes((2.0, 3.0), (1.0, 2.0), ramps=(1.0, 0.0))), at.Qudit("m", [0.0, 0.7, 1.5])],
        [at.SpinBath("cold", 0.5, [0.9, 1.1], [0.2, 0.2]), at.SpinBath("hot", 2.0, [0.9], [0.2])],
        [
            at.Exchange(("a", "cold"), at.drives.Strokes((2.0, 3.0), (1.0, 0.0))),
            at.OperatorCoupling(("a", "hot"), ("sigmax", "sigmax"), 0.3),
            at.OperatorCoupling(
                ("a", "m"), ("sigmaz", "|0><1|"), at.drives.Harmonic(0.1, 2.0 * np.pi / 5.0), plus_conjugate=True
            ),
        ],
        5.0,
    )
