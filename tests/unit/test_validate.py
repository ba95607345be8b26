from fractions import Fraction

import numpy as np
import pytest

import athermal as at
from athermal import _validate


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1.0), np.int8(1), np.float64(1.0)])
def test_numbers_of_all_kinds_become_floats(value):
    assert type(_validate.real(value, "x", "it")) is float
    assert _validate.positive(value, "x", "it") == 1.0
    assert _validate.not_negative(value, "x", "it") == 1.0


@pytest.mark.parametrize("value", [True, "1", None, 1j, [1.0], Fraction(1, 2), np.array(1.0), np.bool_(1)])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(at.errors.MachineError, match="`x` of it must be a real number, but is"):
        _validate.real(value, "x", "it")


def test_signs_and_remedies():
    with pytest.raises(at.errors.MachineError, match="^`x` of it must be positive, but is 0.0. Do this.$"):
        _validate.positive(0, "x", "it", remedy="Do this.")
    with pytest.raises(at.errors.MachineError, match="^`x` of it must be zero or positive, but is -1.0.$"):
        _validate.not_negative(-1, "x", "it")
    assert _validate.not_negative(0, "x", "it") == 0.0


def test_counts():
    assert type(_validate.count(np.int64(3), "n", "it")) is int
    for value in (0, 1.0, True, "3", None):
        with pytest.raises(at.errors.MachineError, match="`n` of it must be a whole number of at least 1, but is"):
            _validate.count(value, "n", "it")


def test_lists_and_matrices():
    assert _validate.reals(np.arange(3), "x", "it") == (0.0, 1.0, 2.0)
    assert _validate.matrix(np.eye(2), "m", "it") == ((1.0, 0.0), (0.0, 1.0))
    for value in ("12", 3.0, None):
        with pytest.raises(at.errors.MachineError, match="`x` of it must be a list of real numbers"):
            _validate.reals(value, "x", "it")
    with pytest.raises(at.errors.MachineError, match=r"`x\[1\]` of it must be finite, but is inf"):
        _validate.reals([1.0, np.inf], "x", "it")
    with pytest.raises(at.errors.MachineError, match="`x` of it must hold 2 numbers, but holds 3"):
        _validate.reals(range(3), "x", "it", length=2)
    for value in ([], [[1.0], [1.0, 2.0]]):
        with pytest.raises(at.errors.MachineError, match="`m` of it must be a matrix whose rows have one length"):
            _validate.matrix(value, "m", "it")


def test_choices_and_suggestions():
    assert _validate.choice("a", "x", "it", ("a", "b")) == "a"
    with pytest.raises(
        at.errors.MachineError, match="^`x` of it must be one of 'red', 'blue', but is 'bleu'. Did you mean 'blue'?"
    ):
        _validate.choice("bleu", "x", "it", ("red", "blue"))
    with pytest.raises(at.errors.MachineError, match=r"but is 3\.$"):
        _validate.choice(3, "x", "it", ("red", "blue"))
    assert _validate.suggest("zzz", ["red"]) == ""


def test_names():
    assert _validate.identifier("hot bath", "name", "it") == "hot bath"
    for value in ("", "  ", " hot", "hot ", None, 3):
        with pytest.raises(at.errors.MachineError, match="`name` of it must be a word that names it"):
            _validate.identifier(value, "name", "it")
