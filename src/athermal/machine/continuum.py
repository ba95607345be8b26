"""What a bath of a spectral density is without discretisation: its density of couplings and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.errors import MachineError
from athermal.machine.densities import FlatBand, Ohmic, SpectralDensity, SumDensity, UnderdampedBrownian
from athermal.machine.parts import ContinuumBath
from athermal.maths import cauchy

# Where densities without an upper end and without a closed form are cut: e^-80, or a power-law tail at rounding.
_EXPONENTIAL_END = 80.0
_TAIL, _FURTHEST = 1e-14, 3.0
# The closed form of other powers with a Drude cut-off loses digits as they near one.
_NEARLY_OHMIC = 1e-5
# The closed form of a damped oscillator loses digits as its two poles meet.
_NEARLY_CRITICAL = 1e-6
# By how much the first panels far out grow.
_APART = 4.0


@dataclass(frozen=True)
class Continuum:
    """A continuous star bath: g^2 per unit of frequency, G(w), and its self-energy S(z) = integral G(w)/(z - w) dw.

    Parameters
    ----------
    name : str
    temperature : float
    low, high : float
        The band; `high` may be infinite.
    scale : float
        A frequency at which the density is large.
    squared_coupling : callable
        Real array w -> G(w).
    occupation, noise : callable
        Real array w -> n(w), and w -> 1 + 2 n(w), of the bath's own statistics.
    self_energy : callable
        Complex array z -> S(z); below the axis, within the band, on the second sheet (vertical cuts at the band's edges).
    """

    name: str
    temperature: float
    low: float
    high: float
    scale: float
    squared_coupling: Callable[[FloatArray], FloatArray]
    occupation: Callable[[FloatArray], FloatArray]
    noise: Callable[[FloatArray], FloatArray]
    self_energy: Callable[[ComplexArray], ComplexArray]

    @property
    def softness(self) -> float:
        """The integral of G(w)/w, -S(0): how far a unit force moves the contact."""
        return -float(self.self_energy(np.zeros(1, dtype=complex))[0].real)


def continuum(bath: ContinuumBath) -> Continuum:
    """Return the continuum that a bath stands for, cut where the bath says so.

    Raises
    ------
    MachineError
        If integral G(w)/w dw diverges: a band that does not vanish at zero frequency leaves the whole unbounded below.

    Examples
    --------
    >>> bath = continuum(ContinuumBath("hot", 1.5, FlatBand(rate=0.2, low=1.4, high=2.6), modes=12))
    >>> round(bath.softness, 6)  # ln(2.6/1.4) 0.2/(2 pi)
    0.019705
    """
    spectral = bath.spectral_density
    low, high = bath.band
    check_origin(bath, low, high)
    density, transform = _pair(spectral, low, high)

    def within(z: ComplexArray) -> ComplexArray:
        inside = (z.real > low) & (z.real < high) if low else (z.real >= low) & (z.real < high)
        safe = np.where(inside, z, 0.5 * (low + (high if math.isfinite(high) else low + 2.0 * spectral.scale)))
        return np.where(inside, density(safe), 0.0)

    def self_energy(z: ComplexArray) -> ComplexArray:
        values = transform(z)
        below = z.imag < 0.0
        if np.any(below):
            values = values - np.where(below, 2j * math.pi * within(np.where(below, z, low - 1.0)), 0.0)
        return values

    known = spectral.squared_coupling, bath.occupation, bath.noise
    return Continuum(bath.name, bath.temperature, low, high, spectral.scale, *known, self_energy)


Pair = tuple[Callable[[ComplexArray], ComplexArray], Callable[[ComplexArray], ComplexArray]]


def check_origin(bath: ContinuumBath, low: float, high: float) -> None:
    """Raise `MachineError` if the density of a continuous bath does not vanish at zero frequency, where its noise diverges."""
    spectral = bath.spectral_density
    if low > 0.0:
        return
    reach = high if math.isfinite(high) else spectral.scale
    w = reach * np.array([1e-12, 1e-9, 1e-6])
    g = spectral.squared_coupling(w)
    # integral G/w converges at zero iff G falls off there
    if g[1] > 0.0 and g[0] > 0.9 * g[1] and g[1] > 0.9 * g[2]:
        raise MachineError(
            f"`spectral_density` of reservoir {bath.name!r} must vanish at zero frequency for a continuous bath, but is "
            f"{float(spectral(w[:1])[0]):.6g} there: integral J/w dw diverges, and the coupled whole is not bounded below. Let "
            "the band start above zero (`low`), or use an Ohmic density."
        )


def _pair(spectral: SpectralDensity, low: float, high: float) -> Pair:
    """Return G(z) between two ends and its Cauchy transform."""
    if isinstance(spectral, SumDensity):
        return _sum(spectral, low, high)
    return _closed_form(spectral, low, high) or _numerical(spectral, low, high)


def _sum(spectral: SumDensity, low: float, high: float) -> Pair:
    """Return G(z) and its transform of a sum, each member within its own support."""
    found: list[tuple[float, float, Pair]] = []
    for member in spectral.densities:
        start, stop = max(low, member.support[0]), min(high, member.support[1])
        if stop > start:
            found.append((start, stop, _pair(member, start, stop)))

    def density(z: ComplexArray) -> ComplexArray:
        total = np.zeros(z.shape, dtype=complex)
        for start, stop, (values, _) in found:
            inside = (z.real >= start) & (z.real <= stop)
            total[inside] += values(z[inside])
        return total

    def transform(z: ComplexArray) -> ComplexArray:
        return np.asarray(sum(values(z) for _, _, (_, values) in found), dtype=complex)

    return density, transform


def _closed_form(spectral: SpectralDensity, low: float, high: float) -> Pair | None:
    """Return G(z) and its Cauchy transform where both are elementary."""
    factor = spectral.coupling_factor
    if isinstance(spectral, FlatBand):
        rate = factor * spectral.rate
        return lambda z: np.full(z.shape, rate, dtype=complex), lambda z: cauchy.flat(z, rate, low, high)
    if isinstance(spectral, UnderdampedBrownian):
        strength, width, resonance = factor * spectral.coupling**2, spectral.width, spectral.resonance
        if abs(2.0 * resonance - width) < _NEARLY_CRITICAL * width:
            return None
        return (
            lambda z: strength * width * z / ((z * z - resonance**2) ** 2 + (width * z) ** 2),
            lambda z: cauchy.brownian(z, strength, width, resonance, low, high),
        )
    if not isinstance(spectral, Ohmic):
        return None
    slope, cutoff, power = factor * spectral.friction, spectral.cutoff, spectral.exponent
    if spectral.cutoff_shape == "exponential" and power.is_integer() and low == 0.0 and math.isinf(high):
        order = int(power)
        return (
            lambda z: slope * cutoff * (z / cutoff) ** order * np.exp(-z / cutoff),
            lambda z: cauchy.exponential(z, slope, cutoff, order),
        )
    if power != 1.0:
        far = spectral.cutoff_shape == "drude" and math.isinf(high) and abs(power - 1.0) > _NEARLY_OHMIC
        return _power_drude(spectral, low) if far else None
    if spectral.cutoff_shape == "drude":
        return lambda z: slope * z / (1.0 + (z / cutoff) ** 2), lambda z: cauchy.drude(z, slope, cutoff, low, high)
    if spectral.cutoff_shape == "hard":
        return lambda z: slope * z, lambda z: cauchy.linear(z, slope, low, high)
    return None


def _power_drude(spectral: Ohmic, low: float) -> Pair:
    """Return G(z) and its transform for a power law with Drude cut-off from `low` on: what lies below is taken away."""
    factor = spectral.coupling_factor
    slope, cutoff, power = factor * spectral.friction, spectral.cutoff, spectral.exponent
    missing = cauchy.PiecewiseDensity(spectral.squared_coupling, 0.0, low).transform if low else np.zeros_like

    def density(z: ComplexArray) -> ComplexArray:
        return np.asarray(slope * cutoff * (z / cutoff) ** power / (1.0 + (z / cutoff) ** 2))

    return density, lambda z: cauchy.power_drude(z, slope, cutoff, power) - missing(z)


def end_of_band(spectral: SpectralDensity, low: float, high: float) -> float:
    """Return where a band ends for all numerical purposes."""
    if math.isfinite(high):
        return high
    if isinstance(spectral, SumDensity):
        return max(end_of_band(member, low, member.support[1]) for member in spectral.densities)
    if isinstance(spectral, Ohmic) and spectral.cutoff_shape == "drude":
        return float(spectral.cutoff * _TAIL ** max(1.0 / (spectral.exponent - 2.0), -_FURTHEST))
    if isinstance(spectral, UnderdampedBrownian):
        return spectral.end_of(_TAIL)
    return low + _EXPONENTIAL_END * spectral.scale


def looked_at(spectral: SpectralDensity, end: float) -> FloatArray:
    """Return where the panels of a density begin: its landmarks, and a few frequencies per decade up to its end."""
    beyond = max([spectral.scale, *spectral.landmarks])
    further = beyond * _APART ** np.arange(1, max(1, math.ceil(math.log(max(end / beyond, 1.0), _APART))))
    return np.concatenate([spectral.landmarks, [spectral.scale], further])


def _numerical(spectral: SpectralDensity, low: float, high: float) -> Pair:
    """Return G(z) and its Cauchy transform from Legendre series on panels."""
    end = end_of_band(spectral, low, high)
    series = cauchy.PiecewiseDensity(spectral.squared_coupling, low, end, looked_at(spectral, end))
    return series.density, series.transform
