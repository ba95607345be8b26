"""Invariances of the master equations: units, the order and names of parts, a stranger beside, an earlier run."""

from __future__ import annotations

from dataclasses import replace

import athermal as at
from athermal.testing import Invariance
from athermal.testing.open.machines import one_contact, strokes, wave


class Open(Invariance):
    # what the integrator's tolerance leaves of energies of some units
    rounding = 1e-8

    def test_what_is_said_of_a_run_is_its_own(self, machine):
        """A later run through the same solver, whose state is none, changes nothing of it."""
        solver = self.backend.bind(machine)
        first, _ = solver.advance(solver.prepare(machine.initial), 0.0, machine.period)
        before = solver.accuracy(first), solver.remarks(first)
        held = getattr(first, "runs", (first,))
        none = replace(held[0], vector=-held[0].vector)
        other = replace(first, runs=(none, *held[1:])) if len(held) > 1 or held[0] is not first else none
        after, _ = solver.advance(other, machine.period, 2.0 * machine.period)
        assert solver.accuracy(after)["lowest_eigenvalue"] < solver.accuracy(first)["lowest_eigenvalue"]
        assert (solver.accuracy(first), solver.remarks(first)) == before


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
