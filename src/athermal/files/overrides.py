"""Changes to a machine file from outside: dotted paths and values."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from athermal._validate import suggest
from athermal.errors import FileFormatError
from athermal.files.library import library_functions, library_parameters

SECTIONS = ("title", "run", "machine", "initial", "observables")


def parse_override(text: str) -> tuple[str, Any]:
    """Return the path and the value of "path=value"; the value is TOML, or bare text if it is not.

    Raises
    ------
    FileFormatError
        If there is no "=".

    Examples
    --------
    >>> parse_override("machine.T_hot=2.5")
    ('machine.T_hot', 2.5)
    >>> parse_override("damping=position")
    ('damping', 'position')
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise FileFormatError(f"An override must be written key=value, as in machine.T_hot=2, but is {text!r}.")
    try:
        parsed = tomllib.loads(f"value = {value.strip()}")
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
    return key.strip(), parsed["value"] if set(parsed) == {"value"} else value.strip()


def apply_override(document: dict[str, Any], key: str, value: Any) -> None:
    """Put `value` at the dotted path `key` of a machine file's tables, in place.

    The path starts at the top of the file; entries of a list are named by position, or by their `name`. A parameter of a
    library machine may stand alone. The last word of the path may be new to the file: whether it is a known key is
    checked when the machine is made.

    Raises
    ------
    FileFormatError
        If the path leads nowhere.

    Examples
    --------
    >>> document = {"machine": {"library": "otto", "modes": 20}}
    >>> apply_override(document, "modes", 30)
    >>> document["machine"]["modes"]
    30
    """
    path = key.split(".")
    if path[0] not in SECTIONS:
        path = _full_path(document, path, key)
    here: Any = document
    for k, word in enumerate(path[:-1]):
        if word in ("run", "backend") and path[:k] == ["run"][:k] and isinstance(here, dict):
            here.setdefault(word, {})
        here = _step(here, word, path, k, key)
    last = path[-1]
    if isinstance(here, dict):
        here[last] = value
    elif isinstance(here, list):
        here[_position(here, last, path[:-1])] = value
    else:
        raise FileFormatError(f"`{key}` cannot be set: `{'.'.join(path[:-1])}` is {here!r}, not a table.")


def _full_path(document: dict[str, Any], path: list[str], key: str) -> list[str]:
    """Return the path of a bare parameter of a library machine, or say what was probably meant."""
    machine = document.get("machine")
    name = machine.get("library") if isinstance(machine, dict) else None
    parameters = list(library_parameters(name)) if name in library_functions() else []
    if path[0] in parameters:
        return ["machine", *path]
    known = [*_paths(document), "run.cycles", "run.samples_per_cycle", "run.tolerance"]
    same = [entry for entry in known if entry.split(".")[-1] == path[-1]]
    hint = f" Did you mean {same[0]!r}?" if same else suggest(key, [*parameters, *known])
    where = f"are {', '.join(SECTIONS)}"
    if parameters:
        where += f", and the parameters of {name!r} may stand alone: {', '.join(parameters)}"
    raise FileFormatError(f"There is no key {key!r} to set.{hint} The keys at the top of a machine file {where}.")


def _step(here: Any, word: str, path: list[str], k: int, key: str) -> Any:
    """Return the entry `word` of a table or list on the way along a path."""
    place = f"`{'.'.join(path[:k])}`" if k else "the file"
    if isinstance(here, list):
        return here[_position(here, word, path[:k])]
    if not isinstance(here, dict):
        raise FileFormatError(f"`{key}` cannot be set: {place} is {here!r}, not a table.")
    if word not in here:
        whole = ".".join(path[: k + 1])
        raise FileFormatError(
            f"`{key}` cannot be set: there is no {word!r} in {place}.{suggest(word, here)} To add it, set all of it: "
            f'{whole}={{ kind = "...", {path[k + 1]} = ... }}.'
        )
    return here[word]


def _position(entries: list[Any], word: str, place: list[str]) -> int:
    """Return the position of the list entry that a word names or counts (from 0)."""
    names = [str(entry["name"]) for entry in entries if isinstance(entry, dict) and "name" in entry]
    for k, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get("name") == word:
            return k
    if word.isdecimal() and int(word) < len(entries):
        return int(word)
    choices = f"0 to {len(entries) - 1}" if entries else "nothing"
    known = f"{choices}{' and ' + ', '.join(map(repr, names)) if names else ''}"
    raise FileFormatError(f"There is no entry {word!r} in `{'.'.join(place)}`, which holds {known}.{suggest(word, names)}")


def _paths(document: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted paths of all values in a document."""
    if isinstance(document, dict):
        pairs = [(str(key), value) for key, value in document.items()]
    elif isinstance(document, list) and any(isinstance(entry, dict) for entry in document):
        pairs = [(str(v.get("name", k)) if isinstance(v, dict) else str(k), v) for k, v in enumerate(document)]
    else:
        yield prefix
        return
    for key, value in pairs:
        yield from _paths(value, f"{prefix}.{key}" if prefix else key)
