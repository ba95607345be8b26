"""The kernel of the linear algebra library rounds differently and changes no ledger by more than its tolerance."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

import kernels
import numpy as np
import pytest

import athermal as at

# Rounding over the propagators of two cycles; relative tolerances of the integrators over some hundred steps.
EXACT, INTEGRATED = 1e-10, 1e-6


def oscillators():
    return at.library.two_oscillator(T_hot=2.4, modes=6)


def qubits():
    return at.Machine(
        [at.Qubit("a", at.drives.Strokes((2.0, 3.0), (1.0, 2.0), ramps=(1.0, 0.0))), at.Qubit("b", 1.4)],
        [at.SpinBath("cold", 0.5, [0.9, 1.1], [0.2, 0.2]), at.SpinBath("hot", 2.0, [0.9], [0.2])],
        [
            at.Exchange(("a", "cold"), at.drives.Strokes((2.0, 3.0), (1.0, 0.0))),
            at.OperatorCoupling(("b", "hot"), ("sigmax", "sigmax"), 0.3),
            at.Exchange(("a", "b"), 0.2),
        ],
        5.0,
    )


def between_continua(modulation=0.5):
    density = at.densities.Ohmic(friction=0.05, cutoff=3.0, cutoff_shape="drude")
    baths = [at.ContinuumBath("hot", 2.0, density), at.ContinuumBath("cold", 1.0, density)]
    contacts = [at.OperatorCoupling(("q", bath.name), ("sigmax", "position")) for bath in baths]
    return at.Machine(
        [at.Qubit("q", at.drives.Constant(1.0) + at.drives.Harmonic(modulation, frequency=1.0))],
        baths,
        contacts,
        period=2.0 * np.pi,
    )


RUNS = {
    "Dense": (oscillators, at.Dense(), EXACT),
    "Star": (oscillators, at.Star(), EXACT),
    "DensityMatrix": (qubits, at.DensityMatrix(), EXACT),
    "StateVectors": (qubits, at.StateVectors(seed=3), EXACT),
    "Lindblad": (functools.partial(between_continua, 0.0), at.Lindblad(), INTEGRATED),
    "BlochRedfield": (between_continua, at.BlochRedfield(), INTEGRATED),
    "FloquetMarkov": (between_continua, at.FloquetMarkov(), INTEGRATED),
    "HEOM": (between_continua, at.HEOM(depth=2, exponents=3, check=False), INTEGRATED),
}


def ledgers():
    """Return what each backend finds."""
    found = {}
    for name, (machine, backend, _) in RUNS.items():
        cycles = at.run(machine(), 2, backend=backend).cycles
        numbers = [key for key, column in cycles.data_vars.items() if column.dtype.kind == "f"]
        kept = [key for key in numbers if not key.startswith(("residual_", "tolerance_", "error_"))]
        found[name] = {key: cycles[key].values.tolist() for key in kept}
    cycle = at.limit_cycle(at.library.two_oscillator())
    found["limit_cycle"] = {"work": cycle.work, "heat": cycle.heat.tolist()}
    return found


@functools.cache
def found_with(kernel):
    command = [sys.executable, "-W", "ignore", __file__]
    done = subprocess.run(command, env=kernels.environment(kernel), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@functools.cache
def two_kernels():
    """Return the oldest kernel and a newer one."""
    found, left_out = kernels.distinct(("Prescott", "Haswell", "Nehalem"))
    if len(found) < 2:
        pytest.skip(f"The linear algebra library has one kernel only, {list(found.values())}; {left_out}.")
    return tuple(found)[:2]


@pytest.mark.parametrize("name", [*RUNS, "limit_cycle"])
def test_two_kernels_give_one_ledger(name):
    one, other = (found_with(kernel)[name] for kernel in two_kernels())
    assert one.keys() == other.keys()
    assert len(one) >= 2
    tolerance = RUNS[name][2] if name in RUNS else EXACT
    for key, values in one.items():  # quotients of energies of 0.01 magnify an error a hundredfold
        np.testing.assert_allclose(values, other[key], rtol=tolerance, atol=100.0 * tolerance, err_msg=key)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ledgers()))
