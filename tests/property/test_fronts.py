"""What a search keeps is what nothing it tried beats, in whatever order the runs come back."""

import math

from hypothesis import given
from hypothesis import strategies as st

from athermal.optimisation.evaluation import Evaluation, Evaluator, Problem
from athermal.optimisation.objective import Objective
from athermal.optimisation.parameter_space import as_space

SPACE = as_space({"a": (0.0, 1.0)})
OBJECTIVES = (Objective("work"), Objective("power"), Objective("efficiency"))


@given(
    rows=st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[st.integers(0, 4)] * n), min_size=1, max_size=25)),
    ups=st.tuples(*[st.booleans()] * 3),
    order=st.randoms(use_true_random=False),
)
def test_the_kept_points_are_the_undominated_ones(rows, ups, order):
    n = len(rows[0])
    problem = Problem(None, SPACE, OBJECTIVES[:n], ups[:n], (), 0)
    evaluator = Evaluator(problem, None, None, 0)
    found = [Evaluation(k, {}, tuple(map(float, row)), (), "feasible") for k, row in enumerate(rows)]
    shuffled = list(found)
    order.shuffle(shuffled)
    for entry in shuffled:
        evaluator._rank(entry, None)

    def is_beaten(entry):
        mine = problem.costs(entry.values)
        others = [problem.costs(other.values) for other in found]
        return any(all(o <= m for o, m in zip(other, mine, strict=True)) and other != mine for other in others)

    first = {}
    for entry in found:
        if not is_beaten(entry):
            first.setdefault(entry.values, entry.index)  # of equals the first that was tried
    assert {entry.values: entry.index for entry, _ in evaluator.best} == first
    assert all(math.isfinite(value) for entry, _ in evaluator.best for value in entry.values)
