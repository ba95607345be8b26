"""Finite reservoirs: spin baths, baths of truncated oscillators, anything with a Hamiltonian matrix."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.linalg
import scipy.sparse

from athermal._types import FloatArray, Matrix
from athermal.errors import MachineError
from athermal.machine.operator import (
    AnyHamiltonian,
    Operator,
    as_hamiltonian,
    named_operator,
    oscillator_operators,
    spin_operators,
)
from athermal.machine.parts.finite import check_dimension, check_levels, fitting_matrix
from athermal.machine.parts.reservoir import Reservoir, check_reservoir, check_sites, contact_weights
from athermal.maths.tensor import embed

Site = int | None
Weights = tuple[float, ...] | None


class FiniteReservoir(Reservoir):
    """A reservoir with finitely many states.

    Inside the software its operators are in the eigenbasis of its Hamiltonian.

    Examples
    --------
    >>> import athermal as at
    >>> at.SpinBath("hot", 1.0, spin_frequencies=[1.0, 3.0]).energies
    array([ 2., -1.,  1., -2.])
    """

    families: ClassVar[tuple[str, ...]] = ("finite",)
    general: ClassVar[str] = "FiniteBath"

    @property
    @abstractmethod
    def dimension(self) -> int:
        """The number of basis states."""

    @property
    @abstractmethod
    def energies(self) -> FloatArray:
        """The eigenvalues of H_j, shape (dimension,)."""

    @abstractmethod
    def operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        """Return the sparse matrix of an operator in the energy basis, or raise `MachineError`."""

    @abstractmethod
    def local_operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        """Return the operator as far as it must be known to check it, at no cost in the number of sites."""

    def extent(self) -> dict[str, float]:
        return {"dimension": self.dimension}

    def adjoint_basis(self, rows: Any) -> Any:
        """Return V^dag rows, where the columns of V are the energy eigenstates: rows of the user's basis in the energy basis."""
        return rows

    def contact_norm(self, site: Site, weights: Weights, owner: str) -> float:
        """Return |g| of the contact sum_k g_k O_k that an operator by name is."""
        return 1.0

    @property
    def lowering(self) -> str | None:
        """The name of its lowering operator, if it has one."""
        return None

    def softness(self, site: Site, weights: Weights, owner: str) -> float | None:
        """Return sum_k g_k^2/w_k of a contact with a bath of oscillators, for its counter-term; None for other baths."""
        return None

    @property
    def truncated_modes(self) -> tuple[int, ...]:
        """The levels to which each of its oscillators is cut; empty if it has none."""
        return ()


class _SiteBath(FiniteReservoir):
    """Independent sites of one kind; an operator by name is sum_k g_k O_k, at one site O_k, with weights sum_k weight_k O_k."""

    @property
    @abstractmethod
    def frequencies(self) -> FloatArray:
        """w_k of each site."""

    @property
    @abstractmethod
    def own_weights(self) -> FloatArray:
        """g_k of each site."""

    @abstractmethod
    def _site_operators(self) -> dict[str, Matrix]:
        """Return the standard operators of a site."""

    @abstractmethod
    def _site_levels(self) -> FloatArray:
        """Return the energies of a site of frequency 1."""

    @property
    def n_sites(self) -> int:
        """The number of sites."""
        return len(self.frequencies)

    @property
    def dimension(self) -> int:
        return math.prod(self._sizes)

    @property
    def _sizes(self) -> tuple[int, ...]:
        return (len(self._site_levels()),) * self.n_sites

    @cached_property
    def energies(self) -> FloatArray:
        total = np.zeros(1)
        for frequency in self.frequencies:
            total = (total[:, None] + frequency * self._site_levels()).ravel()
        return total

    def local_operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        if not isinstance(operator, str):
            return self._whole_matrix(operator, site, weights, owner)
        self._amounts(site, weights, owner)
        return named_operator(operator, self._site_operators(), len(self._site_levels()), f"a site of {self.owner}")

    def operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        local = self.local_operator(operator, site, weights, owner)
        if not isinstance(operator, str):
            return local
        total = scipy.sparse.csr_array((self.dimension, self.dimension))
        for k, amount in enumerate(self._amounts(site, weights, owner)):
            if amount != 0.0:
                total = total + amount * embed(local, [k], self._sizes)
        return total

    def contact_norm(self, site: Site, weights: Weights, owner: str) -> float:
        norm = float(np.linalg.norm(self._amounts(site, weights, owner)))
        if norm == 0.0:
            raise MachineError(f"{owner} must have a contact: the weights of {self.owner} must not all be zero.")
        return norm

    def _whole_matrix(self, operator: Any, site: Site, weights: Weights, owner: str) -> Any:
        if site is not None or weights is not None:
            raise MachineError(
                f"`site` and `weights` of {owner} must be left out when the operator is a matrix: it acts on the whole."
            )
        return fitting_matrix(operator, self.dimension, self.owner)

    def _amounts(self, site: Site, weights: Weights, owner: str) -> FloatArray:
        return contact_weights(self.n_sites, self.own_weights, site, weights, owner, self.owner)


