"""Checks of what a user hands in, each with one form of message.

Every function takes the value, the name of the quantity and its owner, and returns the value in canonical form:
"`period` of the machine must be positive, but is -1.0."
"""

from __future__ import annotations

import contextlib
import difflib
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np

from athermal.errors import FileFormatError, MachineError, StudyError


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
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond the largest float
        number = math.inf
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


def count(value: Any, what: str, owner: str, *, least: int = 1, most: int = 10**15) -> int:
    """Return `value` as a whole number from `least` to `most`, or raise `MachineError`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise MachineError(_message(what, owner, f"be a whole number of at least {least}", value, ""))
    if value > most:
        raise MachineError(_message(what, owner, f"be at most {most}", value, ""))
    return int(value)


def reals(values: Any, what: str, owner: str, *, length: int | None = None) -> tuple[float, ...]:
    """Return `values` as a tuple of finite floats, or raise `MachineError`."""
    given = entries(values, what, owner, "be a list of real numbers")
    numbers = tuple(real(value, f"{what}[{k}]", owner) for k, value in enumerate(given))
    if length is not None and len(numbers) != length:
        raise MachineError(f"`{what}` of {owner} must hold {length} numbers, but holds {len(numbers)}.")
    return numbers


def entries(values: Any, what: str, owner: str, rule: str) -> tuple[Any, ...]:
    """Return the entries of a list, or raise `MachineError`: also for a set or a table, whose order is nobody's choice.

    `rule` is what the message says it must do: "be a list of real numbers".
    """
    is_unordered = isinstance(values, (Mapping, AbstractSet))
    is_single = not isinstance(values, Iterable) or isinstance(values, (str, bytes, type)) or getattr(values, "ndim", 1) == 0
    if is_unordered or is_single:
        remedy = f"A {type(values).__name__} has no order: give a list." if is_unordered else ""
        raise MachineError(_message(what, owner, rule, values, remedy))
    return tuple(values)


def names(values: Any, what: str, owner: str, rule: str, *, length: int | None = None) -> tuple[str, ...]:
    """Return `values` as a tuple of different names, at least one, or raise `MachineError`; `rule` as for `entries`."""
    given = entries(values, what, owner, rule)
    is_good = all(isinstance(name, str) and name.strip() for name in given) and len(set(map(str, given))) == len(given) > 0
    if not is_good or (length is not None and len(given) != length):
        repeated = next((name for name in given if isinstance(name, str) and given.count(name) > 1), None)
        raise MachineError(_message(what, owner, rule, values, "" if repeated is None else f"Name {repeated!r} once."))
    return given


def table(values: Any, what: str, owner: str, of: str) -> dict[str, Any]:
    """Return `values` as a dictionary from names to `of`, or raise `MachineError`."""
    if not isinstance(values, Mapping):
        raise MachineError(_message(what, owner, f"be a table {{name: {of}}}", values, ""))
    for name in values:
        identifier(name, f"a name in {what}", owner)
    return dict(values)


def fraction(value: Any, what: str, owner: str, *, least: float = 1e-15, most: float = 0.1) -> float:
    """Return `value` as a tolerance that arithmetic can meet and that still means something, or raise `MachineError`."""
    number = positive(value, what, owner)
    if not least <= number <= most:
        raise MachineError(_message(what, owner, f"lie between {least:g} (rounding) and {most:g}", number, ""))
    return number


def called(function: Callable[[float], Any], argument: float, owner: str, at: str) -> float:
    """Return the number that a user's function gives, or raise `MachineError` that says where it gives none."""
    place = f"{owner} at {at} = {argument:.6g} (`{function_name(function)}`)"
    try:
        value = function(argument)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        raise MachineError(f"`value` of {place} must be a real number, but the function raised {raised}.") from error
    if getattr(value, "shape", None) in ((), (1,)):
        value = value.item()  # numpy's own numbers
    return real(value, "value", place)


def file_path(value: Any, what: str = "path", owner: str = "a file") -> Path:
    """Return the path of a file or folder, or raise `FileFormatError` if `value` names none."""
    if not isinstance(value, (str, os.PathLike)) or not isinstance(os.fspath(value), str):
        raise FileFormatError(_message(what, owner, "be a path, as text or pathlib.Path", value, ""))
    if not str(value).strip() or "\0" in str(value):
        raise FileFormatError(_message(what, owner, "name a file", value, ""))
    return Path(value)


def function_name(function: Any) -> str:
    """Return by what a reader finds a function: its name, and where it stands.

    Examples
    --------
    >>> import math
    >>> function_name(math.cos)
    'cos'
    """
    name, code = getattr(function, "__name__", None) or shown(function), getattr(function, "__code__", None)
    return f"{name}, line {code.co_firstlineno} of {Path(code.co_filename).name}" if code is not None else name


def matrix(values: Any, what: str, owner: str) -> tuple[tuple[float, ...], ...]:
    """Return `values` as a rectangular tuple of rows of finite floats, or raise `MachineError`."""
    given = entries(values, what, owner, "be a matrix (a list of rows)")
    rows = tuple(reals(row, f"{what}[{k}]", owner) for k, row in enumerate(given))
    if not rows or len({len(row) for row in rows}) != 1:
        raise MachineError(f"`{what}` of {owner} must be a matrix whose rows have one length.")
    return rows


def choice(value: Any, what: str, owner: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`, or raise `MachineError` naming the nearest."""
    if not isinstance(value, str) or value not in allowed:
        known = ", ".join(repr(name) for name in allowed)
        raise MachineError(f"`{what}` of {owner} must be one of {known}, but is {shown(value)}.{suggest(shown(value), allowed)}")
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
    return f"`{what}` of {owner} must {rule}, but is {shown(value)}.{' ' + remedy if remedy else ''}"


_LONGEST = 120


def shown(value: Any) -> str:
    """Return a value as an error message shows it: its `repr` on one line, cut where it is long.

    Examples
    --------
    >>> shown(10**200)
    '1000000000000000000000000000000000000000 ... 0000000000000000000000000000000000000000'
    """
    try:
        text = " ".join(repr(value).split())
    except Exception as error:
        return f"a {type(value).__name__} that cannot be shown ({error})"
    return text if len(text) <= _LONGEST else f"{text[:40]} ... {text[-40:]}"
