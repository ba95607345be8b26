"""Built-in spectral densities: formulas, sums, tables, and what continua make of them."""

import math

import numpy as np
import pytest
import scipy.integrate

import athermal as at
from athermal.machine.continuum import continuum, looked_at
from athermal.machine.settle import Resolution, settled
from athermal.machine.spec import from_spec, to_spec
from athermal.maths.cauchy import PiecewiseDensity

PEAK = at.densities.UnderdampedBrownian(coupling=0.5, width=0.1, resonance=1.0)
OHMIC = at.densities.Ohmic(0.1, 5.0)
TABLE = at.densities.TabulatedDensity([0.0, 0.5, 1.0, 3.0], [0.0, 0.2, 0.1, 0.0])


@pytest.mark.parametrize(
    ("density", "w", "expected"),
    [
        (PEAK, 0.7, 0.25 * 0.1 * 0.7 / ((0.49 - 1.0) ** 2 + 0.01 * 0.49)),
        (PEAK, 0.0, 0.0),
        (PEAK + OHMIC, 1.0, 2.5 + 0.1 * math.exp(-0.2)),
        (TABLE, 0.5, 0.2),
        (TABLE, 3.5, 0.0),
        (TABLE + at.densities.FlatBand(0.2, 1.0, 2.0, convention="J"), 3.0, 0.0),
    ],
)
def test_densities_by_formula(density, w, expected):
    assert density(np.array([w]))[0] == pytest.approx(expected, rel=1e-14)  # rounding


@pytest.mark.parametrize("ratio", [1e-4, 0.1, 1.99, 2.0, 5.0, 50.0])
@pytest.mark.parametrize("band", [(None, None), (0.2, 3.0)])
def test_transform_of_a_damped_oscillator_against_series_on_panels(ratio, band):
    """From sharp peaks to overdamped, the critical width among them; S(0) of the whole is -coupling^2/resonance^2."""
    density = at.densities.UnderdampedBrownian(0.5, ratio, 1.0)
    found = continuum(at.ContinuumBath("bath", 1.0, density, low=band[0], high=band[1]))
    end = min(found.high, 1e6 * density.scale)
    series = PiecewiseDensity(density.squared_coupling, found.low, end, looked_at(density, end))
    z = np.array([0.5 + 0.2j, 1.0 + 1e-3j, 2.0 + 0j, -1.0 + 0.3j, -1.0 - 0.2j])
    assert np.allclose(found.self_energy(z), series.transform(z), rtol=1e-9, atol=1e-11)
    if band == (None, None):
        assert found.softness == pytest.approx(0.25, rel=1e-9)


def test_transform_of_a_sum_is_the_sum():
    members = (PEAK, OHMIC, at.densities.FlatBand(0.2, 1.4, 2.6, convention="J"))
    z = np.array([0.5 + 0.2j, 1.5 + 0j, 2.0 - 0.1j, 4.0 + 0j])
    whole = continuum(at.ContinuumBath("bath", 1.0, members[0] + members[1] + members[2])).self_energy(z)
    parts = [continuum(at.ContinuumBath("bath", 1.0, member)) for member in members]
    flat = parts[2].self_energy(z)
    assert np.allclose(whole, parts[0].self_energy(z) + parts[1].self_energy(z) + flat, rtol=1e-13)


def test_sums_are_flat_and_know_their_ends():
    whole = (PEAK + OHMIC) + TABLE
    assert whole.densities == (PEAK, OHMIC, TABLE)
    assert whole.support == (0.0, math.inf)
    for fraction in (1e-2, 1e-4):
        end = whole.end_of(fraction)

        def tail(start, density=whole):
            return scipy.integrate.quad(lambda w: float(density(np.array([w]))[0]) / w, start, np.inf, limit=500)[0]

        assert tail(end) <= fraction * (tail(4.0) + scipy.integrate.quad(lambda w: float(whole(np.array([w]))[0]) / w, 0, 4)[0])


