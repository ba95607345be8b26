"""Periodic drives: scalars in time that know their derivative and their jump times.

Every drive has a value and a derivative at an array of times, the breakpoints at which it is not smooth, and the
stretches on which it is constant. At a jump, `side` chooses the limit: "right" (the default) or "left".
Drives add and multiply: `Constant(1.0) + 0.2 * Harmonic(1.0, frequency=2.0)`.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError

Side = Literal["left", "right"]
Values = NDArray[Any]

# Two times closer than this, relative to the period, are the same instant.
TIME_RESOLUTION = 1e-11
_SMOOTHNESS = 1e-13


class Drive(ABC):
    """A periodic scalar of time (complex only where it drives an exchange or two-mode-squeezing coupling)."""

    __pydantic_config__ = ConfigDict(extra="forbid")

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
        """Return the times in [0, own period) at which the drive jumps or is not smooth."""
        return ()

    def leaves(self) -> tuple[Drive, ...]:
        """Return the simple drives that this one is made of."""
        return (self,)

    @property
    def own_period(self) -> float | None:
        """The shortest time after which the drive repeats by construction; None if it is constant."""
        return None

    @property
    def is_complex(self) -> bool:
        """Whether the drive has a phase, as only exchange and two-mode-squeezing couplings can use."""
        return False

    @property
    def is_always_constant(self) -> bool:
        """Whether the drive never changes."""
        return self.own_period is None

    def __add__(self, other: Drive | float) -> Sum:
        """Return the sum."""
        return Sum((self, as_drive(other, "term", "a sum of drives")))

    def __mul__(self, other: Drive | float) -> Product:
        """Return the product."""
        return Product((self, as_drive(other, "factor", "a product of drives")))

    __radd__ = __add__
    __rmul__ = __mul__


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

    In `Exchange` it gives g(t) a b^dag + h.c., in `TwoModeSqueezing` g(t) a b + h.c. The frequency may be negative; with frequency zero it is
    a constant phase, so that `c + s * Rotating(1.0, 0.0, phase=np.pi / 2)` is the complex drive c(t) + i s(t) of two real ones.

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


@dataclass(frozen=True)
class Strokes(Drive):
    """Constant stretches joined by sudden quenches or smooth ramps.

    Stroke k lasts durations[k]. In its first ramps[k] units of time the drive goes from the value of the stroke before
    (the last stroke, for the first) to values[k]; from then on it is constant. A ramp of zero is a sudden quench.

    Parameters
    ----------
    durations : sequence of float
        Positive; their sum is the period.
    values : sequence of float
        One for each stroke.
    ramps : float or sequence of float
        Ramp times, each at most its stroke's duration.
    shape : {"cosine", "quintic", "linear"}
        Form of the ramps: (1 - cos pi u)/2, 10 u^3 - 15 u^4 + 6 u^5 or u.

    Examples
    --------
    >>> Strokes(durations=(1.0, 2.0), values=(0.0, 1.0)).value(np.array([0.5, 1.0, 2.0]))
    array([0., 1., 1.])
    >>> Strokes((1.0, 2.0), (0.0, 1.0), ramps=0.5).value(np.array([1.25]))
    array([0.5])
    """

    durations: tuple[float, ...]
    values: tuple[float, ...]
    ramps: float | tuple[float, ...] = 0.0
    shape: Literal["cosine", "quintic", "linear"] = "cosine"
    kind: Literal["strokes"] = field(default="strokes", repr=False)

    def __post_init__(self) -> None:
        owner = "a drive of strokes"
        durations = _validate.reals(self.durations, "durations", owner)
        if not durations:
            raise MachineError(f"`durations` of {owner} must hold at least one stroke, but is empty.")
        for k, duration in enumerate(durations):
            _validate.positive(duration, f"durations[{k}]", owner)
        ramps = (self.ramps,) * len(durations) if isinstance(self.ramps, (int, float)) else self.ramps
        ramps = _validate.reals(ramps, "ramps", owner, length=len(durations))
        for k, (ramp, duration) in enumerate(zip(ramps, durations, strict=True)):
            _validate.not_negative(ramp, f"ramps[{k}]", owner)
            if ramp > duration:
                raise MachineError(f"`ramps[{k}]` of {owner} must not exceed its stroke's {duration}, but is {ramp}.")
        object.__setattr__(self, "durations", durations)
        object.__setattr__(self, "values", _validate.reals(self.values, "values", owner, length=len(durations)))
        object.__setattr__(self, "ramps", ramps)
        _validate.choice(self.shape, "shape", owner, ("cosine", "quintic", "linear"))

    @cached_property
    def _starts(self) -> FloatArray:
        return np.concatenate([[0.0], np.cumsum(self.durations)])

    @property
    def _ramp_times(self) -> FloatArray:
        return np.asarray(self.ramps, dtype=float)

    @property
    def own_period(self) -> float | None:
        return float(self._starts[-1])

    @property
    def is_always_constant(self) -> bool:
        return len(set(self.values)) == 1

    def breakpoints(self) -> tuple[float, ...]:
        before = np.roll(self.values, 1)
        moving = before != np.asarray(self.values)
        starts = self._starts[:-1][moving]
        ends = (starts + self._ramp_times[moving])[self._ramp_times[moving] > 0.0]
        return tuple(sorted({float(t) for t in np.concatenate([starts, ends % self._starts[-1]])}))

    def _locate(self, times: FloatArray, side: Side) -> tuple[NDArray[np.intp], FloatArray]:
        """Return the stroke that each time belongs to and the progress of its ramp, in [0, 1]."""
        period = self._starts[-1]
        phase = np.mod(np.asarray(times, dtype=float), period)
        marks = np.concatenate([self._starts, self._starts[:-1] + self._ramp_times])
        nearest = marks[np.argmin(np.abs(phase[..., None] - marks), axis=-1)]
        phase = np.where(np.abs(phase - nearest) <= TIME_RESOLUTION * period, nearest, phase)
        if side == "right":
            phase = np.where(phase >= period, 0.0, phase)
            stroke = np.searchsorted(self._starts, phase, side="right") - 1
        else:
            phase = np.where(phase <= 0.0, period, phase)
            stroke = np.searchsorted(self._starts, phase, side="left") - 1
        ramp = self._ramp_times[stroke]
        elapsed = phase - self._starts[stroke]
        progress = np.where(elapsed < ramp, elapsed / np.where(ramp > 0.0, ramp, 1.0), 1.0)
        return stroke, progress

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        stroke, progress = self._locate(times, side)
        values = np.asarray(self.values)
        before = values[stroke - 1]
        return np.asarray(before + (values[stroke] - before) * _ramp(self.shape, progress))

    def derivative(self, times: FloatArray) -> Values:
        stroke, progress = self._locate(times, "right")
        values = np.asarray(self.values)
        ramp = self._ramp_times[stroke]
        rate = (values[stroke] - values[stroke - 1]) / np.where(ramp > 0.0, ramp, 1.0)
        return np.asarray(np.where(progress < 1.0, rate * _ramp_slope(self.shape, progress), 0.0))

    def is_constant(self, start: float, stop: float) -> bool:
        stroke, progress = self._locate(np.array([0.5 * (start + stop)]), "right")
        k = int(stroke[0])
        return bool(progress[0] >= 1.0) or self.values[k] == self.values[k - 1]


def _ramp(shape: str, u: FloatArray) -> FloatArray:
    if shape == "linear":
        return u
    if shape == "quintic":
        return np.asarray(u**3 * (10.0 - 15.0 * u + 6.0 * u**2))
    return np.asarray(0.5 * (1.0 - np.cos(np.pi * u)))


def _ramp_slope(shape: str, u: FloatArray) -> FloatArray:
    if shape == "linear":
        return np.ones_like(u)
    if shape == "quintic":
        return np.asarray(30.0 * u**2 * (1.0 - u) ** 2)
    return np.asarray(0.5 * np.pi * np.sin(np.pi * u))


@dataclass(frozen=True)
class Function(Drive):
    """Any real function of time, smooth between the jump times that are given.

    The function is represented on each smooth stretch by a Chebyshev interpolant that agrees with it to 1e-13. Values
    and one-sided limits are those of the interpolant. The derivative is yours if you give one (it is checked against
    the interpolant), else it is the exact derivative of the interpolant: nothing is finite-differenced.

    Parameters
    ----------
    function : callable
        float -> float.
    period : float
        After which the function repeats. It is called only inside (0, period).
    slope : callable, optional
        Its derivative, float -> float.
    jumps : sequence of float
        Times in [0, period) at which the function or one of its derivatives jumps.

    Raises
    ------
    MachineError
        If the function is not smooth between its jumps, not finite, or its derivative is not its derivative.

    Examples
    --------
    >>> f = Function(lambda t: math.exp(math.cos(t)), period=2 * math.pi)
    >>> bool(abs(f.derivative(np.array([1.0]))[0] + math.sin(1.0) * math.exp(math.cos(1.0))) < 1e-10)
    True
    """

    function: Callable[[float], float]
    period: float
    slope: Callable[[float], float] | None = None
    jumps: tuple[float, ...] = ()
    kind: Literal["function"] = field(default="function", repr=False)

    def __post_init__(self) -> None:
        owner = "a function drive"
        if not callable(self.function):
            raise MachineError(f"`function` of {owner} must be a Python function of time, but is {self.function!r}.")
        object.__setattr__(self, "period", _validate.positive(self.period, "period", owner))
        jumps = _validate.reals(self.jumps, "jumps", owner)
        for jump in jumps:
            if not 0.0 <= jump < self.period:
                raise MachineError(f"`jumps` of {owner} must lie in [0, {self.period}), but one is {jump}.")
        object.__setattr__(self, "jumps", tuple(sorted(set(jumps))))
        self._check_slope()

    @cached_property
    def _pieces(self) -> tuple[Chebyshev, ...]:
        edges = sorted({0.0, *self.jumps, self.period})
        return tuple(_interpolate(self.function, low, high) for low, high in itertools.pairwise(edges))

    @cached_property
    def _slopes(self) -> tuple[Chebyshev, ...]:
        if self.slope is None:
            return tuple(piece.deriv() for piece in self._pieces)
        return tuple(_interpolate(self.slope, *map(float, piece.domain)) for piece in self._pieces)

    def _check_slope(self) -> None:
        for piece, slope in zip(self._pieces, self._slopes, strict=True):
            low, high = map(float, piece.domain)
            times = np.linspace(low, high, 12)[1:-1]
            given, own = slope(times), piece.deriv()(times)
            scale = float(np.max(np.abs(own), initial=0.0)) + float(np.max(np.abs(piece.coef))) / (high - low)
            worst = int(np.argmax(np.abs(given - own)))
            if abs(given[worst] - own[worst]) > 1e-6 * scale:
                raise MachineError(
                    f"`slope` of a function drive must be the derivative of `function`, but at t = {times[worst]:.6g} it "
                    f"is {given[worst]:.6g} where the function's slope is {own[worst]:.6g}. Leave it out to have it taken "
                    "from the function's Chebyshev interpolant."
                )

    @property
    def own_period(self) -> float | None:
        return self.period

    @property
    def is_always_constant(self) -> bool:
        return len(self._pieces) == 1 and len(self._pieces[0].coef) == 1

    def breakpoints(self) -> tuple[float, ...]:
        return tuple(sorted({0.0, *self.jumps}))

    def _evaluate(self, pieces: tuple[Chebyshev, ...], times: FloatArray, side: Side) -> Values:
        phase = np.mod(np.asarray(times, dtype=float), self.period)
        edges = np.array([float(piece.domain[0]) for piece in pieces] + [self.period])
        nearest = edges[np.argmin(np.abs(phase[..., None] - edges), axis=-1)]
        phase = np.where(np.abs(phase - nearest) <= TIME_RESOLUTION * self.period, nearest, phase)
        if side == "right":
            phase = np.where(phase >= self.period, 0.0, phase)
            index = np.searchsorted(edges, phase, side="right") - 1
        else:
            phase = np.where(phase <= 0.0, self.period, phase)
            index = np.searchsorted(edges, phase, side="left") - 1
        result = np.empty(np.shape(phase))
        for k, piece in enumerate(pieces):
            inside = index == k
            result[inside] = piece(phase[inside])
        return result

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return self._evaluate(self._pieces, times, side)

    def derivative(self, times: FloatArray) -> Values:
        return self._evaluate(self._slopes, times, "right")

    def is_constant(self, start: float, stop: float) -> bool:
        middle = 0.5 * (start + stop) % self.period
        piece = next(piece for piece in self._pieces if float(piece.domain[0]) <= middle <= float(piece.domain[1]))
        return len(piece.coef) == 1


def _interpolate(function: Callable[[float], float], low: float, high: float) -> Chebyshev:
    """Return the Chebyshev interpolant of `function` on (low, high), converged to rounding."""

    def vector(times: FloatArray) -> FloatArray:
        return np.array([_validate.real(function(float(t)), "value", f"a function drive at t = {t:.6g}") for t in times])

    for degree in (8, 16, 32, 64, 128, 256, 512, 1024):
        piece = Chebyshev.interpolate(vector, degree, domain=[low, high])
        scale = float(np.max(np.abs(piece.coef)))
        if scale == 0.0:
            return Chebyshev([0.0], domain=[low, high])
        tail = float(np.max(np.abs(piece.coef[-max(3, degree // 8) :])))
        if tail <= _SMOOTHNESS * scale:
            return piece.trim(_SMOOTHNESS * 1e-2 * scale)
    raise MachineError(
        f"`function` of a function drive must be smooth between its jump times, but on ({low:.6g}, {high:.6g}) a polynomial "
        f"of degree 1024 still misses it by {tail / scale:.1e}. Give the times at which it or a derivative jumps as `jumps`."
    )


@dataclass(frozen=True)
class Sum(Drive):
    """The sum of drives; `f + g` makes one.

    Examples
    --------
    >>> (Constant(1.0) + Harmonic(1.0, frequency=1.0)).value(np.array([0.0]))
    array([2.])
    """

    terms: tuple[AnyDrive, ...]
    kind: Literal["sum"] = field(default="sum", repr=False)

    def __post_init__(self) -> None:
        terms = tuple(as_drive(term, f"terms[{k}]", "a sum of drives") for k, term in enumerate(self.terms))
        if not terms:
            raise MachineError("`terms` of a sum of drives must hold at least one drive, but is empty.")
        object.__setattr__(self, "terms", terms)

    def value(self, times: FloatArray, side: Side = "right") -> Values:
        return np.asarray(sum(term.value(times, side) for term in self.terms))

    def derivative(self, times: FloatArray) -> Values:
        return np.asarray(sum(term.derivative(times) for term in self.terms))

    def is_constant(self, start: float, stop: float) -> bool:
        return all(term.is_constant(start, stop) for term in self.terms)

    def leaves(self) -> tuple[Drive, ...]:
        return tuple(leaf for term in self.terms for leaf in term.leaves())

    @property
    def is_complex(self) -> bool:
        return any(term.is_complex for term in self.terms)

    @property
    def is_always_constant(self) -> bool:
        return all(term.is_always_constant for term in self.terms)


@dataclass(frozen=True)
class Product(Drive):
    """The product of drives; `f * g` makes one.

    Examples
    --------
    >>> (2.0 * Harmonic(1.0, frequency=1.0)).value(np.array([0.0]))
    array([2.])
    """

    factors: tuple[AnyDrive, ...]
    kind: Literal["product"] = field(default="product", repr=False)

    def __post_init__(self) -> None:
        factors = tuple(as_drive(factor, f"factors[{k}]", "a product of drives") for k, factor in enumerate(self.factors))
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

    def is_constant(self, start: float, stop: float) -> bool:
        return all(factor.is_constant(start, stop) for factor in self.factors)

    def leaves(self) -> tuple[Drive, ...]:
        return tuple(leaf for factor in self.factors for leaf in factor.leaves())

    @property
    def is_complex(self) -> bool:
        return any(factor.is_complex for factor in self.factors)

    @property
    def is_always_constant(self) -> bool:
        return all(factor.is_always_constant for factor in self.factors)


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


def as_drive(value: Any, what: str, owner: str, *, real: bool = False) -> Drive:
    """Return `value` as a drive (a number is a constant), or raise `MachineError`."""
    if not isinstance(value, Drive):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise MachineError(f"`{what}` of {owner} must be a number or a drive, but is {value!r}.")
        return Constant(float(value))
    if real and value.is_complex:
        raise MachineError(
            f"`{what}` of {owner} must be a real drive, but is a rotating one. Only exchange and two-mode-squeezing "
            "couplings have a phase; use `Harmonic` here."
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
        if round(repeats) < 1 or abs(repeats - round(repeats)) > 1e-9 * repeats:
            raise MachineError(
                f"`{what}` of {owner} must repeat a whole number of times in the machine's period {period:.12g}, but its "
                f"{type(leaf).__name__} drive repeats every {own:.12g} ({repeats:.9g} times). Change the drive's period or "
                "the machine's."
            )
