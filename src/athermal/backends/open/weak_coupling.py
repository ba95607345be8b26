"""The generator of a master equation of weak coupling on a stretch without breakpoints, and its solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.flow import Slope as SlopeOf
from athermal.backends.open.flow import values_inside
from athermal.backends.open.integrator import Integrator
from athermal.errors import ConvergenceError
from athermal.machine.drive import Drive
from athermal.machine.open_system import Bath, OpenSystem
from athermal.maths.jumps import Dissipators, Eigenbasis, hermitian_basis, hermitian_coordinates, stacks
from athermal.maths.runge_kutta import Slope
from athermal.maths.superoperator import dense


class Dissipation(Protocol):
    """How a master equation makes the dissipators of a bath."""

    def __call__(self, operators: ComplexArray, basis: Eigenbasis, bath: Bath) -> Dissipators:
        """Return them, from L of the bath's contacts together and the eigenstates of a Hamiltonian, at some instants."""


@dataclass(frozen=True)
class WeakCoupling:
    """What a master equation of weak coupling is made of.

    Parameters
    ----------
    system : OpenSystem
    is_global : bool
        Whose eigenstates make the dissipators: of all subsystems together, or of each one's own Hamiltonian.
    dissipation : Dissipation
    n_sums : int
        The work, and three sums for each bath: heat, switching work (none here), quanta.
    """

    system: OpenSystem
    is_global: bool
    dissipation: Dissipation
    n_sums: int

    @property
    def reference(self) -> Sequence[tuple[Drive, Any]]:
        """The drives and operators of the Hamiltonian whose eigenstates make the dissipators."""
        return self.system.inside if self.is_global else self.system.own_terms

    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether the generator is constant on a stretch without breakpoints."""
        return self.system.is_constant(start, stop)

    def is_static(self, start: float, stop: float) -> bool:
        """Tell whether the dissipators are constant on a stretch without breakpoints."""
        drives = [drive for drive, _ in self.reference] + [contact.drive for contact in self.system.contacts]
        return all(drive.is_constant(start, stop) for drive in drives)

    def on(self, start: float, stop: float) -> Stretch:
        """Return the generator on a stretch without breakpoints, in the basis in which it is simplest."""
        frame: ComplexArray | None = None
        if self.is_static(start, stop):
            terms = self.system.inside if self.is_constant(start, stop) else self.reference
            stack = np.array([dense(whole) for _, whole in terms]).reshape(-1, self.system.dimension, self.system.dimension)
            driving = Driving(tuple(drive for drive, _ in terms), stack, start, stop)
            frame = Eigenbasis.of(driving.at(np.array([0.5 * (start + stop)]))).frame
        return Stretch(self, start, stop, frame)


@dataclass(frozen=True)
class Driving:
    """sum_a f_a(t) K_a on a stretch without breakpoints.

    Parameters
    ----------
    drives : tuple of Drive
    stack : (a, d, d) array
        K_a.
    start, stop : float
    """

    drives: tuple[Drive, ...]
    stack: ComplexArray
    start: float
    stop: float

    def amounts(self, times: FloatArray) -> FloatArray:
        """Return f_a(t), shape (T, a)."""
        found = [values_inside(drive, times, self.start, self.stop) for drive in self.drives]
        return np.array(found).reshape(len(self.drives), len(times)).T

    def slopes(self, times: FloatArray) -> FloatArray:
        """Return df_a/dt, shape (T, a)."""
        found = [
            np.zeros(len(times))
            if drive.is_constant(self.start, self.stop)
            else values_inside(SlopeOf(drive), times, self.start, self.stop)
            for drive in self.drives
        ]
        return np.array(found).reshape(len(self.drives), len(times)).T

    def at(self, times: FloatArray) -> ComplexArray:
        """Return the sum, shape (T, d, d)."""
        return np.asarray(np.tensordot(self.amounts(times), self.stack, axes=1))

    def slope_at(self, times: FloatArray) -> ComplexArray:
        """Return its time derivative."""
        return np.asarray(np.tensordot(self.slopes(times), self.stack, axes=1))


class Stretch:
    """dy/dt = L(t) y of states stacked by rows with their sums behind them, on a stretch without breakpoints.

    Parameters
    ----------
    equation : WeakCoupling
    start, stop : float
    frame : (d, d) array or None
        The basis in which states and operators are held, in columns.
    """

    def __init__(self, equation: WeakCoupling, start: float, stop: float, frame: ComplexArray | None) -> None:
        self.equation = equation
        self.start, self.stop, self.frame = start, stop, frame
        system = equation.system
        self.size = system.dimension
        self._is_constant, self._is_static = equation.is_constant(start, stop), equation.is_static(start, stop)
        self._hamiltonian = self._driven(system.inside)
        self._reference = self._hamiltonian if equation.is_global else self._driven(system.own_terms)
        self._contacts = [
            (j, bath, self._driven([(contact.drive, contact.lowering) for contact in bath.contacts]))
            for j, bath in enumerate(system.baths)
            if bath.contacts
        ]

    def _driven(self, terms: Sequence[tuple[Drive, Any]]) -> Driving:
        """Return a sum of terms in the frame, what is Hermitian exactly so."""
        found = []
        for _, operator in terms:
            whole = dense(operator)
            turned = whole if self.frame is None else self.frame.conj().T @ whole @ self.frame
            found.append(0.5 * (turned + turned.conj().T) if np.array_equal(whole, whole.conj().T) else turned)
        drives = tuple(drive for drive, _ in terms)
        return Driving(drives, np.array(found).reshape(-1, self.size, self.size), self.start, self.stop)

    def __call__(self, times: FloatArray) -> Slope:
        """Return the function of k and y that is dy/dt at times[k]."""
        d, hamiltonians = self.size, self._hamiltonian.at(times)
        if self._is_constant:  # and the frame its eigenbasis
            hamiltonians = _diagonal(hamiltonians)
        if self._is_static:
            dissipators, loss, rows = self._unmoved, self._unmoved_loss, self._rows_of_static(times)
        else:
            dissipators = self._dissipators(times, hamiltonians)
            loss = sum((found.loss for found in dissipators), start=np.zeros((1, d, d), dtype=complex))
            rows = self._rows(times, hamiltonians, dissipators)
        return self._slope(-1j * hamiltonians - loss, dissipators, rows)

    def _slope(self, drift: ComplexArray, dissipators: list[Dissipators], rows: ComplexArray) -> Slope:
        """Return dy/dt of the k-th drift and rows: d rho/dt = drift rho + G(rho) + h.c."""
        d = self.size

        def slope(k: int, y: ComplexArray) -> ComplexArray:
            flat = y[:, : d * d]
            states = flat.reshape(len(y), d, d)
            half = drift[k] @ states
            for found in dissipators:
                half = half + found.gain(0 if self._is_static else k, states)
            result = np.empty_like(y)
            result[:, : d * d] = (half + half.conj().transpose(0, 2, 1)).reshape(len(y), -1)
            result[:, d * d :] = (flat @ rows[k].T).real
            return result

        return slope

    def _dissipators(self, times: FloatArray, hamiltonians: ComplexArray) -> list[Dissipators]:
        """Return what each bath with contacts does."""
        basis = Eigenbasis.of(hamiltonians if self.equation.is_global else self._reference.at(times))
        return [self.equation.dissipation(terms.at(times), basis, bath) for _, bath, terms in self._contacts]

    def _rows(self, times: FloatArray, hamiltonians: ComplexArray, dissipators: list[Dissipators]) -> ComplexArray:
        """Return what each sum grows by per unit time: work, heats, nothing for the contacts, quanta; shape (T, sums, d^2)."""
        nothing = np.zeros((len(times), self.size, self.size), dtype=complex)
        found = [nothing] * self.equation.n_sums
        found[0] = self._hamiltonian.slope_at(times)
        for (j, _, _), one in zip(self._contacts, dissipators, strict=True):
            found[1 + j] = one.heat(hamiltonians)
            if one.quanta is not None:
                found[1 + 2 * len(self.equation.system.baths) + j] = nothing + one.quanta
        return stacks(found)

    # --- where the dissipators do not change with time ------------------------------------------------------------------

    @cached_property
    def _unmoved(self) -> list[Dissipators]:
        middle = np.array([0.5 * (self.start + self.stop)])
        reference = self._reference.at(middle)
        if self.equation.is_global or not self._is_constant:  # and the frame its eigenbasis
            reference = _diagonal(reference)
        basis = Eigenbasis.of(reference)
        return [self.equation.dissipation(terms.at(middle), basis, bath) for _, bath, terms in self._contacts]

    @cached_property
    def _unmoved_loss(self) -> ComplexArray:
        return np.asarray(sum((found.loss for found in self._unmoved), start=np.zeros((1, self.size, self.size), dtype=complex)))

    @cached_property
    def _row_parts(self) -> ComplexArray:
        """The rows of each term's heat, of the quanta, and of each term's power, which are then added up with their drives."""
        at, terms = np.zeros(1), self._hamiltonian
        heats = [self._rows(at, whole[None], self._unmoved)[0] for whole in terms.stack]
        quanta = self._rows(at, np.zeros((1, self.size, self.size), dtype=complex), self._unmoved)[0]
        power = np.zeros((len(terms.stack), *quanta.shape), dtype=complex)
        power[:, 0] = stacks([terms.stack])[:, 0]
        for part in (*heats, quanta):
            part[0] = 0.0
        heats = [part - quanta for part in heats]
        return np.concatenate([np.array(heats).reshape(power.shape), quanta[None], power])

    def _rows_of_static(self, times: FloatArray) -> ComplexArray:
        terms = self._hamiltonian
        amounts = np.concatenate([terms.amounts(times), np.ones((len(times), 1)), terms.slopes(times)], axis=1)
        return np.asarray(np.tensordot(amounts, self._row_parts, axes=1))

    # --- solutions ------------------------------------------------------------------------------------------------------

    def into_frame(self, density: ComplexArray) -> ComplexArray:
        """Return a state in the frame."""
        return density if self.frame is None else np.asarray(self.frame.conj().T @ density @ self.frame)

    def out_of_frame(self, density: ComplexArray) -> ComplexArray:
        """Return a state as it is without the frame."""
        return density if self.frame is None else np.asarray(self.frame @ density @ self.frame.conj().T)

    def evolved(self, states: ComplexArray, integrator: Integrator) -> ComplexArray:
        """Return Hermitian states (n, d, d) in the frame after the stretch, stacked by rows with their sums behind them."""
        y = np.zeros((len(states), self.size**2 + self.equation.n_sums), dtype=complex)
        y[:, : self.size**2] = states.reshape(len(states), -1)
        (found,) = integrator.states(self, y, np.array([self.start, self.stop]), self.units)
        self.finite(found)
        return found

    def generator(self) -> FloatArray:
        """Return the generator, where it is constant, in Hermitian coordinates with the sums behind them, (d^2 + sums, d^2)."""
        return self._columns(self(np.array([0.5 * (self.start + self.stop)])))

    def _columns(self, slope: Slope) -> FloatArray:
        """Return dy/dt of each Hermitian matrix of the basis, in its coordinates, as columns."""
        d = self.size
        y = np.zeros((d * d, d * d + self.equation.n_sums), dtype=complex)
        y[:, : d * d] = hermitian_basis(d).reshape(d * d, -1)
        images = slope(0, y)
        inside = hermitian_coordinates(images[:, : d * d].reshape(-1, d, d))
        return np.concatenate([inside, images[:, d * d :].real], axis=1).T

    def sparse(self) -> SparseSum:
        """Return the generator where the dissipators are constant and drives are not, in Hermitian coordinates."""
        terms, n_sums = self._hamiltonian, self.equation.n_sums
        count, whole = len(terms.drives), self.size**2 + n_sums
        nothing = np.zeros((1, self.size, self.size), dtype=complex)
        of_terms = [
            self._columns(self._slope(-1j * term[None], [], rows[None]))
            for term, rows in zip(terms.stack, self._row_parts[:count], strict=True)
        ]
        constant = self._columns(self._slope(-self._unmoved_loss, self._unmoved, self._row_parts[count][None]))
        moving = [a for a, drive in enumerate(terms.drives) if not drive.is_constant(self.start, self.stop)]
        (amounts,) = terms.amounts(np.array([0.5 * (self.start + self.stop)]))
        for a in set(range(count)) - set(moving):
            constant = constant + amounts[a] * of_terms[a]
        powers = [self._columns(self._slope(nothing, [], self._row_parts[count + 1 + a][None])) for a in moving]
        stack = scipy.sparse.csr_array(np.concatenate([constant, *(of_terms[a] for a in moving), *powers]))
        stack.resize((stack.shape[0], whole))
        driven = Driving(tuple(terms.drives[a] for a in moving), terms.stack[moving], self.start, self.stop)
        return SparseSum(driven, stack)

    def finite(self, found: FloatArray | ComplexArray) -> None:
        """Raise `ConvergenceError` if the solution has outgrown all bounds."""
        if not np.all(np.isfinite(found)):
            raise ConvergenceError(
                f"The state grew beyond all bounds between t = {self.start:.6g} and {self.stop:.6g}: the equations are unstable "
                "with these options."
            )

    @property
    def units(self) -> FloatArray:
        """What the components naturally are: one, and the energies that are summed the machine's scale of energy."""
        return np.concatenate([np.ones(self.size**2), np.full(self.equation.n_sums, self.equation.system.energy_scale)])


@dataclass(frozen=True)
class SparseSum:
    """L_0 + sum_a f_a(t) L_a + sum_a f_a'(t) L'_a, real.

    Parameters
    ----------
    driving : Driving
        Of f_a.
    stack : sparse matrix
        L_0, the L_a and the L'_a, one below the other.
    """

    driving: Driving
    stack: Any

    def __call__(self, times: FloatArray) -> Slope:
        """Return the function of k and y that is dy/dt at times[k]."""
        driving, size = self.driving, self.stack.shape[1]
        factors = np.concatenate([np.ones((len(times), 1)), driving.amounts(times), driving.slopes(times)], axis=1)
        return lambda k, y: factors[k] @ (self.stack @ y).reshape(-1, size)

    def size(self) -> float:
        """Return how many bytes it takes."""
        return float(self.stack.data.nbytes + self.stack.indices.nbytes + self.stack.indptr.nbytes)


def _diagonal(matrices: ComplexArray) -> ComplexArray:
    """Return matrices in their own eigenbasis without the rounding beside the diagonal."""
    return np.array([np.diag(np.real(np.diagonal(matrix))) for matrix in matrices], dtype=complex)
