"""Each law on numbers worked out by hand."""

from itertools import permutations

import numpy as np
import pytest

from athermal.thermodynamics import laws, modes
from athermal.thermodynamics.snapshot import Reference, Snapshot

REF = Reference(("a", "b"), ("hot", "cold"), np.array([4.0, 1.0]), np.array([-0.5, -0.25]), 2.0)


def snapshot(u, e, s_i, s_j, system, reservoirs, total, time=0.0):
    return Snapshot(*(np.asarray(value, dtype=float) for value in (time, u, e, s_i, s_j, system, reservoirs, total)))


# I = 3 + 7 - 9 = 1, C(S) = 1 + 2.5 - 3 = 0.5, C(R) = 5 + 3 - 7 = 1, D_hot = -5 + 24/4 - 0.5 = 0.5, D_cold = -3 + 4 - 0.25 = 0.75
BEFORE = snapshot([1.0, 2.0], [24.0, 4.0], [1.0, 2.5], [5.0, 3.0], 3.0, 7.0, 9.0)
# I = 3.25 + 7.5 - 9 = 1.75, C(S) = 1.25 + 2.25 - 3.25 = 0.25, C(R) = 4.5 + 3.5 - 7.5 = 0.5, D_hot = -4.5 + 5 - 0.5 = 0, D_cold = -3.5 + 5 - 0.25 = 1.25
AFTER = snapshot([0.5, 2.25], [20.0, 5.0], [1.25, 2.25], [4.5, 3.5], 3.25, 7.5, 9.0, time=2.0)
# Q = (-4, 1), dU = (-0.5, 0.25), dS = (0.25, -0.25)


def test_state_functions():
    assert laws.mutual_information(BEFORE) == 1.0
    assert laws.system_correlation(BEFORE) == 0.5
    assert laws.reservoir_correlation(BEFORE) == 1.0
    assert laws.athermality(BEFORE, REF).tolist() == [0.5, 0.75]
    assert laws.sigma_total(BEFORE, REF) == 1.0 + 0.5 + 1.0 + 0.5 + 0.75
    assert laws.sigma_total(AFTER, REF) == 1.75 + 0.25 + 0.5 + 0.0 + 1.25
    assert laws.free_energy(BEFORE, REF).tolist() == [1.0 - 1.0, 2.0 - 2.5]  # T_min = 1


def test_intervals():
    assert laws.heat(BEFORE, AFTER, REF).tolist() == [-4.0, 1.0]
    assert laws.energy_change(BEFORE, AFTER).tolist() == [-0.5, 0.25]
    assert laws.entropy_change(BEFORE, AFTER).tolist() == [0.25, -0.25]
    assert laws.first_law(BEFORE, AFTER, REF) == -4.0 + 1.0 - 0.5 + 0.25
    assert laws.second_law(BEFORE, AFTER, REF) == 0.0 + (-4.0 / 4.0 + 1.0 / 1.0)
    assert laws.sigma_total_change(BEFORE, AFTER, REF) == 3.75 - 3.75
    assert laws.heat_intake(BEFORE, AFTER, REF) == 4.0
    assert laws.energy_intake(BEFORE, AFTER) == 0.5
    # T_min dSigma + dF = 0 + (-0.5 - 0.25) + (0.25 + 0.25)
    assert laws.entropic_work(BEFORE, AFTER, REF) == -0.25


