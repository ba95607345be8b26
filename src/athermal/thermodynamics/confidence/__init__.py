"""How well a ledger is known: one object that gives the error of anything read off it."""

from athermal.thermodynamics.confidence.base import Amounts, Confidence, Exact
from athermal.thermodynamics.confidence.bootstrap import Bootstrap
from athermal.thermodynamics.confidence.certified import Certified
from athermal.thermodynamics.confidence.coarser import CONVERGED, Coarser
from athermal.thermodynamics.confidence.jackknife import Jackknife
from athermal.thermodynamics.confidence.linear import Linear

__all__ = ["CONVERGED", "Amounts", "Bootstrap", "Certified", "Coarser", "Confidence", "Exact", "Jackknife", "Linear"]
