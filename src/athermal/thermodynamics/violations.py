"""What a ledger finds wrong with itself, in words: laws that are missed, and numbers that no quantum state can have."""

from __future__ import annotations

import numpy as np

from athermal.thermodynamics import laws, schema
from athermal.thermodynamics.interval import STANDARD_ERRORS
from athermal.thermodynamics.labelled import Labelled


def of(ledger: Labelled) -> list[str]:
    """Return one sentence for each law that a cycle misses by more than its tolerance, and each impossible entropy."""
    return _missed_laws(ledger) + _broken_second_law(ledger) + _impossible_entropies(ledger)


def _missed_laws(ledger: Labelled) -> list[str]:
    """Return the residuals above their tolerance."""
    found: list[str] = []
    # what needs the entropies of a state that is none is unknown, and says so itself
    residuals = ledger.residuals()
    is_known = ~np.isnan(residuals["tolerance_second_law"])
    for law in {column.checks: None for column in schema.COLUMNS.values() if column.checks not in ("", *ledger.unchecked)}:
        values, allowed = residuals[f"residual_{law}"], residuals[f"tolerance_{law}"]
        equation = schema.COLUMNS[f"residual_{law}"].long_name
        if law != "first_law":
            values, allowed = np.where(is_known, values, 0.0), np.where(is_known, allowed, 0.0)
        found.extend(
            f"Cycle {cycle + 1}: {equation} is {values[cycle]:.3e}, where {allowed[cycle]:.1e} is its tolerance."
            for cycle in np.flatnonzero(~(np.abs(values) <= allowed))
        )
    return found


def _broken_second_law(ledger: Labelled) -> list[str]:
    """Return where dS(rho_S) + sum Q_j/T_j < 0 although the baths of a master equation have no memory that could pay for it."""
    if not ledger.memoryless:
        return []
    a, b = ledger.spans("steps").ends(ledger.snapshots)
    produced = laws.entropy_production(a, b, ledger.reference)
    noise = ledger.confidence.noise(ledger, ledger.spans("steps"), lambda _, a, b, ref: laws.entropy_production(a, b, ref))
    allowed = 0.0 if noise is None else STANDARD_ERRORS * noise
    hidden = np.broadcast_to(laws.second_law_deficit(a, b), produced.shape)
    worst = np.fmin(produced, -hidden)
    broken = np.flatnonzero(ledger.breaks_second_law(a, b) & (worst < -allowed))
    if not len(broken):
        return []
    k = int(broken[np.argmin(worst[broken])])
    within = "" if hidden[k] <= max(0.0, -produced[k]) else f", and in single strokes within {-hidden[k]:.3e}"
    sentence = (
        f"The second law is broken in {len(broken)} of {len(produced)} intervals, most from t = {a.time[k]:.6g} to "
        f"{b.time[k]:.6g}: dS(rho_S) + sum Q_j/T_j = {produced[k]:.3e}{within}. The baths of {ledger.memoryless} have no memory, "
        f"so that no correlation with them can pay for it{_verdict(ledger)}. {ledger.conduct.remedy}"
    )
    return [sentence]


def _verdict(ledger: Labelled) -> str:
    return "" if ledger.conduct.is_from_data else ": the equation is not valid for this machine"


def _impossible_entropies(ledger: Labelled) -> list[str]:
    """Return what no quantum state can have: I, C, D_j < 0, or the whole purer than |S(rho_S) - S(rho_R)| allows."""
    s, ref = ledger.snapshots, ledger.reference
    size = np.sum(np.abs(s.subsystem_entropies), -1) + np.sum(laws.reservoir_sizes(s, ref) / ref.divisors, -1)
    noise = ledger.confidence.noise(ledger, ledger.spans("instants"), lambda _w, _a, b, _ref: laws.system_correlation(b))
    allowed = ledger.conduct.residual_tolerance * (1.0 + size) + (0.0 if noise is None else STANDARD_ERRORS * noise)
    amounts = {
        "I(S,R)": laws.mutual_information(s),
        "C(S)": laws.system_correlation(s),
        "C(R)": laws.reservoir_correlation(s),
        "S(SR) - |S(S) - S(R)|": s.total_entropy - np.abs(s.system_entropy - s.reservoirs_entropy),
    } | {f"D[{name}]": laws.athermality(s, ref)[..., j] for j, name in enumerate(ref.reservoirs)}
    return [
        f"At t = {s.time[k]:.6g}: {name} must not be negative, but is {values[k]:.3e}."
        for name, values in amounts.items()
        for k in np.flatnonzero(values < -allowed)
    ]
