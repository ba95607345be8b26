"""A limit cycle, read as the laws do, and as a small table of text."""

from __future__ import annotations

import importlib.metadata
import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from athermal import _validate
from athermal._types import ComplexArray, FloatArray
from athermal._validate import suggest
from athermal.limit.state import PeriodicState
from athermal.machine.machine import Machine
from athermal.machine.spec import to_spec
from athermal.maths.gaussian import entropy
from athermal.maths.symplectic import mode_indices
from athermal.thermodynamics import modes
from athermal.thermodynamics.by_name import ByName
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Snapshot
from athermal.thermodynamics.tells import BATHS_UNSEEN, Tells

_MOST_EXPONENTS = 3


@dataclass(frozen=True, eq=False)
class LimitCycle:
    """The cycle that a machine with continuous baths relaxes to, per period.

    Every column of a ledger is an attribute, its value for one cycle: a float, a word, or an array by position and by name,
    `heat["hot"]`. What depends on the time within the cycle is a method.

    Parameters
    ----------
    state : PeriodicState
        What the integral over frequency found.
    exponents : complex array
        Floquet exponents, slowest first: see `floquet_exponents`.
    errors : dict of str to float
        Estimated absolute errors: "work", "heat" (each reservoir's), "covariance", "mean" (of the first moments).
    n_harmonics : int
        Harmonics -n..n of the drive; 0: no drive, or strokes taken exactly.
    accuracy : float
        What was asked for.

    Attributes
    ----------
    ledger : Ledger
        One cycle, for tables and plots. I(S,R), C(R) and D_j are unknown there (NaN), their sum is not.

    Examples
    --------
    >>> import athermal as at
    >>> cycle = at.limit_cycle(at.library.two_oscillator(T_hot=2.4))
    >>> cycle.mode, round(cycle.efficiency, 6)
    ('engine', 0.477029)
    """

    tells: ClassVar[Tells] = BATHS_UNSEEN
    state: PeriodicState = field(repr=False)
    exponents: ComplexArray
    errors: dict[str, float]
    n_harmonics: int
    accuracy: float

    @property
    def machine(self) -> Machine:
        """The machine."""
        return self.state.system.problem.machine

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

    def __getattr__(self, name: str) -> Any:
        """Return a column of the ledger for its one cycle."""
        if name.startswith("_"):
            raise AttributeError(name)
        columns = self.ledger.cycles
        if name not in columns:
            raise AttributeError(f"A limit cycle has no column {name!r}.{suggest(name, [str(column) for column in columns])}")
        value = columns[name].isel(cycle=0)
        return ByName(value.values, [str(part) for part in value[value.dims[0]].values]) if value.dims else value.item()

    def __dir__(self) -> list[str]:
        """List the columns beside the ordinary attributes."""
        return sorted({*super().__dir__(), *map(str, self.ledger.cycles.data_vars)})

    def __str__(self) -> str:
        """Return a small table a person can read."""
        return _report(self)

    __repr__ = __str__


def _report(cycle: LimitCycle) -> str:
    """Return what a limit cycle does, per period: energies, efficiency, state at phase zero, and how exact it is."""
    rows = [*_energies(cycle), *_performance(cycle), *_state(cycle), *_relaxation(cycle)]
    width = max(len(name) for name, _ in rows)
    title = f"Limit cycle of {cycle.machine.name!r}, period {cycle.machine.period:.6g}: {cycle.mode}"
    lines = [title, *(f"  {name:<{width}}  {value}" for name, value in rows)]
    if float(np.max(cycle.undamped)) > cycle.accuracy:
        k = int(np.argmax(cycle.undamped))
        lines.append(
            f"  {cycle.undamped[k]:.1e} of subsystem {cycle.machine.subsystem_names[k]!r} sits in bound states outside the bands "
            "and never relaxes: covariances are known to that, work and heat are not affected"
        )
    return "\n".join(lines)


def occupations(cycle: LimitCycle) -> list[float]:
    """Return <a^dag a> of each subsystem at phase zero, means included."""
    covariance, mean, n = cycle.covariance(), cycle.mean(), len(cycle.machine.subsystem_names)
    second = np.diag(covariance) + mean**2
    return [float(value) for value in 0.5 * (second[:n] + second[n:] - 1.0)]


def _energies(cycle: LimitCycle) -> list[tuple[str, str]]:
    heat_error = cycle.errors["heat"]
    named = zip(cycle.machine.reservoir_names, cycle.heat, strict=True)
    return [
        ("work done by the drive, W", _with_error(cycle.work, cycle.errors["work"])),
        *((f"heat into {name}, Q", _with_error(float(heat), heat_error)) for name, heat in named),
    ]


def _performance(cycle: LimitCycle) -> list[tuple[str, str]]:
    rows = []
    if cycle.mode in modes.WITH_OUTPUT and not math.isnan(cycle.efficiency):
        rows.append(("efficiency", f"{cycle.efficiency:.6g}  (Carnot {cycle.carnot_efficiency:.6g})"))
    elif cycle.mode == "refrigerator":
        rows.append(
            (
                "coefficient of performance",
                f"{cycle.coefficient_of_performance:.6g}  (Carnot {cycle.carnot_coefficient:.6g})",
            )
        )
    else:
        rows.append(("efficiency", f"-  (Carnot {cycle.carnot_efficiency:.6g})"))
    return [*rows, ("entropy production, dSigma", f"{cycle.sigma_total_change:.9g} nats")]


def _state(cycle: LimitCycle) -> list[tuple[str, str]]:
    n = len(cycle.machine.subsystem_names)
    diagonal = np.diag(cycle.covariance())
    rows = [("correlations with the reservoirs, I(S,R)", f"{cycle.mutual_information():.9g} nats")]
    for k, (name, occupation) in enumerate(zip(cycle.machine.subsystem_names, occupations(cycle), strict=True)):
        rows.append((f"{name} at phase 0", f"<n> {occupation:.6g}, var x {diagonal[k]:.6g}, var p {diagonal[n + k]:.6g}"))
    return rows


def _relaxation(cycle: LimitCycle) -> list[tuple[str, str]]:
    slowest = ", ".join(_complex(value) for value in cycle.exponents[:_MOST_EXPONENTS]) or "none found"
    more = f", ... ({len(cycle.exponents)})" if len(cycle.exponents) > _MOST_EXPONENTS else ""
    harmonics = f"{cycle.n_harmonics} harmonics, " if cycle.n_harmonics else ""
    errors = f"error of covariances {cycle.errors['covariance']:.1e}"
    return [
        ("slowest Floquet exponents", slowest + more),
        ("exactness", f"{harmonics}{cycle.n_nodes} frequencies, {errors}"),
    ]


def _with_error(value: float, error: float) -> str:
    return f"{value:.9g}  (error {error:.1e})"


def _complex(value: complex) -> str:
    """Return a number without the imaginary part that rounding leaves.

    Examples
    --------
    >>> _complex(-0.25 + 1e-17j), _complex(-0.25 - 2j)
    ('-0.25', '-0.25-2i')
    """
    if abs(value.imag) < 1e-9 * abs(value):
        return f"{value.real:.6g}"
    return f"{value.real:.6g}{value.imag:+.6g}i"
