"""States of subsystems, one or stacked: density matrices, mean and covariance of a Gaussian state, populations of levels.

An energy is linear in the state: it is taken from the state as it was given, for its noise then averages out. An entropy is
that of the nearest physical state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.special

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.errors import StudyError
from athermal.maths import gaussian
from athermal.maths.physical import nearest_state, on_simplex
from athermal.maths.symplectic import mode_indices
from athermal.maths.tensor import partial_trace


@dataclass(frozen=True)
class DensityState:
    """Density matrices, Hermitian and of trace one, but with eigenvalues as they were given; stacked along leading axes.

    Parameters
    ----------
    given : (..., d, d) array
    defect : float
        By how much what was given missed being a state.
    dims : tuple of int
        The dimensions of QuTiP, if it came with any.
    projected : (..., d, d) array, optional
        The nearest state, if it is known already.
    """

    given: ComplexArray
    defect: float = 0.0
    dims: tuple[int, ...] = ()
    projected: ComplexArray | None = None

    @property
    def size(self) -> int:
        """The dimension."""
        return int(self.given.shape[-1])

    @property
    def space(self) -> str:
        """What it is a state of, in words."""
        return f"density matrix of dimension {self.size}"

    @cached_property
    def matrix(self) -> ComplexArray:
        """The nearest physical state."""
        return nearest_state(self.given) if self.projected is None else self.projected

    def entropy(self) -> FloatArray:
        """Return S(rho) in nats of the nearest state."""
        if self.projected is not None:
            return _shannon(_eigenvalues(self.projected))
        return _shannon(on_simplex(_eigenvalues(self.given)))

    def energy(self, hamiltonian: Matrix) -> FloatArray:
        """Return Tr(rho H)."""
        return np.asarray(np.real(np.einsum("...ij,ji->...", self.given, hamiltonian)))

    def part(self, sizes: Sequence[int], kept: Sequence[int]) -> DensityState:
        """Return the states of some of the factors."""
        return DensityState(partial_trace(self.given, sizes, kept), self.defect, (), partial_trace(self.matrix, sizes, kept))

    def mean(self) -> DensityState:
        """Return the mean of stacked states."""
        return replace(self, given=np.mean(self.given, axis=0), projected=None)


@dataclass(frozen=True)
class GaussianState:
    """Means and covariances, in the order (x_1..x_N, p_1..p_N), vacuum 1/2; stacked along leading axes."""

    centre: FloatArray
    covariance: FloatArray
    defect: float = 0.0

    @property
    def size(self) -> int:
        """The number of modes."""
        return int(self.centre.shape[-1]) // 2

    @property
    def space(self) -> str:
        """What it is a state of, in words."""
        return f"Gaussian state of {self.size} mode{'s' if self.size > 1 else ''}"

    def entropy(self) -> FloatArray:
        """Return sum_k f(nu_k) in nats; symplectic eigenvalues below 1/2, no further than was allowed, are 1/2."""
        if self.covariance.ndim == 2:
            return np.asarray(gaussian.entropy(self.covariance, self.defect))
        n = self.size
        turned = np.concatenate([self.covariance[..., n:, :], -self.covariance[..., :n, :]], axis=-2)  # Omega sigma
        values = np.sort(np.imag(np.linalg.eigvals(turned)), axis=-1)[..., n:]
        return np.asarray(np.sum(gaussian.mode_entropy(np.maximum(values - 0.5, 0.0)), axis=-1))

    def energy(self, form: Matrix) -> FloatArray:
        """Return <r^T h r>/2 = Tr(h sigma)/2 + <r>^T h <r>/2."""
        h = np.real(form)
        of_covariance = np.einsum("...ij,ji->...", self.covariance, h)
        return np.asarray(0.5 * of_covariance + 0.5 * np.einsum("...i,ij,...j->...", self.centre, h, self.centre))

    def part(self, sizes: Sequence[int], kept: Sequence[int]) -> GaussianState:
        """Return the states of some of the subsystems, each of so many modes."""
        ends = np.cumsum([0, *sizes])
        modes = np.concatenate([np.arange(ends[k], ends[k + 1]) for k in kept])
        rows: IntArray = mode_indices(modes, self.size)
        return replace(self, centre=self.centre[..., rows], covariance=self.covariance[..., rows[:, None], rows])

    def mean(self) -> GaussianState:
        """Return the mean of stacked means and covariances."""
        return replace(self, centre=np.mean(self.centre, axis=0), covariance=np.mean(self.covariance, axis=0))


@dataclass(frozen=True)
class PopulationState:
    """Populations of sum one, stacked along leading axes: a state without coherence.

    They are those of the levels of a Hamiltonian; of the basis of a tensor product if `is_joint`.
    """

    given: FloatArray
    defect: float = 0.0
    is_joint: bool = False

    @property
    def size(self) -> int:
        """The number of levels."""
        return int(self.given.shape[-1])

    @property
    def space(self) -> str:
        """What it is a state of, in words."""
        return f"list of {self.size} populations"

    def entropy(self) -> FloatArray:
        """Return -sum_k p_k ln p_k in nats of the nearest populations that are not negative."""
        return _shannon(on_simplex(self.given))

    def energy(self, hamiltonian: Matrix) -> FloatArray:
        """Return sum_k p_k E_k: of a diagonal matrix in its order, of any other with rising energies."""
        if np.array_equal(hamiltonian, np.diag(np.diagonal(hamiltonian))):
            return np.asarray(self.given @ np.real(np.diagonal(hamiltonian)))
        if self.is_joint:
            raise StudyError(
                "Populations of several subsystems together are those of their basis, and tell no energy of a Hamiltonian that "
                "is not diagonal in it. Give their joint states, or `energies`."
            )
        return np.asarray(self.given @ np.linalg.eigvalsh(hamiltonian))

    def part(self, sizes: Sequence[int], kept: Sequence[int]) -> PopulationState:
        """Return the populations of some of the factors."""
        lead = self.given.shape[:-1]
        others = [k for k in range(len(sizes)) if k not in kept]
        shaped = np.moveaxis(self.given.reshape(-1, *sizes), [k + 1 for k in (*kept, *others)], range(1, len(sizes) + 1))
        size = int(np.prod([sizes[k] for k in kept]))
        return PopulationState(np.sum(shaped.reshape(*lead, size, -1), axis=-1), self.defect, is_joint=True)

    def mean(self) -> PopulationState:
        """Return the mean of stacked populations."""
        return replace(self, given=np.mean(self.given, axis=0))


AnyState = DensityState | GaussianState | PopulationState


def _eigenvalues(matrices: ComplexArray) -> FloatArray:
    return np.asarray(np.linalg.eigvalsh(matrices), dtype=float)


def _shannon(populations: FloatArray) -> FloatArray:
    return np.asarray(np.sum(scipy.special.entr(np.maximum(populations, 0.0)), axis=-1))
