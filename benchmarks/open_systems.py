"""Master equations against QuTiP's solvers of the same equations, in pairs, and what a late cycle costs.

Seconds of processor time; the full ledger is in ours.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import qutip

import athermal as at

REPEATS, PERIODS = 3, 20
OPTIONS = {"rtol": 1e-9, "atol": 1e-11, "nsteps": 100_000, "progress_bar": ""}
TEMPERATURE, FREQUENCY = 0.5, 1.3
DENSITY = at.densities.Ohmic(friction=0.05, cutoff=5.0, cutoff_shape="drude")
TIMES = np.linspace(0.0, PERIODS * 2.0 * np.pi / FREQUENCY, PERIODS + 1)


def spectrum(w: float) -> float:
    """Return QuTiP's spectrum of the bath."""
    environment = qutip.DrudeLorentzEnvironment(TEMPERATURE, lam=0.5 * DENSITY.friction * DENSITY.cutoff, gamma=DENSITY.cutoff)
    return float(environment.power_spectrum(w))


def machine(part: Any, operator: str, push: Any) -> at.Machine:
    """Return one driven part with one bath."""
    contact = at.OperatorCoupling((part.name, "bath"), (operator, "position"))
    baths = [at.ContinuumBath("bath", TEMPERATURE, DENSITY)]
    return at.Machine([part], baths, [contact, *push], period=2.0 * np.pi / FREQUENCY)


def wave(amplitude: float) -> at.drives.Harmonic:
    """Return the drive."""
    return at.drives.Harmonic(amplitude, frequency=FREQUENCY)


def qubit() -> tuple[at.Machine, qutip.QobjEvo, qutip.Qobj]:
    """Return a qubit with a driven sigma_x, and QuTiP's Hamiltonian and contact."""
    pushed = machine(at.Qubit("q", 1.0), "sigmax", [at.OperatorCoupling("q", "sigmax", wave(0.4))])
    drive = [0.4 * qutip.sigmax(), lambda t: np.cos(FREQUENCY * t)]
    return pushed, qutip.QobjEvo([0.5 * qutip.sigmaz(), drive]), qutip.sigmax()


def oscillator(levels: int) -> tuple[at.Machine, qutip.QobjEvo, qutip.Qobj]:
    """Return a driven oscillator cut to some levels, and QuTiP's Hamiltonian and contact."""
    part = at.TruncatedOscillator("o", 1.0, levels=levels)
    pushed = machine(part, "position", [at.OperatorCoupling("o", "position", wave(0.2))])
    x = (qutip.destroy(levels) + qutip.create(levels)) / np.sqrt(2.0)
    return pushed, qutip.QobjEvo([qutip.num(levels), [0.2 * x, lambda t: np.cos(FREQUENCY * t)]]), x


def redfield(case: tuple[at.Machine, qutip.QobjEvo, qutip.Qobj], periods: int) -> tuple[float, float]:
    """Return what global Bloch-Redfield takes here, and QuTiP's brmesolve."""
    pushed, hamiltonian, contact = case
    start = qutip.fock_dm(contact.shape[0], contact.shape[0] - 1)
    return in_pairs(
        lambda: at.run(pushed, periods, backend=at.BlochRedfield()),
        lambda: qutip.brmesolve(
            hamiltonian, start, TIMES[: periods + 1], a_ops=[(contact, spectrum)], sec_cutoff=-1, options=OPTIONS
        ),
    )


def lindblad_qubit() -> tuple[float, float]:
    """Return what global Lindblad of a qubit of driven frequency takes here, and QuTiP's mesolve with its rates."""
    driven = machine(at.Qubit("q", 1.0 + wave(0.3)), "sigmax", [])

    def energy(t: float) -> float:
        return 1.0 + 0.3 * np.cos(FREQUENCY * t)

    jumps = [
        [qutip.sigmam(), lambda t: np.sqrt(spectrum(energy(t)))],
        [qutip.sigmap(), lambda t: np.sqrt(spectrum(-energy(t)))],
    ]
    hamiltonian = qutip.QobjEvo([[0.5 * qutip.sigmaz(), energy]])
    return in_pairs(
        lambda: at.run(driven, PERIODS, backend=at.Lindblad()),
        lambda: qutip.mesolve(hamiltonian, qutip.fock_dm(2, 1), TIMES, jumps, options=OPTIONS),
    )


def lindblad_oscillator(levels: int) -> tuple[float, float]:
    """Return what local Lindblad of a driven oscillator takes here, and QuTiP's mesolve."""
    pushed, hamiltonian, _ = oscillator(levels)
    lower = qutip.destroy(levels) / np.sqrt(2.0)
    jumps = [np.sqrt(spectrum(1.0)) * lower, np.sqrt(spectrum(-1.0)) * lower.dag()]
    return in_pairs(
        lambda: at.run(pushed, PERIODS, backend=at.Lindblad(approach="local")),
        lambda: qutip.mesolve(hamiltonian, qutip.fock_dm(levels, 0), TIMES, jumps, options=OPTIONS),
    )


def in_pairs(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Return the least processor times of both, run in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for call, found in zip((ours, theirs), seconds, strict=True):
            start = time.process_time()
            call()
            found.append(time.process_time() - start)
    return min(seconds[0]), min(seconds[1])


def late_cycles() -> list[tuple[int, float]]:
    """Return what a cycle of a Floquet-Markov run takes, in milliseconds, at some numbers of cycles."""
    solver = at.FloquetMarkov().bind(qubit()[0])
    state, period, found = solver.prepare(at.ProductThermal()), solver.machine.period, []
    state, _ = solver.advance(state, 0.0, period)
    for cycle in (1, 100, 10_000, 1_000_000):
        start = time.process_time()
        for k in range(200):
            state, _ = solver.advance(state, (cycle + k) * period, (cycle + k + 1) * period)
        found.append((cycle, 1e3 * (time.process_time() - start) / 200))
    return found


def main() -> None:
    """Run and print every case."""
    cases: list[tuple[str, tuple[float, float]]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.TruncationWarning)
        cases.append((f"Bloch-Redfield, driven qubit, {PERIODS} cycles", redfield(qubit(), PERIODS)))
        cases.append(("Bloch-Redfield, driven oscillator of 10 levels, 2 cycles", redfield(oscillator(10), 2)))
        cases.append((f"Lindblad (global), driven qubit, {PERIODS} cycles", lindblad_qubit()))
        cases.append((f"Lindblad (local), driven oscillator of 24 levels, {PERIODS} cycles", lindblad_oscillator(24)))
    print(f"{'case':62s} {'ours':>7s} {'QuTiP':>7s} {'ratio':>6s}")
    for name, (ours, theirs) in cases:
        print(f"{name:62s} {ours:7.3f} {theirs:7.3f} {ours / theirs:6.2f}")
    print("\nFloquet-Markov, milliseconds a cycle: " + ", ".join(f"{ms:.3f} at cycle {cycle}" for cycle, ms in late_cycles()))


if __name__ == "__main__":
    main()
