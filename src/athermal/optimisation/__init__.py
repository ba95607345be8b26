"""The best of what a machine could be: its initial correlations."""

from athermal.optimisation.correlations import BestCorrelations, best_correlations

__all__ = ["BestCorrelations", "best_correlations"]
