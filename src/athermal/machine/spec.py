"""Machines, initial states and backends as plain data, and back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from athermal._validate import suggest
from athermal.errors import AthermalError, MachineError
from athermal.machine import coupling, drive, initial, parts, spectral

Kind = TypeVar("Kind")


def to_spec(value: Any, kind: Any = None) -> Any:
    """Return a machine, initial state or backend as JSON-ready data, or None if it holds a Python function.

    Examples
    --------
    >>> from athermal.machine.initial import Charged
    >>> to_spec(Charged(cycles=2))["cycles"]
    2
    """
    try:
        text = TypeAdapter(kind or type(value)).dump_json(value, warnings="error")
    except PydanticSerializationError:
        return None
    return json.loads(text)


def from_spec(kind: Any, data: Any, where: str) -> Any:
    """Return the object that `data` describes, or raise `MachineError` naming the entry that is wrong.

    Parameters
    ----------
    kind : type or annotated union
        What to build.
    data : JSON-like
    where : str
        What the data are, for the message: "the machine".

    Examples
    --------
    >>> from athermal.machine.initial import Charged
    >>> from_spec(Charged, {"cycles": 2}, "the initial state").cycles
    2
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise MachineError(explain(error, where, data, kind)) from None


def explain(error: ValidationError, where: str, data: Any, kind: Any = None) -> str:
    """Return the first complaint of a validation error as a sentence: the entry, the rule, the value, the remedy."""
    complaints = error.errors()
    ours = [entry for entry in complaints if isinstance(entry.get("ctx", {}).get("error"), AthermalError)]
    if ours:
        return str(ours[0]["ctx"]["error"])
    # A number-or-drive union complains once for each branch; the branch that got furthest into the data is the one meant.
    first = max(complaints, key=lambda entry: len(_walk(data, entry["loc"])[0]))
    path, owner = _walk(data, first["loc"])
    context, name = first.get("ctx", {}), str(first["loc"][-1])
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known_keys(owner, path[:-1], kind)
        keys = f" Known keys: {', '.join(known)}." if known else ""
        return f"Unknown key {name!r} in {_place(path[:-1], where)}.{suggest(name, known)}{keys}"
    if first["type"] == "missing":
        return f"`{name}` is missing in {_place(path, where)}."
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        tags = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",") if tag.strip()]
        choices = f" It must be one of {', '.join(tags)}." if tags else ""
        if first["type"] == "union_tag_not_found":
            return f"`kind` is missing in {_place(path, where)}: say which kind it is."
        given = str(context.get("tag", ""))
        return f"Unknown kind {given!r} in {_place(path, where)}.{suggest(given, tags)}{choices}"
    return f"`{'.'.join(map(str, path)) or where}` of {where} cannot be {first['input']!r}: {first['msg']}."


def _walk(data: Any, location: tuple[int | str, ...]) -> tuple[list[int | str], Any]:
    """Return the part of `location` that leads into `data` (pydantic mixes its own labels in) and the table it ends in."""
    path: list[int | str] = []
    owner, here = data, data
    for step in location:
        if (isinstance(here, dict) and step in here) or (isinstance(here, list) and isinstance(step, int) and step < len(here)):
            owner, here = here, here[step]  # type: ignore[index]
            path.append(step)
    return path, owner


def _place(path: list[int | str], where: str) -> str:
    return f"`{'.'.join(map(str, path))}` of {where}" if path else where


def _known_keys(owner: Any, path: list[int | str], kind: Any) -> list[str]:
    """Return the field names of the class that a table stands for."""
    words = [step for step in path if isinstance(step, str)]
    classes = _classes()
    if isinstance(owner, dict) and owner.get("kind") in classes:
        fits = classes[owner["kind"]]
    elif words and words[-1] in ("subsystems", "correlations"):
        fits = classes["oscillator" if words[-1] == "subsystems" else "Correlation"]
    else:
        fits = [kind] if not path and dataclasses.is_dataclass(kind) else []
    return sorted({entry.name for fit in fits for entry in dataclasses.fields(fit)})


def _classes() -> dict[str, list[Any]]:
    """Return the dataclasses of this layer by the `kind` they have in files (by name where they have none)."""
    found: dict[str, list[Any]] = {}
    for module in (drive, spectral, parts, coupling, initial):
        for entry in vars(module).values():
            if isinstance(entry, type) and dataclasses.is_dataclass(entry):
                defaults = {f.name: f.default for f in dataclasses.fields(entry)}
                found.setdefault(str(defaults.get("kind", entry.__name__)), []).append(entry)
    return found
