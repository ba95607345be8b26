"""Adaptive Gauss-Kronrod integration of vectors over several segments at once, keeping the nodes.

Each segment [A, B] is mapped by w = A + (B - A) phi(u) with phi' = 630 u^4 (1 - u)^4, which gathers the nodes at both ends:
put segment ends where the integrand has a logarithmic edge, a kink or a narrow peak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.errors import ConvergenceError

# Kronrod's 21 nodes, R. Piessens et al., QUADPACK (Springer, 1983); every second one is a node of the Gauss rule of 10.
_HALF_NODES = (
    0.995657163025808080735527280689003, 0.973906528517171720077964012084452, 0.930157491355708226001207180059508,
    0.865063366688984510732096688423493, 0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
    0.562757134668604683339000099272694, 0.433395394129247190799265943165784, 0.294392862701460198131126603103866,
    0.148874338981631210884826001129720, 0.0,
)  # fmt: skip
_HALF_WEIGHTS = (
    0.011694638867371874278064396062192, 0.032558162307964727478818972459390, 0.054755896574351996031381300244580,
    0.075039674810919952767043140916190, 0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
    0.123491976262065851077958109585166, 0.134709217311473325928054001771707, 0.142775938577060080797094273138717,
    0.147739104901338491374841515972068, 0.149445554002916905664936468389821,
)  # fmt: skip
_NODES = np.array([*(-x for x in _HALF_NODES), *_HALF_NODES[-2::-1]])
_KRONROD = np.array([*_HALF_WEIGHTS, *_HALF_WEIGHTS[-2::-1]])
_GAUSS = np.zeros(21)
_GAUSS[1::2] = np.polynomial.legendre.leggauss(10)[1]

Evaluate = Callable[[int, FloatArray], tuple[FloatArray, ComplexArray]]


@dataclass(frozen=True)
class Segment:
    """An interval of frequency that belongs to one source; `stop` may be infinite, then `scale` says how far it reaches.

    Where the integrand goes as (w - start)^(s - 1), s < 1, an `order` of 1/s or more makes it smooth: phi^order for phi.
    """

    source: int
    start: float
    stop: float
    scale: float = 1.0
    order: int = 1

    def at(self, u: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return w(u) and dw/du for u in (0, 1)."""
        below = u <= 0.5
        v = np.where(below, u, 1.0 - u)
        phi = v**5 * (126.0 - 420.0 * v + 540.0 * v**2 - 315.0 * v**3 + 70.0 * v**4)
        slope = 630.0 * v**4 * (1.0 - v) ** 4
        if np.isfinite(self.stop):
            length, q = self.stop - self.start, self.order
            from_start = length * np.maximum(np.where(below, phi, 1.0 - phi) ** q, np.finfo(float).tiny)
            to_stop = -length * np.expm1(q * np.log1p(-np.where(below, 0.5, phi)))
            w = np.where(below, self.start + from_start, self.stop - to_stop)
            return w, np.asarray(length * slope * q * np.where(below, phi, 1.0 - phi) ** (q - 1))
        # phi(u) and 1 - phi(u), each without cancellation at its own end
        part, rest = np.where(below, phi, 1.0 - phi), np.where(below, 1.0 - phi, phi)
        return np.asarray(self.start + self.scale * part / rest), np.asarray(self.scale * slope / rest**2)


@dataclass
class Nodes:
    """The nodes of one source: frequencies, weights of both rules, and what was kept of the integrand at each."""

    frequencies: list[FloatArray] = field(default_factory=list)
    kronrod: list[FloatArray] = field(default_factory=list)
    gauss: list[FloatArray] = field(default_factory=list)
    kept: list[ComplexArray] = field(default_factory=list)


@dataclass(frozen=True)
class Integral:
    """Values and error estimates, and the nodes by source."""

    values: FloatArray
    errors: FloatArray
    nodes: tuple[Nodes, ...]
    n_nodes: int
    is_converged: bool


@dataclass
class _Panels:
    """Panels in u of segments, with their contributions; one entry along the first axis of each array."""

    segment: IntArray
    low: FloatArray
    high: FloatArray
    values: FloatArray
    errors: FloatArray
    record: list[tuple[FloatArray, FloatArray, FloatArray, ComplexArray]]

    def where(self, mask: NDArray[np.bool_]) -> _Panels:
        chosen = np.flatnonzero(mask)
        record = [self.record[k] for k in chosen]
        return _Panels(self.segment[mask], self.low[mask], self.high[mask], self.values[mask], self.errors[mask], record)

    def joined(self, other: _Panels) -> _Panels:
        def both(name: str) -> Any:
            return np.concatenate([getattr(self, name), getattr(other, name)])

        record = self.record + other.record
        return _Panels(both("segment"), both("low"), both("high"), both("values"), both("errors"), record)


