"""`athermal limit`, as a user meets it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import athermal as at
from athermal.cli import app

OVERDRIVEN = """
[machine]
period = 3.141592653589793
[[machine.subsystems]]
name = "swing"
[machine.subsystems.frequency]
kind = "sum"
terms = [{ kind = "constant", constant = 1.0 }, { kind = "harmonic", amplitude = 0.3, frequency = 2.0 }]
[[machine.reservoirs]]
kind = "continuum_bath"
name = "air"
temperature = 1.0
modes = 4
rule = "tan"
[machine.reservoirs.spectral_density]
kind = "ohmic"
friction = 0.01
cutoff = 10.0
cutoff_shape = "drude"
[[machine.couplings]]
kind = "position"
between = ["swing", "air"]
"""


def invoke(*arguments):
    return CliRunner().invoke(app, ["limit", *map(str, arguments)])


def test_the_table_tells_what_the_function_finds():
    result = invoke("two_oscillator", "--set", "T_hot=2.4")
    cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    assert result.exit_code == 0
    assert result.stdout.strip() == str(cycle) == repr(cycle)
    for words in (
        "engine",
        "heat into cold bath",
        "Carnot 0.583333",
        "I(S,R)",
        "hot at phase 0",
        "Floquet exponents",
        "harmonics",
    ):
        assert words in result.stdout
    assert f"{cycle.work:.9g}" in result.stdout
    assert max(map(len, result.stdout.splitlines()[:-1])) < 120


def test_json_holds_all_numbers():
    result = invoke("two_oscillator", "-s", "T_hot=2.4", "--json")
    document, cycle = json.loads(result.stdout), at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    assert document["work"] == cycle.work
    assert document["heat"] == dict(zip(("hot bath", "cold bath"), cycle.heat, strict=True))
    np.testing.assert_array_equal(document["covariance"], cycle.covariance())
    n_hot = 0.5 * (cycle.covariance()[0, 0] + cycle.covariance()[2, 2] - 1.0)
    assert document["occupations"]["hot"] == pytest.approx(n_hot, rel=1e-14)  # the definition
    assert document["exponents"][0] == [cycle.exponents[0].real, cycle.exponents[0].imag]
    assert document["errors"] == cycle.errors


def test_other_modes_of_operation_are_told():
    assert "coefficient of performance" in invoke("two_oscillator").stdout  # a refrigerator at T_hot = 1.5
    assert "efficiency                                -  (Carnot" in invoke("two_oscillator", "-s", "T_hot=1").stdout  # a heater


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["otto"], "'hot bath' is a Ring"),
        (["two_qubit_swap"], "DensityMatrix follows every mode of finite ones"),
        (["two_oscillator", "--accuracy", "0"], "`accuracy` of a limit cycle must be"),
        (["nothing.toml"], "There is no machine file"),
    ],
)
def test_what_has_no_limit_cycle_of_this_kind(arguments, words):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("as_json", [False, True])
def test_an_unstable_machine_is_told_with_its_exponents(tmp_path, as_json):
    path = tmp_path / "swing.toml"
    path.write_text(OVERDRIVEN)
    result = invoke(path, *(["--json"] if as_json else []))
    assert result.exit_code == 1
    assert "parametrically unstable" in result.stderr
    assert "Floquet exponent" in result.stderr
    if as_json:
        assert json.loads(result.stdout)["error"]["type"] == "InstabilityError"


QUBIT = """
[machine]
period = 6.283185307179586
[[machine.subsystems]]
kind = "qubit"
name = "atom"
frequency = { kind = "sum", terms = [{ kind = "constant", constant = 1.0 }, { kind = "harmonic", amplitude = 0.3, frequency = 1.0 }] }
[[machine.reservoirs]]
kind = "continuum_bath"
name = "air"
temperature = 1.0
[machine.reservoirs.spectral_density]
kind = "ohmic"
friction = 0.1
cutoff = 5.0
cutoff_shape = "drude"
[[machine.couplings]]
kind = "operator"
between = ["atom", "air"]
operators = ["sigmax", "position"]
[run]
cycles = 2
backend = { kind = "lindblad" }
[observables]
up = "atom.sigmaz"
"""


def test_the_backend_of_a_file_finds_it(tmp_path):
    path = tmp_path / "atom.toml"
    path.write_text(QUBIT)
    result = invoke(path, "--json")
    assert result.exit_code == 0, result.stderr
    document, cycle = json.loads(result.stdout), at.limit_cycle(at.read_machine_file(path).machine, at.Lindblad())
    assert document["work"] == cycle.work
    assert document["backend"]["kind"] == "lindblad"
    assert document["multipliers"][0] == [cycle.multipliers[0].real, cycle.multipliers[0].imag]
    assert document["subsystem_energy"]["atom"] == float(cycle.ledger.instants.subsystem_energy[0, 0])
    assert document["errors"] == cycle.errors
    assert "atom at phase 0" in invoke(path).stdout


def test_a_conserved_qubit_is_named(tmp_path):
    path = tmp_path / "atom.toml"
    path.write_text(QUBIT.replace("sigmax", "sigmaz"))
    result = invoke(path)
    assert result.exit_code == 2
    assert "has 2 that are independent: conserved is the energy of 'atom'" in result.stderr.replace("\n", " ")


def test_help_names_the_command():
    assert "limit" in CliRunner().invoke(app, ["--help"]).stdout
    assert "continuum_bath" in invoke("--help").stdout
