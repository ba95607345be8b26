"""The one picture of a run: efficiency against Carnot's, above where each cycle's work came from."""

from __future__ import annotations

import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from athermal.plot import style, words
from athermal.plot.against_carnot import draw_efficiency, name_beyond_carnot
from athermal.plot.budget import draw_resources
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import beyond_carnot


def summary(ledger: Ledger, figure: Figure | None = None) -> Figure:
    """Draw the picture of a run: efficiency against Carnot's, above the resources that paid for the work of each cycle.

    The title and the lines below it say in words what the ledger holds. For the panels see `efficiency` and `resources`.

    Parameters
    ----------
    ledger : Ledger
    figure : matplotlib Figure, optional
        An empty figure to draw on, for instance `matplotlib.figure.Figure()` where there is no window; a new one of pyplot's,
        two columns wide, if left out.

    Returns
    -------
    matplotlib Figure

    Examples
    --------
    >>> from athermal import plot
    >>> figure = plot.summary(at.run(at.library.two_oscillator(modes=12), cycles=3))
    >>> len(figure.axes)
    2
    """
    with mpl.rc_context(style.STYLE):
        if figure is None:
            figure = plt.figure(figsize=(style.PAGE_WIDTH, 5.4))
        figure.set_layout_engine("constrained", hspace=0.04)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.1))
        for ax in (upper, lower):
            style.keep_tick_style(ax)
        draw_efficiency(upper, ledger, headroom=0.27)
        _label_best(upper, ledger)
        style.legend_beside(upper)
        draw_resources(lower, ledger, with_meaning=True)
        _enlarge_small_cycles(lower, ledger)
        style.legend_beside(lower, "above 0: gave work\nbelow 0: absorbed work")
        upper.set_xlabel("")
        _write_title(figure, upper, ledger)
    return figure


def _enlarge_small_cycles(ax: Axes, ledger: Ledger) -> None:
    """Show late cycles again in an inset, where the first ones dwarf them and so leave the room for it."""
    n = ledger.n_cycles
    given = np.nan_to_num([*(words.work_given(ledger, group) for group in words.GROUPS), words.unresolved_work(ledger)])
    size = np.maximum(np.maximum(given, 0.0).sum(axis=0), -np.minimum(given, 0.0).sum(axis=0))
    small = np.flatnonzero(size >= 0.12 * np.max(size))[-1] + 2
    if small > 0.5 * n + 1 or n - small < 1 or style.is_crowded(ledger):
        return
    low, high = ax.get_ylim()
    is_upper = -low < 0.5 * (high - low)
    first, last = ax.get_xlim()
    # Its tick labels take a tenth of the width and stay clear of the last tall bar.
    left = max(small - 0.5 - first, small - 0.64 - first + 0.1 * (last - first)) / (last - first)
    inset = ax.inset_axes((left, 0.62 if is_upper else 0.06, 0.995 - left, 0.3))
    style.keep_tick_style(inset)
    draw_resources(inset, ledger)
    inset.set(xlim=(small - 0.6, n + 0.6), xlabel="", ylabel="", xticks=range(small, n + 1))
    largest = 1.1 * np.max(size[small - 1 :])
    inset.set_ylim(-largest, largest)
    inset.set_title(f"{words.ranges(list(range(small, n + 1)))}, enlarged", fontsize=7.0, pad=2.0)


def _write_title(figure: Figure, upper: Axes, ledger: Ledger) -> None:
    machine = ledger.provenance.get("machine") or {}
    name = f"{style.plain(str(machine['name']))}: " if machine.get("name") else ""
    title = textwrap.fill(f"{name}{words.headline(ledger)}", 88)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10.0, fontweight="bold")
    lines = [line for sentence in words.sentences(ledger) for line in textwrap.wrap(sentence, 106)]
    upper.set_title("\n".join(lines), loc="left", fontsize=8.0, pad=8.0)


def _label_best(ax: Axes, ledger: Ledger) -> None:
    """Name the region above Carnot, and point from the clear strip at the top to the most efficient cycle in it."""
    beyond = beyond_carnot(ledger)
    if not np.any(beyond):
        name_beyond_carnot(ax)
        return
    best = int(np.argmax(np.where(beyond, ledger.cycles["efficiency"].values, -np.inf)))
    left, right = ax.get_xlim()
    place = (best + 1 - left) / (right - left)
    side, foot = ("left", 0.1) if place < 0.4 else ("center", 0.5) if place < 0.6 else ("right", 0.9)
    name_beyond_carnot(ax, "left" if side == "right" else "right")
    ax.annotate(
        _best_in_words(ledger, best),
        xy=(best + 1, float(ledger.cycles["efficiency"].values[best])),
        xytext=(place, 0.97),
        textcoords="axes fraction",
        ha=side,
        va="top",
        fontsize=8.0,
        arrowprops={"arrowstyle": "-", "linewidth": 0.6, "shrinkA": 1.0, "shrinkB": 6.0, "relpos": (foot, 0.0)},
    )


def _best_in_words(ledger: Ledger, best: int) -> str:
    """Return "cycle 1: athermal engine, paid by C(S)"."""
    return f"cycle {best + 1}: {words.kinds(ledger)[best]},\npaid by {words.paid_by(ledger, [best]) or 'unknown resources'}"
