"""Random machines of finite parts for Hypothesis: qubits, qutrits, spin baths, every coupling and drive random.

`finite_runs` draws a machine with an initial state, `finite_machines` and `finite_initial_states` either alone:

>>> import hypothesis
>>> @hypothesis.settings(max_examples=2, deadline=None, derandomize=True)
... @hypothesis.given(finite_runs())
... def obeys_the_laws(drawn):
...     machine, initial = drawn
...     assert not at.run(machine, 1, initial, backend=at.DensityMatrix()).violations()
>>> obeys_the_laws()
"""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

import athermal as at
from athermal.testing.harmonic.strategies import PERIOD, complex_drives, numbers, real_drives


@st.composite
def random_generators(draw):
    """Return a generator of its own for the matrices: they need not shrink."""
    return np.random.default_rng(draw(st.integers(0, 10_000)))


def hermitian(rng, size):
    """Return a random Hermitian matrix whose levels are of order one."""
    m = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return 0.5 * (m + m.conj().T) / np.sqrt(size)


@st.composite
def subsystems(draw, name):
    """Return a qubit, driven or not, or a qudit of two or three levels."""
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["constant", "drive", "sum"]))
        middle = draw(numbers(-2.0, 2.0))
        if kind == "constant":
            return at.Qubit(name, middle)
        drive = draw(real_drives(0.8))
        return at.Qubit(name, drive if kind == "drive" else middle + drive)
    levels = draw(st.integers(2, 3))
    if draw(st.booleans()):  # degenerate levels now and then
        return at.Qudit(name, [draw(st.sampled_from([0.0, 0.5, 1.0, 1.7])) for _ in range(levels)])
    return at.Qudit(name, hermitian(draw(random_generators()), levels))


@st.composite
def spin_baths(draw, name, most):
    """Return a bath of one to `most` spins."""
    n = draw(st.integers(1, most))
    couplings = draw(st.sampled_from([None, [draw(numbers(-0.5, 0.5)) for _ in range(n)]]))
    return at.SpinBath(name, draw(numbers(0.2, 4.0)), [draw(numbers(-0.5, 2.5)) for _ in range(n)], couplings)


def operator(draw, part, *, is_hermitian):
    """Return an operator of a part: a standard one by name, or a random matrix."""
    rng = draw(random_generators())
    spin = isinstance(part, (at.Qubit, at.SpinBath))
    if spin and draw(st.booleans()):
        names = ["sigmax", "sigmay", "sigmaz"] if is_hermitian else ["sigmap", "sigmam", "|0><1|"]
        return draw(st.sampled_from(names))
    matrix = hermitian(rng, part.dimension)
    return matrix if is_hermitian else matrix @ hermitian(rng, part.dimension)


@st.composite
def finite_couplings(draw, one, two):
    """Return a coupling between two parts, in either order: by name, by matrices, Hermitian or with the conjugate added."""
    kind = draw(st.sampled_from(["exchange", "two_mode_squeezing", "hermitian", "plus conjugate"]))
    parts = draw(st.permutations([one, two]))
    between, options = tuple(part.name for part in parts), {}
    bath = next((part for part in parts if isinstance(part, at.SpinBath)), None)
    if bath is None:
        options["share"] = draw(st.sampled_from([(0.5, 0.5), (0.0, 1.0), (0.3, 0.7), (-0.5, 1.5)]))
    if kind in ("exchange", "two_mode_squeezing") and all(isinstance(part, (at.Qubit, at.SpinBath)) for part in parts):
        make = at.Exchange if kind == "exchange" else at.TwoModeSqueezing
        return make(between, draw(complex_drives(0.7)), **options, **draw(contacts(bath)))
    plus_conjugate = kind == "plus conjugate"
    operators = tuple(operator(draw, part, is_hermitian=not plus_conjugate) for part in parts)
    by_name = [isinstance(entry, str) for entry, part in zip(operators, parts, strict=True) if part is bath]
    if all(by_name):
        options |= draw(contacts(bath))
    drive = draw(complex_drives(0.6)) if plus_conjugate else draw(real_drives(0.6))
    return at.OperatorCoupling(between, operators, drive, plus_conjugate, **options)


