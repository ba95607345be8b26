"""Efficiency against Carnot's."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from athermal.floquet import LimitCycle
from athermal.plot import style, words
from athermal.thermodynamics.ledger import Ledger


def efficiency(ledger: Ledger, ax: Axes | None = None, *, limit: LimitCycle | None = None) -> Axes:
    """Draw the efficiency of each cycle, and since the start, against Carnot's.

    eta = -W/(Q_in + dU_in) (S15) where work came out (W < 0); the other cycles are crosses at the axis. The cumulative
    efficiency is that of the interval from time zero to the end of each cycle. A diamond marks an athermal engine: W < 0 and
    dsigma < 0, the only one that can lie above eta_C = 1 - T_min/T_max, the shaded region.

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
    with style.canvas(ax, 2.5) as axes:
        draw_efficiency(axes, ledger, headroom=0.14)
        if limit is not None and limit.work < 0.0:
            style.draw_limit(axes, limit.efficiency, style.BLUE, f"limit cycle {limit.efficiency:.3f}")
        name_beyond_carnot(axes)
        style.legend_above(axes)
    return axes


def draw_efficiency(ax: Axes, ledger: Ledger, headroom: float) -> None:
    """Draw all of it but the legend, the fraction `headroom` at the top of the axis clear of data."""
    top = _set_scale(ax, ledger, headroom)
    _draw_carnot(ax, ledger, top)
    _draw_cycles(ax, ledger)
    style.set_cycle_axis(ax, ledger)
    ax.set_ylabel(r"efficiency $\eta$ (work / intake)")


def name_beyond_carnot(ax: Axes, side: Literal["left", "right"] = "right") -> None:
    """Name the region above Carnot, in the clear strip at the top."""
    x = 0.985 if side == "right" else 0.015
    ax.text(x, 0.975, "beyond Carnot", transform=ax.transAxes, ha=side, va="top", style="italic", fontsize="medium")


def _set_scale(ax: Axes, ledger: Ledger, headroom: float) -> float:
    shown = [ledger.carnot_efficiency]
    for data in (ledger.cycles, ledger.cumulative):
        shown.extend(data["efficiency"].values[words.gives_work(data)])
    highest = float(np.nanmax(shown)) or 1.0
    top = highest / (1.0 - headroom)
    ax.set_ylim(0.0, top)
    # By the first law eta <= 1: the axis may reach higher for the labels, its ticks do not.
    ax.set_yticks([tick for tick in ax.get_yticks() if 0.0 <= tick <= min(top, 1.0)])
    ax.set_ylim(0.0, top)
    return top


def _draw_carnot(ax: Axes, ledger: Ledger, top: float) -> None:
    carnot = ledger.carnot_efficiency
    ax.axhspan(carnot, top, facecolor=style.ORANGE, alpha=0.18, linewidth=0, zorder=0)
    ax.axhline(carnot, color=style.BLACK, linestyle="--", label=rf"Carnot $\eta_\mathrm{{C}} = {carnot:.3f}$", zorder=2)


def _draw_cycles(ax: Axes, ledger: Ledger) -> None:
    cycle, size = style.cycle_numbers(ledger), style.marker_size(ledger)
    gives, gave = words.gives_work(ledger.cycles), words.gives_work(ledger.cumulative)
    eta = np.where(gives, ledger.cycles["efficiency"].values, np.nan)
    total = np.where(gave, ledger.cumulative["efficiency"].values, np.nan)
    look: dict[str, Any] = {"markerfacecolor": "white", "markersize": 1.6 * size}
    if np.any(gave):
        marker = "" if style.is_crowded(ledger) else "s"
        ax.plot(cycle, total, ":", marker=marker, color=style.ORANGE, label="since the start", zorder=3, **look)
    if np.any(gives):
        ax.plot(cycle, eta, "o-", color=style.BLUE, markersize=size, label="each cycle", zorder=4)
    athermal = gives & ledger.cycles["is_athermal"].values
    if np.any(athermal):
        label = r"athermal engine, $\mathrm{d}\sigma < 0$"
        look = {"color": style.VERMILLION, "markeredgecolor": style.BLACK, "markeredgewidth": 0.6, "markersize": 1.8 * size}
        ax.plot(cycle[athermal], eta[athermal], "D", label=label, zorder=5, **look)
    if not np.any(gives):
        ax.text(0.5, 0.4, "no cycle gives work", transform=ax.transAxes, ha="center", color=style.GREY)
    if not np.all(gives):
        nothing = np.zeros(np.count_nonzero(~gives))
        label = r"no work output, $W \geq 0$"
        ax.plot(cycle[~gives], nothing, "x", color=style.GREY, markersize=1.2 * size, clip_on=False, label=label, zorder=5)
