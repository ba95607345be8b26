"""Linear flows: a state that obeys dv/dt = L(t) v, and what adds up on its way, by QuTiP's integrators.

Work and heat are integrals of linear functions of the state. They are carried as further components of it, so that they are
known to the integrator's own accuracy and take no sampling.
"""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import scipy.integrate
import scipy.sparse

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal.errors import ConvergenceError, MachineError
from athermal.machine.drive import Drive, Side

# How far from the ends of a stretch slopes are taken, in units of its length.
_INSIDE = 1e-9
METHODS = ("vern9", "vern7", "tsit5", "dop853", "adams", "bdf", "lsoda")
"""Integrators that a flow may use, QuTiP's and SciPy's; "bdf" for stiff flows."""
# Those that would step past a time and interpolate back over it, though drives may have a kink there.
# Their errors of many steps add up: the share of a tolerance that one step may take, which keeps the laws as well as the others.
_SHARE = 0.02
_TOO_SHORT = "its steps became too short or too many, as in stiff equations."
_INTERPOLATING, _MULTISTEP = ("vern7", "vern9", "tsit5"), ("adams", "bdf")


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


@dataclass(frozen=True)
class Integrator:
    """How a flow is integrated.

    Parameters
    ----------
    method : str
        One of QuTiP's: see `METHODS`.
    rtol, atol : float
        Relative and absolute tolerance of a step.
    max_steps : int
        Of one stretch between two sampled instants.
    """

    method: str
    rtol: float
    atol: float
    max_steps: int = 1_000_000

    def check(self, owner: str) -> None:
        """Raise `MachineError` for an option that it cannot have."""
        _validate.choice(self.method, "method", owner, METHODS)
        _validate.positive(self.rtol, "rtol", owner)
        _validate.positive(self.atol, "atol", owner)
        if self.rtol > 1e-3:
            raise MachineError(f"`rtol` of {owner} must be at most 0.001, but is {self.rtol}. Leave it out for the default.")

    def states(self, system: Any, states: ComplexArray, times: FloatArray) -> Iterator[ComplexArray]:
        """Yield the states at all times but the first, never looking at the system beyond the last.

        Raises
        ------
        ConvergenceError
            If the integrator gives up.
        """
        return (_lsoda if self.method == "lsoda" else _by_qutip)(self, system, states, times)

    def gave_up(self, times: FloatArray, why: str) -> ConvergenceError:
        """Return the error of an integrator that cannot go on."""
        return ConvergenceError(
            f"The integrator {self.method!r} gave up between t = {times[0]:.6g} and {times[-1]:.6g}: {why} Loosen `rtol`, or use "
            f"another `method`: {', '.join(repr(name) for name in METHODS if name != self.method)}."
        )


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
    dynamic : callable, optional
        A function of time that returns a further (size + n_sums, size + n_sums) matrix, for what is no such sum.
    """

    size: int
    n_sums: int
    dynamic: Callable[[float], Any] | None = None
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

    def system(self, start: float, stop: float) -> Any:
        """Return the generator on a stretch without breakpoints as a QobjEvo; what is constant there is one matrix."""
        qutip = _qutip()
        whole = self.size + self.n_sums
        constant, moving = scipy.sparse.csr_array((whole, whole), dtype=complex), []
        middle = np.array([0.5 * (start + stop)])
        for amount in self.terms:
            if amount is None or amount.is_constant(start, stop):
                factor = 1.0 if amount is None else float(np.real(amount.value(middle)[0]))
                constant = constant + factor * self._matrix(amount) if factor else constant
            else:
                moving.append([_qobj(self._matrix(amount)), _scalar(amount, start, stop)])
        parts: list[Any] = [_qobj(constant), *moving]
        system = qutip.QobjEvo(parts)
        if self.dynamic is not None:
            made = self.dynamic
            system = system + qutip.QobjEvo(lambda t: _qobj(made(min(max(t, start), stop))))
        return system

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
        ((final, _),) = self.path(state, np.array([start, stop]), integrator)
        return final[: self.size, 0], sums + np.real(final[self.size :, 0])

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
        system = self.system(float(times[0]), float(times[-1]))
        for time, found in zip(times[1:], integrator.states(system, states, times), strict=True):
            if not np.all(np.isfinite(found)):
                raise ConvergenceError(
                    f"The state grew beyond all bounds between t = {times[0]:.6g} and {times[-1]:.6g}: the equations are "
                    "unstable with these options."
                )
            yield found, _product(system, time, found)


def _product(system: Any, time: float, states: ComplexArray) -> ComplexArray:
    """Return L(t) v."""
    return np.asarray(system.matmul_data(time, _qutip().data.Dense(states)).to_array())


def _by_qutip(integrator: Integrator, system: Any, states: ComplexArray, times: FloatArray) -> Iterator[ComplexArray]:
    """Yield the states by one of QuTiP's integrators, each of which is kept from stepping beyond the last time in its own way."""
    qutip, method = _qutip(), integrator.method
    share = _SHARE if method in _MULTISTEP else 1.0
    options = {"rtol": share * integrator.rtol, "atol": share * integrator.atol, "nsteps": integrator.max_steps}
    if method in _INTERPOLATING:
        options["interpolate"] = False
    solver = qutip.MESolver.avail_integrators()[method](system, options)
    try:
        with warnings.catch_warnings():  # what SciPy warns of is an error of QuTiP's
            warnings.simplefilter("ignore", UserWarning)
            solver.set_state(times[0], qutip.data.Dense(states))
            for time in times[1:]:
                reached, data = times[0], None
                if method in _MULTISTEP:  # whose single steps end at the time asked for
                    for _ in range(integrator.max_steps):
                        reached, data = solver.mcstep(time)
                        if reached >= time:
                            break
                    else:
                        raise integrator.gave_up(times, f"{integrator.max_steps} steps do not suffice.")
                else:
                    _, data = solver.integrate(time)
                yield np.array(data.to_array())
    except qutip.solver.integrator.IntegratorException as error:
        raise integrator.gave_up(times, _TOO_SHORT) from error


