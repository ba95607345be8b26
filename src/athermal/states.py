"""States: the base of the initial ones, and the density matrix nearest to a given matrix."""

from athermal.machine.initial import InitialState
from athermal.machine.nearest import nearest_state

__all__ = ["InitialState", "nearest_state"]
