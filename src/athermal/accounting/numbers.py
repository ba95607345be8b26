"""The numbers of an account: completed by the first law, and drawn anew within their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from athermal._types import FloatArray
from athermal.accounting.readings import Source
from athermal.errors import StudyError
from athermal.thermodynamics.confidence import Bootstrap, Linear
from athermal.thermodynamics.snapshot import Snapshot

# Bytes that the draws of a bootstrap may take.
_MOST_BYTES = 2**29


@dataclass(frozen=True)
class Numbers:
    """What was brought, with one standard error of each number.

    Parameters
    ----------
    times : (instants,) array
    heats : (instants, m) array
        Absorbed by each reservoir since the start.
    works : (instants - 1,) array or None
        Done in each interval.
    values : (instants, 2 n + 1) array
        U_1 .. U_n, S_1 .. S_n, S(rho_S); NaN where unknown.
    heat_readings, heat_errors : (instants, m) and (instants - 1, m) arrays
        Errors of heats read since the start, or measured interval by interval.
    work_readings, work_errors : (instants,) and (instants - 1,) arrays
    value_errors : (instants, 2 n + 1) array
    sources : list of Source
        The states that some of the values are from, with their errors.
    calibration : (1 + n,) array
        The relative error that all heats and works share, and then for each subsystem the same if its energies share it, or zero.
    """

    times: FloatArray
    heats: FloatArray
    works: FloatArray | None
    values: FloatArray
    heat_readings: FloatArray
    heat_errors: FloatArray
    work_readings: FloatArray
    work_errors: FloatArray
    value_errors: FloatArray
    sources: list[Source]
    calibration: FloatArray

    @property
    def n_subsystems(self) -> int:
        """The number of subsystems."""
        return int(self.values.shape[1] // 2)

    @property
    def from_first_law(self) -> str:
        """What is not among the numbers and follows from W = sum_j Q_j + sum_i dU_i: "work", "energy" or nothing."""
        if self.works is None:
            return "work"
        return "energy" if np.any(np.isnan(self.values[:, : self.n_subsystems])) else ""

    @property
    def has_errors(self) -> bool:
        """Whether any number has an error."""
        errors = (self.heat_readings, self.heat_errors, self.work_readings, self.work_errors, self.value_errors, self.calibration)
        return self.has_noisy_states or any(np.any(entry > 0.0) for entry in errors)

    @property
    def has_noisy_states(self) -> bool:
        """Whether any state has an error: only draws of it tell those of what follows from it."""
        return any(source.has_errors for source in self.sources)

    @property
    def without_errors(self) -> list[str]:
        """Whose energies follow from states of whose errors nothing was said."""
        n = self.n_subsystems
        return [
            source.of
            for source in self.sources
            if not source.is_known and np.any(source.columns[:n] & ~np.any(self.value_errors[:, :n] > 0.0, axis=0))
        ]

    def completed(self, heats: FloatArray, works: FloatArray | None, values: FloatArray) -> tuple[Snapshot, FloatArray]:
        """Return snapshots and works of numbers like these, stacked along (instants, ...)."""
        n, values = self.n_subsystems, values.copy()
        flows = np.sum(np.diff(heats, axis=0), axis=-1)
        if works is None:
            works = flows + np.sum(np.diff(values[..., :n], axis=0), axis=-1)
        elif self.from_first_law == "energy":
            values[0, ..., 0] = 0.0
            values[1:, ..., 0] = np.cumsum(works - flows, axis=0)
        unknown = np.full(values.shape[:-1], np.nan)
        times = np.broadcast_to(self.times.reshape(-1, *[1] * (values.ndim - 2)), unknown.shape).copy()
        entropies = values[..., n : 2 * n], np.full(heats.shape, np.nan), values[..., -1], unknown, unknown.copy()
        return Snapshot(times, values[..., :n], heats, *entropies), works

    def central(self) -> tuple[Snapshot, FloatArray]:
        """Return the snapshots and works of the numbers themselves."""
        return self.completed(self.heats, self.works, self.values)

    def linear(self, draws: Bootstrap | None) -> Linear:
        """Return the errors for linear propagation; draws of the same numbers tell probabilities."""
        n, unknown = self.n_subsystems, np.full(len(self.times), np.nan)
        errors = np.nan_to_num(self.value_errors)
        entropies = errors[:, n : 2 * n], np.full(self.heats.shape, np.nan), errors[:, -1], unknown, unknown
        snapshots = Snapshot(self.times, errors[:, :n], self.heat_readings, *entropies)
        readings = self.work_readings, self.work_errors, self.heat_errors
        return Linear(snapshots, *readings, self.from_first_law, self.calibration, draws)

    def bootstrap(self, draws: int, seed: int) -> Bootstrap:
        """Return draws of all numbers: normal within their errors, states within theirs or from their samples."""
        size = 8 * draws * len(self.times) * (2 * self.heats.shape[1] + self.values.shape[1] + 5)
        if size > _MOST_BYTES:
            most = draws * _MOST_BYTES // size
            raise StudyError(
                f"`draws` must fit into {_MOST_BYTES >> 20} MiB, but {draws} take {size >> 20} MiB. Ask for {most} or fewer, "
                'or for method="linear", which needs none.'
            )
        random, n = np.random.default_rng(seed), self.n_subsystems

        def noise(errors: FloatArray) -> FloatArray:
            return np.asarray(random.standard_normal((len(errors), draws, *errors.shape[1:])) * errors[:, None])

        heats = self.heats[:, None] + noise(self.heat_readings)
        heats[1:] += np.cumsum(noise(self.heat_errors), axis=0)
        works = None
        if self.works is not None:
            works = self.works[:, None] + np.diff(noise(self.work_readings), axis=0) + noise(self.work_errors)
        values = self.values[:, None] + noise(np.nan_to_num(self.value_errors))
        for source in self.sources:
            for k, draw in enumerate(source.draws):
                if draw is not None:
                    values[k] = np.where(source.columns, draw(random, draws), values[k])
        if np.any(self.calibration > 0.0):
            off = random.standard_normal((draws, 1)) * self.calibration
            heats, values[..., :n] = heats * (1.0 + off[:, :1]), values[..., :n] * (1.0 + off[:, 1:])
            works = None if works is None else works * (1.0 + off[:, 0])
        if n == 1:
            values[..., -1] = values[..., 1]
        return Bootstrap(*self.completed(heats, works, values))
