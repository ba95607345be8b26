"""Backends for finite subsystems between continuous baths, built on QuTiP's operators and integrators."""

from athermal.backends.open.floquet_markov import FloquetMarkov
from athermal.backends.open.master_equation import BlochRedfield, Lindblad

__all__ = ["BlochRedfield", "FloquetMarkov", "Lindblad"]
