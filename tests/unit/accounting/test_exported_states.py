"""States and heats that full runs hand out: their accounts have the totals of the runs."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.maths.symplectic import mode_indices
from athermal.maths.tensor import reduced
from tests.unit.accounting.flat import account

TOTALS = (
    "work",
    "heat",
    "energy_change",
    "entropy_change",
    "free_energy_change",
    "sigma_total_change",
    "entropic_work",
    "sigma_change",
    "heat_intake",
    "energy_intake",
    "efficiency",
    "gamma",
    "thermal_efficiency",
    "thermal_share",
    "entropic_share",
    "coefficient_of_performance",
    "refrigeration_cost",
    "coefficient_split",
    "system_correlation",
    "system_correlation_change",
)
FUEL = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)


def followed(machine, backend, cycles):
    """States of the whole, snapshots and works of a run, as an observer of everything has them."""
    solver, times = backend.bind(machine), np.linspace(0.0, cycles * machine.period, 2 * cycles + 1)
    states, work = [solver.prepare(machine.initial)], [0.0]
    for start, stop in pairwise(times):
        state, done = solver.advance(states[-1], start, stop)
        states.append(state)
        work.append(work[-1] + done)
    return solver, times, states, work


def gaussian_export(machine, backend):
    solver, times, states, work = followed(machine, backend, 3)
    rows = mode_indices(np.arange(len(machine.subsystems)), solver.hamiltonian.n_modes)
    joint = [(state.mean[rows], state.covariance[np.ix_(rows, rows)]) for state in states]
    return solver, times, states, work, joint, dict.fromkeys(solver.reference.subsystems, 1)


def finite_export(machine, backend):
    solver, times, states, work = followed(machine, backend, 2)
    sizes, n = [int(size) for size in solver.hamiltonian.dimensions], len(machine.subsystems)
    joint = [reduced(state.factor, sizes, list(range(n))) for state in states]
    joint = [qutip.Qobj(state, dims=[sizes[:n], sizes[:n]]) for state in joint]
    return solver, times, states, work, joint, None


SQUEEZED = {"T_hot": 2.4, "squeezing": 0.01, "modes": 8}


@pytest.mark.parametrize(
    ("export", "machine", "backend"),
    [
        (gaussian_export, replace(at.library.two_oscillator(modes=20), initial=at.Charged(2)), at.Dense()),
        (gaussian_export, replace(at.library.two_oscillator(**SQUEEZED), initial=FUEL), at.Dense()),
        # close to the vacuum
        (gaussian_export, at.library.two_oscillator(T_hot=0.1, T_cold=0.05, squeezing=0.05, modes=12), at.Dense()),
        (finite_export, replace(at.library.spin_star(spins=2), initial=at.Charged(1)), at.DensityMatrix()),
        # a correlated start whose marginals are thermal, and pure subsystems
        (finite_export, at.library.heat_reversal(), at.DensityMatrix()),
        (finite_export, at.library.correlated_qubits(), at.DensityMatrix()),
    ],
    ids=["charged", "squeezed", "cold", "spins", "heat reversal", "correlated qubits"],
)
def test_exported_states_give_the_totals_of_the_run(export, machine, backend):
    solver, times, states, work, joint, dimensions = export(machine, backend)
    seen = [solver.snapshot(state, time) for state, time in zip(states, times, strict=True)]
    ref = solver.reference
    made = account(
        times,
        temperatures=dict(zip(ref.reservoirs, ref.temperatures, strict=True)),
        heats=dict(zip(ref.reservoirs, np.transpose([one.reservoir_energies for one in seen]), strict=True)),
        work=work,
        system_states=joint,
        dimensions=dimensions,
        energies=dict(zip(ref.subsystems, np.transpose([one.subsystem_energies for one in seen]), strict=True)),
        samples_per_cycle=2,
    )
    run = at.run(machine, made.n_cycles, backend=backend, samples_per_cycle=2)
    for column in TOTALS:
        a, b = made.cumulative[column].values, run.cumulative[column].values
        # entropies of a block of an exported state are those of the run but for rounding
        assert np.allclose(a, b, rtol=1e-10, atol=1e-10, equal_nan=True), column
    assert made.mode.values.tolist() == run.mode.values.tolist()
    unknown = {"mutual_information", "athermality", "sigma_total"} | (
        {"reservoir_correlation"} if len(ref.reservoirs) > 1 else set()
    )
    for column in unknown:
        assert np.all(np.isnan(made.cycles[column].values)), column
    assert made.violations() == []
