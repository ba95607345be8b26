"""The parts of a machine; each names the families of machines that it may be of.

Gaussian: oscillators (subsystems) and harmonic baths (reservoirs). Quadratures are dimensionless: an oscillator of frequency w
has H = w (x^2 + p^2)/2, a = (x + i p)/sqrt 2.

Finite: qubits, qudits and truncated oscillators (subsystems); spin baths, baths of truncated oscillators, and baths given by
their Hamiltonian (reservoirs).

A `ContinuumBath` is a reservoir of oscillators, and of finite subsystems that are followed alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Discriminator, Field, Tag

from athermal.machine.parts.finite import FiniteSubsystem, Qubit, Qudit, TruncatedOscillator
from athermal.machine.parts.finite_bath import FiniteBath, FiniteReservoir, SpinBath, TruncatedBath
from athermal.machine.parts.harmonic import HarmonicReservoir, local_spacing
from athermal.machine.parts.network import Chain, CoupledBath, Ring
from athermal.machine.parts.oscillator import Oscillator
from athermal.machine.parts.reservoir import Reservoir
from athermal.machine.parts.star import Bath, ContinuumBath
from athermal.machine.parts.subsystem import Subsystem

__all__ = [
    "AnyReservoir",
    "AnySubsystem",
    "Bath",
    "Chain",
    "ContinuumBath",
    "CoupledBath",
    "FiniteBath",
    "FiniteReservoir",
    "FiniteSubsystem",
    "HarmonicReservoir",
    "Oscillator",
    "Qubit",
    "Qudit",
    "Reservoir",
    "Ring",
    "SpinBath",
    "Subsystem",
    "TruncatedBath",
    "TruncatedOscillator",
    "local_spacing",
]


def _kind(value: Any) -> str:
    """Return the kind of a subsystem; one without a `kind` is an oscillator."""
    return str(value.get("kind", "oscillator") if isinstance(value, dict) else getattr(value, "kind", ""))


if TYPE_CHECKING:
    AnyReservoir = Reservoir
    AnySubsystem = Oscillator | FiniteSubsystem
else:  # what a file may hold, told apart by its `kind`
    AnyReservoir = Annotated[
        Bath | ContinuumBath | Ring | Chain | CoupledBath | SpinBath | TruncatedBath | FiniteBath, Field(discriminator="kind")
    ]
    AnySubsystem = Annotated[
        Annotated[Oscillator, Tag("oscillator")]
        | Annotated[Qubit, Tag("qubit")]
        | Annotated[Qudit, Tag("qudit")]
        | Annotated[TruncatedOscillator, Tag("truncated_oscillator")],
        Discriminator(_kind),
    ]
