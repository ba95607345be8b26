"""What a backend tells about one instant, and the reference against which the laws read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from athermal._types import FloatArray, IntArray


@dataclass(frozen=True)
class Snapshot:
    """Energies and entropies at one instant, or (stacked) at many along a leading axis.

    Anything a backend cannot know is NaN.

    Parameters
    ----------
    time : (...) array
    subsystem_energies : (..., n) array
        U_i = <H_i + sum_j H_ij + (its shares of H_ik)>.
    reservoir_energies : (..., m) array
        E_j = <H_j>.
    subsystem_entropies : (..., n) array
        S(rho_i), in nats.
    reservoir_entropies : (..., m) array
        S(rho_j).
    system_entropy, reservoirs_entropy, total_entropy : (...) arrays
        S(rho_S) of all subsystems, S(rho_R) of all reservoirs, S(rho_SR) of the whole.

    Examples
    --------
    >>> zero, one = np.array(0.0), np.array([1.0])
    >>> Snapshot(zero, one, one, one, one, zero, zero, zero).subsystem_energies
    array([1.])
    """

    time: FloatArray
    subsystem_energies: FloatArray
    reservoir_energies: FloatArray
    subsystem_entropies: FloatArray
    reservoir_entropies: FloatArray
    system_entropy: FloatArray
    reservoirs_entropy: FloatArray
    total_entropy: FloatArray

    @classmethod
    def stack(cls, snapshots: Sequence[Snapshot]) -> Snapshot:
        """Return many snapshots as one, along a new leading axis."""
        return cls(*(np.stack([getattr(snapshot, entry.name) for snapshot in snapshots]) for entry in fields(cls)))

    def at(self, index: int | slice | IntArray) -> Snapshot:
        """Return the snapshot(s) at an index of the leading axis."""
        return Snapshot(*(np.asarray(getattr(self, entry.name)[index]) for entry in fields(self)))


@dataclass(frozen=True)
class Reference:
    """The constants of a machine that the laws need.

    Parameters
    ----------
    subsystems, reservoirs : tuple of str
        Names, in the order of the snapshots' columns.
    temperatures : (m,) array
        T_j.
    log_partitions : (m,) array
        ln Z_j of the reservoirs' thermal reference states.
    period : float
    """

    subsystems: tuple[str, ...]
    reservoirs: tuple[str, ...]
    temperatures: FloatArray
    log_partitions: FloatArray
    period: float
