"""The parts of a machine: oscillators (subsystems) and harmonic baths (reservoirs).

Quadratures are dimensionless: an oscillator of frequency w has H = w (x^2 + p^2)/2, a = (x + i p)/sqrt 2.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError, StateError
from athermal.machine.drive import AnyDrive, Drive, as_drive
from athermal.machine.spectral import RULES, AnySpectralDensity, Rule, as_density, discretise
from athermal.maths.symplectic import symplectic_inverse, williamson


@dataclass(frozen=True)
class Oscillator:
    """A harmonic oscillator, a subsystem of the machine.

    Its quadratures are scaled at the reference frequency w0, so that a constant oscillator has H = w0 (x^2 + p^2)/2.

    Parameters
    ----------
    name : str
    frequency : float or Drive
        w(t) > 0.
    law : {"potential", "number"}
        How a driven frequency enters. "potential": a particle of fixed mass in a trap, H = w0 p^2/2 + (w(t)^2/w0) x^2/2,
        so that a fast change squeezes the state. "number": H = w(t) (x^2 + p^2)/2, so that it does not.
    reference_frequency : float, optional
        w0; the frequency at time zero if left out.

    Examples
    --------
    >>> Oscillator("a", frequency=2.0).reference
    2.0
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    frequency: AnyDrive | float
    law: Literal["potential", "number"] = "potential"
    reference_frequency: float | None = None
    kind: Literal["oscillator"] = field(default="oscillator", repr=False)

    def __post_init__(self) -> None:
        _validate.identifier(self.name, "name", "an oscillator")
        owner = f"oscillator {self.name!r}"
        if not isinstance(self.frequency, Drive):
            _validate.positive(self.frequency, "frequency", owner)
        frequency = as_drive(self.frequency, "frequency", owner, real=True)
        object.__setattr__(self, "frequency", frequency)
        _validate.choice(self.law, "law", owner, ("potential", "number"))
        if self.reference_frequency is not None:
            object.__setattr__(
                self, "reference_frequency", _validate.positive(self.reference_frequency, "reference_frequency", owner)
            )
        horizon = max((leaf.own_period or 0.0 for leaf in frequency.leaves()), default=0.0)
        lowest = float(np.min(frequency.value(np.linspace(0.0, horizon, 257))))
        if lowest <= 0.0:
            raise MachineError(f"`frequency` of {owner} must be positive at all times, but reaches {lowest:.6g}.")

    @property
    def drive(self) -> Drive:
        """The frequency as a drive."""
        return as_drive(self.frequency, "frequency", self.name)

    @property
    def reference(self) -> float:
        """w0, the frequency at which the quadratures are scaled."""
        if self.reference_frequency is not None:
            return self.reference_frequency
        return float(self.drive.value(np.array([0.0]))[0])


