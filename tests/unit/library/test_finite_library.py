"""Library machines of finite parts: what they are made of, and what they refuse."""

import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.drive import check_period


@pytest.fixture(
    params=[
        at.library.two_qubit_swap(),
        at.library.two_qubit_swap(1.0, 1.7, spins=2, swap_angle=0.0),
        at.library.heat_reversal(2.0, 1.0, 0.5),
        at.library.heat_reversal(correlation=0.0),
        at.library.correlated_qubits(3, 1.3, 0.7),
        at.library.correlated_qubits(correlation="classical", contact_angle=0.3),
        at.library.spin_star(spins=2),
        at.library.spin_star(qubits=1, spins=2, charged=1),
    ],
    ids=lambda machine: machine.name,
)
def machine(request):
    return request.param


def test_every_drive_fits_the_cycle(machine):
    assert machine.family.name == "finite"
    for owner in (*machine.subsystems, *machine.couplings):
        for what, drive in owner.drives:
            check_period(drive, machine.period, what, owner.owner)


def test_every_law_holds(machine):
    ledger = at.run(machine, cycles=2)
    assert ledger.violations() == []
    assert float(np.abs(ledger.residual_first_law).max()) < 1e-12  # rounding of energies of order one


# --- what they are made of ------------------------------------------------------------------------------------------------------


def test_two_qubit_swap_is_the_machine_of_its_equation():
    stroke = 2.0 * math.pi / 1.5  # one beat of the two qubits
    swap = at.drives.Product((at.drives.Strokes((stroke, stroke), (0.4 / stroke, 0.0)), at.drives.Rotating(1.0, 1.5)))
    contact = at.drives.Strokes((stroke, stroke), (0.0, 0.2 / stroke))
    weights = (1.0 / math.sqrt(2.0),) * 2
    by_hand = at.Machine(
        [at.Qubit("hot", 2.5), at.Qubit("cold", 1.0)],
        [at.SpinBath("hot bath", 3.0, (2.5, 2.5), weights), at.SpinBath("cold bath", 0.5, (1.0, 1.0), weights)],
        [
            at.Exchange(("hot", "cold"), swap),
            at.Exchange(("hot", "hot bath"), contact),
            at.Exchange(("cold", "cold bath"), contact),
        ],
        period=2.0 * stroke,
        name="two_qubit_swap",
    )
    assert at.library.two_qubit_swap(2.5, 1.0, 3.0, 0.5, swap_angle=0.4, contact_angle=0.2, spins=2) == by_hand


def test_heat_reversal_has_two_spins_and_a_link():
    machine = at.library.heat_reversal(0.7, 2.0, 0.3, angle=0.1, correlation=0.5, phase=0.2)
    assert machine.subsystems == (at.Qubit("link", 0.7),)
    assert machine.reservoirs == (at.SpinBath("hot", 2.0, (0.7,)), at.SpinBath("cold", 0.3, (0.7,)))
    assert isinstance(machine.initial, at.CorrelatedMarginals)
    assert machine.initial.strength == 0.5
    assert machine.initial.correlations == (at.Correlation(("hot", "cold"), "exchange", 0.2),)
    assert machine.initial.start == at.library.heat_reversal(correlation=0.0).initial
    own = at.library.heat_reversal(initial=at.ProductThermal())
    assert own.initial == at.ProductThermal()


def test_correlated_qubits_have_a_spin_each_and_pair_terms_only():
    machine = at.library.correlated_qubits(3, 1.3, 0.7)
    assert machine.subsystem_names == ("qubit 1", "qubit 2", "qubit 3")
    assert machine.reservoirs == (at.SpinBath("bath", 0.7, (1.3,) * 3),)
    contacts = [c for c in machine.couplings if "bath" in c.between]
    assert [(c.between[0], c.site) for c in contacts] == [("qubit 1", 0), ("qubit 2", 1), ("qubit 3", 2)]
    drives = [c for c in machine.couplings if "bath" not in c.between]
    assert [c.between for c in drives] == [("qubit 1", "qubit 2"), ("qubit 1", "qubit 3"), ("qubit 1",)]
    classical = at.library.correlated_qubits(3, correlation="classical")
    assert ("qubit 1",) not in [c.between for c in classical.couplings]
    assert at.library.correlated_qubits(correlation="none").initial == at.ProductThermal()


