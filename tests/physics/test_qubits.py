"""docs/validation.md rows 4, 8, 19, 20 and 21: exact results for a few qubits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

import athermal as at


def f(w, T):
    """Population of the excited state."""
    return 1.0 / (math.exp(w / T) + 1.0)


# --- rows 4 and 8: two qubits in passive contact ------------------------------------------------------------------------------------


def terms_of_contact(ledger, T_hot, T_cold):
    """Return Q_hot, dI, dD_hot and dD_cold of each cycle."""
    c = ledger.cycles
    athermality = c.athermality_change
    return (
        c.heat.sel(reservoir="hot").values,
        c.reservoir_correlation_change.values,
        athermality.sel(reservoir="hot").values,
        athermality.sel(reservoir="cold").values,
    )


@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("phase", [0.0, 1.1, math.pi])
def test_row_4_the_equality_s22_holds_in_every_cycle(correlation, phase):
    """Aguilar & Lutz (2025), S22: Q_A (T_B - T_A) = T_A T_B [dI(A,B) + dD_A + dD_B] for a passive cyclic connection."""
    T_hot, T_cold = 1.5, 0.6
    machine = at.library.heat_reversal(1.0, T_hot, T_cold, angle=0.6, correlation=correlation, phase=phase)
    ledger = at.run(machine, cycles=4)
    heat, information, d_hot, d_cold = terms_of_contact(ledger, T_hot, T_cold)
    right = T_hot * T_cold * (information + d_hot + d_cold)
    assert np.max(np.abs(heat * (T_cold - T_hot) - right)) < 1e-12  # row 4
    # the connection is passive and cyclic (S21): no work, no energy or entropy left in the link, no correlation with it
    for name in ("work", "energy_change", "entropy_change", "mutual_information"):
        assert float(np.abs(ledger.cycles[name]).max()) < 1e-12  # rounding


def test_row_4_slack_of_the_inequality_s20():
    """S20, Bera et al., Nat. Commun. 8, 2180 (2017): (T_B - T_A) Q_A >= T_A T_B dI with heat counted as T_A dS_A.

    With that heat, T_A dS_A = Q_A - T_A dD_A by the definition of D_A; inserted in (S22), right minus left side is
    T_A (T_A dD_A + T_B dD_B) >= 0: the athermality terms that the inequality drops. The number is row 4's.
    """
    T_hot, T_cold = 1.5, 0.6
    ledger = at.run(at.library.heat_reversal(1.0, T_hot, T_cold, angle=0.6, correlation=0.0))
    heat, information, d_hot, d_cold = (float(x[0]) for x in terms_of_contact(ledger, T_hot, T_cold))
    entropy = ledger.instants.reservoir_entropy.sel(reservoir="hot").diff("instant").item()
    slack = (T_cold - T_hot) * T_hot * entropy - T_hot * T_cold * information
    assert slack == pytest.approx(0.0273360, abs=1e-6)  # row 4
    assert slack == pytest.approx(T_hot * (T_hot * d_hot + T_cold * d_cold), abs=1e-12)  # rounding
    # and each number by hand: populations of an exchange by the angle 0.6
    p_hot, p_cold = f(1.0, T_hot), f(1.0, T_cold)
    moved = math.sin(0.6) ** 2 * (p_hot - p_cold)
    assert heat == pytest.approx(-moved, abs=1e-12)
    assert d_hot == pytest.approx(divergence(p_hot - moved, p_hot), abs=1e-12)
    assert d_cold == pytest.approx(divergence(p_cold + moved, p_cold), abs=1e-12)


def divergence(p, q):
    """D(p||q) of two binary distributions."""
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("phase", [0.0, 2.0, math.pi])
def test_row_8_heat_from_cold_to_hot_is_bounded_by_the_initial_information(correlation, phase):
    """Partovi (2008); Jennings & Rudolph (2010): (beta_A - beta_B) Q_A = dI + D_A + D_B >= -I_0, since the start."""
    T_hot, T_cold = 1.5, 0.6
    machine = at.library.heat_reversal(1.0, T_hot, T_cold, angle=0.17, correlation=correlation, phase=phase)
    ledger = at.run(machine, cycles=8)
    since = ledger.cumulative
    left = (1.0 / T_hot - 1.0 / T_cold) * since.heat.sel(reservoir="hot").values
    right = (since.reservoir_correlation_change + since.athermality_change.sum("reservoir")).values
    assert np.max(np.abs(left - right)) < 1e-12  # row 8
    initial = ledger.instants.reservoir_correlation.isel(instant=0).item()
    assert np.all(left >= -initial - 1e-12)  # rounding
    assert float(since.athermality.min()) >= -1e-12


# --- row 20: heat from cold to hot ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strength", "phase"), [(0.0, 0.0), (1.0, 0.0), (0.7, math.pi), (0.8, 0.9)])
def test_row_20_heat_of_two_correlated_qubits(strength, phase):
    """Micadei et al. (2019): Q_A/(h nu) = (p_B - p_A) sin^2(pi J t) - alpha sin(2 pi J t), with our alpha of the other sign.

    A complex alpha enters with its real part, as the commutator with H says. The largest alpha of these marginals is
    sqrt(p_A (1 - p_A) p_B (1 - p_B)), by the positivity of the 2x2 block of |01> and |10>.
    """
    w, T_hot, T_cold, angle = 0.8, 1.2, 0.5, 0.23
    p_hot, p_cold = f(w, T_hot), f(w, T_cold)
    alpha = -strength * math.sqrt(p_hot * (1.0 - p_hot) * p_cold * (1.0 - p_cold)) * math.cos(phase)
    machine = at.library.heat_reversal(w, T_hot, T_cold, angle=angle, correlation=strength, phase=phase)
    ledger = at.run(machine, cycles=12)
    turned = angle * np.arange(1, 13)  # pi J t
    expected = (p_cold - p_hot) * np.sin(turned) ** 2 - alpha * np.sin(2.0 * turned)
    heat = ledger.cumulative.heat.sel(reservoir="hot").values / w
    assert np.max(np.abs(heat - expected)) < 1e-12  # rounding over twelve cycles


def test_row_20_heat_flows_uphill_while_mutual_information_falls():
    """With the default correlations; without them it never does (Clausius)."""
    ledger = at.run(at.library.heat_reversal(), cycles=3)
    assert bool(np.all(ledger.heat.sel(reservoir="hot") > 0.0))
    assert bool(np.all(ledger.reservoir_correlation_change < 0.0))
    uncorrelated = at.run(at.library.heat_reversal(correlation=0.0), cycles=10)
    assert bool(np.all(uncorrelated.cumulative.heat.sel(reservoir="hot") <= 1e-14))  # rounding: it ends where it began


def test_row_20_by_the_hamiltonian_of_the_reference():
    """The reduced state of the two spins is that of exp(-iHt), H = (pi/2) J (sx sy - sy sx), and so is their information."""
    T_hot, T_cold, angle = 1.5, 0.6, 0.4
    x, y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
    unitary = scipy.linalg.expm(-0.5j * angle * (np.kron(x, y) - np.kron(y, x)))
    p, q = f(1.0, T_hot), f(1.0, T_cold)
    rho = np.diag(np.kron([p, 1.0 - p], [q, 1.0 - q])).astype(complex)
    rho[1, 2] = rho[2, 1] = 0.6 * math.sqrt(p * (1.0 - p) * q * (1.0 - q))
    rho = unitary @ rho @ unitary.conj().T
    hot, cold = np.trace(rho.reshape(2, 2, 2, 2), axis1=1, axis2=3), np.trace(rho.reshape(2, 2, 2, 2), axis1=0, axis2=2)
    ledger = at.run(at.library.heat_reversal(1.0, T_hot, T_cold, angle=angle, correlation=0.6))
    final = ledger.instants.isel(instant=-1)
    expected = entropy(hot) + entropy(cold) - entropy(rho)
    # 1e-12: an entropy is known to the rounding of its eigenvalues
    assert float(final.reservoir_correlation) == pytest.approx(expected, abs=1e-12)
    assert float(final.reservoir_energy.sel(reservoir="hot")) == pytest.approx(hot[0, 0].real - 0.5, abs=1e-12)
    assert float(final.reservoir_energy.sel(reservoir="cold")) == pytest.approx(cold[0, 0].real - 0.5, abs=1e-12)


def entropy(rho):
    values = np.linalg.eigvalsh(rho)
    return float(-sum(v * math.log(v) for v in values if v > 0.0))


# --- row 19: the swap engine ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spins", [1, 3])
@pytest.mark.parametrize("angle", [0.0, 0.1, 0.7, 0.5 * math.pi, 2.0])
def test_row_19_work_of_a_swap(angle, spins):
    """Campisi, Pekola, Fazio (2015): sin^2(theta) (w_h - w_c)(f_h - f_c); the contact, after it, does no work."""
    ledger = at.run(at.library.two_qubit_swap(2.0, 1.0, 2.0, 0.8, swap_angle=angle, spins=spins))
    expected = math.sin(angle) ** 2 * (f(2.0, 2.0) - f(1.0, 0.8))
    assert float(ledger.work_output[0]) == pytest.approx(expected, abs=1e-12)  # exact but for the driven stretch


def test_row_19_the_number():
    ledger = at.run(at.library.two_qubit_swap(2.0, 1.0, 2.0, 0.8))
    assert float(ledger.work_output[0]) == pytest.approx(0.0462412825, abs=5e-11)  # row 19: its last digit


@pytest.mark.parametrize("angle", [0.3, 1.0, 0.5 * math.pi])
@pytest.mark.parametrize("frequencies", [(2.0, 1.0), (1.7, 1.2)])
def test_row_19_efficiency(angle, frequencies):
    """eta = 1 - w_c/w_h, whatever the angle, once each qubit has taken over the state of a fresh spin."""
    w_hot, w_cold = frequencies
    ledger = at.run(at.library.two_qubit_swap(w_hot, w_cold, 2.0, 0.8, swap_angle=angle))
    assert float(np.abs(ledger.energy_change).max()) < 1e-12  # the cycle is closed
    # 1e-10: rounding over a work of order 1e-3
    assert float(ledger.efficiency[0]) == pytest.approx(1.0 - w_cold / w_hot, abs=1e-10)


# --- row 21: work from correlations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("w", "T"), [(1.0, 1.0), (1.3, 0.4)])
@pytest.mark.parametrize(("correlation", "missing"), [("entangled", 0), ("classical", 1)])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_row_21_work_from_correlations(n, correlation, missing, w, T):
    """Perarnau-Llobet et al. (2015): n E_b from the entangled start, (n - 1) E_b from the dephased one, E_b = E f(E, T)."""
    ledger = at.run(at.library.correlated_qubits(n, w, T, correlation=correlation))
    expected = (n - missing) * w * f(w, T)
    assert float(ledger.work_output[0]) == pytest.approx(expected, abs=1e-10)  # row 21 is exact; the driven strokes to 1e-12
    # the cycle is closed and has one temperature: Carnot allows nothing, and all heat became work
    assert ledger.carnot_efficiency == 0.0
    assert float(np.abs(ledger.energy_change).max()) < 1e-10
    assert float(ledger.efficiency[0]) == pytest.approx(1.0, abs=1e-10)
    assert bool(ledger.is_athermal[0])


@pytest.mark.parametrize("contact", [0.0, 0.4, 0.5 * math.pi])
def test_row_21_the_contact_does_no_work(contact):
    ledger = at.run(at.library.correlated_qubits(3, contact_angle=contact))
    assert float(ledger.work_output[0]) == pytest.approx(3.0 * f(1.0, 1.0), abs=1e-10)  # as above


@pytest.mark.parametrize("correlation", ["entangled", "classical", "none"])
def test_row_21_the_drive_is_optimal(correlation):
    """No unitary does better: the ledger's work is the ergotropy sum_k (r_k - passive)_k E_k of the start, or costs work.

    The ergotropy puts the eigenvalues of the state, in falling order, on the energies in rising order.
    """
    n, w, T = 3, 1.0, 1.0
    p = f(w, T)
    local = np.array([p, 1.0 - p])
    populations = {
        "entangled": np.array([1.0] + [0.0] * 7),
        "classical": np.array([1.0 - p, p] + [0.0] * 6),
        "none": np.sort(np.kron(np.kron(local, local), local))[::-1],
    }[correlation]
    energies = np.sort(w * np.array([k.bit_count() for k in range(2**n)]))
    ergotropy = n * w * p - float(populations @ energies)
    ledger = at.run(at.library.correlated_qubits(n, w, T, correlation=correlation))
    if correlation == "none":
        assert ergotropy == pytest.approx(0.0, abs=1e-14)  # a thermal state is passive
        assert float(ledger.work_output[0]) < 0.0
    else:
        assert float(ledger.work_output[0]) == pytest.approx(ergotropy, abs=1e-10)  # as above


def test_row_21_later_cycles_cost_work():
    """The second cycle starts from thermal qubits without correlations: passive, so the drive gains nothing."""
    ledger = at.run(at.library.correlated_qubits(2), cycles=2)
    assert float(ledger.work[1]) > 0.0
    none = at.run(at.library.correlated_qubits(2, correlation="none"))
    assert float(ledger.work[1]) == pytest.approx(float(none.work[0]), abs=1e-10)  # as above