def integrate(
    evaluate: Evaluate, segments: list[Segment], n_sources: int, target: Callable[[FloatArray], FloatArray], max_nodes: int
) -> Integral:
    """Integrate a vector over segments until every component's summed error is below `target(values)`.

    Parameters
    ----------
    evaluate : callable
        (source, frequencies (K,)) -> (integrand (K, q), what to keep of each node (K, p)).
    segments : list of Segment
    n_sources : int
    target : callable
        Integral (q,) -> largest allowed absolute error (q,).
    max_nodes : int
        Where to give up; the result then says that it has not converged.

    Returns
    -------
    Integral
    """
    indices = np.arange(len(segments))
    panels = _evaluate(evaluate, segments, indices, np.zeros(len(segments)), np.ones(len(segments)))
    evaluated = 21 * len(segments)
    while True:
        values, errors = panels.values.sum(axis=0), panels.errors.sum(axis=0)
        allowed = target(values)
        is_converged = bool(np.all(errors <= allowed))
        if is_converged or evaluated >= max_nodes:
            break
        keep = _good_enough(panels, allowed)
        if np.all(keep):
            break
        split, panels = panels.where(~keep), panels.where(keep)
        middle = 0.5 * (split.low + split.high)
        new = _evaluate(
            evaluate,
            segments,
            np.concatenate([split.segment, split.segment]),
            np.concatenate([split.low, middle]),
            np.concatenate([middle, split.high]),
        )
        evaluated += 42 * len(middle)
        panels = panels.joined(new)
    nodes = _by_source(panels, segments, n_sources)
    return Integral(values, errors, nodes, 21 * len(panels.low), is_converged)


def _good_enough(panels: _Panels, allowed: FloatArray) -> NDArray[np.bool_]:
    """Return which panels need no splitting: the best ones, as far as their errors together leave room, and the narrowest."""
    share = np.max(panels.errors / allowed, axis=1)
    order = np.argsort(share)
    keep = np.zeros(len(share), dtype=bool)
    keep[order] = np.cumsum(share[order]) <= 0.25
    return np.asarray(keep | (panels.high - panels.low < 1e-9))


def _by_source(panels: _Panels, segments: list[Segment], n_sources: int) -> tuple[Nodes, ...]:
    """Return the nodes of each source."""
    nodes = tuple(Nodes() for _ in range(n_sources))
    for k, (frequencies, kronrod, gauss, kept) in enumerate(panels.record):
        mine = nodes[segments[panels.segment[k]].source]
        mine.frequencies.append(frequencies)
        mine.kronrod.append(kronrod)
        mine.gauss.append(gauss)
        mine.kept.append(kept)
    return nodes


def _evaluate(evaluate: Evaluate, segments: list[Segment], index: IntArray, low: FloatArray, high: FloatArray) -> _Panels:
    """Evaluate the panels [low, high] of segments, all those of one source together."""
    values: list[FloatArray] = [np.empty(0)] * len(index)
    errors: list[FloatArray] = [np.empty(0)] * len(index)
    record: list[tuple[FloatArray, FloatArray, FloatArray, ComplexArray]] = [(np.empty(0),) * 4] * len(index)  # type: ignore[list-item]
    sources = np.array([segments[k].source for k in index])
    for source in np.unique(sources):
        mine = np.flatnonzero(sources == source)
        points, slopes = [], []
        for k in mine:
            u = 0.5 * (low[k] + high[k]) + 0.5 * (high[k] - low[k]) * _NODES
            w, slope = segments[index[k]].at(u)
            points.append(w)
            slopes.append(0.5 * (high[k] - low[k]) * slope)
        integrand, kept = evaluate(int(source), np.concatenate(points))
        if not np.all(np.isfinite(integrand)):
            where = float(np.concatenate(points)[np.flatnonzero(~np.all(np.isfinite(integrand), axis=1))[0]])
            raise ConvergenceError(
                f"An integrand over frequency must be finite, but is not at w = {where:.6g}: a density that is not finite, or a "
                "motion that nothing damps. Give its range other ends."
            )
        for n, k in enumerate(mine):
            part = slice(21 * n, 21 * n + 21)
            values[k], errors[k] = _rule(integrand[part] * slopes[n][:, None])
            record[k] = points[n], _KRONROD * slopes[n], _GAUSS * slopes[n], kept[part]
    return _Panels(index, low, high, np.array(values), np.array(errors), record)


def _rule(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Kronrod's value and QUADPACK's error estimate of one panel."""
    value = _KRONROD @ values
    difference = np.abs(value - _GAUSS @ values)
    spread = _KRONROD @ np.abs(values - 0.5 * value)
    safe = np.where(spread > 0.0, spread, 1.0)
    error = np.where(spread > 0.0, spread * np.minimum(1.0, (200.0 * difference / safe) ** 1.5), difference)
    rounding = 2.0 * np.finfo(float).eps * (_KRONROD @ np.abs(values))
    return value, np.maximum(error, rounding)