@pytest.mark.parametrize("correlation", ["entangled", "classical", "none"])
@pytest.mark.parametrize("n", [2, 3])
def test_correlated_qubits_are_thermal_one_by_one(n, correlation):
    """Every marginal has the energy of the thermal state and its entropy; what they share tells the three apart."""
    w, T = 1.3, 0.7
    f = 1.0 / (math.exp(w / T) + 1.0)
    entropy = -f * math.log(f) - (1.0 - f) * math.log(1.0 - f)
    start = at.run(at.library.correlated_qubits(n, w, T, correlation=correlation)).instants.isel(instant=0)
    assert np.allclose(start.subsystem_energy, w * (f - 0.5), rtol=0.0, atol=1e-14)  # rounding
    assert np.allclose(start.subsystem_entropy, entropy, rtol=0.0, atol=1e-14)
    correlated = {"entangled": n * entropy, "classical": (n - 1) * entropy, "none": 0.0}[correlation]
    assert float(start.system_correlation) == pytest.approx(correlated, abs=1e-13)


def test_a_very_cold_correlated_qubit_is_in_its_ground_state():
    ledger = at.run(at.library.correlated_qubits(2, 1.0, 1e-3))
    assert float(ledger.work[0]) == pytest.approx(0.0, abs=1e-12)  # rounding


def test_spin_star_of_two_qubits():
    machine = at.library.spin_star(3.0, 1.0, 2.0, 0.5, spins=2, contact=0.2, half_width=0.3, coupling=0.1)
    weights = (0.2 / math.sqrt(2.0),) * 2
    by_hand = at.Machine(
        [at.Qubit("hot", 3.0), at.Qubit("cold", 1.0)],
        [at.SpinBath("hot bath", 2.0, (2.7, 3.3), weights), at.SpinBath("cold bath", 0.5, (0.7, 1.3), weights)],
        [
            at.Exchange(("hot", "hot bath")),
            at.Exchange(("cold", "cold bath")),
            at.Exchange(("hot", "cold"), at.drives.Rotating(0.1, 2.0)),
        ],
        period=math.pi,
        name="spin_star",
    )
    assert machine == by_hand


def test_spin_star_of_one_qubit():
    machine = at.library.spin_star(3.0, 1.0, spins=1, qubits=1, contact_time=2.0)
    assert machine.subsystems == (at.Qubit("working", at.drives.Strokes((2.0, 2.0), (1.0, 3.0))),)
    assert machine.reservoirs[0] == at.SpinBath("hot bath", 4.0, (3.0,), (0.2,))
    assert machine.period == 4.0
    assert at.library.spin_star(qubits=1, contact=0.5).period == pytest.approx(2.0 * math.pi)
    hot, cold = machine.couplings
    assert hot.drive.value(np.array([1.0, 3.0])).tolist() == [0.0, 1.0]
    assert cold.drive.value(np.array([1.0, 3.0])).tolist() == [1.0, 0.0]


def test_spin_star_charged():
    assert at.library.spin_star().initial == at.ProductThermal()
    assert at.library.spin_star(charged=2).initial == at.Charged(2)
    assert at.library.spin_star(initial=at.Charged(1)).initial == at.Charged(1)


# --- what they do, as their docstrings say -----------------------------------------------------------------------------------------


def test_a_charged_spin_star_is_athermal_first_and_ordinary_then():
    ledger = at.run(at.library.spin_star(charged=3), cycles=6)
    assert ledger.mode.values.tolist() == ["engine"] * 3 + ["refrigerator"] * 3
    assert bool(np.all(ledger.is_athermal[:3]))
    assert not np.any(ledger.is_athermal[3:])
    assert bool(np.all(ledger.efficiency[:3] > ledger.carnot_efficiency))
    # Charging is the forward run backwards, so cycle 4 is the first cycle of the uncharged machine.
    ordinary = at.run(at.library.spin_star(), cycles=3)
    assert np.allclose(ledger.work[3:], ordinary.work, rtol=0.0, atol=1e-12)  # rounding over six cycles


def test_a_spin_star_of_one_qubit_is_a_thermal_engine_first():
    ledger = at.run(at.library.spin_star(qubits=1), cycles=4)
    assert ledger.mode.values[:3].tolist() == ["engine"] * 3
    assert not np.any(ledger.is_athermal[:3])
    assert bool(np.all(ledger.efficiency[:3] < 0.5))  # 1 - w_c/w_h, and Carnot is 3/4
    assert float(ledger.efficiency[0]) > 0.48
    assert float(ledger.work[3]) > 0.0


def test_an_otto_qubit_with_one_resonant_spin_swaps():
    """A full swap with the hot spin: the work of the two quenches is (w_h - w_c)(f_h - f_c)."""
    ledger = at.run(at.library.spin_star(2.0, 1.0, 4.0, 0.8, qubits=1, spins=1))
    f_hot, f_cold = 1.0 / (math.exp(2.0 / 4.0) + 1.0), 1.0 / (math.exp(1.0 / 0.8) + 1.0)
    assert float(ledger.work_output[0]) == pytest.approx(f_hot - f_cold, abs=1e-13)  # rounding


