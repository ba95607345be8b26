"""Random data of two instants obey both laws, whatever they are, and the order of reservoirs is a matter of names only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import athermal as at
from athermal.accounting import Measured, Propagation, StandardErrors, States

AMOUNTS = st.floats(-3.0, 3.0).map(lambda amount: round(amount, 6))  # a ledger of 1e-300 is none of a laboratory
POPULATIONS = st.floats(0.0, 1.0).map(lambda population: round(population, 6))


@st.composite
def accounts(draw):
    """The numbers of an account of qubits, given by their states, and reservoirs."""
    n_subsystems, n_reservoirs = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    populations = [[draw(POPULATIONS) for _ in range(2)] for _ in range(n_subsystems)]
    return {
        "temperatures": {f"bath{j}": draw(st.floats(0.1, 5.0)) for j in range(n_reservoirs)},
        "heats": {f"bath{j}": [0.0, draw(AMOUNTS)] for j in range(n_reservoirs)},
        "states": {f"qubit{i}": [np.diag([1.0 - p, p]) for p in each] for i, each in enumerate(populations)},
        "hamiltonians": {f"qubit{i}": np.diag([0.0, draw(st.floats(0.1, 2.0))]) for i in range(n_subsystems)},
    }


def account(numbers, work=None, errors=None):
    measured = Measured([0.0, 1.0], heats=numbers["heats"], work=work, errors=StandardErrors(heats=errors))
    states = States(numbers["states"], hamiltonians=numbers["hamiltonians"])
    return at.account(measured, numbers["temperatures"], states=states, propagation=Propagation("linear"))


def binary_entropy(rho):
    return -sum(p * np.log(p) for p in np.diagonal(rho) if p > 0.0)


@given(accounts())
@settings(max_examples=40, deadline=None)
def test_two_instants_obey_both_laws(numbers):
    made = account(numbers)
    heats = {name: values[1] for name, values in numbers["heats"].items()}
    entropies = [binary_entropy(after) - binary_entropy(before) for before, after in numbers["states"].values()]
    energies = [np.trace(numbers["hamiltonians"][name] @ (after - before)) for name, (before, after) in numbers["states"].items()]
    # a dozen numbers of order one, divided by T >= 0.1
    rounding = {"abs": 1e-12}
    sigma = sum(entropies) + sum(q / numbers["temperatures"][name] for name, q in heats.items())
    assert made.sigma_total_change.item() == pytest.approx(sigma, **rounding)
    assert made.work.item() == pytest.approx(sum(heats.values()) + sum(energies), **rounding)
    coldest = min(numbers["temperatures"].values())
    split = sum((1.0 - coldest / numbers["temperatures"][name]) * q for name, q in heats.items()) + made.entropic_work.item()
    assert made.work.item() == pytest.approx(split, **rounding)
    if made.work.item() < -1e-9 and not made.is_athermal.item():
        assert made.efficiency.item() <= made.carnot_efficiency + 1e-9
    measured = account(numbers, work=[0.0, made.work.item()])
    assert measured.violations() == []


@given(accounts(), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_reservoirs_permutes_columns(numbers, random):
    errors = dict.fromkeys(numbers["heats"], 0.1)
    made = account(numbers, errors=errors)
    names = list(numbers["temperatures"])
    random.shuffle(names)
    moved = numbers | {"temperatures": {name: numbers["temperatures"][name] for name in names}}
    other = account(moved, errors=errors)
    assert other.reference.reservoirs == tuple(names)
    for one, two in ((made.cycles, other.cycles), (made.errors, other.errors)):
        for column in ("heat", "work", "sigma_total_change", "efficiency", "entropic_work"):
            same = two[column].sel(reservoir=list(made.reference.reservoirs)) if "reservoir" in two[column].dims else two[column]
            # sums over reservoirs in another order
            assert np.allclose(one[column].values, same.values, rtol=1e-9, atol=1e-11, equal_nan=True), column
    assert made.mode.item() == other.mode.item()