@st.composite
def contacts(draw, bath):
    """Return the keywords of a contact: a bath's own couplings, one site, or weights."""
    if bath is None:
        return {}
    kind = draw(st.sampled_from(["own", "site", "weights"]))
    if kind == "site":
        return {"site": draw(st.integers(0, bath.n_sites - 1))}
    return {} if kind == "own" else {"weights": [draw(numbers(-0.5, 0.5)) for _ in range(bath.n_sites)]}


@st.composite
def finite_machines(draw):
    """Return a machine of one or two subsystems and one or two spin baths, of dimension 72 at most, perhaps with a counter."""
    parts = [draw(subsystems(name)) for name in "ab"[: draw(st.integers(1, 2))]]
    names = ("hot", "cold")[: draw(st.integers(1, 2))]
    # a second bath only with as many spins as the dimension 72 has room for: a driven stretch costs its third power
    baths = [draw(spin_baths(names[0], 3 if len(names) == 1 or len(parts) == 1 else 2))]
    baths += [draw(spin_baths(name, 3 if len(parts) == 1 else 1)) for name in names[1:]]
    terms = [draw(finite_couplings(parts[k % len(parts)], bath)) for k, bath in enumerate(baths)]
    for one, two in itertools.pairwise(parts):
        terms.append(draw(finite_couplings(one, two)))
    if draw(st.booleans()):
        terms.append(draw(finite_couplings(parts[-1], baths[-1])))
    if draw(st.booleans()):
        only = operator(draw, parts[0], is_hermitian=True)
        terms.append(at.OperatorCoupling(parts[0].name, (only,), draw(real_drives(0.5))))
    counters = []
    if draw(st.booleans()):
        observed = operator(draw, parts[0], is_hermitian=True)
        counters.append(at.Counter("seen", [at.OperatorCoupling(parts[0].name, (observed,), draw(real_drives(1.0)))]))
    return at.Machine(parts, baths, terms, PERIOD, counters=counters)


@st.composite
def finite_initial_states(draw, machine):
    """Return product, Gibbs, given, correlated or charged starts, and charged on top of any."""
    first = machine.subsystem_names[0]
    kind = draw(st.sampled_from(["product", "gibbs", "some gibbs", "given", "part given", "correlated"]))
    start = at.ProductThermal({first: draw(numbers(0.2, 5.0))})
    if kind == "gibbs":
        start = at.Gibbs(draw(numbers(0.3, 3.0)))
    elif kind == "some gibbs":
        start = at.Gibbs(draw(numbers(0.3, 3.0)), (machine.reservoir_names[-1], first))
    elif kind == "given":
        start = at.GivenState(random_density(draw(random_generators()), machine.dimension))
    elif kind == "part given":
        parts = (machine.reservoir_names[0], first)
        size = int(np.prod([machine.part(name).dimension for name in parts]))
        start = at.GivenState(random_density(draw(random_generators()), size), parts, start)
    elif kind == "correlated":
        tilted = {c.between[0] for c in machine.couplings if len(c.between) == 1}  # <sigma_-> of such a thermal state is not 0
        spins = [p.name for p in machine.parts if isinstance(p, (at.Qubit, at.SpinBath)) and p.name not in tilted]
        if len(spins) > 1:
            site = 0 if set(spins[:2]) & set(machine.reservoir_names) else None
            pattern = draw(st.sampled_from(["two_mode_squeezing", "exchange"]))
            correlation = at.Correlation((spins[0], spins[1]), pattern, draw(numbers(0.0, 6.0)), site=site)
            start = at.CorrelatedMarginals([correlation], draw(st.sampled_from([0.3, 0.9, 1.0])), start)
    return at.Charged(draw(st.integers(1, 2)), start) if draw(st.booleans()) else start


def random_density(rng, size):
    """Return a state of random rank, pure ones included."""
    rank = int(rng.integers(1, size + 1))
    m = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = m @ m.conj().T
    return rho / np.trace(rho).real


@st.composite
def finite_runs(draw):
    """Return a machine and an initial state of it."""
    machine = draw(finite_machines())
    return machine, draw(finite_initial_states(machine))
