"""Work, heat and energy of an interval by the definitions in use, one function a definition.

The whole has H = H_S + sum_j (H_j + V_j): H_S of the subsystems alone, H_j of reservoir j, and V_j = sum_i H_ij, the couplings
to it with their counter-terms. With E_j = <H_j>, and <V_j> written V_j,

    W = sum_j dE_j + sum_j dV_j + d<H_S>,      W = int <dH_S/dt> dt + sum_j W^sw_j,      W^sw_j = int <dV_j/dt> dt,

jumps included. Definitions differ in whose energy V_j is, and in whether W^sw_j is work; for each W = sum_j Q_j + dU.
All functions take the work W done on the machine in the interval and the snapshots `a` before and `b` after it, which may be
stacked. What a snapshot does not hold is NaN, and so is all that needs it. Where reservoirs exchange particles, dE_j stands for
dE_j - mu_j dN_j, and W holds -sum_j mu_j dN_j.

References
----------
M. Esposito, K. Lindenberg, C. Van den Broeck, New J. Phys. 12, 013013 (2010); P. Talkner, P. Hanggi, Rev. Mod. Phys. 92, 041002
(2020); P. Strasberg, A. Winter, PRX Quantum 2, 030202 (2021); G. T. Landi, M. Paternostro, Rev. Mod. Phys. 93, 035008 (2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from athermal._types import FloatArray
from athermal.thermodynamics import laws
from athermal.thermodynamics.snapshot import Reference, Snapshot


@dataclass(frozen=True)
class Balance:
    """The first law of intervals by one definition.

    Parameters
    ----------
    work : (...) array
        W, done on the machine.
    heat : (..., m) array
        Q_j, absorbed by reservoir j.
    total_heat : (...) array
        sum_j Q_j, which may be known where its parts are not.
    energy_change : (...) array
        dU of all subsystems together.
    """

    work: FloatArray
    heat: FloatArray
    total_heat: FloatArray
    energy_change: FloatArray

    @property
    def heat_intake(self) -> FloatArray:
        """Q_in = sum_j (|Q_j| - Q_j)/2."""
        return np.asarray(0.5 * np.sum(np.abs(self.heat) - self.heat, axis=-1))

    @property
    def energy_intake(self) -> FloatArray:
        """dU_in = (|dU| - dU)/2."""
        return np.asarray(0.5 * (np.abs(self.energy_change) - self.energy_change))

    @property
    def efficiency(self) -> FloatArray:
        """Eta = -W/(Q_in + dU_in) of an engine; NaN unless W < 0."""
        return np.asarray(np.where(np.asarray(self.work) < 0.0, self.output_over_intake, np.nan))

    @property
    def output_over_intake(self) -> FloatArray:
        """-W/(Q_in + dU_in) whatever the sign of W; NaN if nothing was taken in."""
        return laws.ratio(-self.work, self.heat_intake + self.energy_intake)

    @property
    def residual(self) -> FloatArray:
        """W - sum_j Q_j - dU: zero of every definition."""
        return np.asarray(self.work - self.total_heat - self.energy_change)


def interaction_energy(s: Snapshot) -> FloatArray:
    """V_j, shape (..., m); NaN where it is not known."""
    return _extra(s, "interaction_energy", s.reservoir_energies)


def switching_work(a: Snapshot, b: Snapshot) -> FloatArray:
    """W^sw_j = int <dV_j/dt> dt, jumps included, shape (..., m); NaN where it is not known."""
    return _extra(b, "switching_work", b.reservoir_energies) - _extra(a, "switching_work", a.reservoir_energies)


def bath_energy(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> Balance:
    """Q_j = dE_j, U = <H_S> + sum_j V_j: the definition of the laws, and of a ledger.

    Of these only it has sum_i dS_i + sum_j Q_j/T_j = dSigma, from any start (S10, S14).
    """
    heat = laws.heat(a, b, ref)
    return Balance(work, heat, np.sum(heat, axis=-1), np.sum(laws.energy_change(a, b), axis=-1))


def interaction_shared(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference, share: float) -> Balance:
    """Q_j = dE_j + share dV_j, U = <H_S> + (1 - share) sum_j V_j; `bath_energy` with a share of 0."""
    moved = share * (interaction_energy(b) - interaction_energy(a))
    heat = laws.heat(a, b, ref) + moved
    energy = np.sum(laws.energy_change(a, b), axis=-1) - np.sum(moved, axis=-1)
    return Balance(work, heat, np.sum(heat, axis=-1), energy)


def bath_and_interaction(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> Balance:
    """Q_j = dE_j + dV_j, U = <H_S>: whatever is not the subsystems' own belongs to the reservoirs."""
    return interaction_shared(work, a, b, ref, 1.0)


