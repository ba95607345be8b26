"""The adjoint of a run of a machine of oscillators: how its energies depend on every strength at every time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np

from athermal._types import FloatArray
from athermal.backends.gaussian import Dense
from athermal.backends.gaussian.prepare import DensePreparer, correlated_modes, displacement, gibbs_blocks, modes_of
from athermal.backends.gaussian.shared import check_growth
from athermal.backends.gaussian.state import GaussianState
from athermal.errors import ConvergenceError, StateError
from athermal.machine.drive import Drive
from athermal.machine.hamiltonian import Hamiltonian
from athermal.machine.initial import Charged, CorrelatedMarginals, Displaced, InitialState, Squeezed
from athermal.machine.machine import Machine
from athermal.maths.adjoint import ConstantPassage, DrivenPassage, Passage, gibbs_slope, largest_correlation_slope
from athermal.maths.gaussian import squeezing
from athermal.maths.propagate import DrivenHamiltonian, Stage, affine_identity
from athermal.maths.symplectic import mode_indices, symplectic_inverse
from athermal.optimisation.drive_slopes import Response, active_terms, stretches
from athermal.optimisation.space import rounding

_OPTIONS = Dense()
_PHASE_PER_PANEL = 12.0


class GaussianAdjoint:
    """One run of some cycles, and the response of its energies to the strengths of the terms that hold some drives.

    Parameters
    ----------
    machine : Machine
    initial : InitialState
    cycles : int
    leaves : sequence of Drive
        Drives that its terms hold, which are to be varied.
    knots : sequence of float
        Times within the cycle at which their variations are not smooth.
    bandwidth : float
        The highest frequency of the variations in between.
    """

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
        self.hamiltonian = Hamiltonian.of(machine)
        self.terms = active_terms(self.hamiltonian, leaves)
        self.passages: list[Passage] = []
        way = affine_identity(2 * self.hamiltonian.n_modes)
        for start, stop in stretches(self.hamiltonian, knots):
            passage = _passage(self.hamiltonian, way, (start, stop), bandwidth)
            self.passages.append(passage)
            way = passage.end
        self.way = _with_one(way)
        self.back = _with_one(_inverse(way))
        self._prepare(initial)
        whole = np.linalg.matrix_power(self.way, cycles)
        self.whole = whole
        self.last = whole @ self.first @ whole.T
        self._check_growth(self.first, self.last, f"at t = {cycles * machine.period:.6g}")

    # --- the start -----------------------------------------------------------------------------------------------------

    def _prepare(self, initial: InitialState) -> None:
        """Prepare the start layer by layer, and keep the moments below each layer."""
        *self.below, state = DensePreparer(self.hamiltonian, self._cycle_backwards).walk(initial)
        self.base, *self.layers = initial.layers()
        self.first = _moments(state)

    def _cycle_backwards(self, later: GaussianState) -> GaussianState:
        before = later.mapped(self.back[:-1, :-1], self.back[:-1, -1])
        self._check_growth(_moments(later), _moments(before), "going backwards to charge it")
        return before

    def _check_growth(self, old: FloatArray, new: FloatArray, when: str) -> None:
        spreads = [float(np.max(np.diag(moments)[:-1] - moments[:-1, -1] ** 2)) for moments in (new, old, old)]
        check_growth(self.machine, _OPTIONS.max_growth, (spreads[0], spreads[1], spreads[2]), when)

    # --- energies --------------------------------------------------------------------------------------------------------

    @cached_property
    def _energy_forms(self) -> tuple[FloatArray, FloatArray]:
        """The forms (subsystems, d, d) and forces (subsystems, d) of the U_i at the ends of a cycle."""
        return self.hamiltonian.subsystem_coupling(0.0)

    def energies(self, moments: FloatArray) -> FloatArray:
        """Return U_i of every subsystem and E_j of every reservoir in a state with these moments."""
        basis, n_modes = self.hamiltonian.basis, self.hamiltonian.n_modes
        second, means = basis.T @ moments[:-1, :-1] @ basis, basis.T @ moments[:-1, -1]
        forms, forces = self._energy_forms
        own = 0.5 * np.einsum("ide,de->i", forms, second) + forces @ means
        diagonal = np.diag(moments)
        quanta = 0.5 * self.hamiltonian.frequencies * (diagonal[:n_modes] + diagonal[n_modes:-1])
        baths = [float(np.sum(quanta[self.hamiltonian.part_modes[name]])) for name in self.machine.reservoir_names]
        return np.concatenate([own, baths])

    @property
    def changes(self) -> FloatArray:
        """dU_i of every subsystem and Q_j of every reservoir over the run."""
        return self.energies(self.last) - self.energies(self.first)

    @property
    def resolution(self) -> float:
        """Below which a change of an energy is rounding."""
        return rounding(self.energies(self.last))

    def _functional(self, slopes: FloatArray) -> FloatArray:
        """Return Lambda with d(sum_k slopes_k e_k) = tr(Lambda dS), shape (2N + 1, 2N + 1)."""
        basis, size = self.hamiltonian.basis, 2 * self.hamiltonian.n_modes
        forms, forces = self._energy_forms
        n = len(forms)
        result = np.zeros((size + 1, size + 1))
        result[:-1, :-1] = basis @ np.tensordot(slopes[:n], forms, axes=1) @ basis.T
        result[:-1, -1] = result[-1, :-1] = basis @ (slopes[:n] @ forces)
        for slope, name in zip(slopes[n:], self.machine.reservoir_names, strict=True):
            rows = mode_indices(self.hamiltonian.part_modes[name], self.hamiltonian.n_modes)
            result[rows, rows] += slope * np.tile(self.hamiltonian.frequencies, 2)[rows]
        return 0.5 * result

    # --- the response ----------------------------------------------------------------------------------------------------

    def response(self, slopes: FloatArray) -> Response:
        """Return the response of J with dJ = sum_k slopes_k d(dU_1, ..., Q_1, ...)_k."""
        functional = self._functional(slopes)
        at_start = self.whole.T @ functional @ self.whole
        product = self.first @ at_start
        total = product.copy()
        for _ in range(self.cycles - 1):
            product = self.way @ product @ self.back
            total += product
        charging, boundary = self._down_the_layers(at_start - functional)
        total -= charging
        forms, forces = self._term_forms
        times, weights, rates = [], [], []
        for passage in self.passages:
            d, v = passage.response(total)
            times.append(passage.times)
            weights.append(passage.weights)
            rates.append(2.0 * (np.einsum("ade,tde->ta", forms, d) + v @ forces.T))
        boundary = boundary + self._at_the_ends(slopes)
        return Response(self.terms, np.concatenate(times), np.concatenate(weights), np.concatenate(rates), boundary)

    @property
    def _term_forms(self) -> tuple[FloatArray, FloatArray]:
        """K_a and k_a of the varied terms, on the coupled quadratures."""
        unit = np.eye(len(self.hamiltonian.terms))[list(self.terms)]
        return self.hamiltonian.combine(unit)

    def _at_the_ends(self, slopes: FloatArray) -> FloatArray:
        """Return what the strengths at the ends do to the energies that are read there."""
        basis = self.hamiltonian.basis
        change = self.last - self.first
        forms, forces = self._term_forms
        each = 0.5 * np.einsum("ade,de->a", forms, basis.T @ change[:-1, :-1] @ basis) + forces @ (basis.T @ change[:-1, -1])
        owned = slopes[: len(self.machine.subsystems)] @ self.hamiltonian.shares[:, list(self.terms)]
        return np.asarray(owned * each)

    def _down_the_layers(self, functional: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Take Lambda of the start down to its thermal state; return S Lambda of all cycles charged, and the boundary there."""
        charging = np.zeros_like(functional)
        for layer, below in zip(self.layers[::-1], self.below[::-1], strict=True):
            if isinstance(layer, Charged):
                charged = np.linalg.matrix_power(self.back, layer.cycles)
                state = charged @ _moments(below) @ charged.T
                for _ in range(layer.cycles):
                    charging += state @ functional
                    state = self.way @ state @ self.way.T
                    functional = self.back.T @ functional @ self.back
            elif isinstance(layer, CorrelatedMarginals):
                functional = self._below_correlations(layer, below, functional)
            elif isinstance(layer, (Squeezed, Displaced)):
                map_ = self._move(layer)
                functional = map_.T @ functional @ map_
        return charging, self._thermal_boundary(functional)

    def _move(self, layer: Squeezed | Displaced) -> FloatArray:
        """Return the affine map of a squeezed or displaced start."""
        size = 2 * self.hamiltonian.n_modes
        map_ = np.eye(size + 1)
        if isinstance(layer, Displaced):
            map_[:-1, -1] = displacement(self.hamiltonian, layer)
        else:
            rows = mode_indices(self.hamiltonian.part_modes[layer.part], self.hamiltonian.n_modes)
            map_[np.ix_(rows, rows)] = np.kron(squeezing(layer.r, layer.phase), np.eye(len(rows) // 2))
        return map_

    def _below_correlations(self, layer: CorrelatedMarginals, below: GaussianState, functional: FloatArray) -> FloatArray:
        """Take Lambda below sigma -> sigma + strength c(sigma) X, with c the largest that is physical."""
        index, pattern = correlated_modes(self.hamiltonian, layer, below)
        gain = layer.strength * float(np.vdot(functional[:-1, :-1], pattern))
        if gain == 0.0:
            return functional
        rows = mode_indices(index, self.hamiltonian.n_modes)
        block = np.ix_(rows, rows)
        slope = gain * largest_correlation_slope(below.covariance[block], pattern[block])
        result = functional.copy()
        result[block] += slope
        shift = slope @ below.mean[rows]
        result[rows, -1] -= shift
        result[-1, rows] -= shift
        return result

    def _thermal_boundary(self, functional: FloatArray) -> FloatArray:
        """Return how J depends on the strengths at time zero through the thermal states that the start is made of."""
        total = np.zeros(len(self.terms))
        for names, temperature in gibbs_blocks(self.hamiltonian, self.base):
            rows = mode_indices(modes_of(self.hamiltonian, names), self.hamiltonian.n_modes)
            inside = [k for k, a in enumerate(self.terms) if set(self.hamiltonian.terms[a].parts) <= set(names)]
            if not inside:
                continue
            form, force = self.hamiltonian.own_form(names)
            mean = -np.linalg.solve(form, force) if np.any(force) else np.zeros(len(form))
            local = self.hamiltonian.basis[rows]
            forms, forces = self._term_forms
            block = functional[np.ix_(rows, rows)]
            linear = 2.0 * functional[rows] @ self._base_affine  # of <s s^T> with respect to the mean of these parts
            for k in inside:
                change, push = local @ forms[k] @ local.T, local @ forces[k]
                total[k] += float(np.vdot(block, gibbs_slope(form, temperature, change)))
                moved = -np.linalg.solve(form, push + change @ mean)
                total[k] += float(moved @ linear)
        return total

    @cached_property
    def _base_affine(self) -> FloatArray:
        """(<r>, 1) of the state below all layers."""
        return np.append(self.below[0].mean, 1.0) if self.below else self.first[:, -1]


def _passage(hamiltonian: Hamiltonian, way: FloatArray, span: tuple[float, float], bandwidth: float) -> Passage:
    """Return the passage along one stretch, exact if nothing moves there and the Hamiltonian is positive."""
    if hamiltonian.is_constant(*span):
        middle = 0.5 * (span[0] + span[1])
        try:
            return ConstantPassage.along(
                (hamiltonian.form(middle), hamiltonian.force(middle)), hamiltonian.basis, way, span, bandwidth
            )
        except StateError:  # not positive: it has no normal modes, and is solved like a driven stretch
            pass
    driven = DrivenHamiltonian(hamiltonian.frequencies, hamiltonian.basis, hamiltonian.coupling, hamiltonian.slope)
    panels = driven.panels(*span) + int(np.ceil(bandwidth * (span[1] - span[0]) / _PHASE_PER_PANEL))
    coarse = _end(driven, way, span, panels)
    while True:
        panels += (panels + 1) // 2
        if panels > 3 * _OPTIONS.max_panels:
            raise ConvergenceError(
                f"The driven stretch from t = {span[0]:.6g} to {span[1]:.6g} must be resolved in {_OPTIONS.max_panels} panels, "
                "but is not. Lower the highest frequencies of the baths, or the number of harmonics."
            )
        passage = DrivenPassage.through(partial(driven.stages, *span, panels, way))
        error = float(np.max(np.abs(passage.end - coarse))) / max(1.0, float(np.max(np.abs(coarse))))
        if error <= max(_OPTIONS.tolerance, panels * float(np.finfo(float).eps)):
            return passage
        coarse = passage.end


def _end(driven: DrivenHamiltonian, way: FloatArray, span: tuple[float, float], panels: int) -> FloatArray:
    last: Stage | None = None
    for stage in driven.stages(*span, panels, way):
        last = stage
    return way if last is None else last.end


def _with_one(way: FloatArray) -> FloatArray:
    """Return an affine map (2N, 2N + 1) as a matrix on (r, 1)."""
    return np.concatenate([way, np.eye(1, way.shape[1], way.shape[1] - 1)])


def _inverse(way: FloatArray) -> FloatArray:
    inverse = symplectic_inverse(way[:, :-1])
    return np.concatenate([inverse, -(inverse @ way[:, -1:])], axis=1)


def _moments(state: GaussianState) -> FloatArray:
    """Return <s s^T> of s = (r, 1)."""
    affine = np.append(state.mean, 1.0)
    moments = np.outer(affine, affine)
    moments[:-1, :-1] += state.covariance
    return moments
