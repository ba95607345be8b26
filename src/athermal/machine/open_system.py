"""Finite machines whose baths are continua: the subsystems as matrices, and their contacts with spectral densities.

A contact is H_ij = f(t) X (x) B with B = sum_k g_k x_k and a Hermitian X, its counter-term f(t)^2 X^2 sum_k g_k^2/(2 w_k)
included if the coupling has one; or f(t) L (x) B^dag + h.c. with B = sum_k g_k b_k (exchange).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import scipy.sparse

from athermal._lazy import LazyModule
from athermal._types import FloatArray
from athermal.errors import MachineError
from athermal.machine.coupling import Coupling, Position
from athermal.machine.drive import Drive
from athermal.machine.layout import AnyLayout, Layout
from athermal.machine.parts import ContinuumBath, FiniteSubsystem, TruncatedBath, TruncatedOscillator
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.machine.tensor_terms import coupling_terms, operators_of, own_terms
from athermal.machine.terms import DrivenTerms
from athermal.maths.tensor import embed

integrate = LazyModule("scipy.integrate")  # a first machine does without

# Where a spectrum is taken for frequency zero, in units of the lowest scale of the bath.
_NEAR_ZERO = 1e-7
# Instants of a period at which the levels of H_S are looked at.
_TIMES = 17


@dataclass(frozen=True)
class Contact:
    """What couples the subsystems to one bath.

    Parameters
    ----------
    bath : ContinuumBath
    subsystem : str
        The one that it acts on.
    drive : Drive
        f(t).
    local : (d_i, d_i) sparse matrix
        X or L, on that subsystem.
    operator : (d, d) sparse matrix
        The same on all subsystems.
    is_exchange : bool
        Whether the coupling is f L B^dag + h.c.; else f X B.
    has_counter_term : bool
    """

    bath: ContinuumBath
    subsystem: str
    drive: Drive
    local: Any
    operator: Any
    is_exchange: bool
    has_counter_term: bool = False

    @property
    def parts(self) -> tuple[str]:
        """The subsystem that owns its interaction energy."""
        return (self.subsystem,)

    @property
    def share(self) -> tuple[float]:
        """All of it."""
        return (1.0,)

    @property
    def lowering(self) -> Any:
        """L of the form L B^dag + h.c., B = sum_k g_k b_k, that both kinds of contact have: X/sqrt 2 of X sum_k g_k x_k."""
        return self.operator if self.is_exchange else self.operator / math.sqrt(2.0)

    @cached_property
    def reorganisation(self) -> float:
        """sum_k g_k^2/(2 w_k) = (1/2) integral g^2(w)/w dw, the factor of the counter-term."""
        low, high = self.bath.band
        density, scale = self.bath.spectral_density, self.bath.spectral_density.scale

        def inner(w: float) -> float:
            return float(density.squared_coupling(np.array([w]))[0]) / w if w > 0.0 else 0.0

        marks = sorted({mark for mark in (scale, *density.landmarks) if low < mark < high})
        ends = itertools.pairwise([low, *marks, high])
        total = sum(integrate.quad(inner, a, b, limit=400, epsabs=0.0, epsrel=1e-11)[0] for a, b in ends)
        if not math.isfinite(total):
            raise MachineError(f"`spectral_density` of reservoir {self.bath.name!r} must have a finite integral of J(w)/w.")
        return float(0.5 * total)


@dataclass(frozen=True)
class Bath:
    """A continuous bath and all contacts with it, which share its modes.

    Parameters
    ----------
    bath : ContinuumBath
    contacts : tuple of Contact
    """

    bath: ContinuumBath
    contacts: tuple[Contact, ...]

    @cached_property
    def _smallest(self) -> float:
        scale = self.bath.spectral_density.scale
        return _NEAR_ZERO * (min(self.bath.temperature, scale) or scale)

    def rates(self, frequency: FloatArray) -> FloatArray:
        """Return the rates S(w) at which the bath takes energy w from the system, of contacts f L B^dag + h.c.

        S(w) = kappa(w) (n(w) + 1) for w > 0 and kappa(|w|) n(|w|) for w < 0, with kappa = 2 pi g^2: S(-w) = e^{-w/T} S(w).

        Raises
        ------
        MachineError
            If it is asked for at frequency zero and diverges there.
        """
        w = np.asarray(frequency, dtype=float)
        size = np.maximum(np.abs(w), self._smallest)
        found = self._rates(np.where(w >= 0.0, size, -size))
        if np.any(still := np.abs(w) < self._smallest):
            above = self._rates(np.array([10.0 * self._smallest, self._smallest]))
            if above[1] > 2.0 * above[0]:
                raise MachineError(
                    f"`spectral_density` of reservoir {self.bath.name!r} must fall to zero at low frequency at least as fast "
                    "as w, for the machine has transitions of frequency zero, whose rate would be infinite. Use an exponent of "
                    "at least 1, or a `low` above zero."
                )
            # the noise of a vacuum falls with its density, which at frequency zero is none
            at_zero = 0.0 if self.bath.temperature == 0.0 and above[1] < 0.9 * above[0] else above[1]
            found = np.where(still, at_zero, found)
        return found

    def _rates(self, w: FloatArray) -> FloatArray:
        low, high = self.bath.band
        size = np.abs(w)
        inside = (size >= low) & (size <= high)
        squared = self.bath.spectral_density.squared_coupling(np.where(inside, size, max(low, self._smallest)))
        number = self.bath.occupation(size)
        return np.asarray(np.where(inside, 2.0 * math.pi * squared * np.where(w > 0.0, number + 1.0, number), 0.0))

    def giving(self, w: FloatArray) -> FloatArray:
        """Return S(w) of L, with which the bath takes quanta: w > 0 only, and half at zero, where its modes are on one side."""
        return self.rates(w) * self._side(w)

    def taking(self, w: FloatArray) -> FloatArray:
        """Return S(w) of L^dag, with which it gives them: w < 0 only, and half at zero."""
        return self.rates(w) * self._side(-np.asarray(w))

    def _side(self, w: FloatArray) -> FloatArray:
        return np.where(np.abs(w) < self._smallest, 0.5, np.where(np.asarray(w) > 0.0, 1.0, 0.0))


class OpenSystem(DrivenTerms[Any]):
    """The subsystems of a machine, and their contacts with its continuous baths.

    Parameters
    ----------
    machine : Machine
        Of finite subsystems and continuous baths.

    Raises
    ------
    MachineError
        If a contact is of another kind.
    """

    words: ClassVar[str] = "that of finite subsystems between continua"

    def __init__(self, machine: Layout) -> None:
        self.machine = machine
        baths = {bath.name: bath for bath in machine.reservoirs if isinstance(bath, ContinuumBath)}
        inside = [c for c in machine.couplings if not set(c.between) & set(baths)]
        terms = own_terms(machine) + [term for coupling in inside for term in coupling_terms(machine, coupling)]
        parts = [part for part in machine.subsystems if isinstance(part, FiniteSubsystem)]
        self.hamiltonian = TensorHamiltonian(
            {part.name: part.dimension for part in parts},
            {},
            terms,
            {},
            machine.period,
            {part.name: part.truncated_modes for part in parts if part.truncated_modes},
        )
        self.contacts = tuple(self._contact(coupling, baths) for coupling in machine.couplings if coupling not in inside)
        super().__init__([*terms, *self.contacts], self.hamiltonian.subsystems, machine.reservoir_names, machine.period)

    @property
    def size(self) -> int:
        """The dimension of the subsystems together."""
        return self.dimension

    @property
    def ground_energies(self) -> None:
        """Unknown: a continuum has infinitely many modes."""
        return

    def log_partitions(self, temperatures: FloatArray) -> FloatArray:
        """Return NaN of every reservoir: those of continua are infinite."""
        return np.full(len(temperatures), np.nan)

    def _contact(self, coupling: Coupling, baths: dict[str, ContinuumBath]) -> Contact:
        machine = self.machine
        (bath,) = (baths[name] for name in coupling.between if name in baths)
        subsystem = next(name for name in coupling.between if name not in baths)
        names, is_exchange = operators_of(machine, coupling)
        operators = dict(zip(coupling.between, names, strict=True))
        part = next(part for part in machine.subsystems if part.name == subsystem and isinstance(part, FiniteSubsystem))
        local = part.operator(operators[subsystem])
        if operators[bath.name] == "destroy":  # s X b + h.c. = s* X^dag b^dag + h.c.
            local = local.conj().T
        local = scipy.sparse.csr_array(local)
        whole = self.embedded(local, subsystem)
        has_counter = isinstance(coupling, Position) and coupling.uses_counter_term(has_reservoir=True)
        return Contact(bath, subsystem, coupling.drive, local, whole, is_exchange, has_counter)

    @cached_property
    def baths(self) -> tuple[Bath, ...]:
        """The baths in the machine's order, each with its contacts."""
        every = [bath for bath in self.machine.reservoirs if isinstance(bath, ContinuumBath)]
        return tuple(Bath(bath, tuple(c for c in self.contacts if c.bath is bath)) for bath in every)

    @property
    def dimension(self) -> int:
        """The dimension of the subsystems together."""
        return self.hamiltonian.dimension

    @cached_property
    def inside(self) -> list[tuple[Drive, Any]]:
        """The drives of H_S and their operators on all subsystems, in the order of `hamiltonian.terms`."""
        hamiltonian = self.hamiltonian
        return [(t.drive, embed(t.local, hamiltonian.positions(t.parts), hamiltonian.dimensions)) for t in hamiltonian.terms]

    def embedded(self, local: Any, subsystem: str) -> Any:
        """Return an operator of one subsystem on all of them."""
        return embed(local, self.hamiltonian.positions((subsystem,)), self.hamiltonian.dimensions)

    @cached_property
    def energy_scale(self) -> float:
        """The scale that energies of the machine are measured by: the widest spread of the levels of H_S over the period.

        Where all levels coincide, the highest temperature.
        """
        period = self.machine.period
        times = np.concatenate([np.linspace(0.0, period, _TIMES), np.array(self.breakpoints)])
        amounts = np.concatenate([self.hamiltonian.strengths(times, side) for side in ("left", "right")])
        amounts = np.unique(amounts, axis=0)
        stack = np.array([whole.toarray() for _, whole in self.inside], dtype=complex)
        spreads = [float(np.ptp(np.linalg.eigvalsh(np.tensordot(row, stack, axes=1)))) for row in amounts]
        return max(spreads, default=0.0) or float(np.max(self.machine.temperatures, initial=0.0)) or 1.0

    @cached_property
    def own_terms(self) -> list[tuple[Drive, Any]]:
        """The drives and operators of sum_i H_i(t): what the parts give, and constant terms on one of them.

        Couplings between subsystems, and driven forces on one, are left out.
        """
        n_own = len(own_terms(self.machine))
        return [
            (drive, whole.toarray())
            for k, (term, (drive, whole)) in enumerate(zip(self.hamiltonian.terms, self.inside, strict=True))
            if k < n_own or (len(term.parts) == 1 and drive.is_always_constant)
        ]


