"""Limit cycles and certified runs of vacua and of nearly cold baths, and in any unit of energy."""

from __future__ import annotations

import numpy as np
import pytest

import athermal as at
from athermal.testing.transformed import rescaled
from tests.physics.test_equilibrium import matsubara

TAU = 2.0 * np.pi


def damped(density, temperature, coupling=at.Position, start=None):
    bath = at.ContinuumBath("bath", temperature, density, "auto")
    initial = at.ProductThermal() if start is None else at.ProductThermal({"a": start})
    return at.Machine([at.Oscillator("a", 1.0)], [bath], [coupling(("a", "bath"))], TAU, initial)


# --- cold ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, 1e-12, 1e-7])
def test_the_moments_of_a_vacuum(temperature):
    for friction, cutoff in ((0.3, 3.0), (5.0, 100.0)):
        cycle = at.limit_cycle(damped(at.densities.Ohmic(friction, cutoff, cutoff_shape="drude"), temperature))
        # of the order T^2 at T = 1e-7
        exact = matsubara(friction, cutoff, 1e-7)
        np.testing.assert_allclose(np.diag(cycle.covariance()), exact, atol=cycle.errors["covariance"] + 1e-12)
        assert cycle.sigma_total_change == 0.0
        assert cycle.mutual_information() == pytest.approx(2.0 * cycle.system_entropy(), rel=1e-6)  # a pure whole


def test_heat_into_a_vacuum_and_a_force_on_it():
    density = at.densities.Ohmic(0.3, 3.0, cutoff_shape="drude")
    baths = [at.ContinuumBath("hot", 0.5, density, "auto"), at.ContinuumBath("vacuum", 0.0, density, "auto")]
    couplings = [at.Position(("a", bath.name)) for bath in baths]
    cycle = at.limit_cycle(at.Machine([at.Oscillator("a", 1.0)], baths, couplings, TAU))
    cool = [baths[0], at.ContinuumBath("vacuum", 1e-6, density, "auto")]
    np.testing.assert_allclose(
        cycle.heat, at.limit_cycle(at.Machine([at.Oscillator("a", 1.0)], cool, couplings, TAU)).heat, rtol=1e-8
    )
    assert cycle.mode == "conduction"
    assert cycle.sigma_total_change == np.inf
    assert cycle.carnot_efficiency == 1.0
    assert float(cycle.ledger.sigma_total_change[0]) == np.inf


@pytest.mark.parametrize(
    ("density", "coupling"),
    [
        (at.densities.FlatBand(0.2, 0.4, 1.9), at.Exchange),
        (at.densities.Ohmic(0.3, 0.9), at.Position),
        (at.densities.Ohmic(0.1, 1.5, 0.4, "hard"), at.Position),  # G/w is singular, of which a vacuum's noise knows nothing
    ],
)
def test_certified_runs_tend_to_those_of_a_vacuum(density, coupling):
    ledgers = [at.run(damped(density, T, coupling, 0.5), 2, accuracy=1e-6) for T in (0.0, 1e-12, 1e-4)]
    for ledger in ledgers:
        assert ledger.largest_error[0] <= 1e-6
        for name in ("heat", "energy_change", "entropy_change"):
            # of the order T^(1 + s)
            allowed = ledger.cumulative_errors[name].values + 1e-5
            assert np.all(np.abs(ledger.cumulative[name].values - ledgers[0].cumulative[name].values) <= allowed)
    for name in ("heat", "entropy_change"):
        off = np.abs(ledgers[0].cumulative[name].values - ledgers[1].cumulative[name].values)
        assert np.all(off <= ledgers[0].cumulative_errors[name].values + ledgers[1].cumulative_errors[name].values + 1e-10)


# --- units ---------------------------------------------------------------------------------------------------------------


def driven():
    frequency = at.drives.Constant(1.0) + at.drives.Harmonic(0.2, 2.0, 0.3)
    baths = [
        at.ContinuumBath("hot", 2.0, at.densities.Ohmic(0.3, 4.0), "auto"),
        at.ContinuumBath("cold", 0.5, at.densities.Ohmic(0.2, 3.0, 2.0), "auto"),
    ]
    force = at.Displacement("a", at.drives.Harmonic(0.2, 3.0), 0.1)
    couplings = [
        at.Position(("a", "hot"), at.drives.Constant(1.0) + at.drives.Harmonic(0.1, 1.0)),
        at.Exchange(("a", "cold"), 0.5),
        force,
    ]
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], baths, couplings, TAU)


def sudden():
    frequency = at.drives.Strokes((1.2, 0.6), (1.0, 1.2))
    baths = [
        at.ContinuumBath("hot", 2.0, at.densities.Ohmic(0.3, 0.6), "auto"),
        at.ContinuumBath("cold", 0.5, at.densities.FlatBand(0.2, 0.5, 1.9), "auto"),
    ]
    force = at.Displacement("a", at.drives.Strokes((1.2, 0.6), (0.3, -0.2)))
    couplings = [at.Position(("a", "hot")), at.Exchange(("a", "cold"), 0.5), force]
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], baths, couplings, 1.8)


def figures(cycle, s):
    phase = 0.3 * cycle.machine.period
    energies = [cycle.work, *cycle.heat, *cycle.subsystem_energies(phase), *np.sort(cycle.exponents.real)]
    pure = [cycle.mutual_information(phase), cycle.sigma_total_change, *cycle.covariance(phase).ravel(), *cycle.mean(phase)]
    return np.array([*(np.array(energies) / s), *pure])


@pytest.mark.parametrize(
    ("build", "accuracy"),
    [(driven, 1e-4), pytest.param(sudden, 1e-2, marks=pytest.mark.slow)],
)
def test_limit_cycles_in_any_unit(build, accuracy):
    exact = figures(at.limit_cycle(build(), accuracy=accuracy), 1.0)
    for s in (1e-9, 1e9):
        found = figures(at.limit_cycle(rescaled(build(), s), accuracy=accuracy), s)
        # rounding, where nearly all that comes in goes out again
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-10)


def test_certified_runs_and_audits_in_any_unit():
    machines = [rescaled(sudden(), s) for s in (1.0, 1e-9, 1e9)]
    audits = [at.audit(machine, 2, accuracy=1e-5) for machine in machines]
    for one, s in zip(audits[1:], (1e-9, 1e9), strict=True):
        assert [bath.modes for bath in one.baths] == [bath.modes for bath in audits[0].baths]
        assert one.least_certain[0] == audits[0].least_certain[0]
        assert one.least_certain[1] == pytest.approx(audits[0].least_certain[1], rel=1e-2)  # a difference of two runs
        for name, values in (
            audits[0].ledger.cycles[["work", "heat", "efficiency", "sigma_total_change", "mutual_information"]].items()
        ):
            unit = s if values.attrs.get("units") == "energy" else 1.0
            np.testing.assert_allclose(one.ledger.cycles[name].values / unit, values.values, rtol=1e-9, atol=1e-11)
