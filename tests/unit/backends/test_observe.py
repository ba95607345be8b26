"""What is seen of a state: coherence, entanglement, ergotropy, cold parts, the highest level, counters."""

import numpy as np
import pytest
import qutip

import athermal as at

BELL = (qutip.tensor(qutip.basis(2, 0), qutip.basis(2, 1)) + 1j * qutip.tensor(qutip.basis(2, 1), qutip.basis(2, 0))).unit()


def two_qubits(**options):
    return at.Machine([at.Qubit("a", 1.0), at.Qubit("b", 1.5)], [at.SpinBath("hot", 1.0, (1.0,))], [], 1.0, **options)


def seen(machine, initial, time=0.0):
    solver = at.DensityMatrix().bind(machine)
    return solver.snapshot(solver.prepare(initial), time)


def test_a_bell_pair():
    """C(S) = 2 ln 2, half of it coherence; concurrence 1, negativity 1/2; all its energy above the ground state is ergotropy."""
    s = seen(two_qubits(), at.GivenState(BELL, ("a", "b")))
    near = {"abs": 1e-13}  # rounding
    assert float(s.system_entropy) == pytest.approx(0.0, **near)
    assert np.allclose(s.subsystem_entropies, np.log(2.0), rtol=0.0, atol=1e-13)
    assert float(s.extras["system_correlation_coherence"]) == pytest.approx(np.log(2.0), **near)
    assert float(s.extras["mutual_information_coherence"]) == pytest.approx(0.0, **near)
    assert float(s.extras["concurrence"]) == pytest.approx(1.0, **near)
    assert float(s.extras["negativity"]) == pytest.approx(0.5, **near)
    assert float(s.extras["ergotropy"]) == pytest.approx(1.25, **near)
    assert np.allclose(s.extras["subsystem_ergotropy"], 0.0, rtol=0.0, atol=1e-13)


def test_classical_correlation_holds_no_coherence():
    rho = np.diag([0.5, 0.0, 0.0, 0.5])
    s = seen(two_qubits(), at.GivenState(rho, ("a", "b")))
    assert np.sum(s.subsystem_entropies) - float(s.system_entropy) == pytest.approx(np.log(2.0), rel=1e-14)
    assert float(s.extras["system_correlation_coherence"]) == pytest.approx(0.0, abs=1e-14)
    assert float(s.extras["concurrence"]) == pytest.approx(0.0, abs=1e-14)
    assert float(s.extras["negativity"]) == 0.0


def test_coherence_is_that_between_energies_of_the_parts():
    """Within a degenerate level nothing is dephased: the same state of a qubit without a splitting has none."""
    split, flat = two_qubits(), at.Machine([at.Qubit("a", 0.0), at.Qubit("b", 0.0)], two_qubits().reservoirs, [], 1.0)
    given = at.GivenState(BELL, ("a", "b"))
    assert float(seen(split, given).extras["system_correlation_coherence"]) > 0.69
    assert float(seen(flat, given).extras["system_correlation_coherence"]) == pytest.approx(0.0, abs=1e-13)  # rounding
    # energies along x: the coherent superposition of z is an energy eigenstate
    term = at.OperatorCoupling("a", "sigmax", 0.5)
    along_x = at.Machine([at.Qubit("a", 0.0), at.Qubit("b", 1.0)], two_qubits().reservoirs, [term], 1.0)
    plus = (qutip.basis(2, 0) + qutip.basis(2, 1)).unit()
    s = seen(along_x, at.GivenState(plus, ("a",)))
    assert float(s.extras["subsystem_ergotropy"][0]) == pytest.approx(1.0, rel=1e-13)


@pytest.mark.parametrize("population", [1e-6, 1e-12, 1e-14])
def test_a_reservoir_so_cold(population):
    """D_j of an inverted spin against its reference with an excited population of 1e-12: w/T (1 - p) + ..., not infinite."""
    temperature = 1.0 / np.log((1.0 - population) / population)
    machine = at.Machine([at.Qubit("a", 1.0)], [at.SpinBath("cold", temperature, (1.0,))], [], 1.0)
    ledger = at.run(machine, initial=at.GivenState(qutip.basis(2, 0), ("cold",)))
    assert float(ledger.instants.athermality[0, 0]) == pytest.approx(-np.log(population), rel=1e-12)
    thermal = at.run(machine)
    exact = -population * np.log(population) - (1.0 - population) * np.log1p(-population)
    assert float(thermal.instants.reservoir_entropy[0, 0]) == pytest.approx(exact, rel=1e-12, abs=1e-15)
    assert float(thermal.instants.athermality[0, 0]) == pytest.approx(0.0, abs=1e-14)  # rounding of E/T + ln Z


def test_the_highest_level():
    machine = at.Machine([at.TruncatedOscillator("t", 1.0, 4)], [at.TruncatedBath("b", 0.5, (1.0, 2.0), levels=3)], [], 1.0)
    s = seen(machine, at.GivenState(np.diag([0.5, 0.2, 0.2, 0.1]), ("t",)))
    assert float(s.extras["top_level_population"]) == pytest.approx(0.1, rel=1e-14)
    weights = np.exp(-np.arange(3) / 0.5)
    s = seen(machine, at.ProductThermal({"t": 0.05}))
    assert float(s.extras["top_level_population"]) == pytest.approx(weights[2] / weights.sum(), rel=1e-13)
    assert "top_level_population" not in seen(two_qubits(), at.ProductThermal()).extras


def test_a_counter_of_excitations_is_heat_over_frequency():
    """d n_bath/dt = <i g (a^dag B - a B^dag)>: its time integral is Q/w, with drives and without."""
    for strength in (at.drives.Constant(0.4), at.drives.Constant(0.4) + at.drives.Harmonic(0.2, 2.0 * np.pi / 3.0)):
        current = at.OperatorCoupling(
            ("a", "hot"), ("sigmam", "sigmap"), strength * at.drives.Rotating(1.0, 0.0, 0.5 * np.pi), plus_conjugate=True
        )
        machine = at.Machine(
            [at.Qubit("a", 1.3)],
            [at.SpinBath("hot", 2.0, (1.1, 1.1), (0.5, 0.8))],
            [at.Exchange(("a", "hot"), strength)],
            period=3.0,
            counters=[at.Counter("passed", [current])],
        )
        ledger = at.run(machine, cycles=3, initial=at.ProductThermal({"a": 0.2}), samples_per_cycle=2)
        # rounding, and the sign that [a B^dag + a^dag B, n_B] fixes: dn_B/dt = i <a^dag B - a B^dag>
        assert np.allclose(-ledger.counts.values[:, 0], ledger.heat.values[:, 0] / 1.1, rtol=0.0, atol=1e-13)
        assert np.max(np.abs(ledger.heat.values)) > 0.01
        assert ledger.violations() == []


def test_coherence_can_be_left_out():
    solver = at.DensityMatrix(coherence=False).bind(two_qubits())
    s = solver.snapshot(solver.prepare(at.ProductThermal()), 0.0)
    assert not any("coherence" in name for name in s.extras)
    assert {"ergotropy", "subsystem_ergotropy", "negativity", "concurrence"} <= set(s.extras)


def test_large_wholes_run_on_threads_whatever_they_are_made_of():
    """Six oscillators of three levels are 729 states, as large as ten qubits."""
    oscillators = at.library.two_oscillator(modes=2)
    assert at.DensityMatrix(levels=3).bind(oscillators).is_threaded
    assert not at.DensityMatrix(levels=2).bind(oscillators).is_threaded
    spins = at.library.two_qubit_swap()
    assert not at.DensityMatrix().bind(spins).is_threaded
