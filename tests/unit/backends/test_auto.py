"""The choice between dense and star."""

import re

import numpy as np
import pytest

import athermal as at
from athermal.backends.auto import Auto, default_backend
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
    chosen, why = Auto().choose(at.library.two_oscillator(modes=modes), cycles, initial)
    assert isinstance(chosen, kind)
    assert re.search(reason, why)


def test_a_long_run_of_one_large_bath_beside_a_small_one_needs_the_dense_backend():
    """1500 modes are more than the covariance is formed of, and 4000 cycles change it in all directions."""
    oscillators = [at.Oscillator("a", 1.0)]
    band = at.FlatBand(0.2, 0.5, 1.5)
    baths = [at.ContinuumBath("hot", 2.0, band, 1500), at.ContinuumBath("cold", 1.0, band, 20)]
    machine = at.Machine(oscillators, baths, [at.Exchange(("a", "hot")), at.Exchange(("a", "cold"))], 6.0)
    chosen, why = Auto().choose(machine, 4000)
    assert isinstance(chosen, at.Dense)
    assert "too long for the star backend" in why


def test_moments_of_everything_need_the_dense_backend():
    machine = at.library.two_oscillator(modes=120)
    chosen, _ = Auto().choose(machine, 1, at.GaussianMoments(np.eye(2 * machine.n_modes)))
    assert isinstance(chosen, at.Dense)


def test_finite_machines_have_their_own():
    assert isinstance(Auto().choose(at.library.two_qubit_swap())[0], at.DensityMatrix)
    assert isinstance(default_backend(at.library.two_qubit_swap()), at.DensityMatrix)


def test_without_a_word_dense_runs_while_it_comfortably_can():
    assert isinstance(default_backend(at.library.two_oscillator(modes=900)), at.Dense)
    assert isinstance(default_backend(at.library.two_oscillator(modes=1100)), at.Star)


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