def system_energy(work: FloatArray, a: Snapshot, b: Snapshot, ref: Reference) -> Balance:
    """W = int <dH_S/dt> dt, U = <H_S>, Q_j = dE_j + dV_j - W^sw_j: the habit of weak coupling.

    From d<V_j>/dt = <dV_j/dt> + i<[H, V_j]> and dE_j/dt = i<[V_j, H_j]>,

        Q_j = - int i<[V_j, H_S]> dt + sum_k int i<[V_k, V_j]> dt,

    what H_S loses through V_j, as master equations count heat; the last term vanishes where couplings to different reservoirs
    commute, and always in the sum over j.

    References
    ----------
    R. Alicki, J. Phys. A 12, L103 (1979); A. Kato, Y. Tanimura, J. Chem. Phys. 145, 224105 (2016), who call it the
    system heat current, beside the bath heat current of `bath_energy`.
    """
    whole, switching = bath_and_interaction(work, a, b, ref), switching_work(a, b)
    switched = np.sum(switching, axis=-1)
    return Balance(work - switched, whole.heat - switching, whole.total_heat - switched, whole.energy_change)


def minimal_dissipation(_work: FloatArray, a: Snapshot, b: Snapshot, _ref: Reference) -> Balance:
    """U = Tr(K_S rho_S), sum_j Q_j = - int Tr(K_S d rho_S), W = int Tr(dK_S rho_S) = sum_j Q_j + dU.

    K_S is the Hamiltonian of the exact master equation of the subsystems whose dissipator is smallest. The heat is that of all
    reservoirs together: by reservoir it is known of a single one. W is that of K_S, not that of the drive on the whole, and the
    first law makes it.

    References
    ----------
    A. Colla, H.-P. Breuer, Phys. Rev. A 105, 052216 (2022).
    """
    energies, heats = (
        _extra(b, name, b.time) - _extra(a, name, a.time) for name in ("minimal_dissipation_energy", "minimal_dissipation_heat")
    )
    single = a.reservoir_energies.shape[-1] == 1
    heat = heats[..., None] + np.where(single, 0.0, np.full(a.reservoir_energies.shape, np.nan))
    return Balance(heats + energies, heat, heats, energies)


def bath_quanta(_work: FloatArray, a: Snapshot, b: Snapshot, _ref: Reference) -> Balance:
    """Q_j = the energy of the quanta that bath j counts in a master equation of jumps, W = sum_j Q_j + dU.

    W then holds what couplings and drives of the subsystems give in the jumps, and the first law makes it.

    References
    ----------
    F. Barra, Sci. Rep. 5, 14873 (2015); G. De Chiara et al., New J. Phys. 20, 113024 (2018).
    """
    heat = _extra(b, "bath_quanta", b.reservoir_energies) - _extra(a, "bath_quanta", a.reservoir_energies)
    total = np.sum(heat, axis=-1)
    energy = np.where(np.isnan(total), np.nan, np.sum(laws.energy_change(a, b), axis=-1))
    return Balance(total + energy, heat, total, energy)


def entropy_production(balance: Balance, a: Snapshot, b: Snapshot, ref: Reference) -> FloatArray:
    """sum_i dS_i + sum_j Q_j/T_j with the heats of a definition; at one temperature from their sum."""
    flow = laws.flow_of_heats(balance.heat, b, ref)
    if len(ref.temperatures) and ref.lowest_temperature == ref.highest_temperature:
        one = replace(ref, temperatures=ref.temperatures[:1], chemical_potentials=ref.chemical_potentials[:1])
        flow = np.where(np.isnan(flow), laws.flow_of_heats(balance.total_heat[..., None], b, one), flow)
    return np.asarray(np.sum(laws.entropy_change(a, b), axis=-1) + flow)


def definitions(share: float) -> dict[str, Callable[[FloatArray, Snapshot, Snapshot, Reference], Balance]]:
    """Return every definition by its name."""
    return {
        "bath energy": bath_energy,
        "interaction shared": lambda work, a, b, ref: interaction_shared(work, a, b, ref, share),
        "bath and interaction": bath_and_interaction,
        "system energy": system_energy,
        "minimal dissipation": minimal_dissipation,
        "bath quanta": bath_quanta,
    }


def _extra(s: Snapshot, name: str, like: FloatArray) -> FloatArray:
    return np.asarray(s.extras[name]) if name in s.extras else np.full(np.shape(like), np.nan)
