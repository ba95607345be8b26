"""The points that an optimisation tries: each is run once, measured, and kept; the best keep their ledgers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from athermal.errors import AthermalError, StudyError
from athermal.maths.pareto import pareto_points
from athermal.optimisation.objective import Constraint, Measure
from athermal.optimisation.parameter_space import Coordinates, Space
from athermal.study.design import Point
from athermal.study.execution import Executor, Outcome
from athermal.study.record import decode
from athermal.study.subject import Subject
from athermal.study.task import Task, execute
from athermal.thermodynamics.ledger import Ledger

# A search that has met no defined point in so many is given up.
HOPELESS = 32

Report = Callable[[int, int, float | None], None]
"""Called after each run with the number of runs, about how many there will be, and the best value of the first objective."""


class Exhausted(Exception):  # noqa: N818  not an error: the end of a search that was given so many runs
    """All runs that a search may make are made."""


@dataclass(frozen=True)
class Problem:
    """What is to be optimised.

    Parameters
    ----------
    subject : Subject
    space : Space
    objectives : tuple of measures
    maximise : tuple of bool
        For each objective, whether it is to be large.
    constraints : tuple of Constraint
    seed : int
    """

    subject: Subject
    space: Space
    objectives: tuple[Measure, ...]
    maximise: tuple[bool, ...]
    constraints: tuple[Constraint, ...]
    seed: int

    def costs(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return objectives with the sign that makes less better."""
        return tuple(-value if up else value for value, up in zip(values, self.maximise, strict=True))


@dataclass(frozen=True)
class Evaluation:
    """One point that was tried.

    Parameters
    ----------
    index : int
    point : dict
    values, constrained : tuple of float
        The objectives and the constrained numbers; NaN where they are not known.
    sizes : tuple of float
        What is much of each of them in this run: see `Objective.size`.
    status : {"feasible", "infeasible", "undefined", "failed"}
        "infeasible": it misses a constraint. "undefined": one of the numbers is. "failed": the machine cannot exist, or its
        run could not be finished.
    violation : float
        The largest miss of a constraint, in units of its bounds; inf if undefined or failed.
    reason : str
        Why it is undefined or failed.
    warnings : tuple of str
    """

    index: int
    point: Point
    values: tuple[float, ...]
    constrained: tuple[float, ...]
    status: Literal["feasible", "infeasible", "undefined", "failed"]
    violation: float = 0.0
    reason: str = ""
    warnings: tuple[str, ...] = ()
    sizes: tuple[float, ...] = ()

    @property
    def is_defined(self) -> bool:
        """Whether every number is known."""
        return self.status in ("feasible", "infeasible")


