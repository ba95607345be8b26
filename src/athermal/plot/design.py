"""What all figures share: colours, sizes, fonts, the layout and the cycle axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import is_past_recurrence

# Okabe and Ito's colours, which the common forms of colour blindness keep apart.
BLACK, ORANGE, SKY, GREEN, YELLOW = "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILLION, PURPLE, GREY, PALE = "#0072B2", "#D55E00", "#CC79A7", "#767676", "#C8C8C8"


@dataclass(frozen=True)
class Style:
    """The size of figures without axes of their own, of their letters, and where legends go.

    Attributes
    ----------
    width : float
        Of a figure, in inches.
    page_width : float
        Of figures of several panels, in inches.
    height : float
        Of a figure relative to one of a column.
    font : float
        Size of labels, in points; ticks and legends are a point smaller.
    has_legend_inside : bool
        Whether legends go into a corner of the axes that is free, if there is one.
    """

    width: float
    page_width: float
    height: float
    font: float
    has_legend_inside: bool = False

    @property
    def settings(self) -> Any:
        """Those of matplotlib."""
        small = self.font - 1.0
        return {
            "font.size": self.font,
            "axes.labelsize": self.font,
            "axes.titlesize": self.font,
            "axes.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.dpi": 160.0,
            "hatch.linewidth": 0.6,
            "legend.fontsize": small,
            "legend.title_fontsize": small,
            "legend.frameon": False,
            "legend.handlelength": 1.9,
            "lines.linewidth": 1.2,
            "lines.markersize": 4.0,
            "xtick.labelsize": small,
            "ytick.labelsize": small,
            "xtick.major.width": 0.6,
            "ytick.major.width": 0.6,
        }


STYLES = {
    "screen": Style(5.5, 7.2, 1.3, 9.0),
    "column": Style(3.4, 3.4, 1.0, 8.0, has_legend_inside=True),
    "double": Style(7.0, 7.0, 1.4, 8.0, has_legend_inside=True),
}
"""The styles by name."""

_current = ContextVar("_current", default=STYLES["screen"])


def current() -> Style:
    """Return the style that figures are drawn in."""
    return _current.get()


class style:  # noqa: N801  called as a function, as `matplotlib.rc_context` is
    """Choose the size of figures, their letters and where legends go: for all that follow, or within a `with` statement.

    It holds for figures that are drawn without axes of your own; on yours your own style of matplotlib holds.

    Parameters
    ----------
    name : {"screen", "column", "double"}
        "screen": 5.5 inches wide (7.2 for several panels), the legend above the axes; it holds if none is chosen. "column": one
        column of a printed page, 3.4 inches, the legend in a free corner of the axes if there is one. "double": two columns, 7
        inches.

    Raises
    ------
    StudyError
        If there is no such style.

    Examples
    --------
    >>> from athermal import plot
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=3)
    >>> with plot.style("column"):
    ...     ax = plot.efficiency(ledger)
    >>> ax.figure.get_size_inches().tolist()
    [3.4, 2.5]

    For all figures that follow, and back:

    >>> _ = plot.style("double")
    >>> _ = plot.style("screen")
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or name not in STYLES:
            raise StudyError(f"`name` of a style must be one of {', '.join(map(repr, STYLES))}, but is {_validate.shown(name)}.")
        self.name = name
        self._before = _current.get()
        _current.set(STYLES[name])

    def __enter__(self) -> Style:
        """Return the style, which holds until the end of the `with` statement."""
        _current.set(STYLES[self.name])
        return STYLES[self.name]

    def __exit__(self, *_: object) -> None:
        """Go back to the style from before."""
        _current.set(self._before)

    def __repr__(self) -> str:
        """Return the call that chooses it."""
        return f"style({self.name!r})"


_ENERGY_UNIT = r"energy, $\hbar = k_\mathrm{B} = 1$"

MANY_CYCLES = 40
"""With more cycles than this the picture of a ledger is crowded."""


def energy_unit(ledger: Ledger) -> str:
    """Return what an axis of energies says of their unit."""
    return plain(ledger.units["energy"]) if "energy" in ledger.units else _ENERGY_UNIT


@contextmanager
def canvas(ax: Axes | None, height: float) -> Iterator[Axes]:
    """Give the axes to draw on: those handed in, in their owner's style, or new ones in ours."""
    chosen = current()
    with mpl.rc_context(chosen.settings if ax is None else {}):
        if ax is None:
            _, ax = plt.subplots(figsize=(chosen.width, height * chosen.height), layout="constrained")
            keep_tick_style(ax)
        yield ax


