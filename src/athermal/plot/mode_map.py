"""In which mode a machine runs, over two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from athermal.plot import cells, design, fitting
from athermal.plot.heat_map import FAILED, PAST, UNFINISHED
from athermal.plot.symbols import parameter_label
from athermal.study.selection import CUMULATIVE, Plane, dataset_of, fix, is_grid, plane, varied
from athermal.thermodynamics import modes

_LOOKS: dict[str, tuple[str, str, str, str]] = {
    "athermal engine": (design.VERMILLION, "white", "", "D"),
    "thermal engine": (design.BLUE, "white", "", "o"),
    "athermal engine (discharge)": (design.PURPLE, design.BLACK, "....", "P"),
    "athermal engine (reverse)": (design.VERMILLION, "white", "\\\\\\\\", "^"),
    "thermal engine (reverse)": (design.BLUE, "white", "\\\\\\\\", "p"),
    "refrigerator": (design.SKY, design.BLACK, "", "v"),
    "accelerator": (design.YELLOW, design.BLACK, "", ">"),
    "heater": (design.ORANGE, design.BLACK, "", "s"),
    "charge": (design.PURPLE, "white", "", "X"),
    "mixer": (design.GREY, "white", "", "h"),
    "heat reversal": (design.GREEN, "white", "", "<"),
    "conduction": (design.YELLOW, design.BLACK, "////", "d"),
    "idle": ("#FFFFFF", design.PALE, "", "."),
}
"""Of each mode: colour, colour of the hatch, hatch, marker of a point of a sample."""


def mode_map(
    sweep: Any,
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    cycle: int | None = None,
    cumulative: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mode of operation over two parameters: engine, refrigerator, accelerator, ...

    All that gives work is an engine, thermal (dsigma >= 0) or athermal (dsigma < 0); all modes are those of docs/physics.md. The
    legend names the modes that occur. If one parameter varies, the cycles are the other axis.

    Parameters
    ----------
    sweep : Sweep or its dataset
    x, y : str, optional
        Parameters of the axes, or "cycle"; the first two that vary if left out.
    at : mapping, optional
        Values at which other parameters are fixed.
    cycle : int, optional
        The first if left out, of all cycles together the last.
    cumulative : bool
        Whether to show the mode of all cycles since the start together.
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    StudyError
        If a name or value is not in the sweep, or more parameters vary than are named.

    Examples
    --------
    >>> from athermal import plot
    >>> parameters = {"T_hot": [2.0, 3.0], "swap_angle": [0.5, 1.0, 1.5]}
    >>> sweep = at.sweep(at.library.two_qubit_swap, parameters, cycles=1)
    >>> [text.get_text() for text in plot.mode_map(sweep).get_legend().get_texts()]
    ['thermal engine']
    """
    data = fix(dataset_of(sweep), at)
    if y is None and x != "cycle" and cycle is None and is_grid(data) and len(varied(data)) <= 1:
        y = "cycle"
    chosen = plane(sweep, f"{CUMULATIVE}mode" if cumulative else "mode", x, y, at, cycle)
    names = kinds(chosen)
    with design.canvas(ax, 2.9) as axes:
        handles = _cells(axes, chosen, names) if chosen.is_grid else _dots(axes, chosen, names)
        fitting.finish(axes, handles, title=None if chosen.when == "each cycle" else chosen.when)
    return axes


def kinds(chosen: Plane) -> Any:
    """Return the mode of each point, engines told apart as "thermal engine" and "athermal engine"; "" where a run has none."""
    athermal = chosen.values("is_athermal") > 0.0
    return np.vectorize(lambda mode, a: modes.kind(mode, is_athermal=a), otypes=[object])(chosen.words("mode"), athermal)


def _cells(ax: Axes, chosen: Plane, names: Any) -> list[Any]:
    x = cells.cell_axis(chosen.x, chosen.coordinate(chosen.x))
    if chosen.y is None:
        y, rows = cells.cell_axis("", [0.0]), names[None, :]
    else:
        y, rows = cells.cell_axis(chosen.y, chosen.coordinate(chosen.y)), names
    order = np.ix_(y.order, x.order)
    handles: list[Any] = []
    for name, (colour, hatch_colour, hatch, _) in _LOOKS.items():
        look = {"facecolor": colour, "edgecolor": hatch_colour, "hatch": hatch, "label": name}
        handles += cells.fill(ax, (rows == name)[order], x, y, look)
    for kind, look in (("past", PAST), ("failed", FAILED), ("unfinished", UNFINISHED)):
        handles += cells.fill(ax, chosen.states()[kind].reshape(rows.shape)[order], x, y, look)
    x.apply(ax, "x")
    y.apply(ax, "y")
    if chosen.y is None:
        ax.set_yticks([])
    return handles


def _dots(ax: Axes, chosen: Plane, names: Any) -> list[Any]:
    x = chosen.coordinate(chosen.x)
    y = chosen.coordinate(chosen.y) if chosen.y else np.zeros(len(x))
    handles: list[Line2D] = []
    looks = [(names == name, colour, marker, name) for name, (colour, _, _, marker) in _LOOKS.items()]
    looks += [
        (chosen.states()["failed"], design.GREY, "+", "failed"),
        (chosen.states()["unfinished"], design.GREY, "1", "not finished"),
    ]
    for where, colour, marker, name in looks:
        if np.any(where):
            edge: dict[str, Any] = {"markeredgecolor": colour if marker in "+1" else design.BLACK, "markeredgewidth": 0.5}
            handles += ax.plot(x[where], y[where], linestyle="", marker=marker, color=colour, label=name, markersize=5.0, **edge)
    ax.set(xlabel=parameter_label(chosen.x), ylabel=parameter_label(chosen.y) if chosen.y else "")
    if chosen.y is None:
        ax.set_yticks([])
    return handles
