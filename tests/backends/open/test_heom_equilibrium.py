"""HEOM: equilibria of the coupled whole, pure dephasing in closed form, and minimal dissipation."""

from __future__ import annotations

import numpy as np
import pytest
import qutip

import athermal as at
from athermal.backends.open.minimal_dissipation import hamiltonian
from athermal.machine.operator import oscillator_operators

PLUS = (qutip.basis(2, 0) + 0.5 * qutip.basis(2, 1)).unit()


def drude(friction, cutoff):
    return at.densities.Ohmic(friction=friction, cutoff=cutoff, cutoff_shape="drude")


def oscillator(friction, cutoff, temperature, levels, reference=1.0):
    """A Caldeira-Leggett oscillator of frequency 1, in the number basis of another frequency."""
    return at.Machine(
        [at.TruncatedOscillator("a", 1.0, levels, reference_frequency=reference)],
        [at.ContinuumBath("bath", temperature, drude(friction, cutoff))],
        [at.Position(("a", "bath"), strength=1.0 / np.sqrt(reference))],
        period=5.0,
    )


def qubit(operator, *, friction=0.1, cutoff=3.0, temperature=0.8, strength=1.0, period=4.0):
    return at.Machine(
        [at.Qubit("q", 1.0)],
        [at.ContinuumBath("bath", temperature, drude(friction, cutoff))],
        [at.OperatorCoupling(("q", "bath"), (operator, "position"), strength)],
        period=period,
        initial=at.GivenState(PLUS),
    )


def moments(backend, machine, temperature, levels, reference=1.0):
    solver = backend.bind(machine)
    rho = solver.finest.density(solver.prepare(at.Gibbs(temperature)).runs[0].vector)
    operators = oscillator_operators(levels)
    x = np.real(np.trace(rho @ operators["position_squared"])) / reference
    p = np.real(np.trace(rho @ operators["momentum_squared"])) * reference
    return x, p


def matsubara(friction, cutoff, temperature):
    """<x^2> and <p^2>: Grabert, Weiss, Talkner, Z. Phys. B 55, 87 (1984), with the remainder of <p^2> as 1/n^2."""
    n = np.arange(1, 400_000)
    v = 2.0 * np.pi * temperature * n
    memory = v * friction * cutoff / (v + cutoff)
    x = temperature * (1.0 + 2.0 * np.sum(1.0 / (1.0 + v**2 + memory)))
    p = temperature * (1.0 + 2.0 * np.sum((1.0 + memory) / (1.0 + v**2 + memory)))
    tail = 2.0 * temperature * (1.0 + friction * cutoff) / ((2.0 * np.pi * temperature) ** 2 * len(n))
    return x, p + tail


# --- equilibrium -------------------------------------------------------------------------------------------------------------


def test_equilibrium_of_a_damped_oscillator_in_closed_form():
    """The formula of VALIDATION row 10 at a strength where few levels do."""
    found = moments(at.HEOM(depth=4, exponents=6, check=False), oscillator(0.1, 2.0, 0.5, 8), 0.5, 8)
    # the exponentials miss the bath's correlation function by 0.7 percent; the coupling moves <p^2> by 4 percent
    assert found == pytest.approx(matsubara(0.1, 2.0, 0.5), rel=3e-4)
    assert abs(found[1] - 0.5 / np.tanh(1.0)) > 0.02


@pytest.mark.slow
def test_row_10():
    """Friction 1, cut-off 10, T = 0.2: <x^2> = 0.440121070, <p^2> = 1.063713532."""
    expected = (0.440121070, 1.063713532)
    assert matsubara(1.0, 10.0, 0.2) == pytest.approx(expected, rel=1e-5)  # 400,000 terms
    machine = oscillator(1.0, 10.0, 0.2, 6, reference=1.55)
    rough = moments(at.HEOM(depth=7, exponents=5, check=False), machine, 0.2, 6, reference=1.55)
    fine = moments(at.HEOM(depth=8, exponents=5, check=False), machine, 0.2, 6, reference=1.55)
    assert fine == pytest.approx(expected, rel=0.01)
    # the stated error: what one tier changes, and the 2.8 percent that five exponentials miss C(t) by
    assert np.all(np.abs(np.array(fine) - expected) <= np.abs(np.array(fine) - rough) + 0.028 * np.array(expected))


def test_the_equilibrium_is_stationary():
    machine = qubit("sigmax", friction=0.3)
    ledger = at.run(machine, cycles=2, initial=at.Gibbs(0.8), backend=at.HEOM(depth=4, check=False))
    # the integrator's tolerance
    assert np.allclose(ledger.heat, 0.0, atol=1e-7)
    assert np.allclose(ledger.entropy_change, 0.0, atol=1e-7)
    assert float(ledger.instants.interaction_energy[0, 0]) < -0.1


@pytest.mark.parametrize("exponents", [None, 6, 9, 12])
def test_the_equilibrium_at_weak_coupling_is_that_of_the_qubit(exponents):
    """It deviates in the first order of the friction, whatever the number of exponentials: of all of them the second tier counts."""
    energy = -0.5 * np.tanh(0.5 / 0.8)
    deviations = []
    for friction in (0.01, 0.005):
        solver = at.HEOM(depth=3, exponents=exponents, check=False).bind(qubit("sigmax", friction=friction))
        rho = solver.finest.density(solver.prepare(at.Gibbs(0.8)).runs[0].vector)
        deviations.append(0.5 * np.real(rho[0, 0] - rho[1, 1]) - energy)
    # the second order, and one percent of misfit of the default number
    assert deviations[0] / deviations[1] == pytest.approx(2.0, rel=0.006)
    assert deviations[1] == pytest.approx(0.0010473, rel=0.012)  # with nothing left out


