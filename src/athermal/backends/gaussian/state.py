"""A Gaussian state of the whole in factorised form."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from athermal._types import FloatArray, IntArray
from athermal.maths.gaussian import excess
from athermal.maths.symplectic import mode_indices, williamson


@dataclass(frozen=True)
class GaussianState:
    """Mean and covariance sigma = M M^T with M = S diag(nu, nu)^{1/2}, S symplectic.

    Evolution turns M into U M and leaves nu alone, so the state stays physical by construction and the entropy of the
    whole is known.

    Parameters
    ----------
    mean : (2N,) array
    factor : (2N, 2N) array
        M.
    excess : (N,) array
        nu_k - 1/2 of column pair (k, N + k).
    defect : float
        By how much the propagators applied so far miss U Omega U^T = Omega, added up: the rounding that entropies of parts
        inherit.
    switching : (reservoirs,) array
        The work done since the start by driving the coupling to each reservoir; a plain zero before.
    initial_spread : float, optional
        The largest variance at the start of a run, by which its growth is judged.
    fresh : GaussianState, optional
        The state in which the units of renewed reservoirs come, of their modes only.
    """

    mean: FloatArray
    factor: FloatArray
    excess: FloatArray
    defect: float = 0.0
    switching: FloatArray = field(default_factory=lambda: np.zeros(()))
    initial_spread: float | None = None
    fresh: GaussianState | None = None

    @classmethod
    def from_moments(cls, mean: FloatArray, covariance: FloatArray, defect: float = 0.0) -> GaussianState:
        """Return the state with these moments, or raise `StateError` if there is none."""
        nu, transform = williamson(covariance)
        above = excess(nu, float(np.max(np.abs(np.diag(covariance)))), defect)
        return cls(mean, transform * np.sqrt(np.concatenate([above, above]) + 0.5), above, defect)

    @cached_property
    def covariance(self) -> FloatArray:
        """sigma, shape (2N, 2N)."""
        return np.asarray(self.factor @ self.factor.T)

    @property
    def spread(self) -> float:
        """The largest variance, max_k sigma_kk."""
        return float(np.max(np.einsum("ij,ij->i", self.factor, self.factor)))

    def rows(self, index: IntArray) -> FloatArray:
        """Return the rows of the symplectic S that belong to some quadratures."""
        nu = self.excess + 0.5
        return np.asarray(self.factor[index] / np.sqrt(np.concatenate([nu, nu])))

    def mapped(self, propagator: FloatArray, shift: FloatArray, defect: float = 0.0) -> GaussianState:
        """Return the state after r -> propagator r + shift, with a propagator that misses symplecticity by `defect`."""
        mean, factor = propagator @ self.mean + shift, propagator @ self.factor
        return replace(self, mean=mean, factor=factor, defect=self.defect + defect)

    def marginal(self, rows: IntArray) -> GaussianState:
        """Return the state of some modes, given the rows of their x's and then their p's."""
        held = self.factor[rows]
        return GaussianState.from_moments(self.mean[rows], held @ held.T, self.defect)

    def renewed(self, modes: IntArray) -> GaussianState:
        """Return the product of the fresh state of some modes and of what is left of the others."""
        if self.fresh is None:
            return self
        n = len(self.excess)
        lasting = np.setdiff1d(np.arange(n), modes)
        mean, factor, above = np.zeros(2 * n), np.zeros((2 * n, 2 * n)), np.zeros(n)
        left = self.marginal(mode_indices(lasting, n))
        for own, state in ((modes, self.fresh), (lasting, left)):
            rows = mode_indices(own, n)
            mean[rows], factor[np.ix_(rows, rows)], above[own] = state.mean, state.factor, state.excess
        return replace(self, mean=mean, factor=factor, excess=above, defect=left.defect)

    def worked(self, switching: FloatArray) -> GaussianState:
        """Return the same state after more work on the couplings to each reservoir."""
        return replace(self, switching=self.switching + switching)
