"""What an audit found, and the same in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from athermal.thermodynamics.ledger import Ledger

VISIBLE = 1e-3
"""From which difference on, in nats or units of the lowest temperature, a finite bath is said to show."""
_UNIT = "nats, or units of the lowest temperature"


@dataclass(frozen=True)
class CounterTerm:
    """A counter-term A^2 sum_k g_k^2/(2 w_k), for a strength A of one: as the modes have it, and the continuum."""

    subsystem: str
    of_modes: float
    of_continuum: float | None


@dataclass(frozen=True)
class FiniteSize:
    """Where a bath of explicit modes departs from the continuum that it stands for.

    Parameters
    ----------
    first_cycle : int or None
        The first cycle with a column that is off by more than `VISIBLE`; None if there is none.
    column : str
        Which column is off most, there or anywhere.
    error, before : float
        By how much in that cycle (or at most, if none shows), and at most in the cycles before.
    """

    first_cycle: int | None
    column: str
    error: float
    before: float


@dataclass(frozen=True)
class BathAudit:
    """What one reservoir is, and how long it stands for more.

    Parameters
    ----------
    name, kind : str
    modes : int or None
    low, high : float or None
        Its lowest and highest frequency, or the band that is kept of a continuum.
    is_auto : bool
    beyond : float
        The fraction of integral J(w)/w dw cut off.
    recurrence_time : float
        2 pi / dw at the subsystems' frequencies; infinite where the reservoir stands for nothing but itself.
    counter_terms : tuple of CounterTerm
    finite_size : FiniteSize or None
        Of a `ContinuumBath` with a number of modes; None too if no continuum could be run, as `obstacle` says.
    obstacle : str
    """

    name: str
    kind: str
    modes: int | None
    low: float | None
    high: float | None
    is_auto: bool
    beyond: float
    recurrence_time: float
    counter_terms: tuple[CounterTerm, ...] = ()
    finite_size: FiniteSize | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Audit:
    """How good a run is. `print` it to read it in words.

    Parameters
    ----------
    ledger : Ledger
        The run.
    period, span : float
        The cycle, and for how long the baths had to stand for continua.
    baths : tuple of BathAudit
    cut_off, number_of_modes : (float, str) or None
        Largest effect of raising the cut-offs, and of more modes, of baths with modes="auto", and where it is.
    step_error : float or None
        Largest relative difference of the last two refinements of the time steps; None where the backend does not tell.
    residual : float
        The largest residual of a law, in units of its tolerance.
    least_certain : (str, float) or None
        The column, and where, with the largest error, and that error in nats or units of the lowest temperature; None if the run
        has no errors of its own.

    Examples
    --------
    >>> import athermal as at
    >>> found = at.audit(at.library.two_oscillator(modes=12))
    >>> found.baths[0].modes, found.residual < 1.0
    (12, True)
    """

    ledger: Ledger
    period: float
    span: float
    baths: tuple[BathAudit, ...]
    cut_off: tuple[float, str] | None
    number_of_modes: tuple[float, str] | None
    step_error: float | None
    residual: float
    least_certain: tuple[str, float] | None

    def __str__(self) -> str:
        """Return the audit in words."""
        return "\n".join(_sentences(self))


def _sentences(audit: Audit) -> list[str]:
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
        bound = "one standard error" if audit.ledger.has_standard_errors else "off by at most"
        lines.append(f"Least certain column: {audit.least_certain[0]}, {bound} {audit.least_certain[1]:.1e}.")
    return [*lines, *(f"Unknown columns: {remark}" for remark in audit.ledger.remarks)]
