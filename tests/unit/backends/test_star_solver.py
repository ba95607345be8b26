"""Options, limits and long runs of the star backend; its agreement with the dense one is in tests/property."""

import tracemalloc

import numpy as np
import pytest

import athermal as at
from athermal.backends.gaussian.star_state import appended
from athermal.maths.star import StarMap

TAU = 2.0 * np.pi
BATH = at.Bath("hot", 2.0, (0.9, 1.1), (0.1, 0.1))


def unstable(growth):
    """A trap shaken at twice its frequency: x grows by about e^(growth pi/2) a cycle (Mathieu)."""
    return at.Machine(
        [at.Oscillator("a", 1.0 + growth * at.drives.Harmonic(1.0, 2.0))],
        [at.Bath("hot", 2.0, (0.9, 1.1), (0.01, 0.01))],
        [at.Exchange(("a", "hot"))],
        TAU,
    )


def cycle_by_cycle(machine, backend, cycles, initial=None):
    solver = backend.bind(machine)
    state = solver.prepare(initial or at.ProductThermal())
    snapshots, works = [solver.snapshot(state, 0.0)], []
    for k in range(cycles):
        state, work = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        works.append(work)
        snapshots.append(solver.snapshot(state, (k + 1) * machine.period))
    return solver, snapshots, works


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.Star(tolerance=0.0), "`tolerance` of the star backend must be positive, but is 0.0"),
        (lambda: at.Star(max_panels=0), "`max_panels` of the star backend must be a whole number of at least 1, but is 0"),
        (lambda: at.Star(max_growth=-1.0), "`max_growth` of the star backend must be positive"),
        (lambda: at.Star(max_rank=-1), "`max_rank` of the star backend must be a whole number of at least 0, but is -1"),
        (lambda: at.Star(entropy_modes=-1), "`entropy_modes` of the star backend must be a whole number of at least 0"),
        (lambda: at.Star(block_modes=-1), "`block_modes` of the star backend must be a whole number of at least 0, but is -1"),
    ],
)
def test_bad_options_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_finite_machines_are_refused():
    with pytest.raises(at.errors.MachineError, match=r"this one is of finite parts. Use DensityMatrix"):
        at.Star().bind(at.library.two_qubit_swap())


@pytest.mark.parametrize(
    "initial",
    [
        at.Gibbs(1.0),
        at.GaussianMoments(np.eye(44)),
        at.Squeezed("hot", 0.2, start=at.Charged(1)),
        at.CorrelatedMarginals(
            [at.Correlation(("hot", "cold"))], start=at.CorrelatedMarginals([at.Correlation(("hot bath", "cold bath"))], 0.5)
        ),
    ],
)
def test_starts_that_it_cannot_hold_are_refused_with_the_remedy(initial):
    solver = at.Star(block_modes=10).bind(at.library.two_oscillator(modes=20))
    with pytest.raises(at.errors.MachineError, match=r"at most `block_modes` = 10 modes .*Use Dense\(\)"):
        solver.prepare(initial)


def test_an_impossible_correlation_of_wide_contacts_is_refused():
    """A bath at so low a temperature that its modes are pure has no room for correlations."""
    solver = at.Star(block_modes=4).bind(at.library.two_oscillator(modes=20, T_cold=0.001))
    with pytest.raises(at.errors.StateError, match="No correlation of this pattern is possible"):
        solver.prepare(at.CorrelatedMarginals([at.Correlation(("hot bath", "cold bath"))]))


@pytest.mark.parametrize("growth", [0.05, 0.4])
def test_an_unstable_machine_stops_when_the_dense_backend_does(growth):
    messages = []
    for backend in (at.Star(), at.Dense()):
        with pytest.raises(at.errors.InstabilityError, match="parametrically unstable: at t = ") as caught:
            cycle_by_cycle(unstable(growth), backend, 500)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_charging_an_unstable_machine_says_so():
    solver = at.Star().bind(unstable(0.4))
    with pytest.raises(at.errors.InstabilityError, match="going backwards to charge it"):
        solver.prepare(at.Charged(100))


def test_too_fast_a_mode_is_refused():
    fast = at.Bath("hot", 1.0, (1.0, 1e6), (0.1, 0.1))
    stiff = at.Machine([at.Oscillator("a", 1.0)], [fast], [at.Exchange(("a", "hot"), at.drives.Harmonic(1.0, 1.0))], TAU)
    solver = at.Star(max_panels=100).bind(stiff)
    with pytest.raises(at.errors.ConvergenceError, match=r"in at most `max_panels` = 100 panels.*1e\+06"):
        solver.advance(solver.prepare(at.ProductThermal()), 0.0, TAU)


def test_long_runs_past_the_recurrence_agree_with_the_dense_backend():
    """300 cycles; the bath's recurrence time is 50."""
    machine = at.library.two_oscillator(modes=60, squeezing=0.01)
    assert machine.recurrence_time("hot bath") < 60 * TAU
    initial = at.Charged(3)
    _, one, works = cycle_by_cycle(machine, at.Star(), 300, initial)
    _, two, expected = cycle_by_cycle(machine, at.Dense(), 300, initial)
    # rounding of 1e-14 a cycle, in energies of a hundred
    assert np.allclose(works, expected, rtol=0.0, atol=1e-9)
    for name in ("subsystem_energies", "reservoir_energies", "reservoir_entropies", "reservoirs_entropy"):
        found, right = (np.array([getattr(s, name) for s in run]) for run in (one, two))
        assert np.allclose(found, right, rtol=0.0, atol=1e-8), name  # the same, and logarithms


