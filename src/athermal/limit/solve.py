"""Solve the harmonic-balance problem of a machine: harmonics by refinement, frequencies by adaptive integration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.limit.problem import Problem
from athermal.machine.continuum import Continuum
from athermal.maths.harmonics import Flow, HarmonicBalance, Sector, amplitudes, significant_harmonic
from athermal.maths.kronrod import Integral, Segment, integrate
from athermal.maths.resonances import Resonance, refine

_N_PHASES = 4
# Peaks and edges shifted by m harmonics are given a segment of their own while they are this strong.
_VISIBLE = 1e-5
_FEWEST_SAMPLES = 24
# Net energies may be this much smaller than what goes to and fro before rounding, not the accuracy, limits them.
_NET = 1e-4
_BATCH = 256
_SHAKEN = 12
_HIGHEST_ORDER = 30


@dataclass(frozen=True)
class Layout:
    """Where each quantity stands in the vector that is integrated over frequency."""

    n_baths: int
    n_modes: int
    phases: FloatArray

    @cached_property
    def upper(self) -> tuple[IntArray, IntArray]:
        """Indices of the upper triangle, diagonal included."""
        first, second = np.triu_indices(2 * self.n_modes)
        return first.astype(np.intp), second.astype(np.intp)

    @cached_property
    def strict(self) -> tuple[IntArray, IntArray]:
        """Indices of the upper triangle, diagonal excluded."""
        first, second = np.triu_indices(2 * self.n_modes, 1)
        return first.astype(np.intp), second.astype(np.intp)

    @property
    def heats(self) -> slice:
        """Heat into each bath per unit time."""
        return slice(0, self.n_baths)

    @property
    def work(self) -> int:
        """Work per unit time."""
        return self.n_baths

    @property
    def gross(self) -> int:
        """All energy that goes to and fro per unit time."""
        return self.n_baths + 1

    @property
    def covariances(self) -> slice:
        """Covariance at each phase."""
        return slice(self.n_baths + 2, self.n_baths + 2 + len(self.phases) * len(self.upper[0]))

    @property
    def commutators(self) -> slice:
        """[r, r^T]/i at each phase."""
        start = self.covariances.stop
        return slice(start, start + len(self.phases) * len(self.strict[0]))


# bath, frequencies (K,), responses of r (K, 2N), weights (K,)
Noise = tuple[int, FloatArray, ComplexArray, FloatArray]
# source, bath in contact, frequencies, responses of r and of (X, P) of the contact, weights
TouchingNoise = tuple[int, int, FloatArray, ComplexArray, ComplexArray, FloatArray]


@dataclass(frozen=True)
class System:
    """The problem truncated to n harmonics, with the sector that each bath's quanta reach."""

    problem: Problem
    balance: HarmonicBalance
    sectors: tuple[Sector, ...]
    layout: Layout

    @property
    def is_closed(self) -> bool:
        """Whether the truncation leaves nothing out."""
        return all(self.balance.is_closed(sector) for sector in self.sectors)

    def thermal(self, bath: int, w: FloatArray) -> FloatArray:
        """Return coth(w/2T), twice the mean energy of a mode in units of w."""
        return self.problem.baths[bath].noise(w)

    def flow(self, bath: int, w: FloatArray) -> Flow:
        """Return what quanta of unit noise from a bath do at each frequency."""
        amplitude = np.sqrt(self.problem.baths[bath].squared_coupling(w))
        return self.balance.respond(bath, w, amplitude, self.sectors[bath])

    def phase_factors(self, bath: int, phase: float) -> ComplexArray:
        """Return E with r(t) = y E: the quadratures at one time in the cycle, from the amplitudes of a sector."""
        rows = self.sectors[bath].rows
        waves = np.exp(-1j * self.balance.nu * self.balance.row_harmonic[rows] * phase)
        return np.asarray((self.problem.transform[:, rows % (2 * self.layout.n_modes)] * waves).T)

    def integrand(self, bath: int, w: FloatArray) -> tuple[FloatArray, ComplexArray]:
        """Return all quantities of `layout` per unit of frequency, and the amplitudes."""
        flow, layout = self.flow(bath, w), self.layout
        columns = [flow.heats, flow.work[:, None], flow.gross[:, None]]
        odd = []
        for phase in layout.phases:
            r = flow.y @ self.phase_factors(bath, float(phase))
            a, b = layout.upper
            columns.append((r[:, a] * r[:, b].conj()).real)
            a, b = layout.strict
            odd.append(2.0 * (r[:, a] * r[:, b].conj()).imag)
        hot = self.thermal(bath, w)[:, None]
        return np.concatenate([np.concatenate(columns, axis=1) * hot, *odd], axis=1), flow.y

    def rounding(self, integral: Integral) -> FloatArray:
        """Return what rounding leaves open of each integral, from the nodes that add most to the covariances."""
        worst = 0.0
        for bath, nodes in enumerate(integral.nodes):
            if not nodes.frequencies:
                continue
            w, y = np.concatenate(nodes.frequencies), np.concatenate(nodes.kept)
            share = np.concatenate(nodes.kronrod) * self.thermal(bath, w) * np.sum(np.abs(y) ** 2, axis=1)
            top = np.argsort(share)[-_SHAKEN:]
            top = top[share[top] > 0.0]
            if len(top):
                worst = max(worst, self.balance.rounding(w[top], y[top], self.sectors[bath]))
        result, layout = np.zeros(len(integral.values)), self.layout
        result[: layout.gross] = abs(float(integral.values[layout.gross]))
        result[layout.covariances] = float(np.max(np.abs(integral.values[layout.covariances])))
        result[layout.commutators] = 1.0
        return 2.0 * worst * result

    # --- the state -------------------------------------------------------------------------------------------------

    def noise(self, integral: Integral, phase: float, rule: str) -> Iterator[Noise]:
        """Yield frequencies, responses of r and weights of each bath."""
        for bath, nodes in enumerate(integral.nodes):
            if not nodes.frequencies:
                continue
            weights = np.concatenate(nodes.kronrod if rule == "kronrod" else nodes.gauss)
            r = np.concatenate(nodes.kept) @ self.phase_factors(bath, phase)
            yield bath, np.concatenate(nodes.frequencies), r, weights

    def touching_noise(self, integral: Integral, phase: float) -> Iterator[TouchingNoise]:
        """Yield source, contact, frequencies, responses of r and of the contact's quadratures, and weights."""
        for source, nodes in enumerate(integral.nodes):
            for w, weights, kept in zip(nodes.frequencies, nodes.kronrod, nodes.kept, strict=True):
                flow, r = self.flow(source, w), kept @ self.phase_factors(source, phase)
                for bath, columns in enumerate(self.sectors[source].columns):
                    waves = np.exp(-1j * self.balance.nu * self.balance.column_harmonic[columns] * phase)
                    if len(columns):
                        yield source, bath, w, r, flow.contacts[bath] @ (amplitudes(1)[:, columns % 2] * waves).T, weights

    def largest(self, zero: Resonance) -> int:
        """Return the subsystem that a resonance lives in most."""
        n = self.layout.n_modes
        return int(np.argmax(np.sum(np.abs(zero.vector.reshape(-1, 2, n)) ** 2, axis=(0, 1))))


