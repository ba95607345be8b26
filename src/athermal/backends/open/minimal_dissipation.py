"""The minimal-dissipation Hamiltonian of an open system from its exact dynamical map, and the heat that it defines.

From product starts the subsystems' state is rho(t) = Phi_t rho(0), and drho/dt = L_t rho with L_t = dPhi_t/dt Phi_t^-1. Of all
ways to write L_t as a Hamiltonian and a dissipator, the one whose dissipator is smallest has
K_S = (1/(2 i d)) sum_jk [ |j><k|, L_t(|k><j|) ] (A. Colla and H.-P. Breuer, Phys. Rev. A 105, 052216 (2022); P. Hayden and
J. Sorce, J. Phys. A 55, 225302 (2022)), traceless. U = Tr(K_S rho), and the heat into the baths is
- integral of Tr(K_S drho/dt) dt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.hierarchy import HierarchySolver
from athermal.maths.superoperator import stacked, unstacked

# Panels of a period, each with the nodes k pi/8 of Clenshaw and Curtis; every second one makes a coarser rule.
_PANELS, _NODES = 16, 8


@dataclass(frozen=True)
class Maps:
    """The dynamical map at some time, and the heat since the start.

    Parameters
    ----------
    columns : (N + sums, d^2) array
        The hierarchies that started from the matrices |k><j|, stacked by columns.
    generator : (d^2, d^2) array
        L_t.
    rho : (d^2,) array
        rho(0), which all later states are read from.
    heat, error : float
        - integral of Tr(K_S drho/dt) dt, and by how much a coarser rule misses it.
    """

    columns: ComplexArray
    generator: ComplexArray
    rho: ComplexArray
    heat: float
    error: float

    @property
    def energy(self) -> float:
        """Tr(K_S rho)."""
        state = self.columns[: len(self.rho)] @ self.rho
        return float(np.real(np.trace(hamiltonian(self.generator) @ unstacked(state))))


def hamiltonian(generator: ComplexArray) -> ComplexArray:
    """Return K_S = (1/(2 i d)) sum_jk [ |j><k|, L(|k><j|) ] of a generator on column-stacked matrices.

    Examples
    --------
    >>> from athermal.maths.superoperator import commutator
    >>> import scipy.sparse
    >>> h = np.array([[1.0, 0.5j], [-0.5j, -1.0]])
    >>> bool(np.allclose(hamiltonian(commutator(scipy.sparse.csr_array(h)).toarray()), h))
    True
    """
    d = round(np.sqrt(len(generator)))
    images = generator.reshape(d, d, d, d)  # [column', row', column, row]: <row'| L(|row><column|) |column'>
    # sum_jk |j><k| L(|k><j|) and sum_jk L(|k><j|) |j><k|
    left, right = np.einsum("bkjk->jb", images), np.einsum("jajk->ak", images)
    return np.asarray((left - right) / (2j * d))


class MinimalDissipation:
    """Follows the dynamical map of a hierarchy beside its state."""

    def __init__(self, solver: HierarchySolver) -> None:
        self.solver = solver
        self.block = solver.system.dimension**2

    def start(self, rho: ComplexArray) -> Maps:
        """Return the map at time zero."""
        solver = self.solver
        columns = np.zeros((solver.size + solver.n_sums, self.block), dtype=complex)
        columns[: self.block] = np.eye(self.block)
        edges, _ = solver.hamiltonian_edges(0.0, solver.machine.period)
        first = self._derivative(columns, edges[0], edges[1])[: self.block]
        return Maps(columns, first, stacked(rho), 0.0, 0.0)

    def advance(self, maps: Maps, start: float, stop: float) -> Maps:
        """Return the map after a stretch without breakpoints."""
        solver = self.solver
        n_panels = max(1, int(np.ceil(_PANELS * (stop - start) / solver.machine.period)))
        nodes, fine, coarse = clenshaw_curtis(_NODES)
        edges = np.linspace(start, stop, n_panels + 1)
        half = 0.5 * (edges[1] - edges[0])
        times = np.concatenate([[start], *((edge + half) + half * nodes[1:] for edge in edges[:-1])])
        rates = [self._rate(maps.columns, self._derivative(maps.columns, start, stop), maps.rho)]
        columns, generator = maps.columns, maps.generator
        for columns, derivative in solver.flow(start, stop).path(maps.columns, times, solver.integrator):
            rates.append(self._rate(columns, derivative, maps.rho))
        generator = self._generator(columns, derivative)
        values = np.array(rates)
        panels = np.stack([values[k * _NODES : (k + 1) * _NODES + 1] for k in range(n_panels)])
        heat, other = half * (panels @ fine), half * (panels @ coarse)
        return Maps(
            columns, generator, maps.rho, maps.heat + float(np.sum(heat)), maps.error + float(np.sum(np.abs(heat - other)))
        )

    def after_breakpoint(self, maps: Maps, time: float) -> Maps:
        """Return the map with the generator just after a breakpoint."""
        following = self.solver.hamiltonian_edges(time, time + self.solver.machine.period)[0][1]
        return replace(maps, generator=self._generator(maps.columns, self._derivative(maps.columns, time, following)))

    def _derivative(self, columns: ComplexArray, start: float, stop: float) -> ComplexArray:
        """Return the derivative at the start of a stretch."""
        return self.solver.flow(start, stop).generator(start, stop)(np.array([start]))(0, columns)

    def _generator(self, columns: ComplexArray, derivative: ComplexArray) -> ComplexArray:
        """Return L = dPhi/dt Phi^-1."""
        return np.asarray(np.linalg.solve(columns[: self.block].T, derivative[: self.block].T).T)

    def _rate(self, columns: ComplexArray, derivative: ComplexArray, rho: ComplexArray) -> float:
        """Return - Tr(K_S drho/dt)."""
        k_s = hamiltonian(self._generator(columns, derivative))
        return -float(np.real(np.trace(k_s @ unstacked(derivative[: self.block] @ rho))))


def clenshaw_curtis(number: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the nodes cos(k pi/n), ascending, their weights on [-1, 1], and those of every second of them.

    Examples
    --------
    >>> nodes, fine, coarse = clenshaw_curtis(4)
    >>> round(float(fine @ nodes**4), 12), round(float(coarse @ nodes**2), 12)
    (0.4, 0.666666666667)
    """

    def weights(x: FloatArray) -> FloatArray:
        degrees = np.arange(len(x))
        moments = np.where(degrees % 2 == 0, 2.0 / (1.0 - np.where(degrees % 2 == 0, degrees, 0) ** 2), 0.0)
        return np.asarray(np.linalg.solve(np.polynomial.chebyshev.chebvander(x, len(x) - 1).T, moments))

    nodes = -np.cos(np.pi * np.arange(number + 1) / number)
    coarse = np.zeros(number + 1)
    coarse[::2] = weights(nodes[::2])
    return nodes, weights(nodes), coarse
