"""Run a machine, and tell how good the answer is."""

from athermal.engine.audit import audit
from athermal.engine.audit_result import Audit
from athermal.engine.progress import Progress
from athermal.engine.run import run

__all__ = ["Audit", "Progress", "audit", "run"]
