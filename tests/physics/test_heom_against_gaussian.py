"""HEOM of damped, driven oscillators against the exact Gaussian run with every mode, and against equilibrium in closed form.

The exact run needs the Drude density cut at some frequency H, and misses the energy that faster modes and their contact hold,
which is proportional to 1/H (and to 1/H^2 in work and entropy). Runs cut at H and 2 H are extrapolated.
"""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at

from .test_equilibrium import matsubara

PERIOD, CUT = 3.0, 25.0
COLUMNS = ("work", "heat", "energy_change", "entropy_change")
SUDDEN = at.drives.Strokes((0.5 * PERIOD, 0.5 * PERIOD), (1.0, 1.4))
SMOOTH = at.drives.Constant(1.0) + at.drives.Harmonic(0.2, frequency=4.0 * np.pi / PERIOD)


def oscillator(baths, frequency, law="number", cut=None, cycles=1, more=40):
    """Baths are {name: (temperature, friction, cutoff)}; cut at a frequency, with modes enough for that many cycles."""
    density = {name: at.densities.Ohmic(friction, cutoff, cutoff_shape="drude") for name, (_, friction, cutoff) in baths.items()}
    # Legendre nodes resolve cos(w t) up to H t/2 of them, and then converge faster than any power
    modes = {} if cut is None else {"modes": int(0.5 * cut * cycles * PERIOD) + more, "rule": "legendre", "high": cut}
    return at.Machine(
        [at.Oscillator("a", frequency, law=law, reference_frequency=1.0)],
        [at.ContinuumBath(name, baths[name][0], density[name], **modes) for name in baths],
        [at.Position(("a", name)) for name in baths],
        period=PERIOD,
        initial=at.ProductThermal({"a": 0.3}),
    )


def exact(cycles, *machine):
    """Return the columns of a run without a cut, and by how much the extrapolation may be off."""
    runs = [at.run(oscillator(*machine, cut, cycles), cycles, backend=at.Dense()).cumulative for cut in (CUT, 2 * CUT, 4 * CUT)]
    denser = at.run(oscillator(*machine, CUT, cycles, more=120), cycles, backend=at.Dense()).cumulative
    found = {}
    for name in COLUMNS:
        one, two, four = (run[name].values for run in runs)
        # with the modes enough for that cut, more of them change nothing
        assert np.allclose(one, denser[name].values, atol=1e-9)
        found[name] = 2.0 * four - two, np.abs((2.0 * four - two) - (2.0 * two - one))
    return found


def assert_agree(ledger, truth):
    for name, (expected, left) in truth.items():
        off = np.abs(ledger.cumulative[name].values - expected)
        # changes oscillate in time, and where one passes zero says nothing: the largest of the run counts
        errors = np.max(ledger.cumulative_errors[name].values, axis=0) + 0.0 * off
        # entropies are unknown where a hierarchy, or a coarser one that its error is taken from, is by some 1e-6 no state
        known = np.isfinite(off) & np.isfinite(errors)
        assert np.all(known) or name == "entropy_change"
        assert np.all(off[known] <= (errors + left)[known]), name


@pytest.mark.parametrize(
    ("baths", "frequency", "law", "backend"),
    [
        ({"bath": (0.3, 0.1, 2.0)}, SUDDEN, "number", at.HEOM(levels=6, depth=5, tolerance=1e-6)),
        ({"bath": (0.7, 0.1, 2.0)}, SMOOTH, "potential", at.HEOM(levels=9, depth=4, tolerance=1e-6)),
        ({"hot": (0.9, 0.1, 1.5), "cold": (0.5, 0.1, 1.0)}, SUDDEN, "number", at.HEOM(levels=6, depth=4, tolerance=1e-6)),
        pytest.param(
            *({"bath": (0.5, 0.3, 3.0)}, SUDDEN, "number", at.HEOM(levels=12, depth=5, tolerance=1e-6)), marks=pytest.mark.slow
        ),
    ],
    ids=["cold", "warm", "two baths", "stronger"],
)
def test_weak_coupling(baths, frequency, law, backend):
    cycles = 3 - len(baths)
    ledger = at.run(oscillator(baths, frequency, law), cycles, backend=backend)
    assert_agree(ledger, exact(cycles, baths, frequency, law))


