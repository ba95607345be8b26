"""Random machines with continuous baths: certified errors bound the true ones, meet what was asked, and are not wasteful.

The truth of each is a run of explicit modes of another rule: Gauss-Legendre panels at equal distances, and Gauss-Jacobi for the
power law at the origin, with several times the modes and a cut-off at rounding.
"""

import math

import numpy as np
import pytest
from scipy.special import roots_jacobi

import athermal as at

TAU = 2.0 * math.pi


def panels(low, high, power, duration, temperature):
    """Return nodes and weights for w^power times analytic functions times e^{iwt}."""
    first = low or min(math.pi * temperature, 0.3 * high, 20.0 / duration)
    # coth has its poles at 2 pi i T, which only low frequencies see
    split = min(high, first + 1.0)
    counts = [math.ceil((b - a) * max(duration / 60.0, r)) for a, b, r in ((first, split, 0.5 / temperature), (split, high, 0.3))]
    edges = np.concatenate([np.linspace(first, split, counts[0] + 1)[:-1], np.linspace(split, high, max(counts[1], 1) + 1)])
    edges = np.unique(edges)
    x, w = np.polynomial.legendre.leggauss(40)
    half = 0.5 * np.diff(edges)[:, None]
    nodes, weights = (edges[:-1, None] + half * (1.0 + x)).ravel(), (half * w).ravel()
    if low == 0.0:
        x, w = roots_jacobi(30, 0.0, power)
        start = 0.5 * first * (1.0 + x)
        nodes, weights = np.concatenate([start, nodes]), np.concatenate([0.5 * first * w * (1.0 + x) ** -power, weights])
    return nodes, weights


def random_bath(rng, name, cycles, kind):
    temperature = float(10.0 ** rng.uniform(-0.7, 0.5))
    strength = float(10.0 ** rng.uniform(-2.0, -0.5))
    if kind == "flat":
        low, high, power = float(rng.uniform(0.3, 0.8)), float(rng.uniform(1.2, 2.5)), 0.0
        density = at.densities.FlatBand(strength, low, high, "J")
    elif kind == "hard":
        low, high, power = 0.0, float(rng.uniform(0.6, 3.0)), float(rng.uniform(0.5, 3.0))
        density = at.densities.Ohmic(strength, high, power, "hard", "J")
    else:
        low, cutoff, power = 0.0, float(rng.uniform(0.3, 0.45)), float(rng.uniform(0.5, 3.0))
        density, high = at.densities.Ohmic(strength, cutoff, power, "exponential", "J"), 36.0 * cutoff
    nodes, weights = panels(low, high, power - 1.0, TAU * cycles, temperature)
    squared = density.squared_coupling(nodes) * weights
    kept = squared > 1e-34
    truth = at.Bath(name, temperature, nodes[kept], np.sqrt(squared[kept]))
    return at.ContinuumBath(name, temperature, density, "auto"), truth


def random_machine(seed):
    rng = np.random.default_rng(seed)
    cycles = int(rng.integers(1, 4))
    names = ("hot", "cold")[: int(rng.integers(1, 3))]
    kinds = [("flat", "hard", "exponential")[(seed + k) % 3] for k in range(2)]
    if kinds[0] == "exponential" or (len(names) > 1 and "exponential" in kinds):
        cycles = min(cycles, 2)
    baths, truths = zip(*(random_bath(rng, name, cycles, kind) for name, kind in zip(names, kinds, strict=False)), strict=True)
    subsystems = [at.Oscillator("a", 1.0), at.Oscillator("b", 2.0)]
    couplings = [at.Position(("a", names[0])), at.Exchange(("a", "b"), at.drives.Rotating(0.1, -1.0))]
    couplings += [at.Position(("b", names[-1]))] if len(names) > 1 else []
    accuracy = float(10.0 ** rng.uniform(-8.0, -3.0))
    return [at.Machine(subsystems, parts, couplings, TAU) for parts in (baths, truths)], cycles, accuracy


@pytest.mark.parametrize("seed", range(24))
def test_certified_errors_are_true_and_not_wasteful(seed):
    (machine, truth), cycles, accuracy = random_machine(seed)
    ledger, exact = at.run(machine, cycles, accuracy=accuracy), at.run(truth, cycles, backend=at.Star())
    lowest = float(np.min(machine.temperatures))
    # sums over all modes of the truth
    rounding = 1e-14 * float(np.max(np.abs(exact.snapshots.reservoir_energies))) * len(machine.reservoirs)
    largest = 0.0
    for errors, ours, theirs in (
        (ledger.errors, ledger.cycles, exact.cycles),
        (ledger.cumulative_errors, ledger.cumulative, exact.cumulative),
    ):
        for name, bound in errors.data_vars.items():
            scale = {"energy": 1.0, "nat": 1.0 / lowest, "energy/time": 1.0}.get(bound.attrs["units"])
            if scale is None:  # ratios: where their denominators are known
                scale = 1.0 / max(float(np.min(np.abs(theirs["work"].values))), 1e-6)
            a, b = ours[name].values, theirs[name].values
            off = np.where(a == b, 0.0, np.abs(a - b))
            assert np.all((off <= bound.values + rounding * max(scale, 1.0) * (1.0 + np.abs(b))) | np.isnan(a)), name
            if bound.attrs["units"] in ("energy", "nat"):
                largest = max(largest, float(np.nanmax(off)) / (lowest if bound.attrs["units"] == "energy" else 1.0))
    certified, _ = ledger.largest_error
    assert certified <= accuracy
    assert largest <= accuracy
    # the finer run is two orders better than the one it is compared with, or three: its rule converges faster than a power
    if largest > 1e-11:
        # where another mode on every panel gains five digits, the finer run is that much better than the bound says
        assert certified <= 1e6 * largest
