import math

import numpy as np
import pytest

import athermal as at
from athermal.machine.parts import local_spacing
from unit.random_states import eigenvalues_by_definition, omega, random_positive

# --- every reservoir -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reservoir", "family"),
    [
        (at.Bath("b", 1.0, [2.0]), at.parts.HarmonicReservoir),
        (at.ContinuumBath("c", 1.0, at.densities.Ohmic(0.1, 5.0)), at.parts.HarmonicReservoir),
        (at.Ring("r", 1.0, 5, 1.3, 0.2), at.parts.HarmonicReservoir),
        (at.parts.CoupledBath("m", 1.0, np.eye(4)), at.parts.HarmonicReservoir),
        (at.SpinBath("s", 1.0, [1.0, 1.1]), at.parts.FiniteReservoir),
        (at.TruncatedBath("t", 1.0, [1.0]), at.parts.FiniteReservoir),
        (at.FiniteBath("f", 1.0, [0.0, 1.0]), at.parts.FiniteReservoir),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_reservoir_has_one_base(reservoir, family):
    assert isinstance(reservoir, at.parts.Reservoir)
    assert isinstance(reservoir, family)
    assert not isinstance(
        reservoir, at.parts.HarmonicReservoir if family is at.parts.FiniteReservoir else at.parts.FiniteReservoir
    )
    assert (reservoir.temperature, reservoir.chemical_potential) == (1.0, 0.0)
    assert reservoir.owner == f"reservoir {reservoir.name!r}"


# --- rings, chains, coupled baths ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 4, 7])
@pytest.mark.parametrize("hopping", [0.2, -0.3])
def test_dispersion_of_a_ring(n, hopping):
    """x couples to its neighbours: w_k^2 = w (w + 2 hopping cos(2 pi k/n))."""
    ring = at.Ring("r", 1.0, n, 1.3, hopping)
    expected = np.sqrt(1.3 * (1.3 + 2 * hopping * np.cos(2 * np.pi * np.arange(n) / n)))
    assert np.allclose(np.sort(ring.frequencies), np.sort(expected), rtol=1e-13)  # rounding


@pytest.mark.parametrize("n", [1, 2, 6])
def test_dispersion_of_a_chain(n):
    """Open ends: w_k^2 = w (w + 2 hopping cos(pi k/(n + 1))), k = 1..n."""
    chain = at.Chain("c", 1.0, n, 1.3, 0.4)
    expected = np.sqrt(1.3 * (1.3 + 0.8 * np.cos(np.pi * np.arange(1, n + 1) / (n + 1))))
    assert np.allclose(np.sort(chain.frequencies), np.sort(expected), rtol=1e-13)  # rounding


def networks():
    rng = np.random.default_rng(0)
    return [
        at.Ring("r", 1.0, 5, 1.3, 0.2),
        at.Chain("c", 1.0, 4, 1.0, -0.3),
        at.parts.CoupledBath("m", 1.0, random_positive(rng, 6)),
        at.parts.CoupledBath("d", 1.0, np.diag([1.0, 4.0, 2.0, 0.5])),
    ]


@pytest.mark.parametrize("bath", networks(), ids=lambda bath: bath.name)
def test_normal_modes_are_a_symplectic_change_of_coordinates_that_makes_the_hamiltonian_diagonal(bath):
    n = bath.n_modes
    s = bath.from_normal_modes(np.eye(2 * n))  # r_site = S r_normal
    assert np.allclose(s.T @ omega(n) @ s, omega(n), rtol=0.0, atol=1e-13)  # rounding
    diagonal = np.diag(np.tile(bath.frequencies, 2))
    assert np.allclose(s.T @ bath._form() @ s, diagonal, rtol=0.0, atol=1e-12)  # rounding
    assert np.allclose(np.sort(bath.frequencies), eigenvalues_by_definition(bath._form()), rtol=1e-11)  # a general solver's
    assert np.allclose(bath.to_normal_modes(np.eye(2 * n)), s.T, rtol=0.0, atol=1e-14)


def test_a_bath_of_one_bare_frequency_each_way():
    """H = (4 x^2 + p^2/4 ...)/2: w = sqrt(h_xx h_pp)."""
    bath = at.parts.CoupledBath("d", 1.0, np.diag([1.0, 4.0, 2.0, 0.5]))
    assert np.allclose(np.sort(bath.frequencies), np.sqrt([2.0, 2.0]), rtol=1e-14)


def test_star_baths_have_their_sites_as_modes():
    bath = at.Bath("b", 1.0, [2.0, 1.0], [0.3, 0.4])
    rows = np.random.default_rng(0).normal(size=(4, 2))
    assert bath.to_normal_modes(rows) is rows
    assert bath.from_normal_modes(rows) is rows
    assert bath.frequencies.tolist() == [2.0, 1.0]


# --- contacts --------------------------------------------------------------------------------------------------------------


def test_contacts():
    bath = at.Bath("b", 1.0, [1.0, 2.0], [0.3, 0.4])
    assert bath.contact(None, None, "it").tolist() == [0.3, 0.4]
    assert bath.contact(1, None, "it").tolist() == [0.0, 1.0]
    assert bath.contact(None, (5.0, -1.0), "it").tolist() == [5.0, -1.0]
    assert at.Bath("b", 1.0, [1.0, 2.0]).contact(None, None, "it").tolist() == [1.0, 1.0]
    assert at.parts.CoupledBath("m", 1.0, np.eye(4), (0.1, 0.2)).contact(None, None, "it").tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    ("site", "weights", "message"),
    [
        (None, None, r"it must say which `site` of reservoir 'r' it touches \(0 to 3\), or give `weights`"),
        (4, None, "`site` of it must be below the 4 sites of reservoir 'r', but is 4"),
        (-1, None, "`site` of it must be a whole number of at least 0, but is -1"),
        (1, (1.0,) * 4, "it must give `site` or `weights` of reservoir 'r', not both"),
        (None, (1.0,) * 3, "`weights` of it must hold 4 numbers, but holds 3"),
    ],
)
def test_bad_contacts_are_refused(site, weights, message):
    with pytest.raises(at.errors.MachineError, match=message):
        at.Ring("r", 1.0, 4, 1.0, 0.1).contact(site, weights, "it")


