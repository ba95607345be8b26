"""A machine: named subsystems, named reservoirs, couplings, and a period."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal.errors import MachineError
from athermal.machine.checks import check_counter, check_coupling
from athermal.machine.families import family_of
from athermal.machine.families.finite import dimension_of
from athermal.machine.family import AnyHamiltonian, Family
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.layout import Layout, Part
from athermal.machine.parts import Reservoir

__all__ = ["Machine", "Part"]


@dataclass(frozen=True)
class Machine(Layout):
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
    ...     couplings=[at.Exchange(("a", "hot"), strength=at.drives.Harmonic(1.0, frequency=1.0))],
    ...     period=2 * np.pi,
    ... )
    >>> machine.carnot_efficiency
    0.0
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for coupling in self.couplings:
            check_coupling(self, coupling)
        for counter in self.counters:
            check_counter(self, counter)
        self.family.check(self)

    @cached_property
    def family(self) -> Family:
        """The family of machines that it is one of: the first that all its parts share."""
        return family_of(self)

    @cached_property
    def hamiltonian(self) -> AnyHamiltonian:
        """The Hamiltonian, assembled as its family does: a quadratic form of oscillators, matrices of finite parts."""
        return self.family.hamiltonian(self)

    @property
    def n_modes(self) -> int:
        """The number of modes of the whole, if it is of oscillators treated as Gaussian."""
        return Hamiltonian.of(self).n_modes

    @property
    def dimension(self) -> int:
        """The dimension of the whole, if its parts are finite; of the subsystems together, if the baths are continua."""
        return dimension_of(self)

    @property
    def carnot_efficiency(self) -> float:
        """eta_C = 1 - T_min/T_max; NaN without reservoirs."""
        highest = float(np.max(self.temperatures, initial=0.0))
        if not len(self.temperatures):
            return math.nan
        return float(1.0 - np.min(self.temperatures) / highest) if highest > 0.0 else 0.0

    def recurrence_time(self, reservoir: str) -> float:
        """Return 2 pi / dw: until when the finite reservoir stands for a continuous one.

        dw is the widest spacing of its modes at the frequencies that the subsystems coupled to it take within its band, those of
        oscillators or between levels (at its ends, if they take none there). Infinite for a single mode, for finite reservoirs,
        which stand for nothing but themselves, for renewed ones, and for baths with modes="auto".
        """
        bath = self.part(reservoir)
        if not isinstance(bath, Reservoir):
            raise MachineError(f"The recurrence time is that of a reservoir, but {reservoir!r} is a subsystem.")
        if bath.renewed:
            return math.inf
        times = np.linspace(0.0, self.period, 33)
        coupled = [part.transitions(times) for part in self.subsystems if bath in self.reservoirs_of(part.name)]
        spacing = bath.widest_spacing(np.unique(np.concatenate(coupled)) if coupled else np.empty(0))
        return 2.0 * math.pi / spacing if math.isfinite(spacing) else math.inf

    def lowest_curvature(self) -> float | None:
        """Return the lowest curvature of the Hamiltonian over the cycle; at zero or below it is not bounded below.

        None for finite parts, whose spectra are bounded.
        """
        return self.family.lowest_curvature(self)
