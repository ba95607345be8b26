"""How well a ledger is known: each way of knowing it against a formula, and all of them in files."""

import dataclasses

import numpy as np
import pytest

import athermal as at
from athermal.thermodynamics.conduct import Conduct, Recurrence
from athermal.thermodynamics.confidence import Bootstrap, Certified, Coarser, Exact, Jackknife, Linear
from athermal.thermodynamics.snapshot import Reference, Snapshot

WORKS = np.array([-1.0, -2.0, -0.5])
HEATS = np.array([-2.0, -3.0, -1.5])
TEMPERATURE, TEMPERATURE_ERROR = 2.0, 0.1


def snapshots(heats, like=()):
    """Return snapshots of one subsystem and one reservoir that has absorbed heats, stacked along (instants, *like)."""
    absorbed = np.concatenate([np.zeros((1, *like)), np.cumsum(heats, axis=0)])
    time = np.broadcast_to(np.arange(4.0).reshape(-1, *[1] * len(like)), absorbed.shape)
    zero, nan = np.zeros(absorbed.shape), np.full(absorbed.shape, np.nan)
    return Snapshot(time, zero[..., None], absorbed[..., None], zero[..., None], nan[..., None], zero, nan, nan)


def course(confidence, works=WORKS, heats=HEATS, **conduct):
    """Return a ledger that is known so well."""
    reference = Reference(
        ("a",),
        ("bath",),
        np.array([TEMPERATURE]),
        np.array([np.nan]),
        1.0,
        temperature_errors=np.array([TEMPERATURE_ERROR]) if confidence.name == "linear" else None,
    )
    return at.Ledger(snapshots(heats), works, reference, conduct=Conduct(**conduct), confidence=confidence)


def linear(works=0.0, heats=0.0, calibration=0.0):
    """Return standard errors of works and heats that were measured interval by interval."""
    s = snapshots(np.zeros(3))
    zero = dataclasses.replace(s, subsystem_entropies=np.zeros((4, 1)), system_entropy=np.zeros(4))
    return Linear(zero, np.zeros(4), np.full(3, works), np.full((3, 1), heats), "", np.array([calibration, 0.0]))


def amounts(work, a, b, ref):
    """Return a linear and a bent function of the work, and one of heat and temperature."""
    heat = b.reservoir_energies[..., 0] - a.reservoir_energies[..., 0]
    return {"work": work, "square": work**2, "flow": heat / ref.temperatures[0]}


def ways():
    """Return every way of knowing a ledger, with other numbers near its own."""
    random = np.random.default_rng(1)
    works, heats = (values[:, None] + 0.01 * random.standard_normal((3, 5)) for values in (WORKS, HEATS))
    others = snapshots(heats, (5,)), works
    return [
        Exact(),
        Certified(snapshots(HEATS + 1e-4), WORKS - 1e-4, np.array([0.5])),
        Coarser(*others, ("depth", "levels", "depth", "exponents", "exponents"), (2.0, 1.0, 3.0)),
        Jackknife(*others),
        Bootstrap(*others),
        linear(0.1, 0.2),
        dataclasses.replace(linear(0.1, 0.2), draws=Bootstrap(*others)),
    ]


def test_exact_numbers_have_no_errors():
    ledger = course(Exact())
    assert not ledger.errors
    assert not ledger.has_standard_errors
    assert not np.any(ledger.spread(amounts)["square"])


def test_a_jackknife_of_means_is_their_standard_error():
    samples = WORKS[:, None] + np.array([[-0.3, 0.1, 0.2, 0.4, -0.4]])
    left_out = (np.sum(samples, axis=1, keepdims=True) - samples) / 4.0
    found = course(Jackknife(snapshots(np.tile(HEATS[:, None], 5), (5,)), left_out)).spread(amounts)
    assert found["work"] == pytest.approx(np.std(samples, axis=1, ddof=1) / np.sqrt(5), rel=1e-12)
    assert np.all(found["flow"] == 0.0)


def test_draws_deviate_from_the_value_not_from_their_mean():
    works = WORKS[:, None] + np.array([[0.1, 0.3]])
    found = course(Bootstrap(snapshots(np.tile(HEATS[:, None], 2), (2,)), works)).spread(amounts)
    assert found["work"] == pytest.approx(np.full(3, np.hypot(0.1, 0.3)), rel=1e-12)


def test_independent_errors_of_numbers_and_temperatures_add_in_squares():
    found = course(linear(works=0.1, heats=0.2)).spread(amounts)
    assert found["square"] == pytest.approx(2.0 * np.abs(WORKS) * 0.1, rel=1e-12)
    # half the change of 1/T between T + e and T - e
    of_temperature = np.abs(HEATS) * TEMPERATURE_ERROR / (TEMPERATURE**2 - TEMPERATURE_ERROR**2)
    assert found["flow"] == pytest.approx(np.hypot(0.2 / TEMPERATURE, of_temperature), rel=1e-12)
    since_the_start = course(linear(works=0.1)).spread(amounts, "cumulative")
    assert since_the_start["work"] == pytest.approx(0.1 * np.sqrt([1.0, 2.0, 3.0]), rel=1e-12)