# --- bad parts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: at.Bath("hot", -1.0, [1.0]), "`temperature` of reservoir 'hot' must be zero or positive, but is -1.0. At zero"),
        (lambda: at.Bath("hot", math.nan, [1.0]), "`temperature` of reservoir 'hot' must be finite, but is nan"),
        (lambda: at.Bath("hot", "warm", [1.0]), "`temperature` of reservoir 'hot' must be a real number, but is 'warm'"),
        (lambda: at.Bath("hot", 1.0, []), "`mode_frequencies` of reservoir 'hot' must hold at least one mode, but is empty"),
        (
            lambda: at.Bath("hot", 1.0, [1.0, 0.0]),
            r"`mode_frequencies\[1\]` of reservoir 'hot' must be positive, but is 0.0. H_j would not be bounded below",
        ),
        (lambda: at.Bath("hot", 1.0, [1.0], [1.0, 2.0]), "`mode_couplings` of reservoir 'hot' must hold 1 numbers, but holds 2"),
        (lambda: at.Bath("hot", 1.0, "1.0"), "`mode_frequencies` of reservoir 'hot' must be a list of real numbers"),
        (lambda: at.Bath("", 1.0, [1.0]), "`name` of a reservoir must be a word that names it, but is ''"),
        (lambda: at.Bath(" hot", 1.0, [1.0]), "`name` of a reservoir must be a word"),
        (lambda: at.Ring("r", 1.0, 2, 1.0, 0.1), "`sites` of reservoir 'r' must be a whole number of at least 3, but is 2"),
        (lambda: at.Chain("r", 1.0, 0, 1.0, 0.1), "`sites` of reservoir 'r' must be a whole number of at least 1, but is 0"),
        (lambda: at.Chain("r", 1.0, 4, -1.0, 0.1), "`frequency` of reservoir 'r' must be positive, but is -1.0"),
        (
            lambda: at.Ring("r", 1.0, 6, 1.0, 0.51),
            "The Hamiltonian of reservoir 'r' must be bounded below, but is not: .*Keep .hopping. below half the frequency",
        ),
        (
            lambda: at.parts.CoupledBath("m", 1.0, np.diag([1.0, -0.1])),
            "The Hamiltonian of reservoir 'm' must be bounded below, but is not: .*-0.1.*Make `form` positive definite",
        ),
        (lambda: at.parts.CoupledBath("m", 1.0, np.zeros((2, 2))), "must be bounded below"),
        (
            lambda: at.parts.CoupledBath("m", 1.0, np.eye(3)),
            r"`form` of reservoir 'm' must be a symmetric 2n x 2n matrix.*\(3, 3\)",
        ),
        (lambda: at.parts.CoupledBath("m", 1.0, [[1.0, 0.1], [0.0, 1.0]]), "`form` of reservoir 'm' must be a symmetric"),
        (
            lambda: at.parts.CoupledBath("m", 1.0, [[1.0, 0.1], [0.0]]),
            "`form` of reservoir 'm' must be a matrix whose rows have one length",
        ),
        (lambda: at.parts.CoupledBath("m", 1.0, np.eye(2), (1.0, 2.0)), "`site_couplings` of reservoir 'm' must hold 1 numbers"),
        (
            lambda: at.ContinuumBath("c", 1.0, at.densities.Ohmic(1.0, 1.0), 5, "equal"),
            "^Reservoir 'c': `high` of a discretised spectral density must be finite",
        ),
        (lambda: at.ContinuumBath("c", 1.0, 0.2, 5), "`spectral_density` of reservoir 'c' must be a spectral density"),
        (
            lambda: at.ContinuumBath("c", 1.0, at.densities.FlatBand(0.1, 1.0, 2.0), 0),
            "`modes` of reservoir 'c' must be a whole number",
        ),
        (
            lambda: at.ContinuumBath("c", 1.0, at.densities.FlatBand(0.1, 1.0, 2.0), 5, "qauss"),
            "`rule` of reservoir 'c'.*Did you mean 'gauss'",
        ),
        (lambda: at.Oscillator("a", 0.0), "`frequency` of oscillator 'a' must be positive, but is 0.0"),
        (lambda: at.Oscillator("a", "fast"), "`frequency` of oscillator 'a' must be a real number, but is 'fast'"),
        (
            lambda: at.Oscillator("a", 1.0, law="trap"),
            "`law` of oscillator 'a' must be one of 'potential', 'number', but is 'trap'",
        ),
        (lambda: at.Oscillator("a", 1.0, reference_frequency=-2.0), "`reference_frequency` of oscillator 'a' must be positive"),
        (lambda: at.Oscillator("a", at.drives.Rotating(1.0, 1.0)), "`frequency` of oscillator 'a' must be a real drive"),
        (lambda: at.Oscillator(3, 1.0), "`name` of an oscillator must be a word that names it, but is 3"),
        (
            lambda: at.Oscillator("a", 1.0 + at.drives.Harmonic(1.5, 1.0)),
            "`frequency` of oscillator 'a' must be positive at all times, but reaches -0.5",
        ),
        (
            lambda: at.Oscillator("a", at.drives.Strokes((100.0, 0.01), (1.0, -1.0))),
            "must be positive at all times, but reaches -1",
        ),
        (lambda: at.Oscillator("a", at.drives.Strokes((1.0, 1.0), (1.0, 0.0))), "must be positive at all times, but reaches 0"),
    ],
)
def test_bad_parts_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda drive: at.Bath("hot", 1.0, drive),
        lambda drive: at.Bath("hot", 1.0, [1.0, drive]),
        lambda drive: at.Bath("hot", 1.0, [1.0], [drive]),
        lambda drive: at.Bath("hot", drive, [1.0]),
        lambda drive: at.Ring("hot", 1.0, 4, drive, 0.1),
    ],
)
def test_a_driven_reservoir_is_refused(make):
    with pytest.raises(
        at.errors.MachineError, match=r"of reservoir 'hot' must not be driven: .*constant. Drive the coupling, or make"
    ):
        make(at.drives.Harmonic(1.0, 1.0))


