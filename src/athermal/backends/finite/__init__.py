"""Exact dynamics of machines of finite parts."""

from athermal.backends.finite.density_matrix import DensityMatrix

__all__ = ["DensityMatrix"]
