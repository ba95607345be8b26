"""Checks of what a user hands in, each with one form of message.

Every function takes the value, the name of the quantity and its owner, and returns the value in canonical form:
"`period` of the machine must be positive, but is -1.0."
"""

from __future__ import annotations

import contextlib
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from athermal.errors import MachineError, StudyError


@contextlib.contextmanager
def as_study() -> Iterator[None]:
    """Raise `StudyError` where a check in the body raises `MachineError`: what is wrong is no machine.

    Examples
    --------
    >>> with as_study():
    ...     count(1, "draws", "an account", least=2)
    Traceback (most recent call last):
    athermal.errors.StudyError: `draws` of an account must be a whole number of at least 2, but is 1.
    """
    try:
        yield
    except MachineError as error:
        raise StudyError(str(error)) from None


def real(value: Any, what: str, owner: str, *, remedy: str = "") -> float:
    """Return `value` as a finite float, or raise `MachineError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise MachineError(_message(what, owner, "be a real number", value, remedy))
    number = float(value)
    if not math.isfinite(number):
        raise MachineError(_message(what, owner, "be finite", value, remedy))
    return number


def positive(value: Any, what: str, owner: str, *, remedy: str = "") -> float:
    """Return `value` as a float above zero, or raise `MachineError`."""
    number = real(value, what, owner, remedy=remedy)
    if number <= 0.0:
        raise MachineError(_message(what, owner, "be positive", number, remedy))
    return number


def not_negative(value: Any, what: str, owner: str, *, remedy: str = "") -> float:
    """Return `value` as a float of at least zero, or raise `MachineError`."""
    number = real(value, what, owner, remedy=remedy)
    if number < 0.0:
        raise MachineError(_message(what, owner, "be zero or positive", number, remedy))
    return number


def count(value: Any, what: str, owner: str, *, least: int = 1) -> int:
    """Return `value` as a whole number of at least `least`, or raise `MachineError`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise MachineError(_message(what, owner, f"be a whole number of at least {least}", value, ""))
    return int(value)


def reals(values: Any, what: str, owner: str, *, length: int | None = None) -> tuple[float, ...]:
    """Return `values` as a tuple of finite floats, or raise `MachineError`."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise MachineError(_message(what, owner, "be a list of real numbers", values, ""))
    numbers = tuple(real(value, f"{what}[{k}]", owner) for k, value in enumerate(values))
    if length is not None and len(numbers) != length:
        raise MachineError(f"`{what}` of {owner} must hold {length} numbers, but holds {len(numbers)}.")
    return numbers


def matrix(values: Any, what: str, owner: str) -> tuple[tuple[float, ...], ...]:
    """Return `values` as a rectangular tuple of rows of finite floats, or raise `MachineError`."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise MachineError(_message(what, owner, "be a matrix (a list of rows)", values, ""))
    rows = tuple(reals(row, f"{what}[{k}]", owner) for k, row in enumerate(values))
    if not rows or len({len(row) for row in rows}) != 1:
        raise MachineError(f"`{what}` of {owner} must be a matrix whose rows have one length.")
    return rows


def choice(value: Any, what: str, owner: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`, or raise `MachineError` naming the nearest."""
    if value not in allowed:
        known = ", ".join(repr(name) for name in allowed)
        raise MachineError(f"`{what}` of {owner} must be one of {known}, but is {value!r}.{suggest(str(value), allowed)}")
    return str(value)


def identifier(value: Any, what: str, owner: str) -> str:
    """Return `value` if it can name a part, or raise `MachineError`."""
    if not isinstance(value, str) or not value.strip() or value != value.strip():
        raise MachineError(_message(what, owner, "be a word that names it", value, ""))
    return value


def suggest(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known word, or "" if none is near.

    Examples
    --------
    >>> suggest("temprature", ["temperature", "modes"])
    " Did you mean 'temperature'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {near[0]!r}?" if near else ""


def _message(what: str, owner: str, rule: str, value: Any, remedy: str) -> str:
    return f"`{what}` of {owner} must {rule}, but is {value!r}.{' ' + remedy if remedy else ''}"
