import math

import numpy as np
import pytest

import athermal as at

TAU = 2.0 * np.pi
A, B = at.Oscillator("a", 1.0), at.Oscillator("b", 1.5)
HOT, COLD = at.Bath("hot", 2.0, (0.9, 1.1), (0.1, 0.1)), at.Bath("cold", 1.0, (1.0, 1.2), (0.1, 0.1))


def machine(*couplings, subsystems=(A, B), reservoirs=(HOT, COLD), period=TAU, **rest):
    return at.Machine(subsystems, reservoirs, couplings, period, **rest)


def test_what_there_is():
    made = machine(at.Exchange(("a", "hot")), at.Exchange(("cold", "b")), at.Exchange(("a", "b")), name="mine")
    assert made.subsystem_names == ("a", "b")
    assert made.reservoir_names == ("hot", "cold")
    assert made.n_modes == 6
    assert made.temperatures.tolist() == [2.0, 1.0]
    assert made.carnot_efficiency == 0.5
    assert made.part("cold") is COLD
    assert made.reservoirs_of("b") == (COLD,)
    assert made == machine(*made.couplings, name="mine")
    assert made.name == "mine"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: machine(at.Exchange(("a", "hott"))),
            "The machine has no part 'hott'; it has 'a', 'b', 'hot', 'cold'. Did you mean 'hot'",
        ),
        (lambda: machine(at.Displacement("alpha")), "The machine has no part 'alpha'"),
        (
            lambda: machine(at.Exchange(("hot", "cold"))),
            "`between` of Exchange coupling between 'hot' and 'cold' must not name two reservoirs: .*Let them meet through a subsystem",
        ),
        (lambda: machine(at.QuadraticForm(("hot", "cold"), np.eye(4))), "must not name two reservoirs"),
        (
            lambda: machine(at.Displacement("hot", x_force=1.0)),
            "A displacement on reservoir 'hot' is refused: the Hamiltonian of a reservoir must be constant.*make the driven mode a subsystem",
        ),
        (lambda: machine(at.QuadraticForm(("hot",), np.eye(2))), "A quadratic form on reservoir 'hot' is refused"),
        (
            lambda: machine(at.Exchange(("a", "b"), site=0)),
            "`site`, `weights` and `amplitude_frequency` of Exchange coupling between 'a' and 'b' must be left out: neither part is a reservoir",
        ),
        (lambda: machine(at.Exchange(("a", "b"), amplitude_frequency=1.0)), "must be left out: neither part is a reservoir"),
        (lambda: machine(at.Position(("a", "b"), weights=(1.0,))), "must be left out: neither part is a reservoir"),
        (
            lambda: machine(at.Position(("a", "b"), counter_term=True)),
            "`counter_term` of Position coupling between 'a' and 'b' must be left out: only a coupling to a reservoir has one",
        ),
        (
            lambda: machine(at.Exchange(("a", "hot"), site=2)),
            "`site` of Exchange .* must be below the 2 sites of reservoir 'hot'",
        ),
        (lambda: machine(at.Exchange(("a", "hot"), weights=(1.0,))), "`weights` of Exchange .* must hold 2 numbers, but holds 1"),
        (
            lambda: machine(at.Exchange(("a", "hot"), at.drives.Harmonic(1.0, 1.5))),
            (
                "`strength` of Exchange coupling between 'a' and 'hot' must repeat a whole number of times in the machine's period 6.28.*"
                "Harmonic drive repeats every 4.188.*1.5 times.*Change the drive's period or the machine's"
            ),
        ),
        (
            lambda: machine(subsystems=(at.Oscillator("a", 2.0 + at.drives.Harmonic(0.1, 1.5)),)),
            "`frequency` of oscillator 'a' must repeat a whole number of times",
        ),
        (
            lambda: machine(at.Displacement("a", p_force=at.drives.Harmonic(0.1, 0.5))),
            "`p_force` of displacement of 'a' must repeat",
        ),
        (lambda: machine(subsystems=(A, A)), "`name` of a part must be its own, but 'a' is given 2 times"),
        (
            lambda: machine(subsystems=(A, at.Oscillator("hot", 1.0))),
            "`name` of a part must be its own, but 'hot' is given 2 times",
        ),
        (lambda: machine(subsystems=()), "`subsystems` of the machine must hold at least one, but is empty"),
        (lambda: machine(subsystems=(HOT,)), "`subsystems` of the machine must hold only subsystems, but holds Bath"),
        (lambda: machine(reservoirs=(A,)), "`reservoirs` of the machine must hold only reservoirs, but holds Oscillator"),
        (lambda: machine("a-b"), "`couplings` of the machine must hold only couplings, but holds 'a-b'"),
        (lambda: machine(subsystems=A), "`subsystems` of the machine must be a list of subsystems, but is Oscillator"),
        (lambda: machine(reservoirs=None), "`reservoirs` of the machine must be a list of reservoirs, but is None"),
        (lambda: machine(period=0.0), "`period` of the machine must be positive, but is 0.0"),
        (lambda: machine(period=math.inf), "`period` of the machine must be finite, but is inf"),
        (lambda: machine(initial="thermal"), "`initial` of the machine must be an initial state, but is 'thermal'"),
    ],
)
def test_bad_machines_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


# --- bounded below ---------------------------------------------------------------------------------------------------------


