"""A single atom as an engine: the heat of its radial motion drives a flywheel, its axial motion."""

from __future__ import annotations

import math

from athermal import _validate
from athermal.machine.coupling import Exchange, OperatorCoupling
from athermal.machine.drive import Strokes
from athermal.machine.initial import AnyInitialState, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import SpinBath, TruncatedOscillator

_OWNER = "a single-atom engine"


def single_atom(
    T_hot: float = 20.0,
    T_cold: float = 0.6,
    *,
    omega_radial: float = 4.0,
    omega_axial: float = 1.0,
    coupling: float = 0.7,
    T_flywheel: float = 0.3,
    hot_spins: tuple[float, ...] = (3.8, 4.2),
    cold_spins: tuple[float, ...] = (3.3, 3.4, 3.5),
    hot_coupling: float = 0.08,
    cold_coupling: float = 0.08,
    atom_levels: int = 4,
    flywheel_levels: int = 10,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return an atom in a tapered trap, heated and cooled in turn, whose radial energy pushes a flywheel, its axial motion.

    H = w_r a^dag a + w_z b^dag b + g a^dag a x + [h(t) a sum_k sigma_+^k + c(t) a sum_l sigma_+^l + h.c.] + spins, with
    x = (b + b^dag)/sqrt 2. In a tapered trap the radial frequency depends on where the atom is, w_r + g x: the radial quanta
    press on the axial motion as light does on a mirror. In the first half of each axial oscillation the atom touches the hot
    spins, in the second half the cold ones, so that the pressure comes in step with the oscillation and drives it.

    The engine is autonomous apart from these contacts. The work W is that of switching them, and no useful output: that is
    the energy of the flywheel. Of the energy that it has, `subsystem_ergotropy` of "flywheel" is the ordered part,
    which a load could take out as work; the rest is heat and noise. Compare its growth with W before you call it an engine:
    where W is the larger one, it is the switching that drives the flywheel. With the default values the flywheel gains 0.117
    in six cycles, of which 0.100 is ordered, for W = 0.021; by then the few spins are used up.

    Both oscillators are cut. `top_level_population` in the ledger is the population of the highest level kept of each. Whether
    the cut matters is seen by running again with more levels: at five and twelve no column of the first four cycles of the
    default machine changes by more than 1e-3.

    Parameters
    ----------
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath". The atom starts at T_cold.
    omega_radial, omega_axial : float
        w_r; w_z, which sets the period tau = 2 pi/w_z.
    coupling : float
        g.
    T_flywheel : float
        At which the flywheel starts.
    hot_spins, cold_spins : sequence of float
        Frequencies of the spins, near w_r - g^2/(2 w_z), to which the pressed flywheel lowers the radial frequency.
    hot_coupling, cold_coupling : float
        h and c while the contact is on; it is switched suddenly.
    atom_levels, flywheel_levels : int
        Levels kept.
    initial : initial state, optional
        In place of every part thermal.

    Returns
    -------
    Machine
        Subsystems "atom", "flywheel"; reservoirs "hot bath", "cold bath".

    References
    ----------
    O. Abah et al., Phys. Rev. Lett. 109, 203006 (2012). J. Rossnagel et al., Science 352, 325 (2016). The spins in place of
    laser light and noise, the contacts and all default values are this library's own choice.

    Examples
    --------
    The flywheel of a small one gains ordered energy from cycle to cycle:

    >>> import athermal as at
    >>> from athermal import plot
    >>> ledger = at.run(single_atom(cold_spins=(3.3, 3.5)), cycles=4)
    >>> ordered = ledger.subsystem_ergotropy.sel(subsystem="flywheel")
    >>> bool((ordered.diff("cycle") > 0.0).all())
    True
    >>> ax = plot.ergotropy(ledger)
    """
    radial = _validate.positive(omega_radial, "omega_radial", _OWNER)
    axial = _validate.positive(omega_axial, "omega_axial", _OWNER)
    half = math.pi / axial
    own = ProductThermal({"flywheel": _validate.not_negative(T_flywheel, "T_flywheel", _OWNER)})
    heating = Strokes((half, half), (_validate.real(hot_coupling, "hot_coupling", _OWNER), 0.0))
    cooling = Strokes((half, half), (0.0, _validate.real(cold_coupling, "cold_coupling", _OWNER)))
    return Machine(
        subsystems=(
            TruncatedOscillator("atom", radial, _validate.count(atom_levels, "atom_levels", _OWNER, least=2)),
            TruncatedOscillator("flywheel", axial, _validate.count(flywheel_levels, "flywheel_levels", _OWNER, least=2)),
        ),
        reservoirs=(SpinBath("hot bath", T_hot, hot_spins), SpinBath("cold bath", T_cold, cold_spins)),
        couplings=(
            Exchange(("atom", "hot bath"), heating),
            Exchange(("atom", "cold bath"), cooling),
            OperatorCoupling(("atom", "flywheel"), ("num", "position"), _validate.real(coupling, "coupling", _OWNER)),
        ),
        period=2.0 * half,
        initial=own if initial is None else initial,
        name="single_atom",
    )
