"""The two reference runs, from the library and from a separate dense code.

Common: w_h = 2, w_c = 1, T_c = 1, 12 modes on each side within 0.6, g_k = sqrt(0.1 dw/pi), g1 = 0.15.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import athermal as at

from . import textbook

HALF_UNIT_OF_3 = 5e-4 + 1e-9
"""Printed with three decimals, so known to half a unit of the third (and a hair for a number printed at its edge)."""
HALF_UNIT_OF_6 = 5e-7 + 1e-9

N = 26  # hot, cold, 12 hot bath modes, 12 cold bath modes


def library(T_hot, squeezing=0.0):
    return at.library.two_oscillator(T_hot=T_hot, modes=12, coupling=0.15, squeezing=squeezing, rate=0.2, half_width=0.6)


def showcase_start(strength=0.99):
    return at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=0.5 * np.pi)], strength)


def test_charged_run():
    ledger = at.run(library(1.5), cycles=6, initial=at.Charged(3))
    np.testing.assert_allclose(ledger.efficiency[:3], [0.467, 0.517, 0.512], rtol=0.0, atol=HALF_UNIT_OF_3)
    assert float(ledger.cycles.carnot_efficiency[0]) == pytest.approx(1.0 / 3.0, abs=1e-15)  # a quotient
    assert np.all(ledger.efficiency[:3] > 1.0 / 3.0)
    # charged with dSigma < 0 that comes back, "then the machine needs work"
    assert np.all(ledger.sigma_total_change[:3] < 0.0)
    assert np.all(ledger.work[3:] > 0.0)


def test_charged_run_is_time_reversed_production():
    """docs/physics.md section 6: the charged cycles give back what m cycles backwards from the product state stored."""
    ledger = at.run(library(1.5), cycles=3, initial=at.Charged(3))
    # after three cycles the machine is at its product thermal start: every correlation is gone (rounding of 26 modes)
    last = ledger.cycles.isel(cycle=-1)
    assert float(last.sigma_total) == pytest.approx(0.0, abs=1e-11)
    assert float(last.mutual_information) == pytest.approx(0.0, abs=1e-11)
    np.testing.assert_allclose(last.athermality, 0.0, atol=1e-11)


def test_showcase_run():
    ledger = at.run(library(2.4, 0.01), cycles=8, initial=showcase_start())
    eta = [0.824, 0.116, 0.399, 0.413, 0.404, 0.407, 0.408, 0.407]
    np.testing.assert_allclose(ledger.efficiency, eta, rtol=0.0, atol=HALF_UNIT_OF_3)
    np.testing.assert_allclose(ledger.work[:3], [-0.217152, -0.017302, -0.063525], rtol=0.0, atol=HALF_UNIT_OF_6)
    first = ledger.cycles.isel(cycle=0)
    printed = {
        "mutual_information_change": 1.107473,
        "system_correlation_change": -1.567575,
        "reservoir_correlation_change": 0.221736,
        "athermality_change": [0.112729, 0.165218],
    }
    for name, value in printed.items():
        np.testing.assert_allclose(first[name], value, rtol=0.0, atol=HALF_UNIT_OF_6, err_msg=name)
    assert float(first.sigma_change) < 0.0
    # the story: one athermal cycle far above Carnot, then a thermal engine below it
    assert ledger.carnot_efficiency == pytest.approx(0.5833, abs=5e-5)  # four decimals are printed
    assert bool(first.is_athermal)
    assert not ledger.is_athermal[1:].any()
    assert str(first["mode"].values) == "engine"
    assert str(first.paid_by.values) == "C(S)"


def test_showcase_without_its_correlations():
    ledger = at.run(library(2.4, 0.01), cycles=3)
    np.testing.assert_allclose(ledger.efficiency, [0.412, 0.389, 0.378], rtol=0.0, atol=HALF_UNIT_OF_3)


def test_largest_correlation_of_the_showcase():
    """<ab> = i s with s = 0.99 of the largest physical 1.014551766, the one that makes a symplectic eigenvalue 1/2."""
    n_a, n_b = 1.0 / np.expm1(2.0 / 2.4), 1.0 / np.expm1(1.0)
    a, b = n_a + 0.5, n_b + 0.5
    largest = 0.5 * np.sqrt((a + b) ** 2 - (1.0 + abs(a - b)) ** 2)
    assert largest == pytest.approx(1.014551766, abs=5e-10)  # ten digits are printed
    sigma = at.Dense().bind(library(2.4, 0.01)).prepare(showcase_start()).covariance
    # <ab> = (<xx> - <pp> + i <xp> + i <px>)/2 (rounding)
    pair = 0.5 * (sigma[0, 1] - sigma[N, N + 1] + 1j * (sigma[0, N + 1] + sigma[N, 1]))
    assert pair == pytest.approx(0.99j * largest, abs=1e-13)
    np.testing.assert_allclose([sigma[0, 0], sigma[N, N], sigma[1, 1], sigma[N + 1, N + 1]], [a, a, b, b], rtol=1e-13)


# --- the separate dense code: amplitudes and matrices written here, a general ODE solver, a general eigenvalue solver ---


def forms(g2):
    """Return the static form and the forms of cos t, sin t, cos 3t, sin 3t."""
    w = np.concatenate([[2.0, 1.0], np.linspace(1.4, 2.6, 12), np.linspace(0.4, 1.6, 12)])
    g = np.sqrt(0.1 * (1.2 / 11.0) / np.pi)
    static = np.diag(w)
    static[0, 2:14] = static[2:14, 0] = g
    static[1, 14:] = static[14:, 1] = g
    zero = np.zeros((N, N))
    pair = zero.copy()
    pair[0, 1] = pair[1, 0] = 1.0
    skew = zero.copy()
    skew[0, 1], skew[1, 0] = 1.0, -1.0  # x_hot p_cold - p_hot x_cold
    tone_1 = 0.15 * np.block([[pair, zero], [zero, pair]]), 0.15 * np.block([[zero, skew], [skew.T, zero]])
    tone_2 = g2 * np.block([[pair, zero], [zero, -pair]]), -g2 * np.block([[zero, pair], [pair, zero]])
    return np.block([[static, zero], [zero, static]]), *tone_1, *tone_2


@cache
def one_cycle(g2):
    """Return U and G of one cycle: r -> U r, W = Tr(G sigma)/2, with dG/dt = U^T (dh/dt) U."""
    static, c1, s1, c3, s3 = forms(g2)
    omega = textbook.form(N)

    def rate(t, y):
        u = y[: 4 * N * N].reshape(2 * N, 2 * N)
        h = static + np.cos(t) * c1 + np.sin(t) * s1 + np.cos(3 * t) * c3 + np.sin(3 * t) * s3
        slope = -np.sin(t) * c1 + np.cos(t) * s1 - 3 * np.sin(3 * t) * c3 + 3 * np.cos(3 * t) * s3
        return np.concatenate([(omega @ h @ u).ravel(), (u.T @ slope @ u).ravel()])

    start = np.concatenate([np.eye(2 * N).ravel(), np.zeros(4 * N * N)])
    end = solve_ivp(rate, (0.0, 2.0 * np.pi), start, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    return end[: 4 * N * N].reshape(2 * N, 2 * N), end[4 * N * N :].reshape(2 * N, 2 * N)


def instant(sigma, T_hot, g2):
    """Return energies and Sigma's parts, from the definitions."""
    static, c1, _, c3, _ = forms(g2)
    energies = []
    for own, bath in ((0, range(2, 14)), (1, range(14, 26))):
        h = np.zeros_like(static)
        index = np.ix_(textbook.rows([own, *bath], N), textbook.rows([own, *bath], N))
        h[index] = static[index]
        baths = np.ix_(textbook.rows(bath, N), textbook.rows(bath, N))
        h[baths] = 0.0
        energies.append((0.5 * np.trace((h + 0.5 * c1 + 0.5 * c3) @ sigma), 0.5 * np.trace(static[baths] @ sigma[baths])))
    s_hot, s_cold = textbook.entropy_of(sigma, range(2, 14)), textbook.entropy_of(sigma, range(14, 26))
    s_system, s_baths = textbook.entropy_of(sigma, [0, 1]), textbook.entropy_of(sigma, range(2, 26))
    log_z = [textbook.log_partition(static[np.ix_(r, r)], t) for r, t in _bath_rows(T_hot)]
    return {
        "u": np.array([energies[0][0], energies[1][0]]),
        "e": np.array([energies[0][1], energies[1][1]]),
        "mutual_information_change": s_system + s_baths - textbook.entropy(sigma),
        "system_correlation_change": textbook.entropy_of(sigma, [0]) + textbook.entropy_of(sigma, [1]) - s_system,
        "reservoir_correlation_change": s_hot + s_cold - s_baths,
        "athermality_change": np.array([energies[0][1] / T_hot - s_hot + log_z[0], energies[1][1] / 1.0 - s_cold + log_z[1]]),
    }


