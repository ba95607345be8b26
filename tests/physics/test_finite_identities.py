"""docs/validation.md rows 1-3 and 5-9 for machines of finite parts, from the density matrix of the whole in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

import athermal as at
from athermal.testing.finite import cases as finite_cases

from . import densities
from .densities import entropy, log, log_thermal, reduce, relative_entropy, spins, thermal

# The identities hold for a cut oscillator as for any other matrix.
pytestmark = pytest.mark.filterwarnings("ignore::athermal.errors.TruncationWarning")


def cases():
    for case in finite_cases.CASES:
        yield case.name, case.machine, case.initial
    for seed in range(3):
        machine = densities.random_machine(seed)
        yield f"product {seed}", machine, at.ProductThermal({"a": 0.4})
        yield f"correlated {seed}", machine, densities.random_state(seed, machine)
        yield f"charged {seed}", machine, at.Charged(2)
    machine = densities.random_machine(7, strokes_only=True)
    yield "strokes", machine, densities.random_state(7, machine)


CASES = {name: (machine, initial) for name, machine, initial in cases()}
CYCLES = 2


@pytest.fixture(scope="module", params=CASES)
def run(request):
    machine, initial = CASES[request.param]
    return machine, initial, at.run(machine, cycles=CYCLES, initial=initial)


def energy_scale(ledger):
    """The energies whose differences the first law is about."""
    s = ledger.instants
    return float((np.abs(s.subsystem_energy).sum("subsystem") + np.abs(s.reservoir_energy).sum("reservoir")).max())


def entropy_scale(ledger):
    """The entropies and E/T whose differences the second law is about."""
    s = ledger.instants
    return float((s.subsystem_entropy.sum("subsystem") + (np.abs(s.reservoir_energy) / s.temperature).sum("reservoir")).max())


def states(machine, initial, cycles=CYCLES):
    """Return rho of the whole at the start and after each cycle, in the product of the parts' bases, and the works."""
    solver = at.DensityMatrix().bind(machine)
    state, works = solver.prepare(initial), []
    found = [densities.state_of(solver, state)]
    for k in range(cycles):
        state, work = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        found.append(densities.state_of(solver, state))
        works.append(work)
    return found, works


def sizes_of(machine):
    return [part.dimension for part in machine.parts]


# --- rows 1 to 3 ------------------------------------------------------------------------------------------------------------


def test_row_1_first_law_with_work_of_its_own(run):
    """Aguilar & Lutz, Science Advances 11, eadw8462 (2025), S1/S6: W = sum Q_j + sum dU_i."""
    _, _, ledger = run
    c = ledger.cycles
    residual = np.abs(c.work - c.heat.sum("reservoir") - c.energy_change.sum("subsystem"))
    # row 1: 1e-12; strokes are exact, and the Taylor series of driven stretches runs to rounding
    assert float(residual.max()) < 1e-12 * energy_scale(ledger)
    assert float(np.abs(ledger.residual_first_law).max()) < 1e-12 * energy_scale(ledger)


def test_row_1_work_of_quenches_from_the_definition():
    """W = sum over jumps of Tr (H_after - H_before) rho, with matrices of the whole made by Kronecker products."""
    machine, initial = CASES["strokes"]
    hand = finite_cases.OperatorsByHand(machine)
    solver = at.DensityMatrix().bind(machine)
    state = solver.prepare(initial)
    rho = densities.state_of(solver, state)
    energies, vectors = np.linalg.eigh(hand.hamiltonian(0.5))
    assert np.allclose(hand.hamiltonian(0.5), hand.hamiltonian(1.4), rtol=0.0, atol=0.0)
    total = 0.0
    for start, stop in ((0.0, 1.5), (1.5, 4.0)):
        energies, vectors = np.linalg.eigh(hand.hamiltonian(0.5 * (start + stop)))
        u = (vectors * np.exp(-1j * energies * (stop - start))) @ vectors.conj().T
        rho = u @ rho @ u.conj().T
        total += float(np.real(np.trace((hand.hamiltonian(stop) - hand.hamiltonian(stop, "left")) @ rho)))
    state, work = solver.advance(state, 0.0, machine.period)
    # rounding of two ways to the same unitaries
    assert work == pytest.approx(total, abs=1e-12)
    assert abs(work) > 0.01
    assert np.allclose(densities.state_of(solver, state), rho, rtol=0.0, atol=1e-13)


