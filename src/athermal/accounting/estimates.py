"""States as they are brought, with what is said of their errors: one estimate for each instant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from athermal._types import FloatArray
from athermal.accounting import noise
from athermal.accounting.given_states import (
    by_instant,
    dimension_of,
    is_moments,
    is_sampled,
    read_counts,
    read_populations,
    read_state,
)
from athermal.accounting.states import AnyState, DensityState, GaussianState, PopulationState
from athermal.errors import StateError, StudyError

# What is farther from a state than this is none, however large its errors.
_ROUGH = 0.5


@dataclass(frozen=True)
class Estimate:
    """A state at an instant, and draws within its errors, if it has any."""

    state: AnyState
    draw: noise.Draw | None = None


@dataclass(frozen=True)
class Given:
    """The states of one subsystem, or of all together, as they were brought.

    Parameters
    ----------
    of : str
        Whose they are, as in "'qubit'".
    kind : {"state", "populations", "counts"}
    values : list
    error : optional
        One of the forms that `noise` reads; None if nothing was said.
    tolerance : float
    is_joint : bool
    """

    of: str
    kind: str
    values: Any
    error: Any
    tolerance: float
    is_joint: bool = False

    @property
    def what(self) -> str:
        """What they are called in errors."""
        return f"The {self.kind} of {self.of}"

    def estimates(self, times: FloatArray) -> tuple[list[Estimate], bool]:
        """Return one estimate for each instant, and whether anything was said of their errors."""
        entries = by_instant(self.values, self.what, len(times))
        labels = [f"{self.what} at t = {time:g}" for time in times]
        if self.kind == "counts":
            found = [self._counted(entry, label) for entry, label in zip(entries, labels, strict=True)]
            return _alike(found, labels), True
        sampled = [self.kind == "state" and is_sampled(entry) for entry in entries]
        if any(sampled) and not all(sampled):
            lone = labels[sampled.index(False)].removeprefix(self.what)
            raise StateError(f"{self.what} must be samples at every instant or at none, but are single{lone}.")
        if any(sampled):
            if self.error is not None:
                raise StudyError(f"{self.what} has an error twice: as samples, and as a number. Leave one out.")
            found = [self._sampled(entry, label) for entry, label in zip(entries, labels, strict=True)]
            return _alike(found, labels), True
        noises = self._noises(entries[0], len(entries))
        found = []
        for entry, label, errors in zip(entries, labels, noises, strict=True):
            state = self._read(entry, label, errors.reach)
            found.append(Estimate(state, errors.around(state)))
        return _alike(found, labels), self.error is not None

    def _read(self, entry: Any, label: str, reach: float) -> AnyState:
        # a tolerance is one of elements, of which eigenvalues may be off by more; how far noise moves these is known, and an
        # element and its adjoint may differ by twice that
        tolerance = self.tolerance + reach * (1.0 if is_moments(entry) else np.sqrt(2.0) / dimension_of(entry))
        if self.kind == "populations":
            return read_populations(entry, label, tolerance, is_joint=self.is_joint)
        return read_state(entry, label, tolerance)

    def _noises(self, first: Any, n_instants: int) -> list[noise.Noise]:
        if self.error is None:
            return [noise.Noise()] * n_instants
        what, size = f"The error of the {self.kind} of {self.of}", dimension_of(first)
        make: Callable[..., list[noise.Noise]] = noise.of_density
        if self.kind == "populations":
            make = noise.of_populations
        elif is_moments(first):
            make = noise.of_gaussian
        return make(self.error, size, n_instants, what)

    def _counted(self, entry: Any, label: str) -> Estimate:
        counts = read_counts(entry, label)
        state = PopulationState(counts / np.sum(counts), is_joint=self.is_joint)
        return Estimate(state, noise.of_counts(counts).around(state))

    def _sampled(self, entry: Any, label: str) -> Estimate:
        if len(entry) < 2:
            raise StateError(f"{label} must be one state or at least two samples of it, but is one sample.")
        # how far they may miss being states is told by their own scatter, so that they are read twice
        rough = [read_state(one, f"{label}, sample {k + 1}", max(_ROUGH, self.tolerance)) for k, one in enumerate(entry)]
        if any(state.size != rough[0].size for state in rough):
            raise StateError(f"{label} must be samples of one state, but they have different sizes.")
        # the scatter of the Hermitian parts tells less than half of that of all
        reach = 1.5 * noise.of_samples(_stacked(rough, label)).reach
        stacked = _stacked([self._read(one, f"{label}, sample {k + 1}", reach) for k, one in enumerate(entry)], label)
        mean = stacked.mean()
        return Estimate(mean, noise.of_samples(stacked).around(mean))


def _stacked(states: list[AnyState], label: str) -> AnyState:
    defect, first = max(state.defect for state in states), states[0]
    if any(type(state) is not type(first) for state in states):
        raise StateError(f"{label} must be samples of one kind of state, but some are {first.space} and some are not.")
    if isinstance(first, GaussianState):
        held = [state for state in states if isinstance(state, GaussianState)]
        return GaussianState(np.array([s.centre for s in held]), np.array([s.covariance for s in held]), defect)
    matrices = [state.given for state in states if isinstance(state, DensityState)]
    return DensityState(np.array(matrices), defect, first.dims if isinstance(first, DensityState) else ())


def _alike(estimates: list[Estimate], labels: list[str]) -> list[Estimate]:
    """Return estimates, or raise `StateError` if one is of another space than the first."""
    first = estimates[0].state
    for estimate, label in zip(estimates, labels, strict=True):
        if estimate.state.space != first.space:
            raise StateError(f"{label} must be a {first.space} as the first is, but is a {estimate.state.space}.")
    return estimates
