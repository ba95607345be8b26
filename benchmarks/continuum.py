"""Baths with modes="auto": certified errors against true ones, and how long it takes to meet an accuracy.

`python -m benchmarks.continuum` prints the whole study. The truth of each random case is a run of explicit modes of another rule,
composite Gauss-Legendre between hand-set breaks with several times the modes (Gauss-Jacobi at a power-law origin, the
Chebyshev rule of the second kind for a semicircle), and a cut-off at rounding.
"""

from __future__ import annotations

import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from scipy.special import roots_jacobi

import athermal as at
from athermal._types import FloatArray
from athermal.thermodynamics.ledger import Ledger

# What sums over all modes of the truth are known to, in units of its energies.
ROUNDING = 1e-14


@dataclass(frozen=True)
class Case:
    """A random machine with continuous baths, and the nodes that stand for them in its truth."""

    label: str
    machine: at.Machine
    truth: at.Machine
    cycles: int
    accuracy: float


@dataclass(frozen=True)
class Verdict:
    """What became of a case: largest errors, in nats or units of the lowest temperature.

    Parameters
    ----------
    certified, true : float
        Of the least certain column; of the column that is off most.
    tightest : float
        The smallest ratio of certified to true error (plus rounding) of any entry of any column.
    where : str
        The entry that has it.
    modes : int
        Of the finer run.
    seconds : float
    """

    case: Case
    certified: float
    true: float
    tightest: float
    where: str
    modes: int
    seconds: float


def density_and_nodes(
    rng: np.random.Generator, duration: float, temperature: float, strength: float, convention: str
) -> tuple[str, at.densities.SpectralDensity, FloatArray, FloatArray]:
    """Return a random spectral density, and nodes and weights that integrate it times e^{iwt} to rounding."""
    kind = str(rng.choice(["exponential", "hard", "flat", "semicircle", "peak"]))
    if kind in ("exponential", "hard"):
        exponent, cutoff = float(rng.uniform(0.5, 3.0)), float(rng.uniform(0.5, 6.0))
        if kind == "exponential":  # the truth holds all of e^-30
            cutoff = min(cutoff, 60.0 / duration)
        # The same friction at w = 1, whatever the power
        friction = strength * cutoff ** (exponent - 1.0)
        density: at.densities.SpectralDensity = at.densities.Ohmic(friction, cutoff, exponent, kind, convention)  # type: ignore[arg-type]
        end = cutoff if kind == "hard" else cutoff * 30.0
        nodes, weights = composite([0.0, end], duration, temperature, exponent - 1.0, [cutoff])
        return f"{kind} s={exponent:.2f} cut={cutoff:.2f}", density, nodes, weights
    if kind == "flat":
        low, high = float(rng.uniform(0.2, 0.8)), float(rng.uniform(1.2, 4.0))
        density = at.densities.FlatBand(strength, low, high, convention)  # type: ignore[arg-type]
        return f"flat {low:.2f}..{high:.2f}", density, *composite([low, high], duration, temperature, 0.0, [])
    if kind == "semicircle":
        centre, half = 1.0, float(rng.uniform(0.05, 0.9))
        density = at.densities.FunctionDensity(
            lambda w: strength * math.sqrt(max(1.0 - ((w - centre) / half) ** 2, 0.0)),
            centre - half,
            centre + half,
            convention,  # type: ignore[arg-type]
        )
        n = int(half * duration + 8.0 * (half * duration) ** (1.0 / 3.0) + 60.0 + 8.0 * half / temperature)
        if half > 0.6:
            n *= 3
        angle = math.pi * np.arange(1, n + 1) / (n + 1)
        # weights of sqrt(1 - x^2), turned into those of a density that is called at the nodes
        return f"semicircle {half:.2f}", density, centre + half * np.cos(angle), half * math.pi / (n + 1) * np.sin(angle)
    centre, width = float(rng.uniform(0.5, 1.8)), float(10.0 ** rng.uniform(-1.5, 1.0) / duration)
    low, high = 0.1, 3.0
    # a background, and a peak of a weight that does not depend on its width
    height = strength * min(0.3 / width, 30.0)
    density = at.densities.FunctionDensity(
        lambda w: 0.3 * strength * w + height / (1.0 + ((w - centre) / width) ** 2),
        low,
        high,
        convention,  # type: ignore[arg-type]
    )
    nodes, weights = composite([low, high], duration, temperature, 0.0, [centre], width)
    return f"peak at {centre:.2f} of width x time {width * duration:.2g}", density, nodes, weights


