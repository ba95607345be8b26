"""The parts of a machine: oscillators (subsystems) and harmonic baths (reservoirs).

Quadratures are dimensionless: an oscillator of frequency w has H = w (x^2 + p^2)/2, a = (x + i p)/sqrt 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from athermal.machine.parts.network import Chain, CoupledBath, Ring
from athermal.machine.parts.oscillator import Oscillator
from athermal.machine.parts.reservoir import Reservoir, local_spacing
from athermal.machine.parts.star import Bath, ContinuumBath

__all__ = [
    "AnyReservoir",
    "Bath",
    "Chain",
    "ContinuumBath",
    "CoupledBath",
    "Oscillator",
    "Reservoir",
    "Ring",
    "local_spacing",
]

if TYPE_CHECKING:
    AnyReservoir = Reservoir
else:  # what a file may hold, told apart by its `kind`
    AnyReservoir = Annotated[Bath | ContinuumBath | Ring | Chain | CoupledBath, Field(discriminator="kind")]
