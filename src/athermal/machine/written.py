"""Matrices as they stand in files: rows of numbers, complex ones as "1+2j"."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import numpy as np
from pydantic_core import PydanticCustomError

from athermal._types import Matrix

FORM = 'rows of numbers, as in [[0, 1], [1, 0]], where a complex number is text, as in "1+2j"'
"""What a matrix must look like."""

# A matrix of more rows than this is written by its entries.
READABLE = 16

Flat = Literal["refused", "vector", "energies"]
"""What a list of numbers stands for where a matrix is asked for."""
_FLAT_FORM = {
    "refused": "",
    "vector": ', or a list of amplitudes, as in [1, "1j"]',
    "energies": ", or a list of energies, as in [0, 1]",
}


def read_matrix(value: Any, flat: Flat = "refused") -> Matrix:
    """Return the matrix that rows of numbers stand for, or one column of amplitudes, or the diagonal matrix of energies.

    Raises
    ------
    PydanticCustomError
        If it is none; what is wrong with it, and the form that works, are in its context.

    Examples
    --------
    >>> read_matrix([[0, "-1j"], ["1j", 0]]).imag
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    if not isinstance(value, list) or not value:
        raise _wrong(flat, f"is {_shown(value)}")
    if not isinstance(value[0], list) and flat != "refused":
        entries = np.array([_number(entry, f"number {k}", flat) for k, entry in enumerate(value)])
        if flat == "vector":
            return np.asarray(entries.reshape(-1, 1))
        if np.iscomplexobj(entries) and np.any(entries.imag):
            raise _wrong(flat, "a list of energies must be real")
        return np.diag(entries.real)
    rows = []
    for k, row in enumerate(value):
        if not isinstance(row, list):
            raise _wrong(flat, f"row {k} is {_shown(row)}")
        rows.append([_number(entry, f"row {k}, column {j}", flat) for j, entry in enumerate(row)])
    lengths = [len(row) for row in rows]
    if len(set(lengths)) != 1:
        odd = next(k for k, length in enumerate(lengths) if length != lengths[0])
        raise _wrong(flat, f"row 0 has {lengths[0]} numbers and row {odd} has {lengths[odd]}")
    if lengths[0] != len(rows) and not (flat == "vector" and lengths[0] == 1):
        raise _wrong(flat, f"has {len(rows)} rows of {lengths[0]} numbers: it must be square")
    return np.array(rows)


def write_matrix(matrix: Matrix) -> list[Any]:
    """Return a matrix as rows, a single column as its amplitudes.

    Examples
    --------
    >>> write_matrix(np.array([[0.0, -1j], [1j, 0.5]]))
    [[0.0, '-1j'], ['1j', 0.5]]
    """
    rows = [[_written(entry) for entry in row] for row in np.asarray(matrix, dtype=complex).tolist()]
    return [row[0] for row in rows] if matrix.shape[1] == 1 < matrix.shape[0] else rows


def _written(entry: complex) -> float | str:
    return entry.real if entry.imag == 0.0 else str(complex(entry.real + 0.0, entry.imag)).strip("()")


def _number(value: Any, where: str, flat: Flat) -> complex | float:
    if isinstance(value, str):
        text = value.replace(" ", "")
        try:
            number: complex | float = complex(f"{text[:-1]}j" if text.endswith(("i", "I")) else text)
        except ValueError:
            raise _wrong(flat, f"{where} is {_shown(value)}") from None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    else:
        raise _wrong(flat, f"{where} is {_shown(value)}")
    if not np.isfinite(number):
        raise _wrong(flat, f"{where} is {_shown(value)}: it must be finite")
    return number


def _wrong(flat: Flat, found: str) -> PydanticCustomError:
    return PydanticCustomError(
        "matrix", "{form}, but {found}", {"form": f"a matrix, written as {FORM}{_FLAT_FORM[flat]}", "found": found}
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:57]}..."
