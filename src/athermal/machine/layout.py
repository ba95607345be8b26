"""What there is in a machine and what couples to what, before it is of a family."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import numpy as np
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.counter import Counter
from athermal.machine.coupling import AnyCoupling, Coupling
from athermal.machine.drive import Side
from athermal.machine.family import AnyHamiltonian
from athermal.machine.initial import AnyInitialState, InitialState, ProductThermal
from athermal.machine.parts import (
    AnyReservoir,
    AnySubsystem,
    HarmonicReservoir,
    Oscillator,
    Reservoir,
    Subsystem,
)

Part = Subsystem | Reservoir


@dataclass(frozen=True)
class Layout:
    """The fields of a machine, checked one by one; and what can be asked of them whatever its family."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    subsystems: tuple[AnySubsystem, ...]
    reservoirs: tuple[AnyReservoir, ...]
    couplings: tuple[AnyCoupling, ...]
    period: float
    initial: AnyInitialState = field(default_factory=ProductThermal)
    name: str = "machine"
    counters: tuple[Counter, ...] = ()

    def __post_init__(self) -> None:
        owner = "the machine"
        kinds: tuple[tuple[str, Any], ...] = (
            ("subsystems", Subsystem),
            ("reservoirs", Reservoir),
            ("couplings", Coupling),
            ("counters", Counter),
        )
        for what, kind in kinds:
            entries = _validate.entries(getattr(self, what), what, owner, f"be a list of {what}")
            object.__setattr__(self, what, entries)
            for entry in entries:
                if not isinstance(entry, kind):
                    raise MachineError(f"`{what}` of {owner} must hold only {what}, but holds {_validate.shown(entry)}.")
            if not entries and what == "subsystems":
                raise MachineError(f"`{what}` of {owner} must hold at least one, but is empty.")
        _validate.identifier(self.name, "name", owner)
        object.__setattr__(self, "period", _validate.positive(self.period, "period", owner))
        if not isinstance(self.initial, InitialState):
            raise MachineError(f"`initial` of {owner} must be an initial state, but is {_validate.shown(self.initial)}.")
        for what, names in (("part", [part.name for part in self.parts]), ("counter", [c.name for c in self.counters])):
            for name in names:
                if names.count(name) > 1:
                    raise MachineError(f"`name` of a {what} must be its own, but {name!r} is given {names.count(name)} times.")

    @property
    def parts(self) -> tuple[Part, ...]:
        """Subsystems and reservoirs, in order."""
        return cast("tuple[Part, ...]", (*self.subsystems, *self.reservoirs))

    @property
    def oscillators(self) -> tuple[Oscillator, ...]:
        """The subsystems that are oscillators treated as Gaussian."""
        return tuple(part for part in self.subsystems if isinstance(part, Oscillator))

    @property
    def harmonic_baths(self) -> tuple[HarmonicReservoir, ...]:
        """The reservoirs that are harmonic baths."""
        return tuple(part for part in self.reservoirs if isinstance(part, HarmonicReservoir))

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
    def chemical_potentials(self) -> FloatArray:
        """The reference chemical potentials mu_j, in order."""
        return np.array([reservoir.chemical_potential for reservoir in self.reservoirs])

    @property
    def renewed_names(self) -> tuple[str, ...]:
        """The reservoirs that fresh units replace at the start of every cycle, in order."""
        return tuple(reservoir.name for reservoir in self.reservoirs if reservoir.renewed)

    @property
    def side(self) -> Side:
        """On which side of a jump an instant lies: before it where fresh units come first, at the edge of cycles."""
        return "left" if self.renewed_names else "right"

    @property
    @abstractmethod
    def hamiltonian(self) -> AnyHamiltonian:
        """The Hamiltonian, assembled as its family does."""

    def part(self, name: str) -> Part:
        """Return the subsystem or reservoir of this name, or raise `MachineError` naming the nearest."""
        for part in self.parts:
            if part.name == name:
                return part
        known = (*self.subsystem_names, *self.reservoir_names)
        raise MachineError(
            f"The machine has no part {name!r}; it has {', '.join(map(repr, known))}.{_validate.suggest(name, known)}"
        )

    def reservoirs_of(self, subsystem: str) -> tuple[Reservoir, ...]:
        """Return the reservoirs that a subsystem is coupled to."""
        partners = {name for coupling in self.couplings if subsystem in coupling.between for name in coupling.between}
        return tuple(reservoir for reservoir in self.reservoirs if reservoir.name in partners)

    def start_temperature(self, name: str) -> float:
        """Return the temperature at which a part starts unless it is told otherwise.

        A reservoir's own; for a subsystem that of the reservoir it is coupled to, the coldest if several; if none, that of the
        coldest that it reaches through other subsystems; else that of the machine's coldest. Without reservoirs zero: subsystems
        start in their ground states.

        Examples
        --------
        >>> import athermal as at
        >>> at.library.two_oscillator(T_hot=1.5, T_cold=1.0, modes=3).start_temperature("hot")
        1.5
        """
        temperatures = {reservoir.name: reservoir.temperature for reservoir in self.reservoirs}
        reached = {name}
        while not reached & set(temperatures):
            beyond = {other for coupling in self.couplings if reached & set(coupling.between) for other in coupling.between}
            if beyond <= reached:
                return min(temperatures.values(), default=0.0)
            reached |= beyond
        return min(temperatures[other] for other in reached & set(temperatures))


AnyLayout = TypeVar("AnyLayout", bound=Layout)
"""A machine, or what is yet to become one."""
