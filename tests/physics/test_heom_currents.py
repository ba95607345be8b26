"""HEOM of a heat current through two qubits: A. Kato and Y. Tanimura, J. Chem. Phys. 145, 224105 (2016), as in QuTiP's tutorial."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at


@pytest.mark.slow
def test_steady_heat_current_through_two_qubits():
    """Splitting 1, exchange .1, J = 2 lambda gamma w/(gamma^2 + w^2), lambda = .05, gamma = 2, T = 2 (1 +- .01): 1.2109e-4."""
    density = at.densities.Ohmic(friction=2.0 * 0.05 / 2.0, cutoff=2.0, cutoff_shape="drude")
    machine = at.Machine(
        [at.Qubit("one", 1.0), at.Qubit("two", 1.0)],
        [at.ContinuumBath("hot", 2.02, density), at.ContinuumBath("cold", 1.98, density)],
        [
            at.Exchange(("one", "two"), 0.1),
            at.OperatorCoupling(("one", "hot"), ("sigmax", "position")),
            at.OperatorCoupling(("two", "cold"), ("sigmax", "position")),
        ],
        period=50.0,
    )
    ledger = at.run(machine, 3, backend=at.HEOM(depth=4, exponents=3, check=False, tolerance=1e-6))
    # QuTiP's hierarchy gives 1.2109e-4, deeper ones 1.2122e-4
    assert ledger.heat.values[-1] / 50.0 == pytest.approx(np.array([-1.2115e-4, 1.2115e-4]), rel=2e-3)
