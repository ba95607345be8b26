"""The points of a sweep and what came of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import xarray as xr

from athermal._validate import suggest
from athermal.errors import StudyError
from athermal.study.dataset import assemble
from athermal.study.design import Design, Point
from athermal.study.record import Record
from athermal.thermodynamics.ledger import Ledger


@dataclass(frozen=True)
class Failure:
    """A point that was not finished.

    Parameters
    ----------
    point : int
    parameters : dict
    status : {"failed", "incomplete"}
        "incomplete": the cycles before the error are in the data set.
    error_type, error : str

    Examples
    --------
    >>> import athermal as at
    >>> sweep = at.sweep(at.library.two_qubit_swap, {"T_hot": [-1.0, 3.0]}, cycles=1, workers=1)
    >>> [(failure.point, failure.error_type) for failure in sweep.failures]
    [(0, 'MachineError')]
    """

    point: int
    parameters: Point
    status: str
    error_type: str
    error: str


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The points of a sweep and what came of them: fields as in `Sweep`."""

    design: Design
    records: Mapping[int, Record]
    study: dict[str, Any]
    path: Path | None = None

    @cached_property
    def dataset(self) -> xr.Dataset:
        return assemble(self.design, self.records, self.study)

    @property
    def failures(self) -> list[Failure]:
        return [
            Failure(k, self.design.point(k), record.status, record.error_type, record.error)
            for k, record in sorted(self.records.items())
            if record.status != "complete"
        ]

    @property
    def n_missing(self) -> int:
        """How many points have not been run."""
        return len(self.design) - len(self.records)

    @property
    def is_complete(self) -> bool:
        """Whether every point was run, with success or not."""
        return self.n_missing == 0

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.design)

    def __getitem__(self, name: str) -> xr.DataArray:
        """Return a variable of `dataset`."""
        return self.dataset[name]

    def __getattr__(self, name: str) -> xr.DataArray:
        """Return a variable of `dataset`."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self.dataset.variables:
            return self.dataset[name]
        raise AttributeError(f"A sweep has no column {name!r}.{suggest(name, map(str, self.dataset.variables))}")

    def ledger(self, point: int) -> Ledger:
        """Return the ledger of one point, as `athermal.run` gave it.

        Raises
        ------
        StudyError
            If there is none.
        """
        if not 0 <= point < len(self.design):
            raise StudyError(f"`point` of a sweep must be 0 to {len(self.design) - 1}, but is {point!r}.")
        record = self.records.get(point)
        if record is None:
            raise StudyError(f"Point {point} has not been run.")
        ledger = record.ledger
        if ledger is None:
            raise StudyError(f"Point {point} has no ledger: {record.error}")
        return ledger
