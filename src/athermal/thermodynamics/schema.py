"""The one table of columns: what each is called, its unit, its dimensions, its symbol, and the law that gives it.

Data sets, files, tables, labels, the command line and the documentation read it; a new column is one entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from athermal.thermodynamics import laws
from athermal.thermodynamics.column import Column, Heading, Made, ends, ends_of
from athermal.thermodynamics.extras import OF_PARTICLES, TOLD
from athermal.thermodynamics.interval import Interval
from athermal.thermodynamics.performance import FUEL, PERFORMANCE
from athermal.thermodynamics.snapshot import Reference, Snapshot

_SUBSYSTEM, _RESERVOIR = ("subsystem",), ("reservoir",)


def _state(
    name: str,
    long_name: str,
    at: Callable[[Snapshot, Reference], Any],
    dims: tuple[str, ...] = (),
    *,
    symbol: str,
    change: str,
    over: Callable[[Interval], Any] | None = None,
    word: str = "",
    is_over_temperature: bool = False,
    is_change_compared: bool = False,
) -> tuple[Column, Column]:
    """Return a state function in nats, told at instants and at the end of intervals, and its change, shown as `change`."""
    heading = Heading(change)

    def end(interval: Interval) -> Any:
        return at(interval.b, interval.reference)

    def difference(interval: Interval) -> Any:
        return end(interval) - at(interval.a, interval.reference)

    # what is of heats over temperatures refers to the reservoirs' thermal states, which a continuum may be far from for ever
    made = Made(is_over_temperature=is_over_temperature, is_extensive=is_over_temperature)
    return (
        Column(name, long_name, "nat", dims, end, at, symbol, word, is_compared=not is_change_compared, made=made),
        Column(
            f"{name}_change",
            change.replace("[%]", "_j"),
            "nat",
            dims,
            over or difference,
            symbol=rf"\Delta {symbol}",
            heading=heading,
            is_compared=is_change_compared,
            made=Made(is_over_temperature=is_over_temperature),
        ),
    )


def _checked(law: str, long_name: str, unit: str) -> tuple[Column, Column]:
    """Return by how much a law is missed, and by how much it may be."""
    return (
        Column(f"tolerance_{law}", f"what residual_{law} may be", "", over=lambda i: i.tolerances[law], checks=law),
        Column(f"residual_{law}", long_name, unit, over=lambda i: i.residuals[law], checks=law),
    )


_INSTANTS = (
    Column(
        "subsystem_energy",
        "energy U_i of subsystem i, its contacts included",
        "energy",
        _SUBSYSTEM,
        at=lambda s, _: s.subsystem_energies,
        symbol="U_{%}",
    ),
    Column(
        "reservoir_energy",
        "energy E_j of reservoir j",
        "energy",
        _RESERVOIR,
        at=lambda s, _: s.reservoir_energies,
        symbol="E_{%}",
    ),
    Column(
        "subsystem_entropy",
        "entropy S(rho_i) of subsystem i",
        "nat",
        _SUBSYSTEM,
        at=lambda s, _: s.subsystem_entropies,
        symbol="S_{%}",
    ),
    Column(
        "reservoir_entropy",
        "entropy S(rho_j) of reservoir j",
        "nat",
        _RESERVOIR,
        at=lambda s, _: s.reservoir_entropies,
        symbol="S_{%}",
    ),
    Column(
        "system_entropy",
        "entropy S(rho_S) of all subsystems together",
        "nat",
        at=lambda s, _: s.system_entropy,
        symbol=r"S(\rho_S)",
    ),
    Column(
        "reservoirs_entropy",
        "entropy S(rho_R) of all reservoirs together",
        "nat",
        at=lambda s, _: s.reservoirs_entropy,
        symbol=r"S(\rho_R)",
    ),
    Column("total_entropy", "entropy S(rho_SR) of the whole", "nat", at=lambda s, _: s.total_entropy, symbol=r"S(\rho_{SR})"),
    Column(
        "free_energy",
        "free energy F_i = U_i - T_min S_i of subsystem i",
        "energy",
        _SUBSYSTEM,
        at=laws.free_energy,
        symbol="F_{%}",
    ),
)

_ENERGIES = (
    Column("work", "work W done on the machine", "energy", over=lambda i: i.work, symbol="W", word="work", is_compared=True),
    Column(
        "drive_work",
        "work W_drive of the drives, W less the chemical work",
        "energy",
        over=lambda i: i.work - laws.chemical_work(i.a, i.b, i.reference),
        symbol=r"W_{\mathrm{drive}}",
        word="work of the drives",
        extra="particles",
        where=OF_PARTICLES,
    ),
    Column(
        "chemical_work",
        "chemical work W_chem = -sum mu_j dN_j",
        "energy",
        over=ends_of(laws.chemical_work),
        symbol=r"W_{\mathrm{chem}}",
        word="chemical work",
        extra="particles",
        where=OF_PARTICLES,
    ),
    Column(
        "work_output",
        "work output -W",
        "energy",
        over=lambda i: -i.work,
        symbol="-W",
        word="work output",
        heading=Heading("work out"),
    ),
    Column(
        "power",
        "power -W/tau",
        "energy/time",
        over=lambda i: -i.work / (i.b.time - i.a.time),
        symbol=r"-W/\tau",
        word="power",
    ),
    Column(
        "heat",
        "heat Q_j absorbed by reservoir j",
        "energy",
        _RESERVOIR,
        ends_of(laws.heat),
        symbol="Q_{%}",
        word="heat",
        is_compared=True,
        heading=Heading("heat from %", sign=-1.0),
    ),
    Column(
        "energy_change",
        "energy change dU_i",
        "energy",
        _SUBSYSTEM,
        ends(laws.energy_change),
        symbol=r"\Delta U_{%}",
        word="energy change",
        is_compared=True,
        heading=Heading("dU", is_total=True),
    ),
    Column(
        "entropy_change",
        "entropy change dS_i",
        "nat",
        _SUBSYSTEM,
        ends(laws.entropy_change),
        symbol=r"\Delta S_{%}",
        word="entropy change",
        is_compared=True,
    ),
    Column(
        "free_energy_change",
        "free energy change dF_i, F_i = U_i - T_min S_i",
        "energy",
        _SUBSYSTEM,
        lambda i: laws.free_energy(i.b, i.reference) - laws.free_energy(i.a, i.reference),
        symbol=r"\Delta F_{%}",
        made=Made(has_entropies_at="lowest"),
        word="free energy change",
    ),
    Column(
        "heat_intake", "heat intake Q_in", "energy", over=lambda i: i.heat_intake, symbol=r"Q_{\mathrm{in}}", word="heat intake"
    ),
    Column(
        "energy_intake",
        "energy intake dU_in",
        "energy",
        over=ends(laws.energy_intake),
        symbol=r"\Delta U_{\mathrm{in}}",
        word="energy intake",
    ),
)

_ENTROPIES = (
    *_state(
        "sigma_total",
        "Sigma = I + C(S) + C(R) + sum D_j",
        laws.sigma_total,
        symbol=r"\Sigma",
        change="dSigma",
        over=ends_of(laws.sigma_total_change),
        is_change_compared=True,
        is_over_temperature=True,
    ),
    Column(
        "entropic_work",
        "T_min dsigma = T_min dSigma + sum dF_i",
        "energy",
        over=ends_of(laws.entropic_work),
        made=Made(has_entropies_at="lowest"),
        symbol=r"T_{\min}\,\Delta\sigma",
    ),
    Column(
        "sigma_change",
        "dsigma",
        "nat",
        over=ends_of(laws.sigma_change),
        symbol=r"\Delta\sigma",
        made=Made(is_over_temperature=True),
    ),
    *_state(
        "mutual_information",
        "mutual information I(S,R)",
        lambda s, _: laws.mutual_information(s),
        symbol="I(S,R)",
        change="dI(S,R)",
    ),
    *_state(
        "system_correlation",
        "correlation C(S) among the subsystems",
        lambda s, _: laws.system_correlation(s),
        symbol="C(S)",
        change="dC(S)",
    ),
    *_state(
        "reservoir_correlation",
        "correlation C(R) among the reservoirs",
        lambda s, _: laws.reservoir_correlation(s),
        symbol="C(R)",
        change="dC(R)",
    ),
    *_state(
        "athermality",
        "athermality D_j",
        laws.athermality,
        _RESERVOIR,
        symbol="D_{%}",
        change="dD[%]",
        over=ends_of(laws.athermality_change),
        is_over_temperature=True,
        word="athermality",
    ),
)

_WORDS = (
    Column("mode", "mode of operation", over=lambda i: i.mode, heading=Heading("mode"), holds="words"),
    Column("is_athermal", "dsigma < 0", over=lambda i: i.is_athermal, holds="flags"),
    Column(
        "is_past_recurrence",
        "past the recurrence time of a finite bath, whose size shows",
        over=lambda i: i.is_past_recurrence,
        holds="flags",
    ),
    Column(
        "paid_by",
        "what paid: work put in, heat (thermal engine), or the kind of entropic resource that gave most (athermal)",
        over=lambda i: i.paid_by,
        heading=Heading("paid by"),
        holds="words",
    ),
)

_CHECKS = (
    *_checked("first_law", "W - (sum Q_j + sum dU_i)  (S1)", "energy"),
    *_checked("second_law", "sum dS_i + sum Q_j/T_j - dSigma  (S14)", "nat"),
    *_checked("work_split", "W - (sum eta_j Q_j + T_min dsigma)  (S18)", "energy"),
    *_checked("efficiency", "difference of the two forms of eta  (S19)", "1"),
    Column("is_violated", "a residual is above its tolerance", over=lambda i: i.is_violated, holds="flags"),
)

COLUMNS: dict[str, Column] = {
    column.name: column for column in (*_INSTANTS, *_ENERGIES, *_ENTROPIES, *TOLD, *PERFORMANCE, *FUEL, *_WORDS, *_CHECKS)
}
"""Every column by name, in the order of data sets and tables."""


def of_intervals() -> dict[str, Column]:
    """Return the columns of `cycles`, `cumulative` and `samples`: the names that a ledger knows."""
    return {name: column for name, column in COLUMNS.items() if column.is_of_intervals}


def of_instants() -> dict[str, Column]:
    """Return the columns of `instants`."""
    return {name: column for name, column in COLUMNS.items() if column.is_of_instants}


def extras() -> dict[str, Column]:
    """Return what a snapshot may hold beyond what every backend tells, `Snapshot.extras`: the column of each at instants."""
    return {column.extra: column for column in COLUMNS.values() if column.extra and column.is_of_instants}


def compared(names: Container[Any]) -> list[str]:
    """Return which of some columns are shown where backends are compared."""
    return [name for name, column in COLUMNS.items() if column.is_compared and name in names]


def made(name: str) -> Made:
    """Return what a column is made of; of a name that is none, nothing is known."""
    return COLUMNS[name].made if name in COLUMNS else Made()


def checks(name: str) -> str:
    """Return which law a column checks: by how much it is missed, or may be; "" of all others."""
    return COLUMNS[name].checks if name in COLUMNS else ""
