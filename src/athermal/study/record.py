"""One finished point of a sweep, and its bytes: a small netCDF file with a checksum.

The format is netCDF 3, which xarray writes through SciPy in under a millisecond and every netCDF library reads.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import xarray as xr

from athermal.errors import FileFormatError
from athermal.thermodynamics.compact import from_dataset, to_dataset
from athermal.thermodynamics.ledger import Ledger

FORMAT = "athermal point"
FORMAT_VERSION = 1

Status = Literal["complete", "incomplete", "failed"]


@dataclass(frozen=True)
class Record:
    """What is known of one point.

    Parameters
    ----------
    point : int
        Its position in the sweep.
    study : str
        Fingerprint of the sweep that it belongs to.
    seed : int
    content_hash : str
        SHA-256 of machine, initial state, backend and settings; empty if they could not be made.
    status : {"complete", "incomplete", "failed"}
        "incomplete": the run was stopped by an error; the cycles before it are there.
    ledger : Ledger or None
    error_type, error : str
        Why it is not complete.
    warnings : tuple of str
    seconds : float
        How long it took.
    """

    point: int
    study: str
    seed: int
    content_hash: str
    status: Status
    ledger: Ledger | None = None
    error_type: str = ""
    error: str = ""
    warnings: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    def encode(self) -> bytes:
        """Return the record as the bytes of a netCDF file."""
        data = xr.Dataset() if self.ledger is None else to_dataset(self.ledger)
        data.attrs |= {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "point": self.point,
            "study": self.study,
            "seed": str(self.seed),
            "content_hash": self.content_hash,
            "status": self.status,
            "has_ledger": int(self.ledger is not None),
            "error_type": self.error_type,
            "error": self.error,
            "warnings": json.dumps(self.warnings),
            "seconds": self.seconds,
        }
        data.attrs = {name: value for name, value in data.attrs.items() if value != ""}  # netCDF 3 holds no empty text
        data.attrs["checksum"] = _checksum(data)
        return bytes(data.to_netcdf(engine="scipy"))


def decode(content: bytes, place: str) -> Record:
    """Return the record that bytes hold.

    Raises
    ------
    FileFormatError
        If they are cut off, damaged or something else; `place` names them in the message.
    """
    try:
        data = xr.load_dataset(io.BytesIO(content), engine="scipy")
    except Exception as error:
        raise FileFormatError(f"{place} cannot be read as netCDF: it is cut off, damaged or something else ({error}).") from error
    facts = data.attrs
    if facts.get("format") != FORMAT:
        raise FileFormatError(f"{place} is not a point of a sweep.")
    version = facts.get("format_version", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise FileFormatError(f"{place} has format version {version}; this version reads {FORMAT_VERSION}.")
    found = facts.pop("checksum", "")
    if found != _checksum(data):
        raise FileFormatError(f"{place} is damaged: its content does not match its checksum.")
    return Record(
        point=int(facts["point"]),
        study=facts["study"],
        seed=int(facts["seed"]),
        content_hash=facts.get("content_hash", ""),
        status=facts["status"],
        ledger=from_dataset(data) if int(facts["has_ledger"]) else None,
        error_type=facts.get("error_type", ""),
        error=facts.get("error", ""),
        warnings=tuple(json.loads(facts["warnings"])),
        seconds=float(facts["seconds"]),
    )


def _checksum(data: xr.Dataset) -> str:
    """Return the SHA-256 of the content, the same before it is written and after it is read."""
    digest = hashlib.sha256()
    for name in sorted(map(str, data.data_vars)):
        values = np.ascontiguousarray(data[name].values, dtype="<f8")
        digest.update(f"{name}{values.shape}".encode())
        digest.update(values.tobytes())
    facts: dict[str, Any] = {name: _native(value) for name, value in data.attrs.items() if name != "checksum"}
    digest.update(json.dumps(facts, sort_keys=True).encode())
    return digest.hexdigest()


def _native(value: Any) -> Any:
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value
