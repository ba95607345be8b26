"""Run a machine, and tell how good the answer is."""

from athermal.engine.audit import Audit, audit
from athermal.engine.run import run
from athermal.engine.single import Progress

__all__ = ["Audit", "Progress", "audit", "run"]
