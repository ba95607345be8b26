"""HEOM: its states are those of QuTiP's solver, its energies are conserved, its errors are honest."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
import qutip
from qutip.solver.heom import HEOMSolver

import athermal as at
from athermal.backends.open import hierarchy

TAU = 2.0 * np.pi
DRUDE = at.densities.Ohmic(friction=0.1, cutoff=3.0, cutoff_shape="drude")
DRIVEN = at.drives.Constant(1.0) + at.drives.Harmonic(0.5, frequency=1.0)
HEOM_OF_TWO = at.HEOM(depth=2, exponents=2)
SHARP = {"rtol": 1e-10, "atol": 1e-12}


def qubit(t_hot=2.0, t_cold=1.0, *, frequency=DRIVEN, operators=("sigmax", "sigmax"), density=DRUDE, period=TAU):
    """A qubit between two baths, the cold one coupled 0.7 times as strongly."""
    contacts = zip(("hot", "cold"), operators, (1.0, 0.7), strict=True)
    return at.Machine(
        [at.Qubit("q", frequency)],
        [at.ContinuumBath("hot", t_hot, density), at.ContinuumBath("cold", t_cold, density)],
        [at.OperatorCoupling(("q", bath), (operator, "position"), strength) for bath, operator, strength in contacts],
        period=period,
    )


def density(solver, state):
    return solver.finest.density(state.runs[0].vector)


# --- against QuTiP's own solver --------------------------------------------------------------------------------------------


# the integrators' tolerances; auxiliary operators that add less than 1e-6 of the largest rate are left out otherwise
@pytest.mark.parametrize(("smallest", "tolerance"), [(0.0, 1e-8), (hierarchy.SMALLEST, 1e-5)])
@pytest.mark.parametrize("cold_operator", ["sigmax", "sigmaz"])
def test_states_are_those_of_qutips_solver(monkeypatch, cold_operator, smallest, tolerance):
    monkeypatch.setattr(hierarchy, "ladder", partial(hierarchy.ladder, smallest=smallest))
    machine, times, depth = qubit(operators=("sigmax", cold_operator)), [0.0, 1.5, 4.0], 3
    solver = at.HEOM(depth=depth, exponents=3, check=False, tolerance=SHARP["rtol"]).bind(machine)
    state = solver.prepare(machine.initial)
    operators = [qutip.sigmax(), 0.7 * (qutip.sigmax() if cold_operator == "sigmax" else qutip.sigmaz())]
    baths = [(e.environment(t), a) for e, t, a in zip(solver.finest.exponents, (2.0, 1.0), operators, strict=True)]
    hamiltonian = qutip.QobjEvo([[0.5 * qutip.sigmaz(), lambda t: 1.0 + 0.5 * np.cos(t)]])
    options = {"method": "vern9", "progress_bar": "", "nsteps": 100_000, **SHARP}
    theirs = HEOMSolver(hamiltonian, baths, depth, options=options).run(qutip.Qobj(density(solver, state)), times)
    for k in (1, 2):
        state, _ = solver.advance(state, times[k - 1], times[k])
        assert np.allclose(density(solver, state), theirs.states[k].full(), rtol=0.0, atol=tolerance)


# --- energies of a qubit between two baths ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cold_operator", ["sigmax", "sigmaz"])
def test_energy_is_conserved_at_every_time(cold_operator):
    machine = qubit(operators=("sigmax", cold_operator))
    ledger = at.run(machine, 2, backend=at.HEOM(depth=3, exponents=3, check=False, tolerance=SHARP["rtol"]), samples_per_cycle=5)
    table = ledger.samples
    residual = table.work - table.heat.sum("reservoir") - table.energy_change.sum("subsystem")
    assert float(np.max(np.abs(residual))) < 1e-8  # the integrator's tolerance, over some hundred steps
    assert float(np.max(np.abs(table.work))) > 0.05
    assert ledger.violations() == []


# sigma_z does not commute with the other contact: each tier makes the current ten times smaller, from 1.6e-3 at the third
@pytest.mark.parametrize(("cold_operator", "tolerance"), [("sigmax", 1e-5), ("sigmaz", 2e-4)])
def test_no_current_at_equal_temperatures(cold_operator, tolerance):
    machine = qubit(1.0, 1.0, frequency=1.0, operators=("sigmax", cold_operator), period=60.0)
    start, last = at.run(machine, 2, backend=at.HEOM(depth=4, exponents=4, check=False)).cycles.heat.values
    assert np.all(np.abs(start) > 0.1)
    assert np.all(np.abs(last) < tolerance)


def test_weak_coupling_meets_bloch_redfield():
    """The stationary current is a series in the coupling, and Redfield's its first term: they differ by its next order."""
    off = []
    for friction in (0.04, 0.02):
        density = at.densities.Ohmic(friction, 3.0, cutoff_shape="drude")
        machine = qubit(frequency=1.0, density=density, period=3.0 / friction)
        exact = at.run(machine, 3, backend=at.HEOM(depth=2, check=False, method="vern7")).cycles.heat.values[-1]
        redfield = at.run(machine, 3, backend=at.BlochRedfield()).cycles.heat.values[-1]
        assert np.sum(exact) == pytest.approx(0.0, abs=1e-4 * abs(exact[0]))  # stationary: what one gives, the other takes
        off.append(exact[1] / redfield[1] - 1.0)
    assert off[1] == pytest.approx(0.0, abs=0.06)
    # linear in the friction, up to its square and the misfit of 2 %
    assert off[1] / off[0] == pytest.approx(0.5, abs=0.06)


