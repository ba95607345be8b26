"""Every term against its matrix written out, and whole machines against an independent assembly."""

import numpy as np
import pytest

import athermal as at
from athermal.testing.harmonic.by_hand import ByHand
from athermal.testing.harmonic.cases import CASES


def sites_form(machine, time, side="right"):
    """Return h(t) and f(t) in the user's coordinates: h = V^T h_internal V with V what unit site vectors are inside."""
    hamiltonian = machine.hamiltonian
    inside = hamiltonian.from_sites(np.eye(2 * machine.n_modes))
    return inside.T @ hamiltonian.form(time, side) @ inside, inside.T @ hamiltonian.force(time, side)


def two(coupling, w_a=1.0, w_b=2.0):
    """Return the coupling's own part of h for two oscillators, in (x_a, x_b, p_a, p_b)."""
    bath = at.Bath("idle", 1.0, (1.0,))
    machine = at.Machine([at.Oscillator("a", w_a), at.Oscillator("b", w_b)], [bath], [coupling], period=2 * np.pi)
    full, _ = sites_form(machine, 0.7)
    rows = [0, 1, 3, 4]
    return full[np.ix_(rows, rows)] - np.diag([w_a, w_b, w_a, w_b])


def symmetric(entries):
    matrix = np.zeros((4, 4))
    for (k, l), value in entries.items():
        matrix[k, l] += value
        matrix[l, k] += value
    return matrix


X_A, X_B, P_A, P_B = range(4)
T = 0.7
C, S = np.cos(2.0 * T + 0.3), np.sin(2.0 * T + 0.3)


@pytest.mark.parametrize(
    ("coupling", "entries"),
    [
        # a b^dag + a^dag b = x_a x_b + p_a p_b
        (at.Exchange(("a", "b"), 0.2), {(X_A, X_B): 0.2, (P_A, P_B): 0.2}),
        # g a b^dag + h.c. = Re g (x_a x_b + p_a p_b) - Im g (p_a x_b - x_a p_b)
        (
            at.Exchange(("a", "b"), at.drives.Rotating(0.2, 2.0, 0.3)),
            {(X_A, X_B): 0.2 * C, (P_A, P_B): 0.2 * C, (P_A, X_B): -0.2 * S, (X_A, P_B): 0.2 * S},
        ),
        # named the other way round it is g b a^dag + h.c.
        (
            at.Exchange(("b", "a"), at.drives.Rotating(0.2, 2.0, 0.3)),
            {(X_A, X_B): 0.2 * C, (P_A, P_B): 0.2 * C, (P_A, X_B): 0.2 * S, (X_A, P_B): -0.2 * S},
        ),
        # a b + a^dag b^dag = x_a x_b - p_a p_b
        (at.TwoModeSqueezing(("a", "b"), 0.2), {(X_A, X_B): 0.2, (P_A, P_B): -0.2}),
        # g a b + h.c. = Re g (x_a x_b - p_a p_b) - Im g (x_a p_b + p_a x_b)
        (
            at.TwoModeSqueezing(("a", "b"), at.drives.Rotating(0.2, 2.0, 0.3)),
            {(X_A, X_B): 0.2 * C, (P_A, P_B): -0.2 * C, (P_A, X_B): -0.2 * S, (X_A, P_B): -0.2 * S},
        ),
        (at.Position(("a", "b"), 0.2), {(X_A, X_B): 0.2}),
        (at.Position(("a", "b"), at.drives.Harmonic(0.2, 2.0, 0.3)), {(X_A, X_B): 0.2 * C}),
        (
            at.QuadraticForm(("a", "b"), [[1.0, 2.0], [3.0, 4.0]], 0.1),
            {(X_A, X_B): 0.1, (X_A, P_B): 0.2, (P_A, X_B): 0.3, (P_A, P_B): 0.4},
        ),
        (at.QuadraticForm(("b",), [[1.0, 2.0], [2.0, 4.0]], 0.1), {(X_B, X_B): 0.05, (X_B, P_B): 0.2, (P_B, P_B): 0.2}),
        (
            at.Exchange(("a", "b"), 0.1 + at.drives.Rotating(0.2, 0.0, np.pi / 2)),
            {(X_A, X_B): 0.1, (P_A, P_B): 0.1, (P_A, X_B): -0.2, (X_A, P_B): 0.2},
        ),
    ],
)
def test_couplings_of_two_oscillators_by_hand(coupling, entries):
    assert np.allclose(two(coupling), symmetric(entries), rtol=0.0, atol=1e-15)  # one rounding


def one_and_bath(coupling, bath, frequency=1.0):
    return at.Machine([at.Oscillator("a", frequency)], [bath], [coupling], period=2 * np.pi)


