"""How far the ledgers of several backends are from that of a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from athermal._types import FloatArray
from athermal.comparison import BackendComparison
from athermal.errors import StudyError
from athermal.plot import design, fitting
from athermal.plot.symbols import column_label
from athermal.thermodynamics import schema

_COLOURS = (design.BLUE, design.VERMILLION, design.GREEN, design.PURPLE, design.ORANGE, design.SKY)
_MARKERS = "oDs^vPX"
_LEAST = 1e-17
"""Where a difference of zero is drawn, left of all rounding."""


def backends(comparison: BackendComparison, *, ax: Axes | None = None) -> Axes:
    """Draw the largest relative difference of each column from the reference, a sign for each backend, on a logarithmic axis.

    Relative to the size of the column as in `comparison.largest`: its largest magnitude in the reference, but at least that of
    the terms of its law. The legend has the runtimes. Hollow signs at the left edge are differences of zero; what only one of the
    two knows, and differences that are infinite, are named in the legend.

    Parameters
    ----------
    comparison : BackendComparison
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    StudyError
        If there is no backend beside the reference.

    Examples
    --------
    >>> from athermal import plot
    >>> machine = at.library.two_oscillator(modes=12)
    >>> ax = plot.backends(at.compare_backends(machine, [at.Dense(), at.Star()]))
    """
    others = comparison.others
    if not others:
        raise StudyError(
            "A figure of a comparison needs a backend beside the reference that finished a cycle, but there is none."
        )
    shown = schema.compared(comparison.cycles)
    largest = comparison.largest.sel(column=shown)
    values: FloatArray = largest["relative"].values
    zero = values == 0.0
    drawn = np.where(zero, _LEAST, values)
    height = np.arange(len(shown), dtype=float)
    with design.canvas(ax, 0.9 + 0.22 * len(shown)) as axes:
        for k, name in enumerate(others):
            colour, marker = _COLOURS[k % len(_COLOURS)], _MARKERS[k % len(_MARKERS)]
            shift = 0.5 * (k - 0.5 * (len(others) - 1)) / len(others)
            look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 4.0}
            axes.plot(drawn[k][~zero[k]], (height + shift)[~zero[k]], **look, label=_label(comparison, name))
            if zero[k].any():
                axes.plot(drawn[k][zero[k]], (height + shift)[zero[k]], **look, markerfacecolor="white", clip_on=False)
        axes.set_xscale("log")
        _set_limits(axes, drawn, zero)
        axes.set_yticks(height, [column_label(name, with_unit=False) for name in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(axis="y", color=design.PALE, linewidth=0.4, zorder=0)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"largest relative difference\nfrom {_label(comparison, comparison.reference)}")
        _explain(axes, comparison, shown, has_zero=bool(zero.any()))
        fitting.finish(axes)
    return axes


def _label(comparison: BackendComparison, name: str) -> str:
    return f"{design.plain(name)} ({comparison.runtimes[name]:.2g} s)"


def _set_limits(ax: Axes, drawn: FloatArray, zero: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    """Show whole decades around all signs."""
    finite = drawn[np.isfinite(drawn) & ~zero]
    low, high = (float(np.min(finite)), float(np.max(finite))) if finite.size else (1e-16, 1.0)
    left = _LEAST if zero.any() else 10.0 ** np.floor(np.log10(0.5 * low))
    ax.set_xlim(left, 2.0 * 10.0 ** np.ceil(np.log10(high)))


def _explain(ax: Axes, comparison: BackendComparison, shown: list[str], *, has_zero: bool) -> None:
    """Say in the legend what hollow signs are, and what is unknown to whom."""
    if has_zero:
        look: dict[str, Any] = {"marker": "o", "linestyle": "none", "color": design.GREY, "markerfacecolor": "white"}
        ax.add_line(Line2D([], [], label="no difference", **look))
    for name in comparison.others:
        found = {column: comparison.extent(name, column) for column in shown}
        for word, columns in (
            ("unknown", [column for column, extent in found.items() if extent.unknown]),
            ("infinite", [column for column, extent in found.items() if np.isinf(extent.difference)]),
        ):
            if columns:
                text = f"{word} of {design.plain(name)}: {', '.join(column_label(column, with_unit=False) for column in columns)}"
                ax.add_line(Line2D([], [], linestyle="none", label=text))
