"""One number for each reservoir, read by position or by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from athermal._types import FloatArray
from athermal._validate import suggest
from athermal.errors import StudyError


class ByName(np.ndarray[Any, np.dtype[np.float64]]):
    """An array of one number for each named part; one number of it, taken by position or by name, is a plain float.

    Examples
    --------
    >>> heat = ByName([-3.0, 2.0], ["hot", "cold"])
    >>> heat["cold"], heat[0], float(heat.sum())
    (2.0, -3.0, -1.0)
    """

    names: tuple[str, ...]

    def __new__(cls, values: Sequence[float] | FloatArray, names: Sequence[str]) -> Self:
        """Return the numbers with their names."""
        made = np.array(values, dtype=float).view(cls)
        made.names = tuple(names)
        return made

    def __array_finalize__(self, source: Any) -> None:
        """Keep the names of what is the same numbers."""
        self.names = getattr(source, "names", ())

    def __getitem__(self, key: Any) -> Any:
        """Return one number, or what NumPy returns for any other key."""
        if isinstance(key, str):
            if key not in self.names:
                known = ", ".join(map(repr, self.names))
                raise StudyError(f"There is no part {key!r} here; there are {known}.{suggest(key, self.names)}")
            key = self.names.index(key)
        found = self.view(np.ndarray)[key]
        return float(found) if np.ndim(found) == 0 else found
