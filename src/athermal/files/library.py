"""Machines of the library from plain data, checked against the signatures of the library's functions."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from athermal import library
from athermal._validate import suggest
from athermal.errors import FileFormatError, MachineError
from athermal.machine.machine import Machine
from athermal.machine.spec import from_spec


def library_functions() -> dict[str, Callable[..., Machine]]:
    """Return the functions of the library by name.

    Examples
    --------
    >>> "otto" in library_functions()
    True
    """
    return {name: getattr(library, name) for name in library.__all__}


def library_parameters(name: str) -> dict[str, Any]:
    """Return the parameters of a library machine with their default values.

    Examples
    --------
    >>> library_parameters("two_oscillator")["T_hot"]
    1.5
    """
    return {key: entry.default for key, entry in inspect.signature(library_functions()[name]).parameters.items()}


def library_description(name: str) -> str:
    """Return the docstring of a library machine.

    Examples
    --------
    >>> library_description("otto").splitlines()[0]
    'Return one oscillator that meets a cold and a hot bath in turn while its frequency is switched.'
    """
    return inspect.getdoc(library_functions()[name]) or ""


def build_library_machine(table: dict[str, Any]) -> Machine:
    """Return the machine that a [machine] table with the key `library` describes.

    Raises
    ------
    MachineError
        If the library has no such machine, or an argument is unknown, of the wrong type or out of range.

    Examples
    --------
    >>> build_library_machine({"library": "two_oscillator", "modes": 12}).n_modes
    26
    """
    name, functions = table["library"], library_functions()
    if not isinstance(name, str) or name not in functions:
        known = ", ".join(repr(entry) for entry in functions)
        raise MachineError(f"`library` of the machine must be one of {known}, but is {name!r}.{suggest(str(name), functions)}")
    given = {key: value for key, value in table.items() if key != "library"}
    arguments = from_spec(_arguments_model(name), given, f"the library machine {name!r}")
    return functions[name](**{key: getattr(arguments, key) for key in arguments.model_fields_set})


@cache
def _arguments_model(name: str) -> type[BaseModel]:
    """Return a model of the function's arguments: what it may be given, and as what."""
    hints = typing.get_type_hints(library_functions()[name], include_extras=True)
    fields: dict[str, Any] = {key: (hints[key], default) for key, default in library_parameters(name).items()}
    return create_model(f"{name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)


def is_machine_file(source: str) -> bool:
    """Return whether a source is a file, not a library machine; raise `FileFormatError` if it is neither.

    Examples
    --------
    >>> is_machine_file("otto")
    False
    """
    path, names = Path(source), library_functions()
    if not source.strip():
        raise FileFormatError(
            "The name of a machine must not be empty. Give a machine file, or one of the library: athermal list."
        )
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