def test_position_coupling_to_a_star_bath_with_its_counter_term():
    """H = s x sum g_k x_k + s^2 x^2 sum g_k^2/(2 w_k)."""
    machine = one_and_bath(at.Position(("a", "hot"), at.drives.Harmonic(0.5, 1.0)), at.Bath("hot", 1.0, (1.5, 2.0), (0.3, -0.4)))
    form, _ = sites_form(machine, 0.7)
    s = 0.5 * np.cos(0.7)
    by_hand = np.diag([1.0 + s**2 * (0.09 / 1.5 + 0.16 / 2.0), 1.5, 2.0, 1.0, 1.5, 2.0])
    by_hand[0, 1] = by_hand[1, 0] = 0.3 * s
    by_hand[0, 2] = by_hand[2, 0] = -0.4 * s
    assert np.allclose(form, by_hand, rtol=0.0, atol=1e-15)  # one rounding


def test_position_coupling_to_a_ring_has_the_counter_term_of_its_contact():
    """s^2 x^2 g^T h_xx^-1 g / 2 with the form of the coupled sites."""
    ring, g = at.Ring("ring", 1.0, 4, 1.2, 0.3), np.array([0.5, 0.0, -0.2, 0.1])
    machine = one_and_bath(at.Position(("ring", "a"), 0.7, weights=g), ring)
    form, _ = sites_form(machine, 0.0)
    h_xx = 1.2 * np.eye(4) + 0.3 * (np.roll(np.eye(4), 1, axis=0) + np.roll(np.eye(4), -1, axis=0))
    by_hand = np.zeros((10, 10))
    by_hand[0, 0] = 1.0 + 0.49 * g @ np.linalg.solve(h_xx, g)
    by_hand[5, 5] = 1.0
    by_hand[1:5, 1:5] = h_xx
    by_hand[6:, 6:] = 1.2 * np.eye(4)
    by_hand[0, 1:5] = by_hand[1:5, 0] = 0.7 * g
    assert np.allclose(form, by_hand, rtol=0.0, atol=1e-13)  # there and back through the normal modes


def test_the_counter_term_makes_the_reservoir_free_of_the_oscillator():
    """With it the lowest curvature is that of the bare oscillator: the bath only adds (x_k + s g_k x/w_k)^2."""
    bath = at.Bath("hot", 1.0, (0.5, 2.0), (0.9, 0.8))
    assert one_and_bath(at.Position(("a", "hot"), 1.0), bath).lowest_curvature() == pytest.approx(1.0, rel=1e-14)
    without = one_and_bath(at.Position(("a", "hot"), 0.5, counter_term=False), bath).lowest_curvature()
    assert without == pytest.approx(1.0 - 0.25 * (0.81 / 0.5 + 0.64 / 2.0), rel=1e-13)  # Schur complement by hand


def test_lowest_curvature_is_negative_exactly_if_h_is_not_positive():
    bath = at.Bath("hot", 1.0, (0.5, 2.0), (0.9, 0.8))
    for strength, sign in ((0.2, 1.0), (0.7, 1.0), (0.8, -1.0), (1.5, -1.0)):
        machine = one_and_bath(at.Exchange(("a", "hot"), strength), bath)
        lowest = np.linalg.eigvalsh(sites_form(machine, 0.0)[0])[0]
        assert np.sign(lowest) == sign
        assert np.sign(machine.lowest_curvature()) == sign


def test_exchange_with_a_site_of_a_ring():
    machine = one_and_bath(at.Exchange(("a", "ring"), 0.2, site=2), at.Ring("ring", 1.0, 4, 1.2, 0.3))
    form, _ = sites_form(machine, 0.0)
    expected_x, expected_p = np.zeros(4), np.zeros(4)
    expected_x[2] = expected_p[2] = 0.2
    assert np.allclose(form[0, 1:5], expected_x, rtol=0.0, atol=1e-13)  # there and back through the normal modes
    assert np.allclose(form[5, 6:], expected_p, rtol=0.0, atol=1e-13)
    assert np.allclose(form[0, 6:], 0.0, atol=1e-13)


@pytest.mark.parametrize(("law", "diagonal"), [("potential", (1.5**2 / 1.2, 1.2)), ("number", (1.5, 1.5))])
def test_laws_of_a_driven_frequency(law, diagonal):
    """A trap of fixed mass: w0 p^2/2 + (w^2/w0) x^2/2; or w (x^2 + p^2)/2."""
    oscillator = at.Oscillator("a", at.drives.Strokes((1.0, 1.0), (1.2, 1.5)), law=law)
    machine = at.Machine([oscillator], [at.Bath("b", 1.0, (1.0,))], [], period=2.0)
    assert np.allclose(np.diag(sites_form(machine, 1.5)[0])[[0, 2]], diagonal, rtol=1e-15)
    assert np.allclose(np.diag(sites_form(machine, 0.5)[0])[[0, 2]], (1.2, 1.2), rtol=1e-15)
    assert np.allclose(np.diag(sites_form(machine, 1.0, "left")[0])[[0, 2]], (1.2, 1.2), rtol=1e-15)


def test_a_constant_trap_in_the_quadratures_of_another_frequency():
    """H = w0 p^2/2 + (w^2/w0) x^2/2 has the frequency w whatever the reference w0."""
    machine = at.Machine([at.Oscillator("a", 1.5, reference_frequency=2.0)], [at.Bath("b", 1.0, (1.0,))], [], period=2.0)
    assert np.allclose(np.diag(sites_form(machine, 0.0)[0])[[0, 2]], (1.5**2 / 2.0, 2.0), rtol=1e-15)