def test_row_2_second_law_correlated_starts_included(run):
    """S10/S14: sum dS_i + sum Q_j/T_j = d[I + C(S) + C(R) + sum D_j]."""
    _, _, ledger = run
    c = ledger.cycles
    left = c.entropy_change.sum("subsystem") + (c.heat / c.temperature).sum("reservoir")
    parts = c.mutual_information_change + c.system_correlation_change + c.reservoir_correlation_change
    residual = np.abs(left - parts - c.athermality_change.sum("reservoir"))
    # row 2: 1e-10, of the entropies whose difference it is
    assert float(residual.max()) < 1e-10 * entropy_scale(ledger)
    assert float(np.abs(ledger.residual_second_law).max()) < 1e-10 * entropy_scale(ledger)


def test_row_2_each_part_of_sigma_from_the_density_matrix(run):
    """I, C(S), C(R) and D_j at the end of every cycle from their definitions; the whole's entropy from its own spectrum."""
    machine, initial, ledger = run
    sizes, n = sizes_of(machine), len(machine.subsystems)
    system, baths = list(range(n)), list(range(n, len(sizes)))
    found, works = states(machine, initial)
    near = {"rel": 0.0, "abs": 1e-10}  # row 2
    for cycle, rho in enumerate(found[1:]):
        line = ledger.cycles.isel(cycle=cycle)
        s = {
            keep: entropy(reduce(rho, sizes, list(keep)))
            for keep in [tuple(system), tuple(baths), *((k,) for k in range(len(sizes)))]
        }
        information = s[tuple(system)] + s[tuple(baths)] - entropy(rho)
        assert float(line.mutual_information) == pytest.approx(information, **near)
        assert float(line.system_correlation) == pytest.approx(sum(s[k,] for k in system) - s[tuple(system)], **near)
        assert float(line.reservoir_correlation) == pytest.approx(sum(s[k,] for k in baths) - s[tuple(baths)], **near)
        divergences = []
        for k, bath in zip(baths, machine.reservoirs, strict=True):
            reference = log_thermal(np.diag(bath.energies), bath.temperature)
            divergences.append(relative_entropy(reduce(rho, sizes, [k]), reference))
        assert np.allclose(line.athermality.values, divergences, rtol=0.0, atol=1e-10)
        assert float(line.work) == works[cycle]


def test_row_3_both_forms_of_work_and_of_efficiency(run):
    """S18: W = sum eta_j Q_j + T_min dsigma; S19: eta = gamma (eta_th - T_min dsigma / Q_in)."""
    machine, _, ledger = run
    c = ledger.cycles
    t_min = float(np.min(machine.temperatures))
    split = ((1.0 - t_min / c.temperature) * c.heat).sum("reservoir") + c.entropic_work
    scale = energy_scale(ledger) + t_min * entropy_scale(ledger)
    # row 3: 1e-10, of the energies whose difference it is
    assert float(np.abs(c.work - split).max()) < 1e-10 * scale
    eta = c.gamma * (c.thermal_efficiency - c.entropic_work / c.heat_intake)
    known = c.heat_intake > 0.0
    # whatever the sign of W: the column itself is an engine's
    residual = np.abs(c.work + eta * (c.heat_intake + c.energy_intake)).where(known, 0.0)
    assert float(residual.max()) < 1e-10 * scale
    assert float(np.abs(c.work_by_resource.sum("resource") - c.work).max()) < 1e-10 * scale


