import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.spec import from_spec, to_spec

ROUNDING = {"rtol": 0.0, "atol": 1e-13}


def hamiltonian(machine, time):
    return machine.hamiltonian.whole.at(time).toarray()


def unit(n, m, size=3):
    matrix = np.zeros((size, size))
    matrix[n % size, m % size] = 1.0
    return matrix


# --- molecular motor --------------------------------------------------------------------------------------------------------

SMALL = {"hot_spins": (3.0,), "cold_spins": (2.0,)}
UP = np.array([[0.0, 1.0], [0.0, 0.0]])


@pytest.mark.parametrize(("time", "hot", "cold"), [(1.0, 0.0, 0.1), (5.0, 0.0, 0.0), (11.0, 0.2, 0.0)])
def test_the_motor_has_the_hamiltonian_of_its_equation(time, hot, cold):
    """Twelve units of time, a hand-over every four: the last bond is cold in (0.4, 2) and hot in (10, 11.6)."""
    machine = at.library.molecular_motor(
        depth=1.5, hopping=0.4, period=12.0, load=2, hot_coupling=0.2, cold_coupling=0.1,
        hot_contact=(0.5, 0.1), cold_contact=(0.1, 0.5), **SMALL,
    )  # fmt: skip
    phase = np.exp(2j * math.pi * 2 * time / 12.0)
    well = -1.5 * np.cos(2 * math.pi * (np.arange(3) + 0.5) / 3 - 2 * math.pi * time / 12.0)
    hop = -0.4 * phase * sum(unit(n + 1, n) for n in range(3))
    z = np.diag([0.5, -0.5])
    particle = np.diag(well) + hop + hop.conj().T
    contact = phase * np.kron(unit(0, 2), hot * np.kron(UP.T, np.eye(2)) + cold * np.kron(np.eye(2), UP))
    expected = np.kron(particle, np.eye(4)) + contact + contact.conj().T
    expected = expected + np.kron(np.eye(3), 3.0 * np.kron(z, np.eye(2)) + 2.0 * np.kron(np.eye(2), z))
    assert np.allclose(hamiltonian(machine, time), expected, **ROUNDING)


def test_the_mirrored_motor_is_the_motor_with_its_sites_in_reverse():
    forth, back = (at.library.molecular_motor(direction=d, **SMALL) for d in (1, -1))
    mirror = np.kron(np.eye(3)[::-1], np.eye(4))
    for time in (3.0, 77.0, 190.0):
        assert np.allclose(hamiltonian(back, time), mirror @ hamiltonian(forth, time) @ mirror, **ROUNDING)


def test_every_bond_can_touch_the_baths_at_its_own_hand_over():
    machine = at.library.molecular_motor(period=12.0, load=0, hot_bonds=(0, 1, 2), cold_bonds=(1,), **SMALL)
    hot = [c for c in machine.couplings if c.between[-1] == "hot bath"]
    assert [c.operators[0] for c in hot] == ["|1><0|", "|2><1|", "|0><2|"]
    for k, contact in enumerate(hot):  # from half to a tenth of four units before 4 (k + 1)
        inside, outside = 4.0 * k + np.array([2.1, 3.5]), 4.0 * k + np.array([1.9, 3.7])
        assert np.all(contact.drive.value(inside) == 0.15)
        assert np.all(contact.drive.value(outside) == 0.0)
    assert len([c for c in machine.couplings if c.between[-1] == "cold bath"]) == 1


