"""Whether a ledger with error bars shows an efficiency above Carnot's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special

from athermal import _validate
from athermal._lazy import xr
from athermal._numbers import number
from athermal._types import BoolArray, FloatArray
from athermal.errors import StudyError
from athermal.thermodynamics import laws, modes
from athermal.thermodynamics.labelled import Labelled
from athermal.thermodynamics.snapshot import Reference, Snapshot

LEVEL = 0.997
"""The confidence from which on an efficiency above Carnot's is called significant."""


# What rounding may add to an efficiency.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Significance:
    """For each cycle, how surely its efficiency exceeds Carnot's.

    Parameters
    ----------
    cycle : (cycles,) array
    efficiency, error : (cycles,) arrays
        eta = -W/(Q_in + dU_in) and its standard error; NaN where no work came out.
    carnot_efficiency : float
    confidence : (cycles,) array
        The probability that the cycle gives work at eta > eta_C: of bootstrap draws the fraction that does, otherwise that of a
        normal distribution.
    draws : int
        How many bootstrap draws the confidence is from; 0 if it is from a normal distribution.
    level : float
        The confidence from which on this is called significant.
    reason : str
        Why significance is not established, whatever the numbers: what has no error. "" if it is.
    carnot_error : float
        One standard error of Carnot's efficiency, from those of the temperatures.

    Examples
    --------
    >>> import athermal as at
    >>> from athermal.accounting import Measured, StandardErrors
    >>> measured = Measured([0.0, 1.0], heats={"hot": [0.0, -1.0], "cold": [0.0, 0.3]}, entropies={"atom": 0.0},
    ...                     energies={"atom": 0.0}, errors=StandardErrors(heats={"hot": 0.05, "cold": 0.05}))
    >>> ledger = at.account(measured, {"hot": 2.0, "cold": 1.0})
    >>> above = at.accounting.above_carnot(ledger)
    >>> above.is_significant.tolist(), above.standard_errors.round(1).tolist()
    ([True], [3.8])
    """

    cycle: FloatArray
    efficiency: FloatArray
    error: FloatArray
    carnot_efficiency: float
    confidence: FloatArray
    draws: int
    level: float
    reason: str = ""
    carnot_error: float = 0.0

    @property
    def standard_errors(self) -> FloatArray:
        """(eta - eta_C)/error: by how many standard errors each cycle exceeds Carnot's efficiency; negative below it."""
        excess, error = self.efficiency - self.carnot_efficiency, np.hypot(self.error, self.carnot_error)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(error > 0.0, excess / error, np.where(np.isnan(excess), np.nan, np.copysign(np.inf, excess)))

    @property
    def is_above(self) -> BoolArray:
        """Whether the measured efficiency itself is above Carnot's."""
        return np.asarray(self.efficiency > self.carnot_efficiency)

    @property
    def is_significant(self) -> BoolArray:
        """Whether a cycle is above Carnot with at least the confidence asked for; none is where that is not established."""
        return np.asarray(self.is_above & (self.confidence >= self.level) & (not self.reason))

    def sentences(self) -> list[str]:
        """Return a sentence for each cycle above Carnot, or one that there is none."""
        if not np.any(self.is_above):
            return ["No cycle is above Carnot."]
        return [self._sentence(int(k)) for k in np.flatnonzero(self.is_above)]

    def _sentence(self, k: int) -> str:
        carnot, eta = number(self.carnot_efficiency, digits=4), number(self.efficiency[k], digits=4)
        if self.error[k] > 0.0:
            eta = number(self.efficiency[k], self.error[k])
        if self.carnot_error > 0.0:
            carnot = number(self.carnot_efficiency, self.carnot_error)
        told = f"Cycle {int(self.cycle[k])}: efficiency {eta} is above Carnot's {carnot}"
        if self.reason:
            return f"{told}: significance is not established. {self.reason}"
        if not np.hypot(self.error[k], self.carnot_error) > 0.0:
            return f"{told}, with no error."
        sure = "significant" if self.is_significant[k] else "NOT significant"
        how = f"confidence {self.confidence[k]:.4g}{'' if self.draws else ' by the normal distribution'}"
        if self.draws and not self.carnot_error:
            how = f"{round(float(self.confidence[k]) * self.draws)} of {self.draws} bootstrap draws exceed it"
        return f"{told} by {self.standard_errors[k]:.1f} standard errors; {how}: {sure} at {self.level:g}."

    def __str__(self) -> str:
        """Return the sentences."""
        return "\n".join(self.sentences())


