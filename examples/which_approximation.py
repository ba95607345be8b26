"""Show where local, global, Redfield and HEOM leave the exact answer.

Two resonant oscillators between a hot and a cold bath (Drude, position couplings), once by every solver: the exact Gaussian
backend with baths of many modes, HEOM, Bloch-Redfield, and Lindblad with local and with global jumps. Printed for each pair of
coupling strengths: the heat that leaves the hot bath in the last period, and how far each solver is from the exact one.

    python examples/which_approximation.py [picture.png]      (some minutes, nearly all of it HEOM)
"""

from __future__ import annotations

import sys
import warnings

import athermal as at

T_HOT, T_COLD, LEVELS = 0.4, 0.2, 4
PERIODS, PERIOD = 4, 20.0


def pair(exchange: float, friction: float) -> at.Machine:
    """Return the machine: the modes of its baths are for the exact solver, the others take the continua as they are."""
    density = at.densities.Ohmic(friction=friction, cutoff=3.0, cutoff_shape="drude")
    baths = [
        at.ContinuumBath(name, temperature, density, modes=150, rule="tan")
        for name, temperature in (("hot", T_HOT), ("cold", T_COLD))
    ]
    return at.Machine(
        [at.Oscillator("left", 1.0), at.Oscillator("right", 1.0)],
        baths,
        [at.Exchange(("left", "right"), exchange), at.Position(("left", "hot")), at.Position(("right", "cold"))],
        period=PERIOD,
        initial=at.ProductThermal({"left": T_HOT, "right": T_COLD}),
    )


def solvers() -> dict[str, at.backends.Backend]:
    """Return every solver by name, the exact one first."""
    return {
        "exact": at.Dense(),
        "HEOM": at.HEOM(levels=LEVELS, depth=3, check=False, tolerance=1e-5),  # checked once with check=True
        "Redfield": at.BlochRedfield(levels=LEVELS),
        "Lindblad, global": at.Lindblad(levels=LEVELS),
        "Lindblad, local": at.Lindblad(levels=LEVELS, approach="local"),
    }


def main() -> None:
    """Compare the solvers from weak to strong coupling."""
    found = None
    for exchange, friction in ((0.01, 0.01), (0.1, 0.01), (0.4, 0.01), (0.1, 0.1), (0.4, 0.4)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the solvers break or cut: kept in `found.warnings`
            found = at.compare_backends(pair(exchange, friction), solvers(), cycles=PERIODS)
        print(f"exchange {exchange}, friction {friction}")
        exact = -float(found.ledgers["exact"].heat[-1, 0])
        for name, ledger in found.ledgers.items():
            heat = -float(ledger.heat[-1, 0])
            broken = ", second law broken" if any("second law" in text for text in ledger.violations()) else ""
            print(f"  {name:18s} {heat:+.5f}  {heat / exact - 1.0:+7.1%}  {found.runtimes[name]:7.2f} s{broken}")
    if len(sys.argv) > 1 and found is not None:
        at.plot.backends(found).figure.savefig(sys.argv[1])


if __name__ == "__main__":
    main()
