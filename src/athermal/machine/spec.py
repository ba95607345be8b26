"""Machines, initial states and backends as plain data, and back."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from athermal._validate import suggest
from athermal.errors import AthermalError, MachineError
from athermal.machine import counter, coupling, densities, drive, initial, parts

Kind = TypeVar("Kind")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Return what reads and writes a kind of object; to make one takes as long as a small run."""
    return TypeAdapter(kind)


def to_spec(value: Any, kind: Any = None) -> Any:
    """Return a machine, initial state or backend as JSON-ready data, or None if it holds a function or a huge matrix.

    Examples
    --------
    >>> from athermal.machine.initial import Charged
    >>> to_spec(Charged(cycles=2))["cycles"]
    2
    """
    known: Any = kind or type(value)
    try:
        text = _adapter(known).dump_json(value, warnings="error")
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
        return _adapter(kind).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise MachineError(explain(error, where, data, kind)) from None


# What pydantic's complaints about a value mean to the person who wrote it.
_RULES = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "dict_attributes_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dataclass_type": "a table",
    "dataclass_exact_type": "a table",
    "callable_type": "a Python function, which a file cannot hold (make such a machine in Python)",
}


def explain(error: ValidationError, where: str, data: Any, kind: Any = None) -> str:
    """Return the first complaint of a validation error as a sentence: the entry, the rule, the value, the remedy."""
    complaints: list[Any] = list(error.errors())
    ours = [entry for entry in complaints if isinstance(entry.get("ctx", {}).get("error"), AthermalError)]
    if ours:
        return str(ours[0]["ctx"]["error"])
    # A number-or-drive union complains once for each branch; the branch that got furthest into the data is the one meant.
    first = max(complaints, key=lambda entry: (len(_walk(data, entry["loc"])[0]), entry["type"] not in _RULES))
    path, owner = _walk(data, first["loc"])
    name = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known_keys(owner, path[:-1], kind)
        keys = f" Known keys: {', '.join(known)}." if known else ""
        return f"Unknown key {name!r} in {_place(data, path[:-1], where)}.{suggest(name, known)}{keys}"
    if first["type"] == "missing":
        return f"`{name}` is missing in {_place(data, path, where)}."
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _explain_kind(first, _place(data, path, where))
    subject = f"`{_dotted(data, path)}` of {where}" if path else where
    if "reservoirs" in path and first["type"] == "float_type" and isinstance(first["input"], dict):
        return (
            f"{subject} must not be driven: the laws hold for reservoirs whose Hamiltonian is constant. Drive the coupling, or "
            "make the driven mode a subsystem."
        )
    alike = [entry for entry in complaints if _walk(data, entry["loc"])[0] == path]
    if first["type"] == "matrix":
        name = "text in quotes or " if any(entry["type"] == "string_type" for entry in alike) else ""
        return f"{subject} must be {name}{first['msg']}."
    return f"{subject} {_rule(first, alike)}, but is {_shown(first['input'])}.{_nearest_literal(first)}"


def _explain_kind(complaint: Any, place: str) -> str:
    context = complaint.get("ctx", {})
    tags = [tag.strip().strip("'") for tag in str(context.get("expected_tags", "")).split(",") if tag.strip()]
    if complaint["type"] == "union_tag_not_found":
        return f'`kind` is missing in {place}: say which kind it is, as in kind = "...".'
    given = str(context.get("tag", ""))
    return f"Unknown kind {given!r} in {place}.{suggest(given, tags)} It must be one of {', '.join(tags)}."


def _rule(complaint: Any, alike: list[Any]) -> str:
    """Return what the value must be, in words; complaints of several union branches are joined."""
    words = dict.fromkeys(_RULES[entry["type"]] for entry in alike if entry["type"] in _RULES)
    literals = [entry["ctx"]["expected"] for entry in alike if entry["type"] == "literal_error"]
    if complaint["type"] == "literal_error" and not words:
        return f"must be one of {literals[0]}"
    if complaint["type"] in _RULES or literals:
        return f"must be {' or '.join([*(word + ' with a `kind`' * (word == 'a table') for word in words), *literals])}"
    context = complaint.get("ctx", {})
    if complaint["type"] in ("too_long", "too_short"):
        wanted = context.get("max_length", context.get("min_length"))
        return f"must hold {wanted} entries"
    message = str(complaint["msg"])
    return message.replace("Input should be", "must be") if message.startswith("Input should be") else f"is wrong ({message})"


def _nearest_literal(complaint: Any) -> str:
    if complaint["type"] != "literal_error":
        return ""
    known = [word.strip("' ") for word in complaint["ctx"]["expected"].replace(" or ", ", ").split(",")]
    return suggest(str(complaint["input"]), known)


def _shown(value: Any) -> str:
    """Return a value as it stands in a file, cut to a readable length."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _walk(data: Any, location: tuple[int | str, ...]) -> tuple[list[int | str], Any]:
    """Return the part of `location` that leads into `data` (pydantic mixes its own labels in) and the table it ends in."""
    path: list[int | str] = []
    owner, here, is_entered = data, data, False
    for step in location:
        if isinstance(here, dict) and here.get("kind") == step and not is_entered:
            is_entered = True  # pydantic names the branch that the kind chose; a key may have the same name
        elif (isinstance(here, dict) and step in here) or (isinstance(here, list) and isinstance(step, int) and step < len(here)):
            owner, here, is_entered = here, here[step], False  # type: ignore[index]
            path.append(step)
    return path, owner


def _place(data: Any, path: list[int | str], where: str) -> str:
    return f"`{_dotted(data, path)}` of {where}" if path else where


def _dotted(data: Any, path: list[int | str]) -> str:
    """Return a path as it is written on the command line: list entries by their name where they have one."""
    words, here = [], data
    for step in path:
        here = here[step]
        named = isinstance(step, int) and isinstance(here, dict) and isinstance(here.get("name"), str)
        words.append(here["name"] if named else str(step))
    return ".".join(words)


# What the entries of a list are that need no `kind`.
_WITHOUT_KIND = {"subsystems": "oscillator", "correlations": "Correlation", "counters": "Counter", "terms": "operator"}


def _known_keys(owner: Any, path: list[int | str], kind: Any) -> list[str]:
    """Return the field names of the class that a table stands for."""
    words = [step for step in path if isinstance(step, str)]
    classes = _classes()
    if isinstance(owner, dict) and owner.get("kind") in classes:
        fits = classes[owner["kind"]]
    elif words and words[-1] in _WITHOUT_KIND:
        fits = classes[_WITHOUT_KIND[words[-1]]]
    elif not path and isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(kind.model_fields)
    else:
        fits = [kind] if not path and dataclasses.is_dataclass(kind) else []
    return sorted({entry.name for fit in fits for entry in dataclasses.fields(fit)})


def _classes() -> dict[str, list[Any]]:
    """Return the dataclasses of this layer by the `kind` they have in files (by name where they have none)."""
    found: dict[str, list[Any]] = {}
    for module in (drive, densities, parts, coupling, initial, counter):
        for entry in vars(module).values():
            if isinstance(entry, type) and dataclasses.is_dataclass(entry):
                defaults = {f.name: f.default for f in dataclasses.fields(entry)}
                found.setdefault(str(defaults.get("kind", entry.__name__)), []).append(entry)
    return found
