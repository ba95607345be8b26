"""What every backend offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from pydantic import ConfigDict

from athermal._types import ComplexArray, FloatArray
from athermal.errors import MachineError
from athermal.machine.families import FAMILIES
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.confidence import Confidence, Jackknife
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.states import Kept
from athermal.thermodynamics.tells import Tells

State = TypeVar("State")
Watch = Callable[[State], tuple[FloatArray, FloatArray | None]]
"""Reads observables: their means, and those of each of the solver's replicates (replicates, observables) if it has any."""
Keeper = Callable[[State], Kept]
"""Takes the state of some parts at one instant, without the axis of time."""


RENEWING = "Dense() for oscillators treated as Gaussian, DensityMatrix() for finite parts"
"""What renews reservoirs, in the words of a remedy."""


class Solver(ABC, Generic[State]):
    """A backend bound to one machine: it prepares, advances and looks, and no more.

    Examples
    --------
    >>> import athermal as at
    >>> solver = at.Dense().bind(at.library.two_oscillator(modes=5))
    >>> state, work = solver.advance(solver.prepare(at.Charged(1)), 0.0, solver.reference.period)
    >>> solver.snapshot(state, solver.reference.period).subsystem_energies.shape
    (2,)
    """

    @property
    @abstractmethod
    def reference(self) -> Reference:
        """The constants of the machine that the laws need."""

    @abstractmethod
    def prepare(self, initial: InitialState) -> State:
        """Return the state of the whole at time zero."""

    @abstractmethod
    def advance(self, state: State, start: float, stop: float) -> tuple[State, float]:
        """Return the state at `stop` and the work that the drives did on the machine on the way; backwards if stop < start.

        Times count from time zero, over all cycles. Work is the integral of <dH/dt>, jumps of <H> in (start, stop] included,
        never taken from the first law; the chemical work of particles is added by the laws.
        """

    def renew(self, state: State) -> State:
        """Return the state in which fresh units stand in for the renewed reservoirs, as a cycle begins.

        Their joint state is that which the run started from; what they were correlated with is as it was without them.
        """
        raise MachineError(f"{type(self).__name__} renews no reservoirs. Use the backend {RENEWING}.")

    @abstractmethod
    def snapshot(self, state: State, time: float) -> Snapshot:
        """Return energies and entropies, with the Hamiltonian just after `time`; and particle numbers."""

    def replicates(self, state: State, time: float) -> tuple[Snapshot, FloatArray] | None:
        """Return snapshots, stacked, and the work since time zero with each sample left out in turn, or each cut-off coarser.

        None without samples or a check of convergence.
        """
        return None

    def confidence(self, snapshots: Snapshot, works: FloatArray) -> Confidence:
        """Return how well a run is known by its replicates: snapshots along (instants, n), works along (instants - 1, n)."""
        return Jackknife(snapshots, works)

    def watch(self, observables: Sequence[Observable]) -> Watch[State]:
        """Return what reads observables off a state, or raise `MachineError` for one that this backend cannot know."""
        if observables:
            raise MachineError(f"{type(self).__name__} tells no observables. Leave them out, or use another backend.")
        return lambda _state: (np.empty(0), None)

    def keeper(self, parts: tuple[str, ...]) -> Keeper[State]:
        """Return what takes the state of some parts off a state, or raise `MachineError` where this backend cannot know it."""
        raise MachineError(f"{type(self).__name__} tells no states of {', '.join(map(repr, parts))}. Use another backend.")

    @abstractmethod
    def accuracy(self, state: State) -> dict[str, float]:
        """Return what is known of the errors of the run that ended in a state, by name."""

    def remarks(self, state: State) -> tuple[str, ...]:
        """Return what a reader of the run that ended in a state must know: which columns are unknown, what would tell them."""
        return ()

    def cycle_map(self) -> CycleMap[State]:
        """Return the map of one cycle."""
        return CycleMap(self)

    @property
    def is_threaded(self) -> bool:
        """Whether its matrices are so large that threads of the linear algebra library pay; else it is run on one.

        The last bits of a result depend on the number of threads, so a small machine gives the same bits everywhere.
        """
        return False

    def conduct(self) -> Conduct:
        """Return how the ledger of any run is to be read; status, accuracy, recurrence and remarks are filled in after a run."""
        return Conduct()

    def facts(self) -> dict[str, Any]:
        """Return what the provenance tells people of what was solved, beside the options; nothing reads it."""
        return {}


