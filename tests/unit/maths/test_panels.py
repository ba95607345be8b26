"""Memory on panels against quadrature in time."""

from __future__ import annotations

import numpy as np
import pytest

from athermal.maths import cauchy
from athermal.maths.panels import Memory, Panels


def panels():
    return Panels(np.array([0.3, 1.1, 2.3, 3.0]), 6)


def test_transforms_are_fourier_integrals():
    p = panels()
    x, weights = np.polynomial.legendre.leggauss(60)
    for m in (-7, 0, 3):
        for s in range(3):
            t = p.middles[s] + 0.5 * p.lengths[s] * x
            phi = np.polynomial.legendre.legvander(x, 5) * p.ends[1][s]
            exact = (0.5 * p.lengths[s] * weights * np.exp(1j * m * p.nu * t)) @ phi
            np.testing.assert_allclose(p.transform(np.array([m]))[6 * s : 6 * s + 6, 0], exact, atol=1e-12)  # rounding


@pytest.mark.parametrize("v", [0.2, -0.7, 0.4 - 0.1j])
def test_memory_is_the_sum_over_harmonics(v):
    """Against a sum that is long, and Hermitian where the bath has no weight."""
    p = panels()
    memory = Memory(lambda z: cauchy.flat(z, 0.3, 0.5, 3.0), p, p.edges[:1], 3.0, 3.0, 20_000)
    m = np.arange(-20_000, 20_001)
    z = np.asarray(v + m * p.nu, dtype=complex)
    table = p.transform(m)
    exact = (table.conj() * cauchy.flat(z, 0.3, 0.5, 3.0) / p.period) @ table.T
    np.testing.assert_allclose(memory.matrix(v), exact, atol=1e-12)  # the interpolation in v
