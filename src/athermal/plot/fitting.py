"""Labels and ticks that fit the room they have, whatever the size of the figure."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, MaxNLocator, ScalarFormatter

from athermal.plot import design, legends


def finish(ax: Axes, handles: list[Any] | None = None, title: str | None = None) -> None:
    """Give axes that are drawn their legend, and labels and ticks that fit; see `athermal.plot.legends.place`."""
    fit(ax)
    legends.place(ax, handles, title)
    fit(ax)
    figure, legend = ax.figure.figure, ax.get_legend()
    design.lay_out(figure)
    design.lay_out(figure)  # once more: the room of labels depends on that of ticks
    if legend is not None and legend.get_window_extent().x1 > figure.bbox.x1:  # the axes have become narrower
        legends.place(ax, handles, title)
        design.lay_out(figure)


def fit(ax: Axes) -> None:
    """Move powers of ten into labels, wrap or shrink labels longer than their axes, and thin ticks whose labels collide."""
    design.lay_out(ax.figure.figure)
    for axis in (ax.xaxis, ax.yaxis):
        _name_power_of_ten(ax, axis)
        _thin(axis)
        frame = ax.get_window_extent()
        _fit_label(axis.label, frame.width if axis is ax.xaxis else frame.height, is_upright=axis is ax.yaxis)


def _shown_ticks(axis: Axis) -> list[Text]:
    """Return the tick labels in view that say something."""
    axis.get_ticklabels()  # updates them
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    return [
        tick.label1
        for tick in axis.get_major_ticks()
        if low - room <= tick.get_loc() <= high + room and tick.label1.get_text() and tick.label1.get_visible()
    ]


def collide(axis: Axis) -> bool:
    """Tell whether labels of neighbouring ticks touch."""
    boxes = [text.get_window_extent() for text in _shown_ticks(axis)]
    if isinstance(axis, XAxis):
        spans = sorted((box.x0, box.x1) for box in boxes)
        gap = 3.0
    else:
        spans = sorted((box.y0, box.y1) for box in boxes)
        gap = 0.0
    return any(right[0] < left[1] + gap for left, right in itertools.pairwise(spans))


def _thin(axis: Axis) -> None:
    """Take fewer ticks until their labels are apart: round numbers, or every second, third, ... of the words."""
    locator, places = axis.get_major_locator(), list(axis.get_majorticklocs())
    labels = [text.get_text() for text in axis.get_ticklabels()]
    for step in range(2, 12):
        if not collide(axis):
            return
        if not isinstance(locator, FixedLocator):
            if not isinstance(locator, MaxNLocator):
                return
            is_whole = all(float(place).is_integer() for place in places)
            axis.set_major_locator(MaxNLocator(nbins=max(1, 7 - step), integer=is_whole, steps=[1, 2, 5, 10]))
        elif axis.get_major_formatter().__class__.__name__ == "FixedFormatter":
            axis.set_ticks(places[::step], labels[::step])
        else:
            axis.set_ticks(design.round_ticks(places, step))


def _fit_label(label: Text, room: float, *, is_upright: bool) -> None:
    """Wrap a label that is longer than its axis, and shrink it if that is not enough."""
    text = label.get_text()

    def length() -> float:
        box = label.get_window_extent()
        return box.height if is_upright else box.width

    if not text or length() <= 1.05 * room:
        return
    flat = text.replace("\n", " ")
    for lines in (2, 3):
        label.set_text(legends.wrap(flat, math.ceil(1.1 * len(flat) / lines)))
        if length() <= 1.05 * room:
            return
    label.set_fontsize(max(5.0, design.points(label.get_fontsize()) * room / length()))


def _name_power_of_ten(ax: Axes, axis: Axis) -> None:
    """Write a power of ten that all tick labels share into the axis label, as "energy (10^-21 J)"."""
    formatter: Any = axis.get_major_formatter()
    if not isinstance(formatter, ScalarFormatter) or not axis.get_label_text() or not axis.get_offset_text().get_visible():
        return
    axis.get_ticklabels()
    found = re.fullmatch(r"1e([-\N{MINUS SIGN}]?\d+)", formatter.get_offset())
    if not found:
        return
    power = int(found[1].replace("\N{MINUS SIGN}", "-"))
    ax.ticklabel_format(axis="x" if axis is ax.xaxis else "y", style="sci", scilimits=(power, power))
    axis.get_offset_text().set_visible(False)
    head, bracket, tail = axis.get_label_text().rpartition("(")
    ten = rf"$10^{{{power}}}$"
    axis.set_label_text(f"{head}({ten} {tail}" if bracket else f"{axis.get_label_text()} ({ten})")
