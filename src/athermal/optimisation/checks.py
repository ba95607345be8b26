"""Inputs of an optimisation, checked as those of a machine are, with the error of a study."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from athermal.errors import MachineError, StudyError


@contextlib.contextmanager
def inputs() -> Iterator[None]:
    """Turn the `MachineError` of an input that is wrong into a `StudyError` of the same message.

    Examples
    --------
    >>> from athermal import _validate
    >>> with inputs():
    ...     _validate.count(0, "starts", "an optimisation")
    Traceback (most recent call last):
    athermal.errors.StudyError: `starts` of an optimisation must be a whole number of at least 1, but is 0.
    """
    try:
        yield
    except MachineError as error:
        raise StudyError(str(error)) from None
