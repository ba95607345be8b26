"""Spectral densities of continuous baths, and their modes.

>>> from athermal.densities import Ohmic
>>> density = Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude")  # J = 0.1 w 25/(w^2 + 25)
>>> float(density(np.array([5.0]))[0])
0.25
"""

from athermal.machine.densities import (
    FlatBand,
    FunctionDensity,
    Ohmic,
    SpectralDensity,
    SumDensity,
    TabulatedDensity,
    UnderdampedBrownian,
    discretise,
)

__all__ = [
    "FlatBand",
    "FunctionDensity",
    "Ohmic",
    "SpectralDensity",
    "SumDensity",
    "TabulatedDensity",
    "UnderdampedBrownian",
    "discretise",
]
