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

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.linalg
from pydantic import ConfigDict
from scipy.special import gammainccinv

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError

if TYPE_CHECKING:
    from athermal.machine.densities import SumDensity

Convention = Literal["J", "kappa"]
Rule = Literal["equal", "midpoint", "legendre", "gauss", "log", "tan"]
# A density that falls off more slowly towards zero is taken as constant there.
_LOWEST_POWER = 0.02
RULES: tuple[Rule, ...] = ("equal", "midpoint", "legendre", "gauss", "log", "tan")


class SpectralDensity(ABC):
    """A spectral density on [low, high], in one of the two conventions."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    convention: Convention

    @abstractmethod
    def __call__(self, frequency: FloatArray) -> FloatArray:
        """Return J(w) or kappa(w)."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The interval (low, high) outside which the density is zero, on either side of zero; its ends may be infinite."""

    @property
    @abstractmethod
    def scale(self) -> float:
        """How large |w| is where the density is large, above zero: what sets the scale of the tangent grid."""

    def end_of(self, fraction: float) -> float:
        """Return the frequency beyond which `fraction` of integral J(w)/w dw lies: the end of the support, if it has one."""
        _ = fraction
        return self.support[1]

    @property
    def landmarks(self) -> tuple[float, ...]:
        """Frequencies between which it is smooth: where it has peaks or kinks that would be missed if nobody looked there."""
        return ()

    @property
    def poles(self) -> tuple[complex, ...]:
        """Its poles above the real axis, if it is a rational function, odd in w, all of them simple; none are told of others."""
        return ()

    @property
    def is_rational(self) -> bool:
        """Whether `poles` tells all there is of it."""
        return len(self.poles) > 0

    def __add__(self, other: SpectralDensity) -> SumDensity:
        """Return the sum of two densities."""
        if not isinstance(other, SpectralDensity):
            return NotImplemented
        from athermal.machine.densities import SumDensity  # noqa: PLC0415  it is made of these

        return SumDensity((self, other))

    def squared_coupling(self, frequency: FloatArray) -> FloatArray:
        """Return g^2 per unit of frequency: (2/pi) J(w), or kappa(w) / (2 pi)."""
        return np.asarray(self.coupling_factor * self(frequency))

    @property
    def coupling_factor(self) -> float:
        """g^2 per unit of frequency over J (2/pi) or kappa (1/2 pi)."""
        return 2.0 / math.pi if self.convention == "J" else 0.5 / math.pi


