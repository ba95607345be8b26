"""How a run went, and what its numbers may be held to: what the laws need to know beside snapshots and works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from athermal._types import BoolArray, FloatArray

RESIDUAL_TOLERANCE = 1e-9
"""Residuals of the laws above this fraction of the equation's own terms are reported as violations."""


@dataclass(frozen=True)
class Recurrence:
    """Until when finite baths stand for continuous ones.

    Parameters
    ----------
    times : mapping of str to float
        The recurrence time of each finite bath; not of those that stand for nothing but themselves.
    charged : float
        For how long before time zero the start was charged.
    """

    times: Mapping[str, float] = field(default_factory=dict)
    charged: float = 0.0

    def is_past(self, start: FloatArray, stop: FloatArray) -> BoolArray:
        """Tell which intervals end after the recurrence time of a bath, or come so long before the end of a charge."""
        limit = min(self.times.values(), default=np.inf)
        return np.asarray((stop > limit) | (self.charged - start > limit))


@dataclass(frozen=True)
class Conduct:
    """How a run went, and how its numbers are to be read.

    Parameters
    ----------
    status : str
        "complete", or what stopped it.
    residual_tolerance : float
        What fraction of a law's own terms its residual may be.
    energy_scale : float
        What energies of the machine are, for those that vanish by symmetry to be told from rounding.
    energy_error : float
        The error of works and heats that the solver tells of a limit cycle: what is below is none.
    accuracy : mapping of str to float
        What the solver knows of its own errors, by name.
    unchecked : mapping of str to str
        The laws that were used to complete the numbers, and so check nothing; each with why.
    memoryless : str
        The solver whose baths remember nothing, so that no correlation with them can pay; "" for all others.
    remedy : str
        What to do where the baths have no memory and the second law is broken all the same.
    recurrence : Recurrence
    is_from_data : bool
        Whether the numbers were brought, and not computed.
    without_errors : tuple of str
        Whose states have no stated error, though other numbers do.
    units : mapping of str to str
        The units of energies and times, where they were given.
    questions : tuple of str
        What looks wrong about numbers that were brought, such as a sign.
    remarks : tuple of str
        What a reader must know.

    Examples
    --------
    >>> Conduct(memoryless="Lindblad").plain()
    {'memoryless': 'Lindblad'}
    """

    status: str = "complete"
    residual_tolerance: float = RESIDUAL_TOLERANCE
    energy_scale: float = 0.0
    energy_error: float = 0.0
    accuracy: Mapping[str, float] = field(default_factory=dict)
    unchecked: Mapping[str, str] = field(default_factory=dict)
    memoryless: str = ""
    remedy: str = "Use a backend that does not assume weak coupling."
    recurrence: Recurrence = field(default_factory=Recurrence)
    is_from_data: bool = False
    without_errors: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return what there is to tell as plain data for JSON: all that is not as it is by default."""
        usual = asdict(Conduct())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}
