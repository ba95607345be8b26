"""What each initial state is, in the user's coordinates."""

import numpy as np
import pytest

import athermal as at
from athermal.backends.gaussian.prepare import DensePreparer
from athermal.maths.gaussian import is_physical
from athermal.maths.symplectic import symplectic_eigenvalues
from athermal.testing.harmonic.by_hand import ByHand, gibbs
from unit.random_states import omega, random_covariance

COUPLED = np.diag([1.0, 1.4, 0.9, 1.2])
COUPLED[0, 3] = COUPLED[3, 0] = 0.2
MACHINE = at.Machine(
    subsystems=[at.Oscillator("a", at.drives.Strokes((1.0, 2.0), (1.2, 0.8))), at.Oscillator("b", 0.7)],
    reservoirs=[
        at.Bath("hot", 2.0, (1.0, 1.5), (0.2, 0.1)),
        at.Ring("ring", 0.8, 4, 1.0, 0.3),
        at.parts.CoupledBath("mesh", 1.1, COUPLED),
    ],
    couplings=[
        at.Position(("a", "hot"), 0.5),
        at.Exchange(("a", "ring"), 0.1, site=1),
        at.Exchange(("b", "a"), at.drives.Rotating(0.1, 2 * np.pi / 3, 0.4)),
        at.Displacement("b", x_force=0.3, p_force=0.1),
    ],
    period=3.0,
)
HAND = ByHand(MACHINE)
N = MACHINE.n_modes


def rows(*names):
    modes = [k for name in names for k in HAND.modes[name]]
    return modes + [N + k for k in modes]


def prepared(initial, machine=MACHINE):
    """Return mean and covariance in the user's coordinates."""
    state = at.Dense().bind(machine).prepare(initial)
    hamiltonian = machine.hamiltonian
    covariance = hamiltonian.to_sites(hamiltonian.to_sites(state.covariance).T)
    return hamiltonian.to_sites(state.mean[:, None])[:, 0], covariance


def block(covariance, *names):
    return covariance[np.ix_(rows(*names), rows(*names))]


NEAR = {"rtol": 0.0, "atol": 1e-12}  # rounding of eigenvectors and of the change of coordinates


def test_product_thermal():
    """Reservoirs at their temperature; a at that of its coldest bath, b (coupled to none) at the machine's coldest."""
    mean, covariance = prepared(at.ProductThermal())
    expected = np.zeros_like(covariance)
    coth = 0.5 / np.tanh([1.2 / 1.6, 0.7 / 1.6, 1.0 / 4.0, 1.5 / 4.0])
    for name, nu in (("a", coth[:1]), ("b", coth[1:2]), ("hot", coth[2:])):
        expected[np.ix_(rows(name), rows(name))] = np.diag(np.tile(nu, 2))
    for name, temperature in (("ring", 0.8), ("mesh", 1.1)):
        form = HAND.reservoir_forms[name][np.ix_(rows(name), rows(name))]
        expected[np.ix_(rows(name), rows(name))] = gibbs(form, temperature)
    assert np.allclose(covariance, expected, **NEAR)
    # the mean sits at the minimum of w (x^2 + p^2)/2 + 0.3 x + 0.1 p
    assert np.allclose(mean[rows("b")], [-0.3 / 0.7, -0.1 / 0.7], **NEAR)
    assert np.count_nonzero(np.abs(mean) > 1e-15) == 2


def test_product_thermal_at_temperatures_of_your_own():
    _, covariance = prepared(at.ProductThermal({"a": 5.0, "hot": 0.3}))
    assert np.allclose(block(covariance, "a"), 0.5 / np.tanh(1.2 / 10.0) * np.eye(2), **NEAR)
    assert np.allclose(np.diag(block(covariance, "hot")), np.tile(0.5 / np.tanh([1.0 / 0.6, 1.5 / 0.6]), 2), **NEAR)


def test_gibbs_state_of_the_whole():
    form, force = HAND.hamiltonian(0.0)
    mean, covariance = prepared(at.Gibbs(0.9))
    assert np.allclose(covariance, gibbs(form, 0.9), **NEAR)
    assert np.allclose(mean, -np.linalg.solve(form, force), **NEAR)


