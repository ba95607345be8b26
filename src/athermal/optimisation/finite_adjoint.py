"""The adjoint of a run of a machine of finite parts: how its energies depend on every strength at every time.

With rho_0 and Lambda_0 = U^dag Lambda U at the start of a cycle, dJ = integral c_a(t) ds_a(t) dt for changes ds_a of the
strength of K_a, where

    c_a(t) = -i tr(Lambda_0 [X_a, rho_0]) = -i tr(K_a U(t) B U(t)^dag),  X_a = U(t)^dag K_a U(t),  B = [rho_0, Lambda_0].

All cycles go the same way, so their B add up, and one pass along the nodes of one cycle serves all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse

from athermal._types import ComplexArray, FloatArray, IntArray, Matrix
from athermal.backends.finite import DensityMatrix
from athermal.backends.finite.prepare import FinitePreparer
from athermal.backends.finite.state import Pieces, ordered
from athermal.backends.preparer import thermal_blocks
from athermal.errors import StudyError
from athermal.machine.drive import Drive
from athermal.machine.initial import Charged, InitialState
from athermal.machine.machine import Machine
from athermal.machine.tensor_hamiltonian import TensorHamiltonian
from athermal.maths.adjoint import gauss_times, thermal_slope
from athermal.maths.driven_sum import DrivenSum
from athermal.maths.tensor import embed
from athermal.maths.unitary import Spectrum, taylor_steps
from athermal.optimisation.drive_slopes import Response, active_terms, stretches
from athermal.optimisation.space import rounding

_MAX_MEMORY = 8.0
Block = tuple[FloatArray, FloatArray, FloatArray]


class FiniteAdjoint:
    """One run of some cycles, and the response of its energies; parameters as in `GaussianAdjoint`."""

    def __init__(
        self,
        machine: Machine,
        initial: InitialState,
        cycles: int,
        leaves: Sequence[Drive],
        knots: Sequence[float],
        bandwidth: float,
    ) -> None:
        self.machine, self.cycles, self.bandwidth = machine, cycles, bandwidth
        self.hamiltonian = TensorHamiltonian.of(machine)
        self.leaves = tuple(leaves)
        self.terms = active_terms(self.hamiltonian, leaves, self.hamiltonian.n_terms)
        self.sectors: list[IntArray] = DensityMatrix().bind(machine).cycle_map().sectors
        self.stretches = stretches(self.hamiltonian, knots)
        self.base, self.charging = initial.uncharged()
        self._check_start(self.base)
        self.pieces = FinitePreparer(machine, self.hamiltonian, _MAX_MEMORY, "The adjoint of a run").prepare(self.base)
        self.factor = Pieces(self.hamiltonian, list(self.pieces.clusters)).factor()
        # The way through one cycle, sector by sector: the propagators that lead to each stretch, and the last to the end.
        self.entries = [[np.eye(len(index), dtype=complex) for index in self.sectors]]
        self.visits: list[list[Spectrum | None]] = []  # None where H is driven: gone through again when it is asked for
        for start, stop in self.stretches:
            self._pass(start, stop)

    def _pass(self, start: float, stop: float) -> None:
        """Add one stretch to the way: what is known of each sector along it."""
        constant = self.hamiltonian.is_constant(start, stop)
        held = self.hamiltonian.whole.at(0.5 * (start + stop)) if constant else None
        visits: list[Spectrum | None] = []
        ends: list[ComplexArray] = []
        for index, entry in zip(self.sectors, self.entries[-1], strict=True):
            if held is not None:
                spectrum = Spectrum.of(held[index][:, index])
                visits.append(spectrum)
                ends.append(spectrum.propagator(stop - start) @ entry)
                continue
            visits.append(None)
            end = entry
            for step in taylor_steps(self.hamiltonian.whole.restricted(index), entry, start, stop):
                end = step[-1]
            ends.append(end)
        self.visits.append(visits)
        self.entries.append(ends)

    def _probe(self, size: int) -> DrivenSum:
        """Return an integrand that moves as fast as what the response is integrated against."""
        nothing = scipy.sparse.csr_array((size, size))
        rate = self.bandwidth
        return DrivenSum((nothing, nothing), lambda times: np.stack([np.cos(rate * times), np.sin(rate * times)], axis=-1))

    def _check_start(self, initial: InitialState) -> None:
        """Raise `StudyError` if the start depends on the free drives in a way that is not differentiated."""
        for below in initial.layers()[:-1]:
            if isinstance(below, Charged) or self._inner_terms(below):
                raise StudyError(
                    f"The start {type(initial).__name__} depends on the free drives, through the Hamiltonian at time zero or a "
                    "cycle run backwards. Give the state itself, as GivenState, or start from ProductThermal, Gibbs or Charged."
                )

    def _inner_terms(self, base: InitialState) -> list[tuple[tuple[str, ...], float, list[int]]]:
        """Return the groups of parts that start thermal, their temperatures, and the varied terms (positions) inside each."""
        found = []
        for names, temperature in thermal_blocks(self.machine, self.hamiltonian.names, base):
            inside = [k for k, a in enumerate(self.terms) if set(self.hamiltonian.terms[a].parts) <= set(names)]
            if inside:
                found.append((names, temperature, inside))
        return found

    # --- states and energies, sector by sector -------------------------------------------------------------------------

    @cached_property
    def below(self) -> list[ComplexArray]:
        """The density matrix of the start below all charging, one block a sector."""
        return [self.factor[index] @ self.factor[index].conj().T for index in self.sectors]

    def _power(self, count: int) -> list[ComplexArray]:
        return [np.linalg.matrix_power(unitary, count) for unitary in self.entries[-1]]

    @cached_property
    def first(self) -> list[ComplexArray]:
        """The state at time zero."""
        return [u.conj().T @ rho @ u for u, rho in zip(self._power(self.charging), self.below, strict=True)]

    @cached_property
    def last(self) -> list[ComplexArray]:
        """The state at the end of the run."""
        return [u @ rho @ u.conj().T for u, rho in zip(self._power(self.cycles), self.first, strict=True)]

    @cached_property
    def _energies(self) -> list[Any]:
        """U_i at the ends of a cycle and E_j, as sparse matrices of the whole."""
        hamiltonian = self.hamiltonian
        own = []
        for i in range(len(self.machine.subsystems)):
            total = scipy.sparse.csr_array((hamiltonian.dimension, hamiltonian.dimension))
            for parts, local in hamiltonian.subsystem_energy_terms(i, 0.0).items():
                total = total + embed(local, hamiltonian.positions(parts), hamiltonian.dimensions)
            own.append(total)
        return [*own, *(hamiltonian.diagonal((name,)) for name in self.machine.reservoir_names)]

    def _expectation(self, operator: Any, states: Sequence[ComplexArray]) -> float:
        return sum(_trace(operator[index][:, index], rho) for index, rho in zip(self.sectors, states, strict=True))

    @property
    def changes(self) -> FloatArray:
        """dU_i of every subsystem and Q_j of every reservoir over the run."""
        moved = [b - a for a, b in zip(self.first, self.last, strict=True)]
        return np.array([self._expectation(operator, moved) for operator in self._energies])

    @property
    def resolution(self) -> float:
        """Below which a change of an energy is rounding."""
        return rounding(np.array([self._expectation(operator, self.last) for operator in self._energies]))

    # --- the response ----------------------------------------------------------------------------------------------------

    @cached_property
    def _matrices(self) -> list[Any]:
        """K_a of the varied terms on the whole."""
        found = []
        for a in self.terms:
            term = self.hamiltonian.terms[a]
            found.append(embed(term.local, self.hamiltonian.positions(term.parts), self.hamiltonian.dimensions))
        return found

    def response(self, slopes: FloatArray) -> Response:
        """Return the response of J with dJ = sum_k slopes_k d(dU_1, ..., Q_1, ...)_k."""
        total = scipy.sparse.csr_array((self.hamiltonian.dimension,) * 2)
        for amount, operator in zip(slopes, self._energies, strict=True):
            total = total + amount * operator
        products, started = [], []
        for k, index in enumerate(self.sectors):
            product, functional = self._sector_product(k, total[index][:, index].toarray())
            products.append(product - product.conj().T)  # [rho, Lambda], both Hermitian
            started.append(functional)
        times, weights, rates = self._rates(products)
        moved = [b - a for a, b in zip(self.first, self.last, strict=True)]
        owned = slopes[: len(self.machine.subsystems)] @ self.hamiltonian.shares[:, list(self.terms)]
        boundary = owned * np.array([self._expectation(matrix, moved) for matrix in self._matrices])
        return Response(self.terms, times, weights, rates, boundary + self._thermal_boundary(started))

    def _sector_product(self, k: int, functional: Matrix) -> tuple[ComplexArray, ComplexArray]:
        """Return the sum of rho Lambda over all cycles of the run, less those charged, and Lambda below all charging."""
        cycle = self.entries[-1][k]
        whole = np.linalg.matrix_power(cycle, self.cycles)
        at_start = whole.conj().T @ functional @ whole
        product = self.first[k] @ at_start
        total = product.copy()
        for _ in range(self.cycles - 1):
            product = cycle @ product @ cycle.conj().T
            total += product
        functional, state = at_start - functional, self.first[k]
        product = state @ functional
        for _ in range(self.charging):
            total -= product
            product = cycle @ product @ cycle.conj().T
            functional = cycle @ functional @ cycle.conj().T
        return total, functional

    def _rates(self, products: Sequence[ComplexArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return nodes, weights and c_a along one cycle; every sector brings nodes of its own."""
        blocks: list[Block] = []
        for number, span in enumerate(self.stretches):
            for k, index in enumerate(self.sectors):
                matrices = [matrix[index][:, index] for matrix in self._matrices]
                if not any(matrix.nnz for matrix in matrices):
                    continue
                spectrum, entry = self.visits[number][k], self.entries[number][k]
                if spectrum is None:
                    whole = self.hamiltonian.whole.restricted(index)
                    steps = taylor_steps(whole, entry, *span, [self._probe(len(index))])
                    blocks.extend(
                        _driven_rates(times, weights, states, products[k], matrices) for times, weights, states, _ in steps
                    )
                else:
                    blocks.append(self._constant_rates(span, spectrum, entry @ products[k] @ entry.conj().T, matrices))
        times, weights, rates = (np.concatenate([block[k] for block in blocks]) for k in range(3))
        return times, weights, rates

    def _constant_rates(
        self, span: tuple[float, float], spectrum: Spectrum, product: ComplexArray, matrices: Sequence[Any]
    ) -> Block:
        """Return c_a on a stretch of constant H: -i sum_jk K_kj B_jk e^{-i(E_j - E_k)t} in its eigenbasis."""
        spread = float(np.ptp(spectrum.energies)) if len(spectrum.energies) > 1 else 0.0
        times, weights = gauss_times(*span, spread + self.bandwidth)
        vectors = spectrum.vectors
        inner = vectors.conj().T @ product @ vectors
        phases = np.exp(-1j * np.outer(times - span[0], spectrum.energies))
        rates = []
        for matrix in matrices:
            table = (vectors.conj().T @ (matrix @ vectors)).T * inner
            rates.append(np.real(-1j * np.einsum("tj,tj->t", phases @ table, phases.conj())))
        return times, weights, np.stack(rates, axis=-1)

    def _thermal_boundary(self, functionals: Sequence[ComplexArray]) -> FloatArray:
        """Return how J depends on the strengths at time zero through the thermal states that the start is made of."""
        total = np.zeros(len(self.terms))
        groups = self._inner_terms(self.base)
        if not groups:
            return total
        size = self.hamiltonian.dimension
        functional = np.zeros((size, size), dtype=complex)
        for index, block in zip(self.sectors, functionals, strict=True):
            functional[np.ix_(index, index)] = block
        for names, temperature, inside in groups:
            seen = self._seen_by(names, functional)
            spectrum = Spectrum.of(self.hamiltonian.own(names))
            turned = spectrum.vectors.conj().T @ seen @ spectrum.vectors
            sizes = self.hamiltonian.sizes(names)
            for k in inside:
                term = self.hamiltonian.terms[self.terms[k]]
                local = embed(term.local, [names.index(name) for name in term.parts], sizes)
                change = spectrum.vectors.conj().T @ (local @ spectrum.vectors)
                total[k] += float(np.real(np.vdot(thermal_slope(spectrum.energies, temperature, change), turned)))
        return total

    def _seen_by(self, names: tuple[str, ...], functional: ComplexArray) -> ComplexArray:
        """Return tr_others(Lambda rho_others): Lambda as the thermal state of some parts sees it."""
        others = [cluster for cluster in self.pieces.clusters if not set(cluster.parts) & set(names)]
        rest = np.ones((1, 1), dtype=complex)
        parts: tuple[str, ...] = ()
        for cluster in others:
            rest, parts = np.kron(rest, cluster.dense), (*parts, *cluster.parts)
        own = int(np.prod(self.hamiltonian.sizes(names)))
        columns = np.kron(np.eye(own), rest)
        columns = ordered(columns, (*names, *parts), self.hamiltonian.names, self.hamiltonian)
        whole = columns.conj().T @ functional @ columns
        count = rest.shape[1]
        return np.asarray(np.einsum("iaja->ij", whole.reshape(own, count, own, count)))


def _driven_rates(
    times: FloatArray, weights: FloatArray, states: ComplexArray, product: ComplexArray, matrices: Sequence[Any]
) -> Block:
    """Return c_a at the nodes of a step of a driven stretch, from U(t) there."""
    rates = np.empty((len(times), len(matrices)))
    entries = [scipy.sparse.coo_array(matrix) for matrix in matrices]
    for t, state in enumerate(states):
        left = state @ product  # (U B U^dag)_kj at the entries K_jk
        for a, entry in enumerate(entries):
            inner = np.einsum("ex,ex->e", left[entry.col], state[entry.row].conj())
            rates[t, a] = np.real(-1j * np.sum(entry.data * inner))
    return times, weights, rates


def _trace(operator: Any, state: ComplexArray) -> float:
    """Return tr(operator state) of a sparse operator."""
    entry = scipy.sparse.coo_array(operator)
    return float(np.real(np.sum(entry.data * state[entry.col, entry.row])))
