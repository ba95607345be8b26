"""Maps over two parameters: where the cells lie, their borders, and the axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator

from athermal._types import FloatArray
from athermal.plot import design
from athermal.plot.symbols import parameter_label


@dataclass(frozen=True)
class CellAxis:
    """One axis of a map.

    Attributes
    ----------
    name : str
        The parameter.
    order : (n,) int array
        Which value of the sweep comes first, second, ... on the axis.
    centres, edges : (n,), (n + 1,) array
        Where the values lie, and where cells meet: half-way, in the logarithm if the values are spaced evenly in that.
    scale : str
        "linear" or "log".
    texts : tuple of str
        The values as text, if they are words.
    """

    name: str
    order: Any
    centres: FloatArray
    edges: FloatArray
    scale: str
    texts: tuple[str, ...] = ()

    def apply(self, ax: Axes, which: str) -> None:
        """Set scale, limits, ticks and label of the x or y axis of a figure."""
        axis = ax.xaxis if which == "x" else ax.yaxis
        ax.set(**{f"{which}scale": self.scale, f"{which}lim": (self.edges[0], self.edges[-1])})
        axis.set_label_text(parameter_label(self.name))
        if self.texts or len(self.centres) == 1:
            axis.set_ticks(self.centres, self.texts or [f"{self.centres[0]:g}"])
        elif self.scale == "log" and len(self.centres) <= 8:
            axis.set_ticks(self.centres, [f"{value:.3g}" for value in self.centres])
            axis.set_minor_locator(NullLocator())
        elif self.scale == "linear":
            is_whole = bool(np.all(self.centres == np.round(self.centres)))
            axis.set_major_locator(MaxNLocator(nbins=6, integer=is_whole, steps=[1, 2, 5, 10]))


def cell_axis(name: str, values: Any) -> CellAxis:
    """Return the axis for the values of a parameter, in rising order; words keep theirs.

    Examples
    --------
    >>> cell_axis("T_hot", [3.0, 1.0, 2.0]).edges
    array([0.5, 1.5, 2.5, 3.5])
    >>> cell_axis("coupling", [0.1, 1.0, 10.0]).scale
    'log'
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        places = np.arange(len(array), dtype=float)
        texts = tuple(design.plain(str(value)) for value in array)
        return CellAxis(name, np.arange(len(array)), places, _edges(places), "linear", texts)
    order = np.argsort(array, kind="stable")
    centres = array[order].astype(float)
    if is_geometric(centres):
        return CellAxis(name, order, centres, np.exp(_edges(np.log(centres))), "log")
    return CellAxis(name, order, centres, _edges(centres), "linear")


def is_geometric(values: FloatArray) -> bool:
    """Tell whether at least three rising values have one ratio, to a percent, and span a factor of four or more."""
    if len(values) < 3 or values[0] <= 0.0 or values[-1] < 4.0 * values[0]:
        return False
    steps = np.diff(np.log(values))
    return bool(np.ptp(steps) <= 0.01 * np.max(steps))


def _edges(centres: FloatArray) -> FloatArray:
    """Return the borders half-way between neighbours, the outer ones as far out as the next inside is in."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = 0.5 * (centres[1:] + centres[:-1])
    return np.concatenate([[2.0 * centres[0] - middle[0]], middle, [2.0 * centres[-1] - middle[-1]]])


def borders(inside: Any, x_edges: FloatArray, y_edges: FloatArray) -> FloatArray:
    """Return the cell borders between what is inside and what is not, shape (n, 2, 2): segments of two points (x, y).

    Examples
    --------
    >>> len(borders(np.array([[True, True], [False, True]]), np.arange(3.0), np.arange(3.0)))
    8
    """
    around = np.pad(np.asarray(inside, dtype=bool), 1)
    rows, columns = np.nonzero(around[1:-1, :-1] != around[1:-1, 1:])
    upright = [((x_edges[c], y_edges[r]), (x_edges[c], y_edges[r + 1])) for r, c in zip(rows, columns, strict=True)]
    rows, columns = np.nonzero(around[:-1, 1:-1] != around[1:, 1:-1])
    level = [((x_edges[c], y_edges[r]), (x_edges[c + 1], y_edges[r])) for r, c in zip(rows, columns, strict=True)]
    return np.array([*upright, *level], dtype=float).reshape(-1, 2, 2)


def outline(ax: Axes, inside: Any, x: CellAxis, y: CellAxis, label: str) -> list[Line2D]:
    """Outline some cells along their borders, and return what the legend shows of it, nothing if there are none."""
    segments = borders(inside, x.edges, y.edges)
    if not len(segments):
        return []
    # Black on a white rim, which shows on every colour; the rim of one segment must not cut the next one.
    for colour, width, name in (("white", 3.0, "_rim"), (design.BLACK, 1.4, label)):
        look: Any = {"colors": colour, "linewidths": width, "capstyle": "projecting", "zorder": 5, "label": name}
        ax.add_collection(LineCollection(list(segments), clip_on=False, **look), autolim=False)
    return [Line2D([], [], color=design.BLACK, linewidth=1.4, label=label)]


def fill(ax: Axes, inside: Any, x: CellAxis, y: CellAxis, look: dict[str, Any]) -> list[Patch]:
    """Fill some cells with one colour and hatch, and return what the legend shows of it, nothing if there are none."""
    where = np.argwhere(inside)
    if not len(where):
        return []
    cells = [
        Rectangle((x.edges[c], y.edges[r]), x.edges[c + 1] - x.edges[c], y.edges[r + 1] - y.edges[r]) for r, c in where.tolist()
    ]
    ax.add_collection(PatchCollection(cells, linewidth=0.0, zorder=2, **look), autolim=False)
    return [Patch(linewidth=0.4, **look)]
