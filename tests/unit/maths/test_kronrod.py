"""Adaptive integration over segments."""

from __future__ import annotations

import numpy as np
import pytest

from athermal.maths.kronrod import Segment, integrate


def run(functions, segments, tolerance=1e-10, n_sources=1, max_nodes=50_000):
    def evaluate(source, w):
        return np.stack([f(w) for f in functions], axis=1), w[:, None].astype(complex)

    return integrate(evaluate, segments, n_sources, lambda values: np.full(len(values), tolerance), max_nodes)


def test_peaks_edges_and_tails():
    width = 1e-6
    functions = [lambda w: width / ((w - 0.4) ** 2 + width**2), np.log, lambda w: 1.0 / (1.0 + w) ** 2]
    found = run(functions, [Segment(0, 0.0, 0.4), Segment(0, 0.4, 1.0)])
    exact = [np.arctan(0.6 / width) + np.arctan(0.4 / width), -1.0, 0.5]
    assert found.is_converged
    np.testing.assert_allclose(found.values, exact, atol=1e-10)  # what was asked for
    assert np.all(np.abs(found.values - exact) <= found.errors + 1e-11)  # w - 0.4 rounds at 1e-16 beside a width of 1e-6
    assert found.n_nodes < 5_000
    endless = run([lambda w: 1.0 / (1.0 + w) ** 2, lambda w: np.exp(-w)], [Segment(0, 0.0, np.inf)])
    np.testing.assert_allclose(endless.values, 1.0, atol=1e-10)


def test_both_rules_integrate_what_was_kept():
    found = run([np.cos], [Segment(0, 0.0, 1.0), Segment(1, 1.0, 2.0)], n_sources=2)
    for rule in ("kronrod", "gauss"):
        total = sum(
            float(weights @ np.cos(w))
            for nodes in found.nodes
            for w, weights in zip(nodes.frequencies, getattr(nodes, rule), strict=True)
        )
        assert total == pytest.approx(np.sin(2.0), abs=1e-9)  # the Gauss rule is the coarser one
    np.testing.assert_array_equal(found.nodes[1].kept[0][:, 0].real, found.nodes[1].frequencies[0])


def test_giving_up():
    assert not run([lambda w: np.sin(1.0 / (w + 1e-9))], [Segment(0, 0.0, 1.0)], 1e-14, max_nodes=200).is_converged
