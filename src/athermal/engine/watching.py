"""What a run keeps beside its ledger: observables as columns, and states of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.backends.base import Keeper, Solver, Watch
from athermal.errors import MachineError
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable, as_kept, as_observables, check_observables
from athermal.machine.spec import to_spec
from athermal.thermodynamics import schema
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Snapshot
from athermal.thermodynamics.states import Kept

_GIB = 2.0**30
_MOST_GIB = 8.0


@dataclass(frozen=True)
class Wanted:
    """What a run is asked to keep.

    Parameters
    ----------
    observables : tuple of (str, Observable)
    keep : tuple of tuples of str
        Groups of parts whose joint states are kept.
    """

    observables: tuple[tuple[str, Observable], ...] = ()
    keep: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, observables: Any, keep_states: Any, machine: Machine) -> Wanted:
        """Return it from what a user gives, checked against the machine."""
        named = as_observables(observables)
        check_observables(named, machine)
        for name, _ in named:
            if name in schema.of_intervals() or hasattr(Ledger, name):
                raise MachineError(f"The name of an observable must not be that of a column of the ledger, but is {name!r}.")
        return cls(named, as_kept(keep_states, machine))

    def facts(self) -> dict[str, Any]:
        """Return what the provenance says of it; an observable that has no plain form is null."""
        found: dict[str, Any] = {}
        if self.observables:
            found["observables"] = {name: to_spec(entry) for name, entry in self.observables}
        return found | ({"keep_states": [list(group) for group in self.keep]} if self.keep else {})


@dataclass
class Watcher:
    """It takes from each state of a run what is wanted of it."""

    wanted: Wanted
    solver: Solver[Any]
    instants: int
    groups: list[list[Kept]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._read: Watch[Any] = self.solver.watch([entry for _, entry in self.wanted.observables])
        self._keepers: list[Keeper[Any]] = [self.solver.keeper(parts) for parts in self.wanted.keep]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the observables."""
        return tuple(name for name, _ in self.wanted.observables)

    def keep(self, state: Any) -> None:
        """Keep the states of parts at one instant."""
        kept = [keeper(state) for keeper in self._keepers]
        if kept and not self.groups:
            size = sum(values.nbytes for group in kept for values in group.arrays.values() if values is not None)
            if (total := size * self.instants / _GIB) > _MOST_GIB:
                raise MachineError(
                    f"The states that are kept must take at most {_MOST_GIB:g} GiB, but at {self.instants} instants would take "
                    f"{total:.3g} GiB. Keep fewer or smaller parts, sample less often, or read observables."
                )
        self.groups.append(kept)

    def stacked(self, instants: int) -> tuple[Kept, ...]:
        """Return the states kept at the first so many instants, stacked."""
        return tuple(_stacked([kept[k] for kept in self.groups[:instants]]) for k in range(len(self._keepers)))

    def observed(
        self, state: Any, snapshot: Snapshot, replicate: tuple[Snapshot, FloatArray] | None
    ) -> tuple[Snapshot, tuple[Snapshot, FloatArray] | None]:
        """Return a snapshot, and those of the replicates, with the observables among their columns."""
        if not self.names:
            return snapshot, replicate
        values, others = self._read(state)
        if replicate is not None:
            snapshots, works = replicate
            if others is None:
                others = np.full((len(works), len(values)), np.nan)
            replicate = _with(snapshots, others), works
        return _with(snapshot, values), replicate


def _with(snapshot: Snapshot, values: FloatArray) -> Snapshot:
    return replace(snapshot, extras={**snapshot.extras, "observables": values})


def _stacked(kept: Sequence[Kept]) -> Kept:
    arrays = {
        name: None if values is None else np.array([group.arrays[name] for group in kept])
        for name, values in kept[0].arrays.items()
    }
    return Kept(kept[0].parts, kept[0].sizes, **arrays)
