"""What the correlations of a machine's start are, as points x of a convex set, and what they do to its energies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.machine.initial import InitialState
from athermal.maths.spans import Span


class CorrelationSpace(ABC):
    """All states with given marginals, x -> 1 + F(x) >= 0, and the energy changes that they lead to.

    Whatever the parts are, the state is B (1 + F(x)) B^dag with a fixed B, and x = 0 is the product of the marginals. The energy
    change of part k over the cycles is offsets_k + slopes_k . x.
    """

    span: Span
    reach: FloatArray
    offsets: FloatArray
    slopes: FloatArray
    resolution: float
    """Below which an energy is rounding."""

    @abstractmethod
    def initial(self, x: FloatArray) -> InitialState:
        """Return the state of the whole, to be run from."""

    @abstractmethod
    def prepared(self, initial: InitialState) -> Any:
        """Return a state of the whole, as the backend holds it."""

    @abstractmethod
    def ergotropy(self, state: Any) -> float:
        """Return the ergotropy of a prepared state under the Hamiltonian at time zero."""

    @abstractmethod
    def entropy(self, state: Any, parts: tuple[str, ...]) -> float:
        """Return the entropy of some parts in a prepared state."""

    def changes(self, x: FloatArray) -> FloatArray:
        """Return the energy change of every part, subsystems first: dU_i and Q_j."""
        return np.asarray(self.offsets + self.slopes @ x)


def check_size(count: int, most: int, parts: tuple[str, ...], remedy: str) -> None:
    """Raise `StudyError` if there are no free entries, or too many."""
    names = ", ".join(map(repr, parts))
    if count == 0:
        raise StudyError(
            f"The best correlations among {names} need at least two parts that are not in pure states, but there are none: a "
            "part in a pure state is correlated with nothing. Raise a temperature."
        )
    if count > most:
        raise StudyError(
            f"The correlations among {names} must have at most {most} free entries, but have {count}. Name fewer parts in "
            f"`among`, or use {remedy}."
        )


def rounding(energies: FloatArray) -> float:
    """Return below which a difference of energies of the whole is rounding."""
    return 2048.0 * float(np.finfo(float).eps) * float(np.sum(np.abs(energies)))
