"""Hierarchical equations of motion: finite subsystems between continuous baths at any coupling strength."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.backends.base import Backend, Solver
from athermal.backends.open.exponents import MOST, BathCorrelation, Exponents
from athermal.backends.open.flow import Integrator
from athermal.backends.open.hierarchy import HierarchySolver
from athermal.backends.open.hierarchy_state import HierarchyState, Signature
from athermal.backends.open.solver import OpenState
from athermal.errors import MachineError
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.open_system import OpenSystem, open_system
from athermal.machine.parts.finite import check_levels
from athermal.thermodynamics.snapshot import Reference, Snapshot

_GIB = 2.0**30
# The others hold a dense Jacobian of the whole hierarchy.
_METHODS = ("dop853", "vern7", "vern9", "adams")
# Levels of an oscillator below which there is nothing to compare with.
_FEWEST = 2
# Bytes of an entry of a sparse matrix, as it is held and as it is summed; vectors that an integrator holds.
_ENTRY, _VECTORS = 3 * 24.0, 24


@dataclass(frozen=True)
class Case:
    """One of the hierarchies of a run.

    Parameters
    ----------
    coarser : str
        The option that is coarser than asked for; "" for none.
    system : OpenSystem
    exponents : tuple of Exponents
    depth : int
    """

    coarser: str
    system: OpenSystem
    exponents: tuple[Exponents, ...]
    depth: int


class HEOMSolver(Solver[tuple[OpenState, ...]]):
    """The hierarchy of a machine, and the coarser ones that its convergence is checked with, side by side.

    Parameters
    ----------
    runs : sequence of HierarchySolver
        The finest first.
    cutoffs : sequence of str
        The option that each of the others has coarser.
    misfits : mapping of str to float
        Of each bath's exponentials.
    """

    def __init__(self, runs: list[HierarchySolver], cutoffs: list[str], misfits: dict[str, float]) -> None:
        self.runs = tuple(runs)
        self.cutoffs = tuple(cutoffs)
        self.misfits = misfits

    @property
    def finest(self) -> HierarchySolver:
        """The hierarchy that makes the ledger."""
        return self.runs[0]

    @property
    def reference(self) -> Reference:
        return self.finest.reference

    @property
    def signature(self) -> Signature:
        """What tells states of these hierarchies from those of others."""
        baths = self.finest.baths
        return {
            "dimensions": dict(zip(self.finest.hamiltonian.names, self.finest.hamiltonian.dimensions, strict=True)),
            "baths": baths,
            "depths": tuple(run.depth for run in self.runs),
            "numbers of exponentials": tuple(tuple(map(len, run.exponents)) for run in self.runs),
            "exponentials": tuple(
                tuple(tuple(np.round(np.concatenate([e.rates, e.real, e.imaginary]), 9)) for e in run.exponents)
                for run in self.runs
            ),
        }

    def prepare(self, initial: InitialState) -> tuple[OpenState, ...]:
        if isinstance(initial, HierarchyState):
            initial.check(self.signature)
            nothing = np.zeros(1 + 2 * len(self.finest.baths))
            return tuple(OpenState(vector, nothing) for vector in initial.vectors)
        return tuple(run.prepare(initial) for run in self.runs)

    def advance(self, state: tuple[OpenState, ...], start: float, stop: float) -> tuple[tuple[OpenState, ...], float]:
        found = [run.advance(held, start, stop) for run, held in zip(self.runs, state, strict=True)]
        return tuple(held for held, _ in found), found[0][1]

    def snapshot(self, state: tuple[OpenState, ...], time: float) -> Snapshot:
        return self.finest.snapshot(state[0], time)

    def replicates(self, state: tuple[OpenState, ...], time: float) -> tuple[Snapshot, FloatArray] | None:
        if not self.cutoffs:
            return None
        coarser = list(zip(self.runs, state, strict=True))[1:]
        return Snapshot.stack([run.snapshot(held, time) for run, held in coarser]), np.array(
            [held.sums[0] for _, held in coarser]
        )

    def accuracy(self) -> dict[str, float]:
        return self.finest.accuracy() | {"misfit": max(self.misfits.values())}

    def facts(self) -> dict[str, Any]:
        run = self.finest
        hierarchy = {
            "depth": run.depth,
            "exponents": dict(zip(run.baths, map(len, run.exponents), strict=True)),
            "misfits": self.misfits,
            "auxiliary_operators": len(run.ladder.decay),
        }
        return run.facts() | {"hierarchy": hierarchy} | ({"cutoffs": list(self.cutoffs)} if self.cutoffs else {})

    def remarks(self) -> tuple[str, ...]:
        return self.finest.remarks()


@dataclass(frozen=True)
class HEOM(Backend):
    """Hierarchical equations of motion: numerically exact for finite subsystems between continuous baths, at any coupling.

    The baths' correlation functions are sums of exponentials, and the equations are QuTiP's; heat is what each bath's own energy
    absorbs, from the first tier of auxiliary operators (A. Kato and Y. Tanimura, J. Chem. Phys. 145, 224105 (2016); Y. Tanimura,
    J. Chem. Phys. 153, 020901 (2020)). Contacts are f(t) A B with a Hermitian A and B = sum_k g_k x_k.

    Parameters
    ----------
    depth : int
        Tiers of auxiliary operators.
    exponents : int, optional
        Exponentials of each bath. If left out, as many as its temperature and density need.
    levels : int, optional
        For oscillators treated as Gaussian: the levels to which each is cut.
    method : str
        QuTiP's integrator: "dop853", "vern7", "vern9" or "adams".
    rtol, atol : float
        Its relative and absolute tolerance.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated.
    check : bool
        Whether to run coarser hierarchies beside it, of one tier less, of one exponential less for each bath, and of one of the
        `levels` less: the changes are the errors of the ledger (`ledger.errors`).

    Raises
    ------
    MachineError
        If an option cannot be, or `exponents` is too small.

    Warns
    -----
    TruncationWarning
        If a column changes by more than 0.01 (nat, or in units of the lowest temperature) in the coarser hierarchies.

    Examples
    --------
    >>> HEOM(depth=4).depth
    4
    """

    takes_continua: ClassVar[bool] = True

    depth: int = 5
    exponents: int | None = None
    levels: int | None = None
    method: str = "dop853"
    rtol: float = 1e-8
    atol: float = 1e-10
    max_memory: float = 8.0
    check: bool = True
    kind: Literal["heom"] = field(default="heom", repr=False)

    def __post_init__(self) -> None:
        owner = "the HEOM backend"
        _validate.count(self.depth, "depth", owner)
        if self.exponents is not None and _validate.count(self.exponents, "exponents", owner) > MOST:
            raise MachineError(f"`exponents` of {owner} must be at most {MOST}, but is {self.exponents}.")
        if self.levels is not None:
            check_levels(self.levels, owner)
        _validate.choice(self.method, "method", owner, _METHODS)
        self._integrator.check(owner)
        _validate.positive(self.max_memory, "max_memory", owner)

    @property
    def _integrator(self) -> Integrator:
        return Integrator(self.method, self.rtol, self.atol)

    def bind(self, machine: Machine) -> HEOMSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = open_system(machine, self.levels, "HEOM()")
        _check_contacts(system)
        correlations = [BathCorrelation(bath) for bath in machine.reservoirs]  # type: ignore[arg-type]
        numbers = [correlation.number(self.exponents) for correlation in correlations]
        fine = tuple(c.expansion(n) for c, n in zip(correlations, numbers, strict=True))
        cases = [Case("", system, fine, self.depth)]
        if self.check:
            other = tuple(_other(c, n) for c, n in zip(correlations, numbers, strict=True))
            cases += [Case("depth", system, fine, self.depth - 1)] if self.depth > 1 else []
            cases += [Case("exponents", system, other, self.depth)]
            if self.levels is not None and self.levels > _FEWEST:
                cases += [Case("levels", open_system(machine, self.levels - 1, "HEOM()"), fine, self.depth)]
        for case in cases:
            _check_size(case, self.max_memory)
        runs = [HierarchySolver(c.system, self._integrator, "HEOM", c.exponents, c.depth) for c in cases]
        misfits = {b.name: c.misfit(e) for b, c, e in zip(machine.reservoirs, correlations, fine, strict=True)}
        return HEOMSolver(runs, [case.coarser for case in cases[1:]], misfits)

    def state_after(self, machine: Machine, cycles: int, initial: InitialState | None = None) -> HierarchyState:
        """Return the state after some cycles, correlations with the baths included, to start a run from.

        Parameters
        ----------
        machine : Machine
        cycles : int
            0 gives the start itself, for instance a strongly coupled equilibrium.
        initial : InitialState, optional
            The machine's own if left out.

        Examples
        --------
        >>> import athermal as at
        >>> bath = at.ContinuumBath("bath", 1.0, at.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude"))
        >>> contact = at.OperatorCoupling(("atom", "bath"), ("sigmax", "position"), 1.0)
        >>> machine = at.Machine([at.Qubit("atom", 1.0)], [bath], [contact], period=1.0)
        >>> backend = HEOM(depth=2, check=False)
        >>> at.run(machine, 1, backend.state_after(machine, 1), backend=backend).n_cycles
        1
        """
        cycles = _validate.count(cycles, "cycles", "state_after", least=0)
        solver = self.bind(machine)
        state = solver.prepare(machine.initial if initial is None else initial)
        state, _ = solver.advance(state, 0.0, cycles * machine.period)
        return HierarchyState(tuple(held.vector for held in state), solver.signature)


def _other(correlation: BathCorrelation, number: int) -> Exponents:
    """Return an expansion in one exponential less (or more, if there is but one)."""
    return correlation.expansion(number - 1 if number > 1 else 2)


def _check_contacts(system: OpenSystem) -> None:
    for contact in system.contacts:
        what = f"The coupling of {contact.subsystem!r} with {contact.bath.name!r}"
        if contact.is_exchange:
            raise MachineError(
                f"{what} must be of the form A B with Hermitian A and B for the HEOM backend, but is an exchange, L B^dag + "
                "h.c.: its B = sum_k g_k b_k is not Hermitian, and <B B^dag>, <B^dag B> are no correlation function of one of "
                "QuTiP's bosonic baths. Use Position, or OperatorCoupling with a Hermitian operator, or run it with Lindblad()."
            )
        if abs(contact.operator - contact.operator.conj().T).max() > 1e-12 * abs(contact.operator).max():
            raise MachineError(f"{what} must have a Hermitian operator for the HEOM backend.")


def _check_size(case: Case, max_memory: float) -> None:
    """Raise `MachineError` if a hierarchy is too large."""
    system, depth = case.system, case.depth
    total, d = sum(map(len, case.exponents)), system.dimension
    n = math.comb(total + depth, depth)
    contact = max(c.operator.nnz for c in system.contacts) if system.contacts else 0
    entries = n * (sum(2.0 * d * term.local.nnz for term in system.hamiltonian.terms) + total * 4.0 * d * contact)
    needed = (_ENTRY * entries + _VECTORS * 16.0 * n * d**2) / _GIB
    if needed > max_memory:
        raise MachineError(
            f"The hierarchy of depth {depth} with {total} exponentials has {n} auxiliary operators of dimension {d}, and would "
            f"need about {needed:.3g} GiB, but `max_memory` of the HEOM backend is {max_memory:g} GiB. Lower `depth`, "
            "`exponents` or `levels`, or raise `max_memory` if there is that much."
        )
