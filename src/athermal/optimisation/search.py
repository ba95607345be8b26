"""Search for the parameters at which a machine does best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import qmc

from athermal import _validate
from athermal._validate import as_study
from athermal.backends.choice import AnyBackend
from athermal.engine.progress import Progress, Tell, telling
from athermal.errors import AthermalError, FileFormatError, StudyError, StudyInterrupted
from athermal.machine.initial import InitialState
from athermal.optimisation.evaluation import Evaluator, Exhausted, Problem, Report, shown
from athermal.optimisation.methods import Ending, Global, Local, Method
from athermal.optimisation.objective import Measured, as_constraints, as_measures
from athermal.optimisation.optuna_search import Optuna
from athermal.optimisation.parameter_space import Space, as_space
from athermal.optimisation.result import Optimum, optimum_of
from athermal.study.execution import executor_of
from athermal.study.subject import Subject, Varied, as_subject

_OWNER = "an optimisation"
# So many points are looked at for one that the machine has the named parameters at.
_LOOKED_AT = 16


def optimise(
    machine: Varied,
    objective: Measured | Sequence[Measured] = "efficiency",
    over: Mapping[str, Sequence[Any]] | None = None,
    *,
    cycles: int | None = None,
    initial: InitialState | None = None,
    backend: AnyBackend | None = None,
    samples_per_cycle: int | None = None,
    accuracy: float | None = None,
    subject_to: Mapping[Measured, tuple[float | None, float | None]] | None = None,
    method: Method | None = None,
    maximise: bool | Sequence[bool] = True,
    seed: int = 0,
    max_evaluations: int | None = None,
    progress: Progress = None,
) -> Optimum:
    """Search for the parameters at which a machine does best.

    Parameters
    ----------
    machine : callable, str, Path or Machine
        What is varied, as in `athermal.sweep`: a function that returns a machine, a machine file, the name of a library machine,
        or a machine.
    objective : str, Objective, callable, or a list of them
        A column of the ledger, "efficiency", "work_output", "power", "heat[hot bath]", ..., over the whole run
        (`ledger.cumulative`); `Objective("efficiency", of="last cycle")` for the last cycle; or a function of the ledger. Of
        several, the Pareto front is searched for.
    over : mapping
        What is varied: {"coupling": (0.01, 0.5)} a number within bounds; {"modes": (10, 40)} a whole number, as both bounds are
        (write (1.0, 3.0) for any number between 1 and 3); {"baths": ["ring", "star"]} one of several values. Parameters are
        named as in `athermal.sweep`.
    cycles, initial, backend, samples_per_cycle, accuracy
        As in `athermal.run`, in place of the file's. 10 cycles if neither says.
    subject_to : mapping, optional
        Constraints: columns of the ledger, `Objective` or functions of the ledger, with (low, high), None for an open end:
        {"work_output": (0.1, None)}. Met to 1e-8 of the bound; if that is 0,
        energies to 1e-10 of all that is exchanged, entropies and ratios to 1e-10, and a function exactly.
    method : Local, Global or Optuna, optional
        How to search. If left out: Local() for numbers within bounds, Global() if a parameter is a whole number or a choice,
        Optuna() for several objectives.
    maximise : bool, or one for each objective
        Whether the objective is to be large.
    seed : int
        Of the search, and of a machine function with an argument `seed`. The same seed gives the same result.
    max_evaluations : int, optional
        How many points may be run.
    progress : bool or callable, optional
        If left out, a bar with the rate and the time left, on a terminal or in a notebook, once it has lasted for a while.
        True: from the start, and lines on standard error elsewhere. False: nothing. A function is called as
        progress(finished, total), with the number of runs and about how many there will be.

    Returns
    -------
    Optimum

    Raises
    ------
    StudyError
        If a parameter, column or bound is wrong, the objective is undefined at all points tried, or none satisfies the
        constraints; the message says how near the nearest came.
    StudyInterrupted
        On Ctrl-C; `.result` holds the best so far.

    Notes
    -----
    Points at which the machine cannot exist, its run cannot be finished, or an objective or constrained number is NaN or
    infinite, are recorded in the history with the reason, and are never results. Any other exception is a programming error and
    is raised, with the point in its notes. Each point is run once, on one thread of linear algebra.

    Examples
    --------
    >>> import athermal as at
    >>> method = at.search.Local(starts=1, tolerance=1e-3)
    >>> best = at.optimise("two_qubit_swap", "work_output", over={"swap_angle": (0.5, 2.5)}, cycles=1, method=method)
    >>> round(best.parameters["swap_angle"], 2), round(best.value, 6)
    (1.57, 0.046241)
    """
    subject = as_subject(
        machine, cycles=cycles, initial=initial, backend=backend, samples_per_cycle=samples_per_cycle, accuracy=accuracy
    )
    problem = problem_of(subject, objective, over, subject_to, maximise, seed)
    with telling(progress, "run") as tell:
        return search(problem, method, max_evaluations, report_to(tell, problem))


def problem_of(
    subject: Subject,
    objective: Measured | Sequence[Measured],
    over: Any,
    subject_to: Any = None,
    maximise: bool | Sequence[bool] = True,  # noqa: FBT001, FBT002
    seed: int = 0,
) -> Problem:
    """Return what is to be optimised, checked as far as it can be without a run; see `optimise`."""
    entries = list(objective) if isinstance(objective, Sequence) and not isinstance(objective, str) else [objective]
    if not entries:
        raise StudyError('`objective` of an optimisation must hold at least one, such as "efficiency", but is empty.')
    objectives = as_measures(entries, "objective")
    wanted = (maximise,) * len(objectives) if isinstance(maximise, bool) else tuple(maximise)
    if len(wanted) != len(objectives) or not all(isinstance(up, bool) for up in wanted):
        raise StudyError(f"`maximise` of {_OWNER} must be True or False, or one of them for each objective, but is {maximise!r}.")
    problem = Problem(subject, as_space(over), objectives, wanted, as_constraints(subject_to), _count(seed, "seed", least=0))
    _check_names(problem)
    return problem


def report_to(tell: Tell, problem: Problem) -> Report:
    """Return a report that says the number of runs and the best value so far."""

    def report(finished: int, total: int, best: float | None) -> None:
        tell(finished, total, "no result yet" if best is None else f"best {problem.objectives[0].label} {shown(best)}")

    return report


def search(problem: Problem, method: Method | None = None, most: int | None = None, report: Report | None = None) -> Optimum:
    """Search for the best points of a problem; `report` is also told the best value so far. See `optimise`."""
    most = None if most is None else _count(most, "max_evaluations")
    method = _method(method, problem.space, len(problem.objectives))
    method.check(problem.space, len(problem.objectives))
    with executor_of(method.n_workers, None) as executor:
        evaluator = Evaluator(problem, executor, most, method.expected(problem.space), report)
        try:
            ending = method.search(evaluator, problem.seed)
        except Exhausted:
            ending = Ending("stopped", f"The search was stopped after `max_evaluations` = {most}.")
        except KeyboardInterrupt:
            ending = Ending("interrupted", "The search was interrupted.")
            best = optimum_of(problem, evaluator.evaluations, evaluator.best, method, *_facts(ending)) if evaluator.best else None
            held = "`.result` holds the best of them" if best else "none of them is a result"
            message = f"The optimisation was interrupted: {len(evaluator.evaluations)} points were run; {held}."
            raise StudyInterrupted(message, best) from None
    if not any(entry.is_defined for entry in evaluator.evaluations):
        evaluator.refuse_undefined()
    return optimum_of(problem, evaluator.evaluations, evaluator.best, method, *_facts(ending))


def _facts(ending: Ending) -> tuple[Any, str]:
    return ending.status, ending.message


def _method(method: Any, space: Space, n_objectives: int) -> Method:
    if method is None:
        return Optuna() if n_objectives > 1 else Global() if space.discrete else Local()
    if not isinstance(method, Method):
        raise StudyError(f"`method` of {_OWNER} must be Local(), Global() or Optuna(), but is {method!r}.")
    return method


def _check_names(problem: Problem) -> None:
    """Raise `StudyError` if the machine has no parameter of one of the names, with the nearest that it has."""
    space = problem.space
    spread = qmc.Sobol(len(space.names), rng=np.random.default_rng(problem.seed)).random(_LOOKED_AT)
    first: FileFormatError | None = None
    for unit in spread:
        try:
            problem.subject.plan(space.point(space.spread(unit)), problem.seed)
        except FileFormatError as error:
            first = first or error
        except StudyError:
            raise
        except AthermalError:
            return
        else:
            return
    raise StudyError(str(first)) from first


def _count(value: Any, name: str, least: int = 1) -> int:
    with as_study():
        return _validate.count(value, name, _OWNER, least=least)
