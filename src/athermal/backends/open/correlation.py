"""The correlation function of a continuous bath, its power spectrum, and where a system looks at them.

C(t) = Tr_B[B(t) B(0) rho_B] = (1/2) integral g^2(w) [coth(w/2T) cos wt - i sin wt] dw for t > 0, with g^2(w) the density of
squared couplings of B = sum_k g_k x_k. Its Fourier transform is S(w) + J(w), S(w) = (pi/2) g^2(w) coth(w/2T) even and J(w) =
(pi/2) g^2(w) odd, so that a system of Bohr frequency w loses energy at a rate S + J and gains it at S - J.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.machine.continuum import check_origin, end_of_band, looked_at
from athermal.machine.open_system import OpenSystem
from athermal.machine.parts import ContinuumBath
from athermal.maths.fourier import FourierIntegral
from athermal.maths.legendre import refine, series_rule

# C(t) is followed until a thousandth of integral |C| dt is left, looked for on a grid up to some periods, or some 1/scale.
_LEFT, _PERIODS, _SCALES, _FIRST, _TIMES = 1e-3, 30.0, 40.0, 1e-4, 400
_RUN = 2.0
# Instants of a period at which Bohr frequencies are taken, how much of the largest matrix element counts, how close two may be,
# and how many are kept.
_INSTANTS, _SEEN, _CLOSE, _MOST = 8, 1e-6, 1e-3, 24
# Instants of a period at which drives are looked at for their size.
_TIMES_OF_DRIVES = 257
# Below 1/(strength^2 period) S is not felt within a period, and below this share of its largest value not either.
_UNFELT = 0.01
# What stands for zero frequency, in units of the lowest that can be told from it, and by how much S may grow in between.
_ZERO, _DIVERGES = 1e-3, 1.5
# How often panels are halved towards zero frequency.
_HALVINGS = 100
# Values whose relative distance is less differ by rounding.
_ALIKE = 1e-9


@dataclass(frozen=True)
class View:
    """Where a system looks at a bath.

    Parameters
    ----------
    frequencies : tuple of float
        Its Bohr frequencies, as far as contacts have matrix elements there; none negative, and zero among them.
    strength : float
        The largest |f| ||A|| of the contacts together.
    period : float
    """

    frequencies: tuple[float, ...]
    strength: float
    period: float


def strength(system: OpenSystem, name: str) -> float:
    """Return the largest |f| ||A|| of the contacts with a bath together."""
    times = np.linspace(0.0, system.machine.period, _TIMES_OF_DRIVES)
    sizes = [
        np.max(np.abs(np.concatenate([c.drive.value(times, "right"), c.drive.value(times, "left")])))
        * np.linalg.norm(c.local.toarray(), 2)
        for c in system.contacts
        if c.bath.name == name
    ]
    return float(sum(sizes))


def view(system: OpenSystem, name: str) -> View:
    """Return where a system looks at one of its baths, over a period of its drives: where any of its contacts has elements."""
    period, every = system.machine.period, np.zeros(1)
    near = _linked(system, name)
    contacts = [contact.operator.toarray() for contact in system.contacts if contact.subsystem in near]
    for time in (np.arange(_INSTANTS) + 0.5) / _INSTANTS * period:
        at = np.array([time])
        whole = sum(float(np.real(drive.value(at)[0])) * matrix.toarray() for drive, matrix in system.inside)
        energies, vectors = np.linalg.eigh(np.zeros((system.dimension,) * 2) + whole)
        for operator in contacts:
            elements = np.abs(vectors.conj().T @ operator @ vectors)
            gaps = np.abs(energies[:, None] - energies)
            every = np.concatenate([every, gaps[elements > _SEEN * np.max(elements, initial=0.0)]])
    return View(_apart(np.sort(every)), strength(system, name), period)


def _linked(system: OpenSystem, name: str) -> set[str]:
    """Return the subsystems that a bath meets, and those that are coupled with them, through others or through other baths."""
    groups = [set(term.parts) for term in system.hamiltonian.terms if len(term.parts) > 1]
    groups += [{c.subsystem for c in system.contacts if c.bath.name == bath} for bath in {c.bath.name for c in system.contacts}]
    found = {contact.subsystem for contact in system.contacts if contact.bath.name == name}
    while grown := found.union(*(group for group in groups if group & found)) - found:
        found |= grown
    return found


def _apart(gaps: FloatArray) -> tuple[float, ...]:
    """Return some of many frequencies, ascending, that stand for all."""
    kept: list[float] = []
    for gap in gaps.tolist():
        if not kept or gap > kept[-1] + _CLOSE * gaps[-1]:
            kept.append(gap)
    chosen = np.unique(np.round(np.linspace(0, len(kept) - 1, min(len(kept), _MOST))).astype(int))
    return tuple(kept[k] for k in chosen)


def distinct(values: FloatArray) -> FloatArray:
    """Return positive values, ascending, of those that agree to rounding only one: as many in any unit.

    Examples
    --------
    >>> distinct(np.array([0.3, 0.1 + 0.2, 0.5]))
    array([0.3, 0.5])
    """
    found = np.sort(values)
    return np.asarray(found[np.diff(found, prepend=-np.inf) > _ALIKE * found])


class BathCorrelation:
    """The correlation function of one bath.

    Parameters
    ----------
    bath : ContinuumBath
    seen : View, optional
        Where a system looks at it; at zero frequency, for some forty times its shortest time, if left out.

    Examples
    --------
    >>> from athermal.machine.densities import Ohmic
    >>> cold = BathCorrelation(ContinuumBath("bath", 0.01, Ohmic(friction=0.1, cutoff=1.0)))
    >>> round(float(cold.at(np.zeros(1))[0].real), 3)  # (1/pi) integral J coth(w/2T) dw
    0.032
    """

    def __init__(self, bath: ContinuumBath, seen: View | None = None) -> None:
        check_origin(bath, *bath.band)
        self.bath, self.density, self.temperature = bath, bath.spectral_density, bath.temperature
        self.scale = self.density.scale
        self.low, high = bath.band
        self.end = end_of_band(self.density, self.low, high)
        self.seen = View((0.0,), 1.0, _SCALES / self.scale) if seen is None else seen

    @cached_property
    def _integral(self) -> FourierIntegral:
        nodes, to_series = series_rule()
        marks = looked_at(self.density, self.end)
        # 1/w and coth(w/2T) ask for panels that shrink towards zero; on these they are smooth
        octaves = max([self.scale, *self.density.landmarks]) * 2.0 ** -np.arange(0.0, _HALVINGS)
        start = max(self.low, octaves[-1])
        edges = refine(self.density.squared_coupling, start, self.end, nodes, to_series, np.concatenate([marks, octaves]))

        def every(w: FloatArray) -> FloatArray:
            squared = self.density.squared_coupling(w)
            noisy = squared * self.bath.noise(w)
            return np.stack([noisy, squared, noisy / w, squared / w])

        return FourierIntegral(every, edges)

    def at(self, times: FloatArray) -> ComplexArray:
        """Return C(t) at an array of positive times."""
        even, odd, _, _ = self._integral(times)
        return np.asarray(0.5 * (even.real - 1j * odd.imag))

    def until(self, times: FloatArray) -> ComplexArray:
        """Return the integral of C from zero to positive times."""
        _, _, even, odd = self._integral(times)
        return np.asarray(0.5 * even.imag + 1j * (0.5 * odd.real - self.reorganisation))

    def spectrum(self, frequencies: FloatArray) -> FloatArray:
        """Return S(w) and J(w) at an array of positive frequencies."""
        w = np.asarray(frequencies, dtype=float)
        inside = (w >= self.low) & (w <= self.end)
        safe = np.where(inside, w, max(self.low, self.scale))
        odd = 0.5 * math.pi * np.where(inside, self.density.squared_coupling(safe), 0.0)
        return np.stack([odd * self.bath.noise(safe), odd])

    @cached_property
    def reorganisation(self) -> float:
        """(1/2) integral g^2/w dw = - integral_0^inf Im C dt."""
        return float(0.5 * self._integral(np.zeros(1))[3].real[0])

    @cached_property
    def memory(self) -> float:
        """How long C(t) lasts, or is followed."""
        longest = max(_PERIODS * self.seen.period, _SCALES / self.scale)
        times = np.geomspace(_FIRST / self.scale, longest, _TIMES)
        size = np.abs(self.at(times))
        done = np.concatenate([[0.0], np.cumsum(0.5 * (size[1:] + size[:-1]) * np.diff(times))])
        late = np.flatnonzero(done >= (1.0 - _LEFT) * done[-1])
        slow = 1.0 / self.temperature if self.temperature > 0.0 else 0.0
        return float(min(max(2.0 * times[late[0]], 1.0 / self.scale, slow), longest))

    @property
    def horizon(self) -> float:
        """Up to when C(t) is looked at: its memory, or two periods, in which what is small at any time may add up."""
        return max(self.memory, _RUN * self.seen.period)

    @property
    def lowest(self) -> float:
        """The lowest frequency that can be told from zero while C(t) is looked at."""
        return 0.1 / self.horizon

    def looked_at(self) -> tuple[FloatArray, FloatArray, float]:
        """Return the frequencies at which the system looks, S and J there, and how much of S is felt.

        Where S diverges at zero it is taken at the lowest frequency that can be told from it.
        """
        low, lower = self.lowest, _ZERO * self.lowest
        near = self.spectrum(np.array([low, lower]))[0]
        w = distinct(np.maximum(np.array(self.seen.frequencies), low if near[1] > _DIVERGES * near[0] else lower))
        values = self.spectrum(w)
        largest = max(float(np.max(values)), float(np.max(self.spectrum(self.grid))))
        felt = self.seen.strength**2 * self.seen.period
        return w, values, min(1.0 / felt, _UNFELT * largest) if felt else _UNFELT * largest

    @cached_property
    def grid(self) -> FloatArray:
        """Return frequencies that show S(w): evenly in its logarithm, and about its landmarks."""
        marks = np.array([mark for mark in self.density.landmarks if self.lowest < mark < self.end])
        about = [0.5 * (one + two) for one, two in itertools.pairwise(marks)]
        top = min(30.0 * max([self.scale, *marks]), self.end)
        even = np.geomspace(self.lowest, top, 300)
        return distinct(np.concatenate([even, np.linspace(self.lowest, 3.0 * self.scale, 100), marks, about]))
