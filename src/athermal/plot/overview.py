"""The one picture of a run: efficiency against Carnot's, above where each cycle's work came from."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from athermal.narrative import Facts, headline, sentences
from athermal.narrative.facts import names_of, payers_of
from athermal.narrative.sentences import listed
from athermal.plot import design, fitting, legends, words
from athermal.plot.against_carnot import draw_efficiency, name_beyond_carnot
from athermal.plot.budget import draw_flows, draw_resources
from athermal.plot.enlarged import enlarge_small_cycles
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import beyond_carnot, gives_work

_WIDE = 6.2
"""Inches from which on legends beside the panels leave these room enough."""

_MOST = 0.13
"""The largest part of the height that each of two legends may take."""


def summary(ledger: Ledger, figure: Figure | None = None) -> Figure:
    """Draw the picture of a run: efficiency against Carnot's, above the resources that paid for the work of each cycle.

    The title and the lines below it say in words what the ledger holds; a figure without the room for them has the title alone.
    Where no cycle gives work, the flows of heat take the place of the efficiency. For the panels see `efficiency`, `flows` and
    `resources`.

    Parameters
    ----------
    ledger : Ledger
    figure : matplotlib Figure, optional
        An empty figure to draw on, for instance `matplotlib.figure.Figure()` where there is no window; a new one of pyplot's,
        of the width of the style (`athermal.plot.style`), if left out.

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
    chosen = design.current()
    if figure is None:
        figure = plt.figure(
            figsize=(chosen.page_width, 5.4 if chosen.page_width > _WIDE else 4.4), dpi=chosen.settings["figure.dpi"]
        )
    # Smaller letters on a small figure.
    width, height = figure.get_size_inches()
    chosen = replace(chosen, font=chosen.font * float(np.clip(min(width / 4.5, height / 3.6), 0.7, 1.0)))
    with mpl.rc_context(chosen.settings):
        figure.set_layout_engine("constrained", hspace=0.04)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 1.1))
        for ax in (upper, lower):
            design.keep_tick_style(ax)
        is_wide = figure.get_figwidth() >= _WIDE
        gives = bool(np.any(gives_work(ledger.cycles)))
        if gives:
            draw_efficiency(upper, ledger, headroom=0.27)
        else:
            draw_flows(upper, ledger)
        draw_resources(lower, ledger, with_meaning=is_wide)
        _write_title(figure, upper, ledger)
        upper.set_xlabel("")
        if not is_wide:
            _say_less(upper, lower, ledger, gives=gives)
            legends.above(upper, most=_MOST)
            legends.above(lower, most=_MOST)
        for ax in (upper, lower):
            fitting.fit(ax)
        _make_room(upper)
        enlarge_small_cycles(lower, ledger)
        if is_wide:
            legends.beside(upper)
            legends.beside(lower, "above 0: gave work\nbelow 0: absorbed work")
        design.lay_out(figure)
        if gives:
            _label_best(upper, ledger)
        fitting.fit(upper)
        fitting.fit(lower)
    return figure


def _say_less(upper: Axes, lower: Axes, ledger: Ledger, *, gives: bool) -> None:
    """Label panels that are low in fewer words."""
    unit = f" ({design.energy_unit(ledger)})" if ledger.units else ""
    upper.set_ylabel(r"efficiency $\eta$" if gives else f"energy{unit}")
    lower.set_ylabel(f"part of $-W${unit}")


def _make_room(ax: Axes) -> None:
    """Raise the title of axes above their legend."""
    legend = ax.get_legend()
    if legend is not None and ax.get_title(loc="left"):
        high = 72.0 * legend.get_window_extent().height / ax.figure.figure.dpi
        ax.set_title(ax.get_title(loc="left"), loc="left", fontsize="medium", pad=8.0 + high)


def _write_title(figure: Figure, upper: Axes, ledger: Ledger) -> None:
    """Write the headline, and below it the sentences if they and it take no more than a quarter of the figure."""
    name = design.title_of(ledger)
    size = design.points("medium")
    facts = Facts.of(ledger)
    told_first = headline(facts, words.STYLE)
    text = f"{name}: {told_first}" if name else told_first
    title = figure.suptitle(text, x=0.01, ha="left", fontsize=1.2 * size, fontweight="bold")
    _fill(title, text, 0.94 * figure.bbox.width)
    if title.get_window_extent().height > 0.15 * figure.bbox.height:
        title.set_fontsize(size)
        _fill(title, text, 0.94 * figure.bbox.width)
    told = Text(0.0, 0.0, "", figure=figure, fontsize=size)
    lines = []
    for sentence in sentences(facts, words.STYLE):
        _fill(told, sentence, 0.78 * figure.bbox.width)
        lines.append(told.get_text())
    told.set_text("\n".join(lines))
    if title.get_window_extent().height + told.get_window_extent().height <= 0.25 * figure.bbox.height:
        upper.set_title(told.get_text(), loc="left", fontsize=size, pad=8.0)


def _fill(text: Text, words_of_it: str, width: float) -> None:
    """Break a text into lines so that none is wider than so many pixels."""
    most = len(words_of_it)
    text.set_text(words_of_it)
    while (found := text.get_window_extent().width) > width and most > 12:
        most = min(most - 1, int(most * max(0.8, width / found)))
        text.set_text(legends.wrap(words_of_it, most))


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
    name = name_beyond_carnot(ax, "left" if side == "right" else "right")
    told = ax.annotate(
        _best_in_words(ledger, best),
        xy=(best + 1, float(ledger.cycles["efficiency"].values[best])),
        xytext=(place, 0.97),
        textcoords="axes fraction",
        ha=side,
        va="top",
        fontsize="medium",
        arrowprops={"arrowstyle": "-", "linewidth": 0.6, "shrinkA": 1.0, "shrinkB": 6.0, "relpos": (foot, 0.0)},
    )
    ax.figure.figure.draw_without_rendering()  # otherwise the note is not yet in its place
    box, frame = Text.get_window_extent(told), ax.get_window_extent()
    if box.height > 0.4 * frame.height or box.x1 > frame.x1 or box.x0 < frame.x0:
        told.remove()
    elif box.overlaps(name.get_window_extent()):
        name.remove()


def _best_in_words(ledger: Ledger, best: int) -> str:
    """Return "cycle 1: athermal engine, paid by C(S)"."""
    paid = listed(payers_of(ledger, [best]), words.STYLE) or "unknown resources"
    return f"cycle {best + 1}: {names_of(ledger)[best]},\npaid by {paid}"
