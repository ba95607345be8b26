"""Semidefinite programmes with closed-form optima, and the two kinds of span against each other."""

import itertools

import numpy as np
import pytest

from athermal.maths.semidefinite import Programme, minimise
from athermal.maths.spans import EntrySpan, MatrixSpan


def random_span(rng, size, count):
    """Return F_i of two random off-diagonal entries each, once by entries and once in full."""
    pairs = np.array(list(itertools.combinations(range(size), 2)))
    chosen = np.array([rng.choice(len(pairs), 2, replace=False) for _ in range(count)])
    rows, columns = pairs[chosen, 0], pairs[chosen, 1]
    values = rng.normal(size=(count, 2)) + 1j * rng.normal(size=(count, 2))
    full = np.zeros((count, size, size), dtype=complex)
    for i, s in itertools.product(range(count), range(2)):
        full[i, rows[i, s], columns[i, s]] += values[i, s]
        full[i, columns[i, s], rows[i, s]] += np.conj(values[i, s])
    return EntrySpan(size, rows, columns, values), MatrixSpan(full)


def correlations_of_three():
    """Return the span of all real symmetric 3 x 3 matrices with zero diagonal."""
    pairs = np.array(list(itertools.combinations(range(3), 2)))
    return EntrySpan(3, pairs[:, :1], pairs[:, 1:], np.ones((3, 1), dtype=complex))


def within(gap):
    return lambda _, value, bound: value - bound <= gap


def test_both_spans_are_the_same_map():
    rng = np.random.default_rng(3)
    entries, full = random_span(rng, 5, 7)
    x, frame = rng.normal(size=7), rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5))
    z = frame + frame.conj().T
    # sums of some ten products of numbers of order one to ten
    np.testing.assert_allclose(entries.matrix(x), full.matrix(x), atol=1e-13)
    np.testing.assert_allclose(entries.adjoint(z), full.adjoint(z), atol=1e-12)
    np.testing.assert_allclose(entries.columns_in(frame), full.columns_in(frame), atol=1e-12)
    by_definition = [np.trace(f @ z).real for f in full.matrices]
    np.testing.assert_allclose(full.adjoint(z), by_definition, atol=1e-12)
    g = frame.conj().T @ frame
    metric = [[np.trace(a @ g @ b @ g).real for b in full.matrices] for a in full.matrices]
    for span in (entries, full):
        np.testing.assert_allclose(span.metric(frame), metric, rtol=1e-11, atol=1e-9)


def test_least_sum_of_three_correlations():
    """|v1 + v2 + v3|^2 >= 0: the sum of the correlations of three unit vectors is at least -3/2."""
    span = correlations_of_three()
    best = minimise(Programme.unconstrained(span, np.ones(3), np.ones(3)), np.zeros(3), within(1e-9))
    assert -1.5 <= best.value <= -1.5 + 1e-9
    assert -1.5 - 1e-9 <= best.bound <= -1.5 + 1e-15  # trace and residual are sums of a few numbers
    np.testing.assert_allclose(best.point, -0.5, atol=1e-4)  # flat to second order


def test_inequality():
    """With v1 . v2 >= -0.2 the least is (|v1 + v2| - 1)^2/2 - 3/2, |v1 + v2|^2 = 2 - 0.4."""
    span, rows = correlations_of_three(), np.array([[-1.0, 0.0, 0.0]])
    best = minimise(Programme(span, np.ones(3), rows, np.array([0.2]), np.ones(3)), np.zeros(3), within(1e-9))
    exact = 0.5 * (np.sqrt(1.6) - 1.0) ** 2 - 1.5
    assert best.bound - 1e-14 <= exact <= best.value + 1e-14
    assert best.value - best.bound <= 1e-9
    assert best.point[0] >= -0.2


def test_further_variables_follow_the_largest_of_rows():
    """Minimise max(0, x) - x/2 over |x| <= 1: zero from x = 0 on downwards is beaten by x/2 at neither end; the least is 0 at x = 0."""
    flip = MatrixSpan(np.array([[[0.0, 1.0], [1.0, 0.0]]]))
    rows = np.array([[0.0, -1.0], [1.0, -1.0]])
    programme = Programme(flip, np.array([-0.5, 1.0]), rows, np.zeros(2), np.array([1.0, 2.0]))
    best = minimise(programme, np.array([0.0, 1.0]), within(1e-9))
    assert best.bound - 1e-14 <= 0.0 <= best.value + 1e-14
    assert abs(best.point[0]) < 1e-8


def test_a_random_dual_point_never_exceeds_the_optimum():
    rng = np.random.default_rng(5)
    _, span = random_span(rng, 4, 5)
    cost = rng.normal(size=5)
    # |x_i| <= |F(x)| / s_min, and 0 <= 1 + F(x) has trace 4
    reach = np.full(5, 8.0 / np.linalg.svd(span.columns_in(np.eye(4)), compute_uv=False)[-1])
    programme = Programme.unconstrained(span, cost, reach)
    best = minimise(programme, np.zeros(5), within(1e-9))
    for _ in range(20):
        m = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        assert programme.bound(m @ m.conj().T, np.zeros(0)) <= best.value
    assert programme.bound(-np.eye(4), np.zeros(0)) == -np.inf
    assert programme.bound(best.dual, best.multipliers) == best.bound


@pytest.mark.parametrize("size", [3, 5])
def test_rounding_ends_the_search_where_no_tolerance_can(size):
    rng = np.random.default_rng(size)
    entries, _ = random_span(rng, size, size)
    programme = Programme.unconstrained(entries, rng.normal(size=size), np.full(size, 100.0))
    best = minimise(programme, np.zeros(size), within(0.0))
    assert 0.0 <= best.value - best.bound < 1e-6
