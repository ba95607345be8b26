"""Limit cycles found by backends: against QuTiP's steady states and propagators, many cycles, and the literature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import qutip

import athermal as at

DRUDE = at.densities.Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude")
BAND = at.densities.FlatBand(0.1, low=0.2, high=5.0)


def position(subsystem, bath="bath", operator="sigmax", strength=1.0):
    return at.OperatorCoupling((subsystem, bath), (operator, "position"), strength)


def exchange(subsystem, bath, lowering):
    return at.OperatorCoupling((subsystem, bath), (lowering, "create"), plus_conjugate=True)


def driven(period=2.0 * np.pi, scale=1.0):
    """A qubit driven by a wave and by a sudden stroke, between two baths."""
    push = at.OperatorCoupling("atom", "sigmax", at.drives.Harmonic(0.3 * scale, frequency=2.0 * np.pi / period))
    gap = at.drives.Strokes((0.4 * period, 0.6 * period), (scale, 1.6 * scale))
    density = at.densities.Ohmic(friction=0.1, cutoff=5.0 * scale, cutoff_shape="drude")
    return at.Machine(
        [at.Qubit("atom", gap)],
        [at.ContinuumBath("hot", 2.0 * scale, density), at.ContinuumBath("cold", 0.5 * scale, density)],
        [push, position("atom", "hot"), position("atom", "cold", strength=0.6)],
        period=period,
    )


# --- against QuTiP --------------------------------------------------------------------------------------------------------


def test_the_steady_state_of_qutip():
    """Two qubits with local jumps: QuTiP's direct solver, and the multipliers from the spectrum of its Liouvillian."""
    machine = at.Machine(
        [at.Qubit("a", 2.0), at.Qubit("b", 1.0)],
        [at.ContinuumBath("hot", 1.5, BAND), at.ContinuumBath("cold", 0.4, BAND)],
        [exchange("a", "hot", "sigmam"), exchange("b", "cold", "sigmam"), at.Exchange(("a", "b"), 0.2)],
        period=5.0,
    )
    cycle = at.limit_cycle(machine, at.Lindblad(approach="local"), keep_states=True)
    z, m, one = qutip.sigmaz(), qutip.sigmam(), qutip.qeye(2)
    a, b = qutip.tensor(m, one), qutip.tensor(one, m)
    h = qutip.tensor(z, one) + 0.5 * qutip.tensor(one, z) + 0.2 * (a.dag() * b + b.dag() * a)
    jumps = []
    for lower, w, t in ((a, 2.0, 1.5), (b, 1.0, 0.4)):
        n = 1.0 / np.expm1(w / t)
        jumps += [np.sqrt(0.1 * (n + 1.0)) * lower, np.sqrt(0.1 * n) * lower.dag()]
    steady = qutip.steadystate(h, jumps)
    np.testing.assert_allclose(cycle.ledger.state(("a", "b"), cycle=0).full(), steady.full(), atol=1e-12)  # rounding of both
    spectrum = np.exp(5.0 * qutip.liouvillian(h, jumps).eigenenergies())
    np.testing.assert_allclose(np.sort(np.abs(cycle.multipliers)), np.sort(np.abs(spectrum))[:-1], atol=1e-10)


