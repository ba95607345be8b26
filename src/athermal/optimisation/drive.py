"""The best drive of a machine."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import scipy.optimize

from athermal import _validate
from athermal._types import FloatArray
from athermal._validate import as_study
from athermal.engine.progress import Progress, telling
from athermal.engine.run import run
from athermal.errors import AthermalError, StudyError, StudyInterrupted
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.maths.descent import descend
from athermal.optimisation.drive_gradient import DriveProblem, Objective
from athermal.optimisation.drive_parameters import StrokeForm
from athermal.optimisation.drive_space import DriveSpace, Free
from athermal.thermodynamics.ledger import Ledger

# A climb ends where no more than this part of its scale can be gained: what is less is rounding.
_ENOUGH = 1e-14
# How far a climb steps aside from a start that is flat, as part of the way to a random drive.
_ASIDE = 0.05
# How near a bound, in half ranges, counts as on it: steps end on the bounds, up to rounding.
_ACTIVE = 1e-9


@dataclass(frozen=True, eq=False)
class BestDrive:
    """The best drive that was found.

    Parameters
    ----------
    machine : Machine
        With the best drive in it.
    ledger : Ledger
        Its run.
    objective : str
    value, start_value : float
        The objective with the best drive, and with the drive that the machine came with (NaN if it is not defined there).
    parameters : (n,) array
    labels : tuple of str
        What each parameter is.
    optimality : float
        The largest derivative of the objective that no bound holds back, per half range of a parameter and relative to the
        largest that was met on the way up (or to the objective, if that is larger): zero at a local maximum. What is below the
        rounding of all energies counts as zero.
    history : (evaluations,) array
        The best value so far after each evaluation.
    starts : (starts,) array
        The best value from each start; NaN where none was defined.
    status : str
        How it ended.

    Examples
    --------
    >>> swap = at.library.two_qubit_swap(swap_angle=0.3)
    >>> best = at.best_drive(swap, {0: at.search.StrokeValues((0.0, 0.3), strokes=[0])}, starts=1)
    >>> round(best.value, 6), best.value > best.start_value
    (0.046241, True)
    """

    machine: Machine
    ledger: Ledger
    objective: str
    value: float
    start_value: float
    parameters: FloatArray
    labels: tuple[str, ...]
    optimality: float
    history: FloatArray
    starts: FloatArray
    status: str

    @property
    def n_evaluations(self) -> int:
        """How many runs, each with its gradient, it took."""
        return len(self.history)

    def __str__(self) -> str:
        """Return a short report."""
        name = self.objective.replace("_", " ")
        lines = [
            f"Best drive of {self.machine.name!r}: {name} {self.value:.9g}, from {self.start_value:.9g}",
            f"  {self.status}; {self.n_evaluations} evaluations, optimality {self.optimality:.1e}",
        ]
        if self.objective == "efficiency":
            lines.append(f"  Carnot {self.machine.carnot_efficiency:.6g}")
        width = max(len(label) for label in self.labels)
        lines += [f"  {label:<{width}}  {value:.9g}" for label, value in zip(self.labels, self.parameters, strict=True)]
        return "\n".join(lines)


def best_drive(
    machine: Machine,
    over: Free,
    cycles: int = 1,
    *,
    objective: Objective = "work_output",
    initial: InitialState | None = None,
    starts: int = 4,
    seed: int = 0,
    tolerance: float = 1e-6,
    max_evaluations: int = 200,
    progress: Progress = None,
) -> BestDrive:
    """Find the drive with the largest work output, efficiency or power.

    From several starts, a quasi-Newton method climbs along exact gradients (`drive_gradient`): sequential quadratic programming
    within the bounds, which hold for the drive at all times. What is found is a local maximum; more starts find better ones.

    Parameters
    ----------
    machine, over, cycles, objective, initial
        As in `drive_gradient`. The baths must have explicit modes.
    starts : int
        The first is the machine's own drive, if it is of this form and within the bounds, else the constant in the middle of the
        bounds; the others are random drives within the bounds.
    seed : int
        Of the random starts.
    tolerance : float
        The largest `optimality` of a maximum: a climb ends where it is met. The objective there falls short of the maximum by
        about its square, so that 1e-8, the square root of rounding, is the least that values can tell apart.
    max_evaluations : int
        Runs from each start, at most.
    progress : bool or callable, optional
        If left out, a bar with the rate and the time left, on a terminal or in a notebook, once it has lasted for a while.
        True: from the start, and lines on standard error elsewhere. False: nothing. A function is called as
        progress(finished, total), with numbers of starts.

    Returns
    -------
    BestDrive

    Raises
    ------
    StudyError
        If the drives cannot be varied so, or the objective is defined at none of the starts (an efficiency, if no work comes out
        of any drive found).
    StudyInterrupted
        On Ctrl-C; `.result` holds the best drive so far.

    References
    ----------
    M. J. D. Powell, in: Numerical Analysis, Lecture Notes in Mathematics 630, 144 (Springer, 1978).

    Examples
    --------
    >>> machine = at.library.two_oscillator(T_hot=2.4, modes=6)
    >>> contact = at.Machine(machine.subsystems, machine.reservoirs, [*machine.couplings[:-1], at.Exchange(("hot", "cold"), 0.1)],
    ...                      machine.period)
    >>> best = at.best_drive(contact, {("hot", "cold"): at.search.FourierSeries(harmonics=1, bounds=(-0.3, 0.3))}, starts=1)
    >>> bool(best.value > best.start_value)
    True
    """
    problem = DriveProblem.checked(machine, over, cycles, objective, initial)
    with as_study():
        starts = _validate.count(starts, "starts", "an optimisation")
        seed = _validate.count(seed, "seed", "an optimisation", least=0)
        max_evaluations = _validate.count(max_evaluations, "max_evaluations", "an optimisation")
        tolerance = _validate.positive(tolerance, "tolerance", "an optimisation")
    search = _Search(problem, tolerance, max_evaluations)
    try:
        with telling(progress, "start") as tell:
            generator = np.random.default_rng(seed)
            for k, point in enumerate(_starting_points(problem.space, starts, generator)):
                search.climb(point, aside=problem.space.random(generator))
                tell(k + 1, starts)
    except KeyboardInterrupt:
        done = len(search.reached)
        result = search.result(f"interrupted after {done} of {starts} starts") if search.has_found else None
        raise StudyInterrupted(
            f"The search for the best drive was interrupted after {done} of {starts} starts; `.result` of this exception holds "
            "the best so far.",
            result,
        ) from None
    if search.best is not None and not search.has_found:
        raise StudyError(
            "The efficiency of the best drive must be an engine's, but no drive found gives work: the nearest takes in "
            f'{-search.best.value:.3g} of what it uses. Change the bounds, or look for the most "work_output" first.'
        )
    if search.best is None:
        why = f" The last refusal: {search.refusals[-1]}" if search.refusals else ""
        raise StudyError(
            f"The {objective} must be defined for some drive within the bounds, but is at none of {starts} starts.{why} Change "
            "the bounds, the initial state or the objective, or try more `starts`."
        )
    return search.result(_status(search, starts))


def _starting_points(space: DriveSpace, starts: int, generator: np.random.Generator) -> list[FloatArray]:
    own = space.own
    first = own if own is not None and space.excess(own) <= 0.0 else space.middle
    return [first, *(space.random(generator) for _ in range(starts - 1))]


def _status(search: _Search, starts: int) -> str:
    failed = f"; {len(search.refusals)} drives cannot be run" if search.refusals else ""
    return f"{search.n_converged} of {starts} starts converged{failed}"


class _Spent(Exception):  # noqa: N818 - it ends a climb, it is no error
    """A climb has made all the runs that it may make."""


class _Converged(Exception):  # noqa: N818 - it ends a climb, it is no error
    """A climb has reached a maximum."""


class _Undefined(Exception):  # noqa: N818 - a climb steps back from it, it is no error
    """The objective is not defined here."""


@dataclass(frozen=True)
class _Best:
    """The best drive so far."""

    value: float
    parameters: FloatArray
    optimality: float


@dataclass
class _Search:
    """All climbs of one search, in parameters scaled to half ranges around the middle of the bounds."""

    problem: DriveProblem
    tolerance: float
    max_evaluations: int
    best: _Best | None = None
    history: list[float] = field(default_factory=list)
    reached: list[float] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    n_converged: int = 0
    scale: float = 1.0
    size: float = 1.0
    highest: float = -math.inf
    n_left: int = 0
    latest: tuple[FloatArray, float, FloatArray] | None = None

    def __post_init__(self) -> None:
        space = self.problem.space
        half = [np.full(s.form.n_parameters, 0.5 * (s.form.bounds[1] - s.form.bounds[0])) for s in space.slots]
        self.half, self.middle = np.concatenate(half), space.middle

    @property
    def has_found(self) -> bool:
        """Whether there is a drive at which the objective is defined."""
        return self.best is not None and self.problem.is_defined(self.best.value)

    def climb(self, start: FloatArray, aside: FloatArray) -> None:
        """Climb from one start to a local maximum, and keep what was best.

        Where the start is flat, which a minimum or a saddle is too, the climb begins a little towards `aside`.
        """
        self.highest, self.latest, self.n_left, self.size = -math.inf, None, self.max_evaluations, np.finfo(float).tiny
        point, away = ((parameters - self.middle) / self.half for parameters in (start, aside))
        try:
            gradient = self._evaluate(self._parameters(point))[1]
            if np.max(np.abs(gradient * self.half)) <= self.tolerance * self.size:
                point = point + _ASIDE * (away - point)
                self._evaluate(self._parameters(point))
            self.scale = self.size
            descend(self._loss, point, *self._bounds(), _ENOUGH)
        except _Converged:
            self.n_converged += 1
        except (_Undefined, _Spent):
            pass
        self.reached.append(self.highest if math.isfinite(self.highest) else math.nan)

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        """Return A and the room of |A x| <= room for the bounded values, in scaled parameters."""
        space, rows, room = self.problem.space, [], []
        for slot, piece in zip(space.slots, space.pieces, strict=True):
            block = np.zeros((len(slot.form.limits), space.n_parameters))
            block[:, piece] = slot.form.limits
            rows.append(block)
            room.append(np.full(len(block), slot.form.room))
        return np.concatenate(rows), np.concatenate(room)

    def _parameters(self, point: FloatArray) -> FloatArray:
        """Return the parameters of a scaled point, drawn to the middle by what rounding has put it beyond the bounds."""
        point = point.copy()
        for slot, piece in zip(self.problem.space.slots, self.problem.space.pieces, strict=True):
            largest = float(np.max(np.abs(slot.form.limits @ point[piece])))
            if largest > slot.form.room:
                point[piece] *= slot.form.room / largest
        parameters = self.middle + self.half * point
        for slot, piece in zip(self.problem.space.slots, self.problem.space.pieces, strict=True):
            if isinstance(slot.form, StrokeForm):
                parameters[piece] = np.clip(parameters[piece], *slot.form.bounds)  # middle + half range may round
        return parameters

    def _loss(self, point: FloatArray) -> tuple[float, FloatArray]:
        """Return what is to be made small; or raise `_Converged` at the maximum."""
        parameters = self._parameters(point)
        try:
            value, gradient = self._evaluate(parameters)
        except _Undefined:
            return math.inf, np.full(len(point), math.nan)
        if value >= self.highest and self.optimality(parameters, gradient) <= self.tolerance:
            raise _Converged
        return -value / self.scale, -gradient * self.half / self.scale

    def _evaluate(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Return value and gradient, and note them; or raise `_Undefined` or `_Spent`."""
        if self.latest is not None and np.array_equal(self.latest[0], parameters):
            return self.latest[1:]
        if not self.n_left:
            raise _Spent
        self.n_left -= 1
        try:
            value, gradient, rounded = self.problem.value_and_gradient(parameters)
        except AthermalError as error:  # a climb steps back from a drive that cannot be run, and the status tells of it
            self.refusals.append(str(error))
            raise _Undefined from error
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            self.refusals.append(f"the {self.problem.objective} is not defined: nothing was taken in.")
            raise _Undefined
        self.size = max(self.size, abs(value), float(np.max(np.abs(gradient * self.half))), rounded / self.tolerance)
        self.highest = max(self.highest, value)
        if self.best is None or value > self.best.value:
            self.best = _Best(value, parameters.copy(), self.optimality(parameters, gradient))
        self.latest = (parameters.copy(), value, gradient)
        self.history.append(self.best.value)
        return value, gradient

    def optimality(self, parameters: FloatArray, gradient: FloatArray) -> float:
        """Return the largest component of the scaled gradient that active bounds do not hold back."""
        space = self.problem.space
        point = (parameters - self.middle) / self.half
        normals: list[FloatArray] = []
        for slot, piece in zip(space.slots, space.pieces, strict=True):
            limits = slot.form.limits
            values = limits @ point[piece]
            active = np.flatnonzero(np.abs(values) >= slot.form.room - _ACTIVE)
            block = np.zeros((len(active), space.n_parameters))
            block[:, piece] = np.sign(values[active])[:, None] * limits[active]
            normals.extend(block)
        scaled = gradient * self.half / self.size
        if normals:
            held, _ = scipy.optimize.nnls(np.array(normals).T, scaled)
            scaled = scaled - np.array(normals).T @ held
        return float(np.max(np.abs(scaled)))

    def result(self, status: str) -> BestDrive:
        """Return the best drive found so far, with its ledger."""
        if self.best is None:
            raise StudyError("No drive has been found yet.")
        problem = self.problem
        machine = problem.space.with_parameters(self.best.parameters)[0]
        return BestDrive(
            machine,
            run(machine, problem.cycles, problem.initial),
            problem.objective,
            self.best.value,
            problem.value_of(problem.space.machine),
            self.best.parameters,
            problem.space.labels,
            self.best.optimality,
            np.array(self.history),
            np.array(self.reached),
            status,
        )
