"""A run in plain words."""

from __future__ import annotations

import re

import numpy as np

from athermal._numbers import number
from athermal.thermodynamics import modes, significance
from athermal.thermodynamics.errors import certificate
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import gives_work, is_past_recurrence

_RESOURCES = {
    "C(S)": "correlations among the subsystems",
    "I(S,R)": "correlations between subsystems and reservoirs",
    "C(R)": "correlations among the reservoirs",
    "D": "reservoirs out of equilibrium",
    "F": "free energy of the subsystems",
}

_LAWS = {"first_law": "First law", "second_law": "second law", "work_split": "work split", "efficiency": "efficiency split"}


def summary_lines(ledger: Ledger) -> list[str]:
    """Return what a run showed: the efficiency against Carnot, who paid, and how exact it is."""
    from athermal.plot import words  # noqa: PLC0415  matplotlib takes time to import, and --help should not

    headline = _plain(words.headline(ledger))
    closed = "a closed machine: no reservoirs, no Carnot efficiency"
    limit = f"Carnot efficiency {ledger.carnot_efficiency:.4f}" if ledger.reference.reservoirs else closed
    lines = [f"{headline[0].upper()}{headline[1:]} ({limit})."]
    lines += [f"  {_plain(sentence)}" for sentence in words.sentences(ledger)]
    if ledger.n_cycles > 1 and np.any(gives_work(ledger.cycles)):
        lines += [f"  {sentence}"] if (sentence := _altogether(ledger)) else []
    if ledger.conduct.is_from_data:
        lines += [f"± is one standard error ({ledger.provenance['errors']})."] if ledger.has_standard_errors else []
        lines += significance.sentences(ledger)
    elif ledger.has_standard_errors and ledger.replicates is not None:
        lines.append(
            f"Averaged over {len(ledger.replicates)} sampled pure states: ± is one standard error; what needs the entropy of a "
            "reservoir is unknown."
        )
    lines.append(_laws(ledger))
    if sentence := certificate(ledger):
        baths = ", ".join(f"{entry['reservoir']} {entry['modes']}" for entry in ledger.provenance.get("continuum", ()))
        lines.append(f"{sentence} Modes chosen: {baths}." if baths else sentence)
    if choice := ledger.provenance.get("backend_choice"):
        lines.append(f"Backend chosen - {choice}.")
    lines += ledger.remarks + ledger.questions
    return lines


def _plain(sentence: str) -> str:
    """Return a sentence made for figures without the marks of mathematical text, its symbols explained."""
    told = re.sub(r"\$([^$]+)\$(\[[^\]]*\])?", lambda m: f"{m[1]}{m[2] or ''} ({_RESOURCES[m[1]]})", sentence)
    return told.replace("\N{EN DASH}", "-")


def _altogether(ledger: Ledger) -> str:
    """Say what came of all cycles together, of those before a finite bath recurs."""
    counted = np.flatnonzero(~is_past_recurrence(ledger.cumulative))
    if not len(counted):
        return ""
    n = int(counted[-1]) + 1
    row = ledger.cumulative.isel(cycle=n - 1)
    every = "Both cycles" if n == 2 else f"All {n} cycles"
    cycles = every if n == ledger.n_cycles else f"Cycles 1-{n}" if n > 1 else "Cycle 1"
    output, unit = float(row["work_output"]), f" {ledger.units['energy']}" if "energy" in ledger.units else ""
    if str(row["mode"].item()) in modes.WITHOUT_WORK:
        return f"{cycles} together took in as much work as they gave."
    if output < 0.0:
        return f"{cycles} together took in {number(-output)}{unit} of work."
    share = float(row["entropic_share"])
    paid = f"{share:.0%} of it from stored resources" if bool(row["is_athermal"]) else "on balance paid by heat"
    eta = f"{float(row['efficiency']):.4f}"
    return f"{cycles} together gave {number(output)}{unit} of work at an efficiency of {eta}, {paid}."


def _laws(ledger: Ledger) -> str:
    names = [name for name in _LAWS if name not in ledger.unchecked]
    if not names:
        return "First and second law, work split and efficiency split: not checked, for the numbers were completed by them."
    with np.errstate(divide="ignore", invalid="ignore"):
        used = [np.abs(ledger.cycles[f"residual_{name}"].values) / ledger.cycles[f"tolerance_{name}"].values for name in names]
    worst = float(np.max(used))
    is_missed = bool(ledger.violations()) and not worst <= 1.0
    checked = (
        "MISSED" if is_missed else f"hold in every cycle; no residual above {worst:.0e} of its tolerance".replace("0e+00", "0")
    )
    known = ledger.accuracy
    accuracy = "".join(f"; {name.replace('_', ' ')} {value:.0e}".replace("0e+00", "0") for name, value in known.items())
    listed = [_LAWS[name] for name in names]
    return f"{', '.join(listed[:-1])} and {listed[-1]}: {checked}{accuracy}.".replace(
        "irst law, second law", "irst and second law"
    )
