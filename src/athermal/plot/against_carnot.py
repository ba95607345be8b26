"""Efficiency against Carnot's."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.text import Text

from athermal._types import FloatArray
from athermal.limit import LimitCycle
from athermal.plot import design, fitting
from athermal.thermodynamics import modes
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import gives_work, is_athermal_engine, is_past_recurrence


def efficiency(ledger: Ledger, ax: Axes | None = None, *, limit: LimitCycle | None = None) -> Axes:
    """Draw the efficiency of each cycle, and since the start, against Carnot's.

    eta = -W/(Q_in + dU_in) (S15) where work came out (W < 0); the other cycles are crosses at the axis. The cumulative
    efficiency is that of the interval from time zero to the end of each cycle. A diamond marks an athermal engine: W < 0 and
    dsigma < 0, the only one that can lie above eta_C = 1 - T_min/T_max, the shaded region. Where renewed reservoirs bring fuel,
    a dash-dotted line counts it as taken in. Bars are one standard error, of a
    ledger that has them.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.
    limit : LimitCycle, optional
        Drawn as the level that late cycles tend to, if work comes out of it.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.efficiency(at.run(at.library.two_oscillator(modes=12), cycles=3))
    >>> ax.get_xlabel()
    'cycle'
    """
    with design.canvas(ax, 2.5) as axes:
        draw_efficiency(axes, ledger, headroom=0.14)
        if limit is not None and limit.mode in modes.WITH_OUTPUT:
            design.draw_limit(axes, limit.efficiency, design.BLUE, f"limit cycle {limit.efficiency:.3f}")
        name_beyond_carnot(axes)
        fitting.finish(axes)
    return axes


def draw_efficiency(ax: Axes, ledger: Ledger, headroom: float) -> None:
    """Draw all of it but the legend, the fraction `headroom` at the top of the axis clear of data."""
    top = _set_scale(ax, ledger, headroom)
    _draw_carnot(ax, ledger, top)
    _draw_cycles(ax, ledger)
    design.set_cycle_axis(ax, ledger)
    ax.set_ylabel(r"efficiency $\eta$ (work / intake)")


def name_beyond_carnot(ax: Axes, side: Literal["left", "right"] = "right") -> Text:
    """Name the region above Carnot, in the clear strip at the top."""
    x = 0.985 if side == "right" else 0.015
    return ax.text(x, 0.975, "beyond Carnot", transform=ax.transAxes, ha=side, va="top", style="italic", fontsize="medium")


def _set_scale(ax: Axes, ledger: Ledger, headroom: float) -> float:
    shown = [ledger.carnot_efficiency]
    for data, errors in ((ledger.cycles, ledger.errors), (ledger.cumulative, ledger.cumulative_errors)):
        eta, bar = _efficiency(ledger, data, errors)
        shown.extend(eta[gives_work(data)])
        # a bar longer than its height above zero may run out of the axis
        shown.extend((eta + np.minimum(bar, eta))[np.isfinite(bar)])
    highest = float(np.nanmax(shown)) or 1.0
    top = highest / (1.0 - headroom)
    ax.set_ylim(0.0, top)
    # By the first law eta <= 1: the axis may reach higher for the labels, its ticks do not.
    ax.set_yticks([tick for tick in ax.get_yticks() if 0.0 <= tick <= min(top, 1.0)])
    ax.set_ylim(0.0, top)
    return top


def _draw_carnot(ax: Axes, ledger: Ledger, top: float) -> None:
    carnot = ledger.carnot_efficiency
    ax.axhspan(carnot, top, facecolor=design.ORANGE, alpha=0.18, linewidth=0, zorder=0)
    ax.axhline(carnot, color=design.BLACK, linestyle="--", label=rf"Carnot $\eta_\mathrm{{C}} = {carnot:.3f}$", zorder=2)


def _efficiency(ledger: Ledger, data: xr.Dataset, errors: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Return eta where work came out, and one standard error of it; NaN where there is none."""
    eta = np.where(gives_work(data), data["efficiency"].values, np.nan)
    error = errors["efficiency"].values if ledger.has_standard_errors else np.full(len(eta), np.nan)
    return eta, np.where(np.isfinite(error) & np.isfinite(eta), error, np.nan)


def _draw_cycles(ax: Axes, ledger: Ledger) -> None:
    cycle, size = design.cycle_numbers(ledger), design.marker_size(ax, ledger)
    gives, gave = gives_work(ledger.cycles), gives_work(ledger.cumulative)
    eta, bar = _efficiency(ledger, ledger.cycles, ledger.errors)
    total, total_bar = _efficiency(ledger, ledger.cumulative, ledger.cumulative_errors)
    look: dict[str, Any] = {"markerfacecolor": "white", "markersize": 1.6 * size}
    if np.any(gave):
        marker = "" if design.is_crowded(ledger) else "s"
        ax.plot(cycle, total, ":", marker=marker, color=design.ORANGE, label="since the start", zorder=3, **look)
        _draw_bars(ax, cycle, total, total_bar, design.ORANGE)
    if np.any(gives):
        ax.plot(cycle, eta, "o-", color=design.BLUE, markersize=size, label="each cycle", zorder=4)
        _draw_bars(ax, cycle, eta, bar, design.BLUE, label="one standard error")
    if np.any(gives) and "efficiency_with_fuel" in ledger.cycles and _has_fuel(ledger):
        counted = np.where(gives, ledger.efficiency_with_fuel.values, np.nan)
        ax.plot(cycle, counted, "-.", color=design.GREEN, label="each cycle, fuel counted as intake", zorder=4)
    athermal = is_athermal_engine(ledger.cycles) & ~is_past_recurrence(ledger.cycles)
    if np.any(athermal):
        label = r"athermal engine, $\mathrm{d}\sigma < 0$"
        edge = 0.0 if design.is_crowded(ledger) else 0.6
        look = {"color": design.VERMILLION, "markeredgecolor": design.BLACK, "markeredgewidth": edge, "markersize": 1.8 * size}
        ax.plot(cycle[athermal], eta[athermal], "D", label=label, zorder=5, **look)
    if not np.any(gives):
        ax.text(0.5, 0.4, "no cycle gives work", transform=ax.transAxes, ha="center", color=design.GREY)
    if not np.all(gives):
        nothing = np.zeros(np.count_nonzero(~gives))
        label = r"no work output, $W \geq 0$"
        ax.plot(cycle[~gives], nothing, "x", color=design.GREY, markersize=1.2 * size, clip_on=False, label=label, zorder=5)


def _has_fuel(ledger: Ledger) -> bool:
    return bool(np.any(ledger.fuel.values > ledger.rounding_of("cycles")[0]))


def _draw_bars(ax: Axes, cycle: FloatArray, eta: FloatArray, bar: FloatArray, colour: str, label: str | None = None) -> None:
    known = np.isfinite(bar)
    if np.any(known):
        ax.errorbar(
            cycle[known], eta[known], bar[known], fmt="none", ecolor=colour, elinewidth=0.8, capsize=2.0, label=label, zorder=2.9
        )
