"""Spectral densities by their values at some frequencies."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.densities.base import Convention, SpectralDensity, marks_within

_FEWEST_POINTS = 2


@dataclass(frozen=True)
class TabulatedDensity(SpectralDensity):
    """A spectral density by its values at some frequencies, from a measurement or a simulation, and zero beyond them.

    Between them it is the monotone cubic of F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17, 238 (1980), which makes no
    peaks of its own and is nowhere negative.

    Parameters
    ----------
    frequencies : sequence of float
        Ascending, of either sign.
    values : sequence of float
        J(w) or kappa(w) there, none negative.
    convention : str
        "J" for position contacts, "kappa" for exchange contacts.

    Raises
    ------
    MachineError
        If there are fewer than two points, frequencies do not ascend, a value is negative, or all are zero.

    Examples
    --------
    >>> table = TabulatedDensity(frequencies=[0.0, 1.0, 2.0], values=[0.0, 0.3, 0.0])
    >>> float(table(np.array([1.0]))[0])
    0.3
    """

    frequencies: tuple[float, ...]
    values: tuple[float, ...]
    convention: Convention = "J"
    kind: Literal["tabulated"] = field(default="tabulated", repr=False)

    def __post_init__(self) -> None:
        owner = "a tabulated spectral density"
        for name in ("frequencies", "values"):
            object.__setattr__(self, name, _validate.reals(getattr(self, name), name, owner))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))
        if len(self.frequencies) < _FEWEST_POINTS:
            raise MachineError(f"`frequencies` of {owner} must hold at least two numbers, but holds {len(self.frequencies)}.")
        if len(self.values) != len(self.frequencies):
            raise MachineError(
                f"`values` of {owner} must hold one number for each of its {len(self.frequencies)} frequencies, but holds "
                f"{len(self.values)}."
            )
        for k, (one, two) in enumerate(zip(self.frequencies, self.frequencies[1:], strict=False)):
            if two <= one:
                raise MachineError(f"`frequencies` of {owner} must ascend, but {two} follows {one} at place {k + 1}.")
        for k, value in enumerate(self.values):
            _validate.not_negative(value, f"values[{k}]", owner)
        if not any(self.values):
            raise MachineError(f"`values` of {owner} must not all be zero.")

    @classmethod
    def from_file(cls, path: str | Path, *, convention: Convention = "J") -> TabulatedDensity:
        r"""Read frequencies and values from the first two columns of a text file, apart by commas, semicolons or blanks.

        Lines that begin with "#" are left out, and so is a first line of words.

        Examples
        --------
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "density.csv"
        >>> _ = path.write_text("frequency,J\n0,0\n1,0.3\n2,0\n")
        >>> TabulatedDensity.from_file(path).values
        (0.0, 0.3, 0.0)
        """
        frequencies, values = read_columns(path)
        return cls(frequencies, values, convention)

    @cached_property
    def _curve(self) -> Any:
        from scipy.interpolate import PchipInterpolator  # noqa: PLC0415  few need it

        return PchipInterpolator(np.array(self.frequencies), np.array(self.values))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        low, high = self.support
        inside = (w >= low) & (w <= high)
        # rounding of the cubic
        return np.where(inside, np.maximum(self._curve(np.clip(w, low, high)), 0.0), 0.0)

    @property
    def support(self) -> tuple[float, float]:
        return self.frequencies[0], self.frequencies[-1]

    @property
    def scale(self) -> float:
        low, high = self.support
        return abs(self.frequencies[max(int(np.argmax(self.values)), 1)]) or max(abs(low), abs(high))

    @property
    def landmarks(self) -> tuple[float, ...]:
        return marks_within(self.frequencies, self.support)


def read_columns(path: str | Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the first two columns of numbers of a text file, or raise `MachineError`."""
    if not isinstance(path, (str, Path)):
        raise MachineError(f"`file` of a tabulated spectral density must be a path, but is {_validate.shown(path)}.")
    try:
        lines = _validate.file_path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text file"
        raise MachineError(f"The file {path} of a tabulated spectral density cannot be read: {why}.") from None
    kept = [(k, line) for k, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    found: list[tuple[float, float]] = []
    for place, (k, line) in enumerate(kept):
        separator = next((mark for mark in (";", ",", "\t") if mark in line), None)
        words = line.split() if separator is None else next(csv.reader([line], delimiter=separator))
        try:
            found.append((float(words[0]), float(words[1])))
        except (ValueError, IndexError):
            if place:
                raise MachineError(
                    f"Line {k} of {path} must begin with two numbers, a frequency and the density there, but is {line!r}."
                ) from None
    if not found:
        raise MachineError(f"The file {path} of a tabulated spectral density must hold two columns of numbers, but holds none.")
    frequencies, values = zip(*found, strict=True)
    return frequencies, values
