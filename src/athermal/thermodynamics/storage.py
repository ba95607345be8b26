"""Ledgers as netCDF files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from athermal._lazy import xr
from athermal._types import FloatArray
from athermal.errors import FileFormatError
from athermal.thermodynamics import netcdf, schema, states
from athermal.thermodynamics.conduct import Conduct
from athermal.thermodynamics.snapshot import ROUNDING, Reference, Refinement, Replicates, Snapshot, Uncertainty

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger

FORMAT = "athermal ledger"
FORMAT_VERSION = 2

# The columns of /instants that a snapshot is made of, by its own names.
_STATE_COLUMNS = {
    "time": "time",
    "subsystem_energies": "subsystem_energy",
    "reservoir_energies": "reservoir_energy",
    "subsystem_entropies": "subsystem_entropy",
    "reservoir_entropies": "reservoir_entropy",
    "system_entropy": "system_entropy",
    "reservoirs_entropy": "reservoirs_entropy",
    "total_entropy": "total_entropy",
}


def tree_of(ledger: Ledger) -> xr.DataTree:
    """Return a ledger as what stands in its netCDF file."""
    works = ledger.instants.assign(work=("interval", ledger.works, {"long_name": "work between consecutive instants"}))
    groups = {"/instants": works, "/cycles": ledger.cycles, "/cumulative": ledger.cumulative}
    if ledger.errors:
        groups |= {"/errors": ledger.errors, "/cumulative_errors": ledger.cumulative_errors}
    if ledger.replicates is not None:
        groups["/replicates"] = _table(ledger.replicates, "sample").assign_attrs(kind=ledger.replicates.kind)
    if ledger.uncertainty is not None:
        held = ledger.uncertainty
        more: dict[str, Any] = {"heat": (("interval", "reservoir"), held.heats), "work_reading": ("instant", held.work_readings)}
        more |= {} if held.calibration is None else {"calibration": ("scale", held.calibration)}
        groups["/uncertainty"] = _table(held).assign(more).assign_attrs(from_first_law=held.from_first_law)
    if ledger.refinement is not None:
        groups["/refinement"] = _table(ledger.refinement).assign(log_partition=("reservoir", ledger.refinement.log_partitions))
    groups |= {f"/{name}": table for name, table in states.to_datasets(ledger.kept_states).items()}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "samples_per_cycle": ledger.samples_per_cycle,
        "period": ledger.reference.period,
        "energy_rounding": ledger.reference.energy_rounding,
        "provenance": json.dumps(ledger.provenance),
        "conduct": json.dumps(ledger.conduct.plain()),
        "conventions": "hbar = k_B = 1; entropies in nats; W > 0 is work done on the machine, Q_j > 0 is absorbed by reservoir j",
    }
    tree.attrs["content_sha256"] = netcdf.content_digest(_rebuilt_from(groups), tree.attrs["provenance"], tree.attrs["conduct"])
    return tree


def _rebuilt_from(groups: Mapping[str, xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return the groups that a ledger is rebuilt from."""
    own = ("/instants", "/replicates", "/uncertainty", "/refinement")
    return {name: table for name, table in groups.items() if name in own or name.startswith("/states_")}


def _table(held: Replicates | Refinement | Uncertainty, *more: str) -> xr.Dataset:
    """Return snapshots and works of another run as a data set of arrays (instant, *more, ...)."""
    s, lead = held.snapshots, ("instant", *more)
    columns = {_STATE_COLUMNS[name]: getattr(s, name) for name in _STATE_COLUMNS} | dict(s.extras)
    dims = {name: (*lead, *(f"{name}_{k}" for k in range(np.ndim(values) - len(lead)))) for name, values in columns.items()}
    data: dict[str, Any] = {name: (dims[name], values) for name, values in columns.items()}
    return xr.Dataset(data | {"work": (("interval", *more), held.works)})


def _snapshot_of(data: xr.Dataset) -> Snapshot:
    extras = {name: data[name].values for name in schema.extras() if name in data}
    return Snapshot(**{key: data[name].values for key, name in _STATE_COLUMNS.items()}, extras=extras)


