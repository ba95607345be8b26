"""A figure of merit is no objective where it means nothing: the search says so."""

import pytest

import athermal as at


@pytest.mark.parametrize(
    ("column", "over", "why"),
    [
        ("coefficient_of_performance", {"omega_cold": (1.2, 1.4)}, "a refrigerator's"),  # an engine all along
        ("efficiency", {"omega_cold": (0.3, 0.5)}, "an engine's"),  # a refrigerator
    ],
)
def test_neither_a_cop_of_engines_nor_an_efficiency_of_refrigerators_is_sought(column, over, why):
    with pytest.raises(at.errors.StudyError, match=f"{column}: undefined at every one of .* points tried.*{why}"):
        at.optimise("two_qubit_swap", column, over=over, cycles=1, method=at.search.Local(starts=1), max_evaluations=3)
