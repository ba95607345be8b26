"""The search for the best drive: bounds, monotonicity, report, interrupts, refusals."""

import numpy as np
import pytest

import athermal as at
from athermal.optimisation.drive_gradient import DriveProblem
from unit.optimisation.drives import bath, oscillators, outcome, qubits

pytestmark = pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")  # a few modes, on purpose
LOW, HIGH = -0.3, 0.2


def engine():
    machine = at.library.two_oscillator(T_hot=2.4, modes=3)
    return at.Machine(
        machine.subsystems, machine.reservoirs, [*machine.couplings[:2], at.Exchange(("hot", "cold"), 0.1)], machine.period
    )


@pytest.fixture(scope="module")
def by_harmonics():
    return {
        n: at.best_drive(engine(), {("hot", "cold"): at.search.FourierSeries(n, (LOW, HIGH))}, starts=2, max_evaluations=60)
        for n in (1, 2, 3)
    }


def test_the_bounds_hold_at_all_times_and_are_used(by_harmonics):
    for n, best in by_harmonics.items():
        times = np.linspace(0.0, best.machine.period, 20_001 + n)
        values = best.machine.couplings[-1].drive.value(times)
        assert np.min(values) >= LOW
        assert np.max(values) <= HIGH
        # 48 points in a period of the highest harmonic: 1 - cos(pi/48) = 0.2 percent of half the range is given away at most.
        assert max(np.max(values) - HIGH, LOW - np.min(values)) >= -0.0022 * 0.5 * (HIGH - LOW)


def test_more_harmonics_are_never_worse(by_harmonics):
    values = [by_harmonics[n].value for n in (1, 2, 3)]
    assert np.all(np.diff(values) >= -1e-4 * values[0])  # the bounds are kept with a margin that depends a little on n


def test_the_result_is_a_maximum_and_says_so(by_harmonics):
    for best in by_harmonics.values():
        assert best.optimality <= 1e-6
        assert "2 of 2 starts converged" in best.status
        assert best.value >= best.start_value
        assert best.value == pytest.approx(outcome(best.machine, 1, None, "work_output"), rel=1e-11)  # the run of its machine
        assert best.value == pytest.approx(float(best.ledger.cumulative.work_output[-1]), rel=1e-11)
        assert np.all(np.diff(best.history) >= 0.0)
        assert best.history[-1] == best.value == np.max(best.starts)
        assert best.n_evaluations == len(best.history)


@pytest.mark.parametrize("free", [at.search.StrokeValues((0.5, 3.0)), at.search.FourierSeries(1, (0.5, 3.0))])
def test_no_start_makes_more_runs_than_it_may(free):
    best = at.best_drive(oscillators(), {"a": free}, starts=2, max_evaluations=2)
    assert best.n_evaluations == 4
    assert best.status == "0 of 2 starts converged"
    assert best.value == max(best.starts)


def test_the_report_names_the_parameters(by_harmonics):
    text = str(by_harmonics[1])
    assert text.splitlines()[0].startswith("Best drive of 'machine': work output 0.")
    assert "the Exchange coupling between 'hot' and 'cold': b1" in text
    assert "Carnot" not in text


def test_the_same_seed_finds_the_same():
    free = {"a": at.search.StrokeValues((0.5, 2.0)), ("a", "hot"): at.search.StrokeValues((-0.5, 0.5))}
    one, two = (at.best_drive(oscillators(), free, starts=2, seed=7, max_evaluations=20) for _ in range(2))
    np.testing.assert_array_equal(one.history, two.history)
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert one.labels[:2] == ("the frequency of 'a': stroke 1", "the frequency of 'a': stroke 2")
    assert np.all(one.parameters >= [0.5, 0.5, -0.5, -0.5])
    assert np.all(one.parameters <= [2.0, 2.0, 0.5, 0.5])


def test_efficiency_and_mixed_forms():
    free = {"a": at.search.StrokeValues((0.8, 1.6)), ("b", "hot"): at.search.FourierSeries(1, (0.05, 0.2))}
    best = at.best_drive(oscillators(), free, 1, objective="efficiency", initial=at.Charged(1), starts=1, max_evaluations=15)
    assert best.value >= best.start_value
    assert "Carnot 0.833333" in str(best)


def test_the_best_drive_of_a_qubit():
    best = at.best_drive(
        qubits(), {("a", "cold"): at.search.StrokeValues((-1.0, 1.0))}, starts=1, max_evaluations=15, objective="power"
    )
    assert best.value > best.start_value


def test_the_reference_frequency_is_kept():
    """The scale of the quadratures, and with it every coupling, does not change with the drive."""
    machine = at.search.with_drive(oscillators(), {"a": at.search.StrokeValues((0.5, 3.0))}, [2.5, 1.5])
    assert machine.part("a").reference == 1.0
    assert machine.part("a").frequency.values == (2.5, 1.5)


