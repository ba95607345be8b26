"""Limit cycles of hierarchies: against QuTiP's own steady state, many cycles, and rows 26 and 27."""

from __future__ import annotations

import math

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at
from athermal.testing.open.machines import one_contact, strokes, wave

QUICK = at.HEOM(depth=2, exponents=3, check=False)


def kato_and_tanimura():
    """Splitting 1, exchange .1, J = 2 lambda gamma w/(gamma^2 + w^2), lambda = .05, gamma = 2, T = 2 (1 +- .01)."""
    density = at.densities.Ohmic(friction=2.0 * 0.05 / 2.0, cutoff=2.0, cutoff_shape="drude")
    return at.Machine(
        [at.Qubit("one", 1.0), at.Qubit("two", 1.0)],
        [at.ContinuumBath("hot", 2.02, density), at.ContinuumBath("cold", 1.98, density)],
        [
            at.Exchange(("one", "two"), 0.1),
            at.OperatorCoupling(("one", "hot"), ("sigmax", "position")),
            at.OperatorCoupling(("two", "cold"), ("sigmax", "position")),
        ],
        period=50.0,
    )


def test_row_27_steady_heat_current():
    """1.2109e-4 by QuTiP's hierarchy: A. Kato and Y. Tanimura, J. Chem. Phys. 145, 224105 (2016)."""
    cycle = at.limit_cycle(kato_and_tanimura(), at.HEOM(depth=4, exponents=3, check=False))
    # the digits that are given
    assert cycle.heat["cold"] / 50.0 == pytest.approx(1.2109e-4, abs=0.5e-8)
    assert cycle.heat["hot"] == pytest.approx(-cycle.heat["cold"], rel=1e-6)
    assert cycle.work == 0.0
    assert cycle.ledger.violations() == []


def strong_otto(delta, period):
    """A qubit whose frequency goes from 1 to 2 and back, switched between two baths of density s w e^{-w} by quintic ramps."""

    def density(g, temperature):
        occupation = 1.0 / math.expm1(g / temperature)
        return at.densities.Ohmic(friction=delta / (g * math.exp(-g) * (1.0 + occupation)), cutoff=1.0)

    def strokes_of(durations, values, ramps):
        return at.drives.Strokes(tuple(period * x for x in durations), values, tuple(period * x for x in ramps), "quintic")

    hot = strokes_of((0.06, 0.38, 0.56), (0.0, 0.5, 0.0), (0.0, 0.06, 0.06))
    cold = strokes_of((0.56, 0.38, 0.06), (0.0, 0.5, 0.0), (0.0, 0.06, 0.06))
    return at.Machine(
        [at.Qubit("qubit", strokes_of((0.5, 0.5), (2.0, 1.0), (0.06, 0.05)))],
        [at.ContinuumBath("hot", 4.0, density(2.0, 4.0)), at.ContinuumBath("cold", 0.5, density(1.0, 0.5))],
        [at.OperatorCoupling(("qubit", name), ("sigmax", "position"), drive) for name, drive in (("hot", hot), ("cold", cold))],
        period=period,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("delta", "period", "depth", "efficiency", "work"),
    [(0.4, 50.0, 3, 0.36234, 0.16862), (0.6, 80.0, 4, 0.39798, 0.20693)],
)
def test_row_26_strongly_coupled_otto_engine(delta, period, depth, efficiency, work):
    """Hierarchy of pure states, sampled (models of github.com/vale981/two_qubit_model)."""
    backend = at.HEOM(depth=depth, exponents=8, check=False, tolerance=1e-6)
    cycle = at.limit_cycle(strong_otto(delta, period), backend, accuracy=1e-6)
    # the sampling noise of the reference, and a tier of ours
    assert cycle.efficiency == pytest.approx(efficiency, rel=3e-3)
    assert -cycle.work == pytest.approx(work, rel=5e-3)
    assert cycle.mode == "engine"


