"""What every backend must do, whatever its method: one suite of checks over a list of small machines.

A test module for a backend makes one class: `class TestDense(Conformance): backend = at.Dense()`, and may narrow `CASES`
to the machines that it can hold.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pytest

import athermal as at
from athermal.thermodynamics.snapshot import Snapshot
from backends.by_hand import ByHand

TAU = 2.0 * np.pi


@dataclass(frozen=True)
class Case:
    """A machine with a state to start from that is correlated, displaced and squeezed."""

    name: str
    machine: at.Machine

    @cached_property
    def by_hand(self):
        return ByHand(self.machine)

    @cached_property
    def moments(self):
        """Return a mean and covariance: a thermal product, stirred by a weak random quadratic Hamiltonian."""
        rng = np.random.default_rng(sum(map(ord, self.name)))
        n = self.by_hand.n
        stir = np.zeros((2 * n, 2 * n))
        for _ in range(3):
            k = 0.1 * rng.normal(size=(2 * n, 2 * n))
            stir += 0.5 * (k + k.T) / np.sqrt(n)
        form = np.block([[np.zeros((n, n)), np.eye(n)], [-np.eye(n), np.zeros((n, n))]])
        generator = 0.25 * form @ stir
        # Cayley transform: symplectic for any stir
        u = np.linalg.solve(np.eye(2 * n) - generator, np.eye(2 * n) + generator)
        covariance = u @ self.by_hand.thermal(1.3) @ u.T
        return 0.3 * rng.normal(size=2 * n), 0.5 * (covariance + covariance.T)

    @property
    def initial(self):
        mean, covariance = self.moments
        return at.GaussianMoments(covariance, mean)


def rotating_engine():
    return at.Machine(
        subsystems=[at.Oscillator("a", 2.0), at.Oscillator("b", 1.0)],
        reservoirs=[
            at.ContinuumBath("hot", 1.5, at.FlatBand(0.2, 1.4, 2.6), modes=3),
            at.Bath("cold", 1.0, (0.8, 1.1), (0.15, 0.1)),
        ],
        couplings=[
            at.Exchange(("a", "hot")),
            at.Exchange(("cold", "b")),
            at.Exchange(("a", "b"), at.Rotating(0.15, 1.0, 0.3), share=(0.3, 0.7)),
            at.TwoModeSqueezing(("a", "b"), at.Rotating(0.05, 3.0)),
        ],
        period=TAU,
    )


def quenched_oscillator():
    return at.Machine(
        subsystems=[at.Oscillator("a", at.Strokes((2.0, 3.0), (1.0, 1.6)))],
        reservoirs=[at.Ring("ring", 1.2, 4, 1.1, 0.2), at.Bath("hot", 2.0, (1.5, 1.7), (0.2, 0.1))],
        couplings=[
            at.Position(("a", "ring"), at.Strokes((1.0, 4.0), (0.3, 0.0)), site=2),
            at.Position(("hot", "a"), at.Strokes((2.0, 3.0), (0.0, 0.8)), counter_term=True),
            at.Displacement("a", x_force=at.Strokes((1.0, 4.0), (0.4, -0.2))),
        ],
        period=5.0,
    )


def forced_and_coupled():
    form = np.diag([1.0, 1.4, 0.9, 1.2])
    form[0, 3] = form[3, 0] = 0.2
    form[0, 1] = form[1, 0] = 0.1
    rng = np.random.default_rng(3)
    return at.Machine(
        subsystems=[at.Oscillator("a", 1.0 + 0.3 * at.Harmonic(1.0, 1.0, 0.2)), at.Oscillator("b", 1.3)],
        reservoirs=[at.CoupledBath("mesh", 0.9, form, (0.3, 0.1)), at.Bath("plain", 1.4, (1.0,), (0.2,))],
        couplings=[
            at.QuadraticForm(("mesh", "a"), 0.1 * rng.normal(size=(4, 2)), at.Harmonic(1.0, 2.0, 0.4)),
            at.QuadraticForm(("a",), [[0.1, 0.05], [0.05, -0.1]], at.Harmonic(1.0, 1.0)),
            at.QuadraticForm(("a", "b"), 0.1 * rng.normal(size=(2, 2)), 0.5),
            at.Displacement("a", x_force=at.Harmonic(0.4, 1.0), p_force=0.2),
            at.Position(("b", "plain"), 0.5 + 0.3 * at.Harmonic(1.0, 1.0)),
            at.Exchange(("b", "mesh"), 0.4),
        ],
        period=TAU,
    )


def ramps_and_functions():
    def pulse(t):
        return 0.2 * np.exp(np.cos(t * TAU / 6.0)) - 0.1

    return at.Machine(
        subsystems=[
            at.Oscillator("a", at.Strokes((3.0, 3.0), (1.0, 1.8), ramps=(1.0, 0.5), shape="quintic")),
            at.Oscillator("b", at.Strokes((2.0, 4.0), (0.9, 1.2), ramps=(0.0, 1.5)), law="number"),
        ],
        reservoirs=[at.Chain("chain", 0.8, 3, 1.0, 0.15), at.Bath("hot", 2.5, (1.2, 1.9))],
        couplings=[
            at.Exchange(
                ("a", "hot"),
                at.Strokes((1.5, 1.5), (0.15, 0.0), ramps=0.4, shape="linear"),
                weights=(1.0, -0.5),
                amplitude_frequency=1.8,
            ),
            at.Exchange(("chain", "b"), at.Function(pulse, period=6.0), site=0),
            at.Position(("a", "b"), 0.1 * at.Strokes((3.0, 3.0), (0.0, 1.0)) * at.Harmonic(1.0, TAU / 3.0), share=(0.9, 0.1)),
        ],
        period=6.0,
    )


def static():
    return at.Machine(
        subsystems=[at.Oscillator("a", 1.0, reference_frequency=1.4)],
        reservoirs=[at.Bath("bath", 0.7, (0.9, 1.2, 1.0), (0.2, 0.1, 0.05))],
        couplings=[at.Position(("a", "bath")), at.Displacement("a", x_force=0.5)],
        period=3.0,
    )


CASES = [
    Case("rotating engine", rotating_engine()),
    Case("quenched oscillator", quenched_oscillator()),
    Case("forced and coupled", forced_and_coupled()),
    Case("ramps and functions", ramps_and_functions()),
    Case("static", static()),
]


def total_energy(snapshot: Snapshot) -> float:
    return float(np.sum(snapshot.subsystem_energies) + np.sum(snapshot.reservoir_energies))


def assert_same(one: Snapshot, two: Snapshot, tolerance: float) -> None:
    """Compare all but the times."""
    for entry in fields(Snapshot):
        if entry.name != "time":
            assert np.allclose(getattr(one, entry.name), getattr(two, entry.name), rtol=0.0, atol=tolerance), entry.name


class Conformance:
    """The suite. A subclass sets `backend`."""

    backend: at.Dense
    cases = CASES

    @pytest.fixture(params=CASES, ids=lambda case: case.name)
    def case(self, request):
        if request.param not in self.cases:
            pytest.skip("not a machine for this backend")
        return request.param

    @pytest.fixture
    def solver(self, case):
        return self.backend.bind(case.machine)

    def test_reference(self, case, solver):
        reference = solver.reference
        assert reference.subsystems == case.machine.subsystem_names
        assert reference.reservoirs == case.machine.reservoir_names
        assert reference.period == case.machine.period
        assert np.array_equal(reference.temperatures, case.machine.temperatures)
        for j, name in enumerate(reference.reservoirs):
            # ln Z = -sum ln(2 sinh(w/2T)), the w being the positive eigenvalues of i Omega h
            rows = case.by_hand.modes[name] + [case.by_hand.n + k for k in case.by_hand.modes[name]]
            h, n = case.by_hand.reservoir_forms[name][np.ix_(rows, rows)], len(rows) // 2
            form = np.block([[np.zeros((n, n)), np.eye(n)], [-np.eye(n), np.zeros((n, n))]])
            w = np.linalg.eigvals(1j * form @ h).real
            expected = -np.sum(np.log(2.0 * np.sinh(w[w > 0.0] / (2.0 * reference.temperatures[j]))))
            assert reference.log_partitions[j] == pytest.approx(expected, abs=1e-11)  # a general eigenvalue solver's rounding

    def test_snapshot_shapes(self, case, solver):
        snapshot = solver.snapshot(solver.prepare(case.initial), 0.0)
        n, m = len(case.machine.subsystems), len(case.machine.reservoirs)
        shapes = {entry.name: np.shape(getattr(snapshot, entry.name)) for entry in fields(Snapshot)}
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
        assert snapshot.time == 0.0
        Snapshot.stack([snapshot, snapshot])

    def test_a_product_of_thermal_states(self, case, solver):
        """Entropies add up, reservoirs sit on their reference state: S = E/T + ln Z."""
        snapshot = solver.snapshot(solver.prepare(at.ProductThermal()), 0.0)
        reference = solver.reference
        parts = np.sum(snapshot.subsystem_entropies) + np.sum(snapshot.reservoir_entropies)
        assert snapshot.total_entropy == pytest.approx(parts, abs=1e-11)  # rounding of sums of logarithms
        assert snapshot.system_entropy == pytest.approx(np.sum(snapshot.subsystem_entropies), abs=1e-11)
        assert snapshot.reservoirs_entropy == pytest.approx(np.sum(snapshot.reservoir_entropies), abs=1e-11)
        free = snapshot.reservoir_energies / reference.temperatures + reference.log_partitions
        assert np.allclose(snapshot.reservoir_entropies, free, rtol=0.0, atol=1e-11)

    def test_the_prepared_state_has_the_given_moments(self, case, solver):
        mean, covariance = case.moments
        snapshot, hand = solver.snapshot(solver.prepare(case.initial), 0.0), case.by_hand
        self._compare(snapshot, hand, mean, covariance, 0.0, tolerance=1e-10)  # a general eigenvalue solver's rounding

    def test_forward_then_back(self, case, solver):
        state = solver.prepare(case.initial)
        before = solver.snapshot(state, 0.0)
        middle = 0.37 * case.machine.period
        there, work = solver.advance(state, 0.0, middle)
        back, returned = solver.advance(there, middle, 0.0)
        assert_same(before, solver.snapshot(back, 0.0), 1e-10)  # the backend's own tolerance, 1e-12, over its propagators
        assert returned == pytest.approx(-work, abs=1e-10)

    @pytest.mark.parametrize("fraction", [0.37, 0.4, 0.5, 1.0 / 3.0])
    def test_two_halves_make_one(self, case, solver, fraction):
        """At breakpoints (0.4, 0.5, 1/3 of some machines) and between them."""
        period = case.machine.period
        state, middle = solver.prepare(case.initial), fraction * period
        whole, work = solver.advance(state, 0.0, period)
        half, first = solver.advance(state, 0.0, middle)
        both, second = solver.advance(half, middle, period)
        assert_same(solver.snapshot(whole, period), solver.snapshot(both, period), 1e-10)  # as above
        assert first + second == pytest.approx(work, abs=1e-10)

    def test_no_time_no_work(self, case, solver):
        state = solver.prepare(case.initial)
        for time in (0.0, 0.4 * case.machine.period, 0.5 * case.machine.period):
            at_time, _ = solver.advance(state, 0.0, time)
            after, work = solver.advance(at_time, time, time)
            assert work == 0.0
            assert_same(solver.snapshot(at_time, time), solver.snapshot(after, time), 0.0)

    def test_a_later_cycle_is_like_the_first(self, case, solver):
        period, state = case.machine.period, solver.prepare(case.initial)
        one, work = solver.advance(state, 0.2 * period, 0.9 * period)
        for cycle in (1, 41):
            other, same = solver.advance(state, (cycle + 0.2) * period, (cycle + 0.9) * period)
            assert same == pytest.approx(work, abs=1e-10)  # the rounding of t modulo the period, 1e-14
            found = solver.snapshot(other, (cycle + 0.9) * period)
            assert_same(solver.snapshot(one, 0.9 * period), found, 1e-10)
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
            # tolerance of the backend, 1e-12 of energies of some tens
            assert total_energy(after) - total_energy(before) == pytest.approx(work, abs=1e-10)
            assert float(after.total_entropy) == pytest.approx(total, abs=1e-10)
            before = after

    def test_entropies_are_those_of_a_quantum_state(self, case, solver):
        """Positive, subadditive, and with the triangle inequality of Araki and Lieb (1970)."""
        state, _ = solver.advance(solver.prepare(case.initial), 0.0, 0.6 * case.machine.period)
        s = solver.snapshot(state, 0.6 * case.machine.period)
        assert np.all(s.subsystem_entropies >= 0.0)
        assert np.all(s.reservoir_entropies >= 0.0)
        rounding = 1e-11
        assert s.total_entropy <= s.system_entropy + s.reservoirs_entropy + rounding
        assert s.total_entropy >= abs(s.system_entropy - s.reservoirs_entropy) - rounding
        assert s.system_entropy <= np.sum(s.subsystem_entropies) + rounding
        assert s.reservoirs_entropy <= np.sum(s.reservoir_entropies) + rounding

    def test_against_a_general_ode_solver(self, case, solver):
        """work, energies and entropies of random driven machines agree to 1e-8 with a slow independent path."""
        (mean, covariance), hand, period = case.moments, case.by_hand, case.machine.period
        state = solver.prepare(case.initial)
        for start, stop in ((0.0, 0.45 * period), (0.45 * period, 1.1 * period)):
            state, work = solver.advance(state, start, stop)
            mean, covariance, expected = hand.evolve(mean, covariance, start, stop)
            assert work == pytest.approx(expected, abs=1e-8)
            self._compare(solver.snapshot(state, stop), hand, mean, covariance, stop, tolerance=1e-8)

    def test_charging_and_running_forward(self, case, solver):
        """`Charged(m)` is the state that m forward cycles bring to its start."""
        start = solver.snapshot(solver.prepare(case.initial), 0.0)
        state = solver.prepare(at.Charged(2, start=case.initial))
        for k in range(2):
            state, _ = solver.advance(state, k * case.machine.period, (k + 1) * case.machine.period)
        assert_same(start, solver.snapshot(state, 0.0), 1e-9)  # two cycles there and back at 1e-12 each, logarithms included

    def test_accuracy_is_told(self, case, solver):
        solver.advance(solver.prepare(case.initial), 0.0, case.machine.period)
        accuracy = solver.accuracy()
        assert all(isinstance(name, str) and 0.0 <= value < 1e-10 for name, value in accuracy.items())

    @staticmethod
    def _compare(snapshot, hand, mean, covariance, time, *, tolerance):
        machine = hand.machine
        near = {"rtol": 0.0, "atol": tolerance}
        assert np.allclose(snapshot.subsystem_energies, hand.subsystem_energies(mean, covariance, time), **near)
        assert np.allclose(snapshot.reservoir_energies, hand.reservoir_energies(mean, covariance), **near)
        assert np.allclose(snapshot.subsystem_entropies, [hand.entropy(covariance, [n]) for n in machine.subsystem_names], **near)
        assert np.allclose(snapshot.reservoir_entropies, [hand.entropy(covariance, [n]) for n in machine.reservoir_names], **near)
        assert snapshot.system_entropy == pytest.approx(hand.entropy(covariance, machine.subsystem_names), abs=tolerance)
        assert snapshot.reservoirs_entropy == pytest.approx(hand.entropy(covariance, machine.reservoir_names), abs=tolerance)
        everything = (*machine.subsystem_names, *machine.reservoir_names)
        assert snapshot.total_entropy == pytest.approx(hand.entropy(covariance, everything), abs=tolerance)
