"""Exact gradients against central differences of the ledger of whole runs."""

import numpy as np
import pytest

import athermal as at
from athermal.optimisation.drive_gradient import DriveProblem
from unit.optimisation.drives import bath, difference, oscillators, outcome, qubits

pytestmark = pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # a few modes, on purpose

STROKES = {
    "a": at.search.StrokeValues((0.5, 3.0)),
    ("a", "hot"): at.search.StrokeValues((-1.0, 1.0)),
    ("a", "b"): at.search.StrokeValues((-1.0, 1.0)),
}
SERIES = {
    "a": at.search.FourierSeries(2, (0.5, 2.0)),
    ("a", "hot"): at.search.FourierSeries(3, (-1.0, 1.0)),
    ("b", "hot"): at.search.FourierSeries(1, (-1.0, 1.0)),
}
COEFFICIENTS = [1.2, 0.1, 0.2, -0.1, 0.05, 0.2, 0.1, 0.05, 0.1, 0.05, -0.1, 0.03, 0.1, 0.2, 0.1]
PAIR = at.Correlation(("a", "b"), phase=0.4)


def check(machine, free, cycles=1, objective="work_output", initial=None, parameters=None):
    """Compare the value, and the derivative along a direction that mixes all parameters, with what runs of the machine say."""
    problem = DriveProblem.checked(machine, free, cycles, objective, initial)  # an efficiency also where work goes in
    value, gradient, _ = problem.value_and_gradient(problem.space.checked(parameters))
    if parameters is None:
        parameters = np.concatenate([np.array(machine_values) for machine_values in own_values(machine, free)])
    parameters = np.asarray(parameters, dtype=float)

    def run(point):
        return outcome(at.search.with_drive(machine, free, point), cycles, initial, objective)

    direction = np.random.default_rng(2).normal(size=len(parameters))
    expected = difference(run, parameters, direction)
    assert value == pytest.approx(run(parameters), rel=1e-11, abs=1e-12)  # first law against the integral of <dH/dt>
    # 1e-6 is what is asked for; the differences are good to some 1e-9 of the largest derivative.
    assert direction @ gradient == pytest.approx(expected, rel=1e-6, abs=1e-8 * max(1.0, np.max(np.abs(gradient))))


def own_values(machine, free):
    for target in free:
        drive = machine.part(target).frequency if isinstance(target, str) else coupling(machine, target).drive
        yield next(leaf for leaf in drive.leaves() if isinstance(leaf, at.drives.Strokes)).values


def coupling(machine, target):
    if isinstance(target, int):
        return machine.couplings[target]
    return next(entry for entry in machine.couplings if set(entry.between) == set(target))


@pytest.mark.parametrize("ramps", [0.0, 0.8])
@pytest.mark.parametrize("cycles", [1, 3])
def test_strokes(ramps, cycles):
    """The thermal start depends on the first stroke, and is differentiated with the rest."""
    check(oscillators(ramps), STROKES, cycles)


@pytest.mark.parametrize(("objective", "initial"), [("efficiency", at.Charged(2)), ("power", at.Charged(1, at.Gibbs(1.0)))])
def test_strokes_from_charged_starts(objective, initial):
    check(oscillators(), STROKES, 2, objective, initial)


def test_equal_neighbouring_strokes():
    """Nothing moves between them, but their derivatives differ."""
    machine = at.Machine(
        [at.Oscillator("a", at.drives.Strokes((2.0, 2.0, 3.0), (1.0, 1.0, 1.5), ramps=(0.5, 0.5, 0.0)))],
        [bath("hot", 2.0)],
        [at.Exchange(("a", "hot"), 0.5)],
        7.0,
    )
    check(machine, {"a": at.search.StrokeValues((0.5, 2.0))}, 2)


@pytest.mark.parametrize(
    "initial",
    [
        None,
        at.Gibbs(1.0),
        at.Gibbs(1.0, ("a", "hot")),
        at.Charged(1, at.Squeezed("a", 0.4, 0.3)),
        at.Displaced("a", 0.5, 0.2, start=at.Charged(1, at.Displaced("b", 0.3))),
        at.CorrelatedMarginals([PAIR], 0.8),
        at.CorrelatedMarginals([PAIR], 0.5, start=at.Displaced("a", 0.4, start=at.Gibbs(1.0, ("a", "hot")))),
    ],
    ids=lambda initial: type(initial).__name__,
)
def test_fourier_series_and_every_start(initial):
    check(oscillators(), SERIES, 2, "work_output", initial, COEFFICIENTS)


