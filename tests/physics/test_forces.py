"""Periodic forces in the limit cycle: linear response in closed form, and the mean motion with Drude memory, three equations.

A bath of Drude friction g and cut-off wD, coupled by s(t) x X with its counter-term, acts on the mean like one variable,
z' = wD (g (s x)' - z), p' = ... - s z, and takes Q = integral z d(s x): exact, for any drive.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import athermal as at

NU, FRICTION, CUTOFF = 1.5, 0.3, 10.0
PERIOD = 2.0 * np.pi / NU


def machine(x_force=0.0, p_force=0.0, *more, strength=1.0, friction=FRICTION, temperature=0.5):
    bath = at.ContinuumBath("bath", temperature, at.densities.Ohmic(friction, CUTOFF, cutoff_shape="drude"), "auto")
    couplings = [at.Position(("o", "bath"), strength), at.Displacement("o", x_force, p_force), *more]
    return at.Machine([at.Oscillator("o", 1.0)], [bath], couplings, PERIOD)


def chi(w, friction=FRICTION):
    return 1.0 / (1.0 - w**2 - 1j * w * friction * CUTOFF / (CUTOFF - 1j * w))


def fourier(drive, m):
    """Return the harmonics of a real drive by quadrature between its breakpoints, of sudden strokes in closed form."""
    if isinstance(drive, at.drives.Strokes) and drive.ramps == (0.0, 0.0):
        mean, step = np.dot(drive.durations, drive.values) / PERIOD, drive.values[0] - drive.values[1]
        away = np.where(m == 0, 1, m)
        return np.where(m == 0, mean, 1j * step * (1.0 - np.exp(1j * NU * m * drive.durations[0])) / (2.0 * np.pi * away))
    marks = sorted({0.0, PERIOD, *drive.breakpoints()})
    x, weights = np.polynomial.legendre.leggauss(400)
    total = np.zeros(len(m), dtype=complex)
    for a, b in itertools.pairwise(marks):
        t = 0.5 * (a + b) + 0.5 * (b - a) * x
        total += np.exp(1j * NU * np.outer(m, t)) @ (0.5 * (b - a) * weights * drive.value(t)) / PERIOD
    return total


STROKES = at.drives.Strokes((0.3 * PERIOD, 0.7 * PERIOD), (0.5, -0.2))
FORCES = {
    "harmonic": at.drives.Harmonic(1.0, NU, 0.4),
    "sum": at.drives.Harmonic(0.7, NU) + at.drives.Harmonic(0.4, 3.0 * NU, 1.0) + 0.3,
    "product": at.drives.Harmonic(1.0, NU) * at.drives.Harmonic(0.5, 2.0 * NU, 0.2) + at.drives.Constant(0.1),
    "function": at.drives.Function(lambda t: np.exp(2.0 * np.cos(NU * t)), PERIOD),
    "a high harmonic": at.drives.Harmonic(0.1, NU) + at.drives.Harmonic(30.0, 40.0 * NU),
    "strokes": STROKES,
    "ramps": at.drives.Strokes((0.4 * PERIOD, 0.6 * PERIOD), (1.0, 0.0), 0.2 * PERIOD, "quintic"),
}


@pytest.mark.parametrize("name", FORCES)
def test_every_form_of_force_has_its_linear_response(name):
    force = FORCES[name]
    m = np.arange(-60, 61) if name != "strokes" else np.arange(-20_000, 20_001)
    f = fourier(force, m)
    # x_m = chi(m nu) (-F_m + F'_m), p_m = x'_m - F_m, of F on x and of a weaker one on p
    for x, p in ((1.0, 0.0), (0.0, 0.3)):
        slow = -1j * m * NU
        moved = chi(m * NU) * (-x * f + slow * p * f)
        second = slow * moved - p * f
        work = PERIOD * float(np.sum((slow * f).conj() * (x * moved + p * second)).real)
        found = at.limit_cycle(machine(x * force, p * force), accuracy=1e-9)
        still = at.limit_cycle(machine(), accuracy=1e-9)
        # harmonics beyond the last of a jump: |f|^2 Im chi falls as m^-5
        assert found.work == pytest.approx(work, abs=found.errors["work"] + 1e-9 * abs(work))
        assert found.heat[0] == pytest.approx(work, abs=found.errors["heat"] + 1e-9 * abs(work))
        assert found.errors["work"] <= 1e-8 * abs(work)
        np.testing.assert_allclose(found.covariance(), still.covariance(), atol=1e-12)
        if name != "strokes":
            for phase in (0.0, 1.1):
                exact = [float(np.sum(a * np.exp(-1j * m * NU * phase)).real) for a in (moved, second)]
                np.testing.assert_allclose(found.mean(phase), exact, atol=found.errors["mean"] + 1e-11)


def test_the_mean_under_a_sudden_force_is_known_at_and_between_the_jumps():
    """Of a force F on x, x' = p and p' = -x - F - z: the jump of p' is that of -F, and harmonics alone would miss it by 1/m."""
    cycle = at.limit_cycle(machine(STROKES))
    x, p, *_ = periodic(STROKES)
    for t in (0.3 * PERIOD, 0.5 * PERIOD, 0.3 * PERIOD + 1e-3):
        np.testing.assert_allclose(cycle.mean(t), [x(t), p(t)], atol=1e-8 + cycle.errors["mean"])
    assert cycle.errors["mean"] < 1e-7


