"""What one run gives by every definition of work and heat in use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal import _validate
from athermal._numbers import ratio
from athermal._types import FloatArray
from athermal.errors import StudyError
from athermal.thermodynamics import latex, laws
from athermal.thermodynamics.definitions import definitions, entropy_production, interaction_energy, switching_work
from athermal.thermodynamics.export import Tables, columns_by_name, frame_of
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.table import Cells, format_table

if TYPE_CHECKING:
    import pandas as pd

KEPT, SPENT, APPARENT, BROKEN, UNKNOWN = "kept", "resources spent", "apparent violation", "broken", "unknown"
"""What a definition makes of the second law in an interval; see `DefinitionComparison`."""

# A sampled number is negative if it is so by more than this many standard errors: 95 percent.
_STANDARD_ERRORS = 2.0
_LONG_NAMES = {
    "work": ("work W by this definition", "energy"),
    "heat": ("heat Q_j absorbed by reservoir j by this definition", "energy"),
    "total_heat": ("sum of the heats", "energy"),
    "energy_change": ("energy change dU of all subsystems together", "energy"),
    "heat_intake": ("heat intake Q_in", "energy"),
    "energy_intake": ("energy intake dU_in", "energy"),
    "efficiency": ("efficiency -W/(Q_in + dU_in)", "1"),
    "entropy_production": ("sum dS_i + sum Q_j/T_j", "nat"),
    "residual_first_law": ("W - sum Q_j - dU", "energy"),
    "second_law": ("whether sum dS_i + sum Q_j/T_j is negative, and whether dSigma is", ""),
}


@dataclass(frozen=True, eq=False)
class DefinitionComparison:
    """One run by every definition of work and heat; made by `compare_definitions`. `print` it to read it.

    Parameters
    ----------
    cycles, cumulative : xarray.Dataset
        Per cycle, and from time zero to the end of each cycle, by `definition`: `work`, `heat` (by `reservoir`), `total_heat`,
        `energy_change`, `heat_intake`, `energy_intake`, `efficiency`, `entropy_production` (sum_i dS_i + sum_j Q_j/T_j),
        `residual_first_law` and `second_law`; and `sigma_total_change` and `carnot_efficiency`, which need no definition.
        `second_law` is "kept" where the entropy production is not negative; "resources spent" where it is, and dSigma too:
        stored correlations or athermality paid; "apparent violation" where it is negative though dSigma is not: the sign is
        the definition's doing; "broken" where dSigma is negative though the baths of the master equation have no memory that
        could pay. It is "unknown" where the heat is.
    errors, cumulative_errors : xarray.Dataset
        Of a run whose state was sampled, or of measured numbers: one standard error (`attrs["kind"]` "standard"). Of one with
        certified baths or coarser cut-offs: a bound by how much they change ("refinement"). Empty otherwise.
    remarks : tuple of str
    share : float

    Examples
    --------
    >>> import athermal as at
    >>> found = at.compare_definitions(at.run(at.library.two_oscillator(modes=12), cycles=1))
    >>> found.cycles.heat.sizes["definition"]
    6
    """

    cycles: xr.Dataset
    cumulative: xr.Dataset
    errors: xr.Dataset
    cumulative_errors: xr.Dataset
    remarks: tuple[str, ...]
    share: float

    @property
    def names(self) -> tuple[str, ...]:
        """The definitions of which anything is known."""
        known = ~np.isnan(self.cycles["total_heat"].values).all(axis=1)
        return tuple(str(name) for name in self.cycles["definition"].values[known])

    def rows(self, *, cumulative: bool = False) -> list[list[str]]:
        """Return a header and a row of text for each cycle and definition."""
        data, errors = (self.cumulative, self.cumulative_errors) if cumulative else (self.cycles, self.errors)
        baths = [f"heat from {name}" for name in data["reservoir"].values]
        rows = [["cycle", "definition", "work out", *baths, "dU", "eta", "Carnot", "dS + Q/T", "second law"]]
        known = data.sel(definition=list(self.names))
        blocks = {
            "energy": Cells.of(*(known[name].values for name in ("work", "heat", "energy_change"))),
            "nat": Cells.of(known["entropy_production"].values),
        }
        for cycle in data["cycle"].values:
            for name in self.names:
                row = data.sel(cycle=cycle, definition=name)
                # Errors by refinement are far below the digits shown.
                spread = errors.sel(cycle=cycle, definition=name) if errors.attrs.get("kind") == "standard" else None
                roundings = (row["energy_rounding"].item(), row["entropy_rounding"].item())
                rows.append([_range(int(cycle), cumulative=cumulative), name, *_cells(row, spread, blocks, roundings)])
        return rows

    def __str__(self) -> str:
        """Return a table of every cycle, one of the whole run, and the remarks."""
        parts = [format_table(self.rows())]
        if self.cycles.sizes["cycle"] > 1:
            last = len(self.names)
            whole = self.rows(cumulative=True)
            parts.append(format_table([whole[0], *whole[-last:]]))
        return "\n\n".join([*parts, "\n".join(self.remarks)])

    def __repr__(self) -> str:
        """Return what it is in one line."""
        return f"<DefinitionComparison: {self.cycles.sizes['cycle']} cycles by {', '.join(self.names)}>"

    def save(self, path: str | Path) -> Path:
        """Write all tables to a file and return its path; its ending chooses the format.

        A .nc file has the groups /cycles, /cumulative and, where there are errors, theirs. A .csv or .parquet file holds
        `to_dataframe()`, an .xlsx file that and the table from time zero, a .json file all, and a .tex file what is printed.

        Raises
        ------
        FileFormatError
            If the path ends otherwise, or cannot be written to.
        """
        return Tables(
            "The comparison",
            frame=self.to_dataframe,
            sheets=lambda: {"cycles": self.to_dataframe(), "cumulative": self.to_dataframe(cumulative=True)},
            document=self._document,
            text=lambda: latex.printed(self.rows()),
            netcdf=self._tree,
        ).save(Path(path))

    def to_dataframe(self, *, cumulative: bool = False) -> pd.DataFrame:
        """Return a pandas data frame with a row for each cycle by each definition, what belongs to a reservoir as heat[hot]."""
        data, errors = (self.cumulative, self.cumulative_errors) if cumulative else (self.cycles, self.errors)
        return frame_of(data, ["cycle", "definition"], errors)

    def _document(self) -> dict[str, Any]:
        tables = {"cycles": self.cycles, "cumulative": self.cumulative}
        by_name = {
            table: {name: columns_by_name(data.sel(definition=name)) for name in self.names} for table, data in tables.items()
        }
        return {"share": self.share, **by_name, "remarks": list(self.remarks)}

    def _tree(self) -> xr.DataTree:
        groups = {"/cycles": self.cycles, "/cumulative": self.cumulative}
        if self.errors:
            groups |= {"/errors": self.errors, "/cumulative_errors": self.cumulative_errors}
        tree = xr.DataTree.from_dict(groups)
        tree.attrs = {"share": self.share, "remarks": json.dumps(self.remarks)}
        return tree


def compare_definitions(ledger: Ledger, *, share: float = 0.5) -> DefinitionComparison:
    """Return what a run gives by every definition of work and heat in use, side by side.

    With E_j = <H_j>, the interaction energy V_j of reservoir j with the subsystems, and H_S of the subsystems alone:

    - "bath energy", the ledger's own: Q_j = dE_j, U = <H_S> + sum_j V_j;
    - "interaction shared": Q_j = dE_j + share dV_j, U = <H_S> + (1 - share) sum_j V_j;
    - "bath and interaction": Q_j = dE_j + dV_j, U = <H_S>;
    - "system energy": W = int <dH_S/dt> dt, U = <H_S>, Q_j = dE_j + dV_j less the work of switching the coupling to j;
    - "minimal dissipation": U = Tr(K_S rho_S), the heat of all reservoirs together, where the backend knows K_S;
    - "bath quanta": Q_j = the quanta that bath j counts, of a master equation of jumps (Lindblad, FloquetMarkov).

    For each, W = sum_j Q_j + dU. Only "bath energy" has sum_i dS_i + sum_j Q_j/T_j = dSigma exactly. U is that of all
    subsystems together. See `athermal.thermodynamics.definitions` for equations and sources.

    Parameters
    ----------
    ledger : Ledger
    share : float
        What part of V_j is the reservoir's in "interaction shared", 0 to 1.

    Returns
    -------
    DefinitionComparison

    Raises
    ------
    StudyError
        If it is not a ledger, or the share is not between 0 and 1.

    Examples
    --------
    >>> import athermal as at
    >>> found = at.compare_definitions(at.run(at.library.two_oscillator(modes=12), cycles=1))
    >>> found.cycles.second_law.sel(definition="bath energy").item()
    'kept'
    """
    if not isinstance(ledger, Ledger):
        raise StudyError(f"`ledger` of a comparison must be a Ledger, as athermal.run returns, but is {ledger!r}.")
    share = _validate.real(share, "share", "a comparison of definitions")
    if not 0.0 <= share <= 1.0:
        raise StudyError(f"`share` of a comparison of definitions must be 0 to 1, but is {share}.")
    errors, cumulative_errors = (_errors(ledger, which, share) for which in ("cycles", "cumulative"))
    cycles = _table(ledger, "cycles", share, errors)
    cumulative = _table(ledger, "cumulative", share, cumulative_errors)
    remarks = _remarks(ledger, cycles)
    return DefinitionComparison(cycles, cumulative, errors, cumulative_errors, remarks, share)


def _amounts(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference, share: float) -> dict[str, FloatArray]:
    """Return each column, the definitions along a new first axis."""
    balances = [definition(work, a, b, ref) for definition in definitions(share).values()]
    found = {
        "work": [balance.work for balance in balances],
        "heat": [balance.heat for balance in balances],
        "total_heat": [balance.total_heat for balance in balances],
        "energy_change": [balance.energy_change for balance in balances],
        "heat_intake": [balance.heat_intake for balance in balances],
        "energy_intake": [balance.energy_intake for balance in balances],
        "efficiency": [balance.output_over_intake for balance in balances],
        "entropy_production": [entropy_production(balance, a, b, ref) for balance in balances],
        "residual_first_law": [balance.residual for balance in balances],
    }
    return {name: np.stack(values) for name, values in found.items()}


def _table(ledger: Ledger, which: str, share: float, errors: xr.Dataset) -> xr.Dataset:
    spans = ledger.spans(which)
    a, b = spans.ends(ledger.snapshots)
    own = getattr(ledger, which)
    amounts = _amounts(spans.sums(ledger.works), a, b, ledger.reference, share)
    energies, nats = ledger.rounding_of(which)
    gives = amounts["work"] < -energies  # work at rounding is none
    amounts["efficiency"] = np.where(
        gives & (amounts["heat_intake"] + amounts["energy_intake"] > energies), amounts["efficiency"], np.nan
    )
    added = np.abs([interaction_energy(a), interaction_energy(b), switching_work(a, b)]) / ledger.reference.divisors
    allowed = own["tolerance_second_law"].values + ledger.rounding * np.nansum(added, axis=(0, -1))
    if errors:
        factor = _STANDARD_ERRORS if errors.attrs["kind"] == "standard" else 1.0
        allowed = allowed + factor * np.nan_to_num(errors["entropy_production"].values)
    produced = amounts["entropy_production"]
    cold = bool(np.any(ledger.reference.is_cold))
    less = ledger.breaks_second_law(a, b) if cold else laws.entropy_production(a, b, ledger.reference) < -allowed
    is_broken = bool(ledger.memoryless) & (less | (laws.second_law_deficit(a, b) > 0.0))
    spent = np.where(is_broken, BROKEN, SPENT)
    verdict = np.where(own["sigma_total_change"].values < -allowed, spent, APPARENT)
    verdict = np.where(produced >= -allowed, KEPT, verdict)
    columns: dict[str, Any] = dict(amounts) | {"second_law": np.where(np.isnan(produced), UNKNOWN, verdict)}
    told = {
        "energy_rounding": ("cycle", energies, {"long_name": "energies up to this are rounding", "units": "energy"}),
        "entropy_rounding": ("cycle", nats, {"long_name": "entropies up to this are rounding", "units": "nat"}),
    }
    return _dataset(columns, own, share).assign(
        {name: own[name].reset_coords(drop=True) for name in ("sigma_total_change", "carnot_efficiency")} | told
    )


def _dataset(columns: dict[str, Any], own: xr.Dataset, share: float) -> xr.Dataset:
    """Return columns by definition and cycle with their labels."""
    return xr.Dataset(
        {
            name: (
                ("definition", "cycle", *(("reservoir",) if name == "heat" else ())),
                values,
                {"long_name": _LONG_NAMES[name][0], "units": _LONG_NAMES[name][1]},
            )
            for name, values in columns.items()
        },
        coords={"definition": list(definitions(share)), **{n: own[n] for n in ("cycle", "time", "reservoir", "temperature")}},
    )


def _errors(ledger: Ledger, which: str, share: float) -> xr.Dataset:
    """Return how well each column is known, as the ledger's own are; nothing of numbers without errors."""

    def amounts(works: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> dict[str, FloatArray]:
        found = {name: np.moveaxis(values, 0, 1) for name, values in _amounts(works, a, b, ref, share).items()}
        del found["residual_first_law"]
        return found

    if not ledger.confidence.has_errors:
        return xr.Dataset()
    spans = ledger.spans(which)
    own = amounts(spans.sums(ledger.works), *spans.ends(ledger.snapshots), ledger.reference)
    spread = ledger.spread(amounts, which)
    known = {name: np.moveaxis(np.where(np.isnan(own[name]), np.nan, values), 0, 1) for name, values in spread.items()}
    kind = "standard" if ledger.has_standard_errors else "refinement"
    return _dataset(known, getattr(ledger, which), share).assign_attrs(kind=kind)


def _remarks(ledger: Ledger, cycles: xr.Dataset) -> tuple[str, ...]:
    """Return what a reader must know beside the numbers."""
    known, ref = ledger.snapshots.extras, ledger.reference
    remarks = ["Only by bath energy is dS + Q/T, the left side of the second law, dSigma exactly, whatever the start."]
    apparent = cycles["definition"].values[(cycles["second_law"].values == APPARENT).any(axis=1)]
    if len(apparent):
        remarks.append(
            f"By {_listed(apparent)} it is negative in some cycles although dSigma is not: the definition leaves energy of the "
            "coupling out of the heat, and the second law is not violated."
        )
    if ledger.memoryless:
        remarks.append(
            "A master equation neglects V_j: its heat is the energy that the subsystems lose, and stands for bath energy and "
            "system energy alike."
        )
    elif ref.reservoirs and ("interaction_energy" not in known or np.all(np.isnan(known["interaction_energy"]))):
        remarks.append(
            "The interaction energies V_j are not in this ledger: it comes from data, or from a backend that does not tell them. "
            "athermal.run with Dense, Star, DensityMatrix, StateVectors or HEOM tells them."
        )
    elif "switching_work" not in known or np.all(np.isnan(known["switching_work"])):
        remarks.append("System energy is unknown: the work of switching the couplings is not in this ledger.")
    if "minimal_dissipation_heat" not in known:
        remarks.append(
            "Minimal dissipation is unknown: it needs the effective Hamiltonian K_S of the subsystems' exact master equation. "
            "HEOM(minimal_dissipation=True) tells it."
        )
    elif len(ref.reservoirs) > 1:
        remarks.append("The heat of minimal dissipation is that of all reservoirs together, and unknown reservoir by reservoir.")
    if len(ref.subsystems) > 1:
        remarks.append(
            "dU and eta take the subsystems together, which all definitions can; the ledger's own eta counts dU_in subsystem by "
            "subsystem."
        )
    return tuple(remarks)


def _listed(names: Any) -> str:
    *first, last = map(str, names)
    return f"{', '.join(first)} and {last}" if first else last


def _range(cycle: int, *, cumulative: bool) -> str:
    return f"1-{cycle}" if cumulative and cycle > 1 else str(cycle)


def _cells(row: xr.Dataset, errors: xr.Dataset | None, blocks: dict[str, Cells], roundings: tuple[float, float]) -> list[str]:
    """Return the cells of one cycle by one definition."""
    energies, nats = roundings

    def cell(name: str, block: str, rounding: float, sign: float = 1.0) -> str:
        return blocks[block].cell(sign * row[name].item(), None if errors is None else errors[name].item(), rounding)

    spreads = [None] * row["heat"].size if errors is None else errors["heat"].values.tolist()
    pairs = zip(row["heat"].values.tolist(), spreads, strict=True)
    heats = [blocks["energy"].cell(-value, spread, energies) for value, spread in pairs]
    eta = row["efficiency"].item()
    shown = "-" if np.isnan(eta) else ratio(eta, None if errors is None else errors["efficiency"].item())
    return [
        cell("work", "energy", energies, -1.0),
        *heats,
        cell("energy_change", "energy", energies),
        shown,
        ratio(row["carnot_efficiency"].item()),
        cell("entropy_production", "nat", nats),
        str(row["second_law"].item()),
    ]
