"""A machine: named subsystems, named reservoirs, couplings, and a period."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import numpy as np
import scipy.sparse
from pydantic import ConfigDict

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.checks import check_counter, check_coupling, check_family, check_times
from athermal.machine.counter import Counter
from athermal.machine.coupling import AnyCoupling, Coupling
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import AnyInitialState, InitialState, ProductThermal
from athermal.machine.parts import (
    AnyReservoir,
    AnySubsystem,
    ContinuumBath,
    FiniteReservoir,
    FiniteSubsystem,
    HarmonicReservoir,
    Oscillator,
    Reservoir,
    local_spacing,
)
from athermal.machine.tensor_hamiltonian import TensorHamiltonian, assemble

Part = Oscillator | FiniteSubsystem | Reservoir


@dataclass(frozen=True)
class Machine:
    """A quantum machine: what there is, what couples to what, and how it is driven. Checked when made.

    Parameters
    ----------
    subsystems : sequence of Oscillator, or of Qubit, Qudit or TruncatedOscillator
        At least one. A machine is either of oscillators and harmonic baths, treated as Gaussian, or of finite parts, or of finite
        subsystems and continuous baths.
    reservoirs : sequence of Bath, ContinuumBath, Ring, Chain or CoupledBath, or of SpinBath, TruncatedBath or FiniteBath
        Without any the machine is closed: W = sum_i dU_i, and the entropy of the subsystems together is constant.
    couplings : sequence of Exchange, TwoModeSqueezing, Position, QuadraticForm, Displacement or OperatorCoupling
    period : float
        tau: the length of a cycle. Every drive must repeat a whole number of times in it.
    initial : initial state
        Where a run starts unless it is told otherwise.
    name : str
    counters : sequence of Counter
        Time integrals of observables to be kept beside the ledger (finite parts only).

    Raises
    ------
    MachineError
        If a name is missing, doubled or unknown; a term couples two reservoirs or three parts; a reservoir is driven; a
        drive does not fit the period; a position coupling lacks the counter-term that keeps the whole bounded below; an operator
        does not fit its part or is not Hermitian; or Gaussian and finite parts are mixed.

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
            ("subsystems", (Oscillator, FiniteSubsystem)),
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
        for coupling in self.couplings:
            check_coupling(self, coupling)
        for counter in self.counters:
            check_counter(self, counter)
        check_family(self)

    # --- what there is ---------------------------------------------------------------------------------------------

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
    def is_finite(self) -> bool:
        """Whether its parts are finite; if not, they are oscillators treated as Gaussian."""
        return isinstance(self.subsystems[0], FiniteSubsystem)

    @property
    def has_continua(self) -> bool:
        """Whether its subsystems are finite and all its baths continua: an open system, as master equations and HEOM take it."""
        baths = self.reservoirs
        all_finite = all(isinstance(part, FiniteSubsystem) for part in self.subsystems)
        return all_finite and bool(baths) and all(isinstance(bath, ContinuumBath) for bath in baths)

    @property
    def is_settled(self) -> bool:
        """Whether the modes of all its baths are known, none left to the run with modes="auto"."""
        return not any(isinstance(bath, ContinuumBath) and bath.is_auto for bath in self.reservoirs)

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
    def n_modes(self) -> int:
        """The number of modes of the whole, if it is of oscillators treated as Gaussian."""
        return self.hamiltonian.n_modes

    @property
    def dimension(self) -> int:
        """The dimension of the whole, if its parts are finite; of the subsystems together, if the baths are continua."""
        return math.prod(part.dimension for part in self.parts if isinstance(part, (FiniteSubsystem, FiniteReservoir)))

    @property
    def carnot_efficiency(self) -> float:
        """eta_C = 1 - T_min/T_max; NaN without reservoirs."""
        highest = float(np.max(self.temperatures, initial=0.0))
        if not len(self.temperatures):
            return math.nan
        return float(1.0 - np.min(self.temperatures) / highest) if highest > 0.0 else 0.0

    def part(self, name: str) -> Part:
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
        """The Hamiltonian of a machine of oscillators, assembled."""
        if self.is_finite:
            raise MachineError(
                "Only a machine of oscillators has a quadratic Hamiltonian; see `tensor_hamiltonian` for finite parts."
            )
        return Hamiltonian(self)

    @cached_property
    def tensor_hamiltonian(self) -> TensorHamiltonian:
        """The Hamiltonian of a machine of finite parts, assembled."""
        if not self.is_finite:
            raise MachineError("Only a machine of finite parts has a Hamiltonian of matrices; see `hamiltonian` for oscillators.")
        if self.has_continua:
            raise MachineError(
                "The baths of this machine are continua, without matrices. Run it with HEOM(), BlochRedfield(), Lindblad() or "
                "FloquetMarkov(), or cut the modes of its baths to some levels with DensityMatrix(levels=...)."
            )
        return assemble(self)

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

    def recurrence_time(self, reservoir: str) -> float:
        """Return 2 pi / dw: until when the finite reservoir stands for a continuous one.

        dw is the widest spacing of its modes at the frequencies that the subsystems coupled to it take within its band, those of
        oscillators or between levels (at its ends, if they take none there). Infinite for a single mode, for finite reservoirs,
        which stand for nothing but themselves, and for baths with modes="auto".
        """
        bath = self.part(reservoir)
        if not isinstance(bath, Reservoir):
            raise MachineError(f"The recurrence time is that of a reservoir, but {reservoir!r} is a subsystem.")
        if not isinstance(bath, HarmonicReservoir) or (isinstance(bath, ContinuumBath) and bath.is_auto):
            return math.inf
        times = np.linspace(0.0, self.period, 33)
        coupled = [_visited(part, times) for part in self.subsystems if bath in self.reservoirs_of(part.name)]
        visited = np.unique(np.concatenate(coupled)) if coupled else np.empty(0)
        low, high = float(np.min(bath.frequencies)), float(np.max(bath.frequencies))
        resonant = visited[(visited >= low) & (visited <= high)]
        spacings = [local_spacing(bath.frequencies, float(w)) for w in (resonant if len(resonant) else visited)]
        spacing = max(spacings, default=math.inf)
        return 2.0 * math.pi / spacing if math.isfinite(spacing) else math.inf

    def lowest_curvature(self) -> float:
        """Return the lowest curvature of the Hamiltonian over the cycle; at zero or below it is not bounded below."""
        return min(self.hamiltonian.lowest_curvature(float(t)) for t in check_times(self))


# Differences of levels below this part of the largest are rounding.
_ROUNDING = 1e-12


def _visited(part: Oscillator | FiniteSubsystem, times: FloatArray) -> FloatArray:
    """Return the frequencies that a subsystem takes at some times: its own, or those between its levels (0 if it has none)."""
    if isinstance(part, Oscillator):
        return np.unique(part.drive.value(times))
    terms = [(drive, np.asarray(matrix.todense() if scipy.sparse.issparse(matrix) else matrix)) for drive, matrix in part.terms()]
    if all(drive.is_always_constant for drive, _ in terms):
        times = times[:1]
    found = [np.zeros(1)]
    for t in times:
        levels = np.linalg.eigvalsh(sum(drive.value(np.array([t]))[0] * matrix for drive, matrix in terms))
        found.append(np.abs(levels[:, None] - levels[None, :]).ravel())
    gaps = np.unique(np.concatenate(found))
    return gaps[gaps > _ROUNDING * gaps[-1]] if gaps[-1] > 0.0 else gaps
