"""Search over the parameters of a machine: local, global, and for several objectives at once."""

from athermal.optimisation.methods import Global, Local
from athermal.optimisation.objective import Objective
from athermal.optimisation.optuna_search import Optuna
from athermal.optimisation.result import Optimum, Solution
from athermal.optimisation.search import optimise

__all__ = ["Global", "Local", "Objective", "Optimum", "Optuna", "Solution", "optimise"]
