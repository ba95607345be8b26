"""How an optimum is searched for: each method owns its options."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy.optimize import Bounds, NonlinearConstraint, differential_evolution, minimize
from scipy.stats import qmc

from athermal import _validate
from athermal._validate import as_study, suggest
from athermal.errors import StudyError
from athermal.optimisation.evaluation import Evaluation, Evaluator
from athermal.optimisation.parameter_space import Coordinates, Space

Status = Literal["converged", "finished", "stopped", "interrupted"]

# Starting points are looked for among so many for each that is wanted.
_TRIES = 16
_FIRST_RADIUS, _REFINING_RADIUS = 0.2, 0.02
# The violation that a method sees where a number is undefined: worse than any missed constraint.
UNDEFINED = 1e30


@dataclass(frozen=True)
class Ending:
    """How a search ended."""

    status: Status
    message: str


class Method(ABC):
    """A way to search."""

    @property
    def n_workers(self) -> int:
        """How many points are run side by side."""
        return 1

    @abstractmethod
    def check(self, space: Space, n_objectives: int) -> None:
        """Raise `StudyError` if this method cannot do what is asked."""

    @abstractmethod
    def expected(self, space: Space) -> int:
        """Return about how many runs a search takes."""

    @abstractmethod
    def search(self, evaluator: Evaluator, seed: int) -> Ending:
        """Search; what is found is kept by the evaluator."""


class _CarriedError(Exception):
    """An error on its way through SciPy."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Local(Method):
    """Go uphill from a few starting points, without derivatives, as far as the constraints allow.

    Quadratic models of objective and constraints within a trust region (COBYQA). For numbers within bounds; the first start is
    the middle of the bounds, or `start`, the others are spread evenly.

    Parameters
    ----------
    starts : int
        How many searches are made.
    tolerance : float
        The radius, in units of the bounds' width, down to which a search is refined.
    start : mapping of str to float, optional
        Where the first search starts; what it leaves out starts in the middle.

    References
    ----------
    T. M. Ragonneau, Z. Zhang, "COBYQA", https://www.cobyqa.com; T. M. Ragonneau, PhD thesis, The Hong Kong Polytechnic
    University (2022).

    Examples
    --------
    >>> import athermal as at
    >>> method = Local(starts=1, tolerance=1e-3)
    >>> best = at.optimise("two_qubit_swap", "work_output", over={"swap_angle": (0.5, 2.5)}, cycles=1, method=method)
    >>> round(best.parameters["swap_angle"], 2)
    1.57
    """

    starts: int = 3
    tolerance: float = 1e-6
    start: Mapping[str, float] | None = field(default=None)

    def __post_init__(self) -> None:
        with as_study():
            _validate.count(self.starts, "starts", "Local")
        _check_tolerance(self.tolerance, "Local", most=_FIRST_RADIUS)
        if not (self.start is None or isinstance(self.start, Mapping)):
            raise StudyError(f'`start` of Local must name parameters, as {{"coupling": 0.1}} does, but is {self.start!r}.')

    def check(self, space: Space, n_objectives: int) -> None:
        _one_objective(n_objectives, "Local")
        if space.discrete:
            raise StudyError(
                f"Local() cannot vary {', '.join(map(repr, space.discrete))}: whole numbers and choices have no slope. Use "
                "method=Global() or Optuna(), or give bounds with a decimal point, (10.0, 20.0), for a number of any value."
            )
        self._first(space)

    def expected(self, space: Space) -> int:
        return self.starts * 20 * (len(space.names) + 1)

    def search(self, evaluator: Evaluator, seed: int) -> Ending:
        starts = self._starts(evaluator, seed)
        if not starts:
            evaluator.refuse_undefined()
        free = tuple(range(len(evaluator.problem.space.names)))
        ended = [refine(evaluator, start, free, _FIRST_RADIUS, self.tolerance) for start in starts]
        message = f"{sum(ended)} of {len(starts)} local searches converged."
        return Ending("converged" if any(ended) else "finished", message)

    def _first(self, space: Space) -> Coordinates:
        if self.start is None:
            return (0.5,) * len(space.names)
        for name in self.start:
            if name not in space.names:
                raise StudyError(f"`start` of Local names {name!r}, which is not varied.{suggest(str(name), space.names)}")
        start = self.start
        return tuple(_coordinate(name, p, start[name]) if name in start else 0.5 for name, p in space.parameters.items())

    def _starts(self, evaluator: Evaluator, seed: int) -> list[Coordinates]:
        """Return starting points at which every number is defined."""
        space = evaluator.problem.space
        found: list[Coordinates] = []
        spread = qmc.Sobol(len(space.names), rng=np.random.default_rng(seed))
        for k in range(_TRIES * self.starts):
            place = space.spread(spread.random(1)[0]) if k else self._first(space)
            if evaluator.at(place).is_defined:
                found.append(place)
            if len(found) == self.starts:
                break
        return found


