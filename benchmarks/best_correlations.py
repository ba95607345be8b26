"""The best initial correlations: time against the number of free parameters."""

from __future__ import annotations

from typing import Literal

import athermal as at
from benchmarks.measure import measured

Objective = Literal["work_output", "efficiency"]


def oscillators(modes: int, objective: Objective) -> str:
    """Find the best correlations among all parts of two oscillators and their baths."""
    return _summary(at.best_correlations(at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=modes), objective=objective))


def large_baths(modes: int, objective: Objective) -> str:
    """Find the best correlations of two oscillators whose baths, however large, start uncorrelated."""
    machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01, modes=modes)
    return _summary(at.best_correlations(machine, objective=objective, among=("hot", "cold")))


def qubits(n: int, objective: Objective) -> str:
    """Find the best correlations of qubits of thermal marginals."""
    names = tuple(f"qubit {k + 1}" for k in range(n))
    return _summary(at.best_correlations(at.library.correlated_qubits(n), objective=objective, among=names))


def _summary(best: at.search.BestCorrelations) -> str:
    return f"{best.n_free} free; {best.uncorrelated:.4f} -> {best.value:.6f}, gap {best.gap:.0e}"


def main() -> None:
    """Run and print every case."""
    print(f"{'case':52s} {'seconds':>9s} {'GiB':>6s}   note")
    for name, function, size, objective in (
        ("two oscillators, 2 x 6 modes, work", oscillators, 6, "work_output"),
        ("two oscillators, 2 x 12 modes, work", oscillators, 12, "work_output"),
        ("two oscillators, 2 x 12 modes, efficiency", oscillators, 12, "efficiency"),
        ("two oscillators, 2 x 24 modes, work", oscillators, 24, "work_output"),
        ("two oscillators alone, 2 x 300 modes, work", large_baths, 300, "work_output"),
        ("three qubits, work", qubits, 3, "work_output"),
        ("four qubits, work", qubits, 4, "work_output"),
    ):
        note, elapsed, memory = measured(function, (size, objective))
        print(f"{name:52s} {elapsed:9.2f} {memory:6.2f}   {note}", flush=True)


if __name__ == "__main__":
    main()