# --- row 5 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_row_5_entropy_production_is_a_relative_entropy(seed):
    """Esposito, Lindenberg, Van den Broeck, NJP 12, 013013 (2010): dSigma = D(rho || rho_S x prod rho_j^th) >= 0.

    Theirs is written with dS(rho_S). The ledger's holds sum dS_i instead, which is more by dC(S): from a product start
    its dSigma = D(rho || prod rho_i x prod rho_j^th).
    """
    machine = densities.random_machine(seed)
    start = at.GivenState(densities.thermal(densities.hermitian(np.random.default_rng(seed), 3), 0.5), parts=("b",))
    sizes = sizes_of(machine)
    ledger = at.run(machine, cycles=CYCLES, initial=start).cumulative
    baths = [log_thermal(spins(bath.spin_frequencies), bath.temperature) for bath in machine.reservoirs]

    def log_product(*logs):
        total, size = np.zeros((1, 1)), 1
        for entry in logs:
            total = np.kron(total, np.eye(len(entry))) + np.kron(np.eye(size), entry)
            size *= len(entry)
        return total

    for cycle, rho in enumerate(states(machine, start)[0][1:]):
        line = ledger.isel(cycle=cycle)
        joint = relative_entropy(rho, log_product(log(reduce(rho, sizes, [0, 1])), *baths))
        separate = relative_entropy(rho, log_product(*(log(reduce(rho, sizes, [k])) for k in (0, 1)), *baths))
        production = float(line.entropy_change.sum() + (line.heat / line.temperature).sum())
        # row 5: 1e-10
        assert joint == pytest.approx(production - float(line.system_correlation_change), abs=1e-10)
        assert separate == pytest.approx(production, abs=1e-10)
        assert separate == pytest.approx(float(line.sigma_total_change), abs=1e-10)
        assert separate > joint > 0.01


# --- rows 6 and 7: one reservoir --------------------------------------------------------------------------------------------


def erasure(seed):
    """A qubit and a bath of four spins, everything random and driven; the start of the qubit is random."""
    rng = np.random.default_rng(seed)
    bath = at.SpinBath("bath", float(rng.uniform(0.4, 2.0)), tuple(rng.uniform(0.5, 2.0, 4)), tuple(rng.uniform(0.1, 0.5, 4)))
    machine = at.Machine(
        [at.Qubit("memory", 1.0 + densities.drive(rng, 0.5, 5.0))],
        [bath],
        [
            at.Exchange(("memory", "bath"), densities.drive(rng, 1.5, 5.0)),
            at.OperatorCoupling(("memory", "bath"), (densities.hermitian(rng, 2), "sigmax"), densities.drive(rng, 0.5, 5.0)),
        ],
        period=5.0,
    )
    return machine, at.GivenState(thermal(densities.hermitian(rng, 2, 2.0), 1.0), parts=("memory",))


@pytest.mark.parametrize("seed", range(6))
def test_row_6_landauer_is_an_equality(seed):
    """Reeb & Wolf, NJP 16, 103011 (2014): beta Q = [S_i - S_f] + I + D, hence beta Q >= S_i - S_f."""
    machine, start = erasure(seed)
    temperature, h = machine.reservoirs[0].temperature, spins(machine.reservoirs[0].spin_frequencies)
    (before, after), _ = states(machine, start, 1)
    line = at.run(machine, initial=start).cycles.isel(cycle=0)
    memory, bath = reduce(after, [2, 16], [0]), reduce(after, [2, 16], [1])
    information = entropy(memory) + entropy(bath) - entropy(after)
    divergence = relative_entropy(bath, log_thermal(h, temperature))
    drop = entropy(reduce(before, [2, 16], [0])) - entropy(memory)
    heat = float(line.heat[0]) / temperature
    # row 6: 1e-12
    assert heat == pytest.approx(drop + information + divergence, abs=1e-12)
    assert heat == pytest.approx(
        float(-line.entropy_change[0] + line.mutual_information_change + line.athermality_change[0]), abs=1e-12
    )
    assert heat > drop
    assert heat == pytest.approx(float(np.trace(h @ (bath - reduce(before, [2, 16], [1]))).real) / temperature, abs=1e-12)
    assert min(information, divergence) > 0.0


