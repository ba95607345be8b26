"""The engine of two coupled oscillators between two baths."""

from __future__ import annotations

import math
from typing import Literal, cast

from athermal import _validate
from athermal.machine.coupling import AnyCoupling, Exchange, Position, TwoModeSqueezing
from athermal.machine.densities import RULES, AnySpectralDensity, Convention, FlatBand, Rule, SpectralDensity, as_density
from athermal.machine.drive import Rotating
from athermal.machine.initial import AnyInitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import AnyReservoir, ContinuumBath, Oscillator

_OWNER = "a two-oscillator engine"


def two_oscillator(
    omega_hot: float = 2.0,
    omega_cold: float = 1.0,
    T_hot: float = 1.5,
    T_cold: float = 1.0,
    *,
    modes: int | Literal["auto"] = 100,
    coupling: float = 0.15,
    squeezing: float = 0.0,
    damping: Literal["exchange", "position"] = "exchange",
    rate: float = 0.2,
    half_width: float = 0.6,
    density_hot: AnySpectralDensity | None = None,
    density_cold: AnySpectralDensity | None = None,
    rule: Rule | None = None,
    high: float | None = None,
    counter_term: bool = True,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return two oscillators, each damped by its own bath, coupled by a rotating exchange.

    H = w_h a^dag a + w_c b^dag b + g1 (a b^dag e^{i(w_h - w_c)t} + h.c.) + g2 (a b e^{i(w_h + w_c)t} + h.c.) + baths,
    with the period 2 pi/(w_h - w_c). Exchange damping conserves excitations, and with g2 = 0 the efficiency is then locked
    at 1 - w_c/w_h up to transients; the second tone g2 unlocks it.

    Parameters
    ----------
    omega_hot, omega_cold : float
        w_h > w_c > 0. With g2 > 0, (w_h + w_c)/(w_h - w_c) must be a whole number.
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath".
    modes : int or "auto"
        Modes of each bath; "auto" leaves them to the run, which then certifies every column (see `ContinuumBath`).
    coupling, squeezing : float
        g1 and g2.
    damping : {"exchange", "position"}
        Coupling to the baths: a^dag b_k + h.c. or x x_k.
    rate, half_width : float
        Without a density of your own: flat bands within half_width of w_h and of w_c, in which the energy of an oscillator
        decays at this rate at weak coupling, by either kind of damping.
    density_hot, density_cold : spectral density, optional
        In place of the flat bands.
    rule : str
        How the densities are discretised into a number of modes: see `discretise`. If left out, "equal" for a band that starts
        above zero, else "legendre".
    high : float, optional
        Where densities without an upper end are cut; at 20 times their scale if neither this nor the rule is given.
    counter_term : bool
        Whether position damping has its counter-term.
    initial : initial state, optional
        Each part thermal at its bath's temperature if left out.

    Returns
    -------
    Machine
        Subsystems "hot", "cold"; reservoirs "hot bath", "cold bath".

    References
    ----------
    R. Kosloff, J. Chem. Phys. 80, 1625 (1984): the engine in the weak-coupling limit. M. Aguilar, E. Lutz, Science Advances
    11, eadw8462 (2025): with correlations. All default values are this library's own choice.

    Examples
    --------
    >>> machine = two_oscillator(modes=12)
    >>> machine.reservoir_names
    ('hot bath', 'cold bath')
    >>> round(machine.period, 6)
    6.283185
    """
    for name, value in (("omega_hot", omega_hot), ("omega_cold", omega_cold), ("half_width", half_width)):
        _validate.positive(value, name, _OWNER)
    squeezing = _validate.real(squeezing, "squeezing", _OWNER)
    _validate.choice(damping, "damping", _OWNER, ("exchange", "position"))
    for name, density in (("density_hot", density_hot), ("density_cold", density_cold)):
        if density is not None:
            as_density(density, name, _OWNER)
    # x x_k with couplings 2 g_k damps as a^dag b_k + h.c. with g_k does: a flat J is the rate that a flat kappa is.
    convention: Convention = "J" if damping == "position" else "kappa"
    bands = [FlatBand(rate, max(w - half_width, 0.0), w + half_width, convention) for w in (omega_hot, omega_cold)]
    hot = bands[0] if density_hot is None else density_hot
    cold = bands[1] if density_cold is None else density_cold
    difference = omega_hot - omega_cold
    couplings: list[AnyCoupling] = [_damping(damping, name, counter_term=counter_term) for name in ("hot", "cold")]
    couplings.append(Exchange(("hot", "cold"), Rotating(coupling, difference)))
    if squeezing:
        couplings.append(TwoModeSqueezing(("hot", "cold"), Rotating(squeezing, omega_hot + omega_cold)))
    baths: tuple[AnyReservoir, ...] = (
        _bath("hot bath", T_hot, hot, modes, rule, high),
        _bath("cold bath", T_cold, cold, modes, rule, high),
    )
    return Machine(
        subsystems=(Oscillator("hot", omega_hot), Oscillator("cold", omega_cold)),
        reservoirs=baths,
        couplings=tuple(couplings),
        period=2.0 * math.pi / abs(difference) if difference else 2.0 * math.pi / omega_hot,
        initial=ProductThermal() if initial is None else initial,
        name="two_oscillator",
    )


def _bath(
    name: str, temperature: float, density: SpectralDensity, modes: int | Literal["auto"], rule: Rule | None, high: float | None
) -> ContinuumBath:
    rule = None if rule is None else cast("Rule", _validate.choice(rule, "rule", _OWNER, RULES))
    if isinstance(modes, str):
        return ContinuumBath(name, temperature, density, modes, rule or "equal", high=high)
    low, end = density.support
    chosen: Rule = rule or ("equal" if low > 0.0 and math.isfinite(end) else "legendre")
    cut = 20.0 * density.scale if rule is None and high is None and math.isinf(end) else high
    return ContinuumBath(name, temperature, density, modes, chosen, high=cut)


def _damping(kind: str, name: str, *, counter_term: bool) -> AnyCoupling:
    between = (name, f"{name} bath")
    return Position(between, counter_term=counter_term) if kind == "position" else Exchange(between)
