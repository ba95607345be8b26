"""A sweep on disk: one folder, one small netCDF file for each finished point.

::

    FOLDER/
        study.json          what the sweep is: subject, points, seed, versions
        points/000017.nc    a finished point; written elsewhere, then moved here in one step
        claims              empty; its bytes are locked by the processes that run the points of that number

A file that is there is whole: it comes by renaming, and a checksum tells if a disk has damaged it since. A process that is killed
leaves nothing but a temporary file, which the next one removes, and its claims go with it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from athermal.errors import FileFormatError, StoreError, VersionWarning
from athermal.study.record import Record, decode

try:
    import fcntl
except ImportError:  # not on Windows: two processes then may run the same point, and write the same file
    fcntl = None  # type: ignore[assignment]

FORMAT = "athermal sweep"
FORMAT_VERSION = 1
_STUDY, _POINTS, _CLAIMS = "study.json", "points", "claims"
_PARTIAL = ".part"
_PROBE = "probe"
_EVERYTHING = 2**40  # the claim on what is no point


def is_store(path: Path) -> bool:
    """Tell whether a path is the folder of a sweep."""
    return (path / _STUDY).is_file()


@dataclass
class Store:
    """The folder of a sweep.

    Parameters
    ----------
    path : Path
    study : dict
        What the sweep is, as plain data, with its `fingerprint`.
    """

    path: Path
    study: dict[str, Any]
    _claims: IO[bytes] | None = field(default=None, repr=False)

    @property
    def fingerprint(self) -> str:
        """The hash of what the sweep is."""
        return str(self.study["fingerprint"])

    @classmethod
    def create(cls, path: Path, study: dict[str, Any]) -> Store:
        """Make the folder of a sweep, or take it up again if it holds the same sweep.

        Raises
        ------
        StoreError
            If the folder holds another sweep, or something else, or cannot be written to.
        """
        store = cls(path, study)
        with store._writing("making it"):
            (path / _POINTS).mkdir(parents=True, exist_ok=True)
            with store._alone():
                store._remove_leftovers()
                if not (path / _STUDY).exists():
                    _write(path / _STUDY, json.dumps(study, indent=1).encode(), is_durable=True)
                _write(path / _POINTS / _PROBE, b"")  # find out before a long run
                (path / _POINTS / _PROBE).unlink(missing_ok=True)
        held = cls.open(path)
        if held.fingerprint != store.fingerprint:
            raise StoreError(
                f"The folder {path} holds another sweep: {_difference(held.study, study)}. Choose another folder, or remove it."
            )
        _compare_versions(held.study, study, path)
        return held

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the folder of a sweep, or raise `StoreError` saying what is wrong with it."""
        if not path.is_dir():
            raise StoreError(f"There is no sweep in {path}: the folder does not exist.")
        if not (path / _STUDY).is_file():
            raise StoreError(f"The folder {path} is not a sweep: it has no {_STUDY}.")
        try:
            study = json.loads((path / _STUDY).read_text(encoding="utf-8"))
            kind, version = study["format"], study["format_version"]
            for key in ("subject", "design", "seed", "fingerprint", "versions"):
                study[key]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"The sweep in {path} is damaged: {_STUDY} cannot be read ({type(error).__name__}: {error}). The finished points "
                f"in {_POINTS} are whole; the command that made the sweep writes a new {_STUDY} once this one is removed."
            ) from error
        if kind != FORMAT or version != FORMAT_VERSION:
            raise StoreError(
                f"The sweep in {path} has format {kind!r}, version {version}, and this athermal reads {FORMAT!r}, version "
                f"{FORMAT_VERSION}. Use the athermal that made it ({study['versions'].get('athermal')})."
            )
        return cls(path, study)

    def finished(self) -> set[int]:
        """Return the points that have a file."""
        found = set()
        with os.scandir(self.path / _POINTS) as entries:
            for entry in entries:
                stem, ending = os.path.splitext(entry.name)
                if ending == ".nc" and stem.isdecimal():
                    found.add(int(stem))
        return found

    def read(self, point: int) -> Record | None:
        """Return a finished point, or None if there is none.

        Raises
        ------
        FileFormatError
            If its file is cut off, damaged or of another sweep.
        """
        path = self._file(point)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileFormatError(f"{path} cannot be read: {error}.") from error
        record = decode(content, str(path))
        if record.study != self.fingerprint or record.point != point:
            whose = "this" if record.study == self.fingerprint else "another"
            raise FileFormatError(f"{path} holds point {record.point} of {whose} sweep.")
        return record

    def write(self, point: int, content: bytes) -> None:
        """Keep the bytes of a finished point; an old file is replaced only by the whole new one."""
        with self._writing(f"writing point {point}"):
            _write(self._file(point), content)

    def _remove_leftovers(self) -> None:
        """Remove the temporary files of processes that are gone: those of points that nobody has claimed."""
        for path in [*self.path.glob(f"*{_PARTIAL}"), *(self.path / _POINTS).glob(f"*{_PARTIAL}")]:
            stem = path.name.split(".")[0]
            if not stem.isdecimal():
                path.unlink(missing_ok=True)
            elif self.claim(int(stem)):
                path.unlink(missing_ok=True)
                self.release(int(stem))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process makes or takes up the same folder, and keep others waiting."""
        try:
            self._lock(_EVERYTHING, may_wait=True)
            yield
        finally:
            self.close()

    def claim(self, point: int) -> bool:
        """Take a point for this process; False if another one has it. The claim ends with the process."""
        return self._lock(point)

    def _lock(self, place: int, *, may_wait: bool = False) -> bool:
        if fcntl is None:
            return True
        if self._claims is None:
            with self._writing("opening its list of claims"):
                self._claims = (self.path / _CLAIMS).open("a+b")
        try:
            fcntl.lockf(self._claims, fcntl.LOCK_EX | (0 if may_wait else fcntl.LOCK_NB), 1, place)
        except OSError as error:
            # A file system without locks lets two processes run one point, which does no harm.
            return error.errno not in (errno.EACCES, errno.EAGAIN)
        return True

    def release(self, point: int) -> None:
        """Give a claimed point back."""
        if fcntl is not None and self._claims is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, point)

    def close(self) -> None:
        """Give all claims back."""
        if self._claims is not None:
            self._claims.close()
            self._claims = None

    def _file(self, point: int) -> Path:
        return self.path / _POINTS / f"{point:06d}.nc"

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The folder {self.path} of a sweep must be one that can be written to, but {what} failed: "
                f"{error.strerror or error}. What is finished is kept; make room there, or choose another folder, and give the "
                "same command again."
            ) from error


def _write(path: Path, content: bytes, *, is_durable: bool = False) -> None:
    """Write a file so that it is never seen half-written; a durable one outlives a loss of power."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _difference(held: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Say in what two sweeps differ."""
    if held["design"] != asked["design"]:
        return f"its points are {_design_in_words(held['design'])}, not {_design_in_words(asked['design'])}"
    if held["seed"] != asked["seed"]:
        return f"its seed is {held['seed']}, not {asked['seed']}"
    old, new = dict(_entries(held["subject"])), dict(_entries(asked["subject"]))
    for key in [*old, *new]:
        if old.get(key) != new.get(key):
            if key == "source":
                return f"the source text of its machine function {held['subject']['name']!r} is another"
            return f"its {key.removeprefix('tables.')} is {_short(old.get(key))}, not {_short(new.get(key))}"
    return "they differ in their format"


def _design_in_words(design: Mapping[str, Any]) -> str:
    if design["kind"] == "grid":
        axes = design["axes"].items()
        return " x ".join(f"{name} ({len(values)} values, {_short(values[0])} to {_short(values[-1])})" for name, values in axes)
    return f"a table of {len(design['rows'])} points of {', '.join(design['names'])}"


def _entries(data: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted paths of plain data with their values."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entries(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(data, list):
        for k, value in enumerate(data):
            yield from _entries(value, f"{prefix}.{k}")
    else:
        yield prefix, data


def _short(value: Any) -> str:
    text = "left out" if value is None else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _compare_versions(held: Mapping[str, Any], asked: Mapping[str, Any], path: Path) -> None:
    other = {name: version for name, version in held["versions"].items() if asked["versions"].get(name, version) != version}
    if other:
        began = ", ".join(f"{name} {version}" for name, version in other.items())
        now = ", ".join(f"{name} {asked['versions'][name]}" for name in other)
        warnings.warn(
            f"The sweep in {path} was begun with {began}; its further points are run with {now}. Each point says which made it.",
            VersionWarning,
            stacklevel=4,
        )
