"""What no machine of a sweep beats in both of two objectives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from athermal._types import FloatArray
from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.maths.pareto import pareto_points
from athermal.plot import design, fitting
from athermal.plot.heat_map import ATHERMAL
from athermal.plot.symbols import column_label
from athermal.study.selection import CUMULATIVE, Points, points

_FAINT: dict[str, Any] = {"alpha": 0.45, "markersize": 3.0, "markeredgewidth": 0.0, "zorder": 2}


def pareto_front(
    sweep: Any,
    x: str = "power",
    y: str = "efficiency",
    *,
    maximise: tuple[bool, bool] = (True, True),
    at: Mapping[str, Any] | None = None,
    cycle: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw two columns of every point of a sweep, and the front of those that no other beats in both.

    The stepped line is the best `y` among points at least as good in `x`; nothing is interpolated. Points that give no work
    (W >= 0) are left out where a column is an efficiency, and failed ones always; the legend says how many. Diamonds on the front
    are athermal engines (W < 0 and dsigma < 0).

    Parameters
    ----------
    sweep : Sweep, its dataset, or Optimum
        Of an optimisation of several objectives, all points of the search are drawn that satisfy its constraints, over the whole
        run or the last cycle as the objectives say.
    x, y : str
        Columns, such as "power", "cumulative_efficiency", "heat[cold bath]"; of an optimisation, two of its objectives.
    maximise : (bool, bool)
        Whether more is better, for x and for y.
    at : mapping, optional
        Values at which parameters are fixed.
    cycle : int, optional
        The first if left out, for columns since the start the last.
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    StudyError
        If a name or value is not in the sweep, or no point has both columns.

    Examples
    --------
    >>> from athermal import plot
    >>> sweep = at.sweep(at.library.two_qubit_swap, {"omega_hot": [2.0, 2.5, 3.0, 3.5]}, cycles=1)
    >>> ax = plot.pareto_front(sweep)
    """
    if hasattr(sweep, "front"):
        return _of_search(sweep, x, y, ax)
    chosen = [points(sweep, column, at, cycle) for column in (x, y)]
    values = np.stack([_values(one, column) for one, column in zip(chosen, (x, y), strict=True)], axis=-1)
    shown = ~np.isnan(values).any(axis=-1)
    if not np.any(shown):
        raise StudyError(f"No point of the sweep has both {x!r} and {y!r} (efficiencies count where W < 0): there is no front.")
    front = pareto_points(values, maximise)
    with design.canvas(ax, 2.6) as axes:
        rest = values[shown & ~front]
        if len(rest):
            axes.plot(*rest.T, "o", color=design.GREY, label="other points", **_FAINT)
        _draw_front(axes, values[front], np.ravel(chosen[1].states()["athermal"])[front], is_more_better=maximise[0])
        if chosen[1].name == "efficiency":
            _draw_carnot(axes, chosen[1])
        axes.set_xlabel(f"{column_label(_bare(x))} ({chosen[0].when})")
        axes.set_ylabel(f"{column_label(_bare(y))}\n({chosen[1].when})")
        _keep_rounding_out_of_view(axes, values[shown])
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        _count_others(axes, chosen, shown)
        fitting.finish(axes)
    return axes


def _of_search(optimum: Any, x: str, y: str, ax: Axes | None) -> Axes:
    """Draw two objectives of an optimisation: the front of its solutions, and the other points it tried."""
    labels = [measure.label for measure in optimum.problem.objectives]
    for name in (x, y):
        if name not in labels:
            raise StudyError(
                f"{name!r} is not an objective of the optimisation.{suggest(name, labels)} It has {', '.join(labels)}."
            )
    up = dict(zip(labels, optimum.problem.maximise, strict=True))
    tried = optimum.history.where(optimum.history["status"] == "feasible", drop=True)
    values = np.stack([tried[name].values for name in (x, y)], axis=-1)
    front = pareto_points(values, (up[x], up[y]))
    with design.canvas(ax, 2.6) as axes:
        axes.plot(*values[~front].T, "o", color=design.GREY, label="other points", **_FAINT)
        _draw_front(axes, values[front], np.zeros(np.count_nonzero(front), dtype=bool), is_more_better=up[x])
        axes.set_xlabel(column_label(x))
        axes.set_ylabel(column_label(y))
        fitting.finish(axes)
    return axes


def _bare(column: str) -> str:
    return column.removeprefix(CUMULATIVE)


def _values(chosen: Points, column: str) -> FloatArray:
    """Return a column at every point, one after the other; an efficiency where work comes out."""
    values = chosen.values(_bare(column))
    return np.ravel(np.where(chosen.states()["work"], values, np.nan) if chosen.name == "efficiency" else values)


def _draw_front(ax: Axes, front: FloatArray, athermal: Any, *, is_more_better: bool) -> None:
    """Draw the front as steps: to the best point that is at least as good in x."""
    order = np.lexsort((front[:, 1], front[:, 0]))
    front, athermal = front[order], athermal[order]
    steps = "steps-pre" if is_more_better else "steps-post"
    ax.plot(front[:, 0], front[:, 1], "o-", drawstyle=steps, color=design.BLUE, label="Pareto front", zorder=4)
    if np.any(athermal):
        look: dict[str, Any] = {"color": design.VERMILLION, "markeredgecolor": design.BLACK, "markeredgewidth": 0.6}
        ax.plot(front[athermal, 0], front[athermal, 1], "D", label=ATHERMAL, markersize=6.0, zorder=5, **look)


def _draw_carnot(ax: Axes, chosen: Points) -> None:
    """Draw Carnot's efficiency, if it is the same at all points."""
    carnot = np.unique(np.round(chosen.values("carnot_efficiency")[chosen.states()["values"]], 12))
    if len(carnot) == 1:
        label = rf"Carnot $\eta_\mathrm{{C}} = {carnot[0]:.3f}$"
        ax.axhline(carnot[0], color=design.BLACK, linestyle="--", label=label, zorder=1)


def _keep_rounding_out_of_view(ax: Axes, values: FloatArray) -> None:
    """Give an axis along which all points agree to rounding a range of its own size, not of the rounding."""
    for name, column in zip("xy", values.T, strict=True):
        middle = float(np.mean(column))
        if np.ptp(column) <= 1e-9 * abs(middle):
            ax.set(**{f"{name}lim": (middle - 0.1 * abs(middle), middle + 0.1 * abs(middle))})


def _count_others(ax: Axes, chosen: list[Points], shown: Any) -> None:
    """Say in the legend how many points are not in the figure, and why."""
    kinds = {name: np.ravel(where) & ~shown for name, where in chosen[1].states().items()}
    no_work = kinds["values"] & ~kinds["work"]
    reasons = ((no_work, "without work output"), (kinds["work"], "undefined"), (kinds["failed"], "failed"))
    counts = [(int(np.count_nonzero(where)), reason) for where, reason in (*reasons, (kinds["unfinished"], "not finished"))]
    if any(n for n, _ in counts):
        label = f"not shown: {', '.join(f'{n} {reason}' for n, reason in counts if n)}"
        ax.add_line(Line2D([], [], linestyle="none", label=label))
