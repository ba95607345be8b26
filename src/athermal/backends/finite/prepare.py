"""Initial states of machines of finite parts, from their descriptions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from athermal._types import Matrix
from athermal.backends.finite.state import Cluster, Pieces
from athermal.errors import MachineError, StateError
from athermal.machine.initial import (
    Charged,
    CorrelatedMarginals,
    Correlation,
    Displaced,
    GaussianMoments,
    Gibbs,
    GivenState,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.machine import Machine
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.density import largest_pattern, root_factor, thermal_populations
from athermal.maths.symplectic import mode_indices
from athermal.maths.tensor import embed, partial_trace
from athermal.maths.unitary import Spectrum

Backwards = Callable[[Matrix, int], Matrix]

# Matrices of the size of the parts involved that a preparation holds at once.
_MATRICES = 6
_GIB = 2.0**30
# By how much correlations may change a marginal: rounding.
_MARGINAL = 1e-10


class Preparation:
    """Turns the description of an initial state into clusters."""

    def __init__(self, machine: Machine, hamiltonian: TensorHamiltonian, cycles_backwards: Backwards, max_memory: float) -> None:
        self.machine = machine
        self.hamiltonian = hamiltonian
        self.cycles_backwards = cycles_backwards
        self.max_memory = max_memory

    def _make_room(self, names: Sequence[str], what: str) -> None:
        """Raise `MachineError` if matrices on some parts would take more memory than they may."""
        size = math.prod(self.hamiltonian.sizes(names))
        needed = _MATRICES * 16.0 * float(size) ** 2 / _GIB
        if needed > self.max_memory:
            raise MachineError(
                f"{what} of {', '.join(map(repr, names))} is a matrix of dimension {size}, whose preparation would need about "
                f"{needed:.3g} GiB, but `max_memory` of the backend is {self.max_memory:g} GiB. Involve fewer parts, or raise "
                "`max_memory` if there is that much."
            )

    def pieces(self, initial: InitialState) -> Pieces:
        """Return the clusters of a state; `cycles_backwards` takes the factor of the whole some cycles back in time."""
        if isinstance(initial, ProductThermal):
            return self._product_thermal(initial)
        if isinstance(initial, Gibbs):
            return self._gibbs(initial)
        if isinstance(initial, GaussianMoments):
            raise MachineError(
                "A state of given moments is Gaussian, but this machine is run with density matrices. Use GivenState, or run a "
                "machine of oscillators with the backend Dense()."
            )
        if not isinstance(initial, (Charged, CorrelatedMarginals, Squeezed, Displaced, GivenState)):
            raise MachineError(f"The finite backends do not know the initial state {type(initial).__name__}.")
        pieces = self.pieces(initial.start)
        if isinstance(initial, Charged):
            if initial.cycles:
                factor = self.cycles_backwards(pieces.factor(), initial.cycles)
                return Pieces(self.hamiltonian, [Cluster(self.hamiltonian.names, factor)])
        elif isinstance(initial, CorrelatedMarginals):
            self._correlate(initial, pieces)
        elif isinstance(initial, GivenState):
            self._give(initial, pieces)
        else:
            self._move(initial, pieces)
        return pieces

    # --- thermal states ------------------------------------------------------------------------------------------------

    def _product_thermal(self, initial: ProductThermal) -> Pieces:
        for name in initial.temperatures:
            self._known(name, initial)
        pieces = Pieces(self.hamiltonian)
        for name in self.hamiltonian.names:
            temperature = initial.temperatures.get(name, self.machine.start_temperature(name))
            pieces.clusters.append(self._thermal((name,), temperature))
        return pieces

    def _gibbs(self, initial: Gibbs) -> Pieces:
        names = self.hamiltonian.names if initial.parts is None else initial.parts
        for name in names:
            self._known(name, initial)
        if len(set(names)) != len(names):
            raise MachineError(f"`parts` of a Gibbs state must not repeat a part, but is {list(names)}.")
        others = [
            self._thermal((name,), self.machine.start_temperature(name)) for name in self.hamiltonian.names if name not in names
        ]
        return Pieces(self.hamiltonian, [self._thermal(tuple(names), initial.temperature), *others])

    def _thermal(self, names: tuple[str, ...], temperature: float) -> Cluster:
        """Return the Gibbs state of some parts' Hamiltonian at time zero."""
        if len(names) > 1:
            self._make_room(names, "The Gibbs state")
        if len(names) == 1 and names[0] in self.hamiltonian.reservoir_energies:
            energies, vectors = self.hamiltonian.reservoir_energies[names[0]], None
        else:
            spectrum = Spectrum.of(self.hamiltonian.own(names))
            energies, vectors = spectrum.energies, spectrum.vectors
        populations = thermal_populations(energies, temperature)
        kept = np.flatnonzero(populations > 0.0)
        roots = np.sqrt(populations[kept])
        if vectors is None:
            places = (kept, np.arange(len(kept)))
            return Cluster(names, scipy.sparse.csc_array((roots, places), shape=(len(energies), len(kept))))
        return Cluster(names, vectors[:, kept] * roots)

    def _known(self, name: str, initial: InitialState) -> None:
        try:
            self.machine.part(name)
        except MachineError as error:
            raise MachineError(f"The initial state {type(initial).__name__} names a part that is not there. {error}") from None

    # --- given states --------------------------------------------------------------------------------------------------

    def _give(self, initial: GivenState, pieces: Pieces) -> None:
        names = self.hamiltonian.names if initial.parts is None else initial.parts
        for name in names:
            self._known(name, initial)
        given = initial.state
        sizes = self.hamiltonian.sizes(names)
        if given.dimension != math.prod(sizes):
            dimensions = ", ".join(f"{name!r} {size}" for name, size in zip(names, sizes, strict=True))
            raise StateError(
                f"The given state must have the dimension {math.prod(sizes)} of its parts ({dimensions}), but has "
                f"{given.dimension}."
            )
        if not given.is_vector:
            self._make_room(names, "The given state")
        taken = initial.physical().matrix
        factor = taken[:, None] if given.is_vector else root_factor(taken)[0]
        for k, name in enumerate(names):  # reservoirs are kept in their energy basis
            part = self.machine.part(name)
            if isinstance(part, FiniteReservoir):
                shaped = np.moveaxis(factor.reshape(*sizes, -1), k, 0)
                turned = part.adjoint_basis(shaped.reshape(sizes[k], -1)).reshape(shaped.shape)
                factor = np.moveaxis(turned, 0, k).reshape(factor.shape)
        for cluster in list(pieces.clusters):
            lost = set(cluster.parts) & set(names)
            if lost and lost != set(cluster.parts):
                raise StateError(
                    f"The given state of {', '.join(map(repr, names))} must replace parts that are uncorrelated with the "
                    f"others, but `start` correlates {', '.join(map(repr, cluster.parts))}. Give the state of all of these."
                )
        pieces.clusters = [cluster for cluster in pieces.clusters if not set(cluster.parts) & set(names)]
        pieces.clusters.append(Cluster(tuple(names), factor))

    def _move(self, initial: Squeezed | Displaced, pieces: Pieces) -> None:
        """Squeeze or displace the truncated oscillators of a part, by the unitary of the cut ladder operators."""
        self._known(initial.part, initial)
        levels = self.hamiltonian.truncated.get(initial.part)
        if not levels:
            raise MachineError(
                f"The initial state {type(initial).__name__} must name a part of truncated oscillators, but {initial.part!r} "
                "is none. Use GivenState."
            )
        self._make_room((initial.part,), "A squeezed or displaced state")
        moves = self._amplitudes_of(initial, len(levels)) if isinstance(initial, Displaced) else np.zeros(len(levels))
        unitary = np.ones((1, 1), dtype=complex)
        for k, n in enumerate(levels):
            lower = np.diag(np.sqrt(np.arange(1.0, n)), 1)
            if isinstance(initial, Squeezed):
                pair = np.exp(-1j * initial.phase) * lower @ lower
                generator = 0.5 * initial.r * (pair - pair.conj().T)
            else:
                alpha = moves[k]
                generator = alpha * lower.T - np.conj(alpha) * lower
            unitary = np.kron(unitary, scipy.linalg.expm(generator))
        cluster = pieces.cluster_of((initial.part,))
        whole = embed(unitary, [cluster.parts.index(initial.part)], self.hamiltonian.sizes(cluster.parts))
        pieces.replace(cluster, whole @ cluster.factor)

    def _amplitudes_of(self, initial: Displaced, n_modes: int) -> Matrix:
        """Return (x + i p)/sqrt 2 of each mode; the sites of a network of oscillators are turned into its normal modes."""
        moved = []
        for values in (initial.x, initial.p):
            amounts = np.atleast_1d(np.asarray(values, dtype=float))
            if len(amounts) not in (1, n_modes):
                raise MachineError(
                    f"A displaced state of {initial.part!r} must give one number or {n_modes}, but gives {len(amounts)}."
                )
            moved.append(np.broadcast_to(amounts, (n_modes,)))
        if not self.machine.is_finite:
            gaussian = self.machine.hamiltonian
            rows = mode_indices(gaussian.part_modes[initial.part], gaussian.n_modes)
            sites = np.zeros((2 * gaussian.n_modes, 1))
            sites[rows, 0] = np.concatenate(moved)
            moved = np.split(gaussian.from_sites(sites)[rows, 0], 2)
        return np.asarray((moved[0] + 1j * moved[1]) / np.sqrt(2.0))

    # --- correlated marginals ------------------------------------------------------------------------------------------

    def _correlate(self, initial: CorrelatedMarginals, pieces: Pieces) -> None:
        """Turn rho into rho^{1/2} (1 + c Y) rho^{1/2}, with c as large as the strength says, Y the sum of the patterns."""
        for entry in initial.correlations:
            for name in entry.between:
                self._known(name, initial)
        if not self.machine.is_finite:
            raise MachineError(
                "Correlated marginals of oscillators treated as Gaussian are patterns in their covariance, which density "
                "matrices of cut oscillators cannot hold. Run Dense(), or write the machine with TruncatedOscillator and "
                "TruncatedBath."
            )
        touched = tuple(dict.fromkeys(name for entry in initial.correlations for name in entry.between))
        joint = [name for cluster in pieces.clusters if set(cluster.parts) & set(touched) for name in cluster.parts]
        self._make_room(joint, "The correlated state")
        cluster = pieces.cluster_of(touched)
        sizes = self.hamiltonian.sizes(cluster.parts)
        pattern = scipy.sparse.csr_array((int(np.prod(sizes)),) * 2, dtype=complex)
        for entry in initial.correlations:
            product = np.exp(-1j * entry.phase) * self._product(entry)
            positions = [cluster.parts.index(name) for name in entry.between]
            pattern = pattern + entry.weight * embed(product + product.conj().T, positions, sizes)
        if initial.strength == 0.0 or not pattern.nnz:
            return
        # On the support of rho: with rho = V p V^dag, in the basis V.
        columns = cluster.factor / np.sqrt(cluster.weights)
        inside = columns.conj().T @ (pattern @ columns)
        largest = largest_pattern(inside)
        names = ", ".join(repr(name) for entry in initial.correlations for name in entry.between)
        if not np.isfinite(largest):
            raise StateError(
                f"No correlation of this pattern is possible between {names}: one of the parts is in a pure state. "
                "Raise a temperature."
            )
        root = columns * np.sqrt(cluster.weights)
        change = root @ (largest * inside) @ root.conj().T
        for name in cluster.parts:
            moved = float(np.max(np.abs(partial_trace(change, sizes, [cluster.parts.index(name)]))))
            if moved > _MARGINAL:
                raise StateError(
                    f"A correlation of this pattern between {names} must leave the states of the parts as they are, but would "
                    f"change that of {name!r} by {moved:.2g}: in `start` they are correlated already, or an operator of the "
                    "pattern has a mean value. Correlate parts that are thermal in their number basis, or use GivenState."
                )
        values, vectors = np.linalg.eigh(np.eye(len(inside)) + initial.strength * largest * inside)
        # (1 + c Y)^{1/2}, acting between the roots of rho; the singular vectors make the columns orthogonal again.
        mixed = root @ (vectors * np.sqrt(np.maximum(values, 0.0)))
        left, singular, _ = np.linalg.svd(mixed, full_matrices=False)
        kept = singular > len(singular) * np.finfo(float).eps
        pieces.replace(cluster, left[:, kept] * singular[kept])

    def _product(self, entry: Correlation) -> Any:
        """Return A B^dag, or A B, of a pattern; of paired modes the sum over the pairs with their weights."""
        if not entry.is_paired:
            return scipy.sparse.kron(*self._amplitudes(entry, entry.site, entry.weights), format="csr")
        sites = [getattr(self.machine.part(name), "n_sites", 1) for name in entry.between]
        weights = entry.pair_weights(sites)
        pairs = [(k, weight) for k, weight in enumerate(weights) if weight != 0.0]
        size = math.prod(self.hamiltonian.sizes(entry.between))
        products = (weight * scipy.sparse.kron(*self._amplitudes(entry, k, None), format="csr") for k, weight in pairs)
        return sum(products, scipy.sparse.csr_array((size, size)))

    def _amplitudes(self, entry: Correlation, site: int | None, weights: tuple[float, ...] | None) -> tuple[Matrix, Matrix]:
        """Return A and B^dag, or A and B, of a pattern <A B^dag> or <A B> at the contacts that are named."""
        owner = f"The correlation between {entry.between[0]!r} and {entry.between[1]!r}"
        found = []
        for k, name in enumerate(entry.between):
            part = self.machine.part(name)
            if not isinstance(part, (FiniteSubsystem, FiniteReservoir)) or part.lowering is None:
                raise MachineError(
                    f"{owner} must be between parts with a lowering operator, but {name!r} has none. Use GivenState."
                )
            if isinstance(part, FiniteReservoir):
                matrix = part.operator(part.lowering, site, weights, owner)
                matrix = matrix / part.contact_norm(site, weights, owner)
            else:
                matrix = part.operator(part.lowering)
            found.append(matrix.conj().T.tocsr() if k == 1 and entry.pattern == "exchange" else matrix)
        return found[0], found[1]
