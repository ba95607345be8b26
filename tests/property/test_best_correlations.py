"""No start of a random machine does better than the best correlations of its own marginals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.testing.finite.strategies import hermitian, random_density, random_generators
from athermal.testing.harmonic.strategies import initial_states, machines, numbers

pytestmark = pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")

# What a run and a prediction that go different ways through the propagators differ by, in units of the energies moved.
_SAME = 1e-9


def check(machine, initial, cycles, among):
    """Check that the best is what its run gives, is certified, and beats the state whose marginals it has."""
    given_start = at.run(machine, cycles, initial).cumulative.isel(cycle=-1)
    best = at.best_correlations(machine, cycles, initial=initial, among=among, accuracy=1e-6)
    unit = max(1.0, abs(best.value), abs(best.uncorrelated))
    assert float(best.ledger.work_output.sum()) == pytest.approx(best.value, abs=_SAME * unit)
    assert 0.0 <= best.gap <= 1e-6 * max(abs(best.value), abs(best.value - best.uncorrelated)) + 1e-11 * unit
    assert best.value >= best.uncorrelated - _SAME * unit
    if among is None:
        assert float(given_start.work_output) <= best.bound + _SAME * unit
    if best.value > 1e-3:
        efficient = at.best_correlations(machine, cycles, objective="efficiency", initial=initial, among=among, accuracy=1e-6)
        assert float(efficient.ledger.cumulative.efficiency[-1]) == pytest.approx(efficient.value, abs=1e-7)
        assert efficient.value >= float(best.ledger.cumulative.efficiency[-1]) - 1e-7
        if among is None and float(given_start.work_output) > 0.0:
            assert float(given_start.efficiency) <= efficient.bound + 1e-7
        assert efficient.bound <= 1.0 or efficient.bound == efficient.value


@st.composite
def gaussian_cases(draw):
    machine = draw(machines(max_subsystems=2))
    return machine, draw(initial_states(machine)), draw(st.integers(1, 2))


@settings(max_examples=8)
@given(gaussian_cases())
def test_random_machines_of_oscillators(case):
    check(*case, None)


@st.composite
def finite_cases(draw):
    """Return a machine of sudden strokes, whose propagators cost little, with random operators, and any state of the whole."""
    rng = draw(random_generators())
    strokes = at.drives.Strokes((1.0, 1.5), (draw(numbers(-0.5, 0.5)), draw(numbers(0.5, 1.5))))
    parts = [at.Qubit("a", draw(numbers(0.3, 2.0)) + 0.3 * strokes), at.Qudit("b", hermitian(rng, draw(st.integers(2, 3))))]
    baths = [at.FiniteBath("hot", draw(numbers(0.3, 3.0)), hermitian(rng, 2))]
    pairs = [(parts[0], parts[1]), (parts[0], baths[0]), (parts[1], baths[0])][: draw(st.integers(1, 3))]
    couplings = [
        at.OperatorCoupling((one.name, two.name), (hermitian(rng, one.dimension), hermitian(rng, two.dimension)), strokes)
        for one, two in pairs
    ]
    machine = at.Machine(parts, baths, couplings, 2.5)
    return machine, at.GivenState(random_density(rng, machine.dimension)), draw(st.integers(1, 2))


@settings(max_examples=12)
@given(finite_cases())
def test_random_finite_machines(case):
    check(*case, None)


@settings(max_examples=12)
@given(finite_cases(), st.sampled_from([("a", "b"), ("hot", "a"), ("b", "hot")]))
def test_some_parts_of_random_finite_machines(case, among):
    check(*case, among)
