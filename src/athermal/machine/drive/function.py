"""Any function of time as a drive."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.polynomial import Chebyshev

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive.base import Drive, Side, Values, place_in_period

_SMOOTHNESS = 1e-13
# Where, between its nodes, an interpolant is compared with the function, and how well it must agree.
_N_CHECKS = 1201
_CHECKED = 1e-11


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
    >>> f = Function(lambda t: np.exp(np.cos(t)), period=2 * np.pi)
    >>> bool(abs(f.derivative(np.array([1.0]))[0] + np.sin(1.0) * np.exp(np.cos(1.0))) < 1e-10)
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
            raise MachineError(
                f"`function` of {owner} must be a Python function of time, but is {_validate.shown(self.function)}."
            )
        if self.slope is not None and not callable(self.slope):
            raise MachineError(f"`slope` of {owner} must be a Python function of time, but is {_validate.shown(self.slope)}.")
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
        return tuple(_interpolate(self.function, low, high, "a function drive") for low, high in itertools.pairwise(edges))

    @cached_property
    def _slopes(self) -> tuple[Chebyshev, ...]:
        if self.slope is None:
            return tuple(piece.deriv() for piece in self._pieces)
        domains = [(float(piece.domain[0]), float(piece.domain[1])) for piece in self._pieces]
        return tuple(_interpolate(self.slope, low, high, "the slope of a function drive") for low, high in domains)

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
        edges = np.array([float(piece.domain[0]) for piece in pieces] + [self.period])
        phase, index = place_in_period(times, self.period, edges, side)
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


def _interpolate(function: Callable[[float], float], low: float, high: float, owner: str) -> Chebyshev:
    """Return the Chebyshev interpolant of `function` on (low, high), converged to rounding."""

    def vector(times: FloatArray) -> FloatArray:
        return np.array([_validate.called(function, float(t), owner, "t") for t in times])

    checks, sampled = low + (high - low) * (np.arange(_N_CHECKS) + 0.5) / _N_CHECKS, None
    for degree in (8, 16, 32, 64, 128, 256, 512, 1024):
        piece = Chebyshev.interpolate(vector, degree, domain=[low, high])
        scale = float(np.max(np.abs(piece.coef)))
        tail = float(np.max(np.abs(piece.coef[-max(3, degree // 8) :])))
        if tail <= _SMOOTHNESS * scale:
            # The nodes of a low degree can miss a narrow pulse: look between them before believing it.
            sampled = vector(checks) if sampled is None else sampled
            missed = float(np.max(np.abs(piece(checks) - sampled)))
            if missed <= _CHECKED * max(scale, float(np.max(np.abs(sampled)))):
                return piece.trim(_SMOOTHNESS * 1e-2 * scale)
            tail = missed
    raise MachineError(
        f"`function` of a function drive must be smooth between its jump times, but on ({low:.6g}, {high:.6g}) a polynomial "
        f"of degree 1024 still misses it by {tail:.1e}. Give the times at which it or a derivative jumps as `jumps`."
    )
