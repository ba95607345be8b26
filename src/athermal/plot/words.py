"""How figures set sentences, and how they draw each resource."""

from __future__ import annotations

from dataclasses import dataclass

from athermal.narrative.style import Style
from athermal.plot import design
from athermal.thermodynamics.payers import group_of


@dataclass(frozen=True)
class Look:
    """The colour of a resource, and a hatch that tells it apart without colour."""

    colour: str
    hatch: str
    hatch_colour: str


LOOKS = {
    "heat": Look(design.VERMILLION, "", "white"),
    "C(S)": Look(design.BLUE, "\\\\\\\\", "white"),
    "I(S,R)": Look(design.SKY, "////", design.BLACK),
    "C(R)": Look(design.GREEN, "....", design.BLACK),
    "D": Look(design.PURPLE, "xxxx", design.BLACK),
    "F": Look(design.YELLOW, "----", design.BLACK),
}
"""By the symbols of `athermal.narrative.resources.RESOURCES`."""


def symbol(payer: str) -> str:
    r"""Return a resource as figures write it.

    Examples
    --------
    >>> symbol("C(S)"), symbol("D[hot bath]"), symbol("heat")
    ('$C(S)$', '$D$[hot bath]', 'heat')
    """
    group = group_of(payer)
    return group if group in ("heat", "work") else f"${group}$" + design.plain(payer.removeprefix(group))


STYLE = Style("\N{EN DASH}", symbol)
"""Sentences in figures: symbols as mathematics, which the legend explains."""
