"""Machines without reservoirs: closed, W = sum dU_i, the entropy of the whole constant, in every backend that holds them."""

import math

import numpy as np
import pytest

import athermal as at

THERMAL = at.ProductThermal({"a": 0.3, "b": 0.15})
TWO = [at.Exchange(("a", "b"), at.drives.Harmonic(0.3, frequency=1.0))]
QUBITS = at.Machine([at.Qubit("a", 1.0), at.Qubit("b", 1.2)], [], TWO, 2.0 * math.pi)
OSCILLATORS = at.Machine([at.Oscillator("a", 1.0), at.Oscillator("b", 1.5)], [], TWO, 2.0 * math.pi)


@pytest.mark.parametrize(
    ("machine", "backend", "accuracy"),
    [
        (QUBITS, None, 1e-12),
        (QUBITS, "auto", 1e-12),
        (QUBITS, at.StateVectors(), 1e-12),
        (QUBITS, at.Lindblad(), 1e-6),
        (QUBITS, at.BlochRedfield(), 1e-6),
        (QUBITS, at.FloquetMarkov(), 1e-6),
        (OSCILLATORS, None, 1e-12),
        (OSCILLATORS, "auto", 1e-12),
        (OSCILLATORS, at.Star(), 1e-12),
        (OSCILLATORS, at.DensityMatrix(levels=10), 1e-12),
    ],
    ids=str,
)
def test_the_whole_is_closed(machine, backend, accuracy):
    ledger = at.run(machine, 2, THERMAL, backend=backend)
    reference = at.run(machine, 2, THERMAL)
    assert ledger.violations() == []
    np.testing.assert_allclose(ledger.work, ledger.energy_change.sum("subsystem"), rtol=0.0, atol=accuracy)
    assert np.ptp(ledger.instants.total_entropy.values) < accuracy
    assert np.ptp(ledger.instants.system_entropy.values) < accuracy
    assert np.all(np.abs(ledger.mutual_information) < accuracy)
    np.testing.assert_allclose(ledger.sigma_total_change, ledger.system_correlation_change, rtol=0.0, atol=accuracy)
    assert ledger.heat.shape == (2, 0)
    assert np.all(np.isnan(ledger.carnot_efficiency))
    assert set(ledger.cycles["mode"].values) <= {"charge", "discharge"}
    loose = 1e-4 if machine is OSCILLATORS and isinstance(backend, at.DensityMatrix) else 10.0 * accuracy  # the cut
    np.testing.assert_allclose(ledger.work, reference.work, rtol=0.0, atol=loose)


def test_a_coherent_qubit_keeps_its_entropy():
    """A qubit alone, from a superposition: <sigma_x> turns at its frequency, nothing else happens."""
    machine = at.Machine([at.Qubit("q", 1.0)], [], [], 1e5)
    ledger = at.run(machine, 2, at.GivenState([[0.5, 0.5], [0.5, 0.5]], parts=("q",)))
    assert np.all(np.abs(ledger.instants.total_entropy) < 1e-12)
    assert set(ledger.cycles["mode"].values) == {"idle"}


def test_subsystems_start_in_their_ground_states():
    ledger = at.run(at.Machine([at.Qubit("q", 2.0)], [], [], 1.0), 1)
    assert ledger.instants.subsystem_energy.values.ravel() == pytest.approx([-1.0, -1.0])


def test_files_tables_and_round_trips(tmp_path):
    ledger = at.run(QUBITS, 2, THERMAL)
    assert "charge" in str(ledger)
    assert at.load(ledger.save(tmp_path / "closed.nc")).cycles.equals(ledger.cycles)
    assert set(at.compare_definitions(ledger).cycles["second_law"].values.ravel()) <= {"kept", "resources spent", "unknown"}
    path = tmp_path / "closed.toml"
    path.write_text('[machine]\nperiod = 1.0\n[[machine.subsystems]]\nkind = "qubit"\nname = "q"\nfrequency = 1.0\n')
    assert at.run(at.read_machine_file(path).machine, 1).work.item() == 0.0


def test_what_needs_a_bath_says_so():
    with pytest.raises(at.errors.MachineError, match="HEOM.. needs a bath, but this machine has no reservoirs"):
        at.run(QUBITS, 1, backend=at.HEOM())
