"""A limit cycle, read as the laws do, and as a small table of text."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from athermal._types import ComplexArray
from athermal._validate import suggest
from athermal.machine.machine import Machine
from athermal.thermodynamics import modes
from athermal.thermodynamics.by_name import ByName
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.tells import BATHS_UNSEEN, Tells

_MOST_EXPONENTS = 3


@dataclass(frozen=True, eq=False)
class LimitCycle(ABC):
    """The cycle that a machine with continuous baths relaxes to, per period.

    Every column of a ledger is an attribute, its value for one cycle: a float, a word, or an array by position and by name,
    `heat["hot"]`. Of oscillators between continuous baths it is a `HarmonicCycle`, with covariances at every phase; found by a
    backend it is a `FixedCycle`, with a state to start runs from.

    Parameters
    ----------
    machine : Machine
    exponents : complex array
        Floquet exponents lambda, slowest first: differences from the limit cycle go as e^{lambda t}.
    errors : dict of str to float
        Estimated absolute errors, by name.
    accuracy : float
        What was asked for.

    Attributes
    ----------
    ledger : Ledger
        One cycle, for tables and plots.

    Examples
    --------
    >>> import athermal as at
    >>> cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    >>> cycle.mode, round(cycle.efficiency, 6)
    ('engine', 0.477029)
    """

    tells: ClassVar[Tells] = BATHS_UNSEEN
    machine: Machine = field(repr=False)
    exponents: ComplexArray
    errors: dict[str, float]
    accuracy: float

    @property
    @abstractmethod
    def ledger(self) -> Ledger:
        """One cycle."""

    @property
    def multipliers(self) -> ComplexArray:
        """Floquet multipliers e^{lambda tau}, largest first: by what each cycle multiplies differences from the limit cycle."""
        return np.asarray(np.exp(self.exponents * self.machine.period))

    def __getattr__(self, name: str) -> Any:
        """Return a column of the ledger for its one cycle."""
        if name.startswith("_"):
            raise AttributeError(name)
        columns = self.ledger.cycles
        if name not in columns:
            raise AttributeError(f"A limit cycle has no column {name!r}.{suggest(name, [str(column) for column in columns])}")
        value = columns[name].isel(cycle=0)
        return ByName(value.values, [str(part) for part in value[value.dims[0]].values]) if value.dims else value.item()

    def __dir__(self) -> list[str]:
        """List the columns beside the ordinary attributes."""
        return sorted({*super().__dir__(), *map(str, self.ledger.cycles.data_vars)})

    def __str__(self) -> str:
        """Return a small table a person can read."""
        rows = [*self._energies(), *self._performance(), *self._state(), *self._relaxation()]
        width = max(len(name) for name, _ in rows)
        title = f"Limit cycle of {self.machine.name!r}, period {self.machine.period:.6g}: {self.mode}"
        return "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in rows), *self._notes()])

    __repr__ = __str__

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """Return what is known beside columns, exponents and errors as plain data, complex numbers as pairs."""

    # --- the rows of the table -----------------------------------------------------------------------------------------

    def _energies(self) -> list[tuple[str, str]]:
        named = zip(self.machine.reservoir_names, self.heat, strict=True)
        return [
            ("work done by the drive, W", _with_error(self.work, self.errors["work"])),
            *((f"heat into {name}, Q", _with_error(float(heat), self.errors["heat"])) for name, heat in named),
        ]

    def _performance(self) -> list[tuple[str, str]]:
        if self.mode in modes.WITH_OUTPUT and not math.isnan(self.efficiency):
            row = ("efficiency", f"{self.efficiency:.6g}  (Carnot {self.carnot_efficiency:.6g})")
        elif self.mode == "refrigerator":
            found = f"{self.coefficient_of_performance:.6g}  (Carnot {self.carnot_coefficient:.6g})"
            row = ("coefficient of performance", found)
        else:
            row = ("efficiency", f"-  (Carnot {self.carnot_efficiency:.6g})")
        return [row, ("entropy production, dSigma", f"{self.sigma_total_change:.9g} nats")]

    @abstractmethod
    def _state(self) -> list[tuple[str, str]]:
        """Return what is told of the state at phase zero."""

    def _relaxation(self) -> list[tuple[str, str]]:
        slowest = ", ".join(_complex(value) for value in self.exponents[:_MOST_EXPONENTS]) or "none found"
        more = f", ... ({len(self.exponents)})" if len(self.exponents) > _MOST_EXPONENTS else ""
        return [("slowest Floquet exponents", slowest + more), ("exactness", self._exactness())]

    @abstractmethod
    def _exactness(self) -> str:
        """Return how exact it is."""

    def _notes(self) -> list[str]:
        """Return what a reader must know."""
        return []


def _with_error(value: float, error: float) -> str:
    return f"{value:.9g}  (error {error:.1e})"


def _complex(value: complex) -> str:
    """Return a number without the imaginary part that rounding leaves.

    Examples
    --------
    >>> _complex(-0.25 + 1e-17j), _complex(-0.25 - 2j)
    ('-0.25', '-0.25-2i')
    """
    if abs(value.imag) < 1e-9 * abs(value):
        return f"{value.real:.6g}"
    return f"{value.real:.6g}{value.imag:+.6g}i"
