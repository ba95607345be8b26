"""Bath modes that stand for a spectral density."""

from __future__ import annotations

import itertools
import math
from typing import Literal

import numpy as np
import scipy.linalg

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.densities.base import SpectralDensity

Rule = Literal["equal", "midpoint", "legendre", "gauss", "log", "tan"]
# A density that falls off more slowly towards zero is taken as constant there.
_LOWEST_POWER = 0.02
RULES: tuple[Rule, ...] = ("equal", "midpoint", "legendre", "gauss", "log", "tan")


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
    >>> from athermal.machine.densities import FlatBand
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
