"""What all figures share: colours, symbols, fonts, the cycle axis and where legends go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from athermal._types import FloatArray
from athermal.thermodynamics.ledger import Ledger

# Okabe and Ito's colours, which the common forms of colour blindness keep apart.
BLACK, ORANGE, SKY, GREEN, YELLOW = "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, GREY, PALE = "#0072B2", "#D55E00", "#CC79A7", "#767676", "#C8C8C8"

COLUMN_WIDTH = 3.4
"""Inches: one column of a printed page."""

PAGE_WIDTH = 7.2
"""Inches: two columns."""

STYLE: Any = {
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.dpi": 160.0,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 7.0,
    "legend.title_fontsize": 7.0,
    "legend.frameon": False,
    "legend.handlelength": 1.9,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}

_ENERGY_UNIT = r"energy, $\hbar = k_\mathrm{B} = 1$"

MANY_CYCLES = 40
"""With more cycles than this the picture of a ledger is crowded."""


def energy_unit(ledger: Ledger) -> str:
    """Return what an axis of energies says of their unit."""
    return plain(ledger.units["energy"]) if "energy" in ledger.units else _ENERGY_UNIT


@contextmanager
def canvas(ax: Axes | None, height: float) -> Iterator[Axes]:
    """Give the axes to draw on: those handed in, in their owner's style, or new ones in ours."""
    with mpl.rc_context(STYLE if ax is None else {}):
        if ax is None:
            _, ax = plt.subplots(figsize=(COLUMN_WIDTH, height), layout="constrained")
            keep_tick_style(ax)
        yield ax


def keep_tick_style(ax: Axes) -> None:
    """Fix the tick style on the axes, because matplotlib makes ticks later, when the style context is left."""
    ax.tick_params(labelsize=STYLE["xtick.labelsize"], width=STYLE["xtick.major.width"], length=3.0)


def plain(name: str) -> str:
    """Return a part's name such that matplotlib takes no `$` in it for mathematics."""
    return name.replace("$", r"\$")


def cycle_numbers(ledger: Ledger) -> FloatArray:
    """Return 1, 2, ..., the cycles of a ledger."""
    return np.asarray(ledger.cycles["cycle"].values, dtype=float)


def set_cycle_axis(ax: Axes, ledger: Ledger) -> None:
    """Show every cycle, whole numbers only."""
    n = ledger.n_cycles
    # Fewer than four cycles keep the bar width of four.
    margin = max(0.6, 0.5 * (5 - n))
    ax.set_xlim(1 - margin, n + margin)
    ax.set_xticks(cycle_ticks(ledger))
    ax.set_xlabel("cycle")


def cycle_ticks(ledger: Ledger) -> list[int]:
    """Return every cycle, or about ten round numbers and the first."""
    n = ledger.n_cycles
    step = next(step * 10**power for power in range(12) for step in (1, 2, 5) if n <= 12 * step * 10**power)
    return [1, *range(step, n + 1, step)] if step > 1 else list(range(1, n + 1))


def is_crowded(ledger: Ledger) -> bool:
    """Tell whether single cycles are too narrow for gaps between bars and for full-sized markers."""
    return ledger.n_cycles > MANY_CYCLES


def marker_size(ledger: Ledger) -> float:
    """Return the marker size in points at which the markers of neighbouring cycles stay apart."""
    return 2.0 if is_crowded(ledger) else 4.5


def draw_limit(ax: Axes, level: float, colour: str, label: str | None = None) -> None:
    """Draw the level of a limit cycle, which late cycles tend to."""
    ax.axhline(level, color=colour, linestyle=(0, (1, 1.5)), linewidth=0.9, label=label, zorder=1.5)


def legend_above(ax: Axes, handles: list[Any] | None = None, title: str | None = None) -> None:
    """Put the legend above the axes, where it covers no data, in as many columns as fit their width."""
    figure = ax.figure.figure
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)  # otherwise the axes do not have their width yet
    width = ax.get_window_extent().width
    for columns in (4, 3, 2, 1):
        legend = ax.legend(
            handles=ax.get_legend_handles_labels()[0] if handles is None else handles,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.01),
            ncols=columns,
            borderaxespad=0.0,
            columnspacing=1.0,
            frameon=False,
            title=title,
            alignment="left",
        )
        if legend.get_window_extent().width <= 1.02 * width:
            return


def legend_beside(ax: Axes, title: str | None = None) -> None:
    """Put the legend to the right of the axes, where it covers no data."""
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        title=title,
        alignment="left",
        labelspacing=0.7,
    )


def note_unknown(ax: Axes, names: list[str]) -> None:
    """Name in the legend what the ledger does not know."""
    if names:
        ax.add_line(Line2D([], [], linestyle="none", label=f"unknown: {', '.join(names)}"))
