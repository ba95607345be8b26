"""docs/validation.md rows 22 and 23: the three-level maser and the three-qubit refrigerator.

Each in two regimes. With small spin baths at any strength, where what the couplings conserve fixes the ratios of heats and work
exactly. And met by fresh spins for a short time, where QuTiP's Lindblad steady state is the weak-coupling limit.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import qutip

import athermal as at

FAST = at.DensityMatrix(coherence=False)


def excited(frequency, temperature):
    return 1.0 / (np.exp(frequency / temperature) + 1.0)


def collapse(lowering, frequency, temperature, rate):
    """Return the two jump operators of a spin bath of fresh spins: down with 1 - f, up with f."""
    f = excited(frequency, temperature)
    return [np.sqrt(rate * (1.0 - f)) * lowering, np.sqrt(rate * f) * lowering.dag()]


def heat_current(operators, h, rho):
    """Return the energy that a bath gives per unit time, Tr H D(rho)."""
    flow = sum(c * rho * c.dag() - 0.5 * (c.dag() * c * rho + rho * c.dag() * c) for c in operators)
    return float((h * flow).tr().real)


# --- row 22: Scovil & Schulz-DuBois, PRL 2, 262 (1959) ----------------------------------------------------------------------

W_C, W_H = 1.0, 2.5
W_D = W_H - W_C


def maser(t_hot, t_cold, *, spins=3, contact=0.1, field=0.1):
    """Levels 0, w_c, w_h; the hot bath drives 0-2, the cold one 0-1, a rotating field 1-2."""
    quanta = at.OperatorCoupling("maser", "|1><2|", at.drives.Rotating(field, W_D, 0.5 * np.pi), plus_conjugate=True)
    return at.Machine(
        [at.Qudit("maser", [0.0, W_C, W_H])],
        [
            at.SpinBath("hot", t_hot, (W_H,) * spins, (contact,) * spins),
            at.SpinBath("cold", t_cold, (W_C,) * spins, (contact,) * spins),
        ],
        [
            at.OperatorCoupling(("maser", "hot"), ("|0><2|", "sigmap"), plus_conjugate=True),
            at.OperatorCoupling(("cold", "maser"), ("sigmam", "|1><0|"), plus_conjugate=True),
            at.OperatorCoupling("maser", "|1><2|", at.drives.Rotating(field, W_D), plus_conjugate=True),
        ],
        period=2.0 * np.pi / W_D,
        counters=[at.Counter("field", [quanta])],
    )


@pytest.mark.parametrize(("t_hot", "t_cold", "is_engine"), [(2.0, 0.5, True), (1.0, 0.9, False)])
def test_row_22_work_per_quantum_of_heat(t_hot, t_cold, is_engine):
    """Each quantum from the hot bath goes to level 2 and on to the field: W = (w_h - w_c)(dp_2 + Q_h/w_h), at any strength.

    So eta = 1 - w_c/w_h of the heat that is not still in level 2; an engine if w_c/w_h > T_c/T_h, else a refrigerator.
    """
    machine = maser(t_hot, t_cold)
    cycles = 12
    start = at.GivenState(qutip.basis(3, 0), parts=("maser",))
    solver = FAST.bind(machine)
    state = solver.prepare(start)
    ledger = at.run(machine, cycles=cycles, initial=start, backend=FAST)
    work = 0.0
    for k in range(cycles):
        state, done = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        work += done
        weights = np.sum(np.abs(state.factor) ** 2, axis=1).reshape(3, -1)
        p_1, p_2 = weights[1].sum(), weights[2].sum()  # from the ground state
        line = ledger.cumulative.isel(cycle=k)
        q_hot, q_cold = line.heat.values
        # rounding of a dozen cycles
        assert work == pytest.approx(W_D * (p_2 + q_hot / W_H), abs=1e-12)
        assert float(line.work) == pytest.approx(work, abs=1e-14)
        assert -work == pytest.approx((1.0 - W_C / W_H) * (-q_hot - W_H * p_2), abs=1e-12)
        assert -work == pytest.approx(W_D * (p_1 + q_cold / W_C), abs=1e-12)
        # the counter: the rate of photons absorbed is <dH/dt>/w_d
        assert W_D * float(line.counts[0]) == pytest.approx(work, abs=1e-12)
    assert (work < 0.0) == is_engine
    assert abs(work) > 0.01
    if is_engine:
        assert q_hot < 0.0


def lindblad_maser(t_hot, t_cold, field, rate):
    """Return QuTiP's steady state in the frame of the field, and the heat currents from hot and cold and the power put in."""
    bare = qutip.Qobj(np.diag([0.0, W_C, W_H]))
    zero, one, two = (qutip.basis(3, k) for k in range(3))
    flip = one * two.dag()
    hot = collapse(zero * two.dag(), W_H, t_hot, rate)
    cold = collapse(zero * one.dag(), W_C, t_cold, rate)
    rho = qutip.steadystate(field * (flip + flip.dag()), [*hot, *cold])
    photons = 2.0 * field * float(np.imag(rho[2, 1]))  # d p_2/dt of -i[g (|1><2| + h.c.), rho]
    return rho, heat_current(hot, bare, rho), heat_current(cold, bare, rho), -W_D * photons


