"""Limit cycles of sudden strokes, against dense runs, closed forms, harmonic balance and the laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

import athermal as at
from athermal.limit.forces import forces_of
from athermal.limit.problem import pose
from athermal.limit.sudden_mean import sudden_mean


def density(friction, cutoff, power=3, convention="J"):
    """friction w^power e^-(w/cutoff)^2: transients die fast."""
    return at.densities.FunctionDensity(
        lambda w: friction * w**power * np.exp(-((w / cutoff) ** 2)), 0.0, 6.0 * cutoff, convention
    )


def bath(name, temperature, modes, spectrum):
    return at.ContinuumBath(name, temperature, spectrum, modes, "legendre")


def frequency_strokes(modes):
    """Sudden strokes of the frequency and of a force."""
    frequency = at.drives.Strokes((1.5, 1.0), (1.0, 1.4))
    couplings = [
        at.Position(("a", "hot")),
        at.Exchange(("a", "cold"), 0.2),
        at.Displacement("a", at.drives.Strokes((1.0, 1.5), (0.3, -0.2))),
    ]
    baths = [bath("hot", 2.0, modes, density(0.8, 2.0, 1)), bath("cold", 0.5, modes, density(0.8, 2.0))]
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], baths, couplings, 2.5)


def sudden_contacts(modes, kind=at.Position):
    """One oscillator in turn in sudden contact with a hot and a cold bath, at two frequencies."""
    law = "number" if kind is at.Exchange else "potential"
    spectrum = density(0.7, 1.6, 3, "kappa") if kind is at.Exchange else density(1.6, 1.6, 1)
    durations = (1.2, 1.2)
    # position contacts are never quite off, so that transients die in a short run
    rest = 0.0 if kind is at.Exchange else 0.5
    hot, cold = at.drives.Strokes(durations, (rest, 1.0)), at.drives.Strokes(durations, (1.0, rest))
    oscillator = at.Oscillator("a", at.drives.Strokes(durations, (1.0, 1.3)), reference_frequency=1.0, law=law)
    baths = [bath("hot", 3.0, modes, spectrum), bath("cold", 1.0, modes, spectrum)]
    return at.Machine([oscillator], baths, [kind(("a", "hot"), hot), kind(("a", "cold"), cold)], 2.4)


@pytest.mark.parametrize(
    ("build", "cycles", "allowed"),
    [
        pytest.param(frequency_strokes, 20, 1e-7, marks=pytest.mark.slow),  # what is left of the transient, e^-0.6 t
        pytest.param(sudden_contacts, 20, 1e-6, marks=pytest.mark.slow),
        pytest.param(lambda modes: sudden_contacts(modes, at.Exchange), 22, 3e-6, marks=pytest.mark.slow),  # e^-0.24 t
    ],
)
def test_late_cycles_of_a_run(build, cycles, allowed):
    cycle = at.limit_cycle(build(5), accuracy=1e-6)
    ledger = at.run(build(170), cycles, backend=at.Star())  # a RecurrenceWarning would be an error
    last, end = ledger.cycles.isel(cycle=-1), ledger.snapshots.at(-1)
    for found, exact in (
        (float(last.work), cycle.work),
        (last.heat.values, cycle.heat),
        (end.subsystem_energies, cycle.subsystem_energies()),
        (end.subsystem_entropies, cycle.subsystem_entropies()),
        (float(last.mutual_information), cycle.mutual_information()),
    ):
        np.testing.assert_allclose(found, exact, atol=allowed)
    assert cycle.residual_first_law == pytest.approx(0.0, abs=cycle.errors["work"] + cycle.errors["heat"])
    assert np.max(cycle.undamped) < 1e-6  # [x, p] = i from the baths' quanta alone
    assert cycle.sigma_total_change > 0.0


@pytest.mark.slow
def test_state_between_and_at_the_jumps_is_that_of_a_dense_run():
    machine = frequency_strokes(170)
    cycle = at.limit_cycle(machine, accuracy=1e-6)
    backend = at.Dense().bind(machine)
    state = backend.prepare(at.ProductThermal())
    for k in range(18):
        state, _ = backend.advance(state, k * 2.5, (k + 1) * 2.5)
    for phase in (0.4, 1.5, 2.2):
        later, _ = backend.advance(state, 18 * 2.5, 18 * 2.5 + phase)
        rows = [0, machine.n_modes]
        # the mean relaxes half as fast as the covariance, e^-0.32 t
        np.testing.assert_allclose(cycle.covariance(phase), later.covariance[np.ix_(rows, rows)], atol=1e-6)
        np.testing.assert_allclose(cycle.mean(phase), later.mean[rows], atol=1e-5)


@pytest.mark.slow
def test_steep_ramps_tend_to_sudden_strokes():
    """Harmonic balance of ever steeper ramps: the work differs by the square of their length."""

    def work(ramps):
        frequency = at.drives.Strokes((1.5, 1.5), (1.0, 1.2), ramps, "quintic")
        machine = at.Machine(
            [at.Oscillator("a", frequency, reference_frequency=1.0)],
            [bath("bath", 1.0, 5, density(0.8, 2.0, 1))],
            [at.Position(("a", "bath"))],
            3.0,
        )
        return at.limit_cycle(machine, accuracy=1e-5).work

    sudden, steep, gentle = work(0.0), work(0.35), work(0.7)
    assert abs(steep - sudden) < 0.1 * sudden
    extrapolated = steep + (steep - gentle) / 3.0  # quadratic in the length
    assert sudden == pytest.approx(extrapolated, rel=2e-3)  # the next order


def test_exponents_of_sudden_strokes_are_those_of_a_monodromy():
    """With a broad Ohmic bath friction is local in time, and each stroke a damped oscillator."""
    friction, cutoff = 0.02, 60.0
    spectrum = at.densities.Ohmic(friction, cutoff, cutoff_shape="hard")
    frequency = at.drives.Strokes((1.5, 1.0), (1.0, 1.4))
    machine = at.Machine(
        [at.Oscillator("a", frequency, reference_frequency=1.0)],
        [bath("bath", 1.0, 5, spectrum)],
        [at.Position(("a", "bath"))],
        2.5,
    )
    steps = [expm(t * np.array([[0.0, 1.0], [-(w**2), -friction]])) for t, w in ((1.5, 1.0), (1.0, 1.4))]
    local = np.log(np.linalg.eigvals(steps[1] @ steps[0]).astype(complex)) / 2.5
    # the memory 1/cutoff changes friction and mass by 2 friction/(pi cutoff)
    assert at.limit.floquet_exponents(machine)[0].real == pytest.approx(np.max(local.real), rel=2e-2)


def test_forces_beside_sudden_strokes_are_those_of_the_modes_equations():
    """r' = Omega (h r + f) of all modes, exactly: f = f_0 + f_1 cos, faster than the strokes' panels, is part of the state."""
    fast, period = 8.0 * 2.0 * np.pi / 2.5, 2.5
    frequency = at.drives.Strokes((1.5, 1.0), (1.0, 1.4))
    steps = at.drives.Strokes((1.5, 1.0), (0.3, -0.2))

    def machine(modes, *forces):
        baths = [bath("hot", 2.0, modes, density(0.8, 2.0, 1)), bath("cold", 0.5, modes, density(0.8, 2.0))]
        couplings = [at.Position(("a", "hot")), at.Exchange(("a", "cold"), 0.2), *forces]
        return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], baths, couplings, period)

    pushed = machine(120, at.Displacement("a", steps, at.drives.Harmonic(0.3, fast)))
    n, maps = pushed.n_modes, []
    omega = np.block([[np.zeros((n, n)), np.eye(n)], [-np.eye(n), np.zeros((n, n))]])
    for start, duration in ((0.0, 1.5), (1.5, 1.0)):
        generator = np.zeros((2 * n + 3, 2 * n + 3))
        generator[: 2 * n, : 2 * n] = omega @ pushed.hamiltonian.form(start)
        generator[: 2 * n, 2 * n] = omega[:, 0] * steps.value(np.array([start]))[0]
        generator[: 2 * n, 2 * n + 1] = omega[:, n] * 0.3
        generator[2 * n + 1 :, 2 * n + 1 :] = [[0.0, -fast], [fast, 0.0]]
        maps.append(expm(generator * duration))
    state = np.zeros(2 * n + 3)
    state[2 * n : 2 * n + 2] = 1.0
    energies = []
    for _ in range(15):
        state = maps[1] @ (maps[0] @ state)
        squares = state[:n] ** 2 + state[n : 2 * n] ** 2
        parts = np.split(0.5 * squares[1:] * pushed.hamiltonian.frequencies[1:], 2)
        energies.append([float(np.sum(part)) for part in parts])
    mean = sudden_mean(forces_of(pose(machine(5, *pushed.couplings[2:]), "a test")), 1e-6)
    heats = np.array(energies[-1]) - energies[-2]
    # the mean relaxes as e^-0.32 t; without the fast force the mean moves by 1e-3, the heats by 1e-5
    np.testing.assert_allclose(mean.at(0.0), state[[0, n]], atol=2e-5)
    np.testing.assert_allclose(mean.heats * period, heats, atol=4e-6)
    assert mean.work * period == pytest.approx(np.sum(heats), abs=mean.errors.work * period + 4e-6)
    assert mean.errors.work <= 1e-6 * mean.work