@dataclass
class Evaluator:
    """Runs the points that a method asks for, each once.

    Parameters
    ----------
    problem : Problem
    executor : Executor
    most : int or None
        How many runs may be made.
    expected : int
        How many will be made, about.
    report : callable, optional
    """

    problem: Problem
    executor: Executor
    most: int | None
    expected: int
    report: Report | None = None
    evaluations: list[Evaluation] = field(default_factory=list)
    best: list[tuple[Evaluation, Ledger]] = field(default_factory=list)
    _known: dict[Coordinates, Evaluation] = field(default_factory=dict)

    def at(self, coordinates: Sequence[float]) -> Evaluation:
        """Return what is found at a point."""
        return self.many([coordinates])[0]

    def many(self, places: Sequence[Sequence[float]]) -> list[Evaluation]:
        """Return what is found at several points, run side by side where the executor can."""
        keys = [self._key(place) for place in places]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        allowed = new if self.most is None else new[: max(0, self.most - len(self.evaluations))]
        first, space, problem = len(self.evaluations), self.problem.space, self.problem
        tasks = [Task(first + k, space.point(key), problem.seed) for k, key in enumerate(allowed)]
        for outcome in self.executor.run(functools.partial(execute, problem.subject, "optimisation"), tasks):
            self._keep(allowed[outcome.task.index - first], *self._measured(outcome))
        if len(self.evaluations) >= HOPELESS and not any(entry.is_defined for entry in self.evaluations):
            self.refuse_undefined()
        if len(allowed) < len(new):
            raise Exhausted
        return [self._known[key] for key in keys]

    def cost(self, evaluation: Evaluation) -> float:
        """Return the first objective with the sign that makes less better; inf where it is undefined."""
        return self.problem.costs(evaluation.values)[0] if evaluation.is_defined else math.inf

    def refuse_undefined(self) -> NoReturn:
        """Raise the error of a search that has met no defined point."""
        first = min(self.evaluations, key=lambda entry: entry.index)
        what = " and ".join(
            dict.fromkeys(m.label for m in (*self.problem.objectives, *(c.measure for c in self.problem.constraints)))
        )
        raise StudyError(
            f"{what}: undefined at every one of {len(self.evaluations)} points tried. The first, at {words(first.point)}: "
            f"{first.reason} Change the bounds, the machine or the objective."
        )

    def _key(self, place: Sequence[float]) -> Coordinates:
        parameters = self.problem.space.parameters.values()
        return tuple(float(round(x)) if p.is_discrete else float(x) for p, x in zip(parameters, place, strict=True))

    def _measured(self, outcome: Outcome) -> tuple[Evaluation, Ledger | None]:
        """Return what came of a run, and its ledger if every number is known."""
        task, problem = outcome.task, self.problem
        unknown = ((math.nan,) * len(problem.objectives), (math.nan,) * len(problem.constraints))
        if outcome.content is None:
            return Evaluation(task.index, task.point, *unknown, "failed", math.inf, outcome.death), None
        record = decode(outcome.content, str(task))
        if record.ledger is None or record.status != "complete":
            reason = f"{record.error_type}: {record.error}"
            return Evaluation(task.index, task.point, *unknown, "failed", math.inf, reason, record.warnings), None
        try:
            values = tuple(entry.value(record.ledger) for entry in problem.objectives)
            constrained = tuple(entry.measure.value(record.ledger) for entry in problem.constraints)
        except AthermalError as error:
            if isinstance(error, StudyError):
                raise
            reason = f"{type(error).__name__}: {error}"
            return Evaluation(task.index, task.point, *unknown, "failed", math.inf, reason, record.warnings), None
        except Exception as error:
            error.add_note(f"This happened at {task}.")
            raise
        measures = (*problem.objectives, *(entry.measure for entry in problem.constraints))
        sizes = tuple(entry.size(record.ledger) for entry in measures)
        return self._judged(task, values, constrained, sizes, record.warnings), record.ledger

    def _judged(
        self,
        task: Task,
        values: tuple[float, ...],
        constrained: tuple[float, ...],
        sizes: tuple[float, ...],
        warned: tuple[str, ...],
    ) -> Evaluation:
        measures = (*self.problem.objectives, *(entry.measure for entry in self.problem.constraints))
        numbers = (*values, *constrained)
        missing = [m.label for m, number in zip(measures, numbers, strict=True) if not math.isfinite(number)]
        if missing:
            reason = f"{', '.join(dict.fromkeys(missing))} of this run is undefined (NaN or infinite){_why(missing)}."
            return Evaluation(task.index, task.point, values, constrained, "undefined", math.inf, reason, warned, sizes)
        held = zip(self.problem.constraints, constrained, sizes[len(values) :], strict=True)
        violation = max((entry.violation(value, size) for entry, value, size in held), default=0.0)
        status: Literal["feasible", "infeasible"] = "infeasible" if violation else "feasible"
        return Evaluation(task.index, task.point, values, constrained, status, violation, "", warned, sizes)

    def _keep(self, key: Coordinates, evaluation: Evaluation, ledger: Ledger | None) -> None:
        self._known[key] = evaluation
        self.evaluations.append(evaluation)
        if ledger is not None and evaluation.status == "feasible":
            self._rank(evaluation, ledger)
        if self.report is not None:
            finished = len(self.evaluations)
            total = max(finished, self.expected if self.most is None else min(self.expected, self.most))
            best = min((entry.values for entry, _ in self.best), key=self.problem.costs, default=None)
            self.report(finished, total, None if best is None else best[0])

    def _rank(self, new: Evaluation, ledger: Ledger) -> None:
        """Keep the points that no other beats: the best for one objective, the Pareto front for several.

        Of points with the same values the first is kept, so that the order in which runs come back does not matter.
        """
        first = {entry.values: (entry, held) for entry, held in sorted([*self.best, (new, ledger)], key=_latest_first)}
        unbeaten = pareto_points(list(first), self.problem.maximise)
        self.best = [entry for entry, is_kept in zip(first.values(), unbeaten, strict=True) if is_kept]


def _latest_first(entry: tuple[Evaluation, Ledger]) -> int:
    return -entry[0].index


def words(point: Point) -> str:
    """Return a point in words.

    Examples
    --------
    >>> words({"T_hot": 2.0, "baths": "ring"})
    'T_hot = 2, baths = ring'
    """
    return ", ".join(f"{name} = {shown(value)}" for name, value in point.items())


def shown(value: object) -> str:
    """Return a value in a few digits.

    Examples
    --------
    >>> shown(0.123456789), shown(12), shown("ring")
    ('0.123457', '12', 'ring')
    """
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _why(labels: Sequence[str]) -> str:
    """Return where figures of merit are defined, of those that are not."""
    told = {
        "coefficient_": "a coefficient of performance is a refrigerator's: work goes in and the coldest reservoirs give heat",
        "efficiency": "an efficiency is an engine's: work comes out",
    }
    bare = {label.removeprefix("last_cycle_") for label in labels}
    found = [words for start, words in told.items() if any(name.startswith(start) for name in bare)]
    return f": {'; '.join(found)}" if found else ""
