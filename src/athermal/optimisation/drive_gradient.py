"""An objective of a run and its exact gradient in the parameters of the drives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal._validate import as_study
from athermal.errors import StudyError
from athermal.machine.drive import Drive
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.optimisation.drive_slopes import Response, slope
from athermal.optimisation.drive_space import DriveSpace, Free
from athermal.optimisation.finite_adjoint import FiniteAdjoint
from athermal.optimisation.gaussian_adjoint import GaussianAdjoint

Objective = Literal["work_output", "efficiency", "power"]
OBJECTIVES = ("work_output", "efficiency", "power")


class Adjoint(Protocol):
    """One run: the changes of all energies, and their response to the strengths of the terms."""

    @property
    def changes(self) -> FloatArray:
        """dU_i of every subsystem and Q_j of every reservoir over the run."""

    @property
    def resolution(self) -> float:
        """Below which a change of an energy is rounding."""

    def response(self, slopes: FloatArray) -> Response:
        """Return the response of J with dJ = sum_k slopes_k d(changes)_k."""


# By family: what runs a machine and knows the adjoint of the run.
_ADJOINTS: dict[str, Callable[..., Adjoint]] = {"harmonic": GaussianAdjoint, "finite": FiniteAdjoint}


@dataclass(frozen=True)
class DriveProblem:
    """What is to be made large, as a function of the parameters of the drives.

    Parameters
    ----------
    space : DriveSpace
    cycles : int
    objective : {"work_output", "efficiency", "power"}
    initial : InitialState
    """

    space: DriveSpace
    cycles: int
    objective: Objective
    initial: InitialState

    @classmethod
    def checked(cls, machine: Machine, over: Free, cycles: int, objective: str, initial: InitialState | None) -> DriveProblem:
        """Return the problem, or raise `StudyError` if it cannot be done as asked."""
        space = DriveSpace(machine, over)
        if machine.family.name not in _ADJOINTS:
            raise StudyError(
                f"The drive of a machine of {machine.family.words} cannot be optimised by gradients, which need the state of the "
                "whole. Search its parameters with `optimise`, or give every bath modes of its own."
            )
        initial = machine.initial if initial is None else initial
        if not isinstance(initial, InitialState):
            raise StudyError(f"`initial` must be an initial state such as ProductThermal(), but is {initial!r}.")
        with as_study():
            cycles = _validate.count(cycles, "cycles", "an optimisation")
            _validate.choice(objective, "objective", "an optimisation", OBJECTIVES)
        if space.machine.renewed_names:
            raise StudyError(
                f"The gradient of a run needs reservoirs that last, but {space.machine.renewed_names[0]!r} is renewed. Use "
                "`optimise`, which runs the machine."
            )
        return cls(space, cycles, objective, initial)  # type: ignore[arg-type]

    @property
    def adjoint(self) -> Callable[..., Adjoint]:
        """Return what runs a machine of this family, and knows the adjoint of the run."""
        return _ADJOINTS[self.space.machine.family.name]

    def value_and_gradient(self, parameters: FloatArray) -> tuple[float, FloatArray, float]:
        """Return the objective, its gradient and below which it is rounding; NaN where nothing is taken in."""
        machine, drives = self.space.with_parameters(parameters)
        slots = self.space.slots
        knots = sorted({knot for slot in slots for knot in slot.form.knots(machine.period)})
        bandwidth = max(slot.bandwidth for slot in slots)
        adjoint = self.adjoint(machine, self.initial, self.cycles, drives, knots, bandwidth)
        value, slopes = self._objective(adjoint)
        rounded = adjoint.resolution * float(np.max(np.abs(slopes)))
        if not np.isfinite(value):
            return value, np.full(len(parameters), np.nan), rounded
        drives_of_terms = [term.drive for term in machine.hamiltonian.terms]
        return value, self._gradient(adjoint.response(slopes), drives, drives_of_terms), rounded

    def value_of(self, machine: Machine) -> float:
        """Return the objective of a machine; NaN where it is not defined."""
        value = self._objective(self.adjoint(machine, self.initial, self.cycles, (), (), 0.0))[0]
        return value if self.is_defined(value) else float("nan")

    def is_defined(self, value: float) -> bool:
        """Return whether a value is one of the objective: an efficiency is an engine's."""
        return bool(np.isfinite(value)) and (self.objective != "efficiency" or value > 0.0)

    def _objective(self, adjoint: Adjoint) -> tuple[float, FloatArray]:
        """Return the objective as a function of dU_i and Q_j, and its derivatives.

        -W = -sum_i dU_i - sum_j Q_j by the first law (S1); the efficiency is -W/(Q_in + dU_in) (S15), with the intake the sum of
        what is negative, here whatever the sign of W, so that a search may start where no work comes out.
        """
        changes = adjoint.changes
        output = -float(np.sum(changes))
        ones = np.ones(len(changes))
        if self.objective == "work_output":
            return output, -ones
        if self.objective == "power":
            duration = self.cycles * self.space.machine.period
            return output / duration, -ones / duration
        gave = changes < 0.0
        intake = -float(np.sum(changes[gave]))
        if intake <= adjoint.resolution:
            return float("nan"), np.full(len(changes), np.nan)
        return output / intake, -ones / intake + (output / intake**2) * gave

    def _gradient(self, response: Response, drives: Sequence[Drive], term_drives: Sequence[Drive]) -> FloatArray:
        """Return dJ/dp_k = sum_a [integral c_a (ds_a/df) phi_k dt + boundary_a (ds_a/df) phi_k at time zero]."""
        parts = []
        zero = np.zeros(1)
        for slot, drive in zip(self.space.slots, drives, strict=True):
            pull, start = np.zeros(len(response.times)), 0.0
            for k, a in enumerate(response.terms):
                pull = pull + response.rates[:, k] * slope(term_drives[a], drive, response.times)
                start += float(response.boundary[k] * slope(term_drives[a], drive, zero)[0])
            gradient = (pull * response.weights) @ slot.form.weights(response.times)
            parts.append(gradient + start * slot.form.weights(zero)[0])
        return np.concatenate(parts)


