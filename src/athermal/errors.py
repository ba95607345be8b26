"""The exceptions and warnings of athermal, one small tree.

::

    AthermalError
    ├── MachineError        a machine that cannot exist (also a ValueError)
    ├── StateError          a state that cannot exist (also a ValueError)
    ├── FileFormatError     a machine file or result file that cannot be read (also a ValueError)
    ├── StudyError          a sweep, an optimisation, a comparison or an account that cannot be made (also a ValueError)
    ├── StoreError          a sweep's folder that cannot be written or read (also a RuntimeError)
    └── RunError            a run that could not be finished; `.ledger` keeps what was
        ├── ConvergenceError    an accuracy that could not be met
        └── InstabilityError    energies that blow up
    RunInterrupted          Ctrl-C during a run (a KeyboardInterrupt); `.ledger` keeps what was finished
    StudyInterrupted        Ctrl-C during a study or a comparison (a KeyboardInterrupt); `.result` keeps what was finished

    AthermalWarning
    ├── RecurrenceWarning   a finite bath is used past its recurrence time
    ├── TruncationWarning   an oscillator was cut to too few levels
    ├── ResidualWarning     a law is missed by more than its tolerance
    └── VersionWarning      a store was made with another version of athermal

A message names the thing, the rule, the value found and the remedy.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AthermalError",
    "AthermalWarning",
    "ConvergenceError",
    "FileFormatError",
    "InstabilityError",
    "MachineError",
    "RecurrenceWarning",
    "ResidualWarning",
    "RunError",
    "RunInterrupted",
    "StateError",
    "StoreError",
    "StudyError",
    "StudyInterrupted",
    "TruncationWarning",
    "VersionWarning",
]


class AthermalError(Exception):
    """Base of every error that athermal raises on purpose."""


class MachineError(AthermalError, ValueError):
    """A machine, part, coupling or drive that cannot exist."""


class StateError(AthermalError, ValueError):
    """A state that no quantum system can be in, or that does not fit its machine."""


class FileFormatError(AthermalError, ValueError):
    """A machine file or a result file that cannot be read as what it claims to be."""


class StudyError(AthermalError, ValueError):
    """A sweep, an optimisation, a comparison, or an account of data, that cannot be made as asked."""


class StoreError(AthermalError, RuntimeError):
    """A sweep's folder that cannot be written to, or holds something else than it should."""


class RunError(AthermalError, RuntimeError):
    """A run that could not be finished.

    Attributes
    ----------
    ledger : Ledger or None
        The cycles that were finished, or None if there were none.
    """

    def __init__(self, message: str, ledger: Any = None) -> None:
        super().__init__(message)
        self.ledger = ledger


class ConvergenceError(RunError):
    """An accuracy that could not be met."""


class InstabilityError(RunError):
    """Energies that grow until double precision no longer carries the ledger."""


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C during a run.

    Attributes
    ----------
    ledger : Ledger or None
        The cycles that were finished, or None if there were none.
    """

    def __init__(self, message: str, ledger: Any = None) -> None:
        super().__init__(message)
        self.ledger = ledger


class StudyInterrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep, an optimisation or a comparison.

    Attributes
    ----------
    result : object or None
        What was finished: a `Sweep`, the best so far, or a `BackendComparison`; None if there was nothing yet.
    """

    def __init__(self, message: str, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class AthermalWarning(UserWarning):
    """Base of every warning that athermal gives."""


class RecurrenceWarning(AthermalWarning):
    """A finite bath is used past the time at which its discreteness shows."""


class TruncationWarning(AthermalWarning):
    """The highest level that is kept of an oscillator is populated."""


class ResidualWarning(AthermalWarning):
    """A law is missed by more than the tolerance of the run."""


class VersionWarning(AthermalWarning):
    """A sweep's folder was begun with another version of athermal."""
