"""Which resource paid: one answer for tables, sentences and figures."""

from __future__ import annotations

import numpy as np

from athermal._types import FloatArray, Matrix
from athermal.thermodynamics import laws, modes
from athermal.thermodynamics.snapshot import Reference

GROUPS = {"heat": "heat[", "C(S)": "C(S)", "I(S,R)": "I(S,R)", "C(R)": "C(R)", "D": "D[", "F": "F["}
"""The kinds of resource, and what the names of their terms begin with."""


def group_of(payer: str) -> str:
    """Return the kind of a resource: "D" of "D[hot bath]".

    Examples
    --------
    >>> group_of("D[hot bath]"), group_of("C(S)")
    ('D', 'C(S)')
    """
    return payer.partition("[")[0]


def paid_by(
    work: FloatArray, entropic: FloatArray, by_resource: FloatArray, resolution: FloatArray, modes: Matrix, ref: Reference
) -> Matrix:
    """Name what paid for each interval.

    Work put in pays for itself ("work"). A thermal engine (dsigma >= 0) lives on heat. An athermal one (dsigma < 0) draws on
    entropic resources, and so does a reversed flow of heat: on the kind, of C(S), I(S,R), C(R), all D_j and all F_i, that gave
    most, "unknown" if not all of them are known. Of a kind with many members the one that gave most is named, as "D[hot bath]",
    or the kind alone if several gave as much: parts may be listed in any order.
    """
    return np.array(
        [
            _payer(*row, ref)
            for row in zip(work.tolist(), entropic.tolist(), by_resource, resolution.tolist(), modes.tolist(), strict=True)
        ],
        dtype=str,
    )


def _payer(work: float, entropic: float, terms: FloatArray, resolution: float, mode: str, ref: Reference) -> str:
    if work > resolution:
        return "work"
    if not abs(work) > resolution and mode != "heat reversal":
        return "none"
    names = np.array(laws.resource_names(ref))
    is_athermal = modes.is_athermal(entropic, resolution)
    gave = {
        group: -terms[[name.startswith(prefix) for name in names]]
        for group, prefix in GROUPS.items()
        if (group != "heat") == is_athermal
    }
    totals = {group: float(np.sum(values)) for group, values in gave.items()}
    if np.isnan(list(totals.values())).any():
        return "unknown"
    most = max(totals.values())
    if not most > resolution:
        return "none"
    group = next(name for name, total in totals.items() if total >= most - resolution)
    members, values = names[[name.startswith(GROUPS[group]) for name in names]], gave[group]
    is_best = values >= np.max(values) - resolution
    return str(members[is_best][0]) if np.count_nonzero(is_best) == 1 else group
