"""The swap engine of two qubits."""

from __future__ import annotations

import math

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.coupling import Exchange
from athermal.machine.drive import Product, Rotating, Strokes
from athermal.machine.initial import AnyInitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import Qubit, SpinBath

_OWNER = "a two-qubit swap engine"


def two_qubit_swap(
    omega_hot: float = 2.0,
    omega_cold: float = 1.0,
    T_hot: float = 2.0,
    T_cold: float = 0.8,
    *,
    swap_angle: float = 0.5 * math.pi,
    contact_angle: float = 0.5 * math.pi,
    spins: int = 1,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return two qubits that swap their states, and then meet a bath of spins each.

    H = w_h sigma_z/2 + w_c sigma_z/2 + g(t) (sigma_-^h sigma_+^c e^{i(w_h - w_c)t} + h.c.) + contacts + baths. A cycle has two
    strokes of length 2 pi/|w_h - w_c|. In the first the drive exchanges the qubits by the swap angle theta; in the second each
    qubit is exchanged by the contact angle with the spins of its bath, which are in resonance with it, so that the contacts do
    no work. From the thermal start the first cycle has the work output

    -W = sin^2(theta) (w_h - w_c) (f_h - f_c), f = 1/(e^{w/T} + 1),

    and with complete contacts (one spin, pi/2) the efficiency 1 - w_c/w_h: an engine if f_h > f_c. Then it shows that its baths
    are finite. With one spin and full swaps, the second cycle does the same work, but gives the qubits back what they left in the
    baths, so that its work is paid by their own energy; the third and fourth run the first two backwards.

    Parameters
    ----------
    omega_hot, omega_cold : float
        w_h and w_c, both positive and not equal.
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath".
    swap_angle : float
        theta, from 0 (nothing) to pi/2 (a full swap).
    contact_angle : float
        From 0 (no contact) to pi/2: a full swap with a bath of one spin, whose thermal state the qubit takes over.
    spins : int
        Spins of each bath. A qubit meets all at once, with equal couplings whose squares add up to that of one spin; more
        than two do not swap completely, whatever the angle.
    initial : initial state, optional
        Each part thermal at its bath's temperature if left out.

    Returns
    -------
    Machine
        Subsystems "hot", "cold"; reservoirs "hot bath", "cold bath".

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    M. Campisi, J. Pekola, R. Fazio, New J. Phys. 17, 035012 (2015). The frequencies and temperatures by default, the form of the
    contacts and the lengths of the strokes are this library's own choice.

    Examples
    --------
    >>> ledger = at.run(two_qubit_swap(), cycles=4)
    >>> round(float(ledger.work_output[0]), 10), round(float(ledger.efficiency[0]), 10)
    (0.0462412825, 0.5)
    >>> from athermal import plot
    >>> ax = plot.flows(ledger)
    """
    for name, value in (("omega_hot", omega_hot), ("omega_cold", omega_cold)):
        _validate.positive(value, name, _OWNER)
    if omega_hot == omega_cold:
        raise MachineError(
            f"`omega_hot` of {_OWNER} must differ from `omega_cold`, but both are {omega_hot}: such an exchange does no work. "
            "See `heat_reversal` for qubits of equal frequency."
        )
    _validate.real(swap_angle, "swap_angle", _OWNER)
    _validate.real(contact_angle, "contact_angle", _OWNER)
    spins = _validate.count(spins, "spins", _OWNER)
    stroke = 2.0 * math.pi / abs(omega_hot - omega_cold)
    contact = Strokes((stroke, stroke), (0.0, contact_angle / stroke))
    swap = Product((Strokes((stroke, stroke), (swap_angle / stroke, 0.0)), Rotating(1.0, omega_hot - omega_cold)))
    couplings = (1.0 / math.sqrt(spins),) * spins
    return Machine(
        subsystems=(Qubit("hot", omega_hot), Qubit("cold", omega_cold)),
        reservoirs=(
            SpinBath("hot bath", T_hot, (omega_hot,) * spins, couplings),
            SpinBath("cold bath", T_cold, (omega_cold,) * spins, couplings),
        ),
        couplings=(
            Exchange(("hot", "cold"), swap),
            Exchange(("hot", "hot bath"), contact),
            Exchange(("cold", "cold bath"), contact),
        ),
        period=2.0 * stroke,
        initial=ProductThermal() if initial is None else initial,
        name="two_qubit_swap",
    )
