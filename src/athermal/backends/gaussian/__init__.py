"""Exact dynamics of machines of oscillators and harmonic baths."""

from athermal.backends.gaussian.dense import Dense
from athermal.backends.gaussian.star import Star

__all__ = ["Dense", "Star"]
