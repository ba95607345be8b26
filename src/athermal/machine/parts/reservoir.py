"""What every reservoir is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive import Drive

COLDEST = "At zero a part is in its ground state; populations that are inverted need a GivenState."
"""What there is instead of a negative temperature."""


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
        return contact_weights(self.n_modes, self.own_weights, site, weights, owner, f"reservoir {self.name!r}")


def contact_weights(
    n_sites: int, own: FloatArray | None, site: int | None, weights: tuple[float, ...] | None, owner: str, where: str
) -> FloatArray:
    """Return the weights g_k over the sites of a contact: those given, those of one site, or the reservoir's own."""
    if site is not None and weights is not None:
        raise MachineError(f"{owner} must give `site` or `weights` of {where}, not both.")
    if weights is not None:
        return np.array(_validate.reals(weights, "weights", owner, length=n_sites))
    if site is not None:
        _validate.count(site, "site", owner, least=0)
        if site >= n_sites:
            raise MachineError(f"`site` of {owner} must be below the {n_sites} sites of {where}, but is {site}.")
        unit = np.zeros(n_sites)
        unit[site] = 1.0
        return unit
    if own is None:
        raise MachineError(f"{owner} must say which `site` of {where} it touches (0 to {n_sites - 1}), or give `weights`.")
    return own


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


def check_reservoir(reservoir: Any) -> str:
    """Check the name and the temperature of a reservoir, and return what messages call it."""
    _validate.identifier(reservoir.name, "name", "a reservoir")
    owner = f"reservoir {reservoir.name!r}"
    _refuse_drive(reservoir.temperature, "temperature", owner)
    temperature = _validate.not_negative(reservoir.temperature, "temperature", owner, remedy=COLDEST)
    object.__setattr__(reservoir, "temperature", temperature)
    return owner


def check_sites(reservoir: Any, site: str, *, bounded: bool) -> str:
    """Check a bath of independent sites ("mode", "spin"), their frequencies and couplings, and return what messages call it.

    Frequencies must be positive unless H_j is `bounded` below anyway.
    """
    owner, what = check_reservoir(reservoir), f"{site}_frequencies"
    frequencies = static_reals(getattr(reservoir, what), what, owner)
    if not frequencies:
        raise MachineError(f"`{what}` of {owner} must hold at least one {site}, but is empty.")
    for k, frequency in enumerate(() if bounded else frequencies):
        _validate.positive(frequency, f"{what}[{k}]", owner, remedy="H_j would not be bounded below.")
    object.__setattr__(reservoir, what, frequencies)
    couplings = getattr(reservoir, f"{site}_couplings")
    if couplings is not None:
        checked = static_reals(couplings, f"{site}_couplings", owner, length=len(frequencies))
        object.__setattr__(reservoir, f"{site}_couplings", checked)
    return owner


def static_positive(value: Any, what: str, owner: str) -> float:
    """Return `value` as a float above zero that is not driven, or raise `MachineError`."""
    _refuse_drive(value, what, owner)
    return _validate.positive(value, what, owner)


def static_reals(values: Any, what: str, owner: str, *, length: int | None = None) -> tuple[float, ...]:
    """Return `values` as finite floats, none of them driven, or raise `MachineError`."""
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
