"""What every drive is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray, IntArray
from athermal.errors import MachineError

Side = Literal["left", "right"]
Values = NDArray[Any]

# Two times closer than this, relative to the period, are the same instant.
TIME_RESOLUTION = 1e-11


class Drive(ABC):
    """A periodic scalar of time (complex only where it drives an exchange or two-mode-squeezing coupling).

    A kind of drive that an operator makes of two others says so: `class Sum(Drive, operator="+")`.

    Examples
    --------
    >>> import athermal as at
    >>> drive = 2.0 * at.drives.Strokes((1.0, 1.0), (0.0, 1.0))
    >>> drive.value(np.array([0.5, 1.5])), drive.is_constant(0.0, 1.0), len(drive.leaves())
    (array([0., 2.]), True, 2)
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    _made_by: ClassVar[dict[str, Callable[[tuple[Any, ...]], Drive]]] = {}

    def __init_subclass__(cls, *, operator: str = "") -> None:
        super().__init_subclass__()
        if operator:
            Drive._made_by[operator] = cls

    @abstractmethod
    def value(self, times: FloatArray, side: Side = "right") -> Values:
        """Return the value at an array of times."""

    @abstractmethod
    def derivative(self, times: FloatArray) -> Values:
        """Return the time derivative at an array of times that are no breakpoints."""

    @abstractmethod
    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether the drive is constant on a stretch that holds no breakpoint."""

    def breakpoints(self) -> tuple[float, ...]:
        """Return the times in [0, own period) at which a simple drive jumps or is not smooth; of others see `leaves`."""
        return ()

    def leaves(self) -> tuple[Drive, ...]:
        """Return the simple drives that this one is made of."""
        return (self,)

    @property
    def own_period(self) -> float | None:
        """The shortest time after which a simple drive repeats by construction; None of constant ones and of combined ones."""
        return None

    @property
    def is_complex(self) -> bool:
        """Whether the drive has a phase, as only exchange and two-mode-squeezing couplings can use."""
        return False

    @property
    def is_always_constant(self) -> bool:
        """Whether the drive never changes."""
        return self.own_period is None

    def __add__(self, other: Drive | float) -> Drive:
        """Return the sum."""
        return Drive._made_by["+"]((self, other))

    def __mul__(self, other: Drive | float) -> Drive:
        """Return the product."""
        return Drive._made_by["*"]((self, other))

    def __truediv__(self, other: float) -> Drive:
        """Return the drive divided by a number."""
        divisor = _validate.real(other, "divisor", "a drive")
        if divisor == 0.0:
            raise MachineError("`divisor` of a drive must not be zero, but is 0.")
        return self * (1.0 / divisor)

    def __neg__(self) -> Drive:
        """Return the negative."""
        return self * -1.0

    def __sub__(self, other: Drive | float) -> Drive:
        """Return the difference."""
        return self + other * -1.0

    def __rsub__(self, other: float) -> Drive:
        """Return a number minus the drive."""
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__


def place_in_period(
    times: FloatArray, period: float, edges: FloatArray, side: Side, marks: FloatArray | None = None
) -> tuple[FloatArray, IntArray]:
    """Return the phase of each time in its period, and which interval between `edges` it lies in, from the given side.

    Times that hit an edge or another mark up to rounding are taken to be exactly there.
    """
    known = edges if marks is None else np.concatenate([edges, marks])
    phase = np.mod(np.asarray(times, dtype=float), period)
    nearest = known[np.argmin(np.abs(phase[..., None] - known), axis=-1)]
    phase = np.where(np.abs(phase - nearest) <= TIME_RESOLUTION * period, nearest, phase)
    phase = np.where(phase >= period, 0.0, phase) if side == "right" else np.where(phase <= 0.0, period, phase)
    return phase, np.searchsorted(edges, phase, side=side) - 1
