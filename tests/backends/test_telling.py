"""What every backend declares that it tells, against small runs: `athermal list --columns` and docs/columns.md go by it."""

import numpy as np
import pytest

import athermal as at
from athermal.backends.base import Solver
from athermal.testing import Telling
from athermal.testing.held import held_machines
from athermal.thermodynamics import schema
from athermal.thermodynamics.extras import OF_RENEWED
from athermal.thermodynamics.knowledge import KNOWN, UNKNOWN, columns_of, values_of

BATH = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude"))
CONTACT = at.OperatorCoupling(("a", "bath"), ("position", "position"), 0.1)
OPEN = (
    at.Machine(
        [at.Qubit("a", 1.0), at.Qubit("b", 1.2)],
        [BATH],
        [at.OperatorCoupling(("a", "bath"), ("sigmax", "position"), 0.1), at.Exchange(("a", "b"), 0.1)],
        period=1.0,
    ),
    at.Machine([at.TruncatedOscillator("a", 1.0, levels=3)], [BATH], [CONTACT], period=1.0),
)


class TestDense(Telling):
    backend = at.Dense()


class TestStar(Telling):
    backend = at.Star()


class TestDensityMatrix(Telling):
    backend = at.DensityMatrix()


class TestStateVectors(Telling):
    backend = at.StateVectors(max_columns=4096)


class TestSampledStateVectors(Telling):
    backend = at.StateVectors(samples=4)


class TestHEOM(Telling):
    backend = at.HEOM(depth=1, check=False)


class TestLindblad(Telling):
    backend = at.Lindblad()


class TestBlochRedfield(Telling):
    backend = at.BlochRedfield()


class TestFloquetMarkov(Telling):
    backend = at.FloquetMarkov()


@pytest.mark.parametrize(
    ("backend", "machines"),
    [
        (at.Dense(), ()),
        (at.Star(), ()),
        (at.DensityMatrix(), ()),
        (at.StateVectors(max_columns=4096), ()),
        (at.HEOM(depth=1, check=False, minimal_dissipation=True), OPEN),
        (at.Lindblad(), OPEN),
        (at.BlochRedfield(), OPEN),
        (at.FloquetMarkov(), OPEN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_is_declared_that_no_run_has(backend, machines):
    told = set()
    for machine in (*held_machines(backend), *machines):
        solver = backend.bind(machine)
        told |= set(solver.snapshot(solver.prepare(at.ProductThermal()), 0.0).extras)
        told |= {"observables"} if type(solver).watch is not Solver.watch else set()
    told |= {"fuel_delivered"} if "renewed_entropy" in told else set()  # which the run adds up
    assert backend.tells.extras == told


def test_columns_follow_from_what_is_told():
    """What the laws make of a declaration is what a run of such a machine has."""
    ledger = at.run(at.library.two_oscillator(modes=4, T_hot=2.4), 1, backend=at.Dense())
    found, values = columns_of(at.Dense.tells), values_of(ledger)
    others = {name for name, column in schema.COLUMNS.items() if column.where == OF_RENEWED} | {
        "observables",
        "observables_change",
    }
    assert {name for name, known in found.items() if known == KNOWN} - others == set(values)
    cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    found, values = columns_of(at.LimitCycle.tells), values_of(cycle.ledger)
    unknown = {name for name, held in values.items() if held.dtype.kind == "f" and np.isnan(held).all()}
    assert {name for name, known in found.items() if known == UNKNOWN} == unknown - _of_refrigerators()


def _of_refrigerators():
    """Return the columns that an engine has no number for."""
    return {"coefficient_of_performance", "coefficient_split"}
