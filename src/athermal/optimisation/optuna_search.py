"""Searches by Optuna: many parameters, or several objectives at once."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from athermal import _validate
from athermal._validate import as_study
from athermal.errors import StudyError
from athermal.optimisation.evaluation import Evaluation, Evaluator
from athermal.optimisation.methods import UNDEFINED, Ending, Method
from athermal.optimisation.parameter_space import Choice, Space, Whole


@dataclass(frozen=True)
class Optuna(Method):
    """Search with Optuna, an optional extra: pip install "athermal[optuna]".

    For any mix of numbers, whole numbers and choices, for many parameters, and for several objectives at once, of which it
    finds the Pareto front: the points at which no objective can be raised without lowering another.

    Parameters
    ----------
    trials : int
        Points to try.
    sampler : {"auto", "tpe", "nsga2"}
        "tpe" models where good points lie (a tree-structured Parzen estimator); "nsga2" breeds a population towards the whole
        front. "auto": "tpe" for one objective, "nsga2" for several.
    population : int
        Of "nsga2".

    References
    ----------
    T. Akiba et al., Proc. 25th ACM SIGKDD, 2623 (2019). "tpe": J. Bergstra et al., NeurIPS 24 (2011). "nsga2": K. Deb et al.,
    IEEE Trans. Evol. Comput. 6, 182 (2002).

    Examples
    --------
    >>> import athermal as at
    >>> swap = at.optimise(
    ...     "two_qubit_swap", ["efficiency", "work_output"], over={"omega_cold": (0.85, 1.5)}, cycles=1, method=Optuna(trials=8)
    ... )
    >>> swap.front["efficiency"].dims
    ('solution',)
    """

    trials: int = 300
    sampler: Literal["auto", "tpe", "nsga2"] = "auto"
    population: int = 30

    def __post_init__(self) -> None:
        with as_study():
            _validate.count(self.trials, "trials", "Optuna")
            _validate.count(self.population, "population", "Optuna", least=2)
            _validate.choice(self.sampler, "sampler", "Optuna", ("auto", "tpe", "nsga2"))

    def check(self, space: Space, n_objectives: int) -> None:
        _optuna()

    def expected(self, space: Space) -> int:
        return self.trials

    def search(self, evaluator: Evaluator, seed: int) -> Ending:
        optuna, n_objectives = _optuna(), len(evaluator.problem.objectives)
        with _quiet(optuna):
            directions = ["maximize" if up else "minimize" for up in evaluator.problem.maximise]
            study = optuna.create_study(directions=directions, sampler=self._sampler(optuna, n_objectives, seed))
            for _ in range(self.trials):
                trial = study.ask()
                found = evaluator.at(_suggested(trial, evaluator.problem.space))
                _tell(optuna, study, trial, found, evaluator)
        return Ending("finished", f"Optuna tried {self.trials} points.")

    def _sampler(self, optuna: Any, n_objectives: int, seed: int) -> Any:
        if self.sampler == "nsga2" or (self.sampler == "auto" and n_objectives > 1):
            return optuna.samplers.NSGAIISampler(population_size=self.population, seed=seed)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _suggested(trial: Any, space: Space) -> list[float]:
    place = []
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Choice):
            place.append(float(trial.suggest_categorical(name, range(len(parameter.values)))))
        elif isinstance(parameter, Whole):
            place.append(float(trial.suggest_int(name, parameter.low, parameter.high)))
        else:
            place.append(trial.suggest_float(name, parameter.first, parameter.last))
    return place


def _tell(optuna: Any, study: Any, trial: Any, found: Evaluation, evaluator: Evaluator) -> None:
    """Tell Optuna what was found. The undefined is worse than all else; of several objectives Optuna can only leave it out."""
    states, constraints = optuna.trial.TrialState, evaluator.problem.constraints
    sizes = found.sizes[len(found.values) :] or (0.0,) * len(constraints)
    for entry, value, size in zip(constraints, found.constrained, sizes, strict=True):
        trial.set_constraint(entry.label, entry.violation(value, size) if found.is_defined else UNDEFINED)
    if found.is_defined:
        study.tell(trial, list(found.values))
    else:
        study.tell(trial, state=states.PRUNED if len(found.values) == 1 else states.FAIL)


@contextlib.contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keep Optuna from logging every point, and its remarks on its own experimental parts from the user."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)


def _optuna() -> Any:
    try:
        optuna = importlib.import_module("optuna")
    except ImportError:
        raise StudyError('Such a search needs Optuna: pip install "athermal[optuna]".') from None
    if not hasattr(optuna.trial.Trial, "set_constraint"):
        raise StudyError(
            f'Such a search needs Optuna 5 or newer, but {optuna.__version__} is installed: pip install -U "optuna>=5".'
        )
    return optuna
