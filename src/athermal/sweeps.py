"""What `athermal.sweep` is told beside a `Grid`, and what it and `athermal.rerun` return."""

from athermal.study import Failure, Rerun, Sample, Sweep, Table, cycles_beyond_carnot

__all__ = ["Failure", "Rerun", "Sample", "Sweep", "Table", "cycles_beyond_carnot"]
