"""Correlation functions of continuous baths as sums of exponentials, which hierarchical equations of motion need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.linalg

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.correlation import BathCorrelation, distinct
from athermal.backends.open.shared_fit import SharedFit
from athermal.errors import MachineError
from athermal.maths.rational import pade_frequencies, rational_poles

# What is aimed at if the number of exponentials is left out, and beyond what a given number is refused.
GOAL, WORST = 0.01, 0.05
_NEARLY = 1.2
MOST = 12
# How much more a miss of S(w) and J(w) counts where the system looks: it goes into rates undiminished.
_STRICT = 4.0
# How much more these, and the reorganisation energy, weigh in the fit.
_WEIGHT = 30.0
# The rates that count, in units of the lowest and highest frequency.
_SLOWEST, _FASTEST = 1e-2, 1e3
# Samples of C(t) for its fit, and the time between them in units of 1/scale.
_STEP, _SAMPLES, _TIMES = 0.1, 800, 120
# The fastest of evenly spread rates, in units of the scale.
_EVEN = 10.0
# The share of the largest misfit above which another counts.
_COUNTS = 0.1
# By how much errors are raised and lowered for that, and what is added to it.
_DOUBTFUL, _LEAST, _SAFE = 20.0, 0.3, 1.5
# The share of a change after two periods that counts after one: errors of a ledger look one cycle ahead.
_LATER = 0.25
# A time that is short for a density, in units of 1/scale, and the largest amplitude of use, in units of |C| there.
_SHORT, _LARGEST = 1e-2, 100.0
# A density that is larger than this at its end, in units of its largest value, has a sharp edge.
_EDGE = 1e-3


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

    def times(self, factor: float) -> Exponents:
        """Return the same in other units: rates times a factor, coefficients times its square."""
        return Exponents(factor * self.rates, factor**2 * self.real, factor**2 * self.imaginary)

    def rounded(self) -> tuple[tuple[complex, ...], ...]:
        """Return what tells them from others, to nine digits of the largest of each kind."""
        found = []
        for values in (self.rates, self.real, self.imaginary):
            largest = float(np.max(np.abs(values), initial=0.0))
            found.append((float(f"{largest:.8e}"), *(np.round(values / largest, 9) + 0.0 if largest else values).tolist()))
        return tuple(found)

    def at(self, times: FloatArray) -> ComplexArray:
        """Return C(t) at an array of times."""
        waves = np.exp(-np.multiply.outer(times, self.rates))
        return np.asarray(np.real(waves @ self.real) + 1j * np.real(waves @ self.imaginary))

    def until(self, times: FloatArray) -> ComplexArray:
        """Return the integral of C from zero to an array of times."""
        done = -np.expm1(-np.multiply.outer(times, self.rates)) / self.rates
        return np.asarray(np.real(done @ self.real) + 1j * np.real(done @ self.imaginary))

    def spectrum(self, frequencies: FloatArray) -> FloatArray:
        """Return S(w) and J(w), whose sum is the Fourier transform of C."""
        w = np.asarray(frequencies, dtype=float)
        lorentz = 2.0 / (self.rates**2 + (w * w)[:, None])
        even, odd = lorentz @ (self.real * self.rates), -w * (lorentz @ self.imaginary)
        return np.stack([np.real(even), np.real(odd)])

    @property
    def total(self) -> float:
        """Integral Im C dt, minus the reorganisation energy."""
        return float(np.real(np.sum(self.imaginary / self.rates)))

    def environment(self, temperature: float) -> Any:
        """Return them as QuTiP's ExponentialBosonicEnvironment."""
        import qutip  # noqa: PLC0415  it takes longer to import than all the rest

        found = [
            qutip.CFExponent("RI", a, v, b) if a and b else qutip.CFExponent("R", a, v) if a else qutip.CFExponent("I", b, v)
            for v, a, b in zip(self.rates, self.real, self.imaginary, strict=True)
        ]
        return qutip.ExponentialBosonicEnvironment(exponents=found, combine=False, T=temperature)


