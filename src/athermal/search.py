"""What `athermal.optimise`, `athermal.best_correlations` and `athermal.best_drive` are told, and what they return."""

from athermal.optimisation import (
    BestCorrelations,
    BestDrive,
    FourierSeries,
    Global,
    Local,
    Objective,
    Optimum,
    Optuna,
    Solution,
    StrokeValues,
    drive_gradient,
    with_drive,
)

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
    "drive_gradient",
    "with_drive",
]
