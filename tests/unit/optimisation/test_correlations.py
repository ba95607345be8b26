"""What `best_correlations` returns, accepts and refuses."""

import numpy as np
import pytest

import athermal as at


@pytest.fixture(scope="module")
def engine():
    return at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=4)


@pytest.fixture(scope="module")
def swap():
    return at.library.two_qubit_swap()


def idle(*temperatures):
    """One oscillator and one mode that nothing couples or drives."""
    start = at.ProductThermal(dict(zip(("a", "bath"), temperatures, strict=True)))
    return at.Machine([at.Oscillator("a", 1.0)], [at.Bath("bath", 1.0, [1.0], [0.1])], [], 1.0, initial=start)


def test_result(engine):
    best = at.best_correlations(engine, 2)
    assert (best.machine, best.cycles, best.objective) == (engine, 2, "work_output")
    assert best.among == ("hot", "cold", "hot bath", "cold bath")
    assert best.n_free == 4 + 4 * 16 + 4 * 16  # 2 x 2, four times 2 x 8, 8 x 8
    assert best.gap == best.bound - best.value
    assert best.uncorrelated == pytest.approx(float(at.run(engine, 2).work_output.sum()), abs=1e-12)
    again = at.run(engine, 2, initial=best.initial)
    assert float(again.cumulative.work_output[-1]) == pytest.approx(best.value, rel=1e-9)
    report = str(best)
    assert "first 2 cycles" in report
    assert "I(hot, cold bath)" in report
    assert f"{best.bound:.8g}" in report


def test_marginals_are_kept_and_the_correlations_are_those_of_the_ledger(engine):
    names = ("hot", "cold")
    best = at.best_correlations(engine, among=names)
    product = at.Dense().bind(engine).prepare(at.ProductThermal()).covariance
    covariance = np.array(best.initial.covariance)
    changed = np.zeros_like(covariance, dtype=bool)
    half = len(covariance) // 2
    for i, j in ((0, 1), (1, 0)):
        changed[np.ix_([i, i + half], [j, j + half])] = True
    np.testing.assert_allclose(covariance[~changed], product[~changed], atol=1e-14)
    shared = float(best.ledger.instants.system_correlation[0])
    # entropies of nearly pure pairs
    assert best.mutual_information == {names: pytest.approx(shared, abs=1e-7)}


def test_marginals_of_any_start_are_kept(swap):
    start = at.Charged(1)
    best = at.best_correlations(swap, initial=start, among=("hot", "hot bath"), accuracy=1e-7)
    before, after = (at.run(swap, initial=s).instants.isel(instant=0) for s in (start, best.initial))
    np.testing.assert_allclose(after.subsystem_entropy, before.subsystem_entropy, atol=1e-9)
    np.testing.assert_allclose(after.reservoir_energy, before.reservoir_energy, atol=1e-12)
    assert float(after.system_correlation) == pytest.approx(0.0, abs=1e-12)


def test_mean_of_a_displaced_start_is_kept(engine):
    start = at.Displaced("hot", x=0.7)
    best = at.best_correlations(engine, initial=start, among=("hot", "cold"))
    assert best.initial.mean[0] == 0.7
    assert float(best.ledger.work_output[0]) == pytest.approx(best.value, rel=1e-9)
    assert best.ergotropy == pytest.approx(float(at.best_correlations(engine, among=("hot", "cold")).ergotropy) + 0.49, abs=1e-6)


def test_more_parts_and_more_choice_never_cost_anything(engine):
    two = at.best_correlations(engine, among=("cold", "hot"))
    assert two.among == ("hot", "cold")
    three = at.best_correlations(engine, among=("hot", "cold", "hot bath"))
    every = at.best_correlations(engine)
    assert two.uncorrelated < two.value < three.value < every.value


def test_qubits_in_a_basis_of_their_own():
    """A bath given as a whole is kept in its energy basis, and its best start handed out in its own."""
    field = np.array([[0.3, 0.5], [0.5, -0.3]])
    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.FiniteBath("bath", 0.7, hamiltonian=field)],
        [
            at.OperatorCoupling(
                ("q", "bath"), ("sigmax", np.array([[1.0, 0.2], [0.2, -0.4]])), at.drives.Strokes((1.0, 1.0), (0.2, 0.9))
            )
        ],
        2.0,
    )
    best = at.best_correlations(machine)
    assert float(best.ledger.work_output[0]) == pytest.approx(best.value, rel=1e-9)
    heat = float(at.run(machine, initial=best.initial).instants.reservoir_energy[0, 0])
    assert heat == pytest.approx(float(at.run(machine).instants.reservoir_energy[0, 0]), abs=1e-12)


def test_correlations_that_do_nothing():
    machine = idle(1.0, 1.0)
    best = at.best_correlations(machine)
    for found in (best.value, best.bound, best.uncorrelated):
        assert found == pytest.approx(0.0, abs=1e-14)  # rounding of a rotation by w t
    with pytest.raises(at.errors.StudyError, match="there are none: with these marginals its work output is at most "):
        at.best_correlations(machine, objective="efficiency")


@pytest.mark.parametrize("objective", ["work_output", "efficiency"])
def test_correlations_of_parts_that_nothing_touches(objective):
    machine = at.library.two_qubit_swap(contact_angle=0.0)
    best = at.best_correlations(machine, objective=objective, among=("hot bath", "cold bath"))
    assert best.value == pytest.approx(best.uncorrelated, rel=1e-12)
    assert 0.0 <= best.gap <= 1e-8 * best.value


