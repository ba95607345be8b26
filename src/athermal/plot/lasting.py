"""How many cycles a charge lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.narrative.sentences import lasts as told
from athermal.plot import cells, design, fitting
from athermal.plot.symbols import parameter_label
from athermal.study.beyond_carnot import cycles_beyond_carnot
from athermal.study.selection import Plane, dataset_of, fix, is_grid, parameters_of, plane, varied

MOST = 8
"""With more lines than this a bar of colours replaces their legend."""


def lasting(sweep: Any, *, at: Mapping[str, Any] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the efficiency since the start against the number of cycles, and the last cycle at which it is beyond Carnot.

    One line for each value of the parameter that varies, eta(0, n tau) = -W/(Q_in + dU_in) (S15) where work came out. A diamond
    is the last n above eta_C = 1 - T_min/T_max: the charge lasts n cycles. It is hollow at the end of a run, where the charge may
    last longer. If Carnot's efficiency varies, eta/eta_C is drawn. `cycles_beyond_carnot` gives the numbers.

    Parameters
    ----------
    sweep : Sweep or its dataset
        A grid.
    at : mapping, optional
        Values at which other parameters are fixed.
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    StudyError
        If more than one parameter varies, a name or value is not in the sweep, or no point has run.

    Examples
    --------
    >>> from athermal import plot
    >>> engine = at.library.two_oscillator(modes=12)
    >>> sweep = at.sweep(engine, {"initial.cycles": [1, 2, 3]}, cycles=6, initial=at.Charged(1))
    >>> ax = plot.lasting(sweep)
    """
    chosen = _lines(sweep, at)
    parameter = str(chosen.y)
    axis = cells.cell_axis(parameter, chosen.coordinate(parameter))
    kinds = {name: array[axis.order] for name, array in chosen.states().items()}
    if not np.any(kinds["values"]):
        raise StudyError("No point of the sweep has run a cycle: there is nothing to draw.")
    carnot = chosen.values("carnot_efficiency")[axis.order]
    is_ratio = float(np.ptp(carnot[kinds["values"]])) > 1e-12
    values = np.where(kinds["work"], chosen.values("efficiency")[axis.order], np.nan)
    values = values / carnot if is_ratio else values
    lasts = cycles_beyond_carnot(sweep, at=at)
    n_cycles = np.ravel(lasts.values)[axis.order]
    is_open = np.ravel(lasts["is_lower_bound"].values)[axis.order]
    with design.canvas(ax, 2.6) as axes:
        _draw_carnot(axes, values, 1.0 if is_ratio else float(carnot[kinds["values"]][0]), is_ratio=is_ratio)
        handles = _draw_lines(axes, chosen.coordinate("cycle"), values, axis, n_cycles, is_open)
        _set_axes(axes, chosen.coordinate("cycle"), is_ratio=is_ratio)
        title = f"{parameter_label(parameter)}: how long the charge lasts"
        if len(handles) > MOST:
            _colour_bar(axes, axis)
            lasting_ones, title = n_cycles > 0, ""
            handles = [_sign(is_open=which) for which in (False, True) if np.any(lasting_ones & (is_open == which))]
        n_missing = int(np.count_nonzero(~np.any(kinds["values"], axis=-1)))
        note = [Line2D([], [], linestyle="none", label=f"not shown: {n_missing} failed or not run")] if n_missing else []
        fitting.finish(axes, [*handles, axes.lines[0], *note], title or None)
    return axes


def _lines(sweep: Any, at: Mapping[str, Any] | None) -> Plane:
    data = fix(dataset_of(sweep), at)
    if not is_grid(data):
        raise StudyError(
            "The points of this sweep are no grid: `lasting` draws one line for each value of one parameter of a grid."
        )
    changing = varied(data) or [name for name in parameters_of(data) if name in data.dims][:1]
    if len(changing) != 1:
        first = np.unique(data[changing[1]].values).tolist()[0]
        raise StudyError(
            f"One parameter may vary from line to line, but {', '.join(map(repr, changing))} do. "
            f"Give values for all but one: at={{{changing[1]!r}: {first!r}}}."
        )
    return plane(sweep, "cumulative_efficiency", "cycle", changing[0], at)


