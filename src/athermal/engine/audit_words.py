"""An audit in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from athermal.engine.audit import Audit, BathAudit

_UNIT = "nats, or units of the lowest temperature"


def sentences(audit: Audit) -> list[str]:
    """Return the lines of an audit."""
    cycles = audit.ledger.n_cycles
    lines = [f"{cycles} cycle{'s' if cycles > 1 else ''} of length {audit.period:.6g}. Errors are in {_UNIT}.", ""]
    for bath in audit.baths:
        lines += [f"Reservoir {bath.name!r}", *(f"  {line}" for line in _bath(bath, audit)), ""]
    return [*lines, "Errors", *(f"  {line}" for line in _errors(audit))]


def _bath(bath: BathAudit, audit: Audit) -> list[str]:
    if bath.modes is None:
        return ["Finite, and taken as it is: it stands for nothing but itself."]
    band = f"{bath.low:.6g} to {bath.high:.6g}" if bath.modes > 1 else f"at {bath.low:.6g}"
    how = "chosen for this run" if bath.is_auto else "as given"
    lines = [f"Modes: {bath.modes}, {band}, {how}."]
    if bath.beyond:
        lines.append(f"Cut-off: w = {bath.high:.6g}; {bath.beyond:.1e} of integral J(w)/w dw lies beyond.")
    lines.append(_recurrence(bath, audit))
    lines += _finite_size(bath)
    for term in bath.counter_terms:
        exact = f"; of the continuum {term.of_continuum:.9g}" if term.of_continuum is not None else ""
        lines.append(f"Counter-term of {term.subsystem!r} per squared strength: {term.of_modes:.9g} x^2{exact}.")
    return lines


def _recurrence(bath: BathAudit, audit: Audit) -> str:
    if math.isinf(bath.recurrence_time):
        return "Recurrence time: none; a single mode stands for nothing but itself."
    reached = "beyond the run" if audit.span <= bath.recurrence_time else "PASSED by the run"
    return f"Recurrence time: {bath.recurrence_time:.6g} ({bath.recurrence_time / audit.period:.3g} cycles), {reached}."


def _finite_size(bath: BathAudit) -> list[str]:
    size = bath.finite_size
    if size is None:
        return [f"Finite size: no continuum to compare with. {bath.obstacle}"] if bath.obstacle else []
    if size.first_cycle is None:
        return [f"Finite size: shows in no cycle; no column is off the continuum by more than {size.error:.1e} ({size.column})."]
    before = f"; before, no column is off by more than {size.before:.1e}" if size.first_cycle > 1 else ": too few modes"
    off = f"{size.column} is off the continuum by {size.error:.1e}"
    return [f"Finite size: shows from cycle {size.first_cycle} on, where {off}{before}."]


def _errors(audit: Audit) -> list[str]:
    lines = []
    if audit.cut_off is not None:
        lines.append(f"Cut-off of the continua: at most {audit.cut_off[0]:.1e} ({audit.cut_off[1]}).")
    if audit.number_of_modes is not None:
        lines.append(f"Number of modes: at most {audit.number_of_modes[0]:.1e} ({audit.number_of_modes[1]}).")
    if (levels := audit.ledger.snapshots.extras.get("top_level_population")) is not None and levels.size:
        lines.append(f"Truncation: the highest level kept of an oscillator holds at most {levels.max():.1e}.")
    if audit.step_error is not None:
        lines.append(f"Steps: the last two refinements of the time steps differ by {audit.step_error:.1e} of the propagator.")
    lines.append(f"Laws: the largest residual is {audit.residual:.1e} of its tolerance.")
    if audit.least_certain is None:
        lines.append("Least certain column: not known; nothing here is sampled or refined.")
    else:
        bound = "one standard error" if audit.ledger.refinement is None else "off by at most"
        lines.append(f"Least certain column: {audit.least_certain[0]}, {bound} {audit.least_certain[1]:.1e}.")
    return [*lines, *(f"Unknown columns: {remark}" for remark in audit.ledger.provenance.get("remarks", []))]
