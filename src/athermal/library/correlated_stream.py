"""An engine that works beyond Carnot for ever, on streams of correlated pairs."""

from __future__ import annotations

import math
from typing import Any, Literal

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.correlation import Correlation
from athermal.machine.coupling import Coupling, Exchange, OperatorCoupling
from athermal.machine.drive import Product, Rotating, Strokes
from athermal.machine.initial import AnyInitialState, CorrelatedMarginals
from athermal.machine.machine import Machine
from athermal.machine.parts import Bath, Oscillator, Qubit, SpinBath

_OWNER = "an engine between correlated streams"
_PHASE = 0.5 * math.pi  # of <a_h a_c^dag>, for which the turn moves quanta from hot to cold
_PARTS: dict[str, Any] = {"qubits": (Qubit, SpinBath), "oscillators": (Oscillator, Bath)}


def correlated_stream(
    omega_hot: float = 2.0,
    omega_cold: float = 0.8,
    T_hot: float = 2.0,
    T_cold: float = 1.0,
    *,
    strength: float = 1.0,
    work_angle: float = 0.25 * math.pi,
    parts: Literal["qubits", "oscillators"] = "qubits",
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return two qubits (or oscillators), each between its stream, the streams delivering correlated pairs.

    Each cycle has two strokes of length 2 pi/(w_h - w_c). In the first each qubit is swapped with a fresh unit of its stream, in
    resonance and at no work, so that both together take over the state of the pair. In the second a drive turns the qubits into
    one another by the angle theta, which moves

    n = sin^2(theta) (f_h - f_c) + sin(2 theta) |k|

    quanta from the hot to the cold one: f is the mean number of quanta of a unit, 1/(e^{w/T} + 1) of a qubit, 1/(e^{w/T} - 1) of
    an oscillator, and k = <a_h a_c^dag> the correlation of a pair, `strength` times its largest value, sqrt(f_h (1 - f_h) f_c
    (1 - f_c)) of qubits, sqrt(f_h f_c) of oscillators. In every cycle -W = (w_h - w_c) n and eta = 1 - w_c/w_h, whatever the
    correlation. Without one it is an engine only where f_h > f_c, that is w_c/w_h > T_c/T_h: below Carnot. With one it works
    beyond, and never stops, for every cycle brings its fuel, a new pair.

    Parameters
    ----------
    omega_hot, omega_cold : float
        w_h and w_c, w_h the larger one.
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot stream" and "cold stream". Each unit alone is thermal at that of its stream.
    strength : float
        How strongly the units of a pair are correlated, from 0 (not) to 1 (as strongly as quantum mechanics allows for this
        pattern).
    work_angle : float
        theta.
    parts : {"qubits", "oscillators"}
    initial : initial state, optional
        The state of subsystems and of the pairs, instead of the one above.

    Returns
    -------
    Machine
        Subsystems "hot", "cold"; renewed reservoirs "hot stream", "cold stream".

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    The swap engine is that of M. Campisi, J. Pekola, R. Fazio, New J. Phys. 17, 035012 (2015); correlated pairs as a fuel: R.
    Dillenschneider, E. Lutz, EPL 88, 50003 (2009). This combination of both is this library's own.

    Examples
    --------
    >>> ledger = at.run(correlated_stream(), cycles=3)
    >>> ledger.efficiency.values.round(10).tolist(), round(ledger.carnot_efficiency, 10)
    ([0.6, 0.6, 0.6], 0.5)
    >>> bool((ledger.efficiency_with_fuel < ledger.carnot_efficiency).all())
    True
    """
    for name, value in (("omega_hot", omega_hot), ("omega_cold", omega_cold)):
        _validate.positive(value, name, _OWNER)
    if omega_hot <= omega_cold:
        raise MachineError(
            f"`omega_hot` of {_OWNER} must be above `omega_cold` = {omega_cold}, but is {omega_hot}: work comes from quanta that "
            "become smaller."
        )
    _validate.real(work_angle, "work_angle", _OWNER)
    _validate.choice(parts, "parts", _OWNER, tuple(_PARTS))
    subsystem, bath = _PARTS[parts]
    stroke = 2.0 * math.pi / (omega_hot - omega_cold)
    contact = Strokes((stroke, stroke), (0.5 * math.pi / stroke, 0.0))
    work = Product((Strokes((stroke, stroke), (0.0, work_angle / stroke)), Rotating(1.0, omega_hot - omega_cold)))
    pair = Correlation(("hot stream", "cold stream"), pattern="exchange", phase=_PHASE)
    pairs = CorrelatedMarginals((pair,), strength=strength)
    couplings: list[Coupling] = [
        Exchange(("hot", "hot stream"), contact),
        Exchange(("cold", "cold stream"), contact),
        Exchange(("hot", "cold"), work),
    ]
    if parts == "qubits":  # what makes an exchange of excitations a swap, which oscillators have without
        phases = Strokes((stroke, stroke), (0.25 * math.pi / stroke, 0.0))
        couplings += [OperatorCoupling((name, f"{name} stream"), ("sigmaz", "sigmaz"), phases) for name in ("hot", "cold")]
    return Machine(
        subsystems=(subsystem("hot", omega_hot), subsystem("cold", omega_cold)),
        reservoirs=(
            bath("hot stream", T_hot, (omega_hot,), renewed=True),
            bath("cold stream", T_cold, (omega_cold,), renewed=True),
        ),
        couplings=tuple(couplings),
        period=2.0 * stroke,
        initial=pairs if initial is None else initial,
        name="correlated_stream",
    )
