"""The limit cycle of oscillators between continuous baths: covariances at every phase."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from athermal import _validate
from athermal._types import FloatArray
from athermal.limit.cycle import LimitCycle
from athermal.limit.state import PeriodicState
from athermal.machine.spec import to_spec
from athermal.maths.gaussian import entropy
from athermal.maths.symplectic import mode_indices
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Snapshot


@dataclass(frozen=True, eq=False, repr=False)
class HarmonicCycle(LimitCycle):
    """The limit cycle of oscillators between continuous baths: what depends on the time within the cycle is a method.

    I(S,R), C(R) and D_j are unknown in its ledger (NaN), their sum is not.

    Parameters
    ----------
    machine : Machine
    exponents : complex array
        Floquet exponents, slowest first: see `floquet_exponents`.
    errors : dict of str to float
        Estimated absolute errors: "work", "heat" (each reservoir's), "covariance", "mean" (of the first moments).
    accuracy : float
        What was asked for.
    state : PeriodicState
        What the integral over frequency found.
    n_harmonics : int
        Harmonics -n..n of the drive; 0: no drive, or strokes taken exactly.
    """

    state: PeriodicState = field(repr=False)
    n_harmonics: int

    @property
    def n_nodes(self) -> int:
        """The nodes of the integral over frequency."""
        return self.state.integral.n_nodes

    @property
    def undamped(self) -> FloatArray:
        """The part of each subsystem that sits in bound states outside the bands, never relaxes and is left out.

        It is no property of a limit cycle. Covariances are uncertain by as much; work and heat per cycle are not.
        """
        return self.state.undamped

    @property
    def occupations(self) -> list[float]:
        """<a^dag a> of each subsystem at phase zero, means included."""
        covariance, mean, n = self.covariance(), self.mean(), len(self.machine.subsystem_names)
        second = np.diag(covariance) + mean**2
        return [float(value) for value in 0.5 * (second[:n] + second[n:] - 1.0)]

    # --- the state at any phase ------------------------------------------------------------------------------------

    def covariance(self, phase: float = 0.0) -> FloatArray:
        """Return the covariance (2n, 2n) of the subsystems, (x.., p..), at a time in [0, period) of the cycle."""
        return self.state.covariance(_validate.real(phase, "phase", "a limit cycle"))

    def mean(self, phase: float = 0.0) -> FloatArray:
        """Return <x..>, <p..> of the subsystems at a time in the cycle: zero without forces."""
        return self.state.mean(_validate.real(phase, "phase", "a limit cycle"))

    def subsystem_energies(self, phase: float = 0.0) -> FloatArray:
        """Return U_i = <H_i + sum_j H_ij + its shares of H_ik> at a time in the cycle."""
        return self.state.subsystem_energies(_validate.real(phase, "phase", "a limit cycle"))

    def subsystem_entropies(self, phase: float = 0.0) -> FloatArray:
        """Return S(rho_i) in nats."""
        covariance, n = self.covariance(phase), len(self.machine.subsystems)
        blocks = [mode_indices(np.array([i]), n) for i in range(n)]
        return np.array([entropy(covariance[np.ix_(rows, rows)]) for rows in blocks])

    def system_entropy(self, phase: float = 0.0) -> float:
        """Return S(rho_S) of all subsystems together, in nats."""
        return entropy(self.covariance(phase))

    def system_correlation(self, phase: float = 0.0) -> float:
        """Return C(S) = sum_i S(rho_i) - S(rho_S)."""
        return float(np.sum(self.subsystem_entropies(phase))) - self.system_entropy(phase)

    def mutual_information(self, phase: float = 0.0) -> float:
        """Return I(S,R) between the subsystems and the continuous baths: it stays finite, and periodic, in the limit cycle.

        C(R) and D_j do not: the baths' correlations and displacements add up cycle by cycle for ever.
        """
        return self.state.mutual_information(_validate.real(phase, "phase", "a limit cycle"))

    # --- the laws --------------------------------------------------------------------------------------------------

    @cached_property
    def ledger(self) -> Ledger:
        """One cycle; energies of reservoirs are counted from its start."""
        machine, heats, unknown = self.machine, self.state.heats, np.full(len(self.machine.reservoirs), np.nan)
        energies, entropies, system = self.subsystem_energies(), self.subsystem_entropies(), np.asarray(self.system_entropy())
        nothing = np.asarray(np.nan)
        ends = [
            Snapshot(np.asarray(time), energies, gained, entropies, unknown, system, nothing, nothing)
            for time, gained in ((0.0, np.zeros(len(heats))), (machine.period, heats))
        ]
        # heat below its error is none
        least = max(ROUNDING, self.errors["heat"] / float(np.sum(np.abs(energies)) + np.sum(np.abs(heats))))
        reference = Reference.of(machine, energy_rounding=least)
        provenance = {
            "machine": to_spec(machine),
            "backend": {"kind": "limit_cycle", "accuracy": self.accuracy},
            "versions": {name: importlib.metadata.version(name) for name in ("athermal", "numpy", "scipy")},
        }
        conduct = Conduct(accuracy=dict(self.errors), energy_error=self.errors["work"] + self.errors["heat"])
        return Ledger(Snapshot.stack(ends), np.array([self.state.work]), reference, 1, conduct, provenance=provenance)

    def details(self) -> dict[str, Any]:
        subsystems = self.machine.subsystem_names
        return {
            "mutual_information": self.mutual_information(),
            "covariance": self.covariance().tolist(),
            "mean": self.mean().tolist(),
            "occupations": dict(zip(subsystems, self.occupations, strict=True)),
            "undamped": dict(zip(subsystems, self.undamped.tolist(), strict=True)),
            "n_harmonics": self.n_harmonics,
            "n_nodes": self.n_nodes,
        }

    # --- the table -----------------------------------------------------------------------------------------------------

    def _state(self) -> list[tuple[str, str]]:
        n = len(self.machine.subsystem_names)
        diagonal = np.diag(self.covariance())
        rows = [("correlations with the reservoirs, I(S,R)", f"{self.mutual_information():.9g} nats")]
        for k, (name, occupation) in enumerate(zip(self.machine.subsystem_names, self.occupations, strict=True)):
            rows.append((f"{name} at phase 0", f"<n> {occupation:.6g}, var x {diagonal[k]:.6g}, var p {diagonal[n + k]:.6g}"))
        return rows

    def _exactness(self) -> str:
        harmonics = f"{self.n_harmonics} harmonics, " if self.n_harmonics else ""
        return f"{harmonics}{self.n_nodes} frequencies, error of covariances {self.errors['covariance']:.1e}"

    def _notes(self) -> list[str]:
        if float(np.max(self.undamped)) <= self.accuracy:
            return []
        k = int(np.argmax(self.undamped))
        told = (
            f"  {self.undamped[k]:.1e} of subsystem {self.machine.subsystem_names[k]!r} sits in bound states outside the bands "
            "and never relaxes: covariances are known to that, work and heat are not affected"
        )
        return [told]
