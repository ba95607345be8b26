"""Machines of finite parts in files, on the command line and in results."""

import json
from pathlib import Path

import numpy as np
import pytest
import qutip
from typer.testing import CliRunner

import athermal as at
from athermal.backends.choice import choose
from athermal.cli import app
from athermal.files import library_machine_file, parse_machine_file, read_machine_file
from athermal.machine.initial import AnyInitialState
from athermal.machine.spec import from_spec

EXAMPLES = Path(__file__).parents[2] / "examples"

OWN = """
[run]
cycles = 2
[machine]
period = 4.0
[[machine.subsystems]]
kind = "qubit"
name = "a"
frequency = { kind = "strokes", durations = [2.0, 2.0], values = [1.0, 2.0] }
[[machine.subsystems]]
kind = "qudit"
name = "b"
hamiltonian = [0.0, 0.7, 1.5]
[[machine.reservoirs]]
kind = "spin_bath"
name = "hot"
temperature = 2.0
spin_frequencies = [1.9, 2.1]
spin_couplings = [0.1, 0.2]
[[machine.reservoirs]]
kind = "finite_bath"
name = "cold"
temperature = 0.5
hamiltonian = [0.0, 1.0]
[[machine.couplings]]
kind = "exchange"
between = ["a", "hot"]
[[machine.couplings]]
kind = "operator"
between = ["a", "b"]
operators = ["sigmam", "|1><0|"]
strength = { kind = "rotating", amplitude = 0.2, frequency = 1.5707963267948966 }
plus_conjugate = true
[[machine.couplings]]
kind = "operator"
between = ["b", "cold"]
operators = ["|0><1|", "|1><0|"]
strength = 0.3
plus_conjugate = true
[[machine.counters]]
name = "ups"
terms = [{ between = ["a"], operators = ["sigmaz"], strength = 0.5 }]
"""


def own_machine():
    return at.Machine(
        subsystems=[at.Qubit("a", at.drives.Strokes((2.0, 2.0), (1.0, 2.0))), at.Qudit("b", [0.0, 0.7, 1.5])],
        reservoirs=[at.SpinBath("hot", 2.0, (1.9, 2.1), (0.1, 0.2)), at.FiniteBath("cold", 0.5, np.diag([0.0, 1.0]))],
        couplings=[
            at.Exchange(("a", "hot")),
            at.OperatorCoupling(("a", "b"), ("sigmam", "|1><0|"), at.drives.Rotating(0.2, np.pi / 2), plus_conjugate=True),
            at.OperatorCoupling(("b", "cold"), ("|0><1|", "|1><0|"), 0.3, plus_conjugate=True),
        ],
        period=4.0,
        counters=[at.Counter("ups", [at.OperatorCoupling(("a",), ("sigmaz",), 0.5)])],
        name="machine",
    )


def called(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_a_file_is_the_machine_of_the_classes():
    found = parse_machine_file(OWN)
    assert found.machine == own_machine()
    assert found.backend == at.DensityMatrix()
    assert found.run().cycles.equals(at.run(own_machine(), 2).cycles)


def test_a_backend_of_choice():
    chosen = parse_machine_file(OWN + '[run.backend]\nkind = "state_vectors"\nsamples = 3\nseed = 4').backend
    assert chosen == at.StateVectors(samples=3, seed=4)
    truncated = library_machine_file("three_oscillators", {"run.backend": {"kind": "density_matrix", "levels": 3}})
    assert truncated.backend == at.DensityMatrix(levels=3)
    assert library_machine_file("otto", ["modes=20", "run.tolerance=1e-10"]).backend == at.Dense(tolerance=1e-10)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"sigmam", "|1', '"sigmamm", "|1', "no standard operator 'sigmamm' of Qubit 'a'. Did you mean 'sigmam'"),
        ('"|1><0|"]\nstrength = {', '"|3><0|"]\nstrength = {', "must name two of the 3 basis states of Qudit 'b', 0 to 2"),
        ("plus_conjugate = true\n[[machine.couplings]]", "[[machine.couplings]]", "must be a real drive"),
        ("strength = 0.3\nplus_conjugate = true", "strength = 0.3", "must be Hermitian, but .* Set `plus_conjugate = true`"),
        ('kind = "qudit"', 'kind = "qudut"', "Unknown kind 'qudut' .*Did you mean 'qudit'"),
        ('kind = "spin_bath"', 'kind = "spinbath"', "Unknown kind 'spinbath' .*Did you mean 'spin_bath'"),
        (
            "spin_couplings = [0.1, 0.2]",
            "spin_couplings = [0.1]",
            "`spin_couplings` of reservoir 'hot' must hold 2 numbers, but holds 1",
        ),
        ("hamiltonian = [0.0, 0.7, 1.5]", 'hamiltonian = "sigmaz"', "hamiltonian"),
        ('between = ["a", "hot"]', 'between = ["a", "hott"]', "no part 'hott'.*Did you mean 'hot'"),
        ("cycles = 2", "tolerance = 1e-9", "`tolerance` of the \\[run\\] table must be left out"),
        (
            'kind = "qudit"\nname = "b"\nhamiltonian = [0.0, 0.7, 1.5]',
            'name = "b"\nfrequency = 1.0',
            "must be of one family.*TruncatedOscillator",
        ),
        ('name = "ups"', 'nam = "ups"', "nam"),
        ("temperature = 2.0", "temperature = -2.0", "`temperature` of reservoir 'hot' must be zero or positive, but is -2.0"),
    ],
)
def test_what_is_wrong_with_a_file(old, new, message):
    assert old in OWN
    with pytest.raises((at.errors.MachineError, at.errors.FileFormatError), match=f"(?s){message}"):
        parse_machine_file(OWN.replace(old, new))


