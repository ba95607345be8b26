"""Backends for finite subsystems between continuous baths, built on QuTiP's operators and integrators."""

from athermal.backends.open.floquet_markov import FloquetMarkov
from athermal.backends.open.heom import HEOM
from athermal.backends.open.hierarchy_state import HierarchyState
from athermal.backends.open.master_equation import BlochRedfield, Lindblad

__all__ = ["HEOM", "BlochRedfield", "FloquetMarkov", "HierarchyState", "Lindblad"]