def test_the_propagator_of_qutip():
    """A driven qubit: the eigenvector of QuTiP's propagator over one cycle, and its other eigenvalues."""
    push = at.OperatorCoupling("atom", "sigmaz", at.drives.Harmonic(0.2, frequency=1.0))
    kick = at.OperatorCoupling("atom", "sigmax", at.drives.Harmonic(0.3, frequency=1.0))
    machine = at.Machine(
        [at.Qubit("atom", 1.0)],
        [at.ContinuumBath("bath", 0.5, BAND)],
        [push, kick, exchange("atom", "bath", "sigmam")],
        2 * np.pi,
    )
    cycle = at.limit_cycle(machine, at.Lindblad(approach="local"), keep_states=True)
    n = 1.0 / np.expm1(2.0)

    def wave(t):
        return np.cos(t)

    h = [0.5 * qutip.sigmaz(), [0.2 * qutip.sigmaz() + 0.3 * qutip.sigmax(), wave]]
    jumps = [np.sqrt(0.1 * (n + 1.0)) * qutip.sigmam(), np.sqrt(0.1 * n) * qutip.sigmap()]
    options = {"atol": 1e-12, "rtol": 1e-10}
    values, vectors = np.linalg.eig(qutip.propagator(h, 2.0 * np.pi, jumps, options=options).full())
    one = int(np.argmin(np.abs(values - 1.0)))
    rho = vectors[:, one].reshape(2, 2, order="F")
    # tolerances of the two integrators
    np.testing.assert_allclose(cycle.ledger.state("atom", cycle=0).full(), rho / np.trace(rho), atol=1e-7)
    np.testing.assert_allclose(np.poly(cycle.multipliers), np.poly(np.delete(values, one)), atol=1e-7)


# --- against waiting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield(), at.FloquetMarkov(tolerance=1e-4)])
def test_the_last_of_many_cycles(backend):
    machine = driven()
    cycle, waited = at.limit_cycle(machine, backend, samples_per_cycle=4), at.run(machine, 60, backend=backend)
    last = waited.cycles.isel(cycle=-1)
    assert abs(cycle.multipliers[0]) ** 60 < 1e-9  # what waiting leaves
    assert cycle.work == pytest.approx(float(last.work), abs=1e-8)
    np.testing.assert_allclose(cycle.heat, last.heat, atol=1e-8)
    np.testing.assert_allclose(cycle.energy_change, 0.0, atol=1e-9)
    assert cycle.errors["change"] < 1e-8
    assert cycle.ledger.violations() == []
    assert cycle.ledger.n_cycles == 1
    again = at.run(machine, 2, cycle.start, backend=backend)
    np.testing.assert_allclose(again.work, cycle.work, atol=1e-9)


def test_a_large_driven_machine_by_its_krylov_space():
    """Dimension 18: too large for a matrix of the map."""
    wave = at.drives.Harmonic(0.2, frequency=1.0)
    machine = at.Machine(
        [at.Qudit("ladder", np.arange(9.0).tolist()), at.Qubit("atom", 1.0)],
        [at.ContinuumBath("hot", 0.5, BAND), at.ContinuumBath("cold", 0.2, BAND)],
        [
            at.OperatorCoupling(
                ("ladder", "hot"), (np.diag(np.sqrt(np.arange(1.0, 9.0)), 1).tolist(), "create"), plus_conjugate=True
            ),
            exchange("atom", "cold", "sigmam"),
            at.OperatorCoupling(("ladder", "atom"), (np.diag(np.ones(8), 1).tolist(), "sigmap"), wave, plus_conjugate=True),
        ],
        period=2.0 * np.pi,
    )
    backend = at.Lindblad(approach="local", tolerance=1e-8)
    cycle = at.limit_cycle(machine, backend, accuracy=1e-7)
    again = at.run(machine, 1, cycle.start, backend=backend).cycles.isel(cycle=0)
    np.testing.assert_allclose(again.energy_change, 0.0, atol=1e-6)  # what the accuracy leaves of nine levels
    assert 0.0 < abs(cycle.multipliers[0]) < 1.0


# --- rows 12, 22 and 23 ---------------------------------------------------------------------------------------------------------


