"""Print speed and memory of the main jobs, and the ratio to the textbook way, measured in the same run.

Each case runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import (
    best_correlations,
    continuum,
    drive_gradient,
    engine,
    finite,
    fixed_points,
    heom,
    limit_cycle,
    open_systems,
    star,
    startup,
    sweep,
    textbook,
)
from benchmarks.measure import measured

CASES: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
    ("two_oscillator, 2 x 100 modes, 50 cycles", engine.two_oscillator, (100, 50)),
    ("two_oscillator, 2 x 500 modes, 50 cycles", engine.two_oscillator, (500, 50)),
    ("otto, 2 x 300 ring modes, smooth ramps, 40 cycles", engine.otto, (300, 40)),
    ("two_oscillator, Ohmic continua to 1e-8, 20 cycles", continuum.certified_engine, (1e-8, 20)),
]


def main() -> None:
    """Run and print every case."""
    print("From the start of the interpreter, seconds of processor time.\n")
    startup.main()
    print()
    print("Full ledger each cycle. The two-oscillator engine has both drive tones: nothing is conserved that could be used.\n")
    print(f"{'case':52s} {'seconds':>9s} {'GiB':>6s}   note")
    seconds: dict[str, float] = {}
    for name, function, arguments in CASES:
        note, elapsed, memory = measured(function, arguments)
        seconds[name] = elapsed
        print(f"{name:52s} {elapsed:9.2f} {memory:6.2f}   {note}", flush=True)
    _continuum()
    print("\nLarge baths and long runs, without C(R) and D_j unless said; the dense backend at a size it can take.\n")
    star.main()
    print("\nLimit cycles.\n")
    limit_cycle.limit_cycles()
    print("\nFixed points of a cycle, against waiting.\n")
    fixed_points.main()
    print("\nExact gradients of drives, in units of a forward run.\n")
    drive_gradient.main()
    _finite()
    print("\nHierarchical equations of motion: a driven qubit between two baths.\n")
    heom.main()
    print("\nMaster equations of driven systems, seconds of processor time.\n")
    open_systems.main()
    print("\nThe best initial correlations.\n")
    best_correlations.main()
    print("\nSweeps: two workers against one, and the cost of a point beyond its run.\n", flush=True)
    sweep.main()
    print("\nThe textbook way: one dense matrix exponential per time step, entropies from a general eigenvalue solver.")
    print("Its error is measured at two step numbers and the steps for equal accuracy follow from its order.\n")
    for modes, cycles in ((100, 50), (500, 50)):
        estimate, _, _ = measured(textbook.estimate, (modes,))
        ours = seconds[f"two_oscillator, 2 x {modes} modes, {cycles} cycles"]
        once = estimate.steps * estimate.step_seconds + cycles * estimate.ledger_seconds
        always = cycles * (estimate.steps * estimate.step_seconds + estimate.ledger_seconds)
        print(f"2 x {modes} modes: {estimate}")
        print(f"  one propagator for all cycles: {once:11.0f} s, {once / ours:8.0f} times ours")
        print(f"  stepping through every cycle:  {always:11.0f} s, {always / ours:8.0f} times ours", flush=True)


def _continuum() -> None:
    print(
        "\nContinuous baths: certified errors against true ones of random machines (`python -m benchmarks.continuum` for all).\n"
    )
    print(continuum.summary(continuum.study(range(40))), flush=True)


def _finite() -> None:
    print("\nFinite machines: two qubits with a bath of spins each, two strokes, full ledger each cycle.\n")
    print(f"{'case':52s} {'seconds':>9s} {'GiB':>6s}   note")
    cases: list[tuple[str, Callable[..., Any], tuple[Any, ...]]] = [
        ("dimension 1024, excitations conserved, 20 cycles", finite.density_matrix, (4, 20, True)),
        ("dimension 1024, nothing conserved, 20 cycles", finite.density_matrix, (4, 20, False)),
        ("dimension 4096, excitations conserved, 20 cycles", finite.density_matrix, (5, 20, True)),
        ("dimension 4096, nothing conserved, 20 cycles", finite.density_matrix, (5, 20, False)),
        ("state vectors, 16 qubits, 8 samples, 1 cycle", finite.state_vectors, (7, 1, 8)),
        ("state vectors, 20 qubits, 2 samples, 1 cycle", finite.state_vectors, (9, 1, 2)),
    ]
    seconds: dict[str, float] = {}
    for name, function, arguments in cases:
        note, elapsed, memory = measured(function, arguments)
        seconds[name] = elapsed
        print(f"{name:52s} {elapsed:9.2f} {memory:6.2f}   {note}", flush=True)
    theirs, _, memory = measured(finite.qutip_cycle, (4,))
    total = 20 * (theirs.solve_seconds + theirs.row_seconds)
    ours = seconds["dimension 1024, nothing conserved, 20 cycles"]
    print("\nThe same run with qutip.mesolve and qutip.entropy_vn (one cycle measured, twenty reckoned):")
    print(f"dimension 1024: {theirs.solve_seconds:.1f} s a cycle, {theirs.row_seconds:.1f} s a ledger row, {memory:.2f} GiB")
    print(f"  states differ by {theirs.difference:.0e}; 20 cycles: {total:.0f} s, {total / ours:.0f} times ours", flush=True)


if __name__ == "__main__":
    main()
