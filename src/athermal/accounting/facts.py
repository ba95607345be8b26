"""What an account says of itself: how its errors were had, which laws check nothing, and what looks wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from athermal._numbers import number
from athermal._types import FloatArray
from athermal.accounting.data import Propagation
from athermal.accounting.numbers import Numbers
from athermal.accounting.readings import Readings
from athermal.errors import StudyError
from athermal.maths.physical import STATE_TOLERANCE
from athermal.thermodynamics import laws
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.confidence import Bootstrap, Confidence, Exact
from athermal.thermodynamics.interval import STANDARD_ERRORS
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference

_SECOND_LAW = "dSigma was taken from it: sum dS_i + sum Q_j/T_j"
_MEASURED = {
    "work": "the work is not among the data and was taken from it",
    "energy": "the energy of the subsystem is not among the data and was taken from it",
}
_UNKNOWN = "I(S,R) and D_j need the states of the reservoirs, and are unknown, as is C(R) of several."
_TURNED = {
    "into reservoirs": "If they are positive into the machine, give heat_sign='into machine'.",
    "into machine": "They were turned by heat_sign='into machine': leave that out if they are what the reservoirs absorb.",
}
# A dSigma whose mean changes by less than this factor from the first half of the data to the last does not fade.
_STEADY = 2.0
# Of a steady state there are at least so many cycles or intervals.
_ENOUGH = 3
# A sign is asked about if turning it makes a law hold this much better.
_MUCH_BETTER = 0.1
# Defects of states that are nothing but rounding.
_ROUNDING = 1e-13


def confidence_of(numbers: Numbers, reference: Reference, propagation: Propagation) -> tuple[Confidence, dict[str, Any]]:
    """Return how well the numbers are known, and what the provenance says of the draws that tell it."""
    if not numbers.has_errors and reference.temperature_errors is None:
        return Exact(), {}
    method, draws, seed = propagation.method, propagation.draws, propagation.seed
    if numbers.has_noisy_states and method == "linear":
        raise StudyError(
            'The errors of states go together, and entropies bend: `method` must be "bootstrap" (or "auto"), but is "linear".'
        )
    if method == "linear":
        return numbers.linear(None), {}
    drawn = numbers.bootstrap(draws, seed)
    is_drawn = numbers.has_noisy_states or method == "bootstrap"
    return drawn if is_drawn else numbers.linear(drawn), {"draws": draws, "seed": seed}


def conduct_of(numbers: Numbers, readings: Readings, intervals: tuple[int, int], conduct: Conduct) -> Conduct:
    """Return how an account of so many intervals in a cycle and in all is to be read."""
    unchecked, remarks = {"second_law": _SECOND_LAW}, [_UNKNOWN]
    if why := _MEASURED.get(numbers.from_first_law):
        unchecked |= dict.fromkeys(("first_law", "work_split", "efficiency"), why)
        remarks.append(f"The first law is no check here: {why}.")
    if left := intervals[1] % intervals[0]:
        remarks.append(f"The last {left} intervals are no whole cycle, and only in `samples` and `instants`.")
    if readings.defect > _ROUNDING:
        remarks.append(
            f"The states missed being states by up to {readings.defect:.2g}; their entropies are those of the nearest states."
        )
    accuracy = {"state_defect": readings.defect} if readings.defect > 0.0 else {}
    return replace(conduct, is_from_data=True, unchecked=unchecked, remarks=tuple(remarks), accuracy=accuracy)


def asked(ledger: Ledger, readings: Readings, heat_sign: str) -> Ledger:
    """Return an account with what is to be known and to be asked about its numbers, which takes its columns to tell."""
    remarks = (*ledger.remarks, *_remarks_on_errors(ledger, readings), *ledger.reference.remarks_on_vacuum())
    conduct = replace(ledger.conduct, remarks=remarks, questions=tuple(questions(ledger, heat_sign)))
    return replace(ledger, conduct=conduct)


def _remarks_on_errors(ledger: Ledger, readings: Readings) -> list[str]:
    """Return what is to be known of the errors of the states: those that nobody told, and what noise does to entropies."""
    remarks = [f"{ledger.without_errors} {_NOISY if readings.defect > STATE_TOLERANCE else ''}".strip()] * bool(
        ledger.without_errors
    )
    held = ledger.confidence
    if not isinstance(held, Bootstrap):  # entropies that were drawn are those of states with errors
        return remarks
    n = len(readings.names)
    drawn = np.zeros(2 * n + 1, dtype=bool)
    for source in readings.sources:
        drawn |= source.columns & source.has_errors
    entropies = held.snapshots.subsystem_entropies
    shifts = np.mean(entropies, axis=1) - ledger.snapshots.subsystem_entropies
    known = STANDARD_ERRORS * np.std(entropies, axis=1, ddof=1) / np.sqrt(held.works.shape[1])
    shifts = np.where(drawn[n : 2 * n] & (np.abs(shifts) > known), shifts, 0.0)
    for i in np.flatnonzero(np.any(shifts != 0.0, axis=0)):
        worst = shifts[np.argmax(np.abs(shifts[:, i])), i]
        remarks.append(
            f"Noise shifts an entropy: states of {readings.names[i]!r} drawn anew have entropies that are off by up to "
            f"{number(worst, digits=2, signed=True)} nat on average. Values are not corrected for it; errors include it."
        )
    return remarks


_NOISY = "That they miss being states by more than a solver does shows that they have some."


def sign_remedy(heat_sign: str) -> str:
    """Return what to do about a sign, if it is wrong."""
    return f"Are the heats what the reservoirs absorb? {_TURNED[heat_sign]}"


def questions(ledger: Ledger, heat_sign: str) -> list[str]:
    """Return what to ask about numbers that would obey the laws if a sign were turned."""
    found, turn, cycles = [], _TURNED[heat_sign], ledger.cycles
    missed = np.abs(cycles["residual_first_law"].values) > cycles["tolerance_first_law"].values
    if "first_law" not in ledger.unchecked and np.any(missed):
        work, heat = cycles["work"].values, np.sum(cycles["heat"].values, axis=1)
        change = np.sum(cycles["energy_change"].values, axis=1)
        most = _MUCH_BETTER * float(np.linalg.norm(work - heat - change))
        remedies = {
            "the heats": (work + heat - change, turn),
            "the work": (work + heat + change, "`work` is what is done on the machine: give minus what the machine gives."),
        }
        holding = {name: remedy for name, (miss, remedy) in remedies.items() if float(np.linalg.norm(miss)) < most}
        if holding:
            found.append(
                f"W = sum Q_j + sum dU_i is missed, and holds with {' or '.join(holding)} turned: is a sign the other way round? "
                f"{' '.join(holding.values())}"
            )
    mean = _steadily_negative(ledger)
    if mean is not None:
        found.append(
            f"dSigma is negative all along, {number(mean, digits=2)} nat on average, and does not fade. Stored resources run "
            f"out, and baths without memory have none. {sign_remedy(heat_sign)}"
        )
    return found


def _steadily_negative(ledger: Ledger) -> float | None:
    """Return the mean dSigma of the cycles, or of the intervals of few cycles, if it is below zero and does not fade."""
    s = ledger.snapshots
    values: FloatArray = ledger.cycles["sigma_total_change"].values
    if len(values) < _ENOUGH:
        values = laws.second_law(s.at(slice(None, -1)), s.at(slice(1, None)), ledger.reference)
    if len(values) < _ENOUGH:
        return None
    half = len(values) // 2
    first, last = float(np.mean(values[:half])), float(np.mean(values[-half:]))
    total = float(np.sum(values))
    tolerance = float(np.sum(ledger.entropy_tolerance(s.at(slice(None, -1)), s.at(slice(1, None)))))
    if not total < -tolerance or not max(first, last) < 0.0 or not max(first / last, last / first) < _STEADY:
        return None
    error = float(ledger.cumulative_errors["sigma_total_change"].values[-1]) if ledger.has_standard_errors else 0.0
    return total / len(values) if total < -STANDARD_ERRORS * error else None
