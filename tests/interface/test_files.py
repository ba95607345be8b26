"""Machine files: what they say, and what is said of wrong ones."""

import math
from pathlib import Path

import numpy as np
import pytest

import athermal as at
from athermal.files import library_machine_file, parse_machine_file, read_machine_file
from athermal.files.overrides import parse_override
from athermal.machine.initial import CorrelatedMarginals, ProductThermal

EXAMPLES = Path(__file__).parents[2] / "examples"

LIBRARY = """
title = "test"
[run]
cycles = 3
[machine]
library = "two_oscillator"
T_hot = 2.0
modes = 12
"""

OWN = """
[machine]
period = 6.283185307179586
[[machine.subsystems]]
name = "atom"
frequency = 1.0
[[machine.reservoirs]]
kind = "bath"
name = "hot"
temperature = 2.0
mode_frequencies = [0.9, 1.1]
mode_couplings = [0.1, 0.1]
[[machine.reservoirs]]
kind = "continuum_bath"
name = "cold"
temperature = 1.0
modes = 5
spectral_density = { kind = "flat_band", rate = 0.1, low = 0.5, high = 1.5 }
[[machine.couplings]]
kind = "exchange"
between = ["atom", "hot"]
strength = { kind = "harmonic", amplitude = 1.0, frequency = 1.0 }
[[machine.couplings]]
kind = "position"
between = ["atom", "cold"]
strength = 0.5
"""


def changed(old, new, text=OWN):
    assert old in text
    return text.replace(old, new)


# --- what a file says ---------------------------------------------------------------------------------------------


def test_a_library_file_gives_the_machine_of_the_function():
    found = parse_machine_file(LIBRARY, name="engine")
    assert found.machine == at.library.two_oscillator(T_hot=2.0, modes=12)
    assert (found.title, found.name, found.cycles, found.samples_per_cycle) == ("test", "engine", 3, 1)
    assert found.backend == at.Dense()
    assert found.initial == ProductThermal()


def test_an_own_machine_is_that_of_the_classes():
    expected = at.Machine(
        subsystems=[at.Oscillator("atom", 1.0)],
        reservoirs=[
            at.Bath("hot", 2.0, (0.9, 1.1), (0.1, 0.1)),
            at.ContinuumBath("cold", 1.0, at.densities.FlatBand(0.1, 0.5, 1.5), 5),
        ],
        couplings=[
            at.Exchange(("atom", "hot"), at.drives.Harmonic(1.0, 1.0)),
            at.Position(("atom", "cold"), 0.5),
        ],
        period=2.0 * math.pi,
        name="mine",
    )
    assert parse_machine_file(OWN, name="mine").machine == expected


def test_every_section_is_used():
    text = LIBRARY.replace("cycles = 3", "cycles = 4\nsamples_per_cycle = 2\ntolerance = 1e-9")
    found = parse_machine_file(text + '[initial]\nkind = "charged"\ncycles = 2')
    assert (found.cycles, found.samples_per_cycle) == (4, 2)
    assert found.backend == at.Dense(tolerance=1e-9)
    assert found.initial == at.Charged(2)
    ledger = found.run()
    assert (ledger.n_cycles, ledger.samples_per_cycle) == (4, 2)
    assert ledger.provenance["initial"]["kind"] == "charged"


def test_defaults_are_ten_cycles_and_a_product_start():
    found = parse_machine_file(OWN)
    assert (found.cycles, found.samples_per_cycle, found.initial) == (10, 1, ProductThermal())


def test_library_arguments_may_be_objects():
    text = LIBRARY + (
        'damping = "position"\nhigh = 10.0\ncounter_term = true\n'
        'density_hot = { kind = "ohmic", friction = 0.1, cutoff = 5.0 }\nrule = "midpoint"\n'
        '[machine.initial]\nkind = "squeezed"\npart = "hot"\nr = 0.5'
    )
    expected = at.library.two_oscillator(
        T_hot=2.0,
        modes=12,
        damping="position",
        high=10.0,
        counter_term=True,
        density_hot=at.densities.Ohmic(0.1, 5.0),
        rule="midpoint",
        initial=at.Squeezed("hot", 0.5),
    )
    assert parse_machine_file(text).machine == expected


