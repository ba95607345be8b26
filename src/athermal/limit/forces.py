"""The forces of a machine over one period, as Legendre series between the times at which they jump or kink."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, IntArray
from athermal.errors import ConvergenceError
from athermal.limit.problem import Problem
from athermal.machine.coupling import Displacement
from athermal.maths.panels import Panels

_ORDER = 20
# Panels hold about this phase of the fastest force that is known, and are halved until their last coefficients are at rounding.
_PHASE = 6.0
_ROUNDING = 1e-13
_LAST = 3
_MOST_PANELS = 5000
_CHUNK = 2000


@dataclass(frozen=True)
class Forces:
    """The forces f(t) on the amplitudes: normalised Legendre series (2N, panels, order)."""

    problem: Problem
    panels: Panels
    series: ComplexArray

    def harmonics(self, m: IntArray) -> ComplexArray:
        """Return f_m of f(t) = sum_m f_m e^{-i m nu t}, (harmonics, 2N)."""
        flat = self.series.reshape(len(self.series), -1)
        return np.asarray((flat @ self.panels.transform(m) / self.panels.period).T)

    def highest_harmonic(self, fraction: float) -> int:
        """Return the highest harmonic above a fraction of the largest, beside what jumps of the forces and their slopes make."""
        panels, nu = self.panels, self.panels.nu
        m = np.arange(1, math.ceil(2.0 * _ORDER / (nu * float(np.min(panels.lengths)))) + 2)
        sizes = [np.max(np.abs(self.harmonics(np.zeros(1, dtype=int))))]
        for part in np.array_split(m, math.ceil(len(m) / _CHUNK)):
            step, waves = 1j / (nu * part[:, None]), np.exp(1j * nu * part[:, None] * panels.edges[:-1]) / panels.period
            of_jumps = step * (waves @ self.jumps[0]) + step**2 * (waves @ self.jumps[1])
            sizes.extend(np.max(np.abs(self.harmonics(part) - of_jumps), axis=1))
        return int(np.flatnonzero(np.array(sizes) > fraction * max(sizes))[-1])

    @cached_property
    def jumps(self) -> tuple[ComplexArray, ComplexArray]:
        """By how much the forces and their slopes jump at the start of each panel, (panels, 2N)."""
        plain = np.moveaxis(self.series * self.panels.ends[1], 2, 0)
        slopes = np.polynomial.legendre.legder(plain) * (2.0 / self.panels.lengths)
        return _jump(plain), _jump(np.asarray(slopes))


def _jump(series: ComplexArray) -> ComplexArray:
    """Return the jumps (panels, 2N) of Legendre series (order, 2N, panels) at the start of each panel."""
    signs = (-1.0) ** np.arange(len(series))
    starts, ends = np.einsum("k,kaj->ja", signs, series), np.sum(series, axis=0).T
    return np.asarray(starts - np.roll(ends, 1, axis=0))


def forces_of(problem: Problem) -> Forces | None:
    """Return the forces of a machine, or None if there are none."""
    known = fastest_force(problem)
    period = problem.machine.period
    marks = list(problem.hamiltonian.breakpoints) or [0.0]
    longest = period if known == 0.0 else _PHASE / known
    edges = [marks[0]]
    for start, stop in itertools.pairwise([*marks, marks[0] + period]):
        n = math.ceil((stop - start) / longest * (1.0 - 1e-12))
        edges.extend(start + (stop - start) * (np.arange(n) + 1.0) / n)
    panels = Panels(np.array(edges), _ORDER)
    while True:
        series = projected(problem, panels).reshape(2 * problem.n_modes, len(panels.lengths), _ORDER)
        size = np.max(np.abs(series))
        if size == 0.0:
            return None
        rough = np.max(np.abs(series[:, :, -_LAST:]), axis=(0, 2)) > _ROUNDING * size
        if not np.any(rough):
            return Forces(problem, panels, series)
        if len(edges) > _MOST_PANELS:
            raise ConvergenceError(
                f"The forces must be smooth between their jumps, but {_MOST_PANELS} polynomials of order {_ORDER} do not "
                "resolve them. Name the times at which they jump, or smooth them."
            )
        halves = 0.5 * (panels.edges[:-1] + panels.edges[1:])[rough]
        panels = Panels(np.sort(np.concatenate([panels.edges, halves])), _ORDER)


def fastest_force(problem: Problem) -> float:
    """Return the highest frequency that the drives of the forces have by construction, zero if they are constant."""
    drives = [d for c in problem.machine.couplings if isinstance(c, Displacement) for _, d in c.drives]
    sums = [sum(2.0 * math.pi / leaf.own_period for leaf in drive.leaves() if leaf.own_period) for drive in drives]
    return max(sums, default=0.0)


def projected(problem: Problem, panels: Panels) -> ComplexArray:
    """Return the normalised Legendre coefficients (2N, size) of the forces on panels whose edges hold all breakpoints."""
    x, weights = np.polynomial.legendre.leggauss(panels.order + 8)
    times = (panels.middles[:, None] + 0.5 * panels.lengths[:, None] * x).ravel() % panels.period
    table = np.polynomial.legendre.legvander(x, panels.order - 1) * weights[:, None]
    force = problem.forces_at(times).reshape(len(panels.lengths), len(x), -1)
    series = np.einsum("sta,tk,sk,s->ask", force, table, panels.ends[1], 0.5 * panels.lengths)
    return np.asarray(series.reshape(-1, panels.size))
