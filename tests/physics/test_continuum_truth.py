"""Baths with modes="auto" against closed forms, Volterra equations and other rules: are the certified errors true?

One oscillator with exchange damping obeys c' = -i w0 c - int_0^t K(t - s) c(s) ds, K(t) = int G(w) e^{-iwt} dw, c(0) = 1, and
a(t) = c(t) a(0) + int sqrt(G) f_w(t) b_w(0) dw, f_w = -i e^{-iwt} int_0^t c(s) e^{iws} ds. Hence n(t), and from
sum_k g_k <a^dag b_k> = <a^dag (i a' - w0 a)> the energy of the contact; the entropy is that of a thermal mode.
"""

import math

import numpy as np
import pytest
from scipy.special import exp1, j1

import athermal as at

TAU = 2.0 * math.pi
# Rounding of a reference: sums of some hundred terms.
ROUNDING = 2e-13


def entropy(n):
    return (n + 1.0) * np.log1p(n) - n * np.log(n)


def occupation(w, temperature):
    return 1.0 / np.expm1(w / temperature)


def gauss(low, high, panels, order=40):
    x, weights = np.polynomial.legendre.leggauss(order)
    edges = np.linspace(low, high, panels + 1)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (1.0 + x)).ravel(), (half * weights).ravel()


def volterra(summed_kernel, w0, duration, n=240):
    """Return c(s) from c(t) = 1 - int_0^t [i w0 + M(t - s)] c(s) ds, M(t) = int_0^t K, by collocation at Chebyshev nodes."""
    nodes = 0.5 * duration * (1.0 - np.cos(np.pi * np.arange(n + 1) / n))
    signs = (-1.0) ** np.arange(n + 1)
    signs[[0, -1]] *= 0.5

    def interpolate(s):
        gap = s[:, None] - nodes
        hit = gap == 0.0
        terms = signs / np.where(hit, 1.0, gap)
        rows = terms / terms.sum(axis=1, keepdims=True)
        return np.where(hit.any(axis=1)[:, None], hit, rows)

    matrix = np.eye(n + 1, dtype=complex)
    x, weights = np.polynomial.legendre.leggauss(110)
    for k, t in enumerate(nodes[1:], start=1):
        s = 0.5 * t * (1.0 + x)
        matrix[k] += (0.5 * t * weights * (1j * w0 + summed_kernel(t - s))) @ interpolate(s)
    values = np.linalg.solve(matrix, np.ones(n + 1))
    return lambda s: interpolate(s) @ values


def state(c, w0, n0, t, baths):
    """Return n and <H_a + H_contact> at time t; each bath is (nodes, G x weights, temperature)."""
    s, weights = gauss(0.0, t, 1 + int(0.4 * t), 40)
    amplitudes, last = c(s) * weights, complex(c(np.array([t]))[0])
    # c' does not enter where n0 is weighed with it: i c' - w0 c is what the bath answers, -i int K c
    response = sum(
        np.sum(mass * np.exp(-1j * w * t) * (np.exp(1j * np.multiply.outer(s, w)).T @ amplitudes)) for w, mass, _ in baths
    )
    n = abs(last) ** 2 * n0
    contact = 2.0 * n0 * (np.conj(last) * -1j * response).real
    for w, mass, temperature in baths:
        f = -1j * np.exp(-1j * w * t) * (np.exp(1j * np.multiply.outer(w, s)) @ amplitudes)
        slope = -1j * w * f - 1j * last
        n += np.sum(mass * occupation(w, temperature) * np.abs(f) ** 2)
        contact += 2.0 * np.sum(mass * occupation(w, temperature) * (np.conj(f) * (1j * slope - w0 * f)).real)
    return n, w0 * n + contact


def assert_certified(ledger, accuracy, exact):
    """Check columns that are known since the start, by name, at the end of each cycle."""
    for name, expected in exact.items():
        found, bound = ledger.cumulative[name].values, ledger.cumulative_errors[name].values
        off = np.abs(found.reshape(len(expected), -1)[:, 0] - expected)
        bound = bound.reshape(len(expected), -1)[:, 0]
        assert np.all(off <= bound + ROUNDING * (1.0 + np.abs(expected))), name
        lowest = float(np.min(ledger.reference.temperatures))
        unit = lowest if ledger.cumulative[name].attrs["units"] == "energy" else 1.0
        assert np.all(bound <= accuracy * unit), name
        # not wasteful: a finer run has more modes on every panel, where a rule may gain four digits, and its errors oscillate
        assert np.max(bound) <= 2e4 * max(np.max(off), 1e-12), name


def exact_columns(c, w0, temperature, start, cycles, baths):
    n0 = occupation(w0, start)
    states = [state(c, w0, n0, TAU * k, baths) for k in range(1, cycles + 1)]
    n, u = np.array(states).T
    change, nats = u - w0 * n0, entropy(n) - entropy(n0)
    columns = {"energy_change": change, "entropy_change": nats}
    if temperature is not None:  # of one bath: W = 0, so that Q = -dU, and dSigma = dS + Q/T
        columns |= {"heat": -change, "sigma_total_change": nats - change / temperature}
        columns["free_energy_change"] = change - temperature * nats
    return columns


