"""The periodic state of the subsystems: moments, energies and entropies at any phase, from the nodes of the integration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from athermal._types import ComplexArray, FloatArray
from athermal.floquet.solve import System
from athermal.floquet.sudden import StrokeMean, StrokeSystem
from athermal.maths.gaussian import entropy, thermal_excess
from athermal.maths.harmonics import amplitudes
from athermal.maths.information import _integration_rule
from athermal.maths.kronrod import Integral
from athermal.maths.symplectic import mode_indices


@dataclass(frozen=True)
class Mean:
    """The mean motion under periodic forces: amplitudes (2n + 1, 2N), contact amplitudes, work and heats per unit time."""

    y: ComplexArray
    contacts: tuple[ComplexArray, ...]
    work: float
    heats: FloatArray
    system: System

    def _waves(self, phase: float) -> ComplexArray:
        return np.asarray(np.exp(-1j * self.system.balance.nu * self.system.balance.harmonics * phase))

    def at(self, phase: float) -> FloatArray:
        """Return <r> at one time in the cycle."""
        return np.asarray((self.system.problem.transform @ (self._waves(phase) @ self.y)).real)

    def contact_at(self, bath: int, phase: float) -> FloatArray:
        """Return <X_j>, <P_j> of a bath's contact."""
        return np.asarray((amplitudes(1) @ (self._waves(phase) @ self.contacts[bath])).real)


def driven_mean(system: System) -> Mean:
    """Return the mean motion: D(0) y = f."""
    balance, n = system.balance, system.layout.n_modes
    forces, rates = system.problem.forces(max(balance.n, 1))
    middle = len(forces) // 2
    kept = slice(middle - balance.n, middle + balance.n + 1)
    f, rate = forces[kept].ravel(), rates[kept].ravel()
    zero = np.zeros(1, dtype=complex)
    y = np.linalg.solve(balance.matrix(zero)[0], f) if np.any(f) else np.zeros_like(f)
    work = 0.5 * float((y.conj() @ (balance.form_rate @ y)).real) + float((y.conj() @ rate).real)
    contacts, heats = [], []
    for j, contact in enumerate(balance.contacts):
        felt = contact.conj().T @ y
        c = balance.susceptibility(j, zero, np.arange(len(felt)))[0] * felt
        heats.append(-float(np.sum(balance.nu * balance.column_harmonic * (felt.conj() * c).imag)))
        work += float((y.conj() @ (balance.contact_rates[j] @ c)).real)
        contacts.append(c.reshape(-1, 2))
    return Mean(np.asarray(y.reshape(-1, 2 * n), dtype=complex), tuple(contacts), work, np.array(heats), system)


@dataclass(frozen=True)
class PeriodicState:
    """The subsystems in the limit cycle."""

    system: System | StrokeSystem
    integral: Integral
    mean_motion: Mean | StrokeMean

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
        reduced = self.system.problem.reduced.hamiltonian
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
            excess = thermal_excess(w, self.system.problem.baths[bath].temperature)
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