@dataclass(frozen=True)
class SpinBath(_SiteBath):
    """A bath of independent spins: H_j = sum_k w_k sigma_z^k / 2.

    A coupling sees a standard operator ("sigmax", "sigmay", "sigmaz", "sigmap", "sigmam") as sum_k g_k O_k; as O_k where it
    names a `site`. An operator of your own acts on all spins, in the order of `numpy.kron` and of QuTiP.

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    spin_frequencies : sequence of float
        w_k.
    spin_couplings : sequence of float, optional
        g_k; equal to one if left out.
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Examples
    --------
    >>> SpinBath("hot", temperature=1.5, spin_frequencies=[1.0, 1.1], spin_couplings=[0.1, 0.1]).dimension
    4
    """

    name: str
    temperature: float
    spin_frequencies: tuple[float, ...]
    spin_couplings: tuple[float, ...] | None = None
    renewed: bool = False
    kind: Literal["spin_bath"] = field(default="spin_bath", repr=False)

    def __post_init__(self) -> None:
        check_sites(self, "spin", bounded=True)

    @property
    def frequencies(self) -> FloatArray:
        return np.array(self.spin_frequencies)

    @property
    def own_weights(self) -> FloatArray:
        return np.ones(self.n_sites) if self.spin_couplings is None else np.array(self.spin_couplings)

    def _site_operators(self) -> dict[str, Matrix]:
        return spin_operators()

    def _site_levels(self) -> FloatArray:
        return np.array([0.5, -0.5])

    @property
    def lowering(self) -> str:
        return "sigmam"


@dataclass(frozen=True)
class TruncatedBath(_SiteBath):
    """A star bath of oscillators cut to their lowest levels: H_j = sum_k w_k (n_k + 1/2).

    A coupling sees a standard operator ("destroy", "create", "num", "position", "momentum") as sum_k g_k O_k, or O_k at one
    `site`.

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    mode_frequencies : sequence of float
        w_k > 0.
    mode_couplings : sequence of float, optional
        g_k; equal to one if left out.
    levels : int
        States kept of each mode.
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Examples
    --------
    >>> TruncatedBath("hot", 0.5, mode_frequencies=[1.0, 1.2], mode_couplings=[0.1, 0.1], levels=4).dimension
    16
    """

    name: str
    temperature: float
    mode_frequencies: tuple[float, ...]
    mode_couplings: tuple[float, ...] | None = None
    levels: int = 4
    renewed: bool = False
    kind: Literal["truncated_bath"] = field(default="truncated_bath", repr=False)

    def __post_init__(self) -> None:
        owner = check_sites(self, "mode", bounded=False)
        object.__setattr__(self, "levels", check_levels(self.levels, owner))

    @property
    def frequencies(self) -> FloatArray:
        return np.array(self.mode_frequencies)

    @property
    def own_weights(self) -> FloatArray:
        return np.ones(self.n_sites) if self.mode_couplings is None else np.array(self.mode_couplings)

    def _site_operators(self) -> dict[str, Matrix]:
        return oscillator_operators(self.levels)

    def _site_levels(self) -> FloatArray:
        return np.asarray(np.arange(self.levels) + 0.5, dtype=float)

    @property
    def lowering(self) -> str:
        return "destroy"

    def softness(self, site: Site, weights: Weights, owner: str) -> float:
        return float(np.sum(self._amounts(site, weights, owner) ** 2 / self.frequencies))

    @property
    def truncated_modes(self) -> tuple[int, ...]:
        return self._sizes


