"""Machines whose Hamiltonian is constant between jumps: strokes taken exactly, all quanta of one Floquet frequency together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.limit.problem import Problem
from athermal.limit.solve import Layout, Noise, System, TouchingNoise, first_guess, truncate
from athermal.machine.continuum import Continuum
from athermal.maths.harmonics import amplitudes
from athermal.maths.kronrod import Integral, Segment
from athermal.maths.panel_balance import Reached, StrokeBalance, StrokeFlow, Zone
from athermal.maths.panels import Memory, Panels
from athermal.maths.resonances import Resonance, refine, resonances

# (order of the polynomials, length of panels, harmonics of the memory) by refinement.
LEVELS = ((9, 1.0, 4000), (11, 1.0, 12000), (14, 0.8, 16000), (18, 0.8, 24000))
# A density beyond this fraction of its largest value is left out, and a bath with more harmonics than this is not taken exactly.
_NEGLIGIBLE = 1e-13
_MOST_HARMONICS = 500
# Panels hold about this phase of the fastest motion.
_PHASE = 8.0
_N_PHASES = 4
_FEWEST_HARMONICS = 12


@dataclass(frozen=True)
class StrokeSystem:
    """The problem on panels; what each bath's quanta reach; where its density ends."""

    problem: Problem
    balance: StrokeBalance
    sectors: tuple[Reached, ...]
    layout: Layout
    tops: tuple[float, ...]

    def thermal(self, bath: int, w: FloatArray) -> FloatArray:
        """Return coth(w/2T), twice the mean energy of a mode in units of w."""
        return self.problem.baths[bath].noise(w)

    def harmonics(self, bath: int, v: float) -> IntArray:
        """Return the m at which v + m nu lies in the band."""
        low, high, nu = self.problem.baths[bath].low, self.tops[bath], self.balance.nu
        m = np.arange(math.floor((low - v) / nu), math.ceil((high - v) / nu) + 1)
        return m[(v + m * nu > low) & (v + m * nu < high)]

    def _frequencies(self, v: float, m: IntArray) -> FloatArray:
        return np.asarray(v + m * self.balance.nu, dtype=float)

    def _flows(self, v: float) -> Iterator[tuple[int, IntArray, StrokeFlow]]:
        """Yield what the quanta of each bath do; baths that reach the same amplitudes share the operator."""
        zones: dict[tuple[int, ...], Zone] = {}
        for bath, reached in enumerate(self.sectors):
            m = self.harmonics(bath, v)
            if not len(m):
                continue
            zone = zones.setdefault(tuple(reached.rows), self.balance.at(v, reached))
            yield bath, m, zone.respond(bath, m, np.sqrt(self.problem.baths[bath].squared_coupling(self._frequencies(v, m))))

    def at(self, waves: ComplexArray, series: ComplexArray, m: IntArray, phase: float) -> ComplexArray:
        """Return amplitudes at one time in the cycle, from the waves of strokes and the series of panels."""
        panel, values = self.balance.panels.at(phase)
        part = slice(panel * len(values), (panel + 1) * len(values))
        turn = np.exp(-1j * self.balance.nu * m * phase)
        return np.asarray(series[:, :, part] @ values + waves[:, self.balance.strokes[panel]] * turn[:, None])

    def _quadratures(self, bath: int, waves: ComplexArray, series: ComplexArray, m: IntArray, phase: float) -> ComplexArray:
        return self.at(waves, series, m, phase) @ self.problem.transform[:, self.sectors[bath].rows].T

    def integrand(self, _: int, v: FloatArray) -> tuple[FloatArray, ComplexArray]:
        """Return all quantities of `layout` per unit of Floquet frequency, and the amplitudes, source after source."""
        values, kept = [], []
        for here in v:
            total, amplitudes_here = np.zeros(self.layout.commutators.stop), [np.zeros(0, dtype=complex)]
            for bath, m, flow in self._flows(float(here)):
                total += self._collected(bath, float(here), m, flow)
                amplitudes_here.extend([flow.waves.ravel(), flow.series.ravel()])
            values.append(total)
            kept.append(np.concatenate(amplitudes_here))
        longest = max(len(k) for k in kept)
        return np.array(values), np.array([np.pad(k, (0, longest - len(k))) for k in kept])

    def _collected(self, bath: int, v: float, m: IntArray, flow: StrokeFlow) -> FloatArray:
        layout = self.layout
        columns, odd = [flow.heats, flow.work[:, None], flow.gross[:, None]], []
        for phase in layout.phases:
            r = self._quadratures(bath, flow.waves, flow.series, m, float(phase))
            a, b = layout.upper
            columns.append((r[:, a] * r[:, b].conj()).real)
            a, b = layout.strict
            odd.append(2.0 * (r[:, a] * r[:, b].conj()).imag)
        hot = self.thermal(bath, self._frequencies(v, m))
        return np.concatenate([hot @ np.concatenate(columns, axis=1), *(np.sum(o, axis=0) for o in odd)])

    # --- the state -------------------------------------------------------------------------------------------------

    def noise(self, integral: Integral, phase: float, rule: str) -> Iterator[Noise]:
        """Yield frequencies, responses of r and weights of each bath."""
        strokes, size = len(self.balance.forms), self.balance.panels.size
        for v, weight, kept in _nodes(integral, rule):
            start = 0
            for bath, reached in enumerate(self.sectors):
                m, rows = self.harmonics(bath, v), len(reached.rows)
                middle = start + len(m) * strokes * rows
                stop = middle + len(m) * rows * size
                waves, series = kept[start:middle].reshape(-1, strokes, rows), kept[middle:stop].reshape(-1, rows, size)
                start = stop
                if len(m):
                    w = self._frequencies(v, m)
                    yield bath, w, self._quadratures(bath, waves, series, m, phase), np.full(len(m), weight)

    def touching_noise(self, integral: Integral, phase: float) -> Iterator[TouchingNoise]:
        """Yield source, contact, frequencies, responses of r and of the contact's quadratures, and weights."""
        for v, weight, _ in _nodes(integral, "kronrod"):
            for source, m, flow in self._flows(v):
                r = self._quadratures(source, flow.waves, flow.series, m, phase)
                w, weights = self._frequencies(v, m), np.full(len(m), weight)
                for bath, signs in enumerate(self.sectors[source].signs):
                    if len(signs):
                        c = self.at(flow.contact_waves[bath], flow.contact_series[bath], m, phase)
                        yield source, bath, w, r, c @ amplitudes(1)[:, signs].T, weights

    def largest(self, zero: Resonance) -> int:
        """Return the subsystem that a resonance lives in most."""
        weights = np.sum(np.abs(zero.vector.reshape(2, self.layout.n_modes, -1)) ** 2, axis=(0, 2))
        return int(np.argmax(weights))


