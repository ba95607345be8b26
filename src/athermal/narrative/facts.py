"""What a ledger shows, as facts that sentences are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import BoolArray, FloatArray
from athermal.thermodynamics import modes
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.significance import above_carnot, beyond_carnot, gives_work, is_past_recurrence


@dataclass(frozen=True)
class Kind:
    """What the cycles of one kind did.

    Parameters
    ----------
    name : str
        "athermal engine", "thermal engine", or the mode of operation.
    cycles : tuple of int
        Which cycles they are, from 1 on.
    gives_work, is_athermal : bool
        Whether W < 0, and then dsigma < 0.
    efficiency : (float, float)
        The lowest and the highest; NaN where no work came out.
    performance, carnot_performance : float
        COP of all of them together, and Carnot's; NaN but of refrigerators.
    share : float
        The part of the work drawn from entropic resources, T_min dsigma/W.
    payers : tuple of str
        What paid, as the column `paid_by` has it, in order of appearance; none if it is unknown or nothing did.
    standard_errors : (float, float) or None
        By how many standard errors dsigma < 0, at least and at most; None without errors.
    """

    name: str
    cycles: tuple[int, ...]
    gives_work: bool
    is_athermal: bool
    efficiency: tuple[float, float]
    performance: float
    carnot_performance: float
    share: float
    payers: tuple[str, ...]
    standard_errors: tuple[float, float] | None


@dataclass(frozen=True)
class Whole:
    """What came of all cycles together, up to the last one before a finite bath recurs.

    Parameters
    ----------
    cycles : int
    work_output, efficiency, share : float
        -W, eta, and the part of the work drawn from entropic resources.
    has_work : bool
        Whether work came out or went in, beyond rounding.
    is_athermal : bool
        Whether dsigma < 0.
    """

    cycles: int
    work_output: float
    efficiency: float
    share: float
    has_work: bool
    is_athermal: bool


@dataclass(frozen=True, eq=False)
class Facts:
    """What a ledger shows: everything that the command line, figures and reports put into sentences.

    Parameters
    ----------
    gives_work, is_reversal, is_past : (cycles,) arrays of bool
        In which cycles work came out; in which heat ran from cold to hot without any; which are past the recurrence time of a
        finite bath, and count for nothing else.
    is_beyond, is_doubtful : (cycles,) arrays of bool
        Which gave work above Carnot's efficiency beyond errors, and which seem to, but not significantly.
    standard_errors : (cycles,) array
        By how many standard errors each is above Carnot; NaN without errors.
    has_errors : bool
        Whether everything that counts has an error, so that significance can be established.
    kinds : tuple of Kind
        In order of appearance, past cycles left out.
    names : tuple of str
        The name of each cycle's kind.
    whole : Whole or None
        None if every cycle is past the recurrence time of a finite bath.
    carnot_efficiency : float or None
        None of a closed machine.
    energy_unit : str
        "" with hbar = k_B = 1.

    Examples
    --------
    >>> facts = Facts.of(at.run(at.library.two_oscillator(modes=12), cycles=4, initial=at.Charged(cycles=2)))
    >>> facts.is_beyond.tolist(), [kind.name for kind in facts.kinds]
    ([True, True, False, False], ['athermal engine', 'refrigerator'])
    """

    gives_work: BoolArray
    is_reversal: BoolArray
    is_past: BoolArray
    is_beyond: BoolArray
    is_doubtful: BoolArray
    standard_errors: FloatArray
    has_errors: bool
    kinds: tuple[Kind, ...]
    names: tuple[str, ...]
    whole: Whole | None
    carnot_efficiency: float | None
    energy_unit: str

    @classmethod
    def of(cls, ledger: Ledger) -> Facts:
        """Return the facts of a ledger."""
        data, past, names = ledger.cycles, is_past_recurrence(ledger.cycles), names_of(ledger)
        counted = [name for name, is_past in zip(names, past, strict=True) if not is_past]
        where = {name: [k for k, other in enumerate(names) if other == name and not past[k]] for name in dict.fromkeys(counted)}
        doubtful, excess = _doubt(ledger)
        return cls(
            gives_work=gives_work(data),
            is_reversal=np.asarray(data["mode"].values == "heat reversal"),
            is_past=past,
            is_beyond=beyond_carnot(ledger),
            is_doubtful=doubtful & ~past,
            standard_errors=excess,
            has_errors=not ledger.without_errors,
            kinds=tuple(_kind(ledger, name, places) for name, places in where.items()),
            names=names,
            whole=_whole(ledger),
            carnot_efficiency=ledger.carnot_efficiency if ledger.reference.reservoirs else None,
            energy_unit=ledger.units.get("energy", ""),
        )

    @property
    def n_cycles(self) -> int:
        """The number of cycles."""
        return len(self.names)


def names_of(ledger: Ledger) -> tuple[str, ...]:
    """Return "athermal engine", "thermal engine" or the mode of each cycle."""
    data = ledger.cycles
    pairs = zip(data["mode"].values, data["is_athermal"].values, strict=True)
    return tuple(modes.kind(str(mode), is_athermal=bool(athermal)) for mode, athermal in pairs)


def payers_of(ledger: Ledger, where: list[int]) -> tuple[str, ...]:
    """Return what paid in these cycles, as the column `paid_by` has it; none if it is unknown or nothing did."""
    found = [str(payer) for payer in dict.fromkeys(ledger.cycles["paid_by"].values[where].tolist())]
    return () if "unknown" in found else tuple(payer for payer in found if payer != "none")


def _kind(ledger: Ledger, name: str, where: list[int]) -> Kind:
    data = ledger.cycles.isel(cycle=where)
    gives = bool(gives_work(data)[0])
    eta, work, performance = (data[column].values for column in ("efficiency", "work", "coefficient_of_performance"))
    cools = name == "refrigerator" and not np.any(np.isnan(performance))
    return Kind(
        name,
        tuple(k + 1 for k in where),
        gives,
        gives and bool(data["is_athermal"].values[0]),
        (float(np.min(eta)), float(np.max(eta))) if gives else (np.nan, np.nan),
        float(np.sum(performance * work) / work.sum()) if cools else np.nan,
        float(data["carnot_coefficient"].values[0]) if cools else np.nan,
        float(data["entropic_work"].sum() / work.sum()) if gives else np.nan,
        payers_of(ledger, where),
        _how_surely(ledger, where),
    )


def _how_surely(ledger: Ledger, where: list[int]) -> tuple[float, float] | None:
    if not ledger.has_standard_errors:
        return None
    spent, error = -ledger.cycles["entropic_work"].values[where], ledger.errors["entropic_work"].values[where]
    return (float(np.min(spent / error)), float(np.max(spent / error))) if np.all(error > 0.0) else None


def _doubt(ledger: Ledger) -> tuple[BoolArray, FloatArray]:
    """Return which measured efficiencies are above eta_C, but not significantly, and by how many standard errors each is."""
    if not ledger.has_standard_errors:
        return np.zeros(ledger.n_cycles, dtype=bool), np.full(ledger.n_cycles, np.nan)
    above = above_carnot(ledger)
    has_error = (above.error > 0.0) | (above.carnot_error > 0.0) | bool(above.reason)
    return np.asarray(above.is_above & has_error & ~above.is_significant), above.standard_errors


def _whole(ledger: Ledger) -> Whole | None:
    counted = np.flatnonzero(~is_past_recurrence(ledger.cumulative))
    if not len(counted):
        return None
    n = int(counted[-1]) + 1
    row = ledger.cumulative.isel(cycle=n - 1)
    return Whole(
        n,
        float(row["work_output"]),
        float(row["efficiency"]),
        float(row["entropic_share"]),
        str(row["mode"].item()) not in modes.WITHOUT_WORK,
        bool(row["is_athermal"]),
    )