def test_potentials_in_steps_and_flashing():
    smooth, steps = (at.library.molecular_motor(period=12.0, load=0, steps=s, **SMALL) for s in (None, 6))
    middle = np.array([1.0, 3.0, 5.0])
    for fine, coarse in zip(smooth.couplings[:3], steps.couplings[:3], strict=True):
        assert np.allclose(coarse.drive.value(middle + 0.7), fine.drive.value(middle), **ROUNDING)
    flashing = at.library.molecular_motor(potential="flashing", period=12.0, depth=2.0, **SMALL)
    values = [c.drive.value(np.array([3.0, 9.0])).tolist() for c in flashing.couplings[:3]]
    assert values == [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    cold = next(c for c in flashing.couplings if c.between[-1] == "cold bath").drive
    hot = next(c for c in flashing.couplings if c.between[-1] == "hot bath").drive
    assert np.abs(cold.value(np.array([1.0, 5.0, 9.0]))).tolist() == [0.11, 0.0, 0.0]
    assert np.abs(hot.value(np.array([3.0, 9.5, 11.8]))).tolist() == [0.0, 0.15, 0.0]


def test_two_particles_repel_each_other_on_the_same_site():
    one, two = (at.library.molecular_motor(particles=n, repulsion=1.5, **SMALL) for n in (1, 2))
    assert two.subsystem_names == ("particle 1", "particle 2")
    assert two.dimension == 3 * one.dimension
    free = at.library.molecular_motor(particles=2, repulsion=0.0, **SMALL)
    difference = hamiltonian(two, 0.0) - hamiltonian(free, 0.0)
    same = np.kron(1.5 * np.eye(3).ravel(), np.ones(4))
    assert np.allclose(difference, np.diag(same), **ROUNDING)


def test_a_charged_motor_starts_from_what_it_is_given():
    assert at.library.molecular_motor().initial == at.ProductThermal()
    assert at.library.molecular_motor(charged=2).initial == at.Charged(2)
    start = at.ProductThermal({"particle": 2.0})
    assert at.library.molecular_motor(charged=1, initial=start).initial == at.Charged(1, start)
    assert at.library.molecular_motor(initial=start).initial == start


def test_only_a_loaded_motor_counts_work_against_its_load():
    assert [c.name for c in at.library.molecular_motor().counters] == ["turns", "work against load"]
    assert [c.name for c in at.library.molecular_motor(load=0).counters] == ["turns"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sites": 2}, "`sites` of a molecular motor must be a whole number of at least 3, but is 2"),
        ({"load": 0.5}, "`load` of a molecular motor must be a whole number, but is 0.5: the phase of a hop must repeat"),
        ({"potential": "travel"}, "`potential` of a molecular motor must be one of .* Did you mean 'travelling'?"),
        ({"direction": 0}, "`direction` of a molecular motor must be 1 or -1, but is 0"),
        ({"particles": 3}, "`particles` of a molecular motor must be 1 or 2, but is 3"),
        ({"steps": 1}, "`steps` of a molecular motor must be a whole number of at least 2"),
        ({"steps": 9, "potential": "flashing"}, "`steps` of a molecular motor must be left out for a flashing potential"),
        ({"period": 0.0}, "`period` of a molecular motor must be positive"),
        ({"hopping": "fast"}, "`hopping` of a molecular motor must be a real number"),
        ({"depth": "deep"}, "`depth` of a molecular motor must be a real number"),
        ({"hot_coupling": math.nan}, "`hot_coupling` of a molecular motor must be finite"),
        ({"hot_contact": (0.1, 0.5)}, "`hot_contact` of a molecular motor must fall between 1 and 0"),
        ({"cold_contact": (0.5, 1.1)}, "`cold_contact` of a molecular motor must rise between 0 and 1"),
        ({"cold_bonds": (0, 3)}, "`cold_bonds` of a molecular motor must list different bonds below 3"),
        ({"hot_bonds": (1, 1)}, "`hot_bonds` of a molecular motor must list different bonds below 3"),
        ({"charged": -1}, "`charged` of a molecular motor must be a whole number of at least 0"),
        ({"T_cold": -1.0}, "`temperature` of reservoir 'cold bath' must be zero or positive"),
    ],
)  # fmt: skip
def test_motors_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.molecular_motor(**{**SMALL, **arguments})


# --- single atom ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("time", "hot", "cold"), [(1.0, 0.2, 0.0), (4.0, 0.0, 0.3)])
def test_the_atom_has_the_hamiltonian_of_its_equation(time, hot, cold):
    machine = at.library.single_atom(
        omega_radial=3.0, omega_axial=1.0, coupling=0.5, hot_spins=(2.9,), cold_spins=(2.8,),
        hot_coupling=0.2, cold_coupling=0.3, atom_levels=3, flywheel_levels=4,
    )  # fmt: skip
    assert machine.period == 2.0 * math.pi
    a, b, s, z = np.diag(np.sqrt([1.0, 2.0]), 1), np.diag(np.sqrt([1.0, 2.0, 3.0]), 1), np.eye(2), np.diag([0.5, -0.5])

    def product(*factors):
        total = np.eye(1)
        for factor in factors:
            total = np.kron(total, factor)
        return total

    one, four = np.eye(3), np.eye(4)
    contact = hot * product(a, four, UP, s) + cold * product(a, four, s, UP)
    expected = (
        product(3.0 * (a.T @ a + 0.5 * one), four, s, s)
        + product(one, b.T @ b + 0.5 * four, s, s)
        + 0.5 * product(a.T @ a, (b + b.T) / math.sqrt(2.0), s, s)
        + product(one, four, 2.9 * z, s)
        + product(one, four, s, 2.8 * z)
    )
    assert np.allclose(hamiltonian(machine, time), expected + contact + contact.T, **ROUNDING)


def test_the_flywheel_starts_at_its_own_temperature():
    assert at.library.single_atom(T_flywheel=0.4).initial == at.ProductThermal({"flywheel": 0.4})
    start = at.ProductThermal({"atom": 3.0})
    assert at.library.single_atom(initial=start).initial == start


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"omega_axial": 0.0}, "`omega_axial` of a single-atom engine must be positive"),
        ({"omega_radial": -1.0}, "`omega_radial` of a single-atom engine must be positive"),
        ({"coupling": "strong"}, "`coupling` of a single-atom engine must be a real number"),
        ({"atom_levels": 1}, "`atom_levels` of a single-atom engine must be a whole number of at least 2"),
        ({"T_flywheel": -1.0}, "`T_flywheel` of a single-atom engine must be zero or positive"),
        ({"T_hot": -1.0}, "`temperature` of reservoir 'hot bath' must be zero or positive"),
    ],
)
def test_atoms_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.single_atom(**arguments)


def test_both_machines_are_written_to_a_file_and_read_again():
    for machine in (at.library.molecular_motor(particles=2, charged=1), at.library.single_atom()):
        assert from_spec(at.Machine, to_spec(machine), "the machine") == machine