def test_a_narrow_dip_below_zero_is_seen_whatever_side_of_the_jump_it_is_on():
    """A linear ramp that ends below zero just before it jumps back: only the left limit is negative."""
    drive = at.drives.Function(lambda t: 1.0 - 1.2 * t, period=1.0)
    with pytest.raises(at.errors.MachineError, match="reaches -0.2"):
        at.Oscillator("a", drive)


# --- reference frequency, spacing ------------------------------------------------------------------------------------------


def test_reference_frequency():
    assert at.Oscillator("a", 2).reference == 2.0
    assert at.Oscillator("a", at.drives.Strokes((1.0, 1.0), (3.0, 2.0))).reference == 3.0
    assert at.Oscillator("a", 2.0, reference_frequency=0.5).reference == 0.5


def test_local_spacing():
    frequencies = np.array([4.0, 1.0, 1.5, 1.5, 3.0])
    assert local_spacing(frequencies, 1.2) == 0.5
    assert local_spacing(frequencies, 2.0) == 1.5  # degenerate modes are one
    assert local_spacing(frequencies, 9.0) == 1.0
    assert local_spacing(frequencies, 0.1) == 0.5
    assert local_spacing(np.array([1.0, 1.0]), 1.0) == math.inf


def test_numbers_are_kept_as_plain_python_numbers():
    """So that a machine can always be written down (its provenance)."""
    ring = at.Ring("r", np.float64(1.0), np.int64(4), np.float32(1.0), np.float64(0.1))
    assert (type(ring.sites), type(ring.temperature), type(ring.frequency)) == (int, float, float)
    assert type(at.ContinuumBath("c", 1.0, at.densities.FlatBand(0.1, 1.0, 2.0), np.int64(4)).modes) is int