def test_row_12_two_oscillators():
    """I = 4 g^2 k_h k_c (n_h - n_c)/[(k_h + k_c)(4 g^2 + k_h k_c)] quanta per unit time: Kosloff, J. Chem. Phys. 80, 1625 (1984)."""
    w_h, w_c, t_h, t_c, k_h, k_c, g, levels = 2.0, 1.0, 0.4, 0.15, 0.3, 0.2, 0.1, 4
    rates = [at.densities.FlatBand(k, low=0.2, high=3.0) for k in (k_h, k_c)]
    machine = at.Machine(
        [at.TruncatedOscillator("h", w_h, levels), at.TruncatedOscillator("c", w_c, levels)],
        [at.ContinuumBath("hot", t_h, rates[0]), at.ContinuumBath("cold", t_c, rates[1])],
        [at.Exchange(("h", "hot")), at.Exchange(("c", "cold")), at.Exchange(("h", "c"), at.drives.Rotating(g, w_h - w_c))],
        period=2.0 * np.pi,
    )
    cycle = at.limit_cycle(machine, at.Lindblad(approach="local", tolerance=1e-7), accuracy=1e-6)
    n_h, n_c = 1.0 / np.expm1(w_h / t_h), 1.0 / np.expm1(w_c / t_c)
    current = 4.0 * g**2 * k_h * k_c * (n_h - n_c) / ((k_h + k_c) * (4.0 * g**2 + k_h * k_c))
    assert cycle.heat["hot"] == pytest.approx(-w_h * current * machine.period, rel=2e-4)  # what the levels cut off, about n^3
    assert cycle.efficiency == pytest.approx(1.0 - w_c / w_h, abs=1e-4)
    assert cycle.mode == "engine"


@pytest.mark.parametrize(("t_hot", "t_cold"), [(2.0, 0.5), (1.0, 0.9)])
def test_row_22_three_level_maser(t_hot, t_cold):
    """eta = 1 - w_c/w_h, an engine iff w_c/w_h > T_c/T_h: Scovil and Schulz-DuBois, PRL 2, 262 (1959)."""
    machine = at.Machine(
        [at.Qudit("maser", [0.0, 1.0, 2.5])],
        [at.ContinuumBath("hot", t_hot, BAND), at.ContinuumBath("cold", t_cold, BAND)],
        [
            exchange("maser", "hot", "|0><2|"),
            exchange("maser", "cold", "|0><1|"),
            at.OperatorCoupling("maser", "|1><2|", at.drives.Rotating(0.03, 1.5), plus_conjugate=True),
        ],
        period=2.0 * np.pi / 1.5,
    )
    cycle = at.limit_cycle(machine, at.Lindblad(approach="local"))
    # the integrator's tolerance, over what a cycle damps
    assert cycle.work / cycle.heat["hot"] == pytest.approx(1.0 - 1.0 / 2.5, abs=1e-7)
    assert (cycle.work < 0.0) == (t_cold / t_hot < 1.0 / 2.5)


def test_row_23_three_qubit_refrigerator():
    """COP = Q_c/Q_h = E_c/E_h: Linden, Popescu and Skrzypczyk, PRL 105, 130401 (2010)."""
    energies, temperatures, names = (1.0, 3.0, 2.0), (0.8, 1.0, 4.0), ("cold", "room", "hot")

    def on(operator, k):
        return qutip.tensor([operator if n == k else qutip.qeye(2) for n in range(3)])

    lower = qutip.sigmam()
    bare = sum(0.5 * e * on(qutip.sigmaz(), k) for k, e in enumerate(energies))
    swap = qutip.tensor(lower, lower.dag(), lower)
    # driven, and so no part of the qubits' own Hamiltonian, which makes the jumps; its sign does nothing
    always = at.drives.Strokes((5.0, 5.0), (0.05, -0.05))
    machine = at.Machine(
        [at.Qudit("fridge", bare)],
        [at.ContinuumBath(n, t, BAND) for n, t in zip(names, temperatures, strict=True)],
        [
            at.OperatorCoupling("fridge", swap + swap.dag(), always),
            *(exchange("fridge", n, on(lower, k)) for k, n in enumerate(names)),
        ],
        period=10.0,
    )
    cycle = at.limit_cycle(machine, at.Lindblad(approach="local"))
    assert cycle.heat["cold"] < 0.0 < cycle.heat["room"]
    # rounding, over what a cycle damps
    assert cycle.heat["cold"] / cycle.heat["hot"] == pytest.approx(energies[0] / energies[2], rel=1e-9)


