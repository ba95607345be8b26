"""The map of one cycle, and solvers that hold nothing of a run."""

import numpy as np
import pytest

import athermal as at
from athermal.maths.symplectic import symplectic_defect


def open_qubit():
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.05, 3.0, cutoff_shape="drude"))
    push = at.OperatorCoupling("q", "sigmax", at.drives.Strokes((0.4, 0.6), (0.0, 0.7)))
    return at.Machine([at.Qubit("q", 1.0)], [bath], [at.OperatorCoupling(("q", "bath"), ("sigmax", "position")), push], 1.0)


SOLVERS = {
    "dense": at.Dense().bind(at.library.two_oscillator(modes=4)),
    "star": at.Star(block_modes=2).bind(at.library.two_oscillator(modes=30)),
    "density_matrix": at.DensityMatrix().bind(at.library.two_qubit_swap()),
    "state_vectors": at.StateVectors(samples=3).bind(at.library.two_qubit_swap()),
    "lindblad": at.Lindblad().bind(open_qubit()),
    "heom": at.HEOM(depth=2, exponents=2, check=False).bind(open_qubit()),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_it_is_what_advancing_does(name):
    solver = SOLVERS[name]
    period, state = solver.reference.period, solver.prepare(at.ProductThermal())
    stepped = state
    for k in range(2):
        stepped, _ = solver.advance(stepped, k * period, (k + 1) * period)
    one, two = (solver.snapshot(each, 2.0 * period) for each in (stepped, solver.cycle_map().apply(state, 2)))
    assert np.array_equal(one.subsystem_energies, two.subsystem_energies)
    assert solver.cycle_map().apply(state, 0) is state


@pytest.mark.parametrize("name", ["dense", "star", "density_matrix", "state_vectors"])
def test_it_is_undone(name):
    solver = SOLVERS[name]
    state = solver.prepare(at.ProductThermal())
    back = solver.cycle_map().undo(solver.cycle_map().apply(state))
    one, two = (solver.snapshot(each, 0.0).subsystem_energies for each in (state, back))
    assert np.allclose(one, two, rtol=1e-12, atol=1e-12)  # rounding


def test_nothing_undoes_a_cycle_between_continua():
    solver = SOLVERS["lindblad"]
    with pytest.raises(at.errors.MachineError, match="cannot be run backwards"):
        solver.cycle_map().undo(solver.prepare(at.ProductThermal()))


def test_of_oscillators_it_is_affine_and_symplectic():
    solver = SOLVERS["dense"]
    cycle, state = solver.cycle_map(), solver.prepare(at.Displaced("hot", 0.7, -0.2))
    after = cycle.apply(state)
    assert np.allclose(cycle.matrix @ state.mean + cycle.shift, after.mean, rtol=0.0, atol=1e-14)
    assert np.allclose(cycle.matrix @ state.covariance @ cycle.matrix.T, after.covariance, rtol=0.0, atol=1e-13)
    assert symplectic_defect(cycle.matrix) < 1e-13


def test_of_finite_parts_it_is_a_unitary_of_each_sector():
    solver = SOLVERS["density_matrix"]
    cycle, state = solver.cycle_map(), solver.prepare(at.ProductThermal())
    after = cycle.apply(state)
    assert sum(map(len, cycle.sectors)) == solver.hamiltonian.dimension
    for index, unitary in zip(cycle.sectors, cycle.unitaries, strict=True):
        assert np.allclose(unitary @ state.factor[index], after.factor[index], rtol=0.0, atol=1e-14)


@pytest.mark.parametrize("solver", [SOLVERS["lindblad"], SOLVERS["heom"].finest], ids=["lindblad", "heom"])
def test_between_continua_it_is_linear(solver):
    """And keeps the trace: the row that takes it is a left eigenvector of eigenvalue one."""
    cycle, state = solver.cycle_map(), solver.prepare(at.ProductThermal())
    after = cycle.apply(state)
    assert np.allclose(cycle.matrix @ state.vector, after.vector, rtol=0.0, atol=1e-8)  # of the integrator
    trace = np.zeros(len(state.vector))
    trace[[0, 3]] = 1.0
    assert np.allclose(trace @ cycle.matrix, trace, rtol=0.0, atol=1e-8)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_run_between_two_others_changes_neither(name):
    """States that are advanced in turn are as those of runs one after another: bit by bit, with their remarks and accuracy."""
    solver = SOLVERS[name]
    period = solver.reference.period
    first, second = (solver.prepare(start) for start in (at.ProductThermal(), at.ProductThermal({})))
    alone = solver.cycle_map().apply(solver.prepare(at.ProductThermal()), 3)
    told = solver.snapshot(alone, 3.0 * period)
    for k in range(3):
        first, _ = solver.advance(first, k * period, (k + 1) * period)
        solver.snapshot(second, 0.0)
        second, _ = solver.advance(second, 0.0, 0.3 * period)
        second, _ = solver.advance(second, 0.3 * period, period)
    again = solver.snapshot(first, 3.0 * period)
    for field in ("subsystem_energies", "reservoir_energies", "subsystem_entropies", "system_entropy"):
        assert np.array_equal(getattr(told, field), getattr(again, field), equal_nan=True)
    assert solver.accuracy(alone) == solver.accuracy(first)
    assert solver.remarks(alone) == solver.remarks(first)
