"""Matrices in machine files: rows of numbers wherever Python takes a matrix, and the form that works in every complaint."""

import json

import numpy as np
import pytest

import athermal as at
from athermal.files import parse_machine_file
from athermal.machine.initial import AnyInitialState
from athermal.machine.operator import MatrixOperator
from athermal.machine.spec import from_spec, to_spec

FILE = """
[run]
cycles = 1
[machine]
name = "by rows"
period = 1.0
[[machine.subsystems]]
kind = "qudit"
name = "three"
hamiltonian = [[0, "0.5i", 0], ["-0.5j", 1.5, "1 - 0.25j"], [0, "1+0.25j", 2]]
[[machine.reservoirs]]
kind = "finite_bath"
name = "bath"
temperature = 2.0
hamiltonian = [[0, 0.25], [0.25, 1]]
[[machine.couplings]]
kind = "operator"
between = ["three", "bath"]
operators = [[[0, 1, 0], [1, 0, "1j"], [0, "-1j", 0]], [[0, "-1j"], ["1j", 0]]]
strength = 0.3
[[machine.couplings]]
kind = "operator"
between = ["three"]
operators = [[[1, 0, 0], [0, 0, 0], [0, 0, 0]]]
[[machine.counters]]
name = "middle"
terms = [{ between = ["three"], operators = [[[0, 0, 0], [0, 1, 0], [0, 0, 0]]] }]
[initial]
kind = "given_state"
parts = ["three"]
state = [[0.5, "0.25j", 0], ["-0.25j", 0.5, 0], [0, 0, 0]]
"""
STATE = np.array([[0.5, 0.25j, 0], [-0.25j, 0.5, 0], [0, 0, 0]])


def by_hand():
    three = np.array([[0, 0.5j, 0], [-0.5j, 1.5, 1 - 0.25j], [0, 1 + 0.25j, 2]])
    hop = np.array([[0, 1, 0], [1, 0, 1j], [0, -1j, 0]])
    return at.Machine(
        [at.Qudit("three", three)],
        [at.FiniteBath("bath", 2.0, [[0, 0.25], [0.25, 1]])],
        [
            at.OperatorCoupling(("three", "bath"), (hop, [[0, -1j], [1j, 0]]), 0.3),
            at.OperatorCoupling(("three",), (np.diag([1.0, 0, 0]),)),
        ],
        1.0,
        name="by rows",
        counters=[at.Counter("middle", [at.OperatorCoupling(("three",), (np.diag([0, 1.0, 0]),))])],
        initial=at.GivenState(STATE, ("three",)),
    )


def test_a_machine_of_matrices_is_the_one_made_in_python():
    found = parse_machine_file(FILE)
    assert found.machine == by_hand()
    assert found.run().works[0] == at.run(by_hand(), 1).works[0]


def test_state_vectors_and_lists_of_energies():
    vector = '[initial]\nkind = "given_state"\nparts = ["three"]\nstate = [0.6, "0.8j", 0]\n'
    text = FILE[: FILE.index("[initial]")] + vector
    text = text.replace('[[0, "0.5i", 0], ["-0.5j", 1.5, "1 - 0.25j"], [0, "1+0.25j", 2]]', "[0, 1.5, 2]")
    found = parse_machine_file(text)
    assert found.initial == at.GivenState([0.6, 0.8j, 0], ("three",))
    assert found.machine.part("three") == at.Qudit("three", [0.0, 1.5, 2.0])
    column = parse_machine_file(text.replace('[0.6, "0.8j", 0]', '[[0.6], ["0.8j"], [0]]'))
    assert column.initial == found.initial