# --- invariances -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_units(scale):
    one, other = at.limit_cycle(driven(), at.Lindblad()), at.limit_cycle(driven(2.0 * np.pi / scale, scale), at.Lindblad())
    np.testing.assert_allclose(np.poly(other.multipliers), np.poly(one.multipliers), atol=1e-8)
    np.testing.assert_allclose(other.heat / scale, one.heat, rtol=1e-7)
    assert other.mode == one.mode
    assert other.errors["change"] < 1e-8


def test_order():
    machine = driven()
    turned = replace(machine, reservoirs=machine.reservoirs[::-1], couplings=machine.couplings[::-1])
    one, other = (at.limit_cycle(each, at.BlochRedfield()) for each in (machine, turned))
    assert other.heat["hot"] == pytest.approx(one.heat["hot"], rel=1e-10)
    np.testing.assert_allclose(np.poly(other.multipliers), np.poly(one.multipliers), atol=1e-10)


def test_a_slow_machine_that_is_not_driven():
    """What relaxes by a part in 10^12 in a period has the limit cycle of the generator."""
    bath = at.ContinuumBath("bath", 0.7, at.densities.Ohmic(friction=1e-12, cutoff=5.0, cutoff_shape="drude"))
    machine = at.Machine([at.Qubit("atom", 1.0)], [bath], [position("atom")], period=1.0)
    state = at.limit_cycle(machine, at.Lindblad(), keep_states=True).ledger.state("atom", cycle=0).full()
    assert np.real(state[0, 0] / state[1, 1]) == pytest.approx(np.exp(-1.0 / 0.7), rel=1e-3)


# --- what has none, or many ----------------------------------------------------------------------------------------------------


def between(couplings, *, second=1.0):
    bath = at.ContinuumBath("bath", 0.5, DRUDE)
    return at.Machine([at.Qubit("a", 1.0), at.Qubit("b", second)], [bath], couplings, period=2.0 * np.pi)


ISING = at.OperatorCoupling(("a", "b"), ("sigmaz", "sigmaz"), 0.3)
WAVE = at.OperatorCoupling("a", "sigmaz", at.drives.Harmonic(0.3, frequency=1.0))


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (between([position("a"), ISING], second=1.5), "has 2 that are independent: conserved is the energy of 'b'"),
        (between([position("a"), ISING, WAVE], second=1.5), "has 2 .*the energy of 'b'"),
        (between([position("a"), position("b")]), "the symmetry under an exchange of 'a' and 'b'"),
        (between([position("a", strength=0.0), at.Exchange(("a", "b"), 0.2)]), "the excitations of 'a' and 'b' together"),
        (between([position("a")]), "Subsystem 'b' must be joined to a reservoir"),
        (replace(driven(), reservoirs=[], couplings=[]), "Subsystem 'atom' must be joined to a reservoir"),
    ],
)
@pytest.mark.parametrize("backend", [at.Lindblad(), at.BlochRedfield()])
def test_what_is_conserved_is_named(machine, words, backend):
    with pytest.raises(at.errors.MachineError, match=words):
        at.limit_cycle(machine, backend)


def test_what_follows_every_mode():
    with pytest.raises(at.errors.MachineError, match="DensityMatrix follows every mode of finite ones.*HEOM"):
        at.limit_cycle(at.library.two_qubit_swap())
    with pytest.raises(at.errors.MachineError, match="Dense follows every mode"):
        at.limit_cycle(at.library.two_oscillator(), at.Dense())
    with pytest.raises(at.errors.MachineError, match="`samples_per_cycle`.*must be left out without a `backend`"):
        at.limit_cycle(at.library.two_oscillator(), samples_per_cycle=2)
