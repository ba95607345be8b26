"""What each coupling means is in test_hamiltonian; here is what may be said."""

import numpy as np
import pytest

import athermal as at


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: at.Exchange(("a", "b", "c")),
            r"`between` of an Exchange coupling must name two different parts, but is \['a', 'b', 'c'\]: .*three parts.*pair terms",
        ),
        (lambda: at.Position(("a", "a")), "`between` of a Position coupling must name two different parts"),
        (lambda: at.TwoModeSqueezing(("a",)), "`between` of a TwoModeSqueezing coupling must name two different parts"),
        (lambda: at.Exchange("ab"), "`between` of an Exchange coupling must name the parts it couples, but is 'ab'"),
        (lambda: at.Exchange(None), "`between` of an Exchange coupling must name the parts it couples, but is None"),
        (lambda: at.Exchange((1, 2)), "`between` of an Exchange coupling must name the parts it couples"),
        (
            lambda: at.QuadraticForm(("a", "b", "c"), np.eye(2)),
            "`between` of a QuadraticForm coupling must name one subsystem or two different parts.*three parts",
        ),
        (lambda: at.QuadraticForm((), np.eye(2)), "`between` of a QuadraticForm coupling must name one subsystem or two"),
        (lambda: at.QuadraticForm(("a",), np.eye(3)), "`matrix` of QuadraticForm coupling between 'a' must be a symmetric 2 x 2"),
        (lambda: at.QuadraticForm(("a",), [[1.0, 0.2], [0.1, 1.0]]), "must be a symmetric 2 x 2 matrix"),
        (lambda: at.QuadraticForm(("a", "b"), 3.0), "`matrix` of QuadraticForm coupling between 'a' and 'b' must be a matrix"),
        (
            lambda: at.Position(("a", "b"), at.drives.Rotating(1.0, 1.0)),
            "`strength` of Position coupling between 'a' and 'b' must be a real drive, but is a rotating one",
        ),
        (lambda: at.QuadraticForm(("a", "b"), np.eye(2), at.drives.Rotating(1.0, 1.0)), "must be a real drive"),
        (
            lambda: at.Exchange(("a", "b"), "strong"),
            "`strength` of Exchange coupling between 'a' and 'b' must be a number or a drive",
        ),
        (lambda: at.Exchange(("a", "b"), 1j), "must be a number or a drive, but is 1j"),
        (lambda: at.Exchange(("a", "b"), np.nan), "must be finite, but is nan"),
        (lambda: at.Exchange(("a", "b"), share=(0.5, 0.6)), r"`share` of .* must add up to 1, but is \[0.5, 0.6\]"),
        (lambda: at.Exchange(("a", "b"), share=(1.0,)), "`share` of .* must hold 2 numbers, but holds 1"),
        (lambda: at.Position(("a", "b"), counter_term="yes"), "`counter_term` of .* must be true or false, but is 'yes'"),
        (lambda: at.Exchange(("a", "b"), site=1.5), "`site` of .* must be a whole number of at least 0, but is 1.5"),
        (lambda: at.Exchange(("a", "b"), amplitude_frequency=0.0), "`amplitude_frequency` of .* must be positive, but is 0.0"),
        (lambda: at.Exchange(("a", "b"), weights="12"), "`weights` of .* must be a list of real numbers"),
        (
            lambda: at.Displacement("a", x_force=at.drives.Rotating(1.0, 1.0)),
            "`x_force` of a displacement of 'a' must be a real drive",
        ),
    ],
)
def test_bad_couplings_are_refused(make, message):
    with pytest.raises(at.errors.MachineError, match=message):
        make()


def test_lists_and_arrays_become_tuples():
    coupling = at.QuadraticForm(["a", "b"], np.eye(2), share=[1, 0])
    assert coupling.between == ("a", "b")
    assert coupling.matrix == ((1.0, 0.0), (0.0, 1.0))
    assert coupling.share == (1.0, 0.0)
    assert at.QuadraticForm("a", np.eye(2)).between == ("a",)
    assert at.Exchange(("a", "b"), weights=np.ones(2)).weights == (1.0, 1.0)
    assert type(at.Exchange(("a", "b"), site=np.int64(1)).site) is int


def test_the_counter_term_is_there_for_a_reservoir_unless_refused():
    assert at.Position(("a", "b")).uses_counter_term(has_reservoir=True)
    assert not at.Position(("a", "b")).uses_counter_term(has_reservoir=False)
    assert not at.Position(("a", "b"), counter_term=False).uses_counter_term(has_reservoir=True)


def test_drives_are_named():
    assert at.Exchange(("a", "b"), 2.0).drives == (("strength", at.drives.Constant(2.0)),)
    assert [name for name, _ in at.Displacement("a", 1.0, 2.0).drives] == ["x_force", "p_force"]
