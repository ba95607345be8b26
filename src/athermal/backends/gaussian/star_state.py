"""A Gaussian state as its start and what has happened since: nothing of the size of the covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.maths.gaussian import excess, mode_entropy
from athermal.maths.star import chunks
from athermal.maths.star_information import LowRankTerm, entropy_change_of_low_rank
from athermal.maths.symplectic import mode_indices, williamson

Key = tuple[float, float]
History = tuple[tuple[Key, int], ...]
Rows = tuple[ComplexArray, FloatArray]


@dataclass(frozen=True)
class StarStart:
    """Mean and covariance sigma = S diag(nu, nu) S^T, with S block diagonal: single modes, and groups of few modes.

    Rows of linear functionals are complex, a_x + i a_p.

    Parameters
    ----------
    mean : (N,) complex array
        <x> + i <p>.
    excess : (N,) array
        nu_k - 1/2.
    local : (N, 2, 2) array
        The symplectic blocks of single modes; the identity for those in groups.
    groups : tuple of (modes, matrix)
        Disjoint, with a symplectic matrix each.
    shared : (vectors, core), optional
        V as rows (m, N), and J, of correlations between many modes: sigma = S diag(nu, nu) S^T + V^T J V. They leave the
        states of the parts alone.
    """

    mean: ComplexArray
    excess: FloatArray
    local: FloatArray
    groups: tuple[tuple[IntArray, FloatArray], ...] = ()
    shared: LowRankTerm | None = None

    @classmethod
    def of_modes(cls, above: FloatArray) -> StarStart:
        """Return the product of modes nu_k times the identity."""
        n = len(above)
        return cls(np.zeros(n, complex), above, np.tile(np.eye(2), (n, 1, 1)))

    @property
    def nu(self) -> FloatArray:
        """The symplectic eigenvalues."""
        return self.excess + 0.5

    @cached_property
    def is_plain(self) -> bool:
        """Whether no single mode is squeezed."""
        return bool(np.all(self.local == np.eye(2)))

    def factored(self, rows: ComplexArray) -> ComplexArray:
        """Return rows @ S."""
        result = rows.copy() if self.is_plain else _times_blocks(rows, self.local)
        for modes, matrix in self.groups:
            block = rows[:, modes]
            real = np.concatenate([block.real, block.imag], axis=1) @ matrix
            result[:, modes] = real[:, : len(modes)] + 1j * real[:, len(modes) :]
        return result

    def covariance(self, rows: ComplexArray) -> FloatArray:
        """Return the covariance of some functionals, shape (k, k)."""
        size = len(rows)
        result, weights = np.zeros((size, size)), self.nu.copy()
        for modes, matrix in self.groups:
            weights[modes] = 0.0
            block = rows[:, modes]
            real = np.concatenate([block.real, block.imag], axis=1) @ matrix
            result += (real * np.tile(self.nu[modes], 2)) @ real.T
        roots = np.sqrt(weights)
        for part in chunks(len(weights)):
            block = rows[:, part] if self.is_plain else _times_blocks(rows[:, part], self.local[part])
            for real in (block.real * roots[part], block.imag * roots[part]):
                result += real @ real.T  # of one array, which costs half
        if self.shared is not None:
            overlap = (rows @ self.shared[0].conj().T).real
            result = result + overlap @ self.shared[1] @ overlap.T
        return np.asarray(result)

    def times_covariance(self, rows: ComplexArray) -> ComplexArray:
        """Return rows @ sigma."""
        blocks = self.local @ np.swapaxes(self.local, 1, 2) * self.nu[:, None, None]
        result = _times_blocks(rows, blocks)
        for modes, matrix in self.groups:
            block = rows[:, modes]
            covariance = (matrix * np.tile(self.nu[modes], 2)) @ matrix.T
            real = np.concatenate([block.real, block.imag], axis=1) @ covariance
            result[:, modes] = real[:, : len(modes)] + 1j * real[:, len(modes) :]
        if self.shared is not None:
            vectors, core = self.shared
            result += ((rows @ vectors.conj().T).real @ core) @ vectors
        return result

    @cached_property
    def whitened_shared(self) -> LowRankTerm | None:
        """S^-1 V and J."""
        if self.shared is None:
            return None
        vectors = np.concatenate([self.shared[0].real, self.shared[0].imag], axis=1).T
        x, p = np.split(self.whitened(vectors), 2)
        return (x + 1j * p).T, self.shared[1]

    @cached_property
    def least_excess(self) -> float:
        """A bound from below for nu - 1/2 of every mode and of every mode of a part."""
        return float(np.min(self.excess)) if self.shared is None else 0.0

    @cached_property
    def total_entropy(self) -> float:
        """The entropy of the whole."""
        total = float(np.sum(mode_entropy(self.excess)))
        if self.whitened_shared is not None:
            vectors, core = self.whitened_shared
            rows = np.concatenate([vectors.real, vectors.imag], axis=1)
            total += entropy_change_of_low_rank(self.excess, rows.T, core, 0.0)
        return total

    def means(self, rows: ComplexArray) -> FloatArray:
        """Return the means of some functionals."""
        return np.asarray((rows.conj() @ self.mean).real)

    def second_moments(self) -> FloatArray:
        """Return (<x_k^2> + <p_k^2>) of every mode."""
        blocks = np.einsum("kij,kij->k", self.local, self.local) * self.nu
        for modes, matrix in self.groups:
            variances = np.einsum("ij,ij->i", matrix * np.tile(self.nu[modes], 2), matrix)
            blocks[modes] = variances[: len(modes)] + variances[len(modes) :]
        return np.asarray(blocks + np.abs(self.mean) ** 2)

    @property
    def spread(self) -> float:
        """The largest variance."""
        variances = np.einsum("kij,kij->ki", self.local, self.local) * self.nu[:, None]
        largest = float(np.max(variances))
        for modes, matrix in self.groups:
            largest = max(largest, float(np.max(np.einsum("ij,ij->i", matrix * np.tile(self.nu[modes], 2), matrix))))
        return largest

    def whitened(self, vectors: FloatArray) -> FloatArray:
        """Return S^-1 vectors, for vectors of shape (2N, m)."""
        half = len(vectors) // 2
        # S^-1 = -Omega S^T Omega, and Omega multiplies x + i p by -i
        turned = self.factored(-1j * (vectors[:half] + 1j * vectors[half:]).T)
        back = (1j * turned).T
        return np.concatenate([back.real, back.imag])

    def marginal(self, modes: IntArray) -> StarStart:
        """Return the state of some modes, a whole part."""
        position = {int(mode): k for k, mode in enumerate(modes)}
        above, local, groups = self.excess[modes].copy(), self.local[modes].copy(), []
        for members, matrix in self.groups:
            inside = np.array([k for k, mode in enumerate(members) if int(mode) in position], dtype=np.intp)
            if len(inside) == 0:
                continue
            own = np.array([position[int(members[k])] for k in inside], dtype=np.intp)
            rows = matrix[mode_indices(inside, len(members))]
            covariance = (rows * np.tile(self.nu[members], 2)) @ rows.T
            values, transform = williamson(covariance)
            above[own] = excess(values, float(np.max(np.diag(covariance))))
            groups.append((own, transform))
        return StarStart(self.mean[modes], above, local, tuple(groups))

    def with_group(self, modes: IntArray, mean: FloatArray, matrix: FloatArray, above: FloatArray) -> StarStart:
        """Return the state with some modes, uncorrelated with the others, in another joint state."""
        return self.with_groups([(modes, mean, matrix, above)])

    def with_groups(self, states: Sequence[tuple[IntArray, FloatArray, FloatArray, FloatArray]]) -> StarStart:
        """Return the state with disjoint groups of modes in other joint states: (modes, mean, symplectic factor, nu - 1/2)."""
        local, new_excess, new_mean = self.local.copy(), self.excess.copy(), self.mean.copy()
        is_new = np.zeros(len(local), dtype=bool)
        for modes, mean, _, above in states:
            is_new[modes], local[modes], new_excess[modes] = True, np.eye(2), above
            new_mean[modes] = mean[: len(modes)] + 1j * mean[len(modes) :]
        kept = tuple(group for group in self.groups if not np.any(is_new[group[0]]))
        new = tuple((modes, matrix) for modes, _, matrix, _ in states)
        return StarStart(new_mean, new_excess, local, (*kept, *new), self.shared)

    def mapped(self, modes: IntArray, matrix: FloatArray) -> StarStart:
        """Return the state after a 2 x 2 symplectic matrix on each of some modes."""
        local, mean = self.local.copy(), self.mean.copy()
        grouped: set[int] = set()
        groups = []
        for members, own in self.groups:
            hit = np.isin(members, modes)
            change = np.eye(2 * len(members))
            index = np.flatnonzero(hit)
            for i, a in enumerate((index, index + len(members))):
                for j, b in enumerate((index, index + len(members))):
                    change[a, b] = matrix[i, j]
            groups.append((members, change @ own))
            grouped.update(members[hit].tolist())
        single = np.array([mode for mode in modes.tolist() if mode not in grouped], dtype=np.intp)
        local[single] = matrix @ local[single]
        mean[modes] = _times_matrix(matrix, mean[modes])
        shared = self.shared
        if shared is not None:
            vectors = shared[0].copy()
            vectors[:, modes] = _times_matrix(matrix, vectors[:, modes])
            shared = vectors, shared[1]
        return StarStart(mean, self.excess, local, tuple(groups), shared)

    def moved(self, move: ComplexArray) -> StarStart:
        """Return the state with another mean."""
        return replace(self, mean=self.mean + move)


@dataclass(frozen=True)
class LowRank:
    """What the evolution has done to a bath in its rotating frame: z(t) = z(0) + B (Y r(0) + ...), B complex orthonormal.

    Parameters
    ----------
    basis : (n, m) complex array
        B; a column c stands for the two real vectors c and i c.
    rows : (2m, N) complex array
        Y, over the quadratures of the start: those of the coefficients of all c, then those of all i c.
    """

    basis: ComplexArray
    rows: ComplexArray

    @property
    def rank(self) -> int:
        """The number of columns."""
        return int(self.basis.shape[1])


@dataclass(frozen=True)
class StarState:
    """Where the whole has got to since its start.

    Parameters
    ----------
    start : StarStart
    history : tuple of (key, n)
        The maps applied so far, oldest first, each n times (backwards if negative).
    energies : (m,) array
        Of the reservoirs.
    elapsed : float
        Signed time since the start.
    changes : tuple of LowRank or None
        For each reservoir; None where it is not followed.
    switching : (m,) array
        The work done since the start by driving the coupling to each reservoir.
    defect : float
    initial_spread : float, optional
        The largest variance at the start of a run, by which its growth is judged.
    lost : float
        The most that the map of the subsystems has missed symplecticity by since the start.
    unresolved : dict of str to float
        The reservoirs whose entropy has become unknown, and since when.
    carried : dict
        Rows of the run so far, by what they are of and where in the cycle: those of later states are made from them.
    """

    start: StarStart
    history: History
    energies: FloatArray
    elapsed: float
    changes: tuple[LowRank | None, ...]
    switching: FloatArray
    defect: float = 0.0
    initial_spread: float | None = None
    lost: float = 0.0
    unresolved: dict[str, float] = field(default_factory=dict)
    carried: dict[object, tuple[History, Rows]] = field(default_factory=dict, repr=False)


def appended(history: History, key: Key, times: int) -> History:
    """Return the history after one more map; what undoes itself is dropped, and what makes a whole cycle is one."""
    if history and history[-1][0] == key:
        total = history[-1][1] + times
        history = (*history[:-1], (key, total)) if total else history[:-1]
    else:
        history = (*history, (key, times))
    return _whole_cycle(history)


def _whole_cycle(history: History) -> History:
    """Fold the last maps into one if together they make just one cycle."""
    length = 0.0
    for k in range(len(history) - 1, -1, -1):
        (phase, duration), times = history[k]
        if times != 1 or duration >= 1.0:
            return history
        if k + 1 < len(history):
            next_phase = history[k + 1][0][0]
            gap = abs(phase + duration - next_phase) % 1.0
            if min(gap, 1.0 - gap) > 1e-9:
                return history
        length += duration
        if abs(length - 1.0) < 1e-9:
            return appended(history[:k], (phase, 1.0), 1)
    return history


def _times_matrix(matrix: FloatArray, vectors: ComplexArray) -> ComplexArray:
    """Return what one 2 x 2 matrix makes of the (x, p) of each entry."""
    x, p = vectors.real, vectors.imag
    return np.asarray(matrix[0, 0] * x + matrix[0, 1] * p + 1j * (matrix[1, 0] * x + matrix[1, 1] * p))


def _times_blocks(rows: ComplexArray, blocks: FloatArray) -> ComplexArray:
    """Return rows @ blockdiag of one 2 x 2 block a mode."""
    x, p = rows.real, rows.imag
    result = np.empty_like(rows)
    result.real = x * blocks[:, 0, 0] + p * blocks[:, 1, 0]
    result.imag = x * blocks[:, 0, 1] + p * blocks[:, 1, 1]
    return result
