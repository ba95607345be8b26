"""Spectral densities by a formula: Ohmic ones, flat bands, any function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy.special import gammainccinv

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.densities.base import Convention, SpectralDensity


@dataclass(frozen=True)
class Ohmic(SpectralDensity):
    """Power law with cut-off: J(w) = friction w (w/cutoff)^(exponent - 1) cut(w/cutoff).

    cut(y) is e^-y ("exponential"), 1/(1 + y^2) ("drude") or 1 up to y = 1 ("hard"); exponent 1 is Ohmic, below sub-Ohmic,
    above super-Ohmic. With the Drude cut-off and exponent 1 this is the memory friction of Caldeira and Leggett,
    Physica A 121, 587 (1983): J = friction w wD^2/(w^2 + wD^2). J goes with the dimensionless x of an oscillator, so the friction
    rate of a particle of unit mass at reference frequency w0 is friction x w0.

    Examples
    --------
    >>> float(Ohmic(friction=1.0, cutoff=10.0, cutoff_shape="drude")(np.array([10.0]))[0])
    5.0
    """

    friction: float
    cutoff: float
    exponent: float = 1.0
    cutoff_shape: Literal["exponential", "drude", "hard"] = "exponential"
    convention: Convention = "J"
    kind: Literal["ohmic"] = field(default="ohmic", repr=False)

    def __post_init__(self) -> None:
        owner = "an Ohmic spectral density"
        for name in ("friction", "cutoff", "exponent"):
            object.__setattr__(self, name, _validate.positive(getattr(self, name), name, owner))
        _validate.choice(self.cutoff_shape, "cutoff_shape", owner, ("exponential", "drude", "hard"))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))
        if self.cutoff_shape == "drude" and self.exponent >= 2.0:
            raise MachineError(
                f"`exponent` of {owner} must be below 2 with a Drude cut-off, or the counter-term diverges, but is "
                f"{self.exponent}. Use an exponential or a hard cut-off."
            )

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        y = w / self.cutoff
        if self.cutoff_shape == "exponential":
            cut = np.exp(-y)
        elif self.cutoff_shape == "drude":
            with np.errstate(over="ignore"):  # y^2 may be beyond float, its inverse is not
                cut = 1.0 / (1.0 + y * y)
        else:
            cut = np.where(y <= 1.0, 1.0, 0.0)
        return np.asarray(self.friction * self.cutoff * y**self.exponent * cut)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, self.cutoff if self.cutoff_shape == "hard" else math.inf

    @property
    def poles(self) -> tuple[complex, ...]:
        return (1j * self.cutoff,) if self.cutoff_shape == "drude" and self.exponent == 1.0 else ()

    @property
    def scale(self) -> float:
        return self.cutoff

    def end_of(self, fraction: float) -> float:
        if self.cutoff_shape == "exponential":  # Gamma(s, w/cutoff)/Gamma(s)
            return float(self.cutoff * gammainccinv(self.exponent, fraction))
        if self.cutoff_shape == "hard":
            return self.cutoff
        # integral_y^inf y^(s-1)/(1 + y^2) dy is y^(s-2)/(2 - s) far out, and pi/2 / sin(pi s/2) from zero
        whole = 0.5 * math.pi / math.sin(0.5 * math.pi * self.exponent)
        return float(self.cutoff * ((2.0 - self.exponent) * fraction * whole) ** (1.0 / (self.exponent - 2.0)))


@dataclass(frozen=True)
class FlatBand(SpectralDensity):
    """A constant rate on a band, of either sign: kappa(w) = rate for low <= w <= high (as a "J" if `convention` says so).

    Examples
    --------
    >>> FlatBand(rate=0.2, low=1.4, high=2.6)(np.array([1.0, 2.0]))
    array([0. , 0.2])
    """

    rate: float
    low: float
    high: float
    convention: Convention = "kappa"
    kind: Literal["flat_band"] = field(default="flat_band", repr=False)

    def __post_init__(self) -> None:
        owner = "a flat band"
        object.__setattr__(self, "rate", _validate.positive(self.rate, "rate", owner))
        _check_band(self, owner)
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        return np.where((w >= self.low) & (w <= self.high), self.rate, 0.0)

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def scale(self) -> float:
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class FunctionDensity(SpectralDensity):
    """Any function of frequency on [low, high], of either sign, nowhere negative.

    Examples
    --------
    >>> FunctionDensity(lambda w: w**2, low=0.0, high=3.0)(np.array([2.0]))
    array([4.])
    """

    function: Callable[[float], float]
    low: float
    high: float
    convention: Convention = "J"
    kind: Literal["function"] = field(default="function", repr=False)

    def __post_init__(self) -> None:
        owner = "a function density"
        if not callable(self.function):
            raise MachineError(
                f"`function` of {owner} must be a Python function of frequency, but is {_validate.shown(self.function)}."
            )
        _check_band(self, owner)
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        flat = np.ravel(frequency)
        given = [_validate.called(self.function, float(w), "a function density", "w") for w in flat]
        values = [
            _validate.not_negative(value, "value", f"a function density at w = {w:.6g}")
            for value, w in zip(given, flat, strict=True)
        ]
        return np.array(values).reshape(np.shape(frequency))

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def scale(self) -> float:
        return max(abs(self.low), abs(self.high))


def _check_band(density: FlatBand | FunctionDensity, owner: str) -> None:
    """Check the ends of a band."""
    for what in ("low", "high"):
        object.__setattr__(density, what, _validate.real(getattr(density, what), what, owner))
    if density.high <= density.low:
        raise MachineError(f"`high` of {owner} must be above `low` = {density.low}, but is {density.high}.")
