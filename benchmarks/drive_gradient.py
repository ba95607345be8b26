"""What the exact gradient of a drive costs, in units of one forward run: `python -m benchmarks.drive_gradient`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import athermal as at
from athermal._types import FloatArray
from athermal.backends.gaussian import Dense
from athermal.optimisation.drive_space import Free


@dataclass(frozen=True)
class Cost:
    """Seconds of one gradient, of the run with its ledger, and of the propagation alone."""

    parameters: int
    gradient: float
    run: float
    propagation: float

    def __str__(self) -> str:
        """Return the two ratios."""
        return (
            f"{self.parameters:4d} parameters: gradient {self.gradient:7.3f} s, {self.gradient / self.run:5.2f} runs with "
            f"ledger, {self.gradient / self.propagation:5.2f} propagations"
        )


def series(modes: int, harmonics: int, cycles: int) -> Cost:
    """Measure a Fourier series as the exchange strength of two oscillators with a bath each."""
    rng = np.random.default_rng(1)
    parameters = rng.normal(size=2 * harmonics + 1) * 0.1 / np.sqrt(harmonics)
    return _cost(_machine(modes, 0.1), {("hot", "cold"): at.search.FourierSeries(harmonics, (-1.0, 1.0))}, parameters, cycles)


def strokes(modes: int, count: int, cycles: int) -> Cost:
    """Measure the values of that many sudden strokes."""
    rng = np.random.default_rng(1)
    machine = _machine(modes, at.drives.Strokes((2.0 * np.pi / count,) * count, (0.1,) * count))
    parameters = rng.uniform(-0.3, 0.3, size=count)
    return _cost(machine, {("hot", "cold"): at.search.StrokeValues((-1.0, 1.0))}, parameters, cycles)


def _machine(modes: int, strength: float | at.drives.Drive) -> at.Machine:
    base = at.library.two_oscillator(T_hot=2.4, modes=modes)
    return at.Machine(
        base.subsystems, base.reservoirs, (*base.couplings[:-1], at.Exchange(("hot", "cold"), strength)), base.period
    )


def _cost(machine: at.Machine, free: Free, parameters: FloatArray, cycles: int) -> Cost:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", at.errors.RecurrenceWarning)
        driven = at.search.with_drive(machine, free, parameters)
        gradient = _seconds(lambda: at.search.drive_gradient(machine, free, cycles, parameters=parameters))
        run = _seconds(lambda: at.run(_fresh(driven), cycles, backend=Dense()))
        propagation = _seconds(lambda: _propagate(_fresh(driven), cycles))
    return Cost(len(parameters), gradient, run, propagation)


def _fresh(machine: at.Machine) -> at.Machine:
    """Return the machine with nothing worked out yet."""
    return at.Machine(machine.subsystems, machine.reservoirs, machine.couplings, machine.period)


def _propagate(machine: at.Machine, cycles: int) -> None:
    solver = Dense().bind(machine)
    state = solver.prepare(machine.initial)
    for k in range(cycles):
        state, _ = solver.advance(state, k * machine.period, (k + 1) * machine.period)


def _seconds(function: Callable[[], object]) -> float:
    function()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the cost for a few, some and many parameters."""
    for modes, cycles in ((100, 1), (100, 10)):
        print(f"Two oscillators with {modes} modes each, {cycles} cycle(s), Fourier series of the exchange:")
        for harmonics in (1, 10, 100):
            print(f"  {series(modes, harmonics, cycles)}", flush=True)
        print("The same, values of sudden strokes:")
        for count in (2, 20, 200):
            print(f"  {strokes(modes, count, cycles)}", flush=True)


if __name__ == "__main__":
    main()
