"""The laws of renewed reservoirs, one function an equation: what their fresh units are worth, and what is used of it.

P. Strasberg, G. Schaller, T. Brandes, M. Esposito, Phys. Rev. X 7, 021003 (2017): streams of units as a thermodynamic resource.
"""

from __future__ import annotations

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import Reference, Snapshot


def fuel(s: Snapshot, ref: Reference) -> FloatArray:
    """T_min [C(R) + sum_j D_j] of the renewed reservoirs together: the work that they could give beyond a thermal state.

    C(R) + sum_j D_j = sum_j [(E_j - mu_j N_j)/T_j + ln Z_j] - S(rho_R); at T_min = 0 the limit, E_j above the ground level.
    """
    lowest, energies = ref.lowest_temperature, laws.grand_energy(s, ref)
    above = energies - (0.0 if ref.ground_energies is None else ref.ground_energies)
    each = np.where(ref.is_cold, above, lowest * (energies / ref.divisors + ref.log_partitions))
    return np.asarray(np.sum(each[..., ref.is_renewed], axis=-1) - lowest * s.extras["renewed_entropy"])


def fuel_used(a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Return the fuel that the renewed reservoirs lost: what they brought less what they still have."""
    return np.asarray(fuel(a, ref) - fuel(b, ref))


def fuel_delivered(a: Snapshot, b: Snapshot) -> FloatArray:
    """Return the fuel that fresh units brought, which has been added up since the start."""
    return np.asarray(b.extras["fuel_delivered"] - a.extras["fuel_delivered"])


def efficiency_with_fuel(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """Return -W/(Q_in + dU_in + fuel) where W < 0: the fuel counts as if it had been work put in."""
    intake = laws.heat_intake(a, b, ref) + laws.energy_intake(a, b) + fuel_delivered(a, b)
    return np.where(np.asarray(work) < 0.0, laws.ratio(-work, intake), np.nan)