def test_row_22_the_lindblad_maser():
    """eta = 1 - w_c/w_h of the weakly coupled maser, engine iff w_c/w_h > T_c/T_h."""
    for t_hot, t_cold in ((2.0, 0.5), (1.0, 0.9)):
        _, hot, cold, power = lindblad_maser(t_hot, t_cold, 0.03, 0.1)
        # the steady state of QuTiP's direct solver
        assert hot + cold + power == pytest.approx(0.0, abs=1e-13)
        assert -power / hot == pytest.approx(1.0 - W_C / W_H, rel=1e-10)
        assert (power < 0.0) == (t_cold / t_hot < W_C / W_H)


def test_row_22_fresh_spins_approach_the_lindblad_maser():
    """One period with fresh spins from the Lindblad steady state: its currents and its efficiency, as the coupling weakens.

    A spin met with strength g for a time tau stands for the rate g^2 tau; field and rate shrink together.
    """
    deviations = []
    for weak in (0.02, 0.01, 0.005):
        tau = 2.0 * np.pi / W_D
        field, rate = 0.3 * weak, weak
        machine = maser(2.0, 0.5, spins=1, contact=np.sqrt(rate / tau), field=field)
        rho, hot, cold, power = lindblad_maser(2.0, 0.5, field, rate)
        line = at.run(machine, initial=at.GivenState(rho, parts=("maser",))).cycles.isel(cycle=0)
        found = np.array([-line.heat[0], -line.heat[1], line.work], dtype=float)
        deviations.append(np.abs(found / (tau * np.array([hot, cold, power])) - 1.0))
        assert -float(line.work) / found[0] == pytest.approx(1.0 - W_C / W_H, rel=3.0 * weak * tau)
    # first order in the coupling: the steady state hardly changes while one spin is met
    assert np.all(deviations[0] < 0.02 * tau)
    for before, after in itertools.pairwise(deviations):
        assert np.allclose(before / after, 2.0, rtol=0.1)


# --- row 23: Linden, Popescu, Skrzypczyk, PRL 105, 130401 (2010) ------------------------------------------------------------

ENERGIES = (1.0, 3.0, 2.0)  # cold, room, hot: E_r = E_c + E_h
TEMPERATURES = (0.8, 1.0, 4.0)
NAMES = ("cold", "room", "hot")


def on_qubit(operator, k):
    return qutip.tensor([operator if n == k else qutip.qeye(2) for n in range(3)])


def fridge_hamiltonians(g):
    """Return H_0 and g (|010><101| + h.c.), with QuTiP's basis state 0 as the excited one."""
    bare = sum(0.5 * e * on_qubit(qutip.sigmaz(), k) for k, e in enumerate(ENERGIES))
    lower = qutip.basis(2, 1) * qutip.basis(2, 0).dag()
    swap = qutip.tensor(lower, lower.dag(), lower)
    return bare, g * (swap + swap.dag())


def fridge(g, contact, spins):
    """The three qubits are one part of dimension 8: three-body terms are within it, and nothing is driven."""
    bare, interaction = fridge_hamiltonians(g)
    lower = qutip.basis(2, 1) * qutip.basis(2, 0).dag()
    return at.Machine(
        [at.Qudit("fridge", bare + interaction)],
        [
            at.SpinBath(name, t, (e,) * spins, (contact,) * spins)
            for name, t, e in zip(NAMES, TEMPERATURES, ENERGIES, strict=True)
        ],
        [at.OperatorCoupling(("fridge", n), (on_qubit(lower, k), "sigmap"), plus_conjugate=True) for k, n in enumerate(NAMES)],
        period=5.0,
    )