def test_work_and_efficiency():
    work = np.asarray(-3.25)
    assert laws.carnot_factors(REF).tolist() == [0.75, 0.0]
    assert laws.carnot_efficiency(REF) == 0.75
    assert laws.work_split(BEFORE, AFTER, REF) == 0.75 * -4.0 - 0.25
    assert laws.efficiency(work, BEFORE, AFTER, REF) == 3.25 / 4.5
    assert laws.gamma(BEFORE, AFTER, REF) == 1.0 / (1.0 + 0.5 / 4.0)
    assert laws.thermal_efficiency(BEFORE, AFTER, REF) == 3.0 / 4.0
    # gamma (eta_th - T_min dsigma/Q_in) = (3 + 0.25)/4 x 4/4.5
    assert laws.efficiency_split(BEFORE, AFTER, REF) == pytest.approx(3.25 / 4.5, rel=1e-15)
    assert laws.thermal_share(work, BEFORE, AFTER, REF) == 3.0 / 3.25
    assert laws.entropic_share(work, BEFORE, AFTER, REF) == 0.25 / 3.25


def test_refrigerators():
    """Backwards, with W = 3.25: Q_c = -1, COP = 1/3.25; cost = T_h 0 + d(U - 4 S) = 0.25 + (4 x 0.25 - 4 x 0.25)."""
    work = np.asarray(3.25)
    assert laws.coefficient_of_performance(work, AFTER, BEFORE, REF) == 1.0 / 3.25
    assert laws.carnot_coefficient(REF) == 1.0 / 3.0
    assert laws.refrigeration_cost(AFTER, BEFORE, REF) == 0.25
    assert laws.coefficient_split(work, AFTER, BEFORE, REF) == pytest.approx((1 - 0.25 / 3.25) / 3.0, rel=1e-15)
    assert laws.coefficient_split(work, AFTER, BEFORE, REF) == pytest.approx(1.0 / 3.25, rel=1e-15)


@pytest.mark.parametrize("temperatures", [[1.0], [1.0, 2.0, 3.0]])
def test_coefficients_belong_to_two_reservoirs(temperatures):
    m = len(temperatures)
    ref = Reference(("a",), tuple("xyz"[:m]), np.array(temperatures), np.zeros(m), 1.0)
    a, b = (snapshot([0.0], k * np.ones(m), [0.0], np.zeros(m), 0.0, 0.0, 0.0) for k in (1.0, 2.0))
    assert np.isnan(laws.carnot_coefficient(ref))
    assert np.isnan(laws.coefficient_of_performance(np.asarray(1.0), a, b, ref))
    assert np.isnan(laws.coefficient_split(np.asarray(1.0), a, b, ref))


def test_equal_temperatures_have_no_bounded_coefficient():
    ref = Reference(("a",), ("x", "y"), np.array([2.0, 2.0]), np.zeros(2), 1.0)
    assert laws.carnot_coefficient(ref) == np.inf
    assert laws.carnot_efficiency(ref) == 0.0
    a = snapshot([0.0], [1.0, 1.0], [0.0], [0.5, 0.5], 0.0, 1.0, 1.0)
    b = snapshot([0.5], [0.5, 1.5], [0.0], [0.5, 0.5], 0.0, 1.0, 1.0)
    # W = cost exactly: eps_C (1 - cost/W) is infinity times zero, which is unknown and not a warning
    assert np.isnan(laws.coefficient_split(np.asarray(0.5), a, b, ref))


# --- resources --------------------------------------------------------------------------------------------------------------


def test_resources_by_name_add_up_to_the_work():
    names = laws.resource_names(REF)
    assert names == ("heat[hot]", "heat[cold]", "I(S,R)", "C(S)", "C(R)", "D[hot]", "D[cold]", "F[a]", "F[b]")
    amounts = laws.work_by_resource(BEFORE, AFTER, REF)
    assert amounts.tolist() == [-3.0, 0.0, 0.75, -0.25, -0.5, -0.5, 0.5, -0.75, 0.5]
    assert np.sum(amounts) == laws.work_split(BEFORE, AFTER, REF)
    cold = laws.refrigeration_by_resource(BEFORE, AFTER, REF)  # T_max = 4 in place of T_min
    assert cold.tolist() == [0.0, -3.0, 3.0, -1.0, -2.0, -2.0, 2.0, -0.5 - 1.0, 0.25 + 1.0]
    assert np.sum(cold) == laws.work_split(BEFORE, AFTER, REF)


