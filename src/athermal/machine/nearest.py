"""The physical state that is nearest to a matrix of a user's."""

from __future__ import annotations

from typing import Any

import numpy as np

from athermal.errors import StateError
from athermal.machine.operator import is_qobj
from athermal.maths import physical


def nearest_state(state: Any) -> Any:
    """Return the density matrix nearest to a matrix that noise or a solver's error has made unphysical.

    Its Hermitian part is divided by its trace; then the eigenvectors stay, and the eigenvalues become the nearest populations:
    all are lowered alike, and what would be negative is zero. Of all states this is the nearest by the Frobenius distance, and
    the likeliest one under Gaussian noise of equal size in every element.

    Parameters
    ----------
    state : (d, d) matrix or Qobj
        Of positive trace.

    Returns
    -------
    (d, d) array, or Qobj
        As was given.

    Raises
    ------
    StateError
        If it is no square matrix of finite numbers, or has no positive trace.

    References
    ----------
    J. A. Smolin, J. M. Gambetta, G. Smith, Phys. Rev. Lett. 108, 070502 (2012).

    Examples
    --------
    >>> nearest_state([[1.02, 0.0], [0.0, -0.02]]).real
    array([[1., 0.],
           [0., 0.]])
    """
    try:
        matrix = np.asarray(state.full() if is_qobj(state) else state, dtype=complex)
    except (TypeError, ValueError) as error:
        raise StateError(f"The state must be a matrix of numbers, but is {type(state).__name__} ({error}).") from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise StateError(f"The state must be a square matrix, but has the shape {matrix.shape}.")
    if not np.all(np.isfinite(matrix)):
        raise StateError("The state must hold finite numbers, but holds NaN or infinity.")
    trace = float(np.real(np.trace(matrix)))
    if not trace > 1e-9 * float(np.max(np.abs(matrix))):
        raise StateError(f"The state must have a positive trace, but its trace is {trace:.3g}. Give a density matrix.")
    nearest = physical.nearest_state(physical.unit_trace(matrix))
    return type(state)(nearest, dims=state.dims) if is_qobj(state) else nearest
