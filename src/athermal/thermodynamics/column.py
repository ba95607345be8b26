"""What a column is: its names, unit and dimensions, and the function that gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from athermal.thermodynamics import laws
from athermal.thermodynamics.interval import Interval
from athermal.thermodynamics.snapshot import Reference, Snapshot

DIMENSIONS: dict[str, Callable[[Reference], tuple[str, ...]]] = {
    "subsystem": lambda ref: ref.subsystems,
    "reservoir": lambda ref: ref.reservoirs,
    "resource": laws.resource_names,
    "counter": lambda ref: ref.counters,
    "observable": lambda ref: ref.observables,
    "pair": lambda ref: ref.pairs,
}
"""The dimensions that columns have beside that of time, and the labels along them."""


@dataclass(frozen=True)
class Heading:
    """How a column is shown by `print(ledger)`.

    Parameters
    ----------
    title : str
        "%" is where the name of a part goes.
    sign : float
        What it is multiplied by.
    is_total : bool
        Whether its parts are added up.
    has_error : bool
        Whether its standard errors are shown beside it.
    """

    title: str
    sign: float = 1.0
    is_total: bool = False
    has_error: bool = True


@dataclass(frozen=True)
class Made:
    """What a column is made of, from which its error follows where those of amounts are known.

    Parameters
    ----------
    quotient : tuple, optional
        Of a ratio: the column of its numerator, and those that its denominator is the sum of.
    has_entropies_at : {"", "lowest", "highest"}
        Of an energy: the temperature that multiplies the entropies in it.
    is_over_temperature : bool
        Of an entropy: whether it is of heats over temperatures. Where T is as good as zero it is as large as 1/T, and known by
        the heats.
    is_extensive : bool
        Whether it grows with the number of modes of a bath that does not start at its reference temperature, so that a continuum
        has none.
    """

    quotient: tuple[str, tuple[str, ...]] | None = None
    has_entropies_at: Literal["", "lowest", "highest"] = ""
    is_over_temperature: bool = False
    is_extensive: bool = False


_SIMPLE = Made()


@dataclass(frozen=True)
class Column:
    """One column of a ledger.

    Parameters
    ----------
    name : str
    long_name : str
        What it is in full.
    unit : str
        "energy", "energy/time", "nat", "1", or "" of what has none.
    dims : tuple of str
        Its dimensions beside that of time: keys of `DIMENSIONS`.
    over : callable, optional
        Gives it from an `Interval`: a column of `cycles`, `cumulative` and `samples`.
    at : callable, optional
        Gives it from a snapshot and the reference: a column of `instants`.
    symbol : str
        The field's symbol as LaTeX; "%" is where the name of a part goes.
    word : str
        What stands before the symbol on an axis.
    heading : Heading, optional
        How the printed table shows it; left out of it without one.
    is_compared : bool
        Whether tables and figures that compare backends show it.
    extra : str
        The entry of `Snapshot.extras` that it is read from: it exists where a backend tells that.
    is_counted : bool
        Whether that entry has been counted since the start, so that the column is what was added in the interval.
    where : str
        Which runs have it, for the message of one that has not.
    holds : {"numbers", "words", "flags"}
    made : Made
        What it is made of.
    checks : str
        The law that it checks: by how much that is missed, or may be.

    Examples
    --------
    >>> Column("gain", "the gain", "1", over=lambda interval: -interval.work).is_of_intervals
    True
    """

    name: str
    long_name: str
    unit: str = ""
    dims: tuple[str, ...] = ()
    over: Callable[[Interval], Any] | None = None
    at: Callable[[Snapshot, Reference], Any] | None = None
    symbol: str = ""
    word: str = ""
    heading: Heading | None = None
    is_compared: bool = False
    extra: str = ""
    is_counted: bool = False
    where: str = ""
    holds: Literal["numbers", "words", "flags"] = "numbers"
    made: Made = _SIMPLE
    checks: str = ""

    @property
    def is_of_intervals(self) -> bool:
        """Whether it is a column of `cycles`, and a name that a ledger knows."""
        return self.over is not None

    @property
    def is_of_instants(self) -> bool:
        """Whether it is a column of `instants`."""
        return self.at is not None

    def is_told(self, snapshot: Snapshot) -> bool:
        """Tell whether a backend has told what it is read from."""
        return not self.extra or self.extra in snapshot.extras

    def meaning(self, *, is_interval: bool) -> str:
        """Return its long name; a state function has its value at the end of an interval."""
        return f"{self.long_name} at the end" if is_interval and self.is_of_instants and not self.is_counted else self.long_name

    def attributes(self, units: Mapping[str, str], *, is_interval: bool = True) -> dict[str, str]:
        """Return the attributes that it has in a data set; in lab units, if there are any."""
        return {"long_name": self.meaning(is_interval=is_interval), "units": in_units(self.unit, units)}


def ends(law: Callable[[Snapshot, Snapshot], Any]) -> Callable[[Interval], Any]:
    """Return a law of both ends of an interval as the function of a column."""
    return lambda interval: law(interval.a, interval.b)


def ends_of(law: Callable[[Snapshot, Snapshot, Reference], Any]) -> Callable[[Interval], Any]:
    """Return a law of both ends and the constants of the machine."""
    return lambda interval: law(interval.a, interval.b, interval.reference)


def in_units(unit: str, units: Mapping[str, str]) -> str:
    """Return a unit of the table with "energy" and "time" replaced by lab units.

    Examples
    --------
    >>> in_units("energy/time", {"energy": "GHz", "time": "us"}), in_units("nat", {"energy": "GHz"})
    ('GHz/us', 'nat')
    """
    return "/".join(units.get(kind, kind) if kind in ("energy", "time") else kind for kind in unit.split("/"))
