"""The generator of a master equation of weak coupling on a stretch without breakpoints, and its solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.flow import values_inside
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.solver import dense
from athermal.errors import ConvergenceError
from athermal.machine.drive import Drive
from athermal.machine.open_system import Bath, OpenSystem
from athermal.maths.block_exponential import AugmentedExponential
from athermal.maths.jumps import Dissipators, Eigenbasis, hermitian_basis, hermitian_coordinates, stacks
from athermal.maths.runge_kutta import Slope
from athermal.maths.superoperator import stacked, unstacked

_INSIDE = 1e-9


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
        return self.system.terms if self.is_global else self.system.own_terms

    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether the generator is constant on a stretch without breakpoints."""
        return self.system.drives.is_constant(start, stop)

    def is_static(self, start: float, stop: float) -> bool:
        """Tell whether the dissipators are constant on a stretch without breakpoints."""
        drives = [drive for drive, _ in self.reference] + [contact.drive for contact in self.system.contacts]
        return all(drive.is_constant(start, stop) for drive in drives)

    def on(self, start: float, stop: float) -> Stretch:
        """Return the generator on a stretch without breakpoints, in the basis in which it is simplest."""
        frame: ComplexArray | None = None
        if self.is_static(start, stop):
            terms = self.system.terms if self.is_constant(start, stop) else self.reference
            middle = np.array([0.5 * (start + stop)])
            frame = Eigenbasis.of(_combined(terms, middle, start, stop, self.system.dimension)).frame
        return Stretch(self, start, stop, frame)


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
        self._terms = [(drive, self._framed(whole)) for drive, whole in system.terms]
        self._reference = self._terms if equation.is_global else [(d, self._framed(k)) for d, k in system.own_terms]
        self._contacts = [
            (j, bath, [(contact.drive, self._framed(contact.lowering)) for contact in bath.contacts])
            for j, bath in enumerate(system.baths)
            if bath.contacts
        ]
        self._is_constant, self._is_static = equation.is_constant(start, stop), equation.is_static(start, stop)
        self._moving = [(drive, whole) for drive, whole in self._terms if not drive.is_constant(start, stop)]

    def _framed(self, operator: Any) -> ComplexArray:
        """Return an operator in the frame, what is Hermitian exactly so."""
        whole = dense(operator)
        if self.frame is None:
            return whole
        found = self.frame.conj().T @ whole @ self.frame
        return np.asarray(0.5 * (found + found.conj().T) if np.array_equal(whole, whole.conj().T) else found)

    def _sum(self, terms: Sequence[tuple[Drive, ComplexArray]], times: FloatArray) -> ComplexArray:
        return _combined(terms, times, self.start, self.stop, self.size)

    def __call__(self, times: FloatArray) -> Slope:
        """Return the function of k and y that is dy/dt at times[k]."""
        d, hamiltonians = self.size, self._sum(self._terms, times)
        if self._is_constant:  # and the frame its eigenbasis
            hamiltonians = _diagonal(hamiltonians)
        places, dissipators = self._dissipators(times, hamiltonians)
        drift = -1j * hamiltonians - sum((found.loss for found in dissipators), start=np.zeros((d, d)))
        rows = stacks(self._observables(times, hamiltonians, places, dissipators))

        def slope(k: int, y: ComplexArray) -> ComplexArray:
            flat = y[:, : d * d]
            states = flat.reshape(len(y), d, d)
            half = drift[k] @ states
            for found in dissipators:
                half = half + found.gain(k if len(found.loss) > 1 else 0, states)
            result = np.empty_like(y)
            result[:, : d * d] = (half + half.conj().transpose(0, 2, 1)).reshape(len(y), -1)
            result[:, d * d :] = (flat @ rows[k].T).real
            return result

        return slope

    def _dissipators(self, times: FloatArray, hamiltonians: ComplexArray) -> tuple[list[int], list[Dissipators]]:
        """Return the places of the baths that have contacts, and what they do; at one instant only if that stays the same."""
        if self._is_static:
            times = times[:1]
        if self.equation.is_global:
            reference = hamiltonians[: len(times)]
        else:
            reference = self._sum(self._reference, times)
            if self._is_static and not self._is_constant:  # and the frame its eigenbasis
                reference = _diagonal(reference)
        basis = Eigenbasis.of(reference)
        found = [self.equation.dissipation(self._sum(terms, times), basis, bath) for _, bath, terms in self._contacts]
        return [j for j, _, _ in self._contacts], found

    def _observables(
        self, times: FloatArray, hamiltonians: ComplexArray, places: list[int], dissipators: list[Dissipators]
    ) -> list[ComplexArray]:
        """Return what each sum grows by per unit time: work, heats, nothing for the contacts, quanta."""
        m, nothing = len(self.equation.system.baths), np.zeros((len(times), self.size, self.size), dtype=complex)
        found = [nothing] * self.equation.n_sums
        inside = np.clip(times, self.start + _INSIDE * (self.stop - self.start), self.stop - _INSIDE * (self.stop - self.start))
        for drive, whole in self._moving:
            found[0] = found[0] + np.real(drive.derivative(inside))[:, None, None] * whole
        for j, one in zip(places, dissipators, strict=True):
            found[1 + j] = one.heat(hamiltonians)
            if one.quanta is not None:
                found[1 + 2 * m + j] = nothing + one.quanta
        return found

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
        units = np.ones(y.shape[1])
        units[self.size**2 :] = self.equation.system.energy_scale
        (found,) = integrator.states(self, y, np.array([self.start, self.stop]), units)
        if not np.all(np.isfinite(found)):
            raise ConvergenceError(
                f"The state grew beyond all bounds between t = {self.start:.6g} and {self.stop:.6g}: the equations are unstable "
                "with these options."
            )
        return found

    def generator(self) -> ComplexArray:
        """Return dy/dt of each |a><b| (stacked by rows), where it is constant, as columns."""
        d = self.size
        y = np.zeros((d * d, d * d + self.equation.n_sums), dtype=complex)
        y[:, : d * d] = hermitian_basis(d).reshape(d * d, -1)
        images = self(np.array([0.5 * (self.start + self.stop)]))(0, y).reshape(d, d, -1)
        found = np.empty_like(images)
        for a in range(d):
            found[a, a] = images[a, a]
            for b in range(a):  # |a><b| = (S - i A)/2 with S = |a><b| + |b><a|, A = i(|a><b| - |b><a|)
                found[a, b] = 0.5 * (images[a, b] - 1j * images[b, a])
                found[b, a] = 0.5 * (images[a, b] + 1j * images[b, a])
        return found.reshape(d * d, -1).T


