"""How much of the subsystems' energy is ordered."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from athermal.errors import StateError
from athermal.plot import design, fitting
from athermal.thermodynamics.ledger import Ledger

_LOOKS = ((design.BLUE, "o"), (design.VERMILLION, "s"), (design.GREEN, "^"), (design.PURPLE, "D"), (design.ORANGE, "v"))


def ergotropy(ledger: Ledger, ax: Axes | None = None) -> Axes:
    """Draw the energy change of every subsystem since the start, and its ergotropy: the part that a unitary could draw as work.

    What lies between the two lines of a subsystem is heat and what it held at the start. For machines of finite parts.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    StateError
        If the ledger has no ergotropy: it is not of a machine of finite parts.

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.ergotropy(at.run(at.library.spin_star(spins=2), cycles=2, samples_per_cycle=8))
    >>> len(ax.lines)
    5
    """
    data = ledger.instants
    if "subsystem_ergotropy" not in data:
        raise StateError("This ledger has no ergotropy: only machines of finite parts have that column. Draw `energy_entropy`.")
    with design.canvas(ax, 2.6) as axes:
        time = data["time"].values / ledger.reference.period
        size, every = design.marker_size(axes, ledger) * 0.8, max(1, round(len(time) / 8))
        axes.axhline(0.0, color=design.GREY, linewidth=0.6, zorder=1)
        for k, name in enumerate(ledger.reference.subsystems):
            colour, marker = _LOOKS[k % len(_LOOKS)]
            look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": size, "markevery": every}
            gained = data["subsystem_energy"].values[:, k] - data["subsystem_energy"].values[0, k]
            axes.plot(time, gained, linestyle=":", markerfacecolor="white", label=f"energy gained, {design.plain(name)}", **look)
            ordered = data["subsystem_ergotropy"].values[:, k]
            axes.plot(time, ordered, linestyle="-", label=f"ergotropy, {design.plain(name)}", **look)
            axes.fill_between(time, 0.0, np.maximum(ordered, 0.0), color=colour, alpha=0.12, linewidth=0)
        axes.set_xlim(float(time[0]), float(time[-1]))
        axes.set_xlabel(r"time $t/\tau$ (cycles)")
        axes.set_ylabel(f"energy of a subsystem\n({design.energy_unit(ledger)})")
        fitting.finish(axes)
    return axes
