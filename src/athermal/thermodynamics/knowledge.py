"""Which columns a backend knows: worked out from what it says that it tells, by the laws themselves."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np

from athermal.thermodynamics import schema
from athermal.thermodynamics.column import DIMENSIONS
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import Tells

KNOWN, PARTLY, UNKNOWN, ABSENT = "yes", "partly", "unknown", "-"
"""What a backend knows of a column: all; of some parts or in some runs; nothing, so that it is NaN; or it has no such column."""


def columns_of(tells: Tells) -> dict[str, str]:
    """Return what a backend knows of every column: see `KNOWN`, `PARTLY`, `UNKNOWN` and `ABSENT`.

    The laws are asked for the columns of a small run, of cycles of a thermal and an athermal engine and a refrigerator, in which
    what is unknown is NaN.

    Examples
    --------
    >>> from athermal.thermodynamics.tells import BATHS_UNSEEN
    >>> found = columns_of(BATHS_UNSEEN)
    >>> [found[name] for name in ("work", "mutual_information", "sigma_total_change", "work_by_resource", "ergotropy")]
    ['yes', 'unknown', 'yes', 'partly', '-']
    """
    everything, best, worst = (
        {name: _is_known(values) for name, values in values_of(_example(tells, unknown)).items()}
        for unknown in (frozenset[str](), tells.unknown, tells.unknown | tells.doubtful)
    )
    found = {}
    for name in schema.COLUMNS:
        if name not in everything:
            found[name] = ABSENT
            continue
        has_value = everything[name]
        found[name] = KNOWN if np.all(worst[name][has_value]) else PARTLY if np.any(best[name][has_value]) else UNKNOWN
    return found


def _example(tells: Tells, unknown: AbstractSet[str]) -> Ledger:
    """Return a small run in which the fields that are named are NaN."""
    partitions = np.array([1.0, 0.5]) if tells.knows_partitions or not unknown else np.full(2, np.nan)
    ref = Reference(("a", "b"), ("hot", "cold"), np.array([2.0, 1.0]), partitions, 1.0, ("n",), observables=("x",))
    heats = np.array([[-3.0, 1.5], [-1.0, -0.5], [2.0, -1.0]])
    steps = np.arange(4.0)
    fields = {
        "time": steps,
        "subsystem_energies": np.stack([1.0 + 0.1 * steps, 1.0 - 0.2 * steps], axis=1),
        "reservoir_energies": np.array([5.0, 2.0]) + np.vstack([np.zeros(2), np.cumsum(heats, axis=0)]),
        "subsystem_entropies": np.stack([0.5 + 0.1 * steps, 0.4 + 0.1 * steps], axis=1),
        "reservoir_entropies": np.stack([1.2 + 0.1 * steps, 1.1 + 0.1 * steps], axis=1),
        "system_entropy": 0.8 + 0.1 * steps,
        "reservoirs_entropy": 2.2 + 0.1 * steps,
        "total_entropy": np.full(4, 2.0),
    }
    sizes = {dim: len(labels(ref)) for dim, labels in DIMENSIONS.items()}
    shapes = {name: (4, *(sizes[dim] for dim in schema.extras()[name].dims)) for name in tells.extras}
    told: dict[str, Any] = {name: np.where(name in unknown, np.nan, values) for name, values in fields.items()}
    extras = {name: np.where(name in unknown, np.nan, np.ones(shape)) for name, shape in shapes.items()}
    return Ledger(Snapshot(**told, extras=extras), np.sum(heats, axis=1) - 0.1, ref)


def values_of(ledger: Ledger) -> dict[str, Any]:
    """Return all that a ledger says by the names of columns: of its cycles, and of its instants what is told there only."""
    instants = {str(name): values.values for name, values in ledger.instants.data_vars.items()}
    return instants | {str(name): values.values for name, values in ledger.cycles.data_vars.items()}


def _is_known(values: Any) -> Any:
    return ~np.isnan(values) if values.dtype.kind == "f" else values != "unknown"
