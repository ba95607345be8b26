"""What is no account: numbers that do not fit, and states that are none."""

import numpy as np
import pandas as pd
import pytest
import qutip

import athermal as at
from tests.unit.accounting.flat import account

ENGINE = {"entropies": {"atom": 0.0}, "energies": {"atom": 0.0}, "temperatures": {"hot": 2.0, "cold": 1.0}}
HEATS = {"heats": {"hot": [0, -1.0], "cold": [0, 0.6]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": [0.0, 0.0]}, "occurs twice"),
        ({"source": [1.0, 0.0]}, "comes after"),
        ({"source": [0.0]}, "two instants"),
        ({"source": [0.0, np.nan]}, "missing or infinite: number 2"),
        ({"heats": {"hot": [0, 1.0], "cold": [0, 1], "lab": [0, 1]}}, "'lab', but no temperature"),
        ({"heats": {"hot": [0, 1.0]}}, "no heats of it"),
        ({"heats": {"hot": [0, 1.0, 2.0], "cold": [0, 1]}}, "2 numbers"),
        ({"temperatures": {"hot": -1.0, "cold": 1.0}}, "positive"),
        ({"entropies": None}, "entropy of every subsystem"),
        ({"energies": None}, "energy of 'atom' is missing"),
        ({"work_error": 0.1}, "error of the work needs the `work`"),
        ({"heat_errors": {"hto": 0.1}}, "Did you mean 'hot'"),
        ({"heat_errors": {"hot": -0.1}}, "zero or positive"),
        ({"period": 0.7}, "nearest is"),
        ({"period": 3.0}, "must fit the data"),
        ({"period": 1.0, "samples_per_cycle": 1}, "Leave one out"),
        ({"method": "magic"}, "magic"),
        ({"states": {"atom": [np.eye(2) / 2] * 2}}, "given once"),
        ({"units": {"energy": "GHz"}}, "unit of temperature|that of temperature"),
        ({"units": {"energy": "GHzz", "temperature": "K"}}, "Did you mean 'GHz'"),
        ({"heat_errors": {"hot": 0.1}, "draws": 10**9}, "Ask for"),
        ({"draws": 1}, "at least 2"),
        ({"tolerance": -1.0}, "zero or positive"),
        ({"temperatures": {"hot": "2", "cold": 1.0}}, "real number"),
        ({"heats": {"hot": np.ma.masked_equal([0, 1.0], 1.0), "cold": [0, 1]}}, "1 of 2 are masked"),
        ({"heats": {"hot": [0, 1j], "cold": [0, 1]}}, "Take the real part"),
        ({"heats": pd.DataFrame({"hot": [0, None], "cold": [0, 1]})}, "'hot' must be finite.*number 2"),
        ({"source": np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[s]")}, "datetime64"),
        ({"units": "GHz"}, "given by kind"),
        ({"system_entropy": 0.3}, "differ by 0.3"),
        ({"energies": None, "work": [0, -0.4], "energy_errors": {"atom": 0.1}}, "numbers that are given, but there are none"),
        ({"dimensions": [2, 2]}, "`dimensions` must be given by name"),
        ({"hamiltonians": {3: np.eye(2)}}, "word that names it"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"source": [0.0, 1.0], **HEATS, **ENGINE} | change
    with pytest.raises(at.errors.StudyError, match=message):
        account(given.pop("source"), **given)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (np.diag([0.7, 0.4]), r"'q' at t = 1 must have trace 1, but its trace is 1.1. Divide it by its trace"),
        (np.diag([1.2, -0.2]), "lowest is -0.2"),
        (np.array([[0.5, 0.3], [0.0, 0.5]]), "Hermitian.*0.3"),
        (np.array([1.0, 1.0]), "norm 1"),
        (np.full((2, 2), np.nan), "NaN"),
        (np.ones((2, 3)), "square"),
        ((np.zeros(2), 0.4 * np.eye(2)), "1/2 - 0.1"),
        ((np.zeros(2), -np.eye(2)), "positive"),
        ((np.zeros(3), np.eye(2)), "shapes"),
    ],
)
def test_states_that_are_none_are_named(state, message):
    good = (np.zeros(2), np.eye(2)) if isinstance(state, tuple) else np.eye(2) / 2
    with pytest.raises(at.errors.StateError, match=message):
        account([0, 1], temperatures={"b": 1.0}, heats={"b": [0, 0.0]}, work=[0, 0.0], states={"q": [good, state]})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"states": {"q": [np.eye(2) / 2, np.eye(3) / 3]}},
            at.errors.StateError,
            "t = 1 must be a density matrix of dimension 2",
        ),
        ({"states": {"q": [np.eye(2) / 2, (np.zeros(2), np.eye(2))]}}, at.errors.StateError, "is a Gaussian state of 1 mode"),
        ({"states": {"q": [[np.eye(2) / 2]] * 2}}, at.errors.StateError, "at least two samples"),
        ({"states": {"q": [[[1, 0], [0]]] * 2}}, at.errors.StateError, "form of a matrix"),
        ({"states": {"q": [qutip.operator_to_vector(qutip.fock_dm(2, 0))] * 2}}, at.errors.StateError, "operator-ket"),
        ({"states": {"q": [np.eye(2) / 2]}}, at.errors.StudyError, "each of the 2 instants, but has 1"),
        ({"states": {"q": qutip.fock_dm(2, 0)}}, at.errors.StudyError, "but is a Qobj"),
        ({"states": {"q": qutip.mesolve(qutip.sigmaz(), qutip.basis(2, 0), [0, 1])}}, at.errors.StudyError, "Give its `states`"),
        ({"hamiltonians": [qutip.sigmaz(), [qutip.sigmax(), np.sin]]}, at.errors.StudyError, "qutip.QobjEvo"),
        ({"hamiltonians": np.triu(np.ones((2, 2)))}, at.errors.StudyError, "Hermitian"),
        (
            {"states": {"q": np.full((2, 5, 2, 2), np.eye(2) / 2)}, "entropy_errors": {"q": 0.1}},
            at.errors.StudyError,
            "their scatter, if they are samples",
        ),
        ({"states": None, "entropies": {"q": [0.1, -0.2]}}, at.errors.StateError, "is -0.2 at t = 1. Give S"),
        ({"states": None, "system_states": [np.eye(4) / 4] * 2, "dimensions": {"q": 2, "r": 3}}, at.errors.StudyError, "make 6"),
        (
            {"states": None, "system_states": [np.eye(4) / 4] * 2, "dimensions": {"q": 2, "r": "x"}},
            at.errors.StudyError,
            "whole number",
        ),
    ],
)
def test_what_is_no_list_of_states_or_no_hamiltonian(change, error, message):
    given = {"temperatures": {"b": 1.0}, "heats": {"b": [0, 0.0]}, "work": [0, 0.0], "states": {"q": [np.eye(2) / 2] * 2}}
    with pytest.raises(error, match=message):
        account([0, 1], **(given | change))


def test_measured_entropies_may_scatter_below_zero():
    made = account(
        [0, 1], temperatures={"b": 1.0}, heats={"b": [0, 0.1]}, energies=0.0, entropies=[0.0, -0.02], entropy_errors=0.01
    )
    assert made.sigma_total_change.item() == pytest.approx(0.08, abs=1e-15)
