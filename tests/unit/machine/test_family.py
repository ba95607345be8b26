"""Which family a machine is of, and what the Hamiltonians of all families answer."""

import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.families import FAMILIES
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.tensor_hamiltonian import TensorHamiltonian

BATH = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(0.1, 2.0), modes=3, low=0.1, high=9.0)
CONTACT = at.OperatorCoupling(("q", "bath"), ("sigmax", "position"))


def machine(subsystem, reservoir=None, coupling=None):
    return at.Machine([subsystem], [reservoir] if reservoir else [], [coupling] if coupling else [], 1.0)


MACHINES = {
    "harmonic": machine(at.Oscillator("q", 1.0), BATH, at.Position(("q", "bath"))),
    "finite": machine(at.Qubit("q", 1.0), at.SpinBath("bath", 1.0, (1.0, 2.0)), at.Exchange(("q", "bath"), 0.1)),
    "open": machine(at.Qubit("q", 1.0), BATH, CONTACT),
}


@pytest.mark.parametrize("name", MACHINES)
def test_it_is_the_first_that_all_parts_share(name):
    assert MACHINES[name].family.name == name
    assert repr(MACHINES[name].family) == f"<family {name}>"


def test_a_closed_machine_of_finite_parts_is_finite():
    assert machine(at.Qubit("q", 1.0)).family.name == "finite"


@pytest.mark.parametrize(("name", "size"), [("harmonic", 4), ("finite", 8), ("open", 2)])
def test_one_protocol(name, size):
    held = MACHINES[name].hamiltonian
    assert held.size == MACHINES[name].family.size(MACHINES[name]) == size
    assert held.shares.shape == (1, len(held.terms))
    assert held.edges(0.0, 1.0) == ([0.0, 1.0], [False])
    partition = held.log_partitions(MACHINES[name].temperatures)
    assert partition.shape == (1,)
    assert math.isnan(partition[0]) == (held.ground_energies is None) == (name == "open")


def test_partition_functions():
    """ln Z of a spin is ln 2 cosh(w/2T), of a mode -ln 2 sinh(w/2T)."""
    spins = MACHINES["finite"].hamiltonian.log_partitions(np.array([1.0]))[0]
    assert spins == pytest.approx(sum(math.log(2.0 * math.cosh(0.5 * w)) for w in (1.0, 2.0)), rel=1e-14)
    modes = MACHINES["harmonic"].hamiltonian.log_partitions(np.array([1.0]))[0]
    assert modes == pytest.approx(-sum(math.log(2.0 * math.sinh(0.5 * w)) for w in BATH.frequencies), rel=1e-13)


def test_a_hamiltonian_of_the_wrong_kind():
    assert Hamiltonian.of(MACHINES["harmonic"]) is MACHINES["harmonic"].hamiltonian
    with pytest.raises(
        at.errors.MachineError, match="must have the Hamiltonian of finite parts in matrices, but has the quadratic"
    ):
        TensorHamiltonian.of(MACHINES["harmonic"])


@pytest.mark.parametrize(
    ("subsystem", "reservoir", "message"),
    [
        (at.Oscillator("q", 1.0), at.SpinBath("s", 1.0, (1.0,)), r"'q' .* Oscillator \(harmonic\), 's' .* SpinBath \(finite\)"),
        (
            at.Qubit("q", 1.0),
            at.Bath("s", 1.0, (1.0,)),
            r"'s' .* Bath \(harmonic\), 'q' .* Qubit \(finite or open\).*TruncatedBath",
        ),
    ],
)
def test_parts_that_share_none(subsystem, reservoir, message):
    with pytest.raises(at.errors.MachineError, match=f"The parts of a machine must be of one family, but {message}"):
        machine(subsystem, reservoir)


def test_every_family_is_listed_once():
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
