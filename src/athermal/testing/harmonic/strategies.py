"""Random machines and initial states for Hypothesis: small, weakly coupled, of every kind that the Gaussian backend holds.

`runs` draws a machine with an initial state, `machines` and `initial_states` either alone:

>>> import warnings
>>> import hypothesis
>>> @hypothesis.settings(max_examples=2, deadline=None, derandomize=True)
... @hypothesis.given(runs(max_subsystems=1))
... def obeys_the_laws(drawn):
...     machine, initial = drawn
...     with warnings.catch_warnings(action="ignore", category=at.errors.RecurrenceWarning):
...         assert not at.run(machine, 1, initial, backend=at.Dense()).violations()
>>> obeys_the_laws()
"""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

import athermal as at

PERIOD = 5.0
BASE = 2.0 * np.pi / PERIOD
RESERVOIRS = ("hot", "cold")


def numbers(low, high):
    """Return numbers of three digits or so: they print well and shrink well."""
    return st.integers(0, 200).map(lambda k: low + (high - low) * k / 200)


@st.composite
def real_drives(draw, size):
    """Return a real drive of values up to `size`: constant, smooth, of strokes with ramps or sudden, a function, sums and products."""
    kind = draw(st.sampled_from(["constant", "harmonic", "strokes", "ramps", "function", "sum", "product"]))
    amplitude = draw(numbers(0.2 * size, size))
    k = draw(st.integers(1, 3))
    phase = draw(numbers(0.0, 6.0))
    if kind == "constant":
        return at.drives.Constant(amplitude)
    if kind == "harmonic":
        return at.drives.Harmonic(amplitude, k * BASE, phase)
    if kind == "function":
        c = draw(numbers(0.1, 0.9))
        return at.drives.Function(lambda t: amplitude / (1.0 + c * np.cos(k * BASE * t + phase) ** 2), period=PERIOD)
    if kind == "sum":
        return 0.5 * at.drives.Harmonic(amplitude, k * BASE, phase) + 0.5 * draw(strokes(amplitude))
    if kind == "product":
        return draw(strokes(1.0)) * at.drives.Harmonic(amplitude, k * BASE, phase)
    return draw(strokes(amplitude, sudden=kind == "strokes"))


@st.composite
def strokes(draw, size, *, sudden=False, low=None):
    """Return strokes whose values lie in [low, size], low = -size if left out."""
    n = draw(st.integers(2, 3))
    cuts = sorted(draw(st.lists(st.integers(1, 19), min_size=n - 1, max_size=n - 1, unique=True)))
    durations = np.diff([0, *cuts, 20]) * PERIOD / 20
    values = [draw(numbers(-size if low is None else low, size)) for _ in range(n)]
    ramps = 0.0 if sudden else [draw(st.sampled_from([0.0, 0.5, 1.0])) * duration for duration in durations]
    return at.drives.Strokes(durations, values, ramps, draw(st.sampled_from(["cosine", "quintic", "linear"])))


@st.composite
def complex_drives(draw, size):
    """Return a drive of values up to `size`, real or rotating."""
    if draw(st.booleans()):
        return draw(real_drives(size))
    return at.drives.Rotating(draw(numbers(0.2 * size, size)), draw(st.integers(-3, 3)) * BASE, draw(numbers(0.0, 6.0)))


@st.composite
def oscillators(draw, name):
    """Return an oscillator by either law, its frequency constant or driven."""
    middle = draw(numbers(0.8, 2.0))
    kind = draw(st.sampled_from(["constant", "harmonic", "strokes"]))
    if kind == "constant":
        frequency = middle
    elif kind == "harmonic":
        frequency = middle + at.drives.Harmonic(
            draw(numbers(0.02, 0.25)), draw(st.integers(1, 2)) * BASE, draw(numbers(0.0, 6.0))
        )
    else:
        frequency = draw(strokes(2.0, low=0.8))
    reference = draw(st.sampled_from([None, 1.3]))
    return at.Oscillator(name, frequency, draw(st.sampled_from(["potential", "number"])), reference)


@st.composite
def reservoirs(draw, name):
    """Return a bath of any kind with one to five modes."""
    temperature = draw(numbers(0.3, 4.0))
    kind = draw(st.sampled_from(["bath", "continuum", "chain", "ring", "coupled"]))
    if kind == "bath":
        n = draw(st.integers(1, 4))
        couplings = [draw(numbers(-0.3, 0.3)) for _ in range(n - 1)] + [draw(numbers(0.05, 0.3))]
        return at.Bath(name, temperature, [draw(numbers(0.6, 2.5)) for _ in range(n)], couplings)
    if kind == "continuum":
        rule = draw(st.sampled_from(["midpoint", "legendre", "gauss", "tan"]))
        density = draw(
            st.sampled_from(
                [
                    at.densities.FlatBand(0.1, 0.6, 2.2),
                    at.densities.Ohmic(0.03, 3.0, cutoff_shape="drude"),
                    at.densities.Ohmic(0.03, 1.5, exponent=1.5),
                ]
            )
        )
        return at.ContinuumBath(name, temperature, density, draw(st.integers(2, 5)), rule, low=0.5, high=4.0)
    frequency, hopping = draw(numbers(0.9, 1.8)), draw(numbers(-0.25, 0.25))
    if kind == "chain":
        return at.Chain(name, temperature, draw(st.integers(1, 4)), frequency, hopping)
    if kind == "ring":
        return at.Ring(name, temperature, draw(st.integers(3, 5)), frequency, hopping)
    n = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    mix = rng.normal(size=(2 * n, 2 * n)) / np.sqrt(2 * n)
    return at.parts.CoupledBath(name, temperature, np.eye(2 * n) + 0.2 * (mix + mix.T) / 2 + 0.05 * mix @ mix.T, [0.2] * n)


