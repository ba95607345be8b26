from athermal import (
    accounting,
    backends,
    comparison,
    densities,
    drives,
    errors,
    files,
    library,
    limit,
    parts,
    plot,
    search,
    states,
    sweeps,
)
from athermal.accounting import account
from athermal.backends.finite import DensityMatrix, StateVectors
from athermal.backends.gaussian import Dense, Star
from athermal.backends.open import HEOM, BlochRedfield, FloquetMarkov, Lindblad
from athermal.comparison import compare_backends, compare_definitions
from athermal.engine import Audit, audit, run
from athermal.files import read_machine_file
from athermal.limit import LimitCycle, limit_cycle
from athermal.machine.correlation import Correlation
from athermal.machine.counter import Counter
from athermal.machine.coupling import Displacement, Exchange, OperatorCoupling, Position, QuadraticForm, TwoModeSqueezing
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Displaced,
    GaussianMoments,
    Gibbs,
    GivenState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.machine import Machine
from athermal.machine.observable import Observable
from athermal.machine.parts import (
    Bath,
    Chain,
    ContinuumBath,
    FiniteBath,
    Oscillator,
    Qubit,
    Qudit,
    Ring,
    SpinBath,
    TruncatedBath,
    TruncatedOscillator,
)
from athermal.optimisation import best_correlations, best_drive, optimise
from athermal.study import Grid, load, rerun, sweep
from athermal.thermodynamics.ledger import Ledger

__all__ = [
    "HEOM",
    "Audit",
    "Bath",
    "BlochRedfield",
    "Chain",
    "Charged",
    "ContinuumBath",
    "CorrelatedMarginals",
    "Correlation",
    "Counter",
    "Dense",
    "DensityMatrix",
    "Displaced",
    "Displacement",
    "Exchange",
    "FiniteBath",
    "FloquetMarkov",
    "GaussianMoments",
    "Gibbs",
    "GivenState",
    "Grid",
    "Ledger",
    "LimitCycle",
    "Lindblad",
    "Machine",
    "Observable",
    "OperatorCoupling",
    "Oscillator",
    "Position",
    "ProductThermal",
    "QuadraticForm",
    "Qubit",
    "Qudit",
    "Ring",
    "SpinBath",
    "Squeezed",
    "Star",
    "StateVectors",
    "TruncatedBath",
    "TruncatedOscillator",
    "TwoModeSqueezing",
    "account",
    "accounting",
    "audit",
    "backends",
    "best_correlations",
    "best_drive",
    "compare_backends",
    "compare_definitions",
    "comparison",
    "densities",
    "drives",
    "errors",
    "files",
    "library",
    "limit",
    "limit_cycle",
    "load",
    "optimise",
    "parts",
    "plot",
    "read_machine_file",
    "rerun",
    "run",
    "search",
    "states",
    "sweep",
    "sweeps",
]

__version__: str
