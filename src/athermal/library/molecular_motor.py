"""A molecular motor: a particle that a moving potential carries around a ring, against a load, between a hot and a cold bath."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.counter import Counter
from athermal.machine.coupling import OperatorCoupling
from athermal.machine.drive import Constant, Drive, Harmonic, Product, Rotating, Strokes
from athermal.machine.initial import AnyInitialState, Charged, ProductThermal
from athermal.machine.machine import Machine
from athermal.machine.parts import Qudit, SpinBath

_OWNER = "a molecular motor"
# The phase of a hop is the load times the length of a step; nobody's motor carries more in a cycle.
_MOST_LOAD = 10**6


def molecular_motor(
    T_hot: float = 3.5,
    T_cold: float = 1.0,
    *,
    sites: int = 3,
    potential: Literal["travelling", "flashing"] = "travelling",
    depth: float = 4.7,
    hopping: float = 0.68,
    period: float = 200.0,
    steps: int | None = None,
    direction: Literal[1, -1] = 1,
    load: int = 1,
    hot_spins: tuple[float, ...] = (5.45, 2.55),
    cold_spins: tuple[float, ...] = (2.15, 2.15),
    hot_coupling: float = 0.15,
    cold_coupling: float = 0.11,
    hot_contact: tuple[float, float] = (0.5, 0.1),
    cold_contact: tuple[float, float] = (0.06, 0.49),
    hot_bonds: tuple[int, ...] | None = None,
    cold_bonds: tuple[int, ...] | None = None,
    particles: Literal[1, 2] = 1,
    repulsion: float = 2.0,
    charged: int = 0,
    initial: AnyInitialState | None = None,
) -> Machine:
    """Return a particle on a ring that a travelling or flashing potential drives against a load, between two baths of spins.

    H = sum_n [V_n(t) |n><n| - J (e^{iFt} |n+1><n| + h.c.)]
    + sum_{bonds} e^{iFt} |n+1><n| (x) [h(t) sum_k sigma_-^k + c(t) sum_l sigma_+^l] + h.c. + spins,
    where k runs over the hot and l over the cold spins: a hop along a bond takes a quantum from a hot spin, or leaves one
    with a cold spin. The travelling potential V_n = -depth cos(2 pi (n + 1/2)/L - 2 pi t/tau) is a well that goes once around the
    ring of L sites in a period. It takes the particle along while hopping hands it from site to site, bond n at
    t = (n + 1) tau/L, at a gap of 2 J. Before its hand-over a bond can touch the hot bath, after it the cold one. So heat
    is taken up while the gap closes and given away while it opens: the sequence of an engine that runs in one direction.

    The load is a force F against the motion, of which a ring knows no potential; in the gauge used here it turns the phase
    of each hop by F t, and its work is the work of that drive, part of W. Since drives are periodic, F tau = 2 pi times a
    whole number, `load`. A hop in the direction of the motor does the work F, a turn does L F against it.

    Parameters
    ----------
    T_hot, T_cold : float
        Temperatures of the reservoirs "hot bath" and "cold bath". Particles start at T_cold.
    sites : int
        L, at least three.
    potential : {"travelling", "flashing"}
        "flashing": the sawtooth V_n = depth n/(L - 1), on during the first half of the period and off during the second,
        in which the particle runs freely: choose a shorter period.
    depth, hopping, period : float
        Of the potential; J; tau. For the well to carry the particle along, 2 pi J^2 must be well above its largest slope
        sqrt(3) depth 2 pi/tau (for three sites): Landau and Zener's condition.
    steps : int, optional
        The travelling potential in so many sudden steps, each at its middle value; smooth if left out. Without load every
        stroke is then constant, which makes a run many times faster. Steps that come more slowly than the particle's gaps,
        2 pi steps/tau, shake it up.
    direction : {1, -1}
        Of the motor: -1 is its mirror image. The load always opposes it.
    load : int
        F tau/(2 pi); zero for none, negative for a force that helps.
    hot_spins, cold_spins : sequence of float
        Frequencies of the spins; those that a gap passes while its contact is on exchange heat with the particle.
    hot_coupling, cold_coupling : float
        h and c while the contact is on.
    hot_contact : (float, float)
        From when to when before its hand-over a bond touches the hot bath, switched suddenly, in units of the time
        tau/L from one hand-over to the next; of a flashing potential, before the end of the half period without it.
    cold_contact : (float, float)
        The same after the hand-over; of a flashing potential, after it is switched on.
    hot_bonds, cold_bonds : sequence of int, optional
        Which bonds touch the baths; only bond L - 1, which closes the ring, if left out.
    particles : {1, 2}
        How many particles there are on the ring; each touches the same spins.
    repulsion : float
        Energy of two particles on the same site, shared half and half.
    charged : int
        For how many cycles the motor has been run backwards to store correlations with its baths. They make it work above
        Carnot's efficiency until they are used up.
    initial : initial state, optional
        Where it starts, or what `charged` starts from; every part thermal if left out.

    Returns
    -------
    Machine
        Subsystem "particle", or "particle 1" and "particle 2"; reservoirs "hot bath", "cold bath"; counters "turns" (net turns
        of all particles towards higher sites) and, with a load, "work against load" (L F turns in the direction of the motor).

    References
    ----------
    P. Reimann, Phys. Rep. 361, 57 (2002). P. Hanggi, F. Marchesoni, Rev. Mod. Phys. 81, 387 (2009). Engines above Carnot's
    efficiency by correlations: M. Aguilar, E. Lutz, Science Advances 11, eadw8462 (2025). This Hamiltonian with its contacts
    and all default values are this library's own choice.

    Examples
    --------
    Charged for one cycle, it works above Carnot's efficiency of 0.714 in that cycle, and as a thermal engine in the next:

    >>> import athermal as at
    >>> from athermal import plot
    >>> motor = molecular_motor(charged=1)
    >>> ledger = at.run(motor, cycles=2)
    >>> ledger.is_athermal.values
    array([ True, False])
    >>> bool(ledger.efficiency[0] > motor.carnot_efficiency > ledger.efficiency[1] > 0.0)
    True
    >>> turns = ledger.counts.sel(counter="turns")
    >>> ax = plot.efficiency(ledger)
    """
    _check_choices(potential, direction, particles, steps)
    ring = _Ring(
        _validate.count(sites, "sites", _OWNER, least=3),
        _validate.positive(period, "period", _OWNER),
        direction,
        _whole(load, "load"),
    )
    names = ("particle",) if particles == 1 else ("particle 1", "particle 2")
    landscape = ring.travelling(depth, steps) if potential == "travelling" else ring.flashing(depth)
    hot, cold = _validate.real(hot_coupling, "hot_coupling", _OWNER), _validate.real(cold_coupling, "cold_coupling", _OWNER)
    contacts = (
        _Contact("hot bath", "sigmam", hot, ring.before(hot_contact, potential), ring.bonds(hot_bonds, "hot_bonds")),
        _Contact("cold bath", "sigmap", cold, ring.after(cold_contact, potential), ring.bonds(cold_bonds, "cold_bonds")),
    )
    hops = [hop for name in names for hop in ring.hops(name, hopping, contacts)]
    couplings = [term for name in names for term in ring.potential(name, landscape)] + [hop.term(ring.force) for hop in hops]
    if particles == 2:
        couplings += [OperatorCoupling(names, (f"|{n}><{n}|",) * 2, repulsion) for n in range(sites)]
    counters = [Counter("turns", tuple(hop.current(ring.force, direction / sites) for hop in hops))]
    if load:
        counters.append(Counter("work against load", tuple(hop.current(ring.force, ring.force) for hop in hops)))
    start = ProductThermal() if initial is None else initial
    cycles = _validate.count(charged, "charged", _OWNER, least=0)
    return Machine(
        subsystems=tuple(Qudit(name, [0.0] * sites) for name in names),
        reservoirs=(SpinBath("hot bath", T_hot, hot_spins), SpinBath("cold bath", T_cold, cold_spins)),
        couplings=tuple(couplings),
        period=ring.period,
        initial=Charged(cycles, start) if cycles else start,
        name="molecular_motor",
        counters=tuple(counters),
    )


@dataclass(frozen=True)
class _Hop:
    """c(t) A, which moves a particle one site on, perhaps with a spin; the load adds the phase F t."""

    parts: tuple[str, ...]
    operators: tuple[str, ...]
    amplitude: Drive

    def term(self, force: float) -> OperatorCoupling:
        """Return the term of the Hamiltonian, c(t) e^{iFt} A + h.c."""
        strength = Product((self.amplitude, Rotating(1.0, force))) if force else self.amplitude
        return OperatorCoupling(self.parts, self.operators, strength, plus_conjugate=True)

    def current(self, force: float, scale: float) -> OperatorCoupling:
        """Return `scale` times its current, -i c(t) e^{iFt} A + h.c.: the rate at which it puts particles on the next site."""
        strength = Product((self.amplitude, Rotating(scale, force, phase=-0.5 * math.pi)))
        return OperatorCoupling(self.parts, self.operators, strength, plus_conjugate=True)


@dataclass(frozen=True)
class _Contact:
    """What makes a bath help a hop along some bonds: its spin operator, its strength, and when each bond touches it."""

    bath: str
    operator: str
    strength: float
    windows: tuple[tuple[float, float], ...]
    bonds: tuple[int, ...]

    def hops(self, particle: str, ring: _Ring) -> list[_Hop]:
        """Return the hops that it adds."""
        return [
            _Hop((particle, self.bath), (ring.hop(n), self.operator), ring.window(*self.windows[n], self.strength))
            for n in self.bonds
        ]


@dataclass(frozen=True)
class _Ring:
    """Sites, bonds and instants, counted in the direction of the motor."""

    sites: int
    period: float
    direction: int
    load: int

    @property
    def force(self) -> float:
        """F, the work against the load in each hop."""
        return 2.0 * math.pi * self.load / self.period

    def site(self, n: int) -> int:
        """Return the n-th site that the motor comes to."""
        return n % self.sites if self.direction == 1 else (self.sites - 1 - n) % self.sites

    def hop(self, n: int) -> str:
        """Return the hop along bond n, in the direction of the motor."""
        return f"|{self.site(n + 1)}><{self.site(n)}|"

    def bonds(self, given: tuple[int, ...] | None, what: str) -> tuple[int, ...]:
        """Return the bonds that touch a bath."""
        if given is None:
            return (self.sites - 1,)
        listed = _validate.entries(given, what, _OWNER, f"list different bonds below {self.sites}")
        chosen = tuple(_validate.count(n, f"{what}[{k}]", _OWNER, least=0) for k, n in enumerate(listed))
        if len(set(chosen)) != len(chosen) or any(n >= self.sites for n in chosen):
            raise MachineError(f"`{what}` of {_OWNER} must list different bonds below {self.sites}, but is {list(chosen)}.")
        return chosen

    def hops(self, particle: str, hopping: float, contacts: Sequence[_Contact]) -> list[_Hop]:
        """Return the ways of a particle to the next site: by itself, and helped by the baths."""
        amplitude = Constant(-_validate.real(hopping, "hopping", _OWNER))
        free = [_Hop((particle,), (self.hop(n),), amplitude) for n in range(self.sites)]
        return [*free, *(hop for contact in contacts for hop in contact.hops(particle, self))]

    # --- potentials ----------------------------------------------------------------------------------------------------

    def potential(self, particle: str, landscape: Sequence[Drive]) -> list[OperatorCoupling]:
        """Return the terms of V_n(t) that a particle feels."""
        sites = (f"|{self.site(n)}><{self.site(n)}|" for n in range(self.sites))
        return [OperatorCoupling((particle,), (site,), drive) for site, drive in zip(sites, landscape, strict=True)]

    def travelling(self, depth: float, steps: int | None) -> list[Drive]:
        """Return V_n(t) = -depth cos(2 pi (n + 1/2)/L - 2 pi t/tau), smooth or in steps."""
        depth, frequency = _validate.real(depth, "depth", _OWNER), 2.0 * math.pi / self.period
        phases = [math.pi - 2.0 * math.pi * (n + 0.5) / self.sites for n in range(self.sites)]
        smooth: list[Drive] = [Harmonic(depth, frequency, phase) for phase in phases]
        if steps is None:
            return smooth
        middles: FloatArray = np.linspace(0.0, self.period, steps, endpoint=False) + 0.5 * self.period / steps
        return [Strokes((self.period / steps,) * steps, tuple(drive.value(middles).tolist())) for drive in smooth]

    def flashing(self, depth: float) -> list[Drive]:
        """Return V_n(t) = depth n/(L - 1) in the first half of the period, zero in the second."""
        depth, half = _validate.real(depth, "depth", _OWNER), 0.5 * self.period
        return [Strokes((half, half), (depth * n / (self.sites - 1), 0.0)) for n in range(self.sites)]

    # --- contacts ------------------------------------------------------------------------------------------------------

    def before(self, contact: tuple[float, float], potential: str) -> tuple[tuple[float, float], ...]:
        """Return when each bond touches the hot bath: before its hand-over."""
        start, stop = _validate.reals(contact, "hot_contact", _OWNER, length=2)
        if not 1.0 >= start > stop >= 0.0:
            raise MachineError(f"`hot_contact` of {_OWNER} must fall between 1 and 0, but is {[start, stop]}.")
        unit, ends = self._unit(potential), self._hand_overs(potential)
        return tuple((end - start * unit, end - stop * unit) for end in ends)

    def after(self, contact: tuple[float, float], potential: str) -> tuple[tuple[float, float], ...]:
        """Return when each bond touches the cold bath: after its hand-over."""
        start, stop = _validate.reals(contact, "cold_contact", _OWNER, length=2)
        if not 0.0 <= start < stop <= 1.0:
            raise MachineError(f"`cold_contact` of {_OWNER} must rise between 0 and 1, but is {[start, stop]}.")
        unit = self._unit(potential)
        begins = [0.0 if end == self.period else end for end in self._hand_overs(potential)]
        return tuple((begin + start * unit, begin + stop * unit) for begin in begins)

    def _unit(self, potential: str) -> float:
        return self.period / (self.sites if potential == "travelling" else 2)

    def _hand_overs(self, potential: str) -> list[float]:
        """Return when each bond hands over: for the last of a travelling, and all of a flashing potential, as the cycle ends."""
        if potential == "flashing":
            return [self.period] * self.sites
        return [self.period * (n + 1) / self.sites for n in range(self.sites)]

    def window(self, start: float, stop: float, height: float) -> Drive:
        """Return a drive that is `height` from start to stop, and else zero."""
        stretches = [(start, 0.0), (stop - start, height), (self.period - stop, 0.0)]
        kept = [(length, value) for length, value in stretches if length > 1e-9 * self.period]
        if len(kept) == 1:
            return Constant(height)
        lengths = [length for length, _ in kept]
        return Strokes(tuple(lengths), tuple(value for _, value in kept))


def _check_choices(potential: str, direction: int, particles: int, steps: int | None) -> None:
    _validate.choice(potential, "potential", _OWNER, ("travelling", "flashing"))
    if not isinstance(direction, int) or direction not in (1, -1):
        raise MachineError(f"`direction` of {_OWNER} must be 1 or -1, but is {_validate.shown(direction)}.")
    if not isinstance(particles, int) or particles not in (1, 2):
        raise MachineError(f"`particles` of {_OWNER} must be 1 or 2, but is {_validate.shown(particles)}.")
    if steps is not None:
        _validate.count(steps, "steps", _OWNER, least=2)
        if potential == "flashing":
            raise MachineError(f"`steps` of {_OWNER} must be left out for a flashing potential, which is sudden already.")


def _whole(value: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise MachineError(
            f"`{what}` of {_OWNER} must be a whole number, but is {_validate.shown(value)}: the phase of a hop must repeat."
        )
    if abs(value) > _MOST_LOAD:
        raise MachineError(f"`{what}` of {_OWNER} must be at most {_MOST_LOAD}, but is {_validate.shown(value)}.")
    return int(value)
