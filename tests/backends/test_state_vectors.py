import numpy as np

import athermal as at
from athermal.testing import Conformance
from athermal.testing.finite import cases as finite_cases


class TestStateVectors(Conformance):
    """State vectors of all columns of a full-rank start; what is sampled is tested with the backend itself."""

    backend = at.StateVectors(max_columns=4096)
    cases = finite_cases.CASES
    # As for the density matrix: rounding is all there is, and the ODE solver's work.
    propagation = 1e-11
    charging = 1e-11
    preparation = 1e-11
    slow_path = 3e-9


def test_a_sample_stays_one_when_another_state_is_prepared():
    """A solver holds no state of a run: a later exact start does not make a sampled one exact, or the other way round."""
    machine = finite_cases.spin_engine()
    solver = at.StateVectors(max_columns=8, samples=6).bind(machine)
    pure = at.ProductThermal(dict.fromkeys((part.name for part in machine.parts), 1e-3))
    sampled, exact = solver.prepare(at.ProductThermal()), solver.prepare(pure)
    for state, number in ((sampled, 6), (exact, None)):
        fresh = at.StateVectors(max_columns=8, samples=6).bind(machine)
        again = fresh.prepare(pure if number is None else at.ProductThermal())
        one, two = solver.snapshot(state, 0.0), fresh.snapshot(again, 0.0)
        assert float(one.total_entropy) == float(two.total_entropy)
        assert np.array_equal(one.reservoir_entropies, two.reservoir_entropies, equal_nan=True)
        assert (solver.replicates(state, 0.0) is None) == (number is None)
