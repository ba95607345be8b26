"""The quantum Otto engine of one oscillator."""

from __future__ import annotations

from typing import Literal

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.coupling import Coupling, Exchange, Position
from athermal.machine.densities import FlatBand
from athermal.machine.drive import Constant, Product, Strokes
from athermal.machine.initial import AnyInitialState, ProductThermal, Squeezed
from athermal.machine.machine import Machine
from athermal.machine.parts import AnyReservoir, ContinuumBath, HarmonicReservoir, Oscillator, Ring


def otto(
    omega_hot: float = 2.0,
    omega_cold: float = 1.0,
    T_hot: float = 4.0,
    T_cold: float = 0.5,
    *,
    baths: Literal["ring", "star"] = "ring",
    modes: int | Literal["auto"] = 100,
    contact: Literal["position", "exchange"] | None = None,
    contact_strength: float | None = None,
    contact_time: float = 100.0,
    switching_time: float = 10.0,
    stroke_time: float = 0.0,
    law: Literal["potential", "number"] = "number",
    hopping: float = 0.1,
    rate: float = 0.1,
    half_width: float = 0.5,
    hot_bath: AnyReservoir | None = None,
    cold_bath: AnyReservoir | None = None,
    site: int | None = None,
    hot_squeezing: float = 0.0,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return one oscillator that meets a cold and a hot bath in turn while its frequency is switched.

    Four strokes: contact with the cold bath at omega_cold, compression, contact with the hot bath at omega_hot, expansion.
    The contact s(t) rises and falls over the switching time inside each contact stroke.

    Parameters
    ----------
    omega_hot, omega_cold : float
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath".
    baths : {"ring", "star"}
        Rings of oscillators H = sum_n w (x_n^2 + p_n^2)/2 + hopping x_n x_{n+1} in resonance with their stroke, contacted at
        one site; or star baths with flat bands kappa = rate within half_width of the stroke's frequency.
    modes : int, or "auto" with star baths
        Modes of each bath; "auto" leaves them to the run, which then certifies every column.
    contact : {"position", "exchange"}, optional
        s(t) x X without counter-term, or s(t) (a^dag B + h.c.) with the amplitude a of the stroke's frequency; "position" for
        rings and "exchange" for stars if left out.
    contact_strength : float, optional
        Largest s; 0.1 for rings and 1 for stars (whose strength is in their rate) if left out.
    contact_time, switching_time : float
        Length of a contact stroke, and of the smooth switching on and off inside it; 0 switches suddenly.
    stroke_time : float
        Length of compression and of expansion; 0 is a sudden quench.
    law : {"potential", "number"}
        How the frequency enters: see `Oscillator`.
    hopping, rate, half_width : float
        Of the rings; of the stars.
    hot_bath, cold_bath : reservoir, optional
        Reservoirs of your own, in place of rings or stars; their names may be anything.
    site : int, optional
        Where your own reservoirs are contacted, if they have no couplings of their own.
    hot_squeezing : float
        r with which every mode of the hot bath starts squeezed: a resource booked as its D_j.
    initial : initial state, optional
        In place of every part thermal (the working oscillator with the cold bath) and `hot_squeezing`.

    Returns
    -------
    Machine
        Subsystem "working"; reservoirs "hot bath", "cold bath".

    References
    ----------
    R. Kosloff, Y. Rezek, Entropy 19, 136 (2017). Rings and their parameters: A. Pozas-Kerstjens, E. G. Brown, K. V.
    Hovhannisyan, New J. Phys. 20, 043034 (2018). Squeezed bath: J. Rossnagel et al., Phys. Rev. Lett. 112, 030602 (2014). The
    star parameters and the cosine switching are this library's own choice.

    Examples
    --------
    >>> machine = otto(modes=20)
    >>> machine.period
    200.0
    """
    if not isinstance(baths, str) or baths not in ("ring", "star"):
        raise MachineError(f"`baths` of an Otto engine must be 'ring' or 'star', but is {_validate.shown(baths)}.")
    _check_times(contact_time, switching_time, stroke_time)
    for name, given in (("hot_bath", hot_bath), ("cold_bath", cold_bath)):
        if given is not None and not isinstance(given, HarmonicReservoir):
            raise MachineError(f"`{name}` of an Otto engine must be a harmonic bath, but is {_validate.shown(given)}.")
    _validate.choice(law, "law", "an Otto engine", ("potential", "number"))
    is_ring = baths == "ring"
    own = (modes, hopping, rate, half_width)
    cold = cold_bath if cold_bath is not None else _bath("cold bath", T_cold, omega_cold, *own, is_ring=is_ring)
    hot = hot_bath if hot_bath is not None else _bath("hot bath", T_hot, omega_hot, *own, is_ring=is_ring)
    strength = contact_strength if contact_strength is not None else (0.1 if is_ring else 1.0)
    kind = ("position" if is_ring else "exchange") if contact is None else contact
    couplings = []
    strokes = ((cold, cold_bath, omega_cold, 0.0), (hot, hot_bath, omega_hot, contact_time + stroke_time))
    for bath, given, frequency, start in strokes:
        window = _contact_window(start, contact_time, switching_time, 2.0 * (contact_time + stroke_time))
        where = site if given is not None else (0 if is_ring else None)
        amplitude = frequency if law == "potential" else None
        couplings.append(_contact(kind, bath.name, Product((Constant(strength), window)), where, amplitude))
    return Machine(
        subsystems=(Oscillator("working", _frequency(omega_hot, omega_cold, contact_time, stroke_time), law=law),),
        reservoirs=(hot, cold),
        couplings=tuple(couplings),
        period=2.0 * (contact_time + stroke_time),
        initial=_start(hot.name, hot_squeezing, initial),
        name="otto",
    )


def _check_times(contact_time: float, switching_time: float, stroke_time: float) -> None:
    for name, value in (("stroke_time", stroke_time), ("switching_time", switching_time)):
        _validate.not_negative(value, name, "an Otto engine")
    _validate.positive(contact_time, "contact_time", "an Otto engine")
    if 2.0 * switching_time > contact_time:
        raise MachineError(
            f"`switching_time` of an Otto engine must be at most half its contact time {contact_time}, but is {switching_time}."
        )


def _start(hot: str, squeezing: float, initial: AnyInitialState | None) -> AnyInitialState:
    """Return the initial state that is given, or every part thermal and the hot bath squeezed."""
    squeezing = _validate.real(squeezing, "hot_squeezing", "an Otto engine")
    if squeezing and initial is not None:
        raise MachineError(
            f"`hot_squeezing` of an Otto engine must be zero when an initial state is given, but is {squeezing}. Give "
            "`Squeezed` as, or inside, the initial state."
        )
    if initial is not None:
        return initial
    return Squeezed(hot, squeezing) if squeezing else ProductThermal()


def _frequency(omega_hot: float, omega_cold: float, contact_time: float, stroke_time: float) -> Strokes:
    """Return w(t): omega_cold, a ramp (or a quench) up, omega_hot, and the same down at the end of the cycle."""
    owner = "an Otto engine"
    hot, cold = _validate.positive(omega_hot, "omega_hot", owner), _validate.positive(omega_cold, "omega_cold", owner)
    if stroke_time == 0.0:
        return Strokes((contact_time, contact_time), (cold, hot))
    durations = (contact_time, stroke_time, contact_time, stroke_time)
    return Strokes(durations, (cold, hot, hot, cold), ramps=(0.0, stroke_time, 0.0, stroke_time))


def _contact_window(start: float, contact_time: float, switching_time: float, period: float) -> Strokes:
    """Return s(t): zero, one inside the contact stroke that begins at `start`, zero."""
    on, off = contact_time - switching_time, period - start - contact_time + switching_time
    if off <= 0.0:  # a sudden contact that lasts to the end of the cycle
        return Strokes((start, on), (0.0, 1.0))
    if start == 0.0:
        return Strokes((on, off), (1.0, 0.0), ramps=switching_time)
    return Strokes((start, on, off), (0.0, 1.0, 0.0), ramps=(0.0, switching_time, switching_time))


def _contact(kind: str, bath: str, strength: Product, site: int | None, amplitude_frequency: float | None) -> Coupling:
    _validate.choice(kind, "contact", "an Otto engine", ("position", "exchange"))
    if kind == "position":
        return Position(("working", bath), strength, site=site, counter_term=False)
    return Exchange(("working", bath), strength, site=site, amplitude_frequency=amplitude_frequency)


def _bath(
    name: str,
    temperature: float,
    frequency: float,
    modes: int | Literal["auto"],
    hopping: float,
    rate: float,
    half_width: float,
    *,
    is_ring: bool,
) -> AnyReservoir:
    if is_ring:
        if isinstance(modes, str):
            raise MachineError(
                '`modes` of an Otto engine with ring baths must be a whole number, but is "auto". Use baths="star".'
            )
        return Ring(name, temperature, modes, frequency, hopping)
    band = FlatBand(rate, max(frequency - half_width, 0.0), frequency + half_width)
    return ContinuumBath(name, temperature, band, modes, "equal" if isinstance(modes, str) else "midpoint")
