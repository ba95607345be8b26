"""The smallest self-contained engine: hot oscillator, working oscillator, cold oscillator."""

from __future__ import annotations

import dataclasses
import math

from athermal import _validate
from athermal.library.otto import otto
from athermal.machine.initial import AnyInitialState
from athermal.machine.machine import Machine
from athermal.machine.parts import Bath


def three_oscillators(
    omega_hot: float = 2.0,
    omega_cold: float = 1.0,
    T_hot: float = 10.0,
    T_cold: float = 1.0,
    *,
    swap_angle: float = 0.2,
    contact_time: float = 4.0 * math.pi,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return an Otto engine whose two baths are one oscillator each, in resonance with their strokes.

    In each contact stroke an exchange coupling mixes the working oscillator with its bath by the swap angle: sin^2 of it is
    the fraction of the bath's excitation that moves. The baths are used up, so the engine lives for some 1/sin^2 cycles.

    Parameters
    ----------
    omega_hot, omega_cold : float
    T_hot, T_cold : float
        Temperatures at which the reservoirs "hot bath" and "cold bath" start.
    swap_angle : float
        From 0 (no contact) to pi/2 (a full swap).
    contact_time : float
        Length of a contact stroke; switched suddenly.
    initial : initial state, optional
        Every part thermal if left out, the working oscillator with the cold bath.

    Returns
    -------
    Machine
        Subsystem "working"; reservoirs "hot bath", "cold bath".

    References
    ----------
    B. Reid, S. Pigeon, M. Antezza, G. De Chiara, EPL 120, 60006 (2017). The default values are this library's own choice.

    Examples
    --------
    >>> three_oscillators().n_modes
    3
    """
    owner = "a machine of three oscillators"
    angle = _validate.real(swap_angle, "swap_angle", owner)
    contact_time = _validate.positive(contact_time, "contact_time", owner)
    machine = otto(
        omega_hot,
        omega_cold,
        T_hot,
        T_cold,
        hot_bath=Bath("hot bath", T_hot, (omega_hot,)),
        cold_bath=Bath("cold bath", T_cold, (omega_cold,)),
        contact="exchange",
        contact_strength=angle / contact_time,
        contact_time=contact_time,
        switching_time=0.0,
        law="number",
        initial=initial,
    )
    return dataclasses.replace(machine, name="three_oscillators")