# --- edges ------------------------------------------------------------------------------------------------------------------


def with_energies(u, e):
    return snapshot(u, e, [0.0, 0.0], [0.0, 0.0], 0.0, 0.0, 0.0)


def test_no_heat_taken_in():
    """Q_in = 0: the middle form is 0/0; eta = -W/dU_in, gamma and eta_th undefined."""
    a, b = with_energies([3.0, 0.0], [1.0, 1.0]), with_energies([1.0, 0.5], [1.0, 1.25])
    work = np.asarray(-1.25)
    assert laws.heat_intake(a, b, REF) == 0.0
    assert laws.efficiency(work, a, b, REF) == 1.25 / 2.0
    for value in (laws.gamma(a, b, REF), laws.thermal_efficiency(a, b, REF), laws.efficiency_split(a, b, REF)):
        assert np.isnan(value)


def test_nothing_taken_in_at_all():
    a, b = with_energies([1.0, 0.0], [1.0, 1.0]), with_energies([1.5, 0.0], [1.0, 1.0])
    assert np.isnan(laws.efficiency(np.asarray(0.5), a, b, REF))
    assert np.isnan(laws.thermal_share(np.asarray(0.0), a, b, REF))


def unknown(s):
    """Return the snapshot as a solver that never sees the baths would give it."""
    nan = np.full_like(s.reservoir_entropies, np.nan)
    return snapshot(
        s.subsystem_energies, s.reservoir_energies, s.subsystem_entropies, nan, s.system_entropy, np.nan, np.nan, s.time
    )


def test_unknown_reservoir_states_still_give_the_totals():
    """docs/physics.md 2: (S10) read from the left; I, C(R) and D_j are unknown, never zero."""
    a, b = unknown(BEFORE), unknown(AFTER)
    assert np.isnan(laws.mutual_information(a))
    assert np.isnan(laws.reservoir_correlation(a))
    assert np.all(np.isnan(laws.athermality(a, REF)))
    assert np.isnan(laws.sigma_total(a, REF))
    assert laws.system_correlation(a) == 0.5
    assert laws.sigma_total_change(a, b, REF) == 0.0
    assert laws.entropic_work(a, b, REF) == -0.25
    assert laws.efficiency_split(a, b, REF) == pytest.approx(3.25 / 4.5, rel=1e-15)
    amounts = laws.work_by_resource(a, b, REF)
    assert np.isnan(amounts).tolist() == [False, False, True, False, True, True, True, False, False]


def test_stacked_snapshots_give_stacked_laws():
    a, b = Snapshot.stack([BEFORE, AFTER]), Snapshot.stack([AFTER, BEFORE])
    assert laws.work_split(a, b, REF).tolist() == [-3.25, 3.25]
    assert laws.heat(a, b, REF).shape == (2, 2)
    assert laws.work_by_resource(a, b, REF).shape == (2, 9)
    assert laws.efficiency(np.array([-3.25, 3.25]), a, b, REF).shape == (2,)


# --- modes ------------------------------------------------------------------------------------------------------------------

T = np.array([2.0, 1.0])