@dataclass(frozen=True)
class Ohmic(SpectralDensity):
    """Power law with cut-off: J(w) = friction w (w/cutoff)^(exponent - 1) cut(w/cutoff).

    cut(y) is e^-y ("exponential"), 1/(1 + y^2) ("drude") or 1 up to y = 1 ("hard"); exponent 1 is Ohmic, below sub-Ohmic,
    above super-Ohmic. With the Drude cut-off and exponent 1 this is the memory friction of Caldeira and Leggett,
    Physica A 121, 587 (1983): J = friction w wD^2/(w^2 + wD^2). J goes with the dimensionless x of an oscillator, so the friction
    rate of a particle of unit mass at reference frequency w0 is friction x w0.

    Examples
    --------
    >>> float(Ohmic(friction=1.0, cutoff=10.0, cutoff_shape="drude")(np.array([10.0]))[0])
    5.0
    """

    friction: float
    cutoff: float
    exponent: float = 1.0
    cutoff_shape: Literal["exponential", "drude", "hard"] = "exponential"
    convention: Convention = "J"
    kind: Literal["ohmic"] = field(default="ohmic", repr=False)

    def __post_init__(self) -> None:
        owner = "an Ohmic spectral density"
        for name in ("friction", "cutoff", "exponent"):
            object.__setattr__(self, name, _validate.positive(getattr(self, name), name, owner))
        _validate.choice(self.cutoff_shape, "cutoff_shape", owner, ("exponential", "drude", "hard"))
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))
        if self.cutoff_shape == "drude" and self.exponent >= 2.0:
            raise MachineError(
                f"`exponent` of {owner} must be below 2 with a Drude cut-off, or the counter-term diverges, but is "
                f"{self.exponent}. Use an exponential or a hard cut-off."
            )

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        y = w / self.cutoff
        if self.cutoff_shape == "exponential":
            cut = np.exp(-y)
        elif self.cutoff_shape == "drude":
            with np.errstate(over="ignore"):  # y^2 may be beyond float, its inverse is not
                cut = 1.0 / (1.0 + y * y)
        else:
            cut = np.where(y <= 1.0, 1.0, 0.0)
        return np.asarray(self.friction * self.cutoff * y**self.exponent * cut)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, self.cutoff if self.cutoff_shape == "hard" else math.inf

    @property
    def poles(self) -> tuple[complex, ...]:
        return (1j * self.cutoff,) if self.cutoff_shape == "drude" and self.exponent == 1.0 else ()

    @property
    def scale(self) -> float:
        return self.cutoff

    def end_of(self, fraction: float) -> float:
        if self.cutoff_shape == "exponential":  # Gamma(s, w/cutoff)/Gamma(s)
            return float(self.cutoff * gammainccinv(self.exponent, fraction))
        if self.cutoff_shape == "hard":
            return self.cutoff
        # integral_y^inf y^(s-1)/(1 + y^2) dy is y^(s-2)/(2 - s) far out, and pi/2 / sin(pi s/2) from zero
        whole = 0.5 * math.pi / math.sin(0.5 * math.pi * self.exponent)
        return float(self.cutoff * ((2.0 - self.exponent) * fraction * whole) ** (1.0 / (self.exponent - 2.0)))


@dataclass(frozen=True)
class FlatBand(SpectralDensity):
    """A constant rate on a band, of either sign: kappa(w) = rate for low <= w <= high (as a "J" if `convention` says so).

    Examples
    --------
    >>> FlatBand(rate=0.2, low=1.4, high=2.6)(np.array([1.0, 2.0]))
    array([0. , 0.2])
    """

    rate: float
    low: float
    high: float
    convention: Convention = "kappa"
    kind: Literal["flat_band"] = field(default="flat_band", repr=False)

    def __post_init__(self) -> None:
        owner = "a flat band"
        object.__setattr__(self, "rate", _validate.positive(self.rate, "rate", owner))
        _check_band(self, owner)
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        w = np.asarray(frequency, dtype=float)
        return np.where((w >= self.low) & (w <= self.high), self.rate, 0.0)

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def scale(self) -> float:
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class FunctionDensity(SpectralDensity):
    """Any function of frequency on [low, high], of either sign, nowhere negative.

    Examples
    --------
    >>> FunctionDensity(lambda w: w**2, low=0.0, high=3.0)(np.array([2.0]))
    array([4.])
    """

    function: Callable[[float], float]
    low: float
    high: float
    convention: Convention = "J"
    kind: Literal["function"] = field(default="function", repr=False)

    def __post_init__(self) -> None:
        owner = "a function density"
        if not callable(self.function):
            raise MachineError(
                f"`function` of {owner} must be a Python function of frequency, but is {_validate.shown(self.function)}."
            )
        _check_band(self, owner)
        _validate.choice(self.convention, "convention", owner, ("J", "kappa"))

    def __call__(self, frequency: FloatArray) -> FloatArray:
        flat = np.ravel(frequency)
        given = [_validate.called(self.function, float(w), "a function density", "w") for w in flat]
        values = [
            _validate.not_negative(value, "value", f"a function density at w = {w:.6g}")
            for value, w in zip(given, flat, strict=True)
        ]
        return np.array(values).reshape(np.shape(frequency))

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def scale(self) -> float:
        return max(abs(self.low), abs(self.high))


def _check_band(density: FlatBand | FunctionDensity, owner: str) -> None:
    """Check the ends of a band."""
    for what in ("low", "high"):
        object.__setattr__(density, what, _validate.real(getattr(density, what), what, owner))
    if density.high <= density.low:
        raise MachineError(f"`high` of {owner} must be above `low` = {density.low}, but is {density.high}.")


