"""Whatever machine is drawn obeys the laws. Each check says to what precision, and why."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.maths.symplectic import symplectic_eigenvalues
from athermal.testing.harmonic.strategies import correlations, machines, runs
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import ALWAYS

# A difference of two energies (entropies) of the whole is known to the rounding of what is subtracted.
ROUNDING = 1e-12


def run(machine, initial=None, **options):
    """Run past any recurrence time without a word: a handful of modes stands for nothing but itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
        return at.run(machine, initial=initial, **options)


def energy_scale(ledger):
    s = ledger.snapshots
    return float(np.max(np.sum(np.abs(s.subsystem_energies), -1) + np.sum(np.abs(s.reservoir_energies), -1)))


def entropy_scale(ledger):
    s = ledger.snapshots
    return float(np.max(np.sum(s.subsystem_entropies, -1) + np.sum(s.reservoir_energies / ledger.reference.temperatures, -1)))


def close(one, two, scale):
    """Two ways to the same state: ten thousand roundings of the largest energy or entropy there is."""
    assert np.allclose(one, two, rtol=0.0, atol=10.0 * ROUNDING * max(scale, 1.0))


@given(runs(), st.integers(1, 3), st.integers(1, 3))
def test_the_four_residuals(drawn, cycles, samples):
    """(S1), (S14), (S18), (S19) to 1e-9 of the equation's own terms above the rounding of what they subtract."""
    ledger = run(*drawn, cycles=cycles, samples_per_cycle=samples)
    assert ledger.violations() == []
    assert not np.any(ledger.is_violated.values)
    ref = ledger.reference
    t_min = float(np.min(ref.temperatures))
    for n in range(cycles):
        a, b = ledger.snapshots.at(n * samples), ledger.snapshots.at((n + 1) * samples)
        w, q = float(np.sum(ledger.works[n * samples : (n + 1) * samples])), b.reservoir_energies - a.reservoir_energies
        du, ds = b.subsystem_energies - a.subsystem_energies, b.subsystem_entropies - a.subsystem_entropies
        sigma = float(laws.sigma_total(b, ref) - laws.sigma_total(a, ref))
        energy = 1e-9 * (abs(w) + np.sum(np.abs(q)) + np.sum(np.abs(du))) + ROUNDING * energy_scale(ledger)
        entropy = 1e-9 * (np.sum(np.abs(ds)) + np.sum(np.abs(q / ref.temperatures))) + ROUNDING * entropy_scale(ledger)
        assert abs(w - np.sum(q) - np.sum(du)) <= energy
        assert abs(np.sum(ds) + np.sum(q / ref.temperatures) - sigma) <= entropy
        entropic = t_min * sigma + np.sum(du - t_min * ds)
        carnot = np.sum((1.0 - t_min / ref.temperatures) * q)
        assert abs(w - carnot - entropic) <= energy + t_min * entropy
        q_in, u_in = -np.sum(np.minimum(q, 0.0)), -np.sum(np.minimum(du, 0.0))
        if q_in > 1e-6:
            first = -w / (q_in + u_in)
            second = (-carnot / q_in - entropic / q_in) / (1.0 + u_in / q_in)
            assert abs(first - second) <= (energy + t_min * entropy) / (q_in + u_in)
        assert ledger.work.values[n] == pytest.approx(w, rel=1e-14)  # the same sum


@given(runs())
def test_entropies_and_correlations_are_not_negative(drawn):
    ledger = run(*drawn, cycles=2, samples_per_cycle=3)
    s, ref = ledger.snapshots, ledger.reference
    slack = 10.0 * ROUNDING * max(entropy_scale(ledger), 1.0)
    for values in (s.subsystem_entropies, s.reservoir_entropies, s.system_entropy, s.reservoirs_entropy, s.total_entropy):
        assert np.min(values) >= -slack
    assert np.min(laws.mutual_information(s)) >= -slack
    assert np.min(laws.system_correlation(s)) >= -slack
    assert np.min(laws.reservoir_correlation(s)) >= -slack
    assert np.min(laws.athermality(s, ref)) >= -slack
    # the triangle inequality of Araki and Lieb
    assert np.all(s.total_entropy >= np.abs(s.system_entropy - s.reservoirs_entropy) - slack)
    assert np.all(s.system_entropy >= 2 * np.max(s.subsystem_entropies, -1) - np.sum(s.subsystem_entropies, -1) - slack)
    # unitary evolution of the whole
    close(s.total_entropy, s.total_entropy[0], entropy_scale(ledger))


@given(machines())
def test_a_product_of_thermal_states_can_only_produce_entropy(machine):
    """Esposito, Lindenberg, Van den Broeck (2010): Sigma = 0 at the start and never below it."""
    ledger = run(machine, cycles=2, samples_per_cycle=3)
    slack = 10.0 * ROUNDING * max(entropy_scale(ledger), 1.0)
    assert abs(ledger.instants.sigma_total.values[0]) <= slack
    assert np.min(ledger.samples.sigma_total_change.values) >= -slack


@given(machines(forces=False), st.floats(0.3, 3.0))
def test_no_cycle_draws_work_from_the_gibbs_state_of_the_whole(machine, temperature):
    """Pusz and Woronowicz (1978)."""
    ledger = run(machine, at.Gibbs(temperature), cycles=2)
    assert np.min(ledger.cumulative.work.values) >= -10.0 * ROUNDING * energy_scale(ledger)


