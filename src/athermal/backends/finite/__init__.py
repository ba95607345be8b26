"""Exact dynamics of machines of finite parts."""

from athermal.backends.finite.density_matrix import DensityMatrix
from athermal.backends.finite.state_vectors import StateVectors

__all__ = ["DensityMatrix", "StateVectors"]
