"""No start of a random machine does better than the best correlations of its own marginals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from property.finite_strategies import finite_initial_states, finite_machines
from property.strategies import initial_states, machines

pytestmark = pytest.mark.filterwarnings("ignore::athermal.RecurrenceWarning")

# What a run and a prediction that go different ways through the propagators differ by, in units of the energies moved.
_SAME = 1e-9


def check(machine, initial, cycles, among):
    """Check that the best is what its run gives, is certified, and beats the state whose marginals it has."""
    given_start = at.run(machine, cycles, initial).cumulative.isel(cycle=-1)
    best = at.best_correlations(machine, cycles, initial=initial, among=among, tolerance=1e-6)
    unit = max(1.0, abs(best.value), abs(best.uncorrelated))
    assert float(best.ledger.work_output.sum()) == pytest.approx(best.value, abs=_SAME * unit)
    assert 0.0 <= best.gap <= 1e-6 * max(abs(best.value), abs(best.value - best.uncorrelated)) + 1e-11 * unit
    assert best.value >= best.uncorrelated - _SAME * unit
    if among is None:
        assert float(given_start.work_output) <= best.bound + _SAME * unit
    if best.value > 1e-3:
        efficient = at.best_correlations(machine, cycles, objective="efficiency", initial=initial, among=among, tolerance=1e-6)
        assert float(efficient.ledger.cumulative.efficiency[-1]) == pytest.approx(efficient.value, abs=1e-7)
        assert efficient.value >= float(best.ledger.cumulative.efficiency[-1]) - 1e-7
        if among is None and float(given_start.work_output) > 0.0:
            assert float(given_start.efficiency) <= efficient.bound + 1e-7
        assert efficient.bound <= 1.0 or efficient.bound == efficient.value


@st.composite
def gaussian_cases(draw):
    machine = draw(machines(max_subsystems=2))
    return machine, draw(initial_states(machine)), draw(st.integers(1, 2))


@settings(max_examples=12)
@given(gaussian_cases())
def test_random_machines_of_oscillators(case):
    check(*case, None)


@st.composite
def finite_cases(draw):
    machine = draw(finite_machines().filter(lambda m: m.dimension <= 8))
    return machine, draw(finite_initial_states(machine)), draw(st.integers(1, 2))


@settings(max_examples=5)
@given(finite_cases())
def test_random_finite_machines(case):
    check(*case, None)


@settings(max_examples=4)
@given(finite_machines(), st.integers(0, 100))
def test_some_parts_of_random_finite_machines(machine, seed):
    among = (machine.subsystem_names[0], machine.reservoir_names[0])
    size = machine.part(among[0]).dimension
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    own = m @ m.conj().T
    check(machine, at.GivenState(own / np.trace(own).real, among[:1]), 1, among)
