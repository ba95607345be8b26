"""Patterns of correlation between two parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError


@dataclass(frozen=True)
class Correlation:
    """A pattern of correlation between two parts, to be used in `CorrelatedMarginals`.

    "two_mode_squeezing" is <a B> = e^{i phase} c, "exchange" is <a B^dag> = e^{i phase} c, where a part's amplitude is
    that of its mode (an oscillator) or of its normalised contact sum_k g_k b_k / |g| (a reservoir). With modes="paired" mode k
    of one part goes with mode k of the other, <a_k B_k> = w_k e^{i phase} c for every k: two baths that are two-mode squeezed
    mode by mode.

    Parameters
    ----------
    between : (str, str)
    pattern : {"two_mode_squeezing", "exchange"}
    phase : float
    weight : float
        Relative size of this correlation among several.
    site, weights : optional
        The contact of a reservoir, if not its own couplings. With modes="paired" `weights` are the relative sizes w_k of the
        pairs, 1 if left out; zero leaves a pair uncorrelated.
    modes : {"contact", "paired"}
        What of a reservoir is correlated. "paired" needs parts with equally many modes: those of a bath in their order (a chain's
        normal modes from the lowest on), the sites of a spin or truncated bath, the one mode of a subsystem.

    Examples
    --------
    >>> Correlation(("hot", "cold")).pattern
    'two_mode_squeezing'
    >>> Correlation(("hot", "cold"), modes="paired", weights=[1.0, 0.5]).weights
    (1.0, 0.5)
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    between: tuple[str, str]
    pattern: Literal["two_mode_squeezing", "exchange"] = "two_mode_squeezing"
    phase: float = 0.0
    weight: float = 1.0
    site: int | None = None
    weights: tuple[float, ...] | None = None
    modes: Literal["contact", "paired"] = "contact"

    def __post_init__(self) -> None:
        owner = "a correlation"
        between = _validate.names(self.between, "between", owner, "name two different parts", length=2)
        object.__setattr__(self, "between", between)
        _validate.choice(self.pattern, "pattern", owner, ("two_mode_squeezing", "exchange"))
        object.__setattr__(self, "phase", _validate.real(self.phase, "phase", owner))
        object.__setattr__(self, "weight", _validate.real(self.weight, "weight", owner))
        if self.site is not None:
            object.__setattr__(self, "site", _validate.count(self.site, "site", owner, least=0))
        if self.weights is not None:
            object.__setattr__(self, "weights", _validate.reals(self.weights, "weights", owner))
        _validate.choice(self.modes, "modes", owner, ("contact", "paired"))
        if self.is_paired and self.site is not None:
            raise MachineError(
                f'`site` of {owner} must be left out with modes = "paired", but is {self.site}: every mode has its partner. Give '
                "`weights`, one for each pair, to correlate some of them only."
            )

    @property
    def is_paired(self) -> bool:
        """Whether the modes of the two parts are correlated one by one."""
        return self.modes == "paired"

    @property
    def is_pinned(self) -> bool:
        """Whether it depends on which modes stand for a bath, and not on its spectral density alone."""
        return self.is_paired or self.site is not None or self.weights is not None

    def pair_weights(self, sizes: Sequence[int]) -> FloatArray:
        """Return w_k of every pair of two parts of so many modes, or raise `MachineError` if they are not equally many."""
        first, second = self.between
        owner = f"The correlation between {first!r} and {second!r}"
        if sizes[0] != sizes[1]:
            raise MachineError(
                f'{owner} must be between parts of equally many modes with modes = "paired", but {first!r} has {sizes[0]} and '
                f'{second!r} has {sizes[1]}. Give both as many, or correlate their contacts with modes = "contact".'
            )
        return (
            np.ones(sizes[0])
            if self.weights is None
            else np.array(_validate.reals(self.weights, "weights", owner, length=sizes[0]))
        )
