"""What is optimised and what is constrained: numbers that a ledger tells."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal._validate import as_study, suggest
from athermal.errors import StudyError
from athermal.thermodynamics import schema
from athermal.thermodynamics.ledger import Ledger

_OWNER = "an optimisation"

# How far outside its bounds a number still counts as within: this part of the bound, or of the number's size if that is 0.
TOLERANCE = 1e-8
TOLERANCE_AT_ZERO = 1e-10


@dataclass(frozen=True)
class Objective:
    """A column of the ledger as one number: of the whole run, or of its last cycle.

    Parameters
    ----------
    column : str
        Any numeric column: "efficiency", "work_output", "power", ...; with the name of the part if it has one for each,
        "heat[hot bath]".
    of : {"whole run", "last cycle"}
        "whole run": from time zero to the end (the last row of `ledger.cumulative`), so that "efficiency" is all work over all
        that was taken in, and "power" the mean power. "last cycle": the last row of `ledger.cycles`.

    Raises
    ------
    StudyError
        If there is no such column, or it does not hold numbers.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.run(at.library.two_oscillator(T_hot=2.4, modes=12), cycles=2)
    >>> Objective("work_output").value(ledger) == -float(ledger.work.sum())
    True
    >>> Objective("heat[hot bath]", of="last cycle").value(ledger) == float(ledger.heat.sel(reservoir="hot bath")[-1])
    True
    """

    column: str
    of: Literal["whole run", "last cycle"] = "whole run"

    def __post_init__(self) -> None:
        name, _ = self._parts()
        columns = schema.of_intervals()
        known = [word for word, column in columns.items() if column.holds != "words"]
        if name in columns and name not in known:
            raise StudyError(
                f"The column {name!r} holds words, and an objective must be a number. Give a function of the ledger."
            )
        if name not in known:
            raise StudyError(
                f"A ledger has no column {name!r}.{suggest(name, known)} Objectives are its columns, or functions of it."
            )
        with as_study():
            _validate.choice(self.of, "of", "an objective", ("whole run", "last cycle"))

    @property
    def label(self) -> str:
        """What it is called in results."""
        return self.column if self.of == "whole run" else f"last_cycle_{self.column}"

    def value(self, ledger: Ledger) -> float:
        """Return the number, or raise `StudyError` if this ledger has no such column."""
        name, part = self._parts()
        table = ledger.cumulative if self.of == "whole run" else ledger.cycles
        if name not in table:
            raise StudyError(f"The ledger of this machine has no column {name!r}: not all machines have it.")
        column = table[name].isel(cycle=-1)
        dims = [str(dim) for dim in column.dims]
        labels = [str(word) for word in column[dims[0]].values] if dims else []
        if part is None and dims:
            choices = ", ".join(f"{name}[{word}]" for word in labels)
            raise StudyError(f"The column {name!r} has a value for each {dims[0]}. Say which: {choices}.")
        if part is not None and part not in labels:
            held = f"There are {', '.join(labels)}." if dims else f"It is one number: {name!r}."
            raise StudyError(f"The column {name!r} has no part {part!r}.{suggest(part, labels)} {held}")
        return float(column if part is None else column.sel({dims[0]: part}))

    def size(self, ledger: Ledger) -> float:
        """Return what is much of this number in a run: of energies |W| + sum_j |Q_j| + sum_i |dU_i|, of others 1."""
        unit = schema.COLUMNS[self._parts()[0]].unit
        if not unit.startswith("energy"):
            return 1.0
        row = (ledger.cumulative if self.of == "whole run" else ledger.cycles).isel(cycle=-1)
        energies = sum(float(np.nansum(np.abs(row[name].values))) for name in ("work", "heat", "energy_change"))
        if unit == "energy":
            return energies
        return energies / (ledger.reference.period * (ledger.n_cycles if self.of == "whole run" else 1))

    def _parts(self) -> tuple[str, str | None]:
        name, bracket, rest = str(self.column).partition("[")
        return (name, rest.removesuffix("]")) if bracket else (name, None)


@dataclass(frozen=True)
class FunctionOfLedger:
    """A user's function of the ledger."""

    function: Callable[[Ledger], float]
    label: str

    def value(self, ledger: Ledger) -> float:
        """Return what the function says; NaN and infinities mean that it is undefined."""
        found = self.function(ledger)
        number = np.asarray(found)
        if number.ndim or number.dtype.kind not in "fiub":
            raise StudyError(f"The function {self.label!r} of the ledger must return one number, but returned {found!r}.")
        return float(number)

    def size(self, ledger: Ledger) -> float:
        """Return 0: nobody but the user knows what is much of it."""
        return 0.0


Measure = Objective | FunctionOfLedger
Measured = str | Objective | Callable[[Ledger], float]
"""What a user may hand in: the name of a column, an `Objective`, or a function of the ledger."""


