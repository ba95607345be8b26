import math
import tomllib

import numpy as np
import pytest

import athermal as at
from athermal.machine.settle import MOST_MODES, Resolution, settled, to_be_chosen
from athermal.machine.spec import from_spec, to_spec

TAU = 2.0 * math.pi
OHMIC = at.densities.Ohmic(0.1, 2.0)


def machine(density=OHMIC, coupling=None, **options):
    bath = at.ContinuumBath("bath", 1.0, density, modes="auto", **options)
    return at.Machine([at.Oscillator("a", 1.0)], [bath], [coupling or at.Position(("a", "bath"))], TAU)


def test_modes_stand_for_the_density():
    """Sum g^2 = int G dw, and sum g^2/w = 2/pi int J/w dw = 2/pi friction wc, up to what is cut off."""
    explicit, (fact,) = settled(machine(), 20.0, Resolution(tail=1e-9, quadrature=1e-9))
    bath = explicit.reservoirs[0]
    w, squared = bath.frequencies, np.array(bath.mode_couplings) ** 2
    assert float(np.sum(squared / w)) == pytest.approx(2.0 / math.pi * 0.1 * 2.0, rel=3e-9)
    assert float(np.sum(squared)) == pytest.approx(2.0 / math.pi * 0.1 * 4.0, rel=1e-7)
    # e^{-high/wc} = tail
    assert fact.high == pytest.approx(2.0 * math.log(1e9))
    assert (fact.low, fact.tail, fact.n_modes) == (0.0, 1e-9, len(w))
    assert not to_be_chosen(explicit)


def test_more_accuracy_and_more_time_take_more_modes():
    counts = [
        settled(machine(), t, Resolution.for_accuracy(a))[1][0].n_modes for a, t in ((1e-3, 10.0), (1e-6, 10.0), (1e-6, 200.0))
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] // 4
    coarse = Resolution.for_accuracy(1e-6)
    finer = coarse.finer_modes().finer_cut(4.0)
    assert finer.tail <= coarse.tail / 4.0
    assert coarse.finer_cut(1.0) == coarse
    assert finer.quadrature < coarse.quadrature
    assert finer.degree > coarse.degree


def test_the_band_is_cut_where_the_bath_says():
    _, (fact,) = settled(machine(low=0.5, high=3.0), 10.0, Resolution.for_accuracy(1e-6))
    assert (fact.low, fact.high, fact.tail) == (0.5, 3.0, 0.0)
    assert 0.5 < fact.frequencies.min() < fact.frequencies.max() < 3.0


def test_too_many_modes_are_refused_with_a_remedy():
    with pytest.raises(at.errors.ConvergenceError, match=f"at most {MOST_MODES} modes.*Run fewer cycles"):
        settled(machine(), 1e5, Resolution.for_accuracy(1e-6))
    drude = at.densities.Ohmic(0.1, 2.0, cutoff_shape="drude")
    with pytest.raises(at.errors.ConvergenceError, match="Drude cut-off falls off too slowly"):
        settled(machine(drude), 100.0, Resolution.for_accuracy(1e-8))


def test_a_density_that_vanishes_is_refused():
    with pytest.raises(at.errors.MachineError, match="must not vanish everywhere"):
        machine(at.densities.FunctionDensity(lambda w: 0.0, 0.0, 2.0))


def test_options_that_do_not_go_with_auto():
    with pytest.raises(at.errors.MachineError, match="`rule` of reservoir 'bath' must be left out with modes = \"auto\""):
        machine(rule="gauss")
    with pytest.raises(at.errors.MachineError, match="must be a whole number or \"auto\", but is 'many'"):
        at.ContinuumBath("bath", 1.0, OHMIC, "many")
    with pytest.raises(at.errors.MachineError, match="`high` of reservoir 'bath' must be above its `low`"):
        machine(low=2.0, high=1.0)
    for options in ({"site": 1}, {"weights": (1.0, 2.0)}):
        with pytest.raises(at.errors.MachineError, match="must be left out: its modes are chosen when it is run"):
            machine(coupling=at.Exchange(("a", "bath"), **options))


def test_modes_are_not_known_before_the_run():
    bath = machine().reservoirs[0]
    with pytest.raises(at.errors.MachineError, match="are chosen when the machine is run"):
        _ = bath.n_modes
    assert to_be_chosen(machine())


def test_a_description_and_back():
    given = machine(low=0.1)
    assert to_spec(given)["reservoirs"][0]["modes"] == "auto"
    assert from_spec(at.Machine, to_spec(given), "test") == given


def test_a_file():
    text = """
        period = 6.283185307179586
        [[subsystems]]
        kind = "oscillator"
        name = "a"
        frequency = 1.0
        [[reservoirs]]
        kind = "continuum_bath"
        name = "bath"
        temperature = 1.0
        modes = "auto"
        spectral_density = {kind = "ohmic", friction = 0.1, cutoff = 2.0}
        [[couplings]]
        kind = "exchange"
        between = ["a", "bath"]
        """
    found = from_spec(at.Machine, tomllib.loads(text), "a file")
    assert found.reservoirs[0].is_auto
    assert found.reservoirs[0] == at.ContinuumBath("bath", 1.0, OHMIC, "auto")
