"""What a ledger says depends on no unit: energies and temperatures times s, times over s."""

import re
from dataclasses import replace

import numpy as np
import pytest

import athermal as at
from athermal._numbers import number
from athermal.thermodynamics import schema
from athermal.thermodynamics.conduct import Recurrence
from athermal.thermodynamics.ledger import Ledger

SCALES = [1e-30, 1e-21, 1e-9, 1e-3, 1e3, 1e9]


def in_other_units(ledger, s):
    """Return the same run with every energy times s."""
    a = ledger.snapshots
    extras = {n: values * (s if schema.extras()[n].unit == "energy" else 1.0) for n, values in a.extras.items()}
    snapshots = replace(
        a,
        time=a.time / s,
        subsystem_energies=a.subsystem_energies * s,
        reservoir_energies=a.reservoir_energies * s,
        extras=extras,
    )
    reference = replace(ledger.reference, temperatures=ledger.reference.temperatures * s, period=ledger.reference.period / s)
    recurrence = ledger.conduct.recurrence
    recurrence = Recurrence({name: time / s for name, time in recurrence.times.items()}, recurrence.charged / s)
    conduct = replace(ledger.conduct, recurrence=recurrence)
    return Ledger(snapshots, ledger.works * s, reference, ledger.samples_per_cycle, conduct=conduct)


def digits(text):
    """Return every word of a table, numbers as their significant digits without the power of ten."""
    words = []
    for word in text.split():
        found = re.fullmatch(r"([+-]?)([0-9.]+)(?:e[+-]\d+)?", word)
        words.append(word if found is None else found[1] + found[2].replace(".", "").lstrip("0"))
    return words


@pytest.fixture(scope="module")
def runs():
    oscillators = at.library.two_oscillator(modes=12)
    return {
        "athermal first, then work goes in": at.run(oscillators, 3, at.Charged(2)),
        "idle": at.run(at.library.two_qubit_swap(swap_angle=0.0), 2),
        "heat reversal": at.run(at.library.heat_reversal(), 1),
    }


@pytest.mark.parametrize("s", SCALES)
def test_tables_modes_and_payers_do_not_depend_on_the_unit_of_energy(runs, s):
    for ledger in runs.values():
        scaled = in_other_units(ledger, s)
        assert digits(str(scaled)) == digits(str(ledger))
        assert digits(str(at.compare_definitions(scaled))) == digits(str(at.compare_definitions(ledger)))
        assert scaled.violations() == ledger.violations() == []
        for name in ("mode", "paid_by", "is_athermal", "is_violated"):
            assert scaled.cycles[name].values.tolist() == ledger.cycles[name].values.tolist()
        for name, values in ledger.cycles.data_vars.items():
            if values.attrs["units"] in ("1", "nat") and not name.startswith(("residual_", "tolerance_")):
                # rounding of the powers of ten, magnified by differences of the energies of the whole
                np.testing.assert_allclose(scaled.cycles[name], values, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("s", SCALES)
def test_cells_in_other_units_are_the_same_numbers(runs, s):
    """The table tells the scaled work itself, to the digits it shows."""
    scaled = in_other_units(runs["athermal first, then work goes in"], s)
    shown = [float(line.split()[1]) for line in str(scaled).splitlines()[1:4]]
    np.testing.assert_allclose(shown, scaled.work_output, rtol=5e-5)


def test_violations_are_found_in_any_unit(runs):
    broken = runs["athermal first, then work goes in"]
    broken = replace(broken, works=broken.works * (1.0 + 1e-6))
    for s in SCALES:
        assert len(in_other_units(broken, s).violations()) == len(broken.violations()) > 0


def test_what_is_rounding_is_zero_relative_to_the_run_not_to_one():
    cell = {"scale": 1e-21, "rounding": 1e-33}
    assert [number(value, **cell) for value in (1e-21, 4e-30, 1e-34)] == ["1.0000e-21", "4e-30", "0"]


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.4166667, 0.0312, "0.417±0.031"),
        (-4.1666667e-21, 3.12e-23, "(-4.167±0.031)e-21"),
        (123.4, 45.6, "123±46"),
        (0.5, 0.0996, "0.50±0.10"),
        (0.0, 2e-8, "(0.0±2.0)e-08"),
        (1.0, np.inf, "1±inf"),
        (0.25, 0.0, "0.25"),
        (np.nan, 0.1, "unknown"),
        (0.5, np.nan, "0.5"),
    ],
)
def test_a_value_and_its_error_end_at_the_second_digit_of_the_error(value, error, text):
    assert number(value, error) == text
