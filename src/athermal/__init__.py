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
from athermal.accounting import account
from athermal.backends.finite import DensityMatrix, StateVectors
from athermal.backends.gaussian import Dense, Star
from athermal.backends.open import HEOM, BlochRedfield, FloquetMarkov, HierarchyState, Lindblad
from athermal.comparison import BackendComparison, DefinitionComparison, compare_backends, compare_definitions
from athermal.engine import Audit, audit, run
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
    StoreError,
    StudyError,
    StudyInterrupted,
    TruncationWarning,
    VersionWarning,
)
from athermal.files import MachineFile, read_machine_file
from athermal.floquet import LimitCycle, floquet_exponents, limit_cycle
from athermal.machine.counter import Counter
from athermal.machine.coupling import Displacement, Exchange, OperatorCoupling, Position, QuadraticForm, TwoModeSqueezing
from athermal.machine.densities import SumDensity, TabulatedDensity, UnderdampedBrownian
from athermal.machine.drive import Constant, Drive, Function, Harmonic, Product, Rotating, Strokes, Sum
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Correlation,
    Displaced,
    GaussianMoments,
    Gibbs,
    GivenState,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.machine import Machine
from athermal.machine.nearest import nearest_state
from athermal.machine.parts import (
    Bath,
    Chain,
    ContinuumBath,
    CoupledBath,
    FiniteBath,
    FiniteReservoir,
    FiniteSubsystem,
    Oscillator,
    Qubit,
    Qudit,
    Reservoir,
    Ring,
    SpinBath,
    TruncatedBath,
    TruncatedOscillator,
)
from athermal.machine.spectral import FlatBand, FunctionDensity, Ohmic, SpectralDensity, discretise
from athermal.optimisation import (
    BestCorrelations,
    BestDrive,
    FourierSeries,
    Global,
    Local,
    Objective,
    Optimum,
    Optuna,
    Solution,
    StrokeValues,
    best_correlations,
    best_drive,
    drive_gradient,
    optimise,
    with_drive,
)
from athermal.study import Failure, Grid, Rerun, Sample, Sweep, Table, cycles_beyond_carnot, load_sweep, rerun, sweep
from athermal.thermodynamics.ledger import Ledger, load
from athermal.thermodynamics.significance import Significance, above_carnot

__all__ = [
    "HEOM",
    "AthermalError",
    "AthermalWarning",
    "Audit",
    "BackendComparison",
    "Bath",
    "BestCorrelations",
    "BestDrive",
    "BlochRedfield",
    "Chain",
    "Charged",
    "Constant",
    "ContinuumBath",
    "ConvergenceError",
    "CorrelatedMarginals",
    "Correlation",
    "Counter",
    "CoupledBath",
    "DefinitionComparison",
    "Dense",
    "DensityMatrix",
    "Displaced",
    "Displacement",
    "Drive",
    "Exchange",
    "Failure",
    "FileFormatError",
    "FiniteBath",
    "FiniteReservoir",
    "FiniteSubsystem",
    "FlatBand",
    "FloquetMarkov",
    "FourierSeries",
    "Function",
    "FunctionDensity",
    "GaussianMoments",
    "Gibbs",
    "GivenState",
    "Global",
    "Grid",
    "Harmonic",
    "HierarchyState",
    "InitialState",
    "InstabilityError",
    "Ledger",
    "LimitCycle",
    "Lindblad",
    "Local",
    "Machine",
    "MachineError",
    "MachineFile",
    "Objective",
    "Ohmic",
    "OperatorCoupling",
    "Optimum",
    "Optuna",
    "Oscillator",
    "Position",
    "Product",
    "ProductThermal",
    "QuadraticForm",
    "Qubit",
    "Qudit",
    "RecurrenceWarning",
    "Rerun",
    "Reservoir",
    "ResidualWarning",
    "Ring",
    "Rotating",
    "RunError",
    "RunInterrupted",
    "Sample",
    "Significance",
    "Solution",
    "SpectralDensity",
    "SpinBath",
    "Squeezed",
    "Star",
    "StateError",
    "StateVectors",
    "StoreError",
    "StrokeValues",
    "Strokes",
    "StudyError",
    "StudyInterrupted",
    "Sum",
    "SumDensity",
    "Sweep",
    "Table",
    "TabulatedDensity",
    "TruncatedBath",
    "TruncatedOscillator",
    "TruncationWarning",
    "TwoModeSqueezing",
    "UnderdampedBrownian",
    "VersionWarning",
    "above_carnot",
    "account",
    "audit",
    "best_correlations",
    "best_drive",
    "compare_backends",
    "compare_definitions",
    "cycles_beyond_carnot",
    "discretise",
    "drive_gradient",
    "floquet_exponents",
    "library",
    "limit_cycle",
    "load",
    "load_sweep",
    "nearest_state",
    "optimise",
    "plot",
    "read_machine_file",
    "rerun",
    "run",
    "sweep",
    "with_drive",
]


def __getattr__(name: str) -> ModuleType:
    """Import `athermal.plot` when it is first used: matplotlib takes longer than all the rest."""
    if name == "plot":
        return importlib.import_module("athermal.plot")
    raise AttributeError(f"module 'athermal' has no attribute {name!r}")