def above_carnot(ledger: Labelled, *, level: float = LEVEL, cumulative: bool = False) -> Significance:
    """Tell for each cycle whether its efficiency exceeds Carnot's significantly.

    Parameters
    ----------
    ledger : Ledger
        With statistical errors: made by `athermal.account` from numbers with errors, or by a run of sampled state vectors.
    level : float
        The confidence from which on this is called significant, between 0.5 and 1.
    cumulative : bool
        Of everything from time zero to the end of each cycle instead.

    Returns
    -------
    Significance
        Each cycle is judged on its own: of many cycles, the share 1 - `level` may be called significant by chance.

    Raises
    ------
    StudyError
        If the ledger has no statistical errors, or `level` is out of range.

    Examples
    --------
    >>> import athermal as at
    >>> from athermal.accounting import Measured, StandardErrors
    >>> measured = Measured([0.0, 1.0], heats={"hot": [0.0, -1.0], "cold": [0.0, 0.45]}, entropies={"atom": 0.0},
    ...                     energies={"atom": 0.0}, errors=StandardErrors(heats={"hot": 0.1, "cold": 0.1}))
    >>> ledger = at.account(measured, {"hot": 2.0, "cold": 1.0})
    >>> print(above_carnot(ledger))
    Cycle 1: efficiency 0.55±0.11 is above Carnot's 0.5 by 0.5 standard errors; ...: NOT significant at 0.997.
    """
    if not ledger.has_standard_errors:
        raise StudyError(
            "Whether an efficiency is significantly above Carnot's needs standard errors, but this ledger has none. Give errors "
            "to `account` (StandardErrors(heats=..., work=...), samples of states, ...)."
        )
    with _validate.as_study():
        level = _validate.real(level, "level", "above_carnot")
    if not 0.5 < level < 1.0:
        raise StudyError(f"`level` of above_carnot must lie between 0.5 and 1, but is {level!r}.")
    which = "cumulative" if cumulative else "cycles"
    table, errors = getattr(ledger, which), ledger.cumulative_errors if cumulative else ledger.errors
    gives = gives_work(table)
    eta = np.where(gives, table["efficiency"].values, np.nan)
    error, carnot = np.where(gives, errors["efficiency"].values, np.nan), ledger.carnot_efficiency
    carnot_error = float(errors["carnot_efficiency"].values[0]) if ledger.reference.temperature_errors is not None else 0.0
    drawn = ledger.confidence.drawn(ledger, ledger.spans(which), _efficiency)
    with np.errstate(divide="ignore", invalid="ignore"):
        if drawn is not None:
            excess = drawn - carnot
            # of each draw the probability that it exceeds a Carnot efficiency that is itself known to an error
            exceeds = scipy.special.ndtr(excess / carnot_error) if carnot_error > 0.0 else excess > 0.0
            confidence = np.mean(np.where(np.isnan(excess), 0.0, exceeds), axis=0)
        else:
            confidence = scipy.special.ndtr(np.nan_to_num((eta - carnot) / np.hypot(error, carnot_error), nan=0.0))
    confidence = np.where(gives, confidence, 0.0)
    reason, draws = ledger.without_errors, 0 if drawn is None else len(drawn)
    return Significance(table["cycle"].values, eta, error, carnot, confidence, draws, level, reason, carnot_error)


def _efficiency(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Return the efficiency of intervals; NaN where no work came out."""
    return np.where(work < 0.0, laws.efficiency(work, a, b, ref), np.nan)


def sentences(ledger: Labelled) -> list[str]:
    """Return what there is to say about efficiencies above Carnot's: how significant they are, or that nothing tells it."""
    if ledger.has_standard_errors:
        return above_carnot(ledger).sentences()
    if not ledger.conduct.is_from_data or not np.any(beyond_carnot(ledger)):
        return []
    return [_NO_ERRORS]


_NO_ERRORS = (
    "No number has an error, so that the significance of efficiencies above Carnot's is not established. Of exact numbers that "
    "is as it should be; of measured ones, give their errors."
)


def beyond_carnot(ledger: Labelled, *, cumulative: bool = False) -> BoolArray:
    """Tell for each cycle whether it gave work at an efficiency above eta_C: beyond rounding and its error.

    A standard error must be passed significantly, a certified one once. Cycles past the recurrence time of a finite bath do not
    count: what they show is its size.

    Examples
    --------
    >>> import athermal as at
    >>> beyond_carnot(at.run(at.library.two_oscillator(modes=12), cycles=2)).tolist()
    [False, False]
    """
    table = ledger.cumulative if cumulative else ledger.cycles
    above = is_beyond(table)
    if ledger.has_standard_errors:
        return np.asarray(above & above_carnot(ledger, cumulative=cumulative).is_significant)
    errors = ledger.cumulative_errors if cumulative else ledger.errors
    return np.asarray(
        above & (table["efficiency"].values - errors["efficiency"].values > ledger.carnot_efficiency) if errors else above
    )


def is_beyond(table: xr.Dataset) -> BoolArray:
    """Tell for each interval of a ledger or a sweep whether it gave work above eta_C, no finite bath showing.

    Beyond its error where a sweep holds what its ledgers say of that; else the efficiency itself is taken.
    """
    if "is_beyond_carnot" in table:
        return np.asarray(table["is_beyond_carnot"].values > 0)
    with np.errstate(invalid="ignore"):
        above = table["efficiency"].values > table["carnot_efficiency"].values + _ROUNDING
    return np.asarray(gives_work(table) & above & ~is_past_recurrence(table))


def is_past_recurrence(table: xr.Dataset) -> BoolArray:
    """Tell which intervals of a ledger or a sweep are past the recurrence time of a finite bath; none if it was not noted."""
    name = "is_past_recurrence"
    return np.asarray(table[name].values > 0) if name in table else np.zeros(table["work"].shape, dtype=bool)


def gives_work(table: xr.Dataset) -> BoolArray:
    """Tell for each interval of a ledger or a sweep whether work came out: W < 0 beyond rounding."""
    return np.asarray((table["work"].values < 0.0) & np.isin(table["mode"].values, modes.WITH_OUTPUT))


def is_athermal_engine(table: xr.Dataset) -> BoolArray:
    """Tell for each interval of a ledger or a sweep whether it was an athermal engine: W < 0 and dsigma < 0 beyond rounding."""
    return np.asarray(gives_work(table) & (table["is_athermal"].values > 0))