def test_columns_that_need_the_dense_backend_become_unknown_and_it_says_from_when_on():
    machine = at.library.two_oscillator(modes=100)
    ledger = at.run(machine, 4, backend=at.Star(block_modes=0, entropy_modes=0, max_rank=18))
    known = ~np.isnan(ledger.snapshots.reservoir_entropies[:, 0])
    assert known[0]
    assert known[1]
    assert not known[-1]
    (first, _) = ledger.remarks
    when = ledger.snapshots.time[np.argmin(known)]
    assert first.startswith(f"D of 'hot bath' and C(R) are unknown from t = {when:.6g} on")
    assert "Use Dense(), or raise `max_rank` or `entropy_modes`" in first
    for name in ("mutual_information", "sigma_total_change", "entropic_work", "sigma_change"):
        assert not np.any(np.isnan(ledger.cycles[name])), name
    assert ledger.violations() == []


def test_a_bath_changed_in_too_many_directions_has_its_covariance_formed():
    machine = at.library.two_oscillator(modes=150, squeezing=0.01)
    one, two = (at.run(machine, 4, backend=backend) for backend in (at.Star(max_rank=18), at.Dense()))
    assert not one.remarks
    for name in ("athermality", "reservoir_correlation", "sigma_total"):
        assert np.allclose(one.cycles[name], two.cycles[name], rtol=0.0, atol=1e-9), name  # logarithms of 1e-12


def test_samples_of_a_long_run_are_carried_from_cycle_to_cycle():
    """Each phase keeps its own rows: a cycle late in the run applies as many maps as an early one."""
    machine = at.library.two_oscillator(modes=10)
    solver = at.Star().bind(machine)
    state = solver.prepare(at.ProductThermal())
    counts = []
    original = StarMap.after

    def counted(self, *arguments):
        counts[-1] += 1
        return original(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StarMap, "after", counted)
        for k in range(24):
            counts.append(0)
            state, _ = solver.advance(state, machine.period * k / 2, machine.period * (k + 1) / 2)
            solver.snapshot(state, machine.period * (k + 1) / 2)
    assert max(counts[4:]) == max(counts[12:])


def test_nothing_of_the_size_of_the_covariance_is_formed():
    machine = at.library.two_oscillator(modes=4000)
    machine.hamiltonian  # noqa: B018  assembled beforehand
    tracemalloc.start()
    cycle_by_cycle(machine, at.Star(max_rank=0), 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # a covariance takes 2 GB; some hundred rows take 13 MB each time they are copied
    assert peak < 0.1 * 8 * (2 * machine.n_modes) ** 2


def test_an_uncoupled_bath_stays_as_it_is():
    machine = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.Bath("hot", 2.0, np.linspace(0.5, 1.5, 90), [0.05] * 90), at.Bath("idle", 1.0, np.linspace(0.5, 1.5, 90))],
        [at.Exchange(("a", "hot"))],
        TAU,
    )
    _, snapshots, _ = cycle_by_cycle(machine, at.Star(block_modes=4), 2)
    # nothing touches it
    assert snapshots[0].reservoir_energies[1] == snapshots[2].reservoir_energies[1]
    assert snapshots[0].reservoir_entropies[1] == snapshots[2].reservoir_entropies[1]


def test_histories_fold_into_whole_cycles():
    whole, first, second = (0.25, 1.0), (0.25, 0.35), (0.6, 0.65)
    history = ()
    for key in (first, second) * 3:
        history = appended(history, key, 1)
    assert history == ((whole, 3),)
    assert appended(history, whole, -3) == ()
    assert appended(appended(history, first, 1), first, -1) == history
    assert appended(((second, 1),), second, 1) == ((second, 2),)


def test_samples_within_a_cycle_share_the_maps_of_one():
    machine = at.library.two_oscillator(modes=20)
    solver = at.Star().bind(machine)
    state = solver.prepare(at.Charged(2))
    for k in range(9):
        state, _ = solver.advance(state, machine.period * k / 3, machine.period * (k + 1) / 3)
    assert len(solver._segments) == 4
    assert state.history == (((0.0, 1.0), 1),)


def test_it_tells_how_symplectic_and_converged_it_was():
    solver = at.Star().bind(at.library.two_oscillator(modes=200))
    state = solver.cycle_map().apply(solver.prepare(at.ProductThermal()))
    accuracy = solver.accuracy(state)
    assert set(accuracy) == {"effective_defect", "step_error", "accumulated_defect"}
    assert accuracy["accumulated_defect"] < 1e-13
    assert 0.0 < accuracy["effective_defect"] < 1e-13  # rounding
    assert accuracy["step_error"] < 1e-12  # the tolerance
