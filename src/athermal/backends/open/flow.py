"""Linear flows: a state that obeys dv/dt = L(t) v, and what adds up on its way.

Work and heat are integrals of linear functions of the state. They are carried as further components of it, so that they are
known to the integrator's own accuracy and take no sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.integrator import Integrator
from athermal.errors import ConvergenceError
from athermal.machine.drive import Drive, Side
from athermal.maths.runge_kutta import Slope as Function

# How far from the ends of a stretch slopes are taken, in units of its length.
_INSIDE = 1e-9


class Amount(Protocol):
    """A number that depends on time, such as a drive."""

    def value(self, times: FloatArray, side: Side = "right") -> Any:
        """Return the value at an array of times."""

    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether it is constant on a stretch without breakpoints."""


@dataclass(frozen=True)
class Slope:
    """The time derivative of a drive, as an amount."""

    drive: Drive

    def value(self, times: FloatArray, side: Side = "right") -> Any:
        """Return df/dt."""
        _ = side
        return self.drive.derivative(times)

    def is_constant(self, start: float, stop: float) -> bool:
        """Tell whether the drive is constant, and so its slope zero."""
        return self.drive.is_constant(start, stop)


class Carrier(Protocol):
    """Whatever carries a state, and what adds up on its way, through a stretch without breakpoints."""

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""


@dataclass
class Flow:
    """dv/dt = sum_a f_a(t) L_a v and ds_k/dt = sum_a f_a(t) l_ka . v.

    Parameters
    ----------
    size, n_sums : int
        The length of v and of s.
    unit : float
        What a sum naturally is: an energy of the machine.
    """

    size: int
    n_sums: int
    unit: float = 1.0
    terms: dict[Amount | None, list[Any]] = field(default_factory=dict)

    def add(self, matrix: Any, amount: Amount | None = None) -> None:
        """Add f(t) L to the generator; f = 1 if left out."""
        entries = scipy.sparse.coo_array(matrix)
        self._add(entries.data, entries.row, entries.col, amount)

    def add_sum(self, k: int, row: ComplexArray, amount: Amount | None = None) -> None:
        """Add f(t) l . v to what makes up the k-th sum."""
        columns = np.flatnonzero(row)
        self._add(row[columns], np.full(len(columns), self.size + k), columns, amount)

    def _add(self, values: Any, rows: Any, columns: Any, amount: Amount | None) -> None:
        whole = self.size + self.n_sums
        self.terms.setdefault(amount, []).append(scipy.sparse.coo_array((values, (rows, columns)), shape=(whole, whole)))

    def _matrix(self, amount: Amount | None) -> Any:
        """Return the sum of the terms of one amount, summed once."""
        held = self.terms[amount]
        if len(held) > 1 or not isinstance(held[0], scipy.sparse.csr_array):
            self.terms[amount] = held = [scipy.sparse.csr_array(sum(held[1:], start=held[0].tocsr()), dtype=complex)]
        return held[0]

    def generator(self, start: float, stop: float) -> Generator:
        """Return the generator on a stretch without breakpoints; what is constant there is one matrix."""
        whole = self.size + self.n_sums
        constant, moving = scipy.sparse.csr_array((whole, whole), dtype=complex), []
        middle = np.array([0.5 * (start + stop)])
        for amount in self.terms:
            if amount is None or amount.is_constant(start, stop):
                factor = 1.0 if amount is None else float(np.real(amount.value(middle)[0]))
                constant = constant + factor * self._matrix(amount) if factor else constant
            else:
                moving.append(amount)
        matrices = [constant, *(self._matrix(amount) for amount in moving)]
        return Generator(start, stop, tuple(moving), scipy.sparse.vstack(matrices, format="csr"))

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return v and s at the end of a stretch without breakpoints.

        Raises
        ------
        ConvergenceError
            If the integrator gives up.
        """
        state = np.concatenate([vector, np.zeros(self.n_sums)])[:, None]
        if (still := self._unmoved(state, start, stop, integrator)) is not None:
            return still[: self.size, 0], sums + np.real(still[self.size :, 0])
        ((final, _),) = self.path(state, np.array([start, stop]), integrator)
        return final[: self.size, 0], sums + np.real(final[self.size :, 0])

    def _unmoved(self, state: ComplexArray, start: float, stop: float, integrator: Integrator) -> ComplexArray | None:
        """Return what a state becomes that a constant generator moves by less than the integrator may be off, None of others."""
        if not all(amount is None or amount.is_constant(start, stop) for amount in self.terms):
            return None
        moved = (stop - start) * self.generator(start, stop)(np.array([0.5 * (start + stop)]))(0, state)
        largest = float(np.max(np.abs(state[: self.size])))
        is_still = float(np.max(np.abs(moved[: self.size]))) <= integrator.floor * largest
        return np.asarray(state + moved) if is_still else None

    def path(
        self, states: ComplexArray, times: FloatArray, integrator: Integrator
    ) -> Iterator[tuple[ComplexArray, ComplexArray]]:
        """Yield v with s below it, and their time derivatives, at times of a stretch without breakpoints, its start left out.

        Parameters
        ----------
        states : (size + n_sums, k) array
            Of any number of flows, at the first time.
        times : (n,) array
            Ascending; the first and the last are the ends of the stretch.
        """
        generator = self.generator(float(times[0]), float(times[-1]))
        units = np.concatenate([np.ones(self.size), np.full(self.n_sums, self.unit)])[:, None]
        for time, found in zip(times[1:], integrator.states(generator, states, times, units), strict=True):
            if not np.all(np.isfinite(found)):
                raise ConvergenceError(
                    f"The state grew beyond all bounds between t = {times[0]:.6g} and {times[-1]:.6g}: the equations are "
                    "unstable with these options."
                )
            yield found, generator(np.array([time]))(0, found)


@dataclass(frozen=True)
class Generator:
    """L(t) = L_0 + sum_a f_a(t) L_a on a stretch without breakpoints.

    Parameters
    ----------
    start, stop : float
    amounts : tuple of Amount
    matrices : sparse matrix
        L_0 and the L_a, one below the other.
    """

    start: float
    stop: float
    amounts: tuple[Amount, ...]
    matrices: Any

    def __call__(self, times: FloatArray) -> Function:
        """Return the function of k and y that is L(t_k) y."""
        factors = np.array([values_inside(amount, times, self.start, self.stop) for amount in self.amounts])
        whole = self.matrices.shape[1]

        def slope(k: int, state: ComplexArray) -> ComplexArray:
            products = self.matrices @ state
            found = products[:whole]
            for a in range(len(self.amounts)):
                found = found + factors[a, k] * products[(a + 1) * whole : (a + 2) * whole]
            return np.asarray(found)

        return slope


def values_inside(amount: Amount, times: FloatArray, start: float, stop: float) -> FloatArray:
    """Return an amount at times of a stretch, its ends seen from inside."""
    middle = 0.5 * (start + stop)
    if isinstance(amount, Slope):  # which has no sides: the next stroke's begins at the end of this one
        inside = _INSIDE * (stop - start)
        return np.real(np.asarray(amount.value(np.clip(times, start + inside, stop - inside))))
    late = times > middle
    if not np.any(late):
        return np.real(np.asarray(amount.value(times, "right")))
    if np.all(late):
        return np.real(np.asarray(amount.value(times, "left")))
    return np.real(np.where(late, amount.value(times, "left"), amount.value(times, "right")))