def test_run_show_and_plot(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    done = called("run", str(path), "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "ups" in done.output.splitlines()[0]
    assert (tmp_path / "own.png").stat().st_size > 10_000
    document = json.loads(called("run", str(path), "--json").stdout)
    assert set(document["cycles"]["counts"]) == {"ups"}
    assert set(document["cycles"]["subsystem_ergotropy"]) == {"a", "b"}
    shown = called("show", str(path))
    assert shown.exit_code == 0
    for words in (
        "dimension 48",
        "qubit, frequency strokes 1, 2",
        "qudit of 3 states",
        "bath of 2 spins",
        "sigmam x |1><0| + h.c.",
        "ups",
    ):
        assert words in shown.stdout
    assert json.loads(called("show", str(path), "--json").stdout)["dimension"] == 48
    for kind in ("efficiency", "resources", "flows", "correlations", "energy-entropy"):
        drawn = called("plot", str(tmp_path / "own.nc"), "--kind", kind)
        assert drawn.exit_code == 0, drawn.output


def test_sampled_runs_say_so(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    done = called("run", str(path), "--set", 'run.backend={kind="state_vectors", samples=4}', "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    for words in ("±", "unknown", "Averaged over 4 sampled pure states"):
        assert words in done.output
    assert (tmp_path / "own.png").exists()


def test_too_large_a_machine_is_an_error_and_not_a_crash(tmp_path):
    path = tmp_path / "large.toml"
    path.write_text(OWN.replace("spin_frequencies = [1.9, 2.1]\nspin_couplings = [0.1, 0.2]", f"spin_frequencies = {[1.0] * 14}"))
    done = called("run", str(path))
    assert done.exit_code == 2
    assert "would need about" in done.output
    assert "StateVectors()" in done.output


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.toml")))
def test_every_example_is_valid(name):
    found = read_machine_file(EXAMPLES / name)
    if not choose(found.machine, found.backend).must_settle:
        solver = found.backend.bind(found.machine)
        assert solver.reference.subsystems == found.machine.subsystem_names
    else:  # its modes are chosen when it is run
        assert found.accuracy is not None


def test_a_ledger_of_matrices_can_be_run_again(tmp_path):
    """Machine and initial state of Python operators come back from a result file."""
    spins = qutip.tensor(qutip.sigmaz(), qutip.qeye(2)) + 0.3 * qutip.tensor(qutip.sigmax(), qutip.sigmay())
    machine = at.Machine(
        subsystems=[at.Qudit("a", qutip.num(3) + 0.1 * (qutip.destroy(3) + qutip.create(3)))],
        reservoirs=[at.FiniteBath("bath", 1.2, spins)],
        couplings=[
            at.OperatorCoupling(
                ("a", "bath"), (qutip.num(3), qutip.tensor(qutip.sigmay(), qutip.qeye(2))), at.drives.Harmonic(0.2, np.pi)
            )
        ],
        period=2.0,
    )
    start = at.GivenState(qutip.rand_dm(12, seed=3))
    ledger = at.run(machine, 2, start)
    back = at.load(ledger.save(tmp_path / "result.nc"))
    again = from_spec(at.Machine, back.provenance["machine"], "the machine")
    state = from_spec(AnyInitialState, back.provenance["initial"], "the initial state")
    assert again == machine
    assert at.run(again, 2, state).cycles.equals(ledger.cycles)


def test_a_backend_chosen_on_the_command_line():
    done = called(
        "run", "two_qubit_swap", "--cycles", "1", "--set", "run.backend.kind=state_vectors", "--set", "run.backend.samples=4"
    )
    assert done.exit_code == 0, done.output
    cut = called(
        "run",
        "three_oscillators",
        "--cycles",
        "1",
        "-s",
        "T_hot=0.3",
        "-s",
        "T_cold=0.2",
        "-s",
        "run.backend.kind=density_matrix",
        "-s",
        "run.backend.levels=5",
    )
    assert cut.exit_code == 0, cut.output


def test_show_tells_a_machine_too_large_from_a_state_that_cannot_be():
    shown = called("show", "two_qubit_swap", "--set", "spins=12")
    assert shown.exit_code == 2
    assert "physical: not checked" in shown.output
    assert "would need about" in shown.output
