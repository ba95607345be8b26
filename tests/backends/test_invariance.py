"""Invariances of the backends that hold the whole: Dense, Star, DensityMatrix and StateVectors."""

import athermal as at
from athermal.testing import Invariance


class TestDense(Invariance):
    backend = at.Dense()


class TestStar(Invariance):
    backend = at.Star()


class Finite(Invariance):
    # energies of a few units and well-conditioned unitaries
    rounding = 1e-11


class TestDensityMatrix(Finite):
    backend = at.DensityMatrix()


class TestStateVectors(Finite):
    backend = at.StateVectors(max_columns=4096)
