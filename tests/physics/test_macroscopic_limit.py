"""docs/macroscopic_limit.md: what the laws say of engines that run for long, checked on exact runs."""

import numpy as np
import pytest

import athermal as at
from tests.unit import sweeps

CORRELATED = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)


def showcase(modes):
    return at.library.two_oscillator(T_hot=2.4, modes=modes, squeezing=0.01)


def thermal_relative_entropy(omega, temperature, reference):
    """D(rho_T || rho_T') of an oscillator, from its free energies: (F'(rho_T) - F'(rho_T'))/T'."""
    n = 1.0 / np.expm1(omega / temperature)
    entropy = (n + 1.0) * np.log1p(n) - n * np.log(n)
    return omega * n / reference - entropy - np.log1p(-np.exp(-omega / reference))


class TestStock:
    """-T_min dsigma <= A = T_min [Sigma(0) + sum_i D(rho_i(0) || rho_i^th(T_min))], whatever the cycles and the bath."""

    @pytest.mark.parametrize("modes", [8, 24])
    def test_bounds_every_efficiency(self, modes):
        ledger = at.run(showcase(modes), cycles=5, initial=CORRELATED)
        total = ledger.cumulative
        # T_min = 1; the cold oscillator starts at its thermal state, the hot one at that of T = 2.4.
        stock = float(ledger.instants.sigma_total[0]) + thermal_relative_entropy(2.0, 2.4, 1.0)
        assert np.all(-total.entropic_work <= stock)
        # (S19) with gamma <= 1 and eta_th <= eta_C; only rounding may exceed it.
        excess = np.maximum(-total.entropic_work, 0.0) / total.heat_intake
        assert np.all(total.efficiency <= ledger.carnot_efficiency + excess + 1e-12)
        assert np.all(total.efficiency <= ledger.carnot_efficiency + stock / total.heat_intake + 1e-12)

    def test_does_not_depend_on_the_bath(self):
        # C(S) is all there is at the start, so that Sigma(0) is a property of the two oscillators.
        stocks = [float(at.run(showcase(modes), cycles=1, initial=CORRELATED).instants.sigma_total[0]) for modes in (6, 48)]
        assert stocks[0] == pytest.approx(stocks[1], rel=1e-10)
        single = at.run(showcase(6), cycles=1, initial=CORRELATED).instants.system_correlation[0]
        assert stocks[0] == pytest.approx(float(single), rel=1e-10)


def test_the_showcase_returns_below_carnot():
    data = sweeps.grid(showcase, {"modes": [24, 48]}, cycles=18, initial=CORRELATED)
    lasts = at.sweeps.cycles_beyond_carnot(data)
    assert not lasts.is_lower_bound.any()
    later = data.cumulative_efficiency.where(data.cycle > lasts, drop=True)
    assert float(later.max()) < data.carnot_efficiency.values.max()
    # In the late cycles dsigma is the entropy production of the limit cycle, found independently by harmonic balance. Discrete
    # baths decay by the sharp edges of their band only algebraically: 1e-2.
    limit = at.limit_cycle(at.library.two_oscillator(T_hot=2.4, modes="auto", squeezing=0.01))
    late = data.sigma_change.sel(modes=48).values[-1]
    assert late == pytest.approx(limit.sigma_total_change, rel=1e-2)
    assert late > 0.0


class TestMirror:
    """H(-t) = Theta H(t) Theta^-1 and a start that Theta keeps: a charge of m cycles is undone at 2m."""

    @pytest.mark.parametrize("squeezing", [0.0, 0.01])
    def test_every_entropy_and_energy_is_mirrored(self, squeezing):
        m = 4
        machine = at.library.two_oscillator(modes=12, squeezing=squeezing)
        ledger = at.run(machine, cycles=2 * m, initial=at.Charged(m), samples_per_cycle=2)
        for name, values in ledger.instants.data_vars.items():
            # Rounding of sums over 26 modes.
            np.testing.assert_allclose(values.values, values.values[::-1], atol=1e-12, err_msg=str(name))

    def test_a_charge_of_m_cycles_lasts_2m_minus_1(self):
        data = sweeps.grid(
            lambda: at.library.two_oscillator(modes=24), {"initial.cycles": [1, 2, 5, 8]}, cycles=17,
            initial=lambda **point: at.Charged(point["initial.cycles"]),
        )  # fmt: skip
        np.testing.assert_array_equal(at.sweeps.cycles_beyond_carnot(data).values, [1, 3, 9, 15])

    def test_work_is_returned(self):
        m = 5
        work = at.run(at.library.two_oscillator(modes=24), cycles=2 * m, initial=at.Charged(m)).cumulative.work.values
        assert work[2 * m - 1] == pytest.approx(0.0, abs=1e-12)  # rounding
        assert np.argmin(work) == m - 1


def test_charge_grows_by_the_entropy_production_of_the_limit_cycle():
    # A charge is made by the mirrored machine, which produces what the machine itself does in its limit cycle. The transients
    # fall off algebraically (sharp band edges): at m = 16 they are 3e-3 of it.
    def stock(m):
        machine = at.library.two_oscillator(modes=48, rule="legendre")
        return float(at.run(machine, cycles=1, initial=at.Charged(m)).instants.sigma_total[0])

    limit = at.limit_cycle(at.library.two_oscillator(modes="auto"))
    assert (stock(16) - stock(12)) / 4.0 == pytest.approx(limit.sigma_total_change, rel=5e-3)


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning")
def test_a_larger_bath_holds_more_charge_but_no_more_in_the_same_time():
    def stock(modes, m):
        return float(at.run(at.library.two_oscillator(modes=modes), cycles=1, initial=at.Charged(m)).instants.sigma_total[0])

    # Well before the recurrences (after 9 and 19 cycles) the baths cannot be told apart: 5 % is what equal spacing leaves.
    assert stock(12, 4) == pytest.approx(stock(24, 4), rel=0.05)
    assert max(stock(24, m) for m in range(40, 110, 10)) > 1.5 * max(stock(12, m) for m in range(20, 58, 5))
