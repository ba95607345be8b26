"""The columns of a ledger: what each is called in full, and its unit."""

from __future__ import annotations

from collections.abc import Mapping

from athermal.thermodynamics.snapshot import EXTRAS

LONG_NAMES: dict[str, tuple[str, str]] = {
    "work": ("work W done on the machine", "energy"),
    "work_output": ("work output -W", "energy"),
    "power": ("power -W/tau", "energy/time"),
    "heat": ("heat Q_j absorbed by reservoir j", "energy"),
    "energy_change": ("energy change dU_i", "energy"),
    "entropy_change": ("entropy change dS_i", "nat"),
    "free_energy_change": ("free energy change dF_i, F_i = U_i - T_min S_i", "energy"),
    "mutual_information": ("mutual information I(S,R) at the end", "nat"),
    "mutual_information_change": ("dI(S,R)", "nat"),
    "system_correlation": ("correlation C(S) among the subsystems at the end", "nat"),
    "system_correlation_change": ("dC(S)", "nat"),
    "reservoir_correlation": ("correlation C(R) among the reservoirs at the end", "nat"),
    "reservoir_correlation_change": ("dC(R)", "nat"),
    "athermality": ("athermality D_j at the end", "nat"),
    "athermality_change": ("dD_j", "nat"),
    "sigma_total": ("Sigma = I + C(S) + C(R) + sum D_j at the end", "nat"),
    "sigma_total_change": ("dSigma", "nat"),
    "entropic_work": ("T_min dsigma = T_min dSigma + sum dF_i", "energy"),
    "sigma_change": ("dsigma", "nat"),
    "heat_intake": ("heat intake Q_in", "energy"),
    "energy_intake": ("energy intake dU_in", "energy"),
    "efficiency": ("efficiency eta, where work comes out", "1"),
    "carnot_efficiency": ("Carnot efficiency eta_C", "1"),
    "thermal_efficiency": ("thermal efficiency eta_th", "1"),
    "gamma": ("gamma = 1/(1 + dU_in/Q_in)", "1"),
    "thermal_share": ("thermal share of the work", "1"),
    "entropic_share": ("entropic share of the work", "1"),
    "work_by_resource": ("terms of W by resource; negative: the resource gave work", "energy"),
    "coefficient_of_performance": (
        "coefficient of performance -Q_c/W, where work goes in and the coldest reservoirs give heat",
        "1",
    ),
    "carnot_coefficient": ("Carnot coefficient of performance", "1"),
    "coefficient_split": ("eps_C [1 - refrigeration_cost/W]", "1"),
    "refrigeration_cost": ("T_h dSigma + sum d(U_i - T_h S_i)", "energy"),
    "refrigeration_by_resource": ("terms of W by resource, with T_max for T_min", "energy"),
    "mode": ("mode of operation", ""),
    "is_athermal": ("dsigma < 0", ""),
    "paid_by": ("what paid: work put in, heat (thermal engine), or the kind of entropic resource that gave most (athermal)", ""),
    "residual_first_law": ("W - (sum Q_j + sum dU_i)  (S1)", "energy"),
    "residual_second_law": ("sum dS_i + sum Q_j/T_j - dSigma  (S14)", "nat"),
    "residual_work_split": ("W - (sum eta_j Q_j + T_min dsigma)  (S18)", "energy"),
    "residual_efficiency": ("difference of the two forms of eta  (S19)", "1"),
    "is_past_recurrence": ("past the recurrence time of a finite bath, whose size shows", ""),
    "is_violated": ("a residual is above its tolerance", ""),
    **{name: (f"{extra.long_name}{'' if extra.is_cumulative else ' at the end'}", extra.units) for name, extra in EXTRAS.items()},
    **{f"{name}_change": (f"change of the {e.long_name}", e.units) for name, e in EXTRAS.items() if not e.is_cumulative},
}
"""Label and unit of every column."""


def attributes(name: str, units: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes that a column has in a data set; in lab units, if there are any."""
    if name.startswith("tolerance_"):
        return {"long_name": f"what residual_{name.removeprefix('tolerance_')} may be", "units": ""}
    label, unit = LONG_NAMES[name]
    return {"long_name": label, "units": in_units(unit, units)}


def in_units(unit: str, units: Mapping[str, str]) -> str:
    """Return a unit of the table with "energy" and "time" replaced by lab units.

    Examples
    --------
    >>> in_units("energy/time", {"energy": "GHz", "time": "us"}), in_units("nat", {"energy": "GHz"})
    ('GHz/us', 'nat')
    """
    return "/".join(units.get(kind, kind) if kind in ("energy", "time") else kind for kind in unit.split("/"))
