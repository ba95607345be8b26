"""Studies that look for the best: parameters, initial correlations, drives."""

from athermal.optimisation.correlations import BestCorrelations, best_correlations
from athermal.optimisation.drive import BestDrive, best_drive
from athermal.optimisation.drive_gradient import drive_gradient, with_drive
from athermal.optimisation.drive_parameters import FourierSeries, StrokeValues

__all__ = [
    "BestCorrelations",
    "BestDrive",
    "FourierSeries",
    "StrokeValues",
    "best_correlations",
    "best_drive",
    "drive_gradient",
    "with_drive",
]
