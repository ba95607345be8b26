"""Correlation functions of continuous baths as sums of exponentials, which hierarchical equations of motion need.

C(t) = Tr_B[B(t) B(0) rho_B] = (1/2) integral g^2(w) [coth(w/2T) cos wt - i sin wt] dw for t > 0, with g^2(w) the density of
squared couplings of B = sum_k g_k x_k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray
from athermal.errors import MachineError
from athermal.machine.continuum import check_origin
from athermal.machine.parts import ContinuumBath
from athermal.machine.spectral import Ohmic

# What is aimed at if the number of exponentials is left out, and beyond what a given number is refused.
GOAL, WORST = 0.02, 0.05
_NEARLY = 1.2
MOST = 12
# The rational fit: its frequencies in units of the lowest and highest scale, and the rates that count, in units of those.
_LOWEST, _HIGHEST, _FREQUENCIES, _SLOWEST, _FASTEST = 1e-3, 30.0, 300, 1e-3, 1e3
# The fit: times between samples and for how long, in units of 1/scale; samples, and nodes of the integral over frequencies.
_STEP, _MEMORY, _SAMPLES, _NODES = 0.1, 40.0, 800, 40_000
_EXPONENTIAL_END, _TAIL = 40.0, 1e-4
# Terms of the Pade series that stand for the exact correlation function of a Drude bath.
_EXACT = 150


@dataclass(frozen=True)
class Exponents:
    """C(t) = sum_k (a_k + i b_k) e^{-v_k t}, with real sum_k a_k e^{-v_k t} and sum_k b_k e^{-v_k t}.

    Parameters
    ----------
    rates, real, imaginary : (K,) arrays
        v_k, a_k and b_k: real, or in pairs of complex conjugates.
    """

    rates: ComplexArray
    real: ComplexArray
    imaginary: ComplexArray

    def __len__(self) -> int:
        """Return the number of exponentials."""
        return len(self.rates)

    def at(self, times: FloatArray) -> ComplexArray:
        """Return C(t) at an array of times."""
        waves = np.exp(-np.multiply.outer(times, self.rates))
        return np.asarray(np.real(waves @ self.real) + 1j * np.real(waves @ self.imaginary))

    def symmetric_spectrum(self, frequencies: FloatArray) -> FloatArray:
        """Return the Fourier transform of Re C."""
        w = np.asarray(frequencies)[:, None]
        return np.asarray(np.sum(np.real(self.real / (self.rates - 1j * w) + self.real / (self.rates + 1j * w)), axis=1))

    def environment(self, temperature: float) -> Any:
        """Return them as QuTiP's ExponentialBosonicEnvironment."""
        import qutip  # noqa: PLC0415  it takes longer to import than all the rest

        found = [
            qutip.CFExponent("RI", a, v, b) if a and b else qutip.CFExponent("R", a, v) if a else qutip.CFExponent("I", b, v)
            for v, a, b in zip(self.rates, self.real, self.imaginary, strict=True)
        ]
        return qutip.ExponentialBosonicEnvironment(exponents=found, combine=False, T=temperature)