def truncate(problem: Problem, n: int) -> System:
    """Return the problem on harmonics -n..n."""
    responses = [bath.self_energy for bath in problem.baths]
    balance = HarmonicBalance(problem.drives(max(n, 1)), responses, problem.machine.period, n)
    sectors = tuple(balance.sector(j) for j in range(len(problem.baths)))
    n_phases = _N_PHASES if n else 1
    # No drive is known to favour these phases; harmonics add up most slowly at its jumps.
    phases = problem.machine.period * ((np.arange(n_phases) + 0.1234 * (n_phases > 1)) / n_phases)
    phases = np.concatenate([phases, problem.jumps])
    return System(problem, balance, sectors, Layout(len(problem.baths), problem.n_modes, phases))


def is_driven(problem: Problem) -> bool:
    """Tell whether anything but a force changes in time."""
    drives = problem.drives(8)
    return any(significant_harmonic(c) > 0 for c in (drives.form, *drives.contacts))


def first_guess(problem: Problem) -> int:
    """Return the number of harmonics to start with."""
    if not is_driven(problem):
        return 0
    drives, nu = problem.drives(12), 2.0 * np.pi / problem.machine.period
    reach = max(significant_harmonic(c, 1e-6) for c in (drives.form, *drives.contacts))
    fastest = float(np.max(np.abs(np.linalg.eigvals(drives.form[len(drives.form) // 2]))))
    return max(2, min(reach, 12), min(math.ceil(2.0 * fastest / nu), 24))


def next_number(n: int) -> int:
    """Return the next number of harmonics to try."""
    return math.ceil(1.4 * n) + 1


def carried_over(zeros: list[Resonance], system: System) -> list[Resonance]:
    """Return the zeros of another truncation, refined from those of a smaller one."""
    result = []
    for zero in zeros:
        more = (len(system.balance.sign) - len(zero.vector)) // 2
        vector = np.pad(zero.vector, (more, more))
        scale = float(np.max(np.abs(system.balance.form)))
        result.append(refine(system.balance.matrix, zero.frequency, vector, scale) or Resonance(zero.frequency, vector, np.nan))
    return result


def sample_points(system: System, bath: int, zeros: list[Resonance]) -> FloatArray:
    """Return frequencies at which two truncations are compared: near the resonances, and all over the band."""
    here, nu = system.problem.baths[bath], system.balance.nu
    top = here.high if math.isfinite(here.high) else here.low + 6.0 * here.scale
    points = list(here.low + (top - here.low) * (np.arange(_FEWEST_SAMPLES) + 0.37) / _FEWEST_SAMPLES)
    shifts = np.arange(-2, 3) * nu if system.balance.n else np.zeros(1)
    for zero in zeros:
        points.extend(zero.frequency.real + shifts)
    chosen = np.unique(np.array(points))
    return chosen[(chosen > here.low) & (chosen < here.high)]


def difference(coarse: System, fine: System, zeros: list[Resonance]) -> float:
    """Return the largest relative difference of the integrands of two truncations, kind by kind, over the sample points."""
    worst = 0.0
    for bath in range(len(coarse.sectors)):
        w = sample_points(coarse, bath, zeros)
        if not len(w):
            continue
        a, b = coarse.integrand(bath, w)[0], fine.integrand(bath, w)[0]
        layout = coarse.layout
        for part in (slice(0, layout.gross + 1), layout.covariances, layout.commutators):
            size = float(np.max(np.abs(b[:, part]), initial=0.0))
            worst = max(worst, float(np.max(np.abs(a[:, part] - b[:, part]), initial=0.0)) / size if size else 0.0)
    return worst


def segments(system: System, zeros: list[Resonance], accuracy: float) -> list[Segment]:
    """Return the segments of frequency of every bath, cut at all band edges and resonances and their visible harmonics."""
    result = []
    for bath, here in enumerate(system.problem.baths):
        marks = np.array(_edges(system, bath) + _peaks(system, bath, zeros, max(_VISIBLE, accuracy)))
        marks = np.unique(marks[(marks > here.low) & (marks < here.high)])
        smallest = 1e-9 * (here.scale + here.low)
        kept = [here.low]
        for mark in marks:
            if mark - kept[-1] > smallest and here.high - mark > smallest:
                kept.append(float(mark))
        order = _order(here)
        if order > 1 and len(kept) == 1 and not math.isfinite(here.high):
            kept.append(here.scale)
        ends = [*kept, here.high]
        for k, (start, stop) in enumerate(itertools.pairwise(ends)):
            result.append(Segment(bath, start, stop, max(here.scale, start), 1 if k else order))
    return result


def _order(bath: Continuum) -> int:
    """Return 1/s of a density w^s, s < 1, at zero frequency, or one: thermal noise there goes as w^(s - 1)."""
    if bath.low > 0.0:
        return 1
    near, nearer = bath.squared_coupling(bath.scale * np.array([1e-12, 1e-13]))
    if not near > nearer > 0.0:
        return 1
    return min(max(1, math.ceil(1.0 / math.log10(near / nearer) - 1e-3)), _HIGHEST_ORDER)


def _edges(system: System, bath: int) -> list[float]:
    balance = system.balance
    marks: list[float] = []
    for j, columns in enumerate(system.sectors[bath].columns):
        other = system.problem.baths[j]
        for column in columns:
            m, sign = balance.column_harmonic[column], 1.0 if column % 2 == 0 else -1.0
            if abs(m) <= (2 if len(columns) > 8 else balance.n):
                marks.extend(sign * edge - m * balance.nu for edge in (other.low, other.high) if math.isfinite(edge))
    return marks


def _peaks(system: System, bath: int, zeros: list[Resonance], visible: float) -> list[float]:
    balance = system.balance
    marks: list[float] = []
    rows = np.zeros(len(balance.sign), dtype=bool)
    rows[system.sectors[bath].rows] = True
    for zero in zeros:
        # quanta that come in at z + m nu meet the m-th harmonic of the resonance
        strength = np.max((np.abs(zero.vector) * rows).reshape(len(balance.harmonics), -1), axis=1)
        seen = balance.harmonics[strength > visible]
        marks.extend(float(zero.frequency.real + m * balance.nu) for m in seen)
    return marks


def target(layout: Layout, accuracy: float) -> Callable[[FloatArray], FloatArray]:
    """Return what error is allowed of each integral, given the integrals."""

    def allowed(values: FloatArray) -> FloatArray:
        result = np.empty(len(values))
        net, gross = float(np.max(np.abs(values[layout.heats]))), abs(float(values[layout.gross]))
        result[: layout.gross + 1] = accuracy * max(net, _NET * gross, 1e-300)
        result[layout.gross] = 1e-3 * max(gross, 1e-300)
        result[layout.covariances] = accuracy * max(float(np.max(np.abs(values[layout.covariances]))), 0.5)
        result[layout.commutators] = accuracy
        return result

    return allowed


def integrate_all(system: System, zeros: list[Resonance], accuracy: float, max_nodes: int) -> Integral:
    """Integrate over the frequencies of all baths."""
    pieces = segments(system, zeros, accuracy)
    allowed = target(system.layout, 0.3 * accuracy)
    return integrate(system.integrand, pieces, len(system.sectors), allowed, max_nodes)


def with_more_harmonics(system: System, fine: System, integral: Integral) -> FloatArray:
    """Return by how much the integrals of a finer truncation differ, by the nodes of the Gauss rule."""
    total = np.zeros_like(integral.values)
    for bath, nodes in enumerate(integral.nodes):
        if not nodes.frequencies:
            continue
        w, weight = np.concatenate(nodes.frequencies), np.concatenate(nodes.gauss)
        for part in np.array_split(np.flatnonzero(weight), max(1, len(w) // _BATCH)):
            total += weight[part] @ (fine.integrand(bath, w[part])[0] - system.integrand(bath, w[part])[0])
    return total
