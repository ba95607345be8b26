"""The state of subsystems and of their correlations with continuous baths, to start other runs from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from athermal._types import ComplexArray
from athermal.errors import StateError
from athermal.machine.initial import InitialState

Signature = dict[str, object]
"""What must agree for a state to be used: the hierarchies' depths and exponentials, the subsystems' dimensions."""


@dataclass(frozen=True, eq=False)
class HierarchyState(InitialState):
    """The auxiliary operators of a hierarchy at the end of a run, the correlations with the baths included.

    Made by `HEOM.state_after`; not written into results.

    Parameters
    ----------
    vectors : tuple of (N,) arrays
        One for each hierarchy that was run: the coarser ones of the check of convergence come last.
    labels : tuple
        The auxiliary operators that each holds.
    signature : dict
        Their depths, exponentials and dimensions.
    """

    vectors: tuple[ComplexArray, ...] = field(repr=False)
    labels: tuple[tuple[tuple[int, ...], ...], ...] = field(repr=False)
    signature: Signature = field(repr=False, hash=False)

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the same state of the same hierarchies."""
        if not isinstance(other, HierarchyState):
            return NotImplemented
        return (
            self.labels == other.labels
            and self.signature == other.signature
            and all(np.array_equal(one, two) for one, two in zip(self.vectors, other.vectors, strict=True))
        )

    def __hash__(self) -> int:
        """Return a hash that equal states share."""
        return hash(self.labels)

    def check(self, wanted: Signature) -> None:
        """Raise `StateError` unless it is a state of such hierarchies."""
        for name, value in wanted.items():
            if self.signature.get(name) != value:
                raise StateError(
                    f"The state of a hierarchy that a run starts from must have the same {name} as the run's own, {value}, but "
                    f"has {self.signature.get(name)}. Make it with the same options of HEOM, for the same machine."
                )
