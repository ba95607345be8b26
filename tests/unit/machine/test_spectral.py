import itertools
import math

import numpy as np
import pytest
import scipy.integrate

import athermal as at
from athermal.machine.densities import RULES, as_density

OHMIC = at.densities.Ohmic(friction=0.3, cutoff=2.0)
DRUDE = at.densities.Ohmic(friction=0.3, cutoff=2.0, cutoff_shape="drude")
HARD = at.densities.Ohmic(friction=0.3, cutoff=2.0, exponent=1.5, cutoff_shape="hard")
BAND = at.densities.FlatBand(0.2, 1.4, 2.6)
CUBIC = at.densities.FunctionDensity(lambda w: w**3 * (3.0 - w), low=0.0, high=3.0)


@pytest.mark.parametrize(
    ("density", "w", "expected"),
    [
        (OHMIC, 3.0, 0.3 * 3.0 * math.exp(-1.5)),
        (at.densities.Ohmic(0.3, 2.0, exponent=0.5), 3.0, 0.3 * 2.0 * math.sqrt(1.5) * math.exp(-1.5)),
        (at.densities.Ohmic(0.3, 2.0, exponent=3.0), 3.0, 0.3 * 3.0 * 1.5**2 * math.exp(-1.5)),
        (DRUDE, 3.0, 0.3 * 3.0 * 4.0 / (9.0 + 4.0)),  # friction w wD^2/(w^2 + wD^2)
        (HARD, 1.0, 0.3 * 1.0 * math.sqrt(0.5)),
        (HARD, 2.1, 0.0),
        (BAND, 2.0, 0.2),
        (BAND, 1.3, 0.0),
        (CUBIC, 2.0, 8.0),
    ],
)
def test_densities_by_formula(density, w, expected):
    assert density(np.array([w]))[0] == pytest.approx(expected, rel=1e-14)  # rounding


def squared(density, w):
    """g^2 per frequency by the conventions of the paper: (2/pi) J, or kappa/(2 pi)."""
    factor = 2.0 / math.pi if density.convention == "J" else 1.0 / (2.0 * math.pi)
    return factor * density(np.array([w]))[0]


def integral(density, low, high, moment=0):
    return scipy.integrate.quad(lambda w: squared(density, w) * w**moment, low, high, epsabs=0.0, epsrel=1e-12, limit=200)[0]


@pytest.mark.parametrize("density", [BAND, CUBIC, HARD, OHMIC, DRUDE])
@pytest.mark.parametrize(
    ("rule", "order"), [("midpoint", 2), ("equal", 1), ("log", 2), ("legendre", 30), ("tan", 30), ("gauss", 99)]
)
def test_every_rule_converges_to_the_integral(density, rule, order):
    """sum g_k^2 and the reorganisation energy sum g_k^2/(2 w_k) against an adaptive quadrature, at the order of the rule."""
    low, high = max(density.support[0], 0.1), min(density.support[1], 8.0)
    errors = []
    for n in (40, 80):
        w, g = at.densities.discretise(density, n, rule, low=low, high=high)
        assert w.shape == g.shape == (n,)
        assert np.all(np.diff(w) > 0.0)
        assert np.all((w >= low) & (w <= high))
        strength = abs(np.sum(g**2) / integral(density, low, high) - 1.0)
        reorganisation = abs(np.sum(g**2 / (2.0 * w)) / (0.5 * integral(density, low, high, -1)) - 1.0)
        errors.append(max(strength, reorganisation))
    if order > 10:
        # rho^-80 = 2e-8 for the pole of 1/w at zero, seen from [0.1, 8]: rho = z + sqrt(z^2 - 1), z = 4.05/3.95
        assert errors[0] < 2e-8
        assert errors[1] < 1e-11  # 1e-12 of the adaptive quadrature
    else:
        assert errors[1] < 0.06
        assert errors[0] < 1e-12 or errors[1] < errors[0] * 0.5**order * 1.3 or errors[1] < 1e-12  # the order of the rule


