"""The result of an optimisation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from athermal.errors import StudyError
from athermal.files import MachineFile
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.optimisation.evaluation import Evaluation, Problem, shown, words
from athermal.optimisation.methods import Local, Method, Status
from athermal.optimisation.parameter_space import Whole
from athermal.study.dataset import labelled
from athermal.study.design import Point
from athermal.thermodynamics.ledger import Ledger

_FACTS = ("status", "error", "best", "violation", "evaluation", "solution")
# So many points of a front are printed.
_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Solution:
    """A point that was found: the best one, or one of a Pareto front.

    Parameters
    ----------
    parameters : dict
    values : dict of str to float
        The objectives.
    constraints : dict of str to float
        The constrained numbers.
    run : MachineFile
        What was run there: machine, initial state, backend, cycles; `run.run()` runs it again.
    ledger : Ledger
    on_bounds : dict of str to {"lower", "upper"}
        Which parameters lie on a bound, within a thousandth of their range.
    warnings : tuple of str
        What the run warned of.

    Examples
    --------
    >>> import athermal as at
    >>> best = at.optimise("two_qubit_swap", "work_output", over={"swap_angle": (0.1, 1.0)}, cycles=1,
    ...                    method=at.search.Local(starts=1))
    >>> best.solutions[0].on_bounds
    {'swap_angle': 'upper'}
    """

    parameters: Point
    values: dict[str, float]
    constraints: dict[str, float]
    run: MachineFile
    ledger: Ledger
    on_bounds: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Optimum:
    """What an optimisation found, and every point that it tried.

    Parameters
    ----------
    solutions : tuple of Solution
        The best point; of several objectives the Pareto front, the best in the first objective first.
    evaluations : tuple of Evaluation
        Every point that was run, in order.
    problem : Problem
        What was asked.
    method : Method
    status : {"converged", "finished", "stopped", "interrupted"}
        "converged": the method's own criterion is met. "finished": it made all the steps it was given. "stopped": after
        `max_evaluations`. "interrupted": by Ctrl-C; the best so far.
    message : str

    Attributes
    ----------
    parameters, values, constraints, machine, initial, ledger, on_bounds, warnings
        Of the first solution.
    value : float
        Its first objective.
    front : xarray.Dataset
        The solutions as a table (dimension `solution`): parameters, objectives, constrained numbers.
    history : xarray.Dataset
        All points as a table (dimension `evaluation`): parameters, objectives and constrained numbers (NaN where unknown), `best`
        so far of the first objective, `status` ("feasible", "infeasible", "undefined", "failed"), `error`, `violation`. Its
        attribute `search` says in JSON what was searched.

    Examples
    --------
    >>> import athermal as at
    >>> best = at.optimise("two_qubit_swap", "work_output", over={"swap_angle": (0.5, 2.5)}, cycles=1, max_evaluations=4)
    >>> best.status, best.n_evaluations, best.history["status"].values[0].item()
    ('stopped', 4, 'feasible')
    """

    solutions: tuple[Solution, ...]
    evaluations: tuple[Evaluation, ...]
    problem: Problem
    method: Method
    status: Status
    message: str

    @property
    def parameters(self) -> Point:
        return self.solutions[0].parameters

    @property
    def values(self) -> dict[str, float]:
        return self.solutions[0].values

    @property
    def value(self) -> float:
        return next(iter(self.values.values()))

    @property
    def constraints(self) -> dict[str, float]:
        return self.solutions[0].constraints

    @property
    def machine(self) -> Machine:
        return self.solutions[0].run.machine

    @property
    def initial(self) -> InitialState:
        return self.solutions[0].run.initial

    @property
    def ledger(self) -> Ledger:
        return self.solutions[0].ledger

    @property
    def on_bounds(self) -> dict[str, str]:
        return self.solutions[0].on_bounds

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.solutions[0].warnings

    @property
    def n_evaluations(self) -> int:
        """How many points were run."""
        return len(self.evaluations)

    @property
    def seed(self) -> int:
        """The seed of the search and of its runs."""
        return self.problem.seed

    @cached_property
    def front(self) -> xr.Dataset:
        points = [entry.parameters for entry in self.solutions]
        numbers = [(tuple(entry.values.values()), tuple(entry.constraints.values())) for entry in self.solutions]
        return self._table("solution", points, numbers, {})

    @cached_property
    def history(self) -> xr.Dataset:
        numbers = [(entry.values, entry.constrained) for entry in self.evaluations]
        facts: dict[str, Any] = {
            "status": np.array([entry.status for entry in self.evaluations]),
            "error": np.array([entry.reason for entry in self.evaluations]),
            "violation": np.array([entry.violation for entry in self.evaluations]),
            "best": self._best_so_far(),
        }
        return self._table("evaluation", [entry.point for entry in self.evaluations], numbers, facts)

    def describe(self) -> dict[str, Any]:
        """Return what was searched and how, as plain data."""
        problem = self.problem
        return {
            "subject": problem.subject.describe(),
            "over": problem.space.describe(),
            "objectives": [measure.label for measure in problem.objectives],
            "maximise": list(problem.maximise),
            "subject_to": [str(entry) for entry in problem.constraints],
            "method": repr(self.method),
            "seed": problem.seed,
            "status": self.status,
            "message": self.message,
        }

    def _best_so_far(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        costs = [self.problem.costs(e.values)[0] if e.status == "feasible" else math.inf for e in self.evaluations]
        lowest = np.minimum.accumulate(np.array(costs, dtype=float))
        return np.where(np.isfinite(lowest), -lowest if self.problem.maximise[0] else lowest, np.nan)

    def _table(
        self,
        dim: str,
        points: Sequence[Point],
        numbers: Sequence[tuple[tuple[float, ...], tuple[float, ...]]],
        facts: Mapping[str, Any],
    ) -> xr.Dataset:
        problem = self.problem
        columns: dict[str, Any] = {}
        for k, measure in enumerate(problem.objectives):
            columns[measure.label] = np.array([values[k] for values, _ in numbers])
        for k, entry in enumerate(problem.constraints):
            columns.setdefault(entry.label, np.array([constrained[k] for _, constrained in numbers]))
        taken = {*columns, *_FACTS}
        names = {name: f"machine.{name}" if name in taken else name for name in problem.space.names}
        parameters = {names[name]: labelled([point[name] for point in points], name) for name in names}
        data = {name: (dim, column) for name, column in (parameters | columns | dict(facts)).items()}
        attributes = {"search": json.dumps(self.describe())}
        return xr.Dataset(data, coords={dim: np.arange(len(points))}, attrs=attributes)

    def __repr__(self) -> str:
        """Return what it is in one line."""
        labels = ", ".join(measure.label for measure in self.problem.objectives)
        return f"<Optimum: {labels} over {', '.join(self.problem.space.names)}, {self.status}>"

    def __str__(self) -> str:
        """Return a summary: the best, where it lies, how the search ended."""
        counts = [sum(entry.status == word for entry in self.evaluations) for word in ("infeasible", "undefined", "failed")]
        pairs = zip(counts, ("missed a constraint", "had an undefined number", "could not be run"), strict=True)
        less = [f"{count} {what}" for count, what in pairs if count]
        lines = self._front_lines() if len(self.problem.objectives) > 1 else self._best_lines()
        lines.append(f"{self.message} {self.n_evaluations} points were run{'; ' if less else ''}{', '.join(less)}.")
        failed = next((entry for entry in self.evaluations if entry.status == "failed"), None)
        if failed is not None:
            lines.append(f"The first that could not be run, at {words(failed.point)}: {failed.reason}")
        lines += [f"The run warned: {text}" for text in self.warnings if len(self.problem.objectives) == 1]
        return "\n".join(lines)

    def _best_lines(self) -> list[str]:
        best, extreme = self.solutions[0], "Highest" if self.problem.maximise[0] else "Lowest"
        ((label, value),) = best.values.items()
        lines = [f"{extreme} {label}: {shown(value)} at {words(best.parameters)}."]
        lines += [
            f"  with {entry.label} = {shown(best.constraints[entry.label])} ({entry})" for entry in self.problem.constraints
        ]
        lines += [f"  {name} lies on its {side} bound: beyond it there may be better." for name, side in best.on_bounds.items()]
        whole = [name for name, parameter in self.problem.space.parameters.items() if isinstance(parameter, Whole)]
        lines += [
            f"  {name} took whole numbers only, as its bounds are; bounds with a decimal point mean any number." for name in whole
        ]
        return lines

    def _front_lines(self) -> list[str]:
        labels = [measure.label for measure in self.problem.objectives]
        how = ["high" if up else "low" for up in self.problem.maximise]
        asked = ", ".join(f"{label} {word}" for label, word in zip(labels, how, strict=True))
        lines = [f"Pareto front of {asked}: {len(self.solutions)} points."]
        step = max(1, math.ceil(len(self.solutions) / _SHOWN))
        for entry in self.solutions[::step]:
            values = ", ".join(f"{label} = {shown(value)}" for label, value in entry.values.items())
            lines.append(f"  {values} at {words(entry.parameters)}")
        return lines


def optimum_of(
    problem: Problem,
    evaluations: Sequence[Evaluation],
    best: Sequence[tuple[Evaluation, Ledger]],
    method: Method,
    status: Status,
    message: str,
) -> Optimum:
    """Return the result of a search, or raise `StudyError` if no point satisfies the constraints."""
    tried = tuple(sorted(evaluations, key=lambda entry: entry.index))
    if not best:
        raise StudyError(_nothing_satisfies(problem, tried, method, message))
    ranked = sorted(best, key=lambda entry: problem.costs(entry[0].values))
    return Optimum(tuple(_solution(problem, *entry) for entry in ranked), tried, problem, method, status, message)


def _solution(problem: Problem, found: Evaluation, ledger: Ledger) -> Solution:
    return Solution(
        parameters=found.point,
        values={measure.label: value for measure, value in zip(problem.objectives, found.values, strict=True)},
        constraints={entry.label: value for entry, value in zip(problem.constraints, found.constrained, strict=True)},
        run=problem.subject.plan(found.point, problem.seed),
        ledger=ledger,
        on_bounds=problem.space.on_bounds(found.point),
        warnings=found.warnings,
    )


def _nothing_satisfies(problem: Problem, tried: Sequence[Evaluation], method: Method, message: str) -> str:
    nearest = min((entry for entry in tried if entry.is_defined), key=lambda entry: entry.violation)
    sizes = nearest.sizes[len(nearest.values) :]
    missed = [
        f"{entry.label} = {shown(value)} misses {entry} by {entry.missed(value, size):.3g}"
        for entry, value, size in zip(problem.constraints, nearest.constrained, sizes, strict=True)
        if entry.missed(value, size)
    ]
    further = "; method=Global() looks further" if isinstance(method, Local) else ""
    return (
        f"None of {len(tried)} points tried satisfies the constraints. The nearest is {words(nearest.point)}: "
        f"{' and '.join(missed)}. {message} Loosen the constraints or widen the bounds{further}."
    )
