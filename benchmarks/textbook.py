"""What a run costs the textbook way: exp(Omega h(t_mid) dt) per step, and eigenvalues of i Omega sigma per entropy."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import scipy.linalg

import athermal as at
from athermal.maths.symplectic import symplectic_form

ACCURACY = 1e-9
"""The accuracy that the textbook way is asked for; athermal's own propagators are good to about 1e-14."""


@dataclass(frozen=True)
class Estimate:
    """What was measured, and the steps per cycle that reach `ACCURACY`."""

    steps: int
    step_seconds: float
    ledger_seconds: float
    measured_errors: tuple[float, float]

    def __str__(self) -> str:
        """Return it in words."""
        coarse, fine = self.measured_errors
        return (
            f"{self.step_seconds:.3f} s a step, {self.ledger_seconds:.2f} s a ledger row, {self.steps} steps a cycle for "
            f"{ACCURACY:.0e} (errors {coarse:.1e} and {fine:.1e} at 32 and 64 steps)"
        )


def estimate(modes: int) -> Estimate:
    """Measure one step, one ledger row, and the error at two step numbers (at 12 modes: it hardly depends on them)."""
    coarse, fine = (_error(steps) for steps in (32, 64))
    steps = int(np.ceil(64 * np.sqrt(fine / ACCURACY)))
    machine = at.library.two_oscillator(T_hot=2.4, modes=modes, squeezing=0.01)
    start = time.perf_counter()
    _step(machine, 0.0, machine.period / steps)
    step_seconds = time.perf_counter() - start
    covariance = at.Dense().bind(machine).prepare(machine.initial).covariance
    start = time.perf_counter()
    for rows in _blocks(modes):
        block = covariance[np.ix_(rows, rows)]
        np.linalg.eigvals(1j * symplectic_form(len(rows) // 2) @ block)
    return Estimate(steps, step_seconds, time.perf_counter() - start, (coarse, fine))


def _step(machine: at.Machine, time_: float, duration: float) -> np.ndarray:
    form = machine.hamiltonian.form(time_ + 0.5 * duration)
    return scipy.linalg.expm(duration * symplectic_form(machine.n_modes) @ form)


def _error(steps: int) -> float:
    machine = at.library.two_oscillator(T_hot=2.4, modes=12, squeezing=0.01)
    propagator = np.eye(2 * machine.n_modes)
    duration = machine.period / steps
    for k in range(steps):
        propagator = _step(machine, k * duration, duration) @ propagator
    solver = at.Dense().bind(machine)
    state = solver.prepare(machine.initial)
    exact, _ = solver.advance(state, 0.0, machine.period)
    return float(np.max(np.abs(propagator @ state.factor - exact.factor)))


def _blocks(modes: int) -> list[np.ndarray]:
    """Return the rows of the blocks whose entropies a ledger row needs: whole, reservoirs, each reservoir, the system."""
    total = 2 * modes + 2
    groups = [np.arange(total), np.arange(2, total), np.arange(2, 2 + modes), np.arange(2 + modes, total), np.arange(2)]
    return [np.concatenate([group, group + total]) for group in groups]
