"""Tables of numbers that stand in files of their own, beside a machine file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from athermal.errors import MachineError
from athermal.machine.densities import read_columns


def with_tables(document: Any, folder: Path) -> Any:
    """Return a document in which each spectral density of kind "tabulated" with a `file` holds the numbers of that file.

    Parameters
    ----------
    document : JSON-like
    folder : Path
        Where relative paths begin.

    Raises
    ------
    MachineError
        If a file cannot be read, or does not hold two columns of numbers.

    Examples
    --------
    >>> with_tables({"kind": "tabulated", "frequencies": [0.0, 1.0], "values": [0.0, 0.3]}, Path())["values"]
    [0.0, 0.3]
    """
    if isinstance(document, list):
        return [with_tables(entry, folder) for entry in document]
    if not isinstance(document, dict):
        return document
    if document.get("kind") != "tabulated" or "file" not in document:
        return {key: with_tables(entry, folder) for key, entry in document.items()}
    if hit := [key for key in ("frequencies", "values") if key in document]:
        raise MachineError(f"`{hit[0]}` of a tabulated spectral density must be left out where it has a `file`.")
    if not isinstance(document["file"], str):
        raise MachineError(f"`file` of a tabulated spectral density must be a path in quotes, but is {document['file']!r}.")
    frequencies, values = read_columns(folder / document["file"])
    kept = {key: entry for key, entry in document.items() if key != "file"}
    return kept | {"frequencies": list(frequencies), "values": list(values)}