def test_forces_and_means():
    machine = oscillators(
        forces=[at.Displacement("a", x_force=at.drives.Harmonic(0.3, 2.0 * np.pi / 7.0)), at.Displacement("b", p_force=0.2)]
    )
    free = {
        4: at.search.FourierSeries(1, (-1.0, 1.0)),
        5: at.search.FourierSeries(1, (-1.0, 1.0)),
        "a": at.search.FourierSeries(1, (0.5, 2.0)),
    }
    check(machine, free, 2, "work_output", at.Gibbs(1.3), [0.0, 0.3, 0.1, 0.2, 0.05, 0.0, 1.2, 0.3, 0.1])


def test_a_series_that_starts_at_zero():
    """The Hamiltonian is constant, but its derivatives are not."""
    machine = oscillators()
    check(machine, {("b", "hot"): at.search.FourierSeries(2, (-1.0, 1.0))}, 1, "work_output", None, np.zeros(5))


def test_a_machine_that_has_no_normal_modes():
    """A position coupling between oscillators that is too strong while it lasts: the stretch is solved by collocation."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 1.2)],
        [bath("hot", 2.0)],
        [at.Exchange(("a", "hot"), 0.3), at.Position(("a", "b"), at.drives.Strokes((2.0, 0.4), (0.0, 1.5)))],
        2.4,
    )
    check(machine, {("a", "b"): at.search.StrokeValues((-2.0, 2.0))}, 2)


def test_fixed_and_tied_strokes():
    machine = at.library.otto(modes=4, contact_time=6.0, switching_time=1.0, stroke_time=2.0)
    free = {"working": at.search.StrokeValues((0.5, 3.0), strokes=(1,), tied=[(1, 2)])}
    value = machine.part("working").frequency.values[1]
    check(machine, free, 1, "work_output", None, [value])


QUBIT_STROKES = {"a": at.search.StrokeValues((-3.0, 3.0)), ("a", "cold"): at.search.StrokeValues((-1.0, 1.0))}
QUBIT_SERIES = {2: at.search.FourierSeries(2, (-1.0, 1.0)), ("a", "hot"): at.search.FourierSeries(1, (-1.0, 1.0))}


@pytest.mark.parametrize(
    ("cycles", "objective", "initial"),
    [
        (1, "work_output", None),
        (2, "efficiency", at.Gibbs(1.0)),
        (2, "power", at.Charged(2)),
        (2, "work_output", at.Gibbs(1.0, ("a", "hot"))),
    ],
)
def test_qubits(cycles, objective, initial):
    check(qubits(), QUBIT_STROKES, cycles, objective, initial)
    check(qubits(), QUBIT_SERIES, cycles, objective, initial, [0.05, 0.1, 0.2, 0.0, -0.1, 0.3, 0.1, -0.1])


def test_qubits_that_start_in_a_given_state():
    initial = at.GivenState(np.diag([0.2, 0.8]), parts=("a",))
    check(qubits(), {("a", "cold"): at.search.StrokeValues((-1.0, 1.0))}, 1, "work_output", initial)


def test_a_rotating_exchange_of_qubits():
    check(
        at.library.two_qubit_swap(swap_angle=0.7),
        {0: at.search.StrokeValues((0.0, 2.0)), 1: at.search.StrokeValues((0.0, 2.0))},
        2,
    )


def test_the_gradient_vanishes_by_symmetry():
    """The work of an exchange that is off everywhere is quadratic in its strength."""
    machine = oscillators()
    _, gradient = at.search.drive_gradient(
        machine, {("b", "hot"): at.search.FourierSeries(1, (-1.0, 1.0))}, parameters=[0.0, 0.0, 0.0]
    )
    only = at.Machine(
        [at.Oscillator("b", 1.2)],
        [bath("hot", 3.0)],
        [at.Exchange(("b", "hot"), 0.0)],
        7.0,
        initial=at.ProductThermal({"b": 0.5}),
    )
    _, alone = at.search.drive_gradient(only, {0: at.search.FourierSeries(1, (-1.0, 1.0))}, parameters=[0.0, 0.0, 0.0])
    assert np.max(np.abs(gradient)) > 1e-3  # there is something to gain while "b" is correlated with others
    np.testing.assert_allclose(alone, 0.0, atol=1e-14)  # rounding
