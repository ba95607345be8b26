"""The limit cycle does not depend on the order or the names of parts, and machines that do not touch add."""

import itertools

import numpy as np
import pytest

import athermal as at

TOLERANCE = 1e-6
PERIOD = 2.0 * np.pi / 1.7
BATHS = {
    "hot": (2.0, at.densities.FlatBand(0.15, 0.4, 2.4)),
    "warm": (1.0, at.densities.Ohmic(0.1, 3.0, exponent=0.5)),
    "cold": (0.4, at.densities.Ohmic(0.2, 4.0, cutoff_shape="drude")),
}
WAVE = at.drives.Constant(1.0) + at.drives.Harmonic(0.4, 1.7, 0.3)


def machine(order=("a", "b"), baths=("hot", "warm", "cold"), names=None, turned=False):
    """Return two oscillators on three baths, with driven contacts and a force."""
    say = (lambda name: name) if names is None else names.__getitem__
    frequencies = {"a": 1.2, "b": at.drives.Constant(0.9) + at.drives.Harmonic(0.1, 1.7)}
    couplings = [
        at.Exchange((say("a"), say("hot")), WAVE),
        at.Position((say("b"), say("warm")), 0.8),
        at.Position((say("b"), say("cold")), WAVE),
        at.Position((say("a"), say("b")), at.drives.Harmonic(0.2, 1.7, -1.0)),
        at.Displacement(say("a"), at.drives.Harmonic(0.3, 3.4)),
    ]
    return at.Machine(
        [at.Oscillator(say(name), frequencies[name], reference_frequency=1.0) for name in order],
        [at.ContinuumBath(say(name), *BATHS[name]) for name in baths],
        couplings[::-1] if turned else couplings,
        PERIOD,
    )


def assert_same(one, other, subsystems, baths):
    """`subsystems` and `baths` say where each part of `one` stands in `other`."""
    within = 3.0 * TOLERANCE * max(1.0, float(np.max(np.abs(one.heat))))
    rows = [*subsystems, *(k + len(subsystems) for k in subsystems)]
    assert other.work == pytest.approx(one.work, abs=within)
    assert np.asarray(other.heat)[baths] == pytest.approx(np.asarray(one.heat), abs=within)
    for phase in (0.0, 0.4 * PERIOD):
        assert other.covariance(phase)[np.ix_(rows, rows)] == pytest.approx(one.covariance(phase), abs=10.0 * TOLERANCE)
        assert other.mean(phase)[rows] == pytest.approx(one.mean(phase), abs=10.0 * TOLERANCE)
        assert other.subsystem_energies(phase)[subsystems] == pytest.approx(one.subsystem_energies(phase), abs=10.0 * TOLERANCE)
    assert (other.mode, other.ledger.cycles["mode"].item()) == (one.mode, one.ledger.cycles["mode"].item())
    assert other.sigma_total_change == pytest.approx(one.sigma_total_change, abs=10.0 * within)
    decay, slower = (np.sort_complex(np.abs(cycle.exponents.imag) - 1j * cycle.exponents.real) for cycle in (one, other))
    assert slower == pytest.approx(decay, abs=1e-7)


def test_order_and_names_of_parts():
    """Parts and couplings turned round, with names that sort the other way."""
    names = {"a": "z", "b": "y", "hot": "x", "warm": "w", "cold": "v"}
    one = at.limit_cycle(machine(), accuracy=TOLERANCE)
    other = at.limit_cycle(machine(("b", "a"), ("cold", "hot", "warm"), names, turned=True), accuracy=TOLERANCE)
    assert_same(one, other, [1, 0], [1, 2, 0])
    assert other.machine.reservoir_names == ("v", "x", "w")


def alone(k):
    """Return one driven oscillator between two baths of its own, and what it is made of."""
    frequency = at.drives.Constant((1.2, 0.8)[k]) + at.drives.Harmonic(0.15, 1.7)
    subsystem = at.Oscillator("ab"[k], frequency, reference_frequency=1.0)
    baths = [at.ContinuumBath(f"{name} {k}", *BATHS[name]) for name in (("hot", "cold"), ("warm", "cold"))[k]]
    couplings = [at.Position((subsystem.name, baths[0].name), 0.6), at.Position((subsystem.name, baths[1].name), WAVE)]
    couplings += [at.Displacement("b", at.drives.Harmonic(0.2, 1.7))] if k else []
    return [subsystem], baths, couplings


def test_two_machines_that_do_not_touch_add():
    one, two = (at.limit_cycle(at.Machine(*alone(k), PERIOD), accuracy=TOLERANCE) for k in range(2))
    both = at.Machine(*(list(itertools.chain(*lists)) for lists in zip(alone(0), alone(1), strict=True)), PERIOD)
    joint = at.limit_cycle(both, accuracy=TOLERANCE)
    within = 3.0 * TOLERANCE * max(1.0, float(np.max(np.abs(joint.heat))))
    assert joint.work == pytest.approx(one.work + two.work, abs=within)
    assert np.asarray(joint.heat) == pytest.approx(np.concatenate([one.heat, two.heat]), abs=within)
    assert joint.sigma_total_change == pytest.approx(one.sigma_total_change + two.sigma_total_change, abs=10.0 * within)
    phase = 0.3 * PERIOD
    for name in ("subsystem_energies", "subsystem_entropies"):
        parts = [getattr(cycle, name)(phase) for cycle in (one, two)]
        assert getattr(joint, name)(phase) == pytest.approx(np.concatenate(parts), abs=10.0 * TOLERANCE), name
    for name in ("system_entropy", "mutual_information"):
        parts = [getattr(cycle, name)(phase) for cycle in (one, two)]
        assert getattr(joint, name)(phase) == pytest.approx(sum(parts), abs=1e3 * TOLERANCE), name
    assert joint.system_correlation(phase) == pytest.approx(0.0, abs=1e-12)
    # at half the drive's frequency +nu/2 and -nu/2 are one exponent: rates are compared, not how often each is listed
    rates = [np.unique(np.concatenate([c.exponents.real for c in cycles]).round(6)) for cycles in ((one, two), (joint,))]
    assert rates[1] == pytest.approx(rates[0], abs=2e-6)
