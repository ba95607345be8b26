"""What a backend says that it tells, held to what it does tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

import athermal as at
from athermal.testing.checks import Checks
from athermal.testing.held import held_machines
from athermal.thermodynamics.snapshot import ALWAYS, Snapshot


def unknown_of(snapshot: Snapshot) -> set[str]:
    """Return what is NaN in a snapshot, by name."""
    values = {name: getattr(snapshot, name) for name in ALWAYS} | dict(snapshot.extras)
    return {name for name, held in values.items() if np.isnan(held).any()}


class Telling(Checks):
    """The snapshots of a backend have what its `tells` declares, and NaN there only. A subclass sets `backend`.

    Attributes
    ----------
    backend : Backend
    machines : iterable of Machine, optional
        If left out, all small machines of the package that the backend can hold.
    """

    machines: ClassVar[Iterable[at.Machine] | None] = None

    def parameters(self) -> Mapping[str, Sequence[Any]]:
        machines = held_machines(self.backend) if self.machines is None else self.machines
        return {**super().parameters(), "machine": list(machines)}

    def test_it_tells_what_it_declares(self, machine):
        solver, tells = self.backend.bind(machine), self.backend.tells
        state = solver.prepare(machine.initial)
        state, _ = solver.advance(state, 0.0, 0.1 * machine.period)
        snapshot = solver.snapshot(state, 0.1 * machine.period)
        told, unknown = set(snapshot.extras), unknown_of(snapshot)
        assert told <= tells.extras, "further columns that `tells` does not declare"
        assert unknown <= tells.unknown | tells.doubtful, "unknown, though `tells` does not declare it"
        if machine.reservoirs:
            assert tells.unknown & {*ALWAYS, *told} <= unknown, "known, though `tells` declares it unknown"
            assert np.isfinite(solver.reference.log_partitions).all() == tells.knows_partitions
