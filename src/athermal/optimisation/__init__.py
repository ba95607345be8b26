"""Studies that look for the best: parameters, initial correlations, drives."""

from athermal.optimisation.correlations import BestCorrelations, best_correlations
from athermal.optimisation.drive import BestDrive, best_drive
from athermal.optimisation.drive_gradient import drive_gradient, with_drive
from athermal.optimisation.drive_parameters import FourierSeries, StrokeValues
from athermal.optimisation.methods import Global, Local
from athermal.optimisation.objective import Objective
from athermal.optimisation.optuna_search import Optuna
from athermal.optimisation.result import Optimum, Solution
from athermal.optimisation.search import optimise

__all__ = [
    "BestCorrelations",
    "BestDrive",
    "FourierSeries",
    "Global",
    "Local",
    "Objective",
    "Optimum",
    "Optuna",
    "Solution",
    "StrokeValues",
    "best_correlations",
    "best_drive",
    "drive_gradient",
    "optimise",
    "with_drive",
]
