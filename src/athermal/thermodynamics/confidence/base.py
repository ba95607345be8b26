"""What every way of knowing a ledger's numbers offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray
from athermal.thermodynamics import laws, schema
from athermal.thermodynamics.course import Course, Spans
from athermal.thermodynamics.snapshot import ALWAYS, Reference, Snapshot

Amount = Callable[[FloatArray, Snapshot, Snapshot, Reference], FloatArray]
"""A function of a ledger: what is read off intervals, from their works, the snapshots before and after, and the reference."""

Amounts = Callable[[FloatArray, Snapshot, Snapshot, Reference], Mapping[str, FloatArray]]
"""Several of them by name; intervals come first in each."""


class Confidence(ABC):
    """How well the numbers of a course are known.

    A child gives the error of any function of a course, `spread`. Errors of columns are those of the function that a table is,
    and so is every other judgement by errors. A new way of knowing is a child, and its name in the list of `content`.
    """

    name: ClassVar[str]
    """What it is called in files: "certified", "bootstrap", ..."""
    kind: ClassVar[str] = ""
    """What its errors are, in the long names of columns: "standard" error of ..."""
    is_statistical: ClassVar[bool] = False
    """Whether its errors are standard errors, and no bounds."""

    @abstractmethod
    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        """Return the error of amounts in each interval: a standard error, or a bound."""

    @property
    def has_errors(self) -> bool:
        """Whether it knows errors at all."""
        return True

    def errors(self, course: Course, which: str) -> xr.Dataset:
        """Return the error of every column of "cycles" or "cumulative"; nothing if none is known."""
        table = course.columns(which)
        return labelled(table, self.spread(course, course.spans(which), columns(course, table)), self.kind)

    def noise(self, course: Course, spans: Spans, law: Amount) -> FloatArray | None:
        """Return one standard error of what is missed by a law that holds; None of computed numbers, which obey the laws."""
        return None

    def drawn(self, course: Course, spans: Spans, amount: Amount) -> FloatArray | None:
        """Return an amount of every draw of the numbers, (draws, intervals, ...); None without draws."""
        return None

    def certificate(self, error: float, where: str) -> str:
        """Return a sentence that tells how well the numbers are known, the largest error and where it is; "" if there is none."""
        return ""


@dataclass(frozen=True)
class Exact(Confidence):
    """Numbers without errors of their own: what the laws' residuals leave open."""

    name = "exact"

    @property
    def has_errors(self) -> bool:
        return False

    def errors(self, course: Course, which: str) -> xr.Dataset:
        return xr.Dataset()

    def spread(self, course: Course, spans: Spans, amounts: Amounts) -> dict[str, FloatArray]:
        return {name: np.zeros(np.shape(values)) for name, values in read(course, spans, amounts).items()}


def read(course: Course, spans: Spans, amounts: Amounts) -> Mapping[str, FloatArray]:
    """Return amounts of the course itself."""
    return amounts(spans.sums(course.works), *spans.ends(course.snapshots), course.reference)


def read_each(course: Course, spans: Spans, amounts: Amounts, snapshots: Snapshot, works: FloatArray) -> dict[str, FloatArray]:
    """Return amounts of each of n other courses of the machine, (n, intervals, ...).

    Their snapshots are stacked along (instants, n), their works along (instants - 1, n).
    """
    n = works.shape[1]
    every, who = np.tile(np.arange(len(spans.stop)), n), np.repeat(np.arange(n), len(spans.stop))
    a, b = snapshots.between(spans.start[every], spans.stop[every], who)
    found = amounts(spans.sums(works).T.ravel(), a, b, course.reference)
    return {name: values.reshape(n, -1, *values.shape[1:]) for name, values in found.items()}


def columns(course: Course, table: xr.Dataset) -> Amounts:
    """Return the columns of a table as a function of intervals, of which there may be so many times as many as it has rows.

    The efficiency is -W/(Q_in + dU_in) whatever the sign of W, for errors cross that line; unknown where the table's own is.
    """
    unknown = np.isnan(table["efficiency"].values)

    def amounts(works: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> dict[str, FloatArray]:
        found = course.against(ref).columns_between(a, b, works, with_words=False)
        values = {str(name): found[name].values for name in found.data_vars if is_known_to_an_error(str(name))}
        ratio = laws.output_over_intake(works, a, b, ref)
        return values | {"efficiency": np.where(np.tile(unknown, len(works) // len(unknown)), np.nan, ratio)}

    return amounts


def is_known_to_an_error(name: str) -> bool:
    """Tell whether a column of numbers has an error: not by how much a law is missed, and may be."""
    return not schema.checks(name)


def labelled(table: xr.Dataset, errors: Mapping[str, FloatArray], kind: str) -> xr.Dataset:
    """Return the errors of the columns of a table with labels; that of an unknown is unknown."""
    return xr.Dataset(
        {
            name: (
                table[name].dims,
                np.where(np.isnan(table[name].values), np.nan, error),
                {"long_name": f"{kind} error of {table[name].attrs['long_name']}", "units": table[name].attrs["units"]},
            )
            for name, error in errors.items()
        },
        coords=table.coords,
    )


def change(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return |one - other|, none between what is the same: an infinite one too, as eps_C of equal temperatures."""
    return np.abs(np.subtract(one, other, out=np.zeros(np.shape(one)), where=~(one == other)))


def joined(snapshots: list[Snapshot]) -> Snapshot:
    """Return stacked snapshots one after another."""
    stacked = Snapshot.stack(snapshots)

    def flat(values: FloatArray) -> FloatArray:
        return values.reshape(-1, *values.shape[2:])

    fields: dict[str, Any] = {name: flat(getattr(stacked, name)) for name in ALWAYS}
    return Snapshot(**fields, extras={name: flat(values) for name, values in stacked.extras.items()})
