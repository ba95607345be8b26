"""Backends by the name that files and command lines give them: those of this package, and those of others by entry point.

A package brings a backend with an entry point of the group `athermal.backends`, whose name is its kind:

    [project.entry-points."athermal.backends"]
    coarse = "my_package:Coarse"

where `Coarse` is a dataclass, a subclass of `Backend`, with a field `kind` that is "coarse".
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
from importlib.metadata import EntryPoint
from typing import Any

from athermal._validate import shown, suggest
from athermal.backends.base import Backend
from athermal.errors import MachineError
from athermal.machine.spec import from_spec

GROUP = "athermal.backends"
_OWN = {
    "auto": "choice:Auto",
    "dense": "gaussian:Dense",
    "star": "gaussian:Star",
    "density_matrix": "finite:DensityMatrix",
    "state_vectors": "finite:StateVectors",
    "heom": "open:HEOM",
    "bloch_redfield": "open:BlochRedfield",
    "lindblad": "open:Lindblad",
    "floquet_markov": "open:FloquetMarkov",
}


def kinds() -> dict[str, EntryPoint]:
    """Return what can be named, and where it comes from; none of it is imported.

    Examples
    --------
    >>> kinds()["dense"].value
    'athermal.backends.gaussian:Dense'
    """
    own = {kind: EntryPoint(kind, f"athermal.backends.{home}", GROUP) for kind, home in _OWN.items()}
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)} | own


def backend_class(kind: str, where: str) -> type[Backend]:
    """Return the class of a kind of backend, imported now, or raise `MachineError`.

    Examples
    --------
    >>> backend_class("dense", "an example").__name__
    'Dense'
    """
    known = kinds()
    if kind not in known:
        names = ", ".join(known)
        raise MachineError(f"Unknown kind {kind!r} in {where}.{suggest(kind, known)} It must be one of {names}.")
    source = f"The backend {kind!r}, {known[kind].value} by entry point,"
    try:
        found: Any = known[kind].load()
    except (ImportError, AttributeError) as error:
        raise MachineError(f"{source} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Backend) and dataclasses.is_dataclass(found)):
        raise MachineError(f"{source} must be a dataclass and a subclass of Backend, but is {shown(found)}.")
    if (own := getattr(found, "kind", None)) != kind:
        raise MachineError(f"{source} must have a field `kind` that is {kind!r}, but has {shown(own)}.")
    return found


def read_backend(data: Any, where: str) -> Backend:
    """Return the backend that a table describes, or raise `MachineError` naming what is wrong with it.

    Parameters
    ----------
    data : dict
        Its `kind` and its options.
    where : str
        What the table is, for the message.

    Examples
    --------
    >>> read_backend({"kind": "dense", "tolerance": 1e-10}, "an example").tolerance
    1e-10
    """
    if not isinstance(data, dict):
        raise MachineError(f"{where[0].upper()}{where[1:]} must be a table with the `kind` of a backend, but is {shown(data)}.")
    if not isinstance(data.get("kind"), str):
        raise MachineError(f'`kind` is missing in {where}: say which kind it is, as in kind = "dense".')
    backend: Backend = from_spec(backend_class(data["kind"], where), data, where)
    return backend
