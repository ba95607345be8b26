"""Spectral densities and their discretisation into bath modes.

Two conventions are in use, and a density says which one it is:

- "J", for position-type couplings H = A sum_k g_k x_k: J(w) = (pi/2) sum_k g_k^2 delta(w - w_k), so that a mode of
  weight dw has g_k^2 = (2/pi) J(w_k) dw;
- "kappa", for exchange-type couplings H = sum_k g_k (a^dag b_k + h.c.): kappa(w) = 2 pi sum_k g_k^2 delta(w - w_k), the
  rate at which the energy of a decays, so that g_k^2 = kappa(w_k) dw / (2 pi).

Both describe the same couplings g_k when kappa = 4 J.

A density is a function of the energies of modes, of either sign. What the modes are, and how they are filled, is known by the
bath that has it: one of oscillators asks for positive frequencies.
"""

from athermal.machine.densities.base import Convention, SpectralDensity, as_density
from athermal.machine.densities.brownian import UnderdampedBrownian
from athermal.machine.densities.combined import AnySpectralDensity, SumDensity
from athermal.machine.densities.discretise import RULES, Rule, discretise
from athermal.machine.densities.simple import FlatBand, FunctionDensity, Ohmic
from athermal.machine.densities.table import TabulatedDensity, read_columns

__all__ = [
    "RULES",
    "AnySpectralDensity",
    "Convention",
    "FlatBand",
    "FunctionDensity",
    "Ohmic",
    "Rule",
    "SpectralDensity",
    "SumDensity",
    "TabulatedDensity",
    "UnderdampedBrownian",
    "as_density",
    "discretise",
    "read_columns",
]
