"""Periodic drives: scalars in time that know their derivative and their jump times.

Every drive has a value and a derivative at an array of times, the breakpoints at which it is not smooth, and the
stretches on which it is constant. At a jump, `side` chooses the limit: "right" (the default) or "left".
Drives add and multiply: `Constant(1.0) + 0.2 * Harmonic(1.0, frequency=2.0)`.
"""

from athermal.machine.drive.base import TIME_RESOLUTION, Drive, Side, Values
from athermal.machine.drive.combined import AnyDrive, Component, Product, Sum, as_drive, breakpoints_within, check_period
from athermal.machine.drive.function import Function
from athermal.machine.drive.simple import Constant, Harmonic, Rotating
from athermal.machine.drive.strokes import Strokes

__all__ = [
    "TIME_RESOLUTION",
    "AnyDrive",
    "Component",
    "Constant",
    "Drive",
    "Function",
    "Harmonic",
    "Product",
    "Rotating",
    "Side",
    "Strokes",
    "Sum",
    "Values",
    "as_drive",
    "breakpoints_within",
    "check_period",
]
