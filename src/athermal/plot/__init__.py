"""Figures of a ledger: matplotlib functions that draw on the axes they are given and return them.

None of them shows a window, picks a backend or changes matplotlib's settings. Without `ax` each makes a figure of a print
column's width in this package's style; on axes of your own your own style holds. hbar = k_B = 1 throughout.
"""

from athermal.plot.against_carnot import efficiency
from athermal.plot.budget import flows, resources
from athermal.plot.order import ergotropy
from athermal.plot.overview import summary
from athermal.plot.trajectories import correlations, energy_entropy

__all__ = ["correlations", "efficiency", "energy_entropy", "ergotropy", "flows", "resources", "summary"]
