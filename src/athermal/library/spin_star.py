"""Engines of one or two qubits between baths of spins."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.coupling import Exchange
from athermal.machine.drive import Rotating, Strokes
from athermal.machine.initial import AnyInitialState, Charged, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import Qubit, SpinBath

_OWNER = "a spin-star engine"


def spin_star(
    omega_hot: float = 2.0,
    omega_cold: float = 1.0,
    T_hot: float | None = None,
    T_cold: float = 1.0,
    *,
    qubits: Literal[1, 2] = 2,
    spins: int = 3,
    coupling: float = 0.15,
    contact: float = 0.2,
    contact_time: float | None = None,
    half_width: float = 0.1,
    charged: int = 0,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return one or two qubits, each at the centre of a star of spins.

    Two qubits are the analogue of `two_oscillator`: each always exchanges with its own bath, and a drive couples them,

    H = w_h sigma_z^h/2 + w_c sigma_z^c/2 + g (sigma_-^h sigma_+^c e^{i(w_h - w_c)t} + h.c.) + sum c_k (sigma_- sigma_+^k + h.c.)
    + baths,

    with the period 2 pi/(w_h - w_c). All couplings only move excitations, so the efficiency stays near 1 - w_c/w_h when it gives
    work. By default (T_hot = 1.5, Carnot 1/3, f_h < f_c with f = 1/(e^{w/T} + 1)) it ordinarily is a refrigerator and needs work.
    Charged for three cycles it first gives work for three cycles, above Carnot (athermal: paid by what was stored), and then
    returns to ordinary operation.

    One qubit is an Otto engine: in the first half of a cycle its frequency is w_c and it exchanges with the cold bath, in the
    second half it is w_h and it exchanges with the hot bath. By default (T_hot = 4, Carnot 3/4) each contact is about a full
    swap. The first three cycles are those of a thermal engine, the first with an efficiency near 1 - w_c/w_h = 1/2, the others
    with less, as the few spins of the baths are used up; then it needs work, and comes back later.

    Parameters
    ----------
    omega_hot, omega_cold : float
        w_h > w_c > 0.
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath". T_hot is 1.5 for two qubits and 4 for one if left out.
    qubits : {1, 2}
    spins : int
        Spins of each bath. The whole has 2^(qubits + 2 spins) states.
    coupling : float
        g between two qubits; not used for one.
    contact : float
        sqrt(sum_k c_k^2), the strength of a qubit's contact with its bath; c_k = contact/sqrt(spins).
    contact_time : float, optional
        Length of each contact of one qubit, pi/(2 contact) if left out: a full swap with one resonant spin. Not used for two.
    half_width : float
        The spins are equally spaced within this distance of their qubit's frequency, end points included; one spin is
        resonant.
    charged : int
        Cycles that the start is charged for: see `Charged`.
    initial : initial state, optional
        In place of every part thermal (one qubit: at the colder temperature) and `charged`.

    Returns
    -------
    Machine
        Subsystems "hot", "cold", or "working"; reservoirs "hot bath", "cold bath".

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    Two qubits: R. Kosloff, J. Chem. Phys. 80, 1625 (1984), there with oscillators. One qubit: H. T. Quan, Y.-x. Liu, C. P. Sun,
    F. Nori, Phys. Rev. E 76, 031105 (2007). With correlations: M. Aguilar, E. Lutz, Science Advances 11, eadw8462 (2025). The
    baths of few spins, charging them and all default values are this library's own choice.

    Examples
    --------
    >>> ledger = at.run(spin_star(charged=3), cycles=5)
    >>> [str(mode) for mode in ledger.mode.values]
    ['engine', 'engine', 'engine', 'refrigerator', 'refrigerator']
    >>> bool(np.all(ledger.efficiency[:3] > ledger.carnot_efficiency))
    True
    >>> from athermal import plot
    >>> ax = plot.efficiency(ledger)
    """
    for name, value in (("omega_hot", omega_hot), ("omega_cold", omega_cold), ("contact", contact)):
        _validate.positive(value, name, _OWNER)
    if not isinstance(qubits, int) or qubits not in (1, 2):
        raise MachineError(f"`qubits` of {_OWNER} must be 1 or 2, but is {_validate.shown(qubits)}.")
    if omega_hot <= omega_cold:
        raise MachineError(f"`omega_hot` of {_OWNER} must be above `omega_cold` = {omega_cold}, but is {omega_hot}.")
    _validate.not_negative(half_width, "half_width", _OWNER)
    charged = _validate.count(charged, "charged", _OWNER, least=0)
    if charged and initial is not None:
        raise MachineError(
            f"`charged` of {_OWNER} must be zero when an initial state is given, but is {charged}. Give `Charged` as the initial "
            "state."
        )
    temperature = (1.5 if qubits == 2 else 4.0) if T_hot is None else T_hot
    baths = (
        _bath("hot bath", temperature, omega_hot, spins, contact, half_width),
        _bath("cold bath", T_cold, omega_cold, spins, contact, half_width),
    )
    own = Charged(charged) if charged else ProductThermal()
    start = own if initial is None else initial
    if qubits == 1:
        return _one(omega_hot, omega_cold, baths, _contact_time(contact_time, contact), start)
    return _two(omega_hot, omega_cold, baths, coupling, start)


def _one(omega_hot: float, omega_cold: float, baths: tuple[SpinBath, SpinBath], time: float, initial: AnyInitialState) -> Machine:
    """Return the Otto engine: cold contact, then hot contact."""
    return Machine(
        subsystems=(Qubit("working", Strokes((time, time), (omega_cold, omega_hot))),),
        reservoirs=baths,
        couplings=(
            Exchange(("working", "hot bath"), Strokes((time, time), (0.0, 1.0))),
            Exchange(("working", "cold bath"), Strokes((time, time), (1.0, 0.0))),
        ),
        period=2.0 * time,
        initial=initial,
        name="spin_star",
    )


def _two(
    omega_hot: float, omega_cold: float, baths: tuple[SpinBath, SpinBath], coupling: float, initial: AnyInitialState
) -> Machine:
    """Return the engine of two qubits with a rotating exchange."""
    difference = omega_hot - omega_cold
    return Machine(
        subsystems=(Qubit("hot", omega_hot), Qubit("cold", omega_cold)),
        reservoirs=baths,
        couplings=(
            Exchange(("hot", "hot bath")),
            Exchange(("cold", "cold bath")),
            Exchange(("hot", "cold"), Rotating(coupling, difference)),
        ),
        period=2.0 * math.pi / difference,
        initial=initial,
        name="spin_star",
    )


def _contact_time(given: float | None, contact: float) -> float:
    return 0.5 * math.pi / contact if given is None else _validate.positive(given, "contact_time", _OWNER)


def _bath(name: str, temperature: float, frequency: float, spins: int, contact: float, half_width: float) -> SpinBath:
    spins = _validate.count(spins, "spins", _OWNER)
    offsets = np.linspace(-half_width, half_width, spins) if spins > 1 else np.zeros(1)
    return SpinBath(name, temperature, tuple(frequency + offsets), (contact / math.sqrt(spins),) * spins)