def test_gibbs_state_of_some_parts():
    mean, covariance = prepared(at.Gibbs(0.9, parts=("a", "hot")))
    # only the terms among them: the coupling to the ring and to b is left out
    inside = [t for t in HAND.terms if set(np.flatnonzero(np.abs(t.form).sum(0))) <= set(rows("a", "hot"))]
    form = HAND.reservoir_forms["hot"] + sum((t.factor(0.0) * t.form).real for t in inside)
    assert np.allclose(block(covariance, "a", "hot"), gibbs(block(form, "a", "hot"), 0.9), **NEAR)
    _, product = prepared(at.ProductThermal())
    assert np.allclose(block(covariance, "b", "ring", "mesh"), block(product, "b", "ring", "mesh"), **NEAR)
    assert not np.any(covariance[np.ix_(rows("a", "hot"), rows("b", "ring", "mesh"))])
    assert np.allclose(mean[rows("b")], [-0.3 / 0.7, -0.1 / 0.7], **NEAR)


def test_a_gibbs_state_that_does_not_exist():
    strong = at.Machine([at.Oscillator("a", 1.0)], [at.Bath("hot", 1.0, (1.0,))], [at.Exchange(("a", "hot"), 1.5)], 1.0)
    with pytest.raises(at.errors.StateError, match="The Gibbs state of 'a', 'hot' does not exist: .*not bounded below"):
        prepared(at.Gibbs(1.0), strong)


def test_squeezed_and_displaced():
    _, before = prepared(at.ProductThermal())
    mean, covariance = prepared(at.Squeezed("a", 0.4, start=at.Displaced("a", x=1.0, p=2.0)))
    r = np.diag([np.exp(-0.4), np.exp(0.4)])
    assert np.allclose(block(covariance, "a"), r @ block(before, "a") @ r, **NEAR)
    assert np.allclose(mean[rows("a")], [np.exp(-0.4), 2 * np.exp(0.4)], **NEAR)
    _, covariance = prepared(at.Squeezed("hot", 0.4, phase=np.pi))  # a half turn of the phase: p shrinks
    nu = np.diag(block(before, "hot"))[:2]
    assert np.allclose(np.diag(block(covariance, "hot")), [*(nu * np.exp(0.8)), *(nu * np.exp(-0.8))], **NEAR)


def test_displaced_sites_of_a_ring():
    mean, covariance = prepared(at.Displaced("ring", x=(1.0, 2.0, 3.0, 4.0), p=-0.5))
    assert np.allclose(mean[rows("ring")], [1.0, 2.0, 3.0, 4.0, -0.5, -0.5, -0.5, -0.5], **NEAR)
    assert np.allclose(covariance, prepared(at.ProductThermal())[1], **NEAR)
    with pytest.raises(at.errors.MachineError, match="A displaced state of 'ring' must give one number or 4, but gives 3"):
        prepared(at.Displaced("ring", x=(1.0, 2.0, 3.0)))


# --- given moments ----------------------------------------------------------------------------------------------------------


def test_given_moments_come_back():
    rng = np.random.default_rng(0)
    given, _ = random_covariance(rng, rng.uniform(0.0, 2.0, N), strength=0.1)
    mean = rng.normal(size=2 * N)
    found = prepared(at.GaussianMoments(given, mean))
    assert np.allclose(found[0], mean, **NEAR)
    assert np.allclose(found[1], given, **NEAR)


@pytest.mark.parametrize(
    ("covariance", "mean", "message"),
    [
        (0.4 * np.eye(2 * N), None, r"The given covariance is not that of a quantum state\..*smallest is 1/2 - 0.*uncertainty"),
        (-np.eye(2 * N), None, "The given covariance is not that of a quantum state.*must be positive definite"),
        (np.eye(4), None, rf"`covariance` .* must have shape \({2 * N}, {2 * N}\) for the {N} modes .*\(4, 4\)"),
        (np.eye(2 * N) + np.diag(np.full(2 * N - 1, 0.1), 1), None, "must be symmetric, but it and its transpose differ by 0.1"),
        (np.eye(2 * N), np.zeros(3), f"`mean` of a state of given moments must have length {2 * N}, but has 3"),
    ],
)
def test_moments_of_no_state_are_refused(covariance, mean, message):
    with pytest.raises(at.errors.StateError, match=message):
        prepared(at.GaussianMoments(covariance, mean))


# --- correlated marginals -----------------------------------------------------------------------------------------------------