@pytest.mark.parametrize(("coupling", "sign"), [(at.Exchange, 1.0), (at.TwoModeSqueezing, -1.0)])
def test_an_amplitude_at_another_frequency(coupling, sign):
    """a = (x sqrt(w/w0) + i p sqrt(w0/w))/sqrt 2, so that a^dag b + h.c. has x x sqrt(w/w0) + p p sqrt(w0/w)."""
    bath = at.Bath("hot", 1.0, (1.5,), (0.3,))
    machine = one_and_bath(coupling(("a", "hot"), 0.5, amplitude_frequency=4.0), bath)
    form, _ = sites_form(machine, 0.0)
    assert form[0, 1] == pytest.approx(0.15 * 2.0, rel=1e-14)  # rounding
    assert form[2, 3] == pytest.approx(sign * 0.15 / 2.0, rel=1e-14)


def test_displacement_is_a_force():
    machine = one_and_bath(at.Displacement("a", at.drives.Harmonic(0.3, 1.0), 0.2), at.Bath("b", 1.0, (1.0,)))
    assert np.allclose(sites_form(machine, 0.7)[1], [0.3 * np.cos(0.7), 0.0, 0.2, 0.0], rtol=0.0, atol=1e-16)


# --- whole machines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_assembly_against_an_independent_one(case):
    hand, machine = ByHand(case.machine), case.machine
    for time in np.linspace(0.0, 2.0 * machine.period, 23):
        for side in ("right", "left"):
            form, force = sites_form(machine, float(time), side)
            expected, expected_force = hand.hamiltonian(float(time), side)
            assert np.allclose(form, expected, rtol=0.0, atol=1e-12)  # through the normal modes and a basis
            assert np.allclose(force, expected_force, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_slope_against_an_independent_one(case):
    hand, machine = ByHand(case.machine), case.machine
    hamiltonian = machine.hamiltonian
    inside = hamiltonian.from_sites(np.eye(2 * machine.n_modes))
    for time in np.linspace(0.0, machine.period, 12)[1:-1] + 0.0137:
        (form,), (force,) = hamiltonian.slope(np.array([time]))
        expected, expected_force = hand.slope(float(time))
        assert np.allclose(inside.T @ hamiltonian.basis @ form @ hamiltonian.basis.T @ inside, expected, rtol=0.0, atol=1e-12)
        assert np.allclose(inside.T @ hamiltonian.basis @ force, expected_force, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_coordinates_go_there_and_back(case):
    hamiltonian = case.machine.hamiltonian
    rows = np.random.default_rng(0).normal(size=(2 * hamiltonian.n_modes, 3))
    assert np.allclose(hamiltonian.to_sites(hamiltonian.from_sites(rows)), rows, rtol=0.0, atol=1e-13)  # rounding
    assert np.allclose(hamiltonian.basis.T @ hamiltonian.basis, np.eye(hamiltonian.basis.shape[1]), rtol=0.0, atol=1e-14)


def test_breakpoints_of_all_drives():
    machine = at.Machine(
        [at.Oscillator("a", at.drives.Strokes((1.0, 3.0), (1.0, 2.0)))],
        [at.Bath("b", 1.0, (1.0,))],
        [at.Exchange(("a", "b"), at.drives.Strokes((0.5, 1.5), (0.0, 0.1), ramps=(0.0, 0.5)))],
        period=4.0,
    )
    assert np.allclose(machine.hamiltonian.breakpoints, [0.0, 0.5, 1.0, 2.0, 2.5, 3.0], rtol=1e-15)
    assert machine.hamiltonian.is_constant(1.0, 2.0)
    assert not machine.hamiltonian.is_constant(0.5, 1.0)


def test_shares_of_the_terms():
    """H_ij belongs to the subsystem, H_ik to both by its share."""
    machine = at.Machine(
        [at.Oscillator("a", 1.0), at.Oscillator("b", 1.0)],
        [at.Bath("r", 1.0, (1.0,))],
        [at.Exchange(("r", "b"), 0.1), at.Exchange(("b", "a"), 0.1, share=(0.2, 0.8)), at.Position(("a", "r"), 0.1)],
        period=1.0,
    )
    expected = [[1, 0, 0, 0.8, 1, 1], [0, 1, 1, 0.2, 0, 0]]  # a; b; r-b; b-a; a-r and its counter-term
    assert np.array_equal(machine.hamiltonian.shares, expected)


def test_wrong_shapes_of_a_quadratic_form_are_refused():
    with pytest.raises(
        at.errors.MachineError, match=r"`matrix` of QuadraticForm .* must have the shape \(2, 4\) of its parts.*\(2, 2\)"
    ):
        one_and_bath(at.QuadraticForm(("a", "b"), np.eye(2)), at.Bath("b", 1.0, (1.0, 2.0)))
