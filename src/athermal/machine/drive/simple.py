"""Drives of one formula: constant, harmonic, rotating."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.machine.drive.base import Drive, Side, Values


@dataclass(frozen=True)
class Constant(Drive):
    """A drive that does not change: f(t) = value.

    Examples
    --------
    >>> Constant(2.0).value(np.array([0.0, 1.0]))
    array([2., 2.])
    """

    constant: float
    kind: Literal["constant"] = field(default="constant", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "constant", _validate.real(self.constant, "constant", "a constant drive"))

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.full(np.shape(times), self.constant)

    def derivative(self, times: FloatArray) -> Values:
        return np.zeros(np.shape(times))

    def is_constant(self, start: float, stop: float) -> bool:
        return True


@dataclass(frozen=True)
class Harmonic(Drive):
    """A cosine: f(t) = amplitude cos(frequency t + phase).

    Examples
    --------
    >>> Harmonic(2.0, frequency=1.0).value(np.array([0.0]))
    array([2.])
    """

    amplitude: float
    frequency: float
    phase: float = 0.0
    kind: Literal["harmonic"] = field(default="harmonic", repr=False)

    def __post_init__(self) -> None:
        for name in ("amplitude", "phase"):
            object.__setattr__(self, name, _validate.real(getattr(self, name), name, "a harmonic drive"))
        frequency = _validate.positive(
            self.frequency, "frequency", "a harmonic drive", remedy="For a constant use a number, for -w change the phase."
        )
        object.__setattr__(self, "frequency", frequency)

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.asarray(self.amplitude * np.cos(self.frequency * times + self.phase))

    def derivative(self, times: FloatArray) -> Values:
        return np.asarray(-self.amplitude * self.frequency * np.sin(self.frequency * times + self.phase))

    def is_constant(self, start: float, stop: float) -> bool:
        return self.amplitude == 0.0

    @property
    def own_period(self) -> float | None:
        return 2.0 * math.pi / self.frequency if self.amplitude else None


@dataclass(frozen=True)
class Rotating(Drive):
    """A rotating phase: g(t) = amplitude e^{i(frequency t + phase)}, the (cos, sin) pair of a coupling.

    In `Exchange` it gives g(t) a b^dag + h.c., in `TwoModeSqueezing` g(t) a b + h.c. The frequency may be negative; with
    frequency zero it is a constant phase, so that `c + s * Rotating(1.0, 0.0, phase=np.pi / 2)` is the complex drive
    c(t) + i s(t) of two real ones.

    Examples
    --------
    >>> Rotating(0.5, frequency=1.0).value(np.array([0.0]))
    array([0.5+0.j])
    """

    amplitude: float
    frequency: float
    phase: float = 0.0
    kind: Literal["rotating"] = field(default="rotating", repr=False)

    def __post_init__(self) -> None:
        for name in ("amplitude", "frequency", "phase"):
            object.__setattr__(self, name, _validate.real(getattr(self, name), name, "a rotating drive"))

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.asarray(self.amplitude * np.exp(1j * (self.frequency * times + self.phase)))

    def derivative(self, times: FloatArray) -> Values:
        return np.asarray(1j * self.frequency * self.value(times))

    def is_constant(self, start: float, stop: float) -> bool:
        return self.own_period is None

    @property
    def own_period(self) -> float | None:
        return 2.0 * math.pi / abs(self.frequency) if self.amplitude and self.frequency else None

    @property
    def is_complex(self) -> bool:
        return True