def test_the_steady_state_of_qutip():
    machine, backend = kato_and_tanimura(), at.HEOM(depth=3, exponents=2, check=False)
    solver = backend.bind(machine).finest
    x, one = qutip.sigmax(), qutip.qeye(2)
    environments = [held.environment(t) for held, t in zip(solver.exponents, (2.02, 1.98), strict=True)]
    contacts = list(zip(environments, (qutip.tensor(x, one), qutip.tensor(one, x)), strict=True))
    h = qutip.Qobj(solver.hamiltonian.own(solver.hamiltonian.subsystems).toarray(), dims=[[2, 2], [2, 2]])
    theirs, _ = HEOMSolver(h, contacts, 3).steady_state()
    cycle = at.limit_cycle(machine, backend, keep_states=True)
    # operators that matter less than 1e-6 are left out of ours
    np.testing.assert_allclose(cycle.ledger.state(("one", "two"), cycle=0).full(), theirs.full(), atol=1e-7)


@pytest.mark.parametrize("machine", [wave(), strokes()], ids=lambda machine: machine.name)
def test_the_last_of_many_cycles(machine):
    cycle, waited = at.limit_cycle(machine, QUICK), at.run(machine, 36, backend=QUICK).cycles.isel(cycle=-1)
    # the integrator's tolerance
    assert cycle.work == pytest.approx(float(waited.work), abs=1e-7)
    np.testing.assert_allclose(cycle.heat, waited.heat, atol=1e-7)
    assert cycle.errors["change"] < 1e-8
    assert 0.0 < abs(cycle.multipliers[0]) < 1.0


def test_the_errors_of_its_cutoffs():
    machine, backend = one_contact(), at.HEOM(depth=3, exponents=3)
    cycle = at.limit_cycle(machine, backend)
    finer = at.limit_cycle(machine, at.HEOM(depth=5, exponents=5, check=False))
    assert abs(cycle.heat["hot"] - finer.heat["hot"]) <= cycle.errors["heat"]
    assert cycle.errors["heat"] < 0.01 * cycle.heat["hot"]
    again = at.run(machine, 1, cycle.start, backend=backend)
    np.testing.assert_allclose(again.heat.isel(cycle=0), cycle.heat, atol=1e-9)


def test_heom_is_the_default_and_finds_equilibrium():
    """Of one bath and no drive: the stationary state is the Gibbs state of the coupled whole."""
    bath = at.ContinuumBath("bath", 0.7, at.densities.Ohmic(friction=0.4, cutoff=3.0, cutoff_shape="drude"))
    machine = at.Machine(
        [at.Qubit("atom", 1.0)], [bath], [at.OperatorCoupling(("atom", "bath"), ("sigmax", "position"))], period=3.0
    )
    cycle = at.limit_cycle(machine)
    gibbs = at.run(machine, 1, at.Gibbs(0.7), backend=at.HEOM())
    assert cycle.ledger.provenance["backend"]["kind"] == "heom"
    assert cycle.ledger.instants.subsystem_energy[0, 0] == pytest.approx(float(gibbs.instants.subsystem_energy[0, 0]), abs=1e-9)
    assert abs(cycle.heat["bath"]) < 1e-9


def test_what_is_conserved_is_named():
    machine = wave()
    bath = machine.reservoirs[0]
    for frequency in (1.0, 1.0 + at.drives.Harmonic(0.3, frequency=2.0)):
        dephasing = at.Machine(
            [at.Qubit("q", frequency)], [bath], [at.OperatorCoupling(("q", "hot"), ("sigmaz", "position"))], np.pi
        )
        with pytest.raises(at.errors.MachineError, match="conserved is the energy of 'q'"):
            at.limit_cycle(dephasing, QUICK)
    with pytest.raises(at.errors.MachineError, match="`minimal_dissipation`.*must be left out"):
        at.limit_cycle(machine, at.HEOM(depth=2, exponents=3, minimal_dissipation=True))
