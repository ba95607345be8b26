"""Hierarchical equations of motion of subsystems between continuous baths, and the ledger of their auxiliary operators.

The equations are QuTiP's. They are linear in the contacts' operators, so that the coefficients that couple the auxiliary
operators are read off once, from a two-level system, and serve for all operators and drives.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.conserved import of_system
from athermal.backends.open.correlation import strength
from athermal.backends.open.equilibrium import check_unique, stationary
from athermal.backends.open.exponents import Exponents
from athermal.backends.open.fixed_point import of_memory, several, slowest
from athermal.backends.open.flow import Flow, Slope
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.solver import OpenSolver, OpenState
from athermal.errors import MachineError
from athermal.machine.drive import Drive, Product
from athermal.machine.initial import Gibbs, InitialState
from athermal.machine.open_system import Contact, OpenSystem
from athermal.maths.superoperator import commutator, dense, sandwich, stacked, trace_row
from athermal.thermodynamics.snapshot import Snapshot

# Hierarchies that are cut too soon have slightly negative states; how much that matters, their errors tell.
_LEAST = -1e-3
# The size up to which the slowest of its rates are found by factorisation.
_FACTORISED = 6000
SMALLEST = 1e-6
"""The share of the largest rate of the first tier that an auxiliary operator must add to a rate, or it is left out."""


@dataclass(frozen=True)
class Ladder:
    """How the auxiliary operators of a hierarchy are coupled, whatever the system.

    d Phi/dt = -decay Phi + sum_j f_j (down_j (-i [A_j, Phi]) + up_j {A_j, Phi}), each operator divided by its natural size
    prod_k (n_k! |c_k|^n_k)^(1/2) (Q. Shi et al., J. Chem. Phys. 130, 084105 (2009)).

    Parameters
    ----------
    decay : (n,) array
        sum_k n_k v_k.
    commutators, anticommutators : tuples of (n, n) sparse matrices
        One for each bath.
    first : tuple of lists of (int, complex, complex)
        Of each bath, the places of its first-tier operators, their natural sizes and their rates v_k.
    labels : tuple of tuples of int
        The n_k of each auxiliary operator.
    """

    decay: ComplexArray
    commutators: tuple[Any, ...]
    anticommutators: tuple[Any, ...]
    first: tuple[list[tuple[int, float, complex]], ...]
    labels: tuple[tuple[int, ...], ...]


def ladder(baths: tuple[Exponents, ...], depth: int, strengths: FloatArray, smallest: float = SMALLEST) -> Ladder:
    """Return the ladder of a hierarchy, read from QuTiP's right-hand side for a two-level system with A_j = sigma_x.

    Parameters
    ----------
    baths : tuple of Exponents
    depth : int
    strengths : (m,) array
        The largest |f_j| ||A_j||.
    smallest : float
        Auxiliary operators whose part in the rates of the state, prod_k min(1, 4 |c_k| strength^2/(Re v_k)^2)^n_k sum_k n_k
        Re v_k, is a smaller share of the largest such part of the first tier are left out: deep tiers of fast exponentials, which
        matter least and make the equations stiff. A share, for what weak baths do adds up over as many periods as it is weak.
        |c_k| is the larger of |a_k + i b_k| and |a_k - i b_k|, with which the two sides of a density matrix are multiplied.

    Examples
    --------
    >>> one = np.ones(1, dtype=complex)
    >>> found = ladder((Exponents(one, one, 0.0 * one),), 3, np.ones(1))
    >>> found.decay.real
    array([0., 1., 2., 3.])
    """
    # QuTiP drops small numbers: it is asked in units of the fastest rate
    unit = max((float(np.max(np.abs(bath.rates))) for bath in baths), default=1.0)
    ados, decay, left, right = _from_qutip(tuple(bath.times(1.0 / unit) for bath in baths), depth)
    owners = np.repeat(np.arange(len(baths)), [len(bath) for bath in baths])
    amounts = np.concatenate([np.maximum(abs(b.real + 1j * b.imaginary), abs(b.real - 1j * b.imaginary)) for b in baths])
    rates = np.concatenate([bath.rates for bath in baths])
    slowness = np.concatenate([bath.rates.real for bath in baths]) ** 2
    effects = np.minimum(1.0, 4.0 * amounts * strengths[owners] ** 2 / slowness)

    least = smallest * float(np.max(effects * rates.real, initial=0.0))

    def is_kept(label: tuple[int, ...]) -> bool:
        """Tell whether an operator is too deep and too fast to be left out; energies need all of the first tier."""
        if sum(label) <= 1:
            return True
        found = math.prod(e**n for e, n in zip(effects, label, strict=True) if n) * float(np.dot(label, rates.real))
        return bool(found >= least)

    kept = np.flatnonzero([is_kept(label) for label in ados.labels])
    labels = [ados.labels[k] for k in kept]
    sizes = np.array([_size(label, amounts / unit**2) for label in labels])
    scaling, unscaling = scipy.sparse.diags_array(1.0 / sizes), scipy.sparse.diags_array(sizes)

    def scaled(matrix: Any) -> Any:
        found = scipy.sparse.csr_array(unit * (scaling @ matrix[kept][:, kept] @ unscaling))
        found.eliminate_zeros()
        return found

    first: tuple[list[tuple[int, float, complex]], ...] = tuple([] for _ in baths)
    for place, label in enumerate(labels):
        if sum(label) == 1:
            k = label.index(1)
            first[owners[k]].append((place, unit * float(sizes[place]), complex(rates[k])))
    commutators = tuple(scaled(0.5j * (one - two)) for one, two in zip(left, right, strict=True))
    anticommutators = tuple(scaled(0.5 * (one + two)) for one, two in zip(left, right, strict=True))
    return Ladder(unit * decay[kept] + 0.0, commutators, anticommutators, first, tuple(map(tuple, labels)))


def _from_qutip(baths: tuple[Exponents, ...], depth: int) -> tuple[Any, ComplexArray, list[Any], list[Any]]:
    """Return QuTiP's auxiliary operators, their decay rates, and for each bath what multiplies A Phi and Phi A."""
    import qutip  # noqa: PLC0415  it takes longer to import than all the rest
    from qutip.solver.heom import HEOMSolver  # noqa: PLC0415

    nothing = qutip.qzero(2)
    environments = [bath.environment(0.0) for bath in baths]

    def rows_of(active: int | None) -> tuple[Any, Any]:
        contacts = [(env, qutip.sigmax() if j == active else nothing) for j, env in enumerate(environments)]
        solver = HEOMSolver(nothing, contacts, depth)
        # the rows of the elements <0|Phi|0>
        return solver.ados, solver.rhs(0).to("csr").data.as_scipy()[::4]

    ados, still = rows_of(None)
    rows = [rows_of(j)[1] for j in range(len(baths))]
    # <0|A Phi|0> = Phi_10 and <0|Phi A|0> = Phi_01 of A = sigma_x
    return ados, -still[:, ::4].diagonal(), [found[:, 1::4] for found in rows], [found[:, 2::4] for found in rows]


