"""A run in plain words."""

from __future__ import annotations

import numpy as np

from athermal._numbers import magnitude, ratio
from athermal.narrative.facts import Facts
from athermal.narrative.sentences import altogether, headline, sentences
from athermal.thermodynamics import fuel, significance
from athermal.thermodynamics.confidence import Jackknife
from athermal.thermodynamics.ledger import Ledger

_LAWS = {"first_law": "First law", "second_law": "second law", "work_split": "work split", "efficiency": "efficiency split"}


def summary(ledger: Ledger) -> list[str]:
    """Return what a run showed: the efficiency against Carnot, who paid, and how exact it is.

    Examples
    --------
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=4, initial=at.Charged(cycles=2))
    >>> summary(ledger)[0]
    'Beyond the Carnot limit in cycles 1-2 (Carnot efficiency 0.3333).'
    """
    facts = Facts.of(ledger)
    title, carnot = headline(facts), facts.carnot_efficiency
    limit = "a closed machine: no reservoirs, no Carnot efficiency" if carnot is None else f"Carnot efficiency {ratio(carnot)}"
    lines = [f"{title[0].upper()}{title[1:]} ({limit}).", *(f"  {sentence}" for sentence in sentences(facts))]
    if facts.n_cycles > 1 and np.any(facts.gives_work):
        lines += [f"  {sentence}"] if (sentence := altogether(facts)) else []
    return lines + fuel.sentences(ledger) + _how_exact(ledger) + ledger.remarks + ledger.questions


def _how_exact(ledger: Ledger) -> list[str]:
    lines = []
    if ledger.conduct.is_from_data:
        lines += [f"± is one standard error ({ledger.confidence.name})."] if ledger.has_standard_errors else []
        lines += significance.sentences(ledger)
    elif isinstance(ledger.confidence, Jackknife):
        lines.append(
            f"Averaged over {ledger.confidence.n_samples} sampled pure states: ± is one standard error; what needs the entropy "
            "of a reservoir is unknown."
        )
    lines.append(_laws(ledger))
    if sentence := ledger.certificate:
        baths = ", ".join(f"{entry['reservoir']} {entry['modes']}" for entry in ledger.provenance.get("continuum", ()))
        lines.append(f"{sentence} Modes chosen: {baths}." if baths else sentence)
    if choice := ledger.provenance.get("backend_choice"):
        lines.append(f"Backend chosen - {choice}.")
    return lines


def _laws(ledger: Ledger) -> str:
    names = [name for name in _LAWS if name not in ledger.unchecked]
    if not names:
        return "First and second law, work split and efficiency split: not checked, for the numbers were completed by them."
    with np.errstate(divide="ignore", invalid="ignore"):
        used = [np.abs(ledger.cycles[f"residual_{name}"].values) / ledger.cycles[f"tolerance_{name}"].values for name in names]
    worst = float(np.max(used))
    is_missed = bool(ledger.violations()) and not worst <= 1.0
    checked = "MISSED" if is_missed else f"hold in every cycle; no residual above {magnitude(worst)} of its tolerance"
    known = ledger.accuracy
    accuracy = "".join(f"; {name.replace('_', ' ')} {magnitude(value)}" for name, value in known.items())
    listed = [_LAWS[name] for name in names]
    return f"{', '.join(listed[:-1])} and {listed[-1]}: {checked}{accuracy}.".replace(
        "irst law, second law", "irst and second law"
    )