@pytest.mark.parametrize(
    ("work", "heats", "expected"),
    [
        (-1.0, (-3.0, 2.0), "engine"),
        (-1.0, (-3.0, -2.0), "engine"),
        (-1.0, (-3.0, 0.0), "engine"),
        (-1.0, (3.0, 2.0), "discharge"),  # W < 0 while every reservoir gains: correlations are fuel
        (-1.0, (0.0, 0.0), "discharge"),
        (-1.0, (3.0, -2.0), "reverse engine"),
        (1.0, (3.0, -2.0), "refrigerator"),
        (1.0, (-3.0, 2.0), "accelerator"),
        (1.0, (3.0, 2.0), "heater"),
        (1.0, (0.0, 2.0), "heater"),
        (1.0, (0.0, 0.0), "charge"),  # heats none of them: the machine keeps it
        (1.0, (0.0, -2.0), "charge"),
        (1.0, (-3.0, -2.0), "charge"),
        (0.0, (-3.0, 3.0), "conduction"),
        (1e-3, (-3.0, 3.0), "conduction"),  # below the resolution
        (0.0, (3.0, -3.0), "heat reversal"),
        (1e-3, (1e-3, -3.0), "idle"),
        (0.0, (3.0, 3.0), "idle"),
        (-1.0, (-1e-3, 2.0), "discharge"),
    ],
)
def test_modes_of_two_reservoirs(work, heats, expected):
    assert modes.mode(work, np.array(heats), T, 1e-2) == expected
    assert expected in modes.MODES
    assert modes.mode(work, np.array(heats[::-1]), T[::-1], 1e-2) == expected


@pytest.mark.parametrize(
    ("work", "heat", "expected"), [(1.0, 1.0, "heater"), (1.0, -1.0, "charge"), (-1.0, -1.0, "engine"), (-1.0, 1.0, "discharge")]
)
def test_modes_of_one_reservoir(work, heat, expected):
    assert modes.mode(work, np.array([heat]), np.array([1.0]), 0.0) == expected


def test_modes_of_three_reservoirs():
    temperatures = np.array([1.0, 2.0, 3.0])
    assert modes.mode(1.0, np.array([1.0, -2.0, 1.0]), temperatures, 0.0) == "mixer"
    assert modes.mode(1.0, np.array([-1.0, 2.0, 1.0]), temperatures, 0.0) == "refrigerator"
    assert modes.mode(-1.0, np.array([1.0, 2.0, -4.0]), temperatures, 0.0) == "engine"
    assert modes.mode(-1.0, np.array([-4.0, 2.0, 1.0]), temperatures, 0.0) == "reverse engine"


@pytest.mark.parametrize(
    ("work", "heats", "expected"),
    [
        (1.0, (-2.0, 1.0, 2.5, -2.0), "refrigerator"),  # the cold ones give 1 together, the hot ones take
        (1.0, (2.5, -2.0, -2.0, 1.0), "accelerator"),
        (0.0, (-1.0, 0.5, 2.0, -1.5), "heat reversal"),
        (-1.0, (-1.0, 0.5, 2.0, -1.5), "reverse engine"),
    ],
)
def test_reservoirs_of_one_temperature_count_together_in_any_order(work, heats, expected):
    temperatures = np.array([1.0, 1.0, 3.0, 3.0 * (1.0 + 1e-15)])  # rounding is no difference
    for order in permutations(range(4)):
        assert modes.mode(work, np.array(heats)[list(order)], temperatures[list(order)], 1e-9) == expected


def test_equal_temperatures_are_neither_hot_nor_cold_in_any_order():
    assert (
        modes.mode(1.0, np.array([-1.0, 2.0]), np.ones(2), 0.0)
        == modes.mode(1.0, np.array([2.0, -1.0]), np.ones(2), 0.0)
        == "mixer"
    )
    assert (
        modes.mode(-1.0, np.array([-2.0, 3.0]), np.ones(2), 0.0)
        == modes.mode(-1.0, np.array([3.0, -2.0]), np.ones(2), 0.0)
        == "engine"
    )


def test_equal_temperatures_have_no_direction():
    assert modes.mode(0.0, np.array([1.0, -1.0]), np.array([1.0, 1.0]), 0.0) == "idle"


def test_an_unknown_work_is_no_mode_but_idle():
    assert modes.mode(np.nan, np.array([1.0, -1.0]), T, 0.0) == "idle"


def test_athermal_means_dsigma_below_zero():
    assert modes.is_athermal(-0.1, 1e-3)
    assert not modes.is_athermal(-1e-4, 1e-3)
    assert not modes.is_athermal(0.1, 1e-3)
