"""What Hamiltonians of any kind share: terms with drives, acting on named parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np

from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive import TIME_RESOLUTION, Drive, Side, breakpoints_within

# Instants of which the strengths of all terms are kept.
_MOST_SEEN = 256


class AnyTerm(Protocol):
    """A term: the parts it acts on, its drive f(t), and the share of its energy that each of these parts owns."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it acts on."""

    @property
    def drive(self) -> Drive:
        """f(t), real."""

    @property
    def share(self) -> tuple[float, ...]:
        """One for each of the parts; a reservoir owns none of a coupling."""


class Assembled(Protocol):
    """A machine, as far as its Hamiltonian goes."""

    @property
    def hamiltonian(self) -> Any:
        """Of the family of the machine."""


Kind = TypeVar("Kind", bound=AnyTerm)


class DrivenTerms(Generic[Kind]):
    """The terms f_a(t) K_a of a Hamiltonian, as far as their drives and owners go."""

    words: ClassVar[str] = "a Hamiltonian"
    """What it is, in the words of messages."""

    @classmethod
    def of(cls, machine: Assembled) -> Self:
        """Return the Hamiltonian of a machine if it is of this kind, or raise `MachineError`."""
        held = machine.hamiltonian
        if not isinstance(held, cls):
            raise MachineError(f"This machine must have {cls.words}, but has {held.words}.")
        return held

    def __init__(
        self, terms: Sequence[Kind], subsystems: Sequence[str], reservoirs: Sequence[str], period: float, side: Side = "right"
    ) -> None:
        self.terms = tuple(terms)
        self.subsystems = tuple(subsystems)
        self.reservoirs = tuple(reservoirs)
        self.period = period
        self._seen: dict[tuple[float, Side], FloatArray] = {}
        self.side: Side = side
        """On which side of a breakpoint an instant lies: "left" where cycles end before the jumps at their edge, as they do where
        fresh units are there to see them."""

    @cached_property
    def shares(self) -> FloatArray:
        """What fraction of each term's energy belongs to each subsystem, shape (subsystems, terms)."""
        table = np.zeros((len(self.subsystems), len(self.terms)))
        for a, term in enumerate(self.terms):
            for name, share in zip(term.parts, term.share, strict=True):
                if name in self.subsystems:
                    table[self.subsystems.index(name), a] = share
        return table

    @cached_property
    def groups(self) -> FloatArray:
        """Whose each term is, as ones in a table (1 + reservoirs, terms): row 0 the subsystems', row 1 + j the couplings to j."""
        table = np.zeros((1 + len(self.reservoirs), len(self.terms)))
        for a, term in enumerate(self.terms):
            coupled = [j for j, name in enumerate(self.reservoirs) if name in term.parts]
            table[1 + coupled[0] if coupled else 0, a] = 1.0
        return table

    def strengths(self, times: FloatArray, side: Side = "right") -> FloatArray:
        """Return f_a(t), shape (T, terms); of one instant they are kept, for every cycle looks at the same ones."""
        if len(times) > 1:
            return self._strengths(times, side)
        key = float(times[0]), side
        if key not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[key] = self._strengths(times, side)
            self._seen[key].flags.writeable = False
        return self._seen[key]

    def _strengths(self, times: FloatArray, side: Side) -> FloatArray:
        return np.stack([np.asarray(term.drive.value(times, side), dtype=float) for term in self.terms], axis=-1)

    def rates(self, times: FloatArray) -> FloatArray:
        """Return the time derivatives of `strengths`."""
        return np.stack([np.asarray(term.drive.derivative(times), dtype=float) for term in self.terms], axis=-1)

    @cached_property
    def breakpoints(self) -> tuple[float, ...]:
        """All times in [0, period) at which a drive jumps or is not smooth."""
        times: list[float] = []
        for term in self.terms:
            times.extend(breakpoints_within(term.drive, self.period))
        distinct: list[float] = []
        for time in sorted(times):
            if not distinct or time - distinct[-1] > TIME_RESOLUTION * self.period:
                distinct.append(time)
        return tuple(distinct)

    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether nothing is driven on a stretch without breakpoints."""
        return all(term.drive.is_constant(start, stop) for term in self.terms)

    def edges(self, start: float, stop: float) -> tuple[list[float], list[bool]]:
        """Return start, the breakpoints inside, and stop, and for each stretch whether a breakpoint belongs to it.

        That at its end, or at its beginning where instants lie on the left of breakpoints.
        """
        resolution = self._resolution(start, stop)
        cycles = range(math.floor(start / self.period) - 1, math.floor(stop / self.period) + 2)
        marks = [mark + k * self.period for k in cycles for mark in self.breakpoints]
        inside = [mark for mark in marks if start + resolution < mark < stop - resolution]
        times = [start, *inside, stop]
        return times, [
            any(abs(time - mark) <= resolution for mark in marks) for time in (times[1:] if self.side == "right" else times[:-1])
        ]

    def phase_of(self, start: float, stop: float) -> tuple[float, tuple[float, float]]:
        """Return where in the cycle an interval starts, and a key that the same stretch of every cycle shares.

        Late times are rounded more, and so are their keys.
        """
        phase, resolution = start % self.period, self._resolution(start, stop)
        if min(phase, self.period - phase) < resolution:
            phase = 0.0
        digits = min(10, math.floor(-math.log10(resolution / self.period)))
        return phase, (round(phase / self.period, digits), round((stop - start) / self.period, digits))

    def _resolution(self, start: float, stop: float) -> float:
        """Return up to which difference times are the same: rounding, which is larger for late ones."""
        return max(TIME_RESOLUTION * self.period, 8.0 * float(np.finfo(float).eps) * max(abs(start), abs(stop)))
