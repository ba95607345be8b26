"""What a ledger says, in words and in the groups of resources that figures show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import BoolArray, FloatArray
from athermal.plot import design
from athermal.thermodynamics import modes
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import above_carnot, beyond_carnot, gives_work, is_past_recurrence


@dataclass(frozen=True)
class ResourceGroup:
    """One kind of resource: its symbol in docs/physics.md, what it is in plain words, and how it is drawn."""

    symbol: str
    meaning: str
    colour: str
    hatch: str
    hatch_colour: str
    prefix: str


GROUPS = (
    ResourceGroup("heat", "heat between the reservoirs", design.VERMILLION, "", "white", "heat["),
    ResourceGroup("$C(S)$", "correlations inside the machine", design.BLUE, "\\\\\\\\", "white", "C(S)"),
    ResourceGroup("$I(S,R)$", "correlations machine\N{EN DASH}reservoirs", design.SKY, "////", design.BLACK, "I(S,R)"),
    ResourceGroup("$C(R)$", "correlations among reservoirs", design.GREEN, "....", design.BLACK, "C(R)"),
    ResourceGroup("$D$", "reservoirs out of equilibrium", design.PURPLE, "xxxx", design.BLACK, "D["),
    ResourceGroup("$F$", "free energy of the machine's parts", design.YELLOW, "----", design.BLACK, "F["),
)
"""The terms of W = sum_j eta_j Q_j + T_min (dI + dC(S) + dC(R) + sum_j dD_j) + sum_i dF_i (S18), one group each."""

_INPUT_MODES = {
    "refrigerator": "work goes in and cools the coldest reservoir",
    "accelerator": "work goes in and speeds the heat from hot to cold",
    "heater": "work goes in and heats the reservoirs",
    "charge": "what goes in is stored",
    "mixer": "work goes in and moves heat among the reservoirs",
    "heat reversal": "no work, and heat runs from cold to hot",
    "conduction": "no work, and heat runs from hot to cold",
    "idle": "no work comes out or goes in",
}


def shown_groups(ledger: Ledger) -> tuple[ResourceGroup, ...]:
    """Return the groups this machine can have: one subsystem has no C(S), one reservoir no C(R) and no heat term."""
    single_system, single_reservoir = (len(names) == 1 for names in (ledger.reference.subsystems, ledger.reference.reservoirs))
    absent = {"$C(S)$"} if single_system else set()
    absent |= {"$C(R)$", "heat"} if single_reservoir else set()
    return tuple(group for group in GROUPS if group.symbol not in absent)


def work_given(ledger: Ledger, group: ResourceGroup) -> FloatArray:
    """Return the work that a group gave in each cycle, NaN where any of its terms is unknown."""
    terms = ledger.cycles["work_by_resource"]
    names = [name for name in terms["resource"].values if str(name).startswith(group.prefix)]
    return np.asarray(-terms.sel(resource=names).values.sum(axis=-1), dtype=float)


def unresolved_work(ledger: Ledger) -> FloatArray:
    """Return the work that the unknown entropic terms gave together, NaN where that is unknown too.

    The second law (S10), read from its left side, gives T_min dsigma even where its terms are unknown.
    """
    entropic = [work_given(ledger, group) for group in GROUPS if group.symbol != "heat"]
    return np.asarray(-ledger.cycles["entropic_work"].values - np.nansum(entropic, axis=0), dtype=float)


def kinds(ledger: Ledger) -> list[str]:
    """Return "athermal engine", "thermal engine" or the mode of each cycle."""
    data = ledger.cycles
    return [
        modes.kind(str(mode), is_athermal=bool(athermal))
        for mode, athermal in zip(data["mode"].values, data["is_athermal"].values, strict=True)
    ]


def ranges(cycles: list[int]) -> str:
    """Return "cycle 1" or "cycles 1-3, 7"; a count where that would be long.

    Examples
    --------
    >>> ranges([2, 4, 7])
    'cycles 2, 4, 7'
    """
    breaks = [k for k in range(1, len(cycles)) if cycles[k] != cycles[k - 1] + 1]
    runs = [cycles[a:b] for a, b in zip([0, *breaks], [*breaks, len(cycles)], strict=True)]
    if len(runs) > 4:
        return f"{len(cycles)} cycles between {cycles[0]} and {cycles[-1]}"
    texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]}\N{EN DASH}{run[-1]}" for run in runs]
    return f"cycle{'s' if len(cycles) > 1 else ''} {', '.join(texts)}"


def headline(ledger: Ledger) -> str:
    """Return the result of a run in one line; cycles past the recurrence time of a finite bath are left out of it."""
    counted = ~is_past_recurrence(ledger.cycles)
    if not np.any(counted):
        return "every cycle is past the recurrence time of a finite bath"
    beyond, giving = beyond_carnot(ledger), gives_work(ledger.cycles) & counted
    doubt = doubtful(ledger) & counted
    n = int(np.count_nonzero(counted))
    every = (
        ("its one cycle" if n == 1 else "both cycles" if n == 2 else f"all {n} cycles")
        if np.all(counted)
        else f"{_cycles(counted)}, within the recurrence time of its baths"
    )
    reversal = (ledger.cycles["mode"].values == "heat reversal") & counted
    if np.any(reversal) and not np.any(giving):
        return f"heat runs from cold to hot in {_cycles(reversal)}, without work"
    if not np.any(giving):
        return f"no work comes out in {every.replace('all', 'any of').replace('both cycles', 'either cycle')}"
    if np.all(beyond[counted]):
        return f"beyond the Carnot limit in {every}"
    if np.any(doubt) and np.any(beyond):
        return f"beyond the Carnot limit in {_cycles(beyond)}; {_not_significantly(ledger, doubt, 'above it')}"
    if np.any(doubt):
        return _not_significantly(ledger, doubt, "above the Carnot limit")
    if np.any(beyond):
        after = int(np.flatnonzero(beyond)[-1]) + 1
        later = {kind for kind, counts in zip(kinds(ledger)[after:], counted[after:], strict=True) if counts}
        tail = ", an ordinary heat engine afterwards" if later == {"thermal engine"} else ""
        return f"beyond the Carnot limit in {_cycles(beyond)}{tail}"
    return f"below the Carnot limit in {every if np.all(giving[counted]) else 'every cycle that gives work'}"


def doubtful(ledger: Ledger) -> BoolArray:
    """Tell for each cycle whether its measured efficiency is above eta_C, but not significantly."""
    if not ledger.has_standard_errors:
        return np.zeros(ledger.n_cycles, dtype=bool)
    above = above_carnot(ledger)
    has_error = (above.error > 0.0) | (above.carnot_error > 0.0) | bool(above.reason)
    return np.asarray(above.is_above & has_error & ~above.is_significant)


def _not_significantly(ledger: Ledger, where: BoolArray, above: str) -> str:
    if ledger.without_errors:
        return f"{above} in {_cycles(where)}, but significance is not established"
    excess = float(np.max(above_carnot(ledger).standard_errors[where]))
    most = " or less" if np.count_nonzero(where) > 1 else ""
    return f"{above} in {_cycles(where)}, but not significantly ({excess:.1f} standard errors{most})"


def _cycles(where: BoolArray) -> str:
    return ranges([int(k) + 1 for k in np.flatnonzero(where)])


def sentences(ledger: Ledger, most: int = 3) -> list[str]:
    """Return a sentence for each kind of cycle, in order of appearance; beyond `most` kinds, one for all others.

    Cycles past the recurrence time of a finite bath are of a kind of their own.
    """
    past = is_past_recurrence(ledger.cycles)
    names = ["" if is_past else name for name, is_past in zip(kinds(ledger), past, strict=True)]
    found = [name for name in dict.fromkeys(names) if name]
    kept = found if len(found) <= most else found[: most - 1]
    lines = []
    for kind in kept:
        where = [k for k, name in enumerate(names) if name == kind]
        cycles = ranges([k + 1 for k in where])
        lines.append(f"{cycles[0].upper()}{cycles[1:]}: {kind}, {_told(ledger, kind, where)}.")
    if len(kept) < len(found):
        lines.append(f"Other cycles: {', '.join(found[len(kept) :])}.")
    if np.any(past):
        cycles = _cycles(past)
        lines.append(f"{cycles[0].upper()}{cycles[1:]}: past the recurrence time of a finite bath, whose size shows.")
    return lines


def paid_by(ledger: Ledger, where: list[int]) -> str:
    """Return what paid in these cycles, as the column `paid_by` has it; "" if it is unknown or nothing did."""
    found = [str(payer) for payer in dict.fromkeys(ledger.cycles["paid_by"].values[where].tolist())]
    return "" if "unknown" in found else ", then ".join(symbol(payer) for payer in found if payer != "none")


def symbol(payer: str) -> str:
    r"""Return a resource as figures write it.

    Examples
    --------
    >>> symbol("C(S)"), symbol("D[hot bath]"), symbol("heat")
    ('$C(S)$', '$D$[hot bath]', 'heat')
    """
    group, bracket, part = payer.partition("[")
    return group if group in ("heat", "work") else f"${group}$" + design.plain(bracket + part)


def _told(ledger: Ledger, kind: str, where: list[int]) -> str:
    data = ledger.cycles.isel(cycle=where)
    if kind == "heat reversal" and (payer := paid_by(ledger, where)):
        return f"{_INPUT_MODES[kind]}, paid by {payer}"
    if kind in _INPUT_MODES:
        performance = data["coefficient_of_performance"].values
        if kind != "refrigerator" or np.any(np.isnan(performance)):
            return _INPUT_MODES[kind]
        limit = data["carnot_coefficient"].values[0]
        overall = float(np.sum(performance * data["work"].values) / data["work"].sum())
        return f"{_INPUT_MODES[kind]}, COP {overall:.2f} (Carnot {limit:.2f})"
    told = _span("efficiency", data["efficiency"].values)
    if not kind.startswith("athermal"):
        return f"{told}, paid by heat, no net work from stored resources"
    share = float(data["entropic_work"].sum() / data["work"].sum())
    payer = paid_by(ledger, where)
    return (
        f"{told}, {share:.0%} of the work from stored resources{_how_surely(ledger, where)}, "
        f"{f'mostly {payer}' if payer else 'of unknown kind'}"
    )


def _how_surely(ledger: Ledger, where: list[int]) -> str:
    """Return by how many standard errors dsigma < 0 in these cycles, "" if they have none."""
    if not ledger.has_standard_errors:
        return ""
    spent, error = -ledger.cycles["entropic_work"].values[where], ledger.errors["entropic_work"].values[where]
    if not np.all(error > 0.0):
        return ""
    low, high = (f"{ratio:.1f}" for ratio in (np.min(spent / error), np.max(spent / error)))
    return f" ({low} standard errors)" if low == high else f" ({low} to {high} standard errors, cycle by cycle)"


def _span(name: str, values: FloatArray) -> str:
    """Return "efficiency 0.30", or "efficiency 0.30 to 0.41"."""
    low, high = f"{np.min(values):.2f}", f"{np.max(values):.2f}"
    return f"{name} {low}" if low == high else f"{name} {low} to {high}"