@pytest.mark.parametrize(("spins", "is_complete"), [(1, True), (2, True), (3, False)])
def test_a_swap_with_two_spins_is_complete_and_with_three_is_not(spins, is_complete):
    """Collective exchange couples spin j by sqrt(j(j+1) - m(m-1)): one strength for j = 1/2 and for j = 1, two for j = 3/2."""
    ledger = at.run(at.library.two_qubit_swap(spins=spins))
    assert (float(np.abs(ledger.energy_change).max()) < 1e-12) is is_complete  # rounding


def test_two_qubits_run_backwards_after_two_cycles():
    ledger = at.run(at.library.two_qubit_swap(), cycles=4)
    work = ledger.work.values
    assert np.allclose(work, work[0] * np.array([1.0, 1.0, -1.0, -1.0]), rtol=0.0, atol=1e-13)  # rounding
    assert float(np.abs(ledger.heat[1]).max()) < 1e-13


# --- what they refuse --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"omega_hot": -1.0}, "`omega_hot` of a two-qubit swap engine must be positive, but is -1.0"),
        ({"omega_cold": 2.0}, "`omega_hot` of a two-qubit swap engine must differ from `omega_cold`, but both are 2.0"),
        ({"swap_angle": "pi"}, "`swap_angle` of a two-qubit swap engine must be a real number, but is 'pi'"),
        ({"contact_angle": math.inf}, "`contact_angle` of a two-qubit swap engine must be finite"),
        ({"spins": 0}, "`spins` of a two-qubit swap engine must be a whole number of at least 1, but is 0"),
        ({"T_cold": -1.0}, "`temperature` of reservoir 'cold bath' must be zero or positive, but is -1.0"),
    ],
)
def test_two_qubit_swaps_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.two_qubit_swap(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frequency": 0.0}, "`frequency` of a heat reversal must be positive, but is 0.0"),
        ({"angle": None}, "`angle` of a heat reversal must be a real number, but is None"),
        ({"phase": math.nan}, "`phase` of a heat reversal must be finite"),
        ({"correlation": -0.1}, "`correlation` of a heat reversal must be zero or positive, but is -0.1"),
        ({"correlation": 1.1}, "`correlation` of a heat reversal must be at most 1, the largest physical one, but is 1.1"),
        ({"T_hot": -1.0}, "`temperature` of reservoir 'hot' must be zero or positive, but is -1.0"),
    ],
)
def test_heat_reversals_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.heat_reversal(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 1}, "`n` of a machine of correlated qubits must be a whole number of at least 2, but is 1"),
        ({"frequency": -1.0}, "`frequency` of a machine of correlated qubits must be positive, but is -1.0"),
        ({"T": 0.0}, "`T` of a machine of correlated qubits must be positive, but is 0.0"),
        ({"correlation": "entagled"}, "`correlation` .* must be one of .* Did you mean 'entangled'?"),
        ({"contact_angle": "full"}, "`contact_angle` of a machine of correlated qubits must be a real number"),
    ],
)
def test_correlated_qubits_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.correlated_qubits(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"qubits": 3}, "`qubits` of a spin-star engine must be 1 or 2, but is 3"),
        ({"spins": 0}, "`spins` of a spin-star engine must be a whole number of at least 1, but is 0"),
        ({"omega_cold": 2.5}, "`omega_hot` of a spin-star engine must be above `omega_cold` = 2.5, but is 2.0"),
        ({"omega_cold": -1.0}, "`omega_cold` of a spin-star engine must be positive, but is -1.0"),
        ({"contact": 0.0}, "`contact` of a spin-star engine must be positive, but is 0.0"),
        ({"half_width": -0.1}, "`half_width` of a spin-star engine must be zero or positive, but is -0.1"),
        ({"charged": -1}, "`charged` of a spin-star engine must be a whole number of at least 0, but is -1"),
        ({"charged": 1, "initial": at.ProductThermal()}, "`charged` .* must be zero when an initial state is given, but is 1"),
        ({"qubits": 1, "contact_time": -2.0}, "`contact_time` of a spin-star engine must be positive, but is -2.0"),
        ({"coupling": "strong"}, "`amplitude` of a rotating drive must be a real number, but is 'strong'"),
        ({"T_hot": -1.0}, "`temperature` of reservoir 'hot bath' must be zero or positive, but is -1.0"),
    ],
)
def test_spin_stars_that_cannot_be(arguments, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.library.spin_star(**arguments)
