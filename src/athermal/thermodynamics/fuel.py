"""What the fuel of renewed reservoirs is worth, in words: so that nobody takes an efficiency beyond Carnot's for a gift."""

from __future__ import annotations

import numpy as np

from athermal._numbers import ratio
from athermal.thermodynamics.labelled import Labelled


def sentences(ledger: Labelled) -> list[str]:
    """Return a sentence on what the fresh units of renewed reservoirs bring; none where no reservoir is renewed.

    Examples
    --------
    >>> import athermal as at
    >>> sentences(at.run(at.library.two_stroke(), cycles=2))
    ["Fresh units of 'cold stream' and 'hot stream' are thermal and uncorrelated: they bring no fuel."]
    """
    names = [repr(name) for name in ledger.reference.renewed]
    if not names or not ledger.n_cycles:
        return []
    units = f"Fresh units of {' and '.join(names)}"
    last, unit = ledger.cycles.isel(cycle=-1), ledger.units.get("energy", "")
    fuel, used, eta = (float(last[name]) for name in ("fuel", "fuel_used", "efficiency_with_fuel"))
    if abs(fuel) <= float(ledger.rounding_of("cycles")[0][-1]):
        return [f"{units} are thermal and uncorrelated: they bring no fuel."]
    said = (
        f"{units} bring fuel in every cycle: T_min [C(R) + sum D_j] = {_energy(fuel, unit)} of work, "
        f"the least that making them costs; the last cycle used {_energy(used, unit)} of it"
    )
    if np.isnan(eta):
        return [f"{said}."]
    return [f"{said}. With the fuel counted as intake its efficiency is {ratio(eta)}, not {ratio(float(last['efficiency']))}."]


def _energy(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".strip()
