"""A few modes with memory under a Hamiltonian that is constant between jumps: the Floquet-Langevin problem in time.

In the notation of `maths.harmonics`, quanta that come in at w = v + m nu, |v| <= nu/2, make y = e^{-ivt} u(t), u periodic:

    i Z u' + Z v u - h u - sum_j C_j M_j(v) C_j^dag u = C a e^{-im nu t},   M(v) f = sum_m chi(v + m nu) f_m e^{-im nu t}.

On panels between the jumps u = A e^{-im nu t} + a Legendre series, A the stationary response of each stroke to its source: what
is left is driven by the jumps of A and by what the bath remembers of other strokes, both slow, so that the series converges
exponentially. In time the panels are joined by upwind fluxes (discontinuous Galerkin: what enters a panel left the last one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import spherical_jn

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.harmonics import Response

# Harmonics of the memory beyond the band, whose sum depends so smoothly on v that it is interpolated: points in v up to a
# harmonic, and less the farther away.
_SMOOTH_POINTS = 10
_FAR_POINTS = 4
# Powers of m/m' kept of a wave's memory in far harmonics m', and how far out these start in units of the largest m.
_POWERS = 10
_BEYOND = 2.0
_MARGIN = 6
_CHUNK = 2000


class Panels:
    """Normalised Legendre polynomials on the panels of one period, and their Fourier transforms."""

    def __init__(self, edges: FloatArray, order: int) -> None:
        self.edges, self.order = edges, order
        self.period = float(edges[-1] - edges[0])
        self.nu = 2.0 * np.pi / self.period
        self.lengths, self.middles = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        self.size = len(self.lengths) * order

    @cached_property
    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Values (panel, k) at the left and the right end of each panel."""
        right = np.sqrt((2.0 * np.arange(self.order) + 1.0) / self.lengths[:, None])
        return right * (-1.0) ** np.arange(self.order), right

    def at(self, time: float) -> tuple[int, FloatArray]:
        """Return the panel that a time lies in, the earlier one at an edge, and the values of its polynomials."""
        start = float(self.edges[0])
        t = start + (time - start) % self.period
        if t == start:
            t = float(self.edges[-1])
        panel = int(np.searchsorted(self.edges, t, side="left")) - 1
        x = 2.0 * (t - self.middles[panel]) / self.lengths[panel]
        return panel, np.asarray(np.polynomial.legendre.legvander(np.array([x]), self.order - 1)[0] * self.ends[1][panel])

    @cached_property
    def slope(self) -> FloatArray:
        """<phi_k, phi_l'> within each panel, (panel, k, l)."""
        k = np.arange(self.order)
        odd = np.where(k[:, None] < k, 1.0 - (-1.0) ** (k[:, None] + k), 0.0)
        return np.asarray(odd * self.ends[1][:, :, None] * self.ends[1][:, None, :])

    @cached_property
    def rate(self) -> FloatArray:
        """The time derivative with upwind fluxes, (size, size)."""
        n, p = len(self.lengths), self.order
        result = np.zeros((n, p, n, p))
        left, right = self.ends
        for s in range(n):
            result[s, :, s, :] += self.slope[s] + np.outer(left[s], left[s])
            result[s, :, s - 1, :] -= np.outer(left[s], right[s - 1])
        return result.reshape(self.size, self.size)

    def transform(self, m: IntArray) -> ComplexArray:
        """Return integral phi e^{i m nu t} dt, (size, harmonics): spherical Bessel functions."""
        k = np.arange(self.order)
        theta = 0.5 * self.nu * np.abs(m) * self.lengths[:, None]
        bessel = spherical_jn(k[None, :, None], theta[:, None, :]) * np.sqrt(2.0 * k + 1.0)[None, :, None]
        turned = (1j * np.where(m < 0, -1.0, 1.0)) ** k[:, None]
        waves = np.sqrt(self.lengths)[:, None] * np.exp(1j * self.nu * self.middles[:, None] * m)
        return np.asarray((bessel * turned * waves[:, None, :]).reshape(self.size, len(m)))


