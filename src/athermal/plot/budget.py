"""Where each cycle's work came from, and the flows of energy."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from athermal._types import FloatArray
from athermal.limit import LimitCycle
from athermal.narrative.resources import resources_of, unresolved_work, work_given
from athermal.plot import design, fitting, words
from athermal.thermodynamics.ledger import Ledger


def draw_resources(ax: Axes, ledger: Ledger, *, with_meaning: bool = False) -> None:
    """Draw all of it but the legend, whose entries say in plain words what each resource is if `with_meaning`."""
    cycle = design.cycle_numbers(ledger)
    raised, lowered = np.zeros(len(cycle)), np.zeros(len(cycle))
    unknown: list[str] = []
    for resource in resources_of(ledger):
        given, symbol = work_given(ledger, resource), words.symbol(resource.symbol)
        if np.any(np.isnan(given)):
            unknown.append(symbol)
        if np.all(np.isnan(given)):
            continue
        label = f"{symbol}: {resource.meaning}" if with_meaning and symbol != "heat" else symbol
        _stack(ax, ledger, given, raised, lowered, label, words.LOOKS[resource.symbol])
    entropic = [symbol for symbol in unknown if symbol != "heat"]
    if entropic and not np.all(np.isnan(rest := unresolved_work(ledger))):
        label = f"unknown: {', '.join(entropic)} (their sum)"
        _stack(ax, ledger, rest, raised, lowered, label, words.Look(design.PALE, "++", design.BLACK))
        unknown = [symbol for symbol in unknown if symbol == "heat"]
    ax.axhline(0.0, color=design.BLACK, linewidth=0.6, zorder=3)
    _mark_net_work(ax, ledger)
    design.note_unknown(ax, unknown)
    design.set_cycle_axis(ax, ledger)
    ax.use_sticky_edges = False  # the foot of a bar is no edge: bars hang below zero too
    ax.margins(y=0.08)
    ax.set_ylabel(f"contribution to $-W$\n({design.energy_unit(ledger)})")


def _stack(
    ax: Axes, ledger: Ledger, given: FloatArray, raised: FloatArray, lowered: FloatArray, label: str, look: words.Look
) -> None:
    """Add one layer of bars, and its heights to the stacks above and below zero."""
    known = np.nan_to_num(given)
    bottom = np.where(known >= 0.0, raised, lowered)
    is_crowded = design.is_crowded(ledger)
    largest = np.nanmax(np.abs(ledger.cycles["work_by_resource"].values))  # the rims of bars of no height would look like work
    ax.bar(
        design.cycle_numbers(ledger),
        known,
        width=1.0 if is_crowded else 0.72,
        bottom=bottom,
        color=look.colour,
        hatch=look.hatch,
        edgecolor=look.hatch_colour,
        linewidth=0.4 * (np.abs(known) > 0.01 * largest) * (not is_crowded),
        label=label,
        zorder=2,
    )
    raised += np.maximum(known, 0.0)
    lowered += np.minimum(known, 0.0)


def _mark_net_work(ax: Axes, ledger: Ledger) -> None:
    """Draw the work output as a dash on each bar, or as a line if bars are too narrow; with a white rim, to stand out."""
    look: dict[str, Any] = {"linestyle": "none", "marker": "_", "markeredgewidth": 2.0}
    look["markersize"] = min(14.0, 170.0 / ledger.n_cycles)
    if design.is_crowded(ledger):
        look = {"linestyle": "-", "linewidth": 1.0}
    rim = withStroke(linewidth=3.2 if not design.is_crowded(ledger) else 2.0, foreground="white")
    work = ledger.cycles["work_output"].values
    ax.plot(
        design.cycle_numbers(ledger), work, color=design.BLACK, path_effects=[rim], label=r"work output $-W$", zorder=5, **look
    )


_RESERVOIR_LOOKS = (
    (design.VERMILLION, "^", "--"),
    (design.SKY, "v", "-."),
    (design.GREEN, "D", ":"),
    (design.PURPLE, "P", "--"),
    (design.ORANGE, "X", "-."),
)


def flows(ledger: Ledger, ax: Axes | None = None, *, limit: LimitCycle | None = None) -> Axes:
    """Draw the work output, the heat from each reservoir and the energy change of the subsystems, per cycle.

    The first law (S1) as -W = sum_j (-Q_j) - sum_i dU_i: what the reservoirs gave is work, or stays in the subsystems.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.
    limit : LimitCycle, optional
        Drawn as the levels that late cycles tend to, in the colours of the flows.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.flows(at.run(at.library.two_oscillator(modes=12), cycles=3))
    >>> [line.get_label() for line in ax.lines][1:3]
    ['heat from hot bath', 'heat from cold bath']
    """
    with design.canvas(ax, 2.6) as axes:
        draw_flows(axes, ledger)
        if limit is not None:
            for k, heat in enumerate(limit.heat):
                design.draw_limit(axes, -float(heat), _RESERVOIR_LOOKS[k % len(_RESERVOIR_LOOKS)][0])
            design.draw_limit(axes, -limit.work, design.BLACK, "limit cycle")
        fitting.finish(axes)
    return axes


def draw_flows(ax: Axes, ledger: Ledger) -> None:
    """Draw all of it but the legend."""
    cycle, size, data = design.cycle_numbers(ledger), design.marker_size(ax, ledger), ledger.cycles
    ax.axhline(0.0, color=design.GREY, linewidth=0.6, zorder=1)
    for k, name in enumerate(ledger.reference.reservoirs):
        colour, marker, line = _RESERVOIR_LOOKS[k % len(_RESERVOIR_LOOKS)]
        given, label = -data["heat"].values[:, k], f"heat from {design.plain(name)}"
        ax.plot(cycle, given, color=colour, marker=marker, linestyle=line, markersize=size, label=label)
    stored = data["energy_change"].values.sum(axis=-1)
    look: dict[str, Any] = {
        "color": design.GREY,
        "marker": "s",
        "linestyle": ":",
        "markerfacecolor": "white",
        "markersize": size,
    }
    ax.plot(cycle, stored, label=r"stored, $\Delta U$", **look)
    ax.plot(cycle, data["work_output"].values, "o-", color=design.BLACK, markersize=size, label="work output $-W$", zorder=4)
    design.set_cycle_axis(ax, ledger)
    ax.set_ylabel(f"energy per cycle\n({design.energy_unit(ledger)})")