def discretise(
    density: SpectralDensity, n_modes: int, rule: Rule, *, low: float | None = None, high: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return frequencies w_k and couplings g_k of `n_modes` bath modes that stand for a spectral density.

    Parameters
    ----------
    density : SpectralDensity
    n_modes : int
    rule : str
        - "equal": equal spacing, end points included, every mode of weight (high - low)/(n - 1);
        - "midpoint": equal spacing dw = (high - low)/n from low + dw/2;
        - "legendre": Gauss-Legendre nodes of [low, high];
        - "gauss": the Gauss rule of g^2(w) dw itself, which reproduces its first 2n moments; of g^2/w dw if the band starts
          at zero and g^2 vanishes there, which reproduces the counter-term's integral g^2/w dw and 2n - 1 moments. Converges
          exponentially once n exceeds bandwidth x time / pi, thermal noise g^2 coth(w/2T) the faster the larger T: its factor
          w coth(w/2T) is smooth at zero, where coth is not;
        - "log": midpoints in ln w, for many decades; needs low > 0;
        - "tan": Gauss-Legendre nodes in the angle of w = scale tan(angle), for algebraic tails; takes infinite ends.
    low, high : float, optional
        Where to cut the density; its own support if left out.

    Returns
    -------
    frequencies, couplings : (n,) arrays
        Ascending, of either sign where the density is; g_k^2 = g^2(w_k) times the weight of mode k.

    Raises
    ------
    MachineError
        If the interval does not suit the rule.

    References
    ----------
    de Vega, Schollwoeck, Wolf, Phys. Rev. B 92, 155126 (2015) (comparison of discretisations).

    Examples
    --------
    >>> w, g = discretise(FlatBand(rate=0.2, low=1.0, high=2.0), 3, "equal")
    >>> w
    array([1. , 1.5, 2. ])
    """
    owner = "a discretised spectral density"
    _validate.choice(rule, "rule", owner, RULES)
    n_modes = _validate.count(n_modes, "modes", owner, least=2 if rule == "equal" else 1)
    own_low, own_high = density.support
    start = own_low if low is None else max(_validate.real(low, "low", owner), own_low)
    stop = own_high if high is None else min(_validate.real(high, "high", owner), own_high)
    if stop <= start:
        raise MachineError(f"`high` of {owner} must be above its `low` = {start}, but is {stop}.")
    for what, which, end, unless in (("low", "lower", start, ("tan",)), ("high", "upper", stop, ("tan", "gauss"))):
        if math.isinf(end) and rule not in unless:
            raise MachineError(
                f"`{what}` of {owner} must be finite with the rule {rule!r}, but the density has no {which} end. Give `{what}`, "
                f"for instance {math.copysign(10 * density.scale, end):g}, or use the rule 'tan'."
            )
    if rule == "gauss":
        nodes, squared = _gauss_rule(density, n_modes, start, stop)
    else:
        nodes, weights = _grid(rule, n_modes, start, stop, density.scale)
        squared = density.squared_coupling(nodes) * weights
    return nodes, np.sqrt(squared)


def _grid(rule: str, n: int, low: float, high: float, scale: float) -> tuple[FloatArray, FloatArray]:
    if rule == "equal":
        return np.linspace(low, high, n), np.full(n, (high - low) / (n - 1))
    if rule == "midpoint":
        width = (high - low) / n
        return np.asarray(low + width * (np.arange(n) + 0.5)), np.full(n, width)
    if rule == "log":
        if low <= 0.0:
            raise MachineError(f"`low` of a discretised spectral density must be positive with the rule 'log', but is {low}.")
        edges = np.geomspace(low, high, n + 1)
        return np.asarray(np.sqrt(edges[:-1] * edges[1:])), np.asarray(np.diff(edges))
    x, w = np.polynomial.legendre.leggauss(n)
    if rule == "legendre":
        return np.asarray(low + 0.5 * (high - low) * (x + 1.0)), np.asarray(0.5 * (high - low) * w)
    start, stop = math.atan(low / scale), math.atan(high / scale)
    angle = start + 0.5 * (stop - start) * (x + 1.0)
    return np.asarray(scale * np.tan(angle)), np.asarray(0.5 * (stop - start) * w * scale / np.cos(angle) ** 2)


def _gauss_rule(density: SpectralDensity, n: int, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """Return the n-point Gauss rule of g^2 dw, or w times that of g^2/w dw, by Lanczos on a fine grid (Gautschi)."""
    if math.isinf(high):
        if getattr(density, "cutoff_shape", "") != "exponential":
            raise MachineError(
                "`high` of a discretised spectral density must be finite with the rule 'gauss' unless it falls off "
                "exponentially, but this one has infinite moments. Give `high` or use the rule 'tan'."
            )
        # e^-y y^(2n) peaks at y = 2n: beyond that the first 2n moments see nothing.
        high = density.scale * (2.0 * n + 40.0 + 8.0 * math.sqrt(2.0 * n + 40.0))
    # towards zero until what is left of integral g^2/w is at rounding; polynomials of degree 2n oscillate ever less there
    power = _power_at_zero(density, high) if low == 0.0 else 0.0
    depth = math.ceil(min(1000.0, max(40.0, 50.0 / power))) if power else 40
    edges = np.concatenate([[low], low + (high - low) * 2.0 ** np.arange(-float(depth), 1.0)])
    points, masses = [], []
    for k, (start, stop) in enumerate(itertools.pairwise(edges)):
        x, w = np.polynomial.legendre.leggauss(24 + math.ceil(2.0 * n * 2.0 ** (-0.5 * max(depth - k, 0))))
        points.append(start + 0.5 * (stop - start) * (x + 1.0))
        masses.append(0.5 * (stop - start) * w)
    grid = np.concatenate(points)
    mass = density.squared_coupling(grid) * np.concatenate(masses) / (grid if power else 1.0)
    keep = mass > np.max(mass) * 1e-40
    grid, mass = grid[keep], mass[keep]
    if len(grid) < n:
        raise MachineError(f"`modes` of a discretised spectral density is {n}, more than the density can be told apart by.")
    diagonal, off_diagonal = np.empty(n), np.empty(n - 1)
    basis = np.empty((n, len(grid)))
    total = float(np.sum(mass))
    vector = np.sqrt(mass / total)
    for k in range(n):
        basis[k] = vector
        image = grid * vector
        diagonal[k] = float(vector @ image)
        if k == n - 1:
            break
        for _ in range(2):  # full reorthogonalisation, twice
            image = image - basis[: k + 1].T @ (basis[: k + 1] @ image)
        off_diagonal[k] = float(np.linalg.norm(image))
        vector = image / off_diagonal[k]
    nodes, vectors = scipy.linalg.eigh_tridiagonal(diagonal, off_diagonal)
    return np.asarray(nodes), np.asarray(total * vectors[0] ** 2 * (nodes if power else 1.0))


def _power_at_zero(density: SpectralDensity, high: float) -> float:
    """Return s of g^2 ~ w^s at zero frequency; zero where integral g^2/w diverges."""
    near, nearer = density.squared_coupling(high * np.array([1e-9, 1e-11]))
    if not near > nearer > 0.0:
        return 0.0 if nearer > 0.0 else 1.0
    power = 0.5 * math.log10(near / nearer)
    return power if power > _LOWEST_POWER else 0.0


def as_density(value: Any, what: str, owner: str) -> SpectralDensity:
    """Return `value` if it is a spectral density, or raise `MachineError`."""
    if not isinstance(value, SpectralDensity):
        raise MachineError(
            f"`{what}` of {owner} must be a spectral density (Ohmic, UnderdampedBrownian, FlatBand, TabulatedDensity, "
            f"FunctionDensity or a sum of them), but is {_validate.shown(value)}."
        )
    return value
