"""One finished point of a sweep, and its bytes: a small netCDF file with a checksum.

The format is netCDF 3, which xarray writes through SciPy in a few milliseconds and every netCDF library reads. Its attribute
`checksum` is the SHA-256 of all its bytes, with zeros in the place of the checksum itself.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from typing import Literal

import xarray as xr

from athermal.errors import FileFormatError
from athermal.thermodynamics.ledger import Ledger

FORMAT = "athermal point"
FORMAT_VERSION = 2

# How netCDF 3 begins a global attribute of this name that is a text of 64 characters, and those before they are known.
_CHECKSUM_BEGINS = b"\0\0\0\x08checksum\0\0\0\x02\0\0\0\x40"
_UNKNOWN = "0" * 64

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
    held : Ledger, bytes or None
        The ledger, or the bytes of the file that it is in: what a sweep of many points has room for.
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
    held: Ledger | bytes | None = field(default=None, repr=False)
    error_type: str = ""
    error: str = ""
    warnings: tuple[str, ...] = field(default=())
    seconds: float = 0.0

    @property
    def ledger(self) -> Ledger | None:
        """The ledger, made anew from the bytes each time."""
        return Ledger.from_dataset(_dataset(self.held)) if isinstance(self.held, bytes) else self.held

    def encode(self) -> bytes:
        """Return the record as the bytes of a netCDF file."""
        ledger = self.ledger
        data = xr.Dataset() if ledger is None else ledger.to_dataset()
        data.attrs |= {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "point": self.point,
            "study": self.study,
            "seed": str(self.seed),
            "content_hash": self.content_hash,
            "status": self.status,
            "has_ledger": int(ledger is not None),
            "error_type": self.error_type,
            "error": self.error,
            "warnings": json.dumps(self.warnings),
            "seconds": self.seconds,
        }
        data.attrs = {name: value for name, value in data.attrs.items() if value != ""}  # netCDF 3 holds no empty text
        data.attrs["checksum"] = _UNKNOWN
        content = bytes(data.to_netcdf(engine="scipy"))
        before, after = _around_checksum(content)
        return before + _checksum(before, after) + after


def decode(content: bytes, place: str) -> Record:
    """Return the record that bytes hold.

    Raises
    ------
    FileFormatError
        If they are cut off, damaged or something else; `place` names them in the message.
    """
    before, after = _around_checksum(content)
    if content[len(before) : len(before) + len(_UNKNOWN)] != _checksum(before, after):
        raise FileFormatError(
            f"{place} is cut off, damaged or not a point of a sweep: its content does not match a checksum in it."
        )
    data = _dataset(content)
    facts = data.attrs
    if facts.get("format") != FORMAT:
        raise FileFormatError(f"{place} is not a point of a sweep.")
    if int(facts["format_version"]) != FORMAT_VERSION:
        raise FileFormatError(f"{place} has format version {facts['format_version']}; this version reads {FORMAT_VERSION}.")
    del facts["checksum"]
    return Record(
        point=int(facts["point"]),
        study=facts["study"],
        seed=int(facts["seed"]),
        content_hash=facts.get("content_hash", ""),
        status=facts["status"],
        held=content if int(facts["has_ledger"]) else None,
        error_type=facts.get("error_type", ""),
        error=facts.get("error", ""),
        warnings=tuple(json.loads(facts["warnings"])),
        seconds=float(facts["seconds"]),
    )


def _dataset(content: bytes) -> xr.Dataset:
    return xr.load_dataset(io.BytesIO(content), engine="scipy")


def _around_checksum(content: bytes) -> tuple[bytes, bytes]:
    """Return the bytes before the checksum and after it; all are before it if there is none."""
    place = content.find(_CHECKSUM_BEGINS)
    place = len(content) if place < 0 else place + len(_CHECKSUM_BEGINS)
    return content[:place], content[place + len(_UNKNOWN) :]


def _checksum(before: bytes, after: bytes) -> bytes:
    return hashlib.sha256(before + _UNKNOWN.encode() + after).hexdigest().encode()
