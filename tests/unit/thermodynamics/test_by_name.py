import copy
import pickle

import numpy as np
import pytest

import athermal as at
from athermal.thermodynamics.by_name import ByName

HEAT = ByName([-3.0, 2.0, 0.5], ["hot", "cold", "third"])


def test_one_number_is_a_float_by_position_and_by_name():
    assert [type(HEAT[key]) for key in ("cold", 1, -2, np.int64(1))] == [float] * 4
    assert [HEAT[key] for key in ("cold", 1, -2, np.int64(1))] == [2.0] * 4
    assert bool(abs(HEAT["hot"]) > 1.0) is (abs(HEAT["hot"]) > 1.0)


def test_it_is_an_array():
    assert np.array_equal(HEAT[1:], [2.0, 0.5])
    assert np.allclose(-HEAT / np.array([1.0, 2.0, 0.5]), [3.0, -1.0, -1.0])
    assert float(HEAT.sum()) == float(np.sum(HEAT)) == -0.5
    for other in (copy.copy(HEAT), pickle.loads(pickle.dumps(np.asarray(HEAT)))):  # noqa: S301 - our own
        assert np.array_equal(other, HEAT)


def test_unknown_names_are_told():
    with pytest.raises(at.errors.StudyError, match="no part 'clod' here; there are 'hot', 'cold', 'third'. Did you mean 'cold'?"):
        HEAT["clod"]
