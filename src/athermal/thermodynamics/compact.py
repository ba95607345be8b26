"""A ledger as a flat data set of what it is made of, a few kB: for the many small files of a sweep.

Columns are not in it: the laws give them back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray
from athermal.errors import FileFormatError
from athermal.thermodynamics import states
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.ledger import Ledger
from athermal.thermodynamics.snapshot import ALWAYS, ROUNDING, Reference, Refinement, Replicates, Snapshot, Uncertainty

_EXTRA = "extra_"


def to_dataset(ledger: Ledger) -> xr.Dataset:
    """Return what a ledger is made of as one flat data set.

    Examples
    --------
    >>> import athermal as at
    >>> ledger = at.run(at.library.two_oscillator(modes=12), cycles=2)
    >>> bool(from_dataset(to_dataset(ledger)).work.equals(ledger.work))
    True
    """
    ref = ledger.reference
    arrays = _of_run(ledger.snapshots, ledger.works, "")
    arrays |= {"temperatures": ref.temperatures, "log_partitions": ref.log_partitions}
    if np.any(ref.chemical_potentials):
        arrays["chemical_potentials"] = ref.chemical_potentials
    if ref.ground_energies is not None:
        arrays["ground_energies"] = ref.ground_energies
    if ref.temperature_errors is not None:
        arrays["temperature_errors"] = ref.temperature_errors
    if ledger.replicates is not None:
        arrays |= _of_run(ledger.replicates.snapshots, ledger.replicates.works, "replicates_")
    if ledger.refinement is not None:
        arrays |= _of_run(ledger.refinement.snapshots, ledger.refinement.works, "refinement_")
        arrays["refinement_log_partitions"] = ledger.refinement.log_partitions
    if ledger.uncertainty is not None:
        arrays |= _of_run(ledger.uncertainty.snapshots, ledger.uncertainty.works, "uncertainty_")
        arrays["uncertainty_heats"] = ledger.uncertainty.heats
        arrays["uncertainty_work_readings"] = ledger.uncertainty.work_readings
        if ledger.uncertainty.calibration is not None:
            arrays["uncertainty_calibration"] = ledger.uncertainty.calibration
    tables = states.to_datasets(ledger.kept_states)
    arrays |= {f"{group}_{name}": table[name].values for group, table in tables.items() for name in map(str, table.data_vars)}
    data = {name: (tuple(f"{name}_{k}" for k in range(np.ndim(array))), array) for name, array in arrays.items()}
    names = {"subsystems": ref.subsystems, "reservoirs": ref.reservoirs, "counters": ref.counters, "observables": ref.observables}
    return xr.Dataset(
        data,
        attrs={
            "samples_per_cycle": ledger.samples_per_cycle,
            "period": ref.period,
            "energy_rounding": ref.energy_rounding,
            "names": json.dumps(names),
            "provenance": json.dumps(ledger.provenance),
            "conduct": json.dumps(ledger.conduct.plain()),
            **({} if ledger.uncertainty is None else {"from_first_law": ledger.uncertainty.from_first_law}),
            **({} if ledger.replicates is None else {"replicates": ledger.replicates.kind}),
            **({"states": json.dumps([dict(table.attrs) for table in tables.values()])} if tables else {}),
        },
    )


def from_dataset(data: xr.Dataset) -> Ledger:
    """Return the ledger that `to_dataset` took apart, or raise `FileFormatError` if a piece is missing."""
    try:
        arrays = {str(name): np.asarray(entry.values, dtype=float) for name, entry in data.data_vars.items()}
        names = {key: tuple(words) for key, words in json.loads(data.attrs["names"]).items()}
        reference = Reference(
            temperatures=arrays["temperatures"],
            log_partitions=arrays["log_partitions"],
            period=float(data.attrs["period"]),
            ground_energies=arrays.get("ground_energies"),
            energy_rounding=float(data.attrs.get("energy_rounding", ROUNDING)),
            temperature_errors=arrays.get("temperature_errors"),
            chemical_potentials=arrays.get("chemical_potentials", np.zeros(())),
            **names,
        )
        replicates = refinement = uncertainty = None
        if "replicates_works" in arrays:
            kind = str(data.attrs.get("replicates", "jackknife"))
            replicates = Replicates(_snapshots(arrays, "replicates_"), arrays["replicates_works"], kind)
        if "uncertainty_works" in arrays:
            readings, each, heats = (arrays[f"uncertainty_{name}"] for name in ("work_readings", "works", "heats"))
            derived = str(data.attrs["from_first_law"])
            calibration = arrays.get("uncertainty_calibration")
            uncertainty = Uncertainty(_snapshots(arrays, "uncertainty_"), readings, each, heats, derived, calibration)
        if "refinement_works" in arrays:
            refinement = Refinement(
                _snapshots(arrays, "refinement_"), arrays["refinement_works"], arrays["refinement_log_partitions"]
            )
        return Ledger(
            _snapshots(arrays, ""),
            arrays["works"],
            reference,
            int(data.attrs["samples_per_cycle"]),
            json.loads(data.attrs["provenance"]),
            replicates,
            refinement,
            uncertainty,
            _kept(arrays, json.loads(data.attrs.get("states", "[]"))),
            Conduct.of_plain(json.loads(data.attrs["conduct"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"The data lack a part of a ledger ({error}).") from error


def _kept(arrays: Mapping[str, FloatArray], attributes: list[dict[str, str]]) -> tuple[states.Kept, ...]:
    tables = {}
    for k, attrs in enumerate(attributes):
        start = f"states_{k}_"
        held = {name.removeprefix(start): values for name, values in arrays.items() if name.startswith(start)}
        data = {name: (tuple(f"{name}_{axis}" for axis in range(values.ndim)), values) for name, values in held.items()}
        tables[f"states_{k}"] = xr.Dataset(data, attrs=attrs)
    return states.from_datasets(tables)


def _of_run(snapshots: Snapshot, works: FloatArray, prefix: str) -> dict[str, FloatArray]:
    held: dict[str, Any] = {name: getattr(snapshots, name) for name in ALWAYS}
    held |= {f"{_EXTRA}{name}": values for name, values in snapshots.extras.items()}
    return {f"{prefix}{name}": np.asarray(values) for name, values in {**held, "works": works}.items()}


def _snapshots(arrays: Mapping[str, FloatArray], prefix: str) -> Snapshot:
    start = f"{prefix}{_EXTRA}"
    extras = {name.removeprefix(start): values for name, values in arrays.items() if name.startswith(start)}
    return Snapshot(**{name: arrays[f"{prefix}{name}"] for name in ALWAYS}, extras=extras)
