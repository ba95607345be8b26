"""The maps of stretches of the cycle, as the star backend builds them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from athermal._types import ComplexArray, IntArray
from athermal.backends.gaussian.shared import jumps_of, relative_difference, works_apart
from athermal.errors import ConvergenceError
from athermal.machine.hamiltonian import Hamiltonian
from athermal.maths.propagate import QuadraticFunctional, Works
from athermal.maths.star import StarMap, contact_window
from athermal.maths.star_evolution import EffectiveStar, Stretch, panels_needed
from athermal.maths.symplectic import apply_form, symplectic_defect

_PROBES = 4


@dataclass(frozen=True)
class Segment:
    """The map of a stretch of the cycle; its works and heats as functionals of the effective modes at its beginning."""

    map: StarMap
    works: Works
    heats: tuple[QuadraticFunctional, ...]
    duration: float
    symplectic_defect: float
    step_error: float


class SegmentBuilder:
    """Builds the maps of one machine.

    Parameters
    ----------
    hamiltonian : Hamiltonian
    tolerance : float
    max_panels : int
    """

    def __init__(self, hamiltonian: Hamiltonian, tolerance: float, max_panels: int) -> None:
        self.hamiltonian = hamiltonian
        self.tolerance = tolerance
        self.max_panels = max_panels
        self.n_system = len(hamiltonian.machine.subsystems)
        self.bath_modes = [hamiltonian.part_modes[name] for name in hamiltonian.machine.reservoir_names]
        half = hamiltonian.n_modes
        amplitudes = hamiltonian.basis[:half] + 1j * hamiltonian.basis[half:]
        self.contact_rows: ComplexArray = np.ascontiguousarray(amplitudes.T)
        first = 2 * self.n_system
        self.columns: list[IntArray] = [
            first + np.flatnonzero(np.any(amplitudes[modes, first:] != 0.0, axis=0)) for modes in self.bath_modes
        ]

    def build(self, start: float, stop: float) -> Segment:
        """Return the map of [start, stop], at most a cycle long."""
        hamiltonian = self.hamiltonian
        duration = stop - start
        self._check_panels(start, stop)
        frequencies = [hamiltonian.frequencies[modes] for modes in self.bath_modes]
        windows = tuple(
            contact_window(w, self.contact_rows[columns][:, modes].T, duration)
            for w, columns, modes in zip(frequencies, self.columns, self.bath_modes, strict=True)
        )
        star = EffectiveStar(windows, self.n_system, tuple(self.columns), start, hamiltonian.coupling, hamiltonian.slopes)
        whole, step_error = Stretch.nothing(2 * star.n_modes), 0.0
        edges, are_breakpoints = hamiltonian.edges(start, stop)
        for k, (low, high) in enumerate(itertools.pairwise(edges)):
            whole, error = self._stretch(star, low, high, whole)
            step_error = max(step_error, error)
            if are_breakpoints[k]:
                whole = star.jump(high, jumps_of(hamiltonian, high), whole)
        phases = np.exp(1j * hamiltonian.frequencies * duration)
        effective = np.eye(2 * star.n_modes) + apply_form(whole.gradient)
        return Segment(
            StarMap(windows, self.n_system, phases, whole.gradient, whole.kick),
            whole.works,
            tuple(star.heats(whole)),
            duration,
            symplectic_defect(effective),
            step_error,
        )

    def _stretch(self, star: EffectiveStar, start: float, stop: float, before: Stretch) -> tuple[Stretch, float]:
        """Continue over a stretch without breakpoints, refining until two refinements agree."""
        slopes = self.hamiltonian.slope(np.linspace(start, stop, 65)[1:-1])
        work_scale = (stop - start) * max(float(np.max(np.abs(slope), initial=0.0)) for slope in slopes)
        panels = self._panels(start, stop)
        # A few random directions tell whether the panels suffice, at a fraction of the cost of the whole map.
        probes = np.random.default_rng(0).standard_normal((2 * star.n_modes, _PROBES))
        coarse = star.evolve(start, stop, panels, before, probes)
        while True:
            panels += (panels + 1) // 2
            fine = star.evolve(start, stop, panels, before, probes)
            error = _difference(coarse, fine, work_scale)
            # Every panel rounds: no tolerance can be met below that.
            if error <= max(self.tolerance, panels * float(np.finfo(float).eps)):
                return star.evolve(start, stop, panels, before), error
            if panels > 2 * self.max_panels or not np.isfinite(error):
                raise ConvergenceError(
                    f"The propagator of the stretch from t = {start:.6g} to {stop:.6g} must converge to `tolerance` = "
                    f"{self.tolerance:.1e}, but two refinements ({panels} panels) still differ by {error:.1e}. Loosen "
                    "the tolerance, or check that the drives are smooth between their breakpoints."
                )
            coarse = fine

    def _panels(self, start: float, stop: float) -> int:
        middle = np.linspace(start, stop, 9)[1:-1]
        strength = float(np.max(np.abs(self.hamiltonian.coupling(middle)[0]), initial=0.0))
        return panels_needed([float(np.max(self.hamiltonian.frequencies))], strength, stop - start)

    def _check_panels(self, start: float, stop: float) -> None:
        if (panels := self._panels(start, stop)) > self.max_panels:
            highest = float(np.max(self.hamiltonian.frequencies))
            raise ConvergenceError(
                f"The stretch from t = {start:.6g} to {stop:.6g} must be resolved in at most `max_panels` = {self.max_panels} "
                f"panels, but the fastest bath mode, of frequency {highest:.6g}, asks for {panels}. Cut the spectral density "
                "with `high` at some tens of the highest frequency that matters, or raise `max_panels`."
            )


def _difference(coarse: Stretch, fine: Stretch, work_scale: float) -> float:
    """Return the largest difference of two refinements, relative to the size of what it is a difference of."""
    pairs = ((coarse.gradient, fine.gradient, 1.0), (coarse.kick, fine.kick, 1.0))
    return relative_difference((*pairs, *works_apart(coarse.works, fine.works, work_scale)))