def test_an_interrupted_search_keeps_the_best_so_far():
    def stop(finished, total):
        assert total == 3
        if finished == 2:
            raise KeyboardInterrupt

    with pytest.raises(at.errors.StudyInterrupted, match="interrupted after 2 of 3 starts") as caught:
        at.best_drive(
            engine(), {("hot", "cold"): at.search.FourierSeries(1, (LOW, HIGH))}, starts=3, max_evaluations=5, progress=stop
        )
    best = caught.value.result
    assert best.value >= best.start_value
    assert best.status == "interrupted after 2 of 3 starts"


def test_an_interrupt_before_anything_was_found(monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(DriveProblem, "value_and_gradient", stop)
    with pytest.raises(at.errors.StudyInterrupted) as caught:
        at.best_drive(engine(), {("hot", "cold"): at.search.FourierSeries(1, (LOW, HIGH))})
    assert caught.value.result is None


def test_a_climb_into_drives_that_cannot_be_run_ends_and_is_told():
    """A coupling so strong that the Gibbs start has no ground state: the middle of the bounds is fine, the way up is not."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)],
        [bath("hot", 2.0)],
        [at.Exchange(("a", "hot"), 0.1), at.Position(("a", "b"), at.drives.Strokes((1.0, 2.0), (0.5, 0.0)))],
        3.0,
        initial=at.Gibbs(1.0, ("a", "b")),
    )
    best = at.best_drive(machine, {("a", "b"): at.search.StrokeValues((-4.0, 4.0), strokes=[0])}, starts=4, max_evaluations=30)
    assert "drives cannot be run" in best.status
    assert "of 4 starts" in best.status
    assert abs(best.parameters[0]) < 1.0


# --- what cannot be done as asked --------------------------------------------------------------------------------------

FREE = {"a": at.search.StrokeValues((0.5, 2.0))}


@pytest.mark.parametrize(
    ("free", "words"),
    [
        ({}, "at least one driven part"),
        ("a", "at least one driven part"),
        ({"hott": at.search.StrokeValues((0.5, 2.0))}, "Did you mean 'hot'"),
        ({("a", "hott"): at.search.StrokeValues((0.5, 2.0))}, "Did you mean 'hot'"),
        ({("a", "cold"): at.search.StrokeValues((0.5, 2.0))}, "no coupling between"),
        ({9: at.search.StrokeValues((0.5, 2.0))}, "positions from 0, but `over` names 9"),
        ({1.5: at.search.StrokeValues((0.5, 2.0))}, "a key of `over`|A key of `over`"),
        ({"hot": at.search.StrokeValues((0.5, 2.0))}, "no frequency that can be driven; 'a', 'b' has"),
        ({"b": at.search.StrokeValues((0.5, 2.0))}, "must hold one drive of strokes"),
        ({"a": (0.5, 2.0)}, "must be StrokeValues or FourierSeries"),
        ({"a": at.search.StrokeValues((-0.5, 2.0))}, "must be positive, since it is a frequency"),
        ({"a": at.search.StrokeValues((0.5, 2.0), strokes=[2])}, "has 2 strokes"),
        ({("a", "b"): at.search.FourierSeries(1, (0.5, 2.0))}, "but rotates"),
        ({("a", "b"): at.search.StrokeValues((0.5, 2.0)), 2: at.search.StrokeValues((0.5, 2.0))}, "twice"),
    ],
)
def test_targets_that_are_refused(free, words):
    with pytest.raises(at.errors.StudyError, match=words):
        at.best_drive(oscillators(), free)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: at.search.StrokeValues((2.0, 0.5)), "the lowest first"),
        (lambda: at.search.StrokeValues((1.0, 1.0)), "the lowest first"),
        (lambda: at.search.StrokeValues((1.0, float("nan"))), "must be finite"),
        (lambda: at.search.StrokeValues((1.0,)), "must hold 2 numbers"),
        (lambda: at.search.StrokeValues((1.0, 2.0), strokes=[]), "different positions"),
        (lambda: at.search.StrokeValues((1.0, 2.0), strokes=[0, 0]), "different positions"),
        (lambda: at.search.StrokeValues((1.0, 2.0), tied=[0, 1]), "different positions"),
        (lambda: at.search.FourierSeries(0, (0.0, 1.0)), "whole number of at least 1"),
        (lambda: at.search.FourierSeries(1, (1.0, 0.0)), "the lowest first"),
    ],
)
def test_forms_that_are_refused(make, words):
    with pytest.raises(at.errors.StudyError, match=words):
        make()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective": "eficiency"}, "Did you mean 'efficiency'"),
        ({"cycles": 0}, "`cycles`"),
        ({"starts": 0}, "`starts`"),
        ({"seed": -1}, "`seed`"),
        ({"tolerance": 0.0}, "`tolerance`"),
        ({"max_evaluations": 0}, "`max_evaluations`"),
        ({"initial": "thermal"}, "`initial` must be an initial state"),
    ],
)
def test_options_that_are_refused(options, words):
    with pytest.raises(at.errors.StudyError, match=words):
        at.best_drive(oscillators(), FREE, **options)


def test_machines_that_are_refused():
    with pytest.raises(at.errors.StudyError, match="must be a Machine"):
        at.best_drive("otto", FREE)
    with pytest.raises(at.errors.StudyError, match="must have a number of modes"):
        at.best_drive(at.library.two_oscillator(modes="auto"), {("hot", "cold"): at.search.StrokeValues((0.0, 1.0))})
    many = at.Bath("hot", 1.0, np.linspace(0.5, 1.5, 2000), np.full(2000, 0.001))
    large = at.Machine([at.Oscillator("a", 1.0)], [many], [at.Exchange(("a", "hot"))], 1.0)
    with pytest.raises(at.errors.StudyError, match="at most 2000 modes"):
        at.search.drive_gradient(large, {"a": at.search.FourierSeries(1, (0.5, 3.0))})
    two = at.Machine(
        [at.Oscillator("a", 1.0)],
        [bath("hot", 1.0)],
        [at.Displacement("a", x_force=1.0, p_force=1.0), at.Exchange(("a", "hot"))],
        1.0,
    )
    with pytest.raises(at.errors.StudyError, match="two forces"):
        at.best_drive(two, {0: at.search.FourierSeries(1, (0.0, 1.0))})
    twice = at.Machine([at.Oscillator("a", 1.0)], [bath("hot", 1.0)], [at.Exchange(("a", "hot"), 0.1)] * 2, 1.0)
    with pytest.raises(at.errors.StudyError, match=r"2 couplings between .* at \[0, 1\]"):
        at.best_drive(twice, {("a", "hot"): at.search.FourierSeries(1, (0.0, 1.0))})


def test_an_objective_that_is_defined_nowhere():
    """Nothing ever gives energy: a ground state, alone, with a coupling that stays zero."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.Bath("hot", 1.0, (1.0,), (0.0,))],
        [at.Exchange(("a", "hot"), at.drives.Strokes((1.0, 1.0), (0.1, 0.2)))],
        2.0,
    )
    with pytest.raises(
        at.errors.StudyError, match="must be defined for some drive within the bounds, but is at none of 2 starts"
    ):
        at.best_drive(machine, {("a", "hot"): at.search.StrokeValues((0.0, 1.0))}, objective="efficiency", starts=2)
    with pytest.raises(at.errors.StudyError, match="not defined here"):
        at.search.drive_gradient(machine, {("a", "hot"): at.search.StrokeValues((0.0, 1.0))}, objective="efficiency")