def one_oscillator(w0, start, *baths):
    couplings = [at.Exchange(("a", bath.name)) for bath in baths]
    return at.Machine([at.Oscillator("a", w0)], baths, couplings, TAU, at.ProductThermal({"a": start}))


@pytest.mark.parametrize("accuracy", [1e-3, 1e-6, 1e-9])
def test_a_semicircle_is_a_homogeneous_chain(accuracy):
    """Kappa = sqrt(4 g^2 - (w - w0)^2) is a half-infinite chain of hopping g: c = e^{-i w0 t} J_1(2 g t)/(g t)."""
    w0, g, temperature, start, cycles = 1.5, 0.35, 0.8, 0.3, 4
    kappa = at.densities.FunctionDensity(
        lambda w: math.sqrt(max(4.0 * g * g - (w - w0) ** 2, 0.0)), w0 - 2.0 * g, w0 + 2.0 * g, convention="kappa"
    )
    angle = np.pi * np.arange(1, 300) / 300.0
    nodes, mass = w0 + 2.0 * g * np.cos(angle), (2.0 * g * np.sin(angle)) ** 2 / (2.0 * np.pi) * np.pi / 300.0

    def c(t):
        safe = np.where(t > 0.0, t, 1.0)
        return np.exp(-1j * w0 * t) * np.where(t > 0.0, j1(2.0 * g * t) / (g * safe), 1.0)

    ledger = at.run(one_oscillator(w0, start, at.ContinuumBath("bath", temperature, kappa, "auto")), cycles, accuracy=accuracy)
    assert_certified(ledger, accuracy, exact_columns(c, w0, temperature, start, cycles, [(nodes, mass, temperature)]))


@pytest.mark.parametrize(("accuracy", "temperature"), [(1e-4, 1.5), (1e-8, 0.4)])
def test_an_ohmic_bath_with_exponential_cut_off(accuracy, temperature):
    """K = slope wc^2/(1 + i wc t)^2, whose integral is slope wc^2 t/(1 + i wc t)."""
    w0, friction, wc, start, cycles = 1.0, 0.3, 0.9, 2.0, 2
    slope = friction / (2.0 * np.pi)
    c = volterra(lambda t: slope * wc**2 * t / (1.0 + 1j * wc * t), w0, TAU * cycles)
    w, weights = gauss(0.0, 36.0 * wc, 30)
    bath = at.ContinuumBath("bath", temperature, at.densities.Ohmic(friction, wc, convention="kappa"), "auto")
    ledger = at.run(one_oscillator(w0, start, bath), cycles, accuracy=accuracy)
    mass = slope * w * np.exp(-w / wc) * weights
    assert_certified(ledger, accuracy, exact_columns(c, w0, temperature, start, cycles, [(w, mass, temperature)]))


def flat_sum(rate, low, high):
    """Return int_0^t K of a flat band: -i rate/(2 pi) [ln(high/low) - E_1(i low t) + E_1(i high t)]."""

    def summed(t):
        return -1j * rate / TAU * (math.log(high / low) - exp1(1j * low * t) + exp1(1j * high * t))

    return summed


@pytest.mark.parametrize("accuracy", [1e-3, 1e-6, 1e-9])
def test_a_flat_band(accuracy):
    w0, rate, low, high, temperature, start, cycles = 1.0, 0.2, 0.4, 1.9, 0.5, 1.0, 3
    c = volterra(flat_sum(rate, low, high), w0, TAU * cycles, 200)
    w, weights = gauss(low, high, 4)
    bath = at.ContinuumBath("bath", temperature, at.densities.FlatBand(rate, low, high), "auto")
    ledger = at.run(one_oscillator(w0, start, bath), cycles, accuracy=accuracy)
    mass = rate / TAU * weights
    assert_certified(ledger, accuracy, exact_columns(c, w0, temperature, start, cycles, [(w, mass, temperature)]))


