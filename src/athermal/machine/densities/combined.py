"""Sums of spectral densities, and any of them in a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.densities.base import Convention, SpectralDensity, as_density, marks_within
from athermal.machine.densities.brownian import UnderdampedBrownian
from athermal.machine.densities.simple import FlatBand, FunctionDensity, Ohmic
from athermal.machine.densities.table import TabulatedDensity


@dataclass(frozen=True)
class SumDensity(SpectralDensity, operator="+"):
    """The sum of spectral densities of one convention; `one + other` makes it.

    Parameters
    ----------
    densities : sequence of SpectralDensity

    Raises
    ------
    MachineError
        If there is none, or their conventions differ.

    Examples
    --------
    >>> structured = Ohmic(friction=0.1, cutoff=5.0) + UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
    >>> round(float(structured(np.array([1.0]))[0]), 6)  # 2.5 + 0.1 e^-0.2
    2.581873
    """

    densities: tuple[AnySpectralDensity, ...]
    kind: Literal["sum"] = field(default="sum", repr=False)

    def __post_init__(self) -> None:
        owner = "a sum of spectral densities"
        members = _validate.entries(self.densities, "densities", owner, "be a list of at least one spectral density")
        if not members:
            raise MachineError(f"`densities` of {owner} must be a list of at least one spectral density, but is empty.")
        for k, member in enumerate(members):
            as_density(member, f"densities[{k}]", owner)
        if len(found := {member.convention for member in members}) > 1:
            raise MachineError(f"`densities` of {owner} must have one `convention`, but have {' and '.join(sorted(found))}.")
        flat = [inner for member in members for inner in (member.densities if isinstance(member, SumDensity) else (member,))]
        object.__setattr__(self, "densities", tuple(flat))

    @property
    def convention(self) -> Convention:  # type: ignore[override]
        """That of its members."""
        return self.densities[0].convention

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        total = np.zeros(w.shape)
        for member in self.densities:
            low, high = member.support
            inside = (w >= low) & (w <= high)
            total[inside] += member(w[inside])
        return total

    @property
    def support(self) -> tuple[float, float]:
        ends = [member.support for member in self.densities]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @property
    def scale(self) -> float:
        return max(member.scale for member in self.densities)

    @property
    def landmarks(self) -> tuple[float, ...]:
        found = {mark for member in self.densities for mark in (*member.landmarks, *member.support, member.scale)}
        return marks_within(found, self.support)

    @property
    def poles(self) -> tuple[complex, ...]:
        return tuple(pole for member in self.densities for pole in member.poles) if self.is_rational else ()

    @property
    def is_rational(self) -> bool:
        return all(member.is_rational for member in self.densities)

    def end_of(self, fraction: float) -> float:
        return max(member.end_of(fraction) for member in self.densities)


if TYPE_CHECKING:
    AnySpectralDensity = SpectralDensity
else:  # what a file may hold, told apart by its `kind`
    AnySpectralDensity = Annotated[
        Ohmic | FlatBand | FunctionDensity | UnderdampedBrownian | SumDensity | TabulatedDensity, Field(discriminator="kind")
    ]