def contact(draw, bath):
    """Return the keywords of a contact: a bath's own couplings, one site, or weights."""
    choices = ["site", "weights"] if bath.own_weights is None else ["own", "site"]
    kind = draw(st.sampled_from(choices))
    if kind == "own":
        return {}, 0.6
    if kind == "site":
        return {"site": draw(st.integers(0, bath.n_modes - 1))}, 0.12
    return {"weights": [draw(numbers(0.1, 0.5)) for _ in range(bath.n_modes)]}, 0.12


@st.composite
def couplings(draw, pair, bath=None):
    """Return a coupling between two subsystems, or a subsystem and a bath, in either order."""
    kind = draw(st.sampled_from(["exchange", "two_mode_squeezing", "position", "form"]))
    between = draw(st.permutations(pair))
    options, size = ({}, 0.12) if bath is None else contact(draw, bath)
    if bath is None and kind != "form":
        options["share"] = draw(st.sampled_from([(0.5, 0.5), (0.0, 1.0), (0.3, 0.7)]))
    if kind == "exchange":
        return at.Exchange(between, draw(complex_drives(size)), **options)
    if kind == "two_mode_squeezing":
        return at.TwoModeSqueezing(between, draw(complex_drives(0.5 * size)), **options)
    if kind == "position":
        return at.Position(between, draw(real_drives(size)), **options)
    sizes = [2 if bath is None or name != bath.name else 2 * bath.n_modes for name in between]
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    return at.QuadraticForm(between, rng.normal(size=sizes) / np.sqrt(max(sizes)), draw(real_drives(0.1)))


@st.composite
def machines(draw, *, max_subsystems=3, forces=True):
    """Return a machine of up to so many oscillators and two baths, with every kind of coupling; with forces or without."""
    subsystems = [draw(oscillators(name)) for name in "abc"[: draw(st.integers(1, max_subsystems))]]
    baths = [draw(reservoirs(name)) for name in RESERVOIRS[: draw(st.integers(1, 2))]]
    terms = [draw(couplings((subsystems[k % len(subsystems)].name, bath.name), bath)) for k, bath in enumerate(baths)]
    for one, two in itertools.pairwise(subsystems):
        terms.append(draw(couplings((one.name, two.name))))
    if draw(st.booleans()):
        last = baths[-1]
        terms.append(draw(couplings((subsystems[-1].name, last.name), last)))
    if draw(st.booleans()):
        terms.append(at.QuadraticForm((subsystems[0].name,), [[0.05, 0.03], [0.03, -0.04]], draw(real_drives(1.0))))
    if forces and draw(st.booleans()):
        terms.append(at.Displacement(subsystems[0].name, draw(real_drives(0.4)), draw(real_drives(0.4))))
    return at.Machine(subsystems, baths, terms, PERIOD)


@st.composite
def initial_states(draw, machine):
    """Return product, Gibbs, squeezed, displaced, correlated or charged starts, and some of them on top of one another."""
    start = at.ProductThermal()
    if draw(st.booleans()):
        start = at.ProductThermal({machine.subsystem_names[0]: draw(numbers(0.2, 5.0))})
    names = (*machine.subsystem_names, *machine.reservoir_names)
    kinds = st.lists(st.sampled_from(["gibbs", "squeezed", "displaced", "correlated", "charged"]), max_size=2, unique=True)
    for kind in draw(kinds):
        if kind == "gibbs":
            parts = draw(st.sampled_from([None, (machine.subsystem_names[0], machine.reservoir_names[0])]))
            start = at.Gibbs(draw(numbers(0.3, 3.0)), parts)
        elif kind == "squeezed":
            start = at.Squeezed(draw(st.sampled_from(names)), draw(numbers(-0.4, 0.4)), draw(numbers(0.0, 6.0)), start=start)
        elif kind == "displaced":
            start = at.Displaced(draw(st.sampled_from(names)), draw(numbers(-1.0, 1.0)), draw(numbers(-1.0, 1.0)), start=start)
        elif kind == "correlated":
            start = at.CorrelatedMarginals(draw(correlations(machine)), draw(st.sampled_from([0.3, 0.9, 1.0])), start=start)
        else:
            start = at.Charged(draw(st.integers(1, 2)), start=start)
    return start


@st.composite
def correlations(draw, machine):
    """Return one or two patterns of correlation between different parts."""
    found = []
    for _ in range(draw(st.integers(1, 2))):
        one, two = draw(st.permutations([*machine.subsystem_names, *machine.reservoir_names]))[:2]
        found.append(
            at.Correlation(
                (one, two),
                draw(st.sampled_from(["two_mode_squeezing", "exchange"])),
                draw(numbers(0.0, 6.0)),
                draw(numbers(0.3, 1.0)),
                site=0,
            )
        )
    return found


@st.composite
def runs(draw, **options):
    """Return a machine and an initial state of it; the options are those of `machines`."""
    machine = draw(machines(**options))
    return machine, draw(initial_states(machine))
