"""Invariances of the master equations: units, the order and names of parts, a stranger beside, an earlier run."""

from __future__ import annotations

from dataclasses import replace

import athermal as at
from backends.invariance import Invariance

DRUDE = at.Ohmic(friction=0.05, cutoff=5.0, cutoff_shape="drude")


def position(subsystem, bath, strength=1.0):
    return at.OperatorCoupling((subsystem, bath), ("sigmax", "position"), strength)


def baths(t_hot, t_cold):
    return [at.ContinuumBath("hot", t_hot, DRUDE), at.ContinuumBath("cold", t_cold, DRUDE)]


def strokes():
    """Sudden and smooth strokes of one of two coupled qubits that meet a bath each."""
    frequency = at.Strokes((2.0, 3.0), (1.0, 1.6), ramps=(0.0, 1.0))
    return at.Machine(
        [at.Qubit("a", frequency), at.Qubit("b", 0.8)],
        baths(2.0, 0.5),
        [at.Exchange(("a", "b"), 0.2), position("a", "hot"), position("b", "cold", at.Strokes((2.5, 2.5), (0.0, 1.5)))],
        period=5.0,
        name="strokes",
    )


def wave():
    """A driven qubit with both baths."""
    push = at.OperatorCoupling("q", "sigmax", at.Harmonic(0.3, frequency=2.0))
    return at.Machine(
        [at.Qubit("q", 1.0)],
        baths(1.0, 0.2),
        [position("q", "hot"), position("q", "cold"), push],
        period=3.1415926535897932,
        name="wave",
    )


def one_contact():
    """A qubit whose frequency is driven, and a bath that remembers."""
    return at.Machine(
        [at.Qubit("q", 1.0 + at.Harmonic(0.3, frequency=2.0))],
        [at.ContinuumBath("hot", 1.0, at.Ohmic(friction=0.05, cutoff=2.0, cutoff_shape="drude"))],
        [position("q", "hot")],
        period=3.1415926535897932,
        name="one contact",
    )


class Open(Invariance):
    # what the integrator's tolerance leaves of energies of some units
    rounding = 1e-8
    machines = (wave(),)

    def test_what_is_said_of_a_run_is_its_own(self, machine):
        """A later run through the same solver, whose state is none, changes nothing of it."""
        solver = self.backend.bind(machine)
        first, _ = solver.advance(solver.prepare(machine.initial), 0.0, machine.period)
        before = solver.accuracy_of(first), solver.remarks_on(first)
        held = getattr(first, "runs", (first,))
        none = replace(held[0], vector=-held[0].vector)
        other = replace(first, runs=(none, *held[1:])) if len(held) > 1 or held[0] is not first else none
        after, _ = solver.advance(other, machine.period, 2.0 * machine.period)
        assert solver.accuracy_of(after)["lowest_eigenvalue"] < solver.accuracy_of(first)["lowest_eigenvalue"]
        assert (solver.accuracy_of(first), solver.remarks_on(first)) == before

    def stranger(self, machine):
        return at.Machine(
            [at.Qubit("lone", 1.1)],
            [at.ContinuumBath("lone bath", 0.6, DRUDE)],
            [position("lone", "lone bath")],
            machine.period,
        )


class TestLindblad(Open):
    machines = (strokes(), wave())
    backend = at.Lindblad()


class TestBlochRedfield(Open):
    backend = at.BlochRedfield()


class TestLocal(Open):
    machines = (strokes(),)
    backend = at.Lindblad(approach="local")


class TestFloquetMarkov(Open):
    backend = at.FloquetMarkov(harmonics=24)


class TestHEOM(Open):
    # of exponentials that a search found, and of the integrator
    rounding = 1e-7
    scales = (1e-9, 1e9)
    machines = (one_contact(),)
    backend = at.HEOM(depth=3, exponents=3, check=False)

    def test_a_stranger_adds(self, machine):
        """Not to rounding: tiers are counted together, so that those of two baths are cut where one alone is not."""
        self.rounding = 2e-4
        super().test_a_stranger_adds(machine)