def test_an_efficiency_of_drives_that_never_give_work():
    """A qubit whose gap is lowered between two baths: below 0.8 it only takes work in."""
    machine = at.Machine(
        [at.Qubit("a", at.drives.Strokes((2.0, 3.0), (1.0, 2.0)))],
        [at.SpinBath("hot", 2.0, [0.9], [0.3]), at.SpinBath("cold", 0.5, [1.1], [0.3])],
        [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))],
        5.0,
    )
    free = {"a": at.search.StrokeValues((0.5, 0.8), strokes=[1])}
    with pytest.raises(at.errors.StudyError, match="no drive found gives work: the nearest takes in"):
        at.best_drive(machine, free, objective="efficiency", starts=2, max_evaluations=20)
    with pytest.raises(at.errors.StudyError, match="it is an engine's, and this machine takes work in"):
        at.search.drive_gradient(machine, free, objective="efficiency", parameters=[0.6])


def test_a_climb_leaves_a_flat_start():
    """Work is even in the strength of an exchange between qubits: at zero it is flat, and a minimum."""
    machine = at.library.two_qubit_swap(swap_angle=0.3)
    best = at.best_drive(machine, {0: at.search.StrokeValues((-2.0, 2.0), strokes=[0])}, starts=1)
    from_zero = at.search.with_drive(machine, {0: at.search.StrokeValues((-2.0, 2.0), strokes=[0])}, [0.0])
    again = at.best_drive(from_zero, {0: at.search.StrokeValues((-2.0, 2.0), strokes=[0])}, starts=1)
    assert abs(again.start_value) < 1e-14
    assert again.value == pytest.approx(best.value, rel=1e-9)


def test_parameters_that_are_refused():
    with pytest.raises(at.errors.StudyError, match="must hold 2 numbers .*, but hold 1"):
        at.search.drive_gradient(oscillators(), FREE, parameters=[1.0])
    with pytest.raises(at.errors.StudyError, match=r"`parameters\[1\]` of the drives must be finite"):
        at.search.with_drive(oscillators(), FREE, [1.0, np.inf])
    with pytest.raises(at.errors.StudyError, match=r"`parameters\[0\]` of the drives must be a real number, but is 'fast'"):
        at.search.drive_gradient(oscillators(), FREE, parameters=["fast", 1.0])
    with pytest.raises(at.errors.StudyError, match="give `parameters`"):
        at.search.drive_gradient(oscillators(), {"a": at.search.FourierSeries(2, (0.5, 2.0))})


def test_a_start_of_qubits_that_is_not_differentiated_is_refused():
    initial = at.CorrelatedMarginals([at.Correlation(("a", "cold"), "exchange")], 0.5)
    with pytest.raises(at.errors.StudyError, match="CorrelatedMarginals depends on the free drives"):
        at.search.drive_gradient(qubits(), {"a": at.search.StrokeValues((0.5, 2.0))}, initial=initial)
