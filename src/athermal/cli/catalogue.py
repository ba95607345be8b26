"""`athermal list`: the machines of the library."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import typer
from rich.text import Text

from athermal._validate import suggest
from athermal.cli.console import stdout_console
from athermal.errors import FileFormatError
from athermal.files.library import library_description, library_functions, library_parameters


def show(name: str | None, *, as_json: bool) -> None:
    """Print the library, or one machine of it in full."""
    names = list(library_functions())
    if name is not None and name not in names:
        raise FileFormatError(f"The library has no machine {name!r}.{suggest(name, names)} It has {', '.join(names)}.")
    chosen = names if name is None else [name]
    if as_json:
        typer.echo(json.dumps({entry: _as_data(entry) for entry in chosen}, indent=2))
        return
    if name is not None:
        typer.echo(f"{name}\n\n{library_description(name)}\n\nDefault values\n--------------\n{_defaults(name)}")
        return
    console = stdout_console()
    for entry in chosen:
        console.print(Text(entry, style="bold"))
        summary = _summary(entry).removeprefix("Return ")
        typer.echo(_wrapped(f"{summary[0].upper()}{summary[1:]}"))
        typer.echo(f"{_wrapped(_defaults(entry))}\n")
    typer.echo("Describe one in full: athermal list NAME. Run one: athermal run NAME --set T_hot=2")


def _as_data(name: str) -> dict[str, Any]:
    return {"description": _summary(name), "parameters": library_parameters(name), "documentation": library_description(name)}


def _summary(name: str) -> str:
    return library_description(name).split("\n\n")[0].replace("\n", " ")


def _defaults(name: str) -> str:
    # Non-breaking spaces keep each `name = value` on one line.
    return ", ".join(f"{key}\u00a0=\u00a0{_value(value)}" for key, value in library_parameters(name).items())


def _value(value: Any) -> str:
    """Return a default as it would stand in a file; None is a key that is left out."""
    if value is None:
        return "(none)"
    return f"{value:.6g}" if isinstance(value, float) else json.dumps(value)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 98, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False).replace("\u00a0", " ")
