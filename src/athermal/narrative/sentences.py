"""The sentences about a ledger."""

from __future__ import annotations

import math

import numpy as np

from athermal._numbers import number, ratio, share
from athermal._types import BoolArray
from athermal.narrative.facts import Facts, Kind
from athermal.narrative.style import PLAIN, Style

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


def headline(facts: Facts, style: Style = PLAIN) -> str:
    """Return the result of a run in one line; cycles past the recurrence time of a finite bath are left out of it.

    Examples
    --------
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=4, initial=at.Charged(cycles=2))
    >>> headline(Facts.of(ledger))
    'beyond the Carnot limit in cycles 1-2'
    """
    counted = ~facts.is_past
    if not np.any(counted):
        return "every cycle is past the recurrence time of a finite bath"
    beyond, giving, doubt = facts.is_beyond, facts.gives_work & counted, facts.is_doubtful
    every = (
        _every(facts.n_cycles) if np.all(counted) else f"{style.cycles_where(counted)}, within the recurrence time of its baths"
    )
    reversal = facts.is_reversal & counted
    if np.any(reversal) and not np.any(giving):
        return f"heat runs from cold to hot in {style.cycles_where(reversal)}, without work"
    if not np.any(giving):
        return f"no work comes out in {every.replace('all', 'any of').replace('both cycles', 'either cycle')}"
    if np.all(beyond[counted]):
        return f"beyond the Carnot limit in {every}"
    if np.any(doubt) and np.any(beyond):
        return f"beyond the Carnot limit in {style.cycles_where(beyond)}; {_in_doubt(facts, doubt, 'above it', style)}"
    if np.any(doubt):
        return _in_doubt(facts, doubt, "above the Carnot limit", style)
    if np.any(beyond):
        after = int(np.flatnonzero(beyond)[-1]) + 1
        later = {name for name, counts in zip(facts.names[after:], counted[after:], strict=True) if counts}
        tail = ", an ordinary heat engine afterwards" if later == {"thermal engine"} else ""
        return f"beyond the Carnot limit in {style.cycles_where(beyond)}{tail}"
    return f"below the Carnot limit in {every if np.all(giving[counted]) else 'every cycle that gives work'}"


def sentences(facts: Facts, style: Style = PLAIN, most: int = 3) -> list[str]:
    """Return a sentence for each kind of cycle, in order of appearance; beyond `most` kinds, one for all others.

    Cycles past the recurrence time of a finite bath are of a kind of their own.
    """
    kept = facts.kinds if len(facts.kinds) <= most else facts.kinds[: most - 1]
    lines = [f"{_capital(style.cycles(kind.cycles))}: {kind.name}, {_told(kind, style)}." for kind in kept]
    if others := [kind.name for kind in facts.kinds[len(kept) :]]:
        lines.append(f"Other cycles: {', '.join(others)}.")
    if np.any(facts.is_past):
        cycles = _capital(style.cycles_where(facts.is_past))
        lines.append(f"{cycles}: past the recurrence time of a finite bath, whose size shows.")
    return lines


def altogether(facts: Facts) -> str:
    """Return what came of all cycles together, of those before a finite bath recurs; "" if none is."""
    whole = facts.whole
    if whole is None:
        return ""
    n, unit = whole.cycles, f" {facts.energy_unit}" if facts.energy_unit else ""
    cycles = ("Both cycles" if n == 2 else f"All {n} cycles") if n == facts.n_cycles else _capital(PLAIN.cycles(range(1, n + 1)))
    if not whole.has_work:
        return f"{cycles} together took in as much work as they gave."
    if whole.work_output < 0.0:
        return f"{cycles} together took in {number(-whole.work_output)}{unit} of work."
    paid = f"{share(whole.share)} of it from stored resources" if whole.is_athermal else "on balance paid by heat"
    output, eta = number(whole.work_output), ratio(whole.efficiency)
    return f"{cycles} together gave {output}{unit} of work at an efficiency of {eta}, {paid}."


def listed(payers: tuple[str, ...], style: Style = PLAIN) -> str:
    """Return who paid, one after the other; "" if nobody knows."""
    return ", then ".join(map(style.resource, payers))


def lasts(n_cycles: float, *, is_lower_bound: bool) -> str:
    """Return for how many cycles a charge lasts.

    Examples
    --------
    >>> lasts(3, is_lower_bound=True), lasts(1, is_lower_bound=False), lasts(0, is_lower_bound=False)
    ('at least 3 cycles', '1 cycle', 'never beyond')
    """
    if n_cycles == 0:
        return "never beyond"
    return f"{'at least ' if is_lower_bound else ''}{n_cycles:.0f} cycle{'' if n_cycles == 1 else 's'}"


def _told(kind: Kind, style: Style) -> str:
    payers = listed(kind.payers, style)
    if kind.name == "heat reversal" and payers:
        return f"{_INPUT_MODES[kind.name]}, paid by {payers}"
    if not kind.gives_work:
        told = _INPUT_MODES[kind.name]
        if math.isnan(kind.performance):
            return told
        return f"{told}, COP {ratio(kind.performance, decimals=2)} (Carnot {ratio(kind.carnot_performance, decimals=2)})"
    told = f"efficiency {_span(*kind.efficiency, decimals=2)}"
    if not kind.is_athermal:
        return f"{told}, paid by heat, no net work from stored resources"
    return (
        f"{told}, {share(kind.share)} of the work from stored resources{_how_surely(kind)}, "
        f"{f'mostly {payers}' if payers else 'of unknown kind'}"
    )


def _how_surely(kind: Kind) -> str:
    """Return by how many standard errors dsigma < 0 in these cycles, "" if they have none."""
    if kind.standard_errors is None:
        return ""
    span = _span(*kind.standard_errors, decimals=1)
    return f" ({span} standard errors{', cycle by cycle' if ' to ' in span else ''})"


def _in_doubt(facts: Facts, where: BoolArray, above: str, style: Style) -> str:
    cycles = style.cycles_where(where)
    if not facts.has_errors:
        return f"{above} in {cycles}, but significance is not established"
    excess = ratio(float(np.max(facts.standard_errors[where])), decimals=1)
    most = " or less" if np.count_nonzero(where) > 1 else ""
    return f"{above} in {cycles}, but not significantly ({excess} standard errors{most})"


def _every(n: int) -> str:
    return "its one cycle" if n == 1 else "both cycles" if n == 2 else f"all {n} cycles"


def _span(low: float, high: float, decimals: int) -> str:
    """Return "0.30", or "0.30 to 0.41"."""
    first, last = ratio(low, decimals=decimals), ratio(high, decimals=decimals)
    return first if first == last else f"{first} to {last}"


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