def _bath_rows(T_hot):
    return (textbook.rows(range(2, 14), N), T_hot), (textbook.rows(range(14, 26), N), 1.0)


def product_start(T_hot):
    w = np.concatenate([[2.0, 1.0], np.linspace(1.4, 2.6, 12), np.linspace(0.4, 1.6, 12)])
    t = np.concatenate([[T_hot, 1.0], np.full(12, T_hot), np.full(12, 1.0)])
    return np.diag(np.tile(0.5 / np.tanh(0.5 * w / t), 2))


def compare(ledger, sigma, T_hot, g2, cycles):
    u, g = one_cycle(g2)
    a = instant(sigma, T_hot, g2)
    # 1e-8: the ODE solver at 1e-11 a step over some hundred steps, amplified at most by the entropies' slope
    allowed = {"rtol": 0.0, "atol": 1e-8}
    for cycle in range(cycles):
        work = 0.5 * np.trace(g @ sigma)
        sigma = u @ sigma @ u.T
        b = instant(sigma, T_hot, g2)
        line = ledger.cycles.isel(cycle=cycle)
        q, du = b["e"] - a["e"], b["u"] - a["u"]
        np.testing.assert_allclose(line.work, work, **allowed)
        np.testing.assert_allclose(line.heat, q, **allowed)
        np.testing.assert_allclose(line.energy_change, du, **allowed)
        intake = -(q[q < 0].sum() + du[du < 0].sum())
        if work < 0.0:
            np.testing.assert_allclose(line.efficiency * intake, -work, **allowed)
        else:
            assert np.isnan(line.efficiency)  # no engine
        for name in a:
            if name not in ("u", "e"):
                np.testing.assert_allclose(line[name], b[name] - a[name], err_msg=name, **allowed)
        a = b


def test_charged_run_by_separate_code():
    u, _ = one_cycle(0.0)
    back = np.linalg.matrix_power(np.linalg.inv(u), 3)
    ledger = at.run(library(1.5), cycles=6, initial=at.Charged(3))
    compare(ledger, back @ product_start(1.5) @ back.T, 1.5, 0.0, 6)


@pytest.mark.parametrize("strength", [0.99, 0.0])
def test_showcase_run_by_separate_code(strength):
    sigma = product_start(2.4)
    a, b = sigma[0, 0], sigma[1, 1]
    s = strength * 0.5 * np.sqrt((a + b) ** 2 - (1.0 + abs(a - b)) ** 2)  # <x_a p_b> = <p_a x_b> = s is <ab> = i s
    sigma[0, N + 1] = sigma[N + 1, 0] = sigma[N, 1] = sigma[1, N] = s
    ledger = at.run(library(2.4, 0.01), cycles=8, initial=showcase_start(strength))
    compare(ledger, sigma, 2.4, 0.01, 8)
