"""From what stands on the command line to a machine file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from athermal._validate import suggest
from athermal.errors import FileFormatError
from athermal.files import MachineFile, library_machine_file, read_document, read_machine_file
from athermal.files.library import library_functions
from athermal.files.overrides import apply_override, parse_override


def resolve(source: str, changes: Sequence[str]) -> MachineFile:
    """Return the machine file, or the library machine, that a command names."""
    if _is_file(source):
        return read_machine_file(source, changes)
    return library_machine_file(source, changes)


def tables_of(source: str, changes: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the tables of the machine file, or of the library machine, that a command names, and a word for them."""
    tables = read_document(Path(source)) if _is_file(source) else {"machine": {"library": source}}
    for change in changes:
        apply_override(tables, *parse_override(change))
    return tables, Path(source).stem


def _is_file(source: str) -> bool:
    """Return whether a source is a file, not a library machine; raise `FileFormatError` if it is neither."""
    path, names = Path(source), library_functions()
    if path.is_dir():
        raise FileFormatError(f"{source} is a folder, not a machine file.{_files_in(path)}")
    if path.exists():
        return True
    if source in names:
        return False
    if path.suffix or len(path.parts) > 1:
        folder = path.parent
        if not folder.is_dir():
            raise FileFormatError(f"There is no machine file {source}: the folder {folder} does not exist.")
        near = suggest(path.name, [entry.name for entry in folder.iterdir()])
        raise FileFormatError(f"There is no machine file {source}.{near}{'' if near else _files_in(folder)}")
    known = [*names, *(entry.name for entry in Path().glob("*.toml"))]
    raise FileFormatError(
        f"{source!r} is neither a file nor a machine of the library.{suggest(source, known)} The library has {', '.join(names)}."
    )


def _files_in(folder: Path) -> str:
    found = sorted(entry.name for entry in folder.glob("*.toml"))
    return f" Machine files there: {', '.join(found)}." if found else ""
