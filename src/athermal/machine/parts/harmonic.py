"""What every harmonic reservoir is."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from athermal._types import FloatArray
from athermal.machine.parts.reservoir import Reservoir, contact_weights
from athermal.maths.gaussian import thermal_excess


class HarmonicReservoir(Reservoir):
    """A reservoir of harmonic modes.

    Sites are what couplings see: site k has the quadratures (x_k, p_k). The Hamiltonian is diagonal in the normal modes, whose
    frequencies are positive and whose quanta are bosons.

    Examples
    --------
    >>> import athermal as at
    >>> at.Ring("ring", 1.0, sites=4, frequency=1.0, hopping=0.1).frequencies.round(3)
    array([0.894, 1.   , 1.   , 1.095])
    """

    families: ClassVar[tuple[str, ...]] = ("harmonic",)
    with_levels: ClassVar[str] = "TruncatedBath"
    general: ClassVar[str] = "CoupledBath"

    @property
    @abstractmethod
    def n_modes(self) -> int:
        """The number of modes."""

    @property
    @abstractmethod
    def frequencies(self) -> FloatArray:
        """The normal-mode frequencies, shape (n,)."""

    @abstractmethod
    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        """Return S^T rows for site vectors (2n, m), where r_site = S r_normal."""

    @abstractmethod
    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        """Return S rows: what normal-mode vectors (2n, m) are at the sites."""

    @property
    def own_weights(self) -> FloatArray | None:
        """The couplings g_k of the modes if the reservoir has them, else None."""
        return None

    def occupation(self, frequency: FloatArray) -> FloatArray:
        """Return n(w) = 1/(e^{w/T} - 1), the mean number of quanta of a mode in the reference state."""
        return thermal_excess(frequency, self.temperature)

    def noise(self, frequency: FloatArray) -> FloatArray:
        """Return 1 + 2 n(w) = coth(w/2T), twice the mean energy of a mode in units of w; one at T = 0.

        Examples
        --------
        >>> import athermal as at
        >>> at.Bath("vacuum", 0.0, mode_frequencies=[1.0]).noise(np.array([1e-3, 1.0]))
        array([1., 1.])
        """
        return np.asarray(1.0 + 2.0 * self.occupation(frequency))

    def widest_spacing(self, visited: FloatArray) -> float:
        """Return the widest spacing at those frequencies that lie within its band; at its ends, if none does."""
        low, high = float(np.min(self.frequencies)), float(np.max(self.frequencies))
        resonant = visited[(visited >= low) & (visited <= high)]
        spacings = [local_spacing(self.frequencies, float(w)) for w in (resonant if len(resonant) else visited)]
        return max(spacings, default=math.inf)

    def extent(self) -> dict[str, float]:
        low, high = float(np.min(self.frequencies)), float(np.max(self.frequencies))
        return {"n_modes": self.n_modes, "lowest_frequency": low, "highest_frequency": high}

    def contact(self, site: int | None, weights: tuple[float, ...] | None, owner: str) -> FloatArray:
        """Return the weights g_k over the sites of the contact that a coupling names."""
        return contact_weights(self.n_modes, self.own_weights, site, weights, owner, self.owner)


def local_spacing(frequencies: FloatArray, near: float) -> float:
    """Return the spacing of the distinct `frequencies` at the frequency `near` (infinite for a single one).

    Examples
    --------
    >>> local_spacing(np.array([1.0, 2.0, 4.0]), near=2.5)
    2.0
    """
    ordered = np.sort(frequencies)
    distinct = ordered[np.concatenate([[True], np.diff(ordered) > 1e-9 * ordered[-1]])]
    if len(distinct) < 2:
        return math.inf
    position = int(np.clip(np.searchsorted(distinct, near), 1, len(distinct) - 1))
    return float(distinct[position] - distinct[position - 1])
