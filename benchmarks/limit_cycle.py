"""How long a limit cycle takes to 1e-8, from weak to strong coupling."""

from __future__ import annotations

import time

import numpy as np

import athermal as at


def engine(rate: float) -> at.Machine:
    """Two oscillators with both tones, exchange damping by Ohmic baths."""
    density = at.Ohmic(rate, 5.0, convention="kappa")
    return at.library.two_oscillator(
        T_hot=2.4, coupling=0.5 * rate, squeezing=0.1 * rate, density_hot=density, density_cold=density, modes=5
    )


def parametric(rate: float) -> at.Machine:
    """One oscillator of driven frequency with position damping: harmonics without end."""
    frequency = at.Constant(1.0) + at.Harmonic(0.4 * rate, frequency=2.0)
    bath = at.ContinuumBath("bath", 1.0, at.Ohmic(rate, 10.0, cutoff_shape="drude"), 5, "tan")
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], [bath], [at.Position(("a", "bath"))], np.pi)


def limit_cycles() -> None:
    """Print seconds, harmonics, nodes and the achieved error at each coupling."""
    for build in (engine, parametric):
        for rate in (1e-4, 1e-2, 0.5):
            start = time.perf_counter()
            cycle = at.limit_cycle(build(rate))
            seconds = time.perf_counter() - start
            print(
                f"{build.__name__:>10}  rate {rate:7.1e}  {seconds:6.2f} s  harmonics {cycle.n_harmonics:3d}  "
                f"nodes {cycle.n_nodes:5d}  error of work {cycle.errors['work']:.1e} of {cycle.work:.3e}"
            )


if __name__ == "__main__":
    limit_cycles()
