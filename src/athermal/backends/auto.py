"""The choice between the Gaussian backends."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from athermal._lazy import LazyModule
from athermal.backends.base import Backend, Solver
from athermal.machine.initial import GaussianMoments, Gibbs, InitialState
from athermal.machine.machine import Machine

if TYPE_CHECKING:
    from athermal.backends import finite, gaussian
    from athermal.backends import open as continuous
else:  # a run imports the backend that it is run with, and no other
    finite, gaussian, continuous = (LazyModule(f"athermal.backends.{family}") for family in ("finite", "gaussian", "open"))

# Up to here the dense backend takes fractions of a second a cycle, and there is nothing to gain. Above, star was faster in
# every case measured, the covariance of each bath formed in every cycle included (600 modes: 0.12 s a cycle against 0.16 s, and
# 0.8 s for the first; 2000 modes: 4 s against 6 s, and 22 s for the first).
_SMALL = 200
# Beyond this a matrix of the whole takes 128 MB and its eigenvalues minutes.
_LARGE = 2000
# Directions that a bath changes in beyond bandwidth x time / 2 pi: the tails of prolate spheroidal functions at 1e-13.
_TAIL = 16


@dataclass(frozen=True)
class Auto(Backend):
    """Whatever suits the machine and the length of the run: `Dense`, `Star` or, for finite parts, `DensityMatrix` or `HEOM`.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> chosen, why = Auto().choose(two_oscillator(modes=5))
    >>> type(chosen).__name__
    'Dense'
    """

    kind: Literal["auto"] = field(default="auto", repr=False)

    def bind(self, machine: Machine) -> Solver[Any]:
        """Return the solver of the backend chosen for one cycle."""
        return self.choose(machine)[0].bind(machine)

    def choose(self, machine: Machine, cycles: int = 1, initial: InitialState | None = None) -> tuple[Backend, str]:
        """Return the backend for a run, and why."""
        if machine.has_continua:
            return continuous.HEOM(), "HEOM: finite subsystems between continuous baths, at any coupling strength"
        if machine.is_finite:
            return finite.DensityMatrix(), "density matrix: the machine has finite parts"
        n_modes, star = machine.n_modes, gaussian.Star()
        if n_modes <= _SMALL:
            return gaussian.Dense(), f"dense: {n_modes} modes are few, and every column is known"
        initial = initial or machine.initial
        start = initial.layers()[0]
        if isinstance(start, GaussianMoments) or (isinstance(start, Gibbs) and _is_wide(start, machine, star)):
            kind = type(start).__name__
            return gaussian.Dense(), f"dense: the start ({kind}) correlates more modes than the star backend can hold"
        reach = expected_rank(machine, machine.period)
        if n_modes <= _LARGE and all(2 * reach > bath.n_modes for bath in machine.harmonic_baths):
            return gaussian.Dense(), f"dense: within one cycle the contacts reach most of the {n_modes} modes"
        rank = expected_rank(machine, max(cycles, initial.charged_cycles) * machine.period)
        if len(machine.reservoirs) == 1 or all(_is_known(bath.n_modes, rank, star) for bath in machine.harmonic_baths):
            return star, f"star: of {n_modes} modes it follows only those that the contacts reach, and every column is known"
        if n_modes <= _LARGE:
            return gaussian.Dense(), f"dense: the run is too long for the star backend to know C(R) and D_j of {n_modes} modes"
        return star, (
            f"star: {n_modes} modes are too many for the dense backend; C(R) and D_j are known for the first cycles only"
        )


def expected_rank(machine: Machine, duration: float) -> int:
    """Return in about how many complex directions a bath changes: bandwidth x time / 2 pi and a tail.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> expected_rank(two_oscillator(modes=5), 0.0)
    16
    """
    bandwidth = max(float(np.ptp(bath.frequencies)) for bath in machine.harmonic_baths)
    return math.ceil(bandwidth * duration / (2.0 * math.pi)) + _TAIL


def _is_known(n_modes: int, rank: int, star: gaussian.Star) -> bool:
    """Tell whether the star backend knows the entropy of a bath that has changed in so many directions."""
    return n_modes <= max(star.entropy_modes, star.block_modes) or rank <= min(star.max_rank, n_modes // 2)


def default_backend(machine: Machine) -> Backend:
    """Return the backend that a machine is run with if none is named: dense while that is comfortable.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> type(default_backend(two_oscillator(modes=5))).__name__
    'Dense'
    """
    if machine.has_continua:
        return continuous.HEOM()
    if machine.is_finite:
        return finite.DensityMatrix()
    if not machine.is_settled:
        return Auto()
    return gaussian.Dense() if machine.n_modes <= _LARGE else gaussian.Star()


def takes_continua(machine: Machine, backend: Backend | str | None) -> bool:
    """Tell whether a run takes the continuous baths of a machine as they are, without modes; whoever chooses its backend.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> takes_continua(two_oscillator(modes=5), "auto")
    False
    """
    is_left_to_us = backend is None or isinstance(backend, (str, Auto))
    return machine.has_continua if is_left_to_us else isinstance(backend, Backend) and backend.takes_continua


def _is_wide(start: Gibbs, machine: Machine, star: gaussian.Star) -> bool:
    names = (*machine.subsystem_names, *machine.reservoir_names) if start.parts is None else start.parts
    return sum(len(machine.hamiltonian.part_modes.get(name, ())) for name in names) > star.block_modes
