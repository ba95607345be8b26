"""Correlations of oscillators: the covariances with given diagonal blocks."""

from __future__ import annotations

import itertools

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.backends.gaussian.dense import DenseSolver
from athermal.backends.gaussian.state import GaussianState
from athermal.errors import StateError
from athermal.machine.initial import GaussianMoments, InitialState
from athermal.maths.gaussian import entropy
from athermal.maths.spans import EntrySpan
from athermal.maths.symplectic import mode_indices, symplectic_eigenvalues
from athermal.optimisation.space import CorrelationSpace, check_size, rounding

# A step of the solver factorises a matrix of this size, in seconds.
_MOST = 5000


class GaussianCorrelations(CorrelationSpace):
    """The covariances with the diagonal blocks of `initial`, whose other blocks vanish unless both parts are in `among`.

    In the amplitudes a_k of the modes in which each marginal is thermal, <a_k a_k^dag> = n_k + 1 and <a_k^dag a_k> = n_k, and
    sigma + i Omega/2 is the matrix of second moments of (a, a^dag). Divided by the roots of its own diagonal it is 1 + F(x),
    where x are the real and imaginary parts of <a_i a_j^dag> and <a_i a_j>, i and j of different parts: well scaled however cold
    the marginals are. Modes in a pure state take no part.
    """

    def __init__(self, solver: DenseSolver, initial: InitialState, among: tuple[str, ...], cycles: int) -> None:
        self.solver, self.hamiltonian = solver, solver.hamiltonian
        self.start = self._product(solver.prepare(initial))
        part_modes = self.hamiltonian.part_modes
        live = np.concatenate([part_modes[name] for name in among])
        label = np.repeat(np.arange(len(among)), [len(part_modes[name]) for name in among])
        live, label = live[kept := self.start.excess[live] > 0.0], label[kept]
        one, two = np.nonzero(np.triu(label[:, None] != label))
        check_size(4 * len(one), _MOST, among, "fewer modes")
        self.span = _span(self.start.excess[live], one, two)
        self.reach = np.ones(len(self.span))  # |X_ij|^2 <= X_ii X_jj = 1
        end = solver.cycle_map().apply(self.start, cycles)
        before, after = self._energies(self.start), self._energies(end)
        self.offsets, self.resolution = after - before, rounding(after)
        self._frame = self._amplitudes(self.start, live)
        forms = self._forms(self._amplitudes(end, live)) - self._forms(self._frame)
        self.slopes = np.array([0.5 * self.span.adjoint(form) for form in forms])

    def _product(self, state: GaussianState) -> GaussianState:
        """Return the product of a state's marginals."""
        modes, n_modes = self.hamiltonian.part_modes, self.hamiltonian.n_modes
        covariance = state.covariance
        factor, above = np.zeros_like(state.factor), state.excess.copy()
        for index in modes.values():
            rows = mode_indices(index, n_modes)
            others = np.setdiff1d(np.arange(2 * n_modes), rows)
            block = np.ix_(rows, rows)
            if not np.any(state.factor[np.ix_(rows, others)]):  # nu of a thermal part is known better than its covariance
                factor[block] = state.factor[block]
                continue
            local = GaussianState.from_moments(state.mean[rows], covariance[block], state.defect)
            factor[block], above[index] = local.factor, local.excess
        return GaussianState(state.mean, factor, above, state.defect)

    def _energies(self, state: GaussianState) -> FloatArray:
        """Return U_i and E_j at the start of a cycle."""
        basis, frequencies = self.hamiltonian.basis, self.hamiltonian.frequencies
        forms, forces = self.hamiltonian.subsystem_coupling(0.0)
        touched, mean = basis.T @ state.factor, basis.T @ state.mean
        second = touched @ touched.T + np.outer(mean, mean)
        diagonal = np.einsum("ij,ij->i", state.factor, state.factor) + state.mean**2
        quanta = 0.5 * frequencies * diagonal.reshape(2, -1).sum(axis=0)
        baths = [float(np.sum(quanta[self.hamiltonian.part_modes[name]])) for name in self.solver.machine.reservoir_names]
        return np.concatenate([0.5 * np.einsum("ide,de->i", forms, second) + forces @ mean, baths])

    def _forms(self, columns: ComplexArray) -> Matrix:
        """Return columns^dag h columns for the energy r^T h r/2 of every part."""
        forms, _ = self.hamiltonian.subsystem_coupling(0.0)
        touched = self.hamiltonian.basis.T @ columns
        found = [touched.conj().T @ form @ touched for form in forms]
        for name in self.solver.machine.reservoir_names:
            modes = self.hamiltonian.part_modes[name]
            rows = columns[mode_indices(modes, self.hamiltonian.n_modes)]
            found.append(rows.conj().T @ (np.tile(self.hamiltonian.frequencies[modes], 2)[:, None] * rows))
        return np.array(found)

    def _amplitudes(self, state: GaussianState, live: IntArray) -> ComplexArray:
        """Return B, (2N, 2l): the quadratures in (a, a^dag) of the live modes at the start, times sqrt(n + 1) and sqrt(n)."""
        above = state.excess[live]
        x, p = np.split(state.factor[:, mode_indices(live, len(state.excess))] / np.sqrt(np.tile(above, 2) + 0.5), 2, axis=1)
        half = np.concatenate([x - 1j * p, x + 1j * p], axis=1) / np.sqrt(2.0)
        return np.asarray(half * np.sqrt(np.concatenate([above + 1.0, above])))

    def initial(self, x: FloatArray) -> GaussianMoments:
        """Return the moments of the whole, in the user's coordinates."""
        change = np.real(self._frame @ self.span.matrix(x) @ self._frame.conj().T)
        covariance = self.start.covariance + 0.5 * (change + change.T)
        covariance = self.hamiltonian.to_sites(self.hamiltonian.to_sites(covariance).T)
        mean = self.hamiltonian.to_sites(self.start.mean[:, None])[:, 0]
        rows = tuple(map(tuple, (0.5 * (covariance + covariance.T)).tolist()))
        return GaussianMoments(rows, tuple(mean.tolist()) if np.any(mean) else None)

    def prepared(self, initial: InitialState) -> GaussianState:
        """Return a state of the whole."""
        return self.solver.prepare(initial)

    def entropy(self, state: GaussianState, parts: tuple[str, ...]) -> float:
        """Return the entropy of some parts."""
        modes = np.concatenate([self.hamiltonian.part_modes[name] for name in parts])
        rows = mode_indices(modes, self.hamiltonian.n_modes)
        return entropy(state.covariance[np.ix_(rows, rows)], state.defect)

    def ergotropy(self, state: GaussianState) -> float:
        """Return <H> - [sum_k d_k nu_k - f^T h^-1 f/2], d_k rising and nu_k falling; infinite if H is not bounded below.

        H = r^T h r/2 + f . r with symplectic eigenvalues d_k of h: the most that Gaussian unitaries draw.
        """
        form, force = self.hamiltonian.form(0.0), self.hamiltonian.force(0.0)
        try:
            rising = symplectic_eigenvalues(form)
        except StateError:
            return float("inf")
        falling = np.sort(state.excess)[::-1] + 0.5
        least = float(rising @ falling) - 0.5 * float(force @ np.linalg.solve(form, force))
        mean = 0.5 * float(state.mean @ form @ state.mean) + float(force @ state.mean)
        return 0.5 * float(np.vdot(form, state.covariance)) + mean - least


def _span(excess: FloatArray, one: IntArray, two: IntArray) -> EntrySpan:
    """Return the matrices of Re and Im of <a_i a_j^dag> and <a_i a_j>, in units of what uncertainty allows at most.

    In the order (a, a^dag), u = <a_i a_j^dag> stands at (i, j) and u* at (l + i, l + j); v = <a_i a_j> at (i, l + j), v* at
    (l + i, j); the rest follows by Hermiticity.
    """
    count = len(excess)
    scale = np.sqrt(np.concatenate([excess + 1.0, excess]))
    rows, columns, values = [], [], []
    for offset, phase in itertools.product((0, count), (1.0, 1j)):
        row = np.stack([one, one + count], axis=1)
        column = np.stack([two + offset, two + count - offset], axis=1)
        weight = np.array([phase, np.conj(phase)]) / (scale[row] * scale[column])
        rows.append(row)
        columns.append(column)
        values.append(weight / np.max(np.abs(weight), axis=1, keepdims=True))
    return EntrySpan(2 * count, np.concatenate(rows), np.concatenate(columns), np.concatenate(values))