def as_measures(given: Sequence[Measured], what: str) -> tuple[Measure, ...]:
    """Return what a user hands in as measures with labels that differ.

    Examples
    --------
    >>> [entry.label for entry in as_measures(["efficiency", lambda ledger: 1.0, lambda ledger: 2.0], "objective")]
    ['efficiency', 'objective', 'objective_2']
    """
    found: list[Measure] = []
    for entry in given:
        labels = [measure.label for measure in found]
        if isinstance(entry, (str, Objective)):
            measure: Measure = Objective(entry) if isinstance(entry, str) else entry
            if measure.label in labels:
                raise StudyError(f"The {what} {measure.label!r} is given more than once.")
        elif callable(entry):
            measure = FunctionOfLedger(entry, _label(entry, what, labels))
        else:
            raise StudyError(
                f'An {what} of {_OWNER} must be a column of the ledger such as "efficiency", or a function of the ledger, but is '
                f"{entry!r}."
            )
        found.append(measure)
    return tuple(found)


def _label(function: Any, what: str, taken: Sequence[str]) -> str:
    name = str(getattr(function, "__name__", ""))
    name = name if name.isidentifier() else what
    return next(label for k in range(1, len(taken) + 2) if (label := name if k == 1 else f"{name}_{k}") not in taken)


@dataclass(frozen=True)
class Constraint:
    """Bounds on a number that a ledger tells.

    Examples
    --------
    >>> (constraint,) = as_constraints({"work_output": (0.1, None)})
    >>> constraint.missed(0.05), constraint.missed(0.2), str(constraint)
    (0.05, 0.0, 'work_output >= 0.1')
    """

    measure: Measure
    low: float
    high: float

    @property
    def label(self) -> str:
        """What the constrained number is called in results."""
        return self.measure.label

    def missed(self, value: float, size: float = 0.0) -> float:
        """Return by how much a value misses the bounds; inf if it is undefined. `size` is what is much of it."""
        if not math.isfinite(value):
            return math.inf
        below, above = self.low - value, value - self.high
        missed, bound = (below, self.low) if below > above else (above, self.high)
        return missed if missed > max(TOLERANCE * abs(bound), TOLERANCE_AT_ZERO * size) else 0.0

    def violation(self, value: float, size: float = 0.0) -> float:
        """Return the miss in units of the bounds, or of the size if they are 0, so that constraints can be compared."""
        return self.missed(value, size) / self._unit(size)

    def _unit(self, size: float) -> float:
        bounds = [abs(bound) for bound in (self.low, self.high) if math.isfinite(bound) and bound]
        return max(bounds, default=size or 1.0)

    def margins(self, value: float, size: float = 0.0) -> list[float]:
        """Return smooth functions that are positive within the bounds, in the same units."""
        size = self._unit(size)
        return [m / size for m, bound in ((value - self.low, self.low), (self.high - value, self.high)) if math.isfinite(bound)]

    def __str__(self) -> str:
        """Return the constraint as it is written on paper."""
        if not math.isfinite(self.high):
            return f"{self.label} >= {self.low:g}"
        return (
            f"{self.label} <= {self.high:g}" if not math.isfinite(self.low) else f"{self.low:g} <= {self.label} <= {self.high:g}"
        )


def as_constraints(subject_to: Any) -> tuple[Constraint, ...]:
    """Return the constraints that a user hands in, or raise `StudyError`."""
    if subject_to is None:
        return ()
    if not isinstance(subject_to, Mapping):
        raise StudyError(
            f'`subject_to` of {_OWNER} must be a table such as {{"work_output": (0.1, None)}}, whose keys are columns of the '
            f"ledger or functions of it, but is {subject_to!r}."
        )
    measures = as_measures(list(subject_to), "constraint")
    return tuple(
        Constraint(measure, *_ends(measure.label, pair)) for measure, pair in zip(measures, subject_to.values(), strict=True)
    )


def _ends(label: str, pair: Any) -> tuple[float, float]:
    if isinstance(pair, (str, Mapping)) or not hasattr(pair, "__len__") or len(pair) != 2:
        remedy = f" Write ({pair!r}, None) for at least that much." if isinstance(pair, (int, float)) else ""
        raise StudyError(f"The constraint on {label!r} must be (low, high), with None for an open end, but is {pair!r}.{remedy}")
    if all(end is None for end in pair):
        raise StudyError(f"The constraint on {label!r} must have at least one end, but both are None.")
    with as_study():
        low, high = (
            open_end if end is None else _validate.real(end, f"subject_to[{label!r}]", _OWNER)
            for end, open_end in zip(pair, (-math.inf, math.inf), strict=True)
        )
    if low > high:
        raise StudyError(f"The constraint on {label!r} must go up, but is {low:g} to {high:g}. Swap them.")
    return low, high