def test_a_reservoir_may_be_a_library_argument():
    text = """
    [machine]
    library = "otto"
    contact = "exchange"
    contact_time = 10.0
    switching_time = 1.0
    modes = 8
    hot_bath = { kind = "bath", name = "fire", temperature = 3.0, mode_frequencies = [1.9, 2.0, 2.1] }
    """
    assert parse_machine_file(text).machine.reservoir_names == ("fire", "cold bath")


def test_a_file_and_its_provenance_give_the_same_machine():
    found = parse_machine_file(LIBRARY)
    again = at.machine.spec.from_spec(at.Machine, found.run().provenance["machine"], "the machine")
    assert again == found.machine


# --- the examples -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def showcase():
    return read_machine_file(EXAMPLES / "two_oscillator.toml").run()


def test_the_showcase_has_the_reference_numbers(showcase):
    # docs/validation.md, "Showcase": made with separate code, given to three or six decimals; half a unit of the last one.
    np.testing.assert_allclose(showcase.efficiency, [0.824, 0.116, 0.399, 0.413, 0.404, 0.407, 0.408, 0.407], atol=5e-4)
    np.testing.assert_allclose(showcase.work[:3], [-0.217152, -0.017302, -0.063525], atol=1e-6)
    first = showcase.cycles.isel(cycle=0)
    assert first.mutual_information_change == pytest.approx(1.107473, abs=1e-6)
    assert first.system_correlation_change == pytest.approx(-1.567575, abs=1e-6)
    assert first.reservoir_correlation_change == pytest.approx(0.221736, abs=1e-6)
    np.testing.assert_allclose(first.athermality_change, [0.112729, 0.165218], atol=1e-6)
    assert first.sigma_change < 0.0
    assert showcase.carnot_efficiency == pytest.approx(0.5833, abs=5e-5)
    assert not showcase.violations()


def test_the_control_has_the_reference_numbers(showcase):
    control = read_machine_file(EXAMPLES / "uncorrelated.toml")
    np.testing.assert_allclose(control.run().efficiency[:3], [0.412, 0.389, 0.378], atol=5e-4)
    # It differs from the showcase by its start alone.
    other = read_machine_file(EXAMPLES / "two_oscillator.toml", {"initial": {"kind": "product_thermal"}})
    assert (control.machine, control.initial) == (other.machine, other.initial)


def test_the_charged_engine_has_the_reference_numbers():
    ledger = read_machine_file(EXAMPLES / "charged.toml").run()
    # docs/validation.md, "Charged": three decimals.
    np.testing.assert_allclose(ledger.efficiency[:3], [0.467, 0.517, 0.512], atol=5e-4)
    assert ledger.carnot_efficiency == pytest.approx(1.0 / 3.0)
    assert np.all(ledger.work[:3] < 0.0)
    assert np.all(ledger.work[3:] > 0.0)
    assert np.all(ledger.sigma_total_change[:3] < 0.0)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_example_can_be_read(path):
    found = read_machine_file(path)
    assert found.title
    assert found.name == path.stem


def test_the_own_machine_runs_without_warnings():
    ledger = read_machine_file(EXAMPLES / "own_machine.toml").run()
    assert not ledger.violations()
    assert list(ledger.mode.values) == ["accelerator", "engine", "engine", "engine"]


# --- overrides ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=2", ("a", 2)),
        ("a.b = 2.5", ("a.b", 2.5)),
        ("a=true", ("a", True)),
        ("a=[1, 2]", ("a", [1, 2])),
        ('a="x"', ("a", "x")),
        ("a=position", ("a", "position")),
        ("a=b=c", ("a", "b=c")),
        ("a=", ("a", "")),
        ('a={ kind = "charged", cycles = 3 }', ("a", {"kind": "charged", "cycles": 3})),
        ("a=1\nb=2", ("a", "1\nb=2")),  # one key, not two
    ],
)
def test_values_are_toml_or_bare_text(text, expected):
    assert parse_override(text) == expected


