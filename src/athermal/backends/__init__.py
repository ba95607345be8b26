"""Backends turn a machine and an initial state into snapshots and work. They know nothing of laws or labels."""

from athermal.backends.base import Backend, Solver
from athermal.backends.preparer import Preparer

__all__ = ["Backend", "Preparer", "Solver"]