@pytest.mark.parametrize("density", [BAND, CUBIC, HARD, OHMIC, at.densities.Ohmic(0.1, 1.0, exponent=0.5)])
def test_gauss_rule_is_exact_for_polynomials_up_to_degree_2n_minus_1(density):
    """The Gauss rule of g^2(w) dw, of g^2/w dw from zero on; infinite support of an exponential cut-off included."""
    n = 5
    w, g = at.densities.discretise(density, n, "gauss")
    low, high = density.support
    first = 0 if low else -1
    for moment in range(first, 2 * n + first):
        if math.isinf(high):
            # integral of (2/pi) friction cutoff^(1-s) w^(s+m) e^{-w/cutoff}
            s, c = density.exponent, density.cutoff
            expected = 2 / math.pi * density.friction * c ** (1 - s) * math.gamma(s + moment + 1) * c ** (s + moment + 1)
        else:
            expected = integral(density, low, high, moment)
        assert np.sum(g**2 * w**moment) == pytest.approx(expected, rel=1e-10)  # panels of the fine grid near w = 0
    # ... and no further: the rule would otherwise not be a Gauss rule of this weight.
    if math.isfinite(high):
        beyond = 2 * n + first
        assert np.sum(g**2 * w**beyond) != pytest.approx(integral(density, low, high, beyond), rel=1e-12)


@pytest.mark.parametrize(
    "density", [HARD, at.densities.Ohmic(0.3, 3.0, 0.4, "hard"), BAND, at.densities.FunctionDensity(lambda w: w**3, 0.0, 3.0)]
)
def test_gauss_rule_converges_exponentially_for_thermal_noise(density):
    """Integral g^2 coth(w/2T) cos(wt) dw: each node multiplies the error by less than one, where coth's pole would make it 1/n^2."""
    temperature, time = 0.5, 2.0
    low, high = density.support

    def noise(w):
        return density.squared_coupling(w) / np.tanh(0.5 * w / temperature) * np.cos(w * time)

    x, weights = np.polynomial.legendre.leggauss(30)
    edges = np.linspace(np.log(low or 1e-32), np.log(high), 60)  # in ln w
    exact = 0.0
    for a, b in itertools.pairwise(edges):
        w = np.exp(0.5 * (a + b) + 0.5 * (b - a) * x)
        exact += 0.5 * (b - a) * float(weights @ (w * noise(w)))
    errors = []
    for n in (6, 12, 18):
        w, g = at.densities.discretise(density, n, "gauss")
        errors.append(abs(np.sum(g**2 / np.tanh(0.5 * w / temperature) * np.cos(w * time)) / exact - 1.0))
    # poles at 2 pi i T: (1.4 to 2.5)^-2n; a power law of the second order would gain four, and nine in all
    assert errors[1] < 1e-2 * errors[0] or errors[1] < 1e-10
    assert errors[2] < 1e-3 * errors[1] or errors[2] < 1e-11


def test_gauss_rule_of_a_flat_band_is_gauss_legendre():
    w, g = at.densities.discretise(BAND, 7, "gauss")
    x, weights = np.polynomial.legendre.leggauss(7)
    assert np.allclose(w, 2.0 + 0.6 * x, rtol=1e-13)  # Lanczos rounding
    assert np.allclose(g**2, 0.6 * weights * 0.2 / (2 * math.pi), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_tan_rule_of_the_drude_density_has_the_exact_reorganisation_energy(n):
    """(1/pi) int J/w dw = friction wD/2: in the angle the integrand is constant, so any number of nodes is exact."""
    w, g = at.densities.discretise(DRUDE, n, "tan")
    assert np.sum(g**2 / (2.0 * w)) == pytest.approx(0.5 * 0.3 * 2.0, rel=1e-13)  # rounding


def test_equal_and_midpoint_rules_by_hand():
    w, g = at.densities.discretise(BAND, 3, "equal")
    assert np.allclose(w, [1.4, 2.0, 2.6], rtol=1e-15)
    assert np.allclose(g**2, 0.2 / (2 * math.pi) * 0.6, rtol=1e-14)  # every mode of weight (high - low)/(n - 1)
    w, g = at.densities.discretise(BAND, 3, "midpoint")
    assert np.allclose(w, [1.6, 2.0, 2.4], rtol=1e-15)
    assert np.allclose(g**2, 0.2 / (2 * math.pi) * 0.4, rtol=1e-14)


def test_the_couplings_of_the_reference_runs():
    """docs/validation.md: g_k = sqrt(0.1 dw / pi) for kappa = 0.2."""
    w, g = at.densities.discretise(BAND, 12, "equal")
    assert np.allclose(g, math.sqrt(0.1 * (w[1] - w[0]) / math.pi), rtol=1e-14)  # rounding


def test_log_rule_has_equal_ratios():
    w, _ = at.densities.discretise(OHMIC, 6, "log", low=1e-3, high=10.0)
    assert np.allclose(w[1:] / w[:-1], (10.0 / 1e-3) ** (1 / 6), rtol=1e-13)  # rounding


def test_both_conventions_agree_when_kappa_is_four_j():
    as_j, as_kappa = at.densities.FlatBand(0.05, 1.0, 2.0, convention="J"), at.densities.FlatBand(0.2, 1.0, 2.0)
    assert np.allclose(
        at.densities.discretise(as_j, 5, "legendre")[1], at.densities.discretise(as_kappa, 5, "legendre")[1], rtol=1e-14
    )


def test_low_and_high_cut_but_do_not_extend():
    w, _ = at.densities.discretise(BAND, 4, "equal", low=1.0, high=2.0)
    assert w[0] == 1.4
    assert w[-1] == 2.0


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ("tan", "gauss")])
def test_infinite_support_needs_an_upper_end(rule):
    with pytest.raises(
        at.errors.MachineError, match=rf"`high` of a discretised spectral density must be finite with the rule '{rule}'.*20"
    ):
        at.densities.discretise(OHMIC, 5, rule, low=0.1)


