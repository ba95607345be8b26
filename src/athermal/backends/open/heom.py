"""Hierarchical equations of motion: finite subsystems between continuous baths at any coupling strength."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, Literal

from athermal import _validate
from athermal.backends.open.backend import OpenBackend
from athermal.backends.open.correlation import BathCorrelation, View, view
from athermal.backends.open.exponents import MOST, Expansions, Exponents
from athermal.backends.open.heom_solver import HEOMSolver
from athermal.backends.open.hierarchy import HierarchySolver
from athermal.backends.open.hierarchy_state import HierarchyState
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.solver import TELLS
from athermal.errors import MachineError
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.machine.open_system import OpenSystem
from athermal.machine.parts import ContinuumBath
from athermal.machine.parts.finite import check_levels
from athermal.thermodynamics.tells import Tells

_GIB = 2.0**30
# The others hold a dense Jacobian of the whole hierarchy.
_METHODS = ("vern7", "vern9", "adams", "dop853")
# Levels of an oscillator below which there is nothing to compare with, and tiers above which two less are tried.
_FEWEST, _SHALLOW = 2, 2
# By how much more than the change of one level columns may be off: levels are even or odd.
_OF_LEVELS = 2.0
# Bytes of an entry of a sparse matrix, as it is held and as it is summed; vectors that an integrator holds.
_ENTRY, _VECTORS = 3 * 24.0, 24
# Baths whose expansions are kept.
_KEPT = 64


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


@dataclass(frozen=True)
class HEOM(OpenBackend):
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
        QuTiP's integrator: "vern7", "vern9", "adams", or "dop853", which is faster but gives up where a hierarchy is stiff.
    tolerance : float
        By how much one of its steps may be off, relative to a component, or to a hundredth of one if larger.
    max_memory : float
        GiB that a run may need, by an estimate made before anything is allocated.
    check : bool
        Whether to run coarser hierarchies beside it, of one tier less and of two, of one exponential less for each bath, and of
        one of the `levels` less: the changes, extrapolated, are the errors of the ledger (`ledger.errors`).
    minimal_dissipation : bool
        Whether to follow the dynamical map as well, from which the minimal-dissipation energy and heat follow (A. Colla and H.-P.
        Breuer, Phys. Rev. A 105, 052216 (2022)): columns `minimal_dissipation_energy` and `minimal_dissipation_heat`, shown by
        `compare_definitions`. Takes as many hierarchies as the subsystems have matrix elements.

    Raises
    ------
    MachineError
        If an option cannot be, or `exponents` is too small.

    Warns
    -----
    TruncationWarning
        If a column's error is above 0.01 (nat, or in units of the lowest temperature); or if the density matrix had a clearly
        negative eigenvalue, and its entropies are unknown.

    Examples
    --------
    >>> HEOM(depth=4).depth
    4
    """

    tells: ClassVar[Tells] = replace(
        TELLS,
        extras=TELLS.extras | {"interaction_energy", "switching_work", "minimal_dissipation_energy", "minimal_dissipation_heat"},
    )

    depth: int = 5
    exponents: int | None = None
    levels: int | None = None
    method: str = "vern7"
    tolerance: float = 1e-8
    max_memory: float = 8.0
    check: bool = True
    minimal_dissipation: bool = False
    kind: Literal["heom"] = field(default="heom", repr=False)

    def __post_init__(self) -> None:
        owner = self.owner
        _validate.count(self.depth, "depth", owner)
        if self.exponents is not None and _validate.count(self.exponents, "exponents", owner) > MOST:
            raise MachineError(f"`exponents` of {owner} must be at most {MOST}, but is {self.exponents}.")
        if self.levels is not None:
            check_levels(self.levels, owner)
        _validate.choice(self.method, "method", owner, _METHODS)
        self._integrator.check(owner)
        _validate.positive(self.max_memory, "max_memory", owner)
        for name in ("check", "minimal_dissipation"):
            if not isinstance(getattr(self, name), bool):
                raise MachineError(f"`{name}` of {owner} must be true or false, but is {_validate.shown(getattr(self, name))}.")

    @property
    def _integrator(self) -> Integrator:
        return Integrator(self.method, self.tolerance)

    def why_not(self, machine: Machine) -> str:
        if not machine.reservoirs:
            return "HEOM() needs a bath, but this machine has no reservoirs: it is closed. Use DensityMatrix(), or Dense()."
        return super().why_not(machine)

    def bind(self, machine: Machine) -> HEOMSolver:
        """Return a solver for this machine, or raise `MachineError` if the backend cannot hold it."""
        system = self.system(machine)
        _check_contacts(system)
        expansions = [expansions_of(bath, system) for bath in machine.reservoirs]
        numbers = [found.number(self.exponents) for found in expansions]
        fine = tuple(found.of(n) for found, n in zip(expansions, numbers, strict=True))
        cases, factor = [Case("", system, fine, self.depth)], 1.0
        if self.check:
            other = tuple(found.coarser(n) for found, n in zip(expansions, numbers, strict=True))
            cases += [Case("depth", system, fine, self.depth - 1 if self.depth > 1 else 2)]
            cases += [Case("exponents", system, other, self.depth)]
            if self.levels is not None and self.levels > _FEWEST:
                cases += [Case("levels", replace(self, levels=self.levels - 1).system(machine), fine, self.depth)]
            if self.depth > _SHALLOW:
                cases += [Case("depth", system, fine, self.depth - 2)]
            factor = max(found.doubt(one, two) for found, one, two in zip(expansions, fine, other, strict=True))
        _check_size(cases, self.max_memory)
        runs = [HierarchySolver(c.system, self._integrator, "HEOM", c.exponents, c.depth) for c in cases]
        misfits = {b.name: c.misfit(e) for b, c, e in zip(machine.reservoirs, expansions, fine, strict=True)}
        for run in runs[1:]:  # only what it tells from the finest counts
            run.least_eigenvalue = -math.inf
        factors = [{"exponents": factor, "levels": _OF_LEVELS}.get(case.coarser, 1.0) for case in cases[1:]]
        return HEOMSolver(runs, [case.coarser for case in cases[1:]], factors, misfits, with_maps=self.minimal_dissipation)

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
        >>> bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude"))
        >>> contact = at.OperatorCoupling(("atom", "bath"), ("sigmax", "position"), 1.0)
        >>> machine = at.Machine([at.Qubit("atom", 1.0)], [bath], [contact], period=1.0)
        >>> backend = HEOM(depth=2, check=False)
        >>> at.run(machine, 1, backend.state_after(machine, 1), backend=backend).n_cycles
        1
        """
        cycles = _validate.count(cycles, "cycles", "state_after", least=0)
        solver = replace(self, minimal_dissipation=False).bind(machine)
        state = solver.prepare(machine.initial if initial is None else initial)
        state, _ = solver.advance(state, 0.0, cycles * machine.period)
        return solver.kept(state)


def expansions_of(bath: Any, system: OpenSystem) -> Expansions:
    """Return the expansions of a bath's correlation function, as a system sees it."""
    return _expansions(bath, view(system, bath.name))