def test_a_constant_force_displaces_and_does_no_work():
    cycle = at.limit_cycle(machine(0.4, 0.3))
    # x' = p + 0.3 = 0 and p' = -x - 0.4 = 0
    np.testing.assert_allclose(cycle.mean(), [-0.4, -0.3], atol=1e-12)
    assert abs(cycle.work) <= 1e-12
    moved = cycle.subsystem_energies()[0] - at.limit_cycle(machine()).subsystem_energies()[0]
    assert moved == pytest.approx(-0.5 * (0.4**2 + 0.3**2) + 0.4**2 * FRICTION * CUTOFF / 2.0 * (1.0 - 2.0), abs=1e-9)


def periodic(x_force, p_force=None, spring=None, strength=None):
    """Return x(t), p(t) and the heat of the periodic mean motion, from its monodromy."""

    def value(drive, t, plain):
        return plain if drive is None else float(drive.value(np.array([t % PERIOD]))[0])

    marks = sorted({0.0, PERIOD, *(t for d in (x_force, p_force, spring, strength) if d is not None for t in d.breakpoints())})

    def slope(t, y, driven):
        x, p, z, _ = y
        s, pull = value(strength, t, 1.0), driven * value(p_force, t, 0.0)
        s_rate = 0.0 if strength is None else float(strength.derivative(np.array([t % PERIOD]))[0])
        moved = p + pull
        rate = s_rate * x + s * moved
        push = driven * value(x_force, t, 0.0)
        return [moved, -(1.0 + value(spring, t, 0.0)) * x - push - s * z, CUTOFF * (FRICTION * rate - z), z * rate]

    def run(start, driven):
        y, pieces = [*start, 0.0], []
        for a, b in itertools.pairwise(marks):
            tiny = 1e-12 * PERIOD
            piece = solve_ivp(
                slope, (a + tiny, b - tiny), y, args=(driven,), method="DOP853", rtol=1e-12, atol=1e-14, dense_output=True
            )
            y = piece.y[:, -1]
            pieces.append((a, b, piece.sol))
        return y, pieces

    columns = np.array([run(row, 0.0)[0][:3] for row in np.eye(3)]).T
    start = np.linalg.solve(np.eye(3) - columns, run(np.zeros(3), 1.0)[0][:3])
    end, pieces = run(start, 1.0)

    def at_time(k):
        return lambda t: float(next(sol(t)[k] for a, b, sol in pieces if a <= t <= b))

    return at_time(0), at_time(1), float(end[3])


