"""How linear flows are integrated where their generator changes with time."""

from __future__ import annotations

import importlib
import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.integrate

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal.errors import ConvergenceError
from athermal.maths.runge_kutta import Slopes, Tableau, Tolerance, integrate

METHODS = ("dop853", "vern9", "vern7", "tsit5", "adams", "bdf", "lsoda")
"""Integrators: explicit Runge-Kutta methods, and multistep methods; "bdf" for stiff flows."""
_MULTISTEP = ("adams", "bdf")
# Their errors of many steps add up: the share of a tolerance that one step may take, which keeps the laws as well as the others.
_SHARE = 0.02
# A component below this part of what it naturally is may be off by the tolerance of one that is this large.
_FLOOR = 0.01
_TOO_SHORT = "its steps became too short or too many, as in stiff equations."


@dataclass(frozen=True)
class Integrator:
    """How a flow is integrated, never looking beyond the end of a stretch, where drives may have a kink.

    Parameters
    ----------
    method : str
        See `METHODS`.
    tolerance : float
        By how much a step may be off, relative to a component, or to a hundredth of what that naturally is, if larger.
    max_steps : int
        Of one stretch between two sampled instants.
    """

    method: str
    tolerance: float
    max_steps: int = 1_000_000

    def check(self, owner: str) -> None:
        """Raise `MachineError` for an option that it cannot have."""
        _validate.choice(self.method, "method", owner, METHODS)
        _validate.fraction(self.tolerance, "tolerance", owner, most=1e-3)

    @property
    def floor(self) -> float:
        """By how much a component may be off however small it is, in units of what it naturally is."""
        return _FLOOR * self.tolerance

    def states(self, slopes: Slopes, state: ComplexArray, times: FloatArray, units: FloatArray) -> Iterator[ComplexArray]:
        """Yield the states at all times but the first.

        Parameters
        ----------
        slopes : callable
            As for `athermal.maths.runge_kutta.integrate`.
        state : array
            At the first time.
        times : (n,) array
            Ascending; the first and the last are the ends of the stretch.
        units : array
            What the components naturally are, of the last axes of the state.

        Raises
        ------
        ConvergenceError
            If the integrator gives up.
        """
        try:
            if self.method == "lsoda":
                yield from self._lsoda(slopes, state, times, units)
            elif self.method in _MULTISTEP:
                yield from self._multistep(slopes, state, times, units)
            else:
                tolerance = Tolerance(self.tolerance, self.floor * units, self.max_steps)
                for low, high in itertools.pairwise(times):
                    state = integrate(slopes, state, low, high, _tableau(self.method), tolerance)
                    yield state
        except ConvergenceError as error:
            raise ConvergenceError(
                f"The integrator {self.method!r} gave up between t = {times[0]:.6g} and {times[-1]:.6g}: {error} Loosen "
                f"`tolerance`, or use another `method`: {', '.join(repr(name) for name in METHODS if name != self.method)}."
            ) from error

    def _multistep(self, slopes: Slopes, state: ComplexArray, times: FloatArray, units: FloatArray) -> Iterator[ComplexArray]:
        """Yield the states by ZVODE as QuTiP wraps it: its single steps end at the time asked for."""
        qutip = importlib.import_module("qutip")
        scaled = np.broadcast_to(units, state.shape).ravel()
        options = {"rtol": _SHARE * self.tolerance, "atol": _SHARE * self.floor, "nsteps": self.max_steps}
        solver = qutip.MESolver.avail_integrators()[self.method](_System(slopes, state.shape, scaled), options)
        try:
            with warnings.catch_warnings():  # what SciPy warns of is an error of QuTiP's
                warnings.simplefilter("ignore", UserWarning)
                solver.set_state(times[0], qutip.data.Dense((state.ravel() / scaled)[:, None]))
                for time in times[1:]:
                    for _ in range(self.max_steps):
                        reached, data = solver.mcstep(time)
                        if reached >= time:
                            break
                    else:
                        raise ConvergenceError(f"{self.max_steps} steps do not suffice.")
                    yield (scaled * data.to_array()[:, 0]).reshape(state.shape)
        except qutip.solver.integrator.IntegratorException as error:
            raise ConvergenceError(_TOO_SHORT) from error

    def _lsoda(self, slopes: Slopes, state: ComplexArray, times: FloatArray, units: FloatArray) -> Iterator[ComplexArray]:
        """Yield the states by SciPy's LSODA, which is told where to end."""
        scaled = np.broadcast_to(units, state.shape).ravel()

        def slope(time: float, real: FloatArray) -> FloatArray:
            inside = (scaled * real.view(complex)).reshape(state.shape)
            return (slopes(np.array([time]))(0, inside).ravel() / scaled).view(float)

        found = (np.asarray(state, dtype=complex).ravel() / scaled).view(float)
        for low, high in itertools.pairwise(times):
            solver = scipy.integrate.LSODA(slope, low, found, high, rtol=_SHARE * self.tolerance, atol=_SHARE * self.floor)
            for _ in range(self.max_steps):
                if solver.status != "running":
                    break
                solver.step()
            if solver.status != "finished":
                raise ConvergenceError(_TOO_SHORT)
            found = np.ascontiguousarray(solver.y)
            yield (scaled * found.view(complex)).reshape(state.shape)


@dataclass(frozen=True)
class _System:
    """What QuTiP's integrators ask of a system."""

    slopes: Slopes
    shape: tuple[int, ...]
    units: FloatArray

    def matmul_data(self, time: float, data: Any) -> Any:
        """Return L(t) y."""
        inside = (self.units * data.to_array()[:, 0]).reshape(self.shape)
        found = self.slopes(np.array([time]))(0, inside).ravel() / self.units
        return importlib.import_module("qutip").data.Dense(found[:, None])


def _tableau(method: str) -> Tableau:
    """Return an explicit method, SciPy's or QuTiP's."""
    if method == "dop853":
        return Tableau.dop853()
    held = importlib.import_module("qutip").MESolver.avail_integrators()[method].tableau
    stages = len(held["b"])
    return Tableau(held["a"][:stages, :stages], held["b"], held["c"][:stages], (held["e"],), int(held["order"]))
