"""Exact thermodynamics of quantum machines whose parts are correlated.

Describe a machine, run it exactly (bath included), and read the complete ledger of each cycle: work, heat, every entropic
resource, efficiency against Carnot, the mode it runs in, and which resource paid.

>>> import athermal as at
>>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
>>> ledger.work.dims
('cycle',)
"""

import importlib
from types import ModuleType

from athermal import library
from athermal.backends.gaussian import Dense
from athermal.engine import run
from athermal.errors import (
    AthermalError,
    AthermalWarning,
    ConvergenceError,
    FileFormatError,
    InstabilityError,
    MachineError,
    RecurrenceWarning,
    ResidualWarning,
    RunError,
    RunInterrupted,
    StateError,
)
from athermal.files import MachineFile, read_machine_file
from athermal.machine.coupling import Displacement, Exchange, Position, QuadraticForm, TwoModeSqueezing
from athermal.machine.drive import Constant, Drive, Function, Harmonic, Product, Rotating, Strokes, Sum
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Correlation,
    Displaced,
    GaussianMoments,
    Gibbs,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.machine import Machine
from athermal.machine.parts import Bath, Chain, ContinuumBath, CoupledBath, Oscillator, Reservoir, Ring
from athermal.machine.spectral import FlatBand, FunctionDensity, Ohmic, SpectralDensity, discretise
from athermal.thermodynamics.ledger import Ledger, load

__all__ = [
    "AthermalError",
    "AthermalWarning",
    "Bath",
    "Chain",
    "Charged",
    "Constant",
    "ContinuumBath",
    "ConvergenceError",
    "CorrelatedMarginals",
    "Correlation",
    "CoupledBath",
    "Dense",
    "Displaced",
    "Displacement",
    "Drive",
    "Exchange",
    "FileFormatError",
    "FlatBand",
    "Function",
    "FunctionDensity",
    "GaussianMoments",
    "Gibbs",
    "Harmonic",
    "InitialState",
    "InstabilityError",
    "Ledger",
    "Machine",
    "MachineError",
    "MachineFile",
    "Ohmic",
    "Oscillator",
    "Position",
    "Product",
    "ProductThermal",
    "QuadraticForm",
    "RecurrenceWarning",
    "Reservoir",
    "ResidualWarning",
    "Ring",
    "Rotating",
    "RunError",
    "RunInterrupted",
    "SpectralDensity",
    "Squeezed",
    "StateError",
    "Strokes",
    "Sum",
    "TwoModeSqueezing",
    "discretise",
    "library",
    "load",
    "plot",
    "read_machine_file",
    "run",
]


def __getattr__(name: str) -> ModuleType:
    """Import `athermal.plot` when it is first used: matplotlib takes longer than all the rest."""
    if name == "plot":
        return importlib.import_module("athermal.plot")
    raise AttributeError(f"module 'athermal' has no attribute {name!r}")