def test_a_change_under_refinement_counts_for_the_interval_before_and_all_later_ones():
    coarse = WORKS + np.array([1e-5, 3e-5, 0.0])
    found = course(Certified(snapshots(HEATS), coarse, np.array([np.nan]))).spread(amounts)
    assert found["work"] == pytest.approx(np.full(3, 3e-5 * (1.0 + 8.0 / 9.0)), rel=1e-9)


def test_changes_of_cutoffs_add_up_with_the_rest_of_their_series():
    off = np.array([0.01, 0.02, 0.04])  # depth by one, levels, depth by two: changes of a ratio 0.01/0.03
    works = WORKS[:, None] + off
    found = course(Coarser(snapshots(np.tile(HEATS[:, None], 3), (3,)), works, ("depth", "levels", "depth"), (1.0, 3.0)))
    assert found.spread(amounts)["work"] == pytest.approx(np.full(3, 0.01 + 3.0 * 0.02), rel=1e-9)
    slow = dataclasses.replace(found.confidence, works=WORKS[:, None] + np.array([0.03, 0.0, 0.07]))  # 0.75: three times the last
    assert course(slow).spread(amounts)["work"] == pytest.approx(np.full(3, 0.09), rel=1e-9)
    assert course(slow).confidence.by_cutoff(course(slow))["depth"] >= 0.09 / TEMPERATURE


@pytest.mark.parametrize("known", ways()[1:], ids=lambda known: known.name)
def test_columns_have_the_errors_of_the_function_that_they_are(known):
    ledger, found = course(known), course(known).spread(amounts)
    if known.name == "certified":  # a column is besides held to what the laws leave open
        assert np.all(ledger.errors.work.values >= found["work"] + np.abs(WORKS - HEATS))
    else:
        assert ledger.errors.work.values == pytest.approx(found["work"], rel=1e-12)
    definitions = at.compare_definitions(ledger)
    assert definitions.errors.work.sel(definition="bath energy").values == pytest.approx(found["work"], rel=1e-12)
    assert set(ledger.errors.data_vars) == {n for n in ledger.cycles if ledger.cycles[n].dtype.kind == "f"} - {
        n for n in ledger.cycles if str(n).startswith(("residual_", "tolerance_"))
    }


@pytest.mark.parametrize("known", ways(), ids=lambda known: known.name)
def test_every_way_of_knowing_survives_files(known, tmp_path):
    told = {
        "status": "stopped",
        "recurrence": Recurrence({"bath": 2.5}, 1.0),
        "unchecked": {"second_law": "why"},
        "remarks": ("one", "two"),
        "units": {"energy": "GHz"},
    }
    ledger = course(known, **told)
    for back in (at.Ledger.from_dataset(ledger.to_dataset()), at.load(ledger.save(tmp_path / "known.nc"))):
        assert type(back.confidence) is type(known)
        assert back.conduct == ledger.conduct
        assert back.cycles.identical(ledger.cycles)
        assert back.errors.identical(ledger.errors)
        assert back.cumulative_errors.identical(ledger.cumulative_errors)


def test_a_common_scale_does_not_excuse_a_missed_law():
    works = HEATS.copy()
    assert not course(linear(1e-3, 1e-3, calibration=0.5), works).violations()
    missed = course(linear(1e-3, 1e-3, calibration=0.5), works + 0.1).violations()
    assert sum("W - (sum Q_j + sum dU_i)" in sentence for sentence in missed) == 3


def test_draws_tell_probabilities_where_there_are_some():
    with_draws = ways()[-1]
    for known, expected in ((linear(0.1), None), (with_draws, with_draws.draws.works.T)):
        ledger = course(known)
        found = known.drawn(ledger, ledger.spans("cycles"), lambda work, a, b, ref: work)
        assert np.array_equal(found, expected)


def test_conduct_tells_what_is_not_as_usual():
    assert Conduct().plain() == {}
    assert Conduct(memoryless="Lindblad", unchecked={"second_law": "why"}).plain() == {
        "memoryless": "Lindblad",
        "unchecked": {"second_law": "why"},
    }


def test_intervals_past_recurrence_end_too_late_or_come_too_early_in_a_charge():
    recurrence = Recurrence({"a": 3.0, "b": 2.0}, charged=2.5)
    start, stop = np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 2.5])
    assert recurrence.is_past(start, stop).tolist() == [True, False, True]
    assert not Recurrence().is_past(start, stop).any()
