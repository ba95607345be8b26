"""What is taken for the covariance of a Gaussian state: one rule, as `physical` has one for density matrices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.errors import StateError
from athermal.maths.physical import STATE_TOLERANCE
from athermal.maths.symplectic import williamson

# By how much symplectic eigenvalues may miss by rounding, in units of the number of modes and the size of the covariance.
_ROUNDING = 8.0 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class PhysicalMoments:
    """A covariance sigma = S diag(nu, nu) S^T with nu >= 1/2, and by how much what it was made of missed being one.

    Parameters
    ----------
    excess : (N,) array
        nu - 1/2.
    transform : (2N, 2N) array
        S.
    miss : float
        The larger of how far it was from symmetric and its lowest symplectic eigenvalue below 1/2.
    rounding : float
        Up to which size that is rounding.
    """

    excess: FloatArray
    transform: FloatArray
    miss: float
    rounding: float

    def said(self, what: str) -> str:
        """Return a sentence for the remarks of a run, "" if nothing but rounding was mended."""
        if self.miss <= self.rounding:
            return ""
        return (
            f"{what} missed being that of a quantum state by {self.miss:.2g}; modes below the uncertainty relation were taken as "
            "pure."
        )


def physical_moments(covariance: FloatArray, what: str, tolerance: float = STATE_TOLERANCE) -> PhysicalMoments:
    """Return what a covariance is taken for, that misses being one by no more than a tolerance, or raise `StateError`.

    Parameters
    ----------
    covariance : (2N, 2N) array
    what : str
        What it is called in an error.
    tolerance : float
        By how much its elements may be off, in units of the largest of them (of one, if that is smaller).

    Examples
    --------
    >>> physical_moments(np.diag([0.5, 0.5 - 1e-8]), "The covariance").excess
    array([0.])
    """
    if covariance.shape[0] != covariance.shape[1] or len(covariance) % 2:
        raise StateError(f"{what} must be a 2N x 2N matrix, but has the shape {covariance.shape}.")
    size = max(1.0, float(np.max(np.abs(covariance), initial=0.0)))
    asymmetry = float(np.max(np.abs(covariance - covariance.T), initial=0.0))
    if asymmetry > tolerance * size:
        raise StateError(f"{what} must be symmetric, but it and its transpose differ by {asymmetry:.3g}. Take (s + s^T)/2.")
    try:
        nu, transform = williamson(0.5 * (covariance + covariance.T))
    except StateError as error:
        raise StateError(f"{what} is not that of a quantum state. {error}") from None
    below = 0.5 - float(np.min(nu, initial=0.5))
    if below > tolerance * size * len(covariance):
        raise StateError(
            f"{what} is not that of a quantum state. A symplectic eigenvalue must be at least 1/2, but the smallest is 1/2 - "
            f"{below:.3g}: the covariance violates the uncertainty relation sigma + i Omega/2 >= 0. Check that the vacuum has "
            "1/2, not 1, and the order x_1..x_N, p_1..p_N."
        )
    rounding = max(len(nu), 8) * _ROUNDING * size
    return PhysicalMoments(np.maximum(nu - 0.5, 0.0), transform, max(asymmetry, below), rounding)
