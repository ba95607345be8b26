"""What is public, name by name: a name that comes or goes is a decision."""

import importlib
import re
from pathlib import Path

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
    "files": """
        MachineFile build_machine_file library_machine_file machine_file_of parse_machine_file plan_from plan_of read_document
        read_machine_file
    """,
    "library": """
        correlated_qubits correlated_stream heat_reversal molecular_motor otto single_atom spin_star three_oscillators
        two_oscillator two_qubit_swap two_stroke
    """,
    "limit": "FixedCycle HarmonicCycle LimitCycle floquet_exponents limit_cycle",
    "parts": "CoupledBath FiniteReservoir FiniteSubsystem HarmonicReservoir Reservoir",
    "plot": """
        SWEEP_FIGURES backends correlations definitions efficiency energy_entropy ergotropy flows heat_map lasting mode_map
        pareto_front resources style summary
    """,
    "search": """
        BestCorrelations BestDrive FourierSeries Global Local Objective Optimum Optuna Solution StrokeValues drive_gradient
        with_drive
    """,
    "states": "InitialState nearest_state",
    "sweeps": "Failure Rerun Sample Sweep Table cycles_beyond_carnot",
}
ERRORS = """
    AthermalError MachineError StateError FileFormatError StudyError StoreError RunError ConvergenceError InstabilityError
    RunInterrupted StudyInterrupted AthermalWarning RecurrenceWarning TruncationWarning ResidualWarning VersionWarning
"""
ROOT = Path(__file__).parent.parent.parent
WRITTEN = re.compile(r"\bat((?:\.[A-Za-z_]\w*)+)")


def test_the_top():
    names = f"{MACHINE} {BACKENDS} {VERBS} {RESULTS}".split()
    assert sorted(at.__all__) == sorted([*names, *NAMESPACES, "errors"])
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


def test_errors():
    found = {name for name, value in vars(at.errors).items() if isinstance(value, type) and value.__module__ == "athermal.errors"}
    assert found == set(ERRORS.split())


def is_there(words):
    """Tell whether `at.` and so many words name something, as far as they lead through modules."""
    thing = at
    for word in words:
        if not isinstance(thing, type(at)):
            return True
        if not hasattr(thing, word):
            return False
        thing = getattr(thing, word)
    return True


@pytest.mark.parametrize("kind", ["benchmarks/*.py", "docs/*.md", "examples/*.py", "src/**/*.py", "*.md"])
def test_every_name_that_is_written_is_there(kind):
    """In examples, benchmarks, docstrings, messages and documents, some of which no test runs."""
    files = list(ROOT.glob(kind))
    found = {(path.name, *words.split(".")[1:]) for path in files for words in WRITTEN.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 5
    assert not [name for name in found if not is_there(name[1:])]
