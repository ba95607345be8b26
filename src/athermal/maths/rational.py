"""Rational functions that stand for others: their poles."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray


def pade_frequencies(number: int) -> FloatArray:
    """Return the poles of the [N-1/N] Pade approximation of coth(w/2T), in units of T.

    J. Hu, R.-X. Xu and Y. Yan, J. Chem. Phys. 133, 101106 (2010).

    Examples
    --------
    >>> round(float(pade_frequencies(8)[0] / (2.0 * np.pi)), 12)
    1.0
    """
    if number < 1:
        return np.zeros(0)
    odd = 2.0 * np.arange(1, 2 * number + 1) + 1.0
    beside = 1.0 / np.sqrt(odd[:-1] * odd[1:])
    values = scipy.linalg.eigvalsh(np.diag(beside, 1) + np.diag(beside, -1))
    return np.sort(2.0 / values[values > 0.0])[:number]


def rational_poles(y: FloatArray, values: FloatArray, number: int) -> ComplexArray:
    """Return the poles that a rational approximation of several real functions shares.

    The AAA algorithm for several functions at once: Y. Nakatsukasa, O. Sete and L. N. Trefethen, SIAM J. Sci. Comput. 40, A1494
    (2018); P. Lietaert et al., IMA J. Numer. Anal. 42, 1087 (2022).

    Parameters
    ----------
    y : (n,) array
        Where the functions are sampled.
    values : (n, q) array
    number : int
        Of poles, at most: some may lie at infinity.

    Examples
    --------
    >>> y = np.linspace(0.0, 5.0, 50)
    >>> rational_poles(y, 1.0 / (2.0 + y[:, None]), 1).real.round(6)
    array([-2.])
    """
    support: list[int] = []
    fitted = np.tile(values.mean(axis=0), (len(y), 1))
    weights = np.zeros(0)
    for _ in range(number + 1):
        errors = np.max(np.abs(values - fitted), axis=1)
        errors[support] = -1.0
        support.append(int(np.argmax(errors)))
        others = np.setdiff1d(np.arange(len(y)), support)
        cauchy = 1.0 / (y[others, None] - y[support])
        loewner = np.vstack([cauchy * (values[others, q, None] - values[support, q]) for q in range(values.shape[1])])
        size = np.maximum(np.linalg.norm(loewner, axis=0), np.finfo(float).tiny)
        weights = np.linalg.svd(loewner / size, full_matrices=False)[2][-1] / size
        fitted = values.copy()
        fitted[others] = (cauchy @ (weights[:, None] * values[support])) / (cauchy @ weights)[:, None]
    arrow = np.diag(np.concatenate([[0.0], y[support]]))
    arrow[0, 1:], arrow[1:, 0] = weights, 1.0
    poles = scipy.linalg.eigvals(arrow, np.diag(np.concatenate([[0.0], np.ones(len(support))])))
    return np.asarray(poles[np.isfinite(poles)], dtype=complex)