# --- bands on both sides of zero ------------------------------------------------------------------------------------------

SIGNED = at.densities.FunctionDensity(lambda w: (1.0 + w) * (3.0 - w), low=-1.0, high=3.0)
TABLE = at.densities.TabulatedDensity([-2.0, 0.0, 1.0], [0.0, 3.0, 1.0])


class Lorentzian(at.densities.SpectralDensity):
    """1/(1 + (w/2)^2) on the whole axis."""

    convention = "kappa"
    support = (-math.inf, math.inf)
    scale = 2.0

    def __call__(self, frequency):
        return 1.0 / (1.0 + (frequency / self.scale) ** 2)


@pytest.mark.parametrize(
    "density",
    [
        SIGNED,
        at.densities.FlatBand(0.2, -1.5, 0.5),
        at.densities.FlatBand(0.2, -3.0, -1.0),
        TABLE,
        SIGNED + at.densities.FunctionDensity(abs, -1.0, 2.0),
    ],
)
@pytest.mark.parametrize("rule", ["equal", "midpoint", "legendre", "gauss", "tan"])
def test_every_rule_but_the_logarithmic_one_takes_either_sign(density, rule):
    w, g = at.densities.discretise(density, 400, rule)
    low, high = density.support
    assert np.all((w >= low) & (w <= high))
    assert np.all(np.diff(w) > 0.0)
    for moment in (0, 1):
        ends = [low, *(mark for mark in density.landmarks if low < mark < high), high]
        exact = sum(integral(density, a, b, moment) for a, b in itertools.pairwise(ends))
        size = integral(density, low, high)
        # "equal" is of the first order in 1/n at a jump, kinks of the second: 4/400, of moments up to 3
        assert np.sum(g**2 * w**moment) == pytest.approx(exact, abs=0.03 * size), moment


def test_the_tangent_grid_takes_the_whole_axis():
    """Integral of 1/(1 + (w/2)^2) dw = 2 pi: constant in the angle, so that any number of nodes is exact."""
    w, g = at.densities.discretise(Lorentzian(), 6, "tan")
    assert np.allclose(w, -w[::-1], rtol=1e-12)
    assert np.sum(g**2) == pytest.approx(1.0, rel=1e-13)  # kappa/(2 pi)


def test_the_scale_of_a_band_is_a_size():
    assert [at.densities.FlatBand(0.2, *ends).scale for ends in ((-3.0, 1.0), (-3.0, -1.0), (1.0, 2.0))] == [3.0, 3.0, 2.0]
    assert TABLE.scale == 2.0  # the peak is at zero
    assert TABLE.landmarks == (-2.0, 0.0, 1.0)
    assert at.densities.TabulatedDensity([0.0, 1.0, 2.0], [0.0, 3.0, 1.0]).landmarks == (1.0, 2.0)


@pytest.mark.parametrize("modes", ["auto", 5])
def test_a_bath_of_oscillators_has_modes_at_positive_frequencies_only(modes):
    with pytest.raises(
        at.errors.MachineError, match="`spectral_density` of reservoir 'b' must lie at positive .*begins at -1.0. Cut it"
    ):
        at.ContinuumBath("b", 1.0, SIGNED, modes)
    rule = "equal" if modes == "auto" else "midpoint"
    assert at.ContinuumBath("b", 1.0, SIGNED, modes, rule, low=0.0).band == (0.0, 3.0)
    with pytest.raises(at.errors.MachineError, match="`low` of reservoir 'b' must be zero or positive, but is -1.0"):
        at.ContinuumBath("b", 1.0, SIGNED, modes, low=-1.0)
    with pytest.raises(at.errors.MachineError, match="`high` of reservoir 'b' must be above its `low` = 0.0, but is -1.0"):
        at.ContinuumBath("b", 1.0, at.densities.FlatBand(0.2, -3.0, -1.0), modes, low=0.0)


