"""Cycles past the recurrence time of a finite bath are marked, and make no headlines."""

from dataclasses import replace

import numpy as np
import pytest

import athermal as at
from athermal.cli.sweeping import _highlights
from athermal.narrative import Facts, headline, sentences, summary
from athermal.study.selection import plane
from athermal.thermodynamics.significance import beyond_carnot

# 12 modes over 1.2: 2 pi / spacing = 57.6 = 9.17 cycles
PAST = [False] * 9 + [True] * 3


def quiet(*arguments, **options):
    with pytest.warns(at.errors.RecurrenceWarning):
        return at.run(*arguments, **options)


@pytest.fixture(scope="module")
def late():
    return quiet(at.library.two_oscillator(T_hot=2.4, modes=12), 12)


def test_cycles_past_the_recurrence_time_are_marked(late, tmp_path):
    assert late.is_past_recurrence.values.tolist() == PAST == late.cumulative.is_past_recurrence.values.tolist()
    back = at.load(late.save(tmp_path / "late.nc"))
    assert back.is_past_recurrence.values.tolist() == PAST
    assert (
        back.recurrence_times
        == late.recurrence_times
        == {n: pytest.approx(2 * np.pi * 11 / 1.2) for n in ("hot bath", "cold bath")}
    )
    assert [line.count("(past recurrence)") for line in str(late).splitlines()] == [0] + [int(is_past) for is_past in PAST]


@pytest.mark.parametrize("s", [1e-9, 1e9])
def test_the_mark_does_not_depend_on_the_unit_of_time(s):
    hot = at.Bath("hot", 2.0 * s, mode_frequencies=[0.9 * s, 1.0 * s, 1.1 * s], mode_couplings=[0.01 * s] * 3)
    machine = at.Machine(
        subsystems=[at.Oscillator("a", 1.0 * s)], reservoirs=[hot], couplings=[at.Exchange(("a", "hot"), 1.0)], period=20.0 / s
    )
    assert quiet(machine, 5).is_past_recurrence.values.tolist() == [False] * 3 + [True] * 2  # 2 pi / 0.1 = 62.8


def test_a_charge_that_was_too_long_marks_the_first_cycles():
    ledger = quiet(at.library.two_oscillator(modes=12), 3, at.Charged(11))
    assert ledger.is_past_recurrence.values.tolist() == [True, True, False]  # 11 - 9.17 cycles of the charge
    assert ledger.cumulative.is_past_recurrence.values.tolist() == [True] * 3
    assert headline(Facts.of(ledger)) == "beyond the Carnot limit in cycle 3, within the recurrence time of its baths"


def test_baths_of_as_many_modes_as_are_needed_have_none():
    ledger = at.run(at.library.two_oscillator(modes="auto"), 1)
    assert ledger.recurrence_times == {}
    assert not ledger.is_past_recurrence.any()


def qubit(frequency, kind=at.Qubit):
    bath = at.ContinuumBath("bath", 1.5, at.densities.Ohmic(0.05, 3.0), modes=3, low=0.2, high=3.0)  # spacing 1.4
    return at.Machine(
        subsystems=[kind("q", frequency)],
        reservoirs=[bath],
        couplings=[at.OperatorCoupling(("q", "bath"), ("sigmax", "position"), 0.1)],
        period=2.0,
    )


def test_a_finite_subsystem_between_modes_of_a_continuum_is_warned_of():
    machine = qubit(1.0)
    assert machine.recurrence_time("bath") == pytest.approx(2.0 * np.pi / 1.4)
    with (
        pytest.warns(at.errors.RecurrenceWarning, match="of reservoir 'bath': from cycle 3 on"),
        pytest.warns(at.errors.TruncationWarning),
    ):
        ledger = at.run(machine, 4, backend=at.DensityMatrix(levels=2))
    assert ledger.is_past_recurrence.values.tolist() == [False, False, True, True]
    whole = at.run(machine, 4, backend=at.Lindblad())  # takes the continuum as it is
    assert whole.recurrence_times == {}


def test_the_frequencies_of_a_finite_subsystem_are_those_between_its_levels():
    times = np.linspace(0.0, 2.0, 5)
    assert at.Qudit("q", [0.0, 1.0, 2.5]).transitions(times) == pytest.approx([1.0, 1.5, 2.5])
    assert at.Qudit("q", [3.0, 3.0]).transitions(times).tolist() == [0.0]  # none: the lowest modes are looked at
    assert at.Qubit("q", at.drives.Strokes([1.0, 1.0], [1.0, 2.0])).transitions(times) == pytest.approx([1.0, 2.0])


def test_headlines_and_sentences_leave_them_out(late):
    before = at.run(at.library.two_oscillator(T_hot=2.4, modes=12), 9)
    made = replace(late, works=late.works - np.where(PAST, 10.0, 0.0))  # the revival as a miracle
    assert made.efficiency[-1] > made.carnot_efficiency
    assert not beyond_carnot(made).any()
    assert headline(Facts.of(made)) == "below the Carnot limit in cycles 1-9, within the recurrence time of its baths"
    assert sentences(Facts.of(made))[:-1] == sentences(Facts.of(before))
    assert sentences(Facts.of(made))[-1] == "Cycles 10-12: past the recurrence time of a finite bath, whose size shows."
    told = [line for line in summary(made) if "together" in line]
    assert told == [line.replace("All 9 cycles", "Cycles 1-9") for line in summary(before) if "together" in line]


def test_nothing_is_said_of_a_run_that_is_past_it_in_every_cycle():
    ledger = quiet(at.library.two_oscillator(modes=2), 2)
    assert ledger.is_past_recurrence.all()
    assert headline(Facts.of(ledger)) == "every cycle is past the recurrence time of a finite bath"
    assert len(sentences(Facts.of(ledger))) == 1


def test_sweeps_leave_them_out_of_what_they_announce():
    sweep = at.sweep(at.library.two_oscillator, {"modes": [12, 40]}, cycles=12, initial=at.Charged(3))
    data = sweep.dataset
    assert data.is_past_recurrence.values.tolist() == [PAST, [False] * 12]
    assert data.cumulative_is_past_recurrence.dims == ("modes", "cycle")
    best, *_, athermal, left_out = _highlights(sweep)
    eta = data.efficiency.where(~data.is_past_recurrence)
    assert best.startswith(f"Highest efficiency in one cycle: {float(eta.max()):.4g} ")
    assert athermal == "An athermal engine in some cycle at 2 of 2 points, beyond Carnot at 2."
    assert left_out.startswith("At 1 of 2 points the run goes past the recurrence time")
    late = plane(sweep, "efficiency", cycle=12)
    assert late.states()["past"].tolist() == [True, False]
    assert not late.states()["athermal"][0]


def test_a_charge_does_not_last_because_of_a_revival():
    sweep = at.sweep(at.library.two_oscillator, {"modes": [12]}, cycles=11, initial=at.Charged(3))
    expected = at.sweeps.cycles_beyond_carnot(sweep)
    data = sweep.dataset.copy(deep=True)
    data["cumulative_is_beyond_carnot"][:, -1] = True  # without the mark it would
    assert at.sweeps.cycles_beyond_carnot(data).item() == 11.0
    data = sweep.dataset.drop_vars(["cumulative_is_beyond_carnot", "is_beyond_carnot"])  # of an earlier version
    data["cumulative_efficiency"][:, -1] = 0.9
    data["cumulative_mode"][:, -1] = "engine"
    assert at.sweeps.cycles_beyond_carnot(data).equals(expected)
    assert expected.item() == 5.0  # 2 m - 1
