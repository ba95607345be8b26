"""The subsystem: a harmonic oscillator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive import AnyDrive, Drive, as_drive, breakpoints_within
from athermal.machine.parts.subsystem import Subsystem


@dataclass(frozen=True)
class Oscillator(Subsystem):
    """A harmonic oscillator, a subsystem of the machine.

    Its quadratures are scaled at the reference frequency w0, so that a constant oscillator has H = w0 (x^2 + p^2)/2.

    Parameters
    ----------
    name : str
    frequency : float or Drive
        w(t) > 0.
    law : {"potential", "number"}
        How a driven frequency enters. "potential": a particle of fixed mass in a trap, H = w0 p^2/2 + (w(t)^2/w0) x^2/2,
        so that a fast change squeezes the state. "number": H = w(t) (x^2 + p^2)/2, so that it does not.
    reference_frequency : float, optional
        w0; the frequency at time zero if left out.

    Examples
    --------
    >>> Oscillator("a", frequency=2.0).reference
    2.0
    """

    families: ClassVar[tuple[str, ...]] = ("harmonic",)
    with_levels: ClassVar[str] = "TruncatedOscillator"

    name: str
    frequency: AnyDrive | float
    law: Literal["potential", "number"] = "potential"
    reference_frequency: float | None = None
    kind: Literal["oscillator"] = field(default="oscillator", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "an oscillator")
        owner = f"oscillator {self.name!r}"
        if not isinstance(self.frequency, Drive):
            _validate.positive(self.frequency, "frequency", owner)
        frequency = as_drive(self.frequency, "frequency", owner, real=True)
        object.__setattr__(self, "frequency", frequency)
        _validate.choice(self.law, "law", owner, ("potential", "number"))
        if self.reference_frequency is not None:
            object.__setattr__(
                self, "reference_frequency", _validate.positive(self.reference_frequency, "reference_frequency", owner)
            )
        horizon = max((leaf.own_period or 0.0 for leaf in frequency.leaves()), default=0.0)
        lowest = self.lowest_frequency(horizon)
        if lowest <= 0.0:
            raise MachineError(f"`frequency` of {owner} must be positive at all times, but reaches {lowest:.6g}.")

    @property
    def drives(self) -> tuple[tuple[str, Drive], ...]:
        return (("frequency", self.drive),)

    def transitions(self, times: FloatArray) -> FloatArray:
        return np.unique(self.drive.value(times))

    @property
    def owner(self) -> str:
        return f"oscillator {self.name!r}"

    @property
    def drive(self) -> Drive:
        """The frequency as a drive."""
        return as_drive(self.frequency, "frequency", self.name)

    @property
    def reference(self) -> float:
        """w0, the frequency at which the quadratures are scaled."""
        if self.reference_frequency is not None:
            return self.reference_frequency
        return float(self.drive.value(np.array([0.0]))[0])

    def lowest_frequency(self, period: float) -> float:
        """Return the smallest w(t) within `period`, sampled finely between breakpoints, both limits included."""
        return lowest_value(self.drive, period)


def lowest_value(drive: Drive, period: float) -> float:
    """Return the smallest value of a drive within `period`, sampled finely between breakpoints, both limits included."""
    fastest = min((leaf.own_period or period for leaf in drive.leaves()), default=period)
    n_times = 257 * max(1, round(period / fastest)) if fastest else 1
    times = np.unique(np.concatenate([np.linspace(0.0, period, n_times), breakpoints_within(drive, period)]))
    return float(min(np.min(drive.value(times)), np.min(drive.value(times, "left"))))
