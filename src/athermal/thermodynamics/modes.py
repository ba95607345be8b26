"""The modes of operation: what a machine does over an interval, and whether an engine is thermal or athermal."""

from __future__ import annotations

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics import laws

MODES = {
    "engine": "W < 0 and the hottest reservoirs give heat",
    "discharge": "W < 0 while no reservoir gives heat: all energy comes from the machine and its correlations",
    "reverse engine": "W < 0 while the hottest reservoirs gain and another gives: heat runs uphill and work comes out",
    "refrigerator": "W > 0, the coldest reservoirs give heat and another gains",
    "accelerator": "W > 0, the hottest reservoirs give heat and the coldest gain",
    "heater": "W > 0, some reservoir gains and none gives",
    "charge": "W > 0 and no reservoir gains: the machine stores the work, and what heat is given",
    "mixer": "W > 0 with any other pattern of heats, as among equal temperatures or three and more",
    "heat reversal": "no work, and heat runs from the coldest to the hottest reservoirs: stored resources pay",
    "conduction": "no work, and heat runs from the hottest to the coldest reservoirs",
    "idle": "no work beyond rounding, and no such heat",
}
"""The modes of operation; the first, fourth, fifth and sixth are the classical ones, the others need stored resources or
more than two reservoirs. Reservoirs that share the highest or the lowest temperature count together."""

WITHOUT_WORK = ("heat reversal", "conduction", "idle")
"""The modes in which no work is done beyond rounding."""

WITH_OUTPUT = ("engine", "discharge", "reverse engine")
"""The modes in which work comes out beyond rounding."""


def mode(work: float, heats: FloatArray, temperatures: FloatArray, resolution: float) -> str:
    """Return the mode of operation of one interval, a key of `MODES`.

    Amounts of energy up to `resolution` count as zero.

    Examples
    --------
    >>> mode(-1.0, np.array([-3.0, 2.0]), np.array([2.0, 1.0]), 0.0)
    'engine'
    """
    hot, cold = (float(np.sum(heats[which(temperatures)])) for which in (laws.hottest, laws.coldest))
    is_single = bool(np.all(laws.coldest(temperatures)))
    if not abs(work) > resolution:
        if np.isnan(work) or is_single:
            return "idle"
        if hot > resolution and cold < -resolution:
            return "heat reversal"
        return "conduction" if hot < -resolution and cold > resolution else "idle"
    gains, gives = np.any(heats > resolution), np.any(heats < -resolution)
    if work < 0.0:
        if not gives:
            return "discharge"
        return "engine" if is_single or not hot > resolution else "reverse engine"
    if not gains:
        return "charge"
    if not gives:
        return "heater"
    if is_single:
        return "mixer"
    if cold < -resolution:
        return "refrigerator"
    return "accelerator" if hot < -resolution and cold > resolution else "mixer"


_KINDS = {"engine": "", "discharge": " (discharge)", "reverse engine": " (reverse)"}


def kind(mode: str, *, is_athermal: bool) -> str:
    """Return a mode with what an engine runs on: all that gives work is a thermal engine, or an athermal one (dsigma < 0).

    Examples
    --------
    >>> kind("engine", is_athermal=True), kind("discharge", is_athermal=True), kind("heater", is_athermal=True)
    ('athermal engine', 'athermal engine (discharge)', 'heater')
    """
    return f"{'athermal' if is_athermal else 'thermal'} engine{_KINDS[mode]}" if mode in _KINDS else mode


def is_athermal(entropic: float, resolution: float) -> bool:
    """Tell whether dsigma < 0 beyond rounding: entropic resources were spent. An engine that does so is athermal."""
    return bool(entropic < -resolution)
