import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from athermal.maths.pareto import pareto_points


def by_definition(values, signs):
    """Every pair compared."""
    points = np.asarray(values) * signs
    known = ~np.isnan(points).any(axis=1)
    return np.array(
        [
            known[i]
            and not any(known[j] and np.all(points[j] >= points[i]) and np.any(points[j] > points[i]) for j in range(len(points)))
            for i in range(len(points))
        ],
        dtype=bool,
    )


# Few distinct values, so that ties and duplicates abound.
ENTRIES = st.sampled_from([0.0, 1.0, 2.0, 3.0, np.inf, -np.inf, np.nan])


@given(
    st.integers(1, 4).flatmap(
        lambda k: st.tuples(
            arrays(float, st.tuples(st.integers(0, 12), st.just(k)), elements=ENTRIES),
            st.lists(st.booleans(), min_size=k, max_size=k),
        )
    )
)
def test_is_the_definition(case):
    values, maximise = case
    expected = by_definition(values, np.where(maximise, 1.0, -1.0))
    assert np.array_equal(pareto_points(values, maximise), expected)


def test_quarter_circle():
    angle = np.linspace(0.0, np.pi / 2, 50)
    front = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    values = np.concatenate([0.9 * front, front])
    assert np.array_equal(np.flatnonzero(pareto_points(values)), np.arange(50, 100))


def test_many_points_of_two_objectives():
    # Uniform points have about ln n on the front: 12.2 expected of 100,000; the largest x and the largest y are always among them.
    values = np.random.default_rng(1).random((100_000, 2))
    front = pareto_points(values)
    assert front[np.argmax(values, axis=0)].all()
    sorted_front = values[front][np.argsort(values[front][:, 0])]
    assert np.all(np.diff(sorted_front[:, 1]) < 0.0)


@pytest.mark.parametrize(
    ("values", "maximise", "message"),
    [(np.zeros(3), True, r"shape \(points, objectives\)"), (np.zeros((3, 2)), [True], "one entry for each of 2 objectives")],
)
def test_shapes_that_do_not_fit(values, maximise, message):
    with pytest.raises(ValueError, match=message):
        pareto_points(values, maximise)


def test_no_points():
    assert pareto_points(np.empty((0, 2))).shape == (0,)
