"""What a backend tells of an instant: its declaration, to which the conformance suite holds it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True)
class Tells:
    """What a backend tells of an instant; which columns are known follows from it: see `knowledge.columns_of`.

    Parameters
    ----------
    unknown : set of str
        The fields of `Snapshot`, and the further columns, that are NaN wherever there are reservoirs.
    doubtful : set of str
        Those that are NaN in some runs, such as long or sampled ones.
    extras : set of str
        The further columns of `Snapshot.extras`, each of machines that have it: a counter, two qubits, levels that are cut.
    knows_partitions : bool
        Whether ln Z_j of the reservoirs is known.

    Examples
    --------
    >>> Tells(extras={"ergotropy"}).extras
    {'ergotropy'}
    """

    unknown: AbstractSet[str] = frozenset()
    doubtful: AbstractSet[str] = frozenset()
    extras: AbstractSet[str] = frozenset()
    knows_partitions: bool = True


RENEWED = frozenset({"renewed_entropy", "fuel_delivered"})
"""What is told of machines with renewed reservoirs."""

BATHS_UNSEEN = Tells(unknown={"reservoir_entropies", "reservoirs_entropy", "total_entropy"}, knows_partitions=False)
"""Whatever follows the subsystems only."""
