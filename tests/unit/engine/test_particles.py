"""A run of reservoirs that exchange particles: the engine adds the chemical work to what the backend says of the drives."""

import dataclasses

import numpy as np
import pytest

import athermal as at

FREQUENCY, POTENTIAL, TEMPERATURE = 1.0, 0.3, 0.5


class Lead(at.SpinBath):
    """Spins of one frequency, whose excitations count as particles."""

    @property
    def chemical_potential(self):
        return POTENTIAL


def machine(kind):
    return at.Machine(
        subsystems=[at.Qubit("dot", at.drives.Constant(FREQUENCY) + at.drives.Harmonic(0.4, frequency=1.0))],
        reservoirs=[kind("lead", TEMPERATURE, [FREQUENCY, FREQUENCY], [0.2, 0.3])],
        couplings=[at.Exchange(("dot", "lead"))],
        period=2.0 * np.pi,
    )


@pytest.fixture
def counting(monkeypatch):
    """Let the backend count the excited spins of the lead, of which each has the same energy, and know ln Z with mu N."""
    solver = type(at.DensityMatrix().bind(machine(Lead)))
    snapshot, reference = solver.snapshot, solver.reference
    levels = np.array([0.5 * FREQUENCY - POTENTIAL, -0.5 * FREQUENCY])
    partition = 2.0 * np.log(np.sum(np.exp(-levels / TEMPERATURE)))

    def counted(self, state, time):
        seen = snapshot(self, state, time)
        return dataclasses.replace(seen, extras={**seen.extras, "particles": seen.reservoir_energies / FREQUENCY + 1.0})

    def with_particles(self):
        own = reference.__get__(self)
        return dataclasses.replace(own, log_partitions=np.array([partition])) if np.any(own.chemical_potentials) else own

    monkeypatch.setattr(solver, "snapshot", counted)
    monkeypatch.setattr(solver, "reference", property(with_particles))


def test_the_work_of_a_run_is_that_of_the_drives_and_of_the_particles(counting):
    start = at.ProductThermal({"dot": 2.0})
    plain, lead = (at.run(machine(kind), 3, start, backend=at.DensityMatrix()) for kind in (at.SpinBath, Lead))
    assert lead.reference.chemical_potentials.tolist() == [POTENTIAL]
    particles = np.diff(lead.snapshots.extras["particles"][:, 0])
    assert np.max(np.abs(particles)) > 1e-3
    assert np.allclose(lead.drive_work, plain.work, rtol=0.0, atol=1e-14)  # rounding
    assert np.allclose(lead.chemical_work, -POTENTIAL * particles, rtol=0.0, atol=1e-14)
    assert np.allclose(lead.work, plain.work - POTENTIAL * particles, rtol=0.0, atol=1e-14)
    assert np.allclose(lead.heat[:, 0], (FREQUENCY - POTENTIAL) * particles, rtol=0.0, atol=1e-14)
    assert lead.violations() == []
