"""A free Brownian particle: the whole is bounded below, with one direction of no curvature."""

import numpy as np
import pytest
import scipy.linalg

import athermal as at
from athermal.maths.symplectic import symplectic_form

DRUDE = at.densities.Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude")
BATH = at.ContinuumBath("bath", 1.0, DRUDE, modes=20, rule="tan", high=50.0)


def particle(curvature, **options):
    couplings = [at.Position(("p", "bath"), **options), at.QuadraticForm(("p",), [[curvature, 0.0], [0.0, 0.0]])]
    return at.Machine([at.Oscillator("p", 1.0)], [BATH], couplings, period=1.0)


@pytest.mark.parametrize("backend", [at.Dense(), at.Star()])
def test_a_free_particle_runs(backend):
    machine = particle(-1.0)
    assert machine.lowest_curvature() == 0.0
    thermal = 0.5 / np.tanh(0.5 * machine.harmonic_baths[0].frequencies)
    covariance = np.diag(np.concatenate([[0.5], thermal, [0.5], thermal]))
    asked = {"x2": "p.position_squared", "p2": "p.momentum_squared"}
    ledger = at.run(machine, 3, at.GaussianMoments(covariance), backend=backend, observables=asked)
    assert ledger.violations() == []
    omega = symplectic_form(machine.n_modes)
    for n in (1, 3):
        propagator = scipy.linalg.expm(n * omega @ machine.hamiltonian.form(0.0))
        moved = propagator @ covariance @ propagator.T
        expected = [moved[0, 0], moved[machine.n_modes, machine.n_modes]]
        assert ledger.observables.sel(cycle=n).values == pytest.approx(expected, rel=1e-9)  # expm's own error


def test_what_is_not_bounded_below_names_the_culprit():
    with pytest.raises(
        at.errors.MachineError, match=r"subsystems alone -0\.1: QuadraticForm coupling between 'p'.* takes more than"
    ):
        particle(-1.1)
    with pytest.raises(
        at.errors.MachineError, match="Position coupling between 'p' and 'bath' is too strong to do without its counter-term"
    ):
        particle(0.0, strength=3.0, counter_term=False)
    with pytest.raises(at.errors.StateError, match="The Gibbs state of 'p' does not exist.*start from GaussianMoments"):
        at.run(particle(-1.0), 1)
