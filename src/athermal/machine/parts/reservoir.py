"""What every reservoir is."""

from __future__ import annotations

import math
from abc import ABC
from typing import Any, ClassVar

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.drive import Drive

COLDEST = "At zero a part is in its ground state; populations that are inverted need a GivenState."
"""What there is instead of a negative temperature."""


class Reservoir(ABC):
    """A reservoir at a reference temperature; its Hamiltonian H_j does not depend on time.

    Its reference state is exp(-(H_j - mu_j N_j)/T_j)/Z_j, with mu_j = 0 where it exchanges no particles.

    Examples
    --------
    >>> import athermal as at
    >>> [(bath.name, bath.temperature, bath.chemical_potential) for bath in at.library.two_oscillator(T_hot=1.5).reservoirs]
    [('hot bath', 1.5, 0.0), ('cold bath', 1.0, 0.0)]
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    families: ClassVar[tuple[str, ...]] = ()
    """The names of the families of machines that it may be a part of."""
    with_levels: ClassVar[str] = ""
    """The kind of a finite part that it may be written as, with a number of levels."""
    general: ClassVar[str] = ""
    """The kind that takes any static terms."""
    name: str
    temperature: float
    renewed: bool = False
    """Whether fresh units replace it at the start of every cycle."""

    @property
    def chemical_potential(self) -> float:
        """mu_j; zero for a reservoir whose particles are not conserved, such as quanta and flipped spins."""
        return 0.0

    def widest_spacing(self, visited: FloatArray) -> float:
        """Return the widest spacing of its modes at the frequencies that are visited; infinite if it stands only for itself."""
        return math.inf

    def extent(self) -> dict[str, float]:
        """Return how large it is: a dimension, or a number of modes and the range of their frequencies; what is known of it."""
        return {}

    @property
    def owner(self) -> str:
        """What error messages call it."""
        return f"reservoir {self.name!r}"


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


def check_reservoir(reservoir: Any) -> str:
    """Check the name and the temperature of a reservoir, and return what messages call it."""
    _validate.identifier(reservoir.name, "name", "a reservoir")
    owner = f"reservoir {reservoir.name!r}"
    _refuse_drive(reservoir.temperature, "temperature", owner)
    temperature = _validate.not_negative(reservoir.temperature, "temperature", owner, remedy=COLDEST)
    object.__setattr__(reservoir, "temperature", temperature)
    if not isinstance(reservoir.renewed, bool):
        raise MachineError(f"`renewed` of {owner} must be true or false, but is {_validate.shown(reservoir.renewed)}.")
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