def test_a_mode_at_zero_is_refused_by_the_bath():
    with pytest.raises(
        at.errors.MachineError, match="lowest mode of reservoir 'b' must have a positive frequency, but has 0.0.*'midpoint'"
    ):
        at.ContinuumBath("b", 1.0, HARD, 5, "equal")


@pytest.mark.parametrize("temperature", [0.0, 1e-3, 0.7])
def test_the_statistics_are_those_of_the_bath(temperature):
    w = np.array([0.3, 1.0, 4.0])
    bath = at.Bath("b", temperature, w.tolist())
    with np.errstate(over="ignore"):
        expected = 1.0 / np.tanh(0.5 * w / temperature) if temperature else np.ones(3)
    assert np.allclose(bath.noise(w), expected, rtol=1e-15)  # rounding
    assert np.allclose(2.0 * bath.occupation(w) + 1.0, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: at.densities.discretise(DRUDE, 5, "gauss"),
            "`high`.*must be finite with the rule 'gauss'.*infinite moments.*'tan'",
        ),
        (lambda: at.densities.discretise(BAND, 1, "equal"), "`modes`.*whole number of at least 2, but is 1"),
        (lambda: at.densities.discretise(BAND, 0, "tan"), "`modes`.*whole number of at least 1, but is 0"),
        (lambda: at.densities.discretise(BAND, 2.0, "tan"), "`modes`.*whole number"),
        (lambda: at.densities.discretise(BAND, 5, "gaus"), "`rule`.*but is 'gaus'. Did you mean 'gauss'"),
        (lambda: at.densities.discretise(BAND, 5, "tan", low=3.0), "`high`.*must be above its `low` = 3.0, but is 2.6"),
        (lambda: at.densities.discretise(BAND, 5, "tan", low=math.nan), "`low`.*must be finite, but is nan"),
        (
            lambda: at.densities.discretise(Lorentzian(), 5, "equal"),
            "`low`.*must be finite with the rule 'equal'.*no lower end.*-20",
        ),
        (lambda: at.densities.discretise(Lorentzian(), 5, "gauss", high=1.0), "`low`.*must be finite with the rule 'gauss'"),
        (lambda: at.densities.discretise(SIGNED, 5, "log"), "`low`.*must be positive with the rule 'log', but is -1.0"),
        (lambda: at.densities.discretise(HARD, 5, "log"), "`low`.*must be positive with the rule 'log', but is 0.0"),
        (lambda: at.densities.Ohmic(-0.1, 1.0), "`friction` of an Ohmic spectral density must be positive, but is -0.1"),
        (lambda: at.densities.Ohmic(0.1, 0.0), "`cutoff`.*must be positive"),
        (lambda: at.densities.Ohmic(0.1, 1.0, exponent=0.0), "`exponent`.*must be positive"),
        (
            lambda: at.densities.Ohmic(0.1, 1.0, cutoff_shape="sharp"),
            "`cutoff_shape`.*must be one of 'exponential', 'drude', 'hard'",
        ),
        (
            lambda: at.densities.Ohmic(0.1, 1.0, exponent=2.0, cutoff_shape="drude"),
            "`exponent`.*must be below 2 with a Drude cut-off",
        ),
        (lambda: at.densities.Ohmic(0.1, 1.0, convention="j"), "`convention`.*must be one of 'J', 'kappa', but is 'j'"),
        (lambda: at.densities.FlatBand(0.1, 2.0, 1.0), "`high` of a flat band must be above `low` = 2.0, but is 1.0"),
        (lambda: at.densities.FlatBand(0.0, 1.0, 2.0), "`rate` of a flat band must be positive"),
        (
            lambda: at.densities.FunctionDensity(1.0, 0.0, 1.0),
            "`function` of a function density must be a Python function of frequency",
        ),
        (lambda: at.densities.FunctionDensity(lambda w: w, 1.0, 1.0), "`high` of a function density must be above `low`"),
        (
            lambda: at.densities.discretise(at.densities.FunctionDensity(lambda w: -w, 0.0, 1.0), 3, "tan"),
            "`value` of a function density at w = .*zero or",
        ),
        (lambda: as_density(3.0, "spectral_density", "it"), "`spectral_density` of it must be a spectral density"),
    ],
)
def test_bad_densities_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_a_density_that_vanishes_has_no_gauss_rule():
    with pytest.raises(at.errors.MachineError, match="more than the density can be told apart by"):
        at.densities.discretise(at.densities.FunctionDensity(lambda w: 0.0, 0.0, 1.0), 3, "gauss")