class Exact:
    """A stretch on which the generator is constant, by its exponential."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        whole, n = stretch.generator(), stretch.size**2
        unit = stretch.equation.system.energy_scale
        self._exponential = AugmentedExponential(whole[:n], whole[n:] / unit, stretch.stop - stretch.start)

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""
        stretch, d = self.stretch, self.stretch.size
        inside = stretch.into_frame(unstacked(vector)).ravel()
        after, added = self._exponential(inside)
        state = stretch.out_of_frame(after.reshape(d, d))
        return stacked(state), sums + stretch.equation.system.energy_scale * np.real(added)

    def size(self) -> float:
        """Return how many bytes it takes."""
        return self._exponential.size()


class Map:
    """A driven stretch of a small system as a linear map, the same in every cycle."""

    def __init__(self, stretch: Stretch, integrator: Integrator) -> None:
        self.stretch = stretch
        self._images = stretch.evolved(hermitian_basis(stretch.size), integrator)

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""
        stretch, d = self.stretch, self.stretch.size
        after = hermitian_coordinates(stretch.into_frame(unstacked(vector))) @ self._images
        state = stretch.out_of_frame(after[: d * d].reshape(d, d))
        return stacked(state), sums + np.real(after[d * d :])

    def size(self) -> float:
        """Return how many bytes it takes."""
        return float(self._images.nbytes)


class Driven:
    """A driven stretch, integrated anew for each state."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""
        stretch, d = self.stretch, self.stretch.size
        inside = stretch.into_frame(unstacked(vector))
        after = stretch.evolved(0.5 * (inside + inside.conj().T)[None], integrator)[0]
        state = stretch.out_of_frame(after[: d * d].reshape(d, d))
        return stacked(state), sums + np.real(after[d * d :])

    def size(self) -> float:
        """Return how many bytes it takes."""
        return 0.0


def _diagonal(matrices: ComplexArray) -> ComplexArray:
    """Return matrices in their own eigenbasis without the rounding beside the diagonal."""
    return np.array([np.diag(np.real(np.diagonal(matrix))) for matrix in matrices], dtype=complex)


def _combined(terms: Sequence[tuple[Drive, Any]], times: FloatArray, start: float, stop: float, size: int) -> ComplexArray:
    """Return sum_a f_a(t) K_a at times of a stretch, shape (T, d, d)."""
    if not terms:
        return np.zeros((len(times), size, size), dtype=complex)
    amounts = np.stack([values_inside(drive, times, start, stop) for drive, _ in terms], axis=-1)
    return np.asarray(np.tensordot(amounts, np.array([dense(whole) for _, whole in terms]), axes=1))
