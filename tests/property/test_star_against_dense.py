"""The star and the dense backend give the same ledger: two ways of computing that share only the assembly of the Hamiltonian."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.testing.harmonic.strategies import PERIOD, complex_drives, couplings, numbers, oscillators, real_drives, runs
from athermal.thermodynamics.snapshot import ALWAYS

# Energies of some hundreds to the backends' 1e-12, and logarithms of nearly pure modes; the issue asks for 1e-8.
TOLERANCE = 1e-8


def assert_same_run(machine, initial, star, cycles=2, samples=1):
    solvers = [backend.bind(machine) for backend in (star, at.Dense())]
    states = [solver.prepare(initial) for solver in solvers]
    times = machine.period * np.arange(cycles * samples + 1) / samples
    for start, stop in itertools.pairwise([0.0, *times]):
        advanced = [solver.advance(state, start, stop) for solver, state in zip(solvers, states, strict=True)]
        states = [state for state, _ in advanced]
        works = [work for _, work in advanced]
        assert works[0] == pytest.approx(works[1], abs=TOLERANCE)
        one, two = (solver.snapshot(state, stop) for solver, state in zip(solvers, states, strict=True))
        for name in ALWAYS:
            assert np.allclose(getattr(one, name), getattr(two, name), rtol=0.0, atol=TOLERANCE), (name, stop)
    assert solvers[0].remarks(states[0]) == ()


@given(runs())
def test_small_machines_of_every_kind(run):
    """Chains, rings and coupled baths too, through their normal modes."""
    assert_same_run(*run, at.Star())


@st.composite
def large_stars(draw):
    """Return a machine of one to two oscillators with two baths of more modes than a cycle lets them use."""
    subsystems = [draw(oscillators(name)) for name in "ab"[: draw(st.integers(1, 2))]]
    baths, terms = [], []
    for k, name in enumerate(("hot", "cold")):
        low = draw(numbers(0.3, 1.0))
        density = at.densities.FlatBand(draw(numbers(0.05, 0.3)), low, low + draw(numbers(0.8, 2.0)))
        baths.append(at.ContinuumBath(name, draw(numbers(0.1, 3.0)), density, draw(st.integers(120, 150)), "legendre"))
        kind = draw(st.sampled_from(["exchange", "two_mode_squeezing", "position"]))
        between = draw(st.permutations((subsystems[k % len(subsystems)].name, name)))
        if kind == "position":
            terms.append(at.Position(between, draw(real_drives(1.0))))
        elif kind == "exchange":
            terms.append(at.Exchange(between, draw(complex_drives(1.0))))
        else:
            terms.append(at.TwoModeSqueezing(between, draw(complex_drives(0.4))))
    if len(subsystems) == 2:
        terms.append(draw(couplings(("a", "b"))))
    if draw(st.booleans()):
        terms.append(at.Displacement("a", draw(real_drives(0.4)), draw(real_drives(0.4))))
    return at.Machine(subsystems, baths, terms, PERIOD)


@st.composite
def large_starts(draw, machine):
    """Return starts that a large star can have: correlations of contacts, sites or subsystems, squeezed, displaced, charged."""
    start = at.ProductThermal()
    names = (*machine.subsystem_names, *machine.reservoir_names)
    if draw(st.booleans()):
        start = at.Squeezed(draw(st.sampled_from(names)), draw(numbers(-0.4, 0.4)), draw(numbers(0.0, 6.0)), start=start)
    if draw(st.booleans()):
        one, two = draw(st.permutations(names))[:2]
        pattern = draw(st.sampled_from(["two_mode_squeezing", "exchange"]))
        site = draw(st.sampled_from([None, 60]))
        found = [at.Correlation((one, two), pattern, draw(numbers(0.0, 6.0)), site=site)]
        start = at.CorrelatedMarginals(found, draw(st.sampled_from([0.3, 0.9, 1.0])), start=start)
    if draw(st.booleans()):
        start = at.Displaced(draw(st.sampled_from(names)), draw(numbers(-1.0, 1.0)), 0.2, start=start)
    if draw(st.booleans()):
        start = at.Charged(draw(st.integers(1, 2)), start=start)
    return start


@settings(max_examples=8)
@given(st.data())
def test_large_stars(data):
    """With no covariance of any bath formed, and every column known."""
    machine = data.draw(large_stars())
    initial = data.draw(large_starts(machine))
    assert_same_run(machine, initial, at.Star(block_modes=8, entropy_modes=0), samples=data.draw(st.integers(1, 2)))