@pytest.mark.parametrize("density", [PEAK, PEAK + OHMIC, TABLE, TABLE + PEAK])
def test_densities_go_into_files_and_back(density):
    bath = at.ContinuumBath("bath", 1.0, density)
    assert from_spec(at.ContinuumBath, to_spec(bath), "the bath") == bath
    assert hash(bath) == hash(from_spec(at.ContinuumBath, to_spec(bath), "the bath"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.densities.UnderdampedBrownian(-1.0, 0.1, 1.0), "`coupling` of an underdamped Brownian .* must be positive"),
        (lambda: at.densities.UnderdampedBrownian(1.0, 0.1, math.inf), "`resonance` .* must be finite"),
        (lambda: at.densities.UnderdampedBrownian(1.0, None, 1.0), "`width` .* must be a real number"),
        (lambda: at.densities.SumDensity(()), "`densities` of a sum .* at least one"),
        (lambda: at.densities.SumDensity(3), "`densities` of a sum .* must be a list"),
        (lambda: at.densities.SumDensity((PEAK, 3)), r"`densities\[1\]` .* must be a spectral density"),
        (lambda: PEAK + at.densities.FlatBand(0.2, 1.0, 2.0), "must have one `convention`"),
        (lambda: at.densities.TabulatedDensity([0.0], [1.0]), "at least two"),
        (lambda: at.densities.TabulatedDensity([0.0, 1.0, 1.0], [0.0, 1.0, 1.0]), "must ascend, but 1.0 follows 1.0"),
        (lambda: at.densities.TabulatedDensity([0.0, 1.0], [0.0, -1.0]), r"`values\[1\]` .* zero or positive"),
        (lambda: at.densities.TabulatedDensity([0.0, 1.0], [0.0]), "one number for each"),
        (lambda: at.densities.TabulatedDensity([0.0, 1.0], [0.0, 0.0]), "must not all be zero"),
        (lambda: at.densities.TabulatedDensity("01", [0.0, 1.0]), "`frequencies` .* list of real numbers"),
        (lambda: at.densities.TabulatedDensity.from_file("no/such/file.csv"), "cannot be read: No such file"),
        (lambda: at.densities.TabulatedDensity.from_file(3), "`file` .* must be a path"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_a_number_is_no_density_to_add():
    with pytest.raises(TypeError):
        _ = PEAK + 1.0


@pytest.mark.parametrize(
    "text", ["w,J\n0,0\n0.5,0.2\n1,0.1\n3,0\n", "# by hand\n0 0\n0.5 0.2\n\n1 0.1\n3 0 9\n", "0;0\n0.5;0.2\n1;0.1\n3;0"]
)
def test_tables_from_files(tmp_path, text):
    path = tmp_path / "density.csv"
    path.write_text(text)
    assert at.densities.TabulatedDensity.from_file(path) == TABLE


@pytest.mark.parametrize("text", ["", "w,J\n", "0,0\n1\n", "0,0\n1,x\n"])
def test_files_that_are_no_tables(tmp_path, text):
    path = tmp_path / "density.csv"
    path.write_text(text)
    with pytest.raises(at.errors.MachineError, match=r"two (columns of )?numbers"):
        at.densities.TabulatedDensity.from_file(path)


MACHINE_FILE = """
[machine]
period = 3.0
[[machine.subsystems]]
name = "a"
frequency = 1.0
[[machine.reservoirs]]
kind = "continuum_bath"
name = "bath"
temperature = 1.0
modes = 8
rule = "legendre"
high = 3.0
[machine.reservoirs.spectral_density]
kind = "sum"
densities = [{ kind = "underdamped_brownian", coupling = 0.5, width = 0.1, resonance = 1.0 }, { kind = "tabulated", file = "J.csv" }]
[[machine.couplings]]
kind = "position"
between = ["a", "bath"]
"""


def test_machine_files_hold_them_and_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "J.csv").write_text("0,0\n0.5,0.2\n1,0.1\n3,0\n")
    (tmp_path / "machine.toml").write_text(MACHINE_FILE)
    held = at.read_machine_file(tmp_path / "machine.toml").machine.reservoirs[0].spectral_density
    assert held == PEAK + TABLE
    (tmp_path / "J.csv").unlink()
    with pytest.raises(at.errors.MachineError, match=r"machine.toml: The file .*J.csv .* cannot be read"):
        at.read_machine_file(tmp_path / "machine.toml")


@pytest.mark.parametrize("width", [1e-3, 0.1, 3.0])
def test_modes_chosen_by_the_run_see_the_peak(width):
    """The sum of g_k^2/w_k of the modes that a short run takes is that of the continuum, coupling^2/resonance^2."""
    bath = at.ContinuumBath("bath", 0.5, at.densities.UnderdampedBrownian(0.5, width, 1.0))
    machine = at.Machine([at.Oscillator("a", 1.0)], [bath], [at.Position(("a", "bath"))], period=5.0)
    explicit = settled(machine, 5.0, Resolution.for_accuracy(1e-4))[0].reservoirs[0]
    assert np.sum(explicit.own_weights**2 / explicit.frequencies) == pytest.approx(0.25, rel=2e-4)  # the tail of 1e-4
