"""Observables and states of machines of oscillators treated as Gaussian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import scipy.sparse

from athermal._types import FloatArray
from athermal.backends.base import Keeper, Watch
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.observable import Observable
from athermal.machine.quadratures import mean_of, polynomials, rows_of, sites_of
from athermal.thermodynamics.states import Kept

State = TypeVar("State")
Moments = Callable[[Any, object, Any], tuple[FloatArray, FloatArray]]
"""Of a state, a name, and sparse rows over the quadratures of the whole: the mean and covariance of these functionals."""


def watch(hamiltonian: Hamiltonian, observables: Sequence[Observable], moments: Moments) -> Watch[Any]:
    """Return what reads observables off a Gaussian state."""
    factors = [polynomials(observable, hamiltonian) for observable in observables]
    rows = [scipy.sparse.vstack([rows_of(hamiltonian, f.part, f.sites) for f in found], format="csr") for found in factors]
    keys = [tuple((f.part, f.sites) for f in found) for found in factors]

    def read(state: Any) -> tuple[FloatArray, FloatArray | None]:
        each = zip(factors, keys, rows, strict=True)
        return np.array([mean_of(found, *moments(state, key, functionals)) for found, key, functionals in each]), None

    return read


def keeper(hamiltonian: Hamiltonian, parts: tuple[str, ...], moments: Moments) -> Keeper[Any]:
    """Return what takes the moments of some parts off a Gaussian state, in the quadratures of their sites."""
    chosen = [(name, sites_of(hamiltonian, name)) for name in parts]
    rows = scipy.sparse.vstack([rows_of(hamiltonian, name, sites) for name, sites in chosen], format="csr")
    sizes = tuple(len(sites) for _, sites in chosen)

    def keep(state: Any) -> Kept:
        mean, covariance = moments(state, tuple(chosen), rows)
        return Kept(parts, sizes, None, mean, 0.5 * (covariance + covariance.T))

    return keep
