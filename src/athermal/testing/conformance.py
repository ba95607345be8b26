"""What every backend must do, whatever its method: one suite of checks over small machines."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

import athermal as at
from athermal.testing.case import Case
from athermal.testing.checks import Checks
from athermal.testing.held import held_cases
from athermal.thermodynamics import laws, schema
from athermal.thermodynamics.snapshot import ALWAYS, Snapshot


def total_energy(snapshot: Snapshot) -> float:
    return float(np.sum(snapshot.subsystem_energies) + np.sum(snapshot.reservoir_energies))


class Conformance(Checks):
    """What a backend says agrees with a slow independent path, and with itself. A subclass sets `backend`.

    Attributes
    ----------
    backend : Backend
    cases : iterable of Case, optional
        Machines with a slow path; if left out, all small machines of the package that the backend can hold.
    rounding, propagation, charging, preparation, slow_path : float
        By how much numbers may differ: of sums of logarithms of eigenvalues; between two ways to one state; after two cycles
        there and back; between a prepared state and the same by hand; after a cycle by hand.
    """

    cases: ClassVar[Iterable[Case] | None] = None

    # Sums of logarithms of eigenvalues.
    rounding = 1e-11
    # Energies and entropies along two ways to one state: the backend's own tolerance, 1e-12, over its propagators.
    propagation = 1e-10
    # Two cycles there and back at 1e-12 each, logarithms included.
    charging = 1e-9
    # What the slow path's eigenvalue solver leaves of a prepared state, and what its ODE solver leaves of a cycle.
    preparation = 1e-10
    slow_path = 1e-8

    def parameters(self) -> Mapping[str, Sequence[Any]]:
        cases = held_cases(self.backend) if self.cases is None else self.cases
        return {**super().parameters(), "case": list(cases)}

    @pytest.fixture
    def solver(self, case):
        return self.backend.bind(case.machine)

    @pytest.fixture
    def backwards(self):
        """Leave out what asks for earlier times, of a backend that says it cannot go there."""
        if not self.backend.can_run_backwards:
            pytest.skip("it cannot run backwards")

    def assert_same(self, one: Snapshot, two: Snapshot, tolerance: float, *, besides: Iterable[str] = ()) -> None:
        """Compare all that the backend declares that it tells but the times."""
        untold = schema.extras().keys() - self.backend.tells.extras
        skipped = {"time", *untold, *self.backend.tells.unknown, *besides}
        assert set(one.extras) - skipped == set(two.extras) - skipped
        for name in set(ALWAYS) - skipped:
            assert np.allclose(getattr(one, name), getattr(two, name), rtol=0.0, atol=tolerance), name
        for name in set(one.extras) - skipped:
            assert np.allclose(one.extras[name], two.extras[name], rtol=0.0, atol=tolerance), name

    # --- one instant -----------------------------------------------------------------------------------------------------

    def test_reference(self, case, solver):
        reference = solver.reference
        assert reference.subsystems == case.machine.subsystem_names
        assert reference.reservoirs == case.machine.reservoir_names
        assert reference.counters == tuple(counter.name for counter in case.machine.counters)
        assert reference.period == case.machine.period
        assert np.array_equal(reference.temperatures, case.machine.temperatures)
        assert np.array_equal(reference.chemical_potentials, case.machine.chemical_potentials)
        expected = [case.log_partition(name) for name in reference.reservoirs]
        assert np.allclose(reference.log_partitions, expected, rtol=0.0, atol=self.rounding)

    def test_snapshot_shapes(self, case, solver):
        snapshot = solver.snapshot(solver.prepare(case.initial), 0.0)
        n, m = len(case.machine.subsystems), len(case.machine.reservoirs)
        sizes = {"subsystem": n, "reservoir": m, "counter": len(case.machine.counters), "pair": n * (n - 1) // 2}
        shapes = {name: np.shape(getattr(snapshot, name)) for name in ALWAYS}
        assert shapes == {
            "time": (),
            "subsystem_energies": (n,),
            "reservoir_energies": (m,),
            "subsystem_entropies": (n,),
            "reservoir_entropies": (m,),
            "system_entropy": (),
            "reservoirs_entropy": (),
            "total_entropy": (),
        }
        for name, values in snapshot.extras.items():
            assert np.shape(values) == tuple(sizes[dim] for dim in schema.COLUMNS[name].dims), name
        assert snapshot.time == 0.0
        Snapshot.stack([snapshot, snapshot])

    def test_a_product_of_thermal_states(self, case, solver):
        """Entropies add up, reservoirs sit on their reference state: S = (E - mu N)/T + ln Z."""
        snapshot = solver.snapshot(solver.prepare(at.ProductThermal()), 0.0)
        reference = solver.reference
        parts = np.sum(snapshot.subsystem_entropies) + np.sum(snapshot.reservoir_entropies)
        assert snapshot.total_entropy == pytest.approx(parts, abs=self.rounding)
        assert snapshot.system_entropy == pytest.approx(np.sum(snapshot.subsystem_entropies), abs=self.rounding)
        assert snapshot.reservoirs_entropy == pytest.approx(np.sum(snapshot.reservoir_entropies), abs=self.rounding)
        free = laws.grand_energy(snapshot, reference) / reference.temperatures + reference.log_partitions
        assert np.allclose(snapshot.reservoir_entropies, free, rtol=0.0, atol=self.rounding)

    def test_the_prepared_state_is_the_given_one(self, case, solver):
        snapshot = solver.snapshot(solver.prepare(case.initial), 0.0)
        self.assert_same(snapshot, case.look(case.start, 0.0), self.preparation)

    def test_entropies_are_those_of_a_quantum_state(self, case, solver):
        """Positive, subadditive, and with the triangle inequality of Araki and Lieb (1970)."""
        state, _ = solver.advance(solver.prepare(case.initial), 0.0, 0.6 * case.machine.period)
        s = solver.snapshot(state, 0.6 * case.machine.period)
        assert np.all(s.subsystem_entropies >= 0.0)
        assert np.all(s.reservoir_entropies >= 0.0)
        assert s.total_entropy <= s.system_entropy + s.reservoirs_entropy + self.rounding
        assert s.total_entropy >= abs(s.system_entropy - s.reservoirs_entropy) - self.rounding
        assert s.system_entropy <= np.sum(s.subsystem_entropies) + self.rounding
        assert s.reservoirs_entropy <= np.sum(s.reservoir_entropies) + self.rounding

    # --- time ------------------------------------------------------------------------------------------------------------

    @pytest.mark.usefixtures("backwards")
    def test_forward_then_back(self, case, solver):
        state = solver.prepare(case.initial)
        before = solver.snapshot(state, 0.0)
        middle = 0.37 * case.machine.period
        there, work = solver.advance(state, 0.0, middle)
        back, returned = solver.advance(there, middle, 0.0)
        self.assert_same(before, solver.snapshot(back, 0.0), self.propagation)
        assert returned == pytest.approx(-work, abs=self.propagation)

    @pytest.mark.parametrize("fraction", [0.37, 0.4, 0.5, 1.0 / 3.0])
    def test_two_halves_make_one(self, case, solver, fraction):
        """At breakpoints (0.4, 0.5, 1/3 of some machines) and between them."""
        period = case.machine.period
        state, middle = solver.prepare(case.initial), fraction * period
        whole, work = solver.advance(state, 0.0, period)
        half, first = solver.advance(state, 0.0, middle)
        both, second = solver.advance(half, middle, period)
        self.assert_same(solver.snapshot(whole, period), solver.snapshot(both, period), self.propagation)
        assert first + second == pytest.approx(work, abs=self.propagation)

    def test_no_time_no_work(self, case, solver):
        state = solver.prepare(case.initial)
        for time in (0.0, 0.4 * case.machine.period, 0.5 * case.machine.period):
            at_time, _ = solver.advance(state, 0.0, time)
            after, work = solver.advance(at_time, time, time)
            assert work == 0.0
            self.assert_same(solver.snapshot(at_time, time), solver.snapshot(after, time), 0.0)

    def test_a_later_cycle_is_like_the_first(self, case, solver):
        period, state = case.machine.period, solver.prepare(case.initial)
        one, work = solver.advance(state, 0.2 * period, 0.9 * period)
        for cycle in (1, 41):
            other, same = solver.advance(state, (cycle + 0.2) * period, (cycle + 0.9) * period)
            # beside its own tolerance: the rounding of t modulo the period, 1e-14
            assert same == pytest.approx(work, abs=self.propagation)
            found = solver.snapshot(other, (cycle + 0.9) * period)
            self.assert_same(solver.snapshot(one, 0.9 * period), found, self.propagation)
            assert found.time == (cycle + 0.9) * period

    def test_energy_and_entropy_of_the_whole(self, case, solver):
        """Every step: the energies of all parts change by the work, and the entropy of the whole stays."""
        state = solver.prepare(case.initial)
        period = case.machine.period
        times = period * np.array([0.0, 0.1, 0.2, 0.4, 0.5, 0.77, 1.0, 1.2])
        before = solver.snapshot(state, 0.0)
        total = float(before.total_entropy)
        for start, stop in itertools.pairwise(times):
            state, work = solver.advance(state, float(start), float(stop))
            after = solver.snapshot(state, float(stop))
            # energies of some tens
            assert total_energy(after) - total_energy(before) == pytest.approx(work, abs=self.propagation)
            assert float(after.total_entropy) == pytest.approx(total, abs=self.propagation)
            before = after

    def test_against_a_general_ode_solver(self, case, solver):
        """Work, energies, entropies and extras of driven machines agree with a slow independent path."""
        expected, period = case.start, case.machine.period
        state = solver.prepare(case.initial)
        for start, stop in ((0.0, 0.45 * period), (0.45 * period, 1.1 * period)):
            state, work = solver.advance(state, start, stop)
            expected, expected_work = case.evolve(expected, start, stop)
            assert work == pytest.approx(expected_work, abs=self.slow_path)
            self.assert_same(solver.snapshot(state, stop), case.look(expected, stop), self.slow_path)

    @pytest.mark.usefixtures("backwards")
    def test_charging_and_running_forward(self, case, solver):
        """`Charged(m)` is the state that m forward cycles bring to its start; what is counted starts at zero all the same."""
        counted = [name for name, column in schema.extras().items() if column.is_counted]
        start = solver.snapshot(solver.prepare(case.initial), 0.0)
        state = solver.prepare(at.Charged(2, start=case.initial))
        assert not any(np.any(solver.snapshot(state, 0.0).extras.get(name, 0.0)) for name in counted)
        for k in range(2):
            state, _ = solver.advance(state, k * case.machine.period, (k + 1) * case.machine.period)
        self.assert_same(start, solver.snapshot(state, 0.0), self.charging, besides=counted)

    def test_accuracy_is_told(self, case, solver):
        state, _ = solver.advance(solver.prepare(case.initial), 0.0, case.machine.period)
        accuracy = solver.accuracy(state)
        assert accuracy
        assert all(isinstance(name, str) and 0.0 <= value < self.propagation for name, value in accuracy.items())
