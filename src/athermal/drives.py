"""Drives: how a frequency or a strength depends on time, periodic, each with its derivative and its breakpoints.

Drives add, multiply, and are divided by numbers: ``1.0 + 0.2 * Harmonic(1.0, frequency=2.0)``.

>>> from athermal.drives import Harmonic
>>> drive = 1.0 + 0.2 * Harmonic(1.0, frequency=2.0)
>>> float(drive.value(np.array([0.0]))[0])
1.2
"""

from athermal.machine.drive import Constant, Drive, Function, Harmonic, Product, Rotating, Strokes, Sum

__all__ = ["Constant", "Drive", "Function", "Harmonic", "Product", "Rotating", "Strokes", "Sum"]