def thermal_qubits():
    states = []
    for e, t in zip(ENERGIES, TEMPERATURES, strict=True):
        f = excited(e, t)
        states.append(qutip.Qobj(np.diag([f, 1.0 - f])))
    return qutip.tensor(states)


def test_row_23_heat_from_cold_per_heat_from_hot():
    """Quanta leave cold and hot only in pairs: Q_c/E_c + dn_c = Q_h/E_h + dn_h = -(Q_r/E_r + dn_r), without any work.

    So once the qubits return, Q_c/Q_h = E_c/E_h; COP = E_c/E_h at any strength, and it cools where the cold qubit's virtual
    temperature is below T_c.
    """
    assert ENERGIES[0] / TEMPERATURES[0] + ENERGIES[2] / TEMPERATURES[2] < ENERGIES[1] / TEMPERATURES[1]  # it can cool
    machine = fridge(0.15, 0.15, 2)
    start = at.GivenState(thermal_qubits(), parts=("fridge",))
    solver = FAST.bind(machine)
    state = solver.prepare(start)
    cycles = 4
    ledger = at.run(machine, cycles=cycles, initial=start, backend=FAST)
    at_first = np.array([excited(e, t) for e, t in zip(ENERGIES, TEMPERATURES, strict=True)])
    coefficients = []
    for k in range(cycles):
        state, work = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        assert work == 0.0
        weights = np.sum(np.abs(state.factor) ** 2, axis=1).reshape(2, 2, 2, -1)
        change = np.array([weights[0].sum(), weights[:, 0].sum(), weights[:, :, 0].sum()]) - at_first
        line = ledger.cumulative.isel(cycle=k)
        cold, room, hot = line.heat.values / ENERGIES + change
        # rounding of a few cycles of a few quanta
        assert cold == pytest.approx(hot, abs=1e-13)
        assert cold == pytest.approx(-room, abs=1e-13)
        coefficients.append(line.heat.values[0] / line.heat.values[2])
        assert float(line.heat[0]) < 0.0 < float(line.heat[1])
    # while the baths are hardly used up, what the qubits still hold is below a hundredth of what has passed
    assert np.allclose(coefficients, ENERGIES[0] / ENERGIES[2], rtol=0.01)


def lindblad_fridge(g, rate):
    bare, interaction = fridge_hamiltonians(g)
    lower = qutip.basis(2, 1) * qutip.basis(2, 0).dag()
    jumps = [collapse(on_qubit(lower, k), e, t, rate) for k, (e, t) in enumerate(zip(ENERGIES, TEMPERATURES, strict=True))]
    rho = qutip.steadystate(bare + interaction, [c for pair in jumps for c in pair])
    return rho, np.array([heat_current(pair, bare, rho) for pair in jumps])


def test_row_23_the_lindblad_refrigerator():
    rho, (cold, room, hot) = lindblad_fridge(0.05, 0.1)
    assert float(rho.tr().real) == pytest.approx(1.0, abs=1e-12)
    # the steady state of QuTiP's direct solver
    assert cold / hot == pytest.approx(ENERGIES[0] / ENERGIES[2], rel=1e-9)
    assert cold + room + hot == pytest.approx(0.0, abs=1e-13)
    assert min(cold, hot) > 0.0 > room
    # Carnot's bound of an absorption refrigerator
    t_c, t_r, t_h = TEMPERATURES
    assert ENERGIES[0] / ENERGIES[2] < (1.0 - t_r / t_h) * t_c / (t_r - t_c)


def test_row_23_fresh_spins_approach_the_lindblad_refrigerator():
    """As for the maser: one meeting with fresh spins, weaker and weaker, from the Lindblad steady state."""
    deviations = []
    for weak in (0.02, 0.01, 0.005):
        g, rate = 0.4 * weak, weak
        machine = fridge(g, np.sqrt(rate / 5.0), 1)
        rho, currents = lindblad_fridge(g, rate)
        line = at.run(machine, initial=at.GivenState(rho, parts=("fridge",))).cycles.isel(cycle=0)
        deviations.append(np.abs(-line.heat.values / (5.0 * currents) - 1.0))
        assert float(line.heat[0] / line.heat[2]) == pytest.approx(ENERGIES[0] / ENERGIES[2], rel=3.0 * weak * 5.0)
    # first order in the coupling
    assert np.all(deviations[0] < 0.3)
    for before, after in itertools.pairwise(deviations):
        assert np.allclose(before / after, 2.0, rtol=0.15)