class Reservoir(ABC):
    """A finite harmonic reservoir at a reference temperature; its Hamiltonian H_j does not depend on time.

    Sites are what couplings see: site k has the quadratures (x_k, p_k). The Hamiltonian is diagonal in the normal modes.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: str
    temperature: float

    @property
    @abstractmethod
    def n_modes(self) -> int:
        """The number of modes."""

    @property
    @abstractmethod
    def frequencies(self) -> FloatArray:
        """The normal-mode frequencies, shape (n,)."""

    @abstractmethod
    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        """Return S^T rows for site vectors (2n, m), where r_site = S r_normal."""

    @abstractmethod
    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        """Return S rows: what normal-mode vectors (2n, m) are at the sites."""

    @property
    def own_weights(self) -> FloatArray | None:
        """The couplings g_k of the modes if the reservoir has them, else None."""
        return None

    def contact(self, site: int | None, weights: tuple[float, ...] | None, owner: str) -> FloatArray:
        """Return the weights g_k over the sites of the contact that a coupling names."""
        where = f"reservoir {self.name!r}"
        if site is not None and weights is not None:
            raise MachineError(f"{owner} must give `site` or `weights` of {where}, not both.")
        if weights is not None:
            return np.array(_validate.reals(weights, "weights", owner, length=self.n_modes))
        if site is not None:
            _validate.count(site, "site", owner, least=0)
            if site >= self.n_modes:
                raise MachineError(f"`site` of {owner} must be below the {self.n_modes} sites of {where}, but is {site}.")
            unit = np.zeros(self.n_modes)
            unit[site] = 1.0
            return unit
        own = self.own_weights
        if own is None:
            raise MachineError(
                f"{owner} must say which `site` of {where} it touches (0 to {self.n_modes - 1}), or give `weights`."
            )
        return own


class _StarReservoir(Reservoir):
    """Independent modes: the sites are the normal modes."""

    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        return rows

    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        return rows


@dataclass(frozen=True)
class Bath(_StarReservoir):
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
        owner = _check_reservoir(self)
        frequencies = _static_reals(self.mode_frequencies, "mode_frequencies", owner)
        if not frequencies:
            raise MachineError(f"`mode_frequencies` of {owner} must hold at least one mode, but is empty.")
        for k, frequency in enumerate(frequencies):
            _validate.positive(frequency, f"mode_frequencies[{k}]", owner, remedy="H_j would not be bounded below.")
        object.__setattr__(self, "mode_frequencies", frequencies)
        if self.mode_couplings is not None:
            couplings = _static_reals(self.mode_couplings, "mode_couplings", owner, length=len(frequencies))
            object.__setattr__(self, "mode_couplings", couplings)

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
class ContinuumBath(_StarReservoir):
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
        owner = _check_reservoir(self)
        as_density(self.spectral_density, "spectral_density", owner)
        _validate.count(self.modes, "modes", owner)
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


class _NetworkReservoir(Reservoir):
    """Coupled sites, given by a static form; diagonalised when made."""

    @abstractmethod
    def _form(self) -> FloatArray:
        """Return the (2n, 2n) form h_j of H_j = r^T h_j r / 2."""

    @cached_property
    def _normal(self) -> tuple[FloatArray, FloatArray]:
        return williamson(self._form())

    @property
    def n_modes(self) -> int:
        return len(self._form()) // 2

    @property
    def frequencies(self) -> FloatArray:
        return self._normal[0]

    # h = T w T^T with T symplectic, so the normal modes are r_site = T^-T r_normal.
    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        return np.asarray(symplectic_inverse(self._normal[1]) @ rows)

    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        return np.asarray(symplectic_inverse(self._normal[1]).T @ rows)

    def _check_bounded(self, owner: str, remedy: str) -> None:
        try:
            _ = self._normal
        except StateError as error:
            raise MachineError(f"The Hamiltonian of {owner} must be bounded below, but is not: {error} {remedy}") from None


@dataclass(frozen=True)
class Chain(_NetworkReservoir):
    """An open chain: H_j = sum_n w (x_n^2 + p_n^2)/2 + hopping sum_n x_n x_{n+1}.

    Examples
    --------
    >>> Chain("hot", temperature=1.0, sites=4, frequency=1.0, hopping=0.1).n_modes
    4
    """

    name: str
    temperature: float
    sites: int
    frequency: float
    hopping: float
    kind: Literal["chain"] = field(default="chain", repr=False)
    _closed = False

    def __post_init__(self) -> None:
        owner = _check_reservoir(self)
        _validate.count(self.sites, "sites", owner, least=3 if self._closed else 1)
        object.__setattr__(self, "frequency", _static_positive(self.frequency, "frequency", owner))
        object.__setattr__(self, "hopping", _validate.real(self.hopping, "hopping", owner))
        self._check_bounded(owner, "Keep |hopping| below half the frequency.")

    def _form(self) -> FloatArray:
        x = self.frequency * np.eye(self.sites)
        index = np.arange(self.sites - 1)
        x[index, index + 1] = x[index + 1, index] = self.hopping
        if self._closed:
            x[0, -1] = x[-1, 0] = self.hopping
        zero = np.zeros_like(x)
        return np.block([[x, zero], [zero, self.frequency * np.eye(self.sites)]])

    @property
    def n_modes(self) -> int:
        return self.sites


@dataclass(frozen=True)
class Ring(Chain):
    """A closed chain: as `Chain`, with site n coupled to site 0.

    Examples
    --------
    >>> Ring("hot", temperature=1.0, sites=4, frequency=1.0, hopping=0.1).n_modes
    4
    """

    kind: Literal["ring"] = field(default="ring", repr=False)  # type: ignore[assignment]
    _closed = True


@dataclass(frozen=True)
class CoupledBath(_NetworkReservoir):
    """A bath of any coupled modes: H_j = r^T form r / 2 with r = (x_1..x_n, p_1..p_n).

    Parameters
    ----------
    name : str
    temperature : float
    form : (2n, 2n) matrix
        Symmetric, positive definite.
    site_couplings : sequence of float, optional
        g_k of the sites; without them a coupling must say which site it touches.

    Examples
    --------
    >>> CoupledBath("hot", temperature=1.0, form=np.eye(4)).frequencies
    array([1., 1.])
    """

    name: str
    temperature: float
    form: tuple[tuple[float, ...], ...]
    site_couplings: tuple[float, ...] | None = None
    kind: Literal["coupled_bath"] = field(default="coupled_bath", repr=False)

    def __post_init__(self) -> None:
        owner = _check_reservoir(self)
        form = _validate.matrix(self.form, "form", owner)
        array = np.array(form)
        if array.shape[0] != array.shape[1] or len(array) % 2 or not np.allclose(array, array.T, rtol=1e-12, atol=0.0):
            raise MachineError(f"`form` of {owner} must be a symmetric 2n x 2n matrix, but has shape {array.shape}.")
        object.__setattr__(self, "form", form)
        if self.site_couplings is not None:
            couplings = _validate.reals(self.site_couplings, "site_couplings", owner, length=len(array) // 2)
            object.__setattr__(self, "site_couplings", couplings)
        self._check_bounded(owner, "Make `form` positive definite.")

    def _form(self) -> FloatArray:
        array = np.array(self.form)
        return np.asarray(0.5 * (array + array.T))

    @property
    def own_weights(self) -> FloatArray | None:
        return None if self.site_couplings is None else np.array(self.site_couplings)


if TYPE_CHECKING:
    AnyReservoir = Reservoir
else:  # what a file may hold, told apart by its `kind`
    AnyReservoir = Annotated[Bath | ContinuumBath | Ring | Chain | CoupledBath, Field(discriminator="kind")]


def local_spacing(frequencies: FloatArray, near: float) -> float:
    """Return the spacing of the distinct `frequencies` at the frequency `near` (infinite for a single one).

    Examples
    --------
    >>> local_spacing(np.array([1.0, 2.0, 4.0]), near=2.5)
    2.0
    """
    ordered = np.sort(frequencies)
    distinct = ordered[np.concatenate([[True], np.diff(ordered) > 1e-9 * ordered[-1]])]
    if len(distinct) < 2:
        return math.inf
    position = int(np.clip(np.searchsorted(distinct, near), 1, len(distinct) - 1))
    return float(distinct[position] - distinct[position - 1])


def _check_reservoir(reservoir: Any) -> str:
    _validate.identifier(reservoir.name, "name", "a reservoir")
    owner = f"reservoir {reservoir.name!r}"
    object.__setattr__(reservoir, "temperature", _static_positive(reservoir.temperature, "temperature", owner))
    return owner


def _static_positive(value: Any, what: str, owner: str) -> float:
    _refuse_drive(value, what, owner)
    return _validate.positive(value, what, owner)


def _static_reals(values: Any, what: str, owner: str, *, length: int | None = None) -> tuple[float, ...]:
    _refuse_drive(values, what, owner)
    if isinstance(values, (tuple, list)):
        for value in values:
            _refuse_drive(value, what, owner)
    return _validate.reals(values, what, owner, length=length)


def _refuse_drive(value: Any, what: str, owner: str) -> None:
    if isinstance(value, Drive):
        raise MachineError(
            f"`{what}` of {owner} must not be driven: the laws hold for reservoirs whose Hamiltonian is constant. Drive the "
            "coupling, or make the driven mode a subsystem."
        )
