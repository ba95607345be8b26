"""A state of the whole as a factor of its density matrix, and the pieces it is put together from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, Matrix
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.density import root_factor, spectrum_entropy
from athermal.maths.tensor import reduced


@dataclass(frozen=True)
class FactorState:
    """rho = M M^dag of the whole; evolution turns M into U M.

    Parameters
    ----------
    factor : (d, r) array
        M, one column for each pure state of a mixture, orthogonal unless it is a sample.
    integrals : (1 + reservoirs + counters, r or 1) array
        The work done on the subsystems' own terms and on the couplings to each reservoir, and what each counter has counted,
        since time zero: in each column, or in all together.
    defect : float
        By how much the propagators since the start have missed unitarity, at most.
    fresh : Cluster, optional
        The state in which the units of renewed reservoirs come.
    """

    factor: ComplexArray
    integrals: FloatArray
    defect: float = 0.0
    fresh: Cluster | None = None

    @classmethod
    def at_start(cls, factor: ComplexArray, n_integrals: int, columns: int = 1, fresh: Cluster | None = None) -> FactorState:
        """Return a state at time zero."""
        return cls(factor, np.zeros((n_integrals, columns)), fresh=fresh)


@dataclass(frozen=True)
class Cluster:
    """The state of some parts that are uncorrelated with all others: rho = M M^dag with orthogonal columns, M dense or sparse."""

    parts: tuple[str, ...]
    factor: Any

    @property
    def weights(self) -> FloatArray:
        """The populations of the columns: the spectrum of rho."""
        return np.asarray((abs(self.factor) ** 2).sum(axis=0)).ravel()

    @property
    def dense(self) -> Matrix:
        """M as a dense matrix."""
        return np.asarray(self.factor.toarray() if scipy.sparse.issparse(self.factor) else self.factor)


# Correlations up to this part of a product state are rounding.
_PRODUCT = 1e-10


class Entangled(Exception):  # noqa: N818  it is caught where the machine is known
    """Two groups of parts are not in a product state; its arguments are a part of each."""


@dataclass
class Pieces:
    """Clusters that make up the whole."""

    hamiltonian: TensorHamiltonian
    clusters: list[Cluster] = field(default_factory=list)

    @property
    def rank(self) -> int:
        """The number of columns that the factor of the whole has."""
        return math.prod(cluster.factor.shape[1] for cluster in self.clusters)

    @property
    def entropy(self) -> float:
        """The entropy of the whole."""
        return sum(spectrum_entropy(cluster.weights) for cluster in self.clusters)

    def cluster_of(self, names: Sequence[str]) -> Cluster:
        """Join the clusters that hold some parts, and return the joint one."""
        touched = [cluster for cluster in self.clusters if set(cluster.parts) & set(names)]
        joint = Cluster(touched[0].parts, touched[0].dense)
        for other in touched[1:]:
            joint = Cluster((*joint.parts, *other.parts), np.kron(joint.factor, other.dense))
        self.clusters = [cluster for cluster in self.clusters if all(cluster is not entry for entry in touched)]
        self.clusters.append(joint)
        return joint

    def replace(self, old: Cluster, factor: Matrix) -> None:
        """Give a cluster another state."""
        self.clusters = [Cluster(old.parts, factor) if cluster is old else cluster for cluster in self.clusters]

    def detached(self, names: Sequence[str]) -> Cluster:
        """Return the joint state of some parts, or raise `Entangled` if it is correlated with the others."""
        for cluster in list(self.clusters):
            own = [name for name in cluster.parts if name in names]
            others = [name for name in cluster.parts if name not in names]
            if not own or not others:
                continue
            sizes = self.hamiltonian.sizes(cluster.parts)
            halves = [
                (group, reduced(cluster.dense, sizes, [cluster.parts.index(name) for name in group])) for group in (own, others)
            ]
            turned = ordered(cluster.dense, cluster.parts, (*own, *others), self.hamiltonian)
            apart = np.max(np.abs(turned @ turned.conj().T - np.kron(halves[0][1], halves[1][1])))
            if apart > _PRODUCT * np.max(np.abs(halves[0][1])) * np.max(np.abs(halves[1][1])):
                raise Entangled(own[0], others[0])
            self.clusters = [entry for entry in self.clusters if entry is not cluster]
            self.clusters += [Cluster(tuple(group), root_factor(rho)[0]) for group, rho in halves]
        return self.cluster_of(names)

    def factor(self) -> ComplexArray:
        """Return M of the whole, with the parts in the machine's order."""
        joint = self.cluster_of(self.hamiltonian.names)
        return np.asarray(ordered(joint.factor, joint.parts, self.hamiltonian.names, self.hamiltonian), dtype=complex)

    def random_columns(self, count: int, random: np.random.Generator) -> ComplexArray:
        """Return columns M z with z of independent complex Gaussian entries: the mean of their projectors is rho."""
        sizes = self.hamiltonian.dimensions
        columns = np.empty((math.prod(sizes), count), dtype=complex)
        shapes = [cluster.factor.shape[1] for cluster in self.clusters]
        names = tuple(name for cluster in self.clusters for name in cluster.parts)
        for k in range(count):
            z = (random.standard_normal(math.prod(shapes)) + 1j * random.standard_normal(math.prod(shapes))) / np.sqrt(2.0)
            tensor = z.reshape(shapes)
            for axis, cluster in enumerate(self.clusters):
                front = np.moveaxis(tensor, axis, 0)
                rows = cluster.factor @ front.reshape(len(front), -1)
                tensor = np.moveaxis(rows.reshape(-1, *front.shape[1:]), 0, axis)
            columns[:, k] = ordered(tensor.reshape(-1, 1), names, self.hamiltonian.names, self.hamiltonian)[:, 0]
        return columns

    def drawn_columns(self, count: int, random: np.random.Generator) -> ComplexArray:
        """Return eigenstates of rho drawn with their populations, each of norm one."""
        names = tuple(name for cluster in self.clusters for name in cluster.parts)
        columns = []
        for _ in range(count):
            column = np.ones((1, 1), dtype=complex)
            for cluster in self.clusters:
                weights = cluster.weights
                k = int(random.choice(len(weights), p=weights / np.sum(weights)))
                column = np.kron(column, Cluster(cluster.parts, cluster.factor[:, [k]]).dense / np.sqrt(weights[k]))
            columns.append(ordered(column, names, self.hamiltonian.names, self.hamiltonian))
        return np.concatenate(columns, axis=1)


def ordered(factor: Matrix, parts: Sequence[str], names: Sequence[str], hamiltonian: TensorHamiltonian) -> Matrix:
    """Return the rows of a factor with its parts in another order."""
    if tuple(parts) == tuple(names):
        return factor
    shaped = factor.reshape(*hamiltonian.sizes(parts), -1)
    axes = [list(parts).index(name) for name in names]
    return np.ascontiguousarray(shaped.transpose(*axes, len(parts)).reshape(factor.shape))
