"""How well the columns of a ledger are known: by sampling, by resolving continuous baths more finely, or by coarser cut-offs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray
from athermal.thermodynamics import laws, measured

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger
    from athermal.thermodynamics.snapshot import Reference

# Rounding of a difference of two sums over all modes, in units of their size.
_ROUNDING = 4.0 * float(np.finfo(float).eps)
# No column is held to be known better than this share of the error of those that are made of the same amounts.
_SHARE = 0.125
# By how much more errors may be than the change at a single instant.
_FEW = 8.0
# The largest ratio of successive changes whose series is summed.
_SLOWEST = 0.8
CONVERGED = 1e-2
"""The error, in nats or units of the lowest temperature, above which a run with a check of convergence is not converged."""
_COMMON = {
    "energy": ("work", "heat", "energy_change"),
    "nat": ("entropy_change", "mutual_information_change", "reservoir_correlation_change", "athermality_change"),
}
_WITH_ENTROPIES = ("free_energy_change", "entropic_work", "work_by_resource", "refrigeration_cost", "refrigeration_by_resource")
# Heats over temperatures: where T is as good as zero they are as large as 1/T, and known by the heats.
_OVER_TEMPERATURE = ("athermality", "athermality_change", "sigma_total", "sigma_total_change", "sigma_change")
# Of a bath that does not start at its reference temperature these grow with the number of modes: a continuum has none. Their
# changes are columns of their own.
_EXTENSIVE = ("athermality", "sigma_total")
# Columns that are ratios: numerator, and what the denominator is the sum of.
_RATIOS = {
    "efficiency": ("work", ("heat_intake", "energy_intake")),
    "gamma": ("heat_intake", ("heat_intake", "energy_intake")),
    "thermal_efficiency": ("heat", ("heat_intake",)),
    "thermal_share": ("heat", ("work",)),
    "entropic_share": ("entropic_work", ("work",)),
    "coefficient_of_performance": ("heat", ("work",)),
    "coefficient_split": ("refrigeration_cost", ("work",)),
}

# What all other columns are made of.
_TERMS = [
    "work",
    "heat",
    "energy_change",
    "entropy_change",
    "mutual_information_change",
    "system_correlation_change",
    "reservoir_correlation_change",
    "athermality_change",
]


def of(ledger: Ledger, which: str) -> xr.Dataset:
    """Return the error of every column of `cycles` or `cumulative`; nothing if none is known."""
    if ledger.refinement is not None:
        return certified(ledger, which)
    if ledger.uncertainty is not None or (ledger.replicates is not None and ledger.replicates.kind == "bootstrap"):
        return _errors(getattr(ledger, which), measured.standard_error(ledger, which), "standard")
    if ledger.replicates is not None and ledger.replicates.kind == "convergence":
        return converged(ledger, which)
    return jackknife(ledger, which)


def jackknife(ledger: Ledger, which: str) -> xr.Dataset:
    """Return sqrt((n - 1)/n sum_k (x_k - mean x)^2) of every column, x_k with sample k left out (Quenouille, Tukey 1958)."""
    held = ledger.replicates
    if held is None:
        return xr.Dataset()
    n = len(held)
    tables = [getattr(ledger.sibling(held.snapshots.at((slice(None), k)), held.works[:, k]), which) for k in range(n)]

    def error(name: str) -> FloatArray:
        with np.errstate(invalid="ignore"):  # that of what is infinite is unknown
            return np.asarray(np.sqrt((n - 1) * np.var([table[name].values for table in tables], axis=0)))

    return _errors(getattr(ledger, which), error, "standard")


def converged(ledger: Ledger, which: str, only: int | None = None) -> xr.Dataset:
    """Return sum_k f_k |x_k - x| of every column, x_k with the k-th cut-off coarser; or the term of only one of them.

    Where a cut-off is also twice coarser, changes of a ratio r from one to the next go on as a geometric series, whose rest is
    r/(1 - r) times the last change. Other factors f_k are told by the backend (`cutoff_factors`).
    """
    held = ledger.replicates
    if held is None:
        return xr.Dataset()
    fine, names = getattr(ledger, which), list(ledger.provenance.get("cutoffs", ()))
    tables = [getattr(ledger.sibling(held.snapshots.at((slice(None), k)), held.works[:, k]), which) for k in range(len(held))]
    first = [k for k in range(len(held)) if k >= len(names) or names[k] not in names[:k]]
    twice = {k: names.index(names[k], k + 1) for k in first if k < len(names) and names[k] in names[k + 1 :]}
    factors = dict(enumerate(ledger.provenance.get("cutoff_factors", ())))

    def term(name: str, k: int) -> FloatArray:
        if name.startswith("minimal_dissipation"):  # told by the finest only
            return np.full(fine[name].shape, np.nan)
        change = _change(tables[k][name], fine[name])
        factor = factors.get(k, 1.0)
        if k in twice:
            before = float(np.nanmax(_change(tables[twice[k]][name], tables[k][name]), initial=0.0))
            ratio = min(float(np.nanmax(change, initial=0.0)) / before, _SLOWEST) if before > 0.0 else 0.0
            factor = max(factor, ratio / (1.0 - ratio))
        return np.asarray(factor * change)

    def error(name: str) -> FloatArray:
        """Changes pass near zero at times, which says nothing: one counts for the cycle before and all later ones too."""
        changes = np.fmax.accumulate(np.sum([term(name, k) for k in (first if only is None else [only])], axis=0), axis=0)
        return np.concatenate([changes[1:], changes[-1:]])

    return _errors(fine, error, "convergence")


def certified(ledger: Ledger, which: str) -> xr.Dataset:
    """Return by how much every column changed when its continuous baths were refined, plus what the laws' residuals leave open.

    Refinement makes errors smaller many times over, so that the change is that of the coarser run, and bounds the finer one.
    Errors oscillate, and where one happens to pass zero says nothing: a change counts for the cycle before and all later ones,
    and no column is held to be known much better than the others that are made of the same amounts. Ratios have the error that
    follows from their numerators and denominators.
    """
    held = ledger.refinement
    if held is None:
        return xr.Dataset()
    fine, coarse = getattr(ledger, which), getattr(ledger.sibling(held.snapshots, held.works, held.log_partitions), which)
    floors = _floors(ledger, which)
    linear = {
        str(name): _spread(_change(fine[name], coarse[name]))
        for name, values in fine.data_vars.items()
        if values.dtype.kind == "f" and name not in _RATIOS
    }
    enlarged = ledger.reference.cold_enlargement
    amounts = {name: change / enlarged if name in _OVER_TEMPERATURE else change for name, change in linear.items()}
    common = {unit: _common(amounts, names) for unit, names in _COMMON.items()}
    floors["nat"] = floors["nat"] / enlarged
    lowest, highest = ledger.reference.lowest_temperature, ledger.reference.highest_temperature

    def error(name: str) -> FloatArray:
        values, unit = fine[name].values, fine[name].attrs["units"]
        if name in _RATIOS:
            return _ratio_error(name)
        change = linear[name]
        if name.startswith("carnot_") or unit not in ("energy", "nat", "energy/time"):
            return np.where(np.isnan(values), np.nan, change)
        extra = floors["nat"] + _SHARE * common["nat"] if unit == "nat" else floors["energy"] + _SHARE * common["energy"]
        if name in _WITH_ENTROPIES:
            of_entropies = highest if name.startswith("refrigeration_") else lowest
            extra = extra + of_entropies * enlarged * (floors["nat"] + _SHARE * common["nat"])
        if name in _OVER_TEMPERATURE:
            extra = extra * enlarged
        if unit == "energy/time":
            extra = extra / ledger.reference.period
        return np.where(np.isnan(values), np.nan, change + extra.reshape(-1, *[1] * (values.ndim - 1)))

    def _ratio_error(name: str) -> FloatArray:
        """Return (|error of numerator| + |ratio| |error of denominator|) / (|denominator| - |error of denominator|)."""
        numerator, denominators = _RATIOS[name]
        value, best = fine[name].values, 1.0
        if name == "coefficient_split":
            best = float(fine["carnot_coefficient"].values[0])
            value = best - value  # eps_C x cost / W
        top = error(numerator)
        top = best * (np.sum(top, axis=1) if top.ndim > 1 else top)
        below = np.sum([error(part) for part in denominators], axis=0)
        size = np.abs(np.sum([fine[part].values for part in denominators], axis=0)) - below
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(
                np.isnan(value), np.nan, np.where(size > 0.0, (top + np.abs(value) * below) / np.maximum(size, 0.0), np.inf)
            )

    return _errors(fine, error, "certified")


def _spread(change: FloatArray) -> FloatArray:
    """Return the largest change up to the next cycle; that of an unknown is none.

    The error of a cut-off oscillates with a phase of its own: of few instants, all may lie near its zeros.
    """
    change = change * (1.0 + _FEW / len(change) ** 2)
    largest = np.fmax.accumulate(np.nan_to_num(change, nan=0.0, posinf=np.inf), axis=0)
    return np.concatenate([largest[1:], largest[-1:]])


def _common(changes: dict[str, FloatArray], names: tuple[str, ...]) -> FloatArray:
    """Return the largest change of some columns in each cycle."""
    return np.asarray(np.max([changes[name].reshape(len(changes[name]), -1).max(axis=1) for name in names], axis=0))


def difference(one: Ledger, other: Ledger) -> xr.Dataset:
    """Return by how much the terms of the laws differ, cycle by cycle, in two ledgers of one machine."""
    return _errors(one.cycles[_TERMS], lambda name: _change(one.cycles[name], other.cycles[name]), "difference as an")


def _change(a: xr.DataArray, b: xr.DataArray) -> FloatArray:
    # inf in both is no difference
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(a.values == b.values, 0.0, np.abs(a.values - b.values)))


def _floors(ledger: Ledger, which: str) -> dict[str, FloatArray]:
    """Return what rounding and the propagators leave open, by the unit of a column: residuals, and the refinement of steps."""
    table, step = getattr(ledger, which), float(ledger.accuracy.get("step_error", 0.0))
    snapshots, temperatures = ledger.snapshots, ledger.reference.divisors
    # of sums over all modes, and what the defect of a propagator of the whole adds in every cycle (the star backend's maps act
    # on few modes, whose energies are small against the whole)
    cycles = np.arange(1, ledger.n_cycles + 1) if which == "cumulative" else np.ones(ledger.n_cycles)
    rounding = _ROUNDING + 0.5 * float(ledger.accuracy.get("symplectic_defect", 0.0)) * cycles
    of_reservoirs = laws.reservoir_sizes(snapshots, ledger.reference)
    whole = float(np.max(np.sum(of_reservoirs, axis=-1))) + float(np.max(np.sum(np.abs(snapshots.subsystem_energies), axis=-1)))
    work, heats = np.abs(table["work"].values), np.abs(table["heat"].values)
    terms = work + heats.sum(axis=1) + np.abs(table["energy_change"].values).sum(axis=1)
    energy = np.abs(table["residual_first_law"].values) + step * terms + rounding * whole
    second = np.abs(table["residual_second_law"].values)
    # unknown where a reservoir's entropy is; the first law's residual then speaks for both
    second = np.where(np.isnan(second), energy / ledger.reference.energy_unit, second)
    terms = np.abs(table["entropy_change"].values).sum(axis=1) + (heats / temperatures).sum(axis=1)
    whole = float(np.max(np.sum(of_reservoirs / temperatures, axis=-1)))
    return {"energy": energy, "nat": second + step * terms + rounding * whole}


def _errors(table: xr.Dataset, error: Any, kind: str) -> xr.Dataset:
    columns = {
        name: (
            values.dims,
            error(name),
            {"long_name": f"{kind} error of {values.attrs['long_name']}", "units": values.attrs["units"]},
        )
        for name, values in table.data_vars.items()
        if values.dtype.kind == "f" and not str(name).startswith(("residual_", "tolerance_"))
    }
    return xr.Dataset(columns, coords=table.coords)


def largest_by_cycle(errors: xr.Dataset, reference: Reference) -> tuple[FloatArray, list[str]]:
    """Return the largest error of each cycle, in nats or units of the lowest temperature, and the column that has it.

    D_j and Sigma themselves are left out, not so their changes: where a bath starts at another temperature they have no limit.
    """
    scales = {"nat": 1.0, "energy": reference.energy_unit}
    enlarged = reference.cold_enlargement
    names: list[str] = []
    amounts = []
    for name, values in errors.data_vars.items():
        if values.attrs["units"] not in scales or name in _EXTENSIVE:
            continue
        scale = enlarged if name in _OVER_TEMPERATURE else scales[values.attrs["units"]]
        table = np.nan_to_num(values.values, nan=0.0) / scale
        labels = [f"[{label}]" for label in values[values.dims[1]].values] if values.ndim > 1 else [""]
        names += [f"{name}{label}" for label in labels]
        amounts.append(table.reshape(len(table), -1))
    together = np.concatenate(amounts, axis=1)
    return np.max(together, axis=1), [names[k] for k in np.argmax(together, axis=1)]


def worst(ledger: Ledger) -> tuple[float, str]:
    """Return the largest error of a ledger, in nats or units of the lowest temperature, and where it is."""
    tables = {"": ledger.errors, ", since the start": ledger.cumulative_errors}
    return max(_worst(ledger, errors, since) for since, errors in tables.items())


def _worst(ledger: Ledger, errors: xr.Dataset, since: str = "") -> tuple[float, str]:
    by_cycle, columns = largest_by_cycle(errors, ledger.reference)
    k = int(np.argmax(by_cycle))
    return float(by_cycle[k]), f"{columns[k]} in cycle {k + 1}{since}"


def by_cutoff(ledger: Ledger) -> dict[str, float]:
    """Return the largest change, in a cycle or since the start, if each of the method's cut-offs is coarser.

    Empty without a check of convergence.
    """
    names = list(ledger.provenance.get("cutoffs", ())) if ledger.replicates is not None else []
    return {
        name: max(_worst(ledger, converged(ledger, which, names.index(name)))[0] for which in ("cycles", "cumulative"))
        for name in dict.fromkeys(names)
    }


def certificate(ledger: Ledger) -> str:
    """Return a sentence on the certified or convergence errors of a run, "" if it has none."""
    if ledger.refinement is not None:
        error, where = worst(ledger)
        return (
            f"Certified by refining the continuous baths: no entropy (in nats; D_j and Sigma by their changes) or energy (in "
            f"units of the lowest temperature) is off by more than {error:.1e} ({where})."
        )
    if names := ledger.provenance.get("cutoffs", ()):
        error, where = worst(ledger)
        cutoffs, changes = " and ".join(dict.fromkeys(names)), "entropy (in nats; D_j and Sigma by their changes) or energy (in"
        if not error <= CONVERGED:
            return (
                f"Not converged in {cutoffs}: some {changes} units of the lowest temperature) may be off by {error:.1e} "
                f"({where}), as its changes say if each is made coarser."
            )
        return (
            f"Converged in {cutoffs}: no {changes} units of the lowest temperature) is off by more than {error:.1e} ({where}), "
            "as its changes say if each is made coarser."
        )
    return ""
