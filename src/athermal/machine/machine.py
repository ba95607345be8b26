"""A machine: named subsystems, named reservoirs, couplings, and a period."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.coupling import AnyCoupling, Coupling, Displacement, Position, QuadraticForm
from athermal.machine.drive import check_period
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import AnyInitialState, InitialState, ProductThermal
from athermal.machine.parts import AnyReservoir, Oscillator, Reservoir, local_spacing

# How finely checks look at a cycle: per period of the fastest drive, and up to how many of these.
_CHECKS_PER_PERIOD = 33
_MOST_REPEATS = 200


@dataclass(frozen=True)
class Machine:
    """A quantum machine: what there is, what couples to what, and how it is driven. Checked when made.

    Parameters
    ----------
    subsystems : sequence of Oscillator
        At least one.
    reservoirs : sequence of Bath, ContinuumBath, Ring, Chain or CoupledBath
        At least one.
    couplings : sequence of Exchange, TwoModeSqueezing, Position, QuadraticForm or Displacement
    period : float
        tau: the length of a cycle. Every drive must repeat a whole number of times in it.
    initial : initial state
        Where a run starts unless it is told otherwise.
    name : str

    Raises
    ------
    MachineError
        If a name is missing, doubled or unknown; a term couples two reservoirs or three parts; a reservoir is driven; a
        drive does not fit the period; or a position coupling lacks the counter-term that keeps the whole bounded below.

    Examples
    --------
    >>> import athermal as at
    >>> machine = at.Machine(
    ...     subsystems=[at.Oscillator("a", frequency=1.0)],
    ...     reservoirs=[at.Bath("hot", temperature=2.0, mode_frequencies=[0.9, 1.1], mode_couplings=[0.1, 0.1])],
    ...     couplings=[at.Exchange(("a", "hot"), strength=at.Harmonic(1.0, frequency=1.0))],
    ...     period=2 * np.pi,
    ... )
    >>> machine.carnot_efficiency
    0.0
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    subsystems: tuple[Oscillator, ...]
    reservoirs: tuple[AnyReservoir, ...]
    couplings: tuple[AnyCoupling, ...]
    period: float
    initial: AnyInitialState = field(default_factory=ProductThermal)
    name: str = "machine"

    def __post_init__(self) -> None:
        owner = "the machine"
        for what, kind in (("subsystems", Oscillator), ("reservoirs", Reservoir), ("couplings", Coupling)):
            given = getattr(self, what)
            if not isinstance(given, Iterable):
                raise MachineError(f"`{what}` of {owner} must be a list of {what}, but is {given!r}.")
            entries = tuple(given)
            object.__setattr__(self, what, entries)
            for entry in entries:
                if not isinstance(entry, kind):
                    raise MachineError(f"`{what}` of {owner} must hold only {what}, but holds {entry!r}.")
            if not entries and what != "couplings":
                raise MachineError(f"`{what}` of {owner} must hold at least one, but is empty.")
        object.__setattr__(self, "period", _validate.positive(self.period, "period", owner))
        if not isinstance(self.initial, InitialState):
            raise MachineError(f"`initial` of {owner} must be an initial state, but is {self.initial!r}.")
        names = [part.name for part in self.parts]
        for part_name in names:
            if names.count(part_name) > 1:
                raise MachineError(
                    f"`name` of a part must be its own, but {part_name!r} is given {names.count(part_name)} times."
                )
        for oscillator in self.subsystems:
            check_period(oscillator.drive, self.period, "frequency", f"oscillator {oscillator.name!r}")
            self._check_frequency(oscillator)
        for coupling in self.couplings:
            self._check_coupling(coupling)
        _ = self.hamiltonian  # assembling it checks that contacts and matrices fit their parts
        self._check_bounded()

    # --- what there is ---------------------------------------------------------------------------------------------

    @property
    def parts(self) -> tuple[Oscillator | Reservoir, ...]:
        """Subsystems and reservoirs, in order."""
        return cast("tuple[Oscillator | Reservoir, ...]", (*self.subsystems, *self.reservoirs))

    @property
    def subsystem_names(self) -> tuple[str, ...]:
        """The subsystems' names, in order."""
        return tuple(part.name for part in self.subsystems)

    @property
    def reservoir_names(self) -> tuple[str, ...]:
        """The reservoirs' names, in order."""
        return tuple(part.name for part in self.reservoirs)

    @property
    def temperatures(self) -> FloatArray:
        """The reference temperatures T_j, in order."""
        return np.array([reservoir.temperature for reservoir in self.reservoirs])

    @property
    def n_modes(self) -> int:
        """The number of modes of the whole."""
        return len(self.subsystems) + sum(reservoir.n_modes for reservoir in self.reservoirs)

    @property
    def carnot_efficiency(self) -> float:
        """eta_C = 1 - T_min/T_max."""
        return float(1.0 - np.min(self.temperatures) / np.max(self.temperatures))

    def part(self, name: str) -> Oscillator | Reservoir:
        """Return the subsystem or reservoir of this name, or raise `MachineError` naming the nearest."""
        for part in self.parts:
            if part.name == name:
                return part
        known = (*self.subsystem_names, *self.reservoir_names)
        raise MachineError(
            f"The machine has no part {name!r}; it has {', '.join(map(repr, known))}.{_validate.suggest(name, known)}"
        )

    @cached_property
    def hamiltonian(self) -> Hamiltonian:
        """The Hamiltonian, assembled."""
        return Hamiltonian(self)

    def reservoirs_of(self, subsystem: str) -> tuple[Reservoir, ...]:
        """Return the reservoirs that a subsystem is coupled to."""
        partners = {name for coupling in self.couplings if subsystem in coupling.between for name in coupling.between}
        return tuple(reservoir for reservoir in self.reservoirs if reservoir.name in partners)

    def recurrence_time(self, reservoir: str) -> float:
        """Return 2 pi / dw: until when the finite reservoir stands for a continuous one.

        dw is the widest spacing of its modes at the frequencies that the subsystems coupled to it take within its band
        (anywhere, if they take none there). Infinite for a single mode, which stands for nothing but itself.
        """
        bath = self.part(reservoir)
        if not isinstance(bath, Reservoir):
            raise MachineError(f"The recurrence time is that of a reservoir, but {reservoir!r} is a subsystem.")
        times = np.linspace(0.0, self.period, 33)
        coupled = [part for part in self.subsystems if bath in self.reservoirs_of(part.name)]
        visited = np.unique([part.drive.value(times) for part in coupled]) if coupled else np.empty(0)
        low, high = float(np.min(bath.frequencies)), float(np.max(bath.frequencies))
        resonant = visited[(visited >= low) & (visited <= high)]
        spacings = [local_spacing(bath.frequencies, float(w)) for w in (resonant if len(resonant) else visited)]
        spacing = max(spacings, default=math.inf)
        return 2.0 * math.pi / spacing if math.isfinite(spacing) else math.inf

    def lowest_curvature(self) -> float:
        """Return the lowest curvature of the Hamiltonian over the cycle; at zero or below it is not bounded below."""
        return min(self.hamiltonian.lowest_curvature(float(t)) for t in self._check_times())

    # --- checks ----------------------------------------------------------------------------------------------------

    def _check_times(self) -> FloatArray:
        """Return times that see every drive at many phases of its own period, and just after each breakpoint."""
        drives = [part.drive for part in self.subsystems] + [d for coupling in self.couplings for _, d in coupling.drives]
        repeats = [self.period / leaf.own_period for drive in drives for leaf in drive.leaves() if leaf.own_period]
        n_times = _CHECKS_PER_PERIOD * min(round(max(repeats, default=1.0)), _MOST_REPEATS)
        times = np.linspace(0.0, self.period, n_times, endpoint=False)
        return np.unique(np.concatenate([self.hamiltonian.breakpoints, times]))

    def _check_frequency(self, oscillator: Oscillator) -> None:
        lowest = oscillator.lowest_frequency(self.period)
        if lowest <= 0.0:
            raise MachineError(
                f"`frequency` of oscillator {oscillator.name!r} must be positive at all times, but reaches {lowest:.6g}."
            )

    def _check_coupling(self, coupling: Any) -> None:
        for part_name in coupling.between:
            self.part(part_name)
        among = [part_name for part_name in coupling.between if part_name in self.reservoir_names]
        if len(among) == 2:
            raise MachineError(
                f"`between` of {coupling.owner} must not name two reservoirs: their interaction energy would belong to no "
                "part of the ledger. Let them meet through a subsystem, or make one of them a subsystem."
            )
        if among and len(coupling.between) == 1:
            what = "displacement" if isinstance(coupling, Displacement) else "quadratic form"
            raise MachineError(
                f"A {what} on reservoir {among[0]!r} is refused: the Hamiltonian of a reservoir must be constant and its own. "
                "Put static terms into the reservoir (CoupledBath), or make the driven mode a subsystem."
            )
        if not among and any(getattr(coupling, key, None) is not None for key in ("site", "weights", "amplitude_frequency")):
            raise MachineError(
                f"`site`, `weights` and `amplitude_frequency` of {coupling.owner} must be left out: neither part is a reservoir."
            )
        for what, drive in coupling.drives:
            check_period(drive, self.period, what, coupling.owner)

    def _check_bounded(self) -> None:
        """Refuse a position-like coupling to a reservoir that leaves the whole unbounded below at some time."""
        reservoirs = set(self.reservoir_names)
        suspects = [c for c in self.couplings if isinstance(c, (Position, QuadraticForm)) and set(c.between) & reservoirs]
        if not suspects:
            return
        curvature = self.lowest_curvature()
        if curvature > 0.0:
            return
        bare = [coupling for coupling in suspects if isinstance(coupling, Position) and coupling.counter_term is False]
        what = f"The Hamiltonian of the machine must be bounded below, but its lowest curvature is {curvature:.6g}: "
        if bare:
            raise MachineError(
                f"{what}{bare[0].owner} is too strong to do without its counter-term. Set `counter_term = true`, or weaken it."
            )
        raise MachineError(
            f"{what}{suspects[0].owner} is too strong (counter-terms do not cover two couplings of one subsystem to the same "
            "reservoir, nor quadratic forms). Weaken it, or add the missing term as a `QuadraticForm` of the subsystem."
        )