@pytest.mark.parametrize("harmonic", [1, 2, 25])
def test_beside_a_driven_spring_and_contact(harmonic):
    """A weak modulation needs few harmonics, the force many: neither may be cut by the other."""
    spring, strength = at.drives.Harmonic(0.05, NU, 0.3), at.drives.Constant(1.0) + at.drives.Harmonic(0.1, NU)
    x_force, p_force = (
        at.drives.Harmonic(0.2, NU) + at.drives.Harmonic(4.0, harmonic * NU, 0.7) + 0.1,
        at.drives.Harmonic(0.3, harmonic * NU),
    )
    pump = at.QuadraticForm(("o",), [[1.0, 0.0], [0.0, 0.0]], spring)
    found = at.limit_cycle(machine(x_force, p_force, pump, strength=strength))
    still = at.limit_cycle(machine(0.0, 0.0, pump, strength=strength))
    x, p, heat = periodic(x_force, p_force, spring, strength)
    allowed = found.errors["work"] + still.errors["work"] + found.errors["heat"] + 1e-9
    assert found.work - still.work == pytest.approx(heat, abs=allowed)
    assert found.heat[0] - still.heat[0] == pytest.approx(heat, abs=allowed)
    assert found.errors["work"] <= 1e-7 * heat
    for t in (0.4, 2.9):
        np.testing.assert_allclose(found.mean(t), [x(t), p(t)], atol=1e-8 * harmonic)
    assert found.residual_first_law == pytest.approx(0.0, abs=allowed)


@pytest.mark.parametrize("friction", [1e-3, 1e-6])
def test_at_resonance(friction):
    """Of a weakly damped oscillator the motion is as large as the damping is small, and so is its error."""
    bath = at.ContinuumBath("bath", 0.5, at.densities.Ohmic(friction, CUTOFF, cutoff_shape="drude"), "auto")
    force = at.Displacement("o", at.drives.Harmonic(1e-3, 1.0))
    cycle = at.limit_cycle(at.Machine([at.Oscillator("o", 1.0)], [bath], [at.Position(("o", "bath")), force], 2.0 * np.pi))
    exact = np.pi * 1e-6 * chi(1.0, friction).imag
    assert cycle.work == pytest.approx(exact, abs=cycle.errors["work"])
    assert cycle.errors["work"] <= 1e-7 * exact


def test_two_oscillators_between_two_baths():
    """A force on one of two coupled oscillators: the response of the pair, with each bath's own part of the heat."""
    omega, g = np.array([1.0, 1.2]), 0.15
    densities = [at.densities.Ohmic(0.2, 6.0, cutoff_shape="drude"), at.densities.Ohmic(0.1, 3.0, cutoff_shape="drude")]
    baths = [at.ContinuumBath(n, t, d, "auto") for n, t, d in zip(("l", "r"), (0.9, 0.6), densities, strict=True)]
    period = 2.0 * np.pi / 1.1
    force = at.Displacement("b", at.drives.Harmonic(0.8, 1.1) + at.drives.Harmonic(0.5, 3.3))
    couplings = [at.Position(("a", "l")), at.Position(("b", "r")), at.Position(("a", "b"), g)]
    oscillators = [at.Oscillator(n, w) for n, w in zip("ab", omega, strict=True)]
    driven = at.limit_cycle(at.Machine(oscillators, baths, [*couplings, force], period))
    still = at.limit_cycle(at.Machine(oscillators, baths, couplings, period))
    heats = np.zeros(2)
    for w, f in ((1.1, 0.8), (3.3, 0.5)):
        memory = np.array([d.friction * d.cutoff / (d.cutoff - 1j * w) for d in densities])
        x = np.linalg.solve(np.diag(omega - w**2 / omega - 1j * w * memory) + g * (1.0 - np.eye(2)), [0.0, -f])
        heats += 0.5 * period * w**2 * memory.real * np.abs(x) ** 2
    np.testing.assert_allclose(driven.heat - still.heat, heats, atol=driven.errors["heat"] + still.errors["heat"])
    assert driven.work == pytest.approx(np.sum(heats), abs=driven.errors["work"] + still.errors["work"])
    assert quad(lambda t: driven.mean(t)[0], 0.0, period)[0] == pytest.approx(0.0, abs=1e-8)


def test_a_force_on_what_nothing_damps_at_its_frequency_does_no_work():
    """Below the band: the oscillator follows the force."""
    bath = at.ContinuumBath("bath", 1.0, at.densities.FlatBand(0.05, 0.8, 1.2), "auto")
    force = at.Displacement("o", at.drives.Harmonic(0.3, 0.4))
    cycle = at.limit_cycle(at.Machine([at.Oscillator("o", 1.0)], [bath], [at.Exchange(("o", "bath")), force], 5.0 * np.pi))
    assert abs(cycle.work) <= 1e-8 * 0.3**2
    assert np.max(np.abs(cycle.mean())) > 0.1