@dataclass(frozen=True)
class Global(Method):
    """Search all of the space by differential evolution, then refine the best point.

    For any mix of numbers, whole numbers and choices; the refinement moves the numbers only. Points that miss a constraint are
    compared by how far they miss it.

    Parameters
    ----------
    population : int
        Points for each parameter; in all they are rounded up to a power of two.
    generations : int
        At most.
    tolerance : float
        The search ends when the spread of the objective over the population is below this part of its mean.
    refine : bool
        Whether the best point is refined by a local search.
    workers : int
        Processes that run the points of a generation side by side; their number does not change the result.

    References
    ----------
    R. Storn, K. Price, J. Global Optim. 11, 341 (1997); constraints: J. Lampinen, Proc. Congress on Evolutionary Computation,
    1468 (2002).

    Examples
    --------
    >>> import athermal as at
    >>> best = at.optimise(
    ...     at.library.two_oscillator, "work_output", over={"modes": (5, 7)}, cycles=1, method=Global(population=5, generations=2)
    ... )
    >>> best.parameters["modes"] in (5, 6, 7)
    True
    """

    population: int = 10
    generations: int = 100
    tolerance: float = 1e-2
    refine: bool = True
    workers: int = 1

    def __post_init__(self) -> None:
        for name in ("population", "generations", "workers"):
            with as_study():
                _validate.count(getattr(self, name), name, "Global")
        _check_tolerance(self.tolerance, "Global", most=1.0)

    @property
    def n_workers(self) -> int:
        return self.workers

    def check(self, space: Space, n_objectives: int) -> None:
        _one_objective(n_objectives, "Global")

    def expected(self, space: Space) -> int:
        individuals = 1 << (self.population * len(space.names) - 1).bit_length()
        return individuals * (min(self.generations, 20) + 1)

    def search(self, evaluator: Evaluator, seed: int) -> Ending:
        try:
            found = self._evolved(evaluator, seed)
        except _CarriedError as carried:
            raise carried.error from carried.error.__cause__
        free = tuple(k for k, p in enumerate(evaluator.problem.space.parameters.values()) if not p.is_discrete)
        if self.refine and free and evaluator.at(found.x).is_defined:
            refine(evaluator, tuple(map(float, found.x)), free, _REFINING_RADIUS, 1e-6)
        how = "converged" if found.success else "reached its last generation"
        return Ending(
            "converged" if found.success else "finished", f"Differential evolution {how} after {found.nit} generations."
        )

    def _evolved(self, evaluator: Evaluator, seed: int) -> Any:
        """Return what SciPy's differential evolution finds."""
        parameters = evaluator.problem.space.parameters.values()

        def found(places: Any) -> list[Evaluation]:
            """Return what is found at the columns of an array, one generation, run side by side."""
            try:
                return evaluator.many(list(np.reshape(places, (len(parameters), -1)).T))
            except (TypeError, ValueError) as error:  # SciPy takes them for its own
                raise _CarriedError(error) from error

        def missed(places: Any) -> Any:
            violations = np.array([[min(entry.violation, UNDEFINED) for entry in found(places)]])
            return violations if np.ndim(places) > 1 else violations[:, 0]

        within = NonlinearConstraint(missed, -np.inf, 0.0)
        return differential_evolution(
            lambda places: np.array([evaluator.cost(entry) for entry in found(places)]),
            bounds=[(p.first, p.last) for p in parameters],
            integrality=[p.is_discrete for p in parameters],
            constraints=(within,) if evaluator.problem.constraints else (),
            popsize=self.population,
            maxiter=self.generations,
            tol=self.tolerance,
            init="sobol",
            updating="deferred",
            vectorized=True,
            polish=False,
            rng=np.random.default_rng(seed),
        )


def refine(evaluator: Evaluator, start: Coordinates, free: Sequence[int], radius: float, tolerance: float) -> bool:
    """Search locally from a point, moving the coordinates `free` (numbers within bounds); say whether it converged."""
    problem, begin = evaluator.problem, evaluator.at(start)
    first, n_objectives = evaluator.cost(begin), len(problem.objectives)
    unit = max(abs(first), begin.sizes[0]) or 1.0  # the method works in numbers of order one
    costs, sizes = [first / unit], begin.sizes[n_objectives:]

    def there(moved: Any) -> Evaluation:
        place = list(start)
        for k, x in zip(free, moved, strict=True):
            place[k] = min(max(float(x), 0.0), 1.0)
        return evaluator.at(place)

    def cost(moved: Any) -> float:
        found = evaluator.cost(there(moved)) / unit
        if math.isinf(found):  # beyond the worst that was seen: a hill, but no cliff that would spoil the quadratic model
            worst, best = max(costs), min(costs)
            return worst + max(worst - best, 0.1 * abs(worst))
        costs.append(found)
        return found

    def margins(moved: Any) -> list[float]:
        found = there(moved)
        held = zip(problem.constraints, found.constrained, sizes, strict=True)
        return [m if found.is_defined else 0.0 for entry, value, size in held for m in entry.margins(value, size)]

    width = len(free)
    result = minimize(
        cost,
        [start[k] for k in free],
        method="COBYQA",
        bounds=Bounds(np.zeros(width), np.ones(width)),
        constraints=[NonlinearConstraint(margins, 0.0, np.inf)] if problem.constraints else [],
        options={"initial_tr_radius": radius, "final_tr_radius": min(tolerance, radius)},
    )
    return bool(result.success)


def _coordinate(name: str, parameter: Any, value: Any) -> float:
    """Return the coordinate of a number within its bounds, or raise `StudyError`."""
    with as_study():
        number = _validate.real(value, f"start[{name!r}]", "Local")
    if not parameter.low <= number <= parameter.high:
        raise StudyError(f"`start[{name!r}]` of Local must lie within the bounds {parameter.describe()}, but is {number:g}.")
    return float((number - parameter.low) / (parameter.high - parameter.low))


def _check_tolerance(value: Any, owner: str, most: float) -> None:
    with as_study():
        _validate.positive(value, "tolerance", owner)
    if value > most:
        raise StudyError(f"`tolerance` of {owner} must be at most {most:g}, but is {value!r}.")


def _one_objective(n_objectives: int, method: str) -> None:
    if n_objectives > 1:
        raise StudyError(f"{method}() searches for the best of one objective, but {n_objectives} are given. Use method=Optuna().")
