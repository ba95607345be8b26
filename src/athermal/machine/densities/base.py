"""What every spectral density is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError

Convention = Literal["J", "kappa"]


class SpectralDensity(ABC):
    """A spectral density on [low, high], in one of the two conventions.

    A kind of density that an operator makes of two others says so: `class SumDensity(SpectralDensity, operator="+")`.

    Examples
    --------
    >>> import athermal as at
    >>> density = at.densities.FlatBand(0.1, 0.5, 1.5) + at.densities.FlatBand(0.2, 1.0, 2.0)
    >>> density.support, density(np.array([0.7, 1.2])).round(3)
    ((0.5, 2.0), array([0.1, 0.3]))
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    _made_by: ClassVar[dict[str, Callable[[tuple[Any, ...]], SpectralDensity]]] = {}
    convention: Convention

    def __init_subclass__(cls, *, operator: str = "") -> None:
        super().__init_subclass__()
        if operator:
            SpectralDensity._made_by[operator] = cls

    @abstractmethod
    def __call__(self, frequency: FloatArray) -> FloatArray:
        """Return J(w) or kappa(w)."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The interval (low, high) outside which the density is zero, on either side of zero; its ends may be infinite."""

    @property
    @abstractmethod
    def scale(self) -> float:
        """How large |w| is where the density is large, above zero: what sets the scale of the tangent grid."""

    def end_of(self, fraction: float) -> float:
        """Return the frequency beyond which `fraction` of integral J(w)/w dw lies: the end of the support, if it has one."""
        _ = fraction
        return self.support[1]

    @property
    def landmarks(self) -> tuple[float, ...]:
        """Frequencies between which it is smooth: where it has peaks or kinks that would be missed if nobody looked there."""
        return ()

    @property
    def poles(self) -> tuple[complex, ...]:
        """Its poles above the real axis, if it is a rational function, odd in w, all of them simple; none are told of others."""
        return ()

    @property
    def is_rational(self) -> bool:
        """Whether `poles` tells all there is of it."""
        return len(self.poles) > 0

    def __add__(self, other: SpectralDensity) -> SpectralDensity:
        """Return the sum of two densities."""
        if not isinstance(other, SpectralDensity):
            return NotImplemented
        return SpectralDensity._made_by["+"]((self, other))

    def squared_coupling(self, frequency: FloatArray) -> FloatArray:
        """Return g^2 per unit of frequency: (2/pi) J(w), or kappa(w) / (2 pi)."""
        return np.asarray(self.coupling_factor * self(frequency))

    @property
    def coupling_factor(self) -> float:
        """g^2 per unit of frequency over J (2/pi) or kappa (1/2 pi)."""
        return 2.0 / math.pi if self.convention == "J" else 0.5 / math.pi


def as_density(value: Any, what: str, owner: str) -> SpectralDensity:
    """Return `value` if it is a spectral density, or raise `MachineError`."""
    if not isinstance(value, SpectralDensity):
        raise MachineError(
            f"`{what}` of {owner} must be a spectral density (Ohmic, UnderdampedBrownian, FlatBand, TabulatedDensity, "
            f"FunctionDensity or a sum of them), but is {_validate.shown(value)}."
        )
    return value


def marks_within(found: Iterable[float], support: tuple[float, float]) -> tuple[float, ...]:
    """Return finite frequencies, ascending; none at zero if the support begins there, for panels shrink towards that anyway."""
    return tuple(sorted(mark for mark in found if math.isfinite(mark) and (mark != 0.0 or support[0] < 0.0)))
