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
from athermal.backends.preparer import Change, Preparer, Start, thermal_blocks
from athermal.errors import MachineError, StateError
from athermal.machine.correlation import Correlation
from athermal.machine.initial import (
    CorrelatedMarginals,
    Displaced,
    GaussianMoments,
    Gibbs,
    GivenState,
    InitialState,
    ProductThermal,
    Squeezed,
)
from athermal.machine.layout import Layout
from athermal.machine.parts import FiniteReservoir, FiniteSubsystem
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.density import largest_pattern, root_factor, thermal_populations
from athermal.maths.symplectic import mode_indices
from athermal.maths.tensor import embed, partial_trace
from athermal.maths.unitary import Spectrum

# Matrices of the size of the parts involved that a preparation holds at once.
_MATRICES = 6
_GIB = 2.0**30
# By how much correlations may change a marginal: rounding.
_MARGINAL = 1e-10


class FinitePreparer(Preparer[Pieces]):
    """Turns descriptions of initial states into clusters of parts.

    Parameters
    ----------
    machine : Machine
    hamiltonian : TensorHamiltonian
    max_memory : float
        GiB that it may need.
    backend : str
        What error messages call the backend.
    cycle_backwards : callable, optional
        Takes clusters one cycle back in time.
    """

    def __init__(
        self,
        machine: Layout,
        hamiltonian: TensorHamiltonian,
        max_memory: float,
        backend: str,
        cycle_backwards: Callable[[Pieces], Pieces] | None = None,
    ) -> None:
        super().__init__(machine, backend, cycle_backwards)
        self.hamiltonian = hamiltonian
        self.max_memory = max_memory

    def starts(self) -> dict[type[InitialState], Start[Pieces]]:
        return {ProductThermal: self._thermal, Gibbs: self._thermal}

    def changes(self) -> dict[type[InitialState], Change[Pieces]]:
        return {
            CorrelatedMarginals: self._correlated,
            Squeezed: self._squeezed,
            Displaced: self._displaced,
            GivenState: self._given,
        }

    def reasons(self) -> dict[type[InitialState], str]:
        return {
            GaussianMoments: (
                "a state of given moments is Gaussian, but this machine is run with density matrices. Use GivenState, or run a "
                "machine of oscillators with the backend Dense()."
            )
        }

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

    # --- thermal states ------------------------------------------------------------------------------------------------

    def _thermal(self, initial: ProductThermal | Gibbs) -> Pieces:
        blocks = thermal_blocks(self.machine, self.hamiltonian.names, initial)
        return Pieces(self.hamiltonian, [self._gibbs(names, temperature) for names, temperature in blocks])

    def _gibbs(self, names: tuple[str, ...], temperature: float) -> Cluster:
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

    # --- given states --------------------------------------------------------------------------------------------------

    def _given(self, initial: GivenState, pieces: Pieces) -> Pieces:
        names = self.hamiltonian.names if initial.parts is None else initial.parts
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
        return pieces

    # --- squeezed and displaced oscillators ------------------------------------------------------------------------------

    def _squeezed(self, layer: Squeezed, pieces: Pieces) -> Pieces:
        def generator(lower: Matrix) -> Matrix:
            pair = np.exp(-1j * layer.phase) * lower @ lower
            return np.asarray(0.5 * layer.r * (pair - pair.conj().T))

        levels = self._levels(layer, layer.part)
        return self._moved(layer.part, [generator(_lowering(n)) for n in levels], pieces)

    def _displaced(self, layer: Displaced, pieces: Pieces) -> Pieces:
        levels = self._levels(layer, layer.part)
        generators = [
            alpha * _lowering(n).T - np.conj(alpha) * _lowering(n)
            for n, alpha in zip(levels, self._amplitudes_of(layer, len(levels)), strict=True)
        ]
        return self._moved(layer.part, generators, pieces)

    def _levels(self, layer: InitialState, part: str) -> tuple[int, ...]:
        """Return the levels of each oscillator of a part, or raise `MachineError` if it is made of none."""
        levels = self.hamiltonian.truncated.get(part)
        if not levels:
            raise MachineError(
                f"The initial state {type(layer).__name__} must name a part of truncated oscillators, but {part!r} is none. Use "
                "GivenState."
            )
        self._make_room((part,), "A squeezed or displaced state")
        return levels

    def _moved(self, part: str, generators: Sequence[Matrix], pieces: Pieces) -> Pieces:
        """Move the oscillators of a part by the unitaries that are generated on each."""
        unitary = np.ones((1, 1), dtype=complex)
        for generator in generators:
            unitary = np.kron(unitary, scipy.linalg.expm(generator))
        cluster = pieces.cluster_of((part,))
        whole = embed(unitary, [cluster.parts.index(part)], self.hamiltonian.sizes(cluster.parts))
        pieces.replace(cluster, whole @ cluster.factor)
        return pieces

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
        if self.hamiltonian.cut_from is not None:
            gaussian, _ = self.hamiltonian.cut_from
            rows = mode_indices(gaussian.part_modes[initial.part], gaussian.n_modes)
            sites = np.zeros((2 * gaussian.n_modes, 1))
            sites[rows, 0] = np.concatenate(moved)
            moved = np.split(gaussian.from_sites(sites)[rows, 0], 2)
        return np.asarray((moved[0] + 1j * moved[1]) / np.sqrt(2.0))

    # --- correlated marginals ------------------------------------------------------------------------------------------

    def _correlated(self, initial: CorrelatedMarginals, pieces: Pieces) -> Pieces:
        """Turn rho into rho^{1/2} (1 + c Y) rho^{1/2}, with c as large as the strength says, Y the sum of the patterns."""
        if self.hamiltonian.cut_from is not None:
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
            return pieces
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
        return pieces

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


def _lowering(levels: int) -> Matrix:
    """Return the lowering operator of an oscillator cut to some levels."""
    return np.diag(np.sqrt(np.arange(1.0, levels)), 1)
