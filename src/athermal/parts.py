"""Parts of machines beside those at the top of the package: a bath by its quadratic form, and the bases of all parts.

>>> from athermal.parts import Reservoir
>>> isinstance(at.SpinBath("hot", 1.0, [1.0]), Reservoir)
True
"""

from athermal.machine.parts import CoupledBath, FiniteReservoir, FiniteSubsystem, HarmonicReservoir, Reservoir

__all__ = ["CoupledBath", "FiniteReservoir", "FiniteSubsystem", "HarmonicReservoir", "Reservoir"]