def _nodes(integral: Integral, rule: str) -> Iterator[tuple[float, float, ComplexArray]]:
    nodes = integral.nodes[0]
    weights = nodes.kronrod if rule == "kronrod" else nodes.gauss
    for v, weight, kept in zip(nodes.frequencies, weights, nodes.kept, strict=True):
        for k in np.flatnonzero(weight):
            yield float(v[k]), float(weight[k]), kept[k]


def end_of_band(bath: Continuum) -> float:
    """Return where a density ends, or is negligible; infinity if it falls off only as a power."""
    w = bath.low + bath.scale * np.geomspace(1e-3, 1e3, 4000)
    w = w[w < bath.high]
    g = bath.squared_coupling(w)
    last = np.flatnonzero(g > _NEGLIGIBLE * np.max(g))[-1]
    return float(w[last + 1]) if last + 1 < len(w) else bath.high


def has_exact_strokes(problem: Problem) -> bool:
    """Tell whether all that is driven, but for forces, is constant between jumps, and the bands end soon enough."""
    if not len(problem.jumps):
        return False
    starts, ends = _strokes(problem)
    inside = starts[:, None] + (ends - starts)[:, None] * np.array([0.0, 0.211, 0.5, 0.873])
    forms = problem.hamiltonian.coupling(inside.ravel() % problem.machine.period)[0].reshape(*inside.shape, -1)
    same = np.max(np.abs(forms - forms[:, :1])) <= 1e-14 * np.max(np.abs(forms))
    most = max(end_of_band(bath) for bath in problem.baths) * problem.machine.period / (2.0 * math.pi)
    return bool(same and most <= _MOST_HARMONICS)


def _strokes(problem: Problem) -> tuple[FloatArray, FloatArray]:
    starts = np.array(problem.hamiltonian.breakpoints)
    return starts, np.append(starts[1:], starts[0] + problem.machine.period)


