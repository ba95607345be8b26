"""Units of the numbers that a user brings: energies and temperatures to one unit, entropies to nats."""

from __future__ import annotations

from collections.abc import Mapping

from scipy import constants

from athermal._validate import suggest
from athermal.errors import StudyError

_PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "n": 1e-9, "p": 1e-12}
_SMALL = ("k", "", "m", "u", "µ", "μ", "n", "p")

ENERGY: dict[str, float] = {
    "J": 1.0,
    "zJ": 1e-21,
    "aJ": 1e-18,
    "cm^-1": constants.h * constants.c * 100.0,
    "rad/s": constants.hbar,
    **{f"{prefix}eV": _PREFIXES[prefix] * constants.e for prefix in _SMALL},
    **{f"{prefix}Hz": _PREFIXES[prefix] * constants.h for prefix in ("G", "M", "k", "")} | {"THz": 1e12 * constants.h},
}
"""Joules in each unit of energy: frequencies stand for h f, rad/s for hbar omega, K for k_B T."""

TEMPERATURE: dict[str, float] = {f"{prefix}K": _PREFIXES[prefix] * constants.k for prefix in _SMALL}
"""Joules k_B T in each unit of temperature."""

ENTROPY: dict[str, float] = {"nat": 1.0, "k_B": 1.0, "bit": 0.6931471805599453, "J/K": 1.0 / constants.k}
"""Nats in each unit of entropy."""

TIME: dict[str, float] = {"s": 1.0, "min": 60.0, "h": 3600.0} | {f"{p}s": _PREFIXES[p] for p in _SMALL if p not in ("", "k")}
"""Seconds in each unit of time."""

KINDS = {"energy": ENERGY | TEMPERATURE, "temperature": TEMPERATURE | ENERGY, "entropy": ENTROPY, "time": TIME}
"""The units of each kind of quantity: energies may be in units of temperature (k_B T), and temperatures in units of energy."""


def factor(kind: str, unit: str, whose: str = "") -> float:
    """Return how many J, nats or s a unit is, or raise `StudyError` if it is no unit of this kind.

    Examples
    --------
    >>> factor("entropy", "bit")
    0.6931471805599453
    """
    units_of_kind = KINDS[kind]
    if unit not in units_of_kind:
        other = next((name for name, units in KINDS.items() if unit in units), None)
        what = f" That is a unit of {other}." if other else suggest(str(unit), units_of_kind)
        raise StudyError(
            f"The unit of {whose or kind} must be one of {kind}: {', '.join(units_of_kind)}; but it is {unit!r}.{what}"
        )
    return units_of_kind[unit]


def known(units: Mapping[str, str]) -> dict[str, str]:
    """Return the units of a call, by kind, or raise `StudyError` if there is no such kind or unit."""
    for kind, unit in units.items():
        if kind not in KINDS:
            raise StudyError(f"`units` has the keys {', '.join(KINDS)}, but one is {kind!r}.{suggest(str(kind), KINDS)}")
        factor(kind, unit)
    return dict(units)


def checked(units: Mapping[str, str]) -> dict[str, str]:
    """Return the units of a call and its table, or raise `StudyError` if they cannot go together."""
    found = dict(units)
    if ("energy" in found) != ("temperature" in found):
        has, lacks = ("energy", "temperature") if "energy" in found else ("temperature", "energy")
        raise StudyError(
            f"Heats over temperatures must be entropies, but the unit of {has} is {found[has]!r} and that of {lacks} is not "
            f"given, so the two do not match. Give both, as in units={{'energy': 'GHz', 'temperature': 'mK'}}."
        )
    return found


def temperature_factor(units: Mapping[str, str]) -> float:
    """Return by what temperatures are multiplied to be in the unit of the energies.

    Examples
    --------
    >>> round(temperature_factor({"energy": "GHz", "temperature": "mK"}), 9)
    0.020836619
    """
    if "temperature" not in units:
        return 1.0
    return factor("temperature", units["temperature"]) / factor("energy", units["energy"])