def test_overrides_reach_every_place():
    found = parse_machine_file(
        OWN,
        {
            "machine.reservoirs.hot.temperature": 3.0,
            "machine.reservoirs.1.spectral_density.rate": 0.2,
            "machine.subsystems.atom.frequency": 1.2,
            "machine.couplings.1.strength": 0.25,
            "machine.couplings.0.strength.amplitude": 0.5,
            "run.cycles": 2,
            "initial": {"kind": "charged", "cycles": 1},
            "initial.cycles": 3,
        },
    )
    machine = found.machine
    assert list(machine.temperatures) == [3.0, 1.0]
    assert machine.reservoirs[1].spectral_density.rate == 0.2
    assert machine.subsystems[0].reference == 1.2
    assert machine.couplings[1].strength.constant == 0.25
    assert machine.couplings[0].strength.amplitude == 0.5
    assert (found.cycles, found.initial) == (2, at.Charged(3))


def test_a_library_parameter_may_stand_alone():
    assert library_machine_file("two_oscillator", ["T_hot=3", "modes=5"]).machine == at.library.two_oscillator(T_hot=3.0, modes=5)


def test_overrides_reach_lists_of_correlations():
    found = read_machine_file(EXAMPLES / "two_oscillator.toml", ["initial.strength=0.5", "initial.correlations.0.phase=0"])
    assert isinstance(found.initial, CorrelatedMarginals)
    assert (found.initial.strength, found.initial.correlations[0].phase) == (0.5, 0.0)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("T_hott=2", "Did you mean 'T_hot'?"),
        ("machine.T_hott=2", "Unknown key 'T_hott' in the library machine 'two_oscillator'. Did you mean 'T_hot'?"),
        ("cycles=2", "Did you mean 'run.cycles'?"),
        ("run.cycels=2", "Did you mean 'cycles'?"),
        ("initial.strength=0.5", "there is no 'initial' in the file"),
        ("density_hot.rate=0.5", "there is no 'density_hot' in `machine`"),
        ("T_hot.value=2", "`machine.T_hot` is 2.0, not a table"),
        ("no_equals_sign", "must be written key=value"),
        ("=3", "must be written key=value"),
        ("machine.library=ottto", "Did you mean 'otto'?"),
        ("T_hot=warm", "`T_hot` of the library machine 'two_oscillator' must be a number, but is \"warm\"."),
        ("modes=12.5", "must be a whole number or 'auto', but is 12.5"),
        ("damping=positon", "Did you mean 'position'?"),
        ("T_hot=-1", "`temperature` of reservoir 'hot bath' must be zero or positive, but is -1.0."),
    ],
)
def test_wrong_overrides_of_a_library_machine(override, said):
    with pytest.raises((at.errors.FileFormatError, at.errors.MachineError)) as caught:
        parse_machine_file(LIBRARY, [override])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("machine.reservoirs.hott.temperature=2", "There is no entry 'hott' in `machine.reservoirs`"),
        ("machine.reservoirs.hott.temperature=2", "Did you mean 'hot'?"),
        ("machine.reservoirs.7.temperature=2", "which holds 0 to 1 and 'hot', 'cold'"),
        ("machine.reservoirs.hot.temprature=2", "Unknown key 'temprature' in `reservoirs.hot` of the machine."),
        ("temperature=2", "Did you mean 'machine.reservoirs.hot.temperature'?"),
    ],
)
def test_wrong_overrides_of_an_own_machine(override, said):
    with pytest.raises((at.errors.FileFormatError, at.errors.MachineError)) as caught:
        parse_machine_file(OWN, [override])
    assert said in str(caught.value)
    assert override in str(caught.value) or "There is no" in str(caught.value)


def test_an_override_does_not_touch_the_mapping_it_came_from():
    overrides = {"initial": {"kind": "charged", "cycles": 1}, "initial.cycles": 3}
    parse_machine_file(LIBRARY, overrides)
    assert overrides["initial"] == {"kind": "charged", "cycles": 1}


