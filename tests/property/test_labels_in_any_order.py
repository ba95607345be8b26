"""No label depends on the order in which parts are listed, or on their names; figures of merit exist where they mean something."""

from dataclasses import replace

import numpy as np
import pytest

import athermal as at
from athermal.thermodynamics import modes, payers
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import gives_work, is_athermal_engine
from athermal.thermodynamics.snapshot import Reference, Snapshot

N = 60
TEMPERATURES = {
    "two": [3.0, 1.0],
    "shared": [1.0, 3.0, 1.0, 3.0],
    "equal": [2.0, 2.0, 2.0],
    "three": [1.0, 2.0, 3.0],
    "one": [2.0],
}


def made_up(temperatures, seed):
    """Return a ledger of random energies and entropies, whose work obeys the first law; some heats and works vanish."""
    random, m, n = np.random.default_rng(seed), len(temperatures), 3
    energies, own = random.normal(size=(N + 1, m)), random.normal(size=(N + 1, n))
    energies[1::4, 0] = energies[0::4, 0][: len(energies[1::4])]  # heats that vanish
    for k in range(0, N, 7):
        own[k + 1 :, 0] -= np.sum(energies[k + 1] - energies[k]) + np.sum(own[k + 1] - own[k])
    s = Snapshot(
        np.arange(N + 1.0),
        own,
        energies,
        random.uniform(size=(N + 1, n)),
        random.uniform(size=(N + 1, m)),
        *random.uniform(size=(3, N + 1)),
    )
    works = np.diff(energies, axis=0).sum(axis=1) + np.diff(own, axis=0).sum(axis=1)
    names = tuple(f"bath {k}" for k in range(m))
    return Ledger(s, works, Reference(("a", "b", "c"), names, np.array(temperatures), np.zeros(m), 1.0))


def listed(ledger, parts, baths, *, names=None):
    """Return the same ledger with its parts listed in another order, or under other names."""
    s, ref = ledger.snapshots, ledger.reference
    snapshots = replace(
        s,
        subsystem_energies=s.subsystem_energies[:, parts],
        subsystem_entropies=s.subsystem_entropies[:, parts],
        reservoir_energies=s.reservoir_energies[:, baths],
        reservoir_entropies=s.reservoir_entropies[:, baths],
    )
    called = names or {}
    return Ledger(
        snapshots,
        ledger.works,
        replace(
            ref,
            subsystems=tuple(called.get(ref.subsystems[k], ref.subsystems[k]) for k in parts),
            reservoirs=tuple(called.get(ref.reservoirs[k], ref.reservoirs[k]) for k in baths),
            temperatures=ref.temperatures[baths],
            log_partitions=ref.log_partitions[baths],
        ),
    )


@pytest.mark.parametrize("which", ["cycles", "cumulative"])
@pytest.mark.parametrize("temperatures", TEMPERATURES.values(), ids=TEMPERATURES)
def test_no_column_depends_on_the_order_of_parts(temperatures, which):
    ledger, random = made_up(temperatures, 1), np.random.default_rng(2)
    other = listed(ledger, random.permutation(3), random.permutation(len(temperatures)))
    mine, theirs = getattr(ledger, which), getattr(other, which)
    for name, values in mine.data_vars.items():
        same = theirs[name].sel({dim: values[dim] for dim in values.dims if dim in ("subsystem", "reservoir", "resource")})
        if values.dtype.kind in "Ub":
            assert values.values.tolist() == same.values.tolist(), name
        else:  # rounding of sums, magnified by small denominators
            np.testing.assert_allclose(values, same, rtol=1e-9, atol=1e-11, err_msg=name)


def test_names_change_nothing_but_the_names():
    ledger = made_up(TEMPERATURES["shared"], 3)
    names = {"bath 0": "z", "bath 1": "F[a]", "bath 2": "heat", "bath 3": "$x$", "a": "work", "b": "b", "c": "none"}
    other = listed(ledger, [0, 1, 2], [0, 1, 2, 3], names=names)
    assert other.mode.values.tolist() == ledger.mode.values.tolist()
    kinds = [[payers.group_of(payer) for payer in table.paid_by.values.tolist()] for table in (ledger, other)]
    assert kinds[0] == kinds[1]
    assert {"work", "heat", "D", "F", "C(S)", "I(S,R)", "C(R)"} <= set(kinds[0])


