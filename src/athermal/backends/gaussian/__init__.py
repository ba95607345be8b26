"""Exact dynamics of machines of oscillators and harmonic baths."""

from athermal.backends.gaussian.dense import Dense

__all__ = ["Dense"]