def stroke_system(problem: Problem, level: int, fastest: float = 0.0) -> StrokeSystem:
    """Return the problem on panels of one level of refinement, short enough for a force of some frequency."""
    order, length, far = LEVELS[level]
    period, (starts, ends) = problem.machine.period, _strokes(problem)
    forms, contacts = problem.in_amplitudes(problem.hamiltonian.coupling(0.5 * (starts + ends) % period)[0])
    signs = np.repeat([1.0, -1.0], problem.n_modes)[:, None]
    # above this frequency stationary responses have no resonance
    fast = 1.5 * float(np.max(np.abs(np.linalg.eigvals(signs * forms))))
    baths, tops = problem.baths, tuple(end_of_band(bath) for bath in problem.baths)
    hard = max(
        bath.high if math.isfinite(bath.high) and bath.high < 1.01 * top else 0.0 for bath, top in zip(baths, tops, strict=True)
    )
    quickest = max(fast, hard, fastest)
    edges, of = _panels(starts, ends, length * _PHASE / quickest, 0.7 * length / max(bath.scale for bath in baths))
    panels = Panels(edges, order)
    last = [max(bath.low, bath.high if math.isfinite(bath.high) else 0.0) for bath in baths]
    top_wave = max(tops)
    memories = [Memory(bath.self_energy, panels, starts, top, top_wave, far) for bath, top in zip(baths, last, strict=True)]
    balance = StrokeBalance(panels, of, forms, contacts, memories, fast)
    sectors = tuple(balance.reached(j) for j in range(len(baths)))
    phases = np.concatenate([period * (np.arange(_N_PHASES) + 0.1234) / _N_PHASES, problem.jumps])
    return StrokeSystem(problem, balance, sectors, Layout(len(baths), problem.n_modes, phases), tops)


def _panels(starts: FloatArray, ends: FloatArray, longest: float, first: float) -> tuple[FloatArray, IntArray]:
    """Return edges and the stroke of each panel: short after a jump, where the bath's memory is quick, then ever longer."""
    edges, of = [], []
    for stroke, (start, end) in enumerate(zip(starts, ends, strict=True)):
        step, t = min(longest, first), start
        while True:
            edges.append(t)
            of.append(stroke)
            if end - t <= 1.5 * step:
                break
            t += step
            step = min(longest, 2.0 * step)
    return np.array([*edges, ends[-1]]), np.array(of)


def coarse_zeros(problem: Problem) -> tuple[System, list[Resonance]]:
    """Return a harmonic balance that is good enough to start from, and its zeros."""
    system = truncate(problem, max(first_guess(problem), _FEWEST_HARMONICS))
    return system, resonances(system.balance)


def located(system: StrokeSystem, coarse: System, zeros: list[Resonance]) -> list[Resonance]:
    """Return the zeros of a harmonic balance, refined: each once, within a zone."""
    balance, found = system.balance, list[Resonance]()
    scale = float(np.max(np.abs(balance.forms)))
    for zero in zeros:
        shift = round(zero.frequency.real / balance.nu)
        # e^{-izt} sum_m y_m e^{-im nu t} with the frequency folded: y_m belongs to harmonic m + shift
        table = balance.panels.transform(-(coarse.balance.harmonics + shift))
        vector = (table @ zero.vector.reshape(len(coarse.balance.harmonics), -1)).T.ravel()
        start = zero.frequency - shift * balance.nu
        better = refine(balance.matrix, start, vector / np.linalg.norm(vector), scale)
        candidate = better or Resonance(start, vector / np.linalg.norm(vector), np.nan)
        if not any(_same(candidate, other, 1e-7 * scale, balance.nu) for other in found):
            found.append(candidate)
    return sorted(found, key=lambda z: (-z.frequency.imag, abs(z.frequency.real)))


def _same(a: Resonance, b: Resonance, close: float, nu: float) -> bool:
    gap = a.frequency - b.frequency
    if abs(gap - nu * round(gap.real / nu)) > close:
        return False
    return round(gap.real / nu) != 0 or abs(np.vdot(a.vector, b.vector)) > 0.7 * np.linalg.norm(a.vector) * np.linalg.norm(
        b.vector
    )


def zone_segments(system: StrokeSystem, zeros: list[Resonance]) -> list[Segment]:
    """Return the segments of one zone, cut at folded band edges and resonances."""
    nu, marks = system.balance.nu, [0.0]
    for bath, top in zip(system.problem.baths, system.tops, strict=True):
        marks.extend(sign * edge for sign in (1.0, -1.0) for edge in (bath.low, top))
    marks.extend(zero.frequency.real for zero in zeros)
    folded, kept = np.array(marks), [-0.5 * nu]
    for mark in np.sort(folded - nu * np.round(folded / nu)):
        if mark - kept[-1] > 1e-9 * nu and 0.5 * nu - mark > 1e-9 * nu:
            kept.append(float(mark))
    return [Segment(0, a, b, nu) for a, b in itertools.pairwise([*kept, 0.5 * nu])]
