"""Work from the correlations of qubits that are thermal one by one."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from athermal import _validate
from athermal.machine.coupling import Coupling, Exchange, OperatorCoupling
from athermal.machine.drive import Product, Rotating, Strokes
from athermal.machine.initial import GivenState, InitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.operator import as_operator
from athermal.machine.parts import Qubit, SpinBath

_OWNER = "a machine of correlated qubits"


def correlated_qubits(
    n: int = 2,
    frequency: float = 1.0,
    T: float = 1.0,
    *,
    correlation: Literal["entangled", "classical", "none"] = "entangled",
    contact_angle: float = 0.5 * math.pi,
) -> Machine:
    """Return qubits whose correlations are turned into work at a single temperature.

    Each of the n qubits has the thermal state of T, with energy E_b = w f above its ground state, f = 1/(e^{w/T} + 1); what
    they share is the start

    - "entangled": sqrt(1 - f) |all ground> + sqrt(f) |all excited>. A cyclic drive can take out all their energy, n E_b.
    - "classical": the mixture of |all ground> and |all excited> with the same populations: (n - 1) E_b.
    - "none": the product of thermal states, from which no cyclic drive gains anything.

    A cycle has three strokes of length 2 pi/w. In the first, "qubit 1" flips each other qubit if it is excited itself, by the
    pair terms |e><e| (x) (g sigma_+ e^{-iwt} + h.c.) of total angle pi/2. Now the others are in their ground states, and what is
    left is in the state of "qubit 1" alone. In the second, a rotation by arctan sqrt(f/(1 - f)) brings it to its ground state
    too ("classical" omits it, since it would excite a mixture; "none" has the drive of "entangled", for comparison). In the
    third, each qubit is exchanged with a spin of its own in the reservoir "bath" by the contact angle.

    With complete contacts the first cycle is closed: each qubit ends with the thermal state it had, the bath has given heat,
    and all of it is work, from a single temperature. In the second cycle the qubits start uncorrelated, and the drive costs
    work. What follows depends on what the qubits have left in their spins.

    Parameters
    ----------
    n : int
        At least 2. The whole has 4^n states.
    frequency : float
        w > 0.
    T : float
        Temperature of the bath and of each qubit.
    correlation : {"entangled", "classical", "none"}
    contact_angle : float
        From 0 (no contact) to pi/2 (each qubit swapped with its spin).

    Returns
    -------
    Machine
        Subsystems "qubit 1", "qubit 2", ...; reservoir "bath" of n spins.

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    M. Perarnau-Llobet et al., Phys. Rev. X 5, 041011 (2015): the states and the largest work. The drive, the contact with the
    bath and the default values are this library's own choice.

    Examples
    --------
    >>> ledger = at.run(correlated_qubits(), cycles=2)
    >>> round(float(ledger.work_output[0] * (np.e + 1.0) / 2.0), 10)
    1.0
    >>> from athermal import plot
    >>> ax = plot.resources(ledger)
    """
    n = _validate.count(n, "n", _OWNER, least=2)
    _validate.positive(frequency, "frequency", _OWNER)
    _validate.positive(T, "T", _OWNER)
    _validate.choice(correlation, "correlation", _OWNER, ("entangled", "classical", "none"))
    _validate.real(contact_angle, "contact_angle", _OWNER)
    excited = 1.0 / (math.exp(frequency / T) + 1.0) if frequency < 700.0 * T else 0.0
    names = tuple(f"qubit {k + 1}" for k in range(n))
    stroke = 2.0 * math.pi / frequency
    couplings = [_flip(names[0], name, frequency, stroke) for name in names[1:]]
    if correlation != "classical":
        couplings.append(_rotation(names[0], n, excited, frequency, stroke))
    contact = Strokes((stroke,) * 3, (0.0, 0.0, contact_angle / stroke))
    couplings.extend(Exchange((name, "bath"), contact, site=k) for k, name in enumerate(names))
    return Machine(
        subsystems=tuple(Qubit(name, frequency) for name in names),
        reservoirs=(SpinBath("bath", T, (frequency,) * n),),
        couplings=tuple(couplings),
        period=3.0 * stroke,
        initial=_initial(correlation, names, excited),
        name="correlated_qubits",
    )


def _flip(control: str, target: str, frequency: float, stroke: float) -> Coupling:
    """Return the term that turns |excited>|excited> into -i |excited>|ground> during the first stroke."""
    strength = Product((Strokes((stroke,) * 3, (0.5 * math.pi / stroke, 0.0, 0.0)), Rotating(1.0, -frequency)))
    return OperatorCoupling((control, target), ("|0><0|", "sigmap"), strength, plus_conjugate=True)


def _rotation(name: str, n: int, excited: float, frequency: float, stroke: float) -> Coupling:
    """Return the term that turns (-i)^{n-1} sqrt(f) |excited> + sqrt(1-f) |ground> into |ground> during the second stroke.

    exp(-i chi (e^{i phi} sigma_+ + h.c.)) leaves no amplitude of |excited> if e^{i phi} = (-i)^n and tan chi = sqrt(f/(1-f)).
    """
    angle = math.atan2(math.sqrt(excited), math.sqrt(1.0 - excited))
    window = Strokes((stroke,) * 3, (0.0, angle / stroke, 0.0))
    rotating = Rotating(1.0, -frequency, phase=-0.5 * math.pi * (n % 4))
    return OperatorCoupling((name,), ("sigmap",), Product((window, rotating)), plus_conjugate=True)


def _initial(correlation: str, names: tuple[str, ...], excited: float) -> InitialState:
    if correlation == "none":
        return ProductThermal()
    ends = np.zeros(2 ** len(names))
    ends[0], ends[-1] = math.sqrt(excited), math.sqrt(1.0 - excited)
    state = np.outer(ends, ends) if correlation == "entangled" else np.diag(ends**2)
    return GivenState(as_operator(state, "state", _OWNER), parts=names)
