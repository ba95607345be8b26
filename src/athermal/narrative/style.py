"""How sentences are set: plain for a terminal, with the marks of mathematics in figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from athermal._types import BoolArray
from athermal.narrative.resources import explained


@dataclass(frozen=True)
class Style:
    """The marks of sentences for one kind of reader.

    Parameters
    ----------
    dash : str
        Between the first cycle of a range and the last.
    resource : function
        From a resource as the column `paid_by` names it, such as "D[hot bath]", to what a sentence calls it.
    """

    dash: str
    resource: Callable[[str], str]

    def cycles(self, cycles: Sequence[int]) -> str:
        """Return "cycle 1" or "cycles 1-3, 7"; a count where that would be long.

        Examples
        --------
        >>> PLAIN.cycles([1, 2, 3, 7]), PLAIN.cycles([1, 3, 5, 7, 9])
        ('cycles 1-3, 7', '5 cycles between 1 and 9')
        """
        breaks = [k for k in range(1, len(cycles)) if cycles[k] != cycles[k - 1] + 1]
        runs = [cycles[a:b] for a, b in zip([0, *breaks], [*breaks, len(cycles)], strict=True)]
        if len(runs) > 4:
            return f"{len(cycles)} cycles between {cycles[0]} and {cycles[-1]}"
        texts = [f"{run[0]}" if len(run) == 1 else f"{run[0]}{self.dash}{run[-1]}" for run in runs]
        return f"cycle{'s' if len(cycles) > 1 else ''} {', '.join(texts)}"

    def cycles_where(self, mask: BoolArray) -> str:
        """Return the cycles of a ledger at which an array is true, in words."""
        return self.cycles([int(k) + 1 for k in np.flatnonzero(mask)])


PLAIN = Style("-", explained)
"""For text: every symbol is followed by its meaning."""
