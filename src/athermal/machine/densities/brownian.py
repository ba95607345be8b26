"""The spectral density of a damped oscillator between machine and bath."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.machine.densities.base import Convention, SpectralDensity

# By how much distances from a peak grow, from its half-width on, between which it is smooth.
_APART = 4.0
# Beyond twice the resonance the tail is at most (1 - 1/4)^-2 of its asymptote; 1.3^-3 makes up for that.
_FAR, _SAFE = 2.0, 1.3


@dataclass(frozen=True)
class UnderdampedBrownian(SpectralDensity):
    """A damped oscillator between machine and bath: J(w) = coupling^2 width w/[(w^2 - resonance^2)^2 + width^2 w^2].

    A Lorentzian peak at the resonance, Ohmic below: the Brownian oscillator of spectroscopy (C. Meier, D. J. Tannor, J. Chem.
    Phys. 111, 3365 (1999); H. Liu et al., J. Chem. Phys. 140, 134106 (2014)); a mode of frequency `resonance` that the machine
    couples to, and that an Ohmic bath damps (A. Garg, J. N. Onuchic, V. Ambegaokar, J. Chem. Phys. 83, 4491 (1985)). Its
    reorganisation energy, (1/pi) integral J/w dw, is coupling^2/(2 resonance^2).

    Parameters
    ----------
    coupling : float
        lambda, in units of energy^(3/2): QuTiP's `lam`.
    width : float
        gamma, the full width of the peak at half its height: QuTiP's `gamma`. Beyond 2 `resonance` the oscillator is overdamped,
        and there is no peak.
    resonance : float
        w0, of the oscillator: QuTiP's `w0`.
    convention : str
        "J" for position contacts, "kappa" for exchange contacts.

    Raises
    ------
    MachineError
        If one is not a positive number.

    Examples
    --------
    >>> peak = UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
    >>> round(float(peak(np.array([1.0]))[0]), 12)  # coupling^2/(width resonance)
    2.5
    """

    coupling: float
    width: float
    resonance: float
    convention: Convention = "J"
    kind: Literal["underdamped_brownian"] = field(default="underdamped_brownian", repr=False)

    def __post_init__(self) -> None:
        owner = "an underdamped Brownian spectral density"
        for name in ("coupling", "width", "resonance"):
            object.__setattr__(self, name, _validate.positive(getattr(self, name), name, owner))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        away, own = (w - self.resonance) * (w + self.resonance), self.width * w
        with np.errstate(over="ignore"):  # far beyond all scales it is zero
            return np.asarray(self.coupling**2 * own / (away * away + own * own))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def scale(self) -> float:
        return max(self.resonance, self.width)

    @property
    def landmarks(self) -> tuple[float, ...]:
        half = 0.5 * self.width
        steps = max(1, math.ceil(math.log(self.resonance / half, _APART)))
        away = half * _APART ** np.arange(steps)
        found = np.concatenate([[self.resonance], self.resonance - away, self.resonance + away])
        return tuple(np.sort(found[found > 0.0]).tolist())

    @property
    def poles(self) -> tuple[complex, ...]:
        half = 0.5 * self.width
        own = np.emath.sqrt((self.resonance - half) * (self.resonance + half))
        return complex(own + 1j * half), complex(-own + 1j * half)

    def end_of(self, fraction: float) -> float:
        # integral of J/w: coupling^2 width/(3 w^3) far out, coupling^2 pi/(2 w0^2) in all
        far = (2.0 * self.width * self.resonance**2 / (3.0 * math.pi * fraction)) ** (1.0 / 3.0)
        return max(_SAFE * float(far), _FAR * self.resonance)