@pytest.mark.parametrize("accuracy", [1e-6])
def test_two_baths_on_one_oscillator(accuracy):
    """Their kernels add up, and their noises."""
    w0, start, cycles, wc, friction = 1.0, 0.6, 2, 0.8, 0.15
    slope, flat = friction / TAU, flat_sum(0.1, 0.5, 1.6)
    c = volterra(lambda t: flat(t) + slope * wc**2 * t / (1.0 + 1j * wc * t), w0, TAU * cycles)
    w, weights = gauss(0.0, 36.0 * wc, 30)
    v, flat_weights = gauss(0.5, 1.6, 4)
    baths = [(w, slope * w * np.exp(-w / wc) * weights, 0.7), (v, 0.1 / TAU * flat_weights, 2.0)]
    machine = one_oscillator(
        w0,
        start,
        at.ContinuumBath("cold", 0.7, at.densities.Ohmic(friction, wc, convention="kappa"), "auto"),
        at.ContinuumBath("hot", 2.0, at.densities.FlatBand(0.1, 0.5, 1.6), "auto"),
    )
    ledger = at.run(machine, cycles, accuracy=accuracy)
    exact = exact_columns(c, w0, None, start, cycles, baths)
    assert_certified(ledger, accuracy, exact)
    total, bound = ledger.cumulative.heat.sum("reservoir").values, ledger.cumulative_errors.heat.sum("reservoir").values
    assert np.all(np.abs(total + exact["energy_change"]) <= bound + ROUNDING)


@pytest.mark.parametrize(
    ("damping", "start", "samples"),
    [
        ("exchange", at.ProductThermal(), 2),
        ("position", at.Charged(2), 1),
        ("exchange", at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.7), 1),
        ("position", at.Gibbs(1.2), 1),
    ],
)
def test_every_column_of_a_driven_engine(damping, start, samples):
    """Against Gauss-Legendre rules of five times the modes on the whole band."""
    arguments = {"T_hot": 2.4, "squeezing": 0.01, "damping": damping, "initial": start}
    truth = at.library.two_oscillator(modes=120, rule="legendre", **arguments)
    baths = [at.ContinuumBath(bath.name, bath.temperature, bath.spectral_density, "auto") for bath in truth.reservoirs]
    machine = at.Machine(truth.subsystems, baths, truth.couplings, truth.period, truth.initial)
    ledger, exact = at.run(machine, 3, accuracy=1e-5, samples_per_cycle=samples), at.run(truth, 3)
    for errors, ours, theirs in (
        (ledger.errors, ledger.cycles, exact.cycles),
        (ledger.cumulative_errors, ledger.cumulative, exact.cumulative),
    ):
        assert {"work", "heat", "efficiency", "mutual_information", "athermality"} <= set(errors.data_vars)
        for name in errors.data_vars:
            if isinstance(start, at.Gibbs) and name in ("athermality", "sigma_total"):
                continue  # baths away from their reference temperature: extensive, without a continuum
            a, b = ours[name].values, theirs[name].values
            off = np.where(a == b, 0.0, np.abs(a - b))
            # 1e-11: the whole of the truth, 240 modes, has an energy of some hundred
            assert np.all((off <= errors[name].values + 1e-11) | np.isnan(b)), name


# --- fluctuation and dissipation, positivity -------------------------------------------------------------------------------


def test_gibbs_states_stay_where_they_are():
    """Equal temperatures and no drive: the Gibbs state of the whole gives no heat and no entropy."""
    baths = [
        at.ContinuumBath("one", 0.7, at.densities.Ohmic(0.2, 1.0), "auto"),
        at.ContinuumBath("two", 0.7, at.densities.FlatBand(0.1, 0.5, 1.6), "auto"),
    ]
    couplings = [at.Position(("a", "one")), at.Exchange(("b", "two")), at.Exchange(("a", "b"), 0.1)]
    machine = at.Machine([at.Oscillator("a", 1.0), at.Oscillator("b", 1.1)], baths, couplings, TAU, at.Gibbs(0.7))
    ledger = at.run(machine, 2, accuracy=1e-6)
    for name in ("work", "heat", "energy_change", "entropy_change", "mutual_information_change", "sigma_total_change"):
        # nothing moves at any resolution: what is left is rounding of the whole
        assert np.all(np.abs(ledger.cycles[name].values) <= np.minimum(ledger.errors[name].values, 1e-9)), name


def test_two_baths_joined_by_an_oscillator_only_produce_entropy():
    """From a product of thermal states Sigma = 0, and Sigma(t) = dSigma >= 0 (S10) as a sum of relative entropies."""
    baths = [
        at.ContinuumBath("hot", 2.0, at.densities.Ohmic(0.2, 0.8, convention="kappa"), "auto"),
        at.ContinuumBath("cold", 0.5, at.densities.FlatBand(0.2, 0.5, 1.6), "auto"),
    ]
    machine = at.Machine([at.Oscillator("a", 1.0)], baths, [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))], TAU)
    ledger = at.run(machine, 4, accuracy=1e-6)
    since, errors = ledger.cumulative, ledger.cumulative_errors
    assert np.all(since.sigma_total_change.values > errors.sigma_total_change.values)
    clausius = since.entropy_change.sum("subsystem") + (since.heat / since.temperature).sum("reservoir")
    assert np.all(np.abs(clausius - since.sigma_total_change).values <= 1e-10)
    # a passive link in its steady state: heat runs from hot to cold
    assert float(ledger.heat.sel(reservoir="hot")[-1]) < -float(ledger.errors.heat.sel(reservoir="hot")[-1])
