"""Figures of a ledger, of a sweep and of a comparison: matplotlib functions that draw on the axes they are given and return them.

None of them shows a window, picks a backend or changes matplotlib's settings. Without `ax` each makes a figure in one of this
package's styles, which `style` chooses ("screen", "column", "double"); on axes of your own your own style holds. If the figure of
your axes has no layout engine and its margins are untouched, the axes are placed so that no label is cut off. Energies are in the
ledger's unit where it has one, otherwise hbar = k_B = 1. The title is that of the machine file, else the machine's name.
"""

from athermal.plot.against_carnot import efficiency
from athermal.plot.between_backends import backends
from athermal.plot.budget import flows
from athermal.plot.by_definition import definitions
from athermal.plot.design import style
from athermal.plot.enlarged import resources
from athermal.plot.heat_map import heat_map
from athermal.plot.lasting import lasting
from athermal.plot.mode_map import mode_map
from athermal.plot.order import ergotropy
from athermal.plot.overview import summary
from athermal.plot.pareto import pareto_front
from athermal.plot.trajectories import correlations, energy_entropy

SWEEP_FIGURES = {"heat-map": heat_map, "mode-map": mode_map, "pareto": pareto_front, "lasting": lasting}
"""The figures of a sweep by the names that the command line has for them."""

__all__ = [
    "SWEEP_FIGURES",
    "backends",
    "correlations",
    "definitions",
    "efficiency",
    "energy_entropy",
    "ergotropy",
    "flows",
    "heat_map",
    "lasting",
    "mode_map",
    "pareto_front",
    "resources",
    "style",
    "summary",
]


def __dir__() -> list[str]:
    """Return the figures, not the modules that they are in."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