def _draw_carnot(ax: Axes, values: FloatArray, carnot: float, *, is_ratio: bool) -> None:
    top = max(1.12 * carnot, 1.08 * float(np.max(values, initial=0.0, where=np.isfinite(values))))
    label = "Carnot" if is_ratio else rf"Carnot $\eta_\mathrm{{C}} = {carnot:.3f}$"
    ax.axhline(carnot, color=design.BLACK, linestyle="--", label=label, zorder=2)
    ax.axhspan(carnot, top, facecolor=design.ORANGE, alpha=0.18, linewidth=0, zorder=0)
    ax.set_ylim(0.0, top)


def _draw_lines(
    ax: Axes, cycle: FloatArray, values: FloatArray, axis: cells.CellAxis, n_cycles: FloatArray, is_open: Any
) -> list[Any]:
    """Draw the lines, the first widest, so that lines that coincide can all be seen; return what the legend shows of them."""
    n = len(values)
    handles: list[Any] = []
    for k, (line, colour) in enumerate(zip(values, _colours(n), strict=True)):
        if not np.any(np.isfinite(line)):
            continue
        width = 3.2 - 2.2 * k / max(n - 1, 1) if n > 1 else 1.2
        label = f"{_value(axis, k)}: {told(n_cycles[k], is_lower_bound=bool(is_open[k]))}"
        marker: dict[str, Any] = {"marker": "o", "markersize": 2.0} if len(cycle) <= design.MANY_CYCLES else {}
        handles += ax.plot(cycle, line, "-", color=colour, linewidth=width, label=label, zorder=3 + k / n, **marker)
        if n_cycles[k] > 0:
            face = "white" if is_open[k] else colour
            at = np.flatnonzero(cycle == n_cycles[k])
            look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": design.BLACK, "markeredgewidth": 0.6}
            ax.plot(cycle[at], line[at], "D", color=colour, markersize=6.5 - 2.5 * k / n, zorder=5 + k / n, **look)
    return handles


def _sign(*, is_open: bool) -> Line2D:
    """Return what the legend shows of a last cycle."""
    look: dict[str, Any] = {"markerfacecolor": "white" if is_open else design.GREY, "markeredgecolor": design.BLACK}
    label = "beyond Carnot to the end" if is_open else "last cycle beyond Carnot"
    return Line2D([], [], linestyle="none", marker="D", markeredgewidth=0.6, label=label, **look)


def _colour_bar(ax: Axes, axis: cells.CellAxis) -> None:
    """Tell many lines apart by a bar of colours, one step for each."""
    n = len(axis.centres)
    cmap = ListedColormap(_colours(n))
    bar = ax.figure.colorbar(ScalarMappable(BoundaryNorm(np.arange(n + 1) - 0.5, n), cmap), ax=ax, pad=0.03, use_gridspec=False)
    ticks = np.unique(np.linspace(0, n - 1, 6).round().astype(int))
    bar.set_ticks(list(ticks), labels=[_value(axis, int(k)) for k in ticks])
    bar.ax.minorticks_off()
    bar.set_label(parameter_label(axis.name))


def _colours(n: int) -> Any:
    return mpl.colormaps["cividis"](np.linspace(0.0, 0.88, n)) if n > 1 else [design.BLUE]


def _value(axis: cells.CellAxis, k: int) -> str:
    return axis.texts[k] if axis.texts else f"{axis.centres[k]:g}"


def _set_axes(ax: Axes, cycle: FloatArray, *, is_ratio: bool) -> None:
    ax.set_xlim(0.5, cycle[-1] + max(0.5, 0.02 * len(cycle)))
    ax.xaxis.set_major_locator(mpl.ticker.MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel("number of cycles $n$")
    ax.set_ylabel(r"$\eta/\eta_\mathrm{C}$ since the start" if is_ratio else r"efficiency $\eta$ since the start")