class Memory:
    """What one bath remembers: M(v) on the panels for its quanta, and of jumps for a fast wave.

    Parameters
    ----------
    response : callable
        S(z).
    panels : Panels
    jumps : (J,) array
        Times at which amplitudes jump.
    top : float
        |w| beyond which S is smooth.
    fastest : float
        The largest |w| of a wave.
    far : int
        Harmonics of the memory that are added up.
    """

    def __init__(self, response: Response, panels: Panels, jumps: FloatArray, top: float, fastest: float, far: int) -> None:
        self.response, self.panels, self.jumps = response, panels, jumps
        self.near = int(np.ceil(top / panels.nu)) + _MARGIN
        self.reach = max(2 * self.near, 40, int(_BEYOND * fastest / panels.nu))
        self.far = max(far, 4 * self.reach)
        self.harmonics = np.arange(-self.reach, self.reach + 1)
        self.table = panels.transform(self.harmonics)

    def _s(self, frequency: ArrayLike) -> ComplexArray:
        z = np.asarray(frequency, dtype=complex)
        return self.response(np.asarray(z.real + 1j * np.where(z.imag == 0.0, 0.0, z.imag)))

    def matrix(self, v: complex) -> ComplexArray:
        """Return M of the quanta, (size, size); that of their conjugates is conj M(-v*)."""
        size, nu = self.panels.size, self.panels.nu
        middle = slice(self.reach - self.near, self.reach + self.near + 1)
        near, table = self.harmonics[middle], self.table[:, middle]
        s = self._s(v + nu * near) / self.panels.period
        powers = np.polynomial.chebyshev.chebvander(np.array([2.0 * v / nu]), _SMOOTH_POINTS - 1)[0]
        return np.asarray((table.conj() * s) @ table.T + (powers @ self._smooth).reshape(size, size))

    @cached_property
    def _smooth(self) -> ComplexArray:
        """Chebyshev coefficients in v of what the far harmonics add."""
        result = self._series(self._products, np.arange(self.near + 1, self.reach + 1), _SMOOTH_POINTS)
        for m in self._far_harmonics:
            result[:_FAR_POINTS] = result[:_FAR_POINTS] + self._series(self._products, m, _FAR_POINTS)
        return result

    @property
    def _far_harmonics(self) -> Iterator[IntArray]:
        for start in range(self.reach + 1, self.far, _CHUNK):
            yield np.arange(start, min(start + _CHUNK, self.far))

    def _series(self, terms: Callable[[IntArray, ComplexArray, ComplexArray], ComplexArray], m: IntArray, n: int) -> ComplexArray:
        """Return n Chebyshev coefficients in v of the sum over m and -m."""
        points = np.cos(np.pi * (np.arange(n) + 0.5) / n)
        table, values = self.panels.transform(m), []
        for x in points:
            v = 0.5 * self.panels.nu * x
            up, down = (self._s(v + sign * self.panels.nu * m) for sign in (1, -1))
            values.append((terms(m, table, up) + terms(-m, table.conj(), down)).ravel())
        return np.asarray(np.linalg.inv(np.polynomial.chebyshev.chebvander(points, n - 1)) @ np.array(values))

    def _products(self, m: IntArray, table: ComplexArray, s: ComplexArray) -> ComplexArray:
        return np.asarray((table.conj() * (s / self.panels.period)) @ table.T)

    def _moments(self, m: IntArray, table: ComplexArray, s: ComplexArray) -> ComplexArray:
        """Return sum_m S (reach/m)^(q + 1)/reach e^{i m nu t_J} e^{-i m nu t}/(2 pi i), (q, J, size)."""
        waves = np.exp(1j * self.panels.nu * self.jumps[:, None] * m) * (s / (2j * np.pi * self.reach))
        powers = (self.reach / m) ** (np.arange(_POWERS) + 1.0)[:, None]
        return np.asarray((powers[:, None, :] * waves) @ table.conj().T)

    @cached_property
    def _remote(self) -> ComplexArray:
        """Chebyshev coefficients in v of the moments of the far harmonics."""
        return np.asarray(sum(self._series(self._moments, m, _FAR_POINTS) for m in self._far_harmonics))

    def history(self, v: float, m: IntArray, ended: ComplexArray) -> ComplexArray:
        """Return what is remembered of waves e^{-i m nu t}, of strength `ended` (m, J) when they ended at the jumps, (m, size).

        sum_m' S(v + m' nu)/(m' - m)/(2 pi i) sum_J ended_J e^{i m' nu t_J} e^{-i m' nu t}, m' not m, projected.
        """
        gap = 2j * np.pi * (self.harmonics - m[:, None])
        gap[gap == 0.0] = np.inf
        waves = np.exp(1j * self.panels.nu * self.jumps[:, None] * self.harmonics)
        response = self._s(v + self.panels.nu * self.harmonics)
        near = ((ended @ waves) * response / gap) @ self.table.conj().T
        series = np.polynomial.chebyshev.chebvander(np.array([2.0 * v / self.panels.nu]), _FAR_POINTS - 1)[0] @ self._remote
        # 1/(m' - m) = sum_q m^q/m'^(q + 1)
        powers = (m[:, None] / self.reach) ** np.arange(_POWERS)
        weights = (powers[:, :, None] * ended[:, None, :]).reshape(len(m), -1)
        return np.asarray(near + weights @ series.reshape(-1, self.panels.size))