def amplitude(covariance, one, two, *, daggered):
    """Return <a b> or <a b^dag> of two modes from their block: a = (x + i p)/sqrt 2."""
    xx, xp = covariance[one, two], covariance[one, N + two]
    px, pp = covariance[N + one, two], covariance[N + one, N + two]
    return 0.5 * ((xx + pp) + 1j * (px - xp)) if daggered else 0.5 * ((xx - pp) + 1j * (xp + px))


@pytest.mark.parametrize("pattern", ["two_mode_squeezing", "exchange"])
@pytest.mark.parametrize("phase", [0.0, 0.7, np.pi / 2])
def test_correlation_of_two_oscillators(pattern, phase):
    state = at.CorrelatedMarginals([at.Correlation(("a", "b"), pattern, phase)], strength=0.6)
    _, covariance = prepared(state)
    _, product = prepared(at.ProductThermal())
    nu_a, nu_b = product[0, 0], product[1, 1]
    if pattern == "exchange":
        largest = np.sqrt((nu_a - 0.5) * (nu_b - 0.5))
    else:
        largest = np.sqrt((nu_a + nu_b) ** 2 - (1 + abs(nu_a - nu_b)) ** 2) / 2
    expected = 0.6 * largest * np.exp(1j * phase)
    assert amplitude(covariance, 0, 1, daggered=pattern == "exchange") == pytest.approx(expected, abs=1e-12)  # rounding
    assert abs(amplitude(covariance, 0, 1, daggered=pattern != "exchange")) < 1e-12
    rest = covariance - product
    rest[np.ix_(rows("a"), rows("b"))] = rest[np.ix_(rows("b"), rows("a"))] = 0.0
    assert np.max(np.abs(rest)) < 1e-12


@pytest.mark.parametrize(
    ("between", "contact"),
    [
        (("a", "hot"), {"weights": (3.0, 4.0)}),
        (("hot", "a"), {"weights": (3.0, 4.0)}),
        (("b", "ring"), {"site": 2}),
        (("b", "ring"), {"weights": (0.0, 3.0, 4.0, 0.0)}),
        (("hot", "ring"), {"site": 1}),
    ],
)
def test_correlation_with_a_reservoir_is_with_its_contact_alone(between, contact):
    """<a B> of the normalised contact B, and nothing with the other sites: also where sites are coupled among themselves."""
    _, covariance = prepared(at.CorrelatedMarginals([at.Correlation(between, phase=0.4, **contact)], strength=0.5))
    one, two = between
    directions = []
    for name in between:
        size = len(HAND.modes[name])
        if size == 1:
            weights = np.ones(1)
        elif "site" in contact:
            weights = np.eye(size)[contact["site"]]
        else:
            weights = np.array(contact["weights"])
        directions.append(weights / np.linalg.norm(weights))
    found = np.array([[amplitude(covariance, k, l, daggered=False) for l in HAND.modes[two]] for k in HAND.modes[one]])
    size = np.linalg.norm(found)
    assert size > 0.1
    assert np.allclose(found, size * np.exp(0.4j) * np.outer(*directions), **NEAR)
    # <a b^dag> stays zero
    assert np.allclose(
        [[amplitude(covariance, k, l, daggered=True) for l in HAND.modes[two]] for k in HAND.modes[one]], 0.0, **NEAR
    )


def test_full_strength_is_the_edge_of_what_is_physical():
    correlations = [
        at.Correlation(("a", "b"), phase=0.3),
        at.Correlation(("b", "hot"), "exchange", 1.0, weight=0.4),
        at.Correlation(("a", "ring"), weight=-0.3, site=0),
    ]
    _, covariance = prepared(at.CorrelatedMarginals(correlations, strength=1.0))
    assert symplectic_eigenvalues(covariance)[0] == pytest.approx(0.5, abs=1e-12)  # rounding
    _, product = prepared(at.ProductThermal())
    assert not is_physical(product + 1.001 * (covariance - product))
    for name in ("a", "b", "hot", "ring", "mesh"):
        assert np.allclose(block(covariance, name), block(product, name), **NEAR)


def test_what_is_already_correlated_limits_further_correlation():
    """a is fully correlated with b, so nothing is left for hot; at half strength something is."""
    first = at.CorrelatedMarginals([at.Correlation(("a", "b"))], strength=0.5)
    second = at.CorrelatedMarginals([at.Correlation(("b", "hot"))], strength=1.0, start=first)
    _, covariance = prepared(second)
    assert symplectic_eigenvalues(covariance)[0] == pytest.approx(0.5, abs=1e-12)
    assert np.allclose(block(covariance, "a", "b"), block(prepared(first)[1], "a", "b"), **NEAR)


