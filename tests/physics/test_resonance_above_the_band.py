"""What is resonant with the far tail of a density is seen: golden-rule decay beyond where integral J/w alone would cut it."""

from dataclasses import replace

import numpy as np
import pytest

import athermal as at

COLUMNS = ("work", "heat", "energy_change", "entropy_change", "athermality_change", "mutual_information")


def machine(cutoff, oscillator, strength, period):
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.1, cutoff, convention="kappa"), "auto")
    return at.Machine([at.Oscillator("a", oscillator)], [bath], [at.Exchange(("a", "bath"), strength)], period)


@pytest.mark.parametrize(
    ("given", "start", "cycles", "modes", "high"),
    [
        # all but 1e-4 of integral J/w lies below w = 9.2: the oscillator at 12 decays into what is beyond
        (machine(1.0, 12.0, 1.0, 2.0 * np.pi / 12.0), at.Displaced("a", 3.0), 5, 300, 40.0),
        # the drive makes quanta of 1 + 30, where all but 3e-5 lies below
        (
            machine(3.0, 1.0, at.drives.Constant(0.2) + at.drives.Harmonic(1.0, 30.0), 2.0 * np.pi),
            at.ProductThermal(),
            2,
            500,
            80.0,
        ),
    ],
    ids=["oscillator", "drive"],
)
def test_certified_errors_hold(given, start, cycles, modes, high):
    found = at.run(given, cycles, start, accuracy=1e-3)
    density = given.reservoirs[0].spectral_density
    explicit = replace(given, reservoirs=(at.ContinuumBath("bath", 1.0, density, modes, "legendre", high=high),))
    truth = at.run(explicit, cycles, start, backend=at.Dense())
    for table, errors, exact in (
        (found.cycles, found.errors, truth.cycles),
        (found.cumulative, found.cumulative_errors, truth.cumulative),
    ):
        for name in COLUMNS:
            # 1e-12: rounding of the truth
            assert np.all(np.abs(table[name] - exact[name]) <= errors[name] + 1e-12), name
