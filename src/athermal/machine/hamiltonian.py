"""The Hamiltonian of a machine, assembled: free reservoir modes and a few coupled quadratures.

H(t) = sum_k w_k (x_k^2 + p_k^2)/2  +  sum_a f_a(t) [q^T K_a q / 2 + k_a . q],   q = P^T r,

where the w_k are the normal modes of the reservoirs (zero for subsystem modes), the terms a are the parts' own
Hamiltonians and the couplings with real drives f_a, and P spans the quadratures they touch. Internal ordering:
r = (x_1..x_N, p_1..p_N), subsystems first, then the normal modes of each reservoir.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from athermal._types import FloatArray, IntArray
from athermal.errors import MachineError
from athermal.machine.coupling import Coupling, Displacement, Exchange, Position, QuadraticForm, TwoModeSqueezing
from athermal.machine.drive import Component, Constant, Drive, Product, Side
from athermal.machine.layout import Layout
from athermal.machine.parts import HarmonicReservoir, Oscillator
from athermal.machine.terms import DrivenTerms
from athermal.maths.gaussian import log_partition
from athermal.maths.symplectic import mode_indices

_INDEPENDENT = 1e-12
# Of a curvature, in units of the number of quadratures and the largest entry of the form.
_ROUNDING = 64.0 * float(np.finfo(float).eps)
# How finely a cycle is looked at: per period of the fastest drive, and up to how many of these.
_LOOKS_PER_PERIOD = 33
_MOST_REPEATS = 200


@dataclass(frozen=True)
class Term:
    """f(t) [r^T vectors core vectors^T r / 2 + force . vectors^T r], acting on `parts`."""

    parts: tuple[str, ...]
    drive: Drive
    vectors: FloatArray
    core: FloatArray
    force: FloatArray
    share: tuple[float, ...]


class Hamiltonian(DrivenTerms[Term]):
    """The assembled Hamiltonian of a machine; see the module's text.

    Examples
    --------
    >>> from athermal.library import two_oscillator
    >>> H = Hamiltonian(two_oscillator(modes=5))
    >>> H.n_modes
    12
    """

    words: ClassVar[str] = "the quadratic Hamiltonian of oscillators"

    def __init__(self, machine: Layout) -> None:
        self.machine = machine
        self.n_modes = len(machine.subsystems) + sum(reservoir.n_modes for reservoir in machine.harmonic_baths)
        self.part_modes: dict[str, IntArray] = {}
        first = 0
        for part in machine.parts:
            size = part.n_modes if isinstance(part, HarmonicReservoir) else 1
            self.part_modes[part.name] = np.arange(first, first + size)
            first += size
        self.frequencies = np.zeros(self.n_modes)
        for reservoir in machine.harmonic_baths:
            self.frequencies[self.part_modes[reservoir.name]] = reservoir.frequencies
        sources: list[Oscillator | Coupling] = [*machine.oscillators, *machine.couplings]
        terms = [term for source in sources for term in self._terms_of(source)]
        super().__init__(terms, machine.subsystem_names, machine.reservoir_names, machine.period, machine.side)
        self.basis = self._span()
        reduced = [self.basis.T @ term.vectors for term in self.terms]
        self._forms = np.array([r @ term.core @ r.T for r, term in zip(reduced, self.terms, strict=True)])
        self._forces = np.array([r @ term.force for r, term in zip(reduced, self.terms, strict=True)])

    @property
    def size(self) -> int:
        """The number of modes of the whole."""
        return self.n_modes

    @property
    def ground_energies(self) -> FloatArray:
        """sum_k w_k/2 of every reservoir."""
        return np.array([0.5 * float(np.sum(bath.frequencies)) for bath in self.machine.harmonic_baths])

    def log_partitions(self, temperatures: FloatArray) -> FloatArray:
        """Return ln Z_j of every reservoir."""
        baths = zip(self.machine.harmonic_baths, temperatures, strict=True)
        return np.array([log_partition(bath.frequencies, float(temperature)) for bath, temperature in baths])

    # --- the coupled quadratures in time ---------------------------------------------------------------------------

    def coupling(self, times: FloatArray, side: Side = "right") -> tuple[FloatArray, FloatArray]:
        """Return sum_a f_a K_a, shape (T, d, d), and sum_a f_a k_a, shape (T, d)."""
        return self.combine(self.strengths(times, side))

    def slope(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the time derivatives of `coupling`."""
        return self.combine(self.rates(times))

    def subsystem_coupling(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Return the forms (subsystems, d, d) and forces (subsystems, d) of every U_i at one time."""
        return self.combine(self.shares * self.strengths(np.array([time]), self.side))

    def interactions(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Return the forms (reservoirs, d, d) and forces (reservoirs, d) of every V_j = sum_i H_ij at one time."""
        return self.combine(self.groups[1:] * self.strengths(np.array([time]), self.side))

    def slopes(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return `slope` by `groups`, shapes (1 + reservoirs, T, d, d) and (1 + reservoirs, T, d)."""
        return self.combine(self.groups[:, None, :] * self.rates(times))

    def jumps(self, time: float) -> tuple[FloatArray, FloatArray]:
        """Return by how much `coupling` jumps at a breakpoint, by `groups`: (1 + reservoirs, d, d) and (1 + reservoirs, d)."""
        at = np.array([time % self.period])
        return self.combine(self.groups * (self.strengths(at) - self.strengths(at, "left")))

    def combine(self, strengths: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the forms (..., d, d) and forces (..., d) of the coupled quadratures for strengths (..., terms)."""
        return np.asarray(np.tensordot(strengths, self._forms, axes=1)), np.asarray(strengths @ self._forces)

    # --- the whole -------------------------------------------------------------------------------------------------

    def form(self, time: float, side: Side = "right") -> FloatArray:
        """Return h of H = r^T h r / 2 + ..., shape (2N, 2N)."""
        matrix, _ = self.coupling(np.array([time]), side)
        full: FloatArray = self.basis @ matrix[0] @ self.basis.T
        full[np.diag_indices_from(full)] += np.tile(self.frequencies, 2)
        return full

    def force(self, time: float, side: Side = "right") -> FloatArray:
        """Return the linear term of H, shape (2N,)."""
        return np.asarray(self.basis @ self.coupling(np.array([time]), side)[1][0])

    def own_form(self, parts: tuple[str, ...], time: float = 0.0, side: Side = "right") -> tuple[FloatArray, FloatArray]:
        """Return the form and force of all terms that act within `parts`, on the modes of `parts` only."""
        rows = mode_indices(np.concatenate([self.part_modes[name] for name in parts]), self.n_modes)
        inside = np.array([set(term.parts) <= set(parts) for term in self.terms])
        matrix, force = self.combine(np.where(inside, self.strengths(np.array([time]), side), 0.0))
        local = self.basis[rows]
        form = local @ matrix[0] @ local.T
        form[np.diag_indices_from(form)] += np.tile(self.frequencies, 2)[rows]
        return form, np.asarray(local @ force[0])

    @cached_property
    def looks(self) -> FloatArray:
        """Times that see every drive at many phases of its own period, and just after each breakpoint."""
        drives = [term.drive for term in self.terms]
        repeats = [self.period / leaf.own_period for drive in drives for leaf in drive.leaves() if leaf.own_period]
        n_times = _LOOKS_PER_PERIOD * min(round(max(repeats, default=1.0)), _MOST_REPEATS)
        times = np.linspace(0.0, self.period, n_times, endpoint=False)
        return np.unique(np.concatenate([self.breakpoints, times]))

    def lowest_curvature(self) -> float:
        """Return the lowest `curvature` over the cycle."""
        return min(self.curvature(float(t)) for t in self.looks)

    def curvature(self, time: float) -> float:
        """Return the smallest eigenvalue of the subsystems' form once the reservoirs have relaxed around them.

        H is bounded below iff this Schur complement h_SS - h_SR h_RR^-1 h_RS is not negative (the reservoirs themselves are
        positive): at zero, which is exact up to rounding, a direction is free.
        """
        matrix, _ = self.coupling(np.array([time]))
        n_system = len(self.machine.subsystems)
        rows = mode_indices(np.arange(n_system), self.n_modes)
        system = self.basis[rows]
        inverse = np.tile(np.divide(1.0, self.frequencies, out=np.zeros(self.n_modes), where=self.frequencies > 0.0), 2)
        response = (self.basis.T * inverse) @ self.basis
        mixed = system @ matrix[0]
        bare = system @ matrix[0] @ system.T
        lowest = float(np.linalg.eigvalsh(bare - mixed @ response @ mixed.T)[0])
        rounding = _ROUNDING * len(rows) * float(np.max(np.abs(bare), initial=0.0))
        return 0.0 if abs(lowest) <= rounding else lowest

    # --- between the user's coordinates and the internal ones --------------------------------------------------------

    def to_sites(self, vectors: FloatArray) -> FloatArray:
        """Return what internal vectors (2N, m) are in the user's coordinates (sites of the reservoirs)."""
        return self._transform(vectors, "from_normal_modes")

    def from_sites(self, vectors: FloatArray) -> FloatArray:
        """Return what the user's vectors (2N, m) are in internal coordinates."""
        result = np.array(vectors, dtype=float)
        for reservoir in self.machine.harmonic_baths:
            rows = mode_indices(self.part_modes[reservoir.name], self.n_modes)
            # r_normal = S^-1 r_site = -Omega S^T Omega r_site
            half = len(rows) // 2
            block = result[rows]
            turned = reservoir.to_normal_modes(np.concatenate([block[half:], -block[:half]]))
            result[rows] = np.concatenate([-turned[half:], turned[:half]])
        return result

    def _transform(self, vectors: FloatArray, method: str) -> FloatArray:
        result = np.array(vectors, dtype=float)
        for reservoir in self.machine.harmonic_baths:
            rows = mode_indices(self.part_modes[reservoir.name], self.n_modes)
            result[rows] = getattr(reservoir, method)(result[rows])
        return result

    def amplitude(self, name: str, site: int | None, weights: tuple[float, ...] | None, owner: str) -> FloatArray:
        """Return the x and p vectors (2N, 2) of the mode of a subsystem, or of the contact of a reservoir."""
        part = self.machine.part(name)
        vectors = np.zeros((2 * self.n_modes, 2))
        rows = mode_indices(self.part_modes[name], self.n_modes)
        if isinstance(part, HarmonicReservoir):
            contact = part.contact(site, weights, owner)
            zero = np.zeros_like(contact)
            site_vectors = np.stack([np.concatenate([contact, zero]), np.concatenate([zero, contact])], axis=1)
            vectors[rows] = part.to_normal_modes(site_vectors)
        else:
            vectors[rows] = np.eye(2)
        return vectors

    # --- assembly --------------------------------------------------------------------------------------------------

    def _span(self) -> FloatArray:
        """Return an orthonormal basis of all quadratures that a term touches, those of the subsystems first."""
        columns: list[FloatArray] = []
        for index in mode_indices(np.arange(len(self.machine.subsystems)), self.n_modes):
            unit = np.zeros(2 * self.n_modes)
            unit[index] = 1.0
            columns.append(unit)
        for term in self.terms:
            for vector in term.vectors.T:
                length = float(np.linalg.norm(vector))
                rest = vector.copy()
                for _ in range(2):
                    for column in columns:
                        rest = rest - column * float(column @ rest)
                if float(np.linalg.norm(rest)) > _INDEPENDENT * length:
                    columns.append(rest / float(np.linalg.norm(rest)))
        return np.stack(columns, axis=1)

    def _terms_of(self, source: Oscillator | Coupling) -> tuple[Term, ...]:
        if isinstance(source, Oscillator):
            return self._oscillator_terms(source)
        if isinstance(source, Displacement):
            vectors = self.amplitude(source.on, None, None, source.owner)
            zero = np.zeros((2, 2))
            return tuple(
                Term((source.on,), drive, vectors, zero, np.eye(2)[k], (1.0,))
                for k, (_, drive) in enumerate(source.drives)
                if drive != Constant(0.0)
            )
        if isinstance(source, QuadraticForm):
            return (self._form_term(source),)
        if isinstance(source, (Exchange, TwoModeSqueezing, Position)):
            return self._pair_terms(source)
        raise MachineError(f"There is no Gaussian form of {source!r}.")

    def _oscillator_terms(self, oscillator: Oscillator) -> tuple[Term, ...]:
        vectors = self.amplitude(oscillator.name, None, None, oscillator.name)
        drive, none = oscillator.drive, np.zeros(2)
        parts, share = (oscillator.name,), (1.0,)
        if oscillator.law == "number" or drive == Constant(oscillator.reference):
            return (Term(parts, drive, vectors, np.eye(2), none, share),)
        reference = oscillator.reference
        squared = Product((drive, drive, Constant(1.0 / reference)))
        return (
            Term(parts, squared, vectors, np.diag([1.0, 0.0]), none, share),
            Term(parts, Constant(reference), vectors, np.diag([0.0, 1.0]), none, share),
        )

    def _pair_terms(self, coupling: Exchange | TwoModeSqueezing | Position) -> tuple[Term, ...]:
        first, second = (self._amplitude_in(coupling, name) for name in coupling.between)
        vectors = np.concatenate([first, second], axis=1)  # x_a, p_a, x_b, p_b
        parts, drive = coupling.between, coupling.drive
        reservoirs = {reservoir.name for reservoir in self.machine.reservoirs}
        share: tuple[float, ...] = coupling.share
        if reservoirs & set(parts):
            share = tuple(0.0 if name in reservoirs else 1.0 for name in parts)
        none = np.zeros(4)

        def pair(xx: float, pp: float, xp: float, px: float) -> FloatArray:
            block = np.array([[xx, xp], [px, pp]])  # r_a^T block r_b
            zero = np.zeros((2, 2))
            return np.block([[zero, block], [block.T, zero]])

        if isinstance(coupling, Position):
            terms = [Term(parts, drive, vectors, pair(1.0, 0.0, 0.0, 0.0), none, share)]
            reservoir = next((name for name in parts if name in reservoirs), None)
            if coupling.uses_counter_term(has_reservoir=reservoir is not None):
                if reservoir is None:
                    raise MachineError(
                        f"`counter_term` of {coupling.owner} must be left out: only a coupling to a reservoir has one. Set the "
                        "oscillators' frequencies instead."
                    )
                terms.append(self._counter_term(coupling, reservoir, second if parts[1] == reservoir else first))
            return tuple(terms)
        # g a B^dag + h.c. = Re g (x_a x_b + p_a p_b) - Im g (p_a x_b - x_a p_b)
        # g a B + h.c.     = Re g (x_a x_b - p_a p_b) - Im g (x_a p_b + p_a x_b)
        sign = 1.0 if isinstance(coupling, Exchange) else -1.0
        real, imaginary = pair(1.0, sign, 0.0, 0.0), pair(0.0, 0.0, sign, -1.0)
        if not drive.is_complex:
            return (Term(parts, drive, vectors, real, none, share),)
        return (
            Term(parts, Component(drive, "real"), vectors, real, none, share),
            Term(parts, Component(drive, "imaginary"), vectors, imaginary, none, share),
        )

    def _counter_term(self, coupling: Position, reservoir: str, contact: FloatArray) -> Term:
        modes = self.part_modes[reservoir]
        rows = mode_indices(modes, self.n_modes)
        softness = float(np.sum(contact[rows, 0] ** 2 / np.tile(self.frequencies[modes], 2)))
        subsystem = next(name for name in coupling.between if name != reservoir)
        vectors = self.amplitude(subsystem, None, None, coupling.owner)
        squared = Product((coupling.drive, coupling.drive))
        share = tuple(0.0 if name == reservoir else 1.0 for name in coupling.between)
        return Term(coupling.between, squared, vectors, np.diag([softness, 0.0]), np.zeros(2), share)

    def _form_term(self, coupling: QuadraticForm) -> Term:
        matrix, owner = np.array(coupling.matrix), coupling.owner
        sizes = tuple(2 * len(self.part_modes[name]) for name in coupling.between)
        if len(coupling.between) == 1:
            vectors = self.amplitude(coupling.between[0], None, None, owner)
            return Term(coupling.between, coupling.drive, vectors, matrix, np.zeros(2), (1.0,))
        if matrix.shape != sizes:
            raise MachineError(f"`matrix` of {owner} must have the shape {sizes} of its parts, but has {matrix.shape}.")
        names = coupling.between
        reservoirs = {reservoir.name for reservoir in self.machine.reservoirs}
        if names[0] in reservoirs:
            names, matrix = names[::-1], matrix.T
        first = self.amplitude(names[0], None, None, owner)
        second = np.zeros((2 * self.n_modes, 2))
        rows = mode_indices(self.part_modes[names[1]], self.n_modes)
        part = self.machine.part(names[1])
        second[rows] = part.to_normal_modes(matrix.T) if isinstance(part, HarmonicReservoir) else matrix.T
        share = (1.0, 0.0) if names[1] in reservoirs else coupling.share
        zero, one = np.zeros((2, 2)), np.eye(2)
        return Term(
            names,
            coupling.drive,
            np.concatenate([first, second], axis=1),
            np.block([[zero, one], [one, zero]]),
            np.zeros(4),
            share,
        )

    def _amplitude_in(self, coupling: Exchange | TwoModeSqueezing | Position, name: str) -> FloatArray:
        """Return the x and p vectors with which a part enters a coupling."""
        part = self.machine.part(name)
        if isinstance(part, HarmonicReservoir):
            return self.amplitude(name, coupling.site, coupling.weights, coupling.owner)
        vectors = self.amplitude(name, None, None, coupling.owner)
        if not isinstance(part, Oscillator) or isinstance(coupling, Position) or coupling.amplitude_frequency is None:
            return vectors
        stretch = np.sqrt(coupling.amplitude_frequency / part.reference)
        return np.asarray(vectors * [stretch, 1.0 / stretch])
