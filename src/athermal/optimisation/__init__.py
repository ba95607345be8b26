"""Studies that look for the best: drives with exact gradients."""

from athermal.optimisation.drive import BestDrive, best_drive
from athermal.optimisation.drive_gradient import drive_gradient, with_drive
from athermal.optimisation.drive_parameters import FourierSeries, StrokeValues

__all__ = ["BestDrive", "FourierSeries", "StrokeValues", "best_drive", "drive_gradient", "with_drive"]
