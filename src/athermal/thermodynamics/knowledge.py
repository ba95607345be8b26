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
    """Return what the backend knows of every column: see `KNOWN`, `PARTLY`, `UNKNOWN` and `ABSENT`.

    The laws are asked for columns of three small runs, of a thermal and an athermal engine and a refrigerator, in which
    what is unknown is NaN.

    Examples
    --------
    >>> from athermal.thermodynamics.tells import BATHS_UNSEEN
    >>> found = columns_of(BATHS_UNSEEN)
    >>> [found[name] for name in ("work", "mutual_information", "sigma_total_change", "work_by_resource", "ergotropy")]
    ['yes', 'unknown', 'yes', 'partly', '-']
    """
    everything = [values_of(ledger) for ledger in _examples(tells, frozenset())]
    best = [values_of(ledger) for ledger in _examples(tells, tells.unknown)]
    worst = [values_of(ledger) for ledger in _examples(tells, tells.unknown | tells.doubtful)]
    found = {}
    for name in schema.COLUMNS:
        if name not in everything[0]:
            found[name] = ABSENT
            continue
        has_value = np.concatenate([_is_known(run[name]) for run in everything])
        is_known, is_sure = (np.concatenate([_is_known(run[name]) for run in runs])[has_value] for runs in (best, worst))
        found[name] = KNOWN if np.all(is_sure) else PARTLY if np.any(is_known) else UNKNOWN
    return found


def _examples(tells: Tells, unknown: AbstractSet[str]) -> list[Ledger]:
    """Return small runs in which the fields that are named are NaN."""
    partitions = np.array([1.0, 0.5]) if tells.knows_partitions or not unknown else np.full(2, np.nan)
    ref = Reference(("a", "b"), ("hot", "cold"), np.array([2.0, 1.0]), partitions, 1.0, ("n",), observables=("x",))
    sizes = {dim: len(labels(ref)) for dim, labels in DIMENSIONS.items()}
    shapes = {name: (2, *(sizes[dim] for dim in schema.extras()[name].dims)) for name in tells.extras}
    runs = []
    for heat in ([-3.0, 1.5], [-1.0, -0.5], [2.0, -1.0]):
        fields = {
            "time": np.array([0.0, 1.0]),
            "subsystem_energies": np.array([[1.0, 1.0], [1.1, 0.8]]),
            "reservoir_energies": np.array([[5.0, 2.0], [5.0 + heat[0], 2.0 + heat[1]]]),
            "subsystem_entropies": np.array([[0.5, 0.4], [0.6, 0.5]]),
            "reservoir_entropies": np.array([[1.2, 1.1], [1.3, 1.2]]),
            "system_entropy": np.array([0.8, 0.9]),
            "reservoirs_entropy": np.array([2.2, 2.3]),
            "total_entropy": np.array([2.0, 2.0]),
        }
        told = {name: np.where(name in unknown, np.nan, values) for name, values in fields.items()}
        extras = {name: np.where(name in unknown, np.nan, np.ones(shape)) for name, shape in shapes.items()}
        runs.append(Ledger(Snapshot(**told, extras=extras), np.array([sum(heat) - 0.1]), ref))
    return runs


def values_of(ledger: Ledger) -> dict[str, Any]:
    """Return all that a ledger says by the names of columns: of its first cycle, and of its instants what is told there only."""
    instants = {str(name): values.values for name, values in ledger.instants.data_vars.items()}
    return instants | {str(name): values.values for name, values in ledger.cycles.data_vars.items()}


def _is_known(values: Any) -> Any:
    flat = np.ravel(values)
    return ~np.isnan(flat) if flat.dtype.kind == "f" else flat != "unknown"