def test_quench_of_a_strongly_coupled_equilibrium():
    """The contact is cut at once: its energy -V is work, nothing flows any more, and when it returns it finds little left."""
    backend = at.HEOM(depth=4, check=False)
    machine = qubit("sigmax", friction=0.3)
    state = backend.state_after(machine, 0, at.Gibbs(0.8))
    cut = qubit("sigmax", friction=0.3, strength=at.drives.Strokes((1.0, 3.0), (1.0, 0.0)))
    ledger = at.run(cut, samples_per_cycle=4, initial=state, backend=backend)
    before = float(ledger.instants.interaction_energy[0, 0])
    for name in ("work", "switching_work", "energy_change"):  # up to just before the contact returns
        # the integrator's tolerance
        assert np.allclose(ledger.samples[name].values.reshape(4)[:3], -before, atol=1e-7)
    assert np.allclose(ledger.samples.heat, 0.0, atol=1e-7)
    # (1 - e^{-v 3}) of the slowest exponential at least
    assert abs(float(ledger.work[0]) + before) < 1e-3
    assert ledger.violations() == []


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (at.Gibbs(0.5), "`temperature` of a Gibbs state of the whole must be that of every bath"),
        (at.Gibbs(0.8, parts=("bath",)), "`parts` of a Gibbs state for HEOM must be subsystems only or everything"),
    ],
)
def test_gibbs_states_that_are_no_stationary_states_are_refused(initial, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.run(qubit("sigmax"), initial=initial, backend=at.HEOM(check=False))


# --- pure dephasing: closed forms --------------------------------------------------------------------------------------------


def test_pure_dephasing_in_closed_form():
    """Each mode circles its shifted centre: Q(t) = -V(t) = integral g^2(w) (1 - cos wt)/w dw = friction cutoff (1 - e^{-cutoff t})."""
    machine = qubit("sigmaz")
    ledger = at.run(machine, samples_per_cycle=8, backend=at.HEOM(depth=6, minimal_dissipation=True))
    times = ledger.snapshots.time
    heat = 0.1 * 3.0 * (1.0 - np.exp(-3.0 * times))
    # the exponentials' misfit is 1.7 percent; Im C is met much better
    assert np.allclose(ledger.snapshots.reservoir_energies[:, 0], heat, atol=2e-4)
    assert np.allclose(ledger.snapshots.extras["interaction_energy"][:, 0], -heat, atol=2e-4)
    # the coherence decays by exp(-4 integral_0^t (t - s) Re C(s) ds)
    w = (np.arange(200_000) + 0.5) * 1e-3
    noise = (2.0 / np.pi) * machine.reservoirs[0].spectral_density(w) / np.tanh(0.5 * w / 0.8)
    decay = np.array([np.exp(-2.0 * np.sum(noise * (1.0 - np.cos(w * t)) / w**2) * 1e-3) for t in times[[2, 8]]])
    coherence = float(np.real(PLUS.full()[0, 0] * PLUS.full()[1, 0].conj()))
    eigenvalues = [np.linalg.eigvalsh([[0.8, coherence * x], [coherence * x, 0.2]]) for x in decay]
    entropies = [float(-np.sum(p * np.log(p))) for p in eigenvalues]
    assert ledger.snapshots.system_entropy[[2, 8]] == pytest.approx(entropies, abs=3e-3)
    # K_S = H_S: A. Colla and H.-P. Breuer, PRA 105, 052216 (2022)
    assert np.allclose(ledger.snapshots.extras["minimal_dissipation_energy"], 0.5 * (0.8 - 0.2), atol=1e-8)
    assert np.allclose(ledger.minimal_dissipation_heat, 0.0, atol=1e-8)
    assert ledger.violations() == []


def test_minimal_dissipation_from_runs_of_the_four_matrix_elements():
    """K_S from differences of the maps, their columns put together from runs that start in four states."""
    machine, backend = qubit("sigmax"), at.HEOM(depth=4, check=False, tolerance=1e-10)
    starts = [
        qutip.basis(2, 0),
        qutip.basis(2, 1),
        (qutip.basis(2, 0) + qutip.basis(2, 1)).unit(),
        (qutip.basis(2, 0) + 1j * qutip.basis(2, 1)).unit(),
    ]
    solver, step = backend.bind(machine), 1e-3
    inputs = np.array([qutip.ket2dm(state).full().ravel(order="F") for state in starts]).T
    maps = []
    for time in (1.0 - step, 1.0, 1.0 + step):
        columns = []
        for state in starts:
            after, _ = solver.advance(solver.prepare(at.GivenState(state)), 0.0, time)
            columns.append(solver.finest.density(after.runs[0].vector).ravel(order="F"))
        maps.append(np.array(columns).T @ np.linalg.inv(inputs))
    generator = (maps[2] - maps[0]) / (2.0 * step) @ np.linalg.inv(maps[1])
    rho = (maps[1] @ qutip.ket2dm(PLUS).full().ravel(order="F")).reshape(2, 2, order="F")
    found = at.run(machine, samples_per_cycle=4, backend=at.HEOM(depth=4, check=False, minimal_dissipation=True))
    energy = float(np.real(np.trace(hamiltonian(generator) @ rho)))
    assert found.snapshots.extras["minimal_dissipation_energy"][1] == pytest.approx(energy, abs=1e-5)  # step^2
    assert abs(energy - found.snapshots.subsystem_energies[1, 0]) > 0.01
    assert found.accuracy["minimal_dissipation_quadrature"] < 1e-4


def test_minimal_dissipation_needs_a_product():
    with pytest.raises(at.errors.MachineError, match="needs a start without correlations with the baths"):
        at.run(qubit("sigmax"), initial=at.Gibbs(0.8), backend=at.HEOM(check=False, minimal_dissipation=True))
