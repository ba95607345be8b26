"""What a backend tells about one instant, and the reference against which the laws read it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from athermal.machine.layout import Layout

ROUNDING = 2048.0 * float(np.finfo(float).eps)
"""Rounding of a difference of two energies or entropies of the whole, in units of their size: the sums run over all modes."""

# Of the highest temperature and 2 pi/tau: a temperature below is as good as zero.
_COLD = 1e-3


@dataclass(frozen=True)
class Snapshot:
    """Energies and entropies at one instant, or (stacked) at many along a leading axis.

    Anything a backend cannot know is NaN.

    Parameters
    ----------
    time : (...) array
    subsystem_energies : (..., n) array
        U_i = <H_i + sum_j H_ij + (its shares of H_ik)>.
    reservoir_energies : (..., m) array
        E_j = <H_j>.
    subsystem_entropies : (..., n) array
        S(rho_i), in nats.
    reservoir_entropies : (..., m) array
        S(rho_j).
    system_entropy, reservoirs_entropy, total_entropy : (...) arrays
        S(rho_S) of all subsystems, S(rho_R) of all reservoirs, S(rho_SR) of the whole.
    extras : mapping of str to (..., k) array
        What only some backends can tell, by the name of its column: see `athermal.thermodynamics.schema.extras`.
    renewed : Snapshot, optional
        Of stacked ones: what each became when reservoirs were renewed at its instant, itself where none was. Intervals that begin
        there begin with it.

    Examples
    --------
    >>> zero, one = np.array(0.0), np.array([1.0])
    >>> Snapshot(zero, one, one, one, one, zero, zero, zero).subsystem_energies
    array([1.])
    """

    time: FloatArray
    subsystem_energies: FloatArray
    reservoir_energies: FloatArray
    subsystem_entropies: FloatArray
    reservoir_entropies: FloatArray
    system_entropy: FloatArray
    reservoirs_entropy: FloatArray
    total_entropy: FloatArray
    extras: Mapping[str, FloatArray] = field(default_factory=dict)
    renewed: Snapshot | None = None

    @classmethod
    def stack(cls, snapshots: Sequence[Snapshot]) -> Snapshot:
        """Return many snapshots as one, along a new leading axis."""
        names = snapshots[0].extras
        extras = {name: np.stack([snapshot.extras[name] for snapshot in snapshots]) for name in names}
        renewed = None
        if any(snapshot.renewed is not None for snapshot in snapshots):
            renewed = cls.stack([snapshot if snapshot.renewed is None else snapshot.renewed for snapshot in snapshots])
        held: dict[str, Any] = {name: np.stack([getattr(snapshot, name) for snapshot in snapshots]) for name in ALWAYS}
        return cls(**held, extras=extras, renewed=renewed)

    def at(self, index: Any) -> Snapshot:
        """Return the snapshot(s) at an index of the leading axis (or axes), before what is renewed there."""
        extras = {name: np.asarray(values[index]) for name, values in self.extras.items()}
        held: dict[str, Any] = {name: np.asarray(getattr(self, name)[index]) for name in ALWAYS}
        return Snapshot(**held, extras=extras)

    def between(self, start: IntArray, stop: IntArray, who: IntArray | None = None) -> tuple[Snapshot, Snapshot]:
        """Return the snapshots before and after intervals between instants, of which the laws read differences.

        What the renewal of reservoirs changes is no change of an interval: one that begins at a renewal begins after it, and of
        one that leads over others b - a is the sum of its cycles' own, sum_k (b_k - a_k).

        Parameters
        ----------
        start, stop : (intervals,) arrays of int
            Along the first axis.
        who : (intervals,) array of int, optional
            Along the second.
        """

        def at(held: Snapshot, instants: IntArray) -> Snapshot:
            return held.at(instants if who is None else (instants, who))

        if self.renewed is None:
            return at(self, start), at(self, stop)
        first = np.minimum(start + 1, stop)
        before, jumps = at(self.renewed, start), self._jumps(self.renewed)
        counts = [_sums(given != 0.0) for given in jumps.values()]
        if not any(np.any(count[stop] > count[first]) for count in counts):  # to the last bit, and past unknowns
            return before, at(self, stop)

        def moved(name: str, values: FloatArray) -> FloatArray:
            given = _sums(jumps[name])
            change = given[stop] - given[first] if who is None else given[stop, who] - given[first, who]
            return np.asarray(values + change)

        held: dict[str, Any] = {name: moved(name, getattr(before, name)) for name in ALWAYS if name != "time"}
        extras = {name: moved(name, values) for name, values in before.extras.items()}
        return Snapshot(before.time, **held, extras=extras), at(self, stop)

    def _jumps(self, renewed: Snapshot) -> dict[str, FloatArray]:
        """Return by how much every number changes where reservoirs are renewed."""
        held = {name: getattr(renewed, name) - getattr(self, name) for name in ALWAYS}
        return held | {name: values - self.extras[name] for name, values in renewed.extras.items()}

    def at_time(self, time: float) -> Snapshot:
        """Return the same at another time."""
        return replace(self, time=np.asarray(time))


ALWAYS = tuple(entry.name for entry in fields(Snapshot) if entry.name not in ("extras", "renewed"))
"""What every snapshot holds."""


def _sums(given: Any) -> FloatArray:
    """Return the sums of what was given up to each instant, that one left out."""
    return np.asarray(np.concatenate([np.zeros((1, *given.shape[1:])), np.cumsum(given, axis=0)]))


@dataclass(frozen=True)
class Reference:
    """The constants of a machine that the laws need.

    Parameters
    ----------
    subsystems, reservoirs : tuple of str
        Names, in the order of the snapshots' columns.
    temperatures : (m,) array
        T_j; zero for a reservoir whose reference is its ground state.
    log_partitions : (m,) array
        ln Z_j of the reservoirs' reference states exp(-(H_j - mu_j N_j)/T_j)/Z_j; at T_j = 0 the limit of ln Z_j + E_0/T_j, ln of
        the ground level's degeneracy.
    period : float
    counters : tuple of str
        Names of the machine's counters.
    ground_energies : (m,) array, optional
        E_0 of every reservoir, the lowest level of H_j - mu_j N_j, needed where T_j = 0; unknown if left out.
    observables : tuple of str
        Names of the observables that a run was asked for.
    energy_rounding : float
        To what fraction of the energies of the whole a difference of two is known: what is below it is no heat into a vacuum.
    temperature_errors : (m,) array, optional
        One standard error of each T_j, where they were measured.
    chemical_potentials : (m,) array, optional
        mu_j; zero if left out.
    renewed : tuple of str
        The reservoirs that fresh units replace at the start of every cycle.
    """

    subsystems: tuple[str, ...]
    reservoirs: tuple[str, ...]
    temperatures: FloatArray
    log_partitions: FloatArray
    period: float
    counters: tuple[str, ...] = ()
    ground_energies: FloatArray | None = None
    energy_rounding: float = ROUNDING
    temperature_errors: FloatArray | None = None
    observables: tuple[str, ...] = ()
    chemical_potentials: FloatArray = field(default_factory=lambda: np.zeros(()))
    renewed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        potentials = np.broadcast_to(self.chemical_potentials, np.shape(self.temperatures))
        object.__setattr__(self, "chemical_potentials", potentials)

    @classmethod
    def of(
        cls,
        machine: Layout,
        log_partitions: Sequence[float] | FloatArray | None = None,
        *,
        ground_energies: Sequence[float] | FloatArray | None = None,
        counters: tuple[str, ...] = (),
        energy_rounding: float = ROUNDING,
    ) -> Reference:
        """Return the constants of a machine; ln Z_j are unknown if left out, as those of infinite baths are.

        Examples
        --------
        >>> import athermal as at
        >>> Reference.of(at.library.two_oscillator(T_hot=1.5, T_cold=1.0, modes=3)).temperatures
        array([1.5, 1. ])
        """
        m = len(machine.reservoirs)
        return cls(
            machine.subsystem_names,
            machine.reservoir_names,
            machine.temperatures,
            np.full(m, np.nan) if log_partitions is None else np.array(log_partitions, dtype=float),
            machine.period,
            counters,
            None if ground_energies is None else np.array(ground_energies, dtype=float),
            energy_rounding,
            chemical_potentials=machine.chemical_potentials,
            renewed=machine.renewed_names,
        )

    @property
    def is_renewed(self) -> BoolArray:
        """Which reservoirs are renewed."""
        return np.array([name in self.renewed for name in self.reservoirs], dtype=bool)

    @property
    def is_cold(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which reservoirs have T_j = 0."""
        return np.asarray(self.temperatures == 0.0)

    def remarks_on_vacuum(self) -> tuple[str, ...]:
        """Return what a reader must know of reservoirs at zero temperature."""
        cold = [name for name, is_cold in zip(self.reservoirs, self.is_cold, strict=True) if is_cold]
        if not cold:
            return ()
        names = " and ".join(map(repr, cold))
        said = (
            f"T = 0 for reservoir {names}: every column is the limit of T -> 0. Heat into the ground state makes dSigma, dsigma "
            f"and D_j of {names} infinite, for all three divide by T; what stays finite is T_min dSigma, the heat that {names} "
            "took, so that W = sum eta_j Q_j + T_min dsigma holds with F_i = U_i."
        )
        return (said,)

    @property
    def pairs(self) -> tuple[str, ...]:
        """Labels of the pairs of subsystems, in the order of columns by pair."""
        return tuple(f"{a}|{b}" for a, b in itertools.combinations(self.subsystems, 2))

    @property
    def divisors(self) -> FloatArray:
        """T_j, infinite where it is zero: x/T_j is then what stays finite of it."""
        return np.where(self.is_cold, np.inf, self.temperatures)

    @property
    def lowest_temperature(self) -> float:
        """T_min; zero without reservoirs, where F_i = U_i and all work is that of the energies."""
        return float(np.min(self.temperatures)) if len(self.temperatures) else 0.0

    @property
    def highest_temperature(self) -> float:
        """T_max; zero without reservoirs."""
        return float(np.max(self.temperatures)) if len(self.temperatures) else 0.0

    @property
    def cold_enlargement(self) -> float:
        """By how much heat over the lowest temperature is larger than over the unit of energy, if that is not T_min."""
        warm = self.temperatures[~self.is_cold]
        return max(1.0, self.energy_unit / float(np.min(warm))) if len(warm) else 1.0

    @property
    def energy_unit(self) -> float:
        """The lowest temperature, in which errors of energies are told; 2 pi/tau if there is none.

        Temperatures below a thousandth of the highest and of 2 pi/tau are as good as zero, and are left out.
        """
        cycle = 2.0 * np.pi / self.period
        warm = self.temperatures[self.temperatures > _COLD * max(cycle, self.highest_temperature)]
        return float(np.min(warm)) if len(warm) else cycle
