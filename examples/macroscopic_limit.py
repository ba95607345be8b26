"""For how many cycles can an engine beat Carnot? The macroscopic limit, in numbers and a picture.

    python examples/macroscopic_limit.py results

writes results/macroscopic_limit.png and prints the tables of docs/macroscopic_limit.md, in less than a minute.
Units: hbar = k_B = 1; frequencies and temperatures in units of the cold oscillator's frequency. All parameters are
our own choice.
"""

import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import athermal as at
from athermal.machine.machine import Machine

SIZES = [6, 12, 24, 48, 96]
CYCLES = 60
SHOWN = [1, 2, 3, 5, 10, 20, 40, 60]
CHARGES = [1, 2, 3, 4, 6, 8, 12, 16]


def showcase(modes: int) -> Machine:
    """Return the engine of examples/two_oscillator.toml."""
    return at.library.two_oscillator(T_hot=2.4, modes=modes, squeezing=0.01)


def charged(modes: int) -> Machine:
    """Return the engine of examples/charged.toml."""
    return at.library.two_oscillator(T_hot=1.5, modes=modes)


def correlated_start() -> tuple[at.sweeps.Sweep, at.sweeps.Sweep]:
    """Run the showcase with baths of every size, with correlations and, for comparison, without."""
    correlated = at.CorrelatedMarginals([at.Correlation(("hot", "cold"), phase=np.pi / 2)], strength=0.99)
    return (
        at.sweep(showcase, {"modes": SIZES}, cycles=CYCLES, initial=correlated),
        at.sweep(showcase, {"modes": SIZES}, cycles=CYCLES),
    )


def print_showcase(sweep: at.sweeps.Sweep) -> None:
    """Print the efficiency since the start, and what the second law leaves above Carnot, of the largest bath."""
    data = sweep.dataset.sel(cycle=SHOWN)
    print("Efficiency since the start (Carnot 0.583); a dash where no work has come out")
    print("  cycles   ", *(f"{n:>7}" for n in SHOWN))
    for modes in SIZES:
        row = data.sel(modes=modes)
        eta = np.where(row.cumulative_work < 0.0, row.cumulative_efficiency, np.nan)
        print(f"  {modes:>3} modes", *(f"{value:7.3f}" if np.isfinite(value) else "      -" for value in eta))
    largest = data.sel(modes=SIZES[-1])
    print("  -T_min dsigma", *(f"{value:7.3f}" for value in -largest.cumulative_entropic_work.values))
    print("  Q_in         ", *(f"{value:7.3f}" for value in largest.cumulative_heat_intake.values))
    print("  lasts", at.sweeps.cycles_beyond_carnot(sweep).values, "cycles")


def charges() -> at.sweeps.Sweep:
    """Charge for a number of cycles, with baths of every size, and run for as long as that could last."""
    parameters = {"modes": SIZES[1:], "initial.cycles": CHARGES}
    return at.sweep(charged, parameters, cycles=2 * max(CHARGES), initial=at.Charged(1))


def print_charges(sweep: at.sweeps.Sweep) -> None:
    """Print how long a charge lasts and how large it is."""
    lasts = at.sweeps.cycles_beyond_carnot(sweep)
    first = sweep.dataset.isel(cycle=0)
    stock = first.sigma_total - first.sigma_total_change
    print("\nCharged for m cycles (Carnot 0.333)")
    print("  m        ", *(f"{m:>7}" for m in CHARGES))
    for modes in SIZES[1:]:
        print(f"  {modes:>3} modes", *(f"{n:7.0f}" for n in lasts.sel(modes=modes).values), " cycles beyond Carnot")
        print("           ", *(f"{value:7.3f}" for value in stock.sel(modes=modes).values), " nats, Sigma at the start")
    print(f"  each late cycle of charging, by `limit_cycle`: {at.limit_cycle(charged(12)).sigma_total_change:.4f} nats")


def largest_charge(modes: int) -> tuple[float, int]:
    """Return the largest Sigma of any charge of up to 4 modes + 8 cycles, and its number of cycles."""
    numbers = [m for m in range(1, 4 * modes + 9) if m < 10 or m % max(1, modes // 6) == 0]
    found = [float(at.run(charged(modes), 1, initial=at.Charged(m)).instants.sigma_total[0]) for m in numbers]
    return max(found), numbers[int(np.argmax(found))]


def draw(with_correlations: at.sweeps.Sweep, with_charge: at.sweeps.Sweep, path: Path) -> None:
    """Draw both stories side by side."""
    with plt.rc_context({"font.size": 8.0, "legend.fontsize": 7.0}):
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4), layout="constrained")
        at.plot.lasting(with_correlations, ax=left)
        at.plot.lasting(with_charge, at={"modes": SIZES[-1]}, ax=right)
        figure.savefig(path, dpi=200)


def main(folder: str) -> None:
    """Print the tables and draw the picture."""
    warnings.simplefilter("ignore", at.errors.RecurrenceWarning)  # baths that are too small are part of the story
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    with_correlations, without = correlated_start()
    print_showcase(with_correlations)
    print("  without initial correlations: lasts", at.sweeps.cycles_beyond_carnot(without).values)
    with_charge = charges()
    print_charges(with_charge)
    print("\nLargest charge that a bath can hold")
    for modes in (6, 12, 24, 48):
        stock, m = largest_charge(modes)
        print(f"  {modes:>3} modes  {stock:.3f} nats, after {m} cycles: {stock / modes:.3f} nats for each mode")
    draw(with_correlations, with_charge, path / "macroscopic_limit.png")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "results")