def _size(label: tuple[int, ...], amounts: FloatArray) -> float:
    """Return (prod_k n_k! |c_k|^n_k)^(1/2)."""
    return math.prod(math.sqrt(math.factorial(n) * float(amount) ** n) for n, amount in zip(label, amounts, strict=True) if n)


class HierarchySolver(OpenSolver):
    """One hierarchy bound to one machine: of given exponents and depth.

    With X_j = Tr_B[B_j rho_tot] the sum of the first tier of bath j, V_j = f_j Tr(A_j X_j), its counter-term added, and
    dE_j/dt = -f_j Tr(A_j Tr_B[dB_j/dt rho_tot]) = f_j sum_k v_k Tr(A_j Phi_k) - 2 f_j^2 Im C_j(0+) Tr(A_j^2 rho).
    """

    def __init__(
        self, system: OpenSystem, integrator: Integrator, name: str, exponents: tuple[Exponents, ...], depth: int
    ) -> None:
        super().__init__(system, integrator, name)
        self.least_eigenvalue = _LEAST
        self.exponents = exponents
        self.depth = depth
        self.ladder = ladder(exponents, depth, np.array([strength(system, name) for name in self.baths]))
        self.size = len(self.ladder.decay) * system.dimension**2
        self._flow: Flow | None = None

    def taken_over(self, vector: ComplexArray, labels: tuple[tuple[int, ...], ...]) -> ComplexArray:
        """Return a state of the same hierarchy with other operators left out: those that it lacks are zero."""
        block, places = self.system.dimension**2, {label: k for k, label in enumerate(self.ladder.labels)}
        found = np.zeros(self.size, dtype=complex)
        for k, label in enumerate(labels):
            if label in places:
                found[places[label] * block : (places[label] + 1) * block] = vector[k * block : (k + 1) * block]
        return found

    def lift(self, density: ComplexArray) -> ComplexArray:
        vector = np.zeros(self.size, dtype=complex)
        vector[: self.system.dimension**2] = stacked(density)
        return vector

    def bath_of(self, contact: Contact) -> int:
        """Return the index of the bath of a contact."""
        return self.baths.index(contact.bath.name)

    # --- starts that hold correlations with the baths ------------------------------------------------------------------

    def prepare(self, initial: InitialState) -> OpenState:
        if isinstance(initial, Gibbs) and not self._is_of_subsystems(initial):
            self._check_gibbs(initial)
            at, own = np.zeros(1), self.hamiltonian.own(self.hamiltonian.subsystems, 0.0)
            check_unique(
                [dense(own), *(float(c.drive.value(at)[0]) * dense(c.operator) for c in self.system.contacts)], self.name
            )
            return self.seen(OpenState(self._stationary(self._generator_at_start()), np.zeros(self.n_sums)))
        return super().prepare(initial)

    def _generator_at_start(self) -> Any:
        """Return the right-hand side at time zero, as one sparse matrix."""
        at = np.zeros(1)
        whole = sum(matrix if drive is None else float(drive.value(at)[0]) * matrix for matrix, drive in self.generator())
        return scipy.sparse.csr_array(whole)

    def _stationary(self, whole: Any) -> ComplexArray:
        """Return the state that the right-hand side at time zero does not move."""
        at, own = np.zeros(1), self.hamiltonian.own(self.hamiltonian.subsystems, 0.0)
        for contact in self.system.contacts:
            if contact.has_counter_term:
                amount = contact.reorganisation * float(contact.drive.value(at)[0]) ** 2
                own = own + amount * (contact.operator @ contact.operator)
        return stationary(whole, self.ladder.decay, dense(own))

    def settled(
        self, accuracy: float, guess: ComplexArray | None = None, *, with_multipliers: bool = True
    ) -> tuple[ComplexArray, ComplexArray]:
        """Return what a cycle leaves as it is: the stationary state where nothing is driven."""
        if not self.is_still:
            start = self.lift(np.asarray(np.eye(self.system.dimension) / self.system.dimension, dtype=complex))
            vector, found = of_memory(self.cycle_map().carry, start if guess is None else guess, self.system, accuracy, self.name)
            return vector / np.trace(self.density(vector)), found
        if len(of_system(self.system)) > 1:
            raise several(2, None, self.system, self.name)
        whole, multipliers = self._generator_at_start(), np.empty(0, dtype=complex)
        vector = self._stationary(whole)
        if with_multipliers and self.size <= _FACTORISED:
            multipliers = slowest(whole, self.lift(np.eye(self.system.dimension, dtype=complex)), self.system, self.name)
        return vector, multipliers

    def _is_of_subsystems(self, initial: Gibbs) -> bool:
        return initial.parts is not None and not set(initial.parts) & set(self.baths)

    def _check_gibbs(self, initial: Gibbs) -> None:
        """Raise `MachineError` for a Gibbs state that is no stationary state of the hierarchy."""
        every = (*self.hamiltonian.subsystems, *self.baths)
        if initial.parts is not None and set(initial.parts) != set(every):
            raise MachineError(
                f"`parts` of a Gibbs state for {self.name} must be subsystems only or everything, {list(every)}, but is "
                f"{list(initial.parts)}. Leave it out for the equilibrium of the coupled whole."
            )
        for bath in self.machine.reservoirs:
            if abs(bath.temperature - initial.temperature) > 1e-12 * initial.temperature:
                raise MachineError(
                    f"`temperature` of a Gibbs state of the whole must be that of every bath for {self.name}, but is "
                    f"{initial.temperature} with reservoir {bath.name!r} at {bath.temperature}: an infinite bath stays at "
                    "its own. Take the Gibbs state of a machine with equal temperatures by `state_after(machine, 0, Gibbs(T))`."
                )

    # --- the flow ------------------------------------------------------------------------------------------------------

    def flow(self, start: float, stop: float) -> Flow:
        if self._flow is None:
            self._flow = Flow(self.size, self.n_sums, self.system.energy_scale)
            for matrix, drive in self.generator():
                self._flow.add(matrix, drive)
            self._add_sums(self._flow)
        return self._flow

    def generator(self) -> list[tuple[Any, Drive | None]]:
        """Return the terms of the right-hand side, each a matrix and its drive."""
        ladder = self.ladder
        one = scipy.sparse.eye_array(self.system.dimension**2, format="csr")
        all_tiers = scipy.sparse.eye_array(len(ladder.decay), format="csr")
        decay = scipy.sparse.kron(scipy.sparse.diags_array(-ladder.decay), one, format="csr")
        terms: list[tuple[Any, Drive | None]] = [(decay, None)]
        for drive, whole in self.system.inside:
            terms.append((scipy.sparse.kron(all_tiers, commutator(whole), format="csr"), drive))
        for contact in self.system.contacts:
            j, a = self.bath_of(contact), contact.operator
            identity = scipy.sparse.eye_array(a.shape[0], format="csr")
            both = sandwich(a, identity) + sandwich(identity, a)
            matrix = scipy.sparse.kron(ladder.commutators[j], commutator(a), format="csr")
            terms.append((matrix + scipy.sparse.kron(ladder.anticommutators[j], both, format="csr"), contact.drive))
            if contact.has_counter_term:
                shift = scipy.sparse.kron(all_tiers, commutator(contact.reorganisation * (a @ a)), format="csr")
                terms.append((shift, squared(contact.drive)))
        return terms

    def _add_sums(self, flow: Flow) -> None:
        """Add the work, the heats and the work of switching each contact."""
        self.add_work(flow)
        m = len(self.baths)
        for contact in self.system.contacts:
            j = self.bath_of(contact)
            flow.add_sum(1 + j, self.first_tier_row(contact, weighted=True), contact.drive)
            if not contact.drive.is_always_constant:
                for row, drive in self.interaction_rows(contact):
                    for place in (0, 1 + m + j):
                        flow.add_sum(place, row, Slope(drive))
        for one, two in itertools.product(self.system.contacts, repeat=2):
            if one.bath is two.bath:  # their {A, A'} at the start of the memory
                j, pair = self.bath_of(one), one.operator @ two.operator + two.operator @ one.operator
                kick = float(np.real(np.sum(self.exponents[j].imaginary)))
                flow.add_sum(1 + j, -kick * trace_row(pair), Product((one.drive, two.drive)))

    def first_tier_row(self, contact: Contact, *, weighted: bool = False) -> ComplexArray:
        """Return the row of Tr(A_j X_j), or of sum_k v_k Tr(A_j Phi_k)."""
        row, block, trace = np.zeros(self.size, dtype=complex), self.system.dimension**2, trace_row(contact.operator)
        for place, size, rate in self.ladder.first[self.bath_of(contact)]:
            row[place * block : (place + 1) * block] = (rate * size if weighted else size) * trace
        return row

    def interaction_rows(self, contact: Contact) -> list[tuple[ComplexArray, Drive]]:
        """Return the rows that make the interaction energy of a contact, each with its drive."""
        rows = [(self.first_tier_row(contact), contact.drive)]
        if contact.has_counter_term:
            row = contact.reorganisation * trace_row(contact.operator @ contact.operator)
            rows.append((np.pad(row, (0, self.size - len(row))), squared(contact.drive)))
        return rows

    def snapshot(self, state: OpenState, time: float) -> Snapshot:
        found, phase = super().snapshot(state, time), time % self.machine.period
        energies = np.zeros(len(self.baths))
        for contact, energy in zip(self.system.contacts, self.interaction_energies(state.vector, phase), strict=True):
            energies[self.bath_of(contact)] += energy
        more = {"interaction_energy": energies, "switching_work": state.sums[1 + len(self.baths) :].copy()}
        return replace(found, extras=dict(found.extras) | more)

    # --- what it shows -------------------------------------------------------------------------------------------------

    def interaction_energies(self, vector: ComplexArray, time: float) -> FloatArray:
        at = np.array([time])
        return np.array(
            [
                sum(float(drive.value(at)[0]) * float(np.real(row @ vector)) for row, drive in self.interaction_rows(contact))
                for contact in self.system.contacts
            ]
        )

    def jump_of_contacts(self, vector: ComplexArray, time: float) -> FloatArray:
        at, total = np.array([time]), np.zeros(len(self.baths))
        for contact in self.system.contacts:
            for row, drive in self.interaction_rows(contact):
                jump = float(np.real(drive.value(at, "right")[0] - drive.value(at, "left")[0]))
                total[self.bath_of(contact)] += jump * float(np.real(row @ vector))
        return total


def squared(drive: Drive) -> Drive:
    """Return the square of a drive."""
    return Product((drive, drive))
