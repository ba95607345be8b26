"""Reservoirs at T = 0: every finite column is the limit T -> 0, and what divides by T is infinite with the sign of the limit."""

import math

import numpy as np
import pytest

import athermal as at

DRUDE = at.densities.Ohmic(friction=0.05, cutoff=4.0, cutoff_shape="drude")
DRIVE = at.drives.Harmonic(0.3, frequency=1.0)


def oscillator(cold):
    baths = [at.Bath("hot", 1.0, [0.8, 1.0, 1.3], [0.1] * 3), at.Chain("cold", cold, 3, 1.0, 0.2)]
    couplings = [at.Exchange(("a", "hot")), at.Position(("a", "cold"), DRIVE, site=0)]
    return at.Machine([at.Oscillator("a", 1.0)], baths, couplings, 2.0 * math.pi)


def qubits(cold):
    baths = [at.SpinBath("hot", 1.0, [1.0, 1.1], [0.1, 0.2]), at.TruncatedBath("cold", cold, [0.9], [0.1], levels=4)]
    couplings = [at.Exchange(("a", "hot")), at.Exchange(("a", "b"), DRIVE), at.Exchange(("b", "cold"))]
    return at.Machine([at.Qubit("a", 1.0), at.Qubit("b", 1.2)], baths, couplings, 2.0 * math.pi)


def between_continua(cold):
    couplings = [at.OperatorCoupling(("q", name), ("sigmax", "position")) for name in ("hot", "cold")]
    baths = [at.ContinuumBath("hot", 1.0, DRUDE), at.ContinuumBath("cold", cold, DRUDE)]
    return at.Machine([at.Qubit("q", 1.0)], baths, couplings, 5.0)


CASES = [
    (oscillator, at.Dense()),
    (oscillator, at.Star()),
    (qubits, at.DensityMatrix()),
    (qubits, at.StateVectors(max_columns=64)),
    (qubits, at.StateVectors(samples=4)),
    (between_continua, at.Lindblad()),
    (between_continua, at.Lindblad(approach="local")),
    (between_continua, at.BlochRedfield()),
    (between_continua, at.FloquetMarkov()),
]


@pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")
@pytest.mark.parametrize(("machine", "backend"), CASES, ids=lambda entry: getattr(entry, "__name__", type(entry).__name__))
def test_zero_is_the_limit_of_low_temperatures(machine, backend):
    tiny = 1e-7  # columns are linear in T or exponentially close
    zero, low = (at.run(machine(T), 2, backend=backend) for T in (0.0, tiny))
    assert zero.violations() == []
    for which in ("cycles", "cumulative"):
        exact, near = getattr(zero, which), getattr(low, which)
        for name, values in exact.data_vars.items():
            if values.dtype.kind != "f" or name.startswith(("residual_", "tolerance_")):
                continue
            at_zero, nearby = values.values, near[name].values
            np.testing.assert_array_equal(np.isnan(at_zero), np.isnan(nearby), err_msg=name)
            finite = np.isfinite(at_zero)
            np.testing.assert_allclose(at_zero[finite], nearby[finite], rtol=1e-4, atol=1e-5, err_msg=name)
            infinite = np.isinf(at_zero) & np.isfinite(nearby)
            assert np.all(np.sign(at_zero[infinite]) == np.sign(nearby[infinite])), name
            assert np.all(np.abs(nearby[infinite]) > 1e3), name
        np.testing.assert_array_equal(exact["mode"].values, near["mode"].values)
        np.testing.assert_array_equal(exact["paid_by"].values, near["paid_by"].values)
    cold = zero.heat.sel(reservoir="cold").values
    assert np.all(np.abs(cold) > 1e-6)
    np.testing.assert_array_equal(zero.sigma_total_change, np.copysign(np.inf, cold))
    assert np.all(zero.carnot_efficiency == 1.0)
    # T_min dsigma = sum of the cold heats + sum dU_i
    np.testing.assert_allclose(zero.entropic_work, cold + zero.energy_change.sum("subsystem"), rtol=0.0, atol=1e-12)