def drive_gradient(
    machine: Machine,
    over: Free,
    cycles: int = 1,
    *,
    objective: Objective = "work_output",
    initial: InitialState | None = None,
    parameters: Sequence[float] | FloatArray | None = None,
) -> tuple[float, FloatArray]:
    """Return an objective of a run and its exact gradient in the parameters of the drives.

    One run forward and one adjoint pass give the derivative with respect to every drive at every time, c_a(t) for each term
    f_a(t) K_a of H: dJ = sum_a integral c_a(t) df_a(t) dt, with c_a = -i tr(Lambda [K_a, rho]) and Lambda the adjoint state,
    which obeys the von Neumann equation backwards from dJ/drho. The parameters enter by quadrature: their number costs nothing.
    The start is differentiated too: thermal states depend on the Hamiltonian at time zero, charged ones on the whole cycle.

    Parameters
    ----------
    machine : Machine
    over : mapping
        Which drives are free, and how: the name of a part (its frequency), the names of the parts of a coupling or its position
        in `machine.couplings` (its strength), to `StrokeValues` or `FourierSeries`.
    cycles : int
    objective : {"work_output", "efficiency", "power"}
        Over all cycles together: -W; -W/(Q_in + dU_in) (S15); -W/(cycles x period). Where a reservoir or subsystem is between
        giving and taking the efficiency has a kink; the derivative is then that of the side it is on.
    initial : initial state, optional
        The machine's own if left out.
    parameters : sequence of float, optional
        Where: slot by slot, stroke values or (a_0, a_1, b_1, ...); the machine's own drives if left out.

    Returns
    -------
    (float, (n,) array)

    Raises
    ------
    StudyError
        If the drives cannot be varied so, or the objective is not defined (an efficiency where no work comes out).

    References
    ----------
    N. Khaneja et al., J. Magn. Reson. 172, 296 (2005), for the adjoint of propagators.

    Examples
    --------
    >>> machine = at.library.two_qubit_swap()
    >>> value, gradient = at.search.drive_gradient(machine, {0: at.search.StrokeValues(bounds=(0.0, 2.0))})
    >>> gradient.shape
    (2,)
    """
    problem = DriveProblem.checked(machine, over, cycles, objective, initial)
    value, gradient, _ = problem.value_and_gradient(problem.space.checked(parameters))
    if not np.isfinite(value):
        raise StudyError(f"The {objective} is not defined here: neither reservoirs nor subsystems gave any energy.")
    if not problem.is_defined(value):
        raise StudyError(
            f"The {objective} is not defined here: it is an engine's, and this machine takes work in. Take the gradient of "
            '"work_output", or another drive.'
        )
    return value, gradient


def with_drive(machine: Machine, over: Free, parameters: Sequence[float] | FloatArray) -> Machine:
    """Return the machine with the drives that some parameters stand for.

    Oscillators keep the reference frequency w0 that they have in `machine`, so that the scale of their quadratures, and with it
    their couplings, do not change with the drive.

    Parameters
    ----------
    machine, over, parameters
        As in `drive_gradient`.

    Examples
    --------
    >>> machine = at.library.otto(modes=4)
    >>> free = {"working": at.search.StrokeValues(bounds=(0.5, 3.0))}
    >>> at.search.with_drive(machine, free, [1.0, 2.5]).part("working").frequency.values
    (1.0, 2.5)
    """
    space = DriveSpace(machine, over)
    return space.with_parameters(space.checked(parameters))[0]
