"""The one choice of a backend."""

import re

import numpy as np
import pytest

import athermal as at
from athermal.backends.choice import Auto, choose
from athermal.files import parse_machine_file


@pytest.mark.parametrize(
    ("modes", "cycles", "initial", "kind", "reason"),
    [
        (50, 3, None, at.Dense, "modes are few"),
        (500, 3, None, at.Star, "every column is known"),
        (500, 3, at.Charged(5), at.Star, "every column is known"),
        (500, 400, None, at.Star, "every column is known"),
        (500, 3, at.Charged(400), at.Star, "every column is known"),
        (3000, 100, None, at.Star, "every column is known"),
        (500, 3, at.Charged(1, start=at.Gibbs(1.0)), at.Dense, r"the start \(Gibbs\) correlates more modes"),
        (500, 3, at.Gibbs(1.0, ("hot", "cold")), at.Star, "every column is known"),
        (5000, 4000, None, at.Star, "too many for the dense backend"),
    ],
)
def test_it_chooses_by_size_length_and_start(modes, cycles, initial, kind, reason):
    choice = choose(at.library.two_oscillator(modes=modes), "auto", cycles=cycles, initial=initial)
    assert isinstance(choice.backend, kind)
    assert re.search(reason, choice.why)


def test_a_long_run_of_one_large_bath_beside_a_small_one_needs_the_dense_backend():
    """1500 modes are more than the covariance is formed of, and 4000 cycles change it in all directions."""
    oscillators = [at.Oscillator("a", 1.0)]
    band = at.densities.FlatBand(0.2, 0.5, 1.5)
    baths = [at.ContinuumBath("hot", 2.0, band, 1500), at.ContinuumBath("cold", 1.0, band, 20)]
    machine = at.Machine(oscillators, baths, [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))], 6.0)
    choice = choose(machine, "auto", cycles=4000)
    assert isinstance(choice.backend, at.Dense)
    assert "too long for the star backend" in choice.why


def test_moments_of_everything_need_the_dense_backend():
    machine = at.library.two_oscillator(modes=120)
    choice = choose(machine, "auto", initial=at.GaussianMoments(np.eye(2 * machine.n_modes)))
    assert isinstance(choice.backend, at.Dense)


def test_many_oscillators_without_baths():
    names = [f"n{k}" for k in range(250)]
    choice = choose(at.Machine([at.Oscillator(name, 1.0) for name in names], [], [], 1.0), "auto")
    assert isinstance(choice.backend, at.Dense)
    assert "there are no baths" in choice.why


def test_finite_machines_have_their_own():
    for backend in (None, "auto", Auto()):
        assert isinstance(choose(at.library.two_qubit_swap(), backend).backend, at.DensityMatrix)


def test_without_a_word_dense_runs_while_it_comfortably_can():
    assert isinstance(choose(at.library.two_oscillator(modes=900)).backend, at.Dense)
    assert isinstance(choose(at.library.two_oscillator(modes=1100)).backend, at.Star)


def one_continuum(subsystem, modes="auto"):
    bath = at.ContinuumBath("bath", 1.0, at.densities.FlatBand(0.1, 0.5, 1.5), modes=modes)
    kind = ("position" if isinstance(subsystem, at.Oscillator) else "sigmax", "position")
    contact = at.Position(("s", "bath")) if isinstance(subsystem, at.Oscillator) else at.OperatorCoupling(("s", "bath"), kind)
    return at.Machine([subsystem], [bath], [contact], 1.0)


@pytest.mark.parametrize(
    ("subsystem", "backend", "follows_modes", "must_settle"),
    [
        (at.Oscillator("s", 1.0), None, True, True),
        (at.Oscillator("s", 1.0), at.Dense(), True, True),
        (at.Oscillator("s", 1.0), at.Lindblad(levels=3), False, False),
        (at.Qubit("s", 1.0), "auto", False, False),
    ],
)
def test_modes_are_chosen_for_backends_that_follow_them(subsystem, backend, follows_modes, must_settle):
    choice = choose(one_continuum(subsystem), backend)
    assert (choice.follows_modes, choice.must_settle) == (follows_modes, must_settle)
    assert not choose(one_continuum(subsystem, modes=4), backend).must_settle


@pytest.mark.parametrize("subsystem", [at.Oscillator("s", 1.0), at.Qubit("s", 1.0)])
def test_cut_levels_are_not_certified(subsystem):
    with pytest.raises(
        at.errors.MachineError, match=r'`backend` of a run with modes="auto" must be .* but is DensityMatrix\(levels=3'
    ):
        choose(one_continuum(subsystem), at.DensityMatrix(levels=3))


def test_what_only_goes_forwards_is_not_charged():
    with pytest.raises(
        at.errors.MachineError, match=r"Lindblad\(\) cannot prepare the initial state Charged: .* backwards in time"
    ):
        at.run(one_continuum(at.Qubit("s", 1.0)), initial=at.Charged(1), backend=at.Lindblad())


def test_a_backend_says_why_it_cannot_hold_a_machine():
    swap, oscillators = at.library.two_qubit_swap(), at.library.two_oscillator(modes=3)
    assert (
        at.Dense().why_not(oscillators)
        == at.DensityMatrix().why_not(swap)
        == at.DensityMatrix(levels=3).why_not(oscillators)
        == ""
    )
    assert at.Dense().why_not(swap) == (
        "The dense backend holds machines of oscillators, but this one is of finite parts. Use DensityMatrix() or StateVectors()."
    )
    assert at.StateVectors().why_not(one_continuum(at.Qubit("s", 1.0))) == (
        "The state-vector backend holds machines of finite parts, but this one is of finite subsystems between continuous baths. Use "
        "HEOM(), BlochRedfield(), Lindblad() or FloquetMarkov()."
    )


def test_a_run_says_which_and_why():
    ledger = at.run(at.library.two_oscillator(modes=120), 2, backend="auto")
    assert ledger.provenance["backend"]["kind"] == "star"
    assert ledger.provenance["backend_choice"].startswith("star: of 242 modes")


def test_a_machine_file_may_leave_the_choice_open():
    plan = parse_machine_file(
        '[machine]\nlibrary = "two_oscillator"\nmodes = 12\n[run]\ncycles = 1\n[run.backend]\nkind = "auto"'
    )
    assert plan.backend == Auto()
    assert plan.run().provenance["backend"]["kind"] == "dense"


def test_a_machine_file_may_ask_for_the_star_backend():
    plan = parse_machine_file('[machine]\nlibrary = "two_oscillator"\nmodes = 12\n[run.backend]\nkind = "star"\nmax_rank = 7')
    assert plan.backend == at.Star(max_rank=7)
