"""The star backend: large baths, long runs, and how cost grows with the number of modes.

`python -m benchmarks.star` prints all of them; each runs in a process of its own.
"""

from __future__ import annotations

import math
import time
import warnings

import numpy as np

import athermal as at
from benchmarks.measure import measured


def engine(modes: int) -> at.Machine:
    """Return the two-oscillator engine with both drive tones: nothing is conserved that could be used."""
    return at.library.two_oscillator(T_hot=2.4, modes=modes, squeezing=0.01)


def star(modes: int, cycles: int, max_rank: int = 0) -> str:
    """Run with the star backend; without C(R) and D_j unless `max_rank` is given."""
    started = time.process_time()
    ledger = _run(modes, cycles, at.Star(max_rank=max_rank))
    spent = time.process_time() - started
    unknown = int(np.sum(np.isnan(ledger.snapshots.reservoir_entropies[:, 0])))
    return f"{spent:.2f} s of CPU, {_quality(ledger)}; C(R), D_j unknown in {unknown} of {cycles + 1} rows"


def broad(modes: int, cycles: int) -> str:
    """Run with Ohmic baths of cut-off 10 up to 180, which reach some 200 directions a cycle; without C(R) and D_j."""
    density = at.densities.Ohmic(0.05, 10.0, convention="kappa")
    machine = at.library.two_oscillator(
        T_hot=2.4, modes=modes, squeezing=0.01, density_hot=density, density_cold=density, high=180.0
    )
    return _quality(at.run(machine, cycles, backend=at.Star(max_rank=0)))


def dense(modes: int, cycles: int) -> str:
    """Run the same with the dense backend."""
    return _quality(_run(modes, cycles, at.Dense()))


def cpu_seconds(modes: int, cycles: int) -> float:
    """Return the CPU time of a run with the star backend, the assembly of the machine included."""
    start = time.process_time()
    _run(modes, cycles, at.Star(max_rank=0))
    return time.process_time() - start


def exponent(few: int = 10_000, many: int = 100_000, cycles: int = 20) -> str:
    """Return the exponent with which CPU time grows with the modes of each bath, and what it is from."""
    (one, _, _), (two, _, _) = (measured(cpu_seconds, (modes, cycles)) for modes in (few, many))
    power = math.log(two / one) / math.log(many / few)
    return f"{one:.2f} s of CPU at 2 x {few} modes, {two:.2f} s at 2 x {many}: exponent {power:.2f}"


def agreement(modes: int, cycles: int) -> str:
    """Return the largest difference of any energy or entropy, or of work, between star and dense."""
    one, two = (_run(modes, cycles, backend) for backend in (at.Star(block_modes=0), at.Dense()))
    names = ("subsystem_energies", "reservoir_energies", "subsystem_entropies", "reservoir_entropies", "reservoirs_entropy")
    states = max(float(np.max(np.abs(getattr(one.snapshots, n) - getattr(two.snapshots, n)))) for n in names)
    return f"star and dense differ by at most {states:.0e} in states, {float(np.max(np.abs(one.works - two.works))):.0e} in work"


def main() -> None:
    """Run and print every case."""
    for name, function, arguments in (
        ("star, 2 x 50,000 modes, 20 cycles", star, (50_000, 20)),
        ("star, 2 x 2,000 modes, 1,000 cycles", star, (2_000, 1_000)),
        ("star, wide bands, 2 x 6,000 modes, 20 cycles", broad, (6_000, 20)),
        ("star with C(R) and D_j, 2 x 5,000 modes, 20 cycles", star, (5_000, 20, 400)),
        ("star with C(R) and D_j, 2 x 1,000 modes, 5 cycles", star, (1_000, 5, 400)),
        ("dense, 2 x 1,000 modes, 5 cycles", dense, (1_000, 5)),
        ("both, 2 x 200 modes, 10 cycles", agreement, (200, 10)),
    ):
        note, elapsed, memory = measured(function, arguments)
        print(f"{name:52s} {elapsed:9.2f} s {memory:6.2f} GiB   {note}", flush=True)
    print(exponent(), flush=True)


def _run(modes: int, cycles: int, backend: at.Dense | at.Star) -> at.Ledger:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
        return at.run(engine(modes), cycles, backend=backend)


def _quality(ledger: at.Ledger) -> str:
    worst = float(abs(ledger.residual_first_law).max())
    return f"first law missed by {worst:.0e}; {len(ledger.violations())} violations"


if __name__ == "__main__":
    main()