Held = tuple[
    Snapshot,
    FloatArray,
    Reference,
    int,
    dict[str, Any],
    Replicates | None,
    Refinement | None,
    Uncertainty | None,
    tuple[states.Kept, ...],
    Conduct,
]


def load(path: Path) -> Held:
    """Read the fields of a ledger, or raise `FileFormatError` saying what is wrong with the file."""
    if not path.is_file():
        raise FileFormatError(f"There is no result file {path}.")
    tree, is_sealed = netcdf.read(path)
    if tree.attrs.get("format") != FORMAT:
        raise FileFormatError(f"{path} is a netCDF file, but not a ledger written by athermal.")
    version = int(tree.attrs.get("format_version", -1))
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{path} has ledger format version {version}, and this version of athermal reads version {FORMAT_VERSION}. Run it "
            "again from its machine file (the attribute `provenance` of the file holds it)."
        )
    if not is_sealed:
        _check_content(tree, path)
    try:
        data = tree["/instants"].to_dataset()
        snapshots = _snapshot_of(data)
        reference = Reference(
            tuple(map(str, data["subsystem"].values)),
            tuple(map(str, data["reservoir"].values)),
            data["temperature"].values,
            data["log_partition"].values,
            float(tree.attrs["period"]),
            tuple(map(str, data["counter"].values)) if "counter" in data else (),
            data["ground_energy"].values if "ground_energy" in data else None,
            float(tree.attrs.get("energy_rounding", ROUNDING)),
            data["temperature_error"].values if "temperature_error" in data else None,
            tuple(map(str, data["observable"].values)) if "observable" in data else (),
            data["chemical_potential"].values if "chemical_potential" in data else np.zeros(()),
        )
        works = np.asarray(data["work"].values)
        provenance = json.loads(tree.attrs["provenance"])
        replicates = refinement = uncertainty = None
        if "replicates" in tree.children:
            table = tree["/replicates"].to_dataset()
            replicates = Replicates(_snapshot_of(table), table["work"].values, str(table.attrs.get("kind", "jackknife")))
        if "uncertainty" in tree.children:
            table = tree["/uncertainty"].to_dataset()
            readings, each, heats = (table[name].values for name in ("work_reading", "work", "heat"))
            calibration = table["calibration"].values if "calibration" in table else None
            derived = str(table.attrs["from_first_law"])
            uncertainty = Uncertainty(_snapshot_of(table), readings, each, heats, derived, calibration)
        if "refinement" in tree.children:
            table = tree["/refinement"].to_dataset()
            refinement = Refinement(_snapshot_of(table), table["work"].values, table["log_partition"].values)
        kept = states.from_datasets({name: tree[f"/{name}"].to_dataset() for name in tree.children if name.startswith("states_")})
        samples = int(tree.attrs["samples_per_cycle"])
        conduct = Conduct.of_plain(json.loads(tree.attrs["conduct"]))
    except (KeyError, ValueError) as error:
        raise FileFormatError(f"{path} lacks a part of a ledger ({error}). Run again to make it anew.") from error
    return snapshots, works, reference, samples, provenance, replicates, refinement, uncertainty, kept, conduct


def _check_content(tree: xr.DataTree, path: Path) -> None:
    """Raise `FileFormatError` if a file whose seal is lost does not hold the numbers that were written."""
    groups = {f"/{name}": node.to_dataset(inherit=False) for name, node in tree.children.items()}
    if not {"content_sha256", "provenance", "conduct"} <= set(
        tree.attrs
    ):  # of an older version, or what is missing is told elsewhere
        return
    told = tree.attrs["provenance"], tree.attrs["conduct"]
    if netcdf.content_digest(_rebuilt_from(groups), *told) != tree.attrs["content_sha256"]:
        raise FileFormatError(
            f"{path} is damaged: its numbers do not match the checksum of its content. Run again to make it anew, or take a copy."
        )
