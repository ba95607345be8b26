"""Options, limits and errors of the dense backend; its physics is in tests/backends."""

import numpy as np
import pytest

import athermal as at

BATH = at.Bath("hot", 2.0, (0.9, 1.1), (0.1, 0.1))
TAU = 2.0 * np.pi


def machine(strength=0.3, frequency=1.0, period=TAU):
    return at.Machine([at.Oscillator("a", frequency)], [BATH], [at.Exchange(("a", "hot"), strength)], period)


def unstable(growth):
    """A trap shaken at twice its frequency: x grows by about e^(growth pi/2) a cycle (Mathieu)."""
    return at.Machine(
        [at.Oscillator("a", 1.0 + growth * at.drives.Harmonic(1.0, 2.0))],
        [at.Bath("hot", 2.0, (0.9, 1.1), (0.01, 0.01))],
        [at.Exchange(("a", "hot"))],
        TAU,
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.Dense(tolerance=0.0), "`tolerance` of the dense backend must be positive, but is 0.0"),
        (lambda: at.Dense(max_panels=0), "`max_panels` of the dense backend must be a whole number of at least 1, but is 0"),
        (lambda: at.Dense(max_growth=-1.0), "`max_growth` of the dense backend must be positive"),
    ],
)
def test_bad_options_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


@pytest.mark.parametrize("growth", [0.05, 0.2, 0.4])
def test_an_unstable_machine_says_when(growth):
    solver = at.Dense().bind(unstable(growth))
    state, k = solver.prepare(at.ProductThermal()), 0
    with pytest.raises(at.errors.InstabilityError, match="parametrically unstable: at t = ") as caught:  # noqa: PT012 (it grows)
        while k < 500:
            before = float(np.max(np.diag(state.covariance)))
            state, _ = solver.advance(state, k * TAU, (k + 1) * TAU)
            k += 1
    start = float(np.max(np.diag(solver.prepare(at.ProductThermal()).covariance)))
    assert f"at t = {(k + 1) * TAU:.6g} " in str(caught.value)
    assert "largest variance must stay below 1e+08 times its start" in str(caught.value)
    assert before < 1e8 * start


def test_the_limit_of_growth_is_an_option():
    solver = at.Dense(max_growth=3.0).bind(unstable(0.4))
    state = solver.prepare(at.ProductThermal())
    with pytest.raises(at.errors.InstabilityError, match="below 3e.00 times its start"):
        solver.advance(state, 0.0, TAU)


def test_a_stretch_with_too_many_panels_is_refused():
    fast = at.Bath("hot", 1.0, (1.0, 1e6), (0.1, 0.1))
    stiff = at.Machine([at.Oscillator("a", 1.0)], [fast], [at.Exchange(("a", "hot"), at.drives.Harmonic(1.0, 1.0))], TAU)
    solver = at.Dense(max_panels=100).bind(stiff)
    with pytest.raises(at.errors.ConvergenceError, match=r"must be resolved in at most `max_panels` = 100 panels.*1e\+06"):
        solver.advance(solver.prepare(at.ProductThermal()), 0.0, TAU)


def test_a_drive_that_is_not_smooth_where_it_says_so_does_not_converge():
    class Kinked(at.drives.Harmonic):
        """A triangle wave that keeps its kinks to itself."""

        def value(self, times, side="right"):
            return 1.0 - np.abs(np.mod(times, TAU) - 2.0)

        def derivative(self, times):
            return -np.sign(np.mod(times, TAU) - 2.0)

    solver = at.Dense(max_panels=8).bind(machine(Kinked(1.0, 1.0)))
    with pytest.raises(
        at.errors.ConvergenceError, match="must converge to `tolerance` = 1.0e-12, but two refinements .* still differ by"
    ):
        solver.advance(solver.prepare(at.ProductThermal()), 0.0, TAU)


def test_a_drive_of_no_strength_does_no_work():
    """0 x cos(t) is not known to be constant, but does nothing."""
    solver = at.Dense().bind(machine(0.0 * at.drives.Harmonic(1.0, 1.0)))
    state, work = solver.advance(solver.prepare(at.ProductThermal()), 0.0, TAU)
    assert work == 0.0
    assert np.allclose(state.covariance, solver.prepare(at.ProductThermal()).covariance, rtol=0.0, atol=1e-13)  # rounding


@pytest.mark.parametrize("misfit", [1e-12, 1e-11, 9e-11])
def test_an_accepted_misfit_of_the_period_does_not_grow_over_the_cycles(misfit):
    """The drive's phase is that of the machine's cycle, also in the energies of the hundredth one."""
    drive = at.drives.Harmonic(0.5, 1.0 + misfit, np.pi / 2)
    solver = at.Dense().bind(machine(drive))
    state, _ = solver.advance(solver.prepare(at.Displaced("a", 1.0)), 0.0, TAU)
    first, later = solver.snapshot(state, TAU), solver.snapshot(state, 1000 * TAU)
    # a thousand periods are rounded by 1e-12; a drift of the phase would show as 1000 x 2 pi x 9e-11
    assert np.allclose(first.subsystem_energies, later.subsystem_energies, rtol=0.0, atol=1e-11)


def test_cold_machines_stay_physical_over_many_cycles():
    """The vacuum of an exchange machine stays the vacuum; rounding adds up over the cycles and must not end the run."""
    cold = at.library.two_oscillator(modes=5, T_hot=0.02, T_cold=0.01)
    solver = at.Dense().bind(cold)
    state = solver.prepare(at.ProductThermal())
    for k in range(400):
        state, _ = solver.advance(state, k * TAU, (k + 1) * TAU)
    snapshot = solver.snapshot(state, 400 * TAU)
    # rounding of 1e-14 a cycle, whose entropy is 30 times as much
    assert float(np.sum(snapshot.reservoir_entropies)) < 1e-8
    assert float(snapshot.total_entropy) < 1e-8


def test_one_cycle_is_computed_once():
    solver = at.Dense().bind(machine(at.drives.Harmonic(0.3, 1.0)))
    state = solver.prepare(at.ProductThermal())
    for k in range(6):
        state, _ = solver.advance(state, k * TAU / 3, (k + 1) * TAU / 3)
    assert len(solver._evolutions) == 3


@pytest.mark.parametrize("period", [0.1, 0.7, 1.1, 4.3, TAU])
@pytest.mark.parametrize("samples", [1, 3, 7])
def test_one_cycle_is_computed_once_however_times_are_rounded(period, samples):
    """k tau/n may fall a rounding below the end of a cycle, which is then not a phase of its own."""
    solver = at.Dense().bind(machine(at.drives.Strokes((0.3 * period, 0.7 * period), (0.1, 0.2)), period=period))
    state = solver.prepare(at.ProductThermal())
    for k in range(40 * samples):
        state, _ = solver.advance(state, period * k / samples, period * (k + 1) / samples)
    assert len(solver._evolutions) == samples


def test_it_tells_how_symplectic_and_converged_it_was():
    solver = at.Dense().bind(machine(at.drives.Harmonic(0.3, 1.0)))
    state, _ = solver.advance(solver.prepare(at.ProductThermal()), 0.0, TAU)
    accuracy = solver.accuracy(state)
    assert set(accuracy) == {"symplectic_defect", "step_error"}
    assert 0.0 < accuracy["symplectic_defect"] < 1e-13  # rounding
    assert accuracy["step_error"] < 1e-12  # the tolerance
