"""Least squares of the real and the imaginary part of a correlation function by exponentials of the same rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.optimize

from athermal._types import ComplexArray, FloatArray

# What is no phase of a rate, relative to it.
_REAL = 1e-9
# The squares of the coefficients, of columns of unit length, that are added: so that rates that nearly agree do no harm.
_RIDGE = 1e-8
# When a search has ended, and after how many steps it must.
_TOLERANCE, _STEPS = 1e-10, 60


@dataclass(frozen=True)
class SharedFit:
    """What sum_k (a_k + i b_k) e^{-v_k t} is to agree with, and how much each agreement weighs.

    Its integral is sum_k (a_k + i b_k) (1 - e^{-v_k t})/v_k; its transform is even, sum_k a_k 2 v_k/(v_k^2 + w^2), plus odd,
    - sum_k b_k 2 w/(v_k^2 + w^2); and sum_k b_k/v_k the integral of its imaginary part over all times.

    Parameters
    ----------
    unit : float
        Of rates.
    times : (n,) array
    until : (n,) array
        The integral up to them, complex, not weighted.
    of_times : (n,) array
        Its weights.
    twice : (k, n) array
        What makes weighted integrals of the integral.
    frequencies : (m,) array
    of_frequencies : (m,) array
        The weights of the transform.
    spectra : (2, m) array
        The transform's even and odd part, not weighted.
    total : (float, float)
        The integral of the imaginary part, not weighted, and its weight.
    """

    unit: float
    times: FloatArray
    until: ComplexArray
    of_times: FloatArray
    twice: FloatArray
    frequencies: FloatArray
    of_frequencies: FloatArray
    spectra: FloatArray
    total: tuple[float, float]

    def coefficients(self, rates: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """Return rates, and the a_k and b_k that suit them best; rates are real, or in pairs."""
        real, pairs = _sorted(rates)
        shared = np.concatenate([real, pairs])
        found = [_solved(columns, aims)[0] for columns, aims in self._problems(shared, len(real))]
        half = [0.5 * (z[len(real) :: 2] - 1j * z[len(real) + 1 :: 2]) for z in found]
        both = [np.concatenate([z[: len(real)], part, part.conj()]) for z, part in zip(found, half, strict=True)]
        return np.concatenate([shared, pairs.conj()]).astype(complex), both[0], both[1]

    def improved(self, rates: ComplexArray) -> ComplexArray:
        """Return the rates that make the squares least, from a start: the coefficients follow them (variable projection).

        Rates stay real, or in pairs. G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973); L. Kaufman, BIT 15, 49 (1975).
        """
        real, pairs = _sorted(rates)
        n, ends = len(real), np.cumsum([len(real), len(pairs)])
        start = np.concatenate([np.log(real.real / self.unit), np.log(pairs.real / self.unit), pairs.imag / self.unit])

        def unpacked(x: FloatArray) -> ComplexArray:
            alone, damping, turning = np.split(np.concatenate([np.exp(x[: ends[1]]), x[ends[1] :]]), ends)
            return np.asarray(self.unit * np.concatenate([alone, damping + 1j * turning]), dtype=complex)

        def missed(x: FloatArray) -> FloatArray:
            return np.concatenate([_solved(columns, aims)[1] for columns, aims in self._problems(unpacked(x), n)])

        def jacobian(x: FloatArray) -> FloatArray:
            shared, blocks = unpacked(x), []
            slopes = self._slopes(shared)
            for (columns, aims), slope in zip(self._problems(shared, n), slopes, strict=True):
                z, _, basis = _solved(columns, aims)
                c = np.concatenate([z[:n], z[n::2] - 1j * z[n + 1 :: 2]])
                turned = slope * c
                moved = np.concatenate([turned * shared.real, 1j * self.unit * turned[:, n:]], axis=1).real
                padded = np.concatenate([moved, np.zeros((columns.shape[1], moved.shape[1]))])
                blocks.append(padded - basis @ (basis.T @ padded))
            return np.concatenate(blocks)

        found = scipy.optimize.least_squares(
            missed, start, jac=jacobian, ftol=_TOLERANCE, xtol=_TOLERANCE, gtol=None, max_nfev=_STEPS
        )
        better = unpacked(found.x)
        return np.concatenate([better, better[n:].conj()])

    # --- columns ---------------------------------------------------------------------------------------------------------

    def _problems(self, rates: ComplexArray, n_real: int) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Return the columns and aims of a and of b; those of a pair are the real and the imaginary part of one of its own."""
        squares = rates**2 + (self.frequencies**2)[:, None]
        until = self._with_twice(-np.expm1(-np.multiply.outer(self.times, rates)) / rates)
        weights, w = self.of_frequencies[:, None], self.frequencies[:, None]
        even = np.concatenate([until, 2.0 * rates / squares * weights])
        odd = np.concatenate([until, -2.0 * w / squares * weights, self.total[1] / rates[None, :]])
        aims, whole = self.spectra * self.of_frequencies, self._with_twice(self.until[:, None])[:, 0]
        return (
            (_real_columns(even, n_real), np.concatenate([whole.real, aims[0]])),
            (_real_columns(odd, n_real), np.concatenate([whole.imag, aims[1], [self.total[0] * self.total[1]]])),
        )

    def _with_twice(self, until: ComplexArray) -> ComplexArray:
        """Return weighted integrals up to the times, and weighted integrals of these."""
        return np.concatenate([until * self.of_times[:, None], self.twice @ until])

    def _slopes(self, rates: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """Return the derivatives of the complex columns by the rates."""
        squares = rates**2 + (self.frequencies**2)[:, None]
        waves = np.exp(-np.multiply.outer(self.times, rates))
        until = self._with_twice((self.times[:, None] * waves - (1.0 - waves) / rates) / rates)
        weights, w = self.of_frequencies[:, None], self.frequencies[:, None]
        even = 2.0 * (w * w - rates**2) / squares**2 * weights
        odd = 4.0 * rates * w / squares**2 * weights
        return np.concatenate([until, even]), np.concatenate([until, odd, -self.total[1] / rates[None, :] ** 2])


def _sorted(rates: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return the real rates and the upper ones of pairs, ascending; what has no conjugate counts as a pair."""
    is_real = np.abs(rates.imag) <= _REAL * np.abs(rates)
    pairs = rates[~is_real & (rates.imag > 0.0)]
    return np.sort(rates[is_real].real).astype(complex), pairs[np.argsort(pairs.imag)]


def _real_columns(columns: ComplexArray, n_real: int) -> FloatArray:
    found = np.empty((len(columns), 2 * columns.shape[1] - n_real))
    found[:, :n_real] = columns[:, :n_real].real
    found[:, n_real::2], found[:, n_real + 1 :: 2] = columns[:, n_real:].real, columns[:, n_real:].imag
    return found


def _solved(columns: FloatArray, aims: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the coefficients, what they miss, and an orthonormal basis of the columns, a small ridge below them."""
    sizes = np.linalg.norm(columns, axis=0)
    whole = np.concatenate([columns / sizes, _RIDGE * np.eye(columns.shape[1])])
    basis, triangle = scipy.linalg.qr(whole, mode="economic")
    padded = np.concatenate([aims, np.zeros(columns.shape[1])])
    projected = basis.T @ padded
    return scipy.linalg.solve_triangular(triangle, projected) / sizes, basis @ projected - padded, basis
