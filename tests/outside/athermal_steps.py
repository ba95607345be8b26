"""A backend from outside, as its author would write it: machines of oscillators whose drives are constant between sudden strokes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import scipy.linalg

import athermal as at
from athermal.backends.base import Backend, Solver
from athermal.backends.preparer import Preparer, thermal_blocks
from athermal.maths.gaussian import entropy, log_partition
from athermal.maths.symplectic import mode_indices, symplectic_form
from athermal.thermodynamics.snapshot import Reference, Snapshot
from athermal.thermodynamics.tells import Tells


@dataclass(frozen=True)
class Steps(Backend):
    """One exponential for each stroke."""

    families: ClassVar = ("harmonic",)
    tells: ClassVar = Tells()
    kind: Literal["steps"] = field(default="steps", repr=False)

    def why_not(self, machine):
        if why := super().why_not(machine):
            return why
        edges = [*machine.hamiltonian.breakpoints, machine.period]
        if all(machine.hamiltonian.is_constant(a, b) for a, b in itertools.pairwise([0.0, *edges]) if b > a):
            return ""
        return "The Steps backend holds drives that are constant between sudden strokes. Use Dense()."

    def bind(self, machine):
        self.refuse_unfit(machine)
        return StepsSolver(machine)


@dataclass(frozen=True)
class Moments:
    mean: np.ndarray
    covariance: np.ndarray


class StepsPreparer(Preparer[Moments]):
    def starts(self):
        return {at.ProductThermal: self.thermal, at.GaussianMoments: self.given}

    def changes(self):
        return {}

    def thermal(self, initial):
        """sigma = coth(i Omega h/2T) i Omega/2 of each part."""
        whole = self.machine.hamiltonian
        n = whole.n_modes
        mean, covariance = np.zeros(2 * n), np.zeros((2 * n, 2 * n))
        for names, temperature in thermal_blocks(self.machine, tuple(whole.part_modes), initial):
            rows = mode_indices(np.concatenate([whole.part_modes[name] for name in names]), n)
            form, force = whole.own_form(names)
            omega = 1j * symplectic_form(len(rows) // 2)
            values, vectors = np.linalg.eig(omega @ form / temperature)
            coth = (vectors / np.tanh(values / 2.0)) @ np.linalg.inv(vectors)
            covariance[np.ix_(rows, rows)] = (coth @ omega).real / 2.0
            mean[rows] = -np.linalg.solve(form, force)
        return Moments(mean, covariance)

    def given(self, initial):
        whole = self.machine.hamiltonian
        mean = np.zeros(2 * whole.n_modes) if initial.mean is None else np.array(initial.mean)
        covariance = whole.from_sites(whole.from_sites(np.array(initial.covariance)).T)
        return Moments(whole.from_sites(mean[:, None])[:, 0], covariance)


class StepsSolver(Solver[Moments]):
    def __init__(self, machine):
        self.machine, self.whole = machine, machine.hamiltonian

    @property
    def reference(self):
        baths = self.machine.reservoirs
        return Reference.of(
            self.machine,
            [log_partition(bath.frequencies, bath.temperature) for bath in baths],
            ground_energies=[0.5 * float(np.sum(bath.frequencies)) for bath in baths],
        )

    def prepare(self, initial):
        backwards = lambda state: self.advance(state, self.machine.period, 0.0)[0]  # noqa: E731
        return StepsPreparer(self.machine, "Steps()", backwards).prepare(initial)

    def advance(self, state, start, stop):
        low, high = sorted((start, stop))
        edges, are_breakpoints = self.whole.edges(low, high)
        pieces = list(zip(itertools.pairwise(edges), are_breakpoints, strict=True))
        work = 0.0
        for (a, b), is_breakpoint in pieces if stop > start else reversed(pieces):
            if stop < start and is_breakpoint:
                work -= self.jump(state, b)
            state = self.stretch(state, 0.5 * (a + b), b - a if stop > start else a - b)
            if stop > start and is_breakpoint:
                work += self.jump(state, b)
        return state, work

    def stretch(self, state, time, duration):
        """Of dr/dt = Omega (h r + f), one exponential of both."""
        form, force = self.whole.form(time), self.whole.force(time)
        size = len(form)
        generator = np.zeros((size + 1, size + 1))
        generator[:size, :size] = symplectic_form(size // 2) @ form
        generator[:size, size] = symplectic_form(size // 2) @ force
        both = scipy.linalg.expm(duration * generator)
        u, shift = both[:size, :size], both[:size, size]
        return Moments(u @ state.mean + shift, u @ state.covariance @ u.T)

    def energy(self, state, time, side="right"):
        second = state.covariance + np.outer(state.mean, state.mean)
        return 0.5 * np.sum(self.whole.form(time, side) * second) + self.whole.force(time, side) @ state.mean

    def jump(self, state, time):
        time = time % self.machine.period
        return float(self.energy(state, time) - self.energy(state, time, "left"))

    def snapshot(self, state, time):
        whole, n = self.whole, self.whole.n_modes
        second = state.covariance + np.outer(state.mean, state.mean)
        forms, forces = whole.subsystem_coupling(time % self.machine.period)
        touched, pulled = whole.basis.T @ second @ whole.basis, whole.basis.T @ state.mean
        quanta = 0.5 * np.tile(whole.frequencies, 2) * np.diag(second)
        systems, baths = self.machine.subsystem_names, self.machine.reservoir_names

        def of(*names):
            rows = mode_indices(np.concatenate([whole.part_modes[name] for name in names]), n)
            return entropy(state.covariance[np.ix_(rows, rows)])

        return Snapshot(
            np.asarray(time),
            0.5 * np.einsum("iab,ab->i", forms, touched) + forces @ pulled,
            np.array([np.sum(quanta[mode_indices(whole.part_modes[name], n)]) for name in baths]),
            np.array([of(name) for name in systems]),
            np.array([of(name) for name in baths]),
            np.asarray(of(*systems)),
            np.asarray(of(*baths)),
            np.asarray(of(*systems, *baths)),
        )

    def accuracy(self, state):
        return {"rounding": 1e-14}
