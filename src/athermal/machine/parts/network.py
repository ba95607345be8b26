"""Baths of coupled modes: chains, rings, any network."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.errors import MachineError, StateError
from athermal.machine.parts.harmonic import HarmonicReservoir
from athermal.machine.parts.reservoir import check_reservoir, static_positive
from athermal.maths.symplectic import symplectic_inverse, williamson

# The form of a network is a matrix: one of so many sites takes 13 GB.
_MOST_SITES = 20_000


class NetworkReservoir(HarmonicReservoir):
    """Coupled sites, given by a static form; diagonalised when made."""

    @abstractmethod
    def _form(self) -> FloatArray:
        """Return the (2n, 2n) form h_j of H_j = r^T h_j r / 2."""

    @cached_property
    def _normal(self) -> tuple[FloatArray, FloatArray]:
        return williamson(self._form())

    @property
    def n_modes(self) -> int:
        return len(self._form()) // 2

    @property
    def frequencies(self) -> FloatArray:
        return self._normal[0]

    # h = T w T^T with T symplectic, so the normal modes are r_site = T^-T r_normal.
    def to_normal_modes(self, rows: FloatArray) -> FloatArray:
        return np.asarray(symplectic_inverse(self._normal[1]) @ rows)

    def from_normal_modes(self, rows: FloatArray) -> FloatArray:
        return np.asarray(symplectic_inverse(self._normal[1]).T @ rows)

    def _check_bounded(self, owner: str, remedy: str) -> None:
        try:
            _ = self._normal
        except StateError as error:
            raise MachineError(f"The Hamiltonian of {owner} must be bounded below, but is not: {error} {remedy}") from None


@dataclass(frozen=True)
class Chain(NetworkReservoir):
    """An open chain: H_j = sum_n w (x_n^2 + p_n^2)/2 + hopping sum_n x_n x_{n+1}.

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    sites : int
    frequency, hopping : float
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Examples
    --------
    >>> Chain("hot", temperature=1.0, sites=4, frequency=1.0, hopping=0.1).n_modes
    4
    """

    name: str
    temperature: float
    sites: int
    frequency: float
    hopping: float
    renewed: bool = False
    kind: Literal["chain"] = field(default="chain", repr=False)
    _closed = False

    def __post_init__(self) -> None:
        owner = check_reservoir(self)
        object.__setattr__(
            self, "sites", _validate.count(self.sites, "sites", owner, least=3 if self._closed else 1, most=_MOST_SITES)
        )
        object.__setattr__(self, "frequency", static_positive(self.frequency, "frequency", owner))
        object.__setattr__(self, "hopping", _validate.real(self.hopping, "hopping", owner))
        self._check_bounded(owner, "Keep |hopping| below half the frequency.")

    def _form(self) -> FloatArray:
        x = self.frequency * np.eye(self.sites)
        index = np.arange(self.sites - 1)
        x[index, index + 1] = x[index + 1, index] = self.hopping
        if self._closed:
            x[0, -1] = x[-1, 0] = self.hopping
        zero = np.zeros_like(x)
        return np.block([[x, zero], [zero, self.frequency * np.eye(self.sites)]])

    @property
    def n_modes(self) -> int:
        return self.sites


@dataclass(frozen=True)
class Ring(Chain):
    """A closed chain: as `Chain`, with site n coupled to site 0.

    Examples
    --------
    >>> Ring("hot", temperature=1.0, sites=4, frequency=1.0, hopping=0.1).n_modes
    4
    """

    kind: Literal["ring"] = field(default="ring", repr=False)  # type: ignore[assignment]
    _closed = True


@dataclass(frozen=True)
class CoupledBath(NetworkReservoir):
    """A bath of any coupled modes: H_j = r^T form r / 2 with r = (x_1..x_n, p_1..p_n).

    Parameters
    ----------
    name : str
    temperature : float
        Zero for a bath in its ground state (a vacuum).
    form : (2n, 2n) matrix
        Symmetric, positive definite.
    site_couplings : sequence of float, optional
        g_k of the sites; without them a coupling must say which site it touches.
    renewed : bool
        Whether fresh units replace it at the start of every cycle, in the state that a run starts from.

    Examples
    --------
    >>> CoupledBath("hot", temperature=1.0, form=np.eye(4)).frequencies
    array([1., 1.])
    """

    name: str
    temperature: float
    form: tuple[tuple[float, ...], ...]
    site_couplings: tuple[float, ...] | None = None
    renewed: bool = False
    kind: Literal["coupled_bath"] = field(default="coupled_bath", repr=False)

    def __post_init__(self) -> None:
        owner = check_reservoir(self)
        form = _validate.matrix(self.form, "form", owner)
        array = np.array(form)
        if array.shape[0] != array.shape[1] or len(array) % 2 or not np.allclose(array, array.T, rtol=1e-12, atol=0.0):
            raise MachineError(f"`form` of {owner} must be a symmetric 2n x 2n matrix, but has shape {array.shape}.")
        object.__setattr__(self, "form", form)
        if self.site_couplings is not None:
            couplings = _validate.reals(self.site_couplings, "site_couplings", owner, length=len(array) // 2)
            object.__setattr__(self, "site_couplings", couplings)
        self._check_bounded(owner, "Make `form` positive definite.")

    def _form(self) -> FloatArray:
        array = np.array(self.form)
        return np.asarray(0.5 * (array + array.T))

    @property
    def own_weights(self) -> FloatArray | None:
        return None if self.site_couplings is None else np.array(self.site_couplings)
