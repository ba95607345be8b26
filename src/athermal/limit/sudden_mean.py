"""The mean motion under periodic forces of a machine that is constant between jumps, on the panels of its strokes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from athermal._types import FloatArray
from athermal.errors import ConvergenceError
from athermal.limit.forces import Forces, projected
from athermal.limit.mean import NET, MeanErrors
from athermal.limit.sudden import LEVELS, StrokeSystem, stroke_system
from athermal.maths.harmonics import amplitudes
from athermal.maths.panel_balance import StrokeFlow

_N_PHASES = 16


@dataclass(frozen=True)
class SuddenMean:
    """The mean motion under periodic forces: work and heats per unit time."""

    system: StrokeSystem
    errors: MeanErrors = field(default_factory=MeanErrors)

    @cached_property
    def _forces(self) -> Forces:
        panels, problem = self.system.balance.panels, self.system.problem
        series = projected(problem, panels).reshape(2 * problem.n_modes, len(panels.lengths), panels.order)
        return Forces(problem, panels, series)

    @cached_property
    def _flow(self) -> StrokeFlow:
        balance, forces = self.system.balance, self._forces
        return balance.at(0.0, balance.everything).follow(forces.series.reshape(-1, balance.panels.size))

    @cached_property
    def work(self) -> float:
        """Work per unit time."""
        panels, flow, forces = self.system.balance.panels, self._flow, self._forces
        blocks = flow.series[0].reshape(-1, len(panels.lengths), panels.order)
        before = np.roll(np.sum(blocks * panels.ends[1], axis=2), 1, axis=1).T
        rates = np.einsum("skl,asl->ask", panels.slope, forces.series)
        own = np.sum(blocks.conj() * rates) + np.sum(before.conj() * forces.jumps[0])
        return float(flow.work[0]) + float(own.real) / panels.period

    @property
    def heats(self) -> FloatArray:
        """Heat into each bath per unit time."""
        return np.asarray(self._flow.heats[0])

    @property
    def gross(self) -> float:
        """All energy that goes to and fro per unit time, but for that of the forces."""
        return float(self._flow.gross[0])

    def at(self, phase: float) -> FloatArray:
        """Return <r> at one time in the cycle."""
        y = self.system.at(self._flow.waves, self._flow.series, np.zeros(1, dtype=int), phase)[0]
        return np.asarray((self.system.problem.transform @ y).real)

    def contact_at(self, bath: int, phase: float) -> FloatArray:
        """Return <X_j>, <P_j> of a bath's contact."""
        flow = self._flow
        c = self.system.at(flow.contact_waves[bath], flow.contact_series[bath], np.zeros(1, dtype=int), phase)[0]
        return np.asarray((amplitudes(1) @ c).real)


def sudden_mean(forces: Forces, accuracy: float) -> SuddenMean:
    """Return the mean motion on panels that are refined until it has converged.

    Raises
    ------
    ConvergenceError
        If the finest panels do not meet the accuracy.
    """
    problem, period = forces.problem, forces.problem.machine.period
    fastest = forces.highest_harmonic(0.01 * accuracy) * forces.panels.nu
    coarse, missed = SuddenMean(stroke_system(problem, 0, fastest)), np.inf
    phases = period * (np.arange(_N_PHASES) + 0.382) / _N_PHASES
    for level in range(1, len(LEVELS)):
        fine = SuddenMean(stroke_system(problem, level, 1.3 * fastest))
        a, b = (np.array([one.at(float(t)) for t in phases]) for one in (coarse, fine))
        change = MeanErrors(
            abs(coarse.work - fine.work), float(np.max(np.abs(coarse.heats - fine.heats))), float(np.max(np.abs(a - b)))
        )
        energies = accuracy * max(float(np.max(np.abs(fine.heats))), NET * fine.gross, NET * accuracy * abs(fine.work))
        missed = max(change.work, change.heats) / energies if energies else 0.0
        missed = max(missed, change.mean / (accuracy * float(np.max(np.abs(b)))))
        if missed <= 1.0:
            return replace(fine, errors=change)
        coarse = fine
    raise ConvergenceError(
        f"The mean motion under the forces must converge to `accuracy` = {accuracy:.1e}, but with polynomials of order "
        f"{LEVELS[-1][0]} on each panel of a stroke still misses it {missed:.1e} times. Ask for an `accuracy` of "
        f"{2.0 * missed * accuracy:.0e}."
    )