STRONG = at.Bath("hot", 2.0, (0.5, 2.0), (0.9, 0.8))
LIMIT = 1.0 / math.sqrt(0.81 / 0.5 + 0.64 / 2.0)  # s^2 sum g_k^2/w_k = w


def test_a_missing_counter_term_that_leaves_the_whole_unbounded_is_refused():
    with pytest.raises(
        at.errors.MachineError,
        match=r"must be bounded below, but its lowest curvature is -0\.\d+: Position .*counter_term = true",
    ):
        machine(at.Position(("a", "hot"), 1.01 * LIMIT, counter_term=False), reservoirs=(STRONG,))
    machine(at.Position(("a", "hot"), 0.99 * LIMIT, counter_term=False), reservoirs=(STRONG,))
    machine(at.Position(("a", "hot"), 5.0 * LIMIT), reservoirs=(STRONG,))


def test_a_missing_counter_term_is_noticed_at_any_time_of_the_cycle():
    short = at.drives.Strokes((TAU - 0.01, 0.01), (0.0, 2.0 * LIMIT))
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        machine(at.Position(("a", "hot"), short, counter_term=False), reservoirs=(STRONG,))


def test_two_couplings_that_are_only_together_too_strong_are_refused():
    half = [at.Position((name, "hot"), 0.8 * LIMIT, counter_term=False) for name in ("a", "a")]
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        machine(*half, reservoirs=(STRONG,))


# --- recurrence -------------------------------------------------------------------------------------------------------------


def test_recurrence_time_is_two_pi_over_the_local_spacing():
    bath = at.Bath("hot", 2.0, (0.5, 0.9, 1.0, 1.6))
    made = machine(at.Exchange(("a", "hot"), 0.1), reservoirs=(bath, COLD))
    assert made.recurrence_time("hot") == pytest.approx(TAU / 0.1, rel=1e-12)  # rounding of 1.0 - 0.9
    assert made.recurrence_time("cold") == math.inf  # coupled to nothing
    driven = at.Oscillator("a", at.drives.Strokes((np.pi, np.pi), (1.4, 0.6)))
    made = machine(at.Exchange(("a", "hot"), 0.1), subsystems=(driven,), reservoirs=(bath,))
    assert made.recurrence_time("hot") == pytest.approx(TAU / 0.6, rel=1e-12)  # the wider of 0.4 and 0.6
    leaving = at.Oscillator("a", at.drives.Strokes((np.pi, np.pi), (0.6, 9.0)))  # 9 is far outside the band
    made = machine(at.Exchange(("a", "hot"), 0.1), subsystems=(leaving,), reservoirs=(bath,))
    assert made.recurrence_time("hot") == pytest.approx(TAU / 0.4, rel=1e-12)
    single = machine(at.Exchange(("a", "one"), 0.1), reservoirs=(at.Bath("one", 1.0, (1.0,)),))
    assert single.recurrence_time("one") == math.inf
    with pytest.raises(at.errors.MachineError, match="'a' is a subsystem"):
        made.recurrence_time("a")
    with pytest.raises(at.errors.MachineError, match="Did you mean 'hot'"):
        made.recurrence_time("hat")


# --- what only a close look finds -------------------------------------------------------------------------------------------


def test_two_contacts_whose_counter_terms_lack_their_cross_term_are_refused():
    """(s1 + s2)^2 needs more than s1^2 + s2^2."""
    with pytest.raises(at.errors.MachineError, match="do not cover two couplings of one subsystem to the same reservoir"):
        machine(*[at.Position(("a", "hot"), 5.0 * LIMIT)] * 2, reservoirs=(STRONG,))


def test_a_quadratic_form_that_is_too_strong_is_refused():
    matrix = np.zeros((2, 2 * STRONG.n_modes))
    matrix[0, : STRONG.n_modes] = 1.01 * LIMIT * STRONG.own_weights
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        machine(at.QuadraticForm(("a", "hot"), matrix), reservoirs=(STRONG,))
    machine(at.QuadraticForm(("a", "hot"), 0.99 / 1.01 * matrix), reservoirs=(STRONG,))


def test_a_fast_drive_cannot_hide_between_the_instants_that_are_checked():
    fast = at.drives.Harmonic(1.1 * LIMIT, 16.0, phase=0.5 * np.pi)  # zero at every sixteenth of the period
    with pytest.raises(at.errors.MachineError, match="must be bounded below"):
        machine(at.Position(("a", "hot"), fast, counter_term=False), reservoirs=(STRONG,))


def test_a_frequency_that_only_the_whole_period_shows_to_be_negative():
    """1 + 0.6 cos(2t + a) + 0.6 cos(3t + b) is lowest, near -0.2, where both cosines are, which is after the longest period."""
    frequency = 1.0 + at.drives.Harmonic(0.6, 2.0, np.pi - 2.0 * 4.5) + at.drives.Harmonic(0.6, 3.0, np.pi - 3.0 * 4.5)
    with pytest.raises(
        at.errors.MachineError, match=r"`frequency` of oscillator 'a' must be positive at all times, but reaches -0\.[12]"
    ):
        machine(subsystems=(at.Oscillator("a", frequency, law="number"),))


def test_machines_can_be_keys():
    assert hash(machine()) == hash(machine())
