"""The limit cycle that a backend finds as the fixed point of the map of a cycle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from athermal.backends.base import FixedPoint
from athermal.backends.choice import AnyBackend, choose
from athermal.engine.single import bound_run
from athermal.engine.threads import blas_threads
from athermal.engine.watching import Wanted
from athermal.limit.cycle import LimitCycle
from athermal.limit.joined import check_joined
from athermal.machine.initial import InitialState
from athermal.machine.machine import Machine
from athermal.thermodynamics.ledger import Ledger

# Multipliers below this are those of what is gone after a cycle.
_GONE = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class FixedCycle(LimitCycle):
    """The limit cycle of finite subsystems between continuous baths: the fixed point of the map of one cycle.

    Its ledger is that of a run of one cycle from there, with the backend that found it.

    Parameters
    ----------
    machine : Machine
    exponents : complex array
        Floquet exponents ln(mu)/tau of the multipliers that were found, slowest first, modulo 2 pi i/tau; all of small systems,
        the slowest of large ones.
    errors : dict of str to float
        "change": by how much one more cycle changes the state, relative to itself; "state": how far it may be from the fixed
        point, change/(1 - |mu|); "work", "heat": what that makes of energies, and of HEOM the errors of its cut-offs.
    accuracy : float
        What was asked for.
    start : InitialState
        The state at phase zero, for runs that start in the limit cycle.
    found : Ledger
        `ledger`.

    Examples
    --------
    >>> import athermal as at
    >>> bath = at.ContinuumBath("bath", 0.5, at.densities.Ohmic(friction=0.1, cutoff=5.0, cutoff_shape="drude"))
    >>> push = at.OperatorCoupling("atom", "sigmax", at.drives.Harmonic(0.3, frequency=1.0))
    >>> contact = at.OperatorCoupling(("atom", "bath"), ("sigmax", "position"))
    >>> machine = at.Machine([at.Qubit("atom", 1.0)], [bath], [push, contact], period=2.0 * np.pi)
    >>> cycle = at.limit_cycle(machine, at.Lindblad())
    >>> cycle.mode, bool(abs(cycle.multipliers[0]) < 1.0)
    ('heater', True)
    """

    start: InitialState = field(repr=False)
    found: Ledger = field(repr=False)

    @property
    def ledger(self) -> Ledger:
        """One cycle, run from the fixed point."""
        return self.found

    def details(self) -> dict[str, Any]:
        first = self.ledger.instants.isel(instant=0)
        names = self.machine.subsystem_names
        found = {
            name: dict(zip(names, first[name].values.tolist(), strict=True)) for name in ("subsystem_energy", "subsystem_entropy")
        }
        pairs = np.stack([self.multipliers.real, self.multipliers.imag], axis=1)
        return {**found, "multipliers": pairs.tolist(), "backend": self.ledger.provenance["backend"]}

    def _state(self) -> list[tuple[str, str]]:
        first, names = self.ledger.instants.isel(instant=0), self.machine.subsystem_names
        rows = zip(names, first["subsystem_energy"].values, first["subsystem_entropy"].values, strict=True)
        return [(f"{name} at phase 0", f"U {energy:.6g}, S {entropy:.6g} nats") for name, energy, entropy in rows]

    def _exactness(self) -> str:
        return f"one more cycle changes the state by {self.errors['change']:.1e}, error of the state {self.errors['state']:.1e}"


def fixed_cycle(machine: Machine, backend: AnyBackend | None, accuracy: float, samples: int, wanted: Wanted) -> FixedCycle:
    """Return the limit cycle that a backend finds; see `limit_cycle`."""
    choice = choose(machine, backend, owner="a limit cycle")
    check_joined(machine)
    with blas_threads(1):
        solver = choice.backend.bind(machine)
    with blas_threads(None if solver.is_threaded else 1):
        point: FixedPoint[Any] = solver.cycle_map().fixed_point(accuracy)
    found = bound_run(solver, machine, 1, point.start, choice, samples, None, wanted, point.state)
    kept = point.multipliers[np.abs(point.multipliers) > _GONE]
    exponents = np.asarray(np.log(kept) / machine.period, dtype=complex)
    return FixedCycle(machine, exponents, _errors(found, point), accuracy, point.start, found)


def _errors(found: Ledger, point: FixedPoint[Any]) -> dict[str, float]:
    line = found.cycles.isel(cycle=0)
    missed = float(np.abs(np.sum(line["energy_change"].values))) + point.error * found.conduct.energy_scale
    known = found.errors
    cut = {name: float(np.nanmax(known[name].values, initial=0.0)) if name in known else 0.0 for name in ("work", "heat")}
    return {"change": point.change, "state": point.error, "work": missed + cut["work"], "heat": missed + cut["heat"]}
