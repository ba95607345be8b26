"""Baths of independent modes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.parts.reservoir import Reservoir, check_reservoir, check_sites
from athermal.machine.spectral import RULES, AnySpectralDensity, Rule, as_density, discretise


class StarReservoir(Reservoir):
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
    mode_frequencies : sequence of float
        w_k > 0.
    mode_couplings : sequence of float, optional
        g_k, the weights with which a coupling sees the modes; equal to one if left out.

    Examples
    --------
    >>> Bath("hot", temperature=1.5, mode_frequencies=[1.0, 2.0], mode_couplings=[0.1, 0.1]).n_modes
    2
    """

    name: str
    temperature: float
    mode_frequencies: tuple[float, ...]
    mode_couplings: tuple[float, ...] | None = None
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
    spectral_density : SpectralDensity
    modes : int
    rule : str
        How to discretise: see `discretise`.
    low, high : float, optional
        Where to cut the density.

    Examples
    --------
    >>> from athermal.machine.spectral import FlatBand
    >>> bath = ContinuumBath("hot", 1.5, FlatBand(rate=0.2, low=1.4, high=2.6), modes=12)
    >>> round(float(bath.own_weights[0]), 6)
    0.058928
    """

    name: str
    temperature: float
    spectral_density: AnySpectralDensity
    modes: int
    rule: Rule = "equal"
    low: float | None = None
    high: float | None = None
    kind: Literal["continuum_bath"] = field(default="continuum_bath", repr=False)

    def __post_init__(self) -> None:
        owner = check_reservoir(self)
        as_density(self.spectral_density, "spectral_density", owner)
        object.__setattr__(self, "modes", _validate.count(self.modes, "modes", owner))
        _validate.choice(self.rule, "rule", owner, RULES)
        try:
            _ = self._discrete
        except MachineError as error:
            raise MachineError(f"{owner[0].upper()}{owner[1:]}: {error}") from None

    @cached_property
    def _discrete(self) -> tuple[FloatArray, FloatArray]:
        return discretise(self.spectral_density, self.modes, self.rule, low=self.low, high=self.high)

    @property
    def n_modes(self) -> int:
        return self.modes

    @property
    def frequencies(self) -> FloatArray:
        return self._discrete[0]

    @property
    def own_weights(self) -> FloatArray:
        return self._discrete[1]