def test_no_strength_is_the_start():
    correlated = prepared(at.CorrelatedMarginals([at.Correlation(("a", "b"))], strength=0.0))
    assert np.array_equal(correlated[1], prepared(at.ProductThermal())[1])


def test_correlations_on_a_mixed_factor_leave_the_other_parts_alone():
    """Equal temperatures and a full swap: the covariance is diagonal to the last bit, but each factor holds the other's state."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)],
        [at.Bath("hot", 2.0, (1.0,), (0.3,))],
        [at.Exchange(("a", "hot"))],
        2 * np.pi,
    )
    swap = np.eye(6)
    swap[np.ix_([0, 2], [0, 2])] = swap[np.ix_([3, 5], [3, 5])] = [[0.0, 1.0], [-1.0, 0.0]]

    def charge(state):
        mixed = state.mapped(swap, np.zeros(6))
        assert np.count_nonzero(mixed.covariance) == 6
        return mixed

    initial = at.CorrelatedMarginals([at.Correlation(("a", "b"))], 0.5, start=at.Charged(1, at.ProductThermal({"b": 3.0})))
    state = DensePreparer(machine.hamiltonian, charge).prepare(initial)
    hot, b = 0.5 / np.tanh(1.0 / 4.0), 0.5 / np.tanh(1.0 / 6.0)
    assert np.allclose(np.diag(state.covariance), [hot, b, hot, hot, b, hot], **NEAR)
    assert state.covariance[0, 1] > 1.0


def test_nothing_can_be_added_at_the_edge():
    full = at.CorrelatedMarginals([at.Correlation(("a", "b"))], strength=1.0)
    with pytest.raises(at.errors.StateError, match="already as correlated as they can be.*lower the `strength` of `start`"):
        prepared(at.CorrelatedMarginals([at.Correlation(("a", "b"))], strength=0.3, start=full))


@pytest.mark.parametrize("pattern", ["two_mode_squeezing", "exchange"])
def test_a_pure_part_cannot_be_correlated(pattern):
    cold = at.ProductThermal({"a": 1e-3})
    with pytest.raises(at.errors.StateError, match="No correlation of this pattern is possible between 'a', 'b': .*pure state"):
        prepared(at.CorrelatedMarginals([at.Correlation(("a", "b"), pattern)], start=cold))


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        (
            at.ProductThermal({"warm": 1.0}),
            "The initial state ProductThermal names a part that is not there. The machine has no part 'warm'",
        ),
        (at.Gibbs(1.0, parts=("a", "hott")), "Gibbs names a part.*Did you mean 'hot'"),
        (at.Squeezed("c", 0.1), "Squeezed names a part that is not there"),
        (at.Displaced("c"), "Displaced names a part that is not there"),
        (at.CorrelatedMarginals([at.Correlation(("a", "c"))]), "CorrelatedMarginals names a part that is not there"),
        (at.CorrelatedMarginals([at.Correlation(("a", "ring"))]), "The correlation between 'a' and 'ring' must say which `site`"),
        (at.CorrelatedMarginals([at.Correlation(("a", "ring"), site=4)]), "must be below the 4 sites of reservoir 'ring'"),
        (
            at.CorrelatedMarginals([at.Correlation(("a", "hot"), weights=(0.0, 0.0))]),
            "weights of reservoir 'hot' must not all be zero",
        ),
    ],
)
def test_parts_that_are_not_there(initial, message):
    with pytest.raises(at.errors.MachineError, match=message):
        prepared(initial)


def test_an_initial_state_of_another_kind():
    class Mystery(at.states.InitialState):
        pass

    with pytest.raises(
        at.errors.MachineError, match=r"Dense\(\) cannot prepare the initial state Mystery: it knows ProductThermal, Gibbs"
    ):
        prepared(Mystery())


def test_every_prepared_state_is_symplectic_in_its_factor():
    """M = S nu^(1/2): M^T Omega M = Omega nu."""
    for initial in (at.Gibbs(0.5), at.Squeezed("ring", 0.5, 0.3), at.CorrelatedMarginals([at.Correlation(("a", "b"))])):
        state = at.Dense().bind(MACHINE).prepare(initial)
        nu = np.tile(state.excess + 0.5, 2)
        assert np.allclose(state.factor.T @ omega(N) @ state.factor, omega(N) * nu, rtol=0.0, atol=1e-12)  # rounding