# --- errors and options ----------------------------------------------------------------------------------------------------


def test_errors_shrink_and_bound():
    machine = qubit(2.0, 1.0, operators=("sigmax", "sigmaz"))
    deep = at.run(machine, 1, backend=at.HEOM(depth=6, exponents=5, check=False)).cumulative
    largest = []
    for depth, exponents in ((2, 3), (3, 4)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", at.errors.TruncationWarning)  # the coarse one is not converged, and says so
            ledger = at.run(machine, 1, backend=at.HEOM(depth=depth, exponents=exponents))
        for name in ("work", "heat", "energy_change", "entropy_change"):
            off = np.abs(ledger.cumulative[name] - deep[name])
            assert np.all(off <= ledger.cumulative_errors[name] + 1e-7), (depth, name)  # tolerance of the integrator
        largest.append(float(np.max(ledger.errors.heat)))
    assert largest[1] < 0.3 * largest[0]


def test_too_shallow_warns_of_the_option_to_raise():
    strong = at.densities.Ohmic(friction=0.5, cutoff=1.0, cutoff_shape="drude")
    with pytest.warns(at.errors.TruncationWarning, match=r"with `depth` of the backend one coarser.*Raise `depth`"):
        at.run(qubit(density=strong), 1, backend=at.HEOM(depth=2, exponents=4))
    with pytest.warns(at.errors.TruncationWarning, match=r"with `exponents` of the backend one coarser.*Raise `exponents`"):
        at.run(qubit(0.4, 0.3, density=strong), 1, backend=at.HEOM(depth=6, exponents=3))


def test_what_cannot_be_is_refused():
    with pytest.raises(
        at.errors.MachineError, match=r"`exponents` .* must be at least \d+ for reservoir 'cold' at temperature 0.1"
    ):
        HEOM_OF_TWO.bind(qubit(2.0, 0.1))
    contact = at.OperatorCoupling(("q", "bath"), ("sigmam", "create"), plus_conjugate=True)
    exchange = at.Machine([at.Qubit("q", 1.0)], [at.ContinuumBath("bath", 1.0, DRUDE)], [contact], period=1.0)
    with pytest.raises(at.errors.MachineError, match=r"'q' with 'bath' must be of the form A B .* but is an exchange"):
        HEOM_OF_TWO.bind(exchange)
    with pytest.raises(at.errors.MachineError, match=r"auxiliary operators of dimension 2, .* would need .* Lower `depth`"):
        at.HEOM(depth=20, exponents=8, max_memory=0.5).bind(qubit())


def test_errors_are_kept_in_files(tmp_path):
    ledger = at.run(qubit(), 1, backend=at.HEOM(depth=3, exponents=4))
    ledger.save(tmp_path / "qubit.nc")
    loaded = at.load(tmp_path / "qubit.nc")
    assert loaded.errors.identical(ledger.errors)
    assert loaded.confidence.cutoffs == ("depth", "exponents", "depth")
    assert float(loaded.errors.heat.max()) > 0.0


def test_a_run_goes_on_from_a_state_with_its_correlations():
    machine, backend = qubit(), at.HEOM(depth=3, exponents=3, check=False, tolerance=SHARP["rtol"])
    whole = at.run(machine, 3, backend=backend).cycles
    later = at.run(machine, 1, backend.state_after(machine, 2), backend=backend).cycles
    for name in ("work", "heat", "energy_change", "entropy_change"):
        assert np.allclose(later[name][0], whole[name][2], atol=1e-8), name  # the integrator's tolerance
    # without the correlations the interaction is made anew
    assert abs(float(whole.heat[0, 0] - whole.heat[2, 0])) > 0.01


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (at.HEOM(depth=2, exponents=3, check=False), "depths"),
        (at.HEOM(depth=3, exponents=4, check=False), "numbers of exponentials"),
    ],
)
def test_states_of_other_hierarchies_are_refused(other, what):
    state = at.HEOM(depth=3, exponents=3, check=False).state_after(qubit(), 0)
    with pytest.raises(at.errors.StateError, match=f"must have the same {what}"):
        at.run(qubit(), 1, state, backend=other)
    with pytest.raises(at.errors.StateError, match="must have the same exponentials"):
        at.run(qubit(t_hot=2.5), 1, state, backend=at.HEOM(depth=3, exponents=3, check=False))
