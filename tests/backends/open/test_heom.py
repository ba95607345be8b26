"""HEOM: its states are those of QuTiP's solver, its energies are conserved, its errors are honest."""

from __future__ import annotations

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at

TAU = 2.0 * np.pi
DRUDE = at.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude")
DRIVEN = at.Constant(1.0) + at.Harmonic(0.5, frequency=1.0)
SHARP = {"rtol": 1e-10, "atol": 1e-12}


def qubit(t_hot=2.0, t_cold=1.0, *, frequency=DRIVEN, operators=("sigmax", "sigmax"), density=DRUDE, period=TAU):
    """A qubit between two baths, the cold one coupled 0.7 times as strongly."""
    contacts = zip(("hot", "cold"), operators, (1.0, 0.7), strict=True)
    return at.Machine(
        [at.Qubit("q", frequency)],
        [at.ContinuumBath("hot", t_hot, density), at.ContinuumBath("cold", t_cold, density)],
        [at.OperatorCoupling(("q", bath), (operator, "position"), strength) for bath, operator, strength in contacts],
        period=period,
    )


def density(solver, state):
    return solver.finest.density(state[0].vector)


# --- against QuTiP's own solver --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cold_operator", ["sigmax", "sigmaz"])
def test_states_are_those_of_qutips_solver(cold_operator):
    machine, times, depth = qubit(operators=("sigmax", cold_operator)), [0.0, 1.5, 4.0], 3
    solver = at.HEOM(depth=depth, exponents=3, check=False, **SHARP).bind(machine)
    state = solver.prepare(machine.initial)
    operators = [qutip.sigmax(), 0.7 * (qutip.sigmax() if cold_operator == "sigmax" else qutip.sigmaz())]
    baths = [(e.environment(t), a) for e, t, a in zip(solver.finest.exponents, (2.0, 1.0), operators, strict=True)]
    hamiltonian = qutip.QobjEvo([[0.5 * qutip.sigmaz(), lambda t: 1.0 + 0.5 * np.cos(t)]])
    options = {"method": "vern9", "progress_bar": "", "nsteps": 100_000, **SHARP}
    theirs = HEOMSolver(hamiltonian, baths, depth, options=options).run(qutip.Qobj(density(solver, state)), times)
    for k in (1, 2):
        state, _ = solver.advance(state, times[k - 1], times[k])
        # auxiliary operators with an effect below 1e-7 each are left out: 11 of 84
        assert np.allclose(density(solver, state), theirs.states[k].full(), atol=1e-5)
