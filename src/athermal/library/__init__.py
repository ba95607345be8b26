"""Machines of the literature: functions that return a `Machine`, each with its source."""

from athermal.library.otto import otto
from athermal.library.three_oscillators import three_oscillators
from athermal.library.two_oscillator import two_oscillator

__all__ = ["otto", "three_oscillators", "two_oscillator"]