@dataclass(frozen=True)
class FiniteBath(FiniteReservoir):
    """A reservoir by its Hamiltonian: interacting spins, a many-level environment, anything finite.

    Couplings name its operators as QuTiP operators or matrices of the same basis, or as "|j><k|".

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    hamiltonian : Qobj, matrix or sequence of float
        H_j, Hermitian; a sequence lists the energies of the basis states.
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Raises
    ------
    MachineError
        If the Hamiltonian is not Hermitian.

    Examples
    --------
    >>> import qutip
    >>> FiniteBath("hot", temperature=1.0, hamiltonian=qutip.tensor(qutip.sigmax(), qutip.sigmax())).dimension
    4
    """

    name: str
    temperature: float
    hamiltonian: AnyHamiltonian
    renewed: bool = False
    kind: Literal["finite_bath"] = field(default="finite_bath", repr=False)

    def __post_init__(self) -> None:
        owner = check_reservoir(self)
        object.__setattr__(self, "hamiltonian", as_hamiltonian(self.hamiltonian, "hamiltonian", owner))
        check_dimension(self.dimension, owner)

    @property
    def dimension(self) -> int:
        return int(self.hamiltonian.dimension)

    @property
    def is_diagonal(self) -> bool:
        """Whether the basis states are eigenstates."""
        entries = scipy.sparse.coo_array(self.hamiltonian.matrix)
        return not np.any(entries.data[entries.row != entries.col])

    @cached_property
    def _eigenbasis(self) -> tuple[FloatArray, Matrix]:
        matrix = self.hamiltonian.matrix
        if self.is_diagonal:
            return np.real(matrix.diagonal()), scipy.sparse.eye_array(self.dimension, format="csr")
        energies, vectors = scipy.linalg.eigh(matrix.toarray())
        return energies, vectors

    @property
    def energies(self) -> FloatArray:
        return self._eigenbasis[0]

    def extent(self) -> dict[str, float]:
        return {"dimension": self.dimension}

    def adjoint_basis(self, rows: Any) -> Any:
        return self._eigenbasis[1].conj().T @ rows

    def local_operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        if site is not None or weights is not None:
            raise MachineError(f"`site` and `weights` of {owner} must be left out: {self.owner} is given as a whole.")
        if isinstance(operator, str):
            return named_operator(operator, {"identity": np.eye(self.dimension)}, self.dimension, self.owner)
        return fitting_matrix(operator, self.dimension, self.owner)

    def operator(self, operator: Operator, site: Site, weights: Weights, owner: str) -> Any:
        local = self.local_operator(operator, site, weights, owner)
        if self.is_diagonal:
            return local
        matrix = self.adjoint_basis(local @ self._eigenbasis[1])
        # Rounding where the rotated operator has a zero would hide what the machine conserves.
        dense = matrix.toarray() if scipy.sparse.issparse(matrix) else np.array(matrix)
        dense[np.abs(dense) <= 64.0 * np.finfo(float).eps * math.sqrt(self.dimension) * np.max(np.abs(dense), initial=0.0)] = 0.0
        return scipy.sparse.csr_array(dense)
