"""The generalized laws of Aguilar and Lutz, one function an equation.

M. Aguilar and E. Lutz, "Correlated quantum machines beyond the standard second law", Science Advances 11, eadw8462
(2025), arXiv:2409.07899; equation labels (S1)-(S22) are those of its supplement.

State functions take a `Snapshot` and the `Reference`; interval functions take the snapshots `a` before and `b` after it and,
where it enters, the work W done on the machine in between. All work on stacked snapshots. hbar = k_B = 1, entropies in nats.
Signs: W > 0 is work done on the machine; Q_j > 0 is energy absorbed by reservoir j. An engine has W < 0.

Reservoirs that exchange particles have Q_j = dE_j - mu_j dN_j and the reference state exp(-(H_j - mu_j N_j)/T_j)/Z_j, and W holds
the chemical work -sum_j mu_j dN_j beside that of the drives: then all laws hold as they stand.

At T_j = 0 every function is the limit T_j -> 0 (of all cold reservoirs together): Q_j/T_j is infinite with the sign of Q_j, and
T_min Q_j/T_j = Q_j where T_j = T_min.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from athermal._types import BoolArray, FloatArray
from athermal.thermodynamics.snapshot import Reference, Snapshot

# Temperatures that differ by less than this part of themselves differ by rounding, and are one.
_ROUNDING = 1e-12

# --- state functions ---------------------------------------------------------------------------------------------------


def mutual_information(s: Snapshot) -> FloatArray:
    """I(S,R) = S(rho_S) + S(rho_R) - S(rho_SR): the system against all reservoirs together."""
    return np.asarray(s.system_entropy + s.reservoirs_entropy - s.total_entropy)


def system_correlation(s: Snapshot) -> FloatArray:
    """C(S) = sum_i S(rho_i) - S(rho_S)."""
    return np.asarray(np.sum(s.subsystem_entropies, axis=-1) - s.system_entropy)


def reservoir_correlation(s: Snapshot) -> FloatArray:
    """C(R) = sum_j S(rho_j) - S(rho_R); none of a single reservoir, whether its entropy is known or not."""
    correlation = np.asarray(np.sum(s.reservoir_entropies, axis=-1) - s.reservoirs_entropy)
    return np.where(np.isnan(correlation), 0.0, correlation) if s.reservoir_entropies.shape[-1] == 1 else correlation


def grand_energy(s: Snapshot, ref: Reference) -> FloatArray:
    """E_j - mu_j N_j, shape (..., m): E_j where mu_j = 0; unknown where mu_j is not and N_j is."""
    return np.asarray(s.reservoir_energies - _chemical_energy(s, ref))


def _chemical_energy(s: Snapshot, ref: Reference) -> FloatArray:
    """mu_j N_j, shape (..., m)."""
    particles = s.extras.get("particles", np.full(np.shape(s.reservoir_energies), np.nan))
    return np.where(ref.chemical_potentials == 0.0, 0.0, ref.chemical_potentials * particles)


def athermality(s: Snapshot, ref: Reference) -> FloatArray:
    """D_j = D(rho_j || rho_j^th) = -S(rho_j) + (E_j - mu_j N_j)/T_j + ln Z_j, shape (..., m)."""
    cross = _cross_entropy(s, ref)
    return np.where(np.isposinf(cross), np.inf, cross - s.reservoir_entropies)


def _cross_entropy(s: Snapshot, ref: Reference) -> FloatArray:
    """-Tr rho_j ln rho_j^th = (E_j - mu_j N_j)/T_j + ln Z_j; at T_j = 0 infinite, in the ground level ln of its degeneracy."""
    energies = grand_energy(s, ref)
    regular = np.asarray(energies / ref.divisors + ref.log_partitions)
    if ref.ground_energies is None or not np.any(ref.is_cold):
        return regular
    is_excited = energies - ref.ground_energies > _rounding_of(s, ref)[..., None]
    return np.where(ref.is_cold & is_excited, np.inf, regular)


def _rounding_of(s: Snapshot, ref: Reference) -> FloatArray:
    """Return to what a difference of two energies is known."""
    return np.asarray(ref.energy_rounding * energy_size(s, ref))


def energy_size(s: Snapshot, ref: Reference) -> FloatArray:
    """sum_i |U_i| + sum_j (|E_j| + |mu_j N_j|): what energies of the whole are rounded against."""
    return np.asarray(np.sum(np.abs(s.subsystem_energies), axis=-1) + np.sum(reservoir_sizes(s, ref), axis=-1))


def reservoir_sizes(s: Snapshot, ref: Reference) -> FloatArray:
    """|E_j| + |mu_j N_j|, shape (..., m): what E_j - mu_j N_j is rounded against."""
    return np.asarray(np.abs(s.reservoir_energies) + np.abs(_chemical_energy(s, ref)))


def sigma_total(s: Snapshot, ref: Reference) -> FloatArray:
    """Sigma = I(S,R) + C(S) + C(R) + sum_j D_j.

    Where S(rho_j) of single reservoirs is unknown it cancels: Sigma = sum_i S(rho_i) - S(rho_SR) + sum_j (-Tr rho_j ln rho_j^th).
    """
    parts = mutual_information(s) + system_correlation(s) + reservoir_correlation(s) + np.sum(athermality(s, ref), axis=-1)
    cross_entropies = np.sum(_cross_entropy(s, ref), axis=-1)
    whole = np.sum(s.subsystem_entropies, axis=-1) - s.total_entropy + cross_entropies
    return np.asarray(np.where(np.isnan(parts), whole, parts))


def free_energy(s: Snapshot, ref: Reference) -> FloatArray:
    """F_i = U_i - T_min S(rho_i), shape (..., n)."""
    return np.asarray(s.subsystem_energies - ref.lowest_temperature * s.subsystem_entropies)


# --- the two laws ------------------------------------------------------------------------------------------------------


def heat(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Q_j = dE_j - mu_j dN_j, shape (..., m)."""
    return np.asarray(b.reservoir_energies - a.reservoir_energies - (_chemical_energy(b, ref) - _chemical_energy(a, ref)))


