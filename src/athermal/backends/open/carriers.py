"""How the states of a master equation of weak coupling are carried through a stretch without breakpoints."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.backends.open.integrator import Integrator
from athermal.backends.open.weak_coupling import SparseSum, Stretch
from athermal.maths.block_exponential import AugmentedExponential
from athermal.maths.jumps import from_hermitian_coordinates, hermitian_basis, hermitian_coordinates
from athermal.maths.superoperator import stacked, unstacked


class Carried(ABC):
    """A stretch, and how a state and what adds up on its way are carried through it, in Hermitian coordinates."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch

    @abstractmethod
    def carried(self, inside: FloatArray, integrator: Integrator) -> FloatArray:
        """Return the coordinates of a state at the end, and what the sums grow by."""

    @abstractmethod
    def size(self) -> float:
        """Return how many bytes it takes."""

    def run(
        self, vector: ComplexArray, sums: FloatArray, start: float, stop: float, integrator: Integrator
    ) -> tuple[ComplexArray, FloatArray]:
        """Return the state and the sums at the end."""
        stretch, n = self.stretch, self.stretch.size**2
        after = self.carried(hermitian_coordinates(stretch.into_frame(unstacked(vector))), integrator)
        return stacked(stretch.out_of_frame(from_hermitian_coordinates(after[:n]))), sums + after[n:]


class Exact(Carried):
    """A stretch on which the generator is constant, by its exponential."""

    def __init__(self, stretch: Stretch) -> None:
        super().__init__(stretch)
        whole, n = stretch.generator(), stretch.size**2
        self._unit = stretch.equation.system.energy_scale
        with np.errstate(over="ignore", invalid="ignore"):
            self._exponential = AugmentedExponential(whole[:n], whole[n:] / self._unit, stretch.stop - stretch.start)

    def carried(self, inside: FloatArray, integrator: Integrator) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore"):
            state, added = self._exponential(inside)
            found = np.concatenate([state, self._unit * added])
        self.stretch.finite(found)
        return found

    def size(self) -> float:
        return self._exponential.size()


class Map(Carried):
    """A driven stretch of a small system as a linear map, the same in every cycle."""

    def __init__(self, stretch: Stretch, integrator: Integrator) -> None:
        super().__init__(stretch)
        found, n = stretch.evolved(hermitian_basis(stretch.size), integrator), stretch.size**2
        states = hermitian_coordinates(found[:, :n].reshape(-1, stretch.size, stretch.size))
        self._images = np.concatenate([states, found[:, n:].real], axis=1)

    def carried(self, inside: FloatArray, integrator: Integrator) -> FloatArray:
        return np.asarray(inside @ self._images)

    def size(self) -> float:
        return float(self._images.nbytes)


class Sparse(Carried):
    """A driven stretch with constant dissipators, integrated anew for each state by sparse matrices."""

    @cached_property
    def _generator(self) -> SparseSum:
        return self.stretch.sparse()

    def carried(self, inside: FloatArray, integrator: Integrator) -> FloatArray:
        stretch = self.stretch
        start = np.concatenate([inside, np.zeros(stretch.equation.n_sums)])
        (found,) = integrator.states(self._generator, start, np.array([stretch.start, stretch.stop]), stretch.units)
        stretch.finite(found)
        return np.real(found)

    def size(self) -> float:
        return self._generator.size()


class Driven(Carried):
    """A driven stretch, integrated anew for each state."""

    def carried(self, inside: FloatArray, integrator: Integrator) -> FloatArray:
        d = self.stretch.size
        (found,) = self.stretch.evolved(from_hermitian_coordinates(inside)[None], integrator)
        return np.concatenate([hermitian_coordinates(found[: d * d].reshape(d, d)), found[d * d :].real])

    def size(self) -> float:
        return 0.0
