"""Layers of initial states, and what a backend says of one that it cannot prepare."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import athermal as at

OSCILLATORS = at.library.two_oscillator(modes=3)
QUBITS = at.Machine(
    [at.Qubit("a", 1.0), at.Qubit("b", 0.7)],
    [at.SpinBath("bath", 1.0, (0.8,), (0.1,))],
    [at.Exchange(("a", "b"), 0.1), at.Exchange(("a", "bath"), 0.1)],
    period=1.0,
)
CONTINUUM = at.Machine(
    [at.Qubit("a", 1.0)],
    [at.ContinuumBath("bath", 1.0, at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude"))],
    [at.OperatorCoupling(("a", "bath"), ("sigmax", "position"), 0.1)],
    period=1.0,
)
BACKENDS = [
    (at.Dense(), OSCILLATORS),
    (at.Star(), OSCILLATORS),
    (at.DensityMatrix(), QUBITS),
    (at.StateVectors(), QUBITS),
    (at.HEOM(depth=2, check=False), CONTINUUM),
    (at.Lindblad(), CONTINUUM),
]


@dataclass(frozen=True)
class Mystery(at.states.InitialState):
    """A state from outside."""


@dataclass(frozen=True)
class Shaken(at.states.InitialState):
    """A change from outside of another state."""

    start: at.states.InitialState = field(default_factory=at.ProductThermal)


@pytest.mark.parametrize(("backend", "machine"), BACKENDS)
@pytest.mark.parametrize("initial", [Mystery(), Shaken(), Shaken(Mystery())])
def test_a_state_from_outside_is_refused_by_the_names_of_the_backend_and_of_the_kind(backend, machine, initial):
    name, kind = type(backend).__name__, type(initial).__name__
    message = rf"^{name}.* cannot prepare the initial state {kind}: it knows ProductThermal, Gibbs, .*\. Start from one of these"
    with pytest.raises(at.errors.MachineError, match=message):
        backend.bind(machine).prepare(initial)


@pytest.mark.parametrize(
    ("backend", "machine", "initial", "message"),
    [
        (at.Dense(), OSCILLATORS, at.GivenState(np.eye(2) / 2.0), "no density matrix here. Use GaussianMoments"),
        (at.Star(), OSCILLATORS, at.GivenState(np.eye(2) / 2.0), "no density matrix here. Use GaussianMoments"),
        (at.StateVectors(), QUBITS, at.GaussianMoments(0.5 * np.eye(2)), "is Gaussian.*Use GivenState"),
        (at.HEOM(depth=2, check=False), CONTINUUM, at.Charged(1), "run backwards in time.*use a backend that follows them"),
    ],
)
def test_a_kind_without_a_formula_says_why_and_what_to_use(backend, machine, initial, message):
    with pytest.raises(at.errors.MachineError, match=f"cannot prepare the initial state {type(initial).__name__}: .*{message}"):
        backend.bind(machine).prepare(initial)


def test_layers_from_the_bottom():
    inner = at.Charged(2, at.ProductThermal({"hot": 2.0}))
    squeezed = at.Squeezed("hot", 0.1, start=inner)
    whole = at.Charged(1, at.Charged(3, squeezed))
    assert whole.layers() == (inner.start, inner, squeezed, whole.start, whole)
    assert at.Gibbs(1.0).layers() == (at.Gibbs(1.0),)
    assert whole.charged_cycles == 6
    assert whole.uncharged() == (squeezed, 4)
    assert squeezed.uncharged() == (squeezed, 0)


def test_a_kind_derived_from_a_known_one_is_prepared_as_that():
    class Mine(at.ProductThermal):
        pass

    solver = at.Dense().bind(OSCILLATORS)
    assert np.array_equal(solver.prepare(Mine()).covariance, solver.prepare(at.ProductThermal()).covariance)
