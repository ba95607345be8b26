"""Entropies of single reservoirs without the covariance of the whole."""

from __future__ import annotations

import numpy as np

from athermal._types import ComplexArray, FloatArray, IntArray
from athermal.backends.gaussian.star_state import LowRank, StarStart
from athermal.maths.gaussian import entropy
from athermal.maths.information import total_entropy
from athermal.maths.star import StarMap
from athermal.maths.star_information import entropy_change_of_low_rank

# New directions in which a bath moves by less than this are dropped: entropies are then known to some ten times as much,
# and the rank does not fill up with rounding.
_NEGLIGIBLE = 1e-11
# What a direction adds to the whitened covariance is dropped below this.
_ROUNDING = 1e-13


def block_entropy(start: StarStart, rows: ComplexArray, defect: float) -> float:
    """Return the entropy of the modes whose quadratures (x's, then p's) are the rows over the initial ones."""
    return entropy(start.covariance(rows), defect)


def changed(
    change: LowRank, star_map: StarMap, bath: int, own: slice, rows: ComplexArray, phases: ComplexArray, limit: int
) -> LowRank | None:
    """Add to the change of a bath what a map does to it; None if its rank passes the limit.

    In the bath's rotating frame the map adds phases x (-i) Theta (u + i v), with (u, v) the bath's rows of G E^T r.

    Parameters
    ----------
    change : LowRank
    star_map : StarMap
    bath : int
    own : slice
        The bath's effective modes.
    rows : (2n, N) complex array
        The effective modes at the beginning of the map, over the initial quadratures.
    phases : (n,) complex array
        e^{i w T} at that time, with the sign of the direction in time.
    limit : int
    """
    n = len(star_map.gradient) // 2
    u = star_map.gradient[own] @ rows
    v = star_map.gradient[n + own.start : n + own.stop] @ rows
    window = star_map.windows[bath]
    modes = window.modes()
    directions = -1j * phases[:, None] * modes
    inside = change.basis.conj().T @ directions
    rest = directions - change.basis @ inside
    again = change.basis.conj().T @ rest  # twice is enough (Kahan, Parlett)
    inside, rest = inside + again, rest - change.basis @ again
    functionals = np.concatenate([u.real + 1j * v.real, u.imag + 1j * v.imag], axis=1)
    _, triangle = np.linalg.qr(functionals.conj().T)
    q, r = np.linalg.qr(rest @ triangle.conj().T)
    left, values, _ = np.linalg.svd(r)
    new = q @ left[:, : int(np.sum(values > _NEGLIGIBLE))]
    if change.rank + new.shape[1] > limit:
        return None
    weights = np.concatenate([inside, new.conj().T @ rest])
    old_x, old_p = np.split(change.rows, 2)
    padding = np.zeros((new.shape[1], rows.shape[1]), dtype=complex)
    added_x = weights.real @ u - weights.imag @ v
    added_p = weights.imag @ u + weights.real @ v
    return LowRank(
        np.concatenate([change.basis, new], axis=1),
        np.concatenate([np.concatenate([old_x, padding]) + added_x, np.concatenate([old_p, padding]) + added_p]),
    )


def low_rank_entropy(start: StarStart, modes: IntArray, change: LowRank) -> float:
    """Return the entropy of a bath from what has changed in it.

    sigma_jj(t) = sigma_jj(0) + [B, C] [[K, 1], [1, 0]] [B, C]^T in the rotating frame, C = cov(r_j(0), Y r(0)), K = cov(Y r(0)).
    """
    own = start.marginal(modes)
    before = total_entropy(own.excess)
    if change.rank == 0:
        return before
    basis = np.block([[change.basis.real, -change.basis.imag], [change.basis.imag, change.basis.real]])
    crossed = start.times_covariance(change.rows)[:, modes]
    covariance = start.covariance(change.rows)
    vectors = own.whitened(np.concatenate([basis, np.concatenate([crossed.real, crossed.imag], axis=1).T], axis=1))
    one, zero = np.eye(len(covariance)), np.zeros_like(covariance)
    core = np.block([[covariance, one], [one, zero]])
    q, triangle = np.linalg.qr(vectors)
    values, turn = np.linalg.eigh(_symmetric(triangle @ core @ triangle.T))
    kept = np.abs(values) > _ROUNDING
    return before + entropy_change_of_low_rank(own.excess, q @ turn[:, kept], np.diag(values[kept]), start.least_excess)


def _symmetric(matrix: FloatArray) -> FloatArray:
    return 0.5 * (matrix + matrix.T)
