import math

import pytest

import athermal as at

TAU = 2.0 * math.pi


def engine(modes, **options):
    return at.library.two_oscillator(modes=modes, rule="legendre", **options)


def test_few_modes_show_early_and_many_do_not():
    """A band of width 1.2 with n modes is honest up to 2 pi n/1.2 at best: a cycle of 2 pi for 1.2 modes."""
    few, many = at.audit(engine(4), 3, accuracy=1e-4), at.audit(engine(24), 3, accuracy=1e-4)
    for bath in few.baths:
        assert bath.finite_size.first_cycle <= 3
        assert bath.finite_size.error > 1e-3 > bath.finite_size.before
    for bath in many.baths:
        assert bath.finite_size.first_cycle is None
        assert bath.finite_size.error < 1e-4  # that of the continuum
        assert bath.recurrence_time > 3 * TAU
    assert "Finite size: shows from cycle" in str(few)
    assert "Finite size: shows in no cycle" in str(many)
    assert few.cut_off is None
    assert few.least_certain is None


def test_counter_terms_against_the_closed_form():
    """A^2 (1/pi) int J/w dw: friction cutoff/pi for an Ohmic bath, with modes that reproduce it to their cut-off."""
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.2, 1.5), "auto")
    machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Position(("a", "bath"))], TAU)
    found = at.audit(machine, 1, accuracy=1e-5)
    (term,) = found.baths[0].counter_terms
    assert term.subsystem == "a"
    assert term.of_continuum == pytest.approx(0.2 * 1.5 / math.pi, rel=1e-12)
    # what is cut off, and the rule
    assert term.of_modes == pytest.approx(term.of_continuum, rel=2e-5)
    assert found.baths[0].is_auto
    assert 0.0 < found.baths[0].beyond <= 1e-5


def test_cut_off_and_modes_are_told_apart():
    ohmic = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.2, 1.0, convention="kappa"), "auto")
    flat = at.ContinuumBath("bath", 1.0, at.densities.FlatBand(0.2, 0.5, 1.5), "auto")
    found = {}
    for bath in (ohmic, flat):
        machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Exchange(("a", "bath"))], TAU, at.ProductThermal({"a": 3.0}))
        found[bath] = at.audit(machine, 2, accuracy=1e-5)
    assert found[flat].cut_off is None  # a band with ends has none
    for audit in found.values():
        assert 0.0 < audit.number_of_modes[0] < 1e-5
        assert audit.least_certain[1] <= 1e-5
        assert audit.residual < 1.0
    assert 0.0 < found[ohmic].cut_off[0] < 1e-5
    assert "Cut-off of the continua: at most" in str(found[ohmic])
    assert "Cut-off of the continua" not in str(found[flat])


def test_finite_machines_stand_for_themselves():
    machine = at.Machine(
        [at.Qubit("q", 1.0)],
        [at.SpinBath("spins", 0.5, [0.9, 1.1], [0.1, 0.1])],
        [at.Exchange(("q", "spins"))],
        TAU,
    )
    found = at.audit(machine, 2)
    (bath,) = found.baths
    assert bath.modes is None
    assert math.isinf(bath.recurrence_time)
    assert found.number_of_modes is None
    assert "stands for nothing but itself" in str(found)


def test_bad_arguments():
    with pytest.raises(at.errors.MachineError, match="`machine` of an audit must be a Machine"):
        at.audit("engine")
    with pytest.raises(at.errors.MachineError, match="`accuracy` of an audit must be"):
        at.audit(engine(4), 1, accuracy=-1.0)