@pytest.mark.parametrize("seed", range(6))
def test_row_7_the_reference_that_holds_the_actual_energy(seed):
    """Strasberg, Diaz, Riera-Campeny, PRE 104, L022103 (2021).

    With beta* set by the bath's actual energy, Sigma* = dS_S + S(pi(beta*)) - S(pi(beta_0)) >= 0, and
    Sigma(beta_0) - Sigma* = D(pi(beta*) || pi(beta_0)).
    """
    machine, start = erasure(seed)
    temperature, h = machine.reservoirs[0].temperature, spins(machine.reservoirs[0].spin_frequencies)
    energies = np.diag(h)
    (_, after), _ = states(machine, start, 1)
    ledger = at.run(machine, initial=start)
    line, energy = ledger.cycles.isel(cycle=0), float(ledger.instants.reservoir_energy[-1, 0])

    def populations(beta):
        weights = np.exp(-beta * (energies - energies.min() if beta > 0.0 else energies - energies.max()))
        return weights / weights.sum()

    beta_0 = 1.0 / temperature
    beta = scipy.optimize.brentq(lambda b: populations(b) @ energies - energy, -20.0, 20.0, xtol=1e-15, rtol=1e-15)
    pi, pi_0 = populations(beta), populations(beta_0)
    shannon, shannon_0 = (-float(p @ np.log(p)) for p in (pi, pi_0))
    clausius = float(line.entropy_change[0] + line.heat[0] / temperature)
    production = float(line.entropy_change[0]) + shannon - shannon_0
    divergence = float(pi @ (np.log(pi) - np.log(pi_0)))
    # row 7: 1e-11
    assert clausius - production == pytest.approx(divergence, abs=1e-11)
    assert float(line.sigma_total_change) - production == pytest.approx(divergence, abs=1e-11)
    assert production >= 0.0
    assert divergence > 1e-4
    # the athermality splits the same way: D(rho || pi_0) = D(rho || pi*) + D(pi* || pi_0)
    inner = relative_entropy(reduce(after, [2, 16], [1]), np.diag(np.log(pi)))
    assert float(line.athermality[0]) == pytest.approx(inner + divergence, abs=1e-11)
    assert production == pytest.approx(float(line.mutual_information) + inner, abs=1e-11)