def lay_out(figure: Figure) -> None:
    """Give axes their places: by the layout engine of the figure, or so that nothing is cut off if its owner left that open.

    Where there is no engine and no margin was chosen, the constrained layout is done once; the figure keeps none.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    elif _is_untouched(figure):
        ConstrainedLayoutEngine().execute(figure)


def _is_untouched(figure: Figure) -> bool:
    """Tell whether the margins of a figure are those that it was made with."""
    names = ("left", "right", "bottom", "top", "wspace", "hspace")
    settings: Any = mpl.rcParams
    return all(getattr(figure.subplotpars, name) == settings[f"figure.subplot.{name}"] for name in names)


def keep_tick_style(ax: Axes) -> None:
    """Fix the tick style on the axes, because matplotlib makes ticks later, when the style context is left."""
    ax.tick_params(labelsize=mpl.rcParams["xtick.labelsize"], width=mpl.rcParams["xtick.major.width"], length=3.0)


def legend_size() -> Any:
    """Return the font size of legends in the style that holds."""
    return mpl.rcParams["legend.fontsize"]


def points(size: Any) -> float:
    """Return a font size such as 8 or "small" in points."""
    return float(FontProperties(size=size).get_size_in_points())


def title_of(ledger: Ledger) -> str:
    """Return what a ledger is of: the title of its file, else the name of its machine."""
    machine = ledger.provenance.get("machine")
    name = machine.get("name") if isinstance(machine, Mapping) else None
    return plain(str(ledger.provenance.get("title") or name or ""))


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
    shade_past(ax, ledger)


def cycle_ticks(ledger: Ledger) -> list[int]:
    """Return every cycle, or about ten round numbers and the first."""
    n = ledger.n_cycles
    step = next(step * 10**power for power in range(12) for step in (1, 2, 5) if n <= 12 * step * 10**power)
    return [1, *range(step, n + 1, step)] if step > 1 else list(range(1, n + 1))


def round_ticks(places: Sequence[float], step: int) -> list[float]:
    """Return fewer whole-numbered ticks: multiples of a round number at least `step` times as far apart.

    Examples
    --------
    >>> round_ticks([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 3)
    [5, 10]
    """
    apart = step * float(np.min(np.diff(places)))
    size = next(size * 10.0**power for power in range(-12, 13) for size in (1.0, 2.0, 5.0) if size * 10.0**power >= apart)
    kept = [place for place in places if abs(place / size - round(place / size)) < 1e-9]
    return kept or [places[-1]]


def shade_past(ax: Axes, ledger: Ledger, *, shift: float = 0.5) -> None:
    """Shade the cycles past the recurrence time of a finite bath, whose size shows in them; cycle k ends at k + `shift`."""
    past = is_past_recurrence(ledger.cycles)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], past, [False]]).astype(int)))
    label = "past recurrence"
    for first, last in edges.reshape(-1, 2):
        look: dict[str, Any] = {"facecolor": GREY, "alpha": 0.22, "linewidth": 0, "zorder": 0, "label": label}
        ax.axvspan(first + shift, last + shift, **look)
        label = "_nolegend_"


def is_crowded(ledger: Ledger) -> bool:
    """Tell whether single cycles are too narrow for gaps between bars and for full-sized markers."""
    return ledger.n_cycles > MANY_CYCLES


def marker_size(ax: Axes, ledger: Ledger) -> float:
    """Return the marker size in points at which the markers of neighbouring cycles stay apart."""
    figure = ax.figure.figure
    apart = 72.0 * ax.get_window_extent().width / figure.dpi / max(ledger.n_cycles, 1)
    return float(np.clip(0.5 * apart, 1.5, 4.5))


def draw_limit(ax: Axes, level: float, colour: str, label: str | None = None) -> None:
    """Draw the level of a limit cycle, which late cycles tend to."""
    ax.axhline(level, color=colour, linestyle=(0, (1, 1.5)), linewidth=0.9, label=label, zorder=1.5)


def note_unknown(ax: Axes, names: list[str]) -> None:
    """Name in the legend what the ledger does not know."""
    if names:
        ax.add_line(Line2D([], [], linestyle="none", label=f"unknown: {', '.join(names)}"))