class Expansions:
    """The expansions of the correlation function of one bath, and how good they are.

    Parameters
    ----------
    correlation : BathCorrelation

    Examples
    --------
    >>> from athermal.machine.parts import ContinuumBath
    >>> from athermal.machine.densities import Ohmic
    >>> bath = ContinuumBath("hot", 1.0, Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude"))
    >>> expansions = Expansions(BathCorrelation(bath))
    >>> expansions.misfit(expansions.of(5)) < 0.02
    True
    """

    def __init__(self, correlation: BathCorrelation) -> None:
        self.correlation = correlation
        self._found: dict[int, Exponents] = {}

    def of(self, number: int) -> Exponents:
        """Return the best expansion in at most that many exponentials: never a worse one than in fewer.

        Rates come from the poles of S(w), from samples of C(t), and where they are known in closed form; coefficients by least
        squares, in time and in frequency, with more weight where the system looks; then the rates are improved.
        """
        if number not in self._found:
            candidates = [self._fitted(rates) for rates in self._candidates(number) if 0 < len(rates) <= number]
            found = min(candidates, key=self._rank)
            fewer = [self.of(number - 1)] if number > 1 else []
            self._found[number] = min(*fewer, found, self._fitted(self._fit.improved(found.rates)), key=self._rank)
        return self._found[number]

    def coarser(self, number: int) -> Exponents:
        """Return the expansion that one of at most that many exponentials is compared with: in fewer, or in two for one."""
        found = len(self.of(number))
        return self.of(found - 1 if found > 1 else 2)

    def _rank(self, found: Exponents) -> tuple[bool, float]:
        """Return what is the less the better: amplitudes that all but cancel are of no use to a hierarchy, then the misfit."""
        largest = float(np.max(np.abs(np.concatenate([found.real, found.imaginary])), initial=0.0))
        return largest > _LARGEST * self._size, self.misfit(found)

    @cached_property
    def _size(self) -> float:
        """Return |C(t)| at a time that is short for its density."""
        return float(np.abs(self.correlation.at(np.array([_SHORT / self.correlation.scale])))[0])

    # --- rates ---------------------------------------------------------------------------------------------------------

    def _candidates(self, number: int) -> list[ComplexArray]:
        correlation = self.correlation
        even = np.geomspace(1.0 / correlation.horizon, _EVEN * correlation.scale, number).astype(complex)
        found = [self._rational(number), self._shifted(number), even]
        if poles := self._closed_form:
            rates = -1j * np.array(poles)
            more, cold = max(number - len(rates), 0), correlation.temperature < correlation.lowest
            spread = np.geomspace(correlation.lowest, correlation.scale, more)
            thermal = spread if cold else pade_frequencies(more) * correlation.temperature
            found.append(np.concatenate([rates, thermal]).astype(complex))
        return found

    @cached_property
    def _closed_form(self) -> tuple[complex, ...]:
        """The poles of the density, if it is rational and nothing of it is cut."""
        bath = self.correlation.bath
        return bath.spectral_density.poles if bath.band == (0.0, math.inf) else ()

    def _rational(self, number: int) -> ComplexArray:
        """Return the poles that S(w) and J(w)/w share as functions of w^2.

        Exponentials are sum_k 2 a_k v_k/(v_k^2 + w^2) and sum_k -2 b_k/(v_k^2 + w^2) there. As in M. Xu et al., Phys. Rev. Lett.
        129, 230601 (2022), but real, so that C(t) keeps its symmetries.
        """
        w = self.correlation.grid / self.correlation.scale
        even, odd = self._spectra
        slope = odd / w
        poles = rational_poles(w * w, np.stack([even / np.max(even), slope / np.max(slope)], axis=1), number)
        rates = np.sqrt(-poles)
        rates = self.correlation.scale * rates[(rates.real > _SLOWEST * w[0]) & (np.abs(rates) < _FASTEST * w[-1])]
        return np.asarray(rates)

    @cached_property
    def _spectra(self) -> FloatArray:
        return self.correlation.spectrum(self.correlation.grid)

    @cached_property
    def _samples(self) -> tuple[float, ComplexArray]:
        """Return a time step and C at its multiples."""
        memory = self.correlation.memory
        step = max(_STEP / self.correlation.scale, memory / _SAMPLES)
        return step, self.correlation.at(np.asarray(step * np.arange(1, math.ceil(memory / step) + 1), dtype=float))

    @cached_property
    def _signal(self) -> FloatArray:
        """Return the left singular vectors of the Hankel matrices of Re C and Im C side by side."""
        _, values = self._samples
        window = len(values) // 2
        blocks = [scipy.linalg.hankel(part[:window], part[window - 1 :]) for part in (values.real, values.imag)]
        vectors, _, _ = scipy.linalg.svd(np.hstack(blocks), full_matrices=False)
        return np.asarray(vectors[:, : MOST + 2])

    def _shifted(self, number: int) -> ComplexArray:
        """Return rates that Re C and Im C share, from the shift invariance of their samples.

        ESPRIT: R. Roy and T. Kailath, IEEE Trans. Acoust. Speech Signal Process. 37, 984 (1989).
        """
        step, _ = self._samples
        basis = self._signal[:, :number]
        if basis.shape[0] <= number:
            return np.zeros(0, dtype=complex)
        shift = np.linalg.lstsq(basis[:-1], basis[1:], rcond=None)[0]
        steps = np.linalg.eigvals(shift).astype(complex)
        # a negative step is half a turn, of one sign, and has no conjugate
        steps = steps[(np.abs(steps) < 1.0) & (np.abs(steps) > 0.0) & ~((steps.imag == 0.0) & (steps.real < 0.0))]
        return np.asarray(-np.log(steps) / step)

    # --- coefficients and better rates ---------------------------------------------------------------------------------

    @cached_property
    def _fit(self) -> SharedFit:
        """The least squares: the integral of C(t), its transform, both where the system looks, and the reorganisation energy."""
        correlation = self.correlation
        (times, exact), (w, values, felt) = self._truth, correlation.looked_at()
        there = _WEIGHT / ((values[0] + felt) * np.sqrt(len(w)))
        return SharedFit(
            correlation.scale,
            times,
            exact,
            np.full(len(times), 1.0 / np.sqrt(np.sum(np.abs(exact) ** 2))),
            self._twice / np.sqrt(np.sum((self._twice @ exact.real) ** 2)),
            np.concatenate([correlation.grid, w]),
            np.concatenate([np.full(len(correlation.grid), 1.0 / np.sqrt(np.sum(self._spectra[0] ** 2))), there]),
            np.concatenate([self._spectra, values], axis=1),
            (-correlation.reorganisation, _WEIGHT / correlation.reorganisation),
        )

    def _fitted(self, rates: ComplexArray) -> Exponents:
        return Exponents(*self._fit.coefficients(rates))

    # --- how good they are ---------------------------------------------------------------------------------------------

    @cached_property
    def _truth(self) -> tuple[FloatArray, ComplexArray]:
        """Return times, evenly in their logarithm and by themselves, and the integral of C up to them."""
        memory, horizon, first = self.correlation.memory, self.correlation.horizon, _SHORT / self.correlation.scale
        even = np.concatenate([np.linspace(0.0, end, _TIMES + 1)[1:] for end in (memory, horizon)])
        times = distinct(np.concatenate([np.geomspace(min(first, 1e-3 * memory), horizon, _TIMES), even]))
        return times, self.correlation.until(times)

    @cached_property
    def _twice(self) -> FloatArray:
        """Return the matrix of the trapezoidal rule that makes integrals of what is known at these times."""
        times, _ = self._truth
        steps = np.diff(times, prepend=0.0)
        lower = np.tril(np.ones((len(times), len(times))))
        return np.asarray(0.5 * (lower * steps + np.tril(lower, -1) * np.append(steps[1:], 0.0)))

    def misfit(self, found: Exponents) -> float:
        """Return the largest relative error of an expansion; see `misfits`."""
        return max(self.misfits(found).values())

    def misfits(self, found: Exponents, other: Exponents | None = None) -> dict[str, float]:
        """Return the relative errors of an expansion, or by how much it differs from another.

        Of the integral of C(t) up to any time, relative to its largest; of the integral of its real part again, by which
        coherence is lost, likewise; of S(w) and J(w) up to the scale of the density, relative
        to the largest; of both where the system looks, relative to S or to what is felt of it, and four times, for they go into
        the rates undiminished; and of the reorganisation energy.
        """
        if len(found) == 0 or not np.all(found.rates.real > 0.0):
            return {"the integral of C(t)": math.inf}
        twice = self._twice
        (times, until), (w, values, felt) = self._truth, self.correlation.looked_at()
        shown = self.correlation.grid <= self.correlation.scale
        grid, spectra, whole = self.correlation.grid[shown], self._spectra[:, shown], -self.correlation.reorganisation
        size = float(np.max(np.abs(until))), float(np.max(spectra)), values[0] + felt
        loss = float(np.max(np.abs(twice @ until.real)))
        if other is not None:
            until, spectra, values, whole = other.until(times), other.spectrum(grid), other.spectrum(w), other.total
        off = found.until(times) - until
        near = np.max(np.abs(found.spectrum(w) - values), axis=0) / size[2]
        return {
            "the integral of C(t)": float(np.max(np.abs(off))) / size[0],
            "the loss of coherence": float(np.max(np.abs(twice @ off.real))) / loss,
            "S(w)": float(np.max(np.abs(found.spectrum(grid) - spectra))) / size[1],
            "S(w) where the system looks": _STRICT * float(np.max(near)),
            "the reorganisation energy": abs(found.total - whole) / self.correlation.reorganisation,
        }

    def doubt(self, found: Exponents, other: Exponents) -> float:
        """Return how much further an expansion may be from the truth than from another.

        The largest ratio of what it misses to what they differ by: of each of `misfits` that counts; of the loss of coherence and
        of the integral of Im C, which is heat, after each period, as both expansions may miss them alike there; and of the former
        at most times at which it is large, where C(t) has a long tail.
        """
        missed, apart = self.misfits(found), self.misfits(found, other)
        (times, until), least = self._truth, _COUNTS * max(missed.values())
        ratios = [value / max(apart[name], value / _DOUBTFUL) for name, value in missed.items() if value >= least]
        off, between = found.until(times) - until, found.until(times) - other.until(times)
        loss = np.abs(self._twice @ off.real), np.abs(self._twice @ between.real)
        if missed["the loss of coherence"] >= least:
            late = loss[0] >= 0.5 * np.max(loss[0])
            ratios.append(float(np.quantile(loss[0][late] / np.maximum(loss[1][late], loss[0][late] / _DOUBTFUL), 0.8)))
        periods = self.correlation.seen.period * np.arange(1.0, 3.0)
        for one, two in (loss, (np.abs(off.imag), np.abs(between.imag))):
            far, near = (np.interp(periods, times, values) for values in (one, two))
            near = np.maximum(near, _LATER * np.max(near) + np.finfo(float).tiny)
            ratios.append(float(np.max(far / np.maximum(near, far / _DOUBTFUL))))
        return float(np.clip(_SAFE * max(ratios), _LEAST, _DOUBTFUL))

    def number(self, given: int | None) -> int:
        """Return the smallest number of exponentials that is good enough, or a given one if it is.

        Raises
        ------
        MachineError
            If it is not, or no number is.
        """
        bath = self.correlation.bath
        what = f"reservoir {bath.name!r} at temperature {bath.temperature:.6g}"
        if given is not None:
            found = self.misfit(self.of(given))
            if found <= WORST:
                return given
        aim, misfits = GOAL if given is None else WORST, dict[int, float]()
        for n in range(1 if given is not None else 2, MOST + 1):
            misfits[n] = self.misfit(self.of(n))
            if misfits[n] <= aim:
                break
        enough, best = next((n for n, value in misfits.items() if value <= aim), None), min(misfits.values())
        if enough is None and given is None and best <= WORST:
            return next(n for n, value in misfits.items() if value <= _NEARLY * best)
        if enough is None:
            worst = self.misfits(self.of(min(misfits, key=misfits.__getitem__)))
            raise MachineError(
                f"The correlation function of {what} must be a sum of up to {MOST} exponentials for HEOM, but the best of them "
                f"misses {max(worst, key=worst.__getitem__)} by {best:.1%}, more than {WORST:.0%}. {self._reason()}"
            )
        if given is None:
            return enough
        raise MachineError(
            f"`exponents` of the HEOM backend must be at least {enough} for {what}, but is {given}: that many exponentials miss "
            f"its correlation function by {found:.1%}, more than {WORST:.0%}. Raise it, or leave it out."
        )

    def _reason(self) -> str:
        """Return why no expansion is good, and what would help."""
        correlation = self.correlation
        low, high = correlation.bath.band
        near = correlation.spectrum(np.array([1.0, 0.1]) * correlation.lowest)[0]
        largest = float(np.max(correlation.spectrum(correlation.grid)[1]))
        edges = [end for end in (low, high) if 0.0 < end < math.inf]
        sharp = [end for end in edges if float(correlation.spectrum(np.array([end]))[1][0]) > _EDGE * largest]
        if low == 0.0 and near[1] > 1.1 * near[0]:
            return (
                f"J(w) coth(w/2T) of this density diverges as w -> 0: it is {near[1]:.3g} at w = {0.1 * correlation.lowest:.3g}, "
                "and grows, so that C(t) falls off as a power of t. Let it begin above zero with `low`, or use a backend that "
                "follows every mode."
            )
        if sharp:
            return (
                f"The density ends at w = {sharp[0]:.6g} with a jump, and C(t) rings at that frequency with a power law. Use a "
                "smooth cut-off, move the end to where the density is small, or use a backend that follows every mode."
            )
        turns = correlation.memory * correlation.scale / (2.0 * math.pi)
        return (
            f"C(t) lasts {correlation.memory:.3g}, {turns:.3g} periods of the density's scale {correlation.scale:.3g}, with "
            "structure in between. Take a density with fewer peaks, a higher temperature, or a backend that follows every mode."
        )