# --- row 8 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [-0.95, -0.4, 0.0, 0.4, 0.95])
@pytest.mark.parametrize("others", [(), (1.0, 0.7)])
def test_row_8_heat_between_correlated_qubits(fraction, others):
    """Partovi, PRE 77, 021110 (2008); Jennings & Rudolph, PRE 81, 061130 (2010); Jevtic et al., PRL 108, 110403 (2012).

    Locally thermal A, B and an energy-conserving contact: (beta_A - beta_B) Q_A = dI + D_A + D_B >= -I_0. A is a qubit, B a
    bath whose first spin it meets, perhaps with two more that also take part in what A exchanges.
    """
    t_a, t_b, angle = 2.0, 0.5, 0.35
    h_a, h_b = np.diag([0.5, -0.5]), spins((1.0, *others))
    couplings = [at.Exchange(("A", "B"), at.drives.Strokes((1.0, 1.0), (angle, 0.0)), site=0)]
    if others:
        couplings.append(at.Exchange(("A", "B"), at.drives.Strokes((1.0, 1.0), (0.6, 0.0)), site=1))
    machine = at.Machine([at.Qubit("A", 1.0)], [at.SpinBath("B", t_b, (1.0, *others))], couplings, period=2.0)
    correlation = at.Correlation(("A", "B"), "exchange", phase=0.5 * np.pi * np.sign(fraction), site=0)
    start = at.CorrelatedMarginals([correlation], abs(fraction), at.ProductThermal({"A": t_a}))
    (before, after), _ = states(machine, start, 1)
    line = at.run(machine, initial=start).cycles.isel(cycle=0)
    sizes = [2, len(h_b)]
    one, two = reduce(after, sizes, [0]), reduce(after, sizes, [1])
    # thermal marginals to start with
    assert np.allclose(reduce(before, sizes, [0]), thermal(h_a, t_a), rtol=0.0, atol=1e-14)
    assert np.allclose(reduce(before, sizes, [1]), thermal(h_b, t_b), rtol=0.0, atol=1e-14)
    start_information = entropy(thermal(h_a, t_a)) + entropy(thermal(h_b, t_b)) - entropy(before)
    change = entropy(one) + entropy(two) - entropy(after) - start_information
    d_a, d_b = relative_entropy(one, log_thermal(h_a, t_a)), relative_entropy(two, log_thermal(h_b, t_b))
    q_a = float(np.trace(h_a @ (one - reduce(before, sizes, [0]))).real)
    left = (1.0 / t_a - 1.0 / t_b) * q_a
    # row 8: 1e-12
    assert left == pytest.approx(change + d_a + d_b, abs=1e-12)
    assert left >= -start_information
    assert float(line.heat[0]) == pytest.approx(-q_a, abs=1e-12)
    assert float(line.mutual_information_change) == pytest.approx(change, abs=1e-12)
    assert float(line.athermality_change[0]) == pytest.approx(d_b, abs=1e-12)
    if not others:
        # closed form: with <sigmam_A sigmap_B> = i c the populations mix by the angle
        f_a, f_b = 1.0 / (np.exp(1.0 / t_a) + 1.0), 1.0 / (np.exp(1.0 / t_b) + 1.0)
        c = fraction * np.sqrt(f_a * (1.0 - f_a) * f_b * (1.0 - f_b))
        assert q_a == pytest.approx((f_b - f_a) * np.sin(angle) ** 2 - c * np.sin(2.0 * angle), abs=1e-13)
        assert (q_a > 0.0) == (fraction < 0.0)  # A is the hot one: heat runs from cold to hot, paid by dI < 0
    if q_a > 0.0:
        assert change < 0.0


# --- row 9 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_row_9_no_work_from_the_gibbs_state_of_the_whole(seed):
    """Pusz & Woronowicz, Commun. Math. Phys. 58, 273 (1978): a Gibbs state is passive, any cyclic drive has W >= 0."""
    machine = densities.random_machine(seed)
    temperature = 0.3 + 0.2 * seed
    hand = finite_cases.OperatorsByHand(machine)
    solver = at.DensityMatrix().bind(machine)
    state, total = solver.prepare(at.Gibbs(temperature)), 0.0
    gibbs = thermal(hand.hamiltonian(0.0), temperature)
    assert np.allclose(densities.state_of(solver, state), gibbs, rtol=0.0, atol=1e-13)  # rounding of two exponentials
    for k in range(3):
        state, work = solver.advance(state, k * machine.period, (k + 1) * machine.period)
        total += work
        # Strictly positive here: every drive moves something.
        assert total > 1e-6
        rho = densities.state_of(solver, state)
        # The work is T times the relative entropy to the Gibbs state: -S is conserved, <H> is not.
        assert total == pytest.approx(
            temperature * relative_entropy(rho, log_thermal(hand.hamiltonian(0.0), temperature)), abs=1e-11
        )  # rounding


def test_row_9_idle_drive_does_no_work_on_a_gibbs_state():
    """The equality: nothing driven, nothing changes."""
    machine = next(case.machine for case in finite_cases.CASES if case.name == "static")
    solver = at.DensityMatrix().bind(machine)
    state = solver.prepare(at.Gibbs(0.4))
    later, work = solver.advance(state, 0.0, 10 * machine.period)
    assert work == 0.0
    # rounding
    assert np.allclose(densities.state_of(solver, later), densities.state_of(solver, state), rtol=0.0, atol=1e-13)
