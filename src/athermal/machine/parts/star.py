"""Baths of independent modes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.densities import RULES, AnySpectralDensity, Rule, as_density, discretise
from athermal.machine.parts.harmonic import HarmonicReservoir
from athermal.machine.parts.reservoir import check_reservoir, check_sites

# A mode takes some hundred bytes, and a run with so many of them hours a cycle.
_MOST_MODES = 10**7


class StarReservoir(HarmonicReservoir):
    """Independent modes: the sites are the normal modes."""

    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        return rows

    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        return rows


@dataclass(frozen=True)
class Bath(StarReservoir):
    """A star bath of explicit modes: H_j = sum_k w_k (x_k^2 + p_k^2)/2, with couplings g_k.

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    mode_frequencies : sequence of float
        w_k > 0.
    mode_couplings : sequence of float, optional
        g_k, the weights with which a coupling sees the modes; equal to one if left out.
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Examples
    --------
    >>> Bath("hot", temperature=1.5, mode_frequencies=[1.0, 2.0], mode_couplings=[0.1, 0.1]).n_modes
    2
    """

    name: str
    temperature: float
    mode_frequencies: tuple[float, ...]
    mode_couplings: tuple[float, ...] | None = None
    renewed: bool = False
    kind: Literal["bath"] = field(default="bath", repr=False)

    def __post_init__(self) -> None:
        check_sites(self, "mode", bounded=False)

    @property
    def n_modes(self) -> int:
        return len(self.mode_frequencies)

    @cached_property
    def frequencies(self) -> FloatArray:
        return np.array(self.mode_frequencies)

    @property
    def own_weights(self) -> FloatArray:
        return np.ones(self.n_modes) if self.mode_couplings is None else np.array(self.mode_couplings)


@dataclass(frozen=True)
class ContinuumBath(StarReservoir):
    """A star bath that stands for a spectral density, discretised into a finite number of modes.

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    spectral_density : SpectralDensity
        At positive frequencies, or cut there with `low`.
    modes : int or "auto"
        How many modes stand for it. "auto" leaves discretisation and number to the run, which chooses them for its length
        and `accuracy`, confirms them by refining, and puts the error of every column into the ledger. Backends that take a
        continuum as it is (HEOM and the master equations) need no modes.
    rule : str
        How to discretise a given number of modes: see `discretise`.
    low, high : float, optional
        Where to cut the density.

    Examples
    --------
    >>> from athermal.machine.densities import FlatBand
    >>> bath = ContinuumBath("hot", 1.5, FlatBand(rate=0.2, low=1.4, high=2.6), modes=12)
    >>> round(float(bath.own_weights[0]), 6)
    0.058928
    """

    families: ClassVar[tuple[str, ...]] = ("harmonic", "open")
    name: str
    temperature: float
    spectral_density: AnySpectralDensity
    modes: int | Literal["auto"] = "auto"
    rule: Rule = "equal"
    low: float | None = None
    high: float | None = None
    renewed: bool = False
    kind: Literal["continuum_bath"] = field(default="continuum_bath", repr=False)

    def __post_init__(self) -> None:
        owner = check_reservoir(self)
        if self.renewed:
            raise MachineError(
                f"`renewed` of {owner} must be false: a continuum has no units that could be replaced. Give its modes as a Bath, "
                "or leave it to last."
            )
        as_density(self.spectral_density, "spectral_density", owner)
        _validate.choice(self.rule, "rule", owner, RULES)
        self._check_band(owner)
        if self.is_auto:
            if self.rule != "equal":
                raise MachineError(
                    f'`rule` of {owner} must be left out with modes = "auto", but is {_validate.shown(self.rule)}.'
                )
            return
        if isinstance(self.modes, str):
            raise MachineError(f'`modes` of {owner} must be a whole number or "auto", but is {_validate.shown(self.modes)}.')
        object.__setattr__(self, "modes", _validate.count(self.modes, "modes", owner, most=_MOST_MODES))
        try:
            lowest = self._discrete[0][0]
        except MachineError as error:
            raise MachineError(f"{owner[0].upper()}{owner[1:]}: {error}") from None
        if lowest <= 0.0:
            raise MachineError(
                f"The lowest mode of {owner} must have a positive frequency, but has {lowest}. Use the rule 'midpoint' or a "
                "`low` above zero."
            )

    @property
    def is_auto(self) -> bool:
        """Whether the run chooses the modes."""
        return isinstance(self.modes, str) and self.modes == "auto"

    def widest_spacing(self, visited: FloatArray) -> float:
        return math.inf if self.is_auto else super().widest_spacing(visited)

    def extent(self) -> dict[str, float]:
        """Return its band alone if the run chooses the modes."""
        return {"lowest_frequency": self.band[0], "highest_frequency": self.band[1]} if self.is_auto else super().extent()

    @property
    def band(self) -> tuple[float, float]:
        """Where the density is kept: its own support, cut at `low` and `high`; the upper end may be infinite."""
        low, high = self.spectral_density.support
        return low if self.low is None else max(self.low, low), high if self.high is None else min(self.high, high)

    def _check_band(self, owner: str) -> None:
        """Check that the density is kept where modes have positive frequencies."""
        if self.low is not None:
            _validate.not_negative(self.low, "low", owner)
        if self.high is not None:
            _validate.positive(self.high, "high", owner)
        low, high = self.band
        if low < 0.0:
            raise MachineError(
                f"`spectral_density` of {owner} must lie at positive frequencies, where a bath of oscillators has its modes, but "
                f"begins at {low}. Cut it with `low`, at zero or above."
            )
        if high <= low:
            raise MachineError(f"`high` of {owner} must be above its `low` = {low}, but is {high}.")

    @cached_property
    def _discrete(self) -> tuple[FloatArray, FloatArray]:
        if isinstance(self.modes, str):
            raise MachineError(
                f'The modes of reservoir {self.name!r} are chosen when the machine is run (modes = "auto"). Use athermal.run or '
                "athermal.limit_cycle, or give a number of modes."
            )
        return discretise(self.spectral_density, self.modes, self.rule, low=self.low, high=self.high)

    @property
    def n_modes(self) -> int:
        return len(self.frequencies)

    @property
    def frequencies(self) -> FloatArray:
        return self._discrete[0]

    @property
    def own_weights(self) -> FloatArray:
        return self._discrete[1]