def test_decay_into_a_vacuum():
    """Q = w (1 - e^{-kappa t}), of a cavity with one photon."""
    bath = at.ContinuumBath("vacuum", 0.0, at.densities.FlatBand(rate=0.2, low=20.0, high=40.0))
    machine = at.Machine([at.TruncatedOscillator("cavity", 30.0, levels=3)], [bath], [at.Exchange(("cavity", "vacuum"))], 5.0)
    ledger = at.run(machine, 1, at.GivenState([0, 1, 0], parts=("cavity",)), backend=at.Lindblad())
    assert ledger.heat.item() == pytest.approx(30.0 * (1.0 - math.exp(-1.0)), rel=1e-7)  # the integrator's
    assert ledger.sigma_total_change.item() == math.inf
    assert "T = 0 for reservoir 'vacuum'" in " ".join(ledger.remarks)


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield(), at.FloquetMarkov()])
def test_pure_dephasing_by_an_ohmic_vacuum_has_no_rate(backend):
    """S(0) = J(0) = 0: the Markovian rate of dephasing vanishes with T."""
    bath = at.ContinuumBath("vacuum", 0.0, DRUDE)
    machine = at.Machine([at.Qubit("q", 1.0)], [bath], [at.OperatorCoupling(("q", "vacuum"), ("sigmaz", "position"))], 200.0)
    ledger = at.run(machine, 1, at.GivenState([[0.5, 0.5], [0.5, 0.5]], parts=("q",)), backend=backend)
    assert ledger.instants.system_entropy[-1] < 1e-6  # the integrator's


def test_a_degenerate_ground_level_is_mixed_and_stays():
    bath = at.FiniteBath("b", 0.0, [0.0, 0.0, 1.0])
    coupling = at.OperatorCoupling(("q", "b"), ("sigmax", np.ones((3, 3))), 0.0)
    ledger = at.run(at.Machine([at.Qubit("q", 1.0)], [bath], [coupling], 1.0), 2)
    assert ledger.instants.reservoir_entropy.values.ravel() == pytest.approx(3 * [math.log(2.0)])
    assert ledger.athermality.values == pytest.approx(0.0, abs=1e-12)
    assert ledger.sigma_total_change.values == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("initial", [at.Gibbs(0.0), at.ProductThermal({"a": 0.0, "b": 0.0, "hot": 0.0})])
def test_a_whole_in_its_ground_state_stays(initial):
    ledger = at.run(at.Machine(*_static_qubits(), 3.0), 2, initial)
    assert ledger.violations() == []
    assert ledger.instants.total_entropy.values == pytest.approx(0.0, abs=1e-12)
    assert ledger.work.values == pytest.approx(0.0, abs=1e-12)


def _static_qubits():
    machine = qubits(0.0)
    return machine.subsystems, machine.reservoirs, machine.couplings[::2]


def test_heats_of_two_vacuums_count_together():
    """Both T -> 0 together: dSigma has the sign of the sum."""
    baths = [at.SpinBath(name, 0.0, [1.0], [0.1]) for name in ("left", "right")]
    couplings = [at.Exchange(("q", "left")), at.Exchange(("q", "right"), 2.0)]
    ledger = at.run(at.Machine([at.Qubit("q", 1.0)], baths, couplings, 8.0), 3, at.ProductThermal({"q": 5.0}))
    np.testing.assert_array_equal(ledger.sigma_total_change, np.copysign(np.inf, ledger.heat.sum("reservoir")))
    assert np.all(ledger.carnot_efficiency == 0.0)


def test_saved_and_read_again(tmp_path):
    ledger = at.run(qubits(0.0), 2)
    assert at.load(ledger.save(tmp_path / "cold.nc")).cycles.equals(ledger.cycles)