def test_matrices_of_oscillators_are_rows_too():
    text = """
    [machine]
    period = 1.0
    [[machine.subsystems]]
    name = "atom"
    frequency = 1.0
    [[machine.reservoirs]]
    kind = "coupled_bath"
    name = "bath"
    temperature = 1.0
    form = [[1, 0], [0, 1]]
    [[machine.couplings]]
    kind = "quadratic_form"
    between = ["atom", "bath"]
    matrix = [[0.1, 0], [0, 0]]
    [initial]
    kind = "gaussian_moments"
    covariance = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    """
    found = parse_machine_file(text)
    assert found.machine.couplings[0] == at.QuadraticForm(("atom", "bath"), [[0.1, 0], [0, 0]])
    assert found.machine.reservoirs[0] == at.parts.CoupledBath("bath", 1.0, np.eye(2))
    assert found.initial == at.GaussianMoments(np.eye(4))


@pytest.mark.parametrize("shape", [(3, 3), (3, 1), (16, 16), (17, 17), (17, 1)])
@pytest.mark.parametrize("is_complex", [False, True])
def test_what_is_written_is_read_to_the_last_bit(shape, is_complex):
    rng = np.random.default_rng(shape[0])
    matrix = rng.normal(size=shape) * 10.0 ** rng.integers(-300, 300, size=shape) + 1j * is_complex * rng.normal(size=shape)
    state = at.GivenState(MatrixOperator(matrix))
    spec = json.loads(json.dumps(to_spec(state, AnyInitialState)))
    assert isinstance(spec["state"], list) == (shape[0] <= 16)  # rows as long as a person may read them
    assert from_spec(AnyInitialState, spec, "the state") == state


def test_the_written_machine_is_the_one_that_was_read():
    machine = by_hand()
    spec = to_spec(machine)
    assert spec["couplings"][0]["operators"][1] == [[0.0, "-1j"], ["1j", 0.0]]
    assert from_spec(at.Machine, spec, "the machine") == machine


BAD = {
    "ragged": (
        "[[0, 0.25], [0.25, 1]]",
        "[[0, 0.25], [0.25]]",
        "`reservoirs.bath.hamiltonian`",
        "row 0 has 2 numbers and row 1 has 1",
    ),
    "not square": ("[[0, 0.25], [0.25, 1]]", "[[0, 0.25]]", "`reservoirs.bath.hamiltonian`", "it must be square"),
    "no number": ('"1 - 0.25j"', '"one"', "`subsystems.three.hamiltonian`", 'row 1, column 2 is "one"'),
    "infinite": ('"1 - 0.25j"', "inf", "`subsystems.three.hamiltonian`", "it must be finite"),
    "a truth value": ("[0.25, 1]]", "[0.25, true]]", "`reservoirs.bath.hamiltonian`", "row 1, column 1 is true"),
    "too deep": (
        "[[0, 0.25], [0.25, 1]]",
        "[[[0, 0.25], [0.25, 1]]]",
        "`reservoirs.bath.hamiltonian`",
        "row 0, column 0 is [0, 0.25]",
    ),
    "an operator of numbers": ('[[0, "-1j"], ["1j", 0]]]', "5]", "`couplings.0.operators.1`", "but is 5"),
    "complex energies": ("[[0, 0.25], [0.25, 1]]", '[0, "1j"]', "`reservoirs.bath.hamiltonian`", "energies must be real"),
    "a state in words": ('[[0.5, "0.25j", 0], ["-0.25j", 0.5, 0], [0, 0, 0]]', '"ground"', "`state`", 'but is "ground"'),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_matrices_are_told_with_their_place_and_the_form_that_works(case):
    old, new, place, found = BAD[case]
    assert old in FILE
    with pytest.raises(at.errors.MachineError) as caught:
        parse_machine_file(FILE.replace(old, new), source="engine.toml")
    message = str(caught.value)
    assert message.startswith(f"engine.toml: {place} of the ")
    assert 'rows of numbers, as in [[0, 1], [1, 0]], where a complex number is text, as in "1+2j"' in message
    assert found in message


def test_a_matrix_that_is_not_hermitian_is_told_as_in_python():
    with pytest.raises(at.errors.MachineError, match="`hamiltonian` of reservoir 'bath' must be Hermitian"):
        parse_machine_file(FILE.replace("[[0, 0.25], [0.25, 1]]", "[[0, 0.25], [0, 1]]"))