# --- files that are wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[machine\nx = 1", "line 1"),
        ('title = "a"\n[machine]\nperiod == 3', "line 3"),
        ('title = "a"\n[machine]\nperiod == 3', "period == 3"),
        ("", "lacks the table [machine]"),
        ("[machin]\nperiod = 3", "Unknown key 'machin' at the top of the file. Did you mean 'machine'?"),
        ("machine = 3", "`machine` of the file must be a table, written [machine]"),
        ("title = 3\n" + OWN, "`title` of the file must be text"),
        ("[run]\ncycels = 3\n" + OWN, "Unknown key 'cycels' in the [run] table. Did you mean 'cycles'?"),
        ("[run]\ncycles = 0\n" + OWN, "`cycles` of the [run] table must be a whole number of at least 1, but is 0."),
        ("[run]\ncycles = 2.5\n" + OWN, "`cycles` of the [run] table must be a whole number, but is 2.5."),
        ("[run]\ntolerance = -1.0\n" + OWN, "`tolerance` of the [run] table must be positive"),
        ("[machine]\n", "must name a machine of the library"),
        ("[machine]\nT_hot = 2.0", "must name a machine of the library"),
        ("[machine]\nlibary = 'otto'", "Did you mean 'library'?"),
        ("title = 'x'\n[machine]\nlibrary = 'otto'\nmodes = 2020-01-01", "`machine.modes` must be text, a number"),
        (LIBRARY + "[machine.initial]\nkind='gibbs'\ntemperature=1.0\n[initial]\nkind='gibbs'\ntemperature=1.0", "given twice"),
    ],
)
def test_files_that_are_not_machine_files(text, said):
    with pytest.raises(at.errors.FileFormatError) as caught:
        parse_machine_file(text, source="engine.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("engine.toml")


DRIVE = '{ kind = "harmonic", amplitude = 1.0, frequency = 1.0 }'
WRONG_MACHINES = {
    "misspelt key": (
        "temperature = 2.0",
        "temprature = 2.0",
        "Unknown key 'temprature' in `reservoirs.hot` of the machine. Did you",
    ),
    "misspelt key of a drive": ("amplitude = 1.0", "amplitud = 1.0", "Did you mean 'amplitude'?"),
    "misspelt key of a density": ("rate = 0.1", "rat = 0.1", "Did you mean 'rate'?"),
    "misspelt key of the machine": ("period = ", "perod = ", "Did you mean 'period'?"),
    "misspelt kind": (
        'kind = "bath"',
        'kind = "bth"',
        "Unknown kind 'bth' in `reservoirs.hot` of the machine. Did you mean 'bath'?",
    ),
    "missing kind": ('kind = "bath"\n', "", "`kind` is missing in `reservoirs.hot` of the machine"),
    "missing key": ("temperature = 2.0\n", "", "`temperature` is missing in `reservoirs.hot` of the machine."),
    "no period": ("period = 6.283185307179586\n", "", "`period` is missing in the machine."),
    "not a number": (
        "temperature = 2.0",
        'temperature = "2"',
        '`reservoirs.hot.temperature` of the machine must be a number, but is "2".',
    ),
    "not a drive": (
        "frequency = 1.0\n[[",
        'frequency = "fast"\n[[',
        "`subsystems.atom.frequency` of the machine must be a table",
    ),
    "non-positive temperature": (
        "temperature = 2.0",
        "temperature = -2.0",
        "`temperature` of reservoir 'hot' must be zero or positive, but is -2.0.",
    ),
    "non-positive frequency": (
        "frequency = 1.0\n[[",
        "frequency = 0.0\n[[",
        "`frequency` of oscillator 'atom' must be positive, but is 0.0.",
    ),
    "infinite temperature": (
        "temperature = 2.0",
        "temperature = inf",
        "`temperature` of reservoir 'hot' must be finite, but is inf.",
    ),
    "unbounded bath": ("[0.9, 1.1]", "[0.9, -1.1]", "`mode_frequencies[1]` of reservoir 'hot' must be positive, but is -1.1."),
    "three parts": ('["atom", "hot"]', '["atom", "hot", "cold"]', "couples three parts"),
    "two reservoirs": ('["atom", "hot"]', '["cold", "hot"]', "must not name two reservoirs"),
    "no such part": ('["atom", "hot"]', '["atom", "hoot"]', "Did you mean 'hot'?"),
    "driven reservoir": ("temperature = 2.0", f"temperature = {DRIVE}", "must not be driven"),
    "driven bath modes": ("[0.9, 1.1]", f"[0.9, {DRIVE}]", "must not be driven"),
    "period misfit": (
        "amplitude = 1.0, frequency = 1.0",
        "amplitude = 1.0, frequency = 1.3",
        "must repeat a whole number of times",
    ),
    "missing counter-term": ("strength = 0.5", "strength = 9.0\ncounter_term = false", "Set `counter_term = true`"),
    "a Python function": (
        f"strength = {DRIVE}",
        'strength = { kind = "function", function = "sin", period = 1.0 }',
        "which a file cannot hold",
    ),
    "shares": ("strength = 0.5", "share = [0.5, 0.6]", "must add up to 1"),
    "too many shares": ("strength = 0.5", "share = [0.5, 0.3, 0.2]", "must hold 2 entries"),
}


@pytest.mark.parametrize("case", WRONG_MACHINES)
def test_wrong_machines(case):
    old, new, said = WRONG_MACHINES[case]
    with pytest.raises(at.errors.MachineError) as caught:
        parse_machine_file(changed(old, new), source="engine.toml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("engine.toml: ")


def test_an_unbounded_ring():
    ring = 'kind = "ring"\nname = "hot"\ntemperature = 2.0\nsites = 6\nfrequency = 1.0\nhopping = 0.6\n[[machine.couplings]]'
    text = OWN[: OWN.index('kind = "bath"')] + ring + '\nkind="exchange"\nbetween=["atom","hot"]\nsite=0'
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        parse_machine_file(text)


@pytest.mark.parametrize(
    ("initial", "said"),
    [
        ('kind = "chraged"\ncycles = 3', "Unknown kind 'chraged' in the [initial] table. Did you mean 'charged'?"),
        ('kind = "charged"\ncycels = 3', "Did you mean 'cycles'?"),
        ("cycles = 3", "`kind` is missing in the [initial] table"),
        ('kind = "gibbs"\ntemperature = -1.0', "`temperature` of a Gibbs state must be zero or positive"),
        ('kind = "correlated_marginals"\nstrength = 2.0\ncorrelations = [{ between = ["hot", "cold"] }]', "must be at most 1"),
    ],
)
def test_wrong_initial_states(initial, said):
    with pytest.raises(at.errors.MachineError) as caught:
        parse_machine_file(f"{LIBRARY}[initial]\n{initial}")
    assert said in str(caught.value)


def test_an_unphysical_covariance_is_refused_when_run():
    size = 2 * 8
    covariance = np.diag([0.4] * size).tolist()  # below the vacuum's 1/2
    found = parse_machine_file(OWN, {"run.cycles": 1, "initial": {"kind": "gaussian_moments", "covariance": covariance}})
    with pytest.raises(at.errors.StateError, match="not that of a quantum state"):
        found.run()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(at.errors.FileFormatError, match="There is no machine file"):
        read_machine_file(tmp_path / "none.toml")
    with pytest.raises(at.errors.FileFormatError, match="cannot be read"):
        read_machine_file(tmp_path)
    (tmp_path / "result.nc").write_bytes(b"\x89HDF\xff\xfe")
    with pytest.raises(at.errors.FileFormatError, match=r"not a text file.*athermal show"):
        read_machine_file(tmp_path / "result.nc")


def test_a_tolerance_does_not_choose_the_backend():
    large = OWN.replace("modes = 5", "modes = 2100")
    assert parse_machine_file(large, {"run.tolerance": 1e-9}).backend == at.Star(tolerance=1e-9)
    assert parse_machine_file(OWN, {"run.tolerance": 1e-9}).backend == at.Dense(tolerance=1e-9)
