"""Where legends go: above the axes or in a free corner of them, in the fewest rows, and never a large part of the figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerTuple
from matplotlib.path import Path
from matplotlib.transforms import Bbox, ScaledTranslation

from athermal.plot import design

_MOST = 0.26
"""The largest part of the figure's height that a legend above the axes may take."""

_CORNERS = ("upper right", "upper left", "lower right", "lower left", "center right", "upper center", "lower center")
_WORD = re.compile(r"(?:\\\$|\$[^$]*\$|[^\s$])+")


def place(ax: Axes, handles: list[Any] | None = None, title: str | None = None) -> None:
    """Put the legend where it covers no data: above the axes, or in a free corner if the style wants it inside.

    Above, it has as many columns as fit the width of the axes. A legend that would be too high gets wrapped labels, then smaller
    ones, and at last shortened ones.

    Parameters
    ----------
    ax : matplotlib Axes
    handles : list, optional
        Artists, or tuples of artists that share an entry, with the label of their first; those with a label if left out.
    title : str, optional
    """
    entries = _entries(ax, handles)
    if not entries[0]:
        return
    if design.current().has_legend_inside and _inside(ax, entries, title):
        return
    above(ax, handles, title)


def above(ax: Axes, handles: list[Any] | None = None, title: str | None = None, *, most: float = _MOST) -> None:
    """Put the legend above the axes, not higher than the part `most` of the figure if that can be; see `place`."""
    for legend in _above(ax, _entries(ax, handles), title):
        if legend.get_window_extent().height <= most * ax.figure.figure.bbox.height:
            return


def beside(ax: Axes, title: str | None = None) -> None:
    """Put the legend to the right of the axes and of what stands out of them, such as the ticks of an inset."""
    edge = ax.get_window_extent().x1
    beyond = max([edge, *(_extent(child).x1 for child in ax.child_axes)]) - edge
    shift = ScaledTranslation(beyond / ax.figure.dpi + 0.06, 0.0, ax.figure.figure.dpi_scale_trans)
    legend = ax.legend(
        loc="upper left",
        borderaxespad=0.0,
        frameon=False,
        title=title,
        alignment="left",
        labelspacing=0.7,
    )
    legend.set_bbox_to_anchor((1.0, 1.0), ax.transAxes + shift)


def wrap(text: str, width: int) -> str:
    r"""Break a text into lines of at most so many signs, between words and never within a formula.

    Examples
    --------
    >>> wrap("heat from the hot reservoir", 12)
    'heat from\nthe hot\nreservoir'
    >>> wrap(r"Carnot $\eta = 1$", 8)
    'Carnot\n$\\eta = 1$'
    """
    lines: list[str] = []
    for word in _WORD.findall(text):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def shorten(text: str, width: int) -> str:
    """Leave out the middle of a text that is longer; formulas stay whole.

    Examples
    --------
    >>> shorten("heat from the hot reservoir", 13)
    'heat f…ervoir'
    """
    if len(text) <= width or "$" in text:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (width - 1 - head) :]}"


def _entries(ax: Axes, handles: list[Any] | None) -> tuple[list[Any], list[str]]:
    """Return what a legend shows, and the labels."""
    if handles is None:
        return ax.get_legend_handles_labels()
    return handles, [str((handle[0] if isinstance(handle, tuple) else handle).get_label()) for handle in handles]


def _draw(ax: Axes, handles: list[Any], labels: list[str], **more: Any) -> Legend:
    return ax.legend(
        handles, labels, borderaxespad=0.0, alignment="left", handler_map={tuple: HandlerTuple(None, pad=0.5)}, **more
    )


def _above(ax: Axes, entries: tuple[list[Any], list[str]], title: str | None) -> Iterator[Legend]:
    """Draw the legend above the axes, again and again in a smaller form."""
    handles, labels = entries
    size = design.points(design.legend_size())
    wrapped = [wrap(label, 36) for label in labels]
    short = [shorten(label, 20) for label in labels]
    for texts, scale in ((labels, 1.0), (wrapped, 1.0), (labels, 0.85), ([shorten(x, 30) for x in labels], 0.85), (short, 0.7)):
        legend = None
        for columns in range(min(6, len(handles)), 0, -1):
            legend = _draw(
                ax,
                handles,
                texts,
                loc="lower left",
                bbox_to_anchor=(0.0, 1.01),
                ncols=columns,
                columnspacing=1.0,
                frameon=False,
                title=title,
                fontsize=scale * size,
                title_fontsize=scale * size,
            )
            if legend.get_window_extent().width <= ax.get_window_extent().width:
                yield legend
                break
        else:
            _pull_in(ax, legend)


def _pull_in(ax: Axes, legend: Legend | None) -> None:
    """Shift a legend that is wider than its axes to the left, as far as the figure reaches."""
    if legend is None:
        return
    box, page = legend.get_window_extent(), ax.figure.figure.bbox
    beyond = box.x1 - (page.x1 - 4.0)
    if beyond > 0.0:
        left = max(box.x0 - beyond, page.x0 + 4.0)
        legend.set_bbox_to_anchor((ax.transAxes.inverted().transform((left, box.y0))[0], 1.01), ax.transAxes)


def _inside(ax: Axes, entries: tuple[list[Any], list[str]], title: str | None) -> bool:
    """Draw the legend in a corner where there is nothing, in one column or two; tell whether there is such a corner."""
    handles, labels = entries
    taken = list(_taken(ax))
    for columns in (1, 2):
        for corner in _CORNERS:
            legend = _draw(ax, handles, labels, loc=corner, ncols=columns, frameon=False, title=title, columnspacing=1.0)
            box, frame = legend.get_window_extent(), ax.get_window_extent()
            if box.width > frame.width or box.height > 0.6 * frame.height:
                break
            if not any(path.intersects_bbox(box.padded(2.0), filled=is_filled) for path, is_filled in taken):
                return True
    return False


def _taken(ax: Axes) -> Iterator[tuple[Path, bool]]:
    """Yield the outlines, in pixels, of all that is drawn before the background, and whether they are filled."""
    for line in ax.lines:
        path = line.get_transform().transform_path(line.get_path())
        yield path, False
        if line.get_marker() not in ("None", "", " ", None):
            half = 0.5 * line.get_markersize() * ax.figure.dpi / 72.0
            yield from ((_square(x, y, half), True) for x, y in np.asarray(path.vertices))
    for patch in ax.patches:
        if patch.get_zorder() > 0:
            yield patch.get_transform().transform_path(patch.get_path()), True
    for collection in ax.collections:
        move, shape = collection.get_offset_transform(), collection.get_transform()
        points = np.atleast_2d(np.asarray(collection.get_offsets()))
        if points.size and move != shape:
            yield from ((_square(x, y, 4.0), True) for x, y in move.transform(points))
        else:
            yield from ((shape.transform_path(path), False) for path in collection.get_paths())
    boxed: list[Artist] = [*ax.texts, *ax.child_axes]
    yield from ((_rectangle(_extent(artist)), True) for artist in boxed)


def _extent(artist: Artist) -> Bbox:
    """Return the box of an artist with all that belongs to it; of axes their labels too."""
    box = artist.get_tightbbox()
    return Bbox.null() if box is None else Bbox(box.get_points())


def _square(x: float, y: float, half: float) -> Path:
    return _rectangle(Bbox([[x - half, y - half], [x + half, y + half]]))


def _rectangle(box: Bbox) -> Path:
    return Path([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1), (box.x0, box.y0)])
