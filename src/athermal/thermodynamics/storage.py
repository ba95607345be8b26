"""Ledgers as netCDF files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from athermal._types import FloatArray
from athermal.errors import FileFormatError
from athermal.thermodynamics.snapshot import EXTRAS, Reference, Snapshot

if TYPE_CHECKING:
    from athermal.thermodynamics.ledger import Ledger

FORMAT = "athermal ledger"
FORMAT_VERSION = 1

_STATE_COLUMNS = (
    "time",
    "subsystem_energy",
    "reservoir_energy",
    "subsystem_entropy",
    "reservoir_entropy",
    "system_entropy",
    "reservoirs_entropy",
    "total_entropy",
)


def save(ledger: Ledger, path: Path) -> Path:
    """Write a ledger to a netCDF file; an existing file is replaced only when the new one is complete."""
    works = ledger.instants.assign(work=("interval", ledger.works, {"long_name": "work between consecutive instants"}))
    tree = xr.DataTree.from_dict({"/instants": works, "/cycles": ledger.cycles, "/cumulative": ledger.cumulative})
    tree.attrs = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "samples_per_cycle": ledger.samples_per_cycle,
        "period": ledger.reference.period,
        "provenance": json.dumps(ledger.provenance),
        "conventions": "hbar = k_B = 1; entropies in nats; W > 0 is work done on the machine, Q_j > 0 is absorbed by reservoir j",
    }
    partial = path.with_name(path.name + ".part")
    try:
        tree.to_netcdf(partial, engine="h5netcdf")
        partial.replace(path)
    except OSError as error:
        raise FileFormatError(
            f"The ledger could not be written to {path}: {error}. Choose a folder that exists and can be written to."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def load(path: Path) -> tuple[Snapshot, FloatArray, Reference, int, dict[str, Any]]:
    """Read the fields of a ledger, or raise `FileFormatError` saying what is wrong with the file."""
    if not path.is_file():
        raise FileFormatError(f"There is no result file {path}.")
    try:
        tree = xr.load_datatree(path, engine="h5netcdf")
    except Exception as error:
        raise FileFormatError(
            f"{path} cannot be read as netCDF: it is truncated, damaged or something else ({type(error).__name__}: {error}). "
            "Run again to make it anew."
        ) from error
    if tree.attrs.get("format") != FORMAT:
        raise FileFormatError(f"{path} is a netCDF file, but not a ledger written by athermal.")
    version = int(tree.attrs.get("format_version", -1))
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{path} has ledger format version {version}, and this version of athermal reads version {FORMAT_VERSION}. Run it "
            "again from its machine file (the attribute `provenance` of the file holds it)."
        )
    try:
        data = tree["/instants"].to_dataset()
        extras = {name: data[name].values for name in EXTRAS if name in data}
        snapshots = Snapshot(*(data[name].values for name in _STATE_COLUMNS), extras)
        reference = Reference(
            tuple(map(str, data["subsystem"].values)),
            tuple(map(str, data["reservoir"].values)),
            data["temperature"].values,
            data["log_partition"].values,
            float(tree.attrs["period"]),
            tuple(map(str, data["counter"].values)) if "counter" in data else (),
        )
        works = np.asarray(data["work"].values)
        provenance = json.loads(tree.attrs["provenance"])
        return snapshots, works, reference, int(tree.attrs["samples_per_cycle"]), provenance
    except (KeyError, ValueError) as error:
        raise FileFormatError(f"{path} lacks a part of a ledger ({error}). Run again to make it anew.") from error
