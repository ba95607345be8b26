"""The data sets of a ledger: the one place where the laws become columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray, IntArray
from athermal.thermodynamics import laws, modes, payers, violations
from athermal.thermodynamics.columns import attributes, in_units
from athermal.thermodynamics.snapshot import EXTRAS, Reference, Snapshot

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger

Columns = dict[str, tuple[Any, Any]]
"""Dimensions and values by name."""


def instants(ledger: Ledger) -> xr.Dataset:
    """Return the energies and entropies themselves at each sampled instant, the start included."""
    s, ref = ledger.snapshots, ledger.reference
    index = ("instant",)
    data = {
        "subsystem_energy": ((*index, "subsystem"), s.subsystem_energies, "U_i", "energy"),
        "reservoir_energy": ((*index, "reservoir"), s.reservoir_energies, "E_j", "energy"),
        "subsystem_entropy": ((*index, "subsystem"), s.subsystem_entropies, "S(rho_i)", "nat"),
        "reservoir_entropy": ((*index, "reservoir"), s.reservoir_entropies, "S(rho_j)", "nat"),
        "system_entropy": (index, s.system_entropy, "S(rho_S)", "nat"),
        "reservoirs_entropy": (index, s.reservoirs_entropy, "S(rho_R)", "nat"),
        "total_entropy": (index, s.total_entropy, "S(rho_SR)", "nat"),
        "mutual_information": (index, laws.mutual_information(s), "I(S,R)", "nat"),
        "system_correlation": (index, laws.system_correlation(s), "C(S)", "nat"),
        "reservoir_correlation": (index, laws.reservoir_correlation(s), "C(R)", "nat"),
        "athermality": ((*index, "reservoir"), laws.athermality(s, ref), "D_j", "nat"),
        "sigma_total": (index, laws.sigma_total(s, ref), "Sigma", "nat"),
        "free_energy": ((*index, "subsystem"), laws.free_energy(s, ref), "F_i = U_i - T_min S_i", "energy"),
    }
    for name, values in s.extras.items():
        extra = EXTRAS[name]
        data[name] = ((*index, *extra.dims), values, extra.long_name, extra.units)
    return xr.Dataset(
        {
            name: (dims, values, {"long_name": label, "units": in_units(unit, ledger.units)})
            for name, (dims, values, label, unit) in data.items()
        },
        coords={
            "instant": np.arange(len(s.time)),
            "time": (index, s.time),
            "subsystem": list(ref.subsystems),
            "reservoir": list(ref.reservoirs),
            "temperature": (("reservoir",), ref.temperatures, {"units": in_units("energy", ledger.units)}),
            **({} if ref.temperature_errors is None else {"temperature_error": (("reservoir",), ref.temperature_errors)}),
            "log_partition": (("reservoir",), ref.log_partitions),
            **({} if ref.ground_energies is None else {"ground_energy": (("reservoir",), ref.ground_energies)}),
            **_labels(ledger),
        },
    )


def _labels(ledger: Ledger) -> dict[str, list[str]]:
    """Return the labels of dimensions that not every run has."""
    ref = ledger.reference
    return {
        **({"counter": list(ref.counters)} if ref.counters else {}),
        **({"observable": list(ref.observables)} if ref.observables else {}),
        **({"pair": list(ref.pairs)} if "logarithmic_negativity" in ledger.snapshots.extras else {}),
    }


def between(
    ledger: Ledger,
    a: Snapshot,
    b: Snapshot,
    work: FloatArray,
    noise: FloatArray,
    dim: str,
    labels: IntArray,
    *,
    with_words: bool = True,
) -> xr.Dataset:
    """Return the columns of intervals from the snapshots `a` to `b` with the work in between, along the dimension `dim`.

    `noise` is what the first law may be missed by for the errors of measured numbers.
    """
    ref, resolution = ledger.reference, ledger.energy_rounding(a, b)
    columns = {**_energies(a, b, work, resolution, ref, dim), **_entropies(a, b, ref, dim)}
    if with_words:
        columns |= _words(ledger, a, b, columns, resolution, dim)
    columns |= residuals(ledger, a, b, work, resolution, noise, dim)
    return xr.Dataset(
        {name: (dims, values, attributes(name, ledger.units)) for name, (dims, values) in columns.items()},
        coords={
            dim: labels,
            "time": (dim, b.time),
            "subsystem": list(ref.subsystems),
            "reservoir": list(ref.reservoirs),
            "temperature": (("reservoir",), ref.temperatures, {"units": in_units("energy", ledger.units)}),
            **({} if ref.temperature_errors is None else {"temperature_error": (("reservoir",), ref.temperature_errors)}),
            "resource": list(laws.resource_names(ref)),
            **_labels(ledger),
        },
    )


def _energies(a: Snapshot, b: Snapshot, work: FloatArray, resolution: FloatArray, ref: Reference, dim: str) -> Columns:
    """Return the columns of energies and of their ratios, undefined where what one divides by is rounding."""

    def over(divisor: FloatArray, ratio: FloatArray) -> FloatArray:
        return np.where(np.abs(divisor) > resolution, ratio, np.nan)

    i, j, r = (dim, "subsystem"), (dim, "reservoir"), (dim, "resource")
    heats, intake = laws.heat(a, b), laws.heat_intake(a, b)
    cold = np.sum(heats[:, laws.coldest(ref.temperatures)], axis=-1)
    cooled = np.where((work > 0.0) & (cold < 0.0), np.minimum(work, -cold), 0.0)  # both beyond rounding, or no COP
    return {
        "work": (dim, work),
        "work_output": (dim, -work),
        "power": (dim, -work / (b.time - a.time)),
        "heat": (j, heats),
        "energy_change": (i, laws.energy_change(a, b)),
        "entropy_change": (i, laws.entropy_change(a, b)),
        "free_energy_change": (i, laws.free_energy(b, ref) - laws.free_energy(a, ref)),
        "sigma_total": (dim, laws.sigma_total(b, ref)),
        "sigma_total_change": (dim, laws.sigma_total_change(a, b, ref)),
        "entropic_work": (dim, laws.entropic_work(a, b, ref)),
        "sigma_change": (dim, laws.sigma_change(a, b, ref)),
        "heat_intake": (dim, intake),
        "energy_intake": (dim, laws.energy_intake(a, b)),
        "efficiency": (dim, over(np.minimum(work, 0.0), laws.efficiency(work, a, b))),
        "carnot_efficiency": (dim, np.full(len(work), laws.carnot_efficiency(ref))),
        "thermal_efficiency": (dim, over(intake, laws.thermal_efficiency(a, b, ref))),
        "gamma": (dim, over(intake, laws.gamma(a, b))),
        "thermal_share": (dim, over(work, laws.thermal_share(work, a, b, ref))),
        "entropic_share": (dim, over(work, laws.entropic_share(work, a, b, ref))),
        "work_by_resource": (r, laws.work_by_resource(a, b, ref)),
        "coefficient_of_performance": (dim, over(cooled, laws.coefficient_of_performance(work, a, b, ref))),
        "carnot_coefficient": (dim, np.full(len(work), laws.carnot_coefficient(ref))),
        "coefficient_split": (dim, over(cooled, laws.coefficient_split(work, a, b, ref))),
        "refrigeration_cost": (dim, laws.refrigeration_cost(a, b, ref)),
        "refrigeration_by_resource": (r, laws.refrigeration_by_resource(a, b, ref)),
    }


def _entropies(a: Snapshot, b: Snapshot, ref: Reference, dim: str) -> Columns:
    """Return the parts of Sigma and the extra columns, at the end of the intervals and as changes."""
    columns: Columns = {}
    for name, function in (
        ("mutual_information", laws.mutual_information),
        ("system_correlation", laws.system_correlation),
        ("reservoir_correlation", laws.reservoir_correlation),
    ):
        columns[name] = (dim, function(b))
        columns[f"{name}_change"] = (dim, function(b) - function(a))
    columns["athermality"] = ((dim, "reservoir"), laws.athermality(b, ref))
    columns["athermality_change"] = ((dim, "reservoir"), laws.athermality_change(a, b, ref))
    for name in b.extras:
        axes = (dim, *EXTRAS[name].dims)
        change = b.extras[name] - a.extras[name]
        if EXTRAS[name].is_cumulative:
            columns[name] = (axes, change)
        else:
            columns[name], columns[f"{name}_change"] = (axes, b.extras[name]), (axes, change)
    return columns


def _words(ledger: Ledger, a: Snapshot, b: Snapshot, columns: Columns, resolution: FloatArray, dim: str) -> Columns:
    """Return what is said of each interval: its mode, whether it is athermal and past recurrence, and who paid."""
    ref = ledger.reference
    work, heats, entropic, terms = (columns[name][1] for name in ("work", "heat", "entropic_work", "work_by_resource"))
    found = np.array(
        [modes.mode(float(w), q, ref.temperatures, float(e)) for w, q, e in zip(work, heats, resolution, strict=True)], dtype=str
    )
    is_athermal = [modes.is_athermal(float(x), float(e)) for x, e in zip(entropic, resolution, strict=True)]
    return {
        "mode": (dim, found),
        "is_athermal": (dim, np.array(is_athermal, dtype=bool)),
        "is_past_recurrence": (dim, ledger.past_recurrence(a, b)),
        "paid_by": (dim, payers.paid_by(work, entropic, terms, resolution, found, ref)),
    }


def residuals(
    ledger: Ledger, a: Snapshot, b: Snapshot, work: FloatArray, resolution: FloatArray, noise: FloatArray, dim: str
) -> Columns:
    """Return by how much intervals miss the laws, by how much they may, and whether one is violated."""
    ref, tolerance = ledger.reference, ledger.tolerance
    q, du = laws.heat(a, b), laws.energy_change(a, b)
    entropy_tolerance = ledger.entropy_tolerance(a, b)
    t_min = ref.lowest_temperature
    energy_terms = np.abs(work) + np.sum(np.abs(q), -1) + np.sum(np.abs(du), -1)
    intake = laws.heat_intake(a, b)
    eta, split = laws.output_over_intake(work, a, b), laws.efficiency_split(a, b, ref)
    # terms that cancel over a cycle are known no better than the energies that an integrator carries
    known = resolution * max(1.0, ref.energy_rounding / ledger.rounding) if ledger.rounding else resolution
    energy_tolerance = tolerance * energy_terms + known + violations.STANDARD_ERRORS * noise
    split_tolerance = energy_tolerance + t_min * entropy_tolerance
    with np.errstate(divide="ignore", invalid="ignore"):
        # eta divides by the intake, so a small intake magnifies what the energies are known to.
        eta_tolerance = np.where(
            intake > 0.0, split_tolerance / np.where(intake > 0.0, intake, 1.0) * (1.0 + np.abs(eta)), np.inf
        )
    residuals = {
        "first_law": (work - laws.first_law(a, b), energy_tolerance),
        "second_law": (laws.second_law_residual(a, b, ref), entropy_tolerance),
        "work_split": (work - laws.work_split(a, b, ref), split_tolerance),
        "efficiency": (np.where(np.isnan(split), 0.0, eta - split), eta_tolerance),
    }
    columns: Columns = {}
    # of numbers with errors `violations` judges that
    violated = ledger.breaks_second_law(a, b) & (bool(ledger.memoryless) and not ledger.has_standard_errors)
    for name, (value, allowed) in residuals.items():
        columns[f"tolerance_{name}"] = (dim, allowed)
        if name in ledger.unchecked:
            columns[f"residual_{name}"] = (dim, np.full(np.shape(value), np.nan))
            continue
        columns[f"residual_{name}"] = (dim, value)
        # A NaN residual is a violation, not a pass, unless the state was none and its entropies are unknown.
        violated |= ~(np.abs(value) <= allowed) & ~(np.isnan(entropy_tolerance) & (name != "first_law"))
    columns["is_violated"] = (dim, violated)
    return columns
