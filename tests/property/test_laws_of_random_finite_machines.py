"""Whatever machine of finite parts is drawn obeys the laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.testing.finite.strategies import finite_machines, finite_runs
from athermal.thermodynamics import laws

# A difference of two energies (entropies) of the whole is known to the rounding of what is subtracted.
ROUNDING = 1e-12
FEW = settings(max_examples=12)


@FEW
@given(finite_runs(), st.integers(1, 2), st.integers(1, 2))
def test_the_four_residuals(drawn, cycles, samples):
    """(S1), (S14), (S18), (S19) to 1e-9 of the equation's own terms above the rounding of what they subtract."""
    machine, initial = drawn
    ledger = at.run(machine, cycles, initial, samples_per_cycle=samples)
    assert ledger.violations() == []
    c, s, ref = ledger.cycles, ledger.snapshots, ledger.reference
    t, t_min = ref.temperatures, float(np.min(ref.temperatures))
    energies = float(np.max(np.sum(np.abs(s.subsystem_energies), -1) + np.sum(np.abs(s.reservoir_energies), -1)))
    nats = float(np.max(np.sum(s.subsystem_entropies, -1) + np.sum(np.abs(s.reservoir_energies) / t, -1)))
    for n in range(cycles):
        a, b = s.at(n * samples), s.at((n + 1) * samples)
        w, q = float(np.sum(ledger.works[n * samples : (n + 1) * samples])), b.reservoir_energies - a.reservoir_energies
        du, ds = b.subsystem_energies - a.subsystem_energies, b.subsystem_entropies - a.subsystem_entropies
        sigma = float(laws.sigma_total(b, ref) - laws.sigma_total(a, ref))
        energy = 1e-9 * (abs(w) + np.sum(np.abs(q)) + np.sum(np.abs(du))) + ROUNDING * energies
        entropy = 1e-9 * (np.sum(np.abs(ds)) + np.sum(np.abs(q / t))) + ROUNDING * nats
        assert abs(w - np.sum(q) - np.sum(du)) <= energy
        assert abs(np.sum(ds) + np.sum(q / t) - sigma) <= entropy
        entropic, carnot = t_min * sigma + np.sum(du - t_min * ds), np.sum((1.0 - t_min / t) * q)
        assert abs(w - carnot - entropic) <= energy + t_min * entropy
        q_in, u_in = -np.sum(np.minimum(q, 0.0)), -np.sum(np.minimum(du, 0.0))
        if q_in > 1e-6:
            second = (-carnot / q_in - entropic / q_in) / (1.0 + u_in / q_in)
            assert abs(-w / (q_in + u_in) - second) <= (energy + t_min * entropy) / (q_in + u_in)
        assert c.work.values[n] == pytest.approx(w, rel=1e-14)  # the same sum


@FEW
@given(finite_runs())
def test_entropies_and_correlations_are_not_negative(drawn):
    machine, initial = drawn
    ledger = at.run(machine, 2, initial)
    s, ref, slack = ledger.snapshots, ledger.reference, 1e-10  # entropies of nearly pure parts: eps ln eps for each level
    assert np.min(laws.mutual_information(s)) >= -slack
    assert np.min(laws.system_correlation(s)) >= -slack
    assert np.min(laws.reservoir_correlation(s)) >= -slack
    assert np.min(laws.athermality(s, ref)) >= -slack
    assert np.all(s.total_entropy >= np.abs(s.system_entropy - s.reservoirs_entropy) - slack)
    assert np.allclose(s.total_entropy, s.total_entropy[0], rtol=0.0, atol=slack)
    sizes = [part.dimension for part in machine.subsystems]
    assert np.all(s.subsystem_entropies <= np.log(sizes) + slack)
    # dephasing can only raise entropies, and correlations hold no more coherence than there is of I and C
    for name, total in (("mutual_information", laws.mutual_information(s)), ("system_correlation", laws.system_correlation(s))):
        assert np.all(s.extras[f"{name}_coherence"] <= total + slack)
    assert np.min(s.extras["ergotropy"]) >= -slack
    assert np.min(s.extras["subsystem_ergotropy"]) >= -slack


@FEW
@given(finite_machines(), st.floats(0.3, 3.0))
def test_no_cycle_draws_work_from_the_gibbs_state_of_the_whole(machine, temperature):
    """Pusz and Woronowicz (1978)."""
    ledger = at.run(machine, 2, at.Gibbs(temperature))
    assert np.min(ledger.cumulative.work.values) >= -1e-12  # rounding of energies of some units


@settings(max_examples=8)  # four maps of odd stretches each
@given(finite_runs(), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_a_step_splits_anywhere_and_back(drawn, first, second):
    machine, start = drawn
    solver = at.DensityMatrix().bind(machine)
    state = solver.prepare(start)
    low, high = first * machine.period, (first + second) * machine.period
    begun, begin = solver.advance(state, 0.0, low)
    whole, work = solver.advance(state, 0.0, high)
    both, rest = solver.advance(begun, low, high)
    # unitary maps to rounding
    assert np.allclose(whole.factor, both.factor, rtol=0.0, atol=1e-12)
    assert work == pytest.approx(begin + rest, abs=1e-12)
    assert np.allclose(whole.integrals, both.integrals, rtol=0.0, atol=1e-12)
    back, returned = solver.advance(both, high, low)
    assert np.allclose(back.factor, begun.factor, rtol=0.0, atol=1e-12)
    assert returned == pytest.approx(-rest, abs=1e-12)
    assert np.allclose(back.integrals, begun.integrals, rtol=0.0, atol=1e-12)
