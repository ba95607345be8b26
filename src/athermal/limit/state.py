"""The periodic state of the subsystems: moments, energies and entropies at any phase, from the nodes of the integration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import FloatArray
from athermal.limit.mean import HarmonicMean
from athermal.limit.solve import System
from athermal.limit.sudden import StrokeSystem
from athermal.limit.sudden_mean import SuddenMean
from athermal.maths.gaussian import entropy
from athermal.maths.information import _integration_rule
from athermal.maths.kronrod import Integral
from athermal.maths.symplectic import mode_indices


@dataclass(frozen=True)
class PeriodicState:
    """The subsystems in the limit cycle."""

    system: System | StrokeSystem
    integral: Integral
    mean_motion: HarmonicMean | SuddenMean

    @property
    def work(self) -> float:
        """W of one period, from <d_t H>."""
        rate = float(self.integral.values[self.system.layout.work]) + self.mean_motion.work
        return self.system.problem.machine.period * rate

    @property
    def heats(self) -> FloatArray:
        """Q_j of one period."""
        rates = self.integral.values[self.system.layout.heats] + self.mean_motion.heats
        return np.asarray(self.system.problem.machine.period * rates)

    def mean(self, phase: float) -> FloatArray:
        """Return <r> at one time in the cycle."""
        return self.mean_motion.at(phase)

    def contact_mean(self, bath: int, phase: float) -> FloatArray:
        """Return <X_j>, <P_j> of a bath's contact."""
        return self.mean_motion.contact_at(bath, phase)

    def covariance(self, phase: float, *, rule: str = "kronrod") -> FloatArray:
        """Return the covariance of the subsystems."""
        size = 2 * self.system.layout.n_modes
        total = np.zeros((size, size))
        for bath, w, r, weight in self.system.noise(self.integral, phase, rule):
            total += ((r.T * (weight * self.system.thermal(bath, w))) @ r.conj()).real
        return 0.5 * (total + total.T)

    def subsystem_energies(self, phase: float) -> FloatArray:
        """Return U_i = <H_i + sum_j H_ij + shares of H_ik> at one time in the cycle."""
        reduced = self.system.problem.hamiltonian
        second = np.zeros((2 * reduced.n_modes, 2 * reduced.n_modes))
        n = self.system.layout.n_modes
        rows = mode_indices(np.arange(n), reduced.n_modes)
        second[np.ix_(rows, rows)] = self.covariance(phase)
        mean = np.zeros(2 * reduced.n_modes)
        mean[rows] = self.mean(phase)
        crossed = self._contact_covariances(phase)
        for j, name in enumerate(self.system.problem.machine.reservoir_names):
            columns = mode_indices(reduced.part_modes[name], reduced.n_modes)
            mean[columns] = self.contact_mean(j, phase)
            second[np.ix_(rows, columns)], second[np.ix_(columns, rows)] = crossed[j], crossed[j].T
        touched = reduced.basis.T @ (second + np.outer(mean, mean)) @ reduced.basis
        forms, forces = reduced.subsystem_coupling(phase % self.system.problem.machine.period)
        return np.asarray(0.5 * np.einsum("ide,de->i", forms, touched) + forces @ (reduced.basis.T @ mean))

    def _contact_covariances(self, phase: float) -> list[FloatArray]:
        """Return <{r, B_j^T}>/2 less the means of each bath, B_j = (X_j, P_j)."""
        totals = [np.zeros((2 * self.system.layout.n_modes, 2)) for _ in self.system.problem.baths]
        for source, bath, w, r, contact, weight in self.system.touching_noise(self.integral, phase):
            totals[bath] += ((r.T * (weight * self.system.thermal(source, w))) @ contact.conj()).real
        return totals

    def mutual_information(self, phase: float, *, rule: str = "kronrod") -> float:
        """Return I(S,R) in nats.

        The formula of `maths.information.mutual_information_of_rows`, whose rows over the modes of a continuum are the
        responses rho(w) of r: ((sigma + i y Omega)^-1)_SS = Omega K Omega^T with
        K(y) = 2 integral [nu Re(rho rho^dag) - i y Im(rho rho^dag)]/(nu^2 - y^2) dw, nu = coth(w/2T)/2.
        """
        n = self.system.layout.n_modes
        gaps, node_weights = _integration_rule()
        kernels = np.zeros((len(gaps), 2 * n, 2 * n), dtype=complex)
        for bath, w, r, weights in self.system.noise(self.integral, phase, rule):
            excess = self.system.problem.baths[bath].occupation(w)
            for k, gap in enumerate(gaps):
                factor = 2.0 * weights / ((excess + gap) * (excess + 1.0 - gap))
                even = ((r.T * (factor * (excess + 0.5))) @ r.conj()).real
                odd = ((r.T * (factor * (0.5 - gap))) @ r.conj()).imag
                kernels[k] += even - 1j * odd
        logarithms = np.linalg.slogdet(kernels)[1]
        return entropy(self.covariance(phase, rule=rule)) - n + float(node_weights @ logarithms)

    @cached_property
    def undamped(self) -> FloatArray:
        """By how much [x_i, p_i] = i is missed in each subsystem, at the worst of the phases that are integrated."""
        layout = self.system.layout
        values = self.integral.values[layout.commutators].reshape(len(layout.phases), -1)
        a, b = layout.strict
        return np.array(
            [float(np.max(np.abs(values[:, (a == i) & (b == i + layout.n_modes)] - 1.0))) for i in range(layout.n_modes)]
        )