def _lsoda(integrator: Integrator, system: Any, states: ComplexArray, times: FloatArray) -> Iterator[ComplexArray]:
    """Yield the states by SciPy's LSODA, which is told where to end."""

    def slope(time: float, real: FloatArray) -> FloatArray:
        return _product(system, time, real.view(complex).reshape(states.shape)).ravel().view(float)

    found = np.ascontiguousarray(states, dtype=complex)
    for low, high in itertools.pairwise(times):
        solver = scipy.integrate.LSODA(slope, low, found.ravel().view(float), high, rtol=integrator.rtol, atol=integrator.atol)
        for _ in range(integrator.max_steps):
            if solver.status != "running":
                break
            solver.step()
        if solver.status != "finished":
            raise integrator.gave_up(times, _TOO_SHORT)
        found = solver.y.view(complex).reshape(states.shape)
        yield found


def _qutip() -> Any:
    """Return QuTiP, imported when it is first used: it takes longer than all the rest."""
    return importlib.import_module("qutip")


def _qobj(matrix: Any) -> Any:
    """Return a sparse or dense matrix as QuTiP's."""
    qutip = _qutip()
    is_sparse = scipy.sparse.issparse(matrix)
    data = qutip.data.CSR(scipy.sparse.csr_matrix(matrix)) if is_sparse else qutip.data.Dense(matrix, copy=False)
    return qutip.Qobj(data, dims=[[matrix.shape[0]], [matrix.shape[1]]], copy=False)


def _scalar(amount: Amount, start: float, stop: float) -> Callable[[float], float]:
    """Return an amount as a function of one time, each end of a stretch seen from inside."""
    middle = 0.5 * (start + stop)
    if isinstance(amount, Slope):  # which has no sides: the next stroke's begins at the end of this one
        inside = _INSIDE * (stop - start)
        return lambda t: float(np.real(amount.value(np.array([min(max(t, start + inside), stop - inside)]))[0]))
    return lambda t: float(np.real(amount.value(np.array([t]), "left" if t > middle else "right")[0]))
