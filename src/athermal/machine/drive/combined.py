"""Sums and products of drives, and what is asked of drives of any kind."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive.base import TIME_RESOLUTION, Drive, Side, Values
from athermal.machine.drive.function import Function
from athermal.machine.drive.simple import Constant, Harmonic, Rotating
from athermal.machine.drive.strokes import Strokes


class _Combined(Drive):
    """A drive made of others."""

    @property
    @abstractmethod
    def members(self) -> tuple[Drive, ...]:
        """The drives that it is made of."""

    def is_constant(self, start: float, stop: float) -> bool:
        return all(member.is_constant(start, stop) for member in self.members)

    def leaves(self) -> tuple[Drive, ...]:
        return tuple(leaf for member in self.members for leaf in member.leaves())

    @property
    def is_complex(self) -> bool:
        return any(member.is_complex for member in self.members)

    @property
    def is_always_constant(self) -> bool:
        return all(member.is_always_constant for member in self.members)


@dataclass(frozen=True)
class Sum(_Combined, operator="+"):
    """The sum of drives; `f + g` makes one.

    Examples
    --------
    >>> (Constant(1.0) + Harmonic(1.0, frequency=1.0)).value(np.array([0.0]))
    array([2.])
    """

    terms: tuple[AnyDrive, ...]
    kind: Literal["sum"] = field(default="sum", repr=False)

    def __post_init__(self) -> None:
        given = _validate.entries(self.terms, "terms", "a sum of drives", "be a list of drives")
        terms = tuple(as_drive(term, f"terms[{k}]", "a sum of drives") for k, term in enumerate(given))
        if not terms:
            raise MachineError("`terms` of a sum of drives must hold at least one drive, but is empty.")
        object.__setattr__(self, "terms", terms)

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.asarray(sum(term.value(times, side) for term in self.terms))

    def derivative(self, times: FloatArray) -> Values:
        return np.asarray(sum(term.derivative(times) for term in self.terms))

    @property
    def members(self) -> tuple[Drive, ...]:
        return self.terms


@dataclass(frozen=True)
class Product(_Combined, operator="*"):
    """The product of drives; `f * g` makes one.

    Examples
    --------
    >>> (2.0 * Harmonic(1.0, frequency=1.0)).value(np.array([0.0]))
    array([2.])
    """

    factors: tuple[AnyDrive, ...]
    kind: Literal["product"] = field(default="product", repr=False)

    def __post_init__(self) -> None:
        given = _validate.entries(self.factors, "factors", "a product of drives", "be a list of drives")
        factors = tuple(as_drive(factor, f"factors[{k}]", "a product of drives") for k, factor in enumerate(given))
        if not factors:
            raise MachineError("`factors` of a product of drives must hold at least one drive, but is empty.")
        object.__setattr__(self, "factors", factors)

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.asarray(math.prod((factor.value(times, side) for factor in self.factors), start=np.ones(np.shape(times))))

    def derivative(self, times: FloatArray) -> Values:
        values = [factor.value(times) for factor in self.factors]
        total: Values = np.zeros(np.shape(times))
        for k, factor in enumerate(self.factors):
            others = math.prod((v for j, v in enumerate(values) if j != k), start=np.ones(np.shape(times)))
            total = total + factor.derivative(times) * others
        return total

    @property
    def members(self) -> tuple[Drive, ...]:
        return self.factors


if TYPE_CHECKING:
    AnyDrive = Drive
else:  # what a file may hold, told apart by its `kind`
    AnyDrive = Annotated[Constant | Harmonic | Rotating | Strokes | Function | Sum | Product, Field(discriminator="kind")]


@dataclass(frozen=True)
class Component(Drive):
    """The real or imaginary part of a complex drive, as a real drive."""

    drive: Drive
    part: Literal["real", "imaginary"]

    def _take(self, values: Values) -> FloatArray:
        return np.asarray(values.real if self.part == "real" else np.imag(values), dtype=float)

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return self._take(self.drive.value(times, side))

    def derivative(self, times: FloatArray) -> Values:
        return self._take(self.drive.derivative(times))

    def is_constant(self, start: float, stop: float) -> bool:
        return self.drive.is_constant(start, stop)

    def leaves(self) -> tuple[Drive, ...]:
        return self.drive.leaves()

    @property
    def is_always_constant(self) -> bool:
        return self.drive.is_always_constant


def as_drive(value: Any, what: str, owner: str, *, real: bool = False) -> Drive:
    """Return `value` as a drive (a number is a constant), or raise `MachineError`."""
    if not isinstance(value, Drive):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise MachineError(f"`{what}` of {owner} must be a number or a drive, but is {_validate.shown(value)}.")
        return Constant(_validate.real(value, what, owner))
    if real and value.is_complex:
        raise MachineError(
            f"`{what}` of {owner} must be a real drive, but is a rotating one. Only exchange and two-mode-squeezing "
            "couplings, and operator couplings with `plus_conjugate`, have a phase; use `Harmonic` here."
        )
    return value


def breakpoints_within(drive: Drive, period: float) -> tuple[float, ...]:
    """Return all times in [0, period) at which `drive` is not smooth, its own period repeated."""
    times: set[float] = set()
    for leaf in drive.leaves():
        own = leaf.own_period
        if own is None:
            continue
        for k in range(round(period / own)):
            times.update(mark + k * own for mark in leaf.breakpoints())
    return tuple(sorted(t for t in times if t < period * (1.0 - TIME_RESOLUTION)))


def check_period(drive: Drive, period: float, what: str, owner: str) -> None:
    """Raise `MachineError` unless every part of `drive` repeats a whole number of times in `period`."""
    for leaf in drive.leaves():
        own = leaf.own_period
        if own is None or leaf.is_always_constant:
            continue
        repeats = period / own
        if round(repeats) < 1 or abs(repeats - round(repeats)) > 1e-10 * repeats:
            raise MachineError(
                f"`{what}` of {owner} must repeat a whole number of times in the machine's period {period:.12g}, but its "
                f"{type(leaf).__name__} drive repeats every {own:.12g} ({repeats:.12g} times). Change the drive's period or "
                "the machine's."
            )
