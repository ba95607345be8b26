"""What may be said of an initial state; what it means is in unit/backends."""

import numpy as np
import pytest

import athermal as at

PAIR = at.Correlation(("a", "b"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: at.ProductThermal({"a": -0.5}),
            r"`temperatures\['a'\]` of a product thermal state must be zero or positive, but is -0.5",
        ),
        (lambda: at.Gibbs(-1.0), "`temperature` of a Gibbs state must be zero or positive, but is -1.0"),
        (lambda: at.Gibbs(1.0, parts="a"), "`parts` of a Gibbs state must list the names of parts, but is 'a'"),
        (lambda: at.Gibbs(1.0, parts=()), r"`parts` of a Gibbs state must list the names of parts, but is \(\)"),
        (lambda: at.Gibbs(1.0, parts=("a", "a")), r"must list the names of parts, but is \('a', 'a'\)\. Name 'a' once\."),
        (lambda: at.Charged(-1), "`cycles` of a charged state must be a whole number of at least 0, but is -1"),
        (lambda: at.Charged(1.5), "`cycles` of a charged state must be a whole number"),
        (lambda: at.Charged(1, start="thermal"), "`start` of a charged state must be an initial state such as ProductThermal"),
        (lambda: at.Correlation(("a", "a")), "`between` of a correlation must name two different parts"),
        (lambda: at.Correlation("ab"), "`between` of a correlation must name two different parts, but is 'ab'"),
        (
            lambda: at.Correlation(("a", "b"), "squeezing"),
            "`pattern` of a correlation must be one of .*Did you mean 'two_mode_squeezing'",
        ),
        (lambda: at.Correlation(("a", "b"), phase="i"), "`phase` of a correlation must be a real number"),
        (lambda: at.Correlation(("a", "b"), site=-1), "`site` of a correlation must be a whole number of at least 0"),
        (
            lambda: at.CorrelatedMarginals([]),
            "`correlations` of a state with correlated marginals must hold at least one Correlation",
        ),
        (lambda: at.CorrelatedMarginals([("a", "b")]), "must hold at least one Correlation"),
        (
            lambda: at.CorrelatedMarginals([PAIR], -0.1),
            "`strength` of a state with correlated marginals must be zero or positive",
        ),
        (
            lambda: at.CorrelatedMarginals([PAIR], 1.001),
            r"`strength` of .* must be at most 1, but is 1.001: beyond the largest physical correlation .*sigma \+ i Omega/2 >= 0",
        ),
        (
            lambda: at.CorrelatedMarginals([PAIR], start=None),
            "`start` of a state with correlated marginals must be an initial state",
        ),
        (lambda: at.Squeezed("a", "much"), "`r` of a squeezed state must be a real number"),
        (lambda: at.Squeezed("", 0.1), "`part` of a squeezed state must be a word"),
        (lambda: at.Displaced("a", x=[1.0, "x"]), r"`x\[1\]` of a displaced state must be a real number"),
        (lambda: at.Displaced("a", p=np.inf), "`p` of a displaced state must be finite"),
        (
            lambda: at.GaussianMoments([[1.0, 0.0], [0.0]]),
            "`covariance` of a state of given moments must be a matrix whose rows",
        ),
        (lambda: at.GaussianMoments(np.eye(2), mean=[np.nan, 0.0]), r"`mean\[0\]` of a state of given moments must be finite"),
    ],
)
def test_bad_initial_states_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_numbers_of_numpy_are_numbers():
    assert type(at.Charged(np.int64(2)).cycles) is int
    assert at.Displaced("a", x=np.int64(1)).x == 1.0
    assert at.Displaced("a", x=np.arange(2)).x == (0.0, 1.0)
    assert type(at.Correlation(("a", "b"), site=np.int64(2)).site) is int


def test_states_wrap_one_another():
    state = at.Charged(2, start=at.Squeezed("a", 0.3, start=at.Gibbs(1.0)))
    assert state.start.start.temperature == 1.0