def composite(
    ends: list[float], duration: float, temperature: float, power: float, special: list[float], width: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return a composite Gauss rule for analytic functions times coth(w/2T) e^{iwt}, and w^power at a lower end of zero."""
    low, high = ends
    edges = {low, high, *(s for s in special if low < s < high)}
    if width:
        steps = width * 2.0 ** np.arange(-1, 40)
        edges |= {float(special[0] + sign * s) for s in steps for sign in (1.0, -1.0)}
    first = low
    if low == 0.0:
        first = min(math.pi * temperature, 0.25 * (special or [high])[0], 60.0 / duration)
        edges |= set((first * 2.0 ** np.arange(40)).tolist())
    else:  # the poles of coth, and the range of an exponential, as seen from each end
        edges |= set((low + min(math.pi * temperature, low) * 2.0 ** np.arange(40)).tolist())
    cuts = sorted(e for e in edges if first <= e <= high)
    nodes, weights = [], []
    x, w = np.polynomial.legendre.leggauss(52)
    for a, b in itertools.pairwise(cuts):
        # e^{-w/cutoff} and e^{iwt} within a panel: 52 nodes integrate a phase of 2 x 60 to rounding
        pieces = max(1, math.ceil((b - a) * max(duration, 0.1) / 120.0))
        for k in range(pieces):
            half = 0.5 * (b - a) / pieces
            nodes.append(a + half * (2 * k + 1 + x))
            weights.append(half * w)
    if low == 0.0:
        x, w = roots_jacobi(40, 0.0, power)
        nodes.append(0.5 * first * (1.0 + x))
        weights.append(0.5 * first * w * (1.0 + x) ** -power)
    return np.concatenate(nodes), np.concatenate(weights)


def random_case(seed: int) -> Case:
    """Return a random machine: one oscillator with one or two baths, or two driven ones."""
    rng = np.random.default_rng(seed)
    cycles = int(rng.integers(1, 16))
    kind = str(rng.choice(["exchange", "position", "two baths", "driven"]))
    accuracy = float(10.0 ** rng.uniform(-9.0, -3.0))
    period = 2.0 * math.pi
    strength = float(10.0 ** rng.uniform(-2.5, -0.2))
    # an exchange with more than w0 can give makes the whole unbounded; position coupling has its counter-term
    couplings: list[at.Exchange | at.Position] = []
    baths, truths, labels = [], [], []
    names = ["bath"] if kind in ("exchange", "position") else ["hot", "cold"]
    for name in names:
        temperature = float(10.0 ** rng.uniform(math.log10(0.05), math.log10(5.0)))
        position = kind == "position" or (kind == "two baths" and name == "hot")
        convention = "J" if position else "kappa"
        label, density, nodes, weights = density_and_nodes(rng, cycles * period, temperature, strength, convention)
        baths.append(at.ContinuumBath(name, temperature, density, "auto"))
        squared = density.squared_coupling(nodes) * weights
        order = np.argsort(nodes)
        order = order[squared[order] > 1e-34]
        truths.append(at.Bath(name, temperature, tuple(nodes[order].tolist()), tuple(np.sqrt(squared[order]).tolist())))
        on = "b" if kind == "driven" and name == "cold" else "a"
        couplings.append(at.Position((on, name)) if position else at.Exchange((on, name)))
        labels.append(f"{label} T={temperature:.2f}")
    subsystems = [at.Oscillator("a", 1.0)]
    drives: list[at.Exchange | at.TwoModeSqueezing] = []
    if kind == "driven":
        subsystems.append(at.Oscillator("b", 2.0))
        drives = [
            at.Exchange(("a", "b"), at.drives.Rotating(0.1, -1.0)),
            at.TwoModeSqueezing(("a", "b"), at.drives.Rotating(0.02, 3.0)),
        ]
    start = at.Charged(int(rng.integers(1, 4))) if rng.random() < 0.15 else at.ProductThermal({"a": float(rng.uniform(0.1, 3.0))})
    machine = at.Machine(subsystems, baths, [*couplings, *drives], period, start)
    label = f"{kind}, {cycles} cycles, strength {strength:.2g}: " + "; ".join(labels)
    return Case(label, machine, replace(machine, reservoirs=tuple(truths)), cycles, accuracy)


def judged(case: Case) -> Verdict:
    """Run a case and its truth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        ledger = at.run(case.machine, case.cycles, accuracy=case.accuracy)
        seconds = time.perf_counter() - start
        truth = at.run(case.truth, case.cycles, backend=at.Star())
    certified, _ = ledger.largest_error
    true, tightest, where = compared(ledger, truth)
    modes = sum(fact["modes"] for fact in ledger.provenance["continuum"])
    return Verdict(case, certified, true, tightest, where, modes, seconds)


def compared(ledger: Ledger, truth: Ledger) -> tuple[float, float, str]:
    """Return the largest true error, and the smallest ratio of certified to true of any entry, and where."""
    lowest = float(np.min(ledger.reference.temperatures))
    size = 1.0 + float(np.max(np.sum(np.abs(truth.snapshots.reservoir_energies), axis=-1))) / lowest
    largest, tightest, where = 0.0, math.inf, ""
    for which, name, true, bound in entries(ledger, truth):
        unit = bound.attrs["units"]
        scale = {"energy": lowest, "nat": 1.0}.get(unit, 0.0)
        if scale:
            largest = max(largest, float(np.nanmax(true, initial=0.0)) / scale)
        rounding = ROUNDING * size * (scale or 1.0)
        seen = np.isfinite(true) & (true > rounding)
        ratio = np.where(seen, bound.values / np.where(seen, true - rounding, 1.0), math.inf)
        if ratio.size and float(np.min(ratio)) < tightest:
            tightest = float(np.min(ratio))
            where = f"{which}.{name}{[int(i) for i in np.unravel_index(int(np.argmin(ratio)), ratio.shape)]}"
    return largest, tightest, where


def entries(ledger: Ledger, truth: Ledger) -> Iterator[tuple[str, str, FloatArray, xr.DataArray]]:
    """Return every column with its true error and its certified one."""
    for which, errors in (("cycles", ledger.errors), ("cumulative", ledger.cumulative_errors)):
        ours, theirs = getattr(ledger, which), getattr(truth, which)
        for name, bound in errors.data_vars.items():
            a, b = ours[name].values, theirs[name].values
            with np.errstate(invalid="ignore"):
                yield which, str(name), np.where(a == b, 0.0, np.abs(a - b)), bound


def study(seeds: range, build: Callable[[int], Case] = random_case) -> list[Verdict]:
    """Run random cases and print one line for each."""
    verdicts = []
    for seed in seeds:
        case = build(seed)
        try:
            verdict = judged(case)
        except at.errors.ConvergenceError as error:
            print(f"{seed:4d}  refused: {str(error)[:150]}  ({case.label})", flush=True)
            continue
        except (at.errors.InstabilityError, at.errors.MachineError, at.errors.StateError) as error:
            print(f"{seed:4d}  {type(error).__name__}: {str(error)[:100]}  ({case.label})", flush=True)
            continue
        verdicts.append(verdict)
        flag = "OPTIMISTIC" if verdict.tightest < 1.0 else ""
        print(
            f"{seed:4d}  asked {case.accuracy:.0e}  certified {verdict.certified:.1e}  true {verdict.true:.1e}  "
            f"{verdict.modes:5d} modes {verdict.seconds:6.2f} s  tightest {verdict.tightest:8.2g} "
            f"({verdict.where})  {flag} {case.label}",
            flush=True,
        )
    return verdicts


def summary(verdicts: list[Verdict]) -> str:
    """Return the distribution of certified to true and to requested errors, where the true one is above rounding."""
    to_true = np.array([v.certified / v.true for v in verdicts if v.true > 1e-12])
    tightest = np.array([v.tightest for v in verdicts if math.isfinite(v.tightest)])
    asked = np.array([v.certified / v.case.accuracy for v in verdicts])
    rows = (
        ("certified to true error of the worst column", to_true),
        ("certified to true error, the tightest entry of any column", tightest),
        ("certified to requested error", asked),
        ("true to requested error", np.array([v.true / v.case.accuracy for v in verdicts])),
    )
    lines = [f"{'':60s} {'least':>9s} {'10 %':>9s} {'median':>9s} {'90 %':>9s} {'most':>9s}"]
    for name, values in rows:
        numbers = np.percentile(values, [0, 10, 50, 90, 100])
        lines.append(f"{name:60s} " + " ".join(f"{number:9.2g}" for number in numbers))
    return "\n".join(lines)


def ohmic_engine() -> at.Machine:
    """Return the two-oscillator engine with Ohmic baths of cut-off five times the higher frequency, modes left to the run."""
    machine = at.library.two_oscillator(T_hot=2.4, squeezing=0.01)
    density = at.densities.Ohmic(0.1, 10.0, convention="kappa")
    baths = tuple(at.ContinuumBath(name, T, density, "auto") for name, T in (("hot bath", 2.4), ("cold bath", 1.0)))
    return replace(machine, reservoirs=baths)


def certified_engine(accuracy: float, cycles: int) -> str:
    """Run it to an accuracy and return what its ledger certifies."""
    ledger = at.run(ohmic_engine(), cycles, accuracy=accuracy)
    error, where = ledger.largest_error
    modes = [fact["modes"] for fact in ledger.provenance["continuum"]]
    return f"{modes} modes, certified {error:.1e} ({where})"


def main() -> None:
    """Print the study and its summary."""
    print(summary(study(range(200))))


if __name__ == "__main__":
    main()
