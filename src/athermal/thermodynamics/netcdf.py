"""netCDF files that are written whole or not at all, and that no damage makes hang.

The files are netCDF 4, which is HDF5. Where a block of one is overwritten, HDF5 may read in circles for ever, in C and out of
reach. So each file ends with a line that holds the SHA-256 of all bytes before it, which HDF5 does not look at, and that is
compared before HDF5 is. A file without that line, as other programs write them, is first read by another process, which can be
stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from athermal._lazy import xr
from athermal.errors import FileFormatError

ENDINGS = (".nc", ".nc4", ".h5", ".hdf5")
"""How the name of a netCDF file may end."""

_SEAL = b"\nathermal sha256 %s\n"
_SEALED = re.compile(rb"\nathermal sha256 ([0-9a-f]{64})\n")
_SEAL_LENGTH = len(_SEAL % (b"0" * 64))
_CHUNK = 2**22
# What another process may take for a file, and for each byte of it: a hundred times what it does.
_PATIENCE, _PATIENCE_PER_BYTE = 20.0, 1e-6
_TRY = """
import sys, h5py
def read(name, entry):
    dict(entry.attrs)
    if isinstance(entry, h5py.Dataset):
        entry[()]
with h5py.File(sys.argv[1], "r") as held:
    dict(held.attrs)
    held.visititems(read)
"""


def write(data: xr.DataTree | xr.Dataset, path: Path, what: str) -> Path:
    """Write a netCDF file with its seal; an existing file is replaced only when the new one is complete.

    Raises
    ------
    FileFormatError
        If it cannot be written; `what` names it: "The ledger".
    """
    partial = path.with_name(path.name + ".part")
    try:
        data.to_netcdf(partial, engine="h5netcdf")
        seal = _SEAL % _digest(partial).encode()
        with partial.open("ab") as file:
            file.write(seal)
        partial.replace(path)
    except OSError as error:
        raise FileFormatError(
            f"{what} could not be written to {path}: {error}. Choose a folder that exists and can be written to."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def read(path: Path) -> tuple[xr.DataTree, bool]:
    """Return what a netCDF file holds, and whether its seal tells that it is as it was written.

    Raises
    ------
    FileFormatError
        If the file is cut off, damaged or something else.
    """
    try:
        is_sealed = check(path)
        return xr.load_datatree(path, engine="h5netcdf"), is_sealed
    except FileFormatError:
        raise
    except Exception as error:
        if path.suffix.lower() not in ENDINGS:
            raise FileFormatError(
                f"{path} cannot be read as netCDF. Results that can be read again end in {', '.join(ENDINGS)}; others are for "
                "other programs."
            ) from error
        raise FileFormatError(
            f"{path} cannot be read as netCDF: it is truncated, damaged or something else ({type(error).__name__}: {error}). "
            "Run again to make it anew."
        ) from error


def check(path: Path, remedy: str = "Run again to make it anew") -> bool:
    """Raise `FileFormatError` if HDF5 must not be given a file; return whether the seal of the file tells that it is whole."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SEAL_LENGTH))
        found = _SEALED.fullmatch(file.read())
    if found is not None:
        if _digest(path, _SEAL_LENGTH) != found[1].decode():
            raise FileFormatError(
                f"{path} is damaged: its content does not match the checksum at its end. {remedy}, or take a copy."
            )
        return True
    patience = _PATIENCE + _PATIENCE_PER_BYTE * path.stat().st_size
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    try:
        tried = subprocess.run(  # noqa: S603  this interpreter, and a program that stands above
            [sys.executable, "-c", _TRY, str(path)],
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            env=surroundings,
        )
    except subprocess.TimeoutExpired:
        raise FileFormatError(
            f"{path} is damaged: HDF5 did not come to an end with it within {patience:.0f} s. {remedy}, or take a copy."
        ) from None
    if tried.returncode:
        reason = (tried.stderr.strip().splitlines() or [f"reading it ends with status {tried.returncode}"])[-1]
        raise FileFormatError(
            f"{path} cannot be read as netCDF: it is truncated, damaged or something else ({reason}). {remedy}."
        )
    return False


def _digest(path: Path, without: int = 0) -> str:
    """Return the SHA-256 of a file without its last bytes."""
    found, left = hashlib.sha256(), path.stat().st_size - without
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(min(_CHUNK, left))):
            found.update(piece)
            left -= len(piece)
    return found.hexdigest()


def content_digest(data: dict[str, xr.Dataset], *facts: Any) -> str:
    """Return the SHA-256 of the numbers of data sets, and of what else is given, wherever in a file they stand."""
    found = hashlib.sha256(repr(facts).encode())
    for group, table in sorted(data.items()):
        for name, values in sorted(table.variables.items(), key=lambda pair: str(pair[0])):
            found.update(f"{group}/{name} {values.dims} {values.shape}".encode())
            plain = values.values
            found.update(plain.tobytes() if plain.dtype.kind in "fiubc" else repr(plain.tolist()).encode())
    return found.hexdigest()
