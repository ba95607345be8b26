"""The resources that work is drawn from: their symbols, their names in plain words, and what each gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.payers import GROUPS, group_of


@dataclass(frozen=True)
class Resource:
    """One kind of resource: its symbol in docs/physics.md, and what it is in plain words."""

    symbol: str
    meaning: str


RESOURCES = (
    Resource("heat", "heat between the reservoirs"),
    Resource("C(S)", "correlations among subsystems"),
    Resource("I(S,R)", "correlations with the reservoirs"),
    Resource("C(R)", "correlations among reservoirs"),
    Resource("D", "reservoirs out of equilibrium"),
    Resource("F", "free energy of the subsystems"),
)
"""The terms of W = sum_j eta_j Q_j + T_min (dI + dC(S) + dC(R) + sum_j dD_j) + sum_i dF_i (S18), one kind each."""

_MEANINGS = {resource.symbol: resource.meaning for resource in RESOURCES if resource.symbol != "heat"}


def resources_of(ledger: Ledger) -> tuple[Resource, ...]:
    """Return the resources this machine can have: one subsystem has no C(S), one reservoir no C(R) and no heat term."""
    absent = {"C(S)"} if len(ledger.reference.subsystems) == 1 else set()
    absent |= {"C(R)", "heat"} if len(ledger.reference.reservoirs) == 1 else set()
    return tuple(resource for resource in RESOURCES if resource.symbol not in absent)


def work_given(ledger: Ledger, resource: Resource) -> FloatArray:
    """Return the work that a resource gave in each cycle, NaN where any of its terms is unknown."""
    terms = ledger.cycles["work_by_resource"]
    names = [name for name in terms["resource"].values if str(name).startswith(GROUPS[resource.symbol])]
    return np.asarray(-terms.sel(resource=names).values.sum(axis=-1), dtype=float)


def unresolved_work(ledger: Ledger) -> FloatArray:
    """Return the work that the unknown entropic terms gave together, NaN where that is unknown too.

    The second law (S10), read from its left side, gives T_min dsigma even where its terms are unknown.
    """
    entropic = [work_given(ledger, resource) for resource in RESOURCES if resource.symbol != "heat"]
    return np.asarray(-ledger.cycles["entropic_work"].values - np.nansum(entropic, axis=0), dtype=float)


def explained(payer: str) -> str:
    """Return who paid, with what that is in plain words.

    Examples
    --------
    >>> explained("D[hot bath]"), explained("heat")
    ('D[hot bath] (reservoirs out of equilibrium)', 'heat')
    """
    meaning = _MEANINGS.get(group_of(payer))
    return f"{payer} ({meaning})" if meaning else payer
