"""The generator of the Floquet-Markov master equation: each bath's transitions between the Floquet modes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.errors import ConvergenceError, MachineError
from athermal.machine.open_system import Bath, Contact, OpenSystem
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.floquet_modes import FloquetModes, fourier_components
from athermal.maths.secular import Jumps, Transitions, frame_shift
from athermal.maths.superoperator import commutator

_FEWEST, _MOST = 4, 512
# What Parseval's sums miss by rounding.
_ROUNDING = 1e-13
_GRID = 400
# How far rates are looked at beyond the harmonics that are kept, if the band has no end.
_REACH = 1e3


class FloquetRates:
    """Each bath's dissipator in the frame that turns with the Floquet modes, where it is constant.

    Parameters
    ----------
    system : OpenSystem
    harmonics : int or None
        Fourier components; None to double them until `tolerance` is met.
    tolerance, grouping : float
        As for `FloquetMarkov`.
    owner : str
        What error messages call the backend.

    Raises
    ------
    ConvergenceError
        If the drive has too many harmonics.
    MachineError
        If transitions cannot be grouped so that each group turns as one.
    """

    def __init__(self, system: OpenSystem, harmonics: int | None, tolerance: float, grouping: float, owner: str) -> None:
        self.system = system
        period = system.machine.period
        self.modes = FloquetModes.of(system.hamiltonian.whole, system.hamiltonian.edges(0.0, period)[0])
        self._edges = system.edges(0.0, period)[0]
        self.harmonics = _FEWEST if harmonics is None else harmonics
        grouping *= system.energy_scale
        self._look(grouping)
        while harmonics is None and self.left_out > tolerance:
            self.harmonics *= 2
            if self.harmonics > _MOST:
                raise ConvergenceError(
                    f"{_MOST} harmonics of the drive must hold all but {tolerance:g} of the rates of {owner}, but leave out "
                    f"{self.left_out:.2g}. Switch the contacts smoothly, raise `tolerance`, or give `harmonics`."
                )
            self._look(grouping)
        self._assemble(grouping, owner)

    def _look(self, grouping: float) -> None:
        """Find the transitions with so many harmonics, and what these leave out."""
        modes, baths = self.modes, [bath for bath in self.system.baths if bath.contacts]
        operators = [_together(bath.contacts) for bath in baths]
        self.jumps: dict[str, list[Jumps]] = {}
        self.left_out = 0.0
        if not baths:
            return
        components, squares = fourier_components(modes, operators, self._edges, self.harmonics)
        for bath, own, square in zip(baths, components, squares, strict=True):
            channels = ((own, bath.giving), (own[::-1].conj().transpose(0, 2, 1), bath.taking))  # L, L^dag
            found = [
                Jumps.of(Transitions.of(parts, modes.quasi_energies, modes.frequency, grouping), spectrum)
                for parts, spectrum in channels
            ]
            self.jumps[bath.bath.name] = found
            missing = float(square - np.sum(np.abs(own) ** 2))
            if missing > _ROUNDING * square and (beyond := missing * self._highest_rate(bath)):
                known = sum(jumps.fastest(self.system.dimension) for jumps in found)
                self.left_out = max(self.left_out, beyond / known if known else np.inf)

    def _highest_rate(self, bath: Bath) -> float:
        """Return the largest S(w) that harmonics beyond those kept can meet."""
        low, high = bath.bath.band
        least = (self.harmonics + 1) * self.modes.frequency - float(np.ptp(self.modes.quasi_energies))
        scale = bath.bath.spectral_density.scale
        least = max(least, low, 1e-3 * min(self.modes.frequency, scale))
        most = min(high, _REACH * max(least, scale))
        return float(np.max(bath.rates(np.geomspace(least, most, _GRID)))) if most > least else 0.0

    def _assemble(self, grouping: float, owner: str) -> None:
        size, names = self.system.dimension, self.system.machine.reservoir_names
        every = [jumps for group in self.jumps.values() for jumps in group]
        self.shift, missed = frame_shift([jumps.transitions for jumps in every], size) if every else (np.zeros(size), 0.0)
        if missed > 1e-3 * grouping + 1e-9 * self.modes.frequency:
            raise MachineError(
                f"`grouping` of {owner} must be small enough for frequencies of one group to turn as one, but with "
                f"{grouping / self.system.energy_scale:g} they cannot be matched to better than "
                f"{missed / self.system.energy_scale:.2g}. Use a smaller `grouping`."
            )
        self.shift = -self.shift
        self.dissipators = [scipy.sparse.csr_array((size**2, size**2), dtype=complex) for _ in names]
        self.quanta: ComplexArray = np.zeros((len(names), size**2), dtype=complex)
        for name, group in self.jumps.items():
            place = names.index(name)
            for jumps in group:
                self.dissipators[place] = self.dissipators[place] + jumps.dissipator(size)
                self.quanta[place] += jumps.quanta(size)
        turning = commutator(scipy.sparse.diags_array(self.shift, format="csr"))
        self.generator = sum(self.dissipators, start=turning)
        self.generator.eliminate_zeros()
        self.fastest = sum(jumps.fastest(size) for jumps in every)
        self.neglected = max((jumps.transitions.neglected(jumps.rates) for jumps in every), default=0.0)


def _together(contacts: Sequence[Contact]) -> DrivenSum:
    """Return sum_a f_a(t) L_a of the contacts with one bath."""

    def values(times: FloatArray) -> FloatArray:
        return np.stack([np.asarray(contact.drive.value(times), dtype=float) for contact in contacts], axis=-1)

    return DrivenSum(tuple(contact.lowering.astype(complex) for contact in contacts), values)
