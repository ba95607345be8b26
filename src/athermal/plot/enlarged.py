"""Where each cycle's work came from, with cycles enlarged that are too small to be read."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from athermal.narrative.resources import RESOURCES, unresolved_work, work_given
from athermal.plot import design, fitting, words
from athermal.plot.budget import draw_resources
from athermal.thermodynamics.ledger import Ledger

_SMALL = 0.12
"""Cycles whose bars are smaller than this part of the largest can hardly be read."""


def resources(ledger: Ledger, ax: Axes | None = None) -> Axes:
    """Draw, for each cycle, how much of the work output each resource gave or absorbed.

    The terms of -W = -sum_j eta_j Q_j - T_min (dI + dC(S) + dC(R) + sum_j dD_j) - sum_i dF_i (S18), summed over reservoirs
    and subsystems: what gave work up is stacked upwards, what absorbed work downwards, and their sum -W is the black dash. Late
    cycles that the first ones dwarf are shown again, enlarged. Terms that the ledger does not know are named in the legend; where
    the second law still gives their sum, that is one grey bar.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.resources(at.run(at.library.two_oscillator(modes=12), cycles=3))
    >>> [bars.get_label() for bars in ax.containers][:2]
    ['heat', '$C(S)$']
    """
    with design.canvas(ax, 2.6) as axes:
        draw_resources(axes, ledger)
        enlarge_small_cycles(axes, ledger)
        fitting.finish(axes)
    return axes


def enlarge_small_cycles(ax: Axes, ledger: Ledger) -> None:
    """Show late cycles again in an inset in line with them, where the first ones dwarf them and so leave the room for it."""
    n = ledger.n_cycles
    given = np.nan_to_num([*(work_given(ledger, resource) for resource in RESOURCES), unresolved_work(ledger)])
    up, down = np.maximum(given, 0.0).sum(axis=0), -np.minimum(given, 0.0).sum(axis=0)
    size = np.maximum(up, down)
    small = int(np.flatnonzero(size >= _SMALL * np.max(size))[-1]) + 2
    if small > 0.5 * n + 1 or n - small < 1 or np.max(size[small - 1 :]) == 0.0:
        return
    low, high = ax.get_ylim()
    first, last = ax.get_xlim()
    late = slice(small - 1, None)
    above, below = (high - 1.3 * np.max(up[late])) / (high - low), (-1.3 * np.max(down[late]) - low) / (high - low)
    foot, height = (1.0 - above, above) if above >= below else (0.0, below)
    letters = 0.9 * design.points(design.legend_size())
    left, right = ((cycle - first) / (last - first) for cycle in (small - 0.5, n + 0.5))
    name = 1.6 * letters / (72.0 * ax.get_window_extent().height / ax.figure.figure.dpi)
    if height - name < 3.0 * name:
        return
    inset = ax.inset_axes((left, foot + 0.05 * height, right - left, 0.92 * height - name))
    draw_resources(inset, ledger)
    largest = 1.1 * np.max(size[late])
    inset.set(xlim=(small - 0.5, n + 0.5), ylim=(-largest, largest), xlabel="", ylabel="", xticks=[])
    inset.yaxis.tick_right()
    inset.yaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
    inset.tick_params(labelsize=letters, width=0.6, length=2.0, pad=1.5)
    inset.spines[["top", "right"]].set_visible(True)
    inset.spines[:].set_linewidth(0.6)
    inset.set_title(f"{words.STYLE.cycles(range(small, n + 1))}, enlarged", fontsize=letters, pad=2.0)