def test_who_paid_is_the_kind_of_resource_that_gave_most():
    ledger = made_up(TEMPERATURES["shared"], 4)
    table = ledger.cycles
    for cycle in table.cycle.values[is_athermal_engine(table)]:
        row = table.sel(cycle=cycle)
        gave = {
            g: -float(
                sum(v for r, v in zip(row.resource.values, row.work_by_resource.values, strict=True) if payers.group_of(r) == g)
            )
            for g in payers.GROUPS
            if g != "heat"
        }
        assert payers.group_of(row.paid_by.item()) == max(gave, key=gave.get)


def test_of_two_that_gave_as_much_neither_is_named():
    """Two baths, or two subsystems, in the same state: their kind is what paid, whichever is listed first."""
    s = Snapshot(
        np.arange(2.0),
        np.zeros((2, 2)),
        np.array([[3.0, 3.0], [2.0, 2.0]]),
        np.zeros((2, 2)),
        np.zeros((2, 2)),
        *np.zeros((3, 2)),
    )
    ledger = Ledger(s, np.array([-2.0]), Reference(("a", "b"), ("x", "y"), np.ones(2), np.zeros(2), 1.0))
    assert ledger.paid_by.values.tolist() == ["D"]
    uneven = replace(s, reservoir_energies=np.array([[3.0, 3.0], [2.0, 1.5]]))
    ledger = Ledger(uneven, np.array([-2.5]), ledger.reference)
    assert ledger.paid_by.values.tolist() == ["D[y]"]


@pytest.mark.parametrize("which", ["cycles", "cumulative", "samples"])
@pytest.mark.parametrize("temperatures", TEMPERATURES.values(), ids=TEMPERATURES)
def test_an_efficiency_is_an_engines_and_a_cop_a_refrigerators(temperatures, which):
    ledger = made_up(temperatures, 5)
    table, t = getattr(ledger, which), np.array(temperatures)
    assert np.array_equal(np.isfinite(table.efficiency), gives_work(table))
    assert np.array_equal(gives_work(table), table.work.values < -1e-12)
    cold = table.heat.values[:, t == t.min()].sum(axis=1)
    is_defined = (table.work.values > 1e-12) & (cold < -1e-12) & (len(set(temperatures)) == 2)
    assert np.array_equal(np.isfinite(table.coefficient_of_performance), is_defined)
    np.testing.assert_allclose(
        table.coefficient_of_performance.values[is_defined], -cold[is_defined] / table.work.values[is_defined]
    )
    assert np.array_equal(np.isfinite(table.coefficient_split), is_defined)
    two = len(set(temperatures)) == 2
    assert table.carnot_coefficient.values[0] == pytest.approx(
        t.min() / (t.max() - t.min()) if two else np.inf if len(t) == 3 and t[0] == t[1] else np.nan, nan_ok=True
    )


def test_both_forms_of_the_cop_agree_of_reservoirs_that_share_two_temperatures():
    """PHYSICS: eliminating all hot heats at once; a ledger whose dSigma is read from the left side of the second law."""
    ledger = made_up(TEMPERATURES["shared"], 6)
    ledger = replace(ledger, snapshots=replace(ledger.snapshots, reservoir_entropies=np.full((N + 1, 4), np.nan)))
    table = ledger.cycles
    known = np.isfinite(table.coefficient_of_performance.values)
    assert known.sum() > 5
    np.testing.assert_allclose(table.coefficient_split.values[known], table.coefficient_of_performance.values[known], rtol=1e-9)


def test_gamma_and_thermal_efficiency_are_undefined_where_heat_is_rounding():
    ledger = at.run(at.library.two_qubit_swap(swap_angle=0.0), 2)
    for name in ("gamma", "thermal_efficiency", "efficiency", "coefficient_of_performance", "thermal_share", "entropic_share"):
        assert np.isnan(ledger.cycles[name]).all(), name


def test_one_meaning_of_athermal_engine():
    """In the words of the table, of sentences, of maps and of outlines: W < 0 and dsigma < 0."""
    table = made_up(TEMPERATURES["three"], 7).cycles
    words = [modes.kind(str(m), is_athermal=bool(a)) for m, a in zip(table["mode"].values, table.is_athermal.values, strict=True)]
    assert [word.startswith("athermal engine") for word in words] == is_athermal_engine(table).tolist()
    assert [word.startswith(("athermal engine", "thermal engine")) for word in words] == gives_work(table).tolist()
    assert np.array_equal(is_athermal_engine(table), (table.work.values < -1e-12) & (table.entropic_work.values < -1e-12))
