"""Every column of the ledger against an independent slow path (ODE solver, Hamiltonians written by hand)."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at

from . import machines, textbook


@pytest.mark.parametrize("name", machines.ALL)
def test_every_column_agrees_with_a_general_ode_solver(name):
    both = machines.ALL[name]()
    n_modes = both.machine.n_modes
    mean, covariance = textbook.random_state(n_modes, np.random.default_rng(7))
    ledger = at.run(both.machine, cycles=2, initial=at.GaussianMoments(covariance, mean))
    slow = both.textbook.ledger(mean, covariance, cycles=2, period=both.machine.period)
    columns = {n for n, column in ledger.cycles.data_vars.items() if column.dtype.kind == "f"}
    columns -= {n for n in columns if n.startswith(("residual_", "tolerance_"))}
    assert set(slow[0]) <= columns
    for cycle, line in enumerate(slow):
        for column, expected in line.items():
            value = ledger.cycles[column].values[cycle]
            # 1e-8 of its size is asked; the ODE solver runs at 1e-12 per step.
            np.testing.assert_allclose(value, expected, rtol=1e-8, atol=1e-8, err_msg=f"{column} of cycle {cycle + 1}")


@pytest.mark.parametrize("name", machines.ALL)
def test_the_start_of_every_part_is_its_gibbs_state(name):
    both = machines.ALL[name]()
    solver = at.Dense().bind(both.machine)
    state = solver.prepare(at.ProductThermal())
    covariance = both.machine.hamiltonian.to_sites(both.machine.hamiltonian.to_sites(state.covariance).T)
    slow, n_modes = both.textbook, both.machine.n_modes
    for temperature, modes, energy in slow.baths:
        index = textbook.rows(modes, n_modes)
        h = textbook.quadratic(energy, n_modes, 0.0)[0][np.ix_(index, index)]
        # rounding of a general eigenvalue solver on a few modes
        np.testing.assert_allclose(covariance[np.ix_(index, index)], textbook.gibbs(h, temperature), atol=1e-12)


def test_the_gibbs_state_of_the_driven_whole():
    both = machines.driven_trap()
    state = at.Dense().bind(both.machine).prepare(at.Gibbs(0.8))
    hamiltonian = both.machine.hamiltonian
    covariance = hamiltonian.to_sites(hamiltonian.to_sites(state.covariance).T)
    h, f = textbook.quadratic(both.textbook.stretches[0][2], 8, 0.0)
    # rounding of a general eigenvalue solver on 8 modes
    np.testing.assert_allclose(covariance, textbook.gibbs(h, 0.8), atol=1e-12)
    np.testing.assert_allclose(hamiltonian.to_sites(state.mean[:, None])[:, 0], -np.linalg.solve(h, f), atol=1e-12)
