"""Two correlated qubits between which heat runs backwards."""

from __future__ import annotations

import math

from athermal import _validate
from athermal.errors import MachineError
from athermal.machine.correlation import Correlation
from athermal.machine.coupling import Exchange
from athermal.machine.drive import Strokes
from athermal.machine.initial import AnyInitialState, CorrelatedMarginals, GivenState
from athermal.machine.machine import Machine
from athermal.machine.operator import as_operator
from athermal.machine.parts import Qubit, SpinBath

_OWNER = "a heat reversal"


def heat_reversal(
    frequency: float = 1.0,
    T_hot: float = 1.5,
    T_cold: float = 0.6,
    *,
    angle: float = 0.05 * math.pi,
    correlation: float = 1.0,
    phase: float = 0.0,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return a hot and a cold spin that start correlated, and exchange heat through a passive link.

    The reservoirs "hot" and "cold" are one spin of frequency w each, with the initial state
    rho_hot (x) rho_cold + alpha (|01><10| e^{i phase} + h.c.), whose marginals are thermal at T_hot and T_cold. The qubit "link"
    between them, of the same frequency and in its ground state, is a passive cyclic connection (S21). A cycle is a full swap of
    hot and link, an exchange of link and cold by the angle theta, and the first swap undone, each of length 2 pi/w. It gives the
    link back as it was, does no work, and has made hot and cold exchange energy directly:

    U = exp(-i theta (sigma_x sigma_y - sigma_y sigma_x)/2), theta = pi J t in the reference,

    so that after n cycles, with p = 1/(e^{w/T} + 1), the hot spin has absorbed

    Q_hot/w = (p_cold - p_hot) sin^2(n theta) + alpha cos(phase) sin(2 n theta).

    Heat flows from cold to hot at first, paid by the mutual information of the two (S22):
    Q_hot (T_cold - T_hot) = T_hot T_cold (dI + dD_hot + dD_cold). In the ledger I is the `reservoir_correlation`.

    Parameters
    ----------
    frequency : float
        w > 0, the splitting of all three.
    T_hot, T_cold : float
    angle : float
        theta of one cycle. By default ten cycles are a full swap; with the other default values, heat flows from cold to hot
        for the first three and a half of them.
    correlation : float
        Strength, from 0 to 1: alpha = strength sqrt(p_hot (1 - p_hot) p_cold (1 - p_cold)), the largest for these marginals.
    phase : float
        0 drives heat from cold to hot, pi from hot to cold, beyond what flows without correlations; pi/2 does neither.
    initial : initial state, optional
        In place of the correlated one; it should leave the link in its ground state.

    Returns
    -------
    Machine
        Subsystem "link"; reservoirs "hot", "cold".

    Raises
    ------
    MachineError
        If a parameter is out of range.

    References
    ----------
    K. Micadei et al., Nat. Commun. 10, 2456 (2019), where the spins touch directly. The passive connection: M. Aguilar, E. Lutz,
    Science Advances 11, eadw8462 (2025), (S21). The link that realises it and all default values are this library's own choice.

    Examples
    --------
    >>> ledger = at.run(heat_reversal(), cycles=10)
    >>> bool(ledger.heat.sel(reservoir="hot", cycle=1) > 0.0)
    True
    >>> from athermal import plot
    >>> ax = plot.correlations(ledger)
    """
    _validate.positive(frequency, "frequency", _OWNER)
    _validate.real(angle, "angle", _OWNER)
    _validate.real(phase, "phase", _OWNER)
    if _validate.not_negative(correlation, "correlation", _OWNER) > 1.0:
        raise MachineError(f"`correlation` of {_OWNER} must be at most 1, the largest physical one, but is {correlation}.")
    stroke = 2.0 * math.pi / frequency
    swap = 0.5 * math.pi / stroke
    return Machine(
        subsystems=(Qubit("link", frequency),),
        reservoirs=(SpinBath("hot", T_hot, (frequency,)), SpinBath("cold", T_cold, (frequency,))),
        couplings=(
            Exchange(("hot", "link"), Strokes((stroke,) * 3, (swap, 0.0, -swap))),
            Exchange(("link", "cold"), Strokes((stroke,) * 3, (0.0, angle / stroke, 0.0))),
        ),
        period=3.0 * stroke,
        initial=_correlated(correlation, phase) if initial is None else initial,
        name="heat_reversal",
    )


def _correlated(strength: float, phase: float) -> CorrelatedMarginals | GivenState:
    """Return thermal spins with <sigma_- sigma_+> as strong as asked, beside a link in its ground state, basis state 1."""
    ground = GivenState(as_operator([[0.0, 0.0], [0.0, 1.0]], "state", _OWNER), parts=("link",))
    if strength == 0.0:
        return ground
    return CorrelatedMarginals((Correlation(("hot", "cold"), "exchange", phase),), strength, ground)
