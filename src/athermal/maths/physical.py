"""What is taken for a state: one rule for density matrices and state vectors from elsewhere.

Solvers and measurements give matrices that miss being density matrices by their errors. One that misses by no more than a
tolerance is taken as the nearest state, and by how much it missed is told beside it; any other is refused. `physical_state`
and `physical_vector` are that rule, whoever asks: a state that a user gives as a start, or one of which an account is made. The
caller goes on with `matrix`, and writes what `said` returns, if anything, among the remarks of the run.

>>> taken = physical_state(np.diag([1.0 + 8e-9, -8e-9]), "The given state")
>>> taken.matrix.real, float(taken.miss)
(array([[1., 0.],
       [0., 0.]]), 8e-09)
>>> taken.said("The given state")
'The given state missed being a density matrix by 8e-09; the nearest state was taken.'
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import ComplexArray, FloatArray, Matrix
from athermal.errors import StateError

STATE_TOLERANCE = 1e-6
"""By how much the real and the imaginary part of each element may be off: solvers at QuTiP's default tolerances (atol = 1e-8,
rtol = 1e-6) leave eigenvalues down to -1e-7, and norms that are off by 1e-6."""

# By how much a matrix may miss, in units of its dimension, and still be taken as it is.
_ROUNDING = 16.0 * float(np.finfo(float).eps)
# A matrix farther than this from the nearest state is no state with an error, but something else.
_SOMETHING_ELSE = 0.5


@dataclass(frozen=True)
class Physical:
    """A density matrix, or a state vector, and by how much what it was made of missed being one.

    Parameters
    ----------
    matrix : (d, d) or (d,) array
        Hermitian, of trace one, without a negative eigenvalue; or of norm one.
    given : array
        The same before the projection: Hermitian and of trace one, its eigenvalues as they were.
    miss : float
        The largest of how far it was from Hermitian, its trace (or norm) from one, and its lowest eigenvalue below zero.
    """

    matrix: ComplexArray
    given: ComplexArray
    miss: float

    @property
    def is_mended(self) -> bool:
        """Whether it missed by more than rounding."""
        return self.miss > len(self.matrix) * _ROUNDING

    def said(self, what: str) -> str:
        """Return a sentence for the remarks of a run, "" if nothing but rounding was mended."""
        if not self.is_mended:
            return ""
        if self.matrix.ndim == 1:
            return f"{what} missed norm 1 by {self.miss:.2g}, and was divided by its norm."
        return f"{what} missed being a density matrix by {self.miss:.2g}; the nearest state was taken."


def on_simplex(values: FloatArray) -> FloatArray:
    """Return the nearest points p_k >= 0 of sum one, by the distance of squares, along the last axis; values sum to one.

    They are max(values - c, 0), with the one c that makes them add up.

    References
    ----------
    J. A. Smolin, J. M. Gambetta, G. Smith, Phys. Rev. Lett. 108, 070502 (2012).

    Examples
    --------
    >>> on_simplex(np.array([0.6, 0.5, -0.1])).round(12)
    array([0.55, 0.45, 0.  ])
    """
    falling = np.sort(values, axis=-1)[..., ::-1]
    counts = np.arange(1, values.shape[-1] + 1)
    offsets = (np.cumsum(falling, axis=-1) - 1.0) / counts
    kept = np.sum(falling > offsets, axis=-1, keepdims=True)
    return np.maximum(values - np.take_along_axis(offsets, kept - 1, axis=-1), 0.0)


def nearest_state(matrix: Matrix) -> ComplexArray:
    """Return the density matrix nearest to a Hermitian matrix of trace one, by the Frobenius distance.

    Its eigenvectors stay, its eigenvalues become the nearest populations (`on_simplex`). Matrices may be stacked.

    References
    ----------
    J. A. Smolin, J. M. Gambetta, G. Smith, Phys. Rev. Lett. 108, 070502 (2012).

    Examples
    --------
    >>> nearest_state(np.diag([1.02, -0.02])).real
    array([[1., 0.],
           [0., 0.]])
    """
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * on_simplex(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2).conj())


def unit_trace(matrix: Matrix) -> ComplexArray:
    """Return the Hermitian part of a matrix divided by its trace, which is not to be zero; stacked along leading axes, too."""
    hermitian = 0.5 * (matrix + np.swapaxes(matrix, -1, -2).conj())
    trace = np.real(np.trace(hermitian, axis1=-2, axis2=-1))
    rounding = matrix.shape[-1] * _ROUNDING
    return np.asarray(hermitian / np.where(np.abs(trace - 1.0) > rounding, trace, 1.0)[..., None, None])


def allowed(size: int, tolerance: float) -> float:
    """Return by how much an eigenvalue, a trace or a norm may miss, if each of the d^2 elements is known to a tolerance.

    Noise whose real and imaginary parts are below it has no eigenvalue larger than sqrt(2) d times the tolerance. What misses by
    one half is no state with an error, whatever the tolerance.
    """
    return min(float(np.sqrt(2.0)) * size * tolerance, _SOMETHING_ELSE)


def physical_state(matrix: Matrix, what: str, tolerance: float = STATE_TOLERANCE, remedy: str = "") -> Physical:
    """Return the state nearest to a matrix that misses being one by no more than a tolerance, or raise `StateError`.

    Parameters
    ----------
    matrix : (d, d) array
    what : str
        What it is called in an error, as in "The given state".
    tolerance : float
        By how much the real and imaginary parts of its elements may be off; `Physical.miss` may be `allowed` of it.
    remedy : str
        What else helps, beside `athermal.states.nearest_state`, if it misses by more: a sentence for the error.

    Raises
    ------
    StateError
        With the rule, the value found and a remedy that makes a state of it, if it is near one at all.
    """
    asymmetry = float(np.max(np.abs(matrix - matrix.conj().T)))
    trace = float(np.real(np.trace(matrix)))
    lowest = float(np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T))[0])
    for miss, rule in (
        (asymmetry, f"be Hermitian, but it and its adjoint differ by {asymmetry:.3g}"),
        (abs(trace - 1.0), f"have trace 1, but its trace is {trace:.12g}"),
        (-lowest, f"have no negative eigenvalue, but its lowest is {lowest:.3g}"),
    ):
        if miss > allowed(len(matrix), tolerance):
            raise StateError(f"{what} must {rule}. {_help(matrix, allowed(len(matrix), tolerance), remedy)}")
    given = unit_trace(matrix)
    is_negative = float(np.linalg.eigvalsh(given)[0]) < -len(given) * _ROUNDING
    return Physical(nearest_state(given) if is_negative else given, given, max(asymmetry, abs(trace - 1.0), -lowest, 0.0))


def _help(matrix: Matrix, most: float, remedy: str) -> str:
    """Return what helps with a matrix that is no state; only what does."""
    trace, size = float(np.real(np.trace(matrix))), float(np.max(np.abs(matrix), initial=0.0))
    if trace <= 1e-9 * size:
        return (
            "A matrix without a positive trace is an observable or a difference of states. Give a density matrix, or a state "
            "vector, whose density matrix is |psi><psi|."
        )
    scaled = unit_trace(matrix)
    off = float(np.linalg.norm(scaled - nearest_state(scaled), 2))
    skew = float(np.max(np.abs(matrix - matrix.conj().T))) / trace
    if max(off, skew) > _SOMETHING_ELSE:
        return "No state is near. Give a density matrix, or a state vector, whose density matrix is |psi><psi|."
    if max(off, skew) <= most:
        return "Divide it by its trace."
    return " ".join(
        filter(None, ("If that is an error of a solver or noise, give athermal.states.nearest_state(state).", remedy))
    )


def physical_vector(vector: Matrix, what: str, tolerance: float = STATE_TOLERANCE) -> Physical:
    """Return a state vector divided by its norm, or raise `StateError` if that misses one by more than the tolerance.

    Examples
    --------
    >>> physical_vector(np.array([1.0 + 1e-9, 0.0]), "The given state vector").matrix.real
    array([1., 0.])
    """
    flat = np.asarray(vector, dtype=complex).ravel()
    norm = float(np.linalg.norm(flat))
    if abs(norm - 1.0) > allowed(len(flat), tolerance):
        remedy = "Divide it by its norm." if norm > 0.0 else "Give a vector that is not zero."
        raise StateError(f"{what} must have norm 1, but its norm is {norm:.12g}. {remedy}")
    scaled = np.asarray(flat / norm if abs(norm - 1.0) > len(flat) * _ROUNDING else flat, dtype=complex)
    return Physical(scaled, scaled, abs(norm - 1.0))
