"""What has no limit cycle, and what the refusal says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import athermal as at


@pytest.fixture
def machine():
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.2, 5.0), 4, "gauss")
    return at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "bath"))], 1.0)


@pytest.mark.parametrize("function", [at.limit_cycle, at.limit.floquet_exponents])
def test_what_is_no_machine_of_continua(machine, function):
    with pytest.raises(at.errors.MachineError, match="must be a Machine, but is 3"):
        function(3)
    words = "DensityMatrix follows every mode of finite ones" if function is at.limit_cycle else "must be of oscillators"
    with pytest.raises(at.errors.MachineError, match=words):
        function(at.library.two_qubit_swap())
    finite = at.Bath("bath", 1.0, (1.0,), (0.1,))
    with pytest.raises(at.errors.MachineError, match="must be a ContinuumBath, but 'bath' is a Bath.*Give its spectral density"):
        function(replace(machine, reservoirs=(finite,)))
    weights = at.Exchange(("a", "bath"), weights=(1.0, 1.0, 1.0, 1.0))
    with pytest.raises(at.errors.MachineError, match="`site` and `weights`.*must be left out"):
        function(replace(machine, couplings=(weights,)))
    form = at.QuadraticForm(("a", "bath"), np.zeros((2, 8)).tolist())
    with pytest.raises(at.errors.MachineError, match="must be an Exchange, TwoModeSqueezing or Position"):
        function(replace(machine, couplings=(form,)))


def test_a_subsystem_that_nothing_damps(machine):
    pair = (*machine.subsystems, at.Oscillator("free", 1.0))
    with pytest.raises(at.errors.MachineError, match="Subsystem 'free' must be joined to a reservoir"):
        at.limit_cycle(replace(machine, subsystems=pair))


def test_a_band_that_starts_at_zero_frequency(machine):
    bath = at.ContinuumBath("bath", 1.0, at.densities.FlatBand(0.1, 0.0, 2.0), 4, "legendre")
    with pytest.raises(at.errors.MachineError, match="'bath' must vanish at zero frequency.*`low`"):
        at.limit_cycle(replace(machine, reservoirs=(bath,)))


@pytest.mark.parametrize("option", [{"accuracy": 0.0}, {"max_harmonics": 0}, {"max_nodes": -1}])
def test_options(machine, option):
    with pytest.raises(at.errors.MachineError, match=f"`{next(iter(option))}` of a limit cycle must be"):
        at.limit_cycle(machine, **option)


def test_too_few_nodes(machine):
    with pytest.raises(at.errors.ConvergenceError, match="`max_nodes` = 1"):
        at.limit_cycle(machine, accuracy=1e-13, max_nodes=1)


def test_the_ledger_of_a_limit_cycle(tmp_path):
    cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4, rate=0.1, half_width=0.8, coupling=0.05))
    ledger = cycle.ledger
    line = ledger.cycles.isel(cycle=0)
    assert ledger.violations() == []
    assert float(line.work) == cycle.work
    assert float(line.efficiency) == pytest.approx(cycle.efficiency, rel=1e-14)  # the same law
    assert float(line.sigma_total_change) == pytest.approx(cycle.sigma_total_change, rel=1e-12)
    assert str(line["mode"].values) == cycle.mode == "engine"
    assert np.isnan(float(line.mutual_information))
    np.testing.assert_array_equal(line.energy_change, cycle.energy_change)
    assert at.load(ledger.save(tmp_path / "cycle.nc")).n_cycles == 1
    assert "engine" in str(cycle)
    assert cycle.power == pytest.approx(-cycle.work / cycle.machine.period)
    assert np.isnan(at.limit_cycle(replace(cycle.machine, couplings=cycle.machine.couplings[:2])).coefficient_of_performance)