def with_levels(machine: AnyLayout, levels: int | None) -> AnyLayout:
    """Return a machine of finite subsystems: oscillators treated as Gaussian are cut to their lowest levels.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> OpenSystem(with_levels(two_oscillator(modes=5), 4)).dimension
    16
    """
    if levels is None or not machine.oscillators:
        return machine
    cut = [
        TruncatedOscillator(part.name, part.drive, levels, law=part.law, reference_frequency=part.reference_frequency)
        for part in machine.oscillators
    ]
    return replace(machine, subsystems=tuple(cut))


def with_truncated_baths(machine: AnyLayout, levels: int) -> AnyLayout:
    """Return a machine of finite parts only: each mode of its discretised baths is cut to its lowest levels."""
    baths = [
        TruncatedBath(bath.name, bath.temperature, tuple(bath.frequencies.tolist()), tuple(bath.own_weights.tolist()), levels)
        if isinstance(bath, ContinuumBath)
        else bath
        for bath in machine.reservoirs
    ]
    return replace(machine, reservoirs=tuple(baths))


def why_not_open(machine: Layout, levels: int | None, backend: str) -> str:
    """Return why a machine is no open system to a backend for continuous baths; nothing if it is one."""
    for bath in machine.reservoirs:
        if not isinstance(bath, ContinuumBath):
            return (
                f"Reservoir {bath.name!r} must be a ContinuumBath to be run with {backend}, but is a {type(bath).__name__}: the "
                "backend needs its spectral density. Write it as a ContinuumBath, or use a backend that follows every mode."
            )
    if machine.counters:
        return f"Counter {machine.counters[0].name!r} is refused: {backend} keeps no counters. Leave it out."
    if levels is not None and not machine.oscillators:
        return "`levels` of the backend must be left out: the subsystems of this machine are finite."
    if levels is None and machine.oscillators:
        return (
            "The oscillators of this machine have infinitely many states. Say how many levels the backend keeps of each with "
            "its option `levels`."
        )
    return ""