@dataclass(frozen=True)
class FixedPoint(Generic[State]):
    """The state that a cycle leaves as it is.

    Parameters
    ----------
    state : State
        At the start of a cycle, with nothing added up yet.
    start : InitialState
        The same to start a run from.
    multipliers : complex array
        Floquet multipliers, the largest first: by what a cycle multiplies differences from the fixed point.
    change : float
        By how much one more cycle changes the state, relative to itself.
    """

    state: State
    start: InitialState
    multipliers: ComplexArray
    change: float

    @property
    def error(self) -> float:
        """How far the state may be from the fixed point: the change, and all that would follow, change/(1 - |mu|)."""
        slowest = float(np.max(np.abs(self.multipliers), initial=0.0))
        return self.change / max(1.0 - slowest, self.change, 1e-300) if slowest < 1.0 else float("inf")


class CycleMap(Generic[State]):
    """The map of one cycle, from the state at its start to that at its end; what it is made of is public in its subclasses.

    Parameters
    ----------
    solver : Solver

    Examples
    --------
    >>> import athermal as at
    >>> solver = at.Dense().bind(at.library.two_oscillator(modes=5))
    >>> cycle = solver.cycle_map()
    >>> cycle.matrix.shape
    (24, 24)
    """

    def __init__(self, solver: Solver[State]) -> None:
        self.solver = solver
        self.period = solver.reference.period

    def apply(self, state: State, cycles: int = 1) -> State:
        """Return the state that a state at the start of a cycle becomes after some cycles."""
        for cycle in range(cycles):
            state, _ = self.solver.advance(state, self.period * cycle, self.period * (cycle + 1))
        return state

    def undo(self, state: State) -> State:
        """Return the state that becomes this one in a cycle, or raise `MachineError` where nothing runs backwards."""
        return self.solver.advance(state, self.period, 0.0)[0]

    def fixed_point(self, accuracy: float = 1e-8) -> FixedPoint[State]:
        """Return the state that a cycle leaves as it is, changed by at most `accuracy` of itself.

        Raises
        ------
        MachineError
            If there is none, or more than one.
        ConvergenceError
            If the accuracy is not met.
        """
        raise MachineError(
            f"A limit cycle needs baths that forget, but {type(self.solver).__name__.removesuffix('Solver')} follows every mode "
            "of finite ones. Give a backend for continuous baths, such as HEOM() or Lindblad(); or leave it out for oscillators "
            "between continuous baths; or run the machine for many cycles."
        )


class Backend(ABC):
    """A way of computing. Its fields are its options.

    Examples
    --------
    >>> import athermal as at
    >>> at.Dense().why_not(at.library.two_qubit_swap())
    'The dense backend holds machines of oscillators, but this one is of finite parts. Use DensityMatrix() or StateVectors().'
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    families: ClassVar[tuple[str, ...]] = ()
    """The names of the families of machines that it holds: see `machine.families`."""
    takes_continua: ClassVar[bool] = False
    """Whether it takes the spectral densities of continuous baths as they are, without choosing modes."""
    takes_chosen_modes: ClassVar[bool] = False
    """Whether a run with it may choose the modes of continuous baths and certify them: its own errors are far below theirs."""
    can_run_backwards: ClassVar[bool] = True
    """Whether its solvers advance to earlier times, as a `Charged` start asks for."""
    renews: ClassVar[bool] = False
    """Whether its solvers replace the units of renewed reservoirs."""
    tells: ClassVar[Tells] = Tells()
    """What its solvers tell of an instant, from which it follows which columns are known."""

    @property
    def owner(self) -> str:
        """What error messages call it."""
        return f"the {type(self).__name__} backend"

    def why_not(self, machine: Machine) -> str:
        """Return why the backend cannot hold a machine, and what does; nothing if it can."""
        if machine.family.name in self.families:
            if machine.renewed_names and not self.renews:
                names = ", ".join(map(repr, machine.renewed_names))
                return f"{self._capital} renews no reservoirs, but this machine has {names} renewed. Use {RENEWING}."
            return ""
        held = " or ".join(family.words for family in FAMILIES if family.name in self.families) or "no known family"
        return (
            f"{self._capital} holds machines of {held}, but this one is of {machine.family.words}. Use {machine.family.backends}."
        )

    @property
    def _capital(self) -> str:
        return f"{self.owner[0].upper()}{self.owner[1:]}"

    def refuse_unfit(self, machine: Machine) -> None:
        """Raise `MachineError` with `why_not`, if there is a reason."""
        if why := self.why_not(machine):
            raise MachineError(why)

    @abstractmethod
    def bind(self, machine: Machine) -> Solver[Any]:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
