"""What happens between and within the cycles: correlations in time, and the energy-entropy diagram."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, Colormap, LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from athermal._types import FloatArray
from athermal.plot import design, fitting
from athermal.thermodynamics.ledger import Ledger

_RESERVOIR_LINES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
_SUBSYSTEM_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# Coherence below this is rounding, and gets no curve.
_VISIBLE = 1e-9
_ARROW_HEAD = Path([(-0.5, -0.35), (0.5, 0.0), (-0.5, 0.35), (-0.3, 0.0), (-0.5, -0.35)], closed=True)


def correlations(ledger: Ledger, ax: Axes | None = None) -> Axes:
    """Draw how correlations and athermality build up: I(S,R), C(S), C(R), D_j and their sum Sigma, at every instant.

    I(S,R) = S(rho_S) + S(rho_R) - S(rho_SR), C(S) = sum_i S(rho_i) - S(rho_S), C(R) = sum_j S(rho_j) - S(rho_R),
    D_j = D(rho_j || rho_j^th). One subsystem has no C(S), one reservoir no C(R); what the ledger does not know is named in the
    legend. Where the ledger tells how much of a correlation is coherence between energies, that part is a dotted line.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.correlations(at.run(at.library.two_oscillator(modes=12), cycles=2, samples_per_cycle=8))
    >>> ax.get_ylabel()
    'correlation, athermality (nat)'
    """
    with design.canvas(ax, 2.6) as axes:
        time = ledger.instants["time"].values / ledger.reference.period
        size = design.marker_size(axes, ledger) * 0.8
        every = max(1, round(len(time) / 8))
        unknown = []
        for values, label, look in _curves(ledger):
            if np.all(np.isnan(values)) and not label.startswith(("of these", "_")):
                unknown.append(label.split(" ", maxsplit=1)[0])
            else:
                axes.plot(time, values, label=label, markersize=size, markevery=every, **look)
        design.note_unknown(axes, list(dict.fromkeys(unknown)))
        axes.set_xlim(float(time[0]), float(time[-1]))
        axes.set_xlabel(r"time $t/\tau$ (cycles)")
        axes.set_ylabel("correlation, athermality (nat)")
        fitting.finish(axes)
    return axes


def _curves(ledger: Ledger) -> list[tuple[FloatArray, str, dict[str, Any]]]:
    data, ref = ledger.instants, ledger.reference
    black: dict[str, Any] = {"color": design.BLACK, "linewidth": 1.8, "zorder": 1}
    curves: list[tuple[FloatArray, str, dict[str, Any]]] = [(data["sigma_total"].values, r"$\Sigma$ (sum of all)", black)]
    curves.append((data["mutual_information"].values, "$I(S,R)$", {"color": design.SKY, "marker": "o"}))
    if len(ref.subsystems) > 1:
        curves.append((data["system_correlation"].values, "$C(S)$", {"color": design.BLUE, "marker": "s"}))
    if len(ref.reservoirs) > 1:
        curves.append((data["reservoir_correlation"].values, "$C(R)$", {"color": design.GREEN, "marker": "^"}))
    label = "of these, coherence"
    for name in ("mutual_information_coherence", "system_correlation_coherence", "reservoir_correlation_coherence"):
        if name in data and np.nanmax(np.abs(data[name].values), initial=0.0) > _VISIBLE:
            curves.append((data[name].values, label, {"color": design.BLACK, "linewidth": 0.9, "linestyle": ":", "zorder": 5}))
            label = "_nolegend_"
    for k, name in enumerate(ref.reservoirs):
        look: dict[str, Any] = {"color": design.PURPLE, "linestyle": _RESERVOIR_LINES[k % len(_RESERVOIR_LINES)]}
        curves.append((data["athermality"].values[:, k], f"$D$ of {design.plain(name)}", look))
    return curves


def energy_entropy(ledger: Ledger, ax: Axes | None = None) -> Axes:
    """Draw the energy-entropy diagram: the path of every subsystem in the plane of S(rho_i) and U_i.

    Cycles are coloured in order, the start is ringed, the arrow shows the direction; markers, one shape a subsystem, are the
    ends of cycles. A subsystem in a limit cycle runs in a loop; sample within the cycle (`samples_per_cycle` of `run`) to see it.

    Parameters
    ----------
    ledger : Ledger
    ax : matplotlib Axes, optional
        Where to draw; new ones if left out.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from athermal import plot
    >>> ax = plot.energy_entropy(at.run(at.library.two_oscillator(modes=12), cycles=2, samples_per_cycle=8))
    >>> ax.get_xlabel()
    'entropy $S$ of the subsystem (nat)'
    """
    with design.canvas(ax, 2.8) as axes:
        names = [design.plain(name) for name in ledger.reference.subsystems]
        paths = np.stack([ledger.instants["subsystem_entropy"].values, ledger.instants["subsystem_energy"].values], axis=-1)
        known = [k for k in range(len(names)) if not np.all(np.isnan(paths[:, k]).any(axis=-1))]
        for k in known:
            _draw_path(axes, ledger, paths[:, k], k)
        design.note_unknown(axes, [f"$S$ of {name}" for k, name in enumerate(names) if k not in known])
        axes.margins(0.08)
        axes.autoscale_view()
        axes.set_xlabel("entropy $S$ of the subsystem (nat)")
        axes.set_ylabel(f"its energy $U$\n({design.energy_unit(ledger)})")
        _draw_key(axes, ledger, known)
        for k in known:
            _draw_arrow(axes, ledger, paths[:, k])
    return axes


def _colours(ledger: Ledger) -> tuple[Colormap, BoundaryNorm]:
    """Return a scale that is dark for the first cycle and light for the last, also in grey print."""
    scale = LinearSegmentedColormap.from_list("cycles", mpl.colormaps["cividis"](np.linspace(0.0, 0.85, 256)))
    return scale, BoundaryNorm(np.arange(0.5, ledger.n_cycles + 1.0), scale.N, extend="neither")


def _draw_path(ax: Axes, ledger: Ledger, points: FloatArray, k: int) -> None:
    step, (scale, norm) = ledger.samples_per_cycle, _colours(ledger)
    cycle = np.arange(len(points) - 1) // step + 1
    segments = np.stack([points[:-1], points[1:]], axis=1)
    path = LineCollection(list(segments), cmap=scale, norm=norm, array=cycle, linewidths=1.0, zorder=2, capstyle="round")
    ax.add_collection(path)
    marker, ends = _SUBSYSTEM_MARKERS[k % len(_SUBSYSTEM_MARKERS)], points[::step]
    size = design.marker_size(ax, ledger)
    ax.scatter(
        ends[1:, 0], ends[1:, 1], c=cycle[::step], cmap=scale, norm=norm, marker=marker, s=size**2, linewidths=0.0, zorder=3
    )
    ax.plot(*ends[0], marker, markersize=size + 3.0, markerfacecolor="white", markeredgecolor=design.BLACK, zorder=4)


def _draw_arrow(ax: Axes, ledger: Ledger, points: FloatArray) -> None:
    """Put an arrow head on the longest piece of the first cycle that leaves the start."""
    seen = ax.transData.transform(points) * 72.0 / ax.figure.dpi
    pieces, centres = np.diff(seen, axis=0), 0.5 * (seen[1:] + seen[:-1])
    away = np.nan_to_num(np.hypot(*pieces.T)) * (np.nan_to_num(np.hypot(*(centres - seen[0]).T)) > 10.0)
    cycle = np.arange(len(away)) // ledger.samples_per_cycle + 1
    if not np.any(away > 0.0):
        return
    first = cycle[np.flatnonzero(away > 0.0)[0]]
    k = int(np.argmax(away * (cycle == first)))
    (x, y), (dx, dy) = 0.5 * (points[k] + points[k + 1]), pieces[k]
    scale, norm = _colours(ledger)
    # A marker, turned: an arrow patch turns its head wrong where the piece is shorter than the head.
    head = MarkerStyle(_ARROW_HEAD).rotated(rad=float(np.arctan2(dy, dx)))
    ax.plot(x, y, marker=head, markersize=9.0, color=scale(norm(first)), markeredgecolor="white", markeredgewidth=0.5, zorder=5)


def _draw_key(ax: Axes, ledger: Ledger, known: list[int]) -> None:
    """Explain the marks as they are drawn: of each subsystem those of the first and of the last cycle, and the rings."""
    size, (scale, norm) = design.marker_size(ax, ledger), _colours(ledger)
    ends = list(dict.fromkeys([1, ledger.n_cycles]))
    markers = [_SUBSYSTEM_MARKERS[k % len(_SUBSYSTEM_MARKERS)] for k in known]
    entries: list[Any] = []
    for k, marker in zip(known, markers, strict=True):
        label = f"subsystem {design.plain(ledger.reference.subsystems[k])}"
        looks: list[dict[str, Any]] = [{"color": scale(norm(cycle)), "marker": marker, "markersize": size} for cycle in ends]
        entries.append(tuple(Line2D([], [], linestyle="none", label=label, **look) for look in looks))
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": design.BLACK, "markersize": size + 3.0}
    rings = [Line2D([], [], linestyle="none", marker=marker, label="start", **ring) for marker in dict.fromkeys(markers)]
    entries += [tuple(rings)] if rings else []
    if ledger.n_cycles > 1:
        ticks = design.cycle_ticks(ledger)
        look: dict[str, Any] = {"label": "cycle", "ticks": ticks, "aspect": 30, "pad": 0.02, "use_gridspec": False}
        bar = ax.figure.colorbar(mpl.cm.ScalarMappable(norm, scale), ax=ax, **look)
        bar.ax.tick_params(which="both", labelsize=ax.xaxis.get_ticklabels()[0].get_fontsize(), length=2.0)
        bar.ax.minorticks_off()
        fitting.fit(bar.ax)
    fitting.finish(ax, [*ax.get_legend_handles_labels()[0], *entries])
