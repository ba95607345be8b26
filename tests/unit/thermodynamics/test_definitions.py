"""The definitions of work and heat as identities, on snapshots made up at random."""

import numpy as np
import pytest

from athermal.thermodynamics import definitions, laws
from athermal.thermodynamics.snapshot import Reference, Snapshot


def snapshots(seed, *, n=2, m=2, extras=True):
    """Return a and b, random, and the work that the first law asks for; five intervals."""
    rng = np.random.default_rng(seed)

    def one():
        more = {
            "interaction_energy": rng.normal(size=(5, m)),
            "switching_work": rng.normal(size=(5, m)),
            "minimal_dissipation_energy": rng.normal(size=5),
            "minimal_dissipation_heat": rng.normal(size=5),
            "bath_quanta": rng.normal(size=(5, m)),
        }
        sizes = ((5, n), (5, m), (5, n), (5, m), (5,), (5,), (5,))
        return Snapshot(np.arange(5.0), *(rng.normal(size=size) for size in sizes), more if extras else {})

    a, b = one(), one()
    return a, b, laws.first_law(a, b, reference(m))


def reference(m):
    return Reference(("s", "t"), ("hot", "cold")[:m], np.array([2.0, 0.5])[:m], np.zeros(m), 1.0)


REFERENCE = reference(2)
ROUNDING = 1e-14  # of sums of a few numbers of order one


@pytest.mark.parametrize("name", definitions.definitions(0.3))
def test_the_first_law_holds_by_every_definition(name):
    a, b, work = snapshots(1)
    balance = definitions.definitions(0.3)[name](work, a, b, REFERENCE)
    assert np.allclose(balance.residual, 0.0, rtol=0.0, atol=ROUNDING)
    if name != "minimal dissipation":
        assert np.allclose(balance.total_heat, balance.heat.sum(axis=-1), rtol=0.0, atol=ROUNDING)


def test_only_the_bath_energy_is_that_of_the_laws():
    a, b, work = snapshots(2)
    own = definitions.bath_energy(work, a, b, REFERENCE)
    assert np.array_equal(own.heat, laws.heat(a, b, REFERENCE))
    assert np.array_equal(definitions.entropy_production(own, a, b, REFERENCE), laws.second_law(a, b, REFERENCE))
    assert np.allclose(definitions.interaction_shared(work, a, b, REFERENCE, 0.0).heat, own.heat, rtol=0.0, atol=ROUNDING)
    # half way between the two ends
    whole, half = (
        definitions.bath_and_interaction(work, a, b, REFERENCE),
        definitions.interaction_shared(work, a, b, REFERENCE, 0.5),
    )
    assert np.allclose(half.heat, 0.5 * (own.heat + whole.heat), rtol=0.0, atol=ROUNDING)
    assert np.allclose(half.energy_change, 0.5 * (own.energy_change + whole.energy_change), rtol=0.0, atol=ROUNDING)


def test_the_system_energy_leaves_switching_out_of_the_work():
    a, b, work = snapshots(3)
    balance, whole = definitions.system_energy(work, a, b, REFERENCE), definitions.bath_and_interaction(work, a, b, REFERENCE)
    switched = b.extras["switching_work"] - a.extras["switching_work"]
    assert np.allclose(work - balance.work, switched.sum(axis=-1), rtol=0.0, atol=ROUNDING)
    assert np.allclose(whole.heat - balance.heat, switched, rtol=0.0, atol=ROUNDING)
    assert np.array_equal(balance.energy_change, whole.energy_change)


def test_intake_and_efficiency():
    zero, none = np.zeros(3), np.zeros((3, 0))
    balance = definitions.Balance(np.array([-1.0, -1.0, 0.0]), np.array([[-3.0, 2.0], [1.0, 2.0], [0.0, 0.0]]), zero, zero - 1.0)
    assert balance.heat_intake.tolist() == [3.0, 0.0, 0.0]
    assert balance.efficiency.tolist()[:2] == [0.25, 1.0]
    assert np.isnan(balance.efficiency[2])  # no work, no efficiency
    still = definitions.Balance(zero - 1.0, none, zero, zero)
    assert np.isnan(still.efficiency).all()  # nothing was taken in


def test_minimal_dissipation_is_known_as_far_as_its_heat_is():
    a, b, work = snapshots(4)
    balance = definitions.minimal_dissipation(work, a, b, REFERENCE)
    assert np.array_equal(balance.total_heat, b.extras["minimal_dissipation_heat"] - a.extras["minimal_dissipation_heat"])
    assert np.isnan(balance.heat).all()  # whose of the two?
    assert np.isnan(balance.efficiency).all()
    assert np.isnan(definitions.entropy_production(balance, a, b, REFERENCE)).all()
    one_temperature = Reference(("s", "t"), ("a", "b"), np.array([2.0, 2.0]), np.zeros(2), 1.0)
    produced = definitions.entropy_production(balance, a, b, one_temperature)
    expected = laws.entropy_change(a, b).sum(axis=-1) + balance.total_heat / 2.0
    assert np.allclose(produced, expected, rtol=0.0, atol=ROUNDING)
    single = snapshots(5, n=1, m=1)
    alone = definitions.minimal_dissipation(single[2], *single[:2], reference(1))
    assert np.array_equal(alone.heat[:, 0], alone.total_heat)


def test_what_a_snapshot_does_not_hold_is_unknown():
    a, b, work = snapshots(6, extras=False)
    for name, definition in definitions.definitions(0.5).items():
        balance = definition(work, a, b, REFERENCE)
        is_known = name == "bath energy"
        for values in (balance.heat, balance.total_heat, balance.energy_change):
            assert np.isnan(values).any() != is_known, name
