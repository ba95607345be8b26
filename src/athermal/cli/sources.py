"""From what stands on the command line to a machine file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from athermal.files import MachineFile, library_machine_file, read_document, read_machine_file
from athermal.files.library import is_machine_file
from athermal.files.overrides import apply_override, parse_override


def resolve(source: str, changes: Sequence[str]) -> MachineFile:
    """Return the machine file, or the library machine, that a command names."""
    if is_machine_file(source):
        return read_machine_file(source, changes)
    return library_machine_file(source, changes)


def tables_of(source: str, changes: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the tables of the machine file, or of the library machine, that a command names, and a word for them."""
    tables = read_document(Path(source)) if is_machine_file(source) else {"machine": {"library": source}}
    for change in changes:
        apply_override(tables, *parse_override(change))
    return tables, Path(source).stem