def chemical_work(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """W_chem = -sum_j mu_j dN_j: positive where particles fell from a high to a low potential, and so drove the machine."""
    return np.asarray(np.sum(_chemical_energy(a, ref) - _chemical_energy(b, ref), axis=-1))


def total_work(drive_work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """W = W_drive + W_chem, with W_drive = int <d_t H> dt, jumps included."""
    return np.asarray(drive_work + chemical_work(a, b, ref))


def energy_change(a: Snapshot, b: Snapshot) -> FloatArray:
    """dU_i = U_i(b) - U_i(a), shape (..., n)."""
    return np.asarray(b.subsystem_energies - a.subsystem_energies)


def entropy_change(a: Snapshot, b: Snapshot) -> FloatArray:
    """dS_i = S(rho_i(b)) - S(rho_i(a)), shape (..., n)."""
    return np.asarray(b.subsystem_entropies - a.subsystem_entropies)


def first_law(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """W = sum_j Q_j + sum_i dU_i, the right side of (S1)."""
    return np.asarray(np.sum(heat(a, b, ref), axis=-1) + np.sum(energy_change(a, b), axis=-1))


def second_law(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """sum_i dS_i + sum_j Q_j/T_j = dSigma, the left side of (S10, S14)."""
    return np.asarray(np.sum(entropy_change(a, b), axis=-1) + entropy_flow(a, b, ref))


def second_law_residual(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Both sides of (S14) compared; of T_j = 0 what is left when Q_j/T_j, which both hold, is taken away."""
    regular = replace(ref, temperatures=ref.divisors)
    return np.asarray(second_law(a, b, regular) - sigma_total_change(a, b, regular))


def entropy_flow(a: Snapshot, b: Snapshot, ref: Reference, factor: float = 1.0) -> FloatArray:
    """Return factor sum_j Q_j/T_j."""
    return flow_of_heats(heat(a, b, ref), b, ref, factor)


def flow_of_heats(q: FloatArray, b: Snapshot, ref: Reference, factor: float = 1.0) -> FloatArray:
    """Return factor sum_j Q_j/T_j of any heats up to a snapshot; reservoirs at T_j = 0 count together."""
    flow = np.asarray(factor * np.sum(q / ref.divisors, axis=-1))
    if not np.any(ref.is_cold):
        return flow
    return np.asarray(flow + _limit(np.sum(q[..., ref.is_cold], axis=-1), _rounding_of(b, ref), factor))


def _flow_by_reservoir(a: Snapshot, b: Snapshot, ref: Reference, factor: float = 1.0) -> FloatArray:
    """Return factor Q_j/T_j, shape (..., m)."""
    q = heat(a, b, ref)
    limits = _limit(q, _rounding_of(b, ref)[..., None], factor) if np.any(ref.is_cold) else 0.0
    return np.where(ref.is_cold, limits, factor * q / ref.divisors)


def _limit(q: FloatArray, rounding: FloatArray, factor: float) -> FloatArray:
    """Return factor Q/T for T -> 0, where a factor of zero is that same T."""
    infinite = np.where(np.abs(q) > rounding, np.copysign(np.inf, q), 0.0)
    return np.asarray(q) if factor == 0.0 else np.where(np.isnan(q), np.nan, infinite)


def sigma_total_change(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """dSigma: from its parts where they are known, else from the left side of (S10)."""
    with np.errstate(invalid="ignore"):  # infinite before and after: by the heat
        parts = sigma_total(b, ref) - sigma_total(a, ref)
    is_known = ~np.isnan(athermality(a, ref) + athermality(b, ref)).any(axis=-1)
    return np.where(is_known & ~np.isnan(parts), parts, second_law(a, b, ref))


def athermality_change(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """dD_j, shape (..., m); at T_j = 0 the limit Q_j/T_j - dS_j."""
    with np.errstate(invalid="ignore"):
        change = athermality(b, ref) - athermality(a, ref)
        limit = _flow_by_reservoir(a, b, ref) - (b.reservoir_entropies - a.reservoir_entropies)
    return np.where(ref.is_cold, limit, change)


def entropy_production(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """dS(rho_S) + sum_j Q_j/T_j = dSigma - dC(S): of the subsystems as a whole and each bath; never negative without memory."""
    return np.asarray(b.system_entropy - a.system_entropy + entropy_flow(a, b, ref))


def second_law_deficit(a: Snapshot, b: Snapshot) -> FloatArray:
    """By how much single strokes fall short of dS(rho_S) + sum_j Q_j/T_j >= 0, added up; 0 where a backend does not look."""
    before, after = (s.extras.get("second_law_deficit", np.zeros(np.shape(s.time))) for s in (a, b))
    return np.asarray(after - before)


def entropic_work(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """T_min dsigma = T_min dSigma + sum_i dF_i."""
    free = np.sum(free_energy(b, ref) - free_energy(a, ref), axis=-1)
    return np.asarray(_times_sigma_change(a, b, ref, ref.lowest_temperature) + free)


def _times_sigma_change(a: Snapshot, b: Snapshot, ref: Reference, temperature: float) -> FloatArray:
    """T dSigma; for T = T_min = 0 the heat that the cold reservoirs take, sum Q_j over T_j = 0."""
    if temperature == 0.0:
        return entropy_flow(a, b, ref, 0.0)
    return np.asarray(temperature * sigma_total_change(a, b, ref))


def sigma_change(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """dsigma, infinite at T_min = 0 with the sign of T_min dsigma; NaN where that vanishes too."""
    entropic, lowest = entropic_work(a, b, ref), ref.lowest_temperature
    if lowest > 0.0:
        return np.asarray(entropic / lowest)
    return np.where(np.abs(entropic) > _rounding_of(b, ref), np.copysign(np.inf, entropic), np.nan)


# --- work and efficiency -------------------------------------------------------------------------------------------------


def carnot_factors(ref: Reference) -> FloatArray:
    """eta_j = 1 - T_min/T_j, shape (m,)."""
    ratios = np.asarray(ref.lowest_temperature / ref.divisors)
    return np.where(ref.is_cold, 0.0, 1.0 - ratios)


def carnot_efficiency(ref: Reference) -> float:
    """eta_C = 1 - T_min/T_max; NaN without reservoirs."""
    return float(np.max(carnot_factors(ref))) if len(ref.temperatures) else float("nan")


def work_split(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """W = sum_j eta_j Q_j + T_min dsigma, the right side of (S18)."""
    return np.asarray(np.sum(carnot_factors(ref) * heat(a, b, ref), axis=-1) + entropic_work(a, b, ref))


def heat_intake(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Q_in = sum_j (|Q_j| - Q_j)/2: the heat that the reservoirs gave."""
    q = heat(a, b, ref)
    return np.asarray(0.5 * np.sum(np.abs(q) - q, axis=-1))


def energy_intake(a: Snapshot, b: Snapshot) -> FloatArray:
    """dU_in = sum_i (|dU_i| - dU_i)/2: the energy that the subsystems gave."""
    du = energy_change(a, b)
    return np.asarray(0.5 * np.sum(np.abs(du) - du, axis=-1))


def efficiency(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Eta = -W/(Q_in + dU_in), the first form of (S15): an engine's figure, NaN unless W < 0."""
    return np.asarray(np.where(np.asarray(work) < 0.0, output_over_intake(work, a, b, ref), np.nan))


def output_over_intake(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """-W/(Q_in + dU_in) whatever the sign of W, for which (S19) holds too; NaN if nothing was taken in."""
    return ratio(-work, heat_intake(a, b, ref) + energy_intake(a, b))


def gamma(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Gamma = 1/(1 + dU_in/Q_in); NaN if Q_in = 0."""
    return ratio(np.ones(()), 1.0 + ratio(energy_intake(a, b), heat_intake(a, b, ref)))


def thermal_efficiency(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """eta_th = -sum_j eta_j Q_j / Q_in; NaN if Q_in = 0."""
    return ratio(-np.sum(carnot_factors(ref) * heat(a, b, ref), axis=-1), heat_intake(a, b, ref))


def efficiency_split(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Eta = gamma (eta_th - T_min dsigma / Q_in), the second form (S19); NaN if Q_in = 0."""
    inside = thermal_efficiency(a, b, ref) - ratio(entropic_work(a, b, ref), heat_intake(a, b, ref))
    return np.asarray(gamma(a, b, ref) * inside)


def thermal_share(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """sum_j eta_j Q_j / W: the part of the work that heat accounts for."""
    return ratio(np.sum(carnot_factors(ref) * heat(a, b, ref), axis=-1), work)


def entropic_share(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """T_min dsigma / W: the part of the work that entropic resources account for."""
    return ratio(entropic_work(a, b, ref), work)


# --- refrigerators -------------------------------------------------------------------------------------------------------


def coefficient_of_performance(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """COP = -Q_c/W of reservoirs that share two temperatures: a refrigerator's figure, NaN unless W > 0 and Q_c < 0."""
    if np.isnan(carnot_coefficient(ref)) or np.isinf(carnot_coefficient(ref)):
        return np.full(np.shape(work), np.nan)
    cold = np.sum(heat(a, b, ref)[..., coldest(ref.temperatures)], axis=-1)
    return np.where((np.asarray(work) > 0.0) & (cold < 0.0), ratio(-cold, work), np.nan)


def carnot_coefficient(ref: Reference) -> float:
    """eps_C = T_c/(T_h - T_c) of reservoirs that share two temperatures; infinite if all share one, NaN for three or more."""
    if len(ref.temperatures) < 2 or not np.all(coldest(ref.temperatures) | hottest(ref.temperatures)):
        return float("nan")
    cold, hot = float(np.min(ref.temperatures)), float(np.max(ref.temperatures))
    return float("inf") if np.all(coldest(ref.temperatures)) else cold / (hot - cold)


def coldest(temperatures: FloatArray) -> BoolArray:
    """Tell which reservoirs share T_min, up to rounding: "cold" means all of them together."""
    return _share(temperatures, np.min(temperatures, initial=np.inf))


def hottest(temperatures: FloatArray) -> BoolArray:
    """Tell which reservoirs share T_max, up to rounding: "hot" means all of them together."""
    return _share(temperatures, np.max(temperatures, initial=0.0))


def _share(temperatures: FloatArray, extreme: float) -> BoolArray:
    return np.asarray(np.abs(temperatures - extreme) <= _ROUNDING * extreme)


def refrigeration_cost(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """T_h dSigma + sum_i d(U_i - T_h S_i), for which COP = eps_C [1 - cost/W]."""
    hot = ref.highest_temperature
    stored = np.sum(energy_change(a, b) - hot * entropy_change(a, b), axis=-1)
    return np.asarray(_times_sigma_change(a, b, ref, hot) + stored)


def coefficient_split(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """COP = eps_C [1 - (T_h dSigma + sum_i d(U_i - T_h S_i))/W]; NaN where there is no COP."""
    is_defined = ~np.isnan(coefficient_of_performance(work, a, b, ref))
    best = carnot_coefficient(ref)
    if best == 0.0:  # eps_C T_h dSigma -> Q_c for T_c -> 0
        split = ratio(-entropy_flow(a, b, ref, 0.0), work)
    else:
        split = (best if np.isfinite(best) else np.nan) * (1.0 - ratio(refrigeration_cost(a, b, ref), work))
    return np.where(is_defined, split, np.nan)


# --- which resource paid -------------------------------------------------------------------------------------------------


def resource_names(ref: Reference) -> tuple[str, ...]:
    """Names of the resources of `work_by_resource`."""
    return (
        *(f"heat[{name}]" for name in ref.reservoirs),
        "I(S,R)",
        "C(S)",
        "C(R)",
        *(f"D[{name}]" for name in ref.reservoirs),
        *(f"F[{name}]" for name in ref.subsystems),
    )


def work_by_resource(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Return the terms of W = sum eta_j Q_j + T_min (dI + dC(S) + dC(R) + sum dD_j) + sum dF_i, shape (..., resources).

    A negative entry is work that this resource gave.
    """
    return _split_by_resource(a, b, ref, ref.lowest_temperature)


def refrigeration_by_resource(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Return the terms of W = sum (1 - T_max/T_j) Q_j + T_max (dI + ...) + sum d(U_i - T_max S_i), shape (..., resources).

    For two reservoirs the heat terms are -Q_c/eps_C, and the others add up to the cost in COP = eps_C [1 - cost/W].
    """
    return _split_by_resource(a, b, ref, ref.highest_temperature)


def _split_by_resource(a: Snapshot, b: Snapshot, ref: Reference, temperature: float) -> FloatArray:
    """Return the terms of W = sum (1 - T/T_j) Q_j + T dSigma + sum d(U_i - T S_i), which holds for every T."""
    correlations = np.stack(
        [
            mutual_information(b) - mutual_information(a),
            system_correlation(b) - system_correlation(a),
            reservoir_correlation(b) - reservoir_correlation(a),
        ],
        axis=-1,
    )
    q = heat(a, b, ref)
    with np.errstate(invalid="ignore", divide="ignore"):  # of T_j = 0, which is put right below
        by_heat = (1.0 - temperature / ref.temperatures) * q
        by_athermality = temperature * (athermality(b, ref) - athermality(a, ref))
    if np.any(ref.is_cold):
        flow = _flow_by_reservoir(a, b, ref, temperature)
        limit = flow - temperature * (b.reservoir_entropies - a.reservoir_entropies)
        by_heat = np.where(ref.is_cold, q - flow, by_heat)
        by_athermality = np.where(ref.is_cold, limit, by_athermality)
    stored = energy_change(a, b) - temperature * entropy_change(a, b)
    return np.concatenate([by_heat, temperature * correlations, by_athermality, stored], axis=-1)


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return the quotient, NaN where the denominator is zero."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float))
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom != 0.0))
