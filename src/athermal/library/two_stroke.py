"""Two qubits between two streams of fresh ones: the two-stroke engine that ran on a quantum processor."""

from __future__ import annotations

from athermal import _validate
from athermal.machine.coupling import Exchange
from athermal.machine.drive import Strokes
from athermal.machine.initial import AnyInitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import Qubit, SpinBath

_OWNER = "a two-stroke engine"


def two_stroke(
    omega_hot: float = 1.0,
    omega_cold: float = 0.75,
    T_hot: float = 0.8,
    T_cold: float = 0.4,
    *,
    coupling: float = 0.8,
    stroke: float = 1.0,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return the chain cold stream - 1 - 2 - hot stream of qubits, each a neighbour of the next.

    H = sum_k w_k sigma_z^k/2 + (g/2)(X X + Y Y) between neighbours, with frequency w_c of qubit 1 and the cold stream, w_h of
    qubit 2 and the hot stream. A cycle has two strokes: heat, in which each qubit meets a fresh one of its stream, so that the
    contacts, in resonance, do no work; and work, in which 1 and 2 meet. Both streams are renewed: every cycle brings qubits at
    T_c and T_h.

    Parameters
    ----------
    omega_hot, omega_cold : float
        w_h and w_c.
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot stream" and "cold stream".
    coupling : float
        g of all three bonds.
    stroke : float
        How long a stroke lasts, half a period.
    initial : initial state, optional
        Both qubits in their ground states if left out.

    Returns
    -------
    Machine
        Subsystems "1", "2"; reservoirs "cold stream", "hot stream".

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    arXiv:2203.13773, where it ran on ibm_lagos.

    Examples
    --------
    >>> ledger = at.run(two_stroke(), cycles=4)
    >>> ledger.heat.sel(reservoir="hot stream").values.round(6).tolist()
    [-0.114601, -0.06779, -0.049776, -0.037705]
    """
    for name, value in (("omega_hot", omega_hot), ("omega_cold", omega_cold), ("stroke", stroke)):
        _validate.positive(value, name, _OWNER)
    _validate.real(coupling, "coupling", _OWNER)
    heat, work = Strokes((stroke, stroke), (coupling, 0.0)), Strokes((stroke, stroke), (0.0, coupling))
    return Machine(
        subsystems=(Qubit("1", omega_cold), Qubit("2", omega_hot)),
        reservoirs=(
            SpinBath("cold stream", T_cold, (omega_cold,), renewed=True),
            SpinBath("hot stream", T_hot, (omega_hot,), renewed=True),
        ),
        couplings=(
            Exchange(("1", "cold stream"), heat),
            Exchange(("1", "2"), work),
            Exchange(("2", "hot stream"), heat),
        ),
        period=2.0 * stroke,
        initial=ProductThermal({"1": 0.0, "2": 0.0}) if initial is None else initial,
        name="two_stroke",
    )
