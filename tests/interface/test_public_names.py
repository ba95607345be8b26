"""What is public, name by name: a name that comes or goes is a decision."""

import importlib

import pytest

import athermal as at

MACHINE = """
    Machine Oscillator Qubit Qudit TruncatedOscillator Bath ContinuumBath Chain Ring SpinBath TruncatedBath FiniteBath
    Exchange TwoModeSqueezing Position QuadraticForm Displacement OperatorCoupling Counter Observable
    ProductThermal Gibbs Charged Squeezed Displaced Correlation CorrelatedMarginals GivenState GaussianMoments
"""
BACKENDS = "Dense Star DensityMatrix StateVectors Lindblad BlochRedfield FloquetMarkov HEOM"
VERBS = """
    run limit_cycle audit sweep rerun load optimise best_correlations best_drive account compare_backends compare_definitions
    read_machine_file
"""
RESULTS = "Ledger LimitCycle Audit Grid"
NAMESPACES = {
    "accounting": "Measured Propagation Significance StandardErrors States above_carnot account",
    "backends": "Backend Preparer Solver",
    "comparison": "BackendComparison DefinitionComparison compare_backends compare_definitions",
    "densities": "FlatBand FunctionDensity Ohmic SpectralDensity SumDensity TabulatedDensity UnderdampedBrownian discretise",
    "drives": "Constant Drive Function Harmonic Product Rotating Strokes Sum",
    "limit": "FixedCycle HarmonicCycle LimitCycle floquet_exponents limit_cycle",
    "parts": "CoupledBath FiniteReservoir FiniteSubsystem HarmonicReservoir Reservoir",
    "search": """
        BestCorrelations BestDrive FourierSeries Global Local Objective Optimum Optuna Solution StrokeValues drive_gradient
        with_drive
    """,
    "states": "InitialState nearest_state",
    "sweeps": "Failure Rerun Sample Sweep Table cycles_beyond_carnot",
}


def test_the_top():
    names = f"{MACHINE} {BACKENDS} {VERBS} {RESULTS}".split()
    assert sorted(at.__all__) == sorted([*names, *NAMESPACES, "errors", "files", "library", "plot"])
    assert len(names) <= 55
    assert all(getattr(at, name) is not None for name in names)


@pytest.mark.parametrize("space", NAMESPACES)
def test_a_namespace(space):
    module = importlib.import_module(f"athermal.{space}")
    assert sorted(module.__all__) == sorted(NAMESPACES[space].split())
    assert module is getattr(at, space)
    assert all(getattr(module, name).__doc__ for name in module.__all__)


def test_names_of_namespaces_are_found_at_the_top_but_not_listed_there():
    for space, name in (("drives", "Strokes"), ("densities", "Ohmic"), ("errors", "MachineError"), ("search", "Objective")):
        assert getattr(at, name) is getattr(getattr(at, space), name)
        assert name not in dir(at)
    with pytest.raises(AttributeError, match="no attribute 'Strocks'"):
        _ = at.Strocks