@given(runs(), st.integers(1, 3))
def test_charging_is_paid_back(drawn, cycles):
    """After the m charging cycles run forward the start is back, all of Sigma with it."""
    machine, start = drawn
    ledger = run(machine, at.Charged(cycles, start=start), cycles=cycles)
    back = run(machine, start).snapshots.at(0)
    for name in ALWAYS:
        if name != "time":
            scale = entropy_scale(ledger) if "entrop" in name else energy_scale(ledger)
            # there and back: propagators of the tolerance 1e-12, entropies of nearly pure parts magnify them
            assert np.allclose(getattr(ledger.snapshots.at(cycles), name), getattr(back, name), rtol=0.0, atol=1e-10 * scale)


@given(runs(max_subsystems=2), st.floats(-0.5, 1.5))
def test_the_share_of_a_coupling_moves_only_the_subsystems_energies(drawn, share):
    """docs/physics.md 1: it changes dU^in, gamma and F_i, never W, Q and Sigma."""
    machine, start = drawn
    shared = [
        dataclasses.replace(c, share=(share, 1.0 - share))
        if len(c.between) == 2 and set(c.between) <= set(machine.subsystem_names)
        else c
        for c in machine.couplings
    ]
    one, two = run(machine, start, cycles=2), run(dataclasses.replace(machine, couplings=shared), start, cycles=2)
    for name in ("work", "heat", "sigma_total", "sigma_total_change", "entropy_change", "mutual_information", "athermality"):
        assert np.array_equal(one.cycles[name].values, two.cycles[name].values), name
    total = one.energy_change.sum("subsystem").values
    close(two.energy_change.sum("subsystem").values, total, energy_scale(one))
    close(two.sigma_change.values, one.sigma_change.values, entropy_scale(one) + energy_scale(one) / np.min(machine.temperatures))
    assert two.violations() == []


@given(runs(), st.integers(2, 3))
def test_samples_do_not_change_the_cycles(drawn, samples):
    one, many = run(*drawn, cycles=2), run(*drawn, cycles=2, samples_per_cycle=samples)
    for name in ("work", "heat", "energy_change"):
        close(one.cycles[name].values, many.cycles[name].values, energy_scale(one))
    for name in ("entropy_change", "sigma_total_change", "mutual_information", "system_correlation"):
        close(one.cycles[name].values, many.cycles[name].values, 10.0 * entropy_scale(one))  # logarithms of nearly pure parts


@given(runs(), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_a_step_splits_anywhere(drawn, first, second):
    machine, start = drawn
    solver = at.Dense().bind(machine)
    state = solver.prepare(start)
    low, high = sorted((first * machine.period, (first + second) * machine.period))
    begun, _ = solver.advance(state, 0.0, low)
    whole, work = solver.advance(state, 0.0, high)
    both, rest = solver.advance(begun, low, high)
    _, begin = solver.advance(state, 0.0, low)
    scale = float(np.max(np.abs(whole.covariance)))
    assert np.allclose(whole.covariance, both.covariance, rtol=0.0, atol=1e-11 * scale)  # propagators of the tolerance 1e-12
    assert np.allclose(whole.mean, both.mean, rtol=0.0, atol=1e-11 * scale)
    assert work == pytest.approx(begin + rest, abs=1e-10 * scale)
    back, returned = solver.advance(both, high, low)
    assert np.allclose(back.covariance, begun.covariance, rtol=0.0, atol=1e-11 * scale)
    assert returned == pytest.approx(-rest, abs=1e-10 * scale)


@given(machines().flatmap(lambda machine: st.tuples(st.just(machine), correlations(machine))))
def test_correlated_marginals_keep_the_marginals_up_to_the_edge(drawn):
    """At full strength the smallest symplectic eigenvalue is 1/2; every part is as it was, at every strength."""
    machine, patterns = drawn
    solver = at.Dense().bind(machine)
    before = solver.prepare(at.ProductThermal())
    for strength in (0.5, 1.0):
        after = solver.prepare(at.CorrelatedMarginals(patterns, strength))
        scale = float(np.max(np.abs(before.covariance)))
        for modes in machine.hamiltonian.part_modes.values():
            rows = np.concatenate([modes, modes + machine.n_modes])
            block = np.ix_(rows, rows)
            assert np.allclose(after.covariance[block], before.covariance[block], rtol=0.0, atol=1e-12 * scale)  # rounding
        if len({frozenset(p.between) for p in patterns}) == len(patterns):
            assert np.max(np.abs(after.covariance - before.covariance)) > 1e-6
        lowest = symplectic_eigenvalues(after.covariance)[0]
        if strength == 1.0:
            assert lowest == pytest.approx(0.5, abs=1e-10 * scale)  # conditioning of P^-1/2 with a nearly pure part
        else:
            assert lowest >= 0.5


@settings(max_examples=6)  # a file costs half a second
@given(runs(), st.integers(1, 3))
def test_a_ledger_survives_its_file_and_its_provenance(tmp_path_factory, drawn, samples):
    ledger = run(*drawn, samples_per_cycle=samples)
    back = at.load(ledger.save(tmp_path_factory.mktemp("ledger") / "ledger.nc"))
    assert back.works.tobytes() == ledger.works.tobytes()
    assert back.instants.identical(ledger.instants)
    assert back.cycles.identical(ledger.cycles)
    assert back.provenance == ledger.provenance
    assert str(back) == str(ledger)