class BathCorrelation:
    """The correlation function of one bath, and its expansions.

    Parameters
    ----------
    bath : ContinuumBath

    Examples
    --------
    >>> bath = ContinuumBath("hot", 1.0, Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude"))
    >>> correlation = BathCorrelation(bath)
    >>> correlation.misfit(correlation.expansion(5)) < 0.02
    True
    """

    def __init__(self, bath: ContinuumBath) -> None:
        check_origin(bath, *bath.band)
        self.bath = bath
        self.density = bath.spectral_density
        self.low, self.high = bath.band
        self._expansions: dict[int, Exponents] = {}
        self.memory = max(_MEMORY / self.density.scale, 1.0 / bath.temperature)

    @property
    def is_drude(self) -> bool:
        """Whether the exponentials are known in closed form."""
        density = self.density
        is_ohmic = isinstance(density, Ohmic) and density.cutoff_shape == "drude" and density.exponent == 1.0
        return is_ohmic and self.low == 0.0 and math.isinf(self.high)

    # --- what is exact -------------------------------------------------------------------------------------------------

    def at(self, times: FloatArray) -> ComplexArray:
        """Return C(t) at an array of positive times."""
        if self.is_drude:
            return self._pade(_EXACT).at(times)
        w, squared = self._nodes
        even = 0.5 * squared / np.tanh(0.5 * w / self.bath.temperature)
        return np.array([np.cos(t * w) @ even - 0.5j * (np.sin(t * w) @ squared) for t in times])

    def symmetric_spectrum(self, frequencies: FloatArray) -> FloatArray:
        """Return the Fourier transform of Re C, (pi/2) g^2(w) coth(w/2T)."""
        w = np.asarray(frequencies)
        inside = (w >= self.low) & (w <= self.high)
        squared = np.where(inside, self.density.squared_coupling(np.where(inside, w, max(self.low, w[0]))), 0.0)
        return np.asarray(0.5 * math.pi * squared / np.tanh(0.5 * w / self.bath.temperature))

    @cached_property
    def _nodes(self) -> tuple[FloatArray, FloatArray]:
        """Return frequencies and the weights g^2(w) dw of a Gauss-Legendre rule on panels that resolves all times of interest."""
        end = self.high
        if math.isinf(end):
            far = isinstance(self.density, Ohmic) and self.density.cutoff_shape == "drude"
            end = self.density.end_of(_TAIL) if far else self.low + _EXPONENTIAL_END * self.density.scale
        width = min(math.pi / self.memory, 0.25 * self.density.scale, 0.25 * (end - self.low))
        if 4.0 * (end - self.low) / width > _NODES:
            raise MachineError(
                f"`spectral_density` of reservoir {self.bath.name!r} reaches up to w = {end:.3g}, too far for a fit of its "
                "correlation function by exponentials. Cut the bath with `high`, or use a Drude density of exponent 1."
            )
        edges = np.linspace(self.low, end, math.ceil((end - self.low) / width) + 1)
        # towards zero frequency, where powers of w are not smooth
        edges = np.concatenate([[self.low], self.low + (edges[1] - self.low) * 0.5 ** np.arange(20, 0, -1), edges[1:]])
        x, weights = np.polynomial.legendre.leggauss(6)
        half = 0.5 * np.diff(edges)[:, None]
        w = (edges[:-1, None] + half * (1.0 + x)).ravel()
        return w, (half * weights).ravel() * self.density.squared_coupling(w)

    # --- expansions ----------------------------------------------------------------------------------------------------

    def expansion(self, number: int) -> Exponents:
        """Return the better of two expansions in at most that many exponentials: of the spectrum, and of C(t).

        The first suits densities that are nearly rational, such as Drude's, the second those with an exponential cut-off.
        """
        if number not in self._expansions:
            found = [self._rational(number)] if self.is_drude else [self._rational(number), self._shifted(number)]
            self._expansions[number] = min(found, key=self.misfit)
        return self._expansions[number]

    def _pade(self, terms: int) -> Exponents:
        """Return Drude's and Pade's terms: J. Hu, R.-X. Xu and Y. Yan, J. Chem. Phys. 133, 101106 (2010)."""
        import qutip  # noqa: PLC0415

        density: Any = self.density
        drude = qutip.DrudeLorentzEnvironment(self.bath.temperature, 0.5 * density.friction * density.cutoff, density.cutoff)
        found = drude.approximate("pade", terms).exponents
        rates, real, imaginary = ([e.exponent for e in found], [e.ck for e in found], [e.ck2 or 0.0 for e in found])
        return Exponents(*(np.array(values, dtype=complex) for values in (rates, real, imaginary)))

    def _rational(self, number: int) -> Exponents:
        """Return the poles that S(w) = (pi/2) g^2 coth(w/2T) and J(w)/w share as functions of w^2, and their residues.

        Exponentials are sum_k 2 a_k v_k/(v_k^2 + w^2) and sum_k -2 b_k/(v_k^2 + w^2) there. As in M. Xu et al., Phys. Rev. Lett.
        129, 230601 (2022), but real, so that C(t) keeps its symmetries.
        """
        w, symmetric, slope = self._spectra
        poles = rational_poles(w * w, np.stack([symmetric / np.max(symmetric), slope / np.max(slope)], axis=1), number)
        rates = np.sqrt(-poles)
        rates = rates[(rates.real > _SLOWEST * w[0]) & (np.abs(rates) < _FASTEST * w[-1])]
        shared = 1.0 / (rates**2 + (w * w)[:, None])
        real, imaginary = _least_squares(2.0 * rates * shared, symmetric), _least_squares(-2.0 * shared, slope)
        return Exponents(rates, real, imaginary)

    @cached_property
    def _spectra(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return frequencies, the Fourier transform of Re C, and J(w)/w."""
        scale = self.density.scale
        w = np.geomspace(_LOWEST * min(scale, self.bath.temperature), _HIGHEST * scale, _FREQUENCIES)
        symmetric = self.symmetric_spectrum(w)
        return w, symmetric, symmetric * np.tanh(0.5 * w / self.bath.temperature) / w

    @cached_property
    def _samples(self) -> tuple[float, ComplexArray]:
        """Return a time step and C at its multiples."""
        step = max(_STEP / self.density.scale, self.memory / _SAMPLES)
        return step, self.at(np.asarray(step * np.arange(math.ceil(self.memory / step)), dtype=float))

    @cached_property
    def _signal(self) -> FloatArray:
        """Return the left singular vectors of the Hankel matrices of Re C and Im C side by side."""
        _, values = self._samples
        window = len(values) // 2
        blocks = [scipy.linalg.hankel(part[:window], part[window - 1 :]) for part in (values.real, values.imag)]
        vectors, _, _ = scipy.linalg.svd(np.hstack(blocks), full_matrices=False)
        return np.asarray(vectors[:, : MOST + 2])

    def _shifted(self, number: int) -> Exponents:
        """Return rates that Re C and Im C share, from the shift invariance of their samples, and coefficients by least squares.

        ESPRIT: R. Roy and T. Kailath, IEEE Trans. Acoust. Speech Signal Process. 37, 984 (1989).
        """
        step, values = self._samples
        basis = self._signal[:, :number]
        shift = np.linalg.lstsq(basis[:-1], basis[1:], rcond=None)[0]
        steps = np.linalg.eigvals(shift).astype(complex)
        steps = steps[(np.abs(steps) < 1.0) & (np.abs(steps) > 0.0)]
        powers = steps[None, :] ** np.arange(len(values))[:, None]
        real, imaginary = (_least_squares(powers, part) for part in (values.real, values.imag))
        return Exponents(-np.log(steps) / step, real, imaginary)

    # --- how good they are ---------------------------------------------------------------------------------------------

    @cached_property
    def _truth(self) -> tuple[FloatArray, ComplexArray, FloatArray, FloatArray]:
        scale = self.density.scale
        near = np.geomspace(1e-4 / scale, self.memory, 300)
        times = np.unique(np.concatenate([near, np.linspace(0.0, 2.0 * self.memory, 900)[1:]]))
        frequencies = scale * np.linspace(1e-5, 1.0, 200)
        return times, self.at(times), frequencies, self.symmetric_spectrum(frequencies)

    def misfit(self, found: Exponents) -> float:
        """Return the larger of two relative errors of an expansion.

        That of C(t), integral |dC| dt / integral |C| dt, which bounds by how much anything can change, and that of the Fourier
        transform of Re C below the cut-off, relative to its largest value there.
        """
        times, exact, frequencies, spectrum = self._truth
        if len(found) == 0 or not np.all(found.rates.real > 0.0):
            return math.inf
        in_time = np.trapezoid(np.abs(found.at(times) - exact), times) / np.trapezoid(np.abs(exact), times)
        in_frequency = np.max(np.abs(found.symmetric_spectrum(frequencies) - spectrum)) / np.max(spectrum)
        return float(max(in_time, in_frequency))

    def number(self, given: int | None) -> int:
        """Return the smallest number of exponentials that is good enough, or a given one if it is.

        Raises
        ------
        MachineError
            If it is not, or no number is.
        """
        what = f"reservoir {self.bath.name!r} at temperature {self.bath.temperature:.6g}"
        if given is not None:
            found = self.misfit(self.expansion(given))
            if found <= WORST:
                return given
        misfits = {n: self.misfit(self.expansion(n)) for n in range(2, MOST + 1)}
        enough = next((n for n, value in misfits.items() if value <= (GOAL if given is None else WORST)), None)
        best = min(misfits.values())
        if enough is None and given is None and best <= WORST:
            return next(n for n, value in misfits.items() if value <= _NEARLY * best)
        if enough is None:
            raise MachineError(
                f"The correlation function of {what} is no sum of up to {MOST} exponentials: the best misses it by "
                f"{best:.1%}, more than {WORST:.0%}. Sharp edges of its spectral density are the usual reason: use "
                "a smooth cut-off, such as Drude's, or a backend that follows every mode."
            )
        if given is None:
            return enough
        raise MachineError(
            f"`exponents` of the HEOM backend must be at least {enough} for {what}, but is {given}: that many exponentials miss "
            f"its correlation function by {found:.1%}, more than {WORST:.0%}. Raise it, or leave it out."
        )


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


def _least_squares(columns: ComplexArray, values: FloatArray) -> ComplexArray:
    """Return coefficients of columns of very different size."""
    size = np.linalg.norm(columns, axis=0)
    return np.asarray(np.linalg.lstsq(columns / size, values.astype(complex), rcond=1e-13)[0] / size)
