"""One column of a sweep in colours, over two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm, Colormap, LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D

from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.plot import cells, design, fitting
from athermal.plot.symbols import column_label, parameter_label
from athermal.study.selection import Plane, plane

DIVERGING = LinearSegmentedColormap.from_list(
    "below_and_beyond", ["#00335C", design.BLUE, "#9CC6E0", "#F7F7F7", "#F2B58A", design.VERMILLION, "#7A2E00"]
)
"""Blue below the centre, vermillion above it: the two that colour blindness keeps apart, darker with the distance."""

ATHERMAL = r"athermal engine, $\mathrm{d}\sigma < 0$"

NO_WORK: dict[str, Any] = {"facecolor": "#FFFFFF", "edgecolor": design.PALE, "hatch": "////", "label": "no work output"}
UNDEFINED: dict[str, Any] = {"facecolor": "#FFFFFF", "edgecolor": design.PALE, "hatch": "....", "label": "undefined"}
FAILED: dict[str, Any] = {"facecolor": design.PALE, "edgecolor": design.BLACK, "hatch": "xxxx", "label": "failed"}
UNFINISHED: dict[str, Any] = {"facecolor": design.PALE, "edgecolor": "#FFFFFF", "hatch": "\\\\\\\\", "label": "not finished"}
PAST: dict[str, Any] = {"facecolor": "none", "edgecolor": design.GREY, "hatch": "..", "label": "past recurrence"}


def heat_map(
    sweep: Any,
    column: str = "efficiency",
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    cycle: int | None = None,
    over_carnot: bool | None = None,
    outline: bool = True,
    ax: Axes | None = None,
) -> Axes:
    r"""Draw one column of a sweep over two parameters, the athermal engines outlined.

    An efficiency is shown as eta/eta_C with eta_C = 1 - T_min/T_max, white at Carnot, where work comes out (W < 0). Each cell is
    one computed point: nothing is interpolated, and the outline of the athermal engines (W < 0 and dsigma < 0, the only ones that
    can be beyond Carnot) runs along the cells. Cells past the recurrence time of a finite bath are dotted, and no engines are
    outlined there. Failed points and those that give no work are hatched and named in the legend.
    Over one parameter a line is drawn; of a sample or a table, every point as a dot.

    Parameters
    ----------
    sweep : Sweep or its dataset
    column : str
        A column of numbers of the ledger; "cumulative_efficiency" and the like are those since the start, "heat[hot bath]" is
        that of one reservoir, subsystem or resource.
    x, y : str, optional
        Parameters of the axes, or "cycle"; the first two that vary if left out.
    at : mapping, optional
        Values at which other parameters are fixed.
    cycle : int, optional
        The first if left out, for columns since the start the last.
    over_carnot : bool, optional
        Whether to divide by eta_C; if left out, efficiencies are.
    outline : bool
        Whether to outline the athermal engines.
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
    >>> plot.heat_map(sweep).get_xlabel()
    '$T_\\mathrm{hot}$'
    """
    chosen = plane(sweep, column, x, y, at, cycle)
    is_ratio = (chosen.name == "efficiency") if over_carnot is None else over_carnot
    values = _shown(chosen, column, is_ratio=is_ratio)
    label = r"$\eta/\eta_\mathrm{C}$" if is_ratio and chosen.name == "efficiency" else column_label(chosen.name)
    label = f"{label} over $\\eta_\\mathrm{{C}}$" if is_ratio and chosen.name != "efficiency" else label
    with design.canvas(ax, 2.9 if chosen.y else 2.5) as axes:
        if chosen.y is None:
            _draw_line(axes, chosen, values, 1.0 if is_ratio else None, outline=outline)
            axes.set_ylabel(f"{label}\n({chosen.when})")
        else:
            colours = _colours(values, is_ratio=is_ratio)
            draw = _draw_cells if chosen.is_grid else _draw_dots
            handles = draw(axes, chosen, values, colours, outline=outline)
            _colour_bar(axes, colours, values, f"{label} ({chosen.when})")
            fitting.finish(axes, handles)
    return axes


def _shown(chosen: Plane, column: str, *, is_ratio: bool) -> FloatArray:
    """Return the values to show, NaN where there are none: of an efficiency, where no work comes out."""
    values = chosen.values(chosen.name)
    if chosen.name == "efficiency":
        values = np.where(chosen.states()["work"], values, np.nan)
    if is_ratio:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = values / chosen.values("carnot_efficiency")
    if not np.any(np.isfinite(values)):
        raise StudyError(f"No point of the sweep has a value of {column!r} ({chosen.when}): there is nothing to draw.")
    return np.asarray(values)


def _colours(values: FloatArray, *, is_ratio: bool) -> ScalarMappable:
    """Return the colours: diverging from Carnot or from zero, else from dark to bright."""
    finite = values[np.isfinite(values)]
    centre = 1.0 if is_ratio else 0.0
    norm: Normalize
    cmap: Colormap | str
    if is_ratio or np.min(finite) < 0.0 < np.max(finite):
        norm, cmap = CenteredNorm(centre, float(np.max(np.abs(finite - centre))) or 1.0), DIVERGING
    else:
        norm, cmap = Normalize(float(np.min(finite)), float(np.max(finite))), "cividis"
    return ScalarMappable(norm, cmap)


def _colour_bar(ax: Axes, colours: ScalarMappable, values: FloatArray, label: str) -> None:
    finite = values[np.isfinite(values)]
    bar = ax.figure.colorbar(
        colours, ax=ax, label=label, extend="max" if np.any(np.isposinf(values)) else "neither", pad=0.03, use_gridspec=False
    )
    bar.outline.set_linewidth(0.6)
    if isinstance(colours.norm, CenteredNorm):
        # The colours are those of equal distances on both sides; the bar shows only what occurs.
        centre = colours.norm.vcenter
        bar.ax.set_ylim(min(float(np.min(finite)), centre), max(float(np.max(finite)), centre))
        bar.ax.axhline(centre, color=design.BLACK, linestyle="--", linewidth=0.9)
    bar.ax.tick_params(labelsize=ax.xaxis.get_major_ticks()[0].label1.get_fontsize(), width=0.6, length=3.0)


def _beyond_the_end(colours: ScalarMappable) -> float:
    """Return a value above all that the bar shows."""
    low, high = (float(end) for end in (colours.norm.vmin, colours.norm.vmax))  # type: ignore[arg-type]
    return 2.0 * high - low


def _draw_cells(ax: Axes, chosen: Plane, values: FloatArray, colours: ScalarMappable, *, outline: bool) -> list[Any]:
    x, y = (cells.cell_axis(name, chosen.coordinate(name)) for name in (chosen.x, str(chosen.y)))

    def sort(array: Any) -> Any:
        return np.asarray(array)[np.ix_(y.order, x.order)]

    shown = sort(values)
    # matplotlib leaves infinite values out; here they are beyond the end of the bar (eta/eta_C at equal temperatures).
    drawn = np.where(np.isposinf(shown), _beyond_the_end(colours), shown)
    look: dict[str, Any] = {"norm": colours.norm, "cmap": colours.cmap}
    ax.pcolormesh(x.edges, y.edges, drawn, rasterized=drawn.size > 10_000, **look)
    kinds = {name: sort(array) for name, array in chosen.states().items()}
    is_blank = np.isnan(shown) & kinds["values"]
    no_work = is_blank & ~kinds["work"] if chosen.name == "efficiency" else np.zeros_like(is_blank)
    handles: list[Any] = []
    handles += cells.fill(ax, kinds["past"], x, y, PAST)
    if outline:
        handles += cells.outline(ax, kinds["athermal"], x, y, ATHERMAL)
    for where, look in (
        (no_work, NO_WORK),
        (is_blank & ~no_work, UNDEFINED),
        (kinds["failed"], FAILED),
        (kinds["unfinished"], UNFINISHED),
    ):
        handles += cells.fill(ax, where, x, y, look)
    x.apply(ax, "x")
    y.apply(ax, "y")
    return handles


def _draw_dots(ax: Axes, chosen: Plane, values: FloatArray, colours: ScalarMappable, *, outline: bool) -> list[Any]:
    x, y = chosen.coordinate(chosen.x), chosen.coordinate(str(chosen.y))
    kinds = chosen.states()
    shown = ~np.isnan(values)
    athermal = shown & kinds["athermal"] & outline
    drawn = np.where(np.isposinf(values), _beyond_the_end(colours), values)
    look: dict[str, Any] = {"norm": colours.norm, "cmap": colours.cmap, "zorder": 3}
    handles: list[Any] = []
    plain = shown & ~athermal
    ax.scatter(x[plain], y[plain], c=drawn[plain], s=18.0, edgecolors=design.GREY, linewidths=0.4, **look)
    if np.any(athermal):
        ax.scatter(
            x[athermal], y[athermal], c=drawn[athermal], s=26.0, marker="D", edgecolors=design.BLACK, linewidths=1.1, **look
        )
        handles.append(Line2D([], [], linestyle="", marker="D", markerfacecolor="white", color=design.BLACK, label=ATHERMAL))
    for where, marker, name in _without_value(chosen, kinds, shown):
        if np.any(where):
            handles += ax.plot(x[where], y[where], linestyle="", marker=marker, color=design.GREY, label=name, zorder=2)
    ax.set(xlabel=parameter_label(chosen.x), ylabel=parameter_label(str(chosen.y)))
    return handles


def _draw_line(ax: Axes, chosen: Plane, values: FloatArray, carnot: float | None, *, outline: bool) -> None:
    """Draw the column over one parameter, with a gap where it has no value and a mark at the axis that says why."""
    axis = cells.cell_axis(chosen.x, chosen.coordinate(chosen.x))
    kinds = {name: np.asarray(array)[axis.order] for name, array in chosen.states().items()}
    shown = values[axis.order]
    line = "o-" if chosen.is_grid and not axis.texts else "o"
    ax.plot(axis.centres, np.where(np.isfinite(shown), shown, np.nan), line, color=design.BLUE, zorder=4)
    if carnot is not None:
        ax.axhline(carnot, color=design.BLACK, linestyle="--", label=r"Carnot", zorder=2)
        top = max(1.05 * carnot, float(np.max(shown[np.isfinite(shown)])) * 1.1)
        ax.axhspan(carnot, top, facecolor=design.ORANGE, alpha=0.18, linewidth=0, zorder=0)
        ax.set_ylim(0.0, top)
    where = kinds["athermal"] & np.isfinite(shown)
    if outline and np.any(where):
        look: dict[str, Any] = {"color": design.VERMILLION, "markeredgecolor": design.BLACK, "markeredgewidth": 0.6}
        ax.plot(axis.centres[where], shown[where], "D", label=ATHERMAL, markersize=6.0, zorder=5, **look)
    foot: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "clip_on": False, "zorder": 5}
    for where, marker, name in _without_value(chosen, kinds, np.isfinite(shown)):
        if np.any(where):
            zero = np.zeros(np.count_nonzero(where))
            ax.plot(axis.centres[where], zero, linestyle="", marker=marker, color=design.GREY, label=name, **foot)
    axis.apply(ax, "x")
    fitting.finish(ax)


def _without_value(chosen: Plane, kinds: dict[str, Any], shown: Any) -> list[tuple[Any, str, str]]:
    """Return which points have nothing to show, the marker that says so, and the reason."""
    no_work = kinds["values"] & ~kinds["work"] & (chosen.name == "efficiency")
    undefined = kinds["values"] & ~shown & ~no_work
    reasons = ((no_work, "x", "no work output"), (undefined, "d", "undefined"), (kinds["failed"], "P", "failed"))
    return [*reasons, (kinds["unfinished"], "1", "not finished")]
