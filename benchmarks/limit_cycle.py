"""How long a limit cycle takes to 1e-8, from weak to strong coupling."""

from __future__ import annotations

import time

import numpy as np

import athermal as at


def engine(rate: float) -> at.Machine:
    """Two oscillators with both tones, exchange damping by Ohmic baths."""
    density = at.densities.Ohmic(rate, 5.0, convention="kappa")
    return at.library.two_oscillator(
        T_hot=2.4, coupling=0.5 * rate, squeezing=0.1 * rate, density_hot=density, density_cold=density, modes=5
    )


def parametric(rate: float) -> at.Machine:
    """One oscillator of driven frequency with position damping: harmonics without end."""
    frequency = at.drives.Constant(1.0) + at.drives.Harmonic(0.4 * rate, frequency=2.0)
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(rate, 10.0, cutoff_shape="drude"), 5, "tan")
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], [bath], [at.Position(("a", "bath"))], np.pi)


def own_density(rate: float) -> at.Machine:
    """An engine whose baths are Python functions: no closed form of what they answer."""
    hot = at.densities.FunctionDensity(lambda w: rate * w * np.exp(-((0.5 * w) ** 2)), 0.0, 12.0)
    cold = at.densities.FunctionDensity(lambda w: rate * w * np.exp(-((w / 1.5) ** 2)), 0.0, 9.0, "kappa")
    return at.Machine(
        [at.Oscillator("a", 2.0), at.Oscillator("b", 1.0)],
        [at.ContinuumBath("hot", 4.0, hot, 5, "legendre"), at.ContinuumBath("cold", 0.5, cold, 5, "legendre")],
        [at.Position(("a", "hot")), at.Exchange(("b", "cold")), at.Exchange(("a", "b"), at.drives.Rotating(0.2 * rate, 1.0))],
        2.0 * np.pi,
    )


def sudden(rate: float) -> at.Machine:
    """Sudden strokes of the frequency, taken exactly."""
    bath = at.ContinuumBath("bath", 1.0, at.densities.Ohmic(rate, 5.0), 5, "gauss")
    frequency = at.drives.Strokes((1.5, 1.5), (1.0, 1.6))
    return at.Machine([at.Oscillator("a", frequency, reference_frequency=1.0)], [bath], [at.Position(("a", "bath"))], 3.0)


def limit_cycles() -> None:
    """Print seconds, harmonics, nodes and the achieved error at each coupling."""
    for build, accuracy in ((engine, 1e-8), (parametric, 1e-8), (own_density, 1e-8), (sudden, 1e-8)):
        for rate in (1e-4, 1e-2, 0.5):
            start = time.perf_counter()
            cycle = at.limit_cycle(build(rate), accuracy=accuracy)
            seconds = time.perf_counter() - start
            print(
                f"{build.__name__:>11}  rate {rate:7.1e}  {seconds:6.2f} s  harmonics {cycle.n_harmonics:3d}  "
                f"nodes {cycle.n_nodes:5d}  error of work {cycle.errors['work']:.1e} of {cycle.work:.3e}"
            )


if __name__ == "__main__":
    limit_cycles()
