"""Ergotropy and entanglement of oscillators treated as Gaussian: against cut oscillators, and closed forms."""

import math

import numpy as np
import pytest

import athermal as at
from athermal.maths.gaussian import gaussian_ergotropy, logarithmic_negativity, squeezing

MACHINE = at.Machine(
    [at.Oscillator("a", 1.0), at.Oscillator("b", 1.4)],
    [at.Bath("bath", 0.3, [1.1], [0.1])],
    [
        at.TwoModeSqueezing(("a", "b"), at.drives.Harmonic(0.4, frequency=2.0 * math.pi)),
        at.Exchange(("b", "bath")),
        at.Displacement("a", x_force=0.3),
    ],
    period=1.0,
)
START = at.Squeezed("a", 0.15, start=at.ProductThermal({"a": 0.2, "b": 0.2}))


def test_they_are_those_of_cut_oscillators():
    """E_N = ln(1 + 2 negativity); each mode's ergotropy is the one of all unitaries."""
    exact, star = (at.run(MACHINE, 1, START, backend=backend) for backend in (at.Dense(), at.Star()))
    cut = at.run(MACHINE, 1, START, backend=at.DensityMatrix(levels=7, coherence=False))
    for name in ("subsystem_ergotropy", "gaussian_ergotropy", "logarithmic_negativity"):
        np.testing.assert_allclose(star.instants[name], exact.instants[name], rtol=0.0, atol=1e-13)
    assert exact.logarithmic_negativity.pair.values.tolist() == ["a|b"]
    np.testing.assert_allclose(exact.subsystem_ergotropy, cut.subsystem_ergotropy, atol=1e-4)  # the cut
    np.testing.assert_allclose(exact.logarithmic_negativity[:, 0], np.log1p(2.0 * cut.negativity), atol=1e-4)
    assert np.all(exact.gaussian_ergotropy <= cut.ergotropy + 1e-4)  # of all unitaries


def test_closed_forms():
    # a squeezed, displaced thermal mode: nu w (cosh 2r - 1) + w |alpha|^2
    nu, r, w, x = 0.8, 0.4, 1.3, 0.7
    matrix = squeezing(r)
    found = gaussian_ergotropy(np.array([x, 0.0]), nu * matrix @ matrix.T, w * np.eye(2), np.zeros(2))
    assert found == pytest.approx(nu * w * (math.cosh(2.0 * r) - 1.0) + 0.5 * w * x**2, rel=1e-13)
    # a force moves the minimum: the ground state of the moved oscillator is passive
    assert gaussian_ergotropy(np.array([-0.5, 0.0]), 0.5 * np.eye(2), 2.0 * np.eye(2), np.array([1.0, 0.0])) == pytest.approx(0.0)
    # two modes hold what an exchange can draw: the hotter one has the higher frequency
    two = gaussian_ergotropy(np.zeros(4), np.diag([0.5, 1.5, 0.5, 1.5]), np.diag([1.0, 2.0, 1.0, 2.0]), np.zeros(4))
    assert two == pytest.approx(1.0)
    assert math.isnan(gaussian_ergotropy(np.zeros(2), 0.5 * np.eye(2), np.diag([-1.0, 1.0]), np.zeros(2)))
    # a two-mode squeezed thermal state: E_N = 2 r - ln 2 nu
    c, s = nu * math.cosh(2.0 * r), nu * math.sinh(2.0 * r)
    x_block, p_block = np.array([[c, s], [s, c]]), np.array([[c, -s], [-s, c]])
    covariance = np.block([[x_block, np.zeros((2, 2))], [np.zeros((2, 2)), p_block]])
    assert logarithmic_negativity(covariance, 1) == pytest.approx(2.0 * r - math.log(2.0 * nu), rel=1e-12)
    assert logarithmic_negativity(np.diag([0.5, 0.7, 0.5, 0.7]), 1) == 0.0


def test_a_column_that_a_run_has_not_says_which_runs_have_it(tmp_path):
    ledger = at.run(MACHINE, 1, START)
    with pytest.raises(AttributeError, match="no column 'ergotropy', which not every run has: finite subsystems of up to 512"):
        _ = ledger.ergotropy
    assert at.load(ledger.save(tmp_path / "pairs.nc")).cycles.equals(ledger.cycles)
