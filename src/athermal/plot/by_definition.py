"""One run by every definition of work and heat: efficiency against Carnot's, heats, entropy production."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from athermal._types import FloatArray
from athermal.comparison import DefinitionComparison
from athermal.comparison.definitions import APPARENT
from athermal.errors import StudyError
from athermal.plot import design, fitting, legends

_BATHS = (design.VERMILLION, design.BLUE, design.GREEN, design.PURPLE, design.ORANGE, design.SKY)
_Axes = np.ndarray[tuple[int, ...], np.dtype[np.object_]]


def definitions(comparison: DefinitionComparison, axes: _Axes | None = None, *, cycle: int | None = None) -> _Axes:
    """Draw one run by every definition of work and heat that is known, one line each.

    Left the efficiency -W/(Q_in + dU_in), where work comes out, against Carnot's; in the middle the heat from each reservoir,
    -Q_j; right sum_i dS_i + sum_j Q_j/T_j against dSigma, which only the bath energy must meet. A cross marks a negative one
    although dSigma is not. Bars show one standard error where there are any.

    Parameters
    ----------
    comparison : DefinitionComparison
        From `athermal.compare_definitions`.
    axes : array of three matplotlib Axes, optional
        Where to draw; a new figure if left out, with the panels one above the other in the style "column".
    cycle : int, optional
        Which cycle; the whole run if left out.

    Returns
    -------
    array of three matplotlib Axes

    Raises
    ------
    StudyError
        If there is no such cycle.

    Examples
    --------
    >>> from athermal import plot
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
    >>> axes = plot.definitions(at.compare_definitions(ledger))
    >>> len(axes)
    3
    """
    data, errors = comparison.cumulative, comparison.cumulative_errors
    if cycle is not None:
        data, errors = comparison.cycles, comparison.errors
    last = int(data["cycle"].values[-1])
    if cycle is not None and not 1 <= cycle <= last:
        raise StudyError(f"`cycle` of a figure of this comparison must be 1 to {last}, but is {cycle!r}.")
    place = {"definition": list(comparison.names), "cycle": last if cycle is None else cycle}
    data = data.sel(place)
    spread = errors.sel(place) if errors.attrs.get("kind") == "standard" else None
    names = [legends.wrap(name, 18) for name in comparison.names]
    with mpl.rc_context(design.current().settings if axes is None else {}):
        axes = _panels(len(names)) if axes is None else axes
        _draw_efficiency(axes[0], data, spread)
        _draw_heats(axes[1], data, spread)
        _draw_entropy(axes[2], data, spread)
        is_row = axes[1].get_position().x0 >= axes[0].get_position().x1
        for ax in axes:
            ax.set_yticks(range(len(names)), names)
            ax.set_ylim(len(names) - 0.5, -0.5)
            ax.tick_params(labelleft=ax is axes[0] or not is_row)
        axes[0].set_ylabel("whole run" if cycle is None else f"cycle {cycle}")
        for ax in axes:
            fitting.finish(ax)
    return axes


def _panels(n: int) -> _Axes:
    """Make three panels: side by side, or in a narrow figure one above the other."""
    width = design.current().page_width
    is_wide = width > 5.0
    size = (width, 1.7 + 0.3 * n) if is_wide else (width, 3.0 * (0.9 + 0.24 * n))
    figure = plt.figure(figsize=size, layout="constrained")
    axes: _Axes = figure.subplots(*((1, 3) if is_wide else (3, 1)))
    for ax in axes:
        design.keep_tick_style(ax)
    return axes


def _error(spread: xr.Dataset | None, name: str) -> FloatArray | None:
    return None if spread is None else np.asarray(spread[name].values)


def _draw_efficiency(ax: Axes, data: xr.Dataset, spread: xr.Dataset | None) -> None:
    rows = np.arange(data.sizes["definition"])
    carnot = float(data["carnot_efficiency"])
    eta = data["efficiency"].values
    right = 1.15 * float(np.nanmax(np.append(eta, [carnot, 0.05])))
    ax.axvspan(carnot, right, facecolor=design.ORANGE, alpha=0.18, linewidth=0, zorder=0)
    ax.axvline(carnot, color=design.BLACK, linestyle="--", label=rf"Carnot $\eta_\mathrm{{C}} = {carnot:.3f}$")
    ax.errorbar(eta, rows, xerr=_error(spread, "efficiency"), fmt="o", color=design.BLUE)
    for row in rows[np.isnan(eta)]:
        ax.text(0.03, row, "no work output", transform=ax.get_yaxis_transform(), va="center", color=design.GREY, fontsize=7.0)
    ax.set_xlim(0.0, right)
    ax.set_xlabel(r"efficiency $-W/(Q_\mathrm{in} + \Delta U_\mathrm{in})$")


def _draw_heats(ax: Axes, data: xr.Dataset, spread: xr.Dataset | None) -> None:
    baths, rows = [str(name) for name in data["reservoir"].values], np.arange(data.sizes["definition"])
    width = 0.7 / max(1, len(baths))
    for j, name in enumerate(baths):
        errors = None if spread is None else spread["heat"].values[:, j]
        at = rows + width * (j - 0.5 * (len(baths) - 1))
        ax.barh(at, -data["heat"].values[:, j], width, color=_BATHS[j % len(_BATHS)], xerr=errors, label=design.plain(name))
    ax.axvline(0.0, color=design.BLACK, linewidth=0.6)
    ax.set_xlabel(r"heat $-Q_j$ from each reservoir")


def _draw_entropy(ax: Axes, data: xr.Dataset, spread: xr.Dataset | None) -> None:
    produced, rows = data["entropy_production"].values, np.arange(data.sizes["definition"])
    is_apparent = data["second_law"].values == APPARENT
    ax.axvline(0.0, color=design.BLACK, linewidth=0.6)
    ax.axvline(float(data["sigma_total_change"]), color=design.PURPLE, linestyle="--", label=r"correlations, $\Delta\Sigma$")
    ax.errorbar(produced, rows, xerr=_error(spread, "entropy_production"), fmt="none", ecolor=design.BLUE)
    ax.plot(produced[~is_apparent], rows[~is_apparent], "o", color=design.BLUE)
    if np.any(is_apparent):
        look: dict[str, Any] = {"color": design.VERMILLION, "markersize": 6.0, "markeredgewidth": 1.6}
        ax.plot(produced[is_apparent], rows[is_apparent], "x", label="seems to break the second law", **look)
    ax.set_xlabel(r"entropy production $\sum_i \Delta S_i + \sum_j Q_j/T_j$ (nat)")