def test_colder_than_double_precision_shows(engine):
    """Occupations of 1e-13: the work that correlations add is of the order of their roots."""
    machine = at.library.two_oscillator(T_hot=0.1, T_cold=0.034, squeezing=0.05, modes=3)
    best = at.best_correlations(machine)
    assert best.uncorrelated < best.value <= best.bound
    assert best.gap <= 1e-8 * abs(best.value)


def test_ergotropy_of_a_hamiltonian_without_ground_state():
    machine = at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)],
        [at.Bath("bath", 1.0, [1.0], [0.1])],
        [at.TwoModeSqueezing(("a", "b"), 1.2)],
        1.0,
    )
    assert at.best_correlations(machine, among=("a", "b")).ergotropy == np.inf


def test_progress(engine):
    seen = []
    at.best_correlations(engine, progress=lambda finished, total: seen.append((finished, total)))
    assert all(finished <= total for finished, total in seen)
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(("objective", "steps"), [("work_output", 3), ("efficiency", 14)])
def test_an_interrupt_gives_the_best_so_far(engine, objective, steps):
    """The state so far is a start that a run takes, better than none, and the bound holds for the best."""

    def stop(finished, total):
        if finished == steps:
            raise KeyboardInterrupt

    with pytest.raises(at.errors.StudyInterrupted, match=f"after {steps} steps; `.result` holds the best so far") as error:
        at.best_correlations(engine, objective=objective, among=("hot", "cold"), progress=stop)
    found, best = error.value.result, at.best_correlations(engine, objective=objective, among=("hot", "cold"))
    assert found.uncorrelated < found.value < best.value <= best.bound <= found.bound
    ledger = at.run(engine, initial=found.initial, cycles=1)
    assert float(ledger.cumulative[objective][-1]) == pytest.approx(found.value, rel=1e-9)  # propagators to 1e-12


def test_an_interrupt_before_there_is_a_result(engine):
    def stop(finished, total):
        raise KeyboardInterrupt

    with pytest.raises(at.errors.StudyInterrupted, match="after 1 steps; there is no result yet") as error:
        at.best_correlations(engine, among=("hot", "cold"), work_output_at_least=0.57, progress=stop)
    assert error.value.result is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"cycles": 0}, at.errors.StudyError, "`cycles` of the best correlations must be a whole number of at least 1, but is 0"),
        (
            {"objective": "power"},
            at.errors.StudyError,
            "`objective` of the best correlations must be one of 'work_output', 'efficiency'",
        ),
        ({"accuracy": 0.0}, at.errors.StudyError, "`accuracy` of the best correlations must be positive"),
        (
            {"accuracy": 1e-18, "objective": "efficiency", "among": ("hot", "hot bath")},
            at.errors.ConvergenceError,
            "rounding keeps open. Ask for a larger `accuracy`.",
        ),
        ({"among": "hot"}, at.errors.StudyError, "`among` of the best correlations must list the names of parts, but is 'hot'"),
        ({"among": ("hot",)}, at.errors.StudyError, "must list at least two different parts"),
        ({"among": ("hot", "hot")}, at.errors.StudyError, "must list at least two different parts"),
        ({"among": ("hot", "cool")}, at.errors.StudyError, "no part 'cool'.*Did you mean 'cold'"),
        ({"initial": "thermal"}, at.errors.StudyError, "`initial` of the best correlations must be an initial state"),
        ({"backend": at.Star()}, at.errors.StudyError, "`backend` of the best correlations must be Dense.. or DensityMatrix"),
        (
            {"work_output_at_least": 100.0},
            at.errors.StudyError,
            "within reach, but is 100: no correlations with these marginals give more",
        ),
        (
            {"work_output_at_least": 100.0, "objective": "efficiency"},
            at.errors.StudyError,
            "within reach, but is 100: no correlations with these marginals give more",
        ),
        (
            {"work_output_at_least": float("nan")},
            at.errors.StudyError,
            "`work_output_at_least` of the best correlations must be finite",
        ),
    ],
)
def test_refusals(engine, options, error, message):
    with pytest.raises(error, match=message):
        at.best_correlations(engine, **options)


def test_refusals_of_machines(engine):
    with pytest.raises(at.errors.StudyError, match="`machine` of the best correlations must be a Machine"):
        at.best_correlations("engine")
    with pytest.raises(at.errors.StudyError, match='modes="auto". Give it a number of modes.'):
        at.best_correlations(at.library.two_oscillator(modes="auto"))
    with pytest.raises(
        at.errors.StudyError, match="must have at most 5000 free entries, but have 41604. Name fewer parts in `among`"
    ):
        at.best_correlations(at.library.two_oscillator(modes=100))
    with pytest.raises(at.errors.StudyError, match="must have at most 1500 free entries, but have 65403"):
        at.best_correlations(at.library.spin_star(), among=None)


def test_pure_parts_are_correlated_with_nothing():
    machine = idle(1e-3, 1.0)
    with pytest.raises(at.errors.StudyError, match="a part in a pure state is correlated with nothing. Raise a temperature."):
        at.best_correlations(machine, initial=machine.initial)


def test_only_the_most_work_meets_a_limit_of_all_of_it(engine):
    most = at.best_correlations(engine, among=("hot", "cold"))
    with pytest.raises(at.errors.StudyError, match="must leave a choice|must be within reach"):
        at.best_correlations(engine, among=("hot", "cold"), objective="efficiency", work_output_at_least=most.value)
