"""The list of families, and which of them a machine is of."""

from __future__ import annotations

from athermal.errors import MachineError
from athermal.machine.families.finite import Finite
from athermal.machine.families.harmonic import Harmonic
from athermal.machine.families.open import Open
from athermal.machine.family import Family
from athermal.machine.layout import Layout, Part

FAMILIES: tuple[Family, ...] = (Harmonic(), Finite(), Open())
"""All families; a machine is of the first that all its parts may be of."""


def family_of(machine: Layout) -> Family:
    """Return the first family that all parts of a machine share, or raise `MachineError` naming two that do not go together."""
    shared = [family for family in FAMILIES if all(family.name in part.families for part in machine.parts)]
    if shared:
        return shared[0]
    one, other = _apart(machine.parts)
    if other.with_levels and not one.with_levels:
        one, other = other, one
    change = f"Write {one.name!r} as a {one.with_levels} with a number of levels" if one.with_levels else f"Replace {one.name!r}"
    raise MachineError(
        f"The parts of a machine must be of one family, but {one.name!r} is of the kind {_kind(one)}, {other.name!r} of the kind "
        f"{_kind(other)}. {change}."
    )


def _apart(parts: tuple[Part, ...]) -> tuple[Part, Part]:
    """Return the first two parts that share no family, or the first and the last if every two share one."""
    pairs = ((a, b) for k, b in enumerate(parts) for a in parts[:k] if not set(a.families) & set(b.families))
    return next(pairs, (parts[0], parts[-1]))


def _kind(part: Part) -> str:
    return f"{type(part).__name__} ({' or '.join(part.families)})"
