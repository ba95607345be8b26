"""The limit cycle of a driven linear machine with continuous baths, without time stepping, and its stability."""

from athermal.limit.cycle import LimitCycle
from athermal.limit.exponents import floquet_exponents
from athermal.limit.limit_cycle import limit_cycle

__all__ = ["LimitCycle", "floquet_exponents", "limit_cycle"]
