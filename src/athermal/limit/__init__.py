"""The limit cycle of a machine with continuous baths, found and not waited for, and its stability."""

from athermal.limit.cycle import LimitCycle
from athermal.limit.exponents import floquet_exponents
from athermal.limit.fixed_cycle import FixedCycle
from athermal.limit.harmonic_cycle import HarmonicCycle
from athermal.limit.limit_cycle import limit_cycle

__all__ = ["FixedCycle", "HarmonicCycle", "LimitCycle", "floquet_exponents", "limit_cycle"]
