"""Many runs: sweeps over parameters, kept on disk, in one process, a pool or a cluster."""

from athermal.study.beyond_carnot import cycles_beyond_carnot
from athermal.study.design import Grid, Sample, Table
from athermal.study.outcomes import Failure
from athermal.study.rerun import Rerun, rerun
from athermal.study.result import Sweep
from athermal.study.saved import load
from athermal.study.sweep import sweep

__all__ = ["Failure", "Grid", "Rerun", "Sample", "Sweep", "Table", "cycles_beyond_carnot", "load", "rerun", "sweep"]