@pytest.mark.slow
@pytest.mark.parametrize("temperature", [0.3, 0.5])
@pytest.mark.filterwarnings(
    "ignore::athermal.errors.TruncationWarning", "ignore::athermal.errors.ResidualWarning"
)  # of unknown entropies
def test_strong_coupling(temperature):
    """Friction equal to the frequency: an oscillator that is overdamped, and whose first contact costs as much as it holds."""
    baths = {"bath": (temperature, 1.0, 1.0)}
    ledger = at.run(oscillator(baths, SUDDEN), 2, backend=at.HEOM(levels=9, depth=8, exponents=4, tolerance=1e-7))
    assert float(ledger.snapshots.extras["top_level_population"].max()) < 2e-5
    # the exponentials are what limits it
    assert float(ledger.cumulative_errors.heat.max()) < 0.01
    assert_agree(ledger, exact(2, baths, SUDDEN, "number"))


@pytest.mark.parametrize("ramps", [0.0, 0.4])
def test_switched_coupling(ramps):
    """The contact is off at the start and on later, suddenly or slowly: the work that its switching takes."""
    contact = at.drives.Strokes((0.5 * PERIOD, 0.5 * PERIOD), (0.0, 1.0), ramps=ramps)
    columns = (*COLUMNS[:3], "interaction_energy", "switching_work")
    backend = at.HEOM(levels=7, depth=4, exponents=5, check=False, tolerance=1e-7)
    found = at.run(switched(contact), 2, backend=backend, samples_per_cycle=2).samples
    one, two, four = (
        at.run(switched(contact, cut), 2, backend=at.Dense(), samples_per_cycle=2).samples for cut in (CUT, 2 * CUT, 4 * CUT)
    )
    for name in columns:
        expected = 2.0 * four[name] - two[name]
        left = float(np.max(np.abs(expected - 2.0 * two[name] + one[name])))
        # the five exponentials miss 1.2 % of C(t), of which columns feel some 1e-3 of their largest value, 0.37
        assert np.allclose(found[name], expected, atol=left + 4e-4), name
    work = found.switching_work.sel(reservoir="bath")
    assert np.allclose(found.work, work, atol=1e-12)  # nothing else is driven
    assert float(np.max(np.abs(work))) > 0.1


def switched(contact, cut=None):
    machine = oscillator({"bath": (0.3, 0.2, 2.0)}, at.drives.Constant(1.0), cut=cut, cycles=2)
    return at.Machine(machine.subsystems, machine.reservoirs, [at.Position(("a", "bath"), contact)], period=PERIOD)


def test_relaxation_to_the_equilibrium_of_the_whole():
    """A milder row 10: the second moments of the Gibbs state of oscillator and bath together, by relaxation."""
    friction, cutoff, temperature, levels = 0.6, 2.0, 0.4, 9
    machine = at.Machine(
        [at.Oscillator("a", 1.0)],
        [at.ContinuumBath("bath", temperature, at.densities.Ohmic(friction, cutoff, cutoff_shape="drude"))],
        [at.Position(("a", "bath"))],
        period=18.0,
    )
    solver = at.HEOM(levels=levels, depth=5, exponents=4, check=False, tolerance=1e-6).bind(machine)
    state, _ = solver.advance(solver.prepare(machine.initial), 0.0, machine.period)
    rho = solver.finest.density(state.runs[0].vector)
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    number = np.trace(rho @ np.diag(np.arange(levels) + 0.5)).real
    square = np.trace(rho @ lower @ lower).real
    found = number + square, number - square
    # the four exponentials miss 2 % of C(t), of which a tenth remains
    assert found == pytest.approx(matsubara(friction, cutoff, temperature), abs=2.5e-3)
    assert found[1] - 0.5 / np.tanh(0.5 / temperature) > 0.1  # what weak coupling would give
