"""A machine of the conformance suite, with a slow path beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import athermal as at
from athermal.thermodynamics.snapshot import Snapshot


@dataclass(frozen=True)
class Case(ABC):
    """A machine, a correlated state to start from, and a slow independent path: what a backend says, computed by hand."""

    name: str
    machine: at.Machine

    @property
    @abstractmethod
    def start(self) -> Any:
        """The state at time zero, as the slow path holds it."""

    @property
    @abstractmethod
    def initial(self) -> at.states.InitialState:
        """The same state, as a backend is told of it."""

    @abstractmethod
    def evolve(self, state: Any, start: float, stop: float) -> tuple[Any, float]:
        """Return the state at `stop` > `start` and the work done, by a general ODE solver."""

    @abstractmethod
    def look(self, state: Any, time: float) -> Snapshot:
        """Return all energies, entropies and extras."""

    @abstractmethod
    def log_partition(self, reservoir: str) -> float:
        """Return ln Z_j."""