@lru_cache(maxsize=_KEPT)
def _expansions(bath: ContinuumBath, seen: View) -> Expansions:
    """Return them, found once for all runs of a machine."""
    return Expansions(BathCorrelation(bath, seen))


def _check_contacts(system: OpenSystem) -> None:
    for contact in system.contacts:
        what = f"The coupling of {contact.subsystem!r} with {contact.bath.name!r}"
        if contact.is_exchange:
            raise MachineError(
                f"{what} must be of the form A B with Hermitian A and B for the HEOM backend, but is an exchange, L B^dag + "
                "h.c.: its B = sum_k g_k b_k is not Hermitian, and <B B^dag>, <B^dag B> are no correlation function of one of "
                "QuTiP's bosonic baths. Use Position, or OperatorCoupling with a Hermitian operator, or run it with Lindblad()."
            )


def _check_size(cases: list[Case], max_memory: float) -> None:
    """Raise `MachineError` if the hierarchies are too large together."""
    needed = sum(_memory(case) for case in cases)
    if needed > max_memory:
        case = cases[0]
        total = sum(map(len, case.exponents))
        beside = f", and {len(cases) - 1} like it beside it" if len(cases) > 1 else ""
        raise MachineError(
            f"The hierarchy of depth {case.depth} with {total} exponentials has {math.comb(total + case.depth, case.depth)} "
            f"auxiliary operators of dimension {case.system.dimension}{beside}, and would need about {needed:.3g} GiB, but "
            f"`max_memory` of the HEOM backend is {max_memory:g} GiB. Lower `depth`, `exponents` or `levels`, set `check` to "
            "false, or raise `max_memory` if there is that much."
        )


def _memory(case: Case) -> float:
    """Return the GiB that a hierarchy takes, by an estimate."""
    system, depth = case.system, case.depth
    total, d = sum(map(len, case.exponents)), system.dimension
    n = math.comb(total + depth, depth)
    contact = max(c.operator.nnz for c in system.contacts) if system.contacts else 0
    entries = n * (sum(2.0 * d * term.local.nnz for term in system.hamiltonian.terms) + total * 4.0 * d * contact)
    return float((_ENTRY * entries + _VECTORS * 16.0 * n * d**2) / _GIB)
