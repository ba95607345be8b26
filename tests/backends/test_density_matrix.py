import dataclasses
import itertools

import numpy as np
import pytest

import athermal as at
from athermal.testing import Conformance
from athermal.testing.finite import cases as finite_cases

TAU = 2.0 * np.pi


class TestDensityMatrix(Conformance):
    backend = at.DensityMatrix()
    cases = finite_cases.CASES
    # Energies of a few units and a well-conditioned unitary: rounding is all there is.
    propagation = 1e-11
    charging = 1e-11
    preparation = 1e-11
    # The ODE solver's work along drives of 13 digits; all that it says of states agrees to 1e-11.
    slow_path = 3e-9


# --- against the Gaussian backend ----------------------------------------------------------------------------------------


def exchange_engine():
    """Cold enough that the hot oscillators hold three quanta with probability e^-17, the cold ones e^-20."""
    return at.Machine(
        [at.Oscillator("a", 2.0), at.Oscillator("b", 1.0)],
        [at.Bath("hot", 0.35, (2.0,), (0.2,)), at.Bath("cold", 0.15, (1.0,), (0.2,))],
        [
            at.Exchange(("a", "hot")),
            at.Exchange(("b", "cold")),
            at.Exchange(("a", "b"), at.drives.Rotating(0.15, 1.0, 0.3), share=(0.3, 0.7)),
        ],
        period=TAU,
    )


def two_cold_modes():
    machine = exchange_engine()
    cold = at.Bath("cold", 0.15, (0.9, 1.1), (0.2, 0.15))
    return dataclasses.replace(machine, reservoirs=(machine.reservoirs[0], cold))


def quenched_position():
    """Nothing but parity is conserved, and a force breaks that of one half."""
    return at.Machine(
        [at.Oscillator("a", at.drives.Strokes((2.0, 3.0), (2.0, 2.2)), law="number"), at.Oscillator("b", 1.5)],
        [at.Bath("hot", 0.4, (2.0,), (0.2,)), at.Bath("cold", 0.2, (1.4,), (0.2,))],
        [
            at.Position(("a", "hot"), 0.5),
            at.Position(("b", "cold"), at.drives.Strokes((2.5, 2.5), (0.0, 0.4))),
            at.Exchange(("a", "b"), 0.1),
            at.Displacement("b", x_force=0.05),
        ],
        period=5.0,
    )


def numeric_columns(cycles):
    return [n for n, c in cycles.data_vars.items() if c.dtype.kind == "f" and not n.startswith(("residual_", "tolerance_"))]


# Columns of Gaussian states alone.
GAUSSIAN = ("gaussian_", "logarithmic_negativity")
# Quotients of energies of 1e-3, and what they may magnify an error by.
QUOTIENTS = ("coefficient", "share", "efficiency", "gamma")


@pytest.mark.filterwarnings("ignore::athermal.errors.RecurrenceWarning", "ignore::athermal.errors.TruncationWarning")
@pytest.mark.parametrize(
    ("make", "levels"), [(exchange_engine, (3, 4, 5, 6)), (two_cold_modes, (3, 4)), (quenched_position, (3, 4, 5))]
)
def test_the_gaussian_ledger_is_reached_as_the_levels_grow(make, levels):
    machine = make()
    exact = at.run(machine, cycles=2).cycles
    columns = [name for name in numeric_columns(exact) if not name.startswith(GAUSSIAN)]
    assert {"work", "heat", "sigma_total_change", "mutual_information", "athermality", "efficiency"} < set(columns)
    differences, tops = {name: [] for name in columns}, []
    for n in levels:
        ledger = at.run(machine, cycles=2, backend=at.DensityMatrix(levels=n, coherence=False))
        assert ledger.violations() == []
        tops.append(float(ledger.instants.top_level_population.max()))
        for name in columns:
            found, expected = ledger.cycles[name].values, exact[name].values
            assert np.array_equal(np.isnan(found), np.isnan(expected)), name
            differences[name].append(float(np.nanmax(np.abs(found - expected), initial=0.0)))
        assert np.array_equal(ledger.cycles["mode"].values, exact["mode"].values)
    # each level is rarer by e^{-w/T} < 1/100
    assert all(later < 0.03 * earlier for earlier, later in itertools.pairwise(tops))
    for name, difference in differences.items():
        is_quotient = any(word in name for word in QUOTIENTS)
        # rounding: 1e-14 of energies and entropies of order one, over quantities of 1e-3 in a quotient
        floor = 3e-11 if is_quotient else 1e-12
        for top, value in zip(tops, difference, strict=True):
            # what the cut leaves out is about the population of the highest level kept, times a few matrix elements
            assert value <= (500.0 if is_quotient else 5.0) * top + floor, name
        for earlier, later in itertools.pairwise(difference):
            assert later <= 0.1 * earlier + floor, name
    assert differences["work"][0] > 1e-10  # there was something to shrink
    assert differences["mutual_information"][0] > 1e-9


def test_a_machine_of_truncated_parts_is_the_cut_machine():
    """The same cut made by `levels` of the backend and by parts of so many levels: the same ledger to rounding."""
    gaussian = quenched_position()
    own = [(p.name, p.frequency) for p in gaussian.subsystems]
    finite = at.Machine(
        [at.TruncatedOscillator(name, frequency, 3, law="number") for name, frequency in own],
        [at.TruncatedBath(b.name, b.temperature, b.mode_frequencies, b.mode_couplings, levels=3) for b in gaussian.reservoirs],
        [
            *gaussian.couplings[:3],
            at.OperatorCoupling("b", "position", 0.05),
        ],
        period=5.0,
    )
    cut = at.run(gaussian, cycles=2, backend=at.DensityMatrix(levels=3)).cycles
    parts = at.run(finite, cycles=2).cycles
    assert set(cut.data_vars) == set(parts.data_vars)
    for name in numeric_columns(cut):
        floor = 3e-11 if any(word in name for word in QUOTIENTS) else 1e-12  # rounding, as above
        assert np.allclose(cut[name].values, parts[name].values, rtol=0.0, atol=floor, equal_nan=True), name
